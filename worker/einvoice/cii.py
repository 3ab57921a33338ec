"""A document as a UN/CEFACT Cross Industry Invoice in the EN 16931 profile of Factur-X 1.0 / ZUGFeRD 2, for the inside of a PDF.

The elements stand in the order of the schema (D22B). Nothing is calculated: each figure is the document's.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

from lxml import etree

from worker.domain import peppol
from worker.domain.document import Category, Document, Line, Rounding, VatLine
from worker.domain.party import Address, Buyer, Seller
from worker.einvoice.figures import CREDIT_TRANSFER, PIECE, Figures, to_the_cent
from worker.einvoice.parties import enterprise_number
from worker.einvoice.schemas import schema
from worker.einvoice.xml import Element, Node, element, filled, fit, plain

PROFILE = "urn:cen.eu:en16931:2017"
SCHEMA = "facturx-en16931/Factur-X_EN16931.xsd"
RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
QDT = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
leaf = partial(element, RAM)


def write(document: Document) -> bytes:
    """The invoice of *document*. Raises ValueError where the schema refuses it."""
    root = tree(Figures(document))
    rules = schema(SCHEMA)
    if not rules.validate(root):
        raise ValueError("; ".join(error.message for error in rules.error_log))
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def group(name: str, *children: Element) -> Element:
    """`<ram:Name>…</ram:Name>` with those *children* that are there; nothing where none is."""
    return filled(etree.Element(f"{{{RAM}}}{name}"), children)


def tree(of: Figures) -> Node:
    root = etree.Element(f"{{{RSM}}}CrossIndustryInvoice", nsmap={"rsm": RSM, "ram": RAM, "udt": UDT, "qdt": QDT})
    context = part("ExchangedDocumentContext", group("GuidelineSpecifiedDocumentContextParameter", leaf("ID", PROFILE)))
    head = part(
        "ExchangedDocument",
        leaf("ID", of.document.number),
        leaf("TypeCode", of.type_code),
        day("IssueDateTime", of.document.issued_on),
        group("IncludedNote", leaf("Content", of.note)),
    )
    deal = part(
        "SupplyChainTradeTransaction",
        *(line_of(number, line) for number, line in enumerate(of.draft.lines, 1)),
        agreement(of),
        delivery(of),
        settlement(of),
    )
    filled(root, (context, head, deal))
    return root


def part(name: str, *children: Element) -> Element:
    return filled(etree.Element(f"{{{RSM}}}{name}"), children)


def day(name: str, value: date | None, namespace: str = UDT) -> Element:
    """A day as CII writes it; nothing where there is none."""
    text = value.strftime("%Y%m%d") if value else ""
    return group(name, element(namespace, "DateTimeString", text, format="102"))


def line_of(number: int, line: Line) -> Element:
    sign = -1 if line.unit_price < 0 else 1  # BR-27: a price is never negative, a quantity may be
    return group(
        "IncludedSupplyChainTradeLineItem",
        group("AssociatedDocumentLineDocument", leaf("LineID", str(number))),
        group(
            "SpecifiedTradeProduct",
            leaf("SellerAssignedID", line.sku),
            leaf("Name", fit(line.description) or "–"),  # BR-25
            leaf("Description", "; ".join(line.details)),
        ),
        group(
            "SpecifiedLineTradeAgreement",
            group("NetPriceProductTradePrice", leaf("ChargeAmount", plain(abs(line.unit_price)))),
        ),
        group("SpecifiedLineTradeDelivery", leaf("BilledQuantity", plain(sign * line.quantity), unitCode=PIECE)),
        group(
            "SpecifiedLineTradeSettlement",
            tax("ApplicableTradeTax", line.category, line.rate),
            group(
                "SpecifiedTradeSettlementLineMonetarySummation",
                leaf("LineTotalAmount", to_the_cent("line total", line.net)),
            ),
        ),
    )


def tax(name: str, category: Category, rate: Decimal) -> Element:
    percent = "" if category is Category.OUTSIDE_SCOPE else plain(rate)  # BR-O-05
    return group(name, leaf("TypeCode", "VAT"), leaf("CategoryCode", category), leaf("RateApplicablePercent", percent))


# Who, what for, and where to


def agreement(of: Figures) -> Element:
    draft = of.draft
    own_number = fit(draft.purchase_order)
    return group(
        "ApplicableHeaderTradeAgreement",
        leaf("BuyerReference", own_number or draft.order_number),
        party("SellerTradeParty", draft.seller.name, draft.seller, with_vat=not of.is_outside_scope),
        party(
            "BuyerTradeParty",
            fit(draft.buyer.company) or draft.buyer.name,
            draft.buyer,
            with_vat=not of.is_outside_scope,
        ),
        group("SellerOrderReferencedDocument", leaf("IssuerAssignedID", draft.order_number)) if own_number else None,
        group("BuyerOrderReferencedDocument", leaf("IssuerAssignedID", own_number or draft.order_number)),
    )


def party(name: str, called: str, who: Seller | Buyer, *, with_vat: bool) -> Element:
    digits = enterprise_number(who.enterprise_number if isinstance(who, Seller) else "", who.vat_number)
    scheme = peppol.company_scheme(who) if isinstance(who, Seller) else peppol.ENTERPRISE_NUMBER
    at = peppol.address_of_seller(who) if isinstance(who, Seller) else peppol.address_of_buyer(who)
    return group(
        name,
        leaf("Name", called),
        group("SpecifiedLegalOrganization", leaf("ID", digits, **({"schemeID": scheme} if scheme else {}))),
        address(who.address),
        group("URIUniversalCommunication", leaf("URIID", at.value, schemeID=at.scheme)) if at else None,
        tax_registration(who) if with_vat else None,
    )


def tax_registration(who: Seller | Buyer) -> Element:
    number = peppol.tax_number(who) if isinstance(who, Seller) and not fit(who.vat_number) else ""
    if number:
        return group("SpecifiedTaxRegistration", leaf("ID", number, schemeID="FC"))
    return group("SpecifiedTaxRegistration", leaf("ID", who.vat_number, schemeID="VA"))


def address(of: Address) -> Element:
    return group(
        "PostalTradeAddress",
        leaf("PostcodeCode", of.postcode),
        leaf("LineOne", of.street),
        leaf("LineTwo", of.street_2),
        leaf("CityName", of.city),
        leaf("CountryID", of.country),
        leaf("CountrySubDivisionName", of.state),
    )


def delivery(of: Figures) -> Node:
    """BG-13; the group itself must be there. An intra-EU supply has a date (BR-IC-11): its own day where no other is known."""
    draft, made = of.draft, etree.Element(f"{{{RAM}}}ApplicableHeaderTradeDelivery")
    is_intra_eu = any(row.category is Category.INTRA_EU for row in draft.vat_lines)
    where = None
    if draft.ship_to is not None:
        country = draft.ship_to.country or draft.buyer.address.country
        where = group(
            "ShipToTradeParty", leaf("Name", draft.ship_to_name), address(replace(draft.ship_to, country=country))
        )
    supplied_on = draft.supplied_on or (of.document.issued_on if is_intra_eu else None)
    filled(made, (where, group("ActualDeliverySupplyChainEvent", day("OccurrenceDateTime", supplied_on))))
    return made


# What is to be paid


def settlement(of: Figures) -> Element:
    draft = of.draft
    asked = draft.payment if of.payable > 0 else None
    return group(
        "ApplicableHeaderTradeSettlement",
        leaf("PaymentReference", asked.reference if asked else ""),
        leaf("TaxCurrencyCode", "EUR" if of.has_vat_in_euro else ""),
        leaf("InvoiceCurrencyCode", draft.currency),
        payment_means(of),
        *(tax_of(of, row) for row in draft.vat_lines),
        *(rounding_of(rounding) for rounding in draft.roundings),
        terms(of),
        sums(of),
        preceding_invoice(of),
    )


def payment_means(of: Figures) -> Element:
    asked = of.draft.payment
    if asked is None or not asked.iban or of.payable <= 0:
        return None
    return group(
        "SpecifiedTradeSettlementPaymentMeans",
        leaf("TypeCode", CREDIT_TRANSFER),
        group(
            "PayeePartyCreditorFinancialAccount",
            leaf("IBANID", "".join(asked.iban.split())),
            leaf("AccountName", asked.beneficiary),
        ),
        group("PayeeSpecifiedCreditorFinancialInstitution", leaf("BICID", asked.bic)),
    )


def tax_of(of: Figures, row: VatLine) -> Element:
    code, reason = of.exemption_of(row)
    return group(
        "ApplicableTradeTax",
        leaf("CalculatedAmount", to_the_cent("VAT", row.vat)),
        leaf("TypeCode", "VAT"),
        leaf("ExemptionReason", reason),
        leaf("BasisAmount", to_the_cent("base", row.base)),
        leaf("CategoryCode", row.category),
        leaf("ExemptionReasonCode", code),
        leaf("RateApplicablePercent", "" if row.category is Category.OUTSIDE_SCOPE else plain(row.rate)),
    )


def rounding_of(rounding: Rounding) -> Element:
    """BG-20, BG-21: the cents between the sum of the rounded lines and the base of VAT."""
    is_charge = element(UDT, "Indicator", "true" if rounding.amount > 0 else "false")
    return group(
        "SpecifiedTradeAllowanceCharge",
        group("ChargeIndicator", is_charge),
        leaf("ActualAmount", to_the_cent("rounding", abs(rounding.amount))),
        leaf("Reason", "Rounding"),
        tax("CategoryTradeTax", rounding.category, rounding.rate),
    )


def terms(of: Figures) -> Element:
    if of.payable <= 0:
        return None
    how = "" if of.due_on else of.draft.payment_title
    return group("SpecifiedTradePaymentTerms", leaf("Description", how), day("DueDateDateTime", of.due_on))


def sums(of: Figures) -> Element:
    """BG-22. Grand total + rounding is the total of the order, to the cent."""
    draft = of.draft
    return group(
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        leaf("LineTotalAmount", to_the_cent("lines", of.lines_total)),
        leaf("ChargeTotalAmount", to_the_cent("charges", of.charges) if of.charges else ""),
        leaf("AllowanceTotalAmount", to_the_cent("allowances", of.allowances) if of.allowances else ""),
        leaf("TaxBasisTotalAmount", to_the_cent("net", draft.net)),
        *vat_totals(of),
        leaf("RoundingAmount", to_the_cent("rounding", draft.rounding) if draft.rounding else ""),
        leaf("GrandTotalAmount", to_the_cent("total", draft.net + draft.vat)),
        leaf("TotalPrepaidAmount", to_the_cent("prepaid", of.prepaid) if of.prepaid else ""),
        leaf("DuePayableAmount", to_the_cent("to pay", of.payable)),
    )


def vat_totals(of: Figures) -> Iterable[Element]:
    draft = of.draft
    yield leaf("TaxTotalAmount", to_the_cent("VAT", draft.vat), currencyID=draft.currency)
    if of.has_vat_in_euro and draft.vat_eur is not None:
        yield leaf("TaxTotalAmount", to_the_cent("VAT in euros", draft.vat_eur), currencyID="EUR")


def preceding_invoice(of: Figures) -> Element:
    """BG-3: the invoice that a credit note takes back, or that of the deposit. CII of 2016 has room for one; the PDF names all."""
    first = next(iter(of.draft.preceding), None)
    if first is None:
        return None
    return group(
        "InvoiceReferencedDocument",
        leaf("IssuerAssignedID", first.number),
        day("FormattedIssueDateTime", first.issued_on, QDT),
    )
