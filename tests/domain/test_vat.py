"""The VAT table: every case has an answer, and the answers are the law's."""

from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import product

import pytest

from tests.support.factories import TODAY, a_line, a_shop, an_address, an_order, shipping
from worker.domain.assessment import assess
from worker.domain.document import Category, Draft, Kind, SendMode
from worker.domain.draft import draft_document
from worker.domain.mentions import legal_texts
from worker.domain.order import Order
from worker.domain.place_of_supply import Supply, Zone
from worker.domain.shop import Shop, VatRegime, VatSettings
from worker.domain.vat import Case, treat

D = Decimal
DE_NUMBER, BE_NUMBER, XI_NUMBER = "DE136695976", "BE0403170701", "XI110305878"


def drafted(order: Order, shop: Shop | None = None) -> Draft:
    return draft_document(Kind.INVOICE, order, shop or a_shop(), cause="test", send_mode=SendMode.SEND, today=TODAY)


def outcome(order: Order, shop: Shop | None = None) -> tuple[list[str], list[str], list[str]]:
    """Categories of the lines, keys of the mentions, codes of the problems."""
    draft = drafted(order, shop)
    return (
        [str(line.category) for line in draft.lines],
        [said.key for said in draft.mentions],
        [problem.code for problem in draft.problems],
    )


@cache
def every_case() -> tuple[Case, ...]:
    """All that can differ between two cases, in every combination."""
    numbers = (("", ""), ("", "typo"), (DE_NUMBER, DE_NUMBER), (BE_NUMBER, BE_NUMBER), (XI_NUMBER, XI_NUMBER))
    yes_or_no = (True, False)
    return tuple(
        Case(
            zone=zone,
            supply=supply,
            rate=rate,
            regime=regime,
            oss=oss,
            seller_country=seller,
            destination=destination,
            vat_number=number,
            vat_number_given=given,
            zero_on_purpose=on_purpose,
            beside_taxed=beside,
            free=free,
        )
        for zone, supply, rate, regime, oss, (seller, destination), (
            number,
            given,
        ), on_purpose, beside, free in product(
            Zone,
            Supply,
            (D(20), D(0)),
            VatRegime,
            yes_or_no,
            (("BE", "FR"), ("", "")),
            numbers,
            yes_or_no,
            yes_or_no,
            yes_or_no,
        )
    )


def test_every_case_has_an_answer_that_holds_together() -> None:
    untaxed = {c for c in Category if c is not Category.STANDARD}
    for case in every_case():
        answer = treat(case)
        assert answer.category is Category.STANDARD if case.taxed else answer.category in untaxed, case
        # BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10 demand a reason; BR-S-10 and BR-Z-10 forbid one.
        explained = legal_texts()[answer.mention].category if answer.mention else None
        needs_reason = answer.category not in (Category.STANDARD, Category.ZERO_RATED)
        assert explained == (answer.category if needs_reason else None), case


def test_no_vat_is_ever_left_out_in_the_sellers_own_country_without_a_word() -> None:
    for case in every_case():
        plain = case.zone is Zone.DOMESTIC and case.regime is VatRegime.NORMAL and not case.taxed
        if plain and not (case.zero_on_purpose or case.beside_taxed or case.free):
            problem = treat(case).problem
            assert problem is not None, case
            assert problem.code == "no_tax_charged", case


def test_a_small_business_never_shows_vat_without_being_stopped() -> None:
    for case in every_case():
        if case.regime is VatRegime.SMALL_BUSINESS:
            answer = treat(case)
            assert (answer.problem is not None) == case.taxed, case
            assert case.taxed or answer.mention == "small_business", case


NORMAL = a_shop()
SERVICES = a_shop(vat=VatSettings(sells_services=True))


