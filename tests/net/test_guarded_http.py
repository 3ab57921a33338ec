"""The guard on addresses that a shop can set."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted_server import ScriptedServer, answer, certificate
from worker.errors import Rejected
from worker.net.guarded_http import guarded_session, resolve_addresses
from worker.net.ip_address import is_public
from worker.net.talk import talk


@pytest.fixture(autouse=True)
def a_talk() -> Iterator[None]:
    with talk(20, most_bytes=100_000):
        yield


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104 - to be refused, not bound
        "0.1.2.3",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "",
        "localhost",
    ],
)
def test_an_address_that_is_not_everybodys_is_refused(number: str) -> None:
    assert not is_public(number)


@pytest.mark.parametrize("number", ["8.8.8.8", "172.32.0.1", "100.63.0.1", "2606:4700:4700::1111", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_public_internet_may_be_called(number: str) -> None:
    assert is_public(number)


@given(st.ip_addresses(v=4))
def test_no_public_address_is_inside_a_private_network(address: ipaddress.IPv4Address) -> None:
    inside = any(
        address in ipaddress.ip_network(network)
        for network in (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
        )
    )
    assert not (inside and is_public(str(address)))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0"])
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    with ScriptedServer([answer()]) as shop, guarded_session(allow_private=False) as session:
        with pytest.raises(Rejected) as refused:
            session.get(f"http://{host}:{shop.port}/")
        assert (refused.value.code, shop.connections) == ("private_address", 0)


def test_the_refusal_says_the_name_the_number_and_what_the_operator_can_do() -> None:
    with pytest.raises(Rejected) as refused:
        resolve_addresses("127.0.0.1", 80, allow_private=False)
    assert str(refused.value.message) == (
        "“127.0.0.1” leads to 127.0.0.1, an address inside a private network, so it is not called. Use the public "
        "address; on a machine of your own, whoever runs Facturelay can allow it."
    )


def test_this_machine_may_be_called_where_the_operator_allows_it() -> None:
    with ScriptedServer([answer(body=b"hello")]) as shop, guarded_session(allow_private=True) as session:
        assert session.get(shop.url).content == b"hello"


def test_a_redirect_into_the_private_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is let through by naming loopback a public number; the second is loopback under its own name."""
    with ScriptedServer([answer(302, headers=["Location: http://127.0.0.1:1/"])]) as shop:
        _resolve_as(monkeypatch, {"shop.example": "8.8.8.8", "127.0.0.1": "127.0.0.1"})
        _connect_instead(monkeypatch, shop.port)
        with guarded_session(allow_private=False) as session, pytest.raises(Rejected) as refused:
            session.get("http://shop.example/")
    assert (refused.value.code, len(shop.asked)) == ("private_address", 1)


def test_the_checked_number_is_the_one_connected_to_whatever_the_name_says_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer([answer()]) as shop:
        questions = _resolve_in_turn(monkeypatch, ["8.8.8.8", "127.0.0.1", "127.0.0.1"])
        called = _connect_instead(monkeypatch, shop.port)
        with guarded_session(allow_private=False) as session:
            session.get("http://shop.example/")
    assert (called, questions, shop.asked[0].headers["host"]) == (["8.8.8.8"], ["shop.example"], "shop.example")


def test_one_private_answer_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_as(monkeypatch, {"shop.example": "8.8.8.8 10.0.0.7"})
    with pytest.raises(Rejected, match=r"leads to 10\.0\.0\.7"):
        resolve_addresses("shop.example", 443, allow_private=False)


def test_the_name_is_resolved_and_checked_anew_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([answer(headers=["Connection: close"]), answer()]) as shop:
        _resolve_in_turn(monkeypatch, ["8.8.8.8", "192.168.0.9"])
        _connect_instead(monkeypatch, shop.port)
        with guarded_session(allow_private=False) as session:
            session.get("http://shop.example/")
            with pytest.raises(Rejected, match=r"192\.168\.0\.9"):
                session.get("http://shop.example/")


def test_tls_still_asks_for_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names: list[str | None] = []
    context, ca_file = certificate(tmp_path, "shop.example")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with ScriptedServer([answer(body=b"safe")], context=context) as shop:
        _resolve_as(monkeypatch, {"shop.example": "127.0.0.1", "other.example": "127.0.0.1"})
        with guarded_session(allow_private=True) as session:
            good = session.get(f"https://shop.example:{shop.port}/", verify=ca_file)
            with pytest.raises(requests.exceptions.SSLError):
                session.get(f"https://other.example:{shop.port}/", verify=ca_file)
    assert (good.content, names) == (b"safe", ["shop.example", "other.example"])


def test_a_connection_that_connects_again_knows_its_authorities_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, ca_file = certificate(tmp_path, "shop.example")
    _resolve_as(monkeypatch, {"shop.example": "127.0.0.1"})
    closing = answer(headers=["Connection: close"])
    with ScriptedServer([closing] * 3, context=context) as shop, guarded_session(allow_private=True) as session:
        address = f"https://shop.example:{shop.port}/"
        assert [session.get(address, verify=ca_file).status_code for _ in range(3)] == [200, 200, 200]
    assert shop.connections == 3


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([answer()]) as proxy, ScriptedServer([answer(body=b"direct")]) as shop:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        with guarded_session(allow_private=True) as session:
            said = session.get(shop.url, proxies={"http": proxy.url})
    assert (said.content, proxy.connections) == (b"direct", 0)


def test_passwords_of_the_operators_netrc_are_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login operator password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer([answer()]) as shop, guarded_session(allow_private=True) as session:
        session.get(shop.url)
    assert "authorization" not in shop.asked[0].headers


def test_cookies_are_not_stored() -> None:
    visitors = answer(headers=["Set-Cookie: wordpress_logged_in=1"])
    with ScriptedServer([visitors, answer()]) as shop, guarded_session(allow_private=True) as session:
        session.get(shop.url)
        session.get(shop.url)
    assert "cookie" not in shop.asked[1].headers


def test_a_name_that_does_not_exist_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_as(monkeypatch, {})
    with guarded_session(allow_private=False) as session, pytest.raises(requests.ConnectionError):
        session.get("http://nowhere.example/")


def _resolve_as(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> None:
    """Let the resolver know *names*: each with its numbers, separated by spaces."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: int, **more: int) -> object:
        if host.replace(".", "").isdigit():
            return real(host, port, *rest, **more)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        numbers = names[host].split()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _resolve_in_turn(monkeypatch: pytest.MonkeyPatch, numbers: list[str]) -> list[str]:
    """Let each question for a name have the next of *numbers*; the questions are noted."""
    real, questions = socket.getaddrinfo, list[str]()

    def getaddrinfo(host: str, port: int, *rest: int, **more: int) -> object:
        if host.replace(".", "").isdigit():
            return real(host, port, *rest, **more)
        questions.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (numbers[len(questions) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return questions


def _connect_instead(monkeypatch: pytest.MonkeyPatch, port: int) -> list[str]:
    """Lead every connection to our own server on *port*, and note which number was meant."""
    real, called = socket.socket.connect, list[str]()

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        called.append(address[0])
        real(self, ("127.0.0.1", port))

    monkeypatch.setattr(socket.socket, "connect", connect)
    return called
