"""Use case: the proof of completeness: every order of a month beside what was made of it, or why nothing was."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from worker.domain.decide import Finding, documents_due
from worker.domain.document import Kind
from worker.domain.money import ZERO, to_minor_unit
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.orders import history as overview
from worker.orders.fetch import asked
from worker.orders.history import Listed as Made
from worker.orders.poll import can_be_asked
from worker.services import Services
from worker.store import alerts, documents, orders, reports
from worker.store import deliveries as inbox
from worker.store.deliveries import Delivery
from worker.store.orders import SeenOrder
from worker.store.shops import Connected
from worker.store.steps import StepName
from worker.woocommerce.client import ShopClient
from worker.woocommerce.payload import Listed

SOURCE = "reconcile"
ALARM = "reconcile_missing"
AT_HOUR = 4
# In the first days of a month the one before is looked at too: its last orders are paid by then.
DAYS_OF_LAST_MONTH = 3
# Between two orders that the shop must be asked for.
PAUSE_S = 0.1
SECOND = timedelta(seconds=1)
MOST_NAMED = 5
# These refusals are not of one order.
ABOUT_THE_SHOP = ("rest_key_refused", "shop_redirects", "rest_not_found", "bad_address", "private_address")


class State(StrEnum):
    COMPLETE = "complete"  # all that is due was made, mailed and noted
    NOTHING_DUE = "nothing_due"
    WAITS = "waits"  # for a person, or for work that is not done yet
    MISSING = "missing"
    GONE = "gone"  # documents of an order that the shop no longer lists


@dataclass(frozen=True)
class Row:
    """One order. *total* is the shop's; *invoiced* is ours, less what a cancellation took back; *sentence* says why."""

    order_id: int
    number: str
    status: str
    placed_on: date
    currency: str
    total: Decimal
    state: State
    sentence: str
    documents: tuple[Made, ...] = ()

    @property
    def has_invoice(self) -> bool:
        return any(made.draft.kind is Kind.INVOICE for made in self.issued)

    @property
    def issued(self) -> tuple[Made, ...]:
        return tuple(made for made in self.documents if made.document)

    @property
    def invoiced(self) -> Decimal:
        invoices = (made.draft.total for made in self.issued if made.draft.kind is Kind.INVOICE)
        return sum(invoices, ZERO) - sum((made.draft.total for made in self.issued if is_cancellation(made)), ZERO)

    @property
    def credited(self) -> Decimal:
        """What refunds took back."""
        notes = (made for made in self.issued if made.draft.kind is Kind.CREDIT_NOTE and not is_cancellation(made))
        return sum((made.draft.total for made in notes), ZERO)


def is_cancellation(made: Made) -> bool:
    return made.draft.cause.startswith("cancel:")


@dataclass(frozen=True)
class Total:
    """In one currency: what the shop sold in orders that have an invoice, and what our documents say of them."""

    currency: str
    ordered: Decimal
    invoiced: Decimal
    credited: Decimal


@dataclass(frozen=True)
class Reconciliation:
    """One month of one shop (`2026-11`, in the shop's zone)."""

    shop_id: str
    month: str
    rows: tuple[Row, ...]

    def of(self, state: State) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state is state)

    @property
    def is_complete(self) -> bool:
        return not self.of(State.MISSING)

    @property
    def totals(self) -> tuple[Total, ...]:
        found = []
        for currency in sorted({row.currency for row in self.rows if row.has_invoice}):
            mine = [row for row in self.rows if row.has_invoice and row.currency == currency]
            ordered = sum((row.total for row in mine), ZERO)
            invoiced, credited = sum((row.invoiced for row in mine), ZERO), sum((row.credited for row in mine), ZERO)
            found.append(Total(currency, ordered, invoiced, credited))
        return tuple(found)


