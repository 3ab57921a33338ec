"""Seller, buyer and where the goods go, as UBL says them. *with_vat* is false outside the scope of VAT: then neither party may
give a VAT number (BR-O-02 to BR-O-04).
"""

from worker.domain import peppol
from worker.domain.document import Category, Document, Draft
from worker.domain.party import Address, Buyer, Seller
from worker.einvoice.xml import Element, fit, group, leaf, vat_scheme


def supplier(draft: Draft, *, with_vat: bool) -> Element:
    seller = draft.seller
    digits, scheme = enterprise_number(seller.enterprise_number, seller.vat_number), peppol.company_scheme(seller)
    form = ", ".join(part for part in (seller.legal_form, seller.register) if fit(part))
    party = group(
        "Party",
        endpoint(peppol.address_of_seller(seller)),
        group("PartyName", leaf("Name", seller.name)),
        postal_address("PostalAddress", seller.address, seller.address.country),
        vat_number(seller) if with_vat else None,
        group(
            "PartyLegalEntity",
            leaf("RegistrationName", seller.name),
            leaf("CompanyID", digits, **({"schemeID": scheme} if scheme else {})),
            leaf("CompanyLegalForm", form),
        ),
        group("Contact", leaf("Telephone", seller.phone), leaf("ElectronicMail", seller.email)),
    )
    return group("AccountingSupplierParty", party)


def customer(draft: Draft, *, with_vat: bool) -> Element:
    buyer = draft.buyer
    name = fit(buyer.company) or buyer.name
    digits = enterprise_number("", buyer.vat_number)
    party = group(
        "Party",
        endpoint(peppol.address_of_buyer(buyer)),
        group("PartyName", leaf("Name", name)),
        postal_address("PostalAddress", buyer.address, buyer.address.country),
        vat_number(buyer) if with_vat else None,
        group(
            "PartyLegalEntity",
            leaf("RegistrationName", name),
            leaf("CompanyID", digits, schemeID=peppol.ENTERPRISE_NUMBER),
        ),
        group(
            "Contact",
            leaf("Name", "" if buyer.name == name else buyer.name),
            leaf("Telephone", buyer.phone),
            leaf("ElectronicMail", buyer.email),
        ),
    )
    return group("AccountingCustomerParty", party)


def endpoint(at: peppol.Address | None) -> Element:
    return leaf("EndpointID", at.value, schemeID=at.scheme) if at else None


def enterprise_number(given: str, vat_number: str) -> str:
    return given or (vat_number[2:] if vat_number.startswith("BE") else "")


def vat_number(party: Seller | Buyer) -> Element:
    if fit(party.vat_number):
        return group("PartyTaxScheme", leaf("CompanyID", party.vat_number), vat_scheme())
    number = peppol.tax_number(party) if isinstance(party, Seller) else ""
    return group("PartyTaxScheme", leaf("CompanyID", number), group("TaxScheme", leaf("ID", "TAX"))) if number else None


def postal_address(name: str, address: Address, country: str) -> Element:
    return group(
        name,
        leaf("StreetName", address.street),
        leaf("AdditionalStreetName", address.street_2),
        leaf("CityName", address.city),
        leaf("PostalZone", address.postcode),
        leaf("CountrySubentity", address.state),
        group("Country", leaf("IdentificationCode", country)),
    )


def delivery(document: Document) -> Element:
    """BG-13. An address to deliver to has a country (BR-57): the buyer's where the shop asked for none.

    An intra-EU supply has a date (BR-IC-11): its own day where the document names no other (art. 5 RD 1).
    """
    draft = document.draft
    is_intra_eu = any(row.category is Category.INTRA_EU for row in draft.vat_lines)
    day = draft.supplied_on or (document.issued_on if is_intra_eu else None)
    where = None
    if draft.ship_to is not None:
        country = draft.ship_to.country or draft.buyer.address.country
        where = group("DeliveryLocation", postal_address("Address", draft.ship_to, country))
    who = group("DeliveryParty", group("PartyName", leaf("Name", draft.ship_to_name))) if where is not None else None
    return group("Delivery", leaf("ActualDeliveryDate", day.isoformat() if day else ""), where, who)
