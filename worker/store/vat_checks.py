"""What VIES answered about VAT numbers (rows are only ever added), which orders wait for it, and what of it is out of order."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from worker.domain.order import OrderKey
from worker.domain.vat_check import VatCheck
from worker.net.vies_answer import ViesAnswer, read_answer
from worker.store.database.json_codec import sha256
from worker.store.database.pagination import streamed
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import vat_check_waits, vat_checks, vies_outages


@dataclass(frozen=True)
class VatQuestion:
    """What VIES is asked: is this number valid? *requester* is the seller's own number: the proof is theirs alone."""

    number: str
    requester: str


@dataclass(frozen=True)
class Wait:
    """An order whose invoice waits for VIES. *next_at* is None once it waited long enough."""

    order: OrderKey
    number: str
    since: datetime
    until: datetime
    attempts: int
    next_at: datetime | None


@dataclass(frozen=True)
class StoredVatCheck:
    """One answer as it is kept. *reuses* names the check whose answer this is, where VIES was not asked again."""

    check: VatCheck
    answer: str
    answer_sha256: str
    reuses: int | None


# Answers


def add(
    connection: Connection, order: OrderKey, question: VatQuestion, answer: ViesAnswer, *, now: datetime
) -> VatCheck:
    """Store what VIES answered just now."""
    return _insert(
        connection,
        order,
        number=question.number,
        requester=question.requester,
        asked_at=now,
        valid=answer.valid,
        code=answer.code,
        request_identifier=answer.request_identifier,
        answer=answer.raw,
        answer_sha256=sha256(answer.raw),
    )


def reuse(connection: Connection, order: OrderKey, known: VatCheck) -> VatCheck:
    """Store that the answer of *known*, given for another order, is this order's proof too."""
    row = connection.execute(select(vat_checks).where(vat_checks.c.check_id == known.check_id)).one()
    copied = {name: getattr(row, name) for name in _COPIED}
    return _insert(connection, order, **copied, reuses=row.reuses or row.check_id)


_COPIED = ("number", "requester", "asked_at", "valid", "code", "request_identifier", "answer", "answer_sha256")


def _insert(connection: Connection, order: OrderKey, **values: object) -> VatCheck:
    row = connection.execute(insert(vat_checks).values(**vars(order), **values).returning(*vat_checks.c)).one()
    return as_check(row)


def latest(
    connection: Connection, shop_id: str, question: VatQuestion, *, since: datetime, valid: bool
) -> VatCheck | None:
    """The newest answer *valid* to *question* since an instant, for any order of the shop."""
    row = connection.execute(
        select(vat_checks)
        .where(
            vat_checks.c.shop_id == shop_id,
            vat_checks.c.number == question.number,
            vat_checks.c.requester == question.requester,
            vat_checks.c.asked_at >= since,
            vat_checks.c.valid == valid,
        )
        .order_by(vat_checks.c.asked_at.desc(), vat_checks.c.check_id)
        .limit(1)
    ).one_or_none()
    return as_check(row) if row is not None else None


def of_this_order(connection: Connection, order: OrderKey, known: VatCheck) -> VatCheck | None:
    """This order's own row of the same answer as *known*."""
    row = connection.execute(
        select(vat_checks)
        .where(
            *is_of_order(vat_checks, order),
            vat_checks.c.number == known.number,
            vat_checks.c.asked_at == known.asked_at,
            vat_checks.c.valid == known.valid,
        )
        .limit(1)
    ).one_or_none()
    return as_check(row) if row is not None else None


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[StoredVatCheck, ...]:
    """All answers for one order, oldest first."""
    rows = connection.execute(
        select(vat_checks)
        .where(vat_checks.c.shop_id == shop_id, vat_checks.c.order_id == order_id)
        .order_by(vat_checks.c.check_id)
    )
    return tuple(as_stored(row) for row in rows)


def by_id(connection: Connection, check_id: int) -> StoredVatCheck | None:
    row = connection.execute(select(vat_checks).where(vat_checks.c.check_id == check_id)).one_or_none()
    return as_stored(row) if row is not None else None


def every(connection: Connection, shop_id: str) -> Iterator[tuple[int, StoredVatCheck]]:
    """All answers for a shop's orders, each with its order's id."""
    query = select(vat_checks).where(vat_checks.c.shop_id == shop_id).order_by(vat_checks.c.check_id)
    return ((row.order_id, as_stored(row)) for row in streamed(connection, query))


