"""The owner of a live shop is told while another plugin makes invoices too, until it no longer does."""

from typing import Any

from tests.support.system import System
from worker.notifications import other_invoices
from worker.store import alerts, plugins
from worker.store.plugins import NewPlugin

WPO = {"name": "WP Overnight", "makes": True, "known": True, "where": "WooCommerce > PDF Invoices"}


def alert_of(system: System, **maker: Any) -> str:
    report: dict[str, object] = {"others": {"found": [{**WPO, **maker}]}}
    now = system.services.now()
    with system.services.store.write() as connection:
        new = NewPlugin(system.shop_id, "x", "https://shop.example", "0.1.0")
        plugin_id = plugins.connect(connection, system.services.encryption, new, now=now)
        plugins.record_heartbeat(connection, plugin_id, version="0.1.0", report=report, now=now)
    other_invoices.alert_other_invoices(system.services, system.connected)
    with system.services.store.read() as connection:
        alert = alerts.find(connection, system.shop_id, other_invoices.CODE)
    return str(alert.message) if alert else ""


def test_the_owner_is_told_until_it_is_switched_off(system: System) -> None:
    assert "WP Overnight makes invoices of the same orders" in alert_of(system)
    assert alert_of(system, makes=False) == ""


def test_a_shop_in_test_and_a_plugin_that_only_may_make_invoices_raise_no_alarm(system: System) -> None:
    assert alert_of(system, known=False) == ""
    system.change_shop(test=True)
    assert alert_of(system) == ""
