"""Who sells and who buys, as printed on a document."""

from dataclasses import dataclass


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
    """The shop's company. *vat_number* carries its country prefix; *enterprise_number* is the 10-digit KBO/BCE number.

    A *sole_trader* is a natural person, who has no legal form and stands in no register of legal persons.
    """

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
    sole_trader: bool = False

    @property
    def full_name(self) -> str:
        """The name with the legal form behind it, as the register and the bank know it."""
        return f"{self.name} {self.legal_form}".strip()

    @property
    def account(self) -> str:
        """The IBAN as banks compare it, without spaces."""
        return "".join(self.iban.split())


@dataclass(frozen=True)
class Buyer:
    """The customer. *vat_number* is normalised when it is valid; *vat_number_given* is always what was typed.

    *peppol_address* is there where he gave a valid one with the order: "0208:0403170701".
    """

    name: str
    company: str = ""
    address: Address = Address()
    email: str = ""
    phone: str = ""
    vat_number: str = ""
    vat_number_given: str = ""
    peppol_address: str = ""
