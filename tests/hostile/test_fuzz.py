"""Doors and parsers under anything at all: they answer or refuse, and never break.

In CI each is given the same examples every time. `make fuzz SECONDS=600` goes on at random for as long as you say; what it finds
is kept by hypothesis and tried first the next time.
"""

import contextlib
import json
import os
import random
import re
import secrets
import string
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.hostile.test_doors import headers_of
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft, settings_for
from tests.support.plugin_requests import connect, invite
from worker.domain import settings_form
from worker.domain.document import Category, Line
from worker.domain.party import Address, Buyer
from worker.domain.settings_form import FIELDS, WrongSettings
from worker.domain.shop import OrderSettings, Shop
from worker.errors import FacturelayError, InvalidValue
from worker.net import document_link, sender_proof, vies_answer
from worker.net.smtp_url import parse_smtp_url
from worker.payments.bank_files.read import read_file
from worker.plugin import client as plugin_client
from worker.rendering import preview_pdf
from worker.store.database import json_codec
from worker.woocommerce.list_payload import parse_notes, parse_order_list, parse_webhooks
from worker.woocommerce.payload import parse_order, peek, shop_error
from worker.woocommerce.refund_payload import parse_refunds

# How long all of them together go on at random; 0: a fixed number of examples each, as in CI.
SECONDS = float(os.environ.get("FUZZ_SECONDS") or 0)
RECORDED = [
    path for path in (Path(__file__).parents[1] / "recordings").glob("*/*order*.json") if path.stat().st_size < 60_000
]
ORDERS = [path for path in RECORDED if path.name[0].isdigit() or path.stem.rpartition("-")[2].isdigit()]
STATEMENTS = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "payments" / "bank_files").glob("*/*"))]
# What has broken programs before.
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.1, -0.0, 1e308, "", "0", "-0", "1e400", "NaN", "Infinity",
    "0x10", "١٢٣", "²", "1_000", "1,5", " 12 ", "\0", "\ud800", "\u202e", "a" * 5_000, "<script>", "{{ 7*7 }}", "{value}", "%s%n",
    "../../etc/passwd", "=cmd|' /C calc'!A0", "2026-02-30T25:61:61", "9999-12-31T23:59:59", "0000-00-00T00:00:00", [], {}, [[]],
    [None], {"": None}, {"id": "x"}, [{}], "\r\nBcc: x@y.example", "🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 20, "ا" * 50, "\u0300" * 200,
)  # fmt: skip

Check = Callable[[random.Random, str, bytes], None]


def mutated(found: Any, chance: random.Random) -> Any:
    """*found* with some of what is in it replaced, taken out, or put in twice."""
    if isinstance(found, dict):
        changed = {key: mutated(value, chance) for key, value in found.items() if chance.random() > 0.003}
        return changed if chance.random() > 0.003 else chance.choice(HOSTILE)
    if isinstance(found, list):
        grown = [mutated(value, chance) for value in found for _ in range(1 + (chance.random() < 0.02))]
        return grown if chance.random() > 0.003 else chance.choice(HOSTILE)
    return chance.choice(HOSTILE) if chance.random() < 0.01 else found


def damaged(body: bytes, chance: random.Random) -> bytes:
    """*body* cut, or with some bytes of another kind."""
    found = bytearray(body)
    for _ in range(chance.randint(0, 3)):
        if found:
            found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found[: chance.randrange(len(found) + 1)]) if chance.random() < 0.2 else bytes(found)


