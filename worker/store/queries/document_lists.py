"""The lists of documents, drafts and orders. A page reads what its rows show, never what a document says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import Row

from worker.domain.document import Kind, Problem
from worker.domain.document_money import DocumentMoney, of_test
from worker.domain.money import ZERO
from worker.domain.payment import Balance
from worker.store import document_balances, order_search, payment_attempts, steps
from worker.store.database import json_codec
from worker.store.database.pagination import (
    ALWAYS,
    FIRST_PAGE,
    Between,
    Keys,
    Page,
    PageRequest,
    RowConditions,
    RowOrder,
    read_page,
)
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import Shops, is_one, within
from worker.store.database.tables import FAILED, drafts, unpaid
from worker.store.database.tables import documents as made
from worker.store.database.tables import jobs as work
from worker.store.database.text_columns import folded, json_text
from worker.store.documents import as_document
from worker.store.order_search import Search
from worker.store.queries import document_money
from worker.store.steps import Step

# Documents


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents; what is left out does not matter. *since* and *until* are dates of issue, both included.

    *unpaid*: invoices that wait for their money (no tests, none that were credited wholly). *text* is what a person typed:
    each word must begin a word of the buyer's name, company or mail address, of the order's number or of the document's.
    """

    kind: Kind | None = None
    order_id: int | None = None
    since: date | None = None
    until: date | None = None
    unpaid: bool = False
    mail_failed: bool = False
    text: str = ""


@dataclass(frozen=True)
class DocumentRow:
    """One document as lists show it. *credited* is what credit notes took back; *paid_on* the day if it is paid, of an invoice or a
    payment request, which is *unpaid* while it asks for money.

    *steps* holds a Step for each thing that was to be done with it (state, reason, attempts, next_at), by its name.
    """

    document_id: int
    shop_id: str
    kind: Kind
    number: str
    issued_on: date
    order_id: int
    order_number: str
    buyer: str
    currency: str
    total: Decimal
    test: bool
    unpaid: bool
    paid_on: date | None
    credited: Decimal
    steps: dict[str, Step]


DOCUMENT_COLUMNS = (
    "document_id", "shop_id", "kind", "number", "issued_on", "order_id", "order_number", "buyer", "currency", "total", "test",
)  # fmt: skip


DOCUMENT_SORTS = {"number": made.c.number, "buyer": folded(made.c.buyer), "amount": made.c.total}
# Of all documents of one shop. None by buyer: who looks for one types the name, and each index is written with each document.
INDEXED_DOCUMENTS: dict[str, Keys] = {"number": (made.c.number,), "amount": (made.c.total, made.c.document_id)}


