"""What a mail says now of a document that asked for money and was paid, or a part of it, or credited since it was issued, or whose
money was taken back: its PDF stays as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.document import ASKING, Document, Kind
from worker.domain.money import ZERO
from worker.domain.order_payment import rest_by_transfer
from worker.domain.payment import Balance, Prepayment
from worker.domain.payment_method import is_transfer
from worker.i18n import Translator, title
from worker.i18n.formats import asks_payment
from worker.store import document_balances, order_money
from worker.store.queries import order_balance


def as_asked_now(connection: Connection, documents: Sequence[Document]) -> tuple[Document, ...]:
    """*documents*, each of which asks for what is open: an invoice of itself, what asked before there was one of the order."""
    invoices = [one.document_id for one in documents if one.draft.kind is Kind.INVOICE and not one.draft.test]
    balances = document_balances.of_documents(connection, invoices)
    return tuple(
        with_rest_of_order(connection, one)
        if one.draft.kind in ASKING
        else with_rest(connection, one, balances.get(one.document_id))
        for one in documents
    )


def with_rest(connection: Connection, invoice: Document, balance: Balance | None) -> Document:
    """Of which nothing was counted, what it says itself is true; and one that says paid asks only for money that went back."""
    draft = invoice.draft
    if balance is None or (balance.paid, balance.credited) == (None, None):
        return invoice
    rest, said = max(balance.open, ZERO), draft.to_pay if asks_payment(draft) else ZERO
    if rest == said or (not said and not order_money.went_back(connection, invoice)):
        return invoice
    if rest:
        return asking_for(rest, invoice, credited=balance.credited or ZERO)
    return as_paid(invoice, balance.last_paid_on)


def with_rest_of_order(connection: Connection, document: Document) -> Document:
    """A confirmation or a payment request, by what came in for its order, and what credit notes took back; where something else is asked
    since than it says, it asks for nothing."""
    draft = document.draft
    if draft.test or not asks_payment(draft):
        return document
    money = order_balance.money_of(connection, document)
    if money.is_other:
        return replace(document, draft=replace(draft, payment=None))
    if not (money.came_in > 0 or money.credited) or money.open is None or money.open >= draft.to_pay:
        return document
    if money.open:
        came_since = max(money.came_in - (draft.total - draft.to_pay), ZERO)
        credited = max(draft.to_pay - money.open - came_since, ZERO)
        return asking_for(money.open, document, credited=min(credited, money.credited))
    return as_paid(document, money.last_on)


def asking_for(rest: Decimal, document: Document, *, credited: Decimal) -> Document:
    """*document*, which asks only for the *rest*: a credit note pays its part of the others."""
    draft = document.draft
    gone, note = draft.to_pay - rest, title(Kind.CREDIT_NOTE, Translator(draft.mail_language))
    credited = min(credited, gone)
    parts = (Prepayment(credited, name=note), Prepayment(gone - credited, received=True))
    prepaid = (*draft.prepaid, *(one for one in parts if one.amount))
    return replace(document, draft=replace(draft, prepaid=prepaid, payment=rest_by_transfer(document), paid_on=None))


def as_paid(document: Document, day: date | None) -> Document:
    draft = document.draft
    way = draft.payment_title if is_transfer(draft.payment_method) else ""
    return replace(document, draft=replace(draft, payment=None, paid_on=day, payment_title=way))
