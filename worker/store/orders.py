"""What was last fetched and decided of an order: one row per order."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, literal_column, or_, select, update
from sqlalchemy.engine import Row

from worker.domain.attention import Source
from worker.domain.attention_reasons import worst_code
from worker.domain.decision import Decision, RuleResult
from worker.domain.document import Kind, Problem
from worker.domain.money import ZERO
from worker.domain.order import Order, OrderKey, SalePart
from worker.domain.order_flags import first_to_do, needs_nothing
from worker.domain.order_payment import said_at
from worker.domain.order_status import DELETED
from worker.domain.peppol import NOT_ON_PEPPOL
from worker.domain.reported_money import ReportedMoney
from worker.domain.sale_part import part_of
from worker.store import order_search, payment_methods
from worker.store.database import json_codec
from worker.store.database.made_once import given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import FLAGGED, documents, orders, payment_shares, unpaid
from worker.store.document_balances import CREDITED_BY


@dataclass(frozen=True)
class StoredOrder:
    """An order as last fetched. *total* is as the shop states it; what changed after *fetched_at* may not be in it.
    *ignored_flags* are flags that a person said need nothing. *paid_at*: all of the money had come, by the shop's word or ours.
    """

    shop_id: str
    order_id: int
    order_key: str
    order_number: str
    status: str
    currency: str
    total: Decimal
    buyer: str
    ordered_at: datetime
    paid_at: datetime | None
    fetched_at: datetime
    rule_results: tuple[RuleResult, ...]
    flags: tuple[Problem, ...]
    ignored_flags: tuple[Problem, ...] = ()

    @property
    def key(self) -> OrderKey:
        return OrderKey(self.shop_id, self.order_id, self.order_key)


@dataclass(frozen=True)
class OrderState:
    """What was decided on an order, and when all of the money had come, which the shop's own date need not say.

    *says_paid*: the shop says that it is paid, whatever it cost when that was said first. *reported*: what it says came in, to be
    reckoned beside what is counted.
    *told_statuses*: those that the shop told of, though the order had gone on when it was fetched.
    """

    decision: Decision
    paid_at: datetime | None
    told_statuses: frozenset[str] = frozenset()
    says_paid: bool = False
    reported: ReportedMoney = ReportedMoney()


AT_ONCE = 500
NEWEST = 200  # orders by which it is judged what is usual
SAMPLE = 5  # of them, before anything is kept from an owner for it

# Made once: a statement costs more to build than to run.
KEY = given(orders.c.shop_id, orders.c.order_id, orders.c.order_key)
KEPT = made_once(
    select(orders.c.flags, orders.c.ignored_flags, orders.c.seen_statuses, orders.c.paid_total, orders.c.paid_by).where(
        *KEY
    )
)
# Of an order that was never seen, too.
WHEN_PAID = made_once(
    select(orders.c.paid_total, orders.c.paid_by, CREDITED_BY.label("credited")).select_from(
        select(literal_column("1")).subquery("any_order").outerjoin(orders, and_(*KEY))
    )
)
FETCHED_AT = made_once(select(orders.c.fetched_at).where(*KEY))
LAST_SEEN = made_once(select(orders.c.status, orders.c.paid_at, orders.c.fetched_at).where(*KEY))
DELETE = made_once(delete(orders).where(*KEY))
ADD = made_once(insert(orders))
SEEN_STATUSES = made_once(select(orders.c.seen_statuses).where(*KEY))
SPLIT = made_once(
    select(orders.c.order_id).where(*given(orders.c.shop_id, orders.c.order_id), orders.c.is_split.is_(True)).limit(1)
)
SUBORDERS = made_once(
    select(orders.c.order_id)
    .where(*given(orders.c.shop_id, orders.c.main_order_id))
    .order_by(unindexed(orders.c.order_id))
)


def save(connection: Connection, shop_id: str, order: Order, state: OrderState, *, as_of: datetime) -> None:
    """Upsert the order's last fetched state, rule results, flags and search words. Does nothing when it is older than the row's
    (`last_fetched_at`). A flag that a person ignored stays ignored; a status that it was seen in is kept, and what was learnt while its
    documents were sent; so is what it cost when the shop first said that it is paid.
    """
    key = {"shop_id": shop_id, "order_id": order.order_id, "order_key": order.order_key}
    known = connection.execute(KEPT, key).one_or_none()
    before = flags_in(known.ignored_flags if known else "[]")
    told = sorted(state.told_statuses - {order.status})  # all before the one it is in
    seen = (*(known.seen_statuses.split() if known else ()), *told, order.status)
    ignored = tuple(flag for flag in state.decision.flags if needs_nothing(flag, before))
    sent = tuple(flag for flag in flags_in(known.flags if known else "[]") if flag.code.startswith(NOT_ON_PEPPOL))
    part = part_of(order, parent_is_split=is_split(connection, shop_id, order.parent_id))
    paid_total, paid_by = (known.paid_total, known.paid_by) if known else (None, None)
    # Made empty in WordPress and filled afterwards: who paid in a transaction did not pay nothing.
    is_told = state.says_paid and (order.total or not order.transaction_id)
    if is_told and (paid_total is None or is_paid_anew(order, paid_by or "")):
        paid_total, paid_by = str(order.total), f"{order.payment_method} {order.transaction_id}"
    if known is not None:
        connection.execute(DELETE, key)
    connection.execute(
        ADD,
        dict(
            **key,
            order_number=order.number,
            status=order.status,
            currency=order.currency,
            total=str(order.total),
            buyer=order.billing.company or order.billing.name,
            ordered_at=order.created_at,
            paid_at=state.paid_at,
            paid_total=paid_total,
            paid_by=paid_by,
            reported=json_codec.dump(state.reported),
            taxable_at=order.taxable_at,
            fetched_at=as_of,
            seen_statuses=" ".join(dict.fromkeys(seen)),
            main_order_id=order.parent_id if part is SalePart.SUBORDER else None,
            is_split=part is SalePart.MAIN,
            rule_results=json_codec.dump(state.decision.rule_results),
            **as_values((*(flag for flag in state.decision.flags if flag not in ignored), *sent)),
            ignored_flags=json_codec.dump(ignored),
        ),
    )
    order_search.update(connection, shop_id, order)
    payment_methods.remember(connection, shop_id, order.payment_method, order.payment_title)


def is_paid_anew(order: Order, paid_by: str) -> bool:
    """Whether *order* was paid in another transaction than the one *paid_by* which it was when the shop first said so."""
    method, _, transaction = paid_by.partition(" ")
    if not order.transaction_id or order.transaction_id == transaction:
        return False
    return bool(transaction) or order.payment_method != method


def when_paid(connection: Connection, key: OrderKey, order: Order) -> tuple[Decimal | None, Decimal]:
    """What *order* cost when the shop first said that it is paid, or paid anew: None where it did not yet; and what credit notes had taken
    off by then of its invoices of which something is left: of one that was issued again, nothing.
    """
    found = connection.execute(WHEN_PAID, {**vars(key), "at": said_at(order)}).one()
    credited = found.credited or ZERO
    if found.paid_total is None:
        return None, credited
    return order.total if is_paid_anew(order, found.paid_by or "") else Decimal(found.paid_total), credited


def was_open_or_paid(connection: Connection, key: OrderKey, open_statuses: Container[str], *, since: datetime) -> bool:
    """Whether the order was last fetched after *since*, and then waited for its money or all of it had come."""
    seen = connection.execute(LAST_SEEN, vars(key)).one_or_none()
    return seen is not None and seen.fetched_at > since and (seen.status in open_statuses or seen.paid_at is not None)


def mark_deleted(connection: Connection, order: OrderKey) -> None:
    """The shop has it no more, not even in its bin: no status that it had counts any longer."""
    connection.execute(update(orders).where(*is_of_order(orders, order)).values(status=DELETED))


def set_flags(connection: Connection, order: OrderKey, code: str, flags: tuple[Problem, ...]) -> None:
    """Let *flags* be all that *order* has under *code*. One that a person ignored stays ignored."""
    key = is_of_order(orders, order)
    row = connection.execute(select(orders.c.flags, orders.c.ignored_flags).where(*key)).one_or_none()
    if row is None:
        return
    before, ignored = map(flags_in, row)
    now = (*(flag for flag in before if flag.code != code), *(flag for flag in flags if flag not in ignored))
    if now != before:
        connection.execute(update(orders).where(*key).values(**as_values(now)))


def is_ignored(connection: Connection, key: OrderKey, code: str) -> bool:
    """Whether a person said of the order's flag *code* that it needs nothing."""
    found = connection.execute(select(orders.c.ignored_flags).where(*is_of_order(orders, key))).scalar()
    return any(flag.code == code for flag in flags_in(found or "[]"))


