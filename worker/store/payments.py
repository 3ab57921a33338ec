"""Money that came in for orders. Rows are only ever added; the database refuses the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import GIFT_CARD, REFUND, UNCONFIRMED, PaymentSource, Receipt, confirmed_by
from worker.domain.payment_method import is_transfer
from worker.domain.webhook import WebhookEventKind
from worker.store import counters, document_balances, settle_orders, waiting_orders, webhooks
from worker.store.database.any_of import any_of
from worker.store.database.made_once import among, given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import documents, orders, payment_shares, payments
from worker.store.payment_shares import add_shares, invoices_of, keys_of, of_one, of_several, share_out, shares_of

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


def receive(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> int | None:
    """Count that *amount* came in for *order*; its payment's id, or None where it was counted before.

    It pays the order's open invoices, oldest first; what is left of it pays those still to be issued. What the bank says takes
    the place of what the shop or a person said of the same money.
    """
    return next(iter(receive_all(connection, order, [(amount, receipt)], now=now)), None)


def receive_all(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """As `receive`, of several at once: an order that thousands pay is not added up anew for each of them. The ids of the new ones."""
    counters.lock(connection, order.shop_id)
    before = received_of(connection, order.shop_id, [receipt.outside_ref for _, receipt in money])
    new = [(amount, receipt) for amount, receipt in money if receipt.outside_ref not in before]
    if not new:
        return []
    paid_before = paid_invoices(connection, order)
    payment_ids = add_rows(connection, order, in_place_of_unconfirmed(connection, order, new, now=now), now=now)
    tell_paid(connection, (one for one in share_out(connection, order, now=now) if one not in paid_before), now=now)
    waiting_orders.follow(connection, order)
    return payment_ids


def in_place_of_unconfirmed(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[tuple[Decimal, Receipt]]:
    """*money* with what each of it takes the place of: that is reversed, and said again for what was not brought yet."""
    heard, left = unconfirmed_transfers(connection, order), open_of(connection, order)
    came = list[tuple[Decimal, Receipt]]()
    for amount, receipt in money:
        said = taken(heard, amount, open_amount=left) if receipt.source is PaymentSource.BANK else []
        if not said:
            left -= amount
            came.append((amount, receipt))
            continue
        one = as_one(connection, said, receipt, now=now)
        reverse_row(connection, one, Receipt(receipt.paid_on, one.source, one.created_by), now=now)
        came.append((amount, replace(receipt, replaces=one.payment_id)))
        if one.amount > amount:
            heard.append(get(connection, say_again(connection, one, one.amount - amount, now=now)))
    return came


def taken(heard: list[Payment], amount: Decimal, *, open_amount: Decimal) -> list[Payment]:
    """Those of *heard* that the bank's *amount* brings, or brings a part of, taken out of them."""
    found = []
    for confirmed in confirmed_by(amount, [payment.amount for payment in heard], open_amount=open_amount):
        said = next(payment for payment in heard if payment.amount == confirmed)
        heard.remove(said)
        found.append(said)
    return found


def as_one(connection: Connection, said: Sequence[Payment], receipt: Receipt, *, now: datetime) -> Payment:
    """What was *said* in several times, said at once: a payment takes the place of one."""
    first, *others = said
    if not others:
        return first
    for payment in said:
        reverse_row(connection, payment, Receipt(receipt.paid_on, payment.source, payment.created_by), now=now)
    return get(connection, say_again(connection, first, total_of(payment.amount for payment in said), now=now))


def say_again(connection: Connection, heard: Payment, amount: Decimal, *, now: datetime) -> int:
    """That *amount* of what was *heard* and reversed counts all the same; the id of its row."""
    said = Receipt(heard.paid_on, heard.source, heard.created_by, heard.method, heard.reference)
    return add_row(connection, order_of(heard), amount, said, now=now)


def reverse(connection: Connection, payment_id: int, *, on: date, by: str, now: datetime) -> bool:
    """A payment did not come after all, or went back: a row of its own takes it back. False where one did already.

    What it took the place of is said again, and counts again: as much of it as this brought.
    """
    payment = get(connection, payment_id)
    counters.lock(connection, payment.shop_id)
    if connection.execute(select(payments.c.payment_id).where(payments.c.reverses == payment_id)).first():
        return False
    reverse_row(connection, payment, Receipt(on, payment.source, by), now=now)
    if payment.replaces is not None:
        heard = get(connection, payment.replaces)
        say_again(connection, heard, min(heard.amount, payment.amount), now=now)
    share_out(connection, order_of(payment), now=now)
    waiting_orders.follow(connection, order_of(payment))
    return True


