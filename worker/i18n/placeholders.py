"""What the placeholders of a shop's own words stand for, in the language of the document."""

from collections.abc import Mapping
from datetime import date

from worker.domain.document import Draft, Kind
from worker.i18n.catalogs import Words
from worker.i18n.formats import asks_payment, iban, structured_communication
from worker.i18n.titles import title


def facts(draft: Draft, *, number: str, issued_on: date | None, shop: str, words: Words) -> Mapping[str, str]:
    """Every placeholder that a document can fill by itself; an empty one has nothing to say."""
    payment = draft.payment if asks_payment(draft) else None
    due_on = payment.due_on if payment else None
    priced = draft.kind is not Kind.DELIVERY_NOTE
    return {
        "document": title(draft.kind, words),
        "number": number,
        "date": words.date(issued_on) if issued_on else "",
        "order": draft.order_number,
        "ordered_on": words.date(draft.ordered_on),
        "total": words.amount(draft.total, draft.currency) if priced else "",
        "net": words.amount(draft.net, draft.currency) if priced else "",
        "to_pay": words.amount(draft.total, draft.currency) if payment else "",
        "customer": draft.buyer.company or draft.buyer.name,
        "buyer": draft.buyer.name or draft.buyer.company,
        "company": draft.buyer.company,
        "shop": shop,
        "seller": draft.seller.name,
        "due": words.date(due_on) if due_on else "",
        "term": str((due_on - issued_on).days) if due_on and issued_on else "",
        "iban": iban(payment.iban) if payment else "",
        "bic": payment.bic if payment else "",
        "reference": structured_communication(payment.reference) if payment else "",
    }
