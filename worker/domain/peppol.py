"""Who must be invoiced by Peppol, under which address a company is known there, and what no e-invoice can say."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import stdnum.ean
import stdnum.eu.vat
from stdnum.be import vat as belgian_vat
from stdnum.dk import cvr
from stdnum.fr import siret
from stdnum.no import orgnr as norwegian
from stdnum.se import orgnr as swedish

from worker.domain.access_point import ELSEWHERE
from worker.domain.document import Category, Draft, Kind, Problem, VatLine
from worker.domain.money import MINOR_UNITS
from worker.domain.party import Buyer, Seller
from worker.domain.shop import Shop
from worker.message import NO_MESSAGE, Message

# Codes of what is wrong with an e-invoice begin so; a check that broke proves nothing about it.
FINDING, UNCHECKED, NOT_CONNECTED = "einvoice:", "einvoice:unchecked", "einvoice:not_connected"
# Why a document went by mail, and how the flags begin that say so of an order.
NOT_ON_PEPPOL = "not_on_peppol"
# What travels by Peppol; confirmations and delivery notes have no place in EN 16931.
KINDS = (Kind.INVOICE, Kind.CREDIT_NOTE)
ENTERPRISE_NUMBER, BELGIAN_VAT_NUMBER = "0208", "9925"
# The enterprise number in Belgium, that of the Chamber of Commerce (KVK) in the Netherlands.
COMPANY_SCHEMES = {"BE": ENTERPRISE_NUMBER, "NL": "0106"}

# Prefix of a VAT number -> its scheme in the list of electronic addresses (EAS, read in 3.0.21). Not here: the countries whose
# addresses are made of a part of the number (see `addresses_of`).
VAT_SCHEMES = {
    "HU": "9910", "AT": "9914", "ES": "9920", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931",
    "GB": "9932", "EL": "9933", "HR": "9934", "IE": "9935", "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943",
    "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947", "SI": "9949", "SK": "9950", "FR": "9957", "IT": "0211",
}  # fmt: skip


# What an address may begin with: what PEPPOL-EN16931-CL008 takes (3.0.21, read 2026-11-29), which is less than the list EAS has.
SCHEMES = frozenset((
    "0002", "0007", "0009", "0060", "0088", "0096", "0097", "0106", "0130", "0135", "0142", "0151", "0158", "0183", "0184",
    "0188", "0190", "0191", "0192", "0195", "0196", "0198", "0199", "0200", "0201", "0204", "0208", "0209", "0210", "0211",
    "0216", "0218", "0221", "0225", "0230", "0235", "0240", "0242", "0244", "0245", "0246", "0248", "9910", "9913", "9914",
    "9915", "9918", "9919", "9920", "9922", "9923", "9924", "9925", "9926", "9927", "9928", "9929", "9930", "9931", "9932",
    "9933", "9934", "9935", "9936", "9937", "9938", "9939", "9940", "9941", "9942", "9943", "9944", "9945", "9946", "9947",
    "9948", "9949", "9950", "9951", "9952", "9953", "9957", "9959",
))  # fmt: skip
# Numbers whose check digits are known, beside those of VAT.
_CHECKED: dict[str, Callable[[str], bool]] = {
    "0007": swedish.is_valid, "0009": siret.is_valid, "0088": stdnum.ean.is_valid, "0184": cvr.is_valid, "0192": norwegian.is_valid,
}  # fmt: skip
_NETWORK = "iso6523-actorid-upis::"
_VALUE = re.compile(r"[A-Za-z0-9.:/_~-]{1,50}", re.ASCII)


@dataclass(frozen=True)
class Address:
    """A participant's address: *scheme* is a code of EAS, *value* what it says there (EN 16931 BT-34, BT-49)."""

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


def addresses_of(vat_number: str) -> tuple[Address, ...]:
    """Where a company may be reached, the likeliest first. A Belgian one is known by ten digits, and by those with BE before."""
    prefix, rest = vat_number[:2], vat_number[2:]
    match prefix:
        case "BE":
            return Address(ENTERPRISE_NUMBER, rest), Address(BELGIAN_VAT_NUMBER, vat_number)
        case "DK":
            return (Address("0184", rest),)
        case "SE":  # the organisation number: ten digits, without the 01 at the end
            return (Address("0007", rest[:10]),)
        case "FI":  # the country's own code before the business id
            return (Address("0216", f"0037{rest}"),)
    return (Address(VAT_SCHEMES[prefix], vat_number),) if prefix in VAT_SCHEMES else ()


def read_address(given: str) -> Address | None:
    """The address that was typed, as “0208:0403.170.701”, “9925:be0403170701” or a Belgian number alone; None when it is none.

    Its scheme must be known, and its number right where it has check digits. A BE before ten digits is taken off: with it
    the address is valid nowhere (PEPPOL-COMMON-R043).
    """
    text = "".join(given.split())
    text = text[len(_NETWORK) :] if text.lower().startswith(_NETWORK) else text
    scheme, colon, value = text.partition(":")
    if not colon:
        scheme, value = ENTERPRISE_NUMBER, text
    if scheme not in SCHEMES or not _VALUE.fullmatch(value):
        return None
    number = _number_under(scheme, value)
    return Address(scheme, number) if number else None


