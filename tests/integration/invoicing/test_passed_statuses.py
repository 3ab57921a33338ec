"""A rule that waits for an order status of the shop's: what an order has passed is known, or its missing document is told of."""

from datetime import timedelta

import pytest

from tests.support.system import SECRET, START, System
from worker.demo.orders import Payload, a_refund, an_order, php_json
from worker.domain.document import Kind
from worker.domain.order import Order
from worker.domain.rules import Rule
from worker.invoicing import manual
from worker.invoicing.manual import ManualDocument
from worker.store import deliveries, orders, sales
from worker.store.jobs import JobEnd
from worker.store.shops import Secrets
from worker.woocommerce.payload import parse_order

RULE = "invoice:status=packed:send"


def paid(status: str, order_id: int = 238, **more: object) -> Payload:
    return an_order(id=order_id, paid=True, status=status, **more)  # type: ignore[arg-type]  # the order's fields


@pytest.fixture
def packing(system: System) -> System:
    system.change_shop(rules=(Rule.parse(RULE),))
    return system


def goes(system: System, *statuses: str, order_id: int = 238) -> None:
    for status in statuses:
        system.clock.move(seconds=11)
        system.arrives(paid(status, order_id))


def flags(system: System, order_id: int = 238) -> list[str]:
    with system.services.store.read() as connection:
        found = orders.find(connection, system.shop_id, order_id)
    assert found
    return [flag.code for flag in found.flags]


def test_a_rule_that_comes_later_finds_the_statuses_in_which_an_order_was_seen(packing: System) -> None:
    packing.change_shop(rules=(Rule.parse("invoice:status=packed:send:country=NL"),))
    goes(packing, "processing", "packed", "shipped")
    assert (packing.numbers(238), flags(packing)) == ([], [])
    packing.change_shop(rules=(Rule.parse("invoice:status=packed:send:country=NL|BE"),))
    goes(packing, "completed")
    assert packing.numbers(238) == ["F2026-00001"]


def test_a_status_that_the_shop_delivered_counts_though_the_order_has_gone_on(packing: System) -> None:
    packing.receive(paid("packed"))
    order = paid("shipped")
    packing.shop.place(order)
    packing.receive(order)
    packing.work()
    assert packing.numbers(238) == ["F2026-00001"]
    packing.change_shop(rules=())
    goes(packing, "completed")
    with packing.services.store.read() as connection:
        known = orders.seen_statuses(connection, packing.shop_id, order_of(packing))
    assert known == {"packed", "shipped", "completed"}


def order_of(system: System) -> Order:
    return order_of_payload(system.shop.order(238) or {})


def order_of_payload(payload: Payload) -> Order:
    return parse_order(php_json(payload))


def test_the_shop_s_other_orders_say_which_status_lies_behind(packing: System) -> None:
    goes(packing, "processing", "picking", order_id=300)
    goes(packing, "picking")
    assert flags(packing) == [], "nobody knows yet which of the two comes first"
    goes(packing, "packed", "shipped", order_id=300)
    goes(packing, "picking")
    assert flags(packing) == [], "picking comes before"
    goes(packing, "shipped")
    assert flags(packing) == ["status_missed"]


def test_a_status_that_comes_after_completed_is_not_missed_then(packing: System) -> None:
    for number in range(300, 305):
        goes(packing, "completed", "packed", order_id=number)
    goes(packing, "completed")
    assert flags(packing) == []


@pytest.mark.parametrize("number_of_others", [1, 4, 5])
def test_a_few_orders_that_were_opened_again_keep_no_missed_invoice_from_anybody(
    packing: System, number_of_others: int
) -> None:
    for number in range(300, 300 + number_of_others):
        goes(packing, "packed", "completed", "packed", order_id=number)
    goes(packing, "completed")
    assert flags(packing) == ["status_missed"]


def test_four_orders_that_came_from_completed_are_too_few_to_go_by(packing: System) -> None:
    for number in range(300, 304):
        goes(packing, "completed", "packed", order_id=number)
    goes(packing, "completed")
    assert flags(packing) == ["status_missed"]


