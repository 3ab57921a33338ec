"""The attacks on a signature, one by one."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.webhooks.signature import verify
from tests.support.bridge_app import recorded_deliveries

BODY = b'{"id":238,"total":"22.20","name":"caf\\u00e9 \\/ th\\u00e9"}'
SECRET = "4f9d2c7b81e640d3a55e"


def sign(body: bytes = BODY, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


RIGHT = sign()
DIGEST = hmac.digest(SECRET.encode(), BODY, hashlib.sha256)


def test_the_signature_of_the_secret_verifies() -> None:
    assert verify(BODY, RIGHT, [SECRET])


ATTACKS = {
    "no header": None,
    "empty": "",
    "white space": " ",
    "not base64": "not base64!",
    "no padding": RIGHT.rstrip("="),
    "more padding": RIGHT + "=",
    "space before": " " + RIGHT,
    "space behind": RIGHT + " ",
    "line break behind": RIGHT + "\n",
    "line break inside": RIGHT[:10] + "\n" + RIGHT[10:],
    "something behind the padding": RIGHT + "AAAA",
    "twice, as two headers arrive": f"{RIGHT},{RIGHT}",
    "other case": RIGHT.swapcase(),
    "url-safe alphabet": base64.urlsafe_b64encode(b"\xfb\xff" + DIGEST[2:]).decode(),
    # The last character of 32 bytes carries two bits that nobody reads; a lenient decoder takes four spellings for one.
    "spare bits set": RIGHT[:-2] + chr(ord(RIGHT[-2]) + 1) + "=",
    "one character wrong": ("A" if RIGHT[0] != "A" else "B") + RIGHT[1:],
    "first half": base64.b64encode(DIGEST[:16]).decode(),
    "hex instead of base64": DIGEST.hex(),
    "sha1": base64.b64encode(hmac.digest(SECRET.encode(), BODY, hashlib.sha1)).decode(),
    "hash without key": base64.b64encode(hashlib.sha256(BODY).digest()).decode(),
    "secret before the body, hashed": base64.b64encode(hashlib.sha256(SECRET.encode() + BODY).digest()).decode(),
    "signed with an empty key": sign(secret=""),
    "signed with the word null": sign(secret="null"),
    "of another body": sign(b'{"id":239}'),
    "of the body and a line break": sign(BODY + b"\n"),
    "of the same JSON, written anew": sign(json.dumps(json.loads(BODY)).encode()),
    "not ASCII": "é" * 44,
    "a NUL": RIGHT[:-1] + "\0",
    "half a character": "\udcff" * 44,
    "very long": RIGHT * 10_000,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_nothing_else_verifies(attack: str | None) -> None:
    assert not verify(BODY, attack, [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_an_empty_secret_never_verifies(secrets: list[str]) -> None:
    assert not verify(BODY, sign(secret=""), secrets)


def test_an_empty_secret_does_not_spoil_the_others() -> None:
    assert verify(BODY, RIGHT, ["", SECRET])


def test_the_old_secret_verifies_while_it_is_rotated() -> None:
    assert verify(BODY, RIGHT, ["the new one", SECRET])


def test_a_body_with_one_byte_more_or_less_does_not_verify() -> None:
    assert not verify(BODY + b" ", RIGHT, [SECRET])
    assert not verify(BODY[:-1], RIGHT, [SECRET])


def test_an_empty_body_verifies_only_under_its_own_signature() -> None:
    assert verify(b"", sign(b""), [SECRET])
    assert not verify(b"", RIGHT, [SECRET])


TYPED_AND_SIGNED_WITH = [
    ("a&amp;b&lt;c", "a&b<c"),  # observed on a real shop
    ("a&b<c", "a&b<c"),  # stored through REST
    ("&quot;x&#039;&#x27;&#34;&#0038;&gt;", "\"x''\"&>"),
    ("a&amp;lt;b", "a&lt;b"),  # once, not until nothing is left
    ("a&copy;&amp;b", "a&copy;&b"),  # WordPress knows five names, not all of HTML
    ("a&copy", "a&copy"),
]


@pytest.mark.parametrize(("typed", "used"), TYPED_AND_SIGNED_WITH)
def test_a_secret_verifies_as_wordpress_unescapes_it(typed: str, used: str) -> None:
    assert verify(BODY, sign(secret=used), [typed])


@given(st.binary(max_size=200), st.text(max_size=60), st.text(min_size=1, max_size=40))
def test_random_signatures_neither_verify_nor_raise(body: bytes, signature: str, secret: str) -> None:
    assert not verify(body, signature, [secret])


@pytest.mark.parametrize("path", recorded_deliveries(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recorded_delivery_verifies(path: Path) -> None:
    recorded = json.loads(path.read_text())
    headers = {name.lower(): value for name, value in recorded["headers"]}

    assert verify(recorded["body_text"].encode(), headers["x-wc-webhook-signature"], [recorded["secret"]])
