"""Taking a number: the one place, inside the one transaction that stores the document. And the register of all numbers taken."""

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert, select, update

from worker.domain.document import Document
from worker.domain.numbering import format_number, issue_date, period
from worker.domain.shop import Series
from worker.store import codec
from worker.store.tables import register, shops
from worker.store.tables import series as series_table

GENESIS = "0" * 64


@dataclass(frozen=True)
class TakenNumber:
    """A number that belongs to the transaction that took it."""

    series: str
    period: int
    sequence: int
    number: str
    issued_on: date


def lock(connection: Connection, shop_id: str) -> None:
    """Let one transaction at a time issue for a shop (SQLite: BEGIN IMMEDIATE has done so already)."""
    # NO KEY UPDATE: deliveries and other rows that point at the shop can still be stored meanwhile.
    connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id).with_for_update(key_share=True))


def take(connection: Connection, shop_id: str, series: Series, *, today: date) -> TakenNumber:
    """Take the next number of *series*. Call inside the transaction that stores the document, after `lock`.

    Rolled back, the number was never taken. The date is the later of *today* and the series' last date, so both rise together.
    """
    mine = (series_table.c.shop_id == shop_id, series_table.c.series == series.name)
    last = connection.execute(select(series_table).where(*mine)).one_or_none()
    issued_on = issue_date(today, last.last_date if last else None)
    now_period = period(series, issued_on)
    sequence = last.last_number + 1 if last and last.period == now_period else 1
    values = {"period": now_period, "last_number": sequence, "last_date": issued_on}
    if last is None:
        connection.execute(insert(series_table).values(shop_id=shop_id, series=series.name, **values))
    else:
        connection.execute(update(series_table).where(*mine).values(**values))
    number = format_number(series, year=issued_on.year, number=sequence)
    return TakenNumber(series.name, now_period, sequence, number, issued_on)


def enter(connection: Connection, document: Document) -> None:
    """Enter an issued document into the shop's register: a chain in which each row seals the one before it."""
    last = connection.execute(
        select(register).where(register.c.shop_id == document.shop_id).order_by(register.c.position.desc()).limit(1)
    ).one_or_none()
    position, previous = (last.position + 1, last.hash) if last else (1, GENESIS)
    snapshot_sha256 = codec.sha256(codec.dump(document.draft))
    connection.execute(
        insert(register).values(
            shop_id=document.shop_id,
            position=position,
            document_id=document.document_id,
            number=document.number,
            snapshot_sha256=snapshot_sha256,
            previous_hash=previous,
            hash=sealed(previous, position=position, document=document, snapshot_sha256=snapshot_sha256),
        )
    )


def sealed(previous: str, *, position: int, document: Document, snapshot_sha256: str) -> str:
    """The hash of one row: over the row before, its place, the number, the date and what the document says."""
    parts = (previous, str(position), document.number, document.issued_on.isoformat(), snapshot_sha256)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
