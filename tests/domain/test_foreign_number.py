"""The VAT of a country in which the seller has a number of its own is lawful there, and whose it is stands everywhere."""

from datetime import date
from decimal import Decimal

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_order, issued
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.decide import decide_documents
from worker.domain.document import Kind, Purpose
from worker.domain.foreign_number import ForeignNumber, number_in
from worker.domain.shop import VatSettings
from worker.errors import InvalidValue

NUMBERS = ("GB = GB123456789 since 2026-01-01", "NO = VOEC 2023456", "NL = NL123456789B01", "FR = FR40303265045")
SHOP = a_shop(vat=VatSettings(foreign_numbers=tuple(map(ForeignNumber.parse, NUMBERS))))
PLACES = {"GB": "SW1A 1AA", "NO": "0150", "NL": "1012 AB", "FR": "75001", "CH": "8001", "BE": "9000"}


@pytest.mark.parametrize(
    ("country", "rate", "company", "outcome"),
    [
        ("GB", "20", "", "GB – GB123456789"),
        ("NO", "25", "", "NO – VOEC 2023456"),
        ("NL", "21", "", "NL – NL123456789B01"),  # a rate of both: registered there, it is the consumer's country's
        ("NL", "9", "", "NL – NL123456789B01"),
        ("FR", "20", "Fleurs SARL", "FR – FR40303265045"),
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
