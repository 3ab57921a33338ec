"""The values of the placeholders of a shop's own texts, in the language of the document."""

from collections.abc import Mapping
from datetime import date

from worker.domain.document import Draft, Kind
from worker.i18n.catalogs import Translator
from worker.i18n.formats import format_iban, format_reference
from worker.i18n.titles import title


def placeholder_values(
    draft: Draft, *, number: str, issued_on: date | None, shop: str, translator: Translator
) -> Mapping[str, str]:
    """Every placeholder that a document can fill by itself; empty where it has no value."""
    payment = draft.payment if draft.asks_payment else None
    due_on = payment.due_on if payment else None
    priced = draft.kind is not Kind.DELIVERY_NOTE
    return {
        "document": title(draft.kind, translator),
        "number": number,
        "date": translator.date(issued_on) if issued_on else "",
        "order": draft.order_number,
        "ordered_on": translator.date(draft.ordered_on),
        "total": translator.amount(draft.total, draft.currency) if priced else "",
        "net": translator.amount(draft.net, draft.currency) if priced else "",
        "to_pay": translator.amount(draft.to_pay, draft.currency) if payment else "",
        "customer": draft.buyer.company or draft.buyer.name,
        "buyer": draft.buyer.name or draft.buyer.company,
        "company": draft.buyer.company,
        "shop": shop,
        "seller": draft.seller.name,
        "due": translator.date(due_on) if due_on else "",
        "term": str((due_on - issued_on).days) if due_on and issued_on else "",
        "iban": format_iban(payment.iban) if payment else "",
        "bic": payment.bic if payment else "",
        "reference": format_reference(payment.reference) if payment else "",
    }
