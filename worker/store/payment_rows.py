"""The rows of money that came in for orders: only ever added; the database refuses the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from worker.domain.document import Document
from worker.domain.money import total_of
from worker.domain.order import OrderKey
from worker.domain.payment import GIFT_CARD, REFUND, UNCONFIRMED, PaymentSource, Receipt
from worker.domain.payment_method import is_transfer
from worker.store import document_balances, settle_orders
from worker.store.database.any_of import any_of
from worker.store.database.made_once import among, given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import documents, orders, payment_shares, payments
from worker.store.payment_shares import add_shares, keys_of, of_one, of_several, shares_of

# Made once: a statement costs more to build than to run.
ADD = made_once(insert(payments).returning(payments.c.payment_id))
NEWEST_CURRENCY = made_once(
    select(documents.c.currency).where(*of_one(documents)).order_by(documents.c.document_id.desc()).limit(1)
)
ALL = select(payments).where(*of_one(payments)).order_by(payments.c.payment_id)
OF_ORDER = made_once(ALL)
OF_ORDERS = made_once(select(payments).where(*of_several(payments)).order_by(unindexed(payments.c.payment_id)))
STANDING = made_once(ALL.where(document_balances.STANDS))
SHARE = func.sum(payment_shares.c.amount, type_=payment_shares.c.amount.type).label("share")
OF_DOCUMENTS = made_once(
    select(payments, payment_shares.c.document_id, SHARE)
    .join_from(payments, payment_shares, payment_shares.c.payment_id == payments.c.payment_id)
    .where(among(payment_shares.c.document_id, "document_ids"))
    .group_by(*payments.c, payment_shares.c.document_id)
    .order_by(payments.c.payment_id)
)
ORDER_OF_DOCUMENT = made_once(
    select(documents.c.shop_id, documents.c.order_id, documents.c.order_key).where(*given(documents.c.document_id))
)


@dataclass(frozen=True)
class Payment:
    """Money that came in for an order, in its currency; below zero where it *reverses* another payment, by its id.

    *paid_on* is a day in the seller's zone. *replaces*: what the shop or a person had reported of the same money.
    """

    payment_id: int
    shop_id: str
    order_id: int
    order_key: str
    amount: Decimal
    currency: str
    paid_on: date
    method: str
    reference: str
    source: PaymentSource
    outside_ref: str | None
    reverses: int | None
    replaces: int | None
    created_at: datetime
    created_by: str

    @property
    def order(self) -> OrderKey:
        return OrderKey(self.shop_id, self.order_id, self.order_key)

    @property
    def receipt(self) -> Receipt:
        """What was said of it."""
        return Receipt(self.paid_on, self.source, self.created_by, self.method, self.reference, currency=self.currency)


def add_row(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> int:
    return add_rows(connection, order, [(amount, receipt)], now=now)[0]


def add_rows(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """The ids of the new ones, in the order of *money*."""
    rows = [
        {
            **vars(order),
            "amount": amount,
            "currency": receipt.currency or currency_of(connection, order),
            "paid_on": receipt.paid_on,
            "method": receipt.method,
            "reference": receipt.reference,
            "source": receipt.source,
            "outside_ref": receipt.outside_ref or None,
            "replaces": receipt.replaces,
            "created_at": now,
            "created_by": receipt.by,
        }
        for amount, receipt in money
    ]
    if any(receipt.source is not PaymentSource.ORDER for _, receipt in money):  # that the shop reported
        settle_orders.plan(connection, order, now=now)
    return [int(connection.execute(ADD, row).scalar_one()) for row in rows]


def currency_of(connection: Connection, order: OrderKey) -> str:
    """That of the order's newest document, or of the order itself while it has none."""
    told = connection.execute(NEWEST_CURRENCY, vars(order)).scalar()
    return str(told or connection.execute(select(orders.c.currency).where(*is_of_order(orders, order))).scalar_one())


def reverse_row(connection: Connection, payment: Payment, *, on: date, by: str = "", now: datetime) -> None:
    """Take a payment back by a row of its own; *by* whom it was counted, where nobody else is named."""
    row = vars(payment) | {
        "amount": -payment.amount,
        "paid_on": on,
        "outside_ref": None,
        "reverses": payment.payment_id,
        "replaces": None,
        "created_at": now,
        "created_by": by or payment.created_by,
    }
    del row["payment_id"]
    reversal = connection.execute(insert(payments).values(row).returning(payments.c.payment_id)).scalar_one()
    if payment.source is not PaymentSource.ORDER:  # that the shop reported
        settle_orders.plan(connection, payment.order, now=now)
    shared = shares_of(connection, payments.c.payment_id == payment.payment_id)
    add_shares(connection, [(reversal, document_id, -amount) for _, document_id, amount in shared], now=now)


