"""The pretend shop does what the real one was seen to do."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from flask import Flask, Response, request
from woocommerce import API

from worker.demo.faults import ServerFault
from worker.demo.http_server import serve
from worker.demo.oauth import Params, php_query
from worker.demo.pretend_shop import PretendShop, a_refund, an_order
from worker.demo.recordings import RecordedDelivery, Scenario, load

SCENARIOS = load(Path(__file__).parent.parent / "recordings")


class Listener:
    """An endpoint that keeps what it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.status, self.ping_status = 200, 200
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.pings: list[bytes] = []
        app = Flask(__name__)
        app.add_url_rule("/hook", view_func=self._hear, methods=["POST"])
        self.served = serve(app)
        self.url = f"{self.served.url}/hook"

    def _hear(self) -> Response:
        if request.content_type == "application/x-www-form-urlencoded":
            self.pings.append(request.get_data())
            return Response(status=self.ping_status)
        self.bodies.append(request.get_data())
        self.headers.append(dict(request.headers))
        return Response(status=self.status)


@pytest.fixture
def shop() -> Iterator[PretendShop]:
    with PretendShop() as shop:
        yield shop


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    with listener.served:
        yield listener


@pytest.fixture
def api(shop: PretendShop) -> Any:
    return client(shop)


def client(shop: PretendShop, **changes: str) -> Any:
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret, **changes}
    return API(url=shop.url, version="wc/v3", timeout=5, **keys)


def signed(shop: PretendShop, path: str, *, timestamp: int | None = None, nonce: str = "n", secret: str = "") -> str:
    """A URL signed by hand, independent of both the client's and the shop's code."""
    params = {
        "oauth_consumer_key": shop.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp or int(time.time())),
    }
    url = f"{shop.url}/wp-json/wc/v3/{path}"
    address = url.replace("%", "%25").replace(":", "%3A").replace("/", "%2F")
    text = f"GET&{address}&" + "%26".join(f"{name}%3D{params[name]}" for name in sorted(params))
    key = f"{secret or shop.consumer_secret}&".encode()
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return f"{url}?{urlencode({**params, 'oauth_signature': b64encode(digest).decode()})}"


# The door


def test_the_python_client_is_let_in_over_plain_http(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7))

    answer = api.get("orders", params={"per_page": 5, "modified_after": "2026-01-01T00:00:00", "dates_are_gmt": "true"})

    assert (answer.status_code, [order["id"] for order in answer.json()]) == (200, [7])


def test_basic_auth_over_plain_http_counts_for_nothing(shop: PretendShop) -> None:
    url = f"{shop.url}/wp-json/wc/v3/orders"

    by_header = requests.get(url, auth=(shop.consumer_key, shop.consumer_secret), timeout=5)
    by_query = requests.get(f"{url}?consumer_key={shop.consumer_key}&consumer_secret={shop.consumer_secret}", timeout=5)

    refused = {
        "code": "woocommerce_rest_cannot_view",
        "message": "Sorry, you cannot list resources.",
        "data": {"status": 401},
    }
    assert (by_header.status_code, by_header.json()) == (401, refused)
    assert (by_query.status_code, by_query.json()) == (401, refused)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"consumer_secret": "cs_wrong"}, "Invalid signature - provided signature does not match."),
        ({"consumer_key": "ck_unknown"}, "Consumer key is invalid."),
    ],
)
def test_wrong_keys_are_refused_as_the_shop_words_it(shop: PretendShop, changes: dict[str, str], message: str) -> None:
    answer = client(shop, **changes).get("orders")

    refused = {"code": "woocommerce_rest_authentication_error", "message": message, "data": {"status": 401}}
    assert (answer.status_code, answer.json()) == (401, refused)


def test_a_nonce_works_once_and_a_timestamp_for_a_quarter_of_an_hour(shop: PretendShop) -> None:
    once = signed(shop, "orders", nonce="once")
    old = signed(shop, "orders", nonce="old", timestamp=int(time.time()) - 16 * 60)

    answers = [requests.get(url, timeout=5).json() for url in (once, once, old)]

    assert answers[0] == []
    assert [answer["message"] for answer in answers[1:]] == [
        "Invalid nonce - nonce has already been used.",
        "Invalid timestamp.",
    ]


def test_a_changed_query_breaks_the_signature(shop: PretendShop) -> None:
    answer = requests.get(signed(shop, "orders") + "&status=trash", timeout=5)

    assert answer.json()["message"] == "Invalid signature - provided signature does not match."


