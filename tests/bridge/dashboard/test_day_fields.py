"""Fields for days: shown and read as the reader writes days, whatever the browser's language."""

import re
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import update

import bridge
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.store import shops
from worker.store.database.tables import users

TEMPLATES = Path(bridge.__file__).parent / "templates"
HOME = f"/s/{SHOP}"
NO_DAY = "“31-6-2026” is geen dag; schrijf hem zoals 22/11/2026."


@pytest.fixture
def dutch(app: BridgeApp) -> Visitor:
    busy_shop.fill(app, orders_=3, failed=1, drafts_=0)
    return reader(app, "nl")


def reader(app: BridgeApp, language: str) -> Visitor:
    visitor = signed_in(app, f"{language}@host.example", operator=True)
    with app.store.write() as connection:
        connection.execute(update(users).where(users.c.email == f"{language}@host.example").values(language=language))
    return visitor


def field(text: str, name: str) -> tuple[str, str]:
    """What the field shows, and what while it is empty."""
    (found,) = re.findall(rf'<input type="text" id="[^"]*" name="{name}" value="([^"]*)" placeholder="([^"]*)"', text)
    return found[0], found[1]


def is_tied(text: str, name: str) -> bool:
    """Whether the field says that it is wrong, and which sentence says why."""
    return (
        re.search(rf'name="{name}" [^>]*aria-invalid="true" aria-describedby="error-{name}"', text) is not None
        and f'<p class="error" id="error-{name}">' in text
    )


def test_no_page_leaves_the_writing_of_days_to_the_browser() -> None:
    for template in TEMPLATES.rglob("*.html"):
        assert not re.search('type="(date|datetime-local|month|week|time)"', template.read_text(encoding="utf-8")), (
            template
        )


@pytest.mark.parametrize(
    ("language", "name"), [("nl", "november 2026"), ("fr", "novembre 2026"), ("en", "November 2026")]
)
def test_a_month_is_chosen_by_its_name_in_the_language_of_the_reader(app: BridgeApp, language: str, name: str) -> None:
    text = reader(app, language).get(f"{HOME}/accounting").text
    assert f'name="month"><option value="2026-11">{name}</option><option value="2026-10">' in text


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("nl", ("01/10/2026", "dd/mm/jjjj")),
        ("fr", ("01/10/2026", "jj/mm/aaaa")),
        ("de", ("01.10.2026", "TT.MM.JJJJ")),
        ("en", ("01/10/2026", "dd/mm/yyyy")),
    ],
)
def test_each_reader_sees_days_written_his_way(app: BridgeApp, language: str, shown: tuple[str, str]) -> None:
    assert field(reader(app, language).get(f"{HOME}/accounting/journal").text, "since") == shown


@pytest.mark.parametrize(("language", "shown"), [("nl", "0,00"), ("fr", "0,00"), ("en", "0.00")])
def test_each_reader_sees_an_amount_to_type_written_his_way(app: BridgeApp, language: str, shown: str) -> None:
    page = reader(app, language).get(f"{HOME}/settings/reminders").text
    assert f'name="reminders.consumer_costs" value="{shown}"' in page


@pytest.mark.parametrize(("language", "half", "units"), [("nl", "10,5", "1,0831"), ("en", "10.5", "1.0831")])
def test_each_reader_types_and_sees_rates_written_his_way(app: BridgeApp, language: str, half: str, units: str) -> None:
    visitor = reader(app, language)
    vat = {"vat.regime": "normal", "vat.vies_wait_hours": "24", "consumer_invoices": "full"}
    for page, name, line, more in (
        ("reminders", "reminders.legal_interest", f"2026-07-01={half}", {"reminders.who": "nobody"}),
        ("vat", "exchange_rates", f"USD={units}", vat),
    ):
        address = f"{HOME}/settings/{page}"
        assert visitor.post(address, **{**more, name: line}).status_code == HTTPStatus.SEE_OTHER
        assert re.search(rf'name="{name}"[^>]*>{line}0?<', visitor.get(address).text), name


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "IDR=17,250"),
        *(
            (language, f"IDR={rate}")
            for language in ("nl", "fr", "de")
            for rate in ("17.250", "17.250,00", "17,250,000")
        ),
    ],
)
def test_a_rate_that_may_have_the_thousands_of_its_reader_is_refused_as_it_was_typed(
    app: BridgeApp, language: str, line: str
) -> None:
    vat = {"vat.regime": "normal", "vat.vies_wait_hours": "24", "consumer_invoices": "full"}
    answer = reader(app, language).post(f"{HOME}/settings/vat", **vat, exchange_rates=line)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert f">{line}<" in answer.text


