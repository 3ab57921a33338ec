"""Use case: the proof of completeness: every order of a month beside what was made of it, or why nothing was."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from worker.accounting.reconciliation import (
    ReconciledOrder,
    Reconciliation,
    ReconciliationState,
    Tally,
    as_json,
    as_made,
)
from worker.domain.decide import decide_documents
from worker.domain.decision import RuleResult
from worker.domain.document import Draft, SendMode, of_document
from worker.domain.money import ZERO, to_minor_unit
from worker.errors import ConnectionRejected, OrderGone, Rejected, StaleAnswer
from worker.invoicing.exchange_rates import with_rate
from worker.message import NO_MESSAGE, Message
from worker.orders.fetch import fetch_from_shop
from worker.orders.order_list import SECOND, key, placed_orders
from worker.orders.poll import can_fetch
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store import alerts, order_money, orders, reports, sales
from worker.store import deliveries as delivery_store
from worker.store.deliveries import Delivery, NewDelivery
from worker.store.orders import StoredOrder
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import MAX_PER_PAGE
from worker.woocommerce.list_payload import ListedOrder

SOURCE = "reconcile"
MISSING_ALERT = "reconcile_missing"
AT_HOUR = 4
# In the first days of a month the one before is reconciled too: its last orders are paid by then.
DAYS_OF_LAST_MONTH = 3
# Between two orders that must be fetched.
PAUSE_S = 0.1
MOST_NAMED = 5
# So many orders are given to be processed in one transaction.
AT_ONCE = 500


def reconcile(
    services: Services,
    connected: ConnectedShop,
    month: str,
    *,
    pause_s: float = PAUSE_S,
    on_progress: OnProgress = tell_nobody,
) -> Reconciliation:
    """Compare the shop's orders of *month* with our documents, and add them up: see `compared`."""
    tally = Tally()
    for row in compared(services, connected, month, pause_s=pause_s, on_progress=on_progress):
        tally.add(row)
    return tally.result(connected.shop.shop_id, month)


def compared(
    services: Services,
    connected: ConnectedShop,
    month: str,
    *,
    pause_s: float = PAUSE_S,
    on_progress: OnProgress = tell_nobody,
) -> Iterator[ReconciledOrder]:
    """Each order of *month* beside our documents, one page of the shop's list at a time. Changes nothing. *on_progress* gets (done, of).

    Fetches each order that changed since it was last fetched. Raises Rejected or Unavailable.
    """
    if not connected.secrets.has_rest:
        raise Rejected(
            "Facturelay has no key of {name}, so its orders cannot be fetched. Connect the shop again.",
            name=connected.shop.name,
            code="rest_missing",
        )
    since, end = bounds(month, connected)
    # What is placed from now on is looked at next time: invoiced while the list is read, it would be in no page of it.
    before = min(end, services.now() + SECOND)
    shop_id, client = connected.shop.shop_id, services.client_of(connected)
    done, placed, listed = 0, 0, set[int]()
    for page, total in placed_orders(client, since=since, before=before, listed=listed):
        placed = max(placed, total)
        with services.store.read() as connection:
            seen = orders.of_ids(connection, shop_id, [order.order_id for order in page])
        for order in page:
            yield OrderCheck(
                services, connected, order, seen.get((order.order_id, order.order_key)), pause_s
            ).reconcile()
            done += 1
            on_progress(done, max(done, placed))
    with services.store.read() as connection:
        unlisted = [
            (seen_order.order_id, seen_order.order_key)
            for seen_order in orders.placed_between(connection, shop_id, since=since, before=before)
            if key(seen_order.order_id, seen_order.order_key) not in listed
        ]
    for start in range(0, len(unlisted), MAX_PER_PAGE):
        yield from unlisted_orders(services, connected, unlisted[start : start + MAX_PER_PAGE], pause_s)


def unlisted_orders(
    services: Services, connected: ConnectedShop, keys: Sequence[tuple[int, str]], pause_s: float
) -> Iterator[ReconciledOrder]:
    """Orders that we know (at most 100) and that were in no page of the shop's list: asked for once more, by their ids.

    One whose day the shop moved to another month is looked at there.
    """
    ids = tuple(dict.fromkeys(order_id for order_id, _order_key in keys))
    still_there = {
        (order.order_id, order.order_key): order for order in services.client_of(connected).orders_by_id(ids).orders
    }
    with services.store.read() as connection:
        seen = orders.of_ids(connection, connected.shop.shop_id, ids)
    day_of = connected.shop.day_of
    for last in (seen[one] for one in keys if one in seen):
        listed = still_there.get((last.order_id, last.order_key))
        if listed is None:
            yield from gone_order(services, last, connected)
        elif day_of(listed.created_at).replace(day=1) == day_of(last.ordered_at).replace(day=1):
            yield OrderCheck(services, connected, listed, last, pause_s).reconcile()


