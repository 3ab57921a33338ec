"""What the shop's plugin says at once: which orders changed."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.support.bridge_app import BridgeApp
from tests.support.plugin_requests import ask, code_of
from worker.store.database.tables import jobs


def test_an_order_that_changed_is_looked_at_at_once(connected: BridgeApp) -> None:
    assert ask(connected, "changed", {"orders": [238]}).get_json() == {"kept": 1}

    (delivery,) = connected.kept(238)
    assert (delivery.source, delivery.topic, delivery.state) == ("plugin", "order.updated", "waiting")


def test_a_storm_about_one_order_is_one_look_at_it(connected: BridgeApp) -> None:
    for _ in range(20):
        ask(connected, "changed", {"orders": [238, 238, 239]})

    assert [len(connected.kept(order_id)) for order_id in (238, 239)] == [1, 1]


@pytest.mark.parametrize("state", [{"state": "running"}, {"next_at": timedelta(hours=1)}], ids=["running", "put off"])
def test_a_change_is_not_lost_behind_a_look_that_may_be_older_or_comes_late(
    connected: BridgeApp, state: dict[str, object]
) -> None:
    ask(connected, "changed", {"orders": [238]})
    values = {name: connected.now + value if isinstance(value, timedelta) else value for name, value in state.items()}
    with connected.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.order_id == 238).values(**values))

    ask(connected, "changed", {"orders": [238]})

    assert len(connected.kept(238)) == 2


def test_what_names_no_order_is_not_kept(connected: BridgeApp) -> None:
    assert ask(connected, "changed", {"orders": [0]}).get_json() == {"kept": 0}
    assert ask(connected, "changed", {}).get_json() == {"kept": 0}
    assert code_of(ask(connected, "changed", {"orders": [-1]})) == (400, "request_wrong")
    assert code_of(ask(connected, "changed", {"orders": [2**63]})) == (400, "request_wrong")
    assert code_of(ask(connected, "changed", {"orders": list(range(1, 52))})) == (400, "request_wrong")


def test_a_stranger_is_not_heard(connected: BridgeApp) -> None:
    assert code_of(ask(connected, "changed", {"orders": [238]}, secret="00" * 32)) == (401, "not_connected")
    assert connected.kept(238) == ()
