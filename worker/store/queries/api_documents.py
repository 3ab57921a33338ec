"""Documents and drafts as the API and webhooks tell of them: pages by key, reading no snapshot where the columns say it all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_, union

from worker.domain.document import Kind, StoredDraft
from worker.store.database.tables import documents, drafts, files, marks, steps
from worker.store.documents import as_stored_draft
from worker.store.steps import StepName


@dataclass(frozen=True)
class DocumentSummary:
    """An issued document with what became of it. *corrects* is the number of what it corrects."""

    document_id: int
    shop_id: str
    order_id: int
    order_number: str
    kind: Kind
    number: str
    cause: str
    issued_on: date
    issued_at: datetime
    currency: str
    net: Decimal
    vat: Decimal
    total: Decimal
    language: str
    buyer: str
    corrects_id: int | None
    corrects: str | None
    test: bool
    paid_at: datetime | None
    paid_on: date | None
    is_paid: bool
    mailed_at: datetime | None
    noted_at: datetime | None
    sha256: dict[str, str]  # of each stored file, by format


@dataclass(frozen=True)
class ApiDocumentFilter:
    """Which documents; None: all. *updated_since*: issued, marked, credited, or a step done since then."""

    kind: Kind | None = None
    number: str | None = None
    order_id: int | None = None
    order_number: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    updated_since: datetime | None = None


def page(
    connection: Connection, shop_id: str, wanted: ApiDocumentFilter, *, after: int, limit: int
) -> tuple[DocumentSummary, ...]:
    """Up to *limit* documents of a shop that come after the one with id *after*, oldest first: by id, or by date where one is wanted."""
    mine = select(documents.c.document_id).where(documents.c.shop_id == shop_id, *conditions(shop_id, wanted))
    by_date = wanted.issued_from is not None or wanted.issued_to is not None
    # By the index that finds them: by id, the first of a late month would come after reading all of the years before.
    keys = (documents.c.issued_on, documents.c.document_id) if by_date else (documents.c.document_id,)
    mine = mine.where(behind(connection, shop_id, after, by_date=by_date)).order_by(*keys).limit(limit)
    found = [int(document_id) for document_id in connection.execute(mine).scalars()]
    order = {document_id: index for index, document_id in enumerate(found)}
    return tuple(sorted(summaries(connection, found), key=lambda one: order[one.document_id]))


def behind(connection: Connection, shop_id: str, after: int, *, by_date: bool) -> ColumnElement[bool]:
    one = (documents.c.shop_id == shop_id, documents.c.document_id == after)
    dated = connection.execute(select(documents.c.issued_on).where(*one)).scalar() if by_date else None
    if dated is None:
        return documents.c.document_id > after
    return tuple_(documents.c.issued_on, documents.c.document_id) > (dated, after)


def conditions(shop_id: str, wanted: ApiDocumentFilter) -> Iterator[ColumnElement[bool]]:
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
        yield changed_since(shop_id, wanted.updated_since)


def changed_since(shop_id: str, since: datetime) -> ColumnElement[bool]:
    new = (documents.c.shop_id == shop_id, documents.c.issued_at >= since)
    changed = union(
        select(documents.c.document_id).where(*new),
        select(documents.c.corrects).where(*new, documents.c.corrects.is_not(None)),
        select(steps.c.document_id).where(steps.c.shop_id == shop_id, steps.c.done_at >= since),
        select(marks.c.document_id).where(marks.c.marked_at >= since),
    )
    return documents.c.document_id.in_(changed.scalar_subquery())


def find(connection: Connection, shop_id: str, document_id: int) -> DocumentSummary | None:
    mine = select(documents.c.document_id).where(documents.c.shop_id == shop_id, documents.c.document_id == document_id)
    return next(iter(summaries(connection, list(connection.execute(mine).scalars()))), None)


def summaries(connection: Connection, document_ids: Sequence[int]) -> tuple[DocumentSummary, ...]:
    """The documents with these ids, in the order of their ids; with at most some hundreds at once."""
    original = documents.alias("original")
    paid = and_(marks.c.document_id == documents.c.document_id, marks.c.mark == "paid")
    rows = connection.execute(
        select(
            *(documents.c[name] for name in SUMMARY_COLUMNS),
            documents.c.corrects.label("corrects_id"),
            original.c.number.label("corrects"),
            marks.c.marked_at.label("paid_at"),
            marks.c.on_date.label("paid_on"),
        )
        .outerjoin(original, original.c.document_id == documents.c.corrects)
        .outerjoin(marks, paid)
        .where(documents.c.document_id.in_(document_ids))
        .order_by(documents.c.document_id)
    ).mappings()
    done, stored = done_steps(connection, document_ids), hashes(connection, document_ids)
    return tuple(
        DocumentSummary(
            **{**row, "kind": Kind(row["kind"])},
            is_paid=row["paid_at"] is not None,
            mailed_at=done.get((row["document_id"], StepName.MAIL)),
            noted_at=done.get((row["document_id"], StepName.WRITE_BACK)),
            sha256=stored.get(row["document_id"], {}),
        )
        for row in rows
    )


SUMMARY_COLUMNS = (
    "document_id", "shop_id", "order_id", "order_number", "kind", "number", "cause", "issued_on", "issued_at", "currency",
    "net", "vat", "total", "language", "buyer", "test",
)  # fmt: skip


def done_steps(connection: Connection, document_ids: Sequence[int]) -> dict[tuple[int, str], datetime]:
    rows = connection.execute(
        select(steps.c.document_id, steps.c.name, steps.c.done_at).where(
            steps.c.document_id.in_(document_ids), steps.c.state == "done"
        )
    )
    return {(row.document_id, row.name): row.done_at for row in rows}


def hashes(connection: Connection, document_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    rows = connection.execute(
        select(files.c.document_id, files.c.format, files.c.sha256).where(files.c.document_id.in_(document_ids))
    )
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.document_id, {})[row.format] = row.sha256
    return found


def corrected_by(connection: Connection, shop_id: str, summary: DocumentSummary) -> tuple[str, ...]:
    """The numbers of the credit notes against a document, oldest first."""
    mine = (
        documents.c.shop_id == shop_id,
        documents.c.order_id == summary.order_id,
        documents.c.corrects == summary.document_id,
    )
    found = select(documents.c.number).where(*mine).order_by(documents.c.document_id)
    return tuple(connection.execute(found).scalars())


def open_drafts(
    connection: Connection, shop_id: str, *, order_id: int | None, after: int, limit: int
) -> tuple[StoredDraft, ...]:
    """Up to *limit* drafts that wait for a person, with ids above *after*, oldest first."""
    mine = select(drafts).where(drafts.c.shop_id == shop_id, drafts.c.state == "open", drafts.c.draft_id > after)
    if order_id is not None:
        mine = mine.where(drafts.c.order_id == order_id)
    return tuple(as_stored_draft(row) for row in connection.execute(mine.order_by(drafts.c.draft_id).limit(limit)))


def open_draft(connection: Connection, shop_id: str, draft_id: int) -> StoredDraft | None:
    mine = (drafts.c.shop_id == shop_id, drafts.c.draft_id == draft_id, drafts.c.state == "open")
    row = connection.execute(select(drafts).where(*mine)).one_or_none()
    return as_stored_draft(row) if row else None