def flags_in(text: str) -> tuple[Problem, ...]:
    return json_codec.load(tuple[Problem, ...], text)


def as_values(flags: tuple[Problem, ...]) -> dict[str, str]:
    flags = first_to_do(flags)
    return {"flags": json_codec.dump(flags), "flag_code": worst_code(Source.FLAG, flags)}


def ignore_flags(connection: Connection, shop_id: str, order_id: int) -> int:
    """Move the order's flags to `ignored_flags`; return how many."""
    order = find(connection, shop_id, order_id)
    if order is None or not order.flags:
        return 0
    key = is_of_order(orders, order.key)
    ignored = json_codec.dump(order.ignored_flags + order.flags)
    connection.execute(update(orders).where(*key).values(**as_values(()), ignored_flags=ignored))
    return len(order.flags)


def last_fetched_at(connection: Connection, shop_id: str, order_id: int, order_key: str) -> datetime | None:
    """As of when the order was last fetched; None before the first time. Call under the shop's lock."""
    key = {"shop_id": shop_id, "order_id": order_id, "order_key": order_key}
    return connection.execute(FETCHED_AT, key).scalar_one_or_none()


def seen_statuses(connection: Connection, shop_id: str, order: Order) -> frozenset[str]:
    """Every status that the order was seen in."""
    key = {"shop_id": shop_id, "order_id": order.order_id, "order_key": order.order_key}
    return frozenset((connection.execute(SEEN_STATUSES, key).scalar() or "").split())


