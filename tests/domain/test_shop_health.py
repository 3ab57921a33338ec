"""How a road of a shop is judged, case by case: the worst that is known decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.factories import a_shop
from worker.domain.health import Fault, HealthRoad, RoadHealth, RoadState
from worker.domain.installation_health import MachineFacts, machine_health
from worker.domain.shop import PeppolSettings
from worker.domain.shop_health import ShopFacts, shop_health
from worker.message import Message

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=2)
SHOP = replace(a_shop(), peppol=PeppolSettings(sender="operator"))
FAULT = Fault(LONG_AGO, Message("It does not answer."))
PASSING = replace(FAULT, is_down=False)
WELL: dict[str, Any] = {
    "last_delivery": NOW,
    "shop_heard": NOW,
    "has_mail_server": True,
    "last_mail": NOW,
    "last_einvoice": NOW,
    "bank_day": date(2026, 11, 20),
}
STANDS_STILL = machine_health(MachineFacts(queue=True, workers_until=LONG_AGO, scheduler_until=NOW), NOW)[1:2]


def judged(**facts: Any) -> dict[HealthRoad, RoadHealth]:
    return {one.road: one for one in shop_health(ShopFacts(**{"shop": SHOP, "now": NOW, **facts}))}


def test_a_shop_of_which_all_was_heard_is_well() -> None:
    assert {road: one.state for road, one in judged(**WELL).items()} == dict.fromkeys(
        list(HealthRoad)[:6], RoadState.WELL
    )


def test_peppol_and_the_bank_are_roads_of_those_who_use_them() -> None:
    assert set(judged(shop=a_shop())) == {HealthRoad.ORDERS, HealthRoad.SHOP, HealthRoad.MAIL, HealthRoad.WORK}


@pytest.mark.parametrize(
    ("road", "facts", "state", "since"),
    [
        (HealthRoad.ORDERS, {"order_alert": FAULT}, RoadState.DOWN, LONG_AGO),
        (HealthRoad.ORDERS, {"last_delivery": None}, RoadState.NEVER, None),
        (HealthRoad.ORDERS, {"plugin_seen": LONG_AGO}, RoadState.LATE, LONG_AGO),
        (
            HealthRoad.ORDERS,
            {"false_signatures": 2, "false_at": NOW, "last_delivery": LONG_AGO},
            RoadState.WELL,
            LONG_AGO,
        ),
        (
            HealthRoad.ORDERS,
            {"false_signatures": 3, "false_at": NOW, "last_delivery": LONG_AGO},
            RoadState.DOWN,
            LONG_AGO,
        ),
        (HealthRoad.ORDERS, {"false_signatures": 3, "false_at": NOW, "last_delivery": None}, RoadState.DOWN, NOW),
        (HealthRoad.ORDERS, {"false_signatures": 3, "false_at": LONG_AGO}, RoadState.WELL, NOW),
        (HealthRoad.SHOP, {"shop_fault": FAULT}, RoadState.DOWN, LONG_AGO),
        (HealthRoad.SHOP, {"shop_fault": PASSING}, RoadState.LATE, LONG_AGO),
        (HealthRoad.SHOP, {"shop_heard": None}, RoadState.NEVER, None),
        (HealthRoad.SHOP, {"shop_heard": LONG_AGO}, RoadState.LATE, LONG_AGO),
        (HealthRoad.SHOP, {"shop_heard": LONG_AGO, "shop": replace(SHOP, suspended=True)}, RoadState.WELL, LONG_AGO),
        (HealthRoad.MAIL, {"has_mail_server": False}, RoadState.UNSET, None),
        (HealthRoad.MAIL, {"mail_fault": FAULT}, RoadState.DOWN, LONG_AGO),
        (HealthRoad.MAIL, {"mails_paused_since": LONG_AGO}, RoadState.LATE, LONG_AGO),
        (HealthRoad.MAIL, {"mails_wait_since": LONG_AGO}, RoadState.LATE, LONG_AGO),
        (HealthRoad.MAIL, {"last_mail": None}, RoadState.NEVER, None),
        (HealthRoad.PEPPOL, {"peppol_alert": FAULT}, RoadState.DOWN, LONG_AGO),
        (HealthRoad.PEPPOL, {"einvoices_wait_since": LONG_AGO}, RoadState.LATE, LONG_AGO),
        (HealthRoad.PEPPOL, {"last_einvoice": None}, RoadState.NEVER, None),
        (HealthRoad.BANK, {"is_bank_old": True}, RoadState.LATE, datetime.fromisoformat("2026-11-19T23:00:00Z")),
        (HealthRoad.WORK, {"stopped": STANDS_STILL}, RoadState.DOWN, LONG_AGO),
        (HealthRoad.WORK, {"work_paused_since": LONG_AGO}, RoadState.LATE, LONG_AGO),
    ],
)
def test_what_is_known_of_a_road_decides(
    road: HealthRoad, facts: dict[str, Any], state: RoadState, since: datetime | None
) -> None:
    found = judged(**{**WELL, **facts})
    assert (found[road].state, found[road].since) == (state, since)
    assert {one.state for one in found.values() if one.road is not road} == {RoadState.WELL}
