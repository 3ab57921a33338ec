"""The sales journal for the accountant: what was sold and taken back, per month, kind, currency, country, rate and reason.

Documents are never changed, so what each day sold is summed once, where a document is stored (`worker.store.daily_sales`)."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy.engine import Row

from worker.domain.csv_table import as_csv
from worker.domain.document import Kind
from worker.domain.sold import JournalRow, JournalTotal, SoldDocument, rows_of, total_of, with_row, with_total
from worker.store.database.rows import read_row
from worker.store.database.tables import daily_sales, daily_totals

T = TypeVar("T")


@dataclass(frozen=True)
class Journal:
    """Rows and totals in the order of their first fields; of a month the invoices first."""

    rows: tuple[JournalRow, ...]
    totals: tuple[JournalTotal, ...]

    @property
    def sums(self) -> tuple[JournalTotal, ...]:
        """Invoices less credit notes of all months, one of each currency."""
        by_currency: dict[tuple[Any, ...], JournalTotal] = {}
        add_all(by_currency, self.totals, lambda total: (total.currency,), with_total)
        return tuple(by_currency[currency] for currency in sorted(by_currency))


def journal(connection: Connection, shop_id: str, *, since: date, until: date) -> Journal:
    """Invoices and credit notes dated *since* to *until*, both included, without tests: from the sums of each day."""
    return summed(
        map(as_row, select_days(connection, daily_sales, shop_id, since, until)),
        map(as_total, select_days(connection, daily_totals, shop_id, since, until)),
    )


def fell_due(connection: Connection, shop_id: str, *, since: date, until: date) -> tuple[JournalRow, ...]:
    """The rows whose VAT fell due in the months *since* to *until* (their first days), whenever their documents were issued."""
    # VAT falls due on the day of the document or before, so none of them is of an earlier day.
    days = select(daily_sales).where(
        daily_sales.c.shop_id == shop_id,
        daily_sales.c.issued_on >= since,
        daily_sales.c.tax_month >= since,
        daily_sales.c.tax_month <= until,
    )
    return summed(map(as_row, connection.execute(days.order_by(*daily_sales.primary_key))), ()).rows


def of_documents(sold: Iterable[tuple[SoldDocument, str]]) -> Journal:
    """The same from what each document says, for those who prove the sums: its columns and its text as stored."""
    rows: dict[tuple[Any, ...], JournalRow] = {}
    totals: dict[tuple[Any, ...], JournalTotal] = {}
    for document, text in sold:
        snapshot = json.loads(text)
        add_all(rows, rows_of(document, snapshot), key_of, with_row)
        add_all(totals, [total_of(document, snapshot)], head_of, with_total)
    return in_order(rows, totals)


def summed(rows: Iterable[JournalRow], totals: Iterable[JournalTotal]) -> Journal:
    by_key: dict[tuple[Any, ...], JournalRow] = {}
    by_head: dict[tuple[Any, ...], JournalTotal] = {}
    add_all(by_key, rows, key_of, with_row)
    add_all(by_head, totals, head_of, with_total)
    return in_order(by_key, by_head)


def add_all(
    found: dict[tuple[Any, ...], T],
    more: Iterable[T],
    key_of: Callable[[T], tuple[Any, ...]],
    both: Callable[[T, T], T],
) -> None:
    for one in more:
        key = key_of(one)
        found[key] = both(found[key], one) if key in found else one


def in_order(rows: dict[tuple[Any, ...], JournalRow], totals: dict[tuple[Any, ...], JournalTotal]) -> Journal:
    return Journal(
        tuple(rows[key] for key in sorted(rows, key=invoices_first)),
        tuple(totals[head] for head in sorted(totals, key=invoices_first)),
    )


def invoices_first(key: tuple[Any, ...]) -> tuple[Any, ...]:
    month, kind, *rest = key
    return month, kind is not Kind.INVOICE, kind, *rest


def head_of(total: JournalTotal) -> tuple[Any, ...]:
    return total.month, total.kind, total.currency


def select_days(connection: Connection, table: Table, shop_id: str, since: date, until: date) -> Iterable[Row[Any]]:
    """In the order in which they were, so that what is the same is written as the first one wrote it."""
    mine = (table.c.shop_id == shop_id, table.c.issued_on >= since, table.c.issued_on <= until)
    return connection.execute(select(table).where(*mine).order_by(*table.primary_key))


def as_row(day: Row[Any]) -> JournalRow:
    month = day.issued_on.replace(day=1)
    return read_row(JournalRow, day, month=month, kind=Kind(day.kind), rate=Decimal(day.rate))


def as_total(day: Row[Any]) -> JournalTotal:
    return read_row(JournalTotal, day, month=day.issued_on.replace(day=1), kind=Kind(day.kind))


def key_of(row: JournalRow) -> tuple[Any, ...]:
    """What rows are summed by, and in which order they stand."""
    head = (row.month, row.kind, row.currency, row.country, row.vat_country)
    return (*head, row.category, row.rate, row.reason, row.tax_month)


def as_table(found: Journal, *, decimal_comma: bool = False) -> str:
    """The rows as CSV with the names of the fields on top; no cell can be a formula."""
    columns = [field.name for field in fields(JournalRow)]
    return as_csv(columns, [vars(row) for row in found.rows], decimal_comma=decimal_comma)