def documents_page(
    connection: Connection, shops: Shops, wanted: DocumentFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[DocumentRow]:
    """Issued documents, the newest first (by date, then in the order in which they were issued)."""
    wanted = wanted or DocumentFilter()
    search = order_search.search(connection, shops, wanted.text)
    source, keys = documents_source(wanted, search)
    query = select(*(made.c[name] for name in DOCUMENT_COLUMNS)).select_from(source)
    query = query.where(*within(owner_of(keys), shops), *documents_conditions(wanted, search))
    exact = exact_document(connection, source, shops, search)
    if exact is not None:
        query = query.where(made.c.document_id == exact)
    is_whole = wanted == DocumentFilter() and is_one(shops)
    order = RowOrder(keys, sorts=DOCUMENT_SORTS, indexed=INDEXED_DOCUMENTS if is_whole else {})
    page = read_page(connection, query, order, page_request, row_conditions=row_conditions(search))
    return page.of(document_rows(connection, page.rows))


def documents_source(wanted: DocumentFilter, search: Search | None) -> tuple[FromClause, Keys]:
    """The smallest table that leads to the filtered rows, and by what its rows are sorted."""
    plain = (made.c.issued_on, made.c.document_id)
    if search is not None and search.candidates is not None:
        few = search.candidates
        return few.join(made, and_(made.c.shop_id == few.c.shop_id, made.c.order_id == few.c.order_id)), plain
    if wanted.mail_failed:
        return work.join(made, made.c.document_id == work.c.document_id), (work.c.document_id,)
    if wanted.unpaid:
        return unpaid.join(made, made.c.document_id == unpaid.c.document_id), (unpaid.c.issued_on, unpaid.c.document_id)
    return made, plain


def owner_of(keys: Keys) -> ColumnElement[str]:
    """The shop in the table that is scanned: its index begins with that column."""
    table = getattr(keys[-1], "table", made)
    owner: ColumnElement[str] = table.c.shop_id
    return owner


def documents_conditions(wanted: DocumentFilter, search: Search | None) -> list[ColumnElement[bool]]:
    few = search is not None and search.candidates is not None
    found: list[ColumnElement[bool]] = []
    if search is not None and few:
        found += search.conditions(made)
    if wanted.mail_failed:
        failed = and_(literal_column("jobs." + FAILED), work.c.name == literal_column("'mail'"), steps.IS_STEP)
        found.append(exists().where(work.c.document_id == made.c.document_id, failed) if few else failed)
    if wanted.unpaid:
        walked = not (few or wanted.mail_failed)
        owed = unpaid.c.kind == Kind.INVOICE
        found.append(owed if walked else exists().where(unpaid.c.document_id == made.c.document_id, owed))
    issued_on = unpaid.c.issued_on if wanted.unpaid and not (few or wanted.mail_failed) else made.c.issued_on
    if wanted.order_id is not None:
        found.append(made.c.order_id == wanted.order_id)
    if wanted.kind is not None:
        found.append(made.c.kind == wanted.kind)
    if wanted.since is not None:
        found.append(issued_on >= wanted.since)
    if wanted.until is not None:
        found.append(issued_on <= wanted.until)
    return found


def row_conditions(search: Search | None) -> RowConditions | None:
    """The words that each row is tested for, as very many orders have them."""
    return (
        RowConditions(("shop_id", "order_id"), search.conditions)
        if search is not None and search.candidates is None
        else None
    )


def exact_document(connection: Connection, source: FromClause, shops: Shops, search: Search | None) -> int | None:
    """The one document of which the whole number was typed; None where several have it, or none."""
    if search is None or search.candidates is None or len(search.terms) != 1:
        return None
    query = select(made.c.document_id).select_from(source).where(*within(made.c.shop_id, shops))
    found = connection.execute(query.where(func.lower(made.c.number) == search.terms[0]).limit(2)).scalars().all()
    return int(found[0]) if len(found) == 1 else None


def document_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[DocumentRow]:
    ids = [row.document_id for row in rows]
    balances = document_balances.of_documents(connection, ids)
    todo = steps.of_documents(connection, ids)
    open_ids = set(
        connection.execute(
            select(unpaid.c.document_id).where(unpaid.c.document_id.in_(ids), unpaid.c.kind == Kind.INVOICE)
        ).scalars()
    )
    tests = [row.document_id for row in rows if row.test and row.kind == Kind.INVOICE]
    open_ids |= open_tests(connection, tests, balances) if tests else set()
    requests = asked_by(connection, [row.document_id for row in rows if row.kind == Kind.PAYMENT_REQUEST])
    open_ids |= {document_id for document_id, money in requests.items() if money.is_owed}
    return [
        DocumentRow(
            **{name: getattr(row, name) for name in DOCUMENT_COLUMNS if name != "kind"},
            kind=Kind(row.kind),
            unpaid=row.document_id in open_ids,
            paid_on=(requests.get(row.document_id) or balances[row.document_id]).paid_on,
            credited=balances[row.document_id].credited or ZERO,
            steps=todo.get(row.document_id, {}),
        )
        for row in rows
    ]


def asked_by(connection: Connection, requests: Sequence[int]) -> dict[int, DocumentMoney]:
    """What is asked by payment requests now; a page has few."""
    if not requests:
        return {}
    said = list(map(as_document, connection.execute(select(made).where(made.c.document_id.in_(requests)))))
    return {money.document.document_id: money for money in document_money.of_documents(connection, said)}


def open_tests(connection: Connection, invoices: Sequence[int], balances: Mapping[int, Balance]) -> set[int]:
    """Those of which something is open. They wait for nothing, so only what they say tells it: they are few."""
    came = payment_attempts.paid_of(connection, invoices)
    said = map(as_document, connection.execute(select(made).where(made.c.document_id.in_(invoices))))
    found = [of_test(one, balances[one.document_id], came.get(one.document_id)) for one in said]
    return {money.document.document_id for money in found if money.open > 0}


# Drafts


@dataclass(frozen=True)
class DraftRow:
    """A draft that waits for a person. *problems* is empty where the shop's rule wants a draft."""

    draft_id: int
    shop_id: str
    created_at: datetime
    kind: Kind
    order_id: int
    order_number: str
    buyer: str
    currency: str
    total: Decimal
    problems: tuple[Problem, ...]


DRAFT_SORTS = {
    "order": drafts.c.order_id,
    "buyer": folded(
        case(
            (json_text(drafts.c.snapshot, "buyer", "company") != "", json_text(drafts.c.snapshot, "buyer", "company")),
            else_=json_text(drafts.c.snapshot, "buyer", "name"),
        )
    ),
    "why": drafts.c.code,
    "amount": cast(json_text(drafts.c.snapshot, "total"), Float),
}


def drafts_page(
    connection: Connection,
    shops: Shops,
    page_request: PageRequest = FIRST_PAGE,
    *,
    saved: Between = ALWAYS,
    oldest_first: bool = False,
) -> Page[DraftRow]:
    """Open drafts, the newest first. (A draft is small and few are open: its snapshot is read, since no column has its text.)"""
    query = open_drafts(shops).where(*saved.conditions(drafts.c.created_at))
    page = read_page(connection, query, RowOrder((drafts.c.draft_id,), oldest_first, DRAFT_SORTS), page_request)
    return page.of([as_draft_row(row) for row in page.rows])


def count_open_drafts(connection: Connection, shop_id: str) -> int:
    """How many drafts of a shop wait."""
    counted = select(func.count()).where(drafts.c.state == "open", drafts.c.shop_id == shop_id)
    return int(connection.execute(counted).scalar_one())


def open_drafts(shops: Shops) -> Select[Any]:
    shown = (drafts.c.draft_id, drafts.c.shop_id, drafts.c.created_at, drafts.c.order_id, drafts.c.snapshot)
    return select(*shown).where(drafts.c.state == "open", *within(drafts.c.shop_id, shops))


def as_draft_row(row: Row[Any]) -> DraftRow:
    snapshot = json.loads(row.snapshot)
    return read_row(
        DraftRow,
        row,
        kind=Kind(snapshot["kind"]),
        order_number=snapshot["order_number"],
        buyer=snapshot["buyer"].get("company") or snapshot["buyer"]["name"],
        currency=snapshot["currency"],
        total=Decimal(snapshot["total"]),
        problems=json_codec.typed(tuple[Problem, ...], snapshot.get("problems", [])),
    )


# Orders