@pytest.mark.parametrize(
    ("language", "rate"), [("en", "17.250"), ("en", "17,25"), ("nl", "17,250"), ("nl", "17.25"), ("nl", "0.125")]
)
def test_a_rate_that_means_one_thing_is_taken(app: BridgeApp, language: str, rate: str) -> None:
    vat = {"vat.regime": "normal", "vat.vies_wait_hours": "24", "consumer_invoices": "full"}
    visitor = reader(app, language)
    visitor.post(f"{HOME}/settings/vat", **vat, exchange_rates=f"IDR={rate}")
    with app.store.read() as connection:
        taken = shops.get_settings(connection, SHOP).exchange_rates
    assert taken == {"IDR": Decimal(rate.replace(",", "."))}


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        ("en", {"amount": "1,250"}),
        ("nl", {"amount": "1.250"}),
        ("nl", {"amount": "1,255"}),
        ("nl", {"quantity-0": "1.000"}),
        ("en", {"quantity-0": "1,000"}),
    ],
)
def test_nothing_is_credited_that_may_mean_two_amounts(app: BridgeApp, language: str, typed: dict[str, str]) -> None:
    busy_shop.fill(app, orders_=1, failed=0, drafts_=0)
    answer = reader(app, language).post(f"{HOME}/documents/1/credit", part="1", **typed)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize("day", ["22-11-2026", "22/11/2026", "22.11.26", "22112026", "2026-11-22"])
def test_a_filter_takes_a_day_however_it_is_written(dutch: Visitor, day: str) -> None:
    assert "F2026-00002" in dutch.get(f"{HOME}/documents?since={day}&until={day}").text
    later = dutch.get(f"{HOME}/documents?since=23-11-2026").text
    assert "F2026-00002" not in later
    assert field(later, "since")[0] == "23-11-2026"


@pytest.mark.parametrize("path", ["/documents", "/orders", "/payments", "/jobs", "/activity", "/accounting/journal"])
def test_a_filter_says_what_is_no_day_and_keeps_what_was_typed(dutch: Visitor, path: str) -> None:
    text = dutch.get(f"{HOME}{path}?since=31-6-2026").text
    assert NO_DAY in text
    assert is_tied(text, "since")
    assert field(text, "since")[0] == "31-6-2026"


@pytest.mark.parametrize("day", ["since=31-6-2026", "until=31-6-2026", "since=1-1-0001", "until=9999-13-31"])
@pytest.mark.parametrize(("path", "row"), [("/documents", "F2026-00002"), ("/orders", "/orders/1001"), ("/payments", "F2026-00002"), ("/jobs", 'name="item"')])  # fmt: skip
def test_what_is_no_day_finds_nothing(dutch: Visitor, path: str, row: str, day: str) -> None:
    assert row in dutch.get(f"{HOME}{path}?{day[:6]}%20").text
    text = dutch.get(f"{HOME}{path}?{day}").text
    assert (row in text, 'name="all"' in text, f'action="{HOME}/many' in text) == (False, False, False)


@pytest.mark.parametrize(("of_list", "what"), [("documents", "paid"), ("open", "paid"), ("orders", "fetch"), ("jobs", "retry"), ("drafts", "issue")])  # fmt: skip
def test_with_what_is_no_day_nothing_is_done_to_all(app: BridgeApp, of_list: str, what: str) -> None:
    busy_shop.fill(app, orders_=3, failed=1, drafts_=1)
    visitor = reader(app, "en")
    many = {"list": of_list, "what": what, "all": "1"}
    assert 'name="ids"' in visitor.post(f"{HOME}/many", **many).text
    for days in ("since=31-6-2026", "until=soon"):
        assert visitor.post(f"{HOME}/many?{days}", **many).status_code == HTTPStatus.SEE_OTHER