def body_of(chance: random.Random, anything: bytes) -> bytes:
    """What a shop might answer: a recorded order gone wrong, some bytes, or JSON of nothing but hostile values."""
    if chance.random() < 0.1:
        return anything
    if chance.random() < 0.1:
        return json.dumps(chance.choices(HOSTILE, k=3)).encode()
    found = json.loads(chance.choice(ORDERS if chance.random() < 0.7 else RECORDED).read_bytes())
    order = found.get("body_text", found) if isinstance(found, dict) else found
    content = mutated(json.loads(order) if isinstance(order, str) else order, chance)
    body = json.dumps(content, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return damaged(body, chance) if chance.random() < 0.3 else body


def refusing(what: Callable[[], object]) -> None:
    """It may refuse in our words, and do nothing else wrong."""
    try:
        what()
    except (FacturelayError, InvalidValue):
        return


def read_answers_of_the_shop(chance: random.Random, text: str, raw: bytes) -> None:
    body = body_of(chance, raw)
    for read in (parse_refunds, parse_order_list, parse_notes, parse_webhooks, peek, shop_error):
        refusing(lambda read=read: read(body))  # type: ignore[misc]  # each is called at once
    refusing(lambda: check_storable(parse_order(body)))


def check_storable(found: object) -> None:
    """What was read can be written: no database takes NUL or half a surrogate pair."""
    written = json_codec.dump(found)
    assert "\\u0000" not in written
    assert not re.search(r"\\\\ud[89a-f]", written)
    written.encode()


def read_answers_of_the_plugin(chance: random.Random, text: str, raw: bytes) -> None:
    found = plugin_client.parse_answer(body_of(chance, raw))
    assert found is None or found["facturelay"] is True


def read_answers_of_vies(chance: random.Random, text: str, raw: bytes) -> None:
    said = {
        "valid": chance.choice(HOSTILE),
        "countryCode": chance.choice(("BE", text)),
        "errorWrappers": chance.choice(HOSTILE),
    }
    for answer in (text, json.dumps(said), json.dumps(chance.choice(HOSTILE))):
        assert vies_answer.read_answer(answer, "BE0445566134").valid in (None, False, True)


def read_bank_files(chance: random.Random, text: str, raw: bytes) -> None:
    """A statement with bytes of another kind, cut, or with rows taken out and put in twice: all of its lines can be stored, or none."""
    rows = chance.choice(STATEMENTS).splitlines(keepends=True)
    content = b"".join(row for row in rows for _ in range(chance.choices((1, 0, 2), (96, 2, 2))[0]))
    if chance.random() < 0.3:
        content = content.replace(
            chance.choice((b"1", b"0", b",", b";", b"EUR")), chance.choice((raw, text.encode(), b"NaN"))
        )

    def read() -> None:
        for line in read_file(damaged(content, chance))[1]:
            assert line.amount.is_finite()
            assert len(line.key) <= 500
            check_storable([line.key, line.name, line.text, line.iban, line.structured, line.bank_reference])

    refusing(read)


def read_links(chance: random.Random, text: str, raw: bytes) -> None:
    keys = ("k" * 40,)
    token = chance.choice(
        (
            document_link.sign(keys, 1, now=NOW),
            text,
            damaged(document_link.sign(keys, 1, now=NOW).encode(), chance).decode("latin-1"),
        )
    )
    found = document_link.read(keys, token)
    assert found is None or found.document_id == 1
    assert sender_proof.read(keys, token) is None


def read_mail_servers(chance: random.Random, text: str, raw: bytes) -> None:
    for url in (text, f"smtp://{text}", f"smtps://{text}@{text}:{chance.choice(HOSTILE)}"):
        with contextlib.suppress(ValueError):
            parse_smtp_url(url)


def read_settings(chance: random.Random, text: str, raw: bytes) -> None:
    shop = Shop(SHOP, "Shop", "https://shop.example", OrderSettings(NOW))
    names = chance.sample(sorted(FIELDS), k=3)
    given_texts = {
        name: chance.choice((text, str(chance.choice(HOSTILE)), "21", "BE", "=".join((text, "21")))) for name in names
    }
    try:
        changed = settings_form.apply_settings(shop, given_texts)
    except (WrongSettings, FacturelayError, InvalidValue):
        return
    # What it took, it shows and takes again.
    shown = settings_form.settings_as_text(changed)
    assert settings_form.apply_settings(changed, {name: shown[name] for name in names}) == changed


def print_text(chance: random.Random, text: str, raw: bytes) -> None:
    def some() -> str:
        return chance.choice((text, "".join(chance.choices(string.printable, k=40)), str(chance.choice(HOSTILE))))[
            :2_000
        ].replace("\ud800", "")

    lines = tuple(
        Line(some() or "x", Decimal(1), Decimal("18.35"), Decimal("18.35"), Category.STANDARD, Decimal(21))
        for _ in range(2)
    )[:1]
    buyer = Buyer(some(), company=some(), address=Address(some(), some(), some(), some(), "", "BE"), email=some())
    refusing(lambda: check_pdf(preview_pdf(a_draft(lines=lines, buyer=buyer, order_number=some()[:40])).pdf))


def check_pdf(content: bytes) -> None:
    assert content.startswith(b"%PDF")
    for active in (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/OpenAction"):
        assert active not in content


# Each with how many examples CI gives it: some seconds together.
PARSERS: dict[str, tuple[Check, int]] = {
    "answers of the shop": (read_answers_of_the_shop, 300),
    "answers of the plugin": (read_answers_of_the_plugin, 200),
    "answers of VIES": (read_answers_of_vies, 200),
    "bank files": (read_bank_files, 80),
    "links": (read_links, 200),
    "mail servers": (read_mail_servers, 200),
    "settings": (read_settings, 300),
    "text of a document": (print_text, 25),
}


def tried(check: Check, examples: int) -> None:
    """Try *check* on a fixed number of examples, or at random for its share of the time."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    if not SECONDS:
        fixed = settings(
            max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=quiet
        )
        fixed(anything(check))()
        return
    until = time.monotonic() + SECONDS / (len(PARSERS) + len(DOORS))
    while time.monotonic() < until:
        number = secrets.randbits(32)
        print(f"seed {number}")
        seed(number)(settings(max_examples=examples, deadline=None, suppress_health_check=quiet)(anything(check)))()


def anything(check: Check) -> Callable[[], None]:
    """*check* on whatever there is; a new function each time, as one takes one seed."""

    def run(chance: random.Random, text: str, raw: bytes) -> None:
        check(chance, text, raw)

    return given(st.randoms(use_true_random=True), st.text(max_size=60), st.binary(max_size=60))(run)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_reads_or_refuses_and_never_breaks(name: str) -> None:
    tried(*PARSERS[name])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeApp]:
    folder = tmp_path_factory.mktemp("fuzz")
    from worker.store.database.migrate import upgrade

    url = f"sqlite:///{folder}/facturelay.db"
    upgrade(url)
    app = BridgeApp(settings_for(url, folder))
    app.add_shop()
    invite(app)
    connect(app)
    yield app
    app.close()


def knock_as_the_shop(app: BridgeApp, chance: random.Random, raw: bytes) -> int:
    return app.deliver(body_of(chance, raw)).status_code


def knock_as_the_plugin(app: BridgeApp, chance: random.Random, raw: bytes) -> int:
    route = chance.choice(("order", "task", "task/answer", "files", "check", "heartbeat", "changed"))
    names = (
        "order",
        "key",
        "kind",
        "document",
        "draft",
        "documents",
        "orders",
        "task",
        "again",
        "version",
        "by",
        "send",
    )
    content = {name: chance.choice((*HOSTILE, 1, "send", [1])) for name in chance.sample(names, k=4)}
    body = raw if chance.random() < 0.1 else json.dumps(content).encode()
    path = f"/plugin/{route}"
    return app.client.post(
        path, data=body, headers=headers_of(app, path, body, nonce=secrets.token_hex(16))
    ).status_code


def knock_as_a_stranger(app: BridgeApp, chance: random.Random, raw: bytes) -> int:
    paths = (
        "/webhooks/",
        "/d/",
        "/sender/",
        "/join/",
        "/sign-in",
        "/plugin/d/",
        "/api/v1/documents/",
        "/s/",
        "/static/",
        "/",
    )
    path = chance.choice(paths) + raw.decode("latin-1")
    method = chance.choice(("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"))
    headers = {
        name: raw.decode("latin-1").replace("\r", "").replace("\n", "")
        for name in ("X-Forwarded-For", "Cookie", "Accept-Language", "Authorization")
    }
    return app.client.open(path, method=method, data=raw, headers=headers).status_code


DOORS: dict[str, tuple[Callable[[BridgeApp, random.Random, bytes], int], int]] = {
    "webhooks": (knock_as_the_shop, 150),
    "plugin": (knock_as_the_plugin, 150),
    "strangers": (knock_as_a_stranger, 200),
}


@pytest.mark.parametrize("name", DOORS)
def test_a_door_answers_and_never_breaks(door: BridgeApp, name: str) -> None:
    knock, examples = DOORS[name]

    def check(chance: random.Random, text: str, raw: bytes) -> None:
        assert knock(door, chance, raw) < 500

    tried(check, examples)
