"""The VAT table: every case has an answer, and the answers are the law's."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

import pytest

from tests.support.factories import a_line, a_shop, an_address, an_order, drafted, shipping
from worker.domain.assessment import assess
from worker.domain.document import Category
from worker.domain.foreign_number import ForeignNumber
from worker.domain.mentions import legal_texts
from worker.domain.order import LineKind, Order, OrderLine, UnreadNumber
from worker.domain.party import Address
from worker.domain.place_of_supply import Supply, Zone
from worker.domain.shop import Shop, VatRegime, VatSettings
from worker.domain.treatment import Case
from worker.domain.vat import treat
from worker.domain.vat_check import VatCheck
from worker.domain.vat_proof import missing_proof
from worker.domain.zero_reason import Untaxed, ZeroReason
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.message import Message

D, FEE = Decimal, LineKind.FEE
DE_NUMBER, BE_NUMBER, XI_NUMBER = "DE136695976", "BE0403170701", "XI110305878"
SELLERS_OWN, UNREAD = UnreadNumber("_own", "BE0477472701"), UnreadNumber("_klantcode", "BE0202239951")


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
    return tuple(
        Case(
            zone=zone,
            supply=supply,
            rate=rate,
            said=said,
            regime=regime,
            oss=oss,
            electronic=electronic,
            admission=admission,
            seller_country=seller,
            destination=destination,
            vat_number=number,
            vat_number_given=given,
            taken_to=taken_to,
            free=free,
        )
        for (zone, taken_to), (supply, electronic, admission), rate, said, regime, oss, (seller, destination), (
            number,
            given,
        ), free in product(
            (*((zone, None) for zone in Zone), *((Zone.DOMESTIC, buyer) for buyer in Zone)),
            (
                (Supply.GOODS, False, False),
                (Supply.SERVICE, False, False),
                (Supply.SERVICE, True, False),
                (Supply.SERVICE, False, True),
                (Supply.SERVICE, True, True),
            ),
            (D(21), D(20), D(19), D(0)),  # of Belgium, of France, of neither; none
            (None, *Untaxed),
            VatRegime,
            (True, False),
            (("BE", "FR"), ("BE", "NL"), ("BE", "BE"), ("", "")),
            numbers,
            (True, False),
        )
        if supply is Supply.GOODS or taken_to is None
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


def test_nothing_is_ever_sold_without_vat_unless_the_shop_says_why_or_the_place_does() -> None:
    for case in every_case():
        answer = treat(case)
        explained = case.said or case.regime is not VatRegime.NORMAL or case.free
        if case.taxed or explained or answer.problem:
            continue
        abroad = case.zone is Zone.OUTSIDE or (case.zone is Zone.EU and case.foreign_business)
        assert abroad, case
        assert answer.category in (Category.INTRA_EU, Category.REVERSE_CHARGE, Category.EXPORT, Category.OUTSIDE_SCOPE)


def test_no_vat_is_ever_left_out_in_the_sellers_own_country_without_a_word() -> None:
    for case in every_case():
        plain = case.zone is Zone.DOMESTIC and case.regime is VatRegime.NORMAL and not case.taxed
        if plain and not (case.said or case.free):
            problem, leaves = treat(case).problem, case.taken_to in (Zone.EU, Zone.OUTSIDE)
            assert problem is not None, case
            assert problem.code == "no_tax_charged" or (leaves and problem.code == "pick_up_without_proof"), case


def test_vat_is_issued_only_where_it_is_somebodys() -> None:
    for case in every_case():
        answer = treat(case)
        if not case.taxed or answer.problem or not case.seller_country:
            continue
        if answer.vat_country:
            assert (answer.vat_country, answer.mention) == (case.destination, "oss"), case
            assert (case.zone, case.business, case.oss, case.destination_rate) == (Zone.EU, False, True, True)
        else:
            assert case.home_rate, case
            assert not case.taxed_at_destination, case


def test_a_refusal_never_sends_anybody_to_a_zero_rate() -> None:
    problems = {str(problem.message) for case in every_case() if (problem := treat(case).problem)}
    assert len(problems) > 7
    assert not any("zero-rate tax class" in sentence for sentence in problems)


def test_a_small_business_never_shows_vat_without_being_stopped() -> None:
    for case in every_case():
        if case.regime is VatRegime.SMALL_BUSINESS:
            answer = treat(case)
            assert (answer.problem is not None) == case.taxed, case
            assert case.taxed or case.service_to_foreign_business or answer.mention == "small_business", case


NORMAL = a_shop()
SERVICES = a_shop(vat=VatSettings(sells_services=True))
OSS = a_shop(vat=VatSettings(oss=True))
OSS_SERVICES = a_shop(vat=VatSettings(oss=True, sells_services=True))
MARGIN = a_shop(vat=VatSettings(VatRegime.MARGIN))
# All that a shop may say of what it sells without VAT; the tax class alone says nothing.
SAYS = (
    "tax class zero-rate = zero_rated",
    "sku BON-* = voucher",
    "name statiegeld* = packaging",
    "name fooi = tip",
    "name zegelrecht = disbursement",
    "tax class tweedehands = margin",
    "tax class opleiding = exempt",
)
TOLD = a_shop(vat=VatSettings(zero_reasons=tuple(ZeroReason.parse(text) for text in SAYS)))
TOLD_OSS = replace(TOLD, vat=replace(TOLD.vat, oss=True))
PAPER = a_line("10.00", "0", name="Weekblad", tax_class="zero-rate")
BON = a_line("50.00", None, name="Cadeaubon", sku="BON-50")
OLD_CHAIR = a_line("80.00", None, name="Stoel", tax_class="tweedehands")


@pytest.mark.parametrize(
    ("order", "shop", "expected"),
    [
        # Belgium
        (an_order(), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "6")), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "0")), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line("100.00", None, tax_class="zero-rate")), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line("100.00", "19.5")), NORMAL, (["S"], [], ["rate_unknown"])),
        (an_order(a_line("100.00", "20")), OSS, (["S"], [], ["rate_unknown"])),
        # A rate row called "Btw verlegd"
        (an_order(a_line("100.00", "0"), vat_number_given=BE_NUMBER), TOLD, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None)), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), vat_number_given=BE_NUMBER), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line("100.00", tax="0.00")), NORMAL, (["Z"], [], ["no_tax_charged"])),
        # Beside taxed lines it is the same
        (an_order(a_line(), a_line("5.00", "0")), NORMAL, (["S", "Z"], [], ["no_tax_charged"])),
        (an_order(a_line(), a_line("50.00", None, name="Cadeaubon")), NORMAL, (["S", "Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), shipping()), NORMAL, (["Z", "S"], [], ["no_tax_charged"])),
        (an_order(a_line(), shipping(rate=None)), NORMAL, (["S", "Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), shipping(), country="US"), NORMAL, (["G", "S"], ["export"], [])),
        (an_order(a_line(rate=None), shipping(), country="DE", vat_number_given=DE_NUMBER), NORMAL,
            (["K", "S"], ["intra_eu"], [])),
        (an_order(a_line("9.00", "0"), shipping(), country="DE", vat_number_given=DE_NUMBER), NORMAL,
            (["K", "S"], ["intra_eu"], [])),
        # What the shop says of things without VAT
        (an_order(PAPER), TOLD, (["Z"], ["zero_rated"], [])),
        (an_order(PAPER, shipping("3.00", "0")), TOLD, (["Z", "Z"], ["zero_rated"], [])),
        (an_order(PAPER, shipping("3.00", None)), TOLD, (["Z", "Z"], ["zero_rated"], [])),
        (an_order(PAPER, a_line(), shipping("3.00", "0")), TOLD, (["Z", "S", "Z"], ["zero_rated"], [])),
        (an_order(PAPER, a_line(), shipping("3.00", None)), TOLD,
            (["Z", "S", "Z"], ["zero_rated"], ["no_tax_charged"])),
        (an_order(PAPER, a_line("5.00", "0")), TOLD, (["Z", "Z"], ["zero_rated"], ["no_tax_charged"])),
        (an_order(BON), TOLD, (["E"], ["voucher"], ["only_vouchers"])),
        (an_order(a_line(), BON), TOLD, (["S", "E"], ["voucher"], [])),
        (an_order(BON, shipping("3.00", None)), TOLD, (["E", "Z"], ["voucher"], ["no_tax_charged"])),
        (an_order(BON, country="US"), TOLD, (["E"], ["voucher"], ["only_vouchers"])),
        (an_order(BON, country="DE"), TOLD, (["E"], ["voucher"], ["only_vouchers"])),
        (an_order(replace(BON, taxes=a_line("50.00").taxes)), TOLD, (["S"], [], [])),  # for one purpose: taxed when sold
        (an_order(a_line(), a_line("4.50", None, name="Statiegeld krat")), TOLD, (["S", "E"], ["packaging"], [])),
        (an_order(a_line(), a_line("2.00", None, name="FOOI", kind=FEE)), TOLD, (["S", "E"], ["tip"], [])),
        (an_order(a_line(), a_line("9.00", None, name="Zegelrecht", kind=FEE)), TOLD,
            (["S", "E"], ["disbursement"], [])),
        (an_order(OLD_CHAIR, shipping("5.00", None)), TOLD, (["E", "E"], ["margin"], [])),
        (an_order(OLD_CHAIR, country="DE", vat_number_given=DE_NUMBER), TOLD, (["E"], ["margin"], [])),
        (an_order(OLD_CHAIR, country="US"), TOLD, (["G"], ["export"], [])),
        (an_order(a_line("90.00", None, tax_class="opleiding")), TOLD, (["E"], ["exempt"], [])),
        (an_order(PAPER, country="DE"), TOLD, (["Z"], ["zero_rated"], [])),
        (an_order(PAPER, country="DE"), TOLD_OSS, (["Z"], [], ["no_tax_charged"])),
        (an_order(PAPER, country="DE", vat_number_given=DE_NUMBER), TOLD, (["K"], ["intra_eu"], [])),
        (an_order(PAPER, country="US"), TOLD, (["G"], ["export"], [])),
        (an_order(a_line(), shipping("0.00", None)), NORMAL, (["S", "S"], [], [])),
        (an_order(a_line("0.00", None), status="completed"), NORMAL, (["Z"], [], [])),
        # Elsewhere in the EU
        (an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), NORMAL, (["K"], ["intra_eu"], [])),
        (an_order(a_line(rate=None), shipping(rate=None), country="DE", vat_number_given=DE_NUMBER), NORMAL,
            (["K", "K"], ["intra_eu"], [])),
        (an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), SERVICES,
            (["AE"], ["reverse_charge"], [])),
        (an_order(a_line(rate=None, virtual=True), a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), NORMAL,
            (["AE", "K"], ["reverse_charge", "intra_eu"], [])),
        (an_order(a_line(rate=None), country="DE", vat_number_given="DE123456789"), NORMAL,
            (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), country="DE"), NORMAL, (["Z"], [], ["no_tax_charged"])),
        # A German number, but the goods stay in Belgium
        (an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER, ship_to=an_address("BE")), NORMAL,
            (["Z"], [], ["no_tax_charged"])),
        # A Belgian number makes no intra-EU supply
        (an_order(a_line(rate=None), ship_to=an_address("FR"), vat_number_given=BE_NUMBER), NORMAL,
            (["Z"], [], ["no_tax_charged"])),
        # Consumers there, without OSS: the seller's VAT
        (an_order(country="NL"), NORMAL, (["S"], [], [])),
        (an_order(country="FR"), NORMAL, (["S"], [], [])),
        (an_order(a_line("100.00", "20"), country="FR"), NORMAL, (["S"], [], ["foreign_rate"])),
        (an_order(a_line("100.00", "19"), country="FR"), NORMAL, (["S"], [], ["rate_unknown"])),
        (an_order(a_line("100.00", "20"), country="MC"), NORMAL, (["S"], [], ["foreign_rate"])),
        # With OSS: that of their own country
        (an_order(country="NL"), OSS, (["S"], ["oss"], [])),
        (an_order(a_line("100.00", "9"), country="NL"), OSS, (["S"], ["oss"], [])),
        (an_order(a_line("100.00", "20"), country="FR"), OSS, (["S"], ["oss"], [])),
        (an_order(a_line("100.00", "20"), country="MC", postcode="98000"), OSS, (["S"], ["oss"], [])),
        (an_order(a_line("100.00", "20"), country="GB", postcode="BT1 5GS"), OSS, (["S"], ["oss"], [])),
        (an_order(country="DE"), OSS, (["S"], [], ["home_rate_under_oss"])),
        (an_order(a_line("100.00", "20"), country="DE"), OSS, (["S"], [], ["rate_unknown"])),
        # Services are taxed at home, but for downloads
        (an_order(country="DE"), OSS_SERVICES, (["S"], [], [])),
        (an_order(a_line("100.00", "19"), country="DE"), OSS_SERVICES, (["S"], ["oss"], [])),
        (an_order(a_line(virtual=True, downloadable=True), country="DE"), OSS, (["S"], [], ["home_rate_under_oss"])),
        (an_order(a_line(rate="19", virtual=True, downloadable=True), country="DE"), OSS, (["S"], ["oss"], [])),
        # … and what is charged for sending a download, or paying for it, goes with it
        (
            an_order(a_line(rate="19", virtual=True, downloadable=True),
                a_line("1.00", "19", line_id=2, kind=LineKind.FEE), country="DE"), OSS, (["S", "S"], ["oss"], [])),
        (
            an_order(a_line(rate="19", virtual=True, downloadable=True), a_line("1.00", line_id=2, kind=LineKind.FEE),
                country="DE"), OSS, (["S", "S"], ["oss"], ["home_rate_under_oss"])),
        # OSS is for consumers
        (an_order(country="NL", vat_number_given="NL004495445B01"), OSS, (["S"], [], [])),
        (an_order(ship_to=an_address("NL"), vat_number_given=BE_NUMBER), OSS, (["S"], [], [])),
        (an_order(a_line("9.00", "20"), ship_to=an_address("FR"), vat_number_given=BE_NUMBER), OSS,
            (["S"], [], ["foreign_rate"])),
        # … and whose number VIES, or the shop's own plugin, calls invalid is one
        (
            an_order(a_line("9.00", "19"), country="DE", vat_number_given=DE_NUMBER,
                vat_check=VatCheck(DE_NUMBER, valid=False)), OSS, (["S"], ["oss"], [])),
        (
            an_order(a_line("9.00", "19"), country="DE", vat_number_given=DE_NUMBER, vat_number_shop_says="invalid",
                vat_check=VatCheck(DE_NUMBER, None, code="MS_UNAVAILABLE")), OSS, (["S"], ["oss"], [])),
        (
            an_order(a_line("9.00", "19"), country="DE", vat_number_given=DE_NUMBER, vat_number_shop_says="invalid",
                vat_check=VatCheck(DE_NUMBER, valid=True)), OSS, (["S"], [], ["foreign_rate"])),
        (an_order(a_line("9.00", "19"), country="DE", vat_number_given=DE_NUMBER), OSS, (["S"], [], ["foreign_rate"])),
        (an_order(a_line(rate=None), country="GR", vat_number_given="GR094259216"), NORMAL, (["K"], ["intra_eu"], [])),
        # Northern Ireland: goods are in, services are out
        (an_order(a_line(rate=None), country="GB", postcode="BT1 5GS", vat_number_given=XI_NUMBER), NORMAL,
            (["K"], ["intra_eu"], [])),
        (an_order(a_line(rate=None), country="GB", postcode="BT1 5GS", vat_number_given=XI_NUMBER), SERVICES,
            (["O"], ["outside_scope"], [])),
        (an_order(a_line(rate=None), country="GB", postcode="BT1 5GS"), NORMAL, (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), country="IE", vat_number_given=XI_NUMBER), SERVICES,
            (["Z"], [], ["no_tax_charged"])),
        (an_order(a_line(rate=None), country="XI", vat_number_given=XI_NUMBER), NORMAL, (["K"], ["intra_eu"], [])),
        # Outside the EU
        (an_order(a_line(rate=None), country="US"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="GB", postcode="SW1A 1AA"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="ES", postcode="35001"), NORMAL, (["G"], ["export"], [])),
        (an_order(a_line(rate=None), country="US"), SERVICES, (["O"], ["outside_scope"], [])),
        (an_order(a_line("100.00", "20"), country="GB", postcode="SW1A 1AA"), OSS, (["S"], [], ["foreign_rate"])),
        (an_order(a_line("100.00", "25"), country="NO"), NORMAL, (["S"], [], ["foreign_rate"])),
        # O may not stand beside G
        (an_order(a_line(rate=None, virtual=True), a_line(rate=None), country="US"), NORMAL,
            (["E", "G"], ["outside_scope_beside", "export"], [])),
        # Regimes
        (an_order(a_line(rate=None)), a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)),
            (["E"], ["small_business"], [])),
        (an_order(), a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)), (["S"], [], ["vat_not_allowed"])),
        (an_order(a_line(rate=None)), MARGIN, (["E"], ["margin"], [])),
        (an_order(a_line(rate=None), a_line()), MARGIN, (["E", "S"], ["margin"], [])),
        (an_order(a_line(rate=None), country="US"), MARGIN, (["G"], ["export"], [])),
        (an_order(a_line(rate=None)), a_shop(vat=VatSettings(VatRegime.EXEMPT)), (["E"], ["exempt"], [])),
    ],
)  # fmt: skip
def test_a_sale_is_treated_as_the_law_says(
    order: Order, shop: Shop, expected: tuple[list[str], list[str], list[str]]
) -> None:
    assert outcome(order, shop) == expected


def fetched(*lines: OrderLine, method: str = "local_pickup:3", **more: Any) -> Order:
    """An order that the buyer picks up at the shop; *method* is its shipping method."""
    return an_order(*lines, replace(shipping("0.00", None, line_id=91), method=method), **more)


# An order of which one package is picked up and another is sent.
PARTLY = replace(shipping("5.00"), method="flat_rate:2")
NO_PROOF = ["pick_up_without_proof"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (fetched(a_line(), country="NL"), (["S", "S"], [], [])),
        (fetched(a_line(), country="DE"), (["S", "S"], [], [])),
        (fetched(a_line("9.00", "20"), country="FR"), (["S", "S"], [], ["rate_unknown"])),
        (fetched(a_line(), country="US"), (["S", "S"], [], [])),
        (fetched(a_line(), country="DE", vat_number_given=DE_NUMBER), (["S", "S"], [], [])),
        (fetched(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), (["K", "K"], ["intra_eu"], NO_PROOF)),
        (fetched(a_line(rate=None), country="US"), (["G", "G"], ["export"], NO_PROOF)),
        (fetched(a_line(rate=None), country="NL"), (["Z", "Z"], [], ["no_tax_charged"])),
        (fetched(a_line(rate=None), vat_number_given=DE_NUMBER), (["Z", "Z"], [], ["no_tax_charged"])),
        # A download beside it goes where the buyer is
        (fetched(a_line(), a_line("9.00", "19", virtual=True, downloadable=True), country="DE"), (["S"] * 3, ["oss"], [])),
        # Another part of it is sent: no question where that changes nothing
        (fetched(a_line(), PARTLY), (["S"] * 3, [], [])),
        (fetched(a_line(), PARTLY, country="DE", vat_number_given=DE_NUMBER), (["S"] * 3, [], [])),
        (fetched(a_line(), PARTLY, country="NL"), (["S"] * 3, [], ["partly_picked_up"])),
        (fetched(a_line(), PARTLY, country="DE"), (["S"] * 3, [], ["partly_picked_up"])),
        (
            fetched(a_line("9.00", "20"), replace(shipping("5.00", "20"), method="flat_rate"), country="FR"),
            (["S"] * 3, ["oss"], ["partly_picked_up"]),
        ),
        (fetched(a_line(rate=None), replace(PARTLY, taxes=()), country="US"), (["G"] * 3, ["export"], NO_PROOF)),
        (fetched(a_line("9.00", "19.5"), PARTLY, country="DE"), (["S"] * 3, [], ["partly_picked_up", "rate_unknown"])),
    ],
)  # fmt: skip
def test_what_a_customer_picks_up_is_sold_at_the_shop(
    order: Order, expected: tuple[list[str], list[str], list[str]]
) -> None:
    categories, mentions, codes = outcome(order, OSS)
    assert (categories, mentions, sorted(codes)) == expected
    assert all(one.asks for one in drafted(order, OSS).problems if one.code in (*NO_PROOF, "partly_picked_up"))


IN_NETHERLANDS = a_shop(vat=VatSettings(foreign_numbers=(ForeignNumber.parse("NL = NL123456782B90"),)))


@pytest.mark.parametrize(
    ("rate", "charged_for", "method", "shop", "expected"),
    [
        ("21", "NL", "pickup_location", IN_NETHERLANDS, (["NL"] * 2, [])),
        ("9", "NL", "pickup_location", IN_NETHERLANDS, (["NL"] * 2, [])),
        *(
            (rate, "NL", "pickup_location", shop, ([""] * 2, ["pick_up_abroad"]))
            for rate in ("21", "9")
            for shop in (OSS, a_shop())
        ),
        ("21", "BE", "pickup_location", IN_NETHERLANDS, ([""] * 2, [])),
        ("21", "", "pickup_location", IN_NETHERLANDS, ([""] * 2, [])),
        ("21", "NL", "local_pickup:3", IN_NETHERLANDS, ([""] * 2, [])),
        ("9", "NL", "local_pickup:3", IN_NETHERLANDS, ([""] * 2, ["rate_unknown"])),
    ],
)
def test_what_is_picked_up_at_a_point_abroad_is_sold_there(
    rate: str, charged_for: str, method: str, shop: Shop, expected: tuple[list[str], list[str]]
) -> None:
    order = fetched(a_line("9.00", rate), method=method, country="DE")
    order = replace(order, tax_rates=tuple(replace(one, country=charged_for) for one in order.tax_rates))
    draft = drafted(order, shop)
    assert ([line.vat_country for line in draft.lines], [one.code for one in draft.problems]) == expected


@pytest.mark.parametrize("method", ["local_pickup", "legacy_local_pickup", "pickup_location", "local_pickup_plus:4"])
def test_every_way_to_pick_up_counts_at_no_distance_and_goes_to_no_address(method: str) -> None:
    order = fetched(a_line(), method=method, country="NL", ship_to=an_address("NL", street="Singel 1"))
    draft = drafted(order)
    assert (draft.ship_to, any(line.distance_sale for line in draft.lines)) == (None, False)
    sent = drafted(replace(order, lines=(a_line(), PARTLY)))
    assert (sent.ship_to, all(line.distance_sale for line in sent.lines)) == (order.shipping.address, True)


@pytest.mark.parametrize(
    ("order", "flag"),
    [
        (an_order(country="DE", vat_number_given=DE_NUMBER), "vat_eu_business_taxed"),
        (an_order(country="US"), "vat_export_taxed"),
        (an_order(a_line(virtual=True, downloadable=True), country="US"), "vat_export_taxed"),
        (an_order(vat_number_given="BE0403170702"), "vat_number_wrong"),
        (an_order(unread_numbers=(SELLERS_OWN, UNREAD)), "vat_number_unread"),
        (an_order(a_line(rate=None, virtual=True), country="US"), "private_service_outside"),
        # Goods or a service: here it decides, and nothing but the owner's setting says it
        (an_order(a_line(rate=None), country="DE", vat_number_given=DE_NUMBER), "supply_unknown"),
        (an_order(a_line(rate=None), country="US"), "supply_unknown"),
    ],
)
def test_what_is_odd_but_lawful_is_shown_and_stops_nothing(order: Order, flag: str) -> None:
    assessed = assess(order, a_shop())
    assert ([found.code for found in assessed.flags], assessed.problems) == ([flag], ())


@pytest.mark.parametrize(
    "order",
    [
        an_order(a_line(rate=None, virtual=True), country="US", company="Beans Inc."),
        an_order(a_line(rate=None, virtual=True, downloadable=True), country="US"),
        an_order(a_line(rate=None), country="US"),
    ],
)
def test_what_is_taxed_where_a_customer_outside_the_eu_is_goes_without_a_word(order: Order) -> None:
    assert "private_service_outside" not in {found.code for found in assess(order, a_shop()).flags}


@pytest.mark.parametrize(("net", "category"), [("5", "S"), ("10", "G")])
def test_a_shop_without_decimals_charged_nothing_where_it_would_have_rounded_to_a_whole_euro(
    net: str, category: str
) -> None:
    """A plugin that leaves VAT out may name the rate all the same: of 10 at 6 % rounding would have left 1."""
    order = an_order(a_line(net, "6", tax="0"), country="US", total=net, charged={"6": "0"})
    assert [str(one.category) for one in assess(order, a_shop()).treatments] == [category]


@pytest.mark.parametrize("regime", [VatRegime.EXEMPT, VatRegime.SMALL_BUSINESS])
def test_who_charges_no_vat_at_home_is_not_told_that_a_service_outside_the_eu_carries_it(regime: VatRegime) -> None:
    """Lessons or care, exempt by art. 44, carry none wherever the pupil is."""
    order = an_order(a_line(rate=None, virtual=True), country="US")
    assert assess(order, a_shop(vat=VatSettings(regime=regime))).flags == ()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (VatCheck(DE_NUMBER, None, code="MS_UNAVAILABLE"), "; where VIES confirms that"),
        (VatCheck(DE_NUMBER, True), "; VIES confirms that"),
    ],
)
def test_a_number_that_vies_confirmed_is_not_said_to_be_still_asked(check: VatCheck, said: str) -> None:
    (flag,) = assess(an_order(country="DE", vat_number_given=DE_NUMBER, vat_check=check), a_shop()).flags
    assert said in str(flag.message)


def test_a_number_that_nobody_read_is_nothing_beside_the_buyers_or_where_it_is_the_sellers() -> None:
    for order in (
        an_order(unread_numbers=(SELLERS_OWN,)),
        an_order(unread_numbers=(UNREAD,), vat_number_given=BE_NUMBER),
    ):
        assert assess(order, a_shop()).flags == ()


@pytest.mark.parametrize(
    ("country", "virtual", "flags", "expected"),
    [
        ("DE", True, ["small_business_abroad"], ("AE", "reverse_charge")),
        ("DE", False, [], ("E", "small_business")),
        ("BE", True, [], ("E", "small_business")),
    ],
)
def test_a_small_business_leaves_the_vat_on_a_service_abroad_to_the_business_that_buys_it(
    country: str, virtual: bool, flags: list[str], expected: tuple[str, str]
) -> None:
    number = DE_NUMBER if country == "DE" else BE_NUMBER
    order = an_order(a_line(rate=None, virtual=virtual), country=country, vat_number_given=number)
    assessed = assess(order, a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)))
    assert [found.code for found in assessed.flags] == flags
    assert [(one.category, one.mention) for one in assessed.treatments] == [expected]


def test_no_service_to_a_business_of_another_member_state_is_exempt_by_the_franchise_at_home() -> None:
    for case in every_case():
        if case.service_to_foreign_business:
            assert treat(case).mention != "small_business", case


@pytest.mark.parametrize(
    ("check", "code", "words"),
    [
        (None, "vat_number_unchecked", "was not checked"),
        (
            VatCheck(DE_NUMBER, None, code="INVALID_REQUESTER_INFO"),
            "vat_number_unchecked",
            "must have its number activated",
        ),
        (VatCheck(DE_NUMBER, valid=False), "vat_number_invalid", "sale of a small business to a consumer"),
        (
            VatCheck(DE_NUMBER, None, code="INVALID_INPUT"),
            "vat_number_unchecked",
            "sale of a small business to a consumer",
        ),
    ],
)
def test_a_service_abroad_of_a_small_business_waits_without_proof_and_is_never_told_to_charge_vat(
    check: VatCheck | None, code: str, words: str
) -> None:
    order = an_order(a_line(rate=None, virtual=True), country="DE", vat_number_given=DE_NUMBER, vat_check=check)
    shop = a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS))
    (problem,) = missing_proof(order, shop, assess(order, shop).lines)
    assert problem.code == code
    assert words in str(problem.message)
    assert "charge VAT" not in str(problem.message)


@pytest.mark.parametrize(
    "order",
    [
        an_order(),
        an_order(country="NL"),
        an_order(a_line(rate=None, virtual=False), country="US"),
        an_order(a_line(rate=None, virtual=True), country="DE", vat_number_given=DE_NUMBER),
        an_order(a_line(rate=None), shipping(rate=None), country="DE", vat_number_given=DE_NUMBER),
    ],
)
def test_nobody_is_asked_what_was_sold_where_it_is_known_or_decides_nothing(order: Order) -> None:
    assert assess(order, a_shop()).flags == ()


def test_a_problem_says_what_is_wrong_and_what_to_do() -> None:
    order = an_order(a_line(rate=None), country="DE", vat_number_given="DE123456789")
    message = str(drafted(order).problems[0].message)
    assert message == (
        "No VAT was charged on “Koffiemok”, but “DE123456789” is not a valid VAT number, so the sale to DE is not exempt. "
        "Correct the number in the order, or charge VAT."
    )
    assert assess(order, a_shop()).flags == ()  # said once


def test_lines_with_the_same_problem_are_named_in_one_sentence() -> None:
    order = an_order(
        *(a_line(rate=None, name=name) for name in ("Mok", "Glas", "Mok", "Vaas", "Kan")), a_line(name="Bord")
    )
    (problem,) = drafted(order).problems
    assert "charged on “Mok”, “Glas”, “Vaas”, …, though" in str(problem.message)


def test_oss_counts_from_its_first_day() -> None:
    (first, other) = (a_shop(vat=VatSettings(oss=True, oss_since=date(2026, 11, day))) for day in (22, 23))
    order = an_order(a_line("100.00", "20"), country="FR")
    assert (outcome(order, first)[1], outcome(order, other)[2]) == (["oss"], ["foreign_rate"])


def test_a_document_says_whose_vat_stands_on_it() -> None:
    draft = drafted(an_order(a_line("100.00", "9"), a_line("50.00", "21", virtual=True), country="NL"), OSS)
    assert [draft.vat_country_of(line) for line in draft.lines] == ["NL", "BE"]
    assert [(row.rate, draft.vat_country_of(row)) for row in draft.vat_lines] == [(D(21), "BE"), (D(9), "NL")]
    assert [said.text for said in draft.mentions] == [
        "Btw van het land van bestemming, aangegeven via de éénloketregeling (OSS): NL"
    ]


def test_french_sets_a_space_before_whose_vat_it_is() -> None:
    [said] = drafted(an_order(a_line("100.00", "20"), country="FR"), OSS).mentions
    assert said.text.endswith("(OSS)\N{NARROW NO-BREAK SPACE}: FR")


ANYWHERE = (
    ("FR", "75001"),
    ("IE", ""),
    ("GB", "BT1 5GS"),
    ("US", ""),
    ("DE", "27498"),
    ("ES", "35001"),
    ("BE", ""),
    ("", ""),
)


def test_no_sentence_glues_a_word_to_the_name_of_a_country() -> None:
    """“De Irlande du Nord” ought to be “d’Irlande du Nord”; and what is sold at home is sold in no unknown country."""
    shops = (
        a_shop(),
        OSS,
        a_shop(vat=VatSettings(sells_services=True)),
        a_shop(vat=VatSettings(foreign_numbers=(ForeignNumber("US", "12-3456789"),))),
    )
    said = set[Message]()
    for (country, postcode), rate, shop, number in product(
        ANYWHERE, ("21", "20", "9", "19", None), shops, ("", "typo")
    ):
        order = an_order(a_line("100.00", rate), country=country, postcode=postcode, vat_number_given=number)
        answer = assess(order, shop)
        said |= {one.message for one in (*answer.problems, *answer.flags)}
    assert len(said) > 30
    sentences = [translate(one, Translator("fr")) for one in said]
    cut_short = re.compile(r"\b(?:de|que|le|la) [aeiouyàâéèêîôûAEIOUYÉ][a-zà-ÿ]")
    assert [one for one in sentences if cut_short.search(one)] == []
    assert [str(one) for one in said if "unknown country" in str(one) or "EU outside" in str(one)] == []


def test_the_vat_of_two_countries_at_one_rate_waits_for_a_person() -> None:
    order = an_order(a_line("100.00", "21"), a_line("50.00", "21", virtual=True), country="NL")
    (problem,) = drafted(order, OSS).problems
    assert problem.code == "two_vat_countries"
    assert "for BE and for NL" in str(problem.message)
    assert drafted(order).problems == ()


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


def test_what_came_in_for_an_order_changes_nothing_of_its_figures() -> None:
    order, shop = an_order(), a_shop()
    known = replace(order, paid_total=Decimal(1), came_in=Decimal(2), to_count=Decimal(3), came_on=date(2026, 11, 22))
    assert assess(known, shop) is assess(order, shop)
    assert assess(replace(order, total=Decimal(1)), shop) is not assess(order, shop)


# Where a buyer may be billed and goods may go: an address, the state that gives VAT numbers there, and where it counts as being.
PLACES = {
    "BE": (Address(country="BE", postcode="9000"), "BE", Zone.DOMESTIC),
    "DE": (Address(country="DE", postcode="10115"), "DE", Zone.EU),
    "FR": (Address(country="FR", postcode="75001"), "FR", Zone.EU),
    "Monaco": (Address(country="MC", postcode="98000"), "FR", Zone.EU),
    "Northern Ireland": (Address(country="GB", postcode="BT1 5GS"), "XI", Zone.EU),
    "London": (Address(country="GB", postcode="SW1A 1AA"), "", Zone.OUTSIDE),
    "Switzerland": (Address(country="CH", postcode="3000"), "", Zone.OUTSIDE),
    "San Marino": (Address(country="SM", postcode="47890"), "", Zone.OUTSIDE),
    "Canary Islands": (Address(country="ES", postcode="35001", state="GC"), "ES", Zone.OUTSIDE),
    "Ceuta": (Address(country="ES", postcode="51001", state="CE"), "ES", Zone.OUTSIDE),
    "Åland": (Address(country="FI", postcode="22100"), "FI", Zone.OUTSIDE),
    "Åland by its code": (Address(country="AX", postcode="22100"), "FI", Zone.OUTSIDE),
    "Livigno": (Address(country="IT", postcode="23041"), "IT", Zone.OUTSIDE),
    "Büsingen": (Address(country="DE", postcode="78266"), "DE", Zone.OUTSIDE),
    "Guadeloupe": (Address(country="FR", postcode="97100"), "FR", Zone.OUTSIDE),
    "Guadeloupe by its code": (Address(country="GP", postcode="97100"), "FR", Zone.OUTSIDE),
    "Mount Athos": (Address(country="GR", postcode="63086"), "GR", Zone.OUTSIDE),
}
NUMBERS = {"DE": DE_NUMBER, "FR": "FR40303265045", "BE": BE_NUMBER, "XI": XI_NUMBER, "": ""}


@pytest.mark.parametrize("given_by", NUMBERS)
@pytest.mark.parametrize("billed_to", PLACES)
def test_what_is_sold_without_vat_goes_by_where_it_goes_and_who_gave_the_number(billed_to: str, given_by: str) -> None:
    """Goods that go from Belgium to another member state are exempt for a business of any other one, not only of that one (art. 138)."""
    number, (billing, member, zone) = NUMBERS[given_by], PLACES[billed_to]
    is_business = given_by in ("DE", "FR")
    for shipped_to, (shipping_address, _, goes_to) in PLACES.items():
        goods = placed(a_line("100.00", None, virtual=False), billing, number, ship_to=shipping_address)
        exempt = (["K"], []) if is_business or given_by == "XI" else (["Z"], ["no_tax_charged"])
        expected = {Zone.DOMESTIC: (["Z"], ["no_tax_charged"]), Zone.EU: exempt, Zone.OUTSIDE: (["G"], [])}
        assert of_vat(goods) == expected[goes_to], shipped_to
    service = placed(a_line("100.00", None, virtual=True), billing, number)
    elsewhere = ["buyer_in_two_places"] if is_business and given_by != member else []
    if zone is Zone.OUTSIDE or billed_to == "Northern Ireland":  # of which the protocol knows goods alone
        assert of_vat(service) == (["O"], elsewhere)
    elif zone is Zone.EU and is_business:
        assert of_vat(service) == (["AE"], [])
    else:
        assert of_vat(service) == (["Z"], ["no_tax_charged"])


def placed(line: OrderLine, billing: Address, number: str, *, ship_to: Address | None = None, **more: Any) -> Order:
    order = an_order(line, company="Acme", ship_to=ship_to or billing, vat_number_given=number, **more)
    return replace(order, billing=replace(order.billing, address=billing))


def of_vat(order: Order) -> tuple[list[str], list[str]]:
    categories, _, problems = outcome(order)
    return categories, [code for code in problems if code != "buyer_incomplete"]


@pytest.mark.parametrize(
    ("name", "is_asked"),
    [
        ("Ticket Rock Werchter", True), ("Toegangskaart zaterdag", True), ("Billet d’entrée", True), ("Entrée", True),
        ("Eintrittskarte", True), ("Workshop boetseren", True), ("Workshop boetseren (online)", False), ("Webinar", False),
        ("Ticketing software", False), ("Advies", False),
    ],
)  # fmt: skip
def test_admission_to_an_event_is_not_left_to_a_buyer_abroad_before_a_person_looked(name: str, is_asked: bool) -> None:
    """It is taxed where the event is, also for a business (art. 53): what its name says is asked of, and VAT on it is no mistake."""
    asked = ["admission_untaxed"] if is_asked else []
    line = a_line("50.00", None, name=name, virtual=True)
    for untaxed in (line, replace(line, downloadable=True)):
        assert of_vat(placed(untaxed, PLACES["DE"][0], DE_NUMBER)) == (["AE"], asked)
        assert of_vat(placed(untaxed, PLACES["London"][0], "")) == (["O"], asked)
    for country, number in (("DE", DE_NUMBER), ("DE", ""), ("London", "")):
        order = taxed_at_home(placed(line, PLACES[country][0], number))
        codes = {flag.code for flag in assess(order, NORMAL).flags}
        assert not (is_asked and codes & {"vat_eu_business_taxed", "vat_export_taxed"})
        assert "home_rate_under_oss" not in outcome(order, OSS)[2]


@pytest.mark.parametrize("name", ["Recording of the concert (mp3)", "Planner for your event (pdf)", "E-book"])
@pytest.mark.parametrize("beside", ["", "Early bird"])
def test_a_download_that_is_called_after_an_event_or_sold_beside_a_ticket_is_taxed_as_one(
    name: str, beside: str
) -> None:
    """What is downloaded is the same for all its buyers: under OSS it carries the VAT of the consumer's country."""
    download = a_line("50.00", None, name=name, virtual=True, downloadable=True)
    order = placed(download, PLACES["FR"][0], "", sells_tickets=bool(beside))
    if beside:
        ticket = a_line("50.00", None, name=beside, virtual=True, line_id=2)
        order = replace(order, lines=(download, ticket))
    assert "home_rate_under_oss" in outcome(taxed_at_home(order), OSS)[2]


def taxed_at_home(order: Order) -> Order:
    """*order* with 21 % on each line."""
    sample = a_line("50.00", "21")
    lines = tuple(replace(line, taxes=sample.taxes) for line in order.lines)
    count = len(lines)
    return replace(order, lines=lines, tax_rates=an_order(sample).tax_rates, total=count * D("60.50"))


def test_what_a_plugin_or_the_products_category_says_is_a_ticket_is_one_as_goods_beside_it_are_not() -> None:
    early = a_line("50.00", None, name="Early bird", virtual=True)
    shirt = a_line("20.00", None, name="T-shirt", virtual=False, line_id=2)
    of_category = replace(early, categories=("Concerten", "2027"))
    assert of_vat(placed(early, PLACES["DE"][0], DE_NUMBER)) == (["AE"], [])
    assert of_vat(placed(of_category, PLACES["DE"][0], DE_NUMBER)) == (["AE"], ["admission_untaxed"])
    order = placed(early, PLACES["DE"][0], DE_NUMBER, sells_tickets=True)
    order = replace(order, lines=(early, shirt), total=D("70.00"))
    assert of_vat(order) == (["AE", "K"], ["admission_untaxed"])
