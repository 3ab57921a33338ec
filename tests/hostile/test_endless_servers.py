"""No server can hold one of our processes for longer than the talk with it may last, nor fill its memory, whatever it sends."""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.hostile.hostile_server import Script, Victim, hostile_server
from tests.support.scripted_server import certificate
from worker.errors import Rejected, Unavailable
from worker.mail import smtp
from worker.net import http_call, talk
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question, call
from worker.plugin.client import PluginClient
from worker.woocommerce.client import ShopClient
from worker.woocommerce.rest import MAX_ANSWER_BYTES, RestKey
from worker.woocommerce.shop_calls import Guard, Patience

TOTAL_S = 0.6
# Shared machines pause; what is bounded by nothing takes as long as the server likes, here 20 s.
AT_THE_MOST_S = 5.0
MOST_BYTES = 100_000

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"


def after_the_question(*steps: tuple[Callable[[Victim, bytes], None], bytes]) -> Script:
    def script(victim: Victim) -> None:
        victim.read_head()
        for step, text in steps:
            step(victim, text)

    return script


def bomb() -> bytes:
    """A megabyte that unpacks to a gigabyte. Packed once and repeated: each process that runs tests reads this file."""
    ten_megabytes, crc = bytes(10_000_000), 0
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(ten_megabytes) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(100):
        crc = zlib.crc32(ten_megabytes, crc)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + piece * 100 + packer.flush() + struct.pack("<LL", crc, 1_000_000_000)


SLOW: dict[str, Script] = {
    "says nothing": after_the_question((lambda victim, _: victim.silently(), b"")),
    "drips its status line": after_the_question((Victim.dripping, b"HTTP/1.1 200 OK" + b"K" * 500)),
    "drips headers": after_the_question((Victim.say, OK), (Victim.dripping, b"X-A: b\r\n")),
    "drips its body": after_the_question((Victim.say, OK + b"Content-Length: 5000\r\n\r\n"), (Victim.dripping, b"[1,")),
    "drips chunk sizes": after_the_question(
        (Victim.say, OK + b"Transfer-Encoding: chunked\r\n\r\n"), (Victim.dripping, b"1\r\n1\r\n")
    ),
    "drips trailers": after_the_question((Victim.say, CHUNKED), (Victim.dripping, b"X-A: b\r\n")),
    "goes on with 100 Continue, slowly": after_the_question((Victim.dripping, b"HTTP/1.1 100 Continue\r\n\r\n")),
}
WITHOUT_END: dict[str, Script] = {
    "a header without end": after_the_question((Victim.say, OK + b"X-A: "), (Victim.endlessly, b"a")),
    "100 Continue without end": after_the_question((Victim.endlessly, b"HTTP/1.1 100 Continue\r\n\r\n")),
    "a body without end": after_the_question((Victim.say, OK + b"\r\n"), (Victim.endlessly, b"[1,")),
    "chunks without end": after_the_question(
        (Victim.say, OK + b"Transfer-Encoding: chunked\r\n\r\n"), (Victim.endlessly, b"1\r\n1\r\n")
    ),
    "a chunk size without end": after_the_question(
        (Victim.say, OK + b"Transfer-Encoding: chunked\r\n\r\n"), (Victim.endlessly, b"0")
    ),
    "trailers without end": after_the_question((Victim.say, CHUNKED), (Victim.endlessly, b"X-A: b\r\n")),
    "a packed gigabyte": after_the_question(
        (Victim.say, OK + b"Content-Encoding: gzip\r\n\r\n"), (Victim.say, bomb()), (Victim.say, b"")
    ),
}


def asked(url: str, *, total_s: float = TOTAL_S, ca_file: str = "", follow: bool = False) -> tuple[HttpTrouble, float]:
    question = Question("GET", url, total_s=total_s, most_bytes=MOST_BYTES, ca_file=ca_file, follow=follow)
    started = time.monotonic()
    with guarded_session(allow_private=True) as session, pytest.raises(HttpTrouble) as caught:
        call(session, question)
    return caught.value, time.monotonic() - started


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
def test_a_server_that_drips_is_left_when_the_talk_is_over(script: Script) -> None:
    with hostile_server(script) as server:
        trouble, took_s = asked(f"http://127.0.0.1:{server.port}/")
    assert isinstance(trouble, http_call.Slow)
    assert TOTAL_S * 0.9 < took_s < AT_THE_MOST_S


