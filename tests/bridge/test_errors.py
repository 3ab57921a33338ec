"""What all answers share."""

import re

import pytest

from tests.support.bridge_app import ORDER, SHOP, BridgeApp, signed_headers
from tests.support.headers import SHARED
from tests.support.personas import SITE, signed_in
from worker.errors import DatabaseAway, Unavailable
from worker.store import sessions, users
from worker.store.users import Role

ASKED = [
    ("GET", "/static/", 404),
    ("GET", "/static/../__init__.py", 404),
    ("GET", "/static/%2e%2e/__init__.py", 404),
    ("POST", "/health", 405),
    ("OPTIONS", "/ready", 405),
    ("TRACE", "/health", 405),
    ("GET", f"/webhooks/{SHOP}", 405),
    ("POST", f"/webhooks/{SHOP}", 415),
    ("POST", "/webhooks/nobody", 404),
    ("POST", f"/webhooks/{SHOP}/more", 404),
    ("GET", "/health", 200),
    ("GET", "/ready", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ASKED)
def test_programs_are_always_answered_in_json_under_the_same_headers(
    app: BridgeApp, method: str, path: str, status: int
) -> None:
    answer = app.client.open(path, method=method)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SHARED} == SHARED
    assert answer.headers["Content-Type"] == "application/json"
    if status >= 400:
        assert set(answer.json or {}) == {"error", "message"}
        assert (answer.json or {})["message"].endswith(".")


@pytest.mark.parametrize("path", ["/favicon.ico", "/s", "/users/x"])
def test_people_at_a_wrong_address_get_a_page(app: BridgeApp, path: str) -> None:
    answer = app.client.get(path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address" in answer.text


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("nl", "Hier ging iets mis"),
        ("fr", "Quelque chose s’est mal passé ici"),
        ("de", "Hier ging etwas schief"),
        ("en", "Something went wrong here"),
    ],
)
def test_a_bug_in_finding_out_who_asks_still_gives_a_page_with_its_reference(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str, title: str
) -> None:
    visitor = signed_in(app, "els@host.example", operator=True)
    app.client.application.testing = False  # as it is served

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(sessions, "user_of", broken)
    answer = visitor.client.get("/shops", base_url=SITE, headers={"Accept-Language": language})

    assert (answer.status_code, title in answer.text) == (500, True)
    found = re.search(r": ([0-9a-f]{8})<", answer.text)
    assert found is not None
    assert found[1] in caplog.text


@pytest.mark.parametrize("path", ["/sign-in?x=%00", "/join/%00"])
def test_what_nobody_can_type_is_said_to_be_unreadable(app: BridgeApp, path: str) -> None:
    answer = app.client.get(path)

    assert (answer.status_code, "This could not be read" in answer.text) == (400, True)


def test_a_stored_delivery_has_exactly_these_headers(app: BridgeApp) -> None:
    answer = app.client.post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER))

    length = str(len(answer.data))
    assert dict(answer.headers) == {**SHARED, "Content-Type": "application/json", "Content-Length": length}


def test_the_host_and_forwarded_headers_of_a_request_change_nothing(app: BridgeApp) -> None:
    lies = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/x",
        "X-Forwarded-Proto": "gopher",
    }

    assert app.client.get("/d/x", headers=lies).data == app.client.get("/d/x").data


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", f"/s/{'0' * 24}", 404),
        ("POST", "/about", 405),
        ("GET", f"/s/{SHOP}/team", 403),
    ],
)
def test_a_refusal_keeps_frame_language_and_a_way_back_for_whoever_is_signed_in(
    app: BridgeApp, method: str, path: str, status: int
) -> None:
    viewer = signed_in(app, "an@shop.example", roles={SHOP: Role.VIEWER})
    with app.store.write() as connection:
        users.change(connection, 1, language="nl")
    answer = viewer.client.open(path, method=method, base_url=SITE, headers={"Accept-Language": "de"})

    assert (answer.status_code, '<html lang="nl"' in answer.text) == (status, True)
    assert 'action="/sign-out"' in answer.text
    assert "Naar het overzicht</a>" in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert ('class="tabs"' in answer.text) == (status == 403)


@pytest.mark.parametrize(
    ("path", "sent", "heading"),
    [
        ("/orders?q=%00", None, "Dit kon niet worden gelezen"),
        ("/settings/company", {"form_token": "another", "seller.name": "x"}, "Er is niets gewijzigd"),
        ("/settings/company", {"seller.name": "x" * 200_000}, "Dit werkt niet"),
        ("/settings/company", {"seller.name": "\0"}, "Dit kon niet worden gelezen"),
    ],
)
def test_what_is_refused_unread_is_refused_in_the_language_of_whoever_is_signed_in(
    app: BridgeApp, path: str, sent: dict[str, str] | None, heading: str
) -> None:
    """Frame and button were in theirs, what happened in the browser's."""
    owner = signed_in(app, "an@shop.example", roles={SHOP: Role.ADMIN})
    with app.store.write() as connection:
        users.change(connection, 1, language="nl")
    answer = owner.client.open(
        f"/s/{SHOP}{path}",
        method="POST" if sent else "GET",
        base_url=SITE,
        data=sent and {"form_token": owner.form_token, **sent},
        headers={"Accept-Language": "de"},
    )

    assert answer.status_code in {400, 413}
    assert f"<h1>{heading}</h1>" in answer.text


def test_a_stranger_at_a_wrong_address_has_a_way_to_the_start(app: BridgeApp) -> None:
    answer = app.client.get("/nowhere", headers={"Accept-Language": "fr"})

    assert '<a class="button" href="/">' in answer.text
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]


def test_a_page_that_is_tried_again_loads_again_by_itself(app: BridgeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It only said so."""
    visitor = signed_in(app, "els@host.example", operator=True)

    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("The database does not answer right now; it is tried again.")

    monkeypatch.setattr(sessions, "user_of", away)
    asked = visitor.client.get("/shops", base_url=SITE)
    sent = visitor.client.post("/shops/new", base_url=SITE)
    assert (asked.status_code, sent.status_code) == (503, 503)
    assert [answer.headers.get("Refresh") for answer in (asked, sent)] == [asked.headers["Retry-After"], None]
    said = "it is tried again"
    assert [said in answer.text for answer in (asked, sent)] == [True, False], "nobody sends a form again by itself"


def test_what_somebody_sent_while_the_disk_was_full_is_answered_with_what_to_do(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = signed_in(app, "els@host.example", operator=True)

    def full(*_: object, **__: object) -> None:
        raise Unavailable("The archive cannot be written ({reason}); make room or check its rights.", reason="full")

    monkeypatch.setattr(sessions, "user_of", full)
    assert "make room or check its rights" in visitor.client.post("/shops/new", base_url=SITE).text
