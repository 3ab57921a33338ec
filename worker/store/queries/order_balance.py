"""What is asked for an order and what came in of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from worker.domain.document import ASKING, Document, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.order_payment import OPEN_STATUSES
from worker.domain.payment import GIFT_CARD, Balance, OrderBalance
from worker.domain.told_money import ToldMoney, came_and_most
from worker.store import document_balances, documents, payment_attempts, payments, reminders, shops
from worker.store.database import json_codec
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import orders
from worker.store.payment_shares import left_of, open_before_invoice, paid_by_card, said_of, total_paid


@dataclass(frozen=True)
class Seen:
    """What the shop says of an order without an invoice."""

    status: str
    total: Decimal
    currency: str
    paid_at: datetime | None
    to_count: Decimal = ZERO  # what it says came in, and is not among the payments
    is_part_unknown: bool = False  # a part came in, and it does not say how much

    @property
    def is_over(self) -> bool:
        """Whether it waits for no money any more, though none is invoiced. One that was refunded says itself that it was given back."""
        return self.status in ("cancelled", "trash")


@dataclass(frozen=True)
class OrderMoney:
    """What came in for an order beside the gift cards and the deposit that a document of it says, and when last; *open*: what its buyer is
    still asked for (None: no document of it asks); *credited*: what its credit notes took back. *is_other*: something else is asked than
    the document says, by a newer one or in parts that nobody here knows. *went_back*: money of which it says that it came was taken back."""

    came_in: Decimal
    last_on: date | None
    open: Decimal | None
    credited: Decimal = ZERO
    is_other: bool = False
    went_back: bool = False


def money_of(connection: Connection, document: Document) -> OrderMoney:
    """Of the order of a *document* that is no invoice: by what was counted; before there is an invoice also by what the shop says, which
    is counted only with it. *open* is no more than the document itself asked."""
    order = document.order
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    return money_by_documents(connection, document, made)


def money_by_documents(
    connection: Connection,
    document: Document,
    made: Sequence[Document],
    *,
    balances: Mapping[int, Balance] | None = None,
) -> OrderMoney:
    """The same, of an order of which these documents were made; their *balances* where they were read."""
    order, draft = document.order, document.draft
    if draft.test:
        return money_of_test(connection, document, made)
    seen = None if invoices_among(made) else seen_of(connection, order)
    counted = payments.standing(connection, order)
    balance = of_documents(connection, order, made, seen=seen, balances=balances)
    told, told_on = told_before_invoice(connection, order, seen if asking_before_invoice(made) else None)
    notes = (one.draft for one in made if one.draft.kind is Kind.CREDIT_NOTE and not one.draft.test)
    credited = total_of(note.total for note in notes)
    left, is_other = balance.open if balance else None, False
    is_newest = balance is not None and balance.asked > 0 and asks_beside_invoices(document, made)
    if balance and (left or is_newest) and draft.kind in ASKING:
        own = open_before_invoice(connection, order, draft, issued_at=document.issued_at, read=(balance.paid, told))
        left = max(balance.open, own - credited) if is_newest else balance.open
        is_other = left > 0 and (left < own - credited or is_part_unknown(made, seen))
        left = max(min(left, own), ZERO)
    cards = total_of(one.amount for one in counted if one.method == GIFT_CARD)
    apart = min(cards, draft.by_card) + total_of(one.amount for one in draft.prepaid if one.deposit)
    return OrderMoney(
        came_in=max(total_of(one.amount for one in counted) + told - apart, ZERO),
        last_on=told_on or max((one.paid_on for one in counted if one.amount > 0), default=None),
        open=left,
        credited=credited,
        is_other=is_other,
        went_back=draft.kind in ASKING
        and (left or ZERO) > (ZERO if draft.is_paid else draft.to_pay)
        and went_back(connection, order),
    )


def went_back(connection: Connection, order: OrderKey) -> bool:
    """Whether money that was counted of an order was taken back."""
    counted = payments.of_order(connection, order)
    came, most = came_and_most(counted)
    return came < most and any(one.reverses for one in counted)


def money_of_test(connection: Connection, document: Document, made: Sequence[Document]) -> OrderMoney:
    """Of a test alone: none of its money is among the payments."""
    paid = payment_attempts.paid_of(connection, document.document_id)
    came = total_of(one.amount - one.gone_back for one in paid)
    notes = (one.draft for one in made if one.draft.corrects and one.draft.corrects.document_id == document.document_id)
    credited = total_of(note.total for note in notes)
    return OrderMoney(
        came,
        max((one.asked_at.date() for one in paid), default=None),
        max(document.draft.to_pay - credited - came, ZERO),
        credited=credited,
    )


def is_part_unknown(made: Sequence[Document], seen: Seen | None) -> bool:
    """Whether a part of the order's money came, and nobody here knows how much: as the shop says now, or its invoice by asking nothing."""
    if seen is not None:
        return seen.is_part_unknown
    newest = invoices_among(made)[-1:]
    return any(one.draft.payment is None and not one.draft.is_paid and one.draft.to_pay > 0 for one in newest)


