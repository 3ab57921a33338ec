"""Who looked at what is in the log, and nothing of what was seen."""

import logging

import pytest

from tests.bridge.test_page_picture import a_pdf
from tests.hostile.test_doors import filled
from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import NOW, ORDER, SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from tests.support.plugin_requests import ask, connect, invite
from worker.net import document_link
from worker.store.users import Role

LOG = "bridge.accounts.access_log"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOG]


def test_every_page_that_somebody_is_shown_is_in_the_log_with_whom(
    app: BridgeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app.deliver(ORDER)
    app.issue()
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    caplog.set_level(logging.INFO, logger=LOG)
    shown = 0
    for rule in app.client.application.url_map.iter_rules():
        if (
            "GET" in (rule.methods or ())
            and "<shop_id>" in rule.rule
            and not rule.endpoint.startswith(("plugin", "webhooks"))
        ):
            caplog.clear()
            if viewer.get(filled(rule)).status_code == 200:
                shown += 1
                (line,) = said(caplog)
                assert line.startswith(f"user 1 looked at {rule.endpoint} ")
                assert SHOP in line
                assert "Jan Peeters" not in line
    assert shown > 10


def test_a_list_is_looked_at_once_and_not_once_more_for_each_of_its_pictures(
    app: BridgeApp, caplog: pytest.LogCaptureFixture
) -> None:
    document = app.issue(stored=a_pdf())
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    caplog.set_level(logging.INFO, logger=LOG)
    paths = ["documents", *(f"documents/{document.document_id}/{end}" for end in ("small.webp", "pages.webp"))]

    assert [viewer.get(f"/s/{SHOP}/{path}").status_code for path in paths] == [200] * 3
    assert [line.split()[4] for line in said(caplog)] == ["document_lists.documents", "documents.page_picture"]


def test_a_token_a_plugin_and_a_link_are_readers_too(app: BridgeApp, caplog: pytest.LogCaptureFixture) -> None:
    document = app.issue()
    invite(app)
    connect(app)
    token = document_link.sign(app.settings.secret_keys, document.document_id, now=NOW)
    caplog.set_level(logging.INFO, logger=LOG)
    ApiClient(app, a_token(app)).get(f"/documents/{document.document_id}")
    ask(app, "files", {"documents": [document.document_id, 99]})
    Visitor(app).get(f"/d/{token}/pdf")
    Visitor(app).get(f"/s/{SHOP}/documents/1%0Aforged")

    lines = said(caplog)
    assert lines == [
        f"token 1 of shop {SHOP} looked at api.get_document {{'document_id': 1}}",
        f"the plugin of shop {SHOP} looked at plugin_orders.files {{'documents': [1]}}",
        "who holds its link looked at customer_document.stored_file {'file_format': 'pdf', 'document': 1}",
    ]
    assert not any(token in line for line in lines)
