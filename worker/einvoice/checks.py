"""What no published rule looks at, read from the bytes as a stranger would: VAT to the cent, check digits, what a credit note corrects.

The rules of EN 16931 let VAT be a whole euro beside base x rate, and none of them knows how a Belgian number is made.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from lxml import etree
from stdnum import iban, iso11649
from stdnum.be import ogm_vcs
from stdnum.be import vat as belgian_vat

from worker.domain.document import Draft, Kind
from worker.domain.money import MINOR_UNITS, ZERO, to_minor_unit
from worker.einvoice.sentences import Fault
from worker.einvoice.xml import NAMES, Node

SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
# "Exactly the rest" of an invoice takes back its cents too: one for each credit note before it.
CREDIT_NOTE_TOLERANCE = 5
# BT-114: a shop without decimals rounds each line and the total to whole euros. The published rules take any amount.
HALF = Decimal("0.50")


def faults_of(root: Node, draft: Draft) -> Iterator[Fault]:
    """What is wrong in the e-invoice *root*: the name of the check, and what was found. *draft* says only how it was made."""
    yield from vat_faults(root, tolerance_of(draft))
    yield from rounding_faults(root)
    yield from number_faults(root)
    yield from payment_faults(root)
    if etree.QName(root).localname == "CreditNote":
        yield from reference_faults(root)


def tolerance_of(draft: Draft) -> int:
    """How many of the currency's smallest units VAT may be beside base x rate: none on an invoice, unless VAT is as charged."""
    if draft.kind is Kind.CREDIT_NOTE:
        return CREDIT_NOTE_TOLERANCE
    is_beside = any(row.vat != row_vat(row.base, row.rate, draft.currency) for row in draft.vat_lines)
    return int(is_beside and is_as_charged(draft))


def is_as_charged(draft: Draft) -> bool:
    """Whether VAT can be what the shop charged, which leaves no cent to round: of the total, else (without decimals) of each rate."""
    return not draft.rounding or all(row.base + row.vat == row.charged for row in draft.vat_lines)


def row_vat(base: Decimal, rate: Decimal, currency: str) -> Decimal:
    return to_minor_unit(base * rate / 100, currency)


def vat_faults(root: Node, tolerance: int) -> Iterator[Fault]:
    currency, bases = text(root, "cbc:DocumentCurrencyCode"), ZERO
    unit = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    for row in root.iterfind("cac:TaxTotal/cac:TaxSubtotal", NAMES):
        base, vat = number(row, "cbc:TaxableAmount"), number(row, "cbc:TaxAmount")
        exact = row_vat(base, number(row, "cac:TaxCategory/cbc:Percent"), currency)
        bases += base
        if abs(vat - exact) > tolerance * unit:
            yield "vat_to_the_cent", f"{vat} where {base} gives {exact}"
    net = number(root, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount")
    if bases != net:
        yield "bases_add_up", f"{bases} is not {net}"


def rounding_faults(root: Node) -> Iterator[Fault]:
    rounding = number(root, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount")
    roundings = 1 + len(root.findall("cac:InvoiceLine", NAMES)) + len(root.findall("cac:CreditNoteLine", NAMES))
    if abs(rounding) > HALF * roundings:
        yield "rounding_too_large", str(rounding)


def number_faults(root: Node) -> Iterator[Fault]:
    for rule, party in (("seller_number", SELLER), ("buyer_number", BUYER)):
        for path, is_valid in NUMBERS:
            wrong = [found for found in texts(root, f"{party}/{path}") if not is_valid(found)]
            yield from ((rule, found) for found in wrong[:1])


def is_belgian_vat_number(found: str) -> bool:
    return not found.startswith("BE") or belgian_vat.is_valid(found)


def is_9925(found: str) -> bool:
    return found.startswith("BE") and belgian_vat.is_valid(found)


def is_enterprise_number(found: str) -> bool:
    return len(found) == 10 and found.isdigit() and belgian_vat.is_valid(found)


NUMBERS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("cbc:EndpointID[@schemeID='9925']", is_9925),
    ("cbc:EndpointID[@schemeID='0208']", is_enterprise_number),
    ("cac:PartyLegalEntity/cbc:CompanyID[@schemeID='0208']", is_enterprise_number),
    ("cac:PartyTaxScheme/cbc:CompanyID", is_belgian_vat_number),
)


def payment_faults(root: Node) -> Iterator[Fault]:
    account, reference = "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID", "cac:PaymentMeans/cbc:PaymentID"
    yield from (("iban", found) for found in texts(root, account) if not iban.is_valid(found, check_country=False))
    yield from (("payment_reference", found) for found in texts(root, reference) if not is_reference(found))
    is_open = number(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") > 0
    says_when = texts(root, "cbc:DueDate") or texts(root, "cac:PaymentTerms/cbc:Note")
    if is_open and not says_when and etree.QName(root).localname == "Invoice":
        yield "no_due_date", "neither due date nor terms"


def is_reference(found: str) -> bool:
    """Whether the check digits are right: of the Belgian structured communication, or of the RF form for buyers abroad."""
    if found.startswith("RF"):
        return bool(iso11649.is_valid(found))
    return len(found) == 12 and found.isdigit() and ogm_vcs.is_valid(found)


def reference_faults(root: Node) -> Iterator[Fault]:
    corrected = "cac:BillingReference/cac:InvoiceDocumentReference"
    if not texts(root, f"{corrected}/cbc:ID"):
        yield "no_corrected_invoice", "no BillingReference"
    for day in texts(root, f"{corrected}/cbc:IssueDate"):
        if day > text(root, "cbc:IssueDate"):  # both are written year first
            yield "before_its_invoice", day


def text(element: Node, path: str) -> str:
    found: str = element.findtext(path, "", NAMES)
    return found


def texts(element: Node, path: str) -> list[str]:
    return [found.text or "" for found in element.iterfind(path, NAMES)]


def number(element: Node, path: str) -> Decimal:
    """The amount at *path*; nothing counts as 0, as an absent Percent (category O) is."""
    return Decimal(text(element, path) or 0)
