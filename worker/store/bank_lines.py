"""The lines of a bank's files, and what became of each. What a line paid is in `payments`, under its key."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Share, Verdict
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.errors import Rejected
from worker.store.database import json_codec
from worker.store.database.any_of import any_of
from worker.store.database.pagination import Page, PageRequest, RowOrder, read_page
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.tables import bank_lines, orders, payments
from worker.store.document_balances import stands
from worker.store.payment_rows import was_received
from worker.store.payments import receive, receive_all

# A customer of the shop transfers it into the account.
METHOD = "bacs"


class LineState(StrEnum):
    """A line waits for a person, was counted as money that came in, or is nothing to do."""

    WAITING = "waiting"
    COUNTED = "counted"
    DONE = "done"


@dataclass(frozen=True)
class StoredLine:
    """A line with its *verdict* when it was read, and what became of it since, by whom."""

    line_id: int
    shop_id: str
    line: BankLine
    verdict: Verdict
    state: LineState
    decided_by: str
    decided_at: datetime | None

    @property
    def is_of_another(self) -> bool:
        """Whether it is no payment of its own, as far as is known: another line is the same."""
        is_uncounted = self.verdict is Verdict.PERHAPS_KNOWN and self.state is not LineState.COUNTED
        return self.verdict is Verdict.KNOWN or is_uncounted


@dataclass(frozen=True)
class PaidOrder:
    """An order, by its own *number* in the shop, and what a line paid of it."""

    order_id: int
    number: str
    amount: Decimal


def known_keys(connection: Connection, shop_id: str, keys: Sequence[str]) -> set[str]:
    """Those of *keys* whose line was read before."""
    return set(ids_of(connection, shop_id, keys))


def of_days(connection: Connection, shop_id: str, days: Sequence[date]) -> list[StoredLine]:
    """The lines of some *days* and those between, in the order in which they were read."""
    if not days:
        return []
    rows = connection.execute(
        select(bank_lines)
        .where(bank_lines.c.shop_id == shop_id)
        .where(bank_lines.c.booked_on >= min(days), bank_lines.c.booked_on <= max(days))
        .order_by(bank_lines.c.line_id)
    )
    return [as_line(row) for row in rows]


def add_lines(connection: Connection, shop_id: str, file_id: int, found: Iterable[tuple[Match, LineState]]) -> None:
    rows = [
        {
            "shop_id": shop_id,
            "key": match.line.key,
            "file_id": file_id,
            "booked_on": match.line.booked_on,
            "amount": match.line.amount,
            "currency": match.line.currency,
            "line": json_codec.dump(match.line),
            "verdict": match.verdict,
            "state": state,
        }
        for match, state in found
    ]
    if rows:
        connection.execute(insert(bank_lines), rows)


def newest_id(connection: Connection, shop_id: str) -> int:
    """The id of the line that was stored last; 0 where there is none."""
    mine = select(bank_lines.c.line_id).where(bank_lines.c.shop_id == shop_id)
    return int(connection.execute(mine.order_by(bank_lines.c.line_id.desc()).limit(1)).scalar() or 0)


def ids_of(connection: Connection, shop_id: str, keys: Sequence[str]) -> dict[str, int]:
    """By the key of each line that is stored."""
    mine = (bank_lines.c.shop_id == shop_id, any_of(bank_lines.c.key, keys))
    rows = connection.execute(select(bank_lines.c.key, bank_lines.c.line_id).where(*mine))
    return {row.key: row.line_id for row in rows}


def count(connection: Connection, line_id: int, line: BankLine, shares: Sequence[Share], *, by: Actor) -> None:
    """Count a line as money for the orders that share it."""
    for share in shares:
        receipt = receipt_of(line, outside_ref(connection, share.order.shop_id, line_id), by=by)
        receive(connection, share.order, share.amount, receipt, now=by.now)


def count_new(connection: Connection, shop_id: str, matches: Sequence[Match], *, by: Actor) -> None:
    """Count lines that were stored just now, each as money for the orders that share it; those of one order at once."""
    line_ids = ids_of(connection, shop_id, [match.line.key for match in matches])
    money: dict[OrderKey, list[tuple[Decimal, Receipt]]] = {}
    for match in matches:
        for number, share in enumerate(match.shares, start=1):
            receipt = receipt_of(match.line, payment_name(line_ids[match.line.key], number), by=by)
            money.setdefault(share.order, []).append((share.amount, receipt))
    for order, came in money.items():
        receive_all(connection, order, came, now=by.now)


def receipt_of(line: BankLine, name: str, *, by: Actor, method: str = METHOD) -> Receipt:
    return Receipt(
        paid_on=line.booked_on,
        source=PaymentSource.BANK,
        by=by.name,
        method=method,
        # A payment is kept for good, so it holds nobody's words.
        reference=" ".join(line.references)[:140],
        outside_ref=name,
        currency=line.currency,
    )


def decide(connection: Connection, line_id: int, state: LineState, *, by: str, now: datetime) -> None:
    mine = update(bank_lines).where(bank_lines.c.line_id == line_id)
    connection.execute(mine.values(state=state, decided_by=by, decided_at=now))


def settle(connection: Connection, line_ids: Sequence[int], verdict: Verdict) -> None:
    """Lines that wait are *verdict* after all, for which nobody has to decide anything."""
    mine = update(bank_lines).where(bank_lines.c.line_id.in_(line_ids))
    connection.execute(mine.values(verdict=verdict, state=LineState.DONE))


def get(connection: Connection, shop_id: str, line_id: int) -> StoredLine:
    """The line, where it is this shop's, held until the transaction ends. Raises Rejected when it is not."""
    mine = select(bank_lines).where(bank_lines.c.shop_id == shop_id, bank_lines.c.line_id == line_id)
    row = connection.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise Rejected("This line of the bank is not known.", code="bank_line_unknown")
    return as_line(row)


