"""From the shop's webhook to the queue: verify, store, enqueue, answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import redis
from sqlalchemy import event, text

from bridge import create_app
from tests.services.process import wait_until
from tests.support.bridge_app import (
    NOW,
    ORDER,
    SECRET,
    SHOP,
    BridgeApp,
    recorded_deliveries,
    settings_for,
    signature_of,
    signed_headers,
)
from worker.message import NO_MESSAGE
from worker.queue import QueueName, job_of, open_queue
from worker.store import shops
from worker.store.database.encryption import Encryption
from worker.store.deliveries import Delivery

PING = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
}


def test_a_signed_delivery_is_stored_whole_before_it_is_answered(app_on_each_database: BridgeApp) -> None:
    answer = app_on_each_database.deliver(
        headers={**signed_headers(ORDER), "Cookie": "a=b", "Authorization": "Basic eA=="}
    )

    (kept,) = app_on_each_database.kept()
    assert (answer.status_code, answer.json) == (200, {"kept": True, "delivery": kept.delivery_id})
    assert kept == Delivery(
        delivery_id=kept.delivery_id,
        shop_id=SHOP,
        source="webhook",
        topic="order.updated",
        order_id=238,
        received_at=NOW,
        body=ORDER,
        body_sha256="142fb0c105934fe80abeee6932373cd71f1f654e86744ee259149e3383945778",
        headers=(
            ("X-WC-Webhook-Source", "https://shop.example/"),
            ("X-WC-Webhook-Topic", "order.updated"),
            ("X-WC-Webhook-Resource", "order"),
            ("X-WC-Webhook-Event", "updated"),
            ("X-WC-Webhook-Signature", signature_of(ORDER)),
            ("X-WC-Webhook-ID", "2"),
            ("X-WC-Webhook-Delivery-ID", "3cbc2b1b8575bb8fedfb7675fa2a350a"),
            ("User-Agent", "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)"),
            ("Content-Type", "application/json"),
        ),
        state="waiting",
        attempts=0,
        code="",
        message=NO_MESSAGE,
        finished_at=None,
    )


@pytest.mark.parametrize("path", recorded_deliveries(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_delivery_is_stored_byte_for_byte(app: BridgeApp, path: Path) -> None:
    recorded = json.loads(path.read_text())
    headers = dict(recorded["headers"])
    body = recorded["body_text"].encode()
    app.add_shop("recorded", secrets=(recorded["secret"],))

    answer = app.deliver(body, headers, shop="recorded")

    assert answer.status_code == 200
    (kept,) = app.kept(json.loads(body)["id"], shop="recorded")
    assert (kept.body, kept.topic) == (body, headers["X-WC-Webhook-Topic"])


def test_fifty_identical_deliveries_at_once_are_all_stored(app_on_each_database: BridgeApp) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: deliver_from_a_thread(app_on_each_database), range(50)))

    assert [status for status, _ in answers] == [200] * 50
    assert sorted(delivery for _, delivery in answers) == [kept.delivery_id for kept in app_on_each_database.kept()]


def deliver_from_a_thread(app: BridgeApp) -> tuple[int, int]:
    # A test client belongs to one thread; the application behind it does not.
    answer = app.client.application.test_client().post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER))
    return answer.status_code, (answer.json or {})["delivery"]


def test_a_job_is_enqueued_for_the_stored_row(tmp_path: Path, broker_url: str, app: BridgeApp) -> None:
    ringing = create_app(settings_for(app.settings.database_url, tmp_path, redis_url=broker_url), now=lambda: NOW)

    answer = ringing.test_client().post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER))

    with redis.Redis.from_url(broker_url) as client:
        queue = open_queue(client, QueueName.ORDERS)
        wait_until(lambda: queue.count == 1, what="the job")
        (job,) = map(job_of, queue.job_ids)
    assert job == ("process_order", (answer.json or {})["delivery"])
    ringing.extensions["facturelay"].store.close()


@pytest.mark.parametrize("topic", ["order.created", "order.updated", "order.deleted", "order.restored"])
def test_every_topic_of_orders_is_stored(app: BridgeApp, topic: str) -> None:
    app.deliver(headers=signed_headers(ORDER, topic=topic))

    assert [kept.topic for kept in app.kept()] == [topic]


@pytest.mark.parametrize(
    "topic", ["product.updated", "customer.created", "action.woocommerce_x", "order", "Order.Updated"]
)
def test_other_topics_are_answered_with_200_and_not_stored(app: BridgeApp, topic: str) -> None:
    answer = app.deliver(headers=signed_headers(ORDER, topic=topic))

    assert (answer.status_code, answer.json, app.how_many_kept()) == (200, {"kept": False}, 0)


@pytest.mark.parametrize("headers", [{}, {"X-WC-Webhook-Topic": ""}])
def test_a_delivery_that_names_no_topic_is_taken_for_an_update(app: BridgeApp, headers: dict[str, str]) -> None:
    least = {"Content-Type": "application/json", "X-WC-Webhook-Signature": signature_of(ORDER)}

    app.deliver(headers={**least, **headers})

    assert [kept.topic for kept in app.kept()] == ["order.updated"]


ERROR_OF_THE_SHOP = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry.","data":{"status":401}}'


@pytest.mark.parametrize(
    "body",
    [
        ERROR_OF_THE_SHOP,
        b"{}",
        b'{"id":"238"}',
        b'{"id":true}',
        b'{"id":238.0}',
        b'{"id":2.38e2}',
        b'{"id":0}',
        b'{"id":-1}',
        b'{"id":null}',
        b'{"id":[238]}',
        b'{"id":{"id":238}}',
    ],
)
def test_a_signed_body_without_an_order_id_is_stored_for_the_worker_to_explain(app: BridgeApp, body: bytes) -> None:
    answer = app.deliver(body)

    assert answer.status_code == 200
    with app.store.read() as connection:
        kept = connection.execute(
            text("SELECT d.order_id, body, state FROM deliveries d JOIN jobs ON job_id = delivery_id")
        ).one()
    assert (kept.order_id, bytes(kept.body), kept.state) == (None, body, "waiting")


def test_the_largest_id_that_a_database_holds_is_an_order_id(app_on_each_database: BridgeApp) -> None:
    app_on_each_database.deliver(b'{"id":9223372036854775807}')

    assert len(app_on_each_database.kept(2**63 - 1)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[]",
        b"238",
        b'"id"',
        b"null",
        b'{"id":NaN}',
        b'{"id":238}trailing',
        b"\xff\xfe\x00",
        b"webhook_id=12",
        b"[" * 50_000,
        b'{"id":' + b"9" * 5_000 + b"}",
        b'{"id":9223372036854775808}',
        b'{"id":238,"total":1e999}',
        b'{"id":238,"note":"\\ud83d"}',
        b'{"id":238,"meta_data":[{"\\uDE00":1}]}',
        b'{"id":238,"meta_data":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_signed_body_that_is_no_json_object_is_400_and_not_stored(app: BridgeApp, body: bytes) -> None:
    answer = app.deliver(body)

    assert (answer.status_code, (answer.json or {})["error"], app.how_many_kept()) == (400, "json_wrong", 0)


@pytest.mark.parametrize(
    "held",
    [
        rb'"\ud83d\ude00 \u0000"',
        rb'"C:\\ud83d"',
        b'"' + "’ 😀".encode() + b'"',
        b"9" * 4_000,
        b"1e308",
        b"[" * 98 + b"]" * 98,
    ],
    ids=lambda held: repr(held[:12]),
)
def test_what_plugins_put_into_their_metadata_is_stored(app: BridgeApp, held: bytes) -> None:
    assert app.deliver(b'{"id":238,"meta_data":' + held + b"}").status_code == 200


def test_a_wrong_signature_is_401_counted_and_not_stored(app_on_each_database: BridgeApp) -> None:
    wrong = ("", "wrong", signature_of(ORDER, ""), signature_of(ORDER, "another secret"))
    headers = [{**signed_headers(ORDER), "X-WC-Webhook-Signature": signature} for signature in wrong]
    headers.append({"Content-Type": "application/json"})

    answers = [app_on_each_database.deliver(headers=each) for each in headers]

    assert [(answer.status_code, (answer.json or {})["error"]) for answer in answers] == [(401, "signature_wrong")] * 5
    assert (app_on_each_database.signature_failures(), app_on_each_database.how_many_kept()) == (5, 0)


def test_the_answer_to_a_wrong_signature_tells_no_secret(app: BridgeApp) -> None:
    answer = app.deliver(headers={**signed_headers(ORDER), "X-WC-Webhook-Signature": "wrong"})

    assert SECRET not in answer.text
    assert signature_of(ORDER) not in answer.text


def test_the_signature_of_one_shop_does_not_open_another(app: BridgeApp) -> None:
    app.add_shop("other", secrets=("the other secret",))

    assert app.deliver(shop="other").status_code == 401


def test_both_secrets_count_while_one_is_rotated_and_the_new_one_at_once(app: BridgeApp) -> None:
    app.deliver()
    with app.store.write() as connection:
        shops.rotate_webhook_secret(connection, Encryption(app.settings.secret_keys), SHOP, "the new secret")

    with_new = app.deliver(headers=signed_headers(ORDER, secret="the new secret"))
    with_old = app.deliver()

    assert (with_new.status_code, with_old.status_code) == (200, 200)


def test_a_suspended_shop_loses_nothing(app: BridgeApp) -> None:
    app.add_shop("resting", suspended=True)

    app.deliver(shop="resting")

    assert len(app.kept(shop="resting")) == 1


STRANGE_SHOPS = ("nobody", SHOP.upper(), SHOP[:-1], SHOP + "0", "%F0%9F%92%A9", "a" * 500, "%0A", "'--")


def test_an_unknown_shop_is_404(app_on_each_database: BridgeApp) -> None:
    answers = {shop: app_on_each_database.deliver(shop=shop) for shop in STRANGE_SHOPS}

    said = {shop: (answer.status_code, (answer.json or {})["error"]) for shop, answer in answers.items()}
    assert said == dict.fromkeys(STRANGE_SHOPS, (404, "shop_unknown"))


@pytest.mark.parametrize("body", [b"webhook_id=12", b"webhook_id=0", b"webhook_id=123456789012"])
def test_the_ping_is_answered_with_exactly_200_and_leaves_no_trace(app: BridgeApp, body: bytes) -> None:
    answer = app.deliver(body, PING)

    assert (answer.status_code, answer.json) == (200, {"kept": False})
    assert (app.how_many_kept(), app.signature_failures()) == (0, 0)


def test_the_ping_to_an_unknown_shop_is_404(app: BridgeApp) -> None:
    assert app.deliver(b"webhook_id=12", PING, shop="nobody").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"webhook_id=",
        b"webhook_id=12&x=1",
        b"webhook_id=12\n",
        b"webhook_id=-1",
        b"x",
        b"",
        b"webhook_id=1" + b"x" * 999,
    ],
)
def test_a_form_that_is_not_the_ping_is_415(app: BridgeApp, body: bytes) -> None:
    assert app.deliver(body, PING).status_code == 415


def test_a_ping_with_a_signature_is_no_ping(app: BridgeApp) -> None:
    body = b"webhook_id=12"

    assert app.deliver(body, {**PING, "X-WC-Webhook-Signature": signature_of(body)}).status_code == 415


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", ""]
)
def test_another_type_than_json_is_415_and_not_stored(app: BridgeApp, kind: str) -> None:
    answer = app.deliver(headers={**signed_headers(ORDER), "Content-Type": kind})

    assert (answer.status_code, (answer.json or {})["error"], app.how_many_kept()) == (415, "type_wrong", 0)


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"]
)
def test_json_may_name_its_charset(app: BridgeApp, kind: str) -> None:
    assert app.deliver(headers={**signed_headers(ORDER), "Content-Type": kind}).status_code == 200


def test_a_body_may_be_as_long_as_the_setting_says_and_not_a_byte_longer(app: BridgeApp) -> None:
    longest = b'{"id":238,"x":"' + b"x" * (app.settings.max_body_bytes - 17) + b'"}'

    fits = app.deliver(longest)
    too_long = app.deliver(longest + b" ")

    assert len(longest) == app.settings.max_body_bytes
    assert (fits.status_code, too_long.status_code, (too_long.json or {})["error"]) == (200, 413, "body_too_large")
    assert app.how_many_kept() == 1


class Untouchable(BytesIO):
    """A body that nobody may read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read  # type: ignore[assignment]  # none of them is to be called


