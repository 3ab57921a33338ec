"""In which language a customer is written to, and the few words the domain itself prints."""

import re
from functools import cache

from worker.domain.data_file import read_data
from worker.domain.document import Kind
from worker.domain.order import Order
from worker.domain.shop import Shop

LANGUAGES = ("nl", "fr", "de", "en")
LANGUAGE_NAMES = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}
# In what language businesses get invoices: that of the seller's region, the customer's, or one of ours.
OF_SEAT, OF_CUSTOMER = "seat", "customer"
BUSINESS_LANGUAGES = (OF_SEAT, OF_CUSTOMER, *LANGUAGES)
# In what language documents say things a second time: in none, in the customer's where that is another, or in one of ours.
NO_SECOND = "none"
SECOND_LANGUAGES = (NO_SECOND, OF_CUSTOMER, *LANGUAGES)

_LANGUAGE_OF_COUNTRY = {
    "NL": "nl", "SR": "nl", "FR": "fr", "LU": "fr", "MC": "fr", "DE": "de", "AT": "de", "CH": "de", "LI": "de",
}  # fmt: skip

# Belgium's language areas by postcode (coordinated laws on the use of languages, 18-7-1966; read 2026-11-22).
# Communes with facilities (1630 Linkebeek, 3790 Voeren, 7780 Comines, 4960 Malmedy …) count with the area they lie in.
_BELGIAN_AREAS = (
    (1000, 1299, ""),  # Brussels-Capital is bilingual: the shop's own language
    (1300, 1499, "fr"),  # Walloon Brabant
    (1500, 3999, "nl"),
    (4700, 4799, "de"),  # Eupen, Kelmis, Büllingen, Sankt Vith …; Malmedy (4960) and Waimes (4950) are French-speaking
    (4000, 7999, "fr"),
    (8000, 9999, "nl"),
)


def language_of(order: Order, shop: Shop) -> str:
    """The language of *order*'s documents: translation plugin, then billing country, in Belgium postcode, then shop."""
    hinted = _supported(order.language_hint)
    if hinted:
        return hinted
    address = order.billing.address
    if not address.country:
        return default_language(shop)
    if address.country == "BE":
        return _belgian_language(address.postcode) or default_language(shop)
    return _LANGUAGE_OF_COUNTRY.get(address.country, "en")


def document_language(kind: Kind, order: Order, shop: Shop) -> str:
    """The language of *order*'s *kind* of document: the customer's, but of an invoice to a business as its seller chose.

    What the law prescribes, a company in Belgium writes in the language of the region of its seat, whoever it is for: an
    invoice in another one is void (Flemish decree of 19-7-1973 as changed on 7-7-2017; art. 52 of the laws on the use of
    languages of 18-7-1966; read 2026-11-28). Brussels leaves the choice; to a consumer no invoice is prescribed.
    """
    chosen = shop.business_language
    if kind is not Kind.INVOICE or not order.is_business or chosen == OF_CUSTOMER:
        return language_of(order, shop)
    return (seat_language(shop) if chosen == OF_SEAT else _supported(chosen)) or language_of(order, shop)


def second_language(order: Order, shop: Shop, *, first: str) -> str:
    """The language that *order*'s documents say titles, heads and legal sentences in beside the *first*; empty for none.

    The first stays what `document_language` says; the law of a region lets a translation stand beside it.
    """
    chosen = language_of(order, shop) if shop.second_language == OF_CUSTOMER else _supported(shop.second_language)
    return "" if chosen == first else chosen


def seat_language(shop: Shop) -> str:
    """The language of the region in which the seller has its seat; empty in Brussels and outside Belgium."""
    address = shop.seller.address
    return _belgian_language(address.postcode) if address.country == "BE" else ""


def default_language(shop: Shop) -> str:
    return _supported(shop.language) or "en"


def phrase(key: str, language: str) -> str:
    """One of the few phrases that the domain prints itself; {placeholders} are the caller's to fill."""
    return _phrases()[key][language]


def _supported(hint: str) -> str:
    """“fr_BE”, “FR-be” and “fr” are fr; a language that we do not print is nothing."""
    code = hint.strip().lower()[:2]
    whole = re.split(r"[-_@.]", hint.strip().lower(), maxsplit=1)[0]
    return code if code == whole and code in LANGUAGES else ""


def _belgian_language(postcode: str) -> str:
    digits = re.sub(r"\D", "", postcode)
    if len(digits) != 4:
        return ""
    return next((language for low, high, language in _BELGIAN_AREAS if low <= int(digits) <= high), "")


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return read_data("words")
