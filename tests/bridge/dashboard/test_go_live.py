"""Going live is one form: what stands in its field is what happens, by either of its buttons."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.demo.stage import SELLER


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    app.change_shop(test=True, seller=SELLER, orders=replace(app.shop.orders, since=datetime(2026, 11, 1, tzinfo=UTC)))
    visitor = signed_in(app, "els@host.example", operator=True)
    visitor.get(f"/s/{SHOP}/settings/go-live")
    return visitor


def test_the_form_has_one_field_and_both_buttons(owner: Visitor) -> None:
    text = owner.get(f"/s/{SHOP}/settings/go-live").text

    (form,) = (form for form in re.findall(r"<form.*?</form>", text, re.DOTALL) if 'name="since"' in form)
    assert form.count('name="since"') == 1
    assert len(re.findall(r'<button[^>]+type="submit"', form)) == 2
    assert f'formaction="/s/{SHOP}/settings/go-live/orders"' in form


def test_going_live_asks_with_the_day_that_was_typed_and_changes_nothing_before(app: BridgeApp, owner: Visitor) -> None:
    shown = owner.asked(f"/s/{SHOP}/settings/go-live", since="2026-11-20T06:00").text
    assert "Go live with" in shown
    assert re.search(r"Orders placed since 20 Nov[^<]*06:00 get real numbers", shown)
    assert app.shop.test


def test_the_date_that_is_typed_is_where_it_begins_and_what_is_told(app: BridgeApp, owner: Visitor) -> None:
    answer = owner.post(f"/s/{SHOP}/settings/go-live", since="2026-11-20T06:00")

    assert (app.shop.test, app.shop.orders.since) == (False, datetime(2026, 11, 20, 5, tzinfo=UTC))
    assert re.search(r"orders placed since 20 Nov[^<]*06:00 become real documents", owner.get(answer.location).text)


def test_an_empty_field_begins_now_whatever_was_asked_before(app: BridgeApp, owner: Visitor) -> None:
    owner.post(f"/s/{SHOP}/settings/go-live/orders", since="2026-11-20T06:00")

    owner.post(f"/s/{SHOP}/settings/go-live", since="")

    assert app.shop.orders.since == app.now


@pytest.mark.parametrize("path", ["go-live", "go-live/orders"])
def test_a_date_that_is_none_stays_in_its_field_with_why(app: BridgeApp, owner: Visitor, path: str) -> None:
    answer = owner.post(f"/s/{SHOP}/settings/{path}", since="morgen")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'value="morgen"' in answer.text
    assert app.shop.test
