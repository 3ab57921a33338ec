"""What the shop's order screen may ask of the bridge: how an order fares, what was pressed there, files to download."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.plugin_requests import KEYS, PLUGIN_SECRET, ask, code_of
from worker.domain.document import Document
from worker.message import Message, plain_message
from worker.store import tasks
from worker.store.tasks import TaskRequest


def order_of(app: BridgeApp, document: Document, *, key: str | None = None) -> TestResponse:
    draft = document.draft
    return ask(app, "order", {"order": draft.order_id, "key": draft.order_key if key is None else key})


def test_the_order_screen_is_told_the_documents_of_the_order(connected: BridgeApp) -> None:
    document = connected.issue()

    told = order_of(connected, document).get_json()

    assert told["documents"] == [
        {
            "id": document.document_id,
            "kind": "invoice",
            "number": document.number,
            "date": document.issued_on.isoformat(),
            "total": str(document.draft.total),
            "currency": "EUR",
            "test": False,
            "files": ["pdf"],
            "mail": "none",
            "mailed_at": None,
            "peppol": None,
            "message": "",
            "failed": [],
        }
    ]
    assert (told["drafts"], told["reasons"], told["fetched"]) == ([], [], False)


def test_an_order_with_the_same_number_and_another_key_has_no_documents(connected: BridgeApp) -> None:
    document = connected.issue()

    assert order_of(connected, document, key="wc_order_other").get_json()["documents"] == []


def test_what_is_pressed_becomes_a_task_of_this_shop(connected: BridgeApp) -> None:
    answer = ask(connected, "task", {"kind": "issue", "draft": 3, "send": True, "by": "An Peeters"}).get_json()

    with connected.store.read() as connection:
        found = tasks.find(connection, answer["task"])
    assert found is not None
    assert (found.shop_id, found.kind, found.requested_by, found.requested_at) == (
        SHOP,
        "order_screen_issue",
        "An Peeters (WooCommerce)",
        NOW,
    )
    assert found.argument == {"draft_id": 3, "send": True}
    assert ask(connected, "task/answer", {"task": found.task_id}).get_json() == {
        "state": "waiting",
        "code": "",
        "message": "",
    }


def test_a_task_of_another_kind_or_shop_is_refused(connected: BridgeApp) -> None:
    with connected.store.write() as connection:
        other = tasks.request(
            connection,
            TaskRequest(shop_id=SHOP, kind="test_mail", argument={}, requested_by="somebody"),
            now=connected.now,
        )

    assert code_of(ask(connected, "task", {"kind": "credit", "document": 1})) == (400, "request_wrong")
    assert code_of(ask(connected, "task/answer", {"task": other + 1})) == (404, "task_unknown")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-US", "Nothing is left of F1: it has been credited in full."),
        ("nl-BE", "Er blijft niets van F1 over: het is volledig gecrediteerd."),
    ],
)
def test_why_a_button_did_nothing_is_told_as_a_sentence_in_the_language_of_the_page(
    connected: BridgeApp, language: str, said: str
) -> None:
    task_id = ask(connected, "task", {"kind": "issue", "draft": 3, "by": "An Peeters"}).get_json()["task"]
    message = Message("Nothing is left of {number}: it has been credited in full.", number="F1")
    with connected.store.write() as connection:
        leased = tasks.take(connection, task_id, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        answer = {"code": "nothing_remaining", "message": plain_message(message)}
        tasks.finish(connection, leased.lease, now=NOW, answer=answer, state="failed")

    told = ask(connected, "task/answer", {"task": task_id}, language=language).get_json()

    assert told == {"state": "failed", "code": "nothing_remaining", "message": said}


def test_documents_come_in_one_zip_and_those_of_others_do_not(connected: BridgeApp) -> None:
    document = connected.issue(stored=b"%PDF-1.7 the invoice", number="F/17")
    other = connected.issue(stored=b"%PDF-1.7 another", number="F-17", sequence=18, cause="order:239:invoice:1")

    answer = ask(connected, "files", {"documents": [document.document_id, other.document_id, other.document_id + 1]})

    assert (answer.content_type, answer.headers["X-Facturelay-Missing"]) == ("application/zip", "0")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "F-17.pdf": b"%PDF-1.7 the invoice",
            "F-17 (2).pdf": b"%PDF-1.7 another",
        }


def test_a_document_that_is_still_being_made_is_counted_as_missing(connected: BridgeApp) -> None:
    document = connected.issue(stored=None)

    answer = ask(connected, "files", {"documents": [document.document_id]})

    assert answer.headers["X-Facturelay-Missing"] == "1"


def test_too_many_documents_at_once_are_refused(connected: BridgeApp) -> None:
    assert code_of(ask(connected, "files", {"documents": list(range(1, 202))})) == (400, "too_many_files")


def renewal(**changes: str) -> dict[str, Any]:
    return {"rest_key": "ck_" + "d" * 40, "rest_secret": "cs_" + "e" * 40, "webhook_secret": "f" * 50, **changes}


def test_a_connected_plugin_may_bring_new_keys_without_a_code(connected: BridgeApp) -> None:
    answer = ask(connected, "renew", renewal())

    assert answer.get_json() == {"delivery_url": f"https://documents.example/webhooks/{SHOP}"}
    secrets = connected.connected.secrets
    assert (secrets.rest_key, secrets.rest_secret) == ("ck_" + "d" * 40, "cs_" + "e" * 40)
    assert secrets.webhook_secrets == ("f" * 50, KEYS["webhook_secret"])
    assert ask(connected, "check").get_json()["state"] == "waiting"


def test_new_keys_that_are_none_change_nothing(connected: BridgeApp) -> None:
    before = connected.connected.secrets

    assert code_of(ask(connected, "renew", renewal(rest_secret="cs_"))) == (400, "request_wrong")
    assert connected.connected.secrets == before


def test_the_secret_of_the_plugin_is_not_changed_by_a_renewal(connected: BridgeApp) -> None:
    ask(connected, "renew", {**renewal(), "plugin_secret": "aa" * 32})

    assert ask(connected, "check", secret=PLUGIN_SECRET).status_code == 200
