"""Webhook endpoints and their events, on both databases: who gets which, and what happens at the same time."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.factories import a_shop
from tests.support.issued import ENCRYPTION, NOW, a_draft, issue, opened
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.domain.webhook import WebhookEventKind
from worker.store import shops, webhooks
from worker.store.database.engine import Store
from worker.store.shops import Secrets
from worker.store.webhooks import NewEndpoint, WebhookEndpoint

URL = "https://books.example.com/hook"
Records = tuple[Store, Shop]


@pytest.fixture
def records(database_url: str) -> Iterator[Records]:
    store, shop = opened(database_url)
    yield store, shop
    store.close()


def add(records: Records, *events: WebhookEventKind, shop: Shop | None = None) -> WebhookEndpoint:
    with records[0].write() as connection:
        shop_id = (shop or records[1]).shop_id
        chosen = events or tuple(WebhookEventKind)
        return webhooks.add(
            connection, ENCRYPTION, NewEndpoint(shop_id=shop_id, url=URL, events=chosen), by=Actor("An", NOW)
        )[0]


def owed(records: Records, endpoint: WebhookEndpoint) -> list[tuple[str, int]]:
    with records[0].read() as connection:
        return [
            (call.kind, call.document_id) for call in webhooks.events_of(connection, endpoint.endpoint_id, limit=99)
        ]


def issued(records: Records, order_id: int = 1) -> Document:
    return issue(records[0], records[1], a_draft(order_id))


def meanwhile(act: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_only_endpoints_of_the_shop_that_want_it_get_an_event(records: Records) -> None:
    store, _ = records
    with store.write() as connection:
        other = shops.add(connection, ENCRYPTION, replace(a_shop(), shop_id="other"), Secrets(("5f",)), now=NOW)
    wants, elsewhere, stopped = add(records, WebhookEventKind.ISSUED), add(records, shop=other), add(records)
    paid_only = add(records, WebhookEventKind.PAID)
    with store.write() as connection:
        webhooks.stop(connection, stopped.endpoint_id, message=webhooks.BY_A_PERSON, now=NOW)
    document = issued(records)
    assert owed(records, wants) == [("document.issued", document.document_id)]
    assert [owed(records, endpoint) for endpoint in (elsewhere, stopped, paid_only)] == [[], [], []]


def test_an_endpoint_that_is_removed_while_a_document_is_issued_leaves_nothing_behind(records: Records) -> None:
    store, _ = records
    endpoint, document = add(records), issued(records)

    def remove() -> None:
        with store.write() as connection:
            webhooks.remove(connection, endpoint)

    with store.write() as connection:
        webhooks.plan(connection, WebhookEventKind.PAID, document.document_id, now=NOW)
        thread, errors = meanwhile(remove)
        thread.join(timeout=0.3)
    thread.join()
    assert errors == []
    assert owed(records, endpoint) == []


def test_a_document_is_issued_while_its_endpoint_is_being_removed(records: Records) -> None:
    store, _ = records
    endpoint, document = add(records, WebhookEventKind.PAID), issued(records)

    def plan() -> None:
        with store.write() as connection:
            webhooks.plan(connection, WebhookEventKind.PAID, document.document_id, now=NOW)

    with store.write() as connection:
        webhooks.remove(connection, endpoint)
        thread, errors = meanwhile(plan)
        thread.join(timeout=0.3)
    thread.join()
    assert errors == []
    assert owed(records, endpoint) == []


def test_events_of_one_endpoint_are_leased_one_at_a_time_and_those_of_two_at_once(records: Records) -> None:
    store, _ = records
    add(records, WebhookEventKind.ISSUED)
    add(records, WebhookEventKind.ISSUED)
    for order_id in (1, 2):
        issued(records, order_id)
    with store.write() as connection:
        due = webhooks.due_ids(connection, now=NOW, limit=9)
        lease_for = timedelta(minutes=1)
        taken = [webhooks.take(connection, ENCRYPTION, call_id, now=NOW, lease_for=lease_for) for call_id in due]
        assert [leased.endpoint.endpoint_id if leased else None for leased in taken] == [1, 2, None, None]
        later = NOW + timedelta(minutes=2)
        again = webhooks.take(connection, ENCRYPTION, due[2], now=later, lease_for=lease_for)
        assert again is not None


def test_due_calls_are_asked_for_by_shop(records: Records) -> None:
    store, shop = records
    add(records)
    issued(records)
    with store.read() as connection:
        assert len(webhooks.due_ids(connection, now=NOW, limit=9, shop_id=shop.shop_id)) == 1
        assert webhooks.due_ids(connection, now=NOW, limit=9, shop_id="other") == ()
        assert webhooks.due_ids(connection, now=NOW - timedelta(seconds=1), limit=9) == ()


def test_the_secret_is_stored_encrypted_and_comes_back_for_the_call(records: Records) -> None:
    store, shop = records
    with store.write() as connection:
        endpoint, secret = webhooks.add(
            connection,
            ENCRYPTION,
            NewEndpoint(shop_id=shop.shop_id, url=URL, events=(WebhookEventKind.ISSUED,)),
            by=Actor("An", NOW),
        )
    issued(records)
    with store.write() as connection:
        leased = webhooks.take(connection, ENCRYPTION, 1, now=NOW, lease_for=timedelta(minutes=1))
        kept = connection.exec_driver_sql("SELECT secret FROM webhook_endpoints").scalar_one()
    assert leased is not None
    assert (leased.endpoint, leased.secret) == (endpoint, secret)
    assert secret not in kept