def test_the_journal_shows_the_days_that_it_counts_and_says_where_they_are_others(app: BridgeApp) -> None:
    visitor = reader(app, "en")

    def journal(days: str) -> tuple[str, str, str, bool]:
        text = visitor.get(f"{HOME}/accounting/journal?{days}").text
        note = re.search(r'role="status">.*?<span>(.*?)</span>', text)
        return field(text, "since")[0], field(text, "until")[0], note[1] if note else "", "journal.csv" in text

    turned, cut = ("The last day came before the first; they are turned round.", "At most 800 days are counted at once")
    assert journal("since=1-3-26&until=31.3.2026") == ("01/03/2026", "31/03/2026", "", True)
    assert journal("since=31-3-2026&until=1-3-2026") == ("01/03/2026", "31/03/2026", turned, True)
    assert journal("since=2020-01-01&until=2026-01-01") == (
        "01/01/2020",
        "11/03/2022",
        f"{cut}: up to 11 Mar 2022.",
        True,
    )
    assert journal("until=15-3-2020") == ("01/02/2020", "15/03/2020", "", True)
    assert journal("since=31-6-2026&until=1-9-2026") == ("31-6-2026", "01/09/2026", "", False)


def test_the_spreadsheet_of_what_is_no_day_is_none(dutch: Visitor) -> None:
    answer = dutch.get(f"{HOME}/accounting/journal.csv?since=31-6-2026")
    assert answer.headers["Location"].endswith("/accounting/journal?since=31-6-2026&until=2026-11-23")


@pytest.mark.parametrize("path", ["/accounting/backfill", "/accounting/export"])
@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("22-11-2026", "31-6-2026", [NO_DAY]),
        ("", "22-11-2026", ["Vul een dag in."]),
        ("", "", ["Vul een dag in."] * 2),
        ("22-11-2026", "21-11-2026", ["De laatste dag komt voor de eerste."]),
    ],
)
def test_a_form_says_of_each_day_what_is_wrong_with_it(
    dutch: Visitor, path: str, since: str, until: str, told: list[str]
) -> None:
    answer = dutch.post(f"{HOME}{path}", since=since, until=until)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert re.findall(r'class="error"[^>]*>.*?<span>(.*?)</span>', answer.text) == told


@pytest.mark.parametrize("path", ["/accounting/backfill", "/accounting/export"])
def test_a_form_says_what_is_no_day_and_keeps_what_was_typed(dutch: Visitor, path: str) -> None:
    answer = dutch.post(f"{HOME}{path}", since="31-6-2026", until="22-11-2026")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert NO_DAY in answer.text
    assert (field(answer.text, "since")[0], field(answer.text, "until")[0]) == ("31-6-2026", "22-11-2026")


def test_an_invoice_is_marked_as_paid_on_a_day_as_it_is_written(dutch: Visitor) -> None:
    page = f"{HOME}/documents/1"
    refused = dutch.post(f"{page}/paid", on="31-6-2026")
    assert (refused.status_code, NO_DAY in refused.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert dutch.post(f"{page}/paid", on="22-11-2026").status_code == HTTPStatus.SEE_OTHER
    assert "betaald 22 nov" in dutch.get(page).text


def test_many_are_marked_as_paid_on_a_day_as_it_is_written(dutch: Visitor) -> None:
    many = {"list": "documents", "what": "paid", "ids": "1,2", "sure": "1"}
    refused = dutch.post(f"{HOME}/many", on="31-6-2026", **many)
    assert NO_DAY in refused.text
    assert is_tied(refused.text, "on")
    assert field(refused.text, "on")[0] == "31-6-2026"


def test_a_setting_says_what_is_no_day_and_keeps_what_was_typed(dutch: Visitor) -> None:
    refused = dutch.post(f"{HOME}/settings/reminders", **{"reminders.since": "31-6-2026"})
    assert NO_DAY in refused.text
    assert field(refused.text, "reminders\\.since")[0] == "31-6-2026"
