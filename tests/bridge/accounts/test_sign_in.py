"""Getting in and out: passwords, second step, one-time links, and everything that must not open the door."""

from datetime import timedelta

import pyotp
import pytest

from bridge.accounts import passwords
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.personas import PASSWORD, SITE, Visitor, a_user, signed_in
from worker.domain.actor import Actor
from worker.store import sessions, users
from worker.store.queries import activity
from worker.store.sessions import NewLink
from worker.store.users import Role

ELS = "els@host.example"


def a_link(
    app: BridgeApp, purpose: str, *, email: str = "", role: Role = Role.OPERATOR, shop_id: str | None = None
) -> str:
    with app.store.write() as connection:
        return sessions.create_link(
            connection, NewLink(purpose=purpose, email=email, role=role, shop_id=shop_id), by=Actor("Els", app.now)
        )


def told(app: BridgeApp) -> list[str]:
    with app.store.read() as connection:
        return [event.code for event in activity.audit_trail_page(connection, None, access=True).rows]


def test_before_anybody_can_sign_in_the_front_page_says_how_to_begin(app: BridgeApp) -> None:
    assert "user set-up" in Visitor(app).get("/").text


def test_the_set_up_link_makes_the_first_operator_and_works_once(app: BridgeApp) -> None:
    token, visitor = a_link(app, "setup"), Visitor(app)
    visitor.get(f"/set-up/{token}")
    fields = {"name": "Els Peeters", "email": " Els@Host.example", "password": PASSWORD, "again": PASSWORD}

    assert visitor.post(f"/set-up/{token}", **fields).headers["Location"] == "/"
    assert visitor.get("/").headers["Location"] == "/shops"
    assert visitor.get("/users").status_code == 200
    with app.store.read() as connection:
        (user,) = users.every(connection)
    assert (user.email, user.name, user.operator, user.signed_in_at) == (ELS, "Els Peeters", True, NOW)
    again = Visitor(app)
    assert again.get(f"/set-up/{token}").status_code == 410
    assert again.get(f"/set-up/{a_link(app, 'setup')}").status_code == 410


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(app: BridgeApp) -> None:
    a_user(app, ELS, operator=True)
    wrong = Visitor(app).sign_in(ELS, "een ander wachtwoord")
    unknown = Visitor(app).sign_in("nobody@host.example", "een ander wachtwoord")

    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert "do not belong together" in wrong.text
    assert "do not belong together" in unknown.text
    assert told(app) == ["sign_in_failed", "sign_in_failed"]


