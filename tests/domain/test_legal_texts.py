"""Numbers, references, languages, rates and legal sentences: small pure answers."""

import re
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.be import ogm_vcs

from tests.support.factories import a_shop, an_order
from tests.support.woocommerce_totals import many
from worker.domain.document import Category, Problem
from worker.domain.language import LANGUAGES, language_of
from worker.domain.mentions import LegalText, NationalText, exemption, legal_texts, mention
from worker.domain.numbering import check_pattern, format_number, issue_date, period
from worker.domain.payment_reference import structured_communication
from worker.domain.shop import DEFAULT_SERIES, Series
from worker.domain.vat_number import normalise_vat_number
from worker.message import Message

# Numbers


def test_a_number_is_printed_as_the_series_wants() -> None:
    assert format_number(Series("invoice", "F{year}-{number:05d}"), year=2026, number=42) == "F2026-00042"


def test_a_number_wider_than_its_pattern_is_printed_whole() -> None:
    assert format_number(Series("i", "{year}{number:02d}"), year=2026, number=123) == "2026123"


@pytest.mark.parametrize("series", DEFAULT_SERIES.values(), ids=lambda series: series.name)
def test_the_patterns_we_start_with_are_good(series: Series) -> None:
    check_pattern(series.pattern, yearly=series.yearly)


