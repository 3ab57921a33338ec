"""Every button of every page, pressed as a browser without a script presses it: with what its form holds, and what must be typed."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import html
from werkzeug.test import TestResponse

from tests.bridge.dashboard.test_confirmations import QUESTIONS
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.every_page import every_page
from tests.support.personas import SITE, Visitor, signed_in

TYPED = {"email": "jan@klant.example", "number": "1", "password": "vier gewone woorden", "url": "https://shop.example"}
# 422 is a page that says what to type; 307 makes a code with the same form, for a shop just made.
WELL = (200, 307, 422)
HOME = f"/s/{SHOP}"
# What must say what it is about, asked before it is done.
ASKING = {re.sub(r"/\d+(?=/|$)", "/N", path) for path, _fields, _named in QUESTIONS}
NAMED = {
    f"{HOME}/{rule}"
    for rule in ("documents/N/credit", "documents/N/revoke", "drafts/N/issue", "drafts/N/discard", "close")
}


@dataclass(frozen=True)
class Press:
    """A button of the page at *path*. *rule* is where it leads, without the ids in it."""

    path: str
    rule: str
    form: html.FormElement
    button: html.HtmlElement


@pytest.mark.slow
def test_every_button_of_every_page_works_without_a_script(app: BridgeApp, tmp_path: Path) -> None:
    visitor = signed_in(app, "els@host.example", operator=True)
    busy_shop.make_worse(app, busy_shop.fill(app, orders_=6, failed=4, drafts_=4, orders_of_drafts=True))
    database = Path(app.settings.database_url.removeprefix("sqlite:///"))
    presses, kept = all_presses(app, visitor), tmp_path / "kept.db"
    copy(database, kept)
    asked: set[str] = set()
    cookie = visitor.client.get_cookie("__Host-facturelay", domain="documents.example")
    assert cookie is not None
    for one in presses:
        visitor.client.set_cookie(cookie.key, cookie.value, domain=cookie.domain, secure=True)
        answer = pressed(visitor, one.path, one.form, one.button)
        assert answer.status_code in WELL, (one, answer.status)
        confirm = html.fromstring(answer.text or "<p>").get_element_by_id("confirm", None)
        if confirm is not None and one.rule in ASKING:
            asked.add(one.rule)
            form = next(confirm.iter("form"))
            again = pressed(visitor, answer.request.path, form, next(form.iter("button")))
            assert again.status_code in WELL, (one, again.status)
        copy(kept, database)
    assert asked >= NAMED
    assert len(presses) > 60


def all_presses(app: BridgeApp, visitor: Visitor) -> list[Press]:
    """Of each form that the pages have one button of each kind. Red where a script alone could press one."""
    found: dict[tuple[str, ...], Press] = {}
    addresses = every_page(app.client.application, SHOP, order_id=busy_shop.FIRST + 1, document_id=2)
    for path in filter(is_page, dict.fromkeys(addresses)):
        answer = visitor.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        page = html.fromstring(answer.text)
        for form in page.iter("form"):
            buttons = [one for one in buttons_of(page, form) if one.get("type", "submit") == "submit"]
            assert buttons or form.xpath('.//input[@type="search"]'), f"{path}: nothing to press in {form.action}"
            for button in buttons:
                rule = re.sub(r"/\d+(?=/|$)", "/N", urlsplit(form.action or path).path)
                hidden = [one.name or "" for one in form.xpath('.//input[@type="hidden"]') if one.name != "form_token"]
                key = (form.method, rule, button.get("name", ""), button.get("value", ""), *hidden)
                found.setdefault(key, Press(path, rule, form, button))
    return list(found.values())


def is_page(path: str) -> bool:
    """Filters show the forms of the list that they filter, but for these."""
    of_its_own = "?" not in path or path.endswith(("list=drafts", "state=counted", "state=done", "state=waiting"))
    return of_its_own and not path.startswith(("/metrics", "/health", "/ready", "/static", "/api"))


def buttons_of(page: html.HtmlElement, form: html.FormElement) -> Iterator[html.HtmlElement]:
    """Inside it, or elsewhere on the page and tied to it by its id."""
    yield from (one for one in form.iter("button") if "form" not in one.attrib)
    if form.get("id"):
        yield from page.xpath(f'//button[@form="{form.get("id")}"]')


def pressed(visitor: Visitor, path: str, form: html.FormElement, button: html.HtmlElement) -> TestResponse:
    """What the browser shows in the end."""
    data: dict[str, list[object]] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    for field in form.xpath(".//input[@required] | .//textarea[@required]"):
        if field.get("type") == "file":
            data[field.name] = [(BytesIO(b"Datum;Bedrag\n"), "konto.csv")]
        elif not data.get(field.name, [""])[0]:
            data[field.name] = [TYPED.get(field.get("type", ""), "20-11-2026")]
    if button.get("name"):
        data.setdefault(button.get("name"), []).append(button.get("value", ""))
    address = urljoin(path, button.get("formaction") or form.action or path)
    if form.method == "GET":
        return visitor.client.get(address.partition("?")[0], base_url=SITE, query_string=data)
    answer = visitor.client.post(address, base_url=SITE, data=data)
    return visitor.client.get(answer.location, base_url=SITE) if answer.status_code == 303 else answer


def copy(database: Path, to: Path) -> None:
    with closing(sqlite3.connect(database)) as copied, closing(sqlite3.connect(to)) as other:
        copied.backup(other)
