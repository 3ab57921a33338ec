"""Another plugin of the shop that makes invoices too: told before going live and after it, and its numbers go on here by one press."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from tests.support.plugin_requests import ask, connect, invite
from worker.actions import go_live
from worker.domain.document import Kind
from worker.domain.rules import Rule
from worker.domain.shop import Series
from worker.store import counters
from worker.store.users import Role

SETTINGS = f"/s/{SHOP}/settings"
WAY = "WooCommerce > PDF Invoices"
NUMBERS = {"next": 116, "pattern": "{year}/{number:04d}", "yearly": True}


@pytest.fixture
def connected(app: BridgeApp) -> BridgeApp:
    invite(app)
    assert connect(app).status_code == 200
    change(app, test=True, rules=(Rule.parse("invoice:paid:send"),))
    return app


def change(app: BridgeApp, **changes: Any) -> None:
    app.change_shop(**changes)


def tells(app: BridgeApp, *, beside: bool = False, **maker: Any) -> None:
    found = {"name": "WP Overnight", "makes": True, "known": True, "where": WAY, "numbers": NUMBERS, **maker}
    assert ask(app, "heartbeat", {"others": {"found": [found], "beside": beside}}).status_code == 200


def admin(app: BridgeApp) -> Visitor:
    return signed_in(app, "an@shop.example", roles={SHOP: Role.ADMIN})


def checks(app: BridgeApp) -> dict[str, tuple[bool, bool]]:
    """Good and needed, of what is said of other plugins."""
    with app.store.read() as connection:
        found = go_live.others_checks(connection, app.shop, now=app.now)
    return {check.name: (check.good, check.needed) for check in found}


def test_a_shop_of_which_nothing_was_told_has_nothing_to_check(connected: BridgeApp) -> None:
    assert checks(connected) == {}
    assert ask(connected, "heartbeat", {"version": "0.0.9"}).status_code == 200
    assert checks(connected) == {}


def test_before_going_live_it_says_what_to_switch_off_and_where(connected: BridgeApp) -> None:
    tells(connected)

    page = admin(connected).get(f"{SETTINGS}/go-live").text

    assert "WP Overnight makes invoices of the same orders" in page
    assert "under WooCommerce &gt; PDF Invoices." in page
    assert "The next invoice of WP Overnight is 2026/0116; here it would be F2026-00001." in page


def test_once_it_makes_none_any_more_only_its_numbers_are_told(connected: BridgeApp) -> None:
    tells(connected, makes=False)

    assert checks(connected) == {"other_numbers": (False, False)}


def test_who_runs_this_beside_it_as_a_test_cannot_go_live_before_saying_that_it_is_over(connected: BridgeApp) -> None:
    tells(connected, beside=True)

    assert checks(connected)["other_invoices"] == (False, True)


def test_one_press_lets_our_invoices_go_on_after_its_numbers(connected: BridgeApp) -> None:
    tells(connected)
    visitor = admin(connected)

    visitor.post(f"{SETTINGS}/numbering/continue")

    assert connected.shop.numbering.series[Kind.INVOICE] == Series("invoice", "{year}/{number:04d}")
    assert checks(connected)["other_numbers"] == (True, False)
    assert (
        "Your invoices go on after those of WP Overnight, with 2026/0116." in visitor.get(f"{SETTINGS}/numbering").text
    )


def test_pressed_again_before_our_first_number_it_follows_the_other_one(connected: BridgeApp) -> None:
    tells(connected)
    visitor = admin(connected)
    visitor.post(f"{SETTINGS}/numbering/continue")
    tells(connected, numbers={**NUMBERS, "next": 118})

    visitor.post(f"{SETTINGS}/numbering/continue")

    assert "2026/0118" in visitor.get(f"{SETTINGS}/numbering").text
    assert checks(connected)["other_numbers"] == (True, False)


def test_where_ours_cannot_look_like_its_numbers_the_count_goes_on_alone(connected: BridgeApp) -> None:
    tells(connected, numbers={"next": 116, "pattern": "", "yearly": False})

    admin(connected).post(f"{SETTINGS}/numbering/continue")

    with connected.store.read() as connection:
        shop = connected.shop
        numbers = counters.next_numbers(connection, shop, today=shop.day_of(connected.now))
    assert numbers[Kind.INVOICE] == "F2026-00116"


def test_after_our_first_real_invoice_its_numbers_are_never_taken_over(connected: BridgeApp) -> None:
    tells(connected)
    connected.issue()
    before = connected.shop
    visitor = admin(connected)

    visitor.post(f"{SETTINGS}/numbering/continue")

    assert connected.shop == before
    assert "An invoice has its number here already" in visitor.get(f"{SETTINGS}/numbering").text
    assert "other_numbers" not in checks(connected)


def test_a_number_that_was_told_long_ago_is_not_taken(connected: BridgeApp) -> None:
    tells(connected)
    connected.now += timedelta(minutes=16)
    before = connected.shop
    visitor = admin(connected)

    visitor.post(f"{SETTINGS}/numbering/continue")

    assert connected.shop == before
    assert "more than a quarter of an hour" in visitor.get(f"{SETTINGS}/numbering").text


@pytest.mark.parametrize(("known", "says"), [(True, "makes invoices too"), (False, "may make invoices too")])
def test_the_page_of_a_live_shop_says_that_it_is_still_at_work(connected: BridgeApp, known: bool, says: str) -> None:
    change(connected, test=False)
    tells(connected, known=known)
    visitor = admin(connected)

    assert f"WP Overnight {says}" in visitor.get(f"/s/{SHOP}").text
    tells(connected, known=known, makes=False)
    assert f"WP Overnight {says}" not in visitor.get(f"/s/{SHOP}").text


def test_the_connection_says_where_it_is_switched_off_unless_it_runs_beside_for_a_test(connected: BridgeApp) -> None:
    change(connected, test=False)
    tells(connected)
    visitor = admin(connected)

    told = visitor.get(f"{SETTINGS}/connection").text
    assert ("WP Overnight makes invoices too" in told, "Switch it off in WordPress" in told) == (True, True)
    tells(connected, beside=True)
    assert "WP Overnight" not in visitor.get(f"{SETTINGS}/connection").text