@pytest.mark.parametrize("pattern", ["{number}", "TEST-{number:05d}", "A/{number:03}"])
def test_a_series_that_never_starts_again_needs_no_year(pattern: str) -> None:
    check_pattern(pattern, yearly=False)


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("F{year}", "must contain {number}"),
        ("{number}", "must contain {year}"),
        ("{year}{number}{number}", "must contain {number} once"),
        ("{year}{number.real}", "is unknown"),
        ("{year}{number.__class__}", "is unknown"),
        ("{year}{number!r}", "is unknown"),
        ("{year}{month}{number}", "is unknown"),
        ("{year}{}{number}", "is unknown"),
        ("{year}{number:>99}", "is not a width"),
        ("{year}{number:3}", "is not a width"),
        ("{year}{number:999d}", "is not a width"),
        ("{year}{number", "is not a pattern"),
        ("{year} \n{number}", "printable"),
        ("A rather long name of a series {year}{number}", "at most 30"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_a_message(pattern: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_pattern(pattern)


def test_dates_never_go_back_within_a_series() -> None:
    today, last = date(2026, 12, 31), date(2027, 1, 1)
    assert [issue_date(today, None), issue_date(today, last), issue_date(last, today)] == [today, last, last]


def test_a_yearly_series_counts_per_year_and_another_for_ever() -> None:
    on = date(2026, 12, 31)
    assert [period(Series("i", "", yearly=yearly), on) for yearly in (True, False)] == [2026, 0]


# Paying


@many
@given(seed=st.integers(0, 2000), order_id=st.integers(0, 10**9))
def test_a_reference_is_twelve_digits_that_check(seed: int, order_id: int) -> None:
    reference = structured_communication(seed, order_id)
    assert ogm_vcs.is_valid(reference)


@many
@given(
    one=st.tuples(st.integers(0, 999), st.integers(0, 9_999_999)),
    other=st.tuples(st.integers(0, 999), st.integers(0, 9_999_999)),
)
def test_two_orders_never_share_a_reference(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (structured_communication(*one) == structured_communication(*other)) == (one == other)


@pytest.mark.parametrize(
    ("seed", "order_id", "reference"), [(0, 97, "000000009797"), (0, 238, "000000023844"), (7, 238, "007000023891")]
)
def test_a_reference_is_seed_order_and_check_digits(seed: int, order_id: int, reference: str) -> None:
    assert structured_communication(seed, order_id) == reference


# Languages


@pytest.mark.parametrize(
    ("country", "postcode", "language"),
    [
        ("BE", "9000", "nl"),
        ("BE", "1500", "nl"),
        ("BE", "1630", "nl"),  # Linkebeek: facilities, but Dutch-speaking area
        ("BE", "B-3500", "nl"),
        ("BE", "1300", "fr"),
        ("BE", "4000", "fr"),
        ("BE", "4960", "fr"),  # Malmedy
        ("BE", "7700", "fr"),
        ("BE", "4700", "de"),
        ("BE", "4791", "de"),
        ("BE", "1000", "fr"),  # Brussels: the shop's own
        ("BE", "", "fr"),
        ("BE", "90000", "fr"),
        ("NL", "1012 AB", "nl"),
        ("FR", "75001", "fr"),
        ("LU", "1009", "fr"),
        ("DE", "10115", "de"),
        ("AT", "1010", "de"),
        ("US", "10001", "en"),
        ("ES", "28001", "en"),
        ("", "", "fr"),
    ],
)
def test_a_customer_is_written_to_in_the_language_of_his_place(country: str, postcode: str, language: str) -> None:
    assert language_of(an_order(country=country, postcode=postcode), a_shop(language="fr")) == language


@pytest.mark.parametrize(
    ("hint", "language"),
    [("fr_BE", "fr"), ("de", "de"), ("NL-be", "nl"), ("en_US", "en"), ("it_IT", "nl"), ("frisian", "nl"), ("", "nl")],
)
def test_what_a_translation_plugin_wrote_goes_first(hint: str, language: str) -> None:
    assert language_of(an_order(language_hint=hint), a_shop(language="fr")) == language


def test_a_shop_in_a_language_that_we_do_not_print_falls_back_on_english() -> None:
    assert language_of(an_order(postcode="1000"), a_shop(language="it")) == "en"


# Legal sentences


def test_every_legal_sentence_is_there_in_every_language_with_its_article_and_source() -> None:
    for legal in legal_texts().values():
        assert set(legal.text) == set(LANGUAGES), legal.key
        assert not legal.abroad or set(legal.abroad) == set(LANGUAGES), legal.key
        assert all(set(national.text) == set(LANGUAGES) for national in legal.national.values()), legal.key
        sources: tuple[LegalText | NationalText, ...] = (legal, *legal.national.values())
        for said in sources:
            assert all((said.article, said.source, said.date_read)), legal.key


def test_a_seller_outside_belgium_never_prints_words_of_the_belgian_code() -> None:
    """Belgium's own mentions name its code, its decrees or its State; the directive's are the same in every country."""
    of_belgium_alone = {"credit_note_be"}  # written by sellers in Belgium only
    for key in set(legal_texts()) - of_belgium_alone:
        for country, language in product(("FR", "DE", "NL", "LU", "AT", "ES"), LANGUAGES):
            said = mention(key, language=language, seller_country=country).text
            assert not re.search(r"W\.Btw|CTVA|MwStGB|belg", said, re.IGNORECASE), (key, country, said)


@pytest.mark.parametrize(
    ("country", "language", "words"),
    [
        # Words of 1-1-2025: art. 5 §1 10°quater RD no. 1; before, they named the small businesses.
        ("BE", "nl", "Bijzondere vrijstellingsregeling van belasting"),
        ("BE", "fr", "Régime particulier de la franchise de taxe"),
        ("BE", "de", "Sonderregelung der Steuerbefreiung"),
        ("FR", "fr", "TVA non applicable, art. 293 B du CGI"),
        ("FR", "nl", "TVA non applicable, art. 293 B du CGI (btw niet van toepassing)"),
        ("DE", "de", "Steuerbefreiung für Kleinunternehmer – § 19 UStG"),
        ("NL", "nl", "Factuur vrijgesteld van btw – kleineondernemersregeling (KOR) – art. 25 Wet OB 1968"),
        ("AT", "de", "Steuerbefreiung für Kleinunternehmen – Art. 284 Richtlinie 2006/112/EG"),
    ],
)
def test_a_small_business_says_the_words_of_its_own_country(country: str, language: str, words: str) -> None:
    assert mention("small_business", language=language, seller_country=country).text == words


def test_an_exemption_is_explained_by_the_sentence_on_the_document() -> None:
    printed = [mention("oss", language="nl"), mention("intra_eu", language="nl")]
    assert exemption(Category.INTRA_EU, printed) == ("VATEX-EU-IC", printed[1].text)
    assert exemption(Category.EXPORT, printed) == ("", "")


def test_a_seller_abroad_quotes_the_directive_and_not_the_belgian_code() -> None:
    assert "39bis" in mention("intra_eu", language="nl").text
    assert "2006/112" in mention("intra_eu", language="nl", seller_country="NL").text


# VAT numbers


@pytest.mark.parametrize(
    ("given_number", "country", "number"),
    [
        ("BE 0403.170.701", "BE", "BE0403170701"),
        ("be0403170701", "BE", "BE0403170701"),
        ("403.170.701", "BE", "BE0403170701"),
        ("1000.000.021", "BE", "BE1000000021"),  # since 2023 numbers may start with 1
        ("DE136695976", "BE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("U13585627", "AT", "ATU13585627"),
        ("XI110305878", "GB", "XI110305878"),
        ("", "BE", ""),
        (" - ", "BE", ""),
        ("GB980780684", "GB", ""),
        ("12-3456789", "US", ""),
    ],
)
def test_a_vat_number_is_normalised(given_number: str, country: str, number: str) -> None:
    assert normalise_vat_number(given_number, country) == (number, None)


@pytest.mark.parametrize(
    ("given_number", "country"),
    [("BE0403170702", "BE"), ("DE123456789", "DE"), ("n/a 1", "BE"), ("BE0403170702", "US")],
)
def test_a_wrong_vat_number_is_told(given_number: str, country: str) -> None:
    number, problem = normalise_vat_number(given_number, country)
    assert (number, problem) == (
        "",
        Problem("vat_number_wrong", Message("“{number}” is not a valid VAT number.", number=given_number)),
    )
