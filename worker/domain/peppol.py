"""Who must be invoiced by Peppol, under which address a company is known there, and what no e-invoice can say."""

from dataclasses import dataclass

from stdnum.be import vat as belgian_vat

from worker.domain.document import Category, Draft, Kind, Problem
from worker.domain.money import MINOR_UNITS
from worker.domain.party import Buyer, Seller
from worker.message import NO_MESSAGE, Message

# Codes of what is wrong with an e-invoice begin so; a check that broke proves nothing about it.
FINDING, UNCHECKED = "einvoice:", "einvoice:unchecked"
# What travels by Peppol; confirmations and delivery notes have no place in EN 16931.
KINDS = (Kind.INVOICE, Kind.CREDIT_NOTE)
ENTERPRISE_NUMBER, BELGIAN_VAT_NUMBER = "0208", "9925"

# Prefix of a VAT number -> its scheme in the list of electronic addresses (EAS, read in 3.0.21). Not here: the countries whose
# addresses are made of a part of the number (see `addresses_of`).
VAT_SCHEMES = {
    "HU": "9910", "AT": "9914", "ES": "9920", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931",
    "GB": "9932", "EL": "9933", "HR": "9934", "IE": "9935", "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943",
    "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947", "SI": "9949", "SK": "9950", "FR": "9957", "IT": "0211",
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A participant's address: *scheme* is a code of EAS, *value* what it says there (EN 16931 BT-34, BT-49)."""

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


def addresses_of(vat_number: str, enterprise_number: str = "") -> tuple[Address, ...]:
    """Where a company may be reached, the likeliest first. A Belgian one is known by ten digits, and by those with BE before."""
    prefix, rest = vat_number[:2], vat_number[2:]
    digits = enterprise_number or (rest if prefix == "BE" else "")
    if digits:
        return Address(ENTERPRISE_NUMBER, digits), Address(BELGIAN_VAT_NUMBER, f"BE{digits}")
    match prefix:
        case "DK":
            return (Address("0184", rest),)
        case "SE":  # the organisation number: ten digits, without the 01 at the end
            return (Address("0007", rest[:10]),)
        case "FI":  # the country's own code before the business id
            return (Address("0216", f"0037{rest}"),)
    return (Address(VAT_SCHEMES[prefix], vat_number),) if prefix in VAT_SCHEMES else ()


def address_of_seller(seller: Seller) -> Address | None:
    return next(iter(addresses_of(seller.vat_number, seller.enterprise_number)), None)


def address_of_buyer(buyer: Buyer) -> Address | None:
    return next(iter(addresses_of(buyer.vat_number)), None)


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
    return NO_MESSAGE
