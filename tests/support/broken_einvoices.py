"""Broken copies of a good e-invoice and of its credit note: what was changed, and the rules that it breaks."""

from collections.abc import Callable

from lxml import etree

from tests.support.einvoices import a_business_order, documents_of, read
from worker.einvoice import ubl
from worker.einvoice.xml import CBC, NAMES, Node

INVOICE, NOTE = documents_of(a_business_order())
XML = {"invoice": ubl.write(INVOICE, pdf=b"%PDF-1.7"), "credit note": ubl.write(NOTE)}
SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party/", "cac:AccountingCustomerParty/cac:Party/"
TOTAL, ROW = "cac:LegalMonetaryTotal/cbc:", "cac:TaxTotal/cac:TaxSubtotal[1]/cbc:"
LINE = "cac:InvoiceLine[1]/"
Change = Callable[[Node], None]


def one(root: Node, path: str) -> Node:
    return root.xpath(path, namespaces=NAMES)[0]


def drop(*paths: str) -> Change:
    def change(root: Node) -> None:
        for found in (found for path in paths for found in root.xpath(path, namespaces=NAMES)):
            found.getparent().remove(found)

    return change


def put(path: str, value: str, **attributes: str) -> Change:
    def change(root: Node) -> None:
        found = one(root, path)
        found.text = value
        found.attrib.update(attributes)

    return change


def all_of(*changes: Change) -> Change:
    def change(root: Node) -> None:
        for each in changes:
            each(root)

    return change


def add_after(path: str, name: str, value: str) -> Change:
    def change(root: Node) -> None:
        added = etree.Element(f"{{{CBC}}}{name}")
        added.text = value
        one(root, path).addnext(added)

    return change


def swap(first: str, second: str) -> Change:
    return lambda root: one(root, first).addprevious(one(root, second))


def totals(tax: str, row: str, total: str) -> Change:
    """VAT of the first rate, of all, and the totals that follow from it."""
    return all_of(
        put(f"{ROW}TaxAmount", row),
        put("cac:TaxTotal/cbc:TaxAmount", tax),
        put(f"{TOTAL}TaxInclusiveAmount", total),
        put(f"{TOTAL}PayableAmount", total),
    )