def test_a_key_that_may_only_read_cannot_write() -> None:
    with PretendShop(permissions="read") as shop:
        shop.place(an_order(id=7))
        answer = client(shop).post("orders/7/notes", {"note": "x"})

    assert answer.json()["message"] == "The API key provided does not have write permissions."


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("s[]=x&s[]=y", {"s": {"0": "x", "1": "y"}}),
        ("s[0]=x&s[7]=y", {"s": {"0": "x", "7": "y"}}),
        ("a=&b=c+d%20e", {"a": "", "b": "c d e"}),
    ],
)
def test_queries_are_read_as_php_reads_them(query: str, params: Params) -> None:
    assert php_query(query) == params


def test_lists_in_php_spelling_can_be_signed(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7, status="completed"))

    answer = api.get("orders", params={"status[0]": "completed"})

    assert [order["id"] for order in answer.json()] == [7]


# Orders by REST


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.orders], ids=lambda scenario: scenario.name)
def test_rest_answers_what_the_recorded_shop_answered(shop: PretendShop, api: Any, scenario: Scenario) -> None:
    shop.take(scenario.after(len(scenario.steps) - 1))

    for order_id, recorded in scenario.orders.items():
        answer, refunds = api.get(f"orders/{order_id}"), api.get(f"orders/{order_id}/refunds")
        if recorded is None:
            gone = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}
            assert (answer.status_code, answer.json()) == (404, gone)
        else:
            told = answer.json()
            same = set(recorded) - {"_links", "payment_url", "meta_data"}
            assert {field: told[field] for field in same} == {field: recorded[field] for field in same}
        without_links = [{k: v for k, v in refund.items() if k != "_links"} for refund in scenario.refunds[order_id]]
        assert [{k: v for k, v in refund.items() if k != "_links"} for refund in refunds.json()] == without_links


def test_a_trashed_order_is_out_of_the_list_and_still_found_by_id(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7))
    shop.trash(7)

    listed, in_trash, by_id = api.get("orders"), api.get("orders", params={"status": "trash"}), api.get("orders/7")

    assert listed.json() == []
    assert [order["id"] for order in in_trash.json()] == [7]
    assert (by_id.status_code, by_id.json()["status"]) == (200, "trash")


def test_the_poll_excludes_the_second_it_is_asked_for(shop: PretendShop, api: Any) -> None:
    noon = datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)
    for n in range(3):
        shop.place(an_order(id=7 + n, created=noon + timedelta(seconds=n)))

    def poll(after: str, **more: str) -> list[int]:
        params = {"modified_after": after, "orderby": "modified", "order": "asc", "_fields": "id", **more}
        return [order["id"] for order in api.get("orders", params=params).json()]

    assert poll("2026-11-22T11:00:00", dates_are_gmt="true") == [8, 9]
    assert poll("2026-11-22T11:00:00Z") == [8, 9]
    assert poll("2026-11-22T12:00:00+01:00", dates_are_gmt="true") == [8, 9]
    # Without the flag a bare time is the site's own: one hour too early here, so everything comes.
    assert poll("2026-11-22T11:00:00") == [7, 8, 9]
    assert poll("2026-11-22T12:00:00") == [8, 9]


def test_pages_are_counted_and_linked_and_the_one_past_the_end_is_empty(shop: PretendShop, api: Any) -> None:
    for n in range(5):
        shop.place(an_order(id=7 + n))

    second, past = (api.get("orders", params={"per_page": 2, "page": page, "order": "asc"}) for page in (2, 9))

    assert [order["id"] for order in second.json()] == [9, 10]
    assert (second.headers["X-WP-Total"], second.headers["X-WP-TotalPages"]) == ("5", "3")
    assert {"prev", "next"} <= set(second.links)
    assert (past.status_code, past.json(), past.headers["X-WP-Total"]) == (200, [], "0")


def test_more_than_a_hundred_per_page_is_refused(api: Any) -> None:
    answer = api.get("orders", params={"per_page": 101})

    message = "per_page must be between 1 (inclusive) and 100 (inclusive)"
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "rest_invalid_param",
        "message": "Invalid parameter(s): per_page",
        "data": {
            "status": 400,
            "params": {"per_page": message},
            "details": {"per_page": {"code": "rest_out_of_bounds", "message": message, "data": None}},
        },
    }


