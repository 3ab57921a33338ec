"""Who sells and who buys, as printed on a document."""

from dataclasses import dataclass

from worker.message import Message


@dataclass(frozen=True)
class Address:
    """A postal address; every field may be empty. *country* is ISO 3166-1 alpha-2 in capitals."""

    street: str = ""
    street_2: str = ""
    postcode: str = ""
    city: str = ""
    state: str = ""
    country: str = ""


@dataclass(frozen=True)
class Seller:
    """The shop's company. *vat_number* carries its country prefix; *enterprise_number* is the 10-digit KBO/BCE number."""

    name: str = ""
    legal_form: str = ""
    address: Address = Address()
    vat_number: str = ""
    enterprise_number: str = ""
    register: str = ""  # "RPR Gent", "RPM Bruxelles": Code of Companies art. 2:20
    email: str = ""
    phone: str = ""
    website: str = ""
    iban: str = ""
    bic: str = ""

    def missing(self) -> tuple[Message, ...]:
        """Name what an invoice cannot do without (art. 5 RD 1) and this seller lacks; empty when complete."""
        wanted = (
            (Message("name"), self.name),
            (Message("street"), self.address.street),
            (Message("postcode"), self.address.postcode),
            (Message("city"), self.address.city),
            (Message("country"), self.address.country),
            (Message("VAT or enterprise number"), self.vat_number or self.enterprise_number),
        )
        return tuple(what for what, value in wanted if not value)


@dataclass(frozen=True)
class Buyer:
    """The customer. *vat_number* is normalised when it is valid; *vat_number_given* is always what was typed."""

    name: str
    company: str = ""
    address: Address = Address()
    email: str = ""
    phone: str = ""
    vat_number: str = ""
    vat_number_given: str = ""
