"""A shop moves to another address: its key is withheld until it comes anew, and what needs it waits. Nothing is skipped, and nothing is doubled."""

from decimal import Decimal

import pytest

from tests.support.system import START, System
from worker.actions.shop_secrets import go_without_key
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.rules import Rule
from worker.errors import Rejected
from worker.notifications import alerts as alert_mails
from worker.orders import poll
from worker.store import payments

PAID = an_order(id=238, created=START)
UNPAID = an_order(id=239, created=START, status="on-hold", paid=False, payment_method="bacs")


def in_shop(system: System, order_id: int) -> Payload:
    found = system.shop.order(order_id)
    assert found is not None
    return found


def moves(system: System, url: str) -> None:
    """The owner says that the shop is at *url*, which is another site."""
    change_shop(system.services, system.shop_id, ShopChanges(url=url), by=system.person)


def is_connected_again(system: System, url: str) -> None:
    """The key comes anew, and the shop is asked."""
    key = ShopChanges(url=url, rest_key=system.shop.consumer_key, rest_secret=system.shop.consumer_secret)
    change_shop(system.services, system.shop_id, key, by=system.person)
    poll.poll(system.services, system.connected)
    system.work()


def test_what_needs_the_key_is_done_once_it_comes_anew(system: System) -> None:
    url = system.connected.shop.url
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    system.arrives(UNPAID)
    system.shop.place(PAID)
    system.receive(PAID)
    system.clock.move(minutes=1)

    moves(system, "https://moved.test")
    receipt = Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", reference="B1", outside_ref="B1")
    key = OrderKey(system.shop_id, 239, UNPAID["order_key"])
    with system.services.store.write() as connection:
        payments.receive(connection, key, Decimal(UNPAID["total"]), receipt, now=system.clock.now)
    system.work()
    assert (len(system.numbers(238)), system.notes(238), in_shop(system, 239)["status"]) == (1, [], "on-hold")
    system.clock.move(minutes=1)
    system.shop.refund(238, a_refund(PAID, id=301, amount="5.00", created=system.clock.now))
    system.receive(in_shop(system, 238))
    system.work()
    with pytest.raises(Rejected, match="made for the address that the shop had before"):
        poll.poll(system.services, system.connected)
    assert system.alert_codes() == ["rest_key_refused"]

    system.clock.move(hours=30)
    is_connected_again(system, url)
    assert (len(system.numbers(238)), len(system.notes(238)), system.alert_codes()) == (2, 2, [])
    assert in_shop(system, 239)["status"] == "processing"
    assert len(system.mailbox.messages()) == 3


def test_nobody_is_told_of_a_key_that_its_plugin_gives_within_minutes(system: System) -> None:
    moves(system, "https://moved.test")
    with pytest.raises(Rejected):
        poll.poll(system.services, system.connected)
    told = []
    for minutes in (0, 6, 6):
        system.clock.move(minutes=minutes)
        alert_mails.notify_owner(system.services, system.connected)
        told.append(len(system.mailbox.messages()))
    assert told == [0, 0, 1]


def test_who_waits_for_no_key_any_more_is_told_of_none_and_what_waited_for_it_ends(system: System) -> None:
    moves(system, "https://moved.test")
    system.receive(PAID)
    system.work()
    assert system.alert_codes() == ["rest_key_refused"]
    with system.services.store.write() as connection:
        go_without_key(connection, system.services.encryption, system.shop_id, by=system.person)
    system.work()
    (invoice,) = system.documents(238)
    assert {step.name: step.state for step in invoice.steps}["write_back"] == "skipped"
    assert system.alert_codes() == []


def test_a_shop_that_never_gave_a_key_waits_for_none(system: System) -> None:
    secrets = system.connected.secrets
    system.change_secrets(secrets.with_rest_key("", ""))
    moves(system, "https://moved.test")
    system.receive(PAID)
    system.work()
    (invoice,) = system.documents(238)
    assert {step.name: step.state for step in invoice.steps}["write_back"] == "skipped"
