"""What a document may not lack, and of whom the law wants it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.factories import A_SELLER, GHENT, PLACED_AT, TODAY, a_history, a_line, a_shop, an_order
from worker.domain.completeness import buyer_problems, missing_of_seller
from worker.domain.decide import decide_documents
from worker.domain.document import Kind, Problem, Purpose
from worker.domain.draft import draft_document
from worker.domain.order import Contact, Order
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.party import Address, Seller
from worker.domain.shop import VatRegime, VatSettings
from worker.message import Message

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
    assert missing(Seller()) == ALL_OF_A_COMPANY


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
    draft = draft_document(an_order(), shop, today=TODAY, purpose=Purpose(kind, "x"))
    (problem,) = draft.problems
    assert str(problem.message) == (
        "The seller's details lack: register of legal persons, like RPR Gent; account number (IBAN). "
        "Fill them in, in the settings under Company."
    )


# The buyer

NUMBER = "BE 0403.170.701"
NOWHERE = Address(country="BE")


def lacking(order: Order, *, net: str = "500.00") -> list[str]:
    """What the invoice of *order* lacks of its buyer."""
    problems = buyer_problems(order, a_shop(), net=Decimal(net))
    assert all(problem.asks for problem in problems)
    return [str(part) for problem in problems if problem.code == "buyer_incomplete" for part in missing_in(problem)]


def missing_in(problem: Problem) -> tuple[Message, ...]:
    missing = problem.message.values["missing"]
    assert isinstance(missing, tuple)
    return missing


def sold_to(*, first: str = "Jan", company: str = "", at: Address = GHENT, number: str = "", **more: object) -> Order:
    """An order of a mug, which the shop says is no download."""
    buyer = Contact(first, "", company, at, "jan@klant.example")
    told: dict[str, object] = {"billing": buyer, "shipping": replace(buyer, company=""), "vat_number_given": number}
    return an_order(a_line(virtual=False), **{**told, **more})  # type: ignore[arg-type]  # the fields of an order, by name


@pytest.mark.parametrize(
    ("order", "lacks"),
    [
        (sold_to(company="Bakkerij BV", number=NUMBER), []),
        (sold_to(company="Bakkerij BV"), ["VAT number"]),
        (sold_to(number=NUMBER), []),  # a baker under his own name
        (sold_to(first="", number=NUMBER), ["name"]),
        (sold_to(company="Bakkerij BV", number=NUMBER, at=NOWHERE), ["street", "postcode", "city"]),
        (sold_to(company="Bakkerij BV", number=NUMBER, at=replace(GHENT, country="")), ["country"]),
        (sold_to(company="GmbH", at=replace(GHENT, country="DE")), []),  # VAT is charged, so no number decides anything
        (sold_to(company="Ltd", at=replace(GHENT, postcode="", country="IE")), []),
        (sold_to(company="Pte", at=Address("Orchard Road 1", country="SG")), []),
        (
            sold_to(company="EU", treatment=OrderTreatment(TreatmentName.EU_INSTITUTION, "form 151", "els", PLACED_AT)),
            [],
        ),
    ],
)
def test_an_invoice_to_a_business_has_its_name_address_and_in_belgium_its_number(
    order: Order, lacks: list[str]
) -> None:
    assert lacking(order) == lacks


@pytest.mark.parametrize(
    ("order", "net", "lacks"),
    [
        (sold_to(), "500.00", []),
        (sold_to(first=""), "5.00", ["name"]),  # a mail address is no name
        (sold_to(at=NOWHERE), "100.01", ["street", "city"]),
        (sold_to(at=NOWHERE), "100.00", []),  # simplified: collected in the shop, say
        (sold_to(at=Address(country="NL")), "5.00", ["street", "city"]),  # a distance sale is never simplified
        (sold_to(at=NOWHERE, currency="USD"), "5.00", ["street", "city"]),
        (sold_to(number="geen"), "500.00", []),  # typed into the field of the number by somebody who has none
        (sold_to(at=replace(GHENT, country="")), "500.00", []),  # an order made by hand
    ],
)
def test_a_consumer_has_a_name_and_an_address_where_something_is_sent(order: Order, net: str, lacks: list[str]) -> None:
    assert lacking(order, net=net) == lacks


def test_a_download_is_invoiced_to_a_name_and_a_country() -> None:
    """EN 16931 BR-11 wants no more of an address than its country."""
    order = an_order(a_line(virtual=True), billing=Contact("Jan", "", "", NOWHERE), shipping=Contact())
    assert lacking(order) == []


def test_where_a_consumer_gave_only_an_address_to_send_to_that_one_counts() -> None:
    order = replace(sold_to(at=NOWHERE), shipping=Contact("Jan", "", "", GHENT))
    assert lacking(order) == []


def test_a_wrong_number_of_a_belgian_business_is_told_in_one_sentence_with_what_to_do() -> None:
    (problem,) = buyer_problems(sold_to(company="Bakkerij BV", number="BE0403170702"), a_shop(), net=Decimal(5))
    assert str(problem.message) == (
        "“BE0403170702” is not a valid VAT number, and the buyer of order 238 is a business in Belgium. Correct it in "
        "the order and issue the draft; issued as it is, the invoice shows no VAT number of the buyer."
    )


@pytest.mark.parametrize("kind", [Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE])
def test_only_invoices_wait_for_what_is_known_of_the_buyer(kind: Kind) -> None:
    order = sold_to(first="", company="Bakkerij BV", at=NOWHERE)
    assert draft_document(order, a_shop(), today=TODAY, purpose=Purpose(kind, "x")).problems == ()


def test_the_belgian_number_is_asked_of_the_buyers_of_a_belgian_seller_only() -> None:
    shop = a_shop(seller=Seller("Koffiehuis", address=AMSTERDAM, vat_number="NL004495445B01"))
    assert buyer_problems(sold_to(company="Bakkerij BV"), shop, net=Decimal(5)) == ()


def test_a_seller_who_did_not_say_where_he_is_reads_that_and_no_riddle_of_sales_abroad() -> None:
    shop = a_shop()
    shop = replace(shop, seller=replace(shop.seller, address=Address()))
    (draft,) = decide_documents(an_order(paid=True), (), a_history(), shop, TODAY).drafts
    assert [problem.code for problem in draft.problems] == ["seller_incomplete"]
