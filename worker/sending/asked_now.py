"""What a mail says now of an invoice that was paid, or a part of it, or credited since it was issued, or whose money was taken back: its
PDF stays as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.document import Document, Kind, PaymentInstructions
from worker.domain.money import ZERO
from worker.domain.payment import Balance, Prepayment
from worker.domain.payment_method import Means, is_transfer
from worker.i18n import Translator, title
from worker.i18n.formats import asks_payment
from worker.store import document_balances, payments
from worker.store.order_money import came_and_most


def as_asked_now(connection: Connection, documents: Sequence[Document]) -> tuple[Document, ...]:
    """*documents*, of which an invoice asks for what is open."""
    invoices = [one.document_id for one in documents if one.draft.kind is Kind.INVOICE and not one.draft.test]
    balances = document_balances.of_documents(connection, invoices)
    return tuple(with_rest(connection, one, balances.get(one.document_id)) for one in documents)


def with_rest(connection: Connection, invoice: Document, balance: Balance | None) -> Document:
    """Of which nothing was counted, what it says itself is true; and one that says paid asks only for money that went back."""
    draft = invoice.draft
    if balance is None or (balance.paid, balance.credited) == (None, None):
        return invoice
    rest, said = max(balance.open, ZERO), draft.to_pay if asks_payment(draft) else ZERO
    if rest == said or (not said and not went_back(connection, invoice)):
        return invoice
    if rest:
        prepaid = (*draft.prepaid, *came_since(invoice, balance, draft.to_pay - rest))
        asks = replace(draft, prepaid=prepaid, payment=by_transfer(invoice), paid_on=None)
        return replace(invoice, draft=asks)
    way = draft.payment_title if is_transfer(draft.payment_method) else ""
    paid = replace(draft, payment=None, paid_on=balance.last_paid_on, payment_title=way)
    return replace(invoice, draft=paid)


def went_back(connection: Connection, invoice: Document) -> bool:
    """Whether money that was counted of it was taken back; what the bank confirmed was reversed too, and came all the same."""
    counted = payments.of_documents(connection, [invoice.document_id]).get(invoice.document_id, ())
    came, most = came_and_most(counted)
    return came < most and any(payment.reverses for payment in counted)


def came_since(invoice: Document, balance: Balance, amount: Decimal) -> tuple[Prepayment, ...]:
    """What makes up the *amount* that is not asked any more: a credit note pays its part."""
    credited = min(balance.credited or ZERO, amount)
    note = title(Kind.CREDIT_NOTE, Translator(invoice.draft.mail_language))
    both = (Prepayment(credited, name=note), Prepayment(amount - credited, received=True))
    return tuple(one for one in both if one.amount)


def by_transfer(invoice: Document) -> PaymentInstructions:
    """How the rest is paid: the shop's page would take the whole total once more, and so would the provider's account."""
    draft, payment = invoice.draft, invoice.draft.payment
    if payment is not None and payment.means in (Means.TRANSFER, Means.ON_DELIVERY):
        return replace(payment, pay_url="")
    seller = draft.seller
    return PaymentInstructions(
        reference=invoice.number,
        iban=seller.iban,
        bic=seller.bic,
        beneficiary=f"{seller.name} {seller.legal_form}".strip(),
    )
