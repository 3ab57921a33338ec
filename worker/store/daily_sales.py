"""What each day sold at each rate, for the journal: added to in the transaction that stores an invoice or a credit note.

A document is never changed, so its share of a sum never is; `verify` counts the sums anew from the documents.
"""

import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from worker.domain.document import Document, Kind
from worker.domain.sold import JournalRow, SoldDocument, rows_of, total_of
from worker.store.database.made_once import made_once
from worker.store.database.tables import daily_sales, daily_totals

OF_JOURNAL = (Kind.INVOICE, Kind.CREDIT_NOTE)


def add(connection: Connection, document: Document, snapshot: str) -> None:
    """Add what *document* sold to its day. *snapshot*: as it is stored. Call under the shop's lock, where the document is stored."""
    draft = document.draft
    if draft.kind not in OF_JOURNAL or draft.test:
        return
    sold = SoldDocument.of(document)
    said = json.loads(snapshot)
    shop_id, day = document.shop_id, document.issued_on
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows_of(sold, said):
        values = row_of_day(shop_id, day, row)
        key = tuple(values[column.name] for column in daily_sales.primary_key)
        rows[key] = values if key not in rows else together(rows[key], values)
    total = total_of(sold, said)
    put(connection, daily_sales, list(rows.values()))
    head = {"shop_id": shop_id, "issued_on": day, "kind": total.kind, "currency": total.currency, "documents": 1}
    amounts = {name: getattr(total, name) for name in ("net", "vat", "rounding", "total")}
    put(connection, daily_totals, [head | amounts])


def row_of_day(shop_id: str, day: date, row: JournalRow) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "month"} | {
        "shop_id": shop_id, "issued_on": day, "rate": f"{row.rate}",
    }  # fmt: skip


def together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two parts of one document that differ in nothing the journal tells."""
    added = {name: one[name] + other[name] for name in ("documents", "base", "vat")}
    euros = {
        name: None if one[name] is None or other[name] is None else one[name] + other[name]
        for name in ("base_eur", "vat_eur")
    }
    return one | added | euros


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Add *rows* to those of their day. A sum of which a part is not known is not known."""
    connection.execute(adding(connection.dialect.name, table), rows)


@cache
def adding(dialect_name: str, table: Table) -> Insert:
    """Made once: a statement costs more to build than to run."""
    new = (sqlite if dialect_name == "sqlite" else postgresql).insert(table)
    sums = {column.name: column + new.excluded[column.name] for column in table.columns if not column.primary_key}
    added: Insert = new.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums)
    return made_once(added)
