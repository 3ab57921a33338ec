"""Fields for days: shown and read as the reader writes days, whatever the browser's language."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import update

import bridge
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.store.database.tables import users

TEMPLATES = Path(bridge.__file__).parent / "templates"
HOME = f"/s/{SHOP}"
NO_DAY = "“31-6-2026” is geen dag; schrijf hem zoals 22-11-2026."


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


def test_no_page_leaves_the_writing_of_days_to_the_browser() -> None:
    for template in TEMPLATES.rglob("*.html"):
        assert not re.search('type="(date|datetime-local)"', template.read_text(encoding="utf-8")), template


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("nl", ("01-10-2026", "dd-mm-jjjj")),
        ("fr", ("01/10/2026", "jj/mm/aaaa")),
        ("de", ("01.10.2026", "TT.MM.JJJJ")),
        ("en", ("01/10/2026", "dd/mm/yyyy")),
    ],
)
def test_each_reader_sees_days_written_his_way(app: BridgeApp, language: str, shown: tuple[str, str]) -> None:
    assert field(reader(app, language).get(f"{HOME}/accounting/journal").text, "since") == shown


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
    assert field(text, "since")[0] == "31-6-2026"


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
    assert field(refused.text, "on")[0] == "31-6-2026"


def test_a_setting_says_what_is_no_day_and_keeps_what_was_typed(dutch: Visitor) -> None:
    refused = dutch.post(f"{HOME}/settings/reminders", **{"reminders.since": "31-6-2026"})
    assert NO_DAY in refused.text
    assert field(refused.text, "reminders\\.since")[0] == "31-6-2026"