def test_a_put_moves_date_modified_and_sends_a_delivery_even_with_nothing_in_it(listener: Listener) -> None:
    clock = [datetime(2026, 11, 22, 11, 0, tzinfo=UTC)]
    with PretendShop(now=lambda: clock[0]) as shop:
        shop.add_webhook("order.updated", listener.url, "s3cret")
        shop.place(an_order(id=7, created=clock[0]))
        clock[0] += timedelta(minutes=5)

        for _ in range(3):
            answer = client(shop).put("orders/7", {})
        flushed = shop.flush_echoes()

    assert answer.json()["date_modified"] == "2026-11-22T12:05:00"
    # However many edits, the queue holds one delivery per order, and its payload is built when it is sent.
    assert flushed == [200]
    assert json.loads(listener.bodies[0])["date_modified_gmt"] == "2026-11-22T11:05:00"


def test_a_note_sends_no_delivery_and_a_note_for_the_customer_is_mailed(
    shop: PretendShop, api: Any, listener: Listener
) -> None:
    shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7, created=datetime(2026, 11, 22, tzinfo=UTC)))
    before = shop.order(7)

    private = api.post("orders/7/notes", {"note": "Invoice F2026-00001"})
    public = api.post("orders/7/notes", {"note": "Uw factuur", "customer_note": True})

    assert (private.status_code, private.json()["author"], private.json()["customer_note"]) == (
        201,
        "WooCommerce",
        False,
    )
    assert public.json()["customer_note"] is True
    assert (shop.flush_echoes(), shop.order(7)) == ([], before)
    assert [(mail.email_id, mail.to) for mail in shop.mails_sent] == [("customer_note", "koper@klant.test")]
    assert [(call.method, call.path) for call in shop.writes] == [("POST", "/wp-json/wc/v3/orders/7/notes")] * 2


def test_the_html_of_a_note_is_stored_as_wordpress_keeps_it(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7))
    given = (
        "a<b>b</b><script>alert(1)</script>\nregel2 😀 "
        '<a href="https://x.test" target="_blank" onclick="steal()">link</a>'
    )

    note = api.post("orders/7/notes", {"note": given}).json()

    assert note["note"] == 'a<b>b</b>alert(1)\nregel2 😀 <a href="https://x.test" target="_blank">link</a>'
    assert [n["note"] for n in api.get("orders/7/notes").json()] == [note["note"]]


def test_notes_of_a_missing_order_have_one_code_to_read_and_another_to_write(api: Any) -> None:
    assert api.get("orders/9/notes").json()["code"] == "woocommerce_rest_shop_order_invalid_id"
    assert api.post("orders/9/notes", {"note": "x"}).json()["code"] == "woocommerce_rest_order_invalid_id"


def test_metas_keep_their_type_only_if_they_are_arrays(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7, metas={"known": "old"}))
    values = {"known": 12.5, "yes": True, "list": [1, "a"], "huge": "x" * 70_000}

    api.put("orders/7", {"meta_data": [{"key": key, "value": value} for key, value in values.items()]})

    order = shop.order(7)
    assert order is not None
    assert {m["key"]: m["value"] for m in order["meta_data"]} == {"known": "12.5", "yes": "1", "list": [1, "a"]}


def test_cash_on_delivery_is_paid_when_it_is_completed(shop: PretendShop) -> None:
    shop.place(an_order(id=7, status="pending", paid=False, payment_method="cod"))

    shop.change(7, status="processing")
    processing = shop.order(7)
    shop.change(7, status="completed")
    completed = shop.order(7)

    assert processing is not None
    assert completed is not None
    assert (processing["date_paid"], completed["date_paid"] is None) == (None, False)


@pytest.mark.parametrize(
    ("order", "call", "found"),
    [
        ({"status": "pending"}, {"set_paid": True}, ("processing", True)),
        ({"status": "failed"}, {"set_paid": True}, ("processing", True)),
        ({"status": "pending", "needs_processing": False}, {"set_paid": True}, ("completed", True)),
        ({"status": "on-hold"}, {"set_paid": True}, ("on-hold", False)),
        ({"status": "on-hold"}, {"status": "processing"}, ("processing", True)),
        ({"status": "on-hold", "needs_processing": False}, {"status": "processing"}, ("processing", False)),
        ({"status": "processing", "needs_processing": False}, {"status": "completed"}, ("completed", True)),
        ({"status": "processing", "payment_method": "cod"}, {"set_paid": True}, ("processing", False)),
        ({"status": "cancelled"}, {"set_paid": True}, ("cancelled", False)),
        ({"status": "cancelled"}, {"status": "processing"}, ("processing", True)),
        ({"status": "completed"}, {"status": "processing"}, ("processing", True)),
    ],
)
def test_what_sets_an_order_paid_depends_on_its_status(
    shop: PretendShop, api: Any, order: dict[str, Any], call: dict[str, Any], found: tuple[str, bool]
) -> None:
    """As measured on WooCommerce 11.0.1: whatever comes of it, the answer is 200 and the transaction's id is kept."""
    shop.place(an_order(id=7, paid=order["status"] == "completed", **order))

    answer = api.put("orders/7", {**call, "transaction_id": "tr_1"})

    told = answer.json()
    assert (answer.status_code, told["transaction_id"]) == (200, "tr_1")
    assert (told["status"], told["date_paid_gmt"] is not None) == found


