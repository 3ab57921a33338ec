"""The sales journal for the accountant: what was sold and taken back, per month, kind, currency, country and rate."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from worker.domain.csv_table import as_csv
from worker.domain.document import Kind
from worker.domain.money import ZERO, to_cent
from worker.store.database.tables import documents

EURO = "EUR"
AT_ONCE = 500


@dataclass(frozen=True)
class JournalRow:
    """Sales of one month at one rate. Amounts of credit notes are negative. *month* is its first day; *rate* 21 means 21 %.

    *country* is where the goods went. *category* is that of EN 16931 (S, AE, K …). *base_eur* and *vat_eur* are None where
    a document in another currency has no exchange rate.
    """

    month: date
    kind: Kind
    currency: str
    country: str
    category: str
    rate: Decimal
    documents: int
    base: Decimal
    vat: Decimal
    base_eur: Decimal | None
    vat_eur: Decimal | None


@dataclass(frozen=True)
class JournalTotal:
    """All of one month, kind and currency, to check the rows against: net + vat + rounding = total."""

    month: date
    kind: Kind
    currency: str
    documents: int
    net: Decimal
    vat: Decimal
    rounding: Decimal
    total: Decimal


@dataclass(frozen=True)
class Journal:
    """Rows and totals in the order of their first fields."""

    rows: tuple[JournalRow, ...]
    totals: tuple[JournalTotal, ...]


def journal(connection: Connection, shop_id: str, *, since: date, until: date) -> Journal:
    """Invoices and credit notes dated *since* to *until*, both included, without tests.

    The rates are in what each document says, so each is read, one after the other: about 15,000 a second.
    """
    rows: dict[tuple[object, ...], JournalRow] = {}
    totals: dict[tuple[object, ...], JournalTotal] = {}
    for document in documents_in_period(connection, shop_id, since=since, until=until):
        snapshot = json.loads(document.snapshot)
        for row in rows_of(document, snapshot):
            key = (row.month, row.kind, row.currency, row.country, row.category, row.rate)
            rows[key] = with_row(rows[key], row) if key in rows else row
        total = total_of(document, snapshot)
        head = (total.month, total.kind, total.currency)
        totals[head] = with_total(totals[head], total) if head in totals else total
    in_order = sorted(
        rows.values(), key=lambda row: (row.month, row.kind, row.currency, row.country, row.category, row.rate)
    )
    return Journal(
        tuple(in_order), tuple(sorted(totals.values(), key=lambda total: (total.month, total.kind, total.currency)))
    )


def as_table(found: Journal) -> str:
    """The rows as CSV with the names of the fields on top; no cell can be a formula."""
    return as_csv([field.name for field in fields(JournalRow)], [vars(row) for row in found.rows])


def documents_in_period(connection: Connection, shop_id: str, *, since: date, until: date) -> Iterator[Row[Any]]:
    shown = (documents.c.kind, documents.c.currency, documents.c.issued_on, documents.c.net, documents.c.vat)
    query = select(*shown, documents.c.total, documents.c.snapshot).where(
        documents.c.shop_id == shop_id,
        documents.c.issued_on >= since,
        documents.c.issued_on <= until,
        documents.c.kind.in_((Kind.INVOICE, Kind.CREDIT_NOTE)),
        documents.c.test.is_(False),
    )
    found: Iterable[Row[Any]] = connection.execute(query.execution_options(yield_per=AT_ONCE))
    return iter(found)


def rows_of(document: Row[Any], snapshot: dict[str, Any]) -> list[JournalRow]:
    """One document, a row for each rate on it; one without a rate where it has no VAT table."""
    lines = snapshot.get("vat_lines") or [
        {"category": "", "rate": "0", "base": snapshot["net"], "vat": snapshot["vat"]}
    ]
    sign = -1 if document.kind == Kind.CREDIT_NOTE else 1
    vats = [Decimal(line["vat"]) for line in lines]
    in_euro = vats_in_euro(vats, document.currency, snapshot)
    return [
        JournalRow(
            month=document.issued_on.replace(day=1),
            kind=Kind(document.kind),
            currency=document.currency,
            country=country_of(snapshot),
            category=line["category"],
            rate=Decimal(line["rate"]),
            documents=1,
            base=sign * Decimal(line["base"]),
            vat=sign * vat,
            base_eur=signed(sign, base_in_euro(Decimal(line["base"]), document.currency, snapshot)),
            vat_eur=signed(sign, vat_eur),
        )
        for line, vat, vat_eur in zip(lines, vats, in_euro, strict=True)
    ]


def country_of(snapshot: dict[str, Any]) -> str:
    """Where the goods went: the rate is that country's when a shop sells under OSS."""
    ship_to = snapshot.get("ship_to") or {}
    return str(ship_to.get("country") or snapshot["buyer"].get("address", {}).get("country", ""))


def base_in_euro(base: Decimal, currency: str, snapshot: dict[str, Any]) -> Decimal | None:
    if currency == EURO:
        return base
    rate = snapshot.get("exchange_rate")
    return to_cent(base / Decimal(rate)) if rate else None


def vats_in_euro(vats: list[Decimal], currency: str, snapshot: dict[str, Any]) -> list[Decimal | None]:
    """The VAT of each rate in euros; together exactly what the document says in euros, the largest taking the odd cent."""
    if currency == EURO:
        return list(vats)
    rate, whole = snapshot.get("exchange_rate"), snapshot.get("vat_eur")
    if not rate or whole is None:
        return [None] * len(vats)
    found = [to_cent(vat / Decimal(rate)) for vat in vats]
    largest = max(range(len(found)), key=lambda index: abs(found[index]))
    found[largest] += Decimal(whole) - sum(found, ZERO)
    return list(found)


def signed(sign: int, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else sign * amount


def with_row(row: JournalRow, other: JournalRow) -> JournalRow:
    return replace(
        row,
        documents=row.documents + other.documents,
        base=row.base + other.base,
        vat=row.vat + other.vat,
        base_eur=sum_or_none(row.base_eur, other.base_eur),
        vat_eur=sum_or_none(row.vat_eur, other.vat_eur),
    )


def sum_or_none(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """A sum of which a part is not known is not known."""
    return None if one is None or other is None else one + other


def total_of(document: Row[Any], snapshot: dict[str, Any]) -> JournalTotal:
    sign = -1 if document.kind == Kind.CREDIT_NOTE else 1
    return JournalTotal(
        month=document.issued_on.replace(day=1),
        kind=Kind(document.kind),
        currency=document.currency,
        documents=1,
        net=sign * document.net,
        vat=sign * document.vat,
        rounding=sign * Decimal(snapshot.get("rounding", "0.00")),
        total=sign * document.total,
    )


def with_total(total: JournalTotal, other: JournalTotal) -> JournalTotal:
    return replace(
        total,
        documents=total.documents + other.documents,
        net=total.net + other.net,
        vat=total.vat + other.vat,
        rounding=total.rounding + other.rounding,
        total=total.total + other.total,
    )
