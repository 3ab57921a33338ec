"""A shop cannot write as somebody else by the operator's mail server, nor without end, nor slip anything into a header."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge_app import SHOP, BridgeApp, settings_for
from tests.support.personas import Visitor, signed_in
from tests.support.system import SELLER, System
from tests.support.task_requests import asked
from worker.actions import shop_settings
from worker.actions.shop_settings import ChangedShop
from worker.demo.mailbox import Mail, Mailbox
from worker.demo.orders import an_order
from worker.domain.shop import MailSettings
from worker.net import sender_proof
from worker.net.sender_proof import SenderProof
from worker.notifications.account_mails import send_waiting
from worker.services import Services
from worker.store import senders, shops
from worker.store.shops import Secrets
from worker.store.users import Role

HOST = "documents@host.example"
VICTIM = "ceo@bank.example"
EVIL = "a\r\nBcc: x@evil.example\r\n\r\nhello\u2028\x85"


@pytest.fixture
def hosted(system: System) -> System:
    """An installation of a host, whose mail server sends under his address."""
    system.services = replace(
        system.services, settings=replace(system.services.settings, mail_from=f"Host <{HOST}>", mails_per_day=3)
    )
    return system


def parsed(mail: Mail) -> Any:
    return email.message_from_bytes(mail.raw, policy=email.policy.default)


def test_an_address_that_nobody_proved_is_not_written_from(hosted: System) -> None:
    hosted.change_shop(mail=MailSettings(sender=f"The Bank <{VICTIM}>"))
    hosted.arrives(an_order(id=1))
    (mail,) = hosted.mailbox.messages()
    message = parsed(mail)

    assert mail.sender == HOST  # the envelope, too
    assert [address.addr_spec for address in message["From"].addresses] == [HOST]
    assert [address.addr_spec for address in message["Reply-To"].addresses] == [SELLER.email]
    assert VICTIM not in str(message["From"])


def test_an_address_that_was_proved_is_and_by_that_shop_alone(hosted: System) -> None:
    hosted.change_shop(mail=MailSettings(sender="winkel@proved.example"))
    with hosted.services.store.write() as connection:
        senders.prove(connection, hosted.shop_id, "Winkel@Proved.example", by="x", now=hosted.clock.now)
        assert not senders.is_proved(connection, "another shop", "winkel@proved.example")
    hosted.arrives(an_order(id=1))

    assert [mail.sender for mail in hosted.mailbox.messages()] == ["winkel@proved.example"]


@pytest.mark.parametrize(
    "sender", [f"x@y.example, {VICTIM}", f'"{HOST}" <{VICTIM}>', f"{HOST}\r\n <{VICTIM}>", f"<{VICTIM}> {HOST}"]
)
def test_no_spelling_gets_round_the_proof(hosted: System, sender: str) -> None:
    hosted.change_shop(mail=MailSettings(sender=sender))
    hosted.arrives(an_order(id=1))

    allowed = {HOST, SELLER.email}
    for mail in hosted.mailbox.messages():
        assert mail.sender in allowed
        assert {address.addr_spec for address in parsed(mail)["From"].addresses} <= allowed


def test_where_the_operator_has_no_address_either_the_mail_waits_and_says_why(system: System) -> None:
    system.change_shop(mail=MailSettings(sender=VICTIM))
    (item,) = system.arrives(an_order(id=1))
    step = item.step("mail")

    assert system.mailbox.messages() == ()
    assert step is not None
    assert (step.state, step.code) == ("failed", "mail_sender_unproved")


def test_by_a_server_of_its_own_a_shop_writes_as_that_server_lets_it(hosted: System) -> None:
    with hosted.services.store.read() as connection:
        secrets = shops.get(connection, hosted.services.encryption, hosted.shop_id).secrets
    hosted.change_secrets(
        Secrets(secrets.webhook_secrets, secrets.rest_key, secrets.rest_secret, smtp_url=hosted.mailbox.url)
    )
    hosted.change_shop(mail=MailSettings(sender=VICTIM))
    for number in range(1, 6):
        hosted.arrives(an_order(id=number))

    assert [mail.sender for mail in hosted.mailbox.messages()] == [VICTIM] * 5


@pytest.mark.each_database
def test_beyond_the_days_allowance_mail_waits_for_the_next_day_and_nothing_is_lost(hosted: System) -> None:
    for number in range(1, 8):
        hosted.arrives(an_order(id=number))
    sent_today = len(hosted.mailbox.messages())
    waiting = [item.step("mail") for item in hosted.documents()]
    days = []
    for _ in range(4):
        hosted.clock.move(days=1)
        for _ in range(3):
            hosted.work()
            hosted.clock.move(hours=1)
        days.append(len(hosted.mailbox.messages()))

    assert sent_today == 3
    assert sum(1 for step in waiting if step and step.state == "waiting" and step.code == "mail_limit") == 4
    # Three a day: the second day three more, the third the last; two days of waiting make none fail.
    assert days == [6, 7, 7, 7]
    assert {item.step("mail").state for item in hosted.documents() if item.step("mail")} == {"done"}  # type: ignore[union-attr]  # looked at


def test_what_did_not_leave_does_not_count(hosted: System) -> None:
    hosted.mailbox.faults.refuse(50)
    for number in range(1, 4):
        hosted.arrives(an_order(id=number))
    hosted.mailbox.faults.clear()
    hosted.clock.move(hours=2)
    hosted.work()

    assert len(hosted.mailbox.messages()) == 3


@pytest.mark.each_database
def test_test_mails_and_mails_to_other_addresses_count_too(hosted: System) -> None:
    answers = [asked(hosted, "test_mail", to=f"victim{number}@example.com") for number in range(6)]

    assert len(hosted.mailbox.messages()) == 3
    assert answers


FIELDS = ("sender", "reply_to", "cc", "bcc")


@pytest.mark.parametrize("field", [*FIELDS, "shop", "seller", "buyer"])
def test_no_value_starts_another_header(hosted: System, field: str) -> None:
    address = "a@b.example\r\nBcc: x@evil.example"
    changed: dict[str, Any] = {field: address}
    if field in FIELDS:
        hosted.change_shop(mail=replace(MailSettings(sender="De Winkel <w@b.example>"), **changed))
    elif field == "shop":
        hosted.change_shop(name=EVIL)
    elif field == "seller":
        hosted.change_shop(seller=replace(SELLER, name="a\r\nBcc: x@evil.example"))
    order = an_order(id=1)
    if field == "buyer":
        order["billing"] |= {"first_name": "a\r\nBcc: x@evil.example", "last_name": "\u2028Bcc: x@evil.example"}
    hosted.arrives(order)

    for mail in hosted.mailbox.messages():
        head = mail.raw.partition(b"\r\n\r\n")[0].decode("latin-1")
        names = [line.partition(":")[0].lower() for line in re.split(r"\r\n(?![ \t])", head)]
        assert "bcc" not in names
        assert len(names) == len(set(names))
        # Copies the shop may send to whom it likes.
        assert field in ("cc", "bcc") or "x@evil.example" not in mail.recipients
        assert {part.get_content_type() for part in parsed(mail).walk()} <= {
            "multipart/mixed", "multipart/alternative", "multipart/related", "text/plain", "text/html", "application/pdf", "image/png",
        }  # fmt: skip


@pytest.fixture
def pages(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[BridgeApp, Mailbox]]:
    with Mailbox() as mailbox:
        app = BridgeApp(settings_for(sqlite_url, tmp_path, smtp_url=mailbox.url, mail_from=HOST, mails_per_day=3))
        app.add_shop()
        yield app, mailbox
        app.close()


def is_proved(app: BridgeApp, address: str, shop: str = SHOP) -> bool:
    with app.store.read() as connection:
        return senders.is_proved(connection, shop, address)


def deliver(app: BridgeApp) -> None:
    services = Services(app.settings, now=lambda: app.now)
    send_waiting(services)
    services.store.close()


def test_an_address_is_proved_by_who_reads_its_mail(pages: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = pages
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": "De Winkel <winkel@shop.example>"})
    shown = admin.get(f"/s/{SHOP}/settings/mail").text
    assert not is_proved(app, "winkel@shop.example")
    for _ in range(5):
        admin.post(f"/s/{SHOP}/settings/mail/prove", sender="winkel@shop.example")
    deliver(app)
    (mail,) = mailbox.messages()
    link = re.search(r"/sender/\S+", mail.text)
    assert link
    reader = Visitor(app)
    reader.get(link[0])
    assert not is_proved(app, "winkel@shop.example")  # a scanner opens it, too
    reader.post(link[0])

    assert "winkel@shop.example" in shown
    assert "/sender/" not in shown
    assert (mail.sender, mail.recipients) == (HOST, ("winkel@shop.example",))
    assert is_proved(app, "winkel@shop.example")
    assert "Nobody has proved" not in admin.get(f"/s/{SHOP}/settings/mail").text


def test_an_operator_vouches_for_what_he_fills_in_himself_and_for_nothing_else(
    pages: tuple[BridgeApp, Mailbox],
) -> None:
    app, _ = pages
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": VICTIM})
    operator = signed_in(app, "els@host.example", operator=True)
    operator.get(f"/s/{SHOP}/settings/mail")
    operator.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": VICTIM, "mail.cc": "boss@shop.example"})
    assert not is_proved(app, VICTIM)
    operator.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": "winkel@shop.example"})

    assert is_proved(app, "winkel@shop.example")


def test_an_operator_vouches_for_nothing_that_an_owner_changes_while_he_saves(
    pages: tuple[BridgeApp, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = pages
    operator = signed_in(app, "els@host.example", operator=True)
    change = shop_settings.change_shop

    def after_the_owner(*arguments: Any, **more: Any) -> ChangedShop:
        app.change_shop(mail=MailSettings(sender=VICTIM))
        return change(*arguments, **more)

    operator.get(f"/s/{SHOP}/settings/privacy")
    monkeypatch.setattr(shop_settings, "change_shop", after_the_owner)
    operator.post(f"/s/{SHOP}/settings/privacy", years_kept="7")
    saved = app.shop
    assert (saved.mail.sender, saved.years_kept, is_proved(app, VICTIM)) == (VICTIM, 7, False)


def test_an_operator_who_vouches_presses_once_before_going_live_and_is_told(pages: tuple[BridgeApp, Mailbox]) -> None:
    """The button promised to mail a link, mailed none and said nothing."""
    app, mailbox = pages
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": VICTIM})
    admin.post(f"/s/{SHOP}/settings/go-live/test", confirmed="1")
    operator = signed_in(app, "els@host.example", operator=True)
    before = operator.get(f"/s/{SHOP}/settings/go-live").text
    operator.post(f"/s/{SHOP}/settings/mail/prove", sender="winkel@shop.example")  # as it was when the page was read
    assert f"The sender is {VICTIM} meanwhile" in operator.get(f"/s/{SHOP}/settings/go-live").text
    assert not is_proved(app, VICTIM)
    after = operator.post(f"/s/{SHOP}/settings/mail/prove", sender=VICTIM)
    deliver(app)

    assert f'name="sender" value="{VICTIM}"' in before
    assert f"Let mail leave from {VICTIM}" in before
    assert "Mail a link" not in before
    assert after.headers["Location"] == f"/s/{SHOP}/settings/go-live"
    assert f"Mail leaves from {VICTIM} from now on." in operator.get(f"/s/{SHOP}/settings/go-live").text
    assert is_proved(app, VICTIM)
    assert not mailbox.messages()


def test_an_operator_who_goes_live_vouches_for_the_address_that_the_question_names_and_no_other_does(
    pages: tuple[BridgeApp, Mailbox],
) -> None:
    """The owner may change the sender between the question and the yes."""
    app, _ = pages
    app.change_shop(seller=SELLER)
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": "winkel@shop.example"})
    operator = signed_in(app, "els@host.example", operator=True)
    questions = []
    for visitor in (admin, operator):
        visitor.get(f"/s/{SHOP}/settings/go-live")
        visitor.post(f"/s/{SHOP}/settings/go-live/test", confirmed="1")
        questions.append(visitor.asked(f"/s/{SHOP}/settings/go-live").text)
        lists = [visitor.get(f"/s/{SHOP}{path}").text for path in ("", "/settings/go-live")]
        if visitor is admin:
            visitor.asked(f"/s/{SHOP}/settings/go-live", confirmed="1")
    assert not is_proved(app, "winkel@shop.example")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": f"The Shop <{VICTIM}>"})
    questions.append(operator.asked(f"/s/{SHOP}/settings/go-live", confirmed="1", sender="winkel@shop.example").text)
    assert not is_proved(app, VICTIM)
    operator.asked(f"/s/{SHOP}/settings/go-live", confirmed="1", sender=VICTIM)

    vouched = "Customers get mail from {}. Nobody has proved yet that it is the shop’s: by going live you vouch for it."
    # The lists of what is to be done before, too: to the operator it is not true that no mail leaves.
    assert all(vouched.format("winkel@shop.example") in said for said in lists)
    assert "Nobody has proved yet that winkel@shop.example is yours" in questions[0]
    for question, sender in zip(questions[1:], ("winkel@shop.example", VICTIM), strict=True):
        assert vouched.format(sender) in question
        assert re.findall('name="sender" value="(.*?)"', question) == [sender]
    assert is_proved(app, VICTIM)
    assert not is_proved(app, "winkel@shop.example")


def test_a_proof_is_for_its_shop_and_address_and_ends(app: BridgeApp) -> None:
    keys = app.settings.secret_keys
    token = sender_proof.sign(keys, SenderProof(SHOP, VICTIM))

    assert sender_proof.read(keys, token) == SenderProof(SHOP, VICTIM)
    for bad in (
        token[:-1],
        token.replace(".", "x"),
        "",
        "x" * 5000,
        sender_proof.sign(("z" * 40,), SenderProof(SHOP, VICTIM)),
    ):
        assert sender_proof.read(keys, bad) is None
        assert Visitor(app).get(f"/sender/{bad or 'x'}").status_code == 410


def test_no_mailbox_is_filled_by_asking_for_proof(pages: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = pages
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": VICTIM})
    for _ in range(10):
        admin.post(f"/s/{SHOP}/settings/mail/prove", sender=VICTIM)
        deliver(app)
        app.now += timedelta(minutes=1)

    assert len(mailbox.messages()) == 3  # the day's allowance


def test_inviting_without_end_fills_no_mailbox_and_counts_for_the_shops_day(pages: tuple[BridgeApp, Mailbox]) -> None:
    """One mail at a time was let go, but as often as somebody pressed."""
    app, mailbox = pages
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/team")
    for number in range(8):
        admin.post(f"/s/{SHOP}/team/invite", email=VICTIM if number < 6 else f"x{number}@y.example", role="viewer")
        deliver(app)

    assert len(mailbox.messages()) == 3  # the day's allowance


def test_another_shop_keeps_nobody_from_being_invited(pages: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = pages
    app.add_shop("another", secrets=("another secret",))
    eve = signed_in(app, "eve@evil.example", roles={"another": Role.ADMIN})
    eve.get("/s/another/team")
    eve.post("/s/another/team/invite", email="new@shop.example", role="viewer")
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/team")
    admin.post(f"/s/{SHOP}/team/invite", email="new@shop.example", role="viewer")
    deliver(app)

    assert len(mailbox.messages()) == 2


def test_an_invitation_that_did_not_leave_says_so(pages: tuple[BridgeApp, Mailbox]) -> None:
    app, mailbox = pages
    mailbox.faults.refuse(5)
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/team")
    admin.post(f"/s/{SHOP}/team/invite", email="new@shop.example", role="viewer")
    assert "the mail is about to leave" in admin.get(f"/s/{SHOP}/team").text
    deliver(app)

    assert "the mail server does not take it" in admin.get(f"/s/{SHOP}/team").text


def test_without_a_mail_server_nothing_is_promised_by_mail(app: BridgeApp) -> None:
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    page = admin.get(f"/s/{SHOP}/team").text
    answer = admin.post(f"/s/{SHOP}/team/invite", email="new@shop.example", role="viewer").text

    assert "invitations are not mailed: you get a link" in page
    assert "Mail the invitation" not in page
    assert re.search(r'data-copy="https://documents.example/join/[^"\s]+"', answer)


@pytest.mark.parametrize(
    ("mail_from", "said"),
    [(HOST, f"mail leaves from {HOST} and answers go to you"), ("", "so no mail leaves")],
    ids=["as the operator", "not at all"],
)
def test_the_list_before_going_live_names_an_unproved_sender_and_leads_to_the_button(
    sqlite_url: str, tmp_path: Path, mail_from: str, said: str
) -> None:
    app = BridgeApp(settings_for(sqlite_url, tmp_path, smtp_url="smtp://mail.host.example", mail_from=mail_from))
    app.add_shop()
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/mail")
    admin.post(f"/s/{SHOP}/settings/mail", **{"mail.sender": VICTIM})
    admin.post(f"/s/{SHOP}/settings/go-live/test")
    pages_shown = [admin.get(f"/s/{SHOP}{path}").text for path in ("", "/settings/go-live")]
    button = admin.get(f"/s/{SHOP}/settings/mail").text
    with app.store.write() as connection:
        senders.prove(connection, SHOP, VICTIM, by=VICTIM, now=app.now)
    proved = admin.get(f"/s/{SHOP}/settings/go-live").text
    app.close()

    overview, before_live = pages_shown
    assert all(said in page for page in pages_shown)
    assert f'href="/s/{SHOP}/settings/mail#sender">Prove it</a>' in overview
    assert f'action="/s/{SHOP}/settings/mail/prove"' in before_live
    assert f"Mail a link to {VICTIM}" in before_live
    assert 'id="sender"' in button
    assert f"Mail a link to {VICTIM}" in button
    assert "Nobody has proved" not in proved