def add(connection: Connection, document_id: int, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count that *amount* came in for this document. Once nothing is open any more, whoever wants to be told of it is owed a call."""
    payment_id = add_row(connection, order_of_document(connection, document_id), amount, receipt, now=now)
    add_shares(connection, [(payment_id, document_id, amount)], now=now)
    if document_balances.update_unpaid(connection, document_id).is_paid:
        webhooks.plan(connection, WebhookEventKind.PAID, document_id, now=now)


def pay_in_full(connection: Connection, document_id: int, receipt: Receipt, *, now: datetime) -> bool:
    """Count that all of what is open came in; False when the document was paid already, or its credit notes left nothing to pay."""
    document_balances.lock(connection, document_id)
    balance = document_balances.of_documents(connection, [document_id])[document_id]
    if balance.is_paid or (balance.credited is not None and balance.open <= 0):
        return False
    add(connection, document_id, balance.open, receipt, now=now)
    return True


def open_of(connection: Connection, order: OrderKey) -> Decimal:
    """What is open of the invoices of an order; an order without one is said to be paid as a whole."""
    found = document_balances.of_documents(connection, invoices_of(connection, order))
    return total_of(max(balance.open, ZERO) for balance in found.values())


def count(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count what the shop says came in for *order*."""
    add_row(connection, order, amount, receipt, now=now)
    tell_paid(connection, share_out(connection, order, now=now), now=now)
    waiting_orders.follow(connection, order)


def give_back(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count that *amount* went back to the buyer: of what its invoices were paid with too much, then of what pays none."""
    row = add_row(connection, order, -amount, receipt, now=now)
    new, left = [], amount
    for document_id, balance in document_balances.of_documents(connection, invoices_of(connection, order)).items():
        share = min(left, max(-balance.open, ZERO))
        if share:
            new.append((row, document_id, -share))
            left -= share
    add_shares(connection, new, now=now)
    for _, document_id, _ in new:
        document_balances.update_unpaid(connection, document_id)


def tell_of_refund(connection: Connection, order: OrderKey, amount: Decimal, *, now: datetime) -> None:
    """That *amount* went back by another's word, which was counted just now: what the shop reported of that counts no more."""
    refunded = [one for one in standing(connection, order) if one.method == REFUND and one.source in UNCONFIRMED]
    for stored in refunded:
        if amount <= 0:
            break
        told = Receipt(stored.paid_on, stored.source, stored.created_by, stored.method, stored.reference)
        reverse_row(connection, stored, told, now=now)
        if -stored.amount > amount:
            give_back(connection, order, -stored.amount - amount, told, now=now)
        amount += stored.amount
    share_out(connection, order, now=now)
    waiting_orders.follow(connection, order)


def take_back_reported(connection: Connection, order: OrderKey, *, on: date, now: datetime) -> None:
    """What the shop had reported of this order's money counts no more, nor what it gave back of that; a card that was spent does."""
    for stored in standing(connection, order):
        if stored.source is not PaymentSource.ORDER or stored.method == GIFT_CARD:
            continue
        reverse_row(connection, stored, Receipt(on, stored.source, stored.created_by), now=now)
    share_out(connection, order, now=now)
    waiting_orders.follow(connection, order)


def take_before(
    connection: Connection, order: OrderKey, cards: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """Let what came in before it pay a new invoice, and the gift *cards* that it says its order was paid with. The ids of invoices that
    became paid so.
    """
    counted = standing(connection, order)
    if not cards and not counted:
        return []
    keep_cards(connection, order, counted, cards, now=now)
    return share_out(connection, order, now=now)


def keep_cards(
    connection: Connection,
    order: OrderKey,
    counted: Iterable[Payment],
    cards: Sequence[tuple[Decimal, Receipt]],
    *,
    now: datetime,
) -> None:
    """Let the gift cards that *order* was paid with be *cards*, as its newest invoice says: those of an earlier one are the same money."""
    left = list(cards)
    for stored in (one for one in counted if one.method == GIFT_CARD):
        same = next((card for card in left if (card[0], card[1].reference) == (stored.amount, stored.reference)), None)
        if same is not None:
            left.remove(same)
        else:
            reverse_row(connection, stored, Receipt(stored.paid_on, stored.source, stored.created_by), now=now)
    if left:
        add_rows(connection, order, left, now=now)


def paid_invoices(connection: Connection, order: OrderKey) -> set[int]:
    found = document_balances.of_documents(connection, invoices_of(connection, order))
    return {document_id for document_id, balance in found.items() if balance.is_paid}


def tell_paid(connection: Connection, became_paid: Iterable[int], *, now: datetime) -> None:
    """Whoever wants to be told of a paid invoice is owed a call for those that became so."""
    for document_id in became_paid:
        webhooks.plan(connection, WebhookEventKind.PAID, document_id, now=now)


# The rows


def add_row(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> int:
    return add_rows(connection, order, [(amount, receipt)], now=now)[0]


def add_rows(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """The ids of the new ones, in the order of *money*."""
    currency = money[0][1].currency or currency_of(connection, order)
    rows = [
        {
            **vars(order),
            "amount": amount,
            "currency": currency,
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


def reverse_row(connection: Connection, payment: Payment, receipt: Receipt, *, now: datetime) -> None:
    values = replace(
        payment,
        amount=-payment.amount,
        paid_on=receipt.paid_on,
        outside_ref=None,
        reverses=payment.payment_id,
        replaces=None,
        created_at=now,
        created_by=receipt.by,
    )
    row = {name: value for name, value in vars(values).items() if name != "payment_id"}
    reversal = connection.execute(insert(payments).values(row).returning(payments.c.payment_id)).scalar_one()
    if payment.source is not PaymentSource.ORDER:  # that the shop reported
        settle_orders.plan(connection, order_of(payment), now=now)
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


def unconfirmed(connection: Connection, document_id: int) -> Unconfirmed:
    counted = standing(connection, order_of_document(connection, document_id))
    of_shop = [one for one in counted if one.source is PaymentSource.ORDER and one.method != GIFT_CARD]
    return Unconfirmed(
        paying(connection, document_id, [one for one in counted if one.source is PaymentSource.PERSON]),
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


def order_of(payment: Payment) -> OrderKey:
    return OrderKey(payment.shop_id, payment.order_id, payment.order_key)


def order_of_document(connection: Connection, document_id: int) -> OrderKey:
    return OrderKey(*connection.execute(ORDER_OF_DOCUMENT, {"document_id": document_id}).one())