def bounds(month: str, connected: ConnectedShop) -> tuple[datetime, datetime]:
    """The first instant of a month in the shop's zone, and the first after it. Raises Rejected for what is no month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Rejected("“{month}” is not a month; write it like 2026-11.", month=month, code="month_wrong") from error
    following = (first + timedelta(days=31)).replace(day=1)
    zone = connected.shop.zoneinfo
    start, end = (datetime(day.year, day.month, 1, tzinfo=zone).astimezone(UTC) for day in (first, following))
    return start, end


@dataclass(frozen=True)
class OrderAssessment:
    """What is known of an order: *missing_documents* should exist and do not."""

    status: str
    currency: str
    total: Decimal
    missing_documents: tuple[str, ...]
    rule_results: tuple[RuleResult, ...]


@dataclass(frozen=True)
class OrderCheck:
    """Assesses one order: from its last fetched state where it is unchanged since, else by fetching it."""

    services: Services
    connected: ConnectedShop
    listed: ListedOrder
    last: StoredOrder | None
    pause_s: float

    def reconcile(self) -> ReconciledOrder:
        listed, shop = self.listed, self.connected.shop
        with self.services.store.read() as connection:
            made = order_history.listing(connection, shop_id=shop.shop_id, order_id=listed.order_id)
            made = tuple(one for one in made if one.draft.order_key == listed.order_key)
            deliveries = delivery_store.of_order(connection, shop.shop_id, listed.order_id)
        try:
            known = (
                self.assess_stored(self.last, made)
                if self.last and is_fresh(listed, self.last)
                else self.assess_fetched()
            )
            state, message = assess(known, made, deliveries)
        except ConnectionRejected:
            raise
        except (Rejected, StaleAnswer) as error:
            known = OrderAssessment(listed.status, "EUR", ZERO, (), ())
            is_gone = isinstance(error, OrderGone)
            state, message = ReconciliationState.GONE if is_gone else ReconciliationState.MISSING, error.message
        placed_on = shop.day_of(listed.created_at)
        return ReconciledOrder(
            listed.order_id, listed.number, known.status, placed_on, known.currency, known.total, state, message,
            tuple(map(as_made, made)),
        )  # fmt: skip

    def assess_stored(self, last: StoredOrder, made: Sequence[DocumentDetails]) -> OrderAssessment:
        """After a look all that fired exists; that nothing does although something fired must not be."""
        fired = tuple(finding.rule for finding in last.rule_results if finding.fired)
        return OrderAssessment(
            last.status,
            last.currency,
            to_minor_unit(last.total, last.currency),
            () if made else fired,
            last.rule_results,
        )

    def assess_fetched(self) -> OrderAssessment:
        time.sleep(self.pause_s)
        shop = self.connected.shop
        fetched = fetch_from_shop(
            self.services, self.connected, self.listed.order_id, listed_change=self.listed.modified_at
        )
        with self.services.store.read() as connection:
            history = sales.history(connection, shop, fetched.order)
            order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
        today = self.services.today(shop)
        shop = with_rate(self.services, shop, fetched.order.currency)
        decision = decide_documents(order, fetched.refunds or (), history, shop, today)
        waiting = {kept.draft.cause for kept in history.drafts}
        missing = tuple(draft.cause for draft in decision.drafts if draft.cause not in waiting)
        return OrderAssessment(
            fetched.order.status,
            fetched.order.currency,
            to_minor_unit(fetched.order.total, fetched.order.currency),
            missing,
            decision.rule_results,
        )


def is_fresh(listed: ListedOrder, last: StoredOrder) -> bool:
    return last.fetched_at > listed.modified_at and last.status == listed.status


def assess(
    known: OrderAssessment, made: Sequence[DocumentDetails], deliveries: Sequence[Delivery]
) -> tuple[ReconciliationState, Message]:
    """In this order: what is lacking, what failed, what waits, what is well."""
    if known.missing_documents:
        return assess_missing(known, deliveries)
    steps = [(one, step) for one in made for step in one.steps]
    failed = next(
        (of_document(name_of(one), step.message) for one, step in steps if step.state == "failed"), NO_MESSAGE
    )
    if failed:
        return ReconciliationState.FAILED, failed
    working = next((one for one, step in steps if step.state in ("waiting", "running")), None)
    if working:
        return ReconciliationState.WAITS, Message("{document} is being mailed or noted.", document=name_of(working))
    waiting = sorted((one.draft for one in made if one.stored_draft), key=is_kept_by_rule)
    if waiting and not is_kept_by_rule(waiting[0]):
        problems = waiting[0].problems
        return ReconciliationState.WAITS, problems[0].message if problems else Message("A draft waits for you.")
    if waiting:
        return ReconciliationState.KEPT, NO_MESSAGE
    if made:
        return ReconciliationState.COMPLETE, NO_MESSAGE
    reason = next((finding.message for finding in known.rule_results if not finding.fired), Message("Nothing is due."))
    return ReconciliationState.NOTHING_DUE, reason


def is_kept_by_rule(draft: Draft) -> bool:
    return draft.send_mode is SendMode.DRAFT and not draft.problems


def assess_missing(known: OrderAssessment, deliveries: Sequence[Delivery]) -> tuple[ReconciliationState, Message]:
    what = ", ".join(known.missing_documents)
    last = deliveries[-1] if deliveries else None
    if last is None:
        return ReconciliationState.MISSING, Message("The shop never reported it; due: {what}.", what=what)
    if last.state in ("waiting", "running"):
        return ReconciliationState.WAITS, Message("It waits to be processed. {message}", message=last.message)
    if last.state == "failed":
        return ReconciliationState.MISSING, Message("Due: {what}. {message}", what=what, message=last.message)
    return ReconciliationState.MISSING, Message("Due: {what}.", what=what)


def name_of(made: DocumentDetails) -> str:
    return made.document.number if made.document else "The draft"


def gone_order(services: Services, seen: StoredOrder, connected: ConnectedShop) -> Iterator[ReconciledOrder]:
    """An order with documents that is in the bin, or erased; one without documents concerns nobody."""
    with services.store.read() as connection:
        made = order_history.listing(connection, shop_id=seen.shop_id, order_id=seen.order_id)
    made = tuple(one for one in made if one.draft.order_key == seen.order_key and one.document)
    if not made:
        return
    placed_on = connected.shop.day_of(seen.ordered_at)
    message = Message("The shop no longer lists this order; its documents stand.")
    total = to_minor_unit(seen.total, seen.currency)
    yield ReconciledOrder(
        seen.order_id,
        seen.order_number,
        seen.status,
        placed_on,
        seen.currency,
        total,
        ReconciliationState.GONE,
        message,
        tuple(map(as_made, made)),
    )


# Every night


def reconcile_nightly(services: Services, connected: ConnectedShop) -> None:
    """Reconcile this month once a night: store the result, process what is missing, open or close the alert."""
    if not can_fetch(connected):
        return
    today = services.today(connected.shop)
    last_month = today.replace(day=1) - timedelta(days=1)
    days = (last_month, today) if today.day <= DAYS_OF_LAST_MONTH else (today,)
    for month in (f"{day:%Y-%m}" for day in days):
        if is_due(services, connected, month):
            save_result(services, connected, reconcile(services, connected, month))


def is_due(services: Services, connected: ConnectedShop, month: str) -> bool:
    with services.store.read() as connection:
        return reports.is_due(
            connection,
            connected.shop.shop_id,
            f"reconcile:{month}",
            due_at=reports.last_passed(AT_HOUR, connected.shop, services.now()),
            connected_at=connected.created_at,
        )


def save_result(services: Services, connected: ConnectedShop, found: Reconciliation) -> None:
    """Have what is missing processed, open or close the alert, and store the result last: broken off before, all is done anew."""
    shop, now = connected.shop, services.now()
    for start in range(0, len(found.unmade), AT_ONCE):
        with services.store.write() as connection:
            for order_id in found.unmade[start : start + AT_ONCE]:
                delivery_store.add(connection, NewDelivery(shop_id=shop.shop_id, source=SOURCE, topic="order.updated", order_id=order_id, body=b""), now=now)  # fmt: skip
    with services.store.write() as connection:
        if found.missing:  # a mail that failed is told of as such
            alerts.raise_alert(
                connection, shop.shop_id, code=MISSING_ALERT, message=alert_message(connected, found), now=now
            )
        else:
            alerts.close(connection, shop.shop_id, code=MISSING_ALERT, now=now)
        reports.replace_all(connection, shop.shop_id, f"reconcile:{found.month}", as_json(found), now=now)


def alert_message(connected: ConnectedShop, found: Reconciliation) -> Message:
    missing = [row.number for row in found.of(ReconciliationState.MISSING)[:MOST_NAMED]]
    return Message(
        "{shop}: not every order of {month} has its documents; something is lacking for {count} of {orders} ({named}). What it is "
        "stands under Accounting, Register.",
        shop=connected.shop.name,
        count=found.missing,
        orders=found.orders,
        month=found.month,
        named=", ".join(missing) + (" …" if found.missing > len(missing) else ""),
    )