BROKEN: dict[str, tuple[str, Change, set[str]]] = {
    # EN 16931
    "a cent too much": ("invoice", put(f"{TOTAL}TaxInclusiveAmount", "138.81"), {"BR-CO-15", "BR-CO-16"}),
    "another amount to pay": ("invoice", put(f"{TOTAL}PayableAmount", "138.79"), {"BR-CO-16"}),
    "another sum of lines": ("invoice", put(f"{TOTAL}LineExtensionAmount", "116.00"), {"BR-CO-10", "BR-CO-13"}),
    "VAT 1.10 too high": ("invoice", totals("23.95", "23.35", "139.90"), {"BR-CO-17", "BR-S-09", "vat_to_the_cent"}),
    "a base 1.50 off": ("invoice", put(f"{ROW}TaxableAmount", "107.45"), {"BR-S-08", "vat_to_the_cent", "bases_add_up"}),
    "three decimals": ("invoice", put(f"{LINE}cbc:LineExtensionAmount", "100.000"), {"BR-DEC-23", "UBL-DT-01"}),
    "no category": ("invoice", drop(f"{LINE}cac:Item/cac:ClassifiedTaxCategory"), {"BR-CO-04", "BR-S-08", "UBL-SR-48"}),
    "a rate without VAT row": ("invoice", put(f"{LINE}cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", "12"), {"BR-S-08"}),
    "no country of the buyer": ("invoice", drop(f"{BUYER}cac:PostalAddress/cac:Country"), {"BR-11"}),
    "no address of the buyer": ("invoice", drop(f"{BUYER}cac:PostalAddress"), {"BR-10"}),
    "no name of the buyer": ("invoice", drop(f"{BUYER}cac:PartyName", f"{BUYER}cac:PartyLegalEntity"), {"BR-07"}),
    "a transfer to nobody": ("invoice", drop("cac:PaymentMeans/cac:PayeeFinancialAccount"), {"BR-61"}),
    "no VAT number of the seller": ("invoice", drop(f"{SELLER}cac:PartyTaxScheme"), {"BR-S-02"}),
    "a VAT number without country": ("invoice", put(f"{SELLER}cac:PartyTaxScheme/cbc:CompanyID", "0477472701"), {"BR-CO-09"}),
    "a credit note of type 380": ("credit note", put("cbc:CreditNoteTypeCode", "380"), {"BR-CL-01", "PEPPOL-EN16931-P0101"}),
    "an unknown scheme": ("invoice", put(f"{BUYER}cbc:EndpointID", "0403170701", schemeID="9999"), {"BR-CL-25", "PEPPOL-EN16931-CL008"}),
    "an unknown country": ("invoice", put(f"{BUYER}cac:PostalAddress/cac:Country/cbc:IdentificationCode", "EL"), {"BR-CL-14"}),
    # Peppol
    "no address of the buyer's at Peppol": ("invoice", drop(f"{BUYER}cbc:EndpointID"), {"PEPPOL-EN16931-R010"}),
    "no address of the seller's at Peppol": ("invoice", drop(f"{SELLER}cbc:EndpointID"), {"PEPPOL-EN16931-R020"}),
    "0208 with a wrong check digit": ("invoice", put(f"{BUYER}cbc:EndpointID", "0403170702"), {"PEPPOL-COMMON-R043", "buyer_number"}),
    "0208 with dots": ("invoice", put(f"{BUYER}cbc:EndpointID", "0403.170.701"), {"PEPPOL-COMMON-R043", "buyer_number"}),
    "0208 with BE": ("invoice", put(f"{BUYER}cbc:EndpointID", "BE0403170701"), {"PEPPOL-COMMON-R043", "buyer_number"}),
    "the scheme that UBL.BE had": ("invoice", put(f"{BUYER}cbc:EndpointID", "0403170701", schemeID="0193"), {"PEPPOL-EN16931-CL008"}),
    "no reference of the buyer's": ("invoice", drop("cbc:BuyerReference", "cac:OrderReference"), {"PEPPOL-EN16931-R003"}),
    "a price 0.03 off": ("invoice", put(f"{LINE}cac:Price/cbc:PriceAmount", "50.015"), {"PEPPOL-EN16931-R120"}),
    "an empty element": ("invoice", put(f"{BUYER}cac:PostalAddress/cbc:CityName", ""), {"PEPPOL-EN16931-R008"}),
    "two notes": ("invoice", all_of(*[add_after("cbc:InvoiceTypeCode", "Note", text) for text in "ab"]), {"PEPPOL-EN16931-R002"}),
    "a corrected invoice": ("invoice", put("cbc:InvoiceTypeCode", "384"), {"PEPPOL-EN16931-P0112"}),
    "a line in dollars": ("invoice", lambda root: one(root, f"{LINE}cbc:LineExtensionAmount").set("currencyID", "USD"), {"PEPPOL-EN16931-R051"}),
    "an attached web page": ("invoice", lambda root: one(root, "//cbc:EmbeddedDocumentBinaryObject").set("mimeCode", "text/html"), {"BR-CL-24", "PEPPOL-EN16931-CL001"}),
    "a negative price": ("invoice", all_of(put(f"{LINE}cbc:InvoicedQuantity", "-2"), put(f"{LINE}cac:Price/cbc:PriceAmount", "-50")), {"BR-27"}),
    # The schema
    "elements in another order": ("invoice", swap("cbc:IssueDate", "cbc:DueDate"), {"UBL-2.1"}),
    "a day the other way round": ("invoice", put("cbc:IssueDate", "28/11/2026"), {"UBL-2.1"}),
    "a credit note that is due": ("credit note", add_after("cbc:IssueDate", "DueDate", "2026-12-31"), {"UBL-2.1"}),
    # Nobody but us
    "9925 without BE": ("invoice", put(f"{BUYER}cbc:EndpointID", "0403170701", schemeID="9925"), {"buyer_number"}),
    "9925 with a wrong check digit": ("invoice", put(f"{BUYER}cbc:EndpointID", "BE0403170702", schemeID="9925"), {"buyer_number"}),
    "a VAT number with a wrong check digit": ("invoice", put(f"{SELLER}cac:PartyTaxScheme/cbc:CompanyID", "BE0477472702"), {"seller_number"}),
    "an IBAN with wrong check digits": ("invoice", put("//cac:PayeeFinancialAccount/cbc:ID", "BE68539007547035"), {"iban"}),
    "a communication with wrong check digits": ("invoice", put("cac:PaymentMeans/cbc:PaymentID", "123456789012"), {"payment_reference"}),
    "VAT 0.02 too high": ("invoice", totals("22.87", "22.27", "138.82"), {"vat_to_the_cent"}),
    "a base 0.50 off": ("invoice", put(f"{ROW}TaxableAmount", "106.45"), {"vat_to_the_cent", "bases_add_up"}),
    "a rounding of 9.45": ("invoice", all_of(add_after(f"{TOTAL}TaxInclusiveAmount", "PayableRoundingAmount", "-9.45"), put(f"{TOTAL}PayableRoundingAmount", "-9.45", currencyID="EUR"), put(f"{TOTAL}PayableAmount", "129.35")), {"rounding_too_large"}),
    "neither due date nor terms": ("invoice", drop("cbc:DueDate"), {"no_due_date"}),
    "a credit note of nothing": ("credit note", drop("cac:BillingReference"), {"no_corrected_invoice"}),
    "a credit note before its invoice": ("credit note", put("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate", "2027-01-01"), {"before_its_invoice"}),
    "the customization of UBL.BE": ("invoice", put("cbc:CustomizationID", "urn:cen.eu:en16931:2017#conformant#urn:UBL.BE:1.0.0.20180214"), {"SPECIFICATION"}),
}  # fmt: skip


def broken(kind: str, change: Change) -> bytes:
    root = read(XML[kind])
    change(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
