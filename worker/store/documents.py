"""Documents, drafts and files. A document's row is written once and never again; what becomes of it is in other tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select
from sqlalchemy.engine import Row

from worker.domain.document import Document, Draft, History, Kind, StoredDraft
from worker.domain.order import OrderKey
from worker.domain.payment import GIFT_CARD, PaymentSource, Receipt
from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.store import (
    daily_sales,
    document_balances,
    order_search,
    payment_references,
    payments,
    waiting_orders,
    webhooks,
)
from worker.store.counters import TakenNumber
from worker.store.database import json_codec
from worker.store.database.made_once import given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.tables import documents, drafts, unpaid
from worker.store.drafts import as_stored_draft
from worker.store.payment_shares import keys_of, of_several


@dataclass(frozen=True)
class NewDocument:
    """A draft that got its number. It gets the next id, or the *document_id* that it had before the database was lost: links to
    it are out there.
    """

    shop_id: str
    taken: TakenNumber
    draft: Draft
    issued_at: datetime
    document_id: int | None = None

    @cached_property
    def snapshot(self) -> str:
        """All that the document says, as it is stored."""
        return json_codec.dump(self.draft)


@dataclass(frozen=True)
class DocumentPeriod:
    """Documents of some kinds, dated from *since* to *until*, both included."""

    since: date
    until: date
    kinds: Sequence[Kind]


# Made once: a statement costs more to build than to run.
FIND = made_once(select(documents).where(*given(documents.c.document_id)))
BY_NUMBER = made_once(select(documents).where(*given(documents.c.shop_id, documents.c.number)))
BY_CAUSE = made_once(select(documents).where(*given(documents.c.shop_id, documents.c.cause, documents.c.order_key)))
OF_ORDER = made_once(
    select(documents)
    .where(*given(documents.c.shop_id, documents.c.order_id, documents.c.order_key))
    .order_by(documents.c.document_id)
)
OF_ORDERS = made_once(select(documents).where(*of_several(documents)).order_by(unindexed(documents.c.document_id)))
DRAFTS_OF_ORDER = made_once(
    select(drafts)
    .where(*given(drafts.c.shop_id, drafts.c.order_id, drafts.c.order_key), drafts.c.state != "issued")
    .order_by(drafts.c.draft_id)
)
ADD = made_once(insert(documents).returning(documents.c.document_id))


def add(connection: Connection, new: NewDocument) -> Document:
    """Store an issued document, and plan the events of the endpoints that want it.

    Call in the transaction that took its number. Raises IntegrityError for a cause that has one.
    """
    shop_id, taken, draft, document_id = new.shop_id, new.taken, new.draft, new.document_id
    stored_id = connection.execute(
        ADD,
        dict(
            **({} if document_id is None else {"document_id": document_id}),
            shop_id=shop_id,
            cause=draft.cause,
            kind=draft.kind,
            series=taken.series,
            sequence=taken.sequence,
            period=taken.period,
            number=taken.number,
            issued_on=taken.issued_on,
            issued_at=new.issued_at,
            order_id=draft.order_id,
            order_key=draft.order_key,
            order_number=draft.order_number,
            currency=draft.currency,
            net=draft.net,
            vat=draft.vat,
            total=draft.total,
            language=draft.language,
            buyer=draft.buyer.company or draft.buyer.name,
            corrects=draft.corrects.document_id if draft.corrects else None,
            due_on=draft.payment.due_on if draft.payment else None,
            test=draft.test,
            snapshot=new.snapshot,
            snapshot_sha256=json_codec.sha256(new.snapshot),
        ),
    ).scalar_one()
    if document_id is not None and connection.dialect.name == "postgresql":
        # A sequence of PostgreSQL does not see ids that were given to it.
        newest = select(func.max(documents.c.document_id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence("documents", "document_id"), newest)))
    document = Document(
        int(stored_id), shop_id, taken.series, taken.number, taken.sequence, taken.issued_on, new.issued_at, draft
    )
    daily_sales.add(connection, document, new.snapshot)
    expect_payment(connection, document)
    webhooks.plan(connection, WebhookEventKind.ISSUED, document.document_id, now=new.issued_at)
    if draft.corrects is not None:
        document_balances.update_unpaid(connection, draft.corrects.document_id)
        webhooks.plan(connection, WebhookEventKind.CREDITED, document.document_id, now=new.issued_at)
    payment_references.add(connection, document)
    store_prepaid(connection, document)
    words = order_search.words_of_number(taken.number) | {order_search.word_of_amount(draft.total)}
    order_search.add(connection, shop_id, draft.order_id, words)
    return document


def expect_payment(connection: Connection, document: Document) -> None:
    """Add an issued invoice to `unpaid`, unless it was paid before it was made."""
    draft = document.draft
    if draft.kind is Kind.INVOICE and not draft.test and not draft.is_paid and draft.total > 0:
        values = {"document_id": document.document_id, "shop_id": document.shop_id, "issued_on": document.issued_on}
        connection.execute(insert(unpaid).values(kind=draft.kind, **values))


def store_prepaid(connection: Connection, document: Document) -> None:
    """Count the gift cards that paid of an issued invoice, and let them and what came in before pay it; its order waits no longer without one."""
    draft, now = document.draft, document.issued_at
    if draft.kind is not Kind.INVOICE or draft.test:
        waiting_orders.follow(connection, document.order)
        return
    receipt = Receipt(draft.ordered_on, PaymentSource.ORDER, by="order", method=GIFT_CARD, currency=draft.currency)
    cards = [(one.amount, replace(receipt, reference=one.code or one.name)) for one in draft.prepaid if one.by_card]
    payments.tell_paid(connection, payments.take_before(connection, document.order, cards, now=now), now=now)


def get(connection: Connection, document_id: int) -> Document:
    """The document with *document_id*. Raises Rejected when there is none."""
    found = find(connection, document_id)
    if found is None:
        raise Rejected("There is no document with id {document_id}.", document_id=document_id, code="document_unknown")
    return found


def find(connection: Connection, document_id: int) -> Document | None:
    row = connection.execute(FIND, {"document_id": document_id}).one_or_none()
    return as_document(row) if row is not None else None


def of_shop(connection: Connection, shop_id: str, document_id: int) -> Document | None:
    """A document of this shop; None when there is none, or it is another shop's."""
    found = find(connection, document_id)
    return found if found is not None and found.shop_id == shop_id else None


