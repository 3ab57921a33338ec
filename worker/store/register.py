"""The register: every number that was given, in the order in which it was given. A chain: each row holds the hash of the one before."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, insert, select

from worker.domain.csv_table import csv_lines
from worker.domain.document import Document, Kind, signed
from worker.errors import InvalidValue
from worker.store import document_balances
from worker.store.database import json_codec
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import documents, register

GENESIS = "0" * 64
AT_ONCE = 500
# Made once: a statement costs more to build than to run.
HEAD = made_once(
    select(register.c.position, register.c.hash)
    .where(*given(register.c.shop_id))
    .order_by(register.c.position.desc())
    .limit(1)
)
ADD = made_once(insert(register))


@dataclass(frozen=True)
class RegisterEntry:
    """One row of the register."""

    shop_id: str
    position: int
    document_id: int
    number: str
    snapshot_sha256: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class RegisterHead:
    """The end of a shop's chain, written `12:5f…`. Stored outside the database, it anchors all that comes before it."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "RegisterHead":
        """Read `12:5f…`. Raises ValueError with a message."""
        position, _, digest = text.strip().partition(":")
        if not (position.isascii() and position.isdigit() and len(digest) == len(GENESIS)):
            raise InvalidValue(
                "“{text}” is not the head of a register; it looks like 12:5f3a… with 64 hex digits.", text=text
            )
        return cls(int(position), digest.lower())


EMPTY_HEAD = RegisterHead(0, GENESIS)


@dataclass(frozen=True)
class NumberStatus:
    """One number with what became of it: `issued`, `paid`, `credited` or `partly credited`."""

    shop_id: str
    position: int
    number: str
    kind: str
    series: str
    sequence: int
    issued_on: date
    order_number: str
    buyer: str
    currency: str
    net: Decimal
    vat: Decimal
    total: Decimal
    corrects: str
    status: str
    snapshot_sha256: str
    previous_hash: str
    hash: str


def as_table(found: Iterable[NumberStatus]) -> Iterator[str]:
    """The register as CSV, line by line; amounts of credit notes are negative, as in the journal."""
    rows = (
        vars(line) | {name: signed(Kind(line.kind), getattr(line, name)) for name in ("net", "vat", "total")}
        for line in found
    )
    return csv_lines([field.name for field in fields(NumberStatus)], rows)


def append(connection: Connection, document: Document, snapshot: str) -> None:
    """Enter an issued document into its shop's register. *snapshot*: as it is stored. Call in the transaction that stores it, after `counters.lock`."""
    last = head(connection, document.shop_id)
    position = last.position + 1
    snapshot_sha256 = json_codec.sha256(snapshot)
    connection.execute(
        ADD,
        {
            "shop_id": document.shop_id,
            "position": position,
            "document_id": document.document_id,
            "number": document.number,
            "snapshot_sha256": snapshot_sha256,
            "previous_hash": last.hash,
            "hash": entry_hash(last.hash, position=position, document=document, snapshot_sha256=snapshot_sha256),
        },
    )


def head(connection: Connection, shop_id: str) -> RegisterHead:
    """The newest row of a shop's register; position 0 while there is none."""
    last = connection.execute(HEAD, {"shop_id": shop_id}).one_or_none()
    return RegisterHead(last.position, last.hash) if last else EMPTY_HEAD


def every_number(connection: Connection, shop_id: str) -> Iterator[NumberStatus]:
    """Every number of a shop in the order of the register with what became of it, some at a time."""
    last = 0
    while some := number_statuses(connection, shop_id, after=last, limit=AT_ONCE):
        yield from some
        last = some[-1].position


def number_statuses(connection: Connection, shop_id: str, *, after: int, limit: int) -> tuple[NumberStatus, ...]:
    """A page of a shop's numbers, in the order of the register, with what became of each."""
    original = documents.alias("original")
    rows = connection.execute(
        select(register, *(documents.c[name] for name in DOCUMENT_COLUMNS), original.c.number.label("corrects"))
        .select_from(register.join(documents, documents.c.document_id == register.c.document_id))
        .outerjoin(original, original.c.document_id == documents.c.corrects)
        .where(register.c.shop_id == shop_id, register.c.position > after)
        .order_by(register.c.position)
        .limit(limit)
    ).all()
    balances = document_balances.of_documents(connection, [row.document_id for row in rows])
    return tuple(
        read_row(NumberStatus, row, status=balances[row.document_id].status, corrects=row.corrects or "")
        for row in rows
    )


DOCUMENT_COLUMNS = (
    "kind", "series", "sequence", "issued_on", "order_number", "buyer", "currency", "net", "vat", "total",
)  # fmt: skip


def entry_hash(previous: str, *, position: int, document: Document, snapshot_sha256: str) -> str:
    """The hash of one row: over the row before, its place, all that makes up the number, the dates and what the document says."""
    fields = (
        previous,
        document.shop_id,
        str(position),
        str(document.document_id),
        document.series,
        str(document.sequence),
        document.number,
        document.issued_on.isoformat(),
        document.issued_at.isoformat(),
        snapshot_sha256,
    )
    return hashlib.sha256("\n".join(fields).encode()).hexdigest()
