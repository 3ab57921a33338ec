"""Strangers at the sign-in: they slow themselves down, not the owner; they take no address that is not theirs, and keep nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.security import check_password_hash

from bridge.accounts import passwords
from bridge.accounts.attempts import MOST_ATTEMPTS, MOST_ATTEMPTS_OF_STRANGERS
from tests.support.bridge_app import NOW, SHOP, BridgeApp, settings_for
from tests.support.personas import PASSWORD, Visitor, a_user, signed_in
from worker.demo.mailbox import Mailbox
from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.notifications.account_mails import send_waiting
from worker.services import Services
from worker.store import sessions, users
from worker.store.database.encryption import Encryption
from worker.store.database.tables import account_mails, one_time_links
from worker.store.sessions import NewLink
from worker.store.users import Role

ELS, EVE = "els@host.example", "eve@evil.example"
WRONG = "wrong wrong wrong"


@pytest.fixture
def mailing(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[BridgeApp, Mailbox]]:
    """A bridge whose installation has a mail server."""
    with Mailbox() as mailbox:
        app = BridgeApp(settings_for(sqlite_url, tmp_path, smtp_url=mailbox.url, mail_from="host@host.example"))
        app.add_shop()
        yield app, mailbox
        app.close()


def send(app: BridgeApp) -> None:
    """What the scheduler does every few seconds."""
    services = Services(app.settings, now=lambda: app.now)
    send_waiting(services)
    services.store.close()


class From(Visitor):
    """A browser somewhere: the test client says from which address it comes."""

    def __init__(self, app: BridgeApp, address: str) -> None:
        super().__init__(app)
        self.client.environ_base["REMOTE_ADDR"] = address


def tries(app: BridgeApp, address: str, times: int, email: str = ELS) -> list[int]:
    visitor = From(app, address)
    return [visitor.sign_in(email, WRONG).status_code for _ in range(times)]


def test_a_stranger_keeps_nobody_out_by_wrong_passwords(app: BridgeApp) -> None:
    owner = From(app, "198.51.100.1")
    a_user(app, ELS)
    owner.sign_in(ELS)
    owner.post("/sign-out")
    refused = tries(app, "203.0.113.5", 40)

    assert refused == [422] * MOST_ATTEMPTS + [429] * (40 - MOST_ATTEMPTS)
    assert owner.sign_in(ELS).status_code == 303
    # Nor from a browser that was never here: the stranger counts for where he comes from.
    assert From(app, "198.51.100.2").sign_in(ELS).status_code == 303


def test_a_browser_that_is_known_is_let_try_even_from_where_the_stranger_is(app: BridgeApp) -> None:
    a_user(app, ELS)
    owner = From(app, "203.0.113.5")
    owner.sign_in(ELS)
    owner.post("/sign-out")
    tries(app, "203.0.113.5", 100)

    assert owner.sign_in(ELS).status_code == 303


def test_even_from_many_networks_at_once_only_new_browsers_wait(app: BridgeApp) -> None:
    a_user(app, ELS)
    owner = From(app, "198.51.100.1")
    owner.sign_in(ELS)
    owner.post("/sign-out")
    for network in range(15):
        tries(app, f"203.0.113.{network}", MOST_ATTEMPTS)
    counted = tries(app, "192.0.2.1", 1)

    assert 15 * MOST_ATTEMPTS > MOST_ATTEMPTS_OF_STRANGERS
    assert counted == [429]
    assert owner.sign_in(ELS).status_code == 303
    app.now += timedelta(minutes=16)
    assert From(app, "192.0.2.1").sign_in(ELS).status_code == 303


def test_all_addresses_of_an_ipv6_network_count_as_one(app: BridgeApp) -> None:
    a_user(app, ELS)
    answers = [tries(app, f"2001:db8:0:7::{number:x}", 1)[0] for number in range(1, 20)]

    assert answers == [422] * MOST_ATTEMPTS + [429] * 9


def test_a_known_browser_is_slowed_down_itself(app: BridgeApp) -> None:
    a_user(app, ELS)
    thief = From(app, "198.51.100.1")
    thief.sign_in(ELS)
    thief.post("/sign-out")

    assert [thief.sign_in(ELS, WRONG).status_code for _ in range(12)] == [422] * MOST_ATTEMPTS + [429] * 2


@pytest.mark.parametrize("value", ["", "x", "W10.x.y", "a\0b", "." * 4000])
def test_a_cookie_of_somebody_elses_making_is_no_known_browser(app: BridgeApp, value: str) -> None:
    a_user(app, ELS)
    tries(app, "203.0.113.5", MOST_ATTEMPTS)
    forger = From(app, "203.0.113.5")
    forger.client.set_cookie("__Host-facturelay_known", value, domain="documents.example", secure=True, path="/")

    assert forger.sign_in(ELS).status_code == 429


def test_one_persons_browser_is_not_anothers(app: BridgeApp) -> None:
    a_user(app, ELS)
    eve = From(app, "203.0.113.5")
    a_user(app, EVE)
    eve.sign_in(EVE)
    eve.post("/sign-out")

    assert [eve.sign_in(ELS, WRONG).status_code for _ in range(11)][-1] == 429


def test_after_a_new_password_no_browser_is_known(app: BridgeApp) -> None:
    owner = signed_in(app, ELS)
    new = "heel andere woorden"
    owner.post("/account/password", old=PASSWORD, password=new, again=new)
    owner.post("/sign-out")
    tries(app, "127.0.0.1", MOST_ATTEMPTS)

    assert owner.sign_in(ELS, new).status_code == 429


def test_the_database_alone_gives_nobody_a_password_to_guess_at(app: BridgeApp) -> None:
    """ASVS 2.4.5: what is stored is locked with a key that is not in the database; a new key in front still opens it."""
    keys = app.settings.secret_keys
    stored = passwords.as_stored(PASSWORD, Encryption(keys))

    assert "scrypt" not in stored
    assert check_password_hash(Encryption(keys).decrypt(stored), PASSWORD)
    assert passwords.matches(stored, PASSWORD, Encryption(("another key of 32 characters or more", *keys)))
    assert not passwords.matches(stored, WRONG, Encryption(keys))
    assert not passwords.matches("", "", Encryption(keys))
    with pytest.raises(Rejected):
        Encryption(("another key of 32 characters or more",)).decrypt(stored)


def test_an_unknown_address_costs_as_much_work_as_a_known_one(app: BridgeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    a_user(app, ELS)
    with app.store.write() as connection:
        users.change(connection, 1, password=passwords.as_stored(PASSWORD, Encryption(app.settings.secret_keys)))
    compared: list[str] = []

    def compare(stored: str, password: str) -> bool:
        compared.append(stored.partition("$")[0])
        return check_password_hash(stored, password)

    monkeypatch.setattr(passwords, "check_password_hash", compare)
    known, unknown = Visitor(app).sign_in(ELS, WRONG), Visitor(app).sign_in("nobody@host.example", WRONG)

    # The same function with the same cost, once each, and the same answer.
    assert len(compared) == 2
    assert len(set(compared)) == 1
    assert (known.status_code, strip(known.text, ELS)) == (
        unknown.status_code,
        strip(unknown.text, "nobody@host.example"),
    )


def strip(page: str, email: str) -> str:
    """A page without what differs by itself."""
    return re.sub(r'value="[0-9a-f]{64}"', "", page).replace(email, "")


def test_who_invites_does_not_see_the_link_so_nobody_squats_an_address(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    eve = signed_in(app, EVE, roles={SHOP: Role.ADMIN})
    eve.get(f"/s/{SHOP}/team")
    eve.post(f"/s/{SHOP}/team/invite", email="victim@example.com", role="viewer")
    shown = eve.get(f"/s/{SHOP}/team").text
    with app.store.read() as connection:
        waiting = connection.execute(select(account_mails.c.argument)).scalar_one()
        assert connection.execute(select(one_time_links)).all() == []
    send(app)

    assert "/join/" not in shown
    assert "join" not in waiting
    (mail,) = mailbox.messages()
    assert mail.recipients == ("victim@example.com",)
    link = re.search(r"/join/\S+", mail.text)
    assert link
    victim = Visitor(app)
    victim.get(link[0])
    assert victim.post(link[0], name="Victim", password=PASSWORD, again=PASSWORD).status_code == 303
    # It leaves once, however often the scheduler looks.
    send(app)
    assert len(mailbox.messages()) == 1


def test_pressing_again_fills_nobodys_mailbox(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    eve = signed_in(app, EVE, roles={SHOP: Role.ADMIN})
    eve.get(f"/s/{SHOP}/team")
    for _ in range(20):
        eve.post(f"/s/{SHOP}/team/invite", email="victim@example.com", role="viewer")
    send(app)

    assert len(mailbox.messages()) == 1


def test_a_link_for_a_new_password_throws_a_squatter_out_and_says_so(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    squatter = signed_in(app, ELS, roles={SHOP: Role.ADMIN})
    with app.store.write() as connection:
        users.change(connection, 1, totp="a seed of his own", recovery='["of his own"]')
        token = sessions.create_link(connection, NewLink("password", ELS, Role.VIEWER), by=Actor("Els", NOW))
    els, new = Visitor(app), "heel andere woorden"
    els.get(f"/password/{token}")
    els.post(f"/password/{token}", password=new, again=new)
    send(app)
    with app.store.read() as connection:
        user = users.by_email(connection, ELS)

    assert user is not None
    assert (user.totp, user.recovery) == ("", "[]")
    assert squatter.get("/account").status_code == 303
    assert els.sign_in(ELS, new).status_code == 303
    assert [(mail.recipients, mail.subject) for mail in mailbox.messages()] == [
        ((ELS,), "Your password was chosen anew")
    ]


def ask_for_a_link(app: BridgeApp, email: str) -> tuple[int, str]:
    visitor = Visitor(app)
    visitor.get("/sign-in/lost-password")
    answer = visitor.post("/sign-in/lost-password", email=email)
    return answer.status_code, answer.text.replace(email, "HERE")


def test_a_lost_password_is_chosen_anew_by_a_link_in_the_mailbox_once_and_within_an_hour(
    mailing: tuple[BridgeApp, Mailbox],
) -> None:
    app, mailbox = mailing
    els, new = signed_in(app, ELS), "heel andere woorden"
    assert "/sign-in/lost-password" in Visitor(app).get("/sign-in").text
    ask_for_a_link(app, ELS)
    send(app)
    (mail,) = mailbox.messages()
    link = re.search(r"/password/\S+", mail.text)
    assert link
    app.now += timedelta(minutes=59)
    visitor = Visitor(app)
    visitor.get(link[0])

    assert visitor.post(link[0], password=new, again=new).status_code == 303
    assert visitor.sign_in(ELS, new).status_code == 303
    assert els.get("/account").status_code == 303
    assert Visitor(app).get(link[0]).status_code == 410


def test_a_link_to_a_lost_password_is_dead_after_an_hour(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    a_user(app, ELS)
    ask_for_a_link(app, ELS)
    send(app)
    link = re.search(r"/password/\S+", mailbox.messages()[0].text)
    assert link
    app.now += timedelta(hours=1)

    assert Visitor(app).get(link[0]).status_code == 410


def test_nobody_learns_who_has_an_account_by_losing_its_password(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    a_user(app, ELS)
    suspended = a_user(app, EVE)
    with app.store.write() as connection:
        users.change(connection, suspended, suspended_at=app.now)
    answers = {ask_for_a_link(app, email) for email in (ELS, EVE, "nobody@host.example")}
    send(app)

    assert len(answers) == 1
    assert [mail.recipients for mail in mailbox.messages()] == [(ELS,)]


def test_losing_a_password_again_and_again_fills_no_mailbox(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    a_user(app, ELS)
    statuses = [ask_for_a_link(app, ELS)[0] for _ in range(12)]
    send(app)

    assert statuses == [200] * 10 + [429] * 2
    assert len(mailbox.messages()) == 3


def test_who_reads_somebodys_mail_does_not_get_past_the_second_step(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    user_id = a_user(app, ELS)
    with app.store.write() as connection:
        users.change(connection, user_id, totp="a seed", recovery='["a code"]')
    ask_for_a_link(app, ELS)
    send(app)
    link = re.search(r"/password/\S+", mailbox.messages()[0].text)
    assert link
    visitor, new = Visitor(app), "heel andere woorden"
    visitor.get(link[0])
    visitor.post(link[0], password=new, again=new)
    with app.store.read() as connection:
        user = users.by_email(connection, ELS)

    assert user is not None
    assert (user.totp, user.recovery) == ("a seed", '["a code"]')


def test_without_a_mail_server_no_link_is_promised(app: BridgeApp) -> None:
    assert "/sign-in/lost-password" not in Visitor(app).get("/sign-in").text
    assert Visitor(app).get("/sign-in/lost-password").status_code == 404


def test_every_change_at_the_door_is_told_by_mail(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    els, new = signed_in(app, ELS, operator=True), "heel andere woorden"
    els.get("/account")
    els.post("/account/password", old=PASSWORD, password=new, again=new)
    els.post("/account/second-factor/off", old=new)
    other = a_user(app, EVE)
    els.post(f"/users/{other}/second-factor")
    send(app)

    assert sorted((mail.recipients[0], mail.subject) for mail in mailbox.messages()) == [
        (ELS, "The second step is off"),
        (ELS, "Your password was changed"),
        (EVE, "The second step is off"),
    ]


def test_a_mail_that_the_server_does_not_take_waits(mailing: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = mailing
    els = signed_in(app, ELS)
    els.get("/account")
    els.post("/account/second-factor/off", old=PASSWORD)
    gone = BridgeApp(
        settings_for(app.settings.database_url, app.settings.data, smtp_url="smtp://127.0.0.1:1"), now=app.now
    )
    send(gone)
    gone.close()
    with app.store.read() as connection:
        assert connection.execute(select(account_mails.c.attempts)).scalar_one() == 1
    app.now += timedelta(minutes=1)
    send(app)

    assert len(mailbox.messages()) == 1


def test_no_cookie_leaves_unencrypted_and_no_page_may_be_asked_for_so(app: BridgeApp) -> None:
    els = signed_in(app, ELS)
    els.get("/account")
    answer = els.post("/account", name="Els", language="nl", theme="dark")

    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    assert [cookie for cookie in cookies if "Secure" not in cookie or "HttpOnly" not in cookie] == []
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
