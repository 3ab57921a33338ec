"""The shop's own texts on documents and in mails: stored per part, kind, paid or not, and language; placeholders, no logic.

A text is stored as it will be filled: {number}, {order} … The %tags% of other software are read and turned into those.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache

from worker.domain.data_file import read_data
from worker.domain.document import Captions, Kind
from worker.domain.language import LANGUAGES
from worker.domain.shop import Shop
from worker.errors import InvalidValue
from worker.message import Message


class TextPart(StrEnum):
    SUBJECT = "mail.subject"
    BODY = "mail.body"
    INTRO = "document.intro"  # above the lines
    CLOSING = "document.closing"  # below the totals
    TERMS = "document.terms"  # small, at the end


# What each stands for; the command line and the pages show this list.
PLACEHOLDERS = {
    "document": Message("the word for the document, like invoice"),
    "number": Message("its number"),
    "date": Message("its date"),
    "order": Message("the order's number"),
    "ordered_on": Message("the day of the order"),
    "total": Message("the total, with its currency; nothing on a delivery note"),
    "net": Message("the total without VAT; nothing on a delivery note"),
    "to_pay": Message("what is still to pay; nothing when it is paid"),
    "customer": Message("the customer's company, else the customer's name"),
    "buyer": Message("the customer's name"),
    "company": Message("the customer's company"),
    "shop": Message("the shop's name"),
    "seller": Message("the company's name"),
    "due": Message("the day it must be paid by; nothing when it is paid"),
    "term": Message("the days in which it must be paid; nothing when it is paid"),
    "iban": Message("the account to pay to; nothing when it is paid"),
    "bic": Message("the bank of that account; nothing when it is paid"),
    "reference": Message("the communication of the payment; nothing when it is paid"),
    "documents": Message("all documents of the mail, by name and number"),
    "link": Message("the address of the document's page"),
}
_MAIL_ONLY = ("documents", "link")
_NOT_IN_SUBJECT = ("link",)  # an address has no place in a subject

# The %tags% of other software. Accents, capitals and underscores do not matter.
TAGS = {
    # enFact, which is onFact and eFactori under another name, lists these (support pages “Tags”, read 2026-11-27); they are
    # the same in each of its languages.
    "number": "number", "document_number": "number", "document_date": "date", "company_name": "seller",
    "customer_name": "customer", "contact_name": "buyer",
    "total_amount_excl": "net", "total_amount_incl": "total", "total_amount_to_be_paid": "to_pay",
    "term": "term", "expiration_date": "due", "structured_message": "reference", "iban": "iban", "bic": "bic", "link": "link",
    # Tags that people make up, in Dutch, French and English.
    "factuurnummer": "number", "documentnummer": "number", "nummer": "number",
    "numero": "number", "numerofacture": "number", "numerodefacture": "number", "numerodocument": "number",
    "invoicenumber": "number",
    "factuurdatum": "date", "documentdatum": "date", "datum": "date",
    "date": "date", "datefacture": "date", "datedefacture": "date", "datedocument": "date", "invoicedate": "date",
    "bestelnummer": "order", "ordernummer": "order", "bestelling": "order",
    "numerocommande": "order", "numerodecommande": "order", "commande": "order",
    "ordernumber": "order", "order": "order",
    "besteldatum": "ordered_on", "datecommande": "ordered_on", "datedecommande": "ordered_on", "orderdate": "ordered_on",
    "klantnaam": "customer", "klant": "customer", "naam": "buyer", "contactnaam": "buyer",
    "nomclient": "customer", "nomduclient": "customer", "client": "customer", "nom": "buyer", "nomcontact": "buyer",
    "customer": "customer",
    "klantbedrijf": "company", "societeclient": "company", "customercompany": "company",
    "bedrag": "total", "totaal": "total", "totaalbedrag": "total", "totaalinclbtw": "total",
    "montant": "total", "total": "total", "montanttotal": "total", "montantttc": "total", "totalttc": "total",
    "amount": "total", "tebetalen": "to_pay", "apayer": "to_pay",
    "totaalexclbtw": "net", "montantht": "net", "totalht": "net",
    "vervaldatum": "due", "vervaldag": "due", "echeance": "due", "dateecheance": "due", "datedecheance": "due",
    "duedate": "due", "betaaltermijn": "term", "delai": "term",
    "mededeling": "reference", "gestructureerdemededeling": "reference",
    "communication": "reference", "communicationstructuree": "reference",
    "rekeningnummer": "iban", "numerodecompte": "iban", "compte": "iban",
    "winkel": "shop", "winkelnaam": "shop", "boutique": "shop", "nomboutique": "shop", "shopname": "shop", "shop": "shop",
    "bedrijfsnaam": "seller", "bedrijf": "seller", "nomsociete": "seller", "societe": "seller",
    "documenttype": "document", "typedocument": "document",
    "lien": "link", "documentlink": "link", "factuurlink": "link", "lienfacture": "link",
}  # fmt: skip

# What enFact fills and we do not, and why it may be left out.
UNSUPPORTED_TAGS = {
    "payment_button": Message("each mail has a button of its own, to pay or to view"),
    "sign_button": Message("nothing is signed here"),
    "customer_number": Message("customers of a shop have no number"),
    "financial_discount": Message("there is no discount for paying early"),
    "financial_discount_date": Message("there is no discount for paying early"),
    "total_amount_incl_with_financial_discount": Message("there is no discount for paying early"),
}

_TAGS, _UNSUPPORTED_TAGS = (
    {tag.replace("_", ""): said for tag, said in table.items()} for table in (TAGS, UNSUPPORTED_TAGS)
)

LONGEST = {
    TextPart.SUBJECT: 200,
    TextPart.BODY: 5000,
    TextPart.INTRO: 1500,
    TextPart.CLOSING: 1500,
    TextPart.TERMS: 6000,
}

_BRACES = re.compile(r"\{([^{}]*)\}")
_TAG = re.compile(r"%([^\W\d]\w{2,59})%")
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class TextKey:
    """Which text: `mail.subject/invoice/unpaid/nl`."""

    part: TextPart
    kind: Kind
    paid: bool
    language: str

    def __str__(self) -> str:
        return f"{self.part}/{self.kind}/{'paid' if self.paid else 'unpaid'}/{self.language}"


def all_keys() -> Iterator[TextKey]:
    """All texts that there are, in the order of the settings page."""
    return (
        TextKey(part, kind, paid, language)
        for part in TextPart
        for kind in Kind
        for paid in (False, True)
        for language in LANGUAGES
    )


def matching_keys(pattern: str) -> tuple[TextKey, ...]:
    """The texts that *pattern* names: a key, with * for any kind, state or language. Raises ValueError for none."""
    found = tuple(key for key in all_keys() if fnmatchcase(str(key), pattern))
    if not found:
        raise InvalidValue(
            "“{pattern}” names no text; write it as part/kind/state/language, like "
            "mail.subject/invoice/unpaid/nl or mail.body/*/*/nl (parts: {parts}; kinds: {kinds}; states: "
            "paid, unpaid; languages: {languages}).",
            pattern=pattern,
            parts=", ".join(TextPart),
            kinds=", ".join(Kind),
            languages=", ".join(LANGUAGES),
        )
    return found


def check_text(part: TextPart, text: str) -> str:
    """*text* as it is stored: %tags% turned into placeholders. Raises ValueError with the name of one that nothing fills."""
    plain = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")).strip()
    plain = _TAG.sub(_from_tag, plain)
    plain = _BRACES.sub(lambda match: _check_name(part, match), plain)
    if part is TextPart.SUBJECT and ("\n" in plain or not plain):
        raise InvalidValue("A subject is one line, and may not be empty.")
    if len(plain) > LONGEST[part]:
        raise InvalidValue(
            "This text is too long for {part} (characters: {length}, at most {longest}).",
            length=len(plain),
            longest=LONGEST[part],
            part=part,
        )
    return plain


def with_text(shop: Shop, key: TextKey, text: str) -> Shop:
    """*shop* with its own text for *key*. Raises ValueError as `check_text` does."""
    return replace(shop, texts={**shop.texts, str(key): check_text(key.part, text)})


def without_text(shop: Shop, key: TextKey) -> Shop:
    """*shop* with the default for *key*."""
    return replace(shop, texts={name: text for name, text in shop.texts.items() if name != str(key)})


def text_of(shop: Shop, key: TextKey) -> str:
    """The shop's text for *key*, else the default. A text that is stored empty prints nothing."""
    own = shop.texts.get(str(key))
    if own is not None:
        return own
    return shop.terms if key.part is TextPart.TERMS and shop.terms else default_text(key)


