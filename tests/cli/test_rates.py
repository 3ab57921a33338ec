"""`facturelay rates`: what is levied on a day, and what changed, without a database."""

from tests.cli.conftest import Facturelay


def test_the_rates_of_a_day_are_shown_by_country(facturelay: Facturelay) -> None:
    shown = facturelay("rates", "--country", "at", "--country", "EL", "--on", "2026-07-01")
    assert shown.out.splitlines() == [
        "on 2026-07-01  standard  reduced      islands and border zones",
        "AT             20        13, 10, 4.9  19",
        "GR             24        13, 6        17, 9, 4",
    ]


def test_every_country_has_its_line_today(facturelay: Facturelay) -> None:
    assert (
        len(facturelay("rates").out.splitlines()) == 1 + 27 + 1 + 4
    )  # a head, the EU, Northern Ireland, the neighbours


def test_a_change_is_shown_with_its_day_and_its_law(facturelay: Facturelay) -> None:
    shown = facturelay("rates", "--changes", "--since", "2026-01-01", "--json").json
    assert [(one["day"], one["rate"]["country"], one["rate"]["percent"], one["ended"]) for one in shown] == [
        ("2026-01-01", "FI", "14", True),
        ("2026-01-01", "FI", "13.5", False),
        ("2026-01-01", "LT", "9", True),
        ("2026-01-01", "LT", "12", False),
        ("2026-07-01", "AT", "4.9", False),
    ]
    assert all(one["rate"]["source"] for one in shown)
    assert "2026-07-01  AT   4.9 %  begins  reduced" in facturelay("rates", "--changes").out


def test_a_day_or_country_without_a_list_is_refused_with_what_there_is(facturelay: Facturelay) -> None:
    assert "there are lists for AT, BE" in facturelay("rates", "--country", "US").err
    assert "from 2024-01-01 on" in facturelay("rates", "--on", "2023-12-31").err
    assert facturelay("rates", "--country", "SE", "--changes").out == "No change is known.\n"
