"""What a mail says now of a document that asked for money and was paid, or a part of it, or credited since it was issued, or whose
money was taken back: its PDF stays as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.document import ASKING, Document, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.online_payment import CLOSED_STATUSES
from worker.domain.order_payment import rest_by_transfer
from worker.domain.payment import Balance, Credited, Prepayment, day_paid
from worker.domain.payment_method import is_transfer
from worker.i18n.formats import asks_payment
from worker.store import document_balances, order_money, orders
from worker.store.queries import order_balance


def as_asked_now(connection: Connection, documents: Sequence[Document]) -> tuple[Document, ...]:
    """*documents*, each of which asks for what is open: an invoice of itself, what asked before there was one of the order, and a test
    of itself too."""
    invoices = [one.document_id for one in documents if one.draft.kind is Kind.INVOICE and not one.draft.test]
    balances = document_balances.of_documents(connection, invoices)
    return tuple(
        with_rest(connection, one, balances[one.document_id])
        if one.document_id in balances
        else with_rest_of_order(connection, one)
        for one in documents
    )


def with_rest(connection: Connection, invoice: Document, balance: Balance) -> Document:
    """Of which nothing was counted, what it says itself is true; and one that says paid asks only for money that went back."""
    draft, credited = invoice.draft, balance.credited or ZERO
    asked = draft.to_pay if asks_payment(draft) else ZERO
    if (balance.paid, balance.credited) == (None, None):
        return invoice
    rest = max(balance.open, ZERO) if asked or order_money.went_back(connection, invoice) else ZERO
    if rest == asked and not credited:
        return invoice
    return as_now(invoice, rest, credited=credited, day=day_paid(draft.paid_on, balance))


def with_rest_of_order(connection: Connection, document: Document) -> Document:
    """A confirmation or a payment request, by what came in for its order, and what credit notes took back; where something else is asked
    since than it says, or its order was given up, it asks for nothing. A test by what became of itself."""
    draft = document.draft
    asked = draft.to_pay if asks_payment(draft) else ZERO
    if not asked and not (draft.kind in ASKING and draft.is_paid):
        return document
    money = order_balance.money_of(connection, document)
    is_void = money.is_other or (money.open and is_off(connection, document))
    if is_void and (asked or money.went_back):
        return replace(document, draft=replace(draft, prepaid=draft.paid_apart, payment=None, paid_on=None))
    if money.open is None or not (money.went_back or (money.open < asked and (money.came_in > 0 or money.credited))):
        return document
    apart = total_of(one.amount for one in draft.paid_apart)
    uncame = draft.total - apart - money.open - money.came_in
    return as_now(document, money.open, credited=min(max(uncame, ZERO), money.credited), day=money.last_on)


def is_off(connection: Connection, document: Document) -> bool:
    """Whether its order was given up and owes nothing but its invoice."""
    seen = orders.find(connection, document.shop_id, document.draft.order_id)
    return document.draft.kind in ASKING and seen is not None and seen.status in CLOSED_STATUSES


def as_now(document: Document, rest: Decimal, *, credited: Decimal, day: date | None) -> Document:
    """*document*, which asks for the *rest*, or for nothing: what credit notes took off is said, and what came, or on which *day* (None:
    nothing did)."""
    draft = document.draft
    gone = draft.total - total_of(one.amount for one in draft.paid_apart) - rest
    credited = min(credited, gone)
    came = gone - credited if rest else ZERO
    since = tuple(one for one in (Prepayment(came, received=True), Credited(credited)) if one.amount)
    is_known = draft.is_paid or is_transfer(draft.payment_method)  # the way in which it was paid
    return replace(
        document,
        draft=replace(
            draft,
            prepaid=(*draft.paid_apart, *since),
            payment=rest_by_transfer(document) if rest else None,
            paid_on=None if rest else day,
            payment_title=draft.payment_title if is_known else "",
        ),
    )
