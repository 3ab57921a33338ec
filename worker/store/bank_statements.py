"""The statements of a bank's files: with how much each begins and ends, and where one between two is missing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from worker.domain.bank_statement import BankStatement, Gap, Missing, gaps_in
from worker.domain.money import total_of
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.store import bank_lines
from worker.store.database.rows import read_row
from worker.store.database.tables import bank_statements

IS_MISSING = (bank_statements.c.ended_on.is_not(None), bank_statements.c.well_at.is_(None))
OF_MISSING = tuple(bank_statements.c[name] for name in Missing.__dataclass_fields__)
OF_STATEMENT = tuple(bank_statements.c[name] for name in BankStatement.__dataclass_fields__)


def keep(connection: Connection, shop_id: str, statements: Sequence[BankStatement]) -> None:
    """Store statements, and note what is missing between all of their accounts. Call under the shop's lock, after their lines."""
    of_missing = select(bank_statements.c.account, bank_statements.c.currency).where(
        bank_statements.c.shop_id == shop_id, bank_statements.c.ended_on.is_not(None)
    )
    looked_at = {(one.account, one.currency) for one in statements} | {
        (row.account, row.currency) for row in connection.execute(of_missing.distinct())
    }
    for account, currency in sorted(looked_at):
        mine = (
            bank_statements.c.shop_id == shop_id,
            bank_statements.c.account == account,
            bank_statements.c.currency == currency,
        )
        known = [read_row(BankStatement, row) for row in connection.execute(select(*OF_STATEMENT).where(*mine))]
        begins = min((one.opened_on for one in known), default=None)
        # Of what was before the first file that was read, nobody wants to know whether it is whole.
        new = {
            one
            for one in statements
            if (one.account, one.currency) == (account, currency)
            and one not in known
            and (begins is None or one.closed_on >= begins)
        }
        if new:
            connection.execute(
                insert(bank_statements), [{"shop_id": shop_id, **vars(one)} for one in sorted_by_day(new)]
            )
        connection.execute(update(bank_statements).where(*mine).values(ended_on=None, ends=None))
        for gap in gaps_in([*known, *new]):
            if is_told(connection, shop_id, gap):
                continue
            after = [bank_statements.c[name] == value for name, value in vars(gap.next).items()]
            found = update(bank_statements).where(*mine, *after)
            connection.execute(found.values(ended_on=gap.after.closed_on, ends=gap.after.closing))


def is_told(connection: Connection, shop_id: str, gap: Gap) -> bool:
    """Whether the lines of a file without balances come to what is missing: a CSV, perhaps, of the days between.

    Banks date with how much a statement begins by its first day, or by the day before.
    """
    before, after = gap.after, gap.next
    days = [before.closed_on + timedelta(days=1), after.opened_on]
    between = [
        one.line
        for one in bank_lines.of_days(connection, shop_id, days)
        if (one.line.account, one.line.currency) == (after.account, after.currency) and not one.is_of_another
    ]
    moved = {
        total_of(line.amount for line in between if line.booked_on <= day)
        for day in (after.opened_on - timedelta(days=1), after.opened_on)
    }
    return bool(between) and after.opening - before.closing in moved


def sorted_by_day(statements: set[BankStatement]) -> list[BankStatement]:
    return sorted(statements, key=lambda one: (one.closed_on, one.opened_on, one.opening))


def missing(connection: Connection, shop: Shop) -> Missing | None:
    """What is missing first, in a shop that counts on its bank's files."""
    if not shop.waits_for_bank_files:
        return None
    mine = select(*OF_MISSING).where(bank_statements.c.shop_id == shop.shop_id, *IS_MISSING)
    row = connection.execute(
        mine.order_by(bank_statements.c.opened_on, bank_statements.c.statement_id).limit(1)
    ).first()
    return read_row(Missing, row) if row else None


def say_well(connection: Connection, shop_id: str, statement_id: int, *, by: str, now: datetime) -> Missing:
    """Nothing is missing before this statement. Raises Rejected where nobody misses anything there."""
    mine = (bank_statements.c.shop_id == shop_id, bank_statements.c.statement_id == statement_id, *IS_MISSING)
    row = connection.execute(select(*OF_MISSING).where(*mine)).one_or_none()
    if row is None:
        raise Rejected("No statement is missing there any more.", code="statement_not_missing")
    connection.execute(update(bank_statements).where(*mine).values(well_by=by, well_at=now))
    return read_row(Missing, row)