@pytest.mark.parametrize(
    ("order", "shop", "expected"),
    [
        # Belgium
        (an_order(), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "6")), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "0")), NORMAL, (["Z"], [], [])),
        (an_order(a_line("100.00", None, tax_class="zero-rate")), NORMAL, (["Z"], [], [])),
        (an_order(a_line(rate=None)), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), vat_number_given=BE_NUMBER), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line("100.00", tax="0.00")), NORMAL, (["Z"], [], ["no_tax_charged"])),
        # Beside taxed lines
        (an_order(a_line(), a_line("5.00", None, tax_class="zero-rate")), NORMAL, (["S", "Z"], [], [])),
        (an_order(a_line(), a_line("50.00", None, name="Cadeaubon")), NORMAL, (["S", "E"], ["untaxed"], [])),
        (an_order(a_line(rate=None), shipping()), NORMAL, (["E", "S"], ["untaxed"], [])),
        (an_order(a_line(), shipping("0.00", None)), NORMAL, (["S", "S"], [], [])),
        (an_order(a_line("0.00", None), status="completed"), NORMAL, (["Z"], [], [])),
        # Elsewhere in the EU
        (an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), NORMAL, (["K"], ["intra_eu"], [])),
        (
            an_order(a_line(rate=None), shipping(rate=None), country="DE", vat_number_given=DE_NUMBER),
            NORMAL,
            (["K", "K"], ["intra_eu"], []),
        ),
        (
            an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER),
            SERVICES,
            (["AE"], ["reverse_charge"], []),
        ),
        (
            an_order(a_line(rate=None, virtual=True), a_line(rate=None), country="DE", vat_number_given=DE_NUMBER),
            NORMAL,
            (["AE", "K"], ["reverse_charge", "intra_eu"], []),
        ),
        (
            an_order(a_line(rate=None), country="DE", vat_number_given="DE123456789"),
            NORMAL,
            (["Z"], [], ["no_tax_charged"]),
        ),
        (an_order(a_line(rate=None), country="DE"), NORMAL, (["Z"], [], ["no_tax_charged"])),
        # A German number, but the goods stay in Belgium
        (
            an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER, ship_to=an_address("BE")),
            NORMAL,
            (["Z"], [], ["no_tax_charged"]),
        ),
        # A Belgian number makes no intra-EU supply
        (
            an_order(a_line(rate=None), ship_to=an_address("FR"), vat_number_given=BE_NUMBER),
            NORMAL,
            (["Z"], [], ["no_tax_charged"]),
        ),
        (an_order(a_line("100.00", "20"), country="FR"), NORMAL, (["S"], ["oss"], [])),
        (an_order(a_line("100.00", "21"), country="FR"), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "21"), country="FR"), a_shop(vat=VatSettings(oss=False)), (["S"], [], [])),
        (an_order(a_line(rate=None), country="GR", vat_number_given="GR094259216"), NORMAL, (["K"], ["intra_eu"], [])),
        # Northern Ireland: goods are in, services are out
        (
            an_order(a_line(rate=None), country="GB", postcode="BT1 5GS", vat_number_given=XI_NUMBER),
            NORMAL,
            (["K"], ["intra_eu"], []),
        ),
        (
            an_order(a_line(rate=None), country="GB", postcode="BT1 5GS", vat_number_given=XI_NUMBER),
            SERVICES,
            (["O"], ["outside_scope"], []),
        ),
        (
            an_order(a_line(rate=None), country="GB", postcode="BT1 5GS"),
            NORMAL,
            (["Z"], [], ["no_tax_charged"]),
        ),
        (
            an_order(a_line(rate=None), country="IE", vat_number_given=XI_NUMBER),
            SERVICES,
            (["Z"], [], ["no_tax_charged"]),
        ),
        (an_order(a_line(rate=None), country="XI", vat_number_given=XI_NUMBER), NORMAL, (["K"], ["intra_eu"], [])),
        # Outside the EU
        (an_order(a_line(rate=None), country="US"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="GB", postcode="SW1A 1AA"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="ES", postcode="35001"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="US"), SERVICES, (["O"], ["outside_scope"], [])),
        # O may not stand beside G
        (
            an_order(a_line(rate=None, virtual=True), a_line(rate=None), country="US"),
            NORMAL,
            (["E", "G"], ["outside_scope_beside", "export"], []),
        ),
        # Regimes
        (
            an_order(a_line(rate=None)),
            a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)),
            (["E"], ["small_business"], []),
        ),
        (an_order(), a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)), (["S"], [], ["vat_not_allowed"])),
        (an_order(a_line(rate=None)), a_shop(vat=VatSettings(VatRegime.MARGIN)), (["E"], ["margin"], [])),
        (
            an_order(a_line(rate=None), a_line()),
            a_shop(vat=VatSettings(VatRegime.MARGIN)),
            (["E", "S"], ["margin"], []),
        ),
        (an_order(a_line(rate=None)), a_shop(vat=VatSettings(VatRegime.EXEMPT)), (["E"], ["exempt"], [])),
    ],
)
def test_a_sale_is_treated_as_the_law_says(
    order: Order, shop: Shop, expected: tuple[list[str], list[str], list[str]]
) -> None:
    assert outcome(order, shop) == expected


@pytest.mark.parametrize(
    ("order", "flag"),
    [
        (an_order(country="DE", vat_number_given=DE_NUMBER), "vat_eu_business_taxed"),
        (an_order(country="US"), "vat_export_taxed"),
        (an_order(a_line("100.00", "19.5")), "rate_unknown"),
        (an_order(a_line("100.00", "19"), country="FR"), "rate_unknown"),
        (an_order(vat_number_given="BE0403170702"), "vat_number_wrong"),
    ],
)
def test_what_is_odd_but_lawful_is_shown_and_stops_nothing(order: Order, flag: str) -> None:
    assessed = assess(order, a_shop())
    assert ([found.code for found in assessed.flags], assessed.problems) == ([flag], ())


def test_a_problem_says_what_is_wrong_and_what_to_do() -> None:
    order = an_order(a_line(rate=None), country="DE", vat_number_given="DE123456789")
    message = str(drafted(order).problems[0].message)
    assert message == (
        "No VAT was charged, but “DE123456789” is not a valid VAT number, so the sale to DE is not exempt. "
        "Correct the number in the order, or charge VAT."
    )
    assert assess(order, a_shop()).flags == ()  # said once


def test_a_sentence_is_printed_in_the_customers_language() -> None:
    order = an_order(a_line(rate=None), country="US")
    assert drafted(order).mentions[0].text.startswith("VAT exempt – export – art. 39")


def test_a_wrong_number_is_stored_as_it_was_typed() -> None:
    buyer = drafted(an_order(vat_number_given="be 0403170702")).buyer
    assert (buyer.vat_number, buyer.vat_number_given) == ("", "be 0403170702")


def test_an_intra_eu_supply_always_says_where_the_goods_went() -> None:
    draft = drafted(an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER))
    assert draft.ship_to == an_address("DE")


def test_a_seller_outside_the_eu_makes_no_intra_eu_supply() -> None:
    shop = a_shop()
    shop = replace(shop, seller=replace(shop.seller, address=an_address("CH")))
    assert outcome(an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), shop)[0] == ["G"]