def find(connection: Connection, shop_id: str, line_id: int) -> StoredLine | None:
    """The line as it is now, where it is this shop's."""
    mine = select(bank_lines).where(bank_lines.c.shop_id == shop_id, bank_lines.c.line_id == line_id)
    row = connection.execute(mine).one_or_none()
    return as_line(row) if row else None


def page(connection: Connection, shop_id: str, state: LineState | None, page_request: PageRequest) -> Page[StoredLine]:
    """Lines of one state or all, the newest first."""
    mine = select(bank_lines).where(bank_lines.c.shop_id == shop_id)
    if state is not None:
        mine = mine.where(bank_lines.c.state == state)
    found = read_page(connection, mine, RowOrder((bank_lines.c.booked_on, bank_lines.c.line_id)), page_request)
    return found.of([as_line(row) for row in found.rows])


def waiting(connection: Connection, shop_id: str) -> list[StoredLine]:
    """Every line that waits for a person."""
    mine = (bank_lines.c.shop_id == shop_id, bank_lines.c.state == LineState.WAITING)
    return [as_line(row) for row in connection.execute(select(bank_lines).where(*mine).order_by(bank_lines.c.line_id))]


def waiting_count(connection: Connection, shop_id: str) -> int:
    mine = (bank_lines.c.shop_id == shop_id, bank_lines.c.state == LineState.WAITING)
    return int(connection.execute(select(func.count()).select_from(bank_lines).where(*mine)).scalar_one())


def outside_ref(connection: Connection, shop_id: str, line_id: int) -> str:
    """The name of the next payment that a line is counted as: it pays several orders, or is counted anew after it was reversed."""
    names = (payment_name(line_id, number) for number in itertools.count(1))
    return next(name for name in names if not was_received(connection, shop_id, name))


def payment_name(line_id: int, number: int) -> str:
    return f"bank:{line_id}:{number}"


def is_of_line(line_id: int) -> ColumnElement[bool]:
    """That a payment is of this line: a range of the index."""
    return and_(payments.c.outside_ref >= f"bank:{line_id}:", payments.c.outside_ref < f"bank:{line_id};")


def payment_ids(connection: Connection, shop_id: str, line_id: int) -> list[int]:
    """The payments that a line was counted as, and that were not reversed."""
    mine = select(payments.c.payment_id).where(payments.c.shop_id == shop_id, is_of_line(line_id), stands())
    return list(connection.execute(mine.order_by(payments.c.payment_id)).scalars())


def orders_of(connection: Connection, shop_id: str, line_ids: Sequence[int]) -> dict[int, tuple[PaidOrder, ...]]:
    """What each of a page of lines was counted for, without what was taken back."""
    number = (
        select(func.max(orders.c.order_number))
        .where(orders.c.shop_id == payments.c.shop_id, orders.c.order_id == payments.c.order_id)
        .where(orders.c.order_key == payments.c.order_key)
        .scalar_subquery()
    )
    found: dict[int, tuple[PaidOrder, ...]] = {}
    if not line_ids:
        return found
    rows = connection.execute(
        select(payments.c.outside_ref, payments.c.order_id, number.label("number"), payments.c.amount)
        # The shop is named with each line, or SQLite reads all payments of the shop and compares each with every line.
        .where(stands(), or_(*(and_(payments.c.shop_id == shop_id, is_of_line(line_id)) for line_id in line_ids)))
        .order_by(unindexed(payments.c.payment_id))
    )
    for row in rows:
        line_id = int(row.outside_ref.split(":")[1])
        found[line_id] = (*found.get(line_id, ()), PaidOrder(row.order_id, row.number or str(row.order_id), row.amount))
    return found


def as_line(row: Row[Any]) -> StoredLine:
    return read_row(
        StoredLine,
        row,
        line=json_codec.load(BankLine, row.line),
        verdict=Verdict(row.verdict),
        state=LineState(row.state),
    )