def reconcile(
    services: Services,
    connected: Connected,
    month: str,
    *,
    pause_s: float = PAUSE_S,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Reconciliation:
    """Compare the shop's orders of *month* with our documents. Changes nothing. *told* hears of the progress.

    The shop is asked for its list, and for each order that changed since our last look. Raises Rejected or Unavailable.
    """
    if not connected.secrets.has_rest:
        raise Rejected(
            f"{connected.shop.name} gave no REST key, so its orders cannot be asked for.", code="rest_missing"
        )
    since, before = bounds(month, connected)
    client, shop_id = services.client_of(connected), connected.shop.shop_id
    with services.store.read() as connection:
        seen = {
            (order.order_id, order.order_key): order
            for order in orders.placed(connection, shop_id, since=since, before=before)
        }
    listed = tuple(placed(client, since=since, before=before))
    rows = []
    for number, order in enumerate(listed, 1):
        last = seen.pop((order.order_id, order.order_key), None)
        rows.append(Judge(services, connected, order, last, pause_s).row())
        told(number, len(listed))
    rows += [row for left in seen.values() if (row := gone(services, left, connected)) is not None]
    return Reconciliation(shop_id, month, tuple(rows))


def bounds(month: str, connected: Connected) -> tuple[datetime, datetime]:
    """The first instant of a month in the shop's zone, and the first after it. Raises Rejected for what is no month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Rejected(f"“{month}” is not a month; write it like 2026-11.", code="month_wrong") from error
    following = (first + timedelta(days=31)).replace(day=1)
    zone = connected.shop.zoneinfo
    start, end = (datetime(day.year, day.month, 1, tzinfo=zone).astimezone(UTC) for day in (first, following))
    return start, end


def placed(client: ShopClient, *, since: datetime, before: datetime) -> Iterator[Listed]:
    page = 1
    while True:
        listing = client.orders_placed(after=since - SECOND, before=before, page=page)
        yield from listing.orders
        if page >= listing.pages:
            return
        page += 1


@dataclass(frozen=True)
class Verdict:
    """What is known of an order: *lacking* are documents that should exist and do not."""

    status: str
    currency: str
    total: Decimal
    lacking: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Judge:
    """Judges one order: from our last look where the order is unchanged since, else by asking the shop."""

    services: Services
    connected: Connected
    listed: Listed
    last: SeenOrder | None
    pause_s: float

    def row(self) -> Row:
        listed, shop = self.listed, self.connected.shop
        made = overview.listed(self.services, shop_id=shop.shop_id, order_id=listed.order_id)
        made = tuple(one for one in made if one.draft.order_key == listed.order_key)
        with self.services.store.read() as connection:
            deliveries = inbox.of_order(connection, shop.shop_id, listed.order_id)
        try:
            known = self.as_seen(self.last, made) if self.last and is_fresh(listed, self.last) else self.as_asked()
            state, sentence = judge(known, made, deliveries)
        except Rejected as error:
            if error.code in ABOUT_THE_SHOP:
                raise
            known = Verdict(listed.status, "EUR", ZERO, (), ())
            state, sentence = State.GONE if error.code == "order_gone" else State.MISSING, error.sentence
        placed_on = listed.created_at.astimezone(shop.zoneinfo).date()
        return Row(
            listed.order_id, listed.number, known.status, placed_on, known.currency, known.total, state, sentence, made
        )

    def as_seen(self, last: SeenOrder, made: Sequence[Made]) -> Verdict:
        """After a look all that fired exists; that nothing does although something fired must not be."""
        fired = tuple(finding.rule for finding in last.findings if finding.fired)
        return Verdict(
            last.status, last.currency, to_minor_unit(last.total, last.currency), () if made else fired, last.findings
        )

    def as_asked(self) -> Verdict:
        time.sleep(self.pause_s)
        shop = self.connected.shop
        look = asked(self.services, self.connected, self.listed.order_id)
        with self.services.store.read() as connection:
            history = documents.history(connection, shop.shop_id, self.listed.order_id, self.listed.order_key)
        today = self.services.now().astimezone(shop.zoneinfo).date()
        shop = with_rate(self.services, shop, look.order.currency)
        verdict = documents_due(look.order, look.refunds or (), history, shop, today)
        waiting = {kept.draft.cause for kept in history.drafts}
        lacking = tuple(draft.cause for draft in verdict.due if draft.cause not in waiting)
        return Verdict(
            look.order.status,
            look.order.currency,
            to_minor_unit(look.order.total, look.order.currency),
            lacking,
            verdict.findings,
        )


def is_fresh(listed: Listed, last: SeenOrder) -> bool:
    return last.looked_at > listed.modified_at and last.status == listed.status


def judge(known: Verdict, made: Sequence[Made], deliveries: Sequence[Delivery]) -> tuple[State, str]:
    """In this order: what is lacking, what failed, what waits, what is well."""
    if known.lacking:
        return lacking(known, deliveries)
    steps = [(one, step) for one in made for step in one.steps]
    failed = next((f"{name_of(one)}: {step.reason}" for one, step in steps if step.state == "failed"), "")
    if failed:
        return State.MISSING, failed
    working = next((name_of(one) for one, step in steps if step.state in ("waiting", "running")), "")
    if working:
        return State.WAITS, f"{working} is being mailed or noted."
    draft = next((one.draft for one in made if one.kept), None)
    if draft:
        return State.WAITS, draft.problems[0].sentence if draft.problems else "A draft waits for you."
    if made:
        return State.COMPLETE, ""
    reason = next((finding.sentence for finding in known.findings if not finding.fired), "Nothing is due.")
    return State.NOTHING_DUE, reason


def lacking(known: Verdict, deliveries: Sequence[Delivery]) -> tuple[State, str]:
    what = ", ".join(known.lacking)
    last = deliveries[-1] if deliveries else None
    if last is None:
        return State.MISSING, f"The shop never told of it; due: {what}."
    if last.state in ("waiting", "running"):
        return State.WAITS, f"It waits to be looked at. {last.outcome}".strip()
    return State.MISSING, f"Due: {what}. {last.outcome if last.state == 'failed' else ''}".strip()


def name_of(made: Made) -> str:
    return made.document.number if made.document else "The draft"


def gone(services: Services, seen: SeenOrder, connected: Connected) -> Row | None:
    """An order with documents that is in the bin, or erased; one without documents concerns nobody."""
    made = overview.listed(services, shop_id=seen.shop_id, order_id=seen.order_id)
    made = tuple(one for one in made if one.draft.order_key == seen.order_key and one.document)
    if not made:
        return None
    placed_on = seen.ordered_at.astimezone(connected.shop.zoneinfo).date()
    sentence = "The shop no longer lists this order; its documents stand."
    total = to_minor_unit(seen.total, seen.currency)
    return Row(
        seen.order_id, seen.order_number, seen.status, placed_on, seen.currency, total, State.GONE, sentence, made
    )


# Every night


def reconcile_nightly(services: Services, connected: Connected) -> None:
    """Reconcile this month once a night, keep the result, let what is missing be looked at, and sound or quiet the alarm."""
    if not can_be_asked(connected):
        return
    today = services.now().astimezone(connected.shop.zoneinfo).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    days = (last_month, today) if today.day <= DAYS_OF_LAST_MONTH else (today,)
    for month in (f"{day:%Y-%m}" for day in days):
        if is_due(services, connected, month):
            keep_result(services, connected, reconcile(services, connected, month))


def is_due(services: Services, connected: Connected, month: str) -> bool:
    with services.store.read() as connection:
        return reports.is_due(
            connection,
            connected.shop,
            f"reconcile:{month}",
            hour=AT_HOUR,
            connected_at=connected.created_at,
            now=services.now(),
        )


def keep_result(services: Services, connected: Connected, found: Reconciliation) -> None:
    shop, now, missing = connected.shop, services.now(), found.of(State.MISSING)
    with services.store.write() as connection:
        reports.keep_latest(connection, shop.shop_id, f"reconcile:{found.month}", exceptions(found), now=now)
        if not missing:
            alerts.quiet(connection, shop.shop_id, code=ALARM, now=now)
            return
        named = ", ".join(row.number for row in missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
        sentence = (
            f"{shop.name}: {len(missing)} of {len(found.rows)} orders of {found.month} lack something ({named}). "
            f"`facturelay reconcile {shop.shop_id} --month {found.month}` says what."
        )
        alerts.sound(connection, shop.shop_id, code=ALARM, sentence=sentence, now=now)
        for row in missing:
            if not row.documents:
                inbox.keep(
                    connection, shop_id=shop.shop_id, source=SOURCE, topic="order.updated", order_id=row.order_id,
                    body=b"", now=now,
                )  # fmt: skip


# For scripts


def as_json(found: Reconciliation) -> dict[str, Any]:
    return {
        "shop": found.shop_id,
        "month": found.month,
        "ok": found.is_complete,
        "counts": {state: len(found.of(state)) for state in State},
        "totals": [
            {
                "currency": total.currency,
                "ordered": f"{total.ordered:.2f}",
                "invoiced": f"{total.invoiced:.2f}",
                "credited": f"{total.credited:.2f}",
            }
            for total in found.totals
        ],
        "orders": [row_as_json(row) for row in found.rows],
    }


def exceptions(found: Reconciliation) -> dict[str, Any]:
    """The same without the orders that are well: those are counted, and a shop has many."""
    well = (State.COMPLETE, State.NOTHING_DUE)
    return {**as_json(found), "orders": [row_as_json(row) for row in found.rows if row.state not in well]}


def row_as_json(row: Row) -> dict[str, Any]:
    return {
        "order_id": row.order_id,
        "number": row.number,
        "status": row.status,
        "placed_on": row.placed_on.isoformat(),
        "currency": row.currency,
        "total": f"{row.total:.2f}",
        "state": row.state,
        "sentence": row.sentence,
        "documents": [document_as_json(made) for made in row.issued],
    }


def document_as_json(made: Made) -> dict[str, Any]:
    mailed_at, noted_at = made.done_at(StepName.MAIL), made.done_at(StepName.WRITE_BACK)
    return {
        "number": name_of(made),
        "kind": made.draft.kind,
        "total": f"{made.draft.total:.2f}",
        "mailed_at": mailed_at.isoformat() if mailed_at else None,
        "noted_at": noted_at.isoformat() if noted_at else None,
    }