def test_refunding_all_of_an_order_makes_it_refunded(shop: PretendShop, api: Any) -> None:
    order = an_order(id=7)
    shop.place(order)

    shop.refund(7, a_refund(order, id=8, amount="2.20"))
    shop.change(7, status="refunded")

    told, refunds = api.get("orders/7").json(), api.get("orders/7/refunds").json()
    assert [(r["id"], r["total"]) for r in told["refunds"]] == [(9, "-20.00"), (8, "-2.20")]
    assert [(r["id"], r["amount"], r["reason"]) for r in refunds] == [
        (9, "20.00", "Order fully refunded."),
        (8, "2.20", ""),
    ]


def test_twenty_writers_at_once_lose_nothing(shop: PretendShop) -> None:
    shop.place(an_order(id=7))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: client(shop).post("orders/7/notes", {"note": str(n)}), range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == len(shop.notes(7)) == len(shop.writes) == 20


# Webhooks


def test_a_delivery_carries_the_headers_of_the_real_one(shop: PretendShop, listener: Listener) -> None:
    webhook_id = shop.add_webhook("order.updated", listener.url, "a&amp;b&lt;c")
    shop.place(an_order(id=7))

    shop.deliver(7)

    headers, body = listener.headers[0], listener.bodies[0]
    signature = b64encode(hmac.new(b"a&b<c", body, hashlib.sha256).digest()).decode()
    del headers["X-Wc-Webhook-Delivery-Id"]
    assert headers == {
        "Host": listener.url.split("/")[2],
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json",
        "X-Wc-Webhook-Source": f"{shop.url}/",
        "X-Wc-Webhook-Topic": "order.updated",
        "X-Wc-Webhook-Resource": "order",
        "X-Wc-Webhook-Event": "updated",
        "X-Wc-Webhook-Signature": signature,
        "X-Wc-Webhook-Id": str(webhook_id),
        "Connection": "close",
        "Content-Length": str(len(body)),
    }
    assert listener.pings == [f"webhook_id={webhook_id}".encode()]


def test_recorded_deliveries_are_replayed_with_the_same_bytes_and_headers(
    shop: PretendShop, listener: Listener
) -> None:
    delivery: RecordedDelivery = SCENARIOS[0].steps[-1].deliveries[0]

    status = shop.deliver_recorded(delivery, delivery.secret, listener.url)

    changed = ("host", "x-wc-webhook-source")
    recorded = {name.lower(): value for name, value in delivery.headers if name.lower() not in changed}
    heard = {name.lower(): value for name, value in listener.headers[0].items() if name.lower() not in changed}
    assert (status, listener.bodies) == (200, [delivery.body])
    assert heard == recorded


def test_seven_failures_in_a_row_switch_a_webhook_off(shop: PretendShop, listener: Listener) -> None:
    webhook_id = shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))
    listener.status = 500

    states = []
    for _ in range(8):
        shop.deliver(7)
        states.append((shop.webhook(webhook_id).failure_count, shop.webhook(webhook_id).status))

    assert states == [*((n, "active") for n in range(1, 7)), (6, "disabled"), (6, "disabled")]
    assert len(listener.bodies) == 7


def test_switching_a_webhook_on_again_does_not_forget_its_failures(
    shop: PretendShop, api: Any, listener: Listener
) -> None:
    webhook_id = shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))
    listener.status = 500
    for _ in range(7):
        shop.deliver(7)

    answer = api.put(f"webhooks/{webhook_id}", {"status": "active"})
    shop.deliver(7)

    assert answer.json()["status"] == "active"
    assert api.get(f"webhooks/{webhook_id}").json()["status"] == "disabled"


