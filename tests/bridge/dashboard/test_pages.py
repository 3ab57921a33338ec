"""The pages of the dashboard without a worker: what is saved, what is refused beside its field, and what is asked of the worker."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from sqlalchemy import update

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.personas import PASSWORD, Visitor, a_user, signed_in
from worker.domain.document import Kind
from worker.domain.shop import Rule, Shop
from worker.store import sessions, shops, sign_in_log, tasks, users
from worker.store.database.encryption import Encryption
from worker.store.database.pagination import PageRequest
from worker.store.database.tables import deliveries
from worker.store.queries import activity
from worker.store.users import Role

ADMIN = "admin@shop.example"
SETTINGS, TEAM = f"/s/{SHOP}/settings", f"/s/{SHOP}/team"


def admin(app: BridgeApp) -> Visitor:
    return signed_in(app, ADMIN, roles={SHOP: Role.ADMIN})


def settings_of(app: BridgeApp) -> Shop:
    with app.store.read() as connection:
        found = shops.settings_of(connection, SHOP)
    assert found is not None
    return found


def asked(app: BridgeApp, task_id: int = 1) -> tuple[str, dict[str, Any]] | None:
    """What the worker was asked to do, and with what."""
    with app.store.read() as connection:
        found = tasks.find(connection, task_id)
    return (found.kind, dict(found.argument)) if found else None


def roles(app: BridgeApp) -> dict[str, Role]:
    with app.store.read() as connection:
        return {member.user.email: member.role for member in users.members(connection, SHOP)}


def test_a_company_is_saved_all_or_nothing(app: BridgeApp) -> None:
    visitor = admin(app)
    fields = {"seller.name": "De Gist BV", "seller.iban": "BE71 0961 2345 6769", "name": "De Gist", "language": "fr"}
    wrong = visitor.post(f"{SETTINGS}/company", **{**fields, "seller.iban": "BE00"}, zone="Europe/Brussels")

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="error-seller.iban"' in wrong.text
    assert 'value="De Gist BV"' in wrong.text
    assert settings_of(app).seller.name == ""
    assert visitor.post(f"{SETTINGS}/company", **fields, zone="Europe/Brussels").status_code == HTTPStatus.SEE_OTHER
    saved = settings_of(app)
    assert (saved.seller.name, saved.seller.iban, saved.language) == ("De Gist BV", "BE71096123456769", "fr")


def test_rules_are_saved_tried_or_refused_beside_the_wrong_one(app: BridgeApp) -> None:
    visitor = admin(app)
    rows = {"kind-0": "invoice", "trigger-0": "paid", "send_mode-0": "send", "buyer-0": "business", "countries-0": "be, nl",
            "methods-0": "", "minimum-0": "12,50", "kind-1": ""}  # fmt: skip
    rule = "invoice:paid:send:buyer=business,country=BE|NL,minimum=12.50"
    wrong = visitor.post(f"{SETTINGS}/rules", **{**rows, "minimum-0": "much"})
    tried = visitor.post(f"{SETTINGS}/rules", **rows, **{"try": "1"})
    before = settings_of(app).rules

    assert (wrong.status_code, wrong.text.count('class="error"')) == (HTTPStatus.UNPROCESSABLE_ENTITY, 1)
    assert tried.headers["Location"].startswith(f"/s/{SHOP}/tasks/1")
    assert asked(app) == ("dry_run_rules", {"rules": rule})
    assert visitor.post(f"{SETTINGS}/rules", **rows).status_code == HTTPStatus.SEE_OTHER
    assert settings_of(app).rules == (Rule.parse(rule),) != before


def test_a_text_is_saved_for_its_kind_and_language_and_goes_back_to_the_default(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/texts?kind=invoice&state=paid&language=nl"
    texts = {"mail.subject": "Je factuur {number}", "mail.body": "Dag"}
    wrong = visitor.post(page, **{**texts, "mail.body": "Dag {nobody}"})

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="error-mail.body"' in wrong.text
    visitor.post(page, **texts)
    assert settings_of(app).texts["mail.subject/invoice/paid/nl"] == "Je factuur {number}"
    visitor.post(page, **texts, **{"default-mail.subject": "1"})
    assert "mail.subject/invoice/paid/nl" not in settings_of(app).texts


def test_numbers_go_on_after_another_program_and_a_wrong_pattern_is_refused(app: BridgeApp) -> None:
    visitor, series = admin(app), settings_of(app).series[Kind.INVOICE]
    yearly = {f"yearly-{kind}": "1" for kind, one in settings_of(app).series.items() if one.yearly}

    for wrong in ({"pattern-invoice": "F{year}"}, {"after-invoice": "12a"}):
        assert visitor.post(f"{SETTINGS}/numbering", **yearly, **wrong).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert settings_of(app).series[Kind.INVOICE] == series
    visitor.post(
        f"{SETTINGS}/numbering", **yearly, **{"pattern-invoice": "{year}/{number:04d}", "after-invoice": "115"}
    )
    assert "2026/0116" in visitor.get(f"{SETTINGS}/numbering").text


def test_a_mail_server_is_kept_and_its_password_never_shown(app: BridgeApp) -> None:
    visitor = admin(app)
    server = {"scheme": "smtps", "host": "mail.shop.example", "port": "465", "username": "jan", "password": "geheim-1"}
    wrong = visitor.post(f"{SETTINGS}/mail/server", **{**server, "port": "99999"})

    assert 'id="error-port"' in wrong.text
    assert visitor.post(f"{SETTINGS}/mail/server", **server).status_code == HTTPStatus.SEE_OTHER
    page = visitor.get(f"{SETTINGS}/mail").text
    assert "mail.shop.example" in page
    assert "geheim-1" not in page + wrong.text


def test_an_invitation_is_shown_once_and_can_be_withdrawn(app: BridgeApp) -> None:
    visitor = admin(app)
    shown = visitor.post(f"{TEAM}/invite", email="Jan@Shop.example", role="viewer").text
    token = shown.partition("/join/")[2].partition("<")[0]
    with app.store.read() as connection:
        (invite,) = sessions.open_links(connection, purpose="invite", shop_id=SHOP, now=NOW)

    assert (invite.email, invite.role) == ("jan@shop.example", Role.VIEWER)
    assert token not in visitor.get(TEAM).text
    assert Visitor(app).get(f"/join/{token}").status_code == HTTPStatus.OK
    visitor.post(f"{TEAM}/withdraw", token_hash=invite.token_hash)
    assert Visitor(app).get(f"/join/{token}").status_code == HTTPStatus.GONE
    with app.store.read() as connection:
        assert [act.code for act in sign_in_log.latest(connection, shop_id=SHOP)] == ["withdrawn", "invited"]


@pytest.mark.parametrize("fields", [{"email": "nobody", "role": "viewer"}, {"email": "a@b.be", "role": "operator"}])
def test_an_invitation_makes_nobody_more_than_an_admin(app: BridgeApp, fields: dict[str, str]) -> None:
    assert admin(app).post(f"{TEAM}/invite", **fields).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_another_shops_admin_withdraws_nothing_here(app: BridgeApp) -> None:
    other = "ffffffffffffffffffffffff"
    app.add_shop(other, secrets=("another secret",))
    admin(app).post(f"{TEAM}/invite", email="jan@shop.example", role="viewer")
    with app.store.read() as connection:
        invites = sessions.open_links(connection, purpose="invite", shop_id=SHOP, now=NOW)
    owner = signed_in(app, "owner@other.example", roles={other: Role.ADMIN})
    owner.post(f"/s/{other}/team/withdraw", token_hash=invites[0].token_hash)
    owner.post(f"/s/{other}/team/1/remove")
    owner.post(f"/s/{other}/team/1/role", role="viewer")

    with app.store.read() as connection:
        assert sessions.open_links(connection, purpose="invite", shop_id=SHOP, now=NOW) == invites
    assert roles(app) == {ADMIN: Role.ADMIN}


def test_the_last_admin_stays_and_a_second_one_may_go(app: BridgeApp) -> None:
    visitor = admin(app)
    second = a_user(app, "jan@shop.example", roles={SHOP: Role.VIEWER})
    visitor.post(f"{TEAM}/1/remove")
    visitor.post(f"{TEAM}/1/role", role="viewer")
    assert roles(app) == {ADMIN: Role.ADMIN, "jan@shop.example": Role.VIEWER}

    visitor.post(f"{TEAM}/{second}/role", role="admin")
    visitor.post(f"{TEAM}/1/remove")
    assert roles(app) == {"jan@shop.example": Role.ADMIN}
    assert visitor.get(TEAM).status_code == HTTPStatus.NOT_FOUND


def test_an_account_speaks_its_language_and_a_new_password_ends_the_other_sessions(app: BridgeApp) -> None:
    here, there, new = admin(app), Visitor(app), "heel andere woorden"
    there.sign_in(ADMIN)
    here.post("/account", name="Jan", language="nl", theme="dark")
    here.post("/account/password", old=PASSWORD, password=new, again=new)
    page = here.get("/account").text

    assert '<html lang="nl" data-theme="dark">' in page
    assert there.get("/account").status_code == HTTPStatus.SEE_OTHER
    assert here.post("/account", name="Jan", language="xx").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_of_many_shops_those_that_need_somebody_come_first_and_any_is_found(app: BridgeApp) -> None:
    app.deliver()
    vault = Encryption(app.settings.secret_keys)
    with app.store.write() as connection:
        for number in range(60):
            shop = Shop(f"{number:024x}", f"A shop {number:02}", f"https://shop{number}.example", NOW)
            shops.add(connection, vault, shop, shops.Secrets((f"secret {number}",)), now=NOW)
        connection.execute(update(deliveries).values(state="failed", finished_at=NOW))
    visitor = signed_in(app, "els@host.example", operator=True)
    page, every, one = (visitor.get(f"/shops{query}").text for query in ("", "?q=&all=1", "?q=SHOP59.example"))

    assert page.partition('id="shops"')[2].index(SHOP) < page.partition('id="shops"')[2].index("A shop 00")
    assert (page.count("/close"), every.count("/close"), one.count("/close")) == (50, 61, 1)
    assert "No shop is called that." in visitor.get("/shops?q=nothing").text


def test_who_opens_and_closes_a_way_for_programs_is_on_the_trail(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/api"
    shown = visitor.post(f"{page}/token", name="Books", which="documents:read").text
    visitor.post(f"{page}/webhook", url="https://books.example/hook", which="document.issued")
    for what in ("token/1/revoke", "token/1/revoke", "webhook/1/stop", "webhook/1/resume", "webhook/1/remove"):
        visitor.post(f"{page}/{what}")
    with app.store.read() as connection:
        told = [event.message for event in activity.audit_trail_page(connection, (SHOP,), PageRequest()).rows]

    assert "fr_" in shown
    assert "fr_" not in visitor.get(page).text
    assert told[::-1] == [
        "The API token “Books” was made: documents:read.",
        "https://books.example/hook is told of document.issued from now on.",
        "The API token “Books” was revoked.",
        "https://books.example/hook is not told for now.",
        "https://books.example/hook is told again.",
        "https://books.example/hook is told of documents no more.",
    ]


def test_waiting_for_an_answer_leads_back_to_our_own_pages_only(app: BridgeApp) -> None:
    visitor = admin(app)
    visitor.post(f"/s/{SHOP}/accounting/verify")
    waiting = visitor.get(f"/s/{SHOP}/tasks/1?then=//evil.example")
    with app.store.write() as connection:
        leased = tasks.take(connection, 1, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        tasks.finish(
            connection, leased.lease, now=NOW, answer={"intact": True, "documents": 0, "head": "", "damages": []}
        )

    assert waiting.status_code == HTTPStatus.OK
    assert visitor.get(f"/s/{SHOP}/tasks/1?then=//evil.example").headers["Location"] == "/"
    answered = visitor.get(f"/s/{SHOP}/tasks/1?then=/s/{SHOP}/accounting?task=0").headers["Location"]
    assert answered == f"/s/{SHOP}/accounting?task=1"
    assert visitor.get(answered).status_code == HTTPStatus.OK
