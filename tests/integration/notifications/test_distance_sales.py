"""A shop without OSS is told once when it nears 10,000 EUR of sales to consumers abroad, and once more when it passes them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.support.system import System
from worker.demo.pretend_shop import a_refund, an_order
from worker.domain.distance_sales import DistanceSales
from worker.domain.shop import VatSettings
from worker.notifications import alerts, distance_sales
from worker.store import alerts as stored_alerts
from worker.store import distance_sales as store
from worker.store.queries import attention


def sell(system: System, order_id: int, net: str, *, country: str = "NL") -> None:
    order = an_order(
        id=order_id, lines=[("Tas", "", 1, net, "21")], shipping=None, country=country, created=system.clock.now
    )
    assert system.arrives(order)[0].document, "the invoice is issued"


def watched(system: System) -> dict[str, str]:
    """The open alerts of the limit after a check, in English."""
    distance_sales.watch_distance_sales(system.services, system.connected)
    with system.services.store.read() as connection:
        found = stored_alerts.open_alerts(connection, system.shop_id)
    return {alert.code: str(alert.message) for alert in found if alert.code.startswith("oss_limit")}


def mails(system: System) -> int:
    system.mailbox.clear()
    system.clock.move(hours=1)
    alerts.notify_owner(system.services, system.connected)
    return len(system.mailbox.messages())


def test_the_owner_is_told_at_eighty_percent_and_again_when_the_limit_is_passed(system: System) -> None:
    sell(system, 1, "7999.00")
    assert watched(system) == {}
    sell(system, 2, "500.00", country="BE")
    sell(system, 3, "1.00", country="FR")
    near = watched(system)
    assert list(near) == ["oss_limit_near"]
    assert "8000.00 EUR" in near["oss_limit_near"]
    assert mails(system) == 1
    watched(system)
    assert mails(system) == 0
    sell(system, 4, "2000.01")
    passed = watched(system)
    assert list(passed) == ["oss_limit_passed"]
    assert "10000.01 EUR" in passed["oss_limit_passed"]
    assert mails(system) == 1
    with system.services.store.read() as connection:
        found = attention.needs(connection, (system.shop_id,), now=system.clock.now)
    assert [group.reason.name for group in found.groups] == ["oss_passed"]


def test_a_credit_note_counts_back_and_each_document_once(system: System) -> None:
    sell(system, 1, "9000.00")
    watched(system)
    order = system.shop.order(1)
    assert order is not None
    system.shop.refund(1, a_refund(order, id=90, lines={101: 1}))
    system.receive(order)
    system.work()
    sales = distance_sales.watch_distance_sales(system.services, system.connected)
    again = distance_sales.watch_distance_sales(system.services, system.connected)
    assert (sales.by_year, again.by_year) == ({2026: Decimal(0)}, {2026: Decimal(0)})
    with system.services.store.snapshot() as connection:
        from_nothing = store.count_on(connection, system.shop_id, DistanceSales(), since=date(2025, 1, 1))
    assert (from_nothing.by_year, from_nothing.counted_to) == (sales.by_year, sales.counted_to)


def test_the_warning_that_it_is_near_goes_by_itself_and_does_not_come_again(system: System) -> None:
    sell(system, 1, "8000.00")
    assert list(watched(system)) == ["oss_limit_near"]
    system.clock.move(days=15)
    assert watched(system) == {}
    assert watched(system) == {}


def test_whoever_passed_it_last_year_is_told_in_the_new_year_until_oss_is_on(system: System) -> None:
    sell(system, 1, "10000.01")
    system.clock.now = datetime(2027, 1, 2, 9, tzinfo=UTC)
    assert "in 2026 consumers" in watched(system)["oss_limit_passed"]
    shop = system.connected.shop
    system.change_shop(vat=replace(shop.vat, oss=True, oss_since=date(2027, 1, 2)))
    assert watched(system) == {}
    system.change_shop(vat=VatSettings())
    assert list(watched(system)) == ["oss_limit_passed"]
