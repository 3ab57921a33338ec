"""Use case: documents for orders that are older than the shop is with us: first what there would be, then make it."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from worker.domain.decide import documents_due
from worker.domain.document import Draft
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import BACKFILL, LONG_AGO
from worker.orders.fetch import asked
from worker.services import Services
from worker.store import deliveries, documents, reports
from worker.store.shops import Connected
from worker.woocommerce.client import MAX_PER_PAGE, ShopClient
from worker.woocommerce.payload import Listed

# Between two orders that the shop is asked for, now and when they are made: today's orders come first.
PAUSE_S = 0.2
SECOND = timedelta(seconds=1)
# A preview that was broken off goes on for so long; after that the orders may have changed.
GOES_ON_FOR = timedelta(days=1)
KEPT_EVERY = 20


@dataclass(frozen=True)
class Wanted:
    """Which orders: placed from *since* until before *until*, or these by id."""

    since: datetime | None = None
    until: datetime | None = None
    order_ids: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The name of its report: the same orders, the same name."""
        words = f"{self.since} {self.until} {sorted(self.order_ids)}"
        return f"backfill:{hashlib.sha256(words.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Foreseen:
    """What one order would become. *due* reads like "invoice 22.20 EUR"; *mails_to* is who would get it."""

    order_id: int
    number: str
    placed_on: str
    status: str
    due: tuple[str, ...]
    drafts: int
    credit_notes: int
    mails_to: str
    sentence: str


@dataclass(frozen=True)
class Preview:
    """*report_id* is where it is kept."""

    report_id: int
    orders: tuple[Foreseen, ...]

    @property
    def to_make(self) -> tuple[Foreseen, ...]:
        return tuple(order for order in self.orders if order.due)


def preview(
    services: Services,
    connected: Connected,
    wanted: Wanted,
    *,
    pause_s: float = PAUSE_S,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Preview:
    """Ask the shop for each order and decide what it would become. Makes nothing; broken off, it goes on where it was."""
    if not connected.secrets.has_rest:
        raise Rejected(
            f"{connected.shop.name} gave no REST key, so old orders cannot be asked for.", code="rest_missing"
        )
    report_id, known = begun(services, connected, wanted)
    listed = tuple(orders_of(services.client_of(connected), wanted))
    found: list[Foreseen] = []
    for number, order in enumerate(listed, 1):
        if order.order_id not in known:
            time.sleep(pause_s)
            known[order.order_id] = foresee(services, connected, order)
        found.append(known[order.order_id])
        if number % KEPT_EVERY == 0 or number == len(listed):
            keep(services, report_id, found, state="preview")
        told(number, len(listed))
    return Preview(report_id, tuple(found))


def begun(services: Services, connected: Connected, wanted: Wanted) -> tuple[int, dict[int, Foreseen]]:
    """The report of a preview that was broken off, with what it knows; or a new one."""
    now = services.now()
    with services.store.write() as connection:
        last = reports.latest(connection, connected.shop.shop_id, wanted.name)
        if last and last.content["state"] == "preview" and now - last.made_at < GOES_ON_FOR:
            return last.report_id, {order["order_id"]: foreseen(order) for order in last.content["orders"]}
        content = {"state": "preview", "orders": []}
        return reports.keep_latest(connection, connected.shop.shop_id, wanted.name, content, now=now), {}


def foreseen(content: dict[str, Any]) -> Foreseen:
    return Foreseen(**{**content, "due": tuple(content["due"])})


def keep(services: Services, report_id: int, orders: Sequence[Foreseen], *, state: str) -> None:
    with services.store.write() as connection:
        content = {"state": state, "orders": [asdict(order) for order in orders]}
        reports.change(connection, report_id, content, now=services.now())


def orders_of(client: ShopClient, wanted: Wanted) -> Iterator[Listed]:
    for start in range(0, len(wanted.order_ids), MAX_PER_PAGE):
        yield from client.orders_by_id(wanted.order_ids[start : start + MAX_PER_PAGE]).orders
    if wanted.order_ids or wanted.since is None or wanted.until is None:
        return
    page = 1
    while True:
        listing = client.orders_placed(after=wanted.since - SECOND, before=wanted.until, page=page)
        yield from listing.orders
        if page >= listing.pages:
            return
        page += 1


def foresee(services: Services, connected: Connected, listed: Listed) -> Foreseen:
    """Decide as the look will, with nothing made."""
    shop = replace(connected.shop, orders_since=LONG_AGO)
    due: tuple[Draft, ...] = ()
    credit_notes, mails_to = 0, ""
    try:
        look = asked(services, connected, listed.order_id)
        with services.store.read() as connection:
            history = documents.history(connection, shop.shop_id, listed.order_id, listed.order_key)
        today = services.now().astimezone(shop.zoneinfo).date()
        shop = with_rate(services, shop, look.order.currency)
        verdict = documents_due(look.order, look.refunds or (), history, shop, today)
        waiting = {kept.draft.cause for kept in history.drafts}
        due = tuple(draft for draft in verdict.due if draft.cause not in waiting)
        credit_notes = sum(1 for finding in verdict.findings if finding.code == "after_invoice")
        mails_to = look.order.billing.email
        sentence = next((finding.sentence for finding in verdict.findings if not finding.fired), "")
    except Rejected as error:
        if error.code == "rest_key_refused":
            raise
        sentence = error.sentence
    drafts = sum(1 for draft in due if draft.problems or draft.send_mode == "draft")
    return Foreseen(
        order_id=listed.order_id,
        number=listed.number,
        placed_on=listed.created_at.astimezone(shop.zoneinfo).date().isoformat(),
        status=listed.status,
        due=tuple(f"{draft.kind.replace('_', ' ')} {draft.total} {draft.currency}" for draft in due),
        drafts=drafts,
        credit_notes=credit_notes,
        mails_to=mails_to if len(due) > drafts else "",
        sentence="" if due else sentence,
    )


def start(services: Services, connected: Connected, found: Preview, *, pause_s: float = PAUSE_S) -> tuple[int, ...]:
    """Keep a delivery for each order that becomes something, one after the other in time; returns their ids.

    From here on the rows remember: whatever is broken off, each order is looked at once, and what exists is not made again.
    """
    now, kept = services.now(), []
    with services.store.write() as connection:
        for number, order in enumerate(found.to_make):
            delivery_id = deliveries.keep(
                connection,
                shop_id=connected.shop.shop_id,
                source=BACKFILL,
                topic="order.updated",
                order_id=order.order_id,
                body=b"",
                now=now,
            )
            deliveries.put_off(connection, delivery_id, until=now + timedelta(seconds=number * pause_s))
            kept.append(delivery_id)
        content = {"state": "started", "orders": [asdict(order) for order in found.orders]}
        reports.change(connection, found.report_id, content, now=now)
    return tuple(kept)


def still_open(services: Services, delivery_ids: Sequence[int]) -> int:
    """How many of these looks are still to be done."""
    with services.store.read() as connection:
        states: dict[int, str] = {}
        for at in range(0, len(delivery_ids), 500):
            states |= deliveries.states_of(connection, delivery_ids[at : at + 500])
    return sum(1 for state in states.values() if state in ("waiting", "running"))