def as_stored(row: Row[Any]) -> StoredVatCheck:
    return StoredVatCheck(as_check(row), row.answer, row.answer_sha256, row.reuses)


def as_check(row: Row[Any]) -> VatCheck:
    said = read_answer(row.answer, row.number)
    return VatCheck(
        number=row.number,
        valid=row.valid,
        requester=row.requester,
        asked_at=row.asked_at,
        request_identifier=row.request_identifier,
        name=said.name,
        address=said.address,
        code=row.code,
        check_id=row.check_id,
    )


# Orders that wait


def wait(connection: Connection, waiting: Wait) -> None:
    """Let an order wait, or wait on."""
    changed = {name: value for name, value in vars(waiting).items() if name != "order"}
    _put(connection, vat_check_waits, key=vars(waiting.order), values=changed)


def wait_of(connection: Connection, order: OrderKey) -> Wait | None:
    row = connection.execute(select(vat_check_waits).where(*is_of_order(vat_check_waits, order))).one_or_none()
    return as_wait(row) if row is not None else None


def end_wait(connection: Connection, order: OrderKey) -> None:
    """The order has its answer, or no longer needs one."""
    connection.execute(delete(vat_check_waits).where(*is_of_order(vat_check_waits, order)))


def due_waits(connection: Connection, shop_id: str, *, now: datetime, limit: int) -> tuple[Wait, ...]:
    """The orders for which VIES is to be asked again, longest overdue first."""
    rows = connection.execute(
        select(vat_check_waits)
        .where(vat_check_waits.c.shop_id == shop_id, vat_check_waits.c.next_at <= now)
        .order_by(vat_check_waits.c.next_at, vat_check_waits.c.order_id)
        .limit(limit)
    )
    return tuple(as_wait(row) for row in rows)


def waits(connection: Connection, shop_id: str) -> tuple[Wait, ...]:
    """The orders whose invoices wait for VIES, the longest first; without those that a person must decide on by now."""
    rows = connection.execute(
        select(vat_check_waits)
        .where(vat_check_waits.c.shop_id == shop_id, vat_check_waits.c.next_at.is_not(None))
        .order_by(vat_check_waits.c.since, vat_check_waits.c.order_id)
    )
    return tuple(as_wait(row) for row in rows)


def rest(connection: Connection, order: OrderKey) -> None:
    """Ask for this order no more by itself."""
    connection.execute(update(vat_check_waits).where(*is_of_order(vat_check_waits, order)).values(next_at=None))


def as_wait(row: Row[Any]) -> Wait:
    order = OrderKey(row.shop_id, row.order_id, row.order_key)
    return Wait(order, row.number, row.since, row.until, row.attempts, row.next_at)


# Outages


@dataclass(frozen=True)
class Outage:
    """What does not answer: *scope* is a member state's prefix, or * for all of VIES. Nobody asks before *until*."""

    scope: str
    code: str
    failures: int
    until: datetime


def outage(connection: Connection, number: str, *, now: datetime) -> Outage | None:
    """Why asking for *number* is of no use now; None where it may be."""
    row = connection.execute(
        select(vies_outages)
        .where(vies_outages.c.scope.in_(("*", number[:2])), vies_outages.c.until > now)
        .order_by(vies_outages.c.until.desc())
        .limit(1)
    ).one_or_none()
    return read_row(Outage, row) if row is not None else None


def begin_outage(connection: Connection, scope: str, code: str, *, now: datetime, waits: Sequence[timedelta]) -> None:
    """VIES failed once more for *scope*: let it rest, longer with each failure (*waits*, the last one again and again)."""
    mine = vies_outages.c.scope == scope
    failures = (connection.execute(select(func.max(vies_outages.c.failures)).where(mine)).scalar() or 0) + 1
    until = now + waits[min(failures, len(waits)) - 1]
    _put(connection, vies_outages, key={"scope": scope}, values={"code": code, "failures": failures, "until": until})


def end_outages(connection: Connection, number: str) -> None:
    """VIES answered for *number*: it works, and so does that member state's register."""
    connection.execute(delete(vies_outages).where(vies_outages.c.scope.in_(("*", number[:2]))))


def _put(connection: Connection, table: Any, *, key: dict[str, object], values: dict[str, object]) -> None:
    """Change the row with *key*, or add it; of two that add it at once, the other one's stays."""
    mine = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*mine).values(**values)).rowcount:
        return
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(insert(table).values(**key, **values))
