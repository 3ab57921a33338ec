"""What is asked for an order and what came in of it."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, select

from worker.domain.document import ASKING, Document, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.order_payment import OPEN_STATUSES
from worker.domain.payment import OrderBalance
from worker.store import document_balances, documents, reminders
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import orders
from worker.store.payment_shares import paid_by_card, total_paid


def of_order(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """None for an order of which no document asks for money, and which does not wait for it in the shop either."""
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    return of_documents(connection, order, made)


def of_documents(connection: Connection, order: OrderKey, made: Sequence[Document]) -> OrderBalance | None:
    """The same, of an order of which these documents were made."""
    issued = [document for document in made if not document.draft.test]
    invoices = [document for document in issued if document.draft.kind is Kind.INVOICE]
    if invoices:
        return of_invoices(connection, order, invoices)
    asking = [document for document in issued if document.draft.kind in ASKING]
    if not asking:
        return of_waiting(connection, order)
    draft, paid = asking[-1].draft, total_paid(connection, order)
    # What was paid before it was made is not among the payments.
    asked = paid if draft.is_paid else draft.to_pay
    return OrderBalance(asked, paid, draft.currency, excess=max(paid - asked, ZERO))


def of_waiting(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """Of an order without documents that its shop waits to be paid; most shops invoice only then."""
    row = connection.execute(
        select(orders.c.total, orders.c.currency).where(
            *is_of_order(orders, order), orders.c.status.in_(OPEN_STATUSES), orders.c.paid_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    asked, paid = Decimal(row.total), total_paid(connection, order)
    return OrderBalance(asked, paid, row.currency, excess=max(paid - asked, ZERO))


def of_invoices(connection: Connection, order: OrderKey, invoices: list[Document]) -> OrderBalance:
    found = document_balances.of_documents(connection, [document.document_id for document in invoices])
    asked = total_of(
        balance.total - (balance.credited or ZERO)
        for invoice in invoices
        for balance in (found[invoice.document_id],)
        if balance.paid is not None or not invoice.draft.is_paid  # paid before it was made, and not among the payments
    )
    paid = total_paid(connection, order)
    excess = max(paid - asked, ZERO)
    if excess:
        # What a card or credit paid of it is the shop's plugin's to restore.
        excess = min(excess, paid - paid_by_card(connection, order))
        excess = max(excess - reminders.asked_besides(connection, list(found)), ZERO)
    return OrderBalance(asked, paid, invoices[-1].draft.currency, excess=excess)
