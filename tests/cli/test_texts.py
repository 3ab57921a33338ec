"""`facturelay texts`, `mail` and `shop logo`: texts and branding of documents and mails."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ShopAtHand
from worker.demo.mailbox import Mailbox
from worker.domain.document import Kind
from worker.rendering.samples import a_logo

MakeShop = Callable[..., ShopAtHand]
SUBJECT = "mail.subject/invoice/unpaid/nl"


@pytest.fixture
def shop(make_shop: MakeShop) -> ShopAtHand:
    return make_shop()


def test_a_text_is_set_shown_listed_and_reset(shop: ShopAtHand) -> None:
    run, shop_id = shop.facturelay, shop.shop_id
    assert run("texts", "set", shop_id, SUBJECT, "Uw %factuurnummer%", "--json").json == [SUBJECT]
    assert run("texts", "show", shop_id, SUBJECT, "--json").json == {SUBJECT: "Uw {number}"}
    own = [{"key": SUBJECT, "own": True, "text": "Uw {number}"}]
    assert run("texts", "list", shop_id, "--own", "--json").json == own
    assert run("texts", "reset", shop_id, "mail.*").code == 0
    assert run("texts", "list", shop_id, "--own", "--json").json == []


def test_a_text_can_come_from_a_file(shop: ShopAtHand, tmp_path: Path) -> None:
    file = tmp_path / "body.txt"
    file.write_text("Beste {buyer},\n\nZie {link}", encoding="utf-8")

    written = shop.facturelay("texts", "set", shop.shop_id, "mail.body/*/*/fr", "--file", str(file), "--json").json

    assert len(written) == 2 * len(Kind)
    shown = shop.facturelay("texts", "show", shop.shop_id, "mail.body/invoice/paid/fr").out
    assert shown == "mail.body/invoice/paid/fr\nBeste {buyer},\n\nZie {link}\n"


def test_an_unknown_placeholder_is_refused_by_name_and_nothing_is_stored(shop: ShopAtHand) -> None:
    answer = shop.facturelay("texts", "set", shop.shop_id, "mail.body/*/*/nl", "Factuur {nummer}")

    assert answer.code == 1
    assert answer.err.startswith("“{nummer}” is not a placeholder; use {document}, {number}")
    assert shop.facturelay("texts", "list", shop.shop_id, "--own", "--json").json == []


def test_a_text_that_does_not_exist_is_named(shop: ShopAtHand) -> None:
    answer = shop.facturelay("texts", "show", shop.shop_id, "mail.body/invoice/nl")

    assert (answer.code, "“mail.body/invoice/nl” names no text" in answer.err) == (1, True)


def test_every_placeholder_is_explained(shop: ShopAtHand) -> None:
    known = shop.facturelay("texts", "placeholders", "--json").json

    assert "%factuurnummer%" in known["number"]["tags"]
    assert all(entry["means"] for entry in known.values())


def test_the_logo_is_stored(shop: ShopAtHand, tmp_path: Path) -> None:
    picture = tmp_path / "logo.png"
    picture.write_bytes(a_logo())
    run, shop_id = shop.facturelay, shop.shop_id

    path = run("shop", "logo", shop_id, str(picture), "--json").json["logo"]
    assert (shop.settings.archive / path).read_bytes() == a_logo()
    shown = run("shop", "show", shop_id, "--json").json
    assert shown["branding"]["logo"]["path"] == path
    assert run("shop", "logo", shop_id, "--remove", "--json").json == {"id": shop_id, "logo": None}
    assert run("shop", "logo", shop_id).code == 2


def test_the_shop_s_own_mail_server_is_tested_and_never_shown(shop: ShopAtHand) -> None:
    run, shop_id = shop.facturelay, shop.shop_id
    with Mailbox() as own:
        assert run("mail", "set", shop_id, "--smtp-url", own.url).code == 0
        tried = run("mail", "test", shop_id, "--to", "an@gist.test", "--json")
        assert (tried.code, tried.json["accepted"], len(own.messages())) == (0, True, 1)
    failed = run("mail", "test", shop_id)
    assert (failed.code, failed.out.startswith("✗ The mail server 127.0.0.1")) == (1, True)
    shown = run("shop", "show", shop_id, "--json").json
    assert own.url not in json.dumps(shown)


@pytest.mark.parametrize("options", [("--smtp-url", "ftp://u:geheim@127.0.0.1"), ("--attach", __file__)])
def test_what_cannot_work_is_refused_with_a_message(shop: ShopAtHand, options: tuple[str, str]) -> None:
    answer = shop.facturelay("mail", "set", shop.shop_id, *options)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.strip().endswith("]")
    assert "geheim" not in answer.err