@pytest.mark.parametrize("script", WITHOUT_END.values(), ids=WITHOUT_END)
def test_a_server_without_end_is_left_after_so_many_bytes(script: Script) -> None:
    with hostile_server(script) as server:
        trouble, took_s = asked(f"http://127.0.0.1:{server.port}/", total_s=20)
    assert isinstance(trouble, HttpTrouble)
    assert not isinstance(trouble, http_call.Slow)
    assert took_s < AT_THE_MOST_S


@pytest.mark.parametrize("tormented", ["drips its body", "drips trailers"])
def test_tls_changes_nothing_about_it(tormented: str, tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, "localhost")
    with hostile_server(SLOW[tormented], tls=context) as server:
        trouble, took_s = asked(f"https://localhost:{server.port}/", ca_file=ca_file)
    assert isinstance(trouble, http_call.Slow)
    assert took_s < AT_THE_MOST_S


def test_a_handshake_that_never_ends_is_left(tmp_path: Path) -> None:
    with hostile_server(Victim.silently) as server:
        trouble, took_s = asked(f"https://127.0.0.1:{server.port}/")
    assert isinstance(trouble, http_call.Slow)
    assert took_s < AT_THE_MOST_S


def test_redirects_in_a_circle_end() -> None:
    def script(victim: Victim) -> None:
        victim.read_head()
        victim.say(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with hostile_server(script) as server:
        _, took_s = asked(f"http://127.0.0.1:{server.port}/", follow=True, total_s=20)
        assert server.connections <= http_call.MOST_REDIRECTS + 1
    assert took_s < AT_THE_MOST_S


@pytest.fixture
def nobody_resolves(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A resolver that does not answer."""
    over, asked_names = threading.Event(), list[str]()

    def getaddrinfo(host: str, *_: object, **__: object) -> object:
        asked_names.append(host)
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked_names
    over.set()


def test_a_name_that_nobody_resolves_is_given_up_with_the_talk(nobody_resolves: list[str]) -> None:
    trouble, took_s = asked("http://shop.example/")
    assert isinstance(trouble, http_call.Slow)
    assert took_s < AT_THE_MOST_S


def test_everybody_who_waits_for_one_name_waits_for_one_question(nobody_resolves: list[str]) -> None:
    with talk.talk(0.1, most_bytes=0):
        for _ in range(20):
            with pytest.raises(TimeoutError):
                talk.numbers_of("shop.example", 443)
    assert nobody_resolves == ["shop.example"]


def test_nobody_is_called_without_an_end() -> None:
    with (
        hostile_server(Victim.silently) as server,
        guarded_session(allow_private=True) as session,
        pytest.raises(RuntimeError, match="without an end"),
    ):
        session.get(f"http://127.0.0.1:{server.port}/")


def test_a_talk_inside_another_ends_with_it() -> None:
    with talk.talk(0.5, most_bytes=10), talk.talk(60, most_bytes=1000) as inner:
        assert inner.remaining_s <= 0.5
        inner.count(9)
        with pytest.raises(OSError, match="without end"):
            inner.count(9)


# The shop and its plugin


def shop(port: int) -> ShopClient:
    return ShopClient(
        f"http://127.0.0.1:{port}",
        RestKey("ck_1", "cs_1"),
        patience=Patience(total_s=TOTAL_S, backoff_s=0.01),
        guard=Guard(allow_private=True),
    )


@pytest.mark.parametrize("script", [SLOW["drips trailers"], SLOW["drips headers"]], ids=["trailers", "headers"])
def test_a_call_to_a_shop_ends_with_all_its_repetitions(script: Script) -> None:
    started = time.monotonic()
    with hostile_server(script) as server, shop(server.port) as client, pytest.raises(Unavailable) as caught:
        client.order(1)
    assert caught.value.code == "shop_slow"
    assert time.monotonic() - started < AT_THE_MOST_S


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b'{"id":' + b"9" * 1_000_000 + b"}",
        b'{"total":' + b"9" * 1_000_000 + b".5}",
        b'{"total":1e' + b"9" * 1_000 + b"}",
        b"{" + b",".join(b'"%d":1' % number for number in range(100_000)) + b',"0":2}',
        b"\xff" * 1_000_000,
    ],
    ids=["deep lists", "deep objects", "huge whole", "huge fraction", "huge exponent", "fields, one twice", "no text"],
)
def test_hostile_json_is_an_error_in_bounded_time(body: bytes) -> None:
    said = OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    started = time.monotonic()
    with hostile_server(after_the_question((Victim.say, said))) as server:
        with (
            ShopClient(
                f"http://127.0.0.1:{server.port}",
                RestKey("ck_1", "cs_1"),
                patience=Patience(total_s=20),
                guard=Guard(allow_private=True),
            ) as client,
            pytest.raises((Rejected, Unavailable)),
        ):
            client.order(1)
        with pytest.raises(Unavailable):
            plugin(server.port).call("state", {})
    assert time.monotonic() - started < 2 * AT_THE_MOST_S


def test_an_order_is_no_gigabyte() -> None:
    said = OK + b"Content-Encoding: gzip\r\n\r\n"
    packed = gzip.compress(b" " * (MAX_ANSWER_BYTES + 1))
    script = after_the_question((Victim.say, said), (Victim.say, packed))
    with hostile_server(script) as server, ShopClient(f"http://127.0.0.1:{server.port}", RestKey("ck_1", "cs_1"), guard=Guard(allow_private=True)) as client, pytest.raises(Rejected) as caught:  # fmt: skip
        client.order(1)
    assert caught.value.code == "answer_too_large"


def plugin(port: int) -> PluginClient:
    import datetime as dt

    return PluginClient(
        f"http://127.0.0.1:{port}", "secret", allow_private=True, now=lambda: dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    )


def test_a_plugin_that_drips_is_left_when_the_talk_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.plugin.client.TOTAL_S", TOTAL_S)
    started = time.monotonic()
    with hostile_server(SLOW["drips its body"]) as server, pytest.raises(Unavailable) as caught:
        plugin(server.port).call("state", {})
    assert caught.value.code == "plugin_silent"
    assert time.monotonic() - started < AT_THE_MOST_S


# Mail


def greeted(*then: tuple[Callable[[Victim, bytes], None], bytes]) -> Script:
    def script(victim: Victim) -> None:
        victim.say(b"220 mail.example\r\n")
        victim.read_line()
        for step, text in then:
            step(victim, text)

    return script


def mailed(port: int, *, total_s: float = TOTAL_S) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "shop@gist.example", "jan@example.org"
    message["Message-ID"] = "<1@facturen.example>"
    smtp.send(
        message,
        smtp_url=f"smtp://localhost:{port}",
        recipients=("jan@example.org",),
        total_s=total_s,
        connect_to=("127.0.0.1",),
    )


MAIL_SERVERS: dict[str, Script] = {
    "says nothing": Victim.silently,
    "greets without end": lambda victim: victim.endlessly(b"220-welcome\r\n"),
    "drips its greeting": lambda victim: victim.dripping(b"220-welcome\r\n"),
    "names its abilities without end": greeted((Victim.endlessly, b"250-SIZE\r\n")),
    "drips its abilities": greeted((Victim.dripping, b"250-SIZE\r\n")),
    "drips its answer to the mail": greeted(
        (Victim.say, b"250 ok\r\n"), (lambda victim, _: victim.read_line(), b""), (Victim.dripping, b"250-ok\r\n")
    ),
}


@pytest.mark.parametrize("script", MAIL_SERVERS.values(), ids=MAIL_SERVERS)
def test_a_mail_server_is_left_when_the_talk_is_over(script: Script) -> None:
    started = time.monotonic()
    with hostile_server(script) as server, pytest.raises(Unavailable) as caught:
        mailed(server.port)
    assert caught.value.code == "mail_server_unreachable"
    assert time.monotonic() - started < AT_THE_MOST_S


def test_a_greeting_of_one_line_without_end_is_refused() -> None:
    with hostile_server(lambda victim: victim.endlessly(b"2")) as server, pytest.raises(Rejected) as caught:
        mailed(server.port)
    assert "500 Line too long" in str(caught.value.message)


def test_a_greeting_without_end_fills_no_memory() -> None:
    """3 GB in 18 s, before: each line was kept."""
    received = []

    def script(victim: Victim) -> None:
        while not victim.over.is_set():
            victim.say(b"220-welcome\r\n" * 1000)
            received.append(13_000)

    with hostile_server(script) as server, pytest.raises(Unavailable):
        mailed(server.port, total_s=20)
    assert sum(received) < 20_000_000  # what fits into the buffers of both ends, and no more