def test_who_was_suspended_gets_neither_in_nor_on(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    with app.store.write() as connection:
        users.change(connection, 1, suspended_at=NOW)

    assert visitor.get("/users").headers["Location"].startswith("/sign-in")
    assert Visitor(app).sign_in(ELS).status_code == 422


def test_after_ten_wrong_tries_even_the_right_password_waits_a_quarter_of_an_hour(app: BridgeApp) -> None:
    a_user(app, ELS, operator=True)
    for _ in range(10):
        assert Visitor(app).sign_in(ELS, "wrong wrong wrong").status_code == 422
    refused = Visitor(app).sign_in(ELS)
    app.now = NOW + timedelta(minutes=16)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert Visitor(app).sign_in(ELS).status_code == 303


def test_a_session_ends_by_signing_out_by_a_day_of_silence_and_after_two_weeks(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    cookies = visitor.client.get_cookie("__Host-facturelay", domain="documents.example")
    assert cookies is not None
    visitor.post("/sign-out")
    visitor.client.set_cookie("__Host-facturelay", cookies.value, domain="documents.example", secure=True)
    assert visitor.get("/users").status_code == 303

    visitor.sign_in(ELS)
    for _ in range(14):
        assert visitor.get("/users").status_code == 200
        app.now += timedelta(hours=23)
    app.now += timedelta(hours=23)
    assert visitor.get("/users").status_code == 303

    visitor.sign_in(ELS)
    app.now += timedelta(hours=24)
    assert visitor.get("/users").status_code == 303


def test_the_cookie_is_closed_to_scripts_other_sites_and_other_hosts(app: BridgeApp) -> None:
    a_user(app, ELS, operator=True)
    visitor = Visitor(app)
    (cookie,) = (c for c in visitor.sign_in(ELS).headers.getlist("Set-Cookie") if c.startswith("__Host-facturelay="))

    assert [part.strip().partition("=")[0] for part in cookie.split(";")[1:]] == [
        "Expires",
        "Max-Age",
        "Secure",
        "HttpOnly",
        "Path",
        "SameSite",
    ]
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("token", ["", "0" * 64, "café"])
def test_a_form_without_our_token_changes_nothing(app: BridgeApp, token: str) -> None:
    visitor = signed_in(app, ELS, operator=True)
    answer = visitor.client.post("/account", base_url=SITE, data={"form_token": token, "name": "X", "language": "nl"})

    assert answer.status_code == 400
    with app.store.read() as connection:
        assert users.every(connection)[0].name == "Els"


def test_a_form_of_another_site_changes_nothing_even_with_the_token(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    fields = {"form_token": visitor.form_token, "name": "X", "language": "nl"}
    answer = visitor.client.post("/account", base_url=SITE, data=fields, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 400


def test_a_strangers_token_is_worth_nothing_to_another_stranger(app: BridgeApp) -> None:
    a_user(app, ELS, operator=True)
    one, other = Visitor(app), Visitor(app)
    one.get("/sign-in")
    other.get("/sign-in")
    other.form_token = one.form_token

    assert other.post("/sign-in", email=ELS, password=PASSWORD).status_code == 400


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\\b", "/a\r\nX: y", "evil"],
)
def test_signing_in_leads_nowhere_but_to_our_own_pages(app: BridgeApp, wanted: str) -> None:
    a_user(app, ELS, operator=True)

    assert Visitor(app).sign_in(ELS, next=wanted).headers["Location"] == "/"


def test_signing_in_leads_to_the_page_that_was_asked_for(app: BridgeApp) -> None:
    a_user(app, ELS, operator=True)
    visitor = Visitor(app)

    assert visitor.get("/users?x=1").headers["Location"] == "/sign-in?next=%2Fusers%3Fx%3D1"
    assert visitor.sign_in(ELS, next="/users?x=1").headers["Location"] == "/users?x=1"


def with_second_step(app: BridgeApp) -> tuple[Visitor, str, list[str]]:
    """Somebody who switched the second step on: the browser, the seed, and the recovery codes."""
    visitor = signed_in(app, ELS, operator=True)
    page = visitor.get("/account/second-factor").text
    seed = page.partition('name="seed" value="')[2].partition('"')[0]
    typed = page.partition("<code>")[2].partition("</code>")[0].split()
    assert ("".join(typed), {len(four) for four in typed}) == (seed, {4})
    shown = visitor.post("/account/second-factor", seed=seed, code=pyotp.TOTP(seed).at(int(app.now.timestamp())))
    codes = [part.partition("</code>")[0] for part in shown.text.split("<code>")[1:]]
    assert len(codes) == 8
    return visitor, seed, codes


def second_step(app: BridgeApp, code: str) -> int:
    visitor = Visitor(app)
    page = visitor.sign_in(ELS)
    assert page.status_code == 200
    step = page.text.partition('name="step" value="')[2].partition('"')[0]
    return visitor.post("/sign-in/code", step=step, code=code).status_code


def test_the_second_step_takes_each_code_once(app: BridgeApp) -> None:
    _, seed, _ = with_second_step(app)
    used = pyotp.TOTP(seed).at(int(app.now.timestamp()))
    app.now += timedelta(seconds=60)
    fresh = pyotp.TOTP(seed).at(int(app.now.timestamp()))

    assert second_step(app, used) == 422
    assert second_step(app, f" {fresh[:3]} {fresh[3:]} ") == 303
    assert second_step(app, fresh) == 422
    assert second_step(app, "000000") == 422


def test_a_recovery_code_signs_in_once(app: BridgeApp) -> None:
    _, _, codes = with_second_step(app)

    assert second_step(app, codes[0].upper().replace("-", " ")) == 303
    assert second_step(app, codes[0]) == 422
    assert second_step(app, codes[1]) == 303


def test_the_second_step_cannot_be_reached_without_the_password_or_after_five_minutes(app: BridgeApp) -> None:
    _, seed, _ = with_second_step(app)
    app.now += timedelta(minutes=5)
    code = pyotp.TOTP(seed).at(int(app.now.timestamp()))
    visitor = Visitor(app)
    visitor.get("/sign-in")

    assert visitor.post("/sign-in/code", step="made up", code=code).status_code == 422


def test_switching_the_second_step_off_asks_for_the_password(app: BridgeApp) -> None:
    visitor, _, _ = with_second_step(app)
    visitor.get("/account")

    refused = visitor.post("/account/second-factor/off", old="not it at all")
    assert refused.status_code == 422
    assert 'aria-describedby="error-old-second"' in refused.text
    assert 'id="error-old-second"' in refused.text
    assert visitor.post("/account/second-factor/off", old=PASSWORD).status_code == 303
    assert Visitor(app).sign_in(ELS).status_code == 303


def test_an_invitation_lets_somebody_into_one_shop(app: BridgeApp) -> None:
    token = a_link(app, "invite", email="jan@shop.example", role=Role.VIEWER, shop_id=SHOP)
    visitor = Visitor(app)
    assert "Bakkerij Janssens" in visitor.get(f"/join/{token}").text
    joined = visitor.post(f"/join/{token}", name="Jan", password=PASSWORD, again=PASSWORD)

    assert joined.status_code == 303
    assert visitor.get("/").headers["Location"] == f"/s/{SHOP}"
    assert visitor.get(f"/join/{token}").status_code == 410


def test_an_invitation_for_somebody_else_gives_nothing_to_who_found_it(app: BridgeApp) -> None:
    a_user(app, "jan@shop.example")
    token = a_link(app, "invite", email="jan@shop.example", role=Role.ADMIN, shop_id=SHOP)
    finder = signed_in(app, "piet@other.example")
    finder.get(f"/join/{token}")

    assert finder.post(f"/join/{token}").headers["Location"].startswith("/sign-in")
    assert finder.get(f"/s/{SHOP}").status_code == 404
    owner = Visitor(app)
    owner.sign_in("jan@shop.example")
    assert owner.post(f"/join/{token}").headers["Location"] == "/"
    assert owner.get(f"/s/{SHOP}").status_code == 200


def test_a_link_for_a_new_password_ends_every_session_and_lasts_two_hours(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    token = a_link(app, "password", email=ELS)
    forgetful = Visitor(app)
    forgetful.get(f"/password/{token}")
    new = "heel andere woorden"

    assert forgetful.post(f"/password/{token}", password=new, again="iets anders dan").status_code == 422
    assert forgetful.post(f"/password/{token}", password=new, again=new).status_code == 303
    assert visitor.get("/users").status_code == 303
    assert (Visitor(app).sign_in(ELS).status_code, Visitor(app).sign_in(ELS, new).status_code) == (422, 303)
    late = a_link(app, "password", email=ELS)
    app.now += timedelta(hours=2)
    assert Visitor(app).get(f"/password/{late}").status_code == 410


def test_an_invitation_to_look_takes_nothing_from_an_admin(app: BridgeApp) -> None:
    admin = signed_in(app, "jan@shop.example", roles={SHOP: Role.ADMIN})
    token = a_link(app, "invite", email="jan@shop.example", role=Role.VIEWER, shop_id=SHOP)
    admin.get(f"/join/{token}")

    assert admin.post(f"/join/{token}").headers["Location"] == "/"
    assert admin.get(f"/s/{SHOP}/team").status_code == 200


@pytest.mark.parametrize("password", ["short", "eleven char", "123456789012", "aaaaaaaaaaaa", "els", "x" * 201])
def test_a_password_that_is_easily_guessed_is_refused_beside_its_field(app: BridgeApp, password: str) -> None:
    token, visitor = a_link(app, "setup"), Visitor(app)
    page = visitor.get(f"/set-up/{token}").text
    answer = visitor.post(f"/set-up/{token}", name="Els", email=ELS, password=password, again=password)

    assert f"At least {passwords.SHORTEST} characters" in page
    assert answer.status_code == 422
    assert 'id="error-password"' in answer.text
    assert answer.text.count(f"{passwords.SHORTEST} characters") == 1  # the help says it, so the error need not
    assert f'value="{password}"' not in answer.text


def test_the_last_operator_stays(app: BridgeApp) -> None:
    visitor = signed_in(app, ELS, operator=True)
    visitor.post("/users/1/remove")
    visitor.post("/users/1/suspend")

    assert visitor.get("/users").status_code == 200
