"""The VAT of a country in which the seller has a number of its own is lawful there, and whose it is stands everywhere."""

import re
from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_order, issued
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.decide import decide_documents
from worker.domain.document import Category, Kind, Purpose
from worker.domain.foreign_number import ForeignNumber, number_in
from worker.domain.place_of_supply import EU, Supply, Zone
from worker.domain.rates import all_rates, known_rates
from worker.domain.shop import VatSettings
from worker.domain.treatment import Case
from worker.domain.vat import treat
from worker.domain.vat_number import vat_prefix
from worker.errors import InvalidValue

NUMBERS = (
    "GB = GB123456789 since 2026-01-01",
    "NO = VOEC 2023456",
    "NL = NL123456789B01",
    "FR = FR40303265045",
    "AU = 300012345678",
)
SHOP = a_shop(vat=VatSettings(foreign_numbers=tuple(map(ForeignNumber.parse, NUMBERS))))
PLACES = {"AU": "2000", "GB": "SW1A 1AA", "NO": "0150", "NL": "1012 AB", "FR": "75001", "CH": "8001", "BE": "9000"}


@pytest.mark.parametrize(
    ("country", "rate", "company", "outcome"),
    [
        ("GB", "20", "", "GB – GB123456789"),
        ("NO", "25", "", "NO – VOEC 2023456"),
        ("NL", "21", "", "NL – NL123456789B01"),  # a rate of both: registered there, it is the consumer's country's
        ("NL", "9", "", "NL – NL123456789B01"),
        ("FR", "20", "Fleurs SARL", "FR – FR40303265045"),
        ("NO", "12", "", "NO – VOEC 2023456"),  # a rate of Belgium too
        ("NO", "21", "", "home_rate_abroad"),
        ("NO", "20", "", "rate_unknown"),
        ("AU", "10", "", "AU – 300012345678"),  # no rates are listed
        ("AU", "12", "", "foreign_number"),
        ("CH", "8.1", "", "foreign_rate"),  # no number there
        ("FR", "19", "", "rate_unknown"),
        ("BE", "20", "", "rate_unknown"),
    ],
)
def test_a_foreign_rate_is_issued_under_the_number_in_that_country_and_waits_without_one(
    country: str, rate: str, company: str, outcome: str
) -> None:
    order = an_order(
        a_line("50.00", rate), paid=True, country=country, postcode=PLACES[country], company=company,
        vat_number_given="FR61954506077" if company else "",
    )  # fmt: skip
    [draft] = decide_documents(order, (), a_history(), SHOP, TODAY).drafts
    if draft.problems:
        assert [problem.code for problem in draft.problems] == [outcome]
        return
    [said] = draft.mentions
    assert said.text.endswith(outcome)
    assert [line.vat_country for line in draft.lines] == [row.vat_country for row in draft.vat_lines] == [country]
    assert draft.einvoice_obstacle


@pytest.mark.parametrize(("number", "outcome"), [("IC = A12345678", []), ("ES = ESB12345674", ["foreign_rate"])])
def test_a_territory_outside_the_vat_area_is_not_its_member_state(number: str, outcome: list[str]) -> None:
    shop = a_shop(vat=VatSettings(foreign_numbers=(ForeignNumber.parse(number),)))
    for rate, expected in (("7", outcome), ("10", outcome)):  # of the Canary Islands, of Spain
        order = an_order(a_line("50.00", rate), paid=True, country="ES", postcode="35001")
        [draft] = decide_documents(order, (), a_history(), shop, TODAY).drafts
        assert [problem.code for problem in draft.problems] == expected


EVERY_RATE = sorted(
    {rate for country in all_rates() for rate in known_rates(country, TODAY)} | {Decimal(7), Decimal(99)}
)


@pytest.mark.parametrize("seller", ["BE", "NL", "FR", "DE", "DK", "SE"])
def test_vat_on_what_leaves_the_eu_is_under_a_number_there_or_waits_or_can_be_the_sellers_alone(seller: str) -> None:
    """Every rate that is known, in every zone outside: never silently the seller's VAT."""
    for rate, destination, (supply, electronic), number in product(
        EVERY_RATE,
        ("GB", "NO", "CH", "LI", "IS", "US", "IC", ""),
        ((Supply.GOODS, False), (Supply.SERVICE, True), (Supply.SERVICE, False)),
        ("", "NUMBER 1"),
    ):
        case = Case(
            Zone.OUTSIDE, supply, rate, electronic=electronic, seller_country=seller, destination=destination,
            seller_number=number, on=TODAY,
        )  # fmt: skip
        if number and not destination:
            continue  # no number can be entered for it
        answer, theirs = treat(case), known_rates(destination, TODAY)
        assert answer.category is Category.STANDARD, case
        if answer.problem and not answer.problem.asks:
            assert not case.home_rate, case
            assert not (number and rate in theirs), case
        elif answer.problem:  # a person decides whose it is: the sentence names both
            assert {seller, destination} <= set(re.findall(r"\b[A-Z]{2}\b", str(answer.problem.message))), case
        elif answer.vat_country:
            assert (answer.vat_country, answer.seller_number) == (destination, number), case
            assert rate in theirs or not (theirs or case.home_rate), case
        else:
            assert case.home_rate, case
            assert answer.flag or not case.leaves_the_eu, case
            assert not case.leaves_the_eu or not (number or rate in theirs), case


