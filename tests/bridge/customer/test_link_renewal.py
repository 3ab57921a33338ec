"""An expired link offers a new one by mail: to the order's own address, once in a while, and without telling anything."""

import pytest
from sqlalchemy import text

from tests.support import due
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from worker.domain.document import Document
from worker.domain.party import Buyer
from worker.net import document_link
from worker.store import document_links, tasks


def expired(app: BridgeApp, document: Document) -> str:
    app.now = NOW + document_link.LIFETIME
    return document_link.sign(app.settings.secret_keys, document.document_id, now=NOW)


def asked(app: BridgeApp) -> list[dict[str, object]]:
    with app.store.read() as connection:
        found = [tasks.find(connection, i) for i in due.task_ids(connection, now=app.now)]
    return [
        {"shop": e.shop_id, "kind": e.kind, "argument": e.argument, "by": e.requested_by}
        for e in found
        if e is not None
    ]


def test_an_expired_link_has_a_button_that_posts_to_its_own_address(app: BridgeApp) -> None:
    token = expired(app, app.issue())

    answer = app.client.get(f"/d/{token}")

    assert answer.status_code == 410
    assert f'<form method="post" action="/d/{token}/renew">' in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


def test_pressing_it_leaves_a_task_for_the_worker(app_on_each_database: BridgeApp) -> None:
    document = app_on_each_database.issue()
    token = expired(app_on_each_database, document)

    answer = app_on_each_database.client.post(f"/d/{token}/renew")

    assert (answer.status_code, "Kijk in je mailbox" in answer.text) == (200, True)
    assert "jan@klant.example" not in answer.text
    assert asked(app_on_each_database) == [
        {"shop": SHOP, "kind": "renew_link", "argument": {"document_id": document.document_id}, "by": "customer"}
    ]


def test_pressing_it_again_within_the_hour_leaves_no_second_task_and_gives_the_same_answer(
    app_on_each_database: BridgeApp,
) -> None:
    token = expired(app_on_each_database, app_on_each_database.issue())

    answers = [app_on_each_database.client.post(f"/d/{token}/renew") for _ in range(3)]

    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(asked(app_on_each_database)) == 1


def test_after_the_hour_it_may_be_pressed_again(app: BridgeApp) -> None:
    token = expired(app, app.issue())
    app.client.post(f"/d/{token}/renew")
    app.now += document_link.LIFETIME

    app.client.post(f"/d/{token}/renew")

    assert len(asked(app)) == 2


def test_an_order_without_an_address_gives_the_same_answer(app: BridgeApp) -> None:
    with_address = app.issue()
    without = app.issue(number="F2026-00018", sequence=18, cause="order:239:invoice:1", buyer=Buyer("Jan Peeters"))
    pages = {app.client.post(f"/d/{expired(app, document)}/renew").text for document in (with_address, without)}

    assert len(pages) == 1


def test_a_revoked_or_foreign_link_renews_nothing(app: BridgeApp) -> None:
    document = app.issue()
    token = expired(app, document)
    with app.store.write() as connection:
        document_links.revoke(connection, document.document_id, now=NOW)

    assert app.client.post(f"/d/{token}/renew").status_code == 403
    assert app.client.post(f"/d/{token}x/renew").status_code == 404
    assert asked(app) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_looking_at_the_address_of_the_button_asks_for_nothing(app: BridgeApp, method: str) -> None:
    token = expired(app, app.issue())

    assert app.client.open(f"/d/{token}/renew", method=method).status_code == 405
    with app.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM tasks")).scalar() == 0
