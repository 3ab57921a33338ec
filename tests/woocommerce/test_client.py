"""The REST client, against a pretend shop that checks signatures as WooCommerce does, and against answers that hurt."""

import gzip
import json
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.at_once import at_once
from tests.support.scripted_server import HANG_UP, ScriptedServer, Slowly, answer, certificate
from worker.demo.faults import ServerFault
from worker.demo.pretend_shop import PretendShop, a_refund, an_order
from worker.errors import Rejected, Unavailable
from worker.message import Message
from worker.net import guarded_http
from worker.woocommerce import rest
from worker.woocommerce.client import ShopCheck, ShopClient
from worker.woocommerce.payload import parse_order
from worker.woocommerce.rest import RestKey
from worker.woocommerce.shop_calls import Guard, Patience
from worker.woocommerce.shop_response import ShopResponse, address_behind, check_response, retry_after_in_s

KEY, SECRET = "ck_1", "cs_2"
ORDER = b'{"id":238,"status":"processing"}'


def a_client(url: str, **changes: float) -> ShopClient:
    patience = replace(Patience(timeout_s=2.0, backoff_s=0.01), **changes)
    return ShopClient(url, RestKey(KEY, SECRET), patience=patience, guard=Guard(allow_private=True))


@pytest.fixture
def shop() -> Iterator[PretendShop]:
    with PretendShop(key=RestKey(KEY, SECRET)) as pretend:
        yield pretend


@pytest.fixture
def client(shop: PretendShop) -> Iterator[ShopClient]:
    with a_client(shop.url) as talking:
        yield talking


# A shop on a good day


