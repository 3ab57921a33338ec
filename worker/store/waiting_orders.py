"""Orders without an invoice that wait for a transfer: `unpaid` names the document by which their buyers are to pay."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from worker.domain.document import ASKING, Draft, Kind
from worker.domain.order import OrderKey
from worker.domain.payment_method import Means
from worker.domain.unpaid_order import WAITING_STATUSES
from worker.store import shops
from worker.store.database import json_codec
from worker.store.database.made_once import is_one_of_words, made_once
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import documents, orders, unpaid
from worker.store.payment_shares import of_one, open_before_invoice

# Made once: a statement costs more to build than to run.
ASKING_DOCUMENTS = made_once(
    select(documents.c.document_id, documents.c.kind)
    .where(*of_one(documents))
    .where(documents.c.test.is_(False), is_one_of_words(documents.c.kind, (Kind.INVOICE, *ASKING)))
    .order_by(documents.c.document_id)
)


@dataclass(frozen=True)
class AskingDocuments:
    """The ids of the documents of one order that ask for its money, oldest first: before there is an invoice, and invoices."""

    before_invoice: tuple[int, ...]
    invoices: tuple[int, ...]


def follow(connection: Connection, order: OrderKey, asking: AskingDocuments | None = None) -> None:
    """Let `unpaid` name the newest confirmation or payment request of *order* while it waits for a transfer, and none once it does not.

    Call after a document of it was issued, after money came or went back, and after the order was seen anew. *asking*: of the order, where
    they are known.
    """
    asking = asking or asking_documents(connection, order)
    if not asking.before_invoice:
        return
    last = asking.before_invoice[-1]
    newest = None if asking.invoices or not waits(connection, order, last) else last
    others = [document_id for document_id in asking.before_invoice if document_id != newest]
    connection.execute(delete(unpaid).where(unpaid.c.document_id.in_(others)))
    if newest is not None:
        names = ("document_id", "shop_id", "kind", "issued_on")
        known = select(unpaid.c.document_id).where(unpaid.c.document_id == newest)
        new = select(*(documents.c[name] for name in names)).where(documents.c.document_id == newest, ~known.exists())
        connection.execute(insert(unpaid).from_select(names, new))


def asking_documents(connection: Connection, order: OrderKey) -> AskingDocuments:
    invoices, others = list[int](), list[int]()
    for row in connection.execute(ASKING_DOCUMENTS, vars(order)):
        (invoices if row.kind == Kind.INVOICE else others).append(row.document_id)
    return AskingDocuments(tuple(others), tuple(invoices))


def waits(connection: Connection, order: OrderKey, document_id: int) -> bool:
    """Whether the shop waits for the money that the document asks for by a transfer before a day, and not all of it came."""
    asks = select(documents.c.snapshot, documents.c.issued_at).where(documents.c.document_id == document_id)
    made = connection.execute(asks).one()
    draft = json_codec.load(Draft, made.snapshot)
    by_transfer = draft.payment is not None and draft.payment.means is Means.TRANSFER and draft.payment.due_on
    if not by_transfer or draft.is_paid:
        return False
    if open_before_invoice(connection, order, draft, issued_at=made.issued_at) <= 0:
        return False
    seen = connection.execute(select(orders.c.status, orders.c.paid_at).where(*is_of_order(orders, order))).first()
    shop = shops.settings_of(connection, order.shop_id)
    if seen is None or seen.paid_at is not None or shop is None:
        return False
    return shop.orders.meaning_of(seen.status) in WAITING_STATUSES
