"""The files of a bank that were read, and how far they tell. Their lines are in `bank_lines`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, insert, select

from worker.store import shops
from worker.store.database.rows import read_row
from worker.store.database.tables import bank_files

# A long weekend and the day on which somebody fetches the file: what is older says nothing of who paid since.
OLD_AFTER = timedelta(days=5)


@dataclass(frozen=True)
class NewFile:
    """*last_day* is the newest day on which the bank booked a line of the shop's account, None where there is no such line."""

    shop_id: str
    sha256: str
    name: str
    kind: str
    last_day: date | None


@dataclass(frozen=True)
class StoredFile:
    """A file that was read: *last_day* as in NewFile; *read_at* is aware UTC."""

    file_id: int
    name: str
    kind: str
    last_day: date | None
    read_at: datetime


def add_file(connection: Connection, new: NewFile, *, by: str, now: datetime) -> int:
    """The id of the file; that of the first time for one that was read before."""
    known = select(bank_files.c.file_id).where(bank_files.c.shop_id == new.shop_id, bank_files.c.sha256 == new.sha256)
    file_id = connection.execute(known).scalar_one_or_none()
    if file_id is None:
        row = insert(bank_files).values(**vars(new), read_at=now, read_by=by)
        file_id = connection.execute(row.returning(bank_files.c.file_id)).scalar_one()
    return int(file_id)


def newest_file(connection: Connection, shop_id: str) -> StoredFile | None:
    """The file that was read last."""
    mine = select(bank_files).where(bank_files.c.shop_id == shop_id).order_by(bank_files.c.file_id.desc()).limit(1)
    row = connection.execute(mine).one_or_none()
    return read_row(StoredFile, row) if row else None


def told_until(connection: Connection, shop_id: str) -> date | None:
    """The newest day of all lines in a shop's bank files, whenever they were read; None for a shop that never read one."""
    newest = func.max(bank_files.c.last_day, type_=bank_files.c.last_day.type)
    return connection.execute(select(newest).where(bank_files.c.shop_id == shop_id)).scalar()


def old_since(connection: Connection, shop_id: str, *, today: date) -> date | None:
    """`told_until` where that is more than five days before *today* (in the shop's zone): who paid since is not known here.

    None for a shop whose files are newer, and for one that counts on none: it never read any, or its owner says so. Nobody is to be
    reminded, and no order cancelled for want of money, while there is such a day.
    """
    day = told_until(connection, shop_id)
    if day is None or not is_old(day, today=today):
        return None
    shop = shops.settings_of(connection, shop_id)
    return day if shop is not None and shop.waits_for_bank_files else None


def is_old(day: date, *, today: date) -> bool:
    """Whether files that tell until *day* say nothing of who paid lately."""
    return today - day > OLD_AFTER
