"""Looking after the webhooks: one that WooCommerce switched off is made anew, and other people's are left alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from woocommerce import API

from tests.flow.conftest import SECRET, START, House
from worker.demo.orders import an_order
from worker.errors import Rejected
from worker.orders import webhook_repair
from worker.orders.webhook_repair import Fault, usual_silence
from worker.store import alerts, deliveries, shops
from worker.store.database.tables import events
from worker.store.shops import Connected


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def watch(house: House) -> tuple[Fault, ...]:
    return webhook_repair.watch(house.services, connected(house))


def url_of(house: House) -> str:
    return webhook_repair.delivery_url(house.services, connected(house))


def set_up(house: House, url: str = "") -> list[int]:
    topics = ("order.created", "order.updated")
    return [house.shop.add_webhook(topic, url or url_of(house), SECRET) for topic in topics]


def listed(house: House) -> list[tuple[str, str, str]]:
    webhooks = house.services.client_of(connected(house)).webhooks()
    return sorted((webhook.topic, webhook.status, webhook.delivery_url) for webhook in webhooks)


def open_alarms(house: House) -> list[str]:
    with house.services.store.read() as connection:
        return [alarm.code for alarm in alerts.open_alarms(connection)]


def well(house: House) -> list[tuple[str, str, str]]:
    return [("order.created", "active", url_of(house)), ("order.updated", "active", url_of(house))]


def test_webhooks_that_are_well_are_left_alone(house: House) -> None:
    set_up(house)
    assert watch(house) == ()
    assert house.shop.writes == ()


def test_a_webhook_that_reaches_us_by_another_address_is_left_alone(house: House) -> None:
    created, updated = set_up(house, "http://127.0.0.1:9/webhooks/" + house.shop_id)
    with house.services.store.write() as connection:
        for webhook_id in (created, updated):
            deliveries.keep(
                connection,
                shop_id=house.shop_id,
                source="webhook",
                topic="order.updated",
                order_id=1,
                body=b"{}",
                headers=(("X-WC-Webhook-ID", str(webhook_id)),),
                now=START,
            )
    assert watch(house) == ()
    house.clock.move(days=2)
    assert [fault.why for fault in watch(house)] == ["had another address"] * 2


@pytest.mark.parametrize("status", ["disabled", "paused"])
def test_a_webhook_that_was_switched_off_is_made_anew(house: House, status: str) -> None:
    _, updated = set_up(house)
    switch(house, updated, status)
    assert [(fault.topic, fault.why) for fault in watch(house)] == [("order.updated", f"was {status}")]
    assert listed(house) == well(house)
    with pytest.raises(KeyError):
        house.shop.webhook(updated)  # not woken: its count of failures would have stayed
    assert watch(house) == ()


def test_the_new_webhook_signs_with_the_shops_secret(house: House) -> None:
    _, updated = set_up(house)
    switch(house, updated, "disabled")
    watch(house)
    (new,) = [hook for hook in house.services.client_of(connected(house)).webhooks() if hook.topic == "order.updated"]
    assert house.shop.webhook(new.webhook_id).secret == SECRET


def test_what_came_while_a_webhook_was_off_is_asked_for(house: House) -> None:
    _, updated = set_up(house)
    switch(house, updated, "disabled")
    house.shop.place(an_order(id=7, paid=True, created=START))
    watch(house)
    house.work()
    assert house.numbers() == ["F2026-00001"]


def test_a_webhook_with_an_old_address_gets_the_new_one(house: House) -> None:
    set_up(house, f"https://old.documents.test/webhooks/{house.shop_id}")
    watch(house)
    assert listed(house) == well(house)


def test_an_address_of_this_machine_never_takes_the_place_of_a_real_one(house: House) -> None:
    there = f"https://documents.test/webhooks/{house.shop_id}"
    hooks = house.services.client_of(connected(house))
    set_up(house, there)
    assert (
        webhook_repair.faults_of(hooks.webhooks(), f"http://127.0.0.1:8080/webhooks/{house.shop_id}", has_rung=True)
        == ()
    )


def test_a_webhook_that_was_deleted_comes_back(house: House) -> None:
    created, _ = set_up(house)
    house.services.client_of(connected(house)).delete_webhook(created)
    watch(house)
    assert listed(house) == well(house)


def test_where_none_is_left_only_a_shop_that_once_rang_gets_new_ones(house: House) -> None:
    assert watch(house) == ()
    house.ring(an_order(id=7))
    watch(house)
    assert listed(house) == well(house)


def test_webhooks_of_others_are_left_alone(house: House) -> None:
    set_up(house)
    other = house.shop.add_webhook("order.updated", "https://books.test/hook", "x")
    switch(house, other, "disabled")
    assert watch(house) == ()
    assert house.shop.webhook(other).status == "disabled"


def test_a_repair_is_told_on_the_trail_and_its_alarm_is_over(house: House) -> None:
    _, updated = set_up(house)
    switch(house, updated, "disabled")
    watch(house)
    with house.services.store.read() as connection:
        assert connection.execute(select(events.c.code)).scalars().all() == ["webhook_repaired"]
    assert open_alarms(house) == []


def test_a_key_that_may_only_read_leaves_the_alarm_open(house: House) -> None:
    _, updated = set_up(house)
    switch(house, updated, "disabled")
    house.shop.faults.next(status=401, method="POST", path="webhooks")
    with pytest.raises(Rejected):
        watch(house)
    assert open_alarms(house) == ["webhook_disabled"]
    assert house.shop.webhook(updated).status == "disabled"
    watch(house)
    assert (open_alarms(house), listed(house)) == ([], well(house))


def test_webhooks_whose_maker_lost_his_rights_are_made_anew_by_the_keys_owner(house: House) -> None:
    created, updated = set_up(house)
    error = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}'
    house.ring({"id": None}, body=error)
    house.work()
    assert open_alarms(house) == ["webhook_owner"]
    assert len(watch(house)) == 2
    assert (open_alarms(house), listed(house)) == ([], well(house))
    for gone in (created, updated):
        with pytest.raises(KeyError):
            house.shop.webhook(gone)
    assert watch(house) == ()


def test_a_shop_silent_far_beyond_its_rhythm_sounds_an_alarm_until_it_rings(house: House) -> None:
    ring_each(house, timedelta(hours=8), times=20)
    house.clock.move(hours=20)
    watch(house)
    assert open_alarms(house) == []
    house.clock.move(hours=10)
    watch(house)
    assert open_alarms(house) == ["shop_silent"]
    ring_each(house, timedelta(hours=1), times=1)
    watch(house)
    assert open_alarms(house) == []


def test_a_quiet_shop_may_be_silent_for_longer() -> None:
    weekly = [START + timedelta(weeks=n) for n in range(20)]
    often = [START + timedelta(minutes=n) for n in range(20)]
    assert usual_silence(weekly) == timedelta(weeks=3)
    assert usual_silence(often) == timedelta(days=1)
    assert usual_silence(weekly[:5]) is None


def switch(house: House, webhook_id: int, status: str) -> None:
    """As in wp-admin, or as WooCommerce does by itself after seven failures."""
    shop = API(house.shop.url, house.shop.consumer_key, house.shop.consumer_secret)
    assert shop.put(f"webhooks/{webhook_id}", {"status": status}).status_code == 200


def ring_each(house: House, every: timedelta, *, times: int) -> None:
    for number in range(times):
        house.clock.now += every
        with house.services.store.write() as connection:
            deliveries.keep(
                connection,
                shop_id=house.shop_id,
                source="webhook",
                topic="order.updated",
                order_id=number + 1,
                body=b"{}",
                now=house.clock.now,
            )