def asks_beside_invoices(document: Document, made: Sequence[Document]) -> bool:
    """Whether it was made after the order's invoices and asks for money, which may be more than they ask: of an upsell."""
    invoices = invoices_among(made)
    asks = document.draft.payment is not None and not document.draft.is_paid
    return asks and bool(invoices) and document.document_id > invoices[-1].document_id


def told_before_invoice(connection: Connection, order: OrderKey, seen: Seen | None) -> tuple[Decimal, date | None]:
    """What the shop says came in for an order without an invoice, and was not counted; and the day where it was all of it."""
    if seen is None or seen.to_count <= 0:
        return ZERO, None
    shop = shops.settings_of(connection, order.shop_id)
    return seen.to_count, shop.day_of(seen.paid_at) if shop and seen.paid_at else None


def asking_before_invoice(made: Sequence[Document]) -> Document | None:
    """Of some documents of an order the newest that asks for its money; None once there is an invoice."""
    if invoices_among(made):
        return None
    return next((one for one in reversed(made) if one.draft.kind in ASKING and not one.draft.test), None)


def invoices_among(made: Sequence[Document]) -> list[Document]:
    return [one for one in made if one.draft.kind is Kind.INVOICE and not one.draft.test]


def of_order(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """None for an order of which no document asks for money, and which does not wait for it in the shop either."""
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    return of_documents(connection, order, made)


def of_documents(
    connection: Connection,
    order: OrderKey,
    made: Sequence[Document],
    *,
    seen: Seen | None = None,
    balances: Mapping[int, Balance] | None = None,
) -> OrderBalance | None:
    """The same, of an order of which these documents were made; *seen* as it is now where it is not stored yet, and *balances* of
    the documents where they were read."""
    invoices = invoices_among(made)
    if invoices:
        if balances is None:
            balances = document_balances.of_documents(connection, [document.document_id for document in invoices])
        return of_invoices(connection, order, invoices, balances)
    seen = seen or seen_of(connection, order)
    newest = asking_before_invoice(made)
    if newest is None:
        return of_waiting(connection, order, seen) if seen else None
    draft, paid = newest.draft, total_paid(connection, order)
    # What the shop said was paid before it was made is not among the payments.
    is_said = draft.is_paid and not any(one.received for one in draft.prepaid)
    told = min(said_of(draft), max(seen.to_count, ZERO)) if seen else ZERO
    left = (
        ZERO
        if is_said
        else open_before_invoice(connection, order, draft, issued_at=newest.issued_at, read=(paid, told))
    )
    asked = paid + left
    return OrderBalance(asked, paid, draft.currency, excess=excess_of(asked, paid, seen))


def seen_of(connection: Connection, order: OrderKey) -> Seen | None:
    columns = (orders.c.status, orders.c.total, orders.c.currency, orders.c.paid_at, orders.c.told)
    row = connection.execute(select(*columns).where(*is_of_order(orders, order))).one_or_none()
    if row is None:
        return None
    told = json_codec.load(ToldMoney, row.told or "{}")
    left = left_of(connection, order, told)
    return Seen(row.status, Decimal(row.total), row.currency, row.paid_at, left, is_part_unknown=told.is_unknown)


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


def of_invoices(
    connection: Connection, order: OrderKey, invoices: list[Document], balances: Mapping[int, Balance]
) -> OrderBalance:
    asked = total_of(
        balance.total - (balance.credited or ZERO)
        for invoice in invoices
        for balance in (balances[invoice.document_id],)
        if balance.paid is not None or not invoice.draft.is_paid  # paid before it was made, and not among the payments
    )
    paid = total_paid(connection, order)
    excess = max(paid - asked, ZERO)
    if excess:
        # What a card or credit paid of it is the shop's plugin's to restore.
        excess = min(excess, paid - paid_by_card(connection, order))
        excess = max(excess - reminders.asked_besides(connection, [invoice.document_id for invoice in invoices]), ZERO)
    return OrderBalance(asked, paid, invoices[-1].draft.currency, excess=excess)
