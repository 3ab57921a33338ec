"""VAT numbers as people type them: “BTW BE 0123.456.749”, “TVA n° BE…”, “USt-IdNr. DE…”. The words around a number are not part of it."""

import re
import unicodedata
from collections.abc import Iterator

import stdnum.eu.vat

from worker.domain.document import Problem
from worker.domain.order import Order, UnreadNumber
from worker.domain.party import Seller
from worker.domain.place_of_supply import EU
from worker.message import Message

# What stands before a number, in the languages of the member states; after it stands the register (“RPR Gent”).
_WORDS = (
    "ALV", "ARVO", "BTW", "BTWNR", "CIF", "CODE", "DIC", "EU", "FISCALE", "ID", "INTRACOM", "IVA", "MOMS", "MWST", "NIF", "NIP",
    "N", "NO", "NR", "NUM", "NUMBER", "NUMERO", "NUMMER", "ONDERNEMINGSNUMMER", "PARTITA", "P", "PDV", "TIN", "TVA", "UID", "UST",
    "VAT",
)  # fmt: skip
_LONGEST = 60
_REGISTER = re.compile(r"(?:RPR|RPM|RPJ|KBO|BCE)[A-Z]*$")


def readings(given: str) -> Iterator[str]:
    """What may be meant by *given*, in capitals and digits: as it is typed first, then without the words around it.

    Several, because only its check digits tell a word from a number: “NO” may begin one.
    """
    plain = unicodedata.normalize("NFKD", given).upper()
    compact = re.sub(r"[^0-9A-Z+*]", "", plain)[:_LONGEST]
    seen: set[str] = set()
    waiting = [compact]
    while waiting:
        text = waiting.pop(0)
        if not text or text in seen:
            continue
        seen.add(text)
        yield text
        waiting += [text.removeprefix(word) for word in _WORDS if text.startswith(word)]
        waiting += [text.removesuffix(word) for word in _WORDS if text.endswith(word)]
        waiting.append(_REGISTER.sub("", text))


def normalise_vat_number(given: str, country: str) -> tuple[str, Problem | None]:
    """Normalise *given* ("be 0403.170.701", "BTW 403170701"): (number with prefix, None), or ("", why it is wrong).

    A customer outside the EU gives a number of his own country, which decides nothing here: ("", None).
    """
    meant = ["EL" + one[2:] if one.startswith("GR") else one for one in readings(given)]
    if not meant:
        return "", None
    prefix = vat_prefix(country)
    for candidate in (candidate for one in meant for candidate in (one, prefix + one)):
        if _member_prefix(candidate[:2]) and stdnum.eu.vat.is_valid(candidate):
            return str(stdnum.eu.vat.validate(candidate)), None
    if not prefix and not _member_prefix(meant[0][:2]):
        return "", None
    return "", Problem("vat_number_wrong", Message("“{number}” is not a valid VAT number.", number=given.strip()))


def unread_number(order: Order, seller: Seller) -> UnreadNumber | None:
    """The number that may be the buyer's, where *order* gives no valid one: plugins write the seller's own beside it."""
    if normalise_vat_number(order.vat_number_given, order.billing.address.country)[0]:
        return None
    own = (seller.vat_number, f"BE{seller.enterprise_number}")
    return next((one for one in order.unread_numbers if one.vat_number not in own), None)


def enterprise_number_of(vat_number: str) -> str:
    """The ten digits that a Belgian company's VAT number holds; empty of any other."""
    return vat_number.removeprefix("BE") if vat_number.startswith("BE") else ""


def vat_prefix(country: str) -> str:
    """The prefix of VAT numbers of *country*: EL for Greece, XI for Northern Ireland; empty outside the EU."""
    if country == "XI":
        return "XI"
    return "EL" if country == "GR" else country if country in EU else ""


def _member_prefix(prefix: str) -> bool:
    return prefix in ("EL", "XI") or (prefix in EU and prefix != "GR")
