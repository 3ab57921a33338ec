"""What is open of documents: their total less their credit notes less what was paid. It is always counted anew."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, delete, exists, func, insert, select

from worker.domain.document import Kind
from worker.domain.money import ZERO
from worker.domain.payment import Balance
from worker.store.database.column_types import Instant
from worker.store.database.made_once import among, given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.tables import documents, payment_shares, payments, unpaid

# Once, not for every question: to make the columns of an alias takes longer than to read a row.
CREDIT_NOTES, REVERSALS = documents.alias("credit_notes"), payments.alias("reversals")
CREDITED = (
    select(func.sum(CREDIT_NOTES.c.total, type_=CREDIT_NOTES.c.total.type))
    .where(CREDIT_NOTES.c.corrects == documents.c.document_id)
    .scalar_subquery()
)


def stands() -> ColumnElement[bool]:
    """That a payment was not reversed, and reverses none."""
    return unindexed(payments.c.reverses).is_(None) & ~exists().where(REVERSALS.c.reverses == payments.c.payment_id)


# Made once: a statement costs more to build than to run.
STANDS = stands()
# Not what went back: it was not paid with that.
CAME = and_(STANDS, payments.c.amount >= ZERO)
BALANCES = (
    select(
        documents.c.document_id,
        documents.c.total,
        CREDITED,
        func.sum(payment_shares.c.amount, type_=payment_shares.c.amount.type),
        func.max(case((CAME, payments.c.paid_on))),
        func.max(case((CAME, payment_shares.c.created_at))),
        func.sum(case((CAME, payment_shares.c.amount)), type_=payment_shares.c.amount.type),
        documents.c.currency,
    )
    .outerjoin(payment_shares, payment_shares.c.document_id == documents.c.document_id)
    .outerjoin(payments, payments.c.payment_id == payment_shares.c.payment_id)
    .group_by(documents.c.document_id)
)
OF_DOCUMENTS = made_once(BALANCES.where(among(documents.c.document_id, "document_ids")))
BY_THEN = (
    select(func.sum(CREDIT_NOTES.c.total, type_=CREDIT_NOTES.c.total.type))
    .where(
        CREDIT_NOTES.c.corrects == documents.c.document_id, CREDIT_NOTES.c.issued_at <= bindparam("at", type_=Instant())
    )
    .scalar_subquery()
)
CREDITED_BY = (
    select(func.sum(BY_THEN, type_=documents.c.total.type))
    .where(
        *given(documents.c.shop_id, documents.c.order_id, documents.c.order_key),
        documents.c.test.is_(False),
        documents.c.total > CREDITED,
    )
    .scalar_subquery()
)
FORGET = made_once(delete(unpaid).where(*given(unpaid.c.document_id)))


def update_unpaid(connection: Connection, document_id: int) -> Balance:
    """Let the list of unpaid invoices follow what is open now. Call after any payment or credit note."""
    lock(connection, document_id)
    balance = of_documents(connection, [document_id])[document_id]
    if balance.open <= 0:
        connection.execute(FORGET, {"document_id": document_id})
    elif balance.paid is not None:
        # Money was taken back: the invoice waits for it again.
        known = select(unpaid.c.document_id).where(unpaid.c.document_id == document_id)
        names = ("document_id", "shop_id", "kind", "issued_on")
        owed = select(*(documents.c[name] for name in names)).where(
            documents.c.document_id == document_id,
            documents.c.kind == Kind.INVOICE,
            documents.c.test.is_(False),
            ~known.exists(),
        )
        connection.execute(insert(unpaid).from_select(names, owed))
    return balance


def lock(connection: Connection, document_id: int) -> None:
    """Let one transaction at a time count what is open of a document (SQLite: BEGIN IMMEDIATE has done so already)."""
    if connection.dialect.name != "sqlite":
        mine = select(documents.c.document_id).where(documents.c.document_id == document_id)
        connection.execute(mine.with_for_update(key_share=True))


def of_documents(connection: Connection, document_ids: Sequence[int] | Select[Any]) -> dict[int, Balance]:
    """What is open of each of these documents, given by their ids or by a query for them."""
    if isinstance(document_ids, Select):
        rows = connection.execute(BALANCES.where(documents.c.document_id.in_(document_ids)))
    elif not document_ids:
        return {}
    else:
        rows = connection.execute(OF_DOCUMENTS, {"document_ids": document_ids})
    return {int(document_id): Balance(*amounts) for document_id, *amounts in rows}
