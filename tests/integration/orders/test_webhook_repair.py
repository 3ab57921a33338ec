"""Looking after the webhooks: one that WooCommerce switched off is made anew, and other people's are left alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from woocommerce import API

from tests.support.system import SECRET, START, System
from worker.demo.faults import ServerFault
from worker.demo.orders import an_order
from worker.errors import Rejected
from worker.orders import webhook_repair
from worker.orders.webhook_repair import WebhookFault, usual_silence
from worker.store import deliveries, plugins
from worker.store.database.tables import audit_trail
from worker.store.deliveries import NewDelivery
from worker.store.plugins import NewPlugin


def watch(system: System) -> tuple[WebhookFault, ...]:
    return webhook_repair.check_and_repair(system.services, system.connected)


def url_of(system: System) -> str:
    return webhook_repair.delivery_url(system.services, system.connected)


def set_up(system: System, url: str = "") -> list[int]:
    topics = ("order.created", "order.updated")
    return [system.shop.add_webhook(topic, url or url_of(system), SECRET) for topic in topics]


def listed(system: System) -> list[tuple[str, str, str]]:
    webhooks = system.services.client_of(system.connected).webhooks()
    return sorted((webhook.topic, webhook.status, webhook.delivery_url) for webhook in webhooks)


def well(system: System) -> list[tuple[str, str, str]]:
    return [("order.created", "active", url_of(system)), ("order.updated", "active", url_of(system))]


def test_webhooks_that_are_well_are_left_alone(system: System) -> None:
    set_up(system)
    assert watch(system) == ()
    assert system.shop.writes == ()


@pytest.mark.parametrize("by_plugin", [True, False])
def test_where_webhooks_are_closed_as_the_plugin_is_off_nobody_is_told_that_orders_are(
    system: System, by_plugin: bool
) -> None:
    if by_plugin:
        connect_plugin(system)
    system.shop.faults.next(ServerFault(status=403, path="/webhooks"), times=9)

    if by_plugin:
        assert (watch(system), system.alert_codes()) == ((), [])
    else:
        with pytest.raises(Rejected):
            watch(system)
        assert system.alert_codes() == ["rest_key_refused"]


def test_who_has_them_repaired_while_the_plugin_is_off_is_told_what_to_do_first(system: System) -> None:
    """Otherwise it read that all of them are well, of which nobody had seen one."""
    connect_plugin(system)
    system.shop.faults.next(ServerFault(status=403, path="/webhooks"), times=9)

    with pytest.raises(Rejected) as refused:
        webhook_repair.check_and_repair(system.services, system.connected, by="els", make_missing=True)
    assert (refused.value.message, system.alert_codes()) == (webhook_repair.SEEN_BY_PLUGIN, [])


def connect_plugin(system: System) -> None:
    new = NewPlugin(shop_id=system.shop_id, secret="x" * 43, site=system.shop.url, version="0.1.0")
    with system.services.store.write() as connection:
        plugins.connect(connection, system.services.encryption, new, now=system.clock.now)


def test_a_webhook_that_reaches_us_by_another_address_is_left_alone(system: System) -> None:
    created, updated = set_up(system, "http://127.0.0.1:9/webhooks/" + system.shop_id)
    with system.services.store.write() as connection:
        for webhook_id in (created, updated):
            deliveries.add(
                connection,
                NewDelivery(
                    shop_id=system.shop_id,
                    source="webhook",
                    topic="order.updated",
                    order_id=1,
                    body=b"{}",
                    headers=(("X-WC-Webhook-ID", str(webhook_id)),),
                ),
                now=START,
            )
    assert watch(system) == ()
    system.clock.move(days=2)
    assert [str(fault.why) for fault in watch(system)] == ["had another address"] * 2


@pytest.mark.parametrize("status", ["disabled", "paused"])
def test_a_webhook_that_was_switched_off_is_made_anew(system: System, status: str) -> None:
    _, updated = set_up(system)
    switch(system, updated, status)
    assert [(fault.topic, str(fault.why)) for fault in watch(system)] == [("order.updated", f"was {status}")]
    assert listed(system) == well(system)
    with pytest.raises(KeyError):
        system.shop.webhook(updated)  # not woken: its count of failures would have stayed
    assert watch(system) == ()


def test_the_new_webhook_signs_with_the_shops_secret(system: System) -> None:
    _, updated = set_up(system)
    switch(system, updated, "disabled")
    watch(system)
    (new,) = [hook for hook in system.services.client_of(system.connected).webhooks() if hook.topic == "order.updated"]
    assert system.shop.webhook(new.webhook_id).secret == SECRET


def test_what_came_while_a_webhook_was_off_is_asked_for(system: System) -> None:
    _, updated = set_up(system)
    switch(system, updated, "disabled")
    system.shop.place(an_order(id=7, paid=True, created=START))
    watch(system)
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_a_webhook_with_an_old_address_gets_the_new_one(system: System) -> None:
    set_up(system, f"https://old.documents.test/webhooks/{system.shop_id}")
    watch(system)
    assert listed(system) == well(system)


def test_an_address_of_this_machine_never_takes_the_place_of_a_real_one(system: System) -> None:
    there = f"https://documents.test/webhooks/{system.shop_id}"
    hooks = system.services.client_of(system.connected)
    set_up(system, there)
    assert (
        webhook_repair.find_faults(
            hooks.webhooks(), f"http://127.0.0.1:8080/webhooks/{system.shop_id}", has_delivered=True
        )
        == ()
    )


def test_a_webhook_that_was_deleted_comes_back(system: System) -> None:
    created, _ = set_up(system)
    system.services.client_of(system.connected).delete_webhook(created)
    watch(system)
    assert listed(system) == well(system)


def test_where_none_is_left_only_a_shop_that_once_delivered_gets_new_ones(system: System) -> None:
    assert watch(system) == ()
    system.receive(an_order(id=7))
    watch(system)
    assert listed(system) == well(system)


def test_webhooks_of_others_are_left_alone(system: System) -> None:
    set_up(system)
    other = system.shop.add_webhook("order.updated", "https://accounting.test/hook", "x")
    switch(system, other, "disabled")
    assert watch(system) == ()
    assert system.shop.webhook(other).status == "disabled"


@pytest.mark.each_database
def test_a_repair_is_told_in_the_audit_trail_and_its_alert_is_over(system: System) -> None:
    _, updated = set_up(system)
    switch(system, updated, "disabled")
    watch(system)
    with system.services.store.read() as connection:
        assert connection.execute(select(audit_trail.c.code)).scalars().all() == ["webhook_repaired"]
    assert system.alert_codes() == []


def test_a_key_that_may_only_read_leaves_the_alert_open(system: System) -> None:
    _, updated = set_up(system)
    switch(system, updated, "disabled")
    system.shop.faults.next(ServerFault(status=401, method="POST", path="webhooks"))
    with pytest.raises(Rejected):
        watch(system)
    assert system.alert_codes() == ["webhook_disabled"]
    assert system.shop.webhook(updated).status == "disabled"
    watch(system)
    assert (system.alert_codes(), listed(system)) == ([], well(system))


def test_webhooks_whose_maker_lost_his_rights_are_made_anew_by_the_keys_owner(system: System) -> None:
    created, updated = set_up(system)
    error = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}'
    system.receive({"id": None}, body=error)
    system.work()
    assert system.alert_codes() == ["webhook_owner"]
    assert len(watch(system)) == 2
    assert (system.alert_codes(), listed(system)) == ([], well(system))
    for gone in (created, updated):
        with pytest.raises(KeyError):
            system.shop.webhook(gone)
    assert watch(system) == ()


def test_a_shop_silent_far_beyond_its_rhythm_opens_an_alert_until_it_delivers(system: System) -> None:
    ring_each(system, timedelta(hours=8), times=20)
    system.clock.move(hours=20)
    watch(system)
    assert system.alert_codes() == []
    system.clock.move(hours=10)
    watch(system)
    assert system.alert_codes() == ["shop_silent"]
    ring_each(system, timedelta(hours=1), times=1)
    watch(system)
    assert system.alert_codes() == []


def test_a_quiet_shop_may_be_silent_for_longer() -> None:
    weekly = [START + timedelta(weeks=n) for n in range(20)]
    often = [START + timedelta(minutes=n) for n in range(20)]
    assert usual_silence(weekly) == timedelta(weeks=3)
    assert usual_silence(often) == timedelta(days=1)
    assert usual_silence(weekly[:5]) is None


def switch(system: System, webhook_id: int, status: str) -> None:
    """As in wp-admin, or as WooCommerce does by itself after seven failures."""
    shop = API(system.shop.url, system.shop.consumer_key, system.shop.consumer_secret)
    assert shop.put(f"webhooks/{webhook_id}", {"status": status}).status_code == 200


def ring_each(system: System, every: timedelta, *, times: int) -> None:
    for number in range(times):
        system.clock.now += every
        with system.services.store.write() as connection:
            deliveries.add(
                connection,
                NewDelivery(
                    shop_id=system.shop_id, source="webhook", topic="order.updated", order_id=number + 1, body=b"{}"
                ),
                now=system.clock.now,
            )
