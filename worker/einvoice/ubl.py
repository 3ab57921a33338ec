"""A document as a Peppol BIS Billing 3.0 invoice or credit note (UBL 2.1). Nothing is calculated: each figure is the document's.

The elements stand in the order of the schema; the BT and BG of EN 16931 are named where UBL calls them otherwise.
"""

import base64
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from worker.domain.document import Category, Document, Draft, Line, Rounding, VatLine
from worker.domain.payment_method import Means, known_method
from worker.einvoice import parties
from worker.einvoice.figures import CREDIT_TRANSFER, PIECE, Figures, to_the_cent
from worker.einvoice.xml import NAMES, Element, Node, filled, fit, group, leaf, plain, vat_scheme

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
# UNCL 4461: in cash, at a provider's page; what is known of no other method is that it was paid.
PAID_BY, PAID_SOMEHOW = {Means.ON_DELIVERY: "10", Means.ONLINE: "68"}, "1"
# What is open is paid as buyer and seller agreed: at the door, or on the shop's page.
AS_AGREED = "57"
# Attached PDFs: access points take 10 MB in all, and base64 makes three bytes four.
LARGEST_PDF = 5 * 1024 * 1024
# PEPPOL-EN16931-R120: quantity x price may differ from the line's net by this much. Some access points keep four decimals of a price.
TOLERANCE = Decimal("0.02")