def test_an_order_is_its_raw_body(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    assert parse_order(client.order(238)).order_id == 238


def test_refunds_come_with_their_lines(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    order = shop.order(238)
    assert order is not None
    shop.refund(238, a_refund(order, id=239, amount="5.00"))
    assert [str(refund.amount) for refund in client.refunds(238)] == ["5.00"]


def test_no_cache_can_answer_in_place_of_the_shop(tmp_path: Path) -> None:
    """Each GET has an address of its own, over https too, and says that nothing kept will do."""
    context, ca_file = certificate(tmp_path, "localhost")
    with (
        ScriptedServer(
            [answer(503), answer(body=ORDER), answer(body=ORDER)], context=context, host="localhost"
        ) as server,
        ShopClient(
            server.url,
            RestKey(KEY, SECRET),
            patience=Patience(backoff_s=0.01),
            guard=Guard(allow_private=True, ca_file=ca_file),
        ) as talking,
    ):
        talking.order(238)
        talking.order(238)
    assert len({asked.target for asked in server.asked}) == len(server.asked) == 3
    assert {asked.headers["cache-control"] for asked in server.asked} == {"no-cache"}


def test_many_calls_ride_on_one_connection() -> None:
    with ScriptedServer([answer(body=ORDER)] * 5) as server, a_client(server.url) as talking:
        for _ in range(5):
            talking.order(238)
        assert server.connections == 1


def test_orders_are_listed_by_change_page_by_page(
    shop: PretendShop, client: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.woocommerce.client.MAX_PER_PAGE", 2)
    for order_id in (1, 2, 3):
        shop.place(an_order(id=order_id))
    first = client.orders(modified_after=datetime(2020, 1, 1, tzinfo=UTC))
    second = client.orders(modified_after=datetime(2020, 1, 1, tzinfo=UTC), page=2)
    past = client.orders(modified_after=datetime(2020, 1, 1, tzinfo=UTC), page=3)
    assert (first.pages, first.total, len(first.orders), len(second.orders), past.orders) == (2, 3, 2, 1, ())
    assert {listed.order_id for listed in (*first.orders, *second.orders)} == {1, 2, 3}
    assert all(listed.status and listed.order_key for listed in first.orders)


def test_the_moment_is_sent_in_utc_whatever_zone_it_was_given_in(shop: PretendShop) -> None:
    brussels = datetime(2026, 11, 22, 11, 39, 4).astimezone()
    with ScriptedServer([answer(body=b"[]")]) as server, a_client(server.url) as talking:
        talking.orders(modified_after=brussels)
        asked = dict(parse_qsl(urlsplit(server.asked[0].target).query))
    assert asked["modified_after"] == brussels.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert (asked["dates_are_gmt"], asked["orderby"], asked["order"]) == ("true", "modified", "asc")


def test_orders_are_listed_by_when_they_were_placed(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=1))
    (listed,) = client.orders(modified_after=datetime(2020, 1, 1, tzinfo=UTC)).orders
    placed, second = listed.created_at, timedelta(seconds=1)
    assert client.orders_placed(after=placed - second, before=placed + second).orders == (listed,)
    assert client.orders_placed(after=placed, before=placed + timedelta(hours=1)).orders == ()


def test_orders_are_listed_by_id(shop: PretendShop, client: ShopClient) -> None:
    for order_id in (1, 2, 3):
        shop.place(an_order(id=order_id))
    assert {listed.order_id for listed in client.orders_by_id((1, 3, 99)).orders} == {1, 3}
    with pytest.raises(ValueError, match=r"^0 ids in one call; from 1 to 100 fit$"):
        client.orders_by_id(())


def test_the_refunds_of_many_orders_are_named_in_one_call(shop: PretendShop, client: ShopClient) -> None:
    for order_id in (1, 2):
        shop.place(an_order(id=order_id))
    shop.refund(2, a_refund(shop.order(2) or {}, id=21, amount="5.00"))
    assert client.refund_ids((1, 2, 99)) == {1: frozenset(), 2: frozenset({21})}


def test_a_note_is_private_and_can_be_read_back(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    note_id = client.add_note(238, 'Factuur <a href="https://x.test/">F1</a> €')
    (note,) = [note for note in client.notes(238) if note.note_id == note_id]
    assert (note.text, shop.mails_sent) == ('Factuur <a href="https://x.test/">F1</a> €', ())


def test_a_note_to_the_customer_only_when_asked(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    client.add_note(238, "Uw factuur", to_customer=True)
    assert len(shop.mails_sent) == 1


def test_webhooks_are_made_listed_and_removed(shop: PretendShop, client: ShopClient) -> None:
    with ScriptedServer([answer()] * 3) as bridge:
        made = client.add_webhook(
            name="Facturelay", topic="order.updated", delivery_url=f"{bridge.url}/webhooks/x", secret="abc"
        )
        (webhook,) = client.webhooks()
    assert (webhook.webhook_id, webhook.name, webhook.status, webhook.topic) == (
        made, "Facturelay", "active", "order.updated",
    )  # fmt: skip
    client.delete_webhook(made)
    client.delete_webhook(made)
    assert client.webhooks() == ()


def test_a_check_says_what_the_key_can_do_and_changes_nothing(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    assert client.check() == ShopCheck(orders=1, can_write=True)
    assert shop.notes(238) == ()


def test_a_check_tells_a_key_that_only_reads() -> None:
    with PretendShop(permissions="read", key=RestKey(KEY, SECRET)) as shop, a_client(shop.url) as talking:
        assert talking.check() == ShopCheck(orders=0, can_write=False)


# Keys


def test_on_plain_http_every_parameter_is_signed_and_sent_once(shop: PretendShop) -> None:
    """What is signed is what stands in the address: the pretend shop refuses anything else, as WooCommerce does."""
    with ScriptedServer([answer(body=b"[]")]) as server, a_client(server.url) as talking:
        talking.orders(modified_after=datetime(2026, 11, 22, 10, 0, tzinfo=UTC))
        names = [name for name, _ in parse_qsl(urlsplit(server.asked[0].target).query)]
    assert len(names) == len(set(names))
    assert {"modified_after", "_fields", "oauth_signature", "oauth_nonce"} <= set(names)
    assert SECRET not in server.asked[0].target
    assert "authorization" not in server.asked[0].headers


def test_on_https_the_key_travels_in_a_header_and_not_in_the_address(tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, "localhost")
    with (
        ScriptedServer([answer(body=ORDER)], context=context, host="localhost") as server,
        ShopClient(server.url, RestKey(KEY, SECRET), guard=Guard(allow_private=True, ca_file=ca_file)) as talking,
    ):
        talking.order(238)
    sent = b64decode(server.asked[0].headers["authorization"].removeprefix("Basic ")).decode()
    asked = urlsplit(server.asked[0].target)
    assert (asked.path, [name for name, _ in parse_qsl(asked.query)], sent) == (
        "/wp-json/wc/v3/orders/238", ["_fresh"], f"{KEY}:{SECRET}",
    )  # fmt: skip


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "localhost")
    with (
        ScriptedServer([answer(body=ORDER)], context=context, host="localhost") as server,
        a_client(server.url) as talking,
    ):
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
        assert (failed.value.code, server.asked) == ("shop_certificate", [])
    assert str(failed.value.message).endswith(
        "has no valid certificate (it is self-signed). Renew it at the shop. It is tried again later."
    )


def test_a_repeated_question_is_signed_anew(shop: PretendShop, client: ShopClient) -> None:
    """A nonce works once; repeated as it was, the second try would be refused like a wrong key."""
    shop.place(an_order(id=238))
    shop.faults.next(ServerFault(status=503), times=2)
    assert parse_order(client.order(238)).order_id == 238
    with ScriptedServer([answer(503), answer(body=ORDER)]) as server, a_client(server.url) as talking:
        talking.order(238)
    first, second = (dict(parse_qsl(urlsplit(asked.target).query)) for asked in server.asked)
    assert first["oauth_nonce"] != second["oauth_nonce"]


def test_a_shop_in_a_folder_and_with_capitals_is_signed_as_it_is_called() -> None:
    with PretendShop(key=RestKey(KEY, SECRET)) as shop:
        shop.place(an_order(id=238))
        with a_client(shop.url.upper().replace("HTTP", "http") + "/") as talking:
            assert parse_order(talking.order(238)).order_id == 238
    with ScriptedServer([answer(body=ORDER)]) as server, a_client(f"{server.url}/winkel/?x=1#y") as talking:
        talking.order(238)
    assert server.asked[0].target.startswith("/winkel/wp-json/wc/v3/orders/238?")


def test_a_wrong_secret_is_refused_with_what_to_do(shop: PretendShop) -> None:
    with (
        ShopClient(shop.url, RestKey(KEY, "cs_wrong"), guard=Guard(allow_private=True)) as talking,
        pytest.raises(Rejected) as refused,
    ):
        talking.order(238)
    assert refused.value.code == "rest_key_refused"
    assert "make a key with read/write permission" in str(refused.value.message)
    assert "cs_wrong" not in str(refused.value.message)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [b"<h1>Forbidden</h1>", b'{"code":"rest_cannot_access","message":"Only for members.","data":{"status":401}}'],
)
def test_what_stands_before_woocommerce_is_named_and_not_the_key(status: int, body: bytes) -> None:
    with ScriptedServer([answer(status, body)]) as server, a_client(server.url) as talking:
        with pytest.raises(Rejected) as refused:
            talking.order(238)
        assert (refused.value.code, len(server.asked)) == ("rest_key_refused", 1)
        said = str(refused.value.message)
        assert ("stands before WooCommerce" in said, "make a key" in said) == (True, False)


def test_no_error_holds_the_key_or_the_signature() -> None:
    """The text of what `requests` raises holds the whole signed address, and tracebacks are logged."""
    with ScriptedServer([HANG_UP] * 3) as server, a_client(server.url) as talking, pytest.raises(Unavailable) as failed:
        talking.order(238)
    assert (failed.value.__cause__, failed.value.__suppress_context__) == (None, True)
    assert "oauth" not in str(failed.value.message)


# A shop on a bad day


def test_a_question_is_repeated_while_the_shop_is_busy() -> None:
    with ScriptedServer([answer(503), answer(429), answer(body=ORDER)]) as server, a_client(server.url) as talking:
        assert (talking.order(238), len(server.asked)) == (ORDER, 3)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_shop_that_stays_busy_is_asked_three_times_and_then_later(status: int) -> None:
    with ScriptedServer([answer(status)] * 9) as server, a_client(server.url) as talking:
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
        assert (failed.value.code, len(server.asked)) == ("shop_busy", 3)


def test_a_connection_that_breaks_before_the_answer_is_tried_again() -> None:
    with ScriptedServer([HANG_UP, answer(body=ORDER)]) as server, a_client(server.url) as talking:
        assert (talking.order(238), len(server.asked)) == (ORDER, 2)


@pytest.mark.parametrize("said", [answer(503), answer(429), HANG_UP, answer(201, b'{"id":', length=500)])
def test_a_post_is_never_repeated(said: bytes) -> None:
    with ScriptedServer([said, answer(201, b'{"id":5}')]) as server, a_client(server.url) as talking:
        with pytest.raises(Unavailable):
            talking.add_note(238, "Factuur")
        assert len(server.asked) == 1


def test_a_note_whose_answer_was_lost_stands_once(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    shop.faults.next(ServerFault(cut=True, method="POST"))
    with pytest.raises(Unavailable):
        client.add_note(238, "Factuur F1")
    assert [note.text for note in client.notes(238)] == ["Factuur F1"]


def test_a_short_retry_after_is_waited_for() -> None:
    busy = answer(429, headers=["Retry-After: 1"])
    with ScriptedServer([busy, answer(body=ORDER)]) as server, a_client(server.url) as talking:
        started = time.monotonic()
        talking.order(238)
        assert time.monotonic() - started >= 1


def test_a_long_retry_after_is_handed_on_at_once() -> None:
    with ScriptedServer([answer(503, headers=["Retry-After: 600"])] * 2) as server, a_client(server.url) as talking:
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
        assert (failed.value.retry_after_s, len(server.asked)) == (600, 1)


def test_a_retry_after_may_be_a_date_or_nonsense() -> None:
    for header, expected in (
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("99999999999999999999", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ):
        assert retry_after_in_s(header) == expected


def test_a_server_error_is_for_later_and_not_hammered() -> None:
    with (
        ScriptedServer([answer(500, b"<p>There has been a critical error")]) as server,
        a_client(server.url) as talking,
    ):
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
        assert (failed.value.code, len(server.asked)) == ("shop_failed", 1)


def test_a_redirect_is_not_followed_and_says_what_to_change() -> None:
    moved = answer(301, headers=["Location: https://www.shop.example/wp-json/wc/v3/orders/238?oauth_signature=x"])
    with ScriptedServer([moved]) as server, a_client(server.url) as talking:
        with pytest.raises(Rejected) as refused:
            talking.order(238)
        assert (refused.value.code, len(server.asked)) == ("shop_redirects", 1)
    assert "sends visitors on to https://www.shop.example. Enter that address" in str(refused.value.message)


@pytest.mark.parametrize(
    "location", ["{url}/wp-json/wc/v3/orders/238/?_fresh=1", "/wp-json/wc/v3/orders/238/", "{url}/login", ""]
)
def test_a_redirect_within_the_shop_is_not_called_another_address(location: str) -> None:
    with ScriptedServer([]) as server, a_client(server.url) as talking:
        server.answers.append(answer(301, headers=[f"Location: {location.format(url=server.url)}"]))
        with pytest.raises(Rejected) as refused:
            talking.order(238)
    assert (refused.value.code, "Permalinks" in str(refused.value.message)) == ("rest_not_found", True)


@pytest.mark.parametrize(
    "url", ["https://Shop.example", "HTTPS://shop.example/Winkel", "https://Shop.Example:8443/winkel"]
)
def test_a_shop_that_was_typed_with_capitals_is_not_sent_on_to_itself(url: str) -> None:
    """With “Plain” WordPress sends each address of its REST interface on to itself, in small letters."""
    written = urlsplit(url)
    location = f"{written.scheme}://{written.netloc.lower()}{written.path}/wp-json/wc/v3/orders/7/?_fresh=1"
    moved = ShopResponse(301, b"", location=location)
    with pytest.raises(Rejected) as refused:
        check_response(moved, about=Message("order {order}", order="7"), url=url)
    assert refused.value.code == "rest_not_found"


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("https://a.test/wp-json/wc/v3/orders/7", "https://a.test"),
        ("https://a.test/winkel/wp-json/wc/v3/orders/7/", "https://a.test/winkel"),
        ("https://a.test/", "https://a.test/shop"),
        ("http://www.A.test/shop/wp-json/wc/v3/orders/7?oauth_signature=x", "http://www.a.test/shop"),
        ("http://a.test/shop/wp-json/wc/v3/orders/7/", "http://a.test/shop"),
        ("/wp-login.php", "http://a.test/shop"),
    ],
)
def test_a_redirect_names_the_shops_address_behind_it(location: str, address: str) -> None:
    assert address_behind(location, "http://a.test/shop") == address


def test_an_erased_order_is_gone(client: ShopClient) -> None:
    for call in (client.order, client.notes):
        with pytest.raises(Rejected) as refused:
            call(999)
        assert (refused.value.code, str(refused.value.message)) == (
            "order_gone",
            "The shop has no order 999 (any more).",
        )


@pytest.mark.parametrize(
    "body",
    [b"<html>Not found</html>", b'{"code":"rest_no_route","message":"No route was found","data":{"status":404}}'],
)
def test_a_shop_without_rest_says_where_to_look(body: bytes) -> None:
    with (
        ScriptedServer([answer(404, body)]) as server,
        a_client(server.url) as talking,
        pytest.raises(Rejected) as refused,
    ):
        talking.order(238)
    assert (refused.value.code, "Permalinks" in str(refused.value.message)) == ("rest_not_found", True)


def test_any_other_refusal_carries_the_shops_own_code_and_words() -> None:
    body = b'{"code":"rest_invalid_param","message":"Invalid parameter(s): per_page"}'
    with (
        ScriptedServer([answer(400, body)]) as server,
        a_client(server.url) as talking,
        pytest.raises(Rejected) as refused,
    ):
        talking.order(238)
    assert refused.value.code == "shop_error:rest_invalid_param"
    assert "Invalid parameter(s): per_page" in str(refused.value.message)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(body=b"<!DOCTYPE html><title>Maintenance</title>"), "answer_not_json"),
        (answer(body=b"\n<br />\n<b>Warning</b>: foo in bar.php" + ORDER), "answer_not_json"),
        (answer(body=ORDER[:-5]), "answer_cut"),
        (answer(body=b""), "answer_cut"),
        (answer(body=ORDER, length=5000), "answer_cut"),
        (answer(body=gzip.compress(ORDER * 50)[:30], headers=["Content-Encoding: gzip"]), "answer_cut"),
        (answer(body=b"no gzip at all", headers=["Content-Encoding: gzip"]), "answer_cut"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n', "answer_cut"),
    ],
    ids=["page", "php warning", "half", "empty", "short", "half gzip", "no gzip", "half chunked"],
)
def test_an_answer_that_is_no_data_is_for_later(said: bytes, code: str) -> None:
    with ScriptedServer([said]) as server, a_client(server.url) as talking:
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
        assert (failed.value.code, len(server.asked)) == (code, 1)


@pytest.mark.parametrize(
    "said",
    [
        answer(body=gzip.compress(ORDER), headers=["Content-Encoding: gzip"]),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        + ORDER[:5]
        + b"\r\n1b\r\n"
        + ORDER[5:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + ORDER,
    ],
    ids=["gzip", "chunked", "until the end"],
)
def test_an_answer_may_come_in_any_wrapping(said: bytes) -> None:
    with ScriptedServer([said]) as server, a_client(server.url) as talking:
        assert talking.order(238) == ORDER


def test_an_oversized_answer_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_ANSWER_BYTES", 100_000)
    plain = b'{"x":"' + b"a" * 200_000
    for said in (answer(body=plain), answer(body=gzip.compress(plain), headers=["Content-Encoding: gzip"])):
        with ScriptedServer([said]) as server, a_client(server.url) as talking, pytest.raises(Rejected) as refused:
            talking.order(238)
        assert refused.value.code == "answer_too_large"


def test_somebody_elses_order_is_not_taken_for_ours() -> None:
    other = answer(body=b'{"id":7,"status":"x"}')
    with ScriptedServer([other]) as server, a_client(server.url) as talking, pytest.raises(Rejected) as refused:
        talking.order(238)
    assert refused.value.code == "wrong_order"


def test_refunds_are_read_page_by_page_until_the_end(shop: PretendShop, client: ShopClient) -> None:
    order = an_order(id=238)
    shop.place(order, [a_refund(order, id=1000 - n, amount="0.01") for n in range(105)])
    assert [refund.refund_id for refund in client.refunds(238)] == list(range(1000, 895, -1))


def test_refunds_that_change_while_they_are_read_are_read_again_later() -> None:
    page = answer(body=b"[]", headers=["X-WP-TotalPages: 2", "X-WP-Total: 101"])
    with (
        ScriptedServer([page, page]) as server,
        a_client(server.url) as talking,
        pytest.raises(Unavailable, match="changed while they were read") as later,
    ):
        talking.refunds(238)
    assert later.value.code == "refunds_changed"


def test_more_refunds_than_can_be_read_are_refused() -> None:
    said = answer(body=b"[]", headers=["X-WP-TotalPages: 11", "X-WP-Total: 1001"])
    with (
        ScriptedServer([said]) as server,
        a_client(server.url) as talking,
        pytest.raises(Rejected, match=r"more refunds than can be read .1001.") as refused,
    ):
        talking.refunds(238)
    assert refused.value.code == "too_many_refunds"


def test_a_silent_shop_is_given_up_and_not_asked_twice(shop: PretendShop) -> None:
    shop.place(an_order(id=238))
    shop.faults.next(ServerFault(silence_s=1.5))
    with a_client(shop.url, timeout_s=0.2) as talking:
        started = time.monotonic()
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
    assert (failed.value.code, time.monotonic() - started < 1, len(shop.calls)) == ("shop_slow", True, 1)


@pytest.mark.parametrize("headers", [[], ["X-Long: " + "a" * 600]], ids=["body", "head"])
def test_a_trickling_answer_does_not_outlast_the_call(headers: list[str]) -> None:
    endless = Slowly(answer(body=b'{"id":238,"x":"' + b"a" * 600, headers=headers), rest_s=0.01)
    with ScriptedServer([endless]) as server, a_client(server.url, timeout_s=1.0, total_s=1.5) as talking:
        started = time.monotonic()
        with pytest.raises(Unavailable) as failed:
            talking.order(238)
    assert (failed.value.code, time.monotonic() - started < 3) == ("shop_slow", True)


def test_a_shop_that_is_not_there_is_unreachable() -> None:
    with ScriptedServer([]) as server:
        url = server.url
    with a_client(url) as talking, pytest.raises(Unavailable, match="its server is off, or a firewall") as failed:
        talking.order(238)
    assert failed.value.code == "shop_unreachable"


def test_of_a_name_that_nobody_has_the_owner_is_told_to_look_for_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "resolve_addresses", Mock(side_effect=socket.gaierror))
    with a_client("https://winkkel.invalid", backoff_s=0.0) as talking, pytest.raises(Unavailable) as failed:
        talking.order(238)

    assert failed.value.code == "shop_unreachable"
    assert str(failed.value).startswith(
        "There is no server by the name winkkel.invalid. Look for a slip in the shop's address"
    )


def test_a_shop_that_speaks_without_encryption_where_it_should_is_told_so(shop: PretendShop) -> None:
    address = shop.url.replace("http://", "https://")
    with a_client(address, backoff_s=0.0) as talking, pytest.raises(Unavailable, match="speaks without encryption"):
        talking.order(238)


def test_repetitions_end_with_the_time_of_the_call() -> None:
    with ScriptedServer([answer(503)] * 5) as server, a_client(server.url, backoff_s=5.0, total_s=1.0) as talking:
        with pytest.raises(Unavailable):
            talking.order(238)
        assert len(server.asked) == 1


# Addresses


def test_a_shop_on_a_private_address_is_refused() -> None:
    with (
        ScriptedServer([answer(body=ORDER)]) as server,
        ShopClient(server.url, RestKey(KEY, SECRET), guard=Guard(allow_private=False)) as talking,
    ):
        with pytest.raises(Rejected) as refused:
            talking.order(238)
        assert (refused.value.code, server.connections) == ("private_address", 0)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://u:p@shop.example",
        "http://[::1",
        "https://x:99999",
    ],
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(Rejected) as refused:
        ShopClient(url, RestKey(KEY, SECRET), guard=Guard(allow_private=True))
    assert refused.value.code == "bad_address"


