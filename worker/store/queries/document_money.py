"""What is asked of documents now, read alike for a mail, the page behind a link and every other that tells of it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from worker.domain import document_money
from worker.domain.document import ASKING, Document, Kind
from worker.domain.document_money import DocumentMoney, OrderMoney
from worker.domain.online_payment import CALLED_OFF, CLOSED_STATUSES, LEFT_SHOP
from worker.domain.order import OrderKey
from worker.domain.order_flags import CANCELLED_BUT_PAID, IN_BIN
from worker.domain.payment import Balance
from worker.domain.reported_money import went_back
from worker.store import document_balances, documents, orders, payment_attempts, payment_rows
from worker.store.queries import order_balance


def of_documents(
    connection: Connection, some: Sequence[Document], *, made: Sequence[Document] | None = None
) -> tuple[DocumentMoney, ...]:
    """An invoice asks for what is open of itself, what asked before there was one by what is open of its order, and a test of itself; a
    credit note and a delivery note ask for nothing. *made*: all that was made of the order, where that was read."""
    own = [one.document_id for one in some if one.draft.test or one.draft.kind is Kind.INVOICE]
    balances = document_balances.of_documents(connection, own)
    keys = list({one.order for one in some if one.draft.kind in ASKING and not one.draft.test})
    if made is None:
        orders = order_balance.read_all(connection, keys)
    else:
        orders = {key: order_balance.read(connection, key, made) for key in keys}
    return tuple(of_document(connection, one, balances.get(one.document_id), orders) for one in some)


def of_document(
    connection: Connection, one: Document, balance: Balance | None, orders: Mapping[OrderKey, OrderMoney]
) -> DocumentMoney:
    if one.draft.kind not in (Kind.INVOICE, *ASKING):
        return DocumentMoney(one, paid_on=one.draft.paid_on)
    if balance is None:
        return orders[one.order].of_document(one)
    if one.draft.test:
        return of_test(connection, one, balance)
    is_off = balance.open > 0 and is_given_up(connection, one)
    return document_money.of_invoice(one, balance, went_back=is_back(connection, one, balance), is_off=is_off)


def is_given_up(connection: Connection, one: Document) -> bool:
    """Whether nothing is asked of a document any more by what the shop said of its order last."""
    seen = order_balance.seen_of(connection, one.order, ())
    return seen is not None and is_called_off(connection, one, status=seen.status)


def is_called_off(connection: Connection, one: Document, *, status: str) -> bool:
    """Whether nothing is asked of a document while its order has that *status*, as built in."""
    if status not in (CLOSED_STATUSES if one.draft.kind in ASKING else CALLED_OFF):
        return False
    return not is_kept(connection, one, status=status)


def is_asked_about(connection: Connection, one: Document, *, status: str) -> bool:
    """Whether its order left the shop, and its owner did not say yet whether there was a sale: its buyer may pay, and is not reminded."""
    if one.draft.kind is not Kind.INVOICE or status not in LEFT_SHOP:
        return False
    return not any(orders.is_ignored(connection, one.order, code) for code in (IN_BIN, CANCELLED_BUT_PAID))


def is_kept(connection: Connection, one: Document, *, status: str) -> bool:
    """Whether a person discarded the credit note of an order with that *status*: its invoice stands. What was refunded went back."""
    is_invoice = one.draft.kind is Kind.INVOICE
    return is_invoice and status == "cancelled" and documents.history(connection, **vars(one.order)).is_kept(one)


def is_back(connection: Connection, invoice: Document, balance: Balance) -> bool:
    """Whether an invoice that says that nothing is to be paid is open since money of it was taken back."""
    if invoice.draft.asks_payment or balance.paid is None or balance.open <= 0:
        return False
    found = payment_rows.of_documents(connection, [invoice.document_id])
    return went_back(found.get(invoice.document_id, ()))


def of_test(connection: Connection, test: Document, balance: Balance) -> DocumentMoney:
    came = payment_attempts.paid_of(connection, [test.document_id]).get(test.document_id)
    return document_money.of_test(test, balance, came, is_off=is_given_up(connection, test))