def default_text(key: TextKey) -> str:
    """The default text, where the shop wrote none."""
    state = "paid" if key.paid else "unpaid"
    names = (f"{key.part}/{key.kind}/{state}", f"{key.part}/{key.kind}", str(key.part))
    return next((_defaults()[name][key.language] for name in names if name in _defaults()), "")


def default_body_for_several(language: str) -> str:
    """The default body of a mail that brings several documents."""
    return _defaults()["mail.body/several"][language]


def default_body_of_replaced(language: str) -> str:
    """The body of a mail with a payment request that asks for nothing any more; a shop's own text would ask."""
    return _defaults()["mail.body/payment_request/replaced"][language]


def captions(shop: Shop, kind: Kind, *, paid: bool, language: str) -> Captions:
    """The texts that a document of *kind* carries."""
    intro, closing, terms = (
        text_of(shop, TextKey(part, kind, paid, language))
        for part in (TextPart.INTRO, TextPart.CLOSING, TextPart.TERMS)
    )
    return Captions(intro, closing, terms, shop.name)


def fill(text: str, values: Mapping[str, str]) -> str:
    """*text* with its placeholders filled, once: what comes in is not filled again."""
    return "".join(words for _, words in pieces(text, values))


def pieces(text: str, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """*text* in pieces: the name of the placeholder ("" for plain words) and what stands there.

    An empty value takes the space before it away, so that “Hello {buyer},” becomes “Hello,”.
    """
    found: list[tuple[str, str]] = []
    at = 0
    for match in _BRACES.finditer(text):
        name = match[1].strip().lower()
        if name not in values:
            continue
        before, value = text[at : match.start()], values[name]
        found.append(("", before if value else before.removesuffix(" ")))
        found.append((name, value))
        at = match.end()
    found.append(("", text[at:]))
    return tuple((name, words) for name, words in found if words)


def _from_tag(match: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKD", match[1]).encode("ascii", "ignore").decode().lower().replace("_", "")
    if plain in _UNSUPPORTED_TAGS:
        raise InvalidValue(
            "“{text}” cannot be filled: {why}. Leave it out.", text=match[0], why=_UNSUPPORTED_TAGS[plain]
        )
    if plain not in _TAGS:
        raise InvalidValue(
            "“{text}” is not a tag that can be filled; use {placeholders}.",
            text=match[0],
            placeholders=_as_list(PLACEHOLDERS),
        )
    return f"{{{_TAGS[plain]}}}"


def _check_name(part: TextPart, match: re.Match[str]) -> str:
    name = match[1].strip().lower()
    allowed = [known for known in PLACEHOLDERS if _fits(known, part)]
    if name in allowed:
        return f"{{{name}}}"
    if name in PLACEHOLDERS:
        where = Message("a subject") if part is TextPart.SUBJECT else Message("a document")
        raise InvalidValue(
            "“{name}” has no place in {where}; use {allowed}.",
            name=f"{{{name}}}",
            where=where,
            allowed=_as_list(allowed),
        )
    raise InvalidValue("“{text}” is not a placeholder; use {allowed}.", text=match[0], allowed=_as_list(allowed))


def _fits(name: str, part: TextPart) -> bool:
    if part is TextPart.SUBJECT:
        return name not in _NOT_IN_SUBJECT
    return part is TextPart.BODY or name not in _MAIL_ONLY


def _as_list(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


@cache
def _defaults() -> dict[str, dict[str, str]]:
    return read_data("texts")