def test_a_host_that_cannot_be_a_host_is_refused() -> None:
    with a_client(f"https://{'x' * 70}.example") as talking, pytest.raises((Rejected, Unavailable)):
        talking.order(238)


def test_threads_may_share_a_client(shop: PretendShop, client: ShopClient) -> None:
    shop.place(an_order(id=238))
    read: list[int] = []
    at_once([lambda: read.extend(parse_order(client.order(238)).order_id for _ in range(5))] * 4)
    assert read == [238] * 20


def test_bodies_are_sent_as_utf_8_json() -> None:
    with ScriptedServer([answer(201, b'{"id":5}')]) as server, a_client(server.url) as talking:
        assert talking.add_note(238, "€ ł 😀") == 5
    asked = server.asked[0]
    assert asked.headers["content-type"] == "application/json;charset=utf-8"
    assert json.loads(asked.body) == {"note": "€ ł 😀", "customer_note": False}


def test_a_shop_in_maintenance_is_told_by_its_words_and_no_name_of_a_function() -> None:
    body = b'{"code":"wp_die","message":"Briefly unavailable for scheduled maintenance.","data":{"status":503}}'
    with pytest.raises(Unavailable) as busy:
        check_response(ShopResponse(503, body), about=Message("order 7"), url="https://shop.example")

    assert str(busy.value) == (
        "shop.example is busy or in maintenance (HTTP 503: Briefly unavailable for scheduled maintenance). It is tried again later."
    )