def test_half_of_the_orders_that_came_from_completed_are_not_enough(packing: System) -> None:
    for number in range(300, 306):
        goes(packing, *(["completed", "packed"] if number % 2 else ["packed"]), order_id=number)
    goes(packing, "completed")
    assert flags(packing) == ["status_missed"]


def test_without_a_key_a_status_that_is_delivered_late_counts_for_the_state_the_order_has_now(packing: System) -> None:
    packing.change_secrets(Secrets((SECRET,)))
    packing.clock.move(minutes=5)
    packing.receive(paid("shipped", created=START + timedelta(seconds=9)))
    packing.work()
    packing.receive(paid("packed", created=START))
    packing.work()
    assert packing.numbers(238) == ["F2026-00001"]
    with packing.services.store.read() as connection:
        found = orders.find(connection, packing.shop_id, 238)
        seen = orders.seen_statuses(connection, packing.shop_id, order_of_payload(paid("shipped")))
    assert found is not None
    assert found.status == "shipped"
    assert seen == {"packed", "shipped"}


@pytest.mark.parametrize("has_rest", [True, False])
def test_a_status_of_another_order_with_the_same_id_is_not_this_order_s(packing: System, has_rest: bool) -> None:
    if not has_rest:
        packing.change_secrets(Secrets((SECRET,)))
    packing.receive(paid("packed") | {"order_key": "wc_order_before_the_backup"})
    order = paid("processing")
    packing.shop.place(order)
    packing.receive(order)
    packing.work()
    assert packing.numbers(238) == []


def test_a_status_that_was_told_by_a_delivery_that_failed_counts(packing: System) -> None:
    delivery_id = packing.receive(paid("packed"))
    with packing.services.store.write() as connection:
        deliveries.close_waiting(connection, packing.shop_id, JobEnd("failed", "x"), now=packing.clock.now)
        assert deliveries.states_of(connection, [delivery_id]) == {delivery_id: "failed"}
    goes(packing, "shipped")
    assert packing.numbers(238) == ["F2026-00001"]


def test_what_was_missed_is_made_by_hand_with_the_credit_notes_of_its_refunds_and_no_longer_told(
    packing: System,
) -> None:
    goes(packing, "completed")
    assert flags(packing) == ["status_missed"]
    packing.shop.refund(238, a_refund(paid("completed"), id=301, amount="5.00"))
    asked = ManualDocument(238, Kind.INVOICE, send=True)
    manual.issue_manual_document(packing.services, packing.shop_id, asked, by=packing.person)
    packing.work()
    assert packing.numbers(238) == ["F2026-00001", "C2026-00001"]
    assert "status_missed" not in flags(packing)


@pytest.mark.parametrize("others_flag", [False, True])
def test_what_was_missed_is_no_longer_told_once_it_is_made_in_a_shop_without_a_key(
    packing: System, others_flag: bool
) -> None:
    rules = (RULE, "delivery_note:status=packed:send") if others_flag else (RULE,)
    goes(packing, "packed", "completed", order_id=300)
    packing.change_secrets(Secrets((SECRET,)))
    packing.change_shop(rules=tuple(map(Rule.parse, rules)))
    packing.receive(paid("completed"))
    packing.work()
    assert flags(packing) == ["status_missed"] * len(rules)
    asked = ManualDocument(238, Kind.INVOICE, send=True)
    manual.issue_manual_document(packing.services, packing.shop_id, asked, by=packing.person)
    assert flags(packing) == ["status_missed"] * (len(rules) - 1)


def test_statuses_are_read_only_where_a_rule_waits_for_one(packing: System, monkeypatch: pytest.MonkeyPatch) -> None:
    goes(packing, "processing")
    packing.change_shop(rules=(Rule.parse("invoice:paid:send"),))
    monkeypatch.setattr(orders, "SEEN_STATUSES", None)
    with packing.services.store.read() as connection:
        shop = packing.connected.shop
        assert sales.history(connection, shop, order_of(packing)).seen_statuses == frozenset()
