"""Documents and drafts as the API tells of them: pages by key, with filters that indexes answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, or_, select, tuple_, union

from worker.domain.document import Document, Kind
from worker.store.database.plan import is_found, unindexed
from worker.store.database.tables import document_links, documents, drafts, jobs, payment_shares, payments
from worker.store.documents import as_document
from worker.store.drafts import as_stored_draft
from worker.store.jobs import JobKind
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, draft_details


@dataclass(frozen=True)
class ApiDocumentFilter:
    """Which documents; None: all.

    *updated_since*: issued, paid, credited, its links revoked or renewed, or a step done since then.
    """

    kind: Kind | None = None
    number: str | None = None
    order_id: int | None = None
    order_number: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    updated_since: datetime | None = None


def page(
    connection: Connection, shop_id: str, wanted: ApiDocumentFilter, *, after: int, limit: int
) -> tuple[DocumentDetails, ...]:
    """Up to *limit* documents of a shop that come after the one with id *after*, oldest first: by id, or by date where one is wanted."""
    by_date = wanted.issued_from is not None or wanted.issued_to is not None
    # By the index that finds them: by id, the first of a late month would come after reading all of the years before.
    keys = (documents.c.issued_on, documents.c.document_id) if by_date else (documents.c.document_id,)
    # What changed is found first, and then whose it is.
    owner = documents.c.shop_id if wanted.updated_since is None else unindexed(documents.c.shop_id)
    mine = select(documents).where(owner == shop_id, *conditions(connection, shop_id, wanted))
    mine = mine.where(behind(connection, shop_id, after, by_date=by_date)).order_by(*keys).limit(limit)
    return order_history.details(connection, [as_document(row) for row in connection.execute(mine)])


def behind(connection: Connection, shop_id: str, after: int, *, by_date: bool) -> ColumnElement[bool]:
    one = (documents.c.shop_id == shop_id, documents.c.document_id == after)
    dated = connection.execute(select(documents.c.issued_on).where(*one)).scalar() if by_date else None
    if dated is None:
        return documents.c.document_id > after
    return tuple_(documents.c.issued_on, documents.c.document_id) > (dated, after)


def conditions(connection: Connection, shop_id: str, wanted: ApiDocumentFilter) -> Iterator[ColumnElement[bool]]:
    column = documents.c
    if wanted.kind is not None:
        yield column.kind == wanted.kind
    if wanted.number is not None:
        yield column.number == wanted.number
    if wanted.order_id is not None:
        yield column.order_id == wanted.order_id
    if wanted.order_number is not None:
        yield column.order_number == wanted.order_number
    if wanted.issued_from is not None:
        yield column.issued_on >= wanted.issued_from
    if wanted.issued_to is not None:
        yield column.issued_on <= wanted.issued_to
    if wanted.updated_since is not None:
        yield is_found(connection, documents.c.document_id, changed_since(shop_id, wanted.updated_since))


def changed_since(shop_id: str, since: datetime) -> CompoundSelect[Any]:
    mine = documents.c.shop_id == shop_id
    day = since.date() - timedelta(days=1)  # leads to the few of which the instant is then asked
    credit_notes = (mine, documents.c.kind == Kind.CREDIT_NOTE, documents.c.issued_on >= day)
    return union(
        select(documents.c.document_id).where(mine, documents.c.issued_at >= since),
        select(documents.c.corrects).where(*credit_notes, unindexed(documents.c.issued_at) >= since),
        select(jobs.c.document_id).where(
            jobs.c.shop_id == shop_id, jobs.c.kind == JobKind.STEP, jobs.c.done_at >= since
        ),
        select(unindexed(payment_shares.c.document_id))
        .join(payments, payments.c.payment_id == payment_shares.c.payment_id)
        .where(unindexed(payments.c.shop_id) == shop_id, payment_shares.c.created_at >= since),
        select(unindexed(document_links.c.document_id)).where(
            or_(document_links.c.revoked_at >= since, document_links.c.renewed_at >= since)
        ),
    )


def corrected_by(connection: Connection, document: Document) -> tuple[str, ...]:
    """The numbers of the credit notes against a document, oldest first."""
    mine = (
        documents.c.shop_id == document.shop_id,
        documents.c.order_id == document.draft.order_id,
        documents.c.corrects == document.document_id,
    )
    found = select(documents.c.number).where(*mine).order_by(documents.c.document_id)
    return tuple(connection.execute(found).scalars())


def open_drafts(
    connection: Connection, shop_id: str, *, order_id: int | None, after: int, limit: int
) -> tuple[DocumentDetails, ...]:
    """Up to *limit* drafts that wait for a person, with ids above *after*, oldest first."""
    mine = select(drafts).where(drafts.c.shop_id == shop_id, drafts.c.state == "open", drafts.c.draft_id > after)
    if order_id is not None:
        mine = mine.where(drafts.c.order_id == order_id)
    rows = connection.execute(mine.order_by(drafts.c.draft_id).limit(limit))
    return tuple(draft_details(as_stored_draft(row)) for row in rows)


def open_draft(connection: Connection, shop_id: str, draft_id: int) -> DocumentDetails | None:
    mine = (drafts.c.shop_id == shop_id, drafts.c.draft_id == draft_id, drafts.c.state == "open")
    row = connection.execute(select(drafts).where(*mine)).one_or_none()
    return draft_details(as_stored_draft(row)) if row else None
