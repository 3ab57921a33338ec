"""What is asked for an order and what came in of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
from worker.store.payment_shares import open_before_invoice, paid_by_card, total_paid


@dataclass(frozen=True)
class Seen:
    """What the shop says of an order without an invoice."""

    status: str
    total: Decimal
    currency: str
    paid_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether it waits for no money any more, though none is invoiced. One that was refunded says itself that it was given back."""
        return self.status in ("cancelled", "trash")


def of_order(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """None for an order of which no document asks for money, and which does not wait for it in the shop either."""
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    return of_documents(connection, order, made)


def of_documents(
    connection: Connection, order: OrderKey, made: Sequence[Document], *, seen: Seen | None = None
) -> OrderBalance | None:
    """The same, of an order of which these documents were made; *seen* as it is now where it is not stored yet."""
    issued = [document for document in made if not document.draft.test]
    invoices = [document for document in issued if document.draft.kind is Kind.INVOICE]
    if invoices:
        return of_invoices(connection, order, invoices)
    seen = seen or seen_of(connection, order)
    asking = [document for document in issued if document.draft.kind in ASKING]
    if not asking:
        return of_waiting(connection, order, seen) if seen else None
    newest, paid = asking[-1], total_paid(connection, order)
    draft = newest.draft
    # What the shop said was paid before it was made is not among the payments.
    is_said = draft.is_paid and not any(one.received for one in draft.prepaid)
    left = ZERO if is_said else open_before_invoice(connection, order, draft, issued_at=newest.issued_at)
    asked = paid + left
    return OrderBalance(asked, paid, draft.currency, excess=excess_of(asked, paid, seen))


def seen_of(connection: Connection, order: OrderKey) -> Seen | None:
    columns = (orders.c.status, orders.c.total, orders.c.currency, orders.c.paid_at)
    row = connection.execute(select(*columns).where(*is_of_order(orders, order))).one_or_none()
    return Seen(row.status, Decimal(row.total), row.currency, row.paid_at) if row else None


def of_waiting(connection: Connection, order: OrderKey, seen: Seen) -> OrderBalance | None:
    """Of an order without documents that its shop waits to be paid, as most shops invoice only then; or of which money came in before
    it was over."""
    waits = seen.status in OPEN_STATUSES and seen.paid_at is None
    if not (waits or seen.is_over):
        return None
    paid = total_paid(connection, order)
    if seen.is_over and not paid:
        return None
    return OrderBalance(seen.total, paid, seen.currency, excess=excess_of(seen.total, paid, seen))


def excess_of(asked: Decimal, paid: Decimal, seen: Seen | None) -> Decimal:
    """What came in beyond what is *asked*; of an order that is over, all of it. Where that is all of its money and came afterwards,
    a person is asked whether it is delivered all the same (`settlement.over`).
    """
    gives_back = seen is not None and seen.is_over and paid > 0 and (paid < asked or seen.paid_at is not None)
    return paid if gives_back else max(paid - asked, ZERO)


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
