"""`facturelay mollie`: a key goes in by a file, is tried at once, and is never printed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Facturelay
from worker.demo.pretend_mollie import KEY, LIVE_KEY, PretendMollie


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendMollie]:
    with PretendMollie() as here:
        monkeypatch.setenv("FACTURELAY_MOLLIE_URL", here.url)
        yield here


def key_file(folder: Path, key: str) -> str:
    path = folder / "key"
    path.write_text(f"{key}\n", encoding="utf-8")
    return str(path)


def new_shop(facturelay: Facturelay, *more: str) -> str:
    made = facturelay("shop", "add", "--name", "Gist", "--url", "https://gist.example", *more, "--json")
    return str(made.json["id"])


def test_a_key_is_stored_tried_and_forgotten_and_never_printed(
    facturelay: Facturelay, twin: PretendMollie, tmp_path: Path
) -> None:
    shop = new_shop(facturelay)
    connected = facturelay("mollie", "connect", shop, "--key-file", key_file(tmp_path, LIVE_KEY), "--json")
    settings = facturelay("shop", "set", shop, "mollie.methods=bancontact", "mollie.on_reminders=no", "--json")
    shown = facturelay("shop", "show", shop, "--json")

    assert (connected.code, connected.json["mode"], connected.json["good"]) == (0, "live", True)
    assert settings.code == 0
    assert shown.json["mollie"] == {
        "mode": "live", "methods": ["bancontact"], "on_invoices": True, "on_order_confirmations": True, "on_reminders": False,
    }  # fmt: skip
    assert LIVE_KEY not in json.dumps([connected.json, settings.json, shown.json])
    assert facturelay("mollie", "disconnect", shop).code == 0
    assert facturelay("mollie", "check", shop).code == 1
    assert twin.asked == ["GET /v2/methods"]


def test_a_key_that_mollie_does_not_take_is_said_and_kept_to_be_replaced(
    facturelay: Facturelay, twin: PretendMollie, tmp_path: Path
) -> None:
    shop = new_shop(facturelay)
    wrong = key_file(tmp_path, "live_wrongwrongwrongwrongwrong")
    answer = facturelay("mollie", "connect", shop, "--key-file", wrong)

    assert answer.code == 1
    assert "Mollie does not take the API key" in answer.out
    assert len(twin.asked) == 1


def test_a_live_key_for_a_shop_in_test_is_refused(facturelay: Facturelay, twin: PretendMollie, tmp_path: Path) -> None:
    shop = new_shop(facturelay, "--test")
    refused = facturelay("mollie", "connect", shop, "--key-file", key_file(tmp_path, LIVE_KEY))

    assert (refused.code, twin.asked) == (1, [])
    assert "mollie_key_live" in refused.err
    assert facturelay("mollie", "connect", shop, "--key-file", key_file(tmp_path, KEY)).code == 0
