"""Documents for orders from before the shop was connected: first what there would be, then make it."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from worker.domain.decide import decide_documents
from worker.domain.document import Draft, planned_document
from worker.domain.vat_proof import as_if_confirmed
from worker.errors import KeyRefused, Rejected, StaleAnswer
from worker.invoicing.current_shop import LONG_AGO
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.vat_checks import can_ask
from worker.message import NO_MESSAGE, Message
from worker.orders.fetch import fetch_from_shop
from worker.orders.order_list import placed_orders
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store import deliveries, order_money, reports, sales
from worker.store.database import json_codec
from worker.store.deliveries import NewDelivery
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import MAX_PER_PAGE, ShopClient
from worker.woocommerce.list_payload import ListedOrder

# Between two orders that are fetched, now and when they are made: today's orders come first.
PAUSE_S = 0.2
# A preview that was broken off can be continued for so long; after that the orders may have changed.
RESUMABLE_FOR = timedelta(days=1)
SAVED_EVERY = 20


@dataclass(frozen=True)
class OrderSelection:
    """Which orders: placed from *since* until before *until*, or these by id."""

    since: datetime | None = None
    until: datetime | None = None
    order_ids: tuple[int, ...] = ()

    @property
    def report_name(self) -> str:
        """The name of its report: the same orders, the same name."""
        text = f"{self.since} {self.until} {sorted(self.order_ids)}"
        return f"backfill:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class PreviewedOrder:
    """What one order would become. *documents* read like "invoice 22.20 EUR"; *mails_to* is who would get it."""

    order_id: int
    number: str
    placed_on: str
    status: str
    documents: tuple[Message, ...]
    drafts: int
    credit_notes: int
    mails_to: str
    message: Message


@dataclass(frozen=True)
class Preview:
    """*report_id* is where it is stored."""

    report_id: int
    orders: tuple[PreviewedOrder, ...]

    @property
    def to_make(self) -> tuple[PreviewedOrder, ...]:
        return tuple(order for order in self.orders if order.documents)


def preview(
    services: Services,
    connected: ConnectedShop,
    selection: OrderSelection,
    *,
    pause_s: float = PAUSE_S,
    on_progress: OnProgress = tell_nobody,
) -> Preview:
    """Fetch each order and decide what it would become. Makes nothing; broken off, it continues where it was."""
    if not connected.secrets.has_rest:
        raise Rejected(
            "Facturelay has no key of {name}, so old orders cannot be fetched. Connect the shop again.",
            name=connected.shop.name,
            code="rest_missing",
        )
    report_id, known = find_or_start_report(services, connected, selection)
    listed = tuple(listed_orders(services.client_of(connected), selection))
    found: list[PreviewedOrder] = []
    for number, order in enumerate(listed, 1):
        if order.order_id not in known:
            time.sleep(pause_s)
            known[order.order_id] = preview_order(services, connected, order)
        found.append(known[order.order_id])
        if number % SAVED_EVERY == 0 or number == len(listed):
            save_preview(services, report_id, found, state="preview")
        on_progress(number, len(listed))
    return Preview(report_id, tuple(found))


def find_or_start_report(
    services: Services, connected: ConnectedShop, selection: OrderSelection
) -> tuple[int, dict[int, PreviewedOrder]]:
    """The report of a preview that was broken off, with what it knows; or a new one."""
    now = services.now()
    with services.store.write() as connection:
        last = reports.latest(connection, connected.shop.shop_id, selection.report_name)
        if last and last.content["state"] == "preview" and now - last.created_at < RESUMABLE_FOR:
            return last.report_id, {order["order_id"]: previewed_order(order) for order in last.content["orders"]}
        content = {"state": "preview", "orders": []}
        return reports.replace_all(connection, connected.shop.shop_id, selection.report_name, content, now=now), {}


def previewed_order(content: dict[str, Any]) -> PreviewedOrder:
    order: PreviewedOrder = json_codec.typed(PreviewedOrder, content)
    return order


def save_preview(services: Services, report_id: int, orders: Sequence[PreviewedOrder], *, state: str) -> None:
    with services.store.write() as connection:
        content = {"state": state, "orders": [asdict(order) for order in orders]}
        reports.change(connection, report_id, content, now=services.now())


def listed_orders(client: ShopClient, selection: OrderSelection) -> Iterator[ListedOrder]:
    for start in range(0, len(selection.order_ids), MAX_PER_PAGE):
        yield from client.orders_by_id(selection.order_ids[start : start + MAX_PER_PAGE]).orders
    if selection.order_ids or selection.since is None or selection.until is None:
        return
    for page, _total in placed_orders(client, since=selection.since, before=selection.until, listed=set()):
        yield from page


def preview_order(services: Services, connected: ConnectedShop, listed: ListedOrder) -> PreviewedOrder:
    """Decide as the look will, with nothing made."""
    shop = connected.shop.with_orders_since(LONG_AGO)
    due: tuple[Draft, ...] = ()
    credit_notes, mails_to = 0, ""
    try:
        fetched = fetch_from_shop(services, connected, listed.order_id, listed_change=listed.modified_at)
        with services.store.read() as connection:
            history = sales.history(connection, shop, fetched.order)
            order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
        today = services.today(shop)
        shop = with_rate(services, shop, fetched.order.currency)
        # A preview of a year asks nothing of VIES; what it says to each number shows when the documents are made.
        order = as_if_confirmed(order, shop) if can_ask(services, shop) else order
        decision = decide_documents(order, fetched.refunds or (), history, shop, today)
        waiting = {kept.draft.cause for kept in history.drafts}
        due = tuple(draft for draft in decision.drafts if draft.cause not in waiting)
        credit_notes = sum(1 for finding in decision.rule_results if finding.code == "after_invoice")
        mails_to = fetched.order.billing.email
        message = next((finding.message for finding in decision.rule_results if not finding.fired), NO_MESSAGE)
    except KeyRefused:
        raise
    except (Rejected, StaleAnswer) as error:
        message = error.message
    drafts = sum(1 for draft in due if draft.problems or draft.send_mode == "draft")
    return PreviewedOrder(
        order_id=listed.order_id,
        number=listed.number,
        placed_on=shop.day_of(listed.created_at).isoformat(),
        status=listed.status,
        documents=tuple(planned_document(draft) for draft in due),
        drafts=drafts,
        credit_notes=credit_notes,
        mails_to=mails_to if len(due) > drafts else "",
        message=NO_MESSAGE if due else message,
    )


def start(
    services: Services, connected: ConnectedShop, preview: Preview, *, pause_s: float = PAUSE_S
) -> tuple[int, ...]:
    """Add a delivery for each order that becomes something, one after the other in time; returns their ids.

    From here on the rows remember: whatever is broken off, each order is processed once, and what exists is not made again.
    """
    now, delivery_ids = services.now(), []
    with services.store.write() as connection:
        for number, order in enumerate(preview.to_make):
            delivery_id = deliveries.add(
                connection,
                NewDelivery(
                    shop_id=connected.shop.shop_id,
                    source=deliveries.BACKFILL,
                    topic="order.updated",
                    order_id=order.order_id,
                    body=b"",
                ),
                now=now,
            )
            deliveries.postpone(connection, delivery_id, until=now + timedelta(seconds=number * pause_s))
            delivery_ids.append(delivery_id)
        content = {"state": "started", "orders": [asdict(order) for order in preview.orders]}
        reports.change(connection, preview.report_id, content, now=now)
    return tuple(delivery_ids)


def count_open(services: Services, delivery_ids: Sequence[int]) -> int:
    """How many of these deliveries are still to be processed."""
    with services.store.read() as connection:
        states: dict[int, str] = {}
        for at in range(0, len(delivery_ids), 500):
            states |= deliveries.states_of(connection, delivery_ids[at : at + 500])
    return sum(1 for state in states.values() if state in ("waiting", "running"))
