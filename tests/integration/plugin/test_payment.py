"""Where the shop has the plugin, it sets orders paid: it compares inside WordPress, and dates what REST cannot."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.pretend_plugin import PretendPlugin
from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.rules import Rule
from worker.store import payments
from worker.store.database.tables import jobs


def money_comes(system: System, **order: Any) -> None:
    """For an order of 22.20 that is unpaid."""
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    placed = an_order(id=238, status="on-hold", paid=False, payment_method="bacs")
    system.arrives(placed)
    system.shop.place({**placed, **order})
    receipt = Receipt(system.clock.now.date(), PaymentSource.MOLLIE, "mollie", outside_ref="tr_7UhSN1zuXS")
    with system.services.store.write() as connection:
        key = OrderKey(system.shop_id, 238, placed["order_key"])
        payments.receive(connection, key, Decimal("22.20"), receipt, now=system.clock.now)
    system.work()


def settlement(system: System) -> tuple[str, str]:
    with system.services.store.read() as connection:
        row = connection.execute(jobs.select().where(jobs.c.kind == "settle_order")).one()
        return row.state, row.code


@pytest.mark.parametrize(("status", "method"), [("on-hold", "bacs"), ("pending", "bacs"), ("processing", "cod")])
def test_the_plugin_is_told_what_was_seen_and_the_rest_interface_is_left_alone(
    system: System, shop_plugin: PretendPlugin, status: str, method: str
) -> None:
    money_comes(system, status=status, payment_method=method)

    assert [told for verb, told in shop_plugin.told if verb == "payment"] == [
        {
            "order": 238,
            "key": "wc_order_demo238",
            "status": status,
            "total": "22.20",
            "currency": "EUR",
            "transaction": "tr_7UhSN1zuXS",
        }
    ]
    assert [call for call in system.shop.writes if call.method == "PUT"] == []
    assert settlement(system) == ("done", "set_paid")


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ("was_paid", ("done", "set_paid")),
        ("changed", ("waiting", "order_changed")),
        ("refused", ("failed", "shop_left_unpaid")),
        ("not_allowed", ("failed", "plugin_not_allowed")),
        ("something new", ("failed", "shop_left_unpaid")),
    ],
)
def test_each_answer_of_the_plugin_is_understood(
    system: System, shop_plugin: PretendPlugin, result: str, found: tuple[str, str]
) -> None:
    shop_plugin.payment = {"result": result, "status": "on-hold"}
    money_comes(system)

    assert settlement(system) == found


def test_a_plugin_that_is_silent_is_asked_again(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_silent = True
    money_comes(system)
    assert settlement(system) == ("waiting", "plugin_silent")
    shop_plugin.is_silent = False
    system.clock.move(minutes=30)
    system.work()

    assert settlement(system) == ("done", "set_paid")