@pytest.mark.parametrize(
    ("headers", "length", "status"),
    [
        (signed_headers(ORDER), 100_001, 413),
        ({}, 10**12, 413),
        ({"Content-Type": "application/json"}, 5_000, 401),
        ({"Content-Type": "text/plain", "X-WC-Webhook-Signature": "x"}, 5_000, 415),
    ],
)
def test_what_is_refused_unread_is_not_read(app: BridgeApp, headers: dict[str, str], length: int, status: int) -> None:
    as_announced = {"CONTENT_LENGTH": str(length), "wsgi.input": Untouchable()}

    answer = app.client.post(f"/webhooks/{SHOP}", headers=headers, environ_overrides=as_announced)

    assert answer.status_code == status


def test_a_body_shorter_than_announced_is_400_and_not_stored(app: BridgeApp) -> None:
    as_announced = {"CONTENT_LENGTH": str(len(ORDER) + 10), "wsgi.input": BytesIO(ORDER)}

    answer = app.client.post(f"/webhooks/{SHOP}", headers=signed_headers(ORDER), environ_overrides=as_announced)

    assert (answer.status_code, app.how_many_kept()) == (400, 0)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("shop", [SHOP, "nobody"])
def test_the_address_says_who_it_is_for(app: BridgeApp, method: str, shop: str) -> None:
    answer = app.client.open(f"/webhooks/{shop}", method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "WooCommerce" in (answer.json or {})["message"]


@pytest.mark.parametrize("address", [f"/webhooks/{SHOP}/", f"/webhooks/{SHOP}?x=1"])
def test_an_address_pasted_a_little_wrong_still_takes_orders(app: BridgeApp, address: str) -> None:
    assert app.client.post(address, data=ORDER, headers=signed_headers(ORDER)).status_code == 200


@pytest.mark.parametrize(
    "address", [f"//webhooks/{SHOP}", f"/webhooks//{SHOP}", "/webhooks/", "/webhooks", "/d", "/", "//d//x"]
)
def test_nothing_is_ever_redirected(app: BridgeApp, address: str) -> None:
    # WooCommerce takes a redirect for delivered and does not follow it: the order would be gone.
    answer = app.client.post(address, base_url="https://documents.example", data=ORDER, headers=signed_headers(ORDER))

    assert answer.status_code in (404, 405)


def test_without_a_database_a_delivery_is_503_and_says_when_to_come_back(tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://nobody@/nothing?host=" + str(tmp_path)
    client = create_app(settings_for(nowhere, tmp_path)).test_client()

    answer = client.post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER))

    assert (answer.status_code, answer.headers["Retry-After"], (answer.json or {})["error"]) == (
        503,
        "30",
        "database_away",
    )