@pytest.mark.parametrize(("status", "failures"), [(200, 0), (204, 0), (301, 0), (302, 0), (303, 1), (404, 1), (500, 1)])
def test_what_counts_as_delivered(shop: PretendShop, listener: Listener, status: int, failures: int) -> None:
    webhook_id = shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))
    listener.status = status

    assert shop.deliver(7) == [status]
    assert shop.webhook(webhook_id).failure_count == failures


def test_nobody_listening_is_a_failure_too(shop: PretendShop) -> None:
    webhook_id = shop.add_webhook("order.updated", "http://127.0.0.1:9/hook", "s3cret")
    shop.place(an_order(id=7))

    assert shop.deliver(7) == [0]
    assert shop.webhook(webhook_id).failure_count == 1


def test_a_ping_not_answered_with_200_comes_back_after_every_delivery(shop: PretendShop, listener: Listener) -> None:
    listener.ping_status = 204
    shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))

    shop.deliver(7)
    shop.deliver(7)
    listener.ping_status = 200
    shop.deliver(7)
    shop.deliver(7)

    assert len(listener.pings) == 4


def test_a_webhook_made_by_rest_is_active_pinged_and_never_shows_its_secret(api: Any, listener: Listener) -> None:
    wanted = {"topic": "order.created", "delivery_url": listener.url, "status": "paused", "secret": ""}

    answer = api.post("webhooks", wanted)

    told = answer.json()
    assert (answer.status_code, told["status"], "secret" in told) == (201, "active", False)
    assert listener.pings == [f"webhook_id={told['id']}".encode()]


def test_a_webhook_that_was_given_no_secret_signs_with_a_long_one_of_its_own(shop: PretendShop) -> None:
    webhook_id = shop.add_webhook("order.created", "http://127.0.0.1:9/", "")

    assert len(shop.webhook(webhook_id).secret) == 50


def test_deleting_and_paused_webhooks(shop: PretendShop, api: Any, listener: Listener) -> None:
    webhook_id = shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))

    api.put(f"webhooks/{webhook_id}", {"status": "paused"})
    paused = shop.deliver(7)
    unforced = api.delete(f"webhooks/{webhook_id}")
    api.delete(f"webhooks/{webhook_id}", params={"force": "true"})

    assert (paused, unforced.status_code, api.get("webhooks").json()) == ([], 501, [])


def test_an_erased_order_is_delivered_as_a_signed_error(shop: PretendShop, listener: Listener) -> None:
    shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))
    shop.forget(7)

    shop.deliver(7)

    assert json.loads(listener.bodies[0])["code"] == "woocommerce_rest_shop_order_invalid_id"


def test_the_cron_sends_what_waits(shop: PretendShop, api: Any, listener: Listener) -> None:
    shop.add_webhook("order.updated", listener.url, "s3cret")
    shop.place(an_order(id=7))
    shop.run_cron(0.02)

    api.put("orders/7", {"meta_data": [{"key": "_x", "value": "1"}]})
    until = time.monotonic() + 3
    while not listener.bodies and time.monotonic() < until:
        time.sleep(0.02)

    assert json.loads(listener.bodies[0])["meta_data"][-1]["value"] == "1"


# Bad days


def test_ordered_faults_come_once_each_and_only_where_they_were_ordered(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7))
    shop.faults.next(ServerFault(status=500, path=r"/orders/7$"))
    shop.faults.next(ServerFault(retry_after=7, path=r"/notes"))
    shop.faults.next(ServerFault(html=True, status=200, path=r"/orders/7$"))

    answers = [api.get(path) for path in ("orders/7", "orders/7/notes", "orders/7", "orders/7")]

    assert [answer.status_code for answer in answers] == [500, 503, 200, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[2].headers["Content-Type"].startswith("text/html")
    assert answers[3].json()["id"] == 7
    assert shop.faults.waiting == 0


def test_a_cut_answer_leaves_the_write_done_and_the_caller_in_the_dark(shop: PretendShop, api: Any) -> None:
    shop.place(an_order(id=7))
    shop.faults.next(ServerFault(cut=True, method="POST"))

    with pytest.raises(requests.RequestException):
        api.post("orders/7/notes", {"note": "Invoice"})

    assert [note["note"] for note in shop.notes(7)] == ["Invoice"]


def test_silence_delays_the_answer(shop: PretendShop, api: Any) -> None:
    shop.faults.next(ServerFault(silence_s=0.2))
    began = time.monotonic()

    api.get("orders")

    assert time.monotonic() - began >= 0.2