def write(document: Document, *, pdf: bytes = b"") -> bytes:
    """The e-invoice of *document*, with its *pdf* inside where it is small enough to travel (LARGEST_PDF)."""
    xml: bytes = etree.tostring(tree(Ubl(document), pdf), xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


@dataclass(frozen=True)
class Ubl(Figures):
    """A document as UBL names it."""

    @property
    def name(self) -> str:
        return "CreditNote" if self.is_credit else "Invoice"

    @property
    def due(self) -> str:
        return self.due_on.isoformat() if self.due_on else ""

    def amount(self, name: str, value: Decimal) -> Element:
        return money(name, value, self.draft.currency)


def tree(ubl: Ubl, pdf: bytes) -> Node:
    namespace = f"urn:oasis:names:specification:ubl:schema:xsd:{ubl.name}-2"
    root = etree.Element(f"{{{namespace}}}{ubl.name}", nsmap={None: namespace} | NAMES)
    filled(
        root,
        (
            *head(ubl),
            attachment(ubl, pdf),
            parties.supplier(ubl.draft, with_vat=not ubl.is_outside_scope),
            parties.customer(ubl.draft, with_vat=not ubl.is_outside_scope),
            parties.delivery(ubl.document),
            payment_means(ubl),
            payment_terms(ubl),
            *(rounding_of(ubl, rounding) for rounding in ubl.draft.roundings),
            *tax_totals(ubl),
            totals(ubl),
            *(line_of(ubl, number, line) for number, line in enumerate(ubl.draft.lines, 1)),
        ),
    )
    return root


def head(ubl: Ubl) -> tuple[Element, ...]:
    draft = ubl.draft
    return (
        leaf("CustomizationID", CUSTOMIZATION),
        leaf("ProfileID", PROFILE),
        leaf("ID", ubl.document.number),
        leaf("IssueDate", ubl.document.issued_on.isoformat()),
        leaf("DueDate", ubl.due),
        leaf(f"{ubl.name}TypeCode", ubl.type_code),
        leaf("Note", ubl.note),
        leaf("DocumentCurrencyCode", draft.currency),
        leaf("TaxCurrencyCode", "EUR" if ubl.has_vat_in_euro else ""),
        leaf("BuyerReference", fit(draft.purchase_order) or draft.order_number),
        order_reference(draft),
        *preceding_invoices(draft),
    )


def order_reference(draft: Draft) -> Element:
    """BT-13: the buyer's own number, with the shop's beside it (BT-14); the shop's where he gave none (PEPPOL-EN16931-R003)."""
    if fit(draft.purchase_order):
        return group("OrderReference", leaf("ID", draft.purchase_order), leaf("SalesOrderID", draft.order_number))
    return group("OrderReference", leaf("ID", draft.order_number))


def preceding_invoices(draft: Draft) -> tuple[Element, ...]:
    """BG-3: the invoice that a credit note takes back, or those of the deposit that an invoice of its balance goes on from."""
    return tuple(
        group(
            "BillingReference",
            group("InvoiceDocumentReference", leaf("ID", one.number), leaf("IssueDate", one.issued_on.isoformat())),
        )
        for one in draft.preceding
    )


def attachment(ubl: Ubl, pdf: bytes) -> Element:
    """BG-24: the document as people read it."""
    if not pdf or len(pdf) > LARGEST_PDF:
        return None
    content = leaf(
        "EmbeddedDocumentBinaryObject",
        base64.b64encode(pdf).decode(),
        mimeCode="application/pdf",
        filename=ubl.document.file_name("pdf"),
    )
    description = leaf("DocumentDescription", ubl.name)
    number = leaf("ID", ubl.document.number)
    return group("AdditionalDocumentReference", number, description, group("Attachment", content))


# Paying


def payment_means(ubl: Ubl) -> Element:
    draft, asked = ubl.draft, ubl.draft.payment
    if asked is not None and asked.iban and ubl.payable > 0:
        return group(
            "PaymentMeans",
            leaf("PaymentMeansCode", CREDIT_TRANSFER),
            leaf("PaymentID", asked.reference),
            group(
                "PayeeFinancialAccount",
                leaf("ID", "".join(asked.iban.split())),
                leaf("Name", asked.beneficiary),
                group("FinancialInstitutionBranch", leaf("ID", asked.bic)),
            ),
        )
    # Between two in the Netherlands the means is none of those (NL-R-008), and what is paid needs none (NL-R-007).
    is_dutch = draft.seller.address.country == draft.buyer.address.country == "NL"
    if draft.is_paid and not ubl.is_credit and not is_dutch:
        method = known_method(draft.payment_method, draft.payment_title)
        code = PAID_BY.get(method.means, PAID_SOMEHOW) if method else PAID_SOMEHOW
        return group("PaymentMeans", leaf("PaymentMeansCode", code))
    if draft.seller.address.country == "NL" and ubl.payable > 0 and not ubl.is_credit:
        return group("PaymentMeans", leaf("PaymentMeansCode", AS_AGREED))  # NL-R-007 wants one, NL-R-008 one of few
    return None


def payment_terms(ubl: Ubl) -> Element:
    """BT-20: how what is open is paid, where no day says when."""
    return group("PaymentTerms", leaf("Note", ubl.draft.payment_title)) if ubl.payable > 0 and not ubl.due else None


# Amounts


def rounding_of(ubl: Ubl, rounding: Rounding) -> Element:
    """BG-20, BG-21: the cents between the sum of the rounded lines and the base of VAT."""
    return group(
        "AllowanceCharge",
        leaf("ChargeIndicator", "true" if rounding.amount > 0 else "false"),
        leaf("AllowanceChargeReason", "Rounding"),
        ubl.amount("Amount", abs(rounding.amount)),
        tax_category("TaxCategory", rounding.category, rounding.rate),
    )


def tax_totals(ubl: Ubl) -> tuple[Element, ...]:
    """BG-22 and BG-23; in another currency the VAT once more, in euros (BT-111, art. 91 and 230 of the VAT directive)."""
    draft = ubl.draft
    rows = (tax_subtotal(ubl, row) for row in draft.vat_lines)
    in_euro = None
    if ubl.has_vat_in_euro and draft.vat_eur is not None:
        in_euro = group("TaxTotal", money("TaxAmount", draft.vat_eur, "EUR"))
    return group("TaxTotal", ubl.amount("TaxAmount", draft.vat), *rows), in_euro


def tax_subtotal(ubl: Ubl, row: VatLine) -> Element:
    code, reason = ubl.exemption_of(row)
    return group(
        "TaxSubtotal",
        ubl.amount("TaxableAmount", row.base),
        ubl.amount("TaxAmount", row.vat),
        tax_category(
            "TaxCategory",
            row.category,
            row.rate,
            leaf("TaxExemptionReasonCode", code),
            leaf("TaxExemptionReason", reason),
        ),
    )


def tax_category(name: str, category: Category, rate: Decimal, *reasons: Element) -> Element:
    percent = "" if category is Category.OUTSIDE_SCOPE else plain(rate)  # BR-O-05
    return group(name, leaf("ID", category), leaf("Percent", percent), *reasons, vat_scheme())


def totals(ubl: Ubl) -> Element:
    """BG-22. BT-112 + BT-114 is the total of the order, to the cent."""
    draft = ubl.draft
    return group(
        "LegalMonetaryTotal",
        ubl.amount("LineExtensionAmount", ubl.lines_total),
        ubl.amount("TaxExclusiveAmount", draft.net),
        ubl.amount("TaxInclusiveAmount", draft.net + draft.vat),
        ubl.amount("AllowanceTotalAmount", ubl.allowances) if ubl.allowances else None,
        ubl.amount("ChargeTotalAmount", ubl.charges) if ubl.charges else None,
        ubl.amount("PrepaidAmount", ubl.prepaid) if ubl.prepaid else None,
        ubl.amount("PayableRoundingAmount", draft.rounding) if draft.rounding else None,
        ubl.amount("PayableAmount", ubl.payable),
    )


def money(name: str, value: Decimal, currency: str) -> Element:
    return leaf(name, to_the_cent(name, value), currencyID=currency)


# Lines


def line_of(ubl: Ubl, number: int, line: Line) -> Element:
    sign = -1 if line.unit_price < 0 else 1  # BR-27: a price is never negative, a quantity may be
    return group(
        f"{ubl.name}Line",
        leaf("ID", str(number)),
        leaf("CreditedQuantity" if ubl.is_credit else "InvoicedQuantity", plain(sign * line.quantity), unitCode=PIECE),
        ubl.amount("LineExtensionAmount", line.net),
        group(
            "Item",
            leaf("Description", "; ".join(line.details)),
            leaf("Name", fit(line.description) or "–"),  # BR-25: it has one, and shops have nameless fees
            group("SellersItemIdentification", leaf("ID", line.sku)),
            tax_category("ClassifiedTaxCategory", line.category, line.rate),
        ),
        price_of(line, ubl.draft.currency),
    )


def price_of(line: Line, currency: str) -> Element:
    """BG-29. With many pieces no price of four decimals gives the net: then it is the price of all of them (BT-149)."""
    price, quantity = abs(line.unit_price), abs(line.quantity)
    if abs(round(price, 4) * quantity - abs(line.net)) <= TOLERANCE:
        return group("Price", leaf("PriceAmount", plain(price), currencyID=currency))
    return group(
        "Price",
        leaf("PriceAmount", plain(abs(line.net)), currencyID=currency),
        leaf("BaseQuantity", plain(quantity), unitCode=PIECE),
    )
