"""Order statuses of the shop's own are chosen from those that it tells of or its orders came with; others may be typed."""

import re
from http import HTTPStatus

import pytest

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.factories import an_order
from tests.support.personas import Visitor, signed_in
from worker.domain.decision import Decision
from worker.store import order_statuses as told_statuses
from worker.store import orders
from worker.store.orders import OrderState
from worker.store.queries import order_statuses
from worker.store.users import Role

PAGE, RULES = f"/s/{SHOP}/settings/orders", f"/s/{SHOP}/settings/rules"
USUAL = {"orders.since": "2026-11-01T00:00", "orders.documented": "main", "credit_notes": "send"}
NAMES = "Order statuses of the shop’s own that make nothing by themselves: {}."


def came(app: BridgeApp, *statuses: str) -> None:
    with app.store.write() as connection:
        for number, status in enumerate(statuses, 1):
            orders.save(
                connection,
                SHOP,
                an_order(order_id=number, order_key=f"wc_order_{number}", status=status),
                OrderState(Decision(), None),
                as_of=NOW,
            )


def owner(app: BridgeApp) -> Visitor:
    return signed_in(app, "els@shop.example", roles={SHOP: Role.ADMIN})


def shown(page: str) -> dict[str, str]:
    """What stands in the fields for statuses."""
    found = {
        status: re.findall(r'value="([a-z-]*)" selected', rest.partition("</select>")[0])[0]
        for status, rest in re.findall(r'-status-\d+" value="([^"]+)">(.*?</select>)', page, re.DOTALL)
    }
    typed = re.search(r'name="orders.status_map"[^>]*>([^<]*)<', page)
    return found | ({"typed": typed[1].strip()} if typed else {})


def test_each_status_is_seen_once_however_many_orders_came_with_it(app: BridgeApp) -> None:
    came(app, "packed", "completed", "await-ship", "packed", "completed")
    with app.store.read() as connection:
        assert order_statuses.seen(connection, SHOP) == ("await-ship", "completed", "packed")
        assert order_statuses.seen(connection, "another") == ()


def test_a_shop_with_a_status_for_each_order_has_a_page_that_ends(app: BridgeApp) -> None:
    came(app, *(f"own-{number}" for number in range(order_statuses.MOST_STATUSES + 3)))

    assert len(shown(owner(app).get(PAGE).text)) == order_statuses.MOST_STATUSES + 1


def test_what_a_status_stands_for_is_chosen_and_what_no_order_came_with_is_typed(app: BridgeApp) -> None:
    came(app, "completed", "packed", "await-ship", "trash", "partial-payment")
    visitor = owner(app)
    assert shown(visitor.get(PAGE).text) == {"await-ship": "", "packed": "", "typed": ""}
    assert NAMES.format("await-ship · packed") in visitor.get(RULES).text

    chosen = {
        "orders.status_map-status-0": "await-ship", "orders.status_map-means-0": "",
        "orders.status_map-status-1": "packed", "orders.status_map-means-1": "completed",
        "orders.status_map": "gone-out=processing",
    }  # fmt: skip
    assert visitor.post(PAGE, **USUAL, **chosen).status_code == HTTPStatus.SEE_OTHER

    assert app.shop.orders.status_map == {"gone-out": "processing", "packed": "completed"}
    assert shown(visitor.get(PAGE).text) == {"await-ship": "", "packed": "completed", "typed": "gone-out=processing"}
    assert NAMES.format("await-ship") in visitor.get(RULES).text


@pytest.mark.parametrize("means", ["gone", "packed"])
def test_a_status_stands_for_one_of_woocommerces_own(app: BridgeApp, means: str) -> None:
    came(app, "packed")
    wrong = {"orders.status_map-status-0": "packed", "orders.status_map-means-0": means}
    answer = owner(app).post(PAGE, **USUAL, **wrong)

    assert (answer.status_code, "is not a status" in answer.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert app.shop.orders.status_map == {}


def told(app: BridgeApp, **names: str) -> None:
    with app.store.write() as connection:
        told_statuses.replace_all(connection, SHOP, {status.replace("_", "-"): name for status, name in names.items()})


def test_a_status_that_no_order_had_yet_is_offered_by_its_name(app: BridgeApp) -> None:
    came(app, "packed")
    told(app, completed="Afgerond", await_ship="Klaar voor verzending")
    visitor = owner(app)

    page = visitor.get(PAGE).text
    assert shown(page) == {"await-ship": "", "packed": "", "typed": ""}
    assert "“Klaar voor verzending” stands for" in page
    assert NAMES.format("packed · Klaar voor verzending") in visitor.get(RULES).text


def test_names_come_as_they_stand_in_a_page_and_only_what_a_rule_can_say_is_a_moment(app: BridgeApp) -> None:
    told(app, await_ship="Verpakt &amp; klaar")
    with app.store.write() as connection:
        told_statuses.replace_all(connection, SHOP, {"await-ship": "Verpakt &#038; klaar", "Été": "Été"})
        assert told_statuses.of_shop(connection, SHOP) == {"await-ship": "Verpakt & klaar", "Été": "Été"}
    page = owner(app).get(RULES).text

    assert re.findall(r'<option value="(status=[^"]+)"', page)[:1] == ["status=await-ship"]
    assert "status=Été" not in page
    assert "A document of a status is made while an order is in that status." in page


def test_a_rule_may_wait_for_a_status_of_the_shops_own(app: BridgeApp) -> None:
    told(app, completed="Afgerond", await_ship="Klaar voor verzending")
    visitor = owner(app)
    offered = re.findall(r'<option value="(status=[^"]+)"[^>]*>([^<]+)</option>', visitor.get(RULES).text)
    assert set(offered) == {("status=await-ship", "in the status “Klaar voor verzending”")}

    rule = {"kind-0": "invoice", "trigger-0": "status=await-ship", "send_mode-0": "send", "buyer-0": "everyone"}
    assert visitor.post(RULES, **rule).status_code == HTTPStatus.SEE_OTHER

    shop = app.shop
    assert [str(one) for one in shop.rules] == ["invoice:status=await-ship:send"]
    page = visitor.get(RULES).text
    assert '<option value="status=await-ship" selected>' in page
    # It makes something now.
    assert NAMES.format("Klaar voor verzending") not in page


def test_a_status_of_a_rule_that_the_shop_no_longer_tells_of_stays_in_the_form(app: BridgeApp) -> None:
    told(app, await_ship="Klaar voor verzending")
    visitor = owner(app)
    visitor.get(RULES)
    rule = {"kind-0": "invoice", "trigger-0": "status=gone-out", "send_mode-0": "send", "buyer-0": "everyone"}
    visitor.post(RULES, **rule)

    assert '<option value="status=gone-out" selected>in the status “gone-out”' in visitor.get(RULES).text


def test_an_order_is_shown_in_its_status_by_the_name_that_the_shop_gives_it(app: BridgeApp) -> None:
    came(app, "await-ship", "packed")
    with app.store.write() as connection:
        told_statuses.replace_all(connection, SHOP, {"await-ship": "Wacht op bpost"})
    visitor = owner(app)
    assert ["Wacht op bpost" in visitor.get(f"/s/{SHOP}/{path}").text for path in ("orders", "orders/1")] == [
        True,
        True,
    ]
    assert "packed" in visitor.get(f"/s/{SHOP}/orders/2").text