def usual_statuses(connection: Connection, shop_id: str, status: str) -> frozenset[str]:
    """The statuses that orders pass before they come to *status*: that at least one in ten of the newest in it was seen in."""
    seen = ways_to(connection, shop_id, status)
    passed = Counter(one for each in seen for one in each)
    return frozenset(one for one, count in passed.items() if one != status and count * 10 >= len(seen))


def comes_after(connection: Connection, shop_id: str, status: str, earlier: str) -> bool:
    """Whether most of the newest orders in *status* came to it from *earlier*, whatever they did between; False of a few."""
    seen = ways_to(connection, shop_id, status)
    came = [way for way in seen if earlier in way[: way.index(status)]]
    return len(seen) >= SAMPLE and len(came) * 2 > len(seen)


def ways_to(connection: Connection, shop_id: str, status: str) -> list[list[str]]:
    """The statuses that each of the newest orders in *status* was seen in, in the order of the first time."""
    of_each = connection.execute(
        select(orders.c.seen_statuses)
        .where(orders.c.shop_id == shop_id, orders.c.status == status)
        .order_by(orders.c.ordered_at.desc(), orders.c.order_id.desc())
        .limit(NEWEST)
    ).scalars()
    return [way for way in map(str.split, of_each) if status in way]


def is_split(connection: Connection, shop_id: str, order_id: int) -> bool:
    """Whether a marketplace plugin made suborders of the order, as it last said."""
    if not order_id:
        return False
    return connection.execute(SPLIT, {"shop_id": shop_id, "order_id": order_id}).first() is not None


def suborders(connection: Connection, shop_id: str, order_id: int) -> tuple[int, ...]:
    """The orders that are known to be suborders of this one."""
    return tuple(connection.execute(SUBORDERS, {"shop_id": shop_id, "main_order_id": order_id}).scalars())


def columns() -> tuple[ColumnElement[Any], ...]:
    """The columns of an order as it is read: paid, too, where its invoice was paid here and none of its invoices waits for money.

    The money of an invoice that was credited and issued again went to the new one, which may ask for more.
    """
    invoice_paid = (
        select(case((func.count(unpaid.c.document_id) == 0, func.max(payment_shares.c.created_at))))
        .select_from(documents)
        .outerjoin(payment_shares, payment_shares.c.document_id == documents.c.document_id)
        .outerjoin(unpaid, unpaid.c.document_id == documents.c.document_id)
        .where(
            documents.c.shop_id == orders.c.shop_id,
            documents.c.order_id == orders.c.order_id,
            documents.c.order_key == orders.c.order_key,
            unindexed(documents.c.kind) == Kind.INVOICE,
        )
        .correlate(orders)
        .scalar_subquery()
    )
    paid_at = func.coalesce(orders.c.paid_at, invoice_paid, type_=orders.c.paid_at.type).label("paid_at")
    return tuple(paid_at if column.name == "paid_at" else column for column in orders.c)


