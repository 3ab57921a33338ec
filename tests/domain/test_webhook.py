"""Which addresses may be called, and how a call is signed."""

import hashlib
import hmac

import pytest

from worker.domain.webhook import check_webhook_url, signature_header

GOOD = [
    "https://books.example.com",
    "https://books.example.com/hook?shop=1&key=%20x",
    "https://books.example.com:8443/hook",
    "https://93.184.216.34/hook",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/hook",
    "https://xn--bcher-kva.example/hook",
    "https://under_score.example.com/",
]
BAD = [
    "",
    "books.example.com",
    "//books.example.com/",
    "http://books.example.com/",  # unencrypted
    "ftp://books.example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///hook",
    "https://:443/",
    "https://books.example.com:0/",
    "https://books.example.com:99999/",
    "https://books.example.com:x/",
    "https://user:password@books.example.com/",
    "https://books.example.com@127.0.0.1/",
    "https://127.0.0.1\\@books.example.com/",
    "https://books.example.com/#part",
    "https://books.example.com/ hook",
    "https://books.example.com/\r\nHost: x",
    "https://books.example.com/\x00",
    "https://bücher.example/",
    "https://a..b.example/",
    f"https://{'a' * 64}.example/",
    f"https://books.example.com/{'a' * 500}",
    "https://[::1",
    "https://[v1.x]/",
]
INSIDE = [
    "https://localhost/",
    "https://LOCALHOST/",
    "https://shop.localhost/",
    "https://router/",
    "https://printer.local/",
    "https://db.internal/",
    "https://nas.home.arpa/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://0/",
    "https://10.0.0.1/",
    "https://192.168.1.1:8443/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[64:ff9b::a00:1]/",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_public_address_over_https_may_be_called(url: str) -> None:
    assert check_webhook_url(url, allow_private=False) == url


@pytest.mark.parametrize("url", BAD + INSIDE)
def test_anything_else_is_refused_with_a_message(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        check_webhook_url(url, allow_private=False)
    assert "address" in str(refused.value)


def test_a_machine_of_ones_own_may_be_called_where_the_operator_allows_it() -> None:
    for url in ("http://127.0.0.1:8080/hook", "http://localhost:3000/", "https://10.0.0.1/"):
        assert check_webhook_url(url, allow_private=True) == url


def test_the_signature_is_what_a_receiver_computes() -> None:
    body = '{"id":41,"buyer":"Jürgen"}'.encode()
    expected = hmac.new(b"fh_3b", b"1764150000." + body, hashlib.sha256).hexdigest()
    assert signature_header("fh_3b", body, at=1764150000) == f"t=1764150000,v1={expected}"


def test_the_signature_changes_with_secret_body_and_time() -> None:
    all_four = {
        signature_header("a", b"{}", at=1),
        signature_header("b", b"{}", at=1),
        signature_header("a", b"{ }", at=1),
        signature_header("a", b"{}", at=2),
    }
    assert len({one.partition("v1=")[2] for one in all_four}) == 4
