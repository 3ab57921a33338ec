"""What was paid of documents. Rows are only ever added (the database refuses the rest); what is open is always counted anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from worker.domain.document import Kind
from worker.domain.money import ZERO
from worker.domain.payment import Balance, PaymentSource, Receipt
from worker.domain.webhook import WebhookEventKind
from worker.store import webhooks
from worker.store.database.tables import documents, payments, unpaid


@dataclass(frozen=True)
class Payment:
    """Money that came in for a document, in the document's currency. *paid_on* is a day in the seller's zone."""

    payment_id: int
    shop_id: str
    document_id: int
    amount: Decimal
    currency: str
    paid_on: date
    method: str
    reference: str
    source: PaymentSource
    created_at: datetime
    created_by: str


def add(connection: Connection, document_id: int, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Store that *amount* came in. Once nothing is open any more, whoever wants to be told of it is owed a call."""
    mine = select(documents.c.shop_id, documents.c.currency).where(documents.c.document_id == document_id)
    shop_id, currency = connection.execute(mine).one()
    connection.execute(
        insert(payments).values(
            shop_id=shop_id,
            document_id=document_id,
            amount=amount,
            currency=currency,
            paid_on=receipt.paid_on,
            method=receipt.method,
            reference=receipt.reference,
            source=receipt.source,
            created_at=now,
            created_by=receipt.by,
        )
    )
    if update_unpaid(connection, document_id).is_paid:
        webhooks.plan(connection, WebhookEventKind.PAID, document_id, now=now)


def pay_in_full(connection: Connection, document_id: int, receipt: Receipt, *, now: datetime) -> bool:
    """Store that all of what is open came in; False when the document was paid already."""
    lock(connection, document_id)
    balance = balances(connection, [document_id])[document_id]
    if balance.is_paid:
        return False
    add(connection, document_id, max(balance.open, ZERO), receipt, now=now)
    return True


def update_unpaid(connection: Connection, document_id: int) -> Balance:
    """Let the list of unpaid invoices follow what is open now. Call after any payment or credit note."""
    lock(connection, document_id)
    balance = balances(connection, [document_id])[document_id]
    if balance.open <= 0:
        connection.execute(delete(unpaid).where(unpaid.c.document_id == document_id))
    elif balance.paid is not None:
        # Money was taken back: the invoice waits for it again.
        known = select(unpaid.c.document_id).where(unpaid.c.document_id == document_id)
        owed = select(documents.c.document_id, documents.c.shop_id, documents.c.issued_on).where(
            documents.c.document_id == document_id,
            documents.c.kind == Kind.INVOICE,
            documents.c.test.is_(False),
            ~known.exists(),
        )
        connection.execute(insert(unpaid).from_select(["document_id", "shop_id", "issued_on"], owed))
    return balance


def lock(connection: Connection, document_id: int) -> None:
    """Let one transaction at a time count what is open of a document (SQLite: BEGIN IMMEDIATE has done so already)."""
    mine = select(documents.c.document_id).where(documents.c.document_id == document_id)
    connection.execute(mine.with_for_update(key_share=True))


def balances(connection: Connection, document_ids: Sequence[int] | Select[Any]) -> dict[int, Balance]:
    """What is open of each of these documents, given by their ids or by a query for them."""
    credit_notes = documents.alias("credit_notes")
    credited = (
        select(func.sum(credit_notes.c.total, type_=credit_notes.c.total.type))
        .where(credit_notes.c.corrects == documents.c.document_id)
        .scalar_subquery()
    )
    paid = func.sum(payments.c.amount, type_=payments.c.amount.type)
    last = (func.max(payments.c.paid_on), func.max(payments.c.created_at))
    rows = connection.execute(
        select(documents.c.document_id, documents.c.total, credited, paid, *last)
        .outerjoin(payments, payments.c.document_id == documents.c.document_id)
        .where(documents.c.document_id.in_(document_ids))
        .group_by(documents.c.document_id)
    )
    return {int(document_id): Balance(*amounts) for document_id, *amounts in rows}


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, tuple[Payment, ...]]:
    """The payments of each document that has any, oldest first."""
    rows = connection.execute(
        select(payments).where(payments.c.document_id.in_(document_ids)).order_by(payments.c.payment_id)
    )
    found: dict[int, tuple[Payment, ...]] = {}
    for row in rows.mappings():
        payment = Payment(**{**row, "source": PaymentSource(row["source"])})
        found[payment.document_id] = (*found.get(payment.document_id, ()), payment)
    return found
