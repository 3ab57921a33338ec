"""The API: what a token may, what it may not, and that every list is whole and every answer its own shop's."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.api_client import ApiClient, a_token, saw
from tests.support.bridge_app import NOW, ORDER, PDF, SECRET, SHOP, BridgeApp, a_credit_note_for, a_draft
from tests.support.headers import SHARED
from tests.support.issued import pay
from worker.domain.document import Document, Kind, Problem
from worker.domain.shop import OrderSettings, Shop
from worker.domain.step import MAIL, WRITE_BACK
from worker.message import Message
from worker.store import (
    api_tokens,
    audit_trail,
    deliveries,
    documents,
    drafts,
    jobs,
    register,
    roads,
    shops,
    steps,
    webhooks,
)
from worker.store.api_tokens import Scope
from worker.store.audit_trail import AuditEntry
from worker.store.counters import TakenNumber
from worker.store.database import json_codec
from worker.store.database.encryption import Encryption
from worker.store.deliveries import NewDelivery
from worker.store.documents import NewDocument
from worker.store.shops import Secrets
from worker.store.steps import StepPlan

OTHER = "0ther0ther0ther0ther0the"


@pytest.fixture
def api(app: BridgeApp) -> ApiClient:
    return ApiClient(app, a_token(app))


@pytest.fixture
def either(app_on_each_database: BridgeApp) -> ApiClient:
    return ApiClient(app_on_each_database, a_token(app_on_each_database))


@pytest.fixture
def of_another(app: BridgeApp) -> ApiClient:
    """A token of another shop in the same app, which has nothing."""
    with app.store.write() as connection:
        shop = Shop(OTHER, "Andere winkel", "https://other.example", OrderSettings(NOW))
        shops.add(connection, Encryption(app.settings.secret_keys), shop, Secrets((SECRET,)), now=NOW)
    return ApiClient(app, a_token(app, shop=OTHER))


def issued(app: BridgeApp, count: int, **changes: Any) -> list[Document]:
    """Invoices of the orders 1, 2, 3 …"""
    made = []
    for n in range(1, count + 1):
        facts = {"order_id": n, "order_number": f"A{n}", "cause": f"order:{n}:invoice:1", **changes}
        made.append(app.issue(number=f"F2026-{n:05d}", sequence=n, stored=None, **facts))
    return made


# Who may ask


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer fr_wrong",
        "Basic fr_x",
        "fr_x",
        "Bearer fr_x fr_y",
        "Bearer \x00",
        "Bearer é",
    ],
)
def test_without_a_valid_token_nothing_is_told(app: BridgeApp, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = app.client.get("/api/v1/documents", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="facturelay"')
    assert {name: answer.headers.get(name) for name in SHARED} == SHARED
    assert set(answer.json or {}) == {"error", "message"}


def test_a_token_in_the_address_is_no_token(api: ApiClient) -> None:
    for name in ("token", "access_token"):
        assert api.app.client.get(f"/api/v1/shop?{name}={api.secret}").status_code == 401


def test_a_revoked_token_is_refused_from_the_next_request_on(api: ApiClient) -> None:
    assert api.get("/shop").status_code == 200
    with api.app.store.write() as connection:
        api_tokens.revoke(connection, SHOP, 1, now=NOW)
    answer = api.get("/shop")
    assert (answer.status_code, (answer.json or {})["error"]) == (401, "token_wrong")


def test_the_use_of_a_token_is_noted(api: ApiClient) -> None:
    api.get("/shop")
    with api.app.store.read() as connection:
        assert [token.used_at for token in api_tokens.of_shop(connection, SHOP)] == [NOW]


NEEDS = {
    Scope.DOCUMENTS_READ: (
        "GET /documents", "GET /documents/1", "GET /drafts", "GET /drafts/1", "GET /register", "GET /tasks/1", "GET /failed-jobs",
    ),
    Scope.DOCUMENTS_WRITE: ("POST /bulk",),
    Scope.FILES_READ: ("GET /documents/1/pdf", "GET /documents/1/xml", "POST /documents/zip", "GET /tasks/1/file"),
    Scope.NOTIFICATIONS_WRITE: (
        "GET /channels", "POST /channels", "DELETE /channels/1", "POST /channels/1/test", "GET /channels/tests/1",
    ),
    Scope.ORDERS_READ: ("GET /orders", "GET /orders/238", "GET /orders/238/trail"),
    Scope.PAYMENTS_WRITE: ("POST /documents/paid", "POST /documents/not-paid"),
    Scope.REMINDERS_WRITE: ("POST /reminders/1/skip", "POST /reminders/1/stop", "POST /reminders/1/resume"),
    Scope.WEBHOOKS_WRITE: (
        "GET /webhook-endpoints",
        "POST /webhook-endpoints",
        "GET /webhook-endpoints/1",
        "PATCH /webhook-endpoints/1",
        "DELETE /webhook-endpoints/1",
        "GET /webhook-endpoints/1/events",
    ),
}  # fmt: skip


@pytest.mark.parametrize("needed", list(NEEDS))
def test_a_token_reaches_what_its_scope_says_and_nothing_else(app: BridgeApp, needed: Scope) -> None:
    document = app.issue()
    one = ApiClient(app, a_token(app, needed))
    for scope, routes in NEEDS.items():
        for route in routes:
            method, path = route.split()
            answer = one.ask(method, path)
            if scope is needed:
                assert answer.status_code != 403, route
                continue
            assert (answer.status_code, (answer.json or {})["error"]) == (403, "scope_missing"), route
            assert f"“{scope}”" in (answer.json or {})["message"]
            assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]
    assert document.document_id == 1


def test_a_token_without_files_is_not_told_the_link_that_opens_them(app: BridgeApp) -> None:
    app.issue()
    (told,) = ApiClient(app, a_token(app, Scope.DOCUMENTS_READ)).told("/documents")["documents"]
    assert told["link"] is None
    (told,) = ApiClient(app, a_token(app)).told("/documents")["documents"]
    assert app.client.get(told["link"].removeprefix("https://documents.example")).status_code == 200


def test_a_token_that_asks_without_end_is_told_to_wait(api: ApiClient) -> None:
    statuses = [api.get("/webhook-endpoints").status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    api.app.now += timedelta(seconds=20)
    answer = api.get("/webhook-endpoints")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert (answer.json or {})["message"] == "This token asks too often; ask again in 40 s."
    assert ApiClient(api.app, a_token(api.app)).get("/webhook-endpoints").status_code == 200
    api.app.now += timedelta(seconds=41)
    assert api.get("/webhook-endpoints").status_code == 200


# Another shop's


def test_a_token_of_another_shop_finds_nothing_by_any_address(api: ApiClient, of_another: ApiClient) -> None:
    app = api.app
    app.issue()
    saw(app, 238)
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(cause="order:239:invoice:1", order_id=239), now=NOW)
        deliveries.add(
            connection,
            NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=238, body=ORDER),
            now=NOW,
        )
    new = api.ask(
        "POST", "/webhook-endpoints", json={"url": "https://books.example.com/", "events": ["document.issued"]}
    )
    assert new.status_code == 201
    lists = {f"/{name}": name.replace("-", "_") for name in ("documents", "drafts", "orders", "webhook-endpoints")}
    assert all(api.told(path)[name] for path, name in lists.items())
    assert {path: of_another.told(path)[name] for path, name in lists.items()} == {path: [] for path in lists}
    ones = (
        "/documents/1",
        "/documents/1/pdf",
        "/drafts/1",
        "/orders/238",
        "/orders/238/trail",
        "/webhook-endpoints/1",
        "/webhook-endpoints/1/events",
    )
    for path in ones:
        assert api.get(path).status_code == 200, path
        assert of_another.get(path).status_code == 404, path
    assert of_another.ask("PATCH", "/webhook-endpoints/1", json={"active": False}).status_code == 404
    assert of_another.ask("DELETE", "/webhook-endpoints/1").status_code == 404
    assert api.told("/webhook-endpoints/1")["active"] is True
    assert of_another.told("/shop")["shop"] == OTHER
    for path in ("/documents?order_id=238", "/documents?number=F2026-00017", "/orders?order_number=A238"):
        assert of_another.told(path)[path[1:].partition("?")[0]] == []


# Documents


def test_a_document_is_told_with_all_that_became_of_it(either: ApiClient) -> None:
    app = either.app
    invoice = app.issue()
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(invoice, "5.00"))
    with app.store.write() as connection:
        pay(connection, invoice.document_id, on=invoice.issued_on)
        names = (MAIL, WRITE_BACK)
        steps.plan(connection, StepPlan(names=names, mail_group="2"), shop_id=SHOP, document_id=1, now=NOW)
        leased = steps.take(connection, MAIL, document_id=1, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        jobs.finish(connection, leased.lease, now=NOW)
    told = either.told("/documents/1")
    summary = {
        "shop": SHOP,
        "document_id": 1,
        "draft_id": None,
        "order_id": 238,
        "order_number": "238",
        "kind": "invoice",
        "number": "F2026-00017",
        "status": "issued",
        "cause": "order:238:invoice:1",
        "created_at": None,
        "issued_on": "2026-11-22",
        "issued_at": "2026-11-23T09:30:00+00:00",
        "buyer": "Jan Peeters",
        "currency": "EUR",
        "net": "18.35",
        "vat": "3.85",
        "rounding": "0.00",
        "total": "22.20",
        "vat_lines": [{"rate": "21.00", "category": "S", "base": "18.35", "vat": "3.85", "vat_country": "BE"}],
        "language": "nl",
        "second_language": None,
        "corrects": None,
        "deposit_invoices": [],
        "test": False,
        "paid": True,
        "paid_on": "2026-11-22",
        "mailed_at": "2026-11-23T09:30:00+00:00",
        "noted_at": None,
        "pdf_sha256": told["pdf_sha256"],
        "open": "0.00",
        "payments": [
            {
                "amount": "17.20",
                "paid_on": "2026-11-22",
                "source": "person",
                "method": "",
                "reference": "",
                "transaction": None,
            }
        ],
        "xml_sha256": None,
        "peppol": None,
        "problems": [],
        "link": told["link"],
    }
    assert {name: told[name] for name in summary} == summary
    assert told["vat_lines"] == [
        {"rate": "21.00", "category": "S", "base": "18.35", "vat": "3.85", "vat_country": "BE"}
    ]
    assert told["lines"] == [
        {
            "description": "Brood",
            "sku": "",
            "details": [],
            "quantity": "1",
            "unit_price": "18.35",
            "net": "18.35",
            "gross": None,
            "rate": "21.00",
            "category": "S",
            "vat_country": "BE",
            "mention": "",
        }
    ]
    assert told["corrected_by"] == ["C2026-00001"]
    assert [(step["step"], step["state"]) for step in told["steps"]] == [
        ("render", "waiting"),
        ("mail", "done"),
        ("write_back", "waiting"),
    ]
    first, second = either.told("/documents")["documents"]
    assert first == summary
    assert (second["number"], second["corrects"]) == ("C2026-00001", "F2026-00017")


def test_pages_hold_every_document_once_while_more_are_issued(either: ApiClient) -> None:
    issued(either.app, 7)
    first = either.told("/documents?limit=3")
    assert [told["document_id"] for told in first["documents"]] == [1, 2, 3]
    assert first["next"] == "https://documents.example/api/v1/documents?limit=3&after=3"
    either.app.issue(number="F2026-00099", sequence=99, cause="order:99:invoice:1")
    assert [told["document_id"] for told in either.all("/documents?limit=3", "documents")] == list(range(1, 9))
    assert either.told("/documents?after=8") == {"documents": [], "next": None}


def test_a_page_that_ends_exactly_is_the_last(api: ApiClient) -> None:
    issued(api.app, 4)
    assert len(api.all("/documents?limit=2", "documents")) == 4
    assert api.told("/documents?limit=4")["next"] is None


def test_documents_are_found_by_each_filter_and_by_all_together(either: ApiClient) -> None:
    app = either.app
    issued(app, 3)
    app.issue(
        number="L2026-00001",
        sequence=1,
        kind=Kind.DELIVERY_NOTE,
        order_id=2,
        order_number="A2",
        cause="order:2:delivery_note:1",
    )

    def found(query: str) -> list[str]:
        return [told["number"] for told in either.all(f"/documents?limit=2&{query}", "documents")]

    every = ["F2026-00001", "F2026-00002", "F2026-00003", "L2026-00001"]
    assert found("kind=delivery_note") == ["L2026-00001"]
    assert found("number=F2026-00003") == ["F2026-00003"]
    assert found("order_id=2") == ["F2026-00002", "L2026-00001"]
    assert found("order_number=A2") == ["F2026-00002", "L2026-00001"]
    assert found("issued_from=2026-11-22&issued_to=2026-11-22") == every
    assert found("issued_from=2026-11-23") == []
    assert found("issued_to=2026-11-21") == []
    assert found("kind=invoice&order_id=2&issued_from=2026-01-01") == ["F2026-00002"]
    assert found("order_number=%F0%9F%8D%9E") == []


def test_a_period_is_told_by_date_and_each_of_its_documents_once(either: ApiClient) -> None:
    """Two series may date apart: one that was continued under a later date goes on there."""
    with either.app.store.write() as connection:
        for n, day in enumerate((25, 23, 24, 23, 26), start=1):
            taken = TakenNumber("invoice", 2026, n, f"F2026-{n:05d}", date(2026, 11, day))
            draft = a_draft(cause=f"order:{n}:invoice:1", order_id=n)
            documents.add(connection, NewDocument(SHOP, taken, draft, NOW))
    found = either.all("/documents?limit=1&issued_from=2026-11-23&issued_to=2026-11-25", "documents")
    assert [(told["issued_on"], told["document_id"]) for told in found] == [
        ("2026-11-23", 2),
        ("2026-11-23", 4),
        ("2026-11-24", 3),
        ("2026-11-25", 1),
    ]
    for since, after, ids in (("2026-11-25", 3, [1, 5]), ("2026-11-23", 99, [])):
        page = either.told(f"/documents?issued_from={since}&after={after}")["documents"]
        assert [told["document_id"] for told in page] == ids


def test_what_changed_since_is_found_whatever_changed(either: ApiClient) -> None:
    app = either.app
    paid, credited, mailed, _ = issued(app, 4)
    later = NOW + timedelta(hours=1)
    with app.store.write() as connection:
        pay(connection, paid.document_id, now=later)
        steps.plan(connection, StepPlan(names=(MAIL,), mail_group="9"), shop_id=SHOP, document_id=3, now=NOW)
        leased = steps.take(connection, MAIL, document_id=3, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        jobs.finish(connection, leased.lease, now=later)
        taken = TakenNumber("credit_note", 2026, 1, "C2026-00001", later.date())
        documents.add(connection, NewDocument(SHOP, taken, a_draft(**a_credit_note_for(credited)), later))

    def found(since: str) -> list[str]:
        return [told["number"] for told in either.all(f"/documents?updated_since={since}", "documents")]

    assert found("2026-11-23T09:30:00Z") == [*(f"F2026-0000{n}" for n in (1, 2, 3, 4)), "C2026-00001"]
    assert found("2026-11-23T11:00:00%2B01:00") == ["F2026-00001", "F2026-00002", "F2026-00003", "C2026-00001"]
    assert found("2026-11-23T10:30:01Z") == []
    assert mailed.document_id == 3


# Files


def test_a_file_comes_as_stored_and_not_again_to_whoever_has_it(api: ApiClient) -> None:
    api.app.issue(number="F/2026-1")
    answer = api.get("/documents/1/pdf")
    assert (answer.status_code, answer.data) == (200, PDF)
    told = {name: answer.headers[name] for name in ("Content-Type", "Content-Disposition")}
    assert told == {"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="F-2026-1.pdf"'}
    again = api.get("/documents/1/pdf", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    assert api.get("/documents/1/pdf", headers={"If-None-Match": '"another"'}).data == PDF
    assert api.ask("HEAD", "/documents/1/pdf").data == b""


def test_a_file_that_was_altered_is_not_handed_out(api: ApiClient) -> None:
    document = api.app.issue()
    api.app.keep_file(document.document_id, "pdf", b"%PDF-1.4 altered\n")
    answer = api.get("/documents/1/pdf")
    assert (answer.status_code, (answer.json or {})["error"]) == (422, "file_altered")


def test_a_file_in_the_making_is_promised_and_one_that_never_comes_is_not(api: ApiClient) -> None:
    api.app.issue(stored=None)
    answer = api.get("/documents/1/pdf")
    assert (answer.status_code, (answer.json or {})["error"], answer.headers["Retry-After"]) == (
        404,
        "file_being_made",
        "4",
    )
    answer = api.get("/documents/1/xml")
    assert (answer.status_code, (answer.json or {})["error"]) == (404, "file_unknown")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "The order is in the bin."),
        ("*", "The order is in the bin."),
        ("es", "The order is in the bin."),
        ("nl-BE,nl;q=0.9,en;q=0.8", "De bestelling ligt in de prullenbak."),
        ("fr", "La commande est dans la corbeille."),
        ("de-AT", "Die Bestellung liegt im Papierkorb."),
    ],
)
def test_messages_are_said_in_the_language_that_is_asked_for(api: ApiClient, asked: str, said: str) -> None:
    draft = a_draft(problems=(Problem("draft_order", Message("The order is in the bin.")),))
    with api.app.store.write() as connection:
        drafts.save_draft(connection, SHOP, draft, now=NOW)
    headers = {"Accept-Language": asked}

    told = (api.get("/drafts/1", headers=headers).json or {})["problems"]
    assert told == [{"code": "draft_order", "message": said, "asks": False}]
    refused = (api.get("/drafts/2", headers=headers).json or {})["message"]
    assert (refused == "This shop has no draft with this id.") == said.startswith("The order")


def test_how_it_goes_and_why_nothing_was_marked_are_said_in_the_language_that_is_asked_for(api: ApiClient) -> None:
    headers = {"Accept-Language": "nl"}
    roads = (api.get("/shop", headers=headers).json or {})["roads"]
    assert roads[0]["message"] == "De winkel heeft nog geen enkele bestelling gemeld."
    marked = api.ask("POST", "/documents/paid", headers=headers, json={"documents": [404]}).json or {}
    assert marked["documents"][0]["message"] == "Er is geen document met id 404."


# Drafts, orders, register, shop


def test_drafts_that_wait_are_told_with_why_and_others_are_not(either: ApiClient) -> None:
    with either.app.store.write() as connection:
        for n in (1, 2, 3):
            problem = Problem("vat_unknown", Message("The VAT number has a wrong check digit."))
            draft = a_draft(cause=f"order:{n}:invoice:1", order_id=n, order_number=f"A{n}", problems=(problem,))
            drafts.save_draft(connection, SHOP, draft, now=NOW)
        key = draft.order_key
        drafts.end_draft(
            connection, SHOP, replace(a_draft(), cause="order:2:invoice:1", order_key=key), state="discarded", now=NOW
        )
    found = either.all("/drafts?limit=1", "drafts")
    assert [(told["draft_id"], told["order_id"]) for told in found] == [(1, 1), (3, 3)]
    message = "The VAT number has a wrong check digit."
    assert found[0]["problems"] == [{"code": "vat_unknown", "message": message, "asks": False}]
    assert (found[0]["status"], found[0]["total"]) == ("draft", "22.20")
    assert either.told("/drafts?order_id=3")["drafts"] == [found[1]]
    assert either.told("/drafts/3") == found[1]
    assert either.get("/drafts/2").status_code == 404


def test_orders_come_in_pages_each_as_it_was_seen_last(either: ApiClient) -> None:
    app = either.app
    for order_id in (5, 3, 4):
        saw(app, order_id)
    saw(app, 4, order_key="wc_order_after_a_restore", minutes=5, status="completed")
    found = either.all("/orders?limit=1", "orders")
    assert [(told["order_id"], told["status"]) for told in found] == [
        (3, "processing"),
        (4, "completed"),
        (5, "processing"),
    ]
    assert "order_key" not in json.dumps(found)
    assert [told["order_id"] for told in either.told("/orders?status=completed")["orders"]] == [4]
    assert [told["order_id"] for told in either.told("/orders?order_number=A3")["orders"]] == [3]
    assert [told["order_id"] for told in either.told("/orders?updated_since=2026-11-23T09:31:00Z")["orders"]] == [4]
    assert either.told("/orders/3")["rule_results"] == [
        {"rule": "invoice:paid:send", "fired": False, "code": "not_paid", "message": "It is not paid."}
    ]


def test_the_history_of_an_order_is_shown_without_its_key(either: ApiClient) -> None:
    app = either.app
    saw(app, 238)
    app.issue()
    app.deliver()
    with app.store.write() as connection:
        audit_trail.add(
            connection,
            AuditEntry(SHOP, NOW, "worker", "issued", Message("{number} was issued.", number="F2026-00017"), 238, 1),
        )
        drafts.save_draft(connection, SHOP, a_draft(cause="order:238:delivery_note:1"), now=NOW)
    told = either.told("/orders/238/trail")
    assert set(told) == {"order", "treatment", "deliveries", "documents", "drafts", "events", "vat_checks"}
    assert told["order"] == either.told("/orders/238")
    assert [(one["topic"], one["state"]) for one in told["deliveries"]] == [("order.updated", "waiting")]
    assert [(one["number"], one["steps"][0]["step"]) for one in told["documents"]] == [("F2026-00017", "render")]
    assert [one["draft_id"] for one in told["drafts"]] == [1]
    assert [one["message"] for one in told["events"]] == ["F2026-00017 was issued."]
    assert "wc_order_1" not in json.dumps(told)


def test_the_register_comes_in_pages_with_the_head_of_its_chain(either: ApiClient) -> None:
    app = either.app
    made = issued(app, 3)
    with app.store.write() as connection:
        for document in made:
            register.append(connection, document, json_codec.dump(document.draft))
        pay(connection, 2)
        head = register.head(connection, SHOP)
    app.issue(number="C2026-00001", sequence=1, **{**a_credit_note_for(made[2]), "order_id": 3})
    found = either.all("/register?limit=1", "register")
    assert [(row["position"], row["number"], row["status"]) for row in found] == [
        (1, "F2026-00001", "issued"),
        (2, "F2026-00002", "paid"),
        (3, "F2026-00003", "credited"),
    ]
    assert [row["previous_hash"] for row in found[1:]] == [row["hash"] for row in found[:-1]]
    assert either.told("/register")["head"] == f"3:{found[2]['hash']}" == str(head)


def test_the_shop_says_its_next_numbers(api: ApiClient) -> None:
    assert api.told("/shop") == {
        "shop": SHOP,
        "name": "Bakkerij Janssens",
        "url": "https://shop.example",
        "test": False,
        "suspended": False,
        "language": "nl",
        "zone": "Europe/Brussels",
        "next_numbers": {
            "order_confirmation": "B2026-00001",
            "payment_request": "P2026-00001",
            "delivery_note": "L2026-00001",
            "invoice": "F2026-00001",
            "credit_note": "C2026-00001",
        },
        "rested": [],
        "needs": {"count": 0, "kept_drafts": 0, "reasons": []},
        "roads": [
            {"road": "orders", "state": "never", "since": None, "message": "The shop has not told of any order yet."},
            {
                "road": "shop",
                "state": "never",
                "since": None,
                "message": "The shop was not asked yet, or never answered.",
            },
            {"road": "mail", "state": "unset", "since": None, "message": "There is no mail server: no mail can leave."},
            {
                "road": "work",
                "state": "down",
                "since": None,
                "message": "The installation stands still: documents and mails wait until it goes on.",
            },
        ],
        "token": {"name": "bookkeeping", "scopes": [str(scope) for scope in Scope]},
    }


def test_the_shop_says_which_of_its_servers_does_not_answer(app: BridgeApp, api: ApiClient) -> None:
    with app.store.write() as connection:
        for _ in range(roads.REST_AFTER):
            message = Message("{shop} did not answer in time. It is tried again later.", shop="shop.example")
            road = roads.Road(SHOP, roads.RoadKind.REST)
            roads.record_failure(connection, road, roads.Failure(app.now, message))
    assert api.told("/shop")["rested"] == [
        {
            "road": "rest",
            "since": app.now.isoformat(),
            "failures": 3,
            "next_try_at": (app.now + roads.RESTS[0]).isoformat(),
            "message": "shop.example did not answer in time. It is tried again later.",
        }
    ]


# What is wrong is named


WRONG = [
    ("/documents?limit=0", "limit"),
    ("/documents?limit=201", "limit"),
    ("/documents?limit=999999999999999999999", "limit"),
    ("/documents?limit=-1", "limit"),
    ("/documents?limit=1e3", "limit"),
    ("/documents?limit=%D9%A3", "limit"),  # an Arabic three
    ("/documents?limit=10&limit=20", "limit"),
    ("/documents?after=", "after"),
    ("/documents?after=-5", "after"),
    ("/documents?after=9999999999999999999", "after"),
    ("/documents?after=1;DROP TABLE documents", "after"),
    ("/documents?kind=receipt", "kind"),
    ("/documents?kind=", "kind"),
    ("/documents?order_id=0", "order_id"),
    ("/documents?order_number=", "order_number"),
    ("/documents?order_number=%00", "order_number"),
    (f"/documents?order_number={'9' * 61}", "order_number"),
    ("/documents?issued_from=2026-02-30", "issued_from"),
    ("/documents?issued_from=20260101", "issued_from"),
    ("/documents?issued_from=2026-W01-1", "issued_from"),
    ("/documents?issued_to=0000-01-01", "issued_to"),
    ("/documents?updated_since=2026-11-23T09:30:00", "updated_since"),
    ("/documents?updated_since=2026-11-23T09:30:00+01:00", "updated_since"),  # the + became a blank
    ("/documents?updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
    ("/documents?colour=red", "colour"),
    ("/documents/1?limit=1", "limit"),
    ("/webhook-endpoints?after=1", "after"),
    ("/orders?status=%0d%0a", "status"),
]


def test_a_wrong_parameter_is_named_with_a_message(either: ApiClient) -> None:
    for path, field in WRONG:
        answer = either.get(path)
        told = answer.json or {}
        assert (answer.status_code, told["error"], told["field"]) == (422, "field_wrong", field), path
        assert told["message"].startswith(f"{field}: "), path
        assert told["message"].endswith((".", ")")), path


NOWHERE = [
    "/",
    "",
    "/document",
    "/documents//1",
    "/documents/0",
    "/documents/-1",
    "/documents/01",
    "/documents/1.0",
    "/documents/9999999999999999999",
    f"/documents/{2**63}",
    f"/documents/{'9' * 400}",
    "/documents/%D9%A1",
    "/documents/1%00",
    "/documents/1/html",
    "/documents/1/../2",
    "/documents/1/pdf/x",
    "/documents/999999999999999999",
    "/orders/999999999999999999/trail",
    "/../v1/shop",
    "/%2e%2e/d/x",
    "/webhook-endpoints/1/events/1",
]


def test_a_weird_path_leads_nowhere(api: ApiClient) -> None:
    api.app.issue()
    for path in NOWHERE:
        answer = api.get(path)
        assert answer.status_code == 404, path
        assert set(answer.json or {}) == {"error", "message"}, path
        assert {name: answer.headers.get(name) for name in SHARED} == SHARED, path


def test_a_wrong_method_says_which_are_right(api: ApiClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = api.ask(method, "/documents")
        assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})


# Payments


def marked(api: ApiClient, **body: object) -> list[tuple[int, bool, str]]:
    answer = api.ask("POST", "/documents/paid", json=body)
    assert answer.status_code == 200
    return [(one["document_id"], one["marked"], one["code"]) for one in (answer.json or {})["documents"]]


def test_many_invoices_are_marked_paid_at_once_and_each_is_answered_for(either: ApiClient) -> None:
    first, second = issued(either.app, 2)
    with either.app.store.write() as connection:
        pay(connection, second.document_id, on=NOW.date())
    credit_note = either.app.issue(kind=Kind.CREDIT_NOTE, number="C2026-00001", cause="credit")
    asked = [second.document_id, first.document_id, 999, credit_note.document_id, first.document_id]

    found = marked(either, documents=asked, paid_on="2026-11-20")

    assert found == [
        (second.document_id, False, "paid_before"),
        (first.document_id, True, ""),
        (999, False, "document_unknown"),
        (credit_note.document_id, False, "not_an_invoice"),
    ]
    told = either.told(f"/documents/{first.document_id}")
    assert (told["paid"], told["paid_on"], told["open"]) == (True, "2026-11-20", "0.00")
    assert marked(either, documents=[first.document_id]) == [(first.document_id, False, "paid_before")]
    back = either.ask(
        "POST", "/documents/not-paid", json={"documents": [first.document_id, credit_note.document_id]}
    ).json
    assert back is not None
    assert [(one["marked"], one["code"]) for one in back["documents"]] == [(True, ""), (False, "not_marked_paid")]
    assert either.told(f"/documents/{first.document_id}")["open"] == told["total"]


@pytest.mark.parametrize(
    "body",
    [
        {"documents": []},
        {"documents": [1] * 201},
        {"documents": [True]},
        {"documents": ["1"]},
        {"documents": [1], "paid_on": "2199-01-01"},
        {"documents": [1], "paid_on": 20261123},
        {"paid_on": "2026-11-20"},
    ],
)
def test_a_list_that_is_none_and_a_day_to_come_mark_nothing(api: ApiClient, body: dict[str, Any]) -> None:
    invoice = api.app.issue()
    assert api.ask("POST", "/documents/paid", json=body).status_code == 422
    assert not api.told(f"/documents/{invoice.document_id}")["paid"]


def test_another_shops_invoice_is_not_marked_paid(api: ApiClient, of_another: ApiClient) -> None:
    invoice = api.app.issue()
    assert marked(of_another, documents=[invoice.document_id]) == [(invoice.document_id, False, "document_unknown")]
    assert not api.told(f"/documents/{invoice.document_id}")["paid"]


# Webhooks


def a_hook(**changes: Any) -> dict[str, Any]:
    return {"url": "https://books.example.com/hook", "events": ["document.issued"], **changes}


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(either: ApiClient) -> None:
    answer = either.ask(
        "POST", "/webhook-endpoints", json=a_hook(events=["document.paid", "document.issued", "document.paid"])
    )
    assert answer.status_code == 201
    assert answer.headers["Location"] == "https://documents.example/api/v1/webhook-endpoints/1"
    told = dict(answer.json or {})
    secret = told.pop("secret")
    assert len(secret) == len("fh_") + 64
    assert told == {
        "endpoint_id": 1,
        "shop": SHOP,
        "url": "https://books.example.com/hook",
        "events": ["document.issued", "document.paid"],
        "active": True,
        "created_at": NOW.isoformat(),
        "created_by": "API (bookkeeping)",
        "stopped_at": None,
        "stop_message": "",
    }
    assert either.told("/webhook-endpoints") == {"webhook_endpoints": [told]}
    assert either.told("/webhook-endpoints/1") == told
    with either.app.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM webhook_endpoints").all()
    assert secret not in str(rows)


def test_an_endpoint_is_changed_stopped_and_goes_on(either: ApiClient) -> None:
    either.ask("POST", "/webhook-endpoints", json=a_hook())
    either.app.issue()
    changed = either.ask(
        "PATCH", "/webhook-endpoints/1", json={"url": "https://new.example.com/", "events": ["document.paid"]}
    ).json
    assert changed is not None
    assert (changed["url"], changed["events"], changed["active"]) == (
        "https://new.example.com/",
        ["document.paid"],
        True,
    )
    stopped = either.ask("PATCH", "/webhook-endpoints/1", json={"active": False}).json
    assert stopped is not None
    assert (stopped["active"], stopped["stop_message"]) == (False, "Stopped by a person.")
    assert [call["state"] for call in either.told("/webhook-endpoints/1/events")["events"]] == ["failed"]
    on = either.ask("PATCH", "/webhook-endpoints/1", json={"active": True}).json
    assert on is not None
    assert (on["active"], on["stopped_at"], on["url"]) == (True, None, "https://new.example.com/")
    (call,) = either.told("/webhook-endpoints/1/events")["events"]
    assert call == {
        "id": 1,
        "event": "document.issued",
        "document_id": 1,
        "state": "waiting",
        "attempts": 0,
        "created_at": NOW.isoformat(),
        "next_at": NOW.isoformat(),
        "message": "",
        "done_at": None,
    }


def test_a_removed_endpoint_is_gone_with_its_events(either: ApiClient) -> None:
    either.ask("POST", "/webhook-endpoints", json=a_hook())
    either.app.issue()
    answer = either.ask("DELETE", "/webhook-endpoints/1")
    assert (answer.status_code, answer.data) == (204, b"")
    assert either.get("/webhook-endpoints/1").status_code == 404
    assert either.ask("DELETE", "/webhook-endpoints/1").status_code == 404
    with either.app.store.read() as connection:
        assert webhooks.due_ids(connection, now=NOW, limit=10) == ()


def test_a_shop_has_ten_endpoints_and_no_more(api: ApiClient) -> None:
    assert [api.ask("POST", "/webhook-endpoints", json=a_hook()).status_code for _ in range(10)] == [201] * 10
    answer = api.ask("POST", "/webhook-endpoints", json=a_hook())
    assert (answer.status_code, (answer.json or {})["error"]) == (422, "webhook_endpoints_many")


WRONG_HOOKS: list[tuple[dict[str, Any], str]] = [
    ({}, "url"),
    ({"url": "https://books.example.com/"}, "events"),
    (a_hook(url=None), "url"),
    (a_hook(url=["https://books.example.com/"]), "url"),
    (a_hook(url="http://books.example.com/"), "url"),
    (a_hook(url="https://127.0.0.1/"), "url"),
    (a_hook(url="https://[::1]:6379/"), "url"),
    (a_hook(url="https://169.254.169.254/latest"), "url"),
    (a_hook(url="https://localhost/"), "url"),
    (a_hook(url="https://user:pw@books.example.com/"), "url"),
    (a_hook(events=[]), "events"),
    (a_hook(events="document.issued"), "events"),
    (a_hook(events=["document.deleted"]), "events"),
    (a_hook(events=[["document.issued"]]), "events"),
    (a_hook(secret="mine"), "secret"),
]


def test_a_wrong_endpoint_is_refused_and_the_field_named(api: ApiClient) -> None:
    for body, field in WRONG_HOOKS:
        answer = api.ask("POST", "/webhook-endpoints", json=body)
        assert (answer.status_code, (answer.json or {})["field"]) == (422, field), body
    assert api.told("/webhook-endpoints") == {"webhook_endpoints": []}


NO_OBJECTS: list[tuple[dict[str, Any], int]] = [
    ({"data": b"{", "content_type": "application/json"}, 400),
    ({"data": b"[]", "content_type": "application/json"}, 400),
    ({"data": b"\xff", "content_type": "application/json"}, 400),
    ({"data": b"[" * 10_000, "content_type": "application/json"}, 400),
    ({"data": b"", "content_type": "application/json"}, 400),
    ({"data": b" " * 20_001, "content_type": "application/json"}, 413),
    ({"data": b" " * 200_000, "content_type": "application/json"}, 413),
    ({"data": b"url=x", "content_type": "application/x-www-form-urlencoded"}, 415),
    ({}, 415),
]


def test_a_body_that_is_no_json_object_is_refused(api: ApiClient) -> None:
    for sent, status in NO_OBJECTS:
        answer = api.ask("POST", "/webhook-endpoints", **sent)
        assert answer.status_code == status, sent
        assert set(answer.json or {}) == {"error", "message"}


def test_an_operators_own_machine_may_be_told_where_that_is_allowed(app: BridgeApp) -> None:
    open_app = BridgeApp(replace(app.settings, allow_private_shops=True))
    api = ApiClient(open_app, a_token(app))
    assert api.ask("POST", "/webhook-endpoints", json=a_hook(url="http://127.0.0.1:9000/")).status_code == 201
    open_app.store.close()


def test_while_the_database_is_away_a_client_is_told_to_come_back(api: ApiClient) -> None:
    api.get("/shop")
    broken = replace(api.app.settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = BridgeApp(broken)
    answer = ApiClient(app, api.secret).get("/shop")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    app.store.close()