@pytest.mark.parametrize("destination", sorted((EU | {"XI"}) - {"BE"}))
def test_vat_within_the_eu_is_the_sellers_or_the_consumers_under_oss_or_a_number_there(destination: str) -> None:
    """Every rate of either and one of neither, to every member state, with and without OSS, a number there and one of the buyer's."""
    rates = known_rates("BE", TODAY) | known_rates(destination, TODAY) | {Decimal(99)}
    of_buyer = f"{vat_prefix(destination)}1"
    for rate, (supply, electronic), number, oss, buyer in product(
        sorted(rates),
        ((Supply.GOODS, False), (Supply.SERVICE, True), (Supply.SERVICE, False)),
        ("", "NUMBER 1"),
        (True, False),
        ("", of_buyer),
    ):
        case = Case(
            Zone.EU, supply, rate, electronic=electronic, destination=destination, seller_number=number, oss=oss,
            vat_number=buyer, on=TODAY,
        )  # fmt: skip
        answer, theirs = treat(case), rate in known_rates(destination, TODAY)
        if answer.problem:
            assert not (number and theirs), case  # there it is lawful
            assert not (case.home_rate and not case.taxed_at_destination), case
        elif answer.vat_country:
            assert answer.vat_country == destination, case
            assert theirs, case
            assert answer.seller_number or (oss and not buyer), case
        else:
            assert case.home_rate, case
            assert not case.taxed_at_destination, case
            assert not (number and theirs and not buyer), case


def test_its_credit_note_names_the_number_too_and_asks_no_belgian_vat_back() -> None:
    order = an_order(a_line("50.00", "20"), paid=True, country="GB", postcode="SW1A 1AA")
    [draft] = decide_documents(order, (), a_history(), SHOP, TODAY).drafts
    note = draft_credit_note(
        Cancellation(), CreditedInvoice(issued(draft)), order, SHOP, purpose=Purpose(Kind.CREDIT_NOTE, "c")
    )
    assert [said.key for said in note.mentions] == ["foreign_number_outside"]
    assert note.vat == Decimal("10.00")


@pytest.mark.parametrize(
    ("on", "number"), [(date(2025, 12, 31), ""), (date(2026, 1, 1), "GB1"), (date(2026, 7, 1), "GB2")]
)
def test_a_number_holds_from_its_first_day_and_the_latest_counts(on: date, number: str) -> None:
    numbers = (ForeignNumber("GB", "GB1", date(2026, 1, 1)), ForeignNumber("GB", "GB2", date(2026, 7, 1)))
    assert number_in(numbers, "GB", on) == number


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_shown_as_it_is_read(text: str) -> None:
    assert str(ForeignNumber.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["CH = CHE-123.456.788 MWST", "AT = ATU12345678", "ES = ESB12345674", "NO = NO 923609016 MVA", "IE = IE1234567WA"],
)
def test_a_number_that_begins_with_its_country_and_a_letter_is_a_number(text: str) -> None:
    assert str(ForeignNumber.parse(text)) == text


@pytest.mark.parametrize("between", [" sinds ", " depuis ", " seit ", ", ", " Since "])
def test_the_day_is_understood_in_every_language_and_never_a_part_of_the_number(between: str) -> None:
    read = ForeignNumber.parse(f"GB = GB123456789{between}2027-01-01")
    assert (read.number, read.since) == ("GB123456789", date(2027, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "GB = GB123456789 from 2027-01-01",
        "GB = GB123456789 vanaf 2027",
        "GB = GB123456789 1-1-2027",
        "NO = VOEC",
        "",
        "GB",
        "GB=",
        "Britain = GB1234",
        "GB = GB123456789 since spring",
        "GB = GB1 since 2026-13-01",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="names no VAT number"):
        ForeignNumber.parse(text)