def test_a_delivery_that_cannot_be_written_is_503_and_a_wrong_one_still_401(app: BridgeApp) -> None:
    # As on a full disk or after a failover to a replica: reading works, writing does not.
    engine = app.client.application.extensions["facturelay"].store.engine
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))

    right, wrong = app.deliver(), app.deliver(headers={**signed_headers(ORDER), "X-WC-Webhook-Signature": "x"})

    assert (right.status_code, wrong.status_code) == (503, 401)


def test_a_key_that_no_longer_opens_the_secrets_is_said_and_keeps_nothing(tmp_path: Path, app: BridgeApp) -> None:
    other_key = settings_for(app.settings.database_url, tmp_path, secret_keys=("another key of thirty-two characters",))

    answer = create_app(other_key).test_client().post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER))

    assert (answer.status_code, (answer.json or {})["error"], app.how_many_kept()) == (422, "secret_key_wrong", 0)


def test_failures_are_counted_by_day(app: BridgeApp) -> None:
    wrong = {**signed_headers(ORDER), "X-WC-Webhook-Signature": "wrong"}
    for app.now in (NOW, NOW, datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)):
        app.deliver(headers=wrong)

    with app.store.read() as connection:
        counted = connection.execute(text("SELECT day, failures FROM signature_failures ORDER BY day")).all()
    assert [tuple(row) for row in counted] == [("2026-11-23", 2), ("2026-11-24", 1)]