def _number_under(scheme: str, value: str) -> str:
    """*value* as its scheme writes it; empty when its check digits are wrong."""
    if scheme in (ENTERPRISE_NUMBER, BELGIAN_VAT_NUMBER):
        digits = belgian_vat.compact(value) if belgian_vat.is_valid(value) else ""
        return f"BE{digits}" if digits and scheme == BELGIAN_VAT_NUMBER else digits
    prefix = next((prefix for prefix, its_scheme in VAT_SCHEMES.items() if its_scheme == scheme), "")
    if prefix and prefix != "GB":
        number = prefix + value.upper().removeprefix(prefix)
        return str(stdnum.eu.vat.validate(number)) if stdnum.eu.vat.is_valid(number) else ""
    is_right = _CHECKED.get(scheme, bool)
    return value if is_right(value) else ""


def company_scheme(seller: Seller) -> str:
    """Under which code the company's own number stands, in lists of addresses (EAS) and of companies (ICD); empty: not known.

    Where only a Belgian VAT number is given its digits are that number, wherever the seller lives.
    """
    if not seller.enterprise_number and seller.vat_number.startswith("BE"):
        return ENTERPRISE_NUMBER
    return COMPANY_SCHEMES.get(seller.address.country or "BE", "")


def tax_number(seller: Seller) -> str:
    """By what a Belgian seller without a VAT number, who is exempt, is known to the tax office (BT-32; BR-E-02 wants one)."""
    return seller.enterprise_number if company_scheme(seller) == ENTERPRISE_NUMBER else ""


def address_of_seller(seller: Seller) -> Address | None:
    scheme = company_scheme(seller)
    if scheme and seller.enterprise_number:
        return Address(scheme, seller.enterprise_number)
    return next(iter(addresses_of(seller.vat_number)), None)


def address_of_buyer(buyer: Buyer) -> Address | None:
    """The one that he gave with the order, else that which follows from his VAT number."""
    return next(iter(addresses_of_buyer(buyer)), None)


def has_einvoice(draft: Draft) -> bool:
    """Whether an e-invoice is tried for this document at all: consumers and order confirmations have none."""
    return draft.kind in KINDS and address_of_buyer(draft.buyer) is not None


def is_required(draft: Draft) -> bool:
    """Whether the law lets this invoice go by Peppol only: from a Belgian seller to a Belgian business, and not wholly exempt.

    Art. 53 §2bis VAT code, art. 13ter RD 1, since 1-1-2026 (read 28-11-2026). Small businesses under the exemption scheme must
    too; a supply under art. 44 need not.
    """
    seller, buyer = draft.seller, draft.buyer
    return (
        draft.kind in KINDS
        and seller.address.country == "BE"
        and buyer.vat_number.startswith("BE")
        and belgian_vat.is_valid(buyer.vat_number)
        and buyer.address.country in ("BE", "")
        and not is_exempt(draft)
    )


def is_copy(shop: Shop, draft: Draft) -> bool:
    """Whether the PDF is a copy: another system sends the e-invoice, which is the invoice."""
    return shop.peppol.sender == ELSEWHERE and is_required(draft)


def addresses_of_buyer(buyer: Buyer) -> tuple[Address, ...]:
    """Where he may be reached: at the address that he gave with the order, else by his number."""
    given = read_address(buyer.peppol_address) if buyer.peppol_address else None
    return tuple(dict.fromkeys((*([given] if given else ()), *addresses_of(buyer.vat_number))))


def flag_of(number: str) -> str:
    """The code of the flag on an order that says of a document that it went by mail, its buyer not being on Peppol."""
    return f"{NOT_ON_PEPPOL}:{number}"


def is_finding(problem: Problem) -> bool:
    """Whether *problem* is one of the e-invoice's alone: a person may issue the document all the same."""
    return problem.code.startswith(FINDING)


def is_exempt(draft: Draft) -> bool:
    """Whether all of it falls under art. 44 of the VAT code."""
    rows, keys = draft.vat_lines, {mention.key for mention in draft.mentions}
    return bool(rows) and all(row.category is Category.EXEMPT for row in rows) and "exempt" in keys


def obstacle_of(draft: Draft) -> Message:
    """What EN 16931 cannot say of this document; empty when it can say all."""
    if draft.einvoice_obstacle:
        return draft.einvoice_obstacle
    if MINOR_UNITS.get(draft.currency, 2) > 2:
        return Message(
            "An e-invoice has two decimals at most, and amounts in {currency} have three: PDF only.",
            currency=draft.currency,
        )
    if draft.corrects and any(is_vat_alone(row, draft.currency) for row in draft.vat_lines):
        return Message(
            "The credit note gives back VAT without the goods, and an e-invoice cannot say that: there VAT is always its rate of an "
            "amount. If order {number} should have had no VAT, say so on its page, then credit {invoice} and issue it again. Else issue "
            "this one as a PDF and say why.",
            number=draft.order_number,
            invoice=draft.corrects.number,
        )
    return NO_MESSAGE


def is_vat_alone(row: VatLine, currency: str) -> bool:
    """Whether its VAT is of more than its base, by more than rounding (EN 16931 BR-CO-17)."""
    unit = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    return abs(row.vat) - abs(row.base * row.rate / 100) > 2 * unit