def find(connection: Connection, shop_id: str, order_id: int) -> StoredOrder | None:
    """The order as last seen; when an id came back after a restore, the one seen last."""
    row = connection.execute(
        select(*columns())
        .where(orders.c.shop_id == shop_id, orders.c.order_id == order_id)
        .order_by(unindexed(orders.c.fetched_at).desc())
        .limit(1)
    ).one_or_none()
    return as_order(row) if row is not None else None


def causes(connection: Connection, shop_id: str, *, kind: Kind, since: datetime) -> tuple[tuple[int, str], ...]:
    """Order and cause of each document of a kind issued since an instant, without reading the documents themselves."""
    rows = connection.execute(
        select(documents.c.order_id, documents.c.cause)
        .where(documents.c.shop_id == shop_id, documents.c.kind == kind, documents.c.issued_at >= since)
        .order_by(documents.c.document_id)
    )
    return tuple((row.order_id, row.cause) for row in rows)


def flagged(connection: Connection, shop_id: str, code: str) -> tuple[int, ...]:
    """The orders with the flag *code*."""
    found = connection.execute(
        select(orders.c.order_id).where(
            orders.c.shop_id == shop_id,
            literal_column("orders." + FLAGGED),
            orders.c.flags.contains(f'"code":"{code}"'),
        )
    )
    return tuple(found.scalars())


def latest_flags(connection: Connection, shop_id: str, code: str, *, limit: int) -> tuple[Problem, ...]:
    """The flags *code* of the orders that were placed last, the newest first."""
    rows = connection.execute(
        select(orders.c.flags)
        .where(
            orders.c.shop_id == shop_id,
            literal_column("orders." + FLAGGED),
            orders.c.flags.contains(f'"code":"{code}"'),
        )
        .order_by(orders.c.ordered_at.desc(), orders.c.order_id.desc())
        .limit(limit)
    )
    found = (flag for row in rows for flag in json_codec.load(tuple[Problem, ...], row.flags))
    return tuple(flag for flag in found if flag.code == code)


def of_ids(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> dict[tuple[int, str], StoredOrder]:
    """Some orders as last seen, by id and key."""
    rows = connection.execute(select(*columns()).where(orders.c.shop_id == shop_id, orders.c.order_id.in_(order_ids)))
    return {(row.order_id, row.order_key): as_order(row) for row in rows}


def numbers(connection: Connection, of: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int], str]:
    """What shops call their orders, by shop and id; None, and what was never read, are left out."""
    ids = defaultdict[str, set[int]](set)
    for shop_id, order_id in of:
        if order_id is not None:
            ids[shop_id].add(order_id)
    if not ids:
        return {}
    # A shop at a time: of pairs SQLite looks at every order there is.
    wanted = or_(*(and_(orders.c.shop_id == one, orders.c.order_id.in_(sorted(some))) for one, some in ids.items()))
    number = (orders.c.shop_id, orders.c.order_id, orders.c.order_number)
    rows = connection.execute(select(*number).where(wanted).order_by(unindexed(orders.c.fetched_at)))
    return {(row.shop_id, row.order_id): row.order_number for row in rows}


def placed_between(connection: Connection, shop_id: str, *, since: datetime, before: datetime) -> Iterator[StoredOrder]:
    """Orders placed between two instants (the first included), as last seen, oldest first, some at a time."""
    at, order_id, key = orders.c.ordered_at, orders.c.order_id, orders.c.order_key
    query = (
        select(*columns()).where(orders.c.shop_id == shop_id, at < before).order_by(at, order_id, key).limit(AT_ONCE)
    )
    some = query.where(at >= since)
    while rows := connection.execute(some).all():
        yield from map(as_order, rows)
        last = rows[-1]
        later = or_(
            at > last.ordered_at, order_id > last.order_id, and_(order_id == last.order_id, key > last.order_key)
        )
        some = query.where(at >= last.ordered_at, later)


def as_order(row: Row[Any]) -> StoredOrder:
    return read_row(
        StoredOrder,
        row,
        total=Decimal(row.total),
        rule_results=json_codec.load(tuple[RuleResult, ...], row.rule_results),
        flags=flags_in(row.flags),
        ignored_flags=flags_in(row.ignored_flags),
    )
