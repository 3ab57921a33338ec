"""What a document may not lack, and of whom the law wants it."""

from dataclasses import replace

import pytest

from tests.support.factories import A_SELLER, TODAY, a_shop, an_order
from worker.domain.completeness import missing_of_seller
from worker.domain.document import Kind, SendMode
from worker.domain.draft import draft_document
from worker.domain.party import Address, Seller
from worker.domain.shop import VatRegime, VatSettings

ALL_OF_A_COMPANY = [
    "name", "street", "postcode", "city", "country", "VAT number", "legal form (or say that it is a sole trader)",
    "register of legal persons, like RPR Gent", "account number (IBAN)",
]  # fmt: skip
AMSTERDAM = Address("Damrak 41", "", "1012 LK", "Amsterdam", "", "NL")


def missing(seller: Seller, regime: VatRegime = VatRegime.NORMAL) -> list[str]:
    return [str(what) for what in missing_of_seller(a_shop(seller=seller, vat=VatSettings(regime=regime)))]


def test_a_complete_company_lacks_nothing() -> None:
    assert missing(A_SELLER) == []


def test_of_a_belgian_company_the_law_wants_all_of_this() -> None:
    assert missing(Seller(address=Address(country="BE"))) == [what for what in ALL_OF_A_COMPANY if what != "country"]


def test_a_sole_trader_has_no_legal_form_and_no_register() -> None:
    person = replace(A_SELLER, legal_form="", register="")
    assert len(missing(person)) == 2
    assert missing(replace(person, sole_trader=True)) == []


@pytest.mark.parametrize(
    ("regime", "lacks"),
    [
        (VatRegime.NORMAL, ["VAT number"]),
        (VatRegime.MARGIN, ["VAT number"]),
        (VatRegime.SMALL_BUSINESS, []),
        (VatRegime.EXEMPT, []),
    ],
)
def test_an_enterprise_number_alone_does_where_no_vat_is_charged(regime: VatRegime, lacks: list[str]) -> None:
    assert missing(replace(A_SELLER, vat_number=""), regime) == lacks


def test_without_any_number_no_seller_is_complete() -> None:
    numberless = replace(A_SELLER, vat_number="", enterprise_number="")
    assert missing(numberless, VatRegime.EXEMPT) == ["VAT or enterprise number"]


def test_belgian_company_law_is_not_for_a_seller_abroad() -> None:
    abroad = Seller("Koffiehuis", address=AMSTERDAM, vat_number="NL004495445B01")
    assert missing(abroad) == []
    assert missing(replace(abroad, vat_number="", enterprise_number="34123456")) == ["VAT number"]


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE])
def test_every_document_of_an_incomplete_seller_waits_and_says_what_to_fill_in(kind: Kind) -> None:
    """Art. 2:20 CSA and III.25 CEL are for every document, not for invoices alone."""
    shop = a_shop(seller=replace(A_SELLER, register="", iban=""))
    draft = draft_document(kind, an_order(), shop, cause="x", send_mode=SendMode.SEND, today=TODAY)
    (problem,) = draft.problems
    assert str(problem.message) == (
        "The seller's details lack: register of legal persons, like RPR Gent; account number (IBAN). "
        "Fill them in, in the settings under Company."
    )