def by_number(connection: Connection, shop_id: str, number: str) -> Document | None:
    row = connection.execute(BY_NUMBER, {"shop_id": shop_id, "number": number}).one_or_none()
    return as_document(row) if row is not None else None


def by_cause(connection: Connection, shop_id: str, cause: str, order_key: str) -> Document | None:
    row = connection.execute(BY_CAUSE, {"shop_id": shop_id, "cause": cause, "order_key": order_key}).one_or_none()
    return as_document(row) if row is not None else None


def history(connection: Connection, shop_id: str, order_id: int, order_key: str) -> History:
    """Everything made for one order so far, oldest first."""
    order = OrderKey(shop_id, order_id, order_key)
    waiting = connection.execute(DRAFTS_OF_ORDER, vars(order))
    return History(of_order(connection, order), tuple(as_stored_draft(row) for row in waiting))


def of_order(connection: Connection, order: OrderKey) -> tuple[Document, ...]:
    """The documents of one order, oldest first."""
    return tuple(as_document(row) for row in connection.execute(OF_ORDER, vars(order)))


def of_orders(connection: Connection, some: Iterable[OrderKey]) -> dict[OrderKey, tuple[Document, ...]]:
    """The same of several orders, those of which there is any."""
    found: dict[OrderKey, tuple[Document, ...]] = {}
    for document in map(as_document, connection.execute(OF_ORDERS, keys_of(some))):
        found[document.order] = (*found.get(document.order, ()), document)
    return found


def listing(
    connection: Connection, *, shop_id: str | None, order_id: int | None
) -> tuple[tuple[Document, ...], tuple[StoredDraft, ...]]:
    """Documents and waiting drafts, oldest first, of all shops or one, of all orders or one."""
    issued, waiting = (
        select(documents).order_by(documents.c.document_id),
        select(drafts).where(drafts.c.state == "open"),
    )
    if shop_id is not None:
        issued, waiting = issued.where(documents.c.shop_id == shop_id), waiting.where(drafts.c.shop_id == shop_id)
    if order_id is not None:
        issued, waiting = issued.where(documents.c.order_id == order_id), waiting.where(drafts.c.order_id == order_id)
    waiting = waiting.order_by(drafts.c.draft_id)
    return (
        tuple(as_document(row) for row in connection.execute(issued)),
        tuple(as_stored_draft(row) for row in connection.execute(waiting)),
    )


def issued_between(
    connection: Connection, shop_id: str, period: DocumentPeriod, *, after: tuple[date, int] | None, limit: int
) -> tuple[Document, ...]:
    """Documents of a period, by date and id, up to *limit* of those *after* a date and id."""
    query = select(documents).where(*in_period(shop_id, replace(period, since=after[0]) if after else period))
    if after is not None:
        query = query.where(or_(documents.c.issued_on > after[0], documents.c.document_id > after[1]))
    query = query.order_by(documents.c.issued_on, documents.c.document_id).limit(limit)
    return tuple(as_document(row) for row in connection.execute(query))


def count_issued_between(connection: Connection, shop_id: str, period: DocumentPeriod) -> int:
    """How many `issued_between` gives in all."""
    query = select(func.count()).select_from(documents).where(*in_period(shop_id, period))
    return int(connection.execute(query).scalar_one())


def in_period(shop_id: str, period: DocumentPeriod) -> tuple[ColumnElement[bool], ...]:
    day, kind = documents.c.issued_on, documents.c.kind
    return (documents.c.shop_id == shop_id, day >= period.since, day <= period.until, kind.in_(period.kinds))


def every(connection: Connection, shop_id: str, *, at_once: int = 500) -> Iterator[Document]:
    """All documents of a shop, oldest first, some at a time: a million need not fit in memory."""
    last = 0
    while True:
        query = select(documents).where(documents.c.shop_id == shop_id, documents.c.document_id > last)
        rows = connection.execute(query.order_by(documents.c.document_id).limit(at_once)).all()
        yield from (as_document(row) for row in rows)
        if len(rows) < at_once:
            return
        last = rows[-1].document_id


def issued_from(connection: Connection, draft_id: int) -> Document | None:
    """The document that a draft became; None where it was not issued."""
    row = connection.execute(select(drafts).where(drafts.c.draft_id == draft_id)).one_or_none()
    return by_cause(connection, row.shop_id, row.cause, row.order_key) if row and row.state == "issued" else None


def as_document(row: Row[Any]) -> Document:
    return Document(
        document_id=row.document_id,
        shop_id=row.shop_id,
        series=row.series,
        number=row.number,
        sequence=row.sequence,
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        draft=draft_of(row.snapshot),
    )


@lru_cache(maxsize=50)
def draft_of(snapshot: str) -> Draft:
    """What a document says, as it is stored. Kept: each step of a document reads it anew, and nobody changes it."""
    return json_codec.load(Draft, snapshot)
