"""A copy of the shop has its secrets, and signs as the shop: nothing is made of what it tells, and nothing is lost where it is the shop."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.system import START, System
from worker.actions import orders as order_actions
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload, an_order
from worker.orders import poll
from worker.store import deliveries

COPY = "https://staging.winkel.test/"


def order(*, minutes: int = 0, **changes: Any) -> Payload:
    """Order 238, as it was changed *minutes* after it was placed."""
    changed = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")
    return an_order(id=238, created=START, date_modified_gmt=changed, **changes)


UNPAID = order(status="on-hold", paid=False)
PAID = order(status="completed", minutes=90)


@pytest.mark.parametrize(
    "told",
    [PAID, {**PAID, "order_key": "wc_order_copy"}, {**PAID, "id": 5000}, {**UNPAID, "order_key": "wc_order_copy"}],
)
def test_of_an_order_of_a_copy_nothing_is_made_and_the_owner_is_told_once(system: System, told: Payload) -> None:
    system.arrives(UNPAID)
    system.clock.move(hours=2)
    for _ in range(2):
        system.receive(told, site=COPY)
        system.work()
    assert (system.numbers(), len(system.mailbox.messages())) == ([], 0)
    assert system.outcomes()[1:] == [("done", "other_site")] * 2
    assert system.alert_codes() == ["other_site:staging.winkel.test"]
    # What the copy told is no part of what the shop tells: its own next change counts.
    system.clock.move(hours=1)
    system.arrives(order(status="processing", minutes=60))
    assert len(system.numbers(238)) == 1


def test_what_the_shop_shows_too_is_the_shop_in_another_language(system: System) -> None:
    system.clock.move(hours=2)
    system.shop.place(PAID)
    system.receive(PAID, site="https://winkel.fr/")
    system.work()
    assert (len(system.numbers()), system.outcomes(), system.alert_codes()) == (1, [("done", "issued")], [])


@pytest.mark.parametrize("has_key", [True, False])
def test_what_came_from_where_the_shop_moved_counts_once_that_is_its_address(system: System, has_key: bool) -> None:
    url = system.connected.shop.url
    system.change_shop(url="https://before.test")
    secrets = system.connected.secrets
    if not has_key:
        system.change_secrets(replace(secrets, rest_key="", rest_secret=""))
    system.shop.place(PAID)
    system.clock.move(hours=2)
    system.receive(PAID, site=f"{url}/")
    system.receive(order(status="completed", minutes=90) | {"id": 239}, site=COPY)
    system.work()
    assert (system.numbers(), len(system.alert_codes())) == ([], 2)
    change_shop(system.services, system.shop_id, ShopChanges(url=url), by=system.person)
    system.work()
    assert (len(system.numbers(238)), system.numbers(239)) == (1, [])
    # The key was for the address before: the owner is told that the shop cannot be asked until it comes anew.
    assert system.alert_codes() == ["other_site:staging.winkel.test", *(["rest_key_refused"] if has_key else [])]


def test_what_a_copy_told_hides_no_change_of_the_shop(system: System) -> None:
    """The list of changed orders is compared with what the shop itself told."""
    system.shop.place(PAID)
    system.clock.move(hours=2)
    system.shop.faults.next(ServerFault(status=503, path="/orders/238$"), times=50)
    system.receive(PAID, site=COPY)
    system.work()
    assert system.numbers() == []
    system.shop.faults.clear()
    polled = poll.poll(system.services, system.connected)
    system.work()
    assert (polled.missed, len(system.numbers())) == (1, 1)


def test_what_a_person_has_processed_again_stays_what_a_copy_told(system: System) -> None:
    system.arrives(UNPAID)
    delivery_id = system.receive(PAID, site=COPY)
    system.work()
    system.act(order_actions.replay_delivery, delivery_id)
    system.work()
    assert (system.numbers(), system.outcomes()[-1]) == ([], ("done", "other_site"))
    with system.services.store.read() as connection:
        assert [one.source for one in deliveries.of_order(connection, system.shop_id, 238)][1:] == ["other_site"] * 2