def was_received(connection: Connection, shop_id: str, outside_ref: str) -> bool:
    """Whether money by this name was counted for the shop, also where it was reversed since."""
    mine = select(payments.c.payment_id).where(payments.c.shop_id == shop_id, payments.c.outside_ref == outside_ref)
    return connection.execute(mine).first() is not None


def received_of(connection: Connection, shop_id: str, outside_refs: Iterable[str]) -> set[str]:
    """Those of *outside_refs* of which `was_received` is true."""
    names = [name for name in outside_refs if name]
    if not names:
        return set()
    mine = (payments.c.shop_id == shop_id, any_of(payments.c.outside_ref, names))
    return set(connection.execute(select(payments.c.outside_ref).where(*mine)).scalars())


def unconfirmed_transfers(connection: Connection, order: OrderKey) -> list[Payment]:
    """The payments that the shop or a person reported, by transfer, and that stand; oldest first. What went back is none."""
    reported = (one for one in standing(connection, order) if one.source in UNCONFIRMED and one.method != REFUND)
    return [payment for payment in reported if is_transfer(payment.method)]


def standing(connection: Connection, order: OrderKey) -> list[Payment]:
    """The payments of an order that were not reversed, oldest first."""
    return [as_payment(row) for row in connection.execute(STANDING, vars(order))]


@dataclass(frozen=True)
class Unconfirmed:
    """Payments that stand, oldest first: what people said was paid of a document, each as a whole, also where it pays another one too;
    and what the shop said came in for its order, and what it gave back of that, where it paid any of it.
    """

    by_person: list[Payment]
    by_shop: list[Payment]


def unconfirmed(connection: Connection, document: Document) -> Unconfirmed:
    counted = [one for one in standing(connection, document.order) if one.currency == document.draft.currency]
    of_shop = [one for one in counted if one.source is PaymentSource.ORDER and one.method != GIFT_CARD]
    return Unconfirmed(
        paying(connection, document.document_id, [one for one in counted if one.source is PaymentSource.PERSON]),
        of_shop if total_of(one.amount for one in of_shop) > 0 else [],
    )


def paying(connection: Connection, document_id: int, some: list[Payment]) -> list[Payment]:
    """Those of *some* that pay the document."""
    if not some:
        return []
    shared = shares_of(
        connection,
        payments.c.payment_id.in_([one.payment_id for one in some]),
        payment_shares.c.document_id == document_id,
    )
    ids = {payment_id for payment_id, *_ in shared}
    return [one for one in some if one.payment_id in ids]


def get(connection: Connection, payment_id: int) -> Payment:
    return as_payment(connection.execute(select(payments).where(payments.c.payment_id == payment_id)).one())


def of_order(connection: Connection, order: OrderKey) -> tuple[Payment, ...]:
    """All payments of an order, oldest first, with those that were reversed and the rows that reverse them."""
    return tuple(as_payment(row) for row in connection.execute(OF_ORDER, vars(order)))


def of_orders(connection: Connection, some: Iterable[OrderKey]) -> dict[OrderKey, tuple[Payment, ...]]:
    """The same of several orders, those of which there is any."""
    found: dict[OrderKey, tuple[Payment, ...]] = {}
    for row in connection.execute(OF_ORDERS, keys_of(some)):
        key = OrderKey(row.shop_id, row.order_id, row.order_key)
        found[key] = (*found.get(key, ()), as_payment(row))
    return found


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, tuple[Payment, ...]]:
    """What each document that was paid at all was paid with, oldest first; the *amount* of each is the document's share."""
    rows = connection.execute(OF_DOCUMENTS, {"document_ids": document_ids})
    found: dict[int, tuple[Payment, ...]] = {}
    for row in rows:
        if row.share or not row.amount:
            payment = replace(as_payment(row), amount=row.share)
            found[row.document_id] = (*found.get(row.document_id, ()), payment)
    return found


def as_payment(row: Row[Any]) -> Payment:
    return read_row(Payment, row, source=PaymentSource(row.source))


def order_of_document(connection: Connection, document_id: int) -> OrderKey:
    return OrderKey(*connection.execute(ORDER_OF_DOCUMENT, {"document_id": document_id}).one())
