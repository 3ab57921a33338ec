"""What nobody types: every address, query and field with values made to break them, and what must not come of it."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from bridge.gunicorn_conf import TOKEN
from bridge.i18n.translate import translate_message
from tests.support.bridge_app import NOW, PDF, SHOP, BridgeApp
from tests.support.personas import PASSWORD, SITE, Visitor, signed_in
from tests.support.routes import methods, rules
from worker.message import Message
from worker.net import email_address
from worker.store import audit_trail, tasks, users
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import rate_limits
from worker.store.files.temporary import TemporaryFile
from worker.store.queries import activity
from worker.store.tasks import TaskRequest
from worker.store.users import NewUser, Role

ELS = "els@host.example"
IDS = ("9" * 20, "999999999999999999", "%00", "%C2%B2")
VALUES = ("a\0b", "²", "9" * 20, "9999-12-31", "0001-01-01T00:00", "W05hTl0")
NAMES = (
    "after", "before", "task", "then", "next", "q", "kind", "state", "name", "code", "since", "until", "status", "language",
    "email", "role", "to", "on", "month", "reason", "amount", "quantity-²", "quantity-1", "part", "url", "seed", "old", "host",
    "port", "scheme", "token_hash", "orders.since", "zone", "rules", "kind-0", "minimum-0", "countries-0", "methods-0",
    "next-invoice", "pattern-invoice", "branding.accent", "branding.layout", "mail.sender", "rest_key", "what", "step", "seller.name", "which",
)  # fmt: skip


def visited(app: BridgeApp) -> Visitor:
    app.deliver()
    app.issue()
    return signed_in(app, ELS, operator=True)


@pytest.mark.slow
def test_no_id_in_any_address_breaks_a_page(app_on_each_database: BridgeApp) -> None:
    visitor = visited(app_on_each_database)
    broken = []
    for place, rule in enumerate(rules(app_on_each_database)):
        pattern = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        # In a shop that is not there nothing else is looked for: one such id a page, another for the next.
        shops = [(SHOP, hostile) for hostile in IDS] + [(IDS[place % len(IDS)],) * 2]
        paths = {re.sub("<[^>]+>", hostile, pattern.replace("<shop_id>", shop)) for shop, hostile in shops}
        broken += [
            (method, path)
            for path in paths - {pattern.replace("<shop_id>", SHOP)}
            for method in methods(rule)
            if visitor.open(method, path).status_code >= 500
        ]

    assert broken == []


@pytest.mark.slow
def test_no_query_and_no_field_breaks_a_page(app_on_each_database: BridgeApp) -> None:
    visitor = visited(app_on_each_database)
    broken = []
    for rule in rules(app_on_each_database):
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule).replace("<shop_id>", SHOP)
        path = re.sub("<int:(order|document)_id>", lambda found: {"order": "238", "document": "1"}[found[1]], path)
        if "<" in path or path in ("/account/password", "/account/second-factor/off", "/account/sessions"):
            continue
        for hostile in VALUES:
            fields = dict.fromkeys(NAMES, hostile)
            query = "&".join(f"{name}={quote(hostile)}" for name in NAMES if name not in ("after", "before"))
            for method in methods(rule):
                answer = visitor.get(f"{path}?{query}") if method == "GET" else visitor.post(path, **fields)
                broken += [(method, path, hostile)] if answer.status_code >= 500 else []

    assert broken == []


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/join/%00", "/set-up/%00", "/password/%00"])
def test_a_stranger_breaks_nothing_either(app_on_each_database: BridgeApp, path: str) -> None:
    stranger = Visitor(app_on_each_database)
    stranger.get("/sign-in")

    assert stranger.get(path).status_code < 500
    assert stranger.post(path, email="a\0b@c.be", password="a\0b", step="a\0b", next="\0").status_code < 500


@pytest.mark.parametrize("seed", ["A1890189" * 4, "a" * 32, "A" * 31, "A" * 33, "A" * 31 + "\n", ""])
def test_a_seed_of_somebody_elses_making_switches_nothing_on(app: BridgeApp, seed: str) -> None:
    visitor = signed_in(app, ELS)

    assert visitor.post("/account/second-factor", seed=seed, code="000000").status_code == 422
    with app.store.read() as connection:
        assert users.every(connection)[0].totp == ""


def test_the_present_password_is_guessed_ten_times_a_quarter_of_an_hour_at_most(app: BridgeApp) -> None:
    visitor, new = signed_in(app, ELS), "heel andere woorden"
    tries = [
        visitor.post(f"/account/{page}", old="wrong wrong", password=new, again=new).status_code
        for page in ("password", "second-factor/off") * 5
    ]

    assert tries == [422] * 10
    assert visitor.post("/account/password", old=PASSWORD, password=new, again=new).status_code == 429


def test_made_up_names_do_not_fill_the_table_of_tries(app: BridgeApp) -> None:
    for number in range(3):
        Visitor(app).sign_in(f"nobody{number}@made.up", "wrong wrong wrong")
        app.now += timedelta(minutes=16)
    with app.store.read() as connection:
        assert (
            connection.execute(select(func.count()).select_from(rate_limits)).scalar_one() == 3
        )  # by network, by mail from there, and by mail from everywhere


@pytest.mark.parametrize("what", ["password", "second-factor"])
def test_an_operators_open_session_is_not_enough_to_change_its_own_password_or_second_step(
    app: BridgeApp, what: str
) -> None:
    visitor = signed_in(app, ELS, operator=True)

    assert visitor.post(f"/users/1/{what}").status_code == 303
    with app.store.read() as connection:
        assert [event.code for event in activity.audit_trail_page(connection, None, access=True).rows] == ["signed_in"]


def test_a_name_full_of_markup_is_only_ever_a_name(app: BridgeApp) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    app.change_shop(name=evil)
    app.deliver(f'{{"id":238,"number":{evil!r}}}'.encode())
    app.issue(number="F<b>1</b>", order_number=evil)
    with app.store.write() as connection:
        for code in ("x", "invited"):
            audit_trail.add(
                connection, AuditEntry(SHOP, NOW, evil, code, Message("{evil}", evil=evil), address="<b>evil</b>")
            )
        users.add(connection, NewUser(email="x@y.be", name=evil, password="", language="en", operator=False), now=NOW)
    visitor = signed_in(app, ELS, operator=True)
    home = f"/s/{SHOP}"
    for path in (home, f"{home}/orders/238", f"{home}/documents", f"{home}/documents/1", f"{home}/activity", f"{home}/team",
                 f"{home}/orders/238/deliveries/1", "/shops", "/users", f"{home}/orders?q={quote(evil)}"):  # fmt: skip
        page = visitor.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "<b>1</b>" not in page, path


def test_a_file_is_fetched_in_its_own_shop_only_and_its_name_ends_no_header(app: BridgeApp) -> None:
    other = "ffffffffffffffffffffffff"
    app.add_shop(other, secrets=("another secret",))
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    owner = signed_in(app, "owner@other.example", roles={other: Role.ADMIN})
    path = f"temporary/2026-11-23T10/{other}/{'0' * 32}.pdf"
    (app.settings.archive / path).parent.mkdir(parents=True)
    (app.settings.archive / path).write_bytes(PDF)
    kept = TemporaryFile(path, "", len(PDF), 'Ω"\r\nX-Evil: 1.pdf', NOW.isoformat()).as_json
    ids = {}
    with app.store.write() as connection:
        for shop_id in (SHOP, other):
            ids[shop_id] = tasks.request(
                connection, TaskRequest(shop_id=shop_id, kind="preview", argument={}, requested_by="Els"), now=NOW
            )
            leased = tasks.take(connection, ids[shop_id], now=NOW, lease_for=NOW - NOW)
            assert leased is not None
            tasks.finish(connection, leased.lease, now=NOW, answer={"file": kept})
    mine = owner.get(f"/s/{other}/tasks/{ids[other]}/file")

    assert (mine.status_code, mine.data) == (200, PDF)
    assert mine.headers["Content-Disposition"] == 'inline; filename="----X-Evil--1.pdf"'
    assert viewer.get(f"/s/{other}/tasks/{ids[other]}/file").status_code == 404
    for view in ("", "/state", "/file"):
        assert viewer.get(f"/s/{SHOP}/tasks/{ids[other]}{view}").status_code == 404
    # An answer that names another shop's file, however it came to do so.
    assert viewer.get(f"/s/{SHOP}/tasks/{ids[SHOP]}/file").status_code == 422


def test_the_export_of_a_whole_shop_is_for_its_admins(app: BridgeApp) -> None:
    with app.store.write() as connection:
        task_id = tasks.request(
            connection, TaskRequest(shop_id=SHOP, kind="export_shop", argument={}, requested_by="Els"), now=NOW
        )
        leased = tasks.take(connection, task_id, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        path = f"temporary/2026-11-23T10/{SHOP}/{'0' * 32}.zip"
        kept = TemporaryFile(path, "", len(PDF), "shop.zip", NOW.isoformat()).as_json
        tasks.finish(connection, leased.lease, now=NOW, answer={"file": kept})
    (app.settings.archive / path).parent.mkdir(parents=True)
    (app.settings.archive / path).write_bytes(PDF)
    who = {role: signed_in(app, f"{role}@shop.example", roles={SHOP: role}) for role in (Role.ADMIN, Role.VIEWER)}
    answers = {role: visitor.get(f"/s/{SHOP}/tasks/{task_id}/file").status_code for role, visitor in who.items()}

    assert answers == {Role.ADMIN: 200, Role.VIEWER: 403}


def test_a_number_in_greek_letters_can_be_downloaded(app: BridgeApp) -> None:
    app.issue(number="Ω2026/1")
    found = signed_in(app, ELS, operator=True).get(f"/s/{SHOP}/documents/1/pdf")

    assert found.headers["Content-Disposition"] == 'inline; filename="2026-1.pdf"'


@pytest.mark.parametrize("text", ["a@b.be\nBcc: x@y.be", "De\r\nBcc: x@y.be <a@b.be>", "a@b.be\0"])
def test_a_sender_with_a_line_break_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        email_address.check_addresses(text, several=True)


def test_what_the_next_page_says_travels_encrypted_only(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    visitor.get("/shops/new")
    made = visitor.post("/shops/new", name="Shop", url="https://new.example", email="jan@new.example", language="nl")
    (said,) = (one for one in made.headers.getlist("Set-Cookie") if one.startswith("facturelay_notice="))

    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in said.split(";")}


def test_the_log_hides_what_gives_access() -> None:
    for door in ("d", "join", "password", "sender", "set-up"):
        assert TOKEN.sub(r"\1…", f"GET /sub/{door}/c2VjcmV0?x=1 HTTP/1.1") == f"GET /sub/{door}/…?x=1 HTTP/1.1"


@pytest.mark.parametrize("kind", ["is refunded, but", "cannot be credited:", "a draft waits: x;", "with 1 × “a” 1;"])
def test_what_a_customer_types_does_not_keep_the_page_busy(app: BridgeApp, kind: str) -> None:
    # An expression that tries every way to cut this into its places is busy for hours.
    typed = f"{kind} " * 300 + "\n\x01"
    message = Message("{number} was issued.", number=typed)
    with app.client.application.test_request_context(headers={"Accept-Language": "nl"}):
        assert translate_message(message) == f"{typed} is opgemaakt."


def test_a_viewer_reads_no_setting_and_no_secret(app: BridgeApp) -> None:
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    pages = [rule.rule.replace("<shop_id>", SHOP) for rule in rules(app) if "/settings/" in rule.rule]

    assert {viewer.get(path).status_code for path in pages if "<" not in path} <= {403, 405}
    assert viewer.get(f"/s/{SHOP}/team").status_code == 403
    assert viewer.client.get("/api/v1/documents", base_url=SITE).status_code == 401
