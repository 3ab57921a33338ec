"""The register: every number that was given, in the order in which it was given. A chain: each row seals the one before it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, and_, func, insert, select

from worker.domain.document import Document
from worker.store.database import json_codec
from worker.store.database.tables import documents, marks, register

GENESIS = "0" * 64


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
    """The end of a shop's chain, written `12:5f…`. Kept outside the database, it anchors all that comes before it."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "RegisterHead":
        """Read `12:5f…`. Raises ValueError with a sentence."""
        position, _, digest = text.strip().partition(":")
        if not (position.isascii() and position.isdigit() and len(digest) == len(GENESIS)):
            raise ValueError(f"“{text}” is not the head of a register; it looks like 12:5f3a… with 64 hex digits")
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


def append(connection: Connection, document: Document) -> RegisterHead:
    """Enter an issued document into its shop's register. Call in the transaction that stores it, after `numbering.lock`."""
    last = head(connection, document.shop_id)
    position = last.position + 1
    snapshot_sha256 = json_codec.sha256(json_codec.dump(document.draft))
    new_hash = entry_hash(last.hash, position=position, document=document, snapshot_sha256=snapshot_sha256)
    connection.execute(
        insert(register).values(
            shop_id=document.shop_id,
            position=position,
            document_id=document.document_id,
            number=document.number,
            snapshot_sha256=snapshot_sha256,
            previous_hash=last.hash,
            hash=new_hash,
        )
    )
    return RegisterHead(position, new_hash)


def head(connection: Connection, shop_id: str) -> RegisterHead:
    """The newest row of a shop's register; position 0 while there is none."""
    last = connection.execute(
        select(register.c.position, register.c.hash)
        .where(register.c.shop_id == shop_id)
        .order_by(register.c.position.desc())
        .limit(1)
    ).one_or_none()
    return RegisterHead(last.position, last.hash) if last else EMPTY_HEAD


def entries(connection: Connection, shop_id: str) -> tuple[RegisterEntry, ...]:
    """The whole register of a shop, in its order."""
    rows = connection.execute(select(register).where(register.c.shop_id == shop_id).order_by(register.c.position))
    return tuple(RegisterEntry(**row) for row in rows.mappings())


def number_statuses(
    connection: Connection, shop_id: str, *, after: int = 0, limit: int | None = None
) -> tuple[NumberStatus, ...]:
    """Every number of a shop, or a page of them, in the order of the register, with what became of it."""
    original = documents.alias("original")
    found = connection.execute(
        select(
            *(register.c[name] for name in ("position", "number", "snapshot_sha256", "previous_hash", "hash")),
            *(documents.c[name] for name in DOCUMENT_COLUMNS),
            documents.c.document_id,
            documents.c.order_id,
            original.c.number.label("corrects"),
            marks.c.on_date.label("paid_on"),
        )
        .select_from(register.join(documents, documents.c.document_id == register.c.document_id))
        .outerjoin(original, original.c.document_id == documents.c.corrects)
        .outerjoin(marks, and_(marks.c.document_id == documents.c.document_id, marks.c.mark == "paid"))
        .where(register.c.shop_id == shop_id, register.c.position > after)
        .order_by(register.c.position)
        .limit(limit)
    ).mappings()
    rows = found.all()
    credited = credited_totals(connection, shop_id, None if limit is None else [row["order_id"] for row in rows])
    return tuple(
        NumberStatus(
            shop_id=shop_id,
            status=status_of(row["total"], credited.get(row["document_id"]), paid=row["paid_on"] is not None),
            corrects=row["corrects"] or "",
            **{
                name: row[name]
                for name in (*DOCUMENT_COLUMNS, "position", "number", "snapshot_sha256", "previous_hash", "hash")
            },
        )
        for row in rows
    )


DOCUMENT_COLUMNS = (
    "kind", "series", "sequence", "issued_on", "order_number", "buyer", "currency", "net", "vat", "total",
)  # fmt: skip


def credited_totals(connection: Connection, shop_id: str, order_ids: Sequence[int] | None = None) -> dict[int, Decimal]:
    """How much of each document was taken back, by its id; of the whole shop, or only of these orders."""
    corrects = documents.c.corrects
    query = (
        select(corrects, func.sum(documents.c.total, type_=documents.c.total.type))
        .where(documents.c.shop_id == shop_id, corrects.is_not(None))
        .group_by(corrects)
    )
    rows = connection.execute(query if order_ids is None else query.where(documents.c.order_id.in_(order_ids)))
    return {int(document_id): total for document_id, total in rows}


def status_of(total: Decimal, credited: Decimal | None, *, paid: bool) -> str:
    if credited is not None:
        return "credited" if credited >= total else "partly credited"
    return "paid" if paid else "issued"


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
