"""What a person must know reaches that person, in his language, and does not drown him."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from tests.support.system import System
from worker.actions import orders as order_actions
from worker.demo.mailbox import Mail
from worker.demo.orders import an_order
from worker.domain.document import Kind, SendMode
from worker.domain.rules import Rule, Trigger
from worker.errors import Unavailable
from worker.message import Message
from worker.notifications import alerts
from worker.services import Services
from worker.store import alerts as alert_store
from worker.store import register, users
from worker.store.database.tables import drafts

OWNER, OPERATOR = "winkel@koffiepot.test", "beheer@hosting.test"


@pytest.fixture
def told(system: System) -> Iterator[System]:
    """The system with an operator who wants to know."""
    settings = replace(system.services.settings, operator_mail=OPERATOR)
    services = Services(settings, now=system.clock)
    yield replace(system, services=services)
    services.store.close()


def sound(system: System, code: str, message: str) -> None:
    with system.services.store.write() as connection:
        alert_store.raise_alert(connection, system.shop_id, code=code, message=Message(message), now=system.clock.now)


def quiet(system: System, code: str) -> None:
    with system.services.store.write() as connection:
        alert_store.close(connection, system.shop_id, code=code, now=system.clock.now)


def tell(system: System) -> tuple[Mail, ...]:
    """Tell, and take out what came of it."""
    alerts.notify_owner(system.services, system.connected)
    return taken(system)


def digest(system: System) -> tuple[Mail, ...]:
    alerts.digest_daily(system.services, system.connected)
    return taken(system)


def taken(system: System) -> tuple[Mail, ...]:
    mails = system.mailbox.messages()
    system.mailbox.clear()
    return mails


@pytest.mark.each_database
def test_an_alert_is_mailed_to_the_owner_and_the_operator(told: System) -> None:
    sound(told, "shop_silent", "De winkel zwijgt.")
    sound(told, "webhook_disabled", "De webhook ligt stil.")
    mails = tell(told)
    assert [mail.recipients for mail in mails] == [(OWNER,), (OPERATOR,)]
    assert len({mail.message_id for mail in mails}) == 1
    assert mails[0].subject == "De Gouden Koffiepot: iets vraagt je aandacht"
    page = f"{told.services.settings.public_url}/s/{told.shop_id}/settings/connection"
    lines = [
        f"- {sentence}\n  Bekijk de verbinding: {page}" for sentence in ("De winkel zwijgt.", "De webhook ligt stil.")
    ]
    assert "\n".join(lines) in mails[0].text
    assert mails[0].html.count(f'<a href="{page}"') == 2


def test_each_reader_is_told_in_the_language_of_his_account(told: System) -> None:
    with told.services.store.write() as connection:
        new = users.NewUser(OPERATOR, "Bea", "a long password here", "fr", operator=True)
        users.add(connection, new, now=told.clock.now)
    sound(told, "shop_silent", "De winkel zwijgt.")
    assert ["Voir la connexion" in mail.text for mail in tell(told)] == [False, True]


def test_an_alert_is_told_once(told: System) -> None:
    sound(told, "shop_silent", "De winkel zwijgt.")
    tell(told)
    told.clock.move(hours=1)
    sound(told, "shop_silent", "De winkel zwijgt nog.")
    assert tell(told) == ()


def test_what_comes_soon_after_a_mail_waits_for_the_next(told: System) -> None:
    sound(told, "shop_silent", "Eerst dit.")
    tell(told)
    told.clock.move(minutes=5)
    sound(told, "webhook_disabled", "Dan dat.")
    assert tell(told) == ()
    told.clock.move(minutes=15)
    assert "Dan dat." in tell(told)[0].text


def test_mails_that_are_refused_one_after_the_other_are_told_in_one_mail_each_quarter_of_an_hour(told: System) -> None:
    told.mailbox.faults.reject("koper@klant.test")
    told.arrives(an_order(id=7))
    assert len(tell(told)) == 2
    for order_id in (8, 9):
        told.clock.move(minutes=1)
        told.arrives(an_order(id=order_id))
        assert tell(told) == ()
    told.clock.move(minutes=15)
    (mail, _) = tell(told)
    assert "- Mails die de mailserver van de klant weigerde: deze klanten kregen hun document niet. (3)\n" in mail.text
    assert ("F2026-00001: " in mail.text, "F2026-00003: " in mail.text) == (False, True)
    told.clock.move(minutes=15)
    assert tell(told) == ()


def test_an_alert_that_was_over_before_the_mail_is_not_mailed(told: System) -> None:
    sound(told, "webhook_disabled", "Hersteld.")
    quiet(told, "webhook_disabled")
    assert tell(told) == ()


def test_a_mail_that_did_not_leave_is_tried_again(told: System) -> None:
    sound(told, "shop_silent", "De winkel zwijgt.")
    told.mailbox.faults.refuse(2)
    with pytest.raises(Unavailable):
        tell(told)
    assert len(tell(told)) == 2


def test_an_address_that_is_refused_keeps_nobody_else_from_being_told_once(told: System) -> None:
    sound(told, "shop_silent", "De winkel zwijgt.")
    told.mailbox.faults.reject(OWNER)
    assert [mail.recipients for mail in tell(told)] == [(OPERATOR,)]
    told.clock.move(hours=1)
    assert tell(told) == ()


def test_without_an_address_and_without_a_server_nobody_is_told_and_nothing_breaks(system: System) -> None:
    sound(system, "shop_silent", "De winkel zwijgt.")
    services = Services(replace(system.services.settings, smtp_url=""), now=system.clock)
    alerts.notify_owner(services, system.connected)
    services.store.close()
    system.change_shop(seller=replace(system.connected.shop.seller, email=""))
    assert tell(system) == ()


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("nl", "De Gouden Koffiepot: je documenten, 24 november 2026"),
        ("fr", "De Gouden Koffiepot\u202f: vos documents, 24 novembre 2026"),
        ("de", "De Gouden Koffiepot: Ihre Dokumente, 24. November 2026"),
        ("en", "De Gouden Koffiepot: your documents, 24 November 2026"),
    ],
)
def test_every_morning_there_is_a_summary_in_the_shops_language(told: System, language: str, subject: str) -> None:
    told.change_shop(language=language)
    told.arrives(an_order(id=7))
    taken(told)
    told.clock.move(days=1)
    assert [mail.subject for mail in digest(told)] == [subject, subject]
    assert digest(told) == ()


def test_the_summary_says_what_failed_what_waits_and_where_the_register_ends(told: System) -> None:
    told.mailbox.faults.reject("koper@klant.test")
    told.arrives(an_order(id=7))
    told.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    told.arrives(an_order(id=8))
    sound(told, "shop_silent", "De winkel zwijgt.")
    sound(told, "webhook_disabled", "De webhook werd hersteld.")
    quiet(told, "webhook_disabled")
    sound(told, "documents_wait", "Er wachtten documenten.")
    quiet(told, "documents_wait")
    taken(told)
    told.mailbox.faults.clear()
    told.clock.move(days=1)
    text = digest(told)[0].text
    with told.services.store.read() as connection:
        head = str(register.head(connection, told.shop_id))
    assert "opgemaakt sinds het vorige overzicht: 1." in text
    assert "Concepten die op jou wachten: 1." in text
    assert "- F2026-00001: " in text
    assert "koper@klant.test" in text
    assert "- De winkel zwijgt." in text
    assert "- De webhook werd hersteld." in text
    assert "Er wachtten documenten." not in text  # who threw them away repaired nothing
    assert head in text.replace("\n", "")


def test_a_day_on_which_nothing_happened_has_no_summary(told: System) -> None:
    told.clock.move(days=1)
    assert digest(told) == ()


def test_work_that_failed_is_told_at_once_and_each_failure_once(told: System) -> None:
    told.mailbox.faults.reject("koper@klant.test")
    told.arrives(an_order(id=7))
    assert [OWNER in mail.recipients for mail in tell(told)] == [True, False]
    told.clock.move(hours=1)
    assert tell(told) == ()
    told.arrives(an_order(id=8))
    (mail, _) = tell(told)
    assert "- Mails die de mailserver van de klant weigerde: deze klanten kregen hun document niet. (2)\n" in mail.text
    assert "F2026-00002: De mailserver weigerde koper@klant.test" in mail.text
    assert "F2026-00001: De mailserver" not in mail.text
    assert f"/s/{told.shop_id}/attention/mail_refused" in mail.text


def test_a_document_that_waits_is_told_at_once_but_none_that_a_rule_keeps(told: System) -> None:
    told.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID), Rule(Kind.DELIVERY_NOTE, Trigger.PAID, SendMode.DRAFT)))
    told.arrives(an_order(id=7))
    taken(told)
    assert tell(told) == ()
    told.arrives(an_order(id=8, currency="USD"))
    (mail,) = tell(told)
    assert mail.recipients == (OWNER,)  # it is no work of the operator's
    page = f"{told.services.settings.public_url}/s/{told.shop_id}/attention/exchange_rate"
    assert f"- Documenten die op een wisselkoers wachten. (1)\n  Bekijk ze: {page}" in mail.text
    told.clock.move(hours=1)
    assert tell(told) == ()
    assert "documents_wait" in open_codes(told)
    with told.services.store.write() as connection:
        connection.execute(update(drafts).values(state="discarded"))
    assert tell(told) == ()
    assert open_codes(told) == []


def test_a_draft_that_a_rule_kept_is_told_once_something_is_wrong_with_it_though_others_wait(told: System) -> None:
    told.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    told.arrives(an_order(id=7))
    told.clock.move(hours=1)
    told.arrives(an_order(id=8, currency="USD"))
    assert len(tell(told)) == 1
    told.clock.move(hours=1)
    told.arrives(an_order(id=7, currency="USD"))
    assert len(tell(told)) == 1
    told.clock.move(hours=1)
    told.arrives(an_order(id=7, currency="USD", number="7-bis"))  # other than before, and as wrong
    assert tell(told) == ()


def test_of_a_shop_without_an_address_its_owner_is_told_in_his_language(told: System) -> None:
    told.change_shop(seller=replace(told.connected.shop.seller, email=""))
    with told.services.store.write() as connection:
        for name, role, language in (("gast", users.Role.VIEWER, "de"), ("eigenaar", users.Role.ADMIN, "fr")):
            new = users.NewUser(f"{name}@koffiepot.test", name, "a long password here", language, operator=False)
            users.give_role(connection, users.add(connection, new, now=told.clock.now), told.shop_id, role)
    sound(told, "shop_silent", "De winkel zwijgt.")
    mails = tell(told)
    assert [mail.recipients for mail in mails] == [("eigenaar@koffiepot.test",), (OPERATOR,)]
    assert "Voir la connexion" in mails[0].text


def test_the_alert_is_over_when_what_failed_was_done_or_a_week_has_passed(told: System) -> None:
    told.mailbox.faults.reject("koper@klant.test")
    told.arrives(an_order(id=7))
    tell(told)
    assert open_codes(told) == ["work_failed"]
    told.mailbox.faults.clear()
    told.act(order_actions.retry_order, 7)
    told.work()
    tell(told)
    assert open_codes(told) == []
    told.mailbox.faults.reject("koper@klant.test")
    told.arrives(an_order(id=8))
    tell(told)
    told.clock.move(days=8)
    tell(told)
    assert open_codes(told) == []


def test_work_that_waits_for_hours_is_told_with_its_reason_until_it_is_done(told: System) -> None:
    told.mailbox.faults.reject("koper@klant.test", "451 4.7.1 later")
    told.arrives(an_order(id=7))
    told.clock.move(hours=1)
    assert tell(told) == ()
    told.clock.move(hours=2)
    (mail, _) = tell(told)
    assert "1 zaak wacht al meer dan 2 uur. De mailserver weigerde koper@klant.test" in mail.text
    told.mailbox.faults.clear()
    told.work()
    tell(told)
    assert open_codes(told) == []


def test_what_nobody_takes_is_late_and_a_paused_shop_is_not(told: System) -> None:
    told.receive(an_order(id=7))
    told.clock.move(hours=3)
    assert "Het wordt nu niet opgepakt" in tell(told)[0].text
    told.change_shop(suspended=True)
    told.work()
    tell(told)
    assert open_codes(told) == []


def open_codes(system: System) -> list[str]:
    with system.services.store.read() as connection:
        return [alert.code for alert in alert_store.open_alerts(connection)]
