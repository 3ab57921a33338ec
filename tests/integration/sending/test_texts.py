"""The shop's own texts, branding and mail server, from the setting to what the customer holds; and the mail with a new link."""

import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import select

from tests.support import due
from tests.support.pdfs import a_pdf
from tests.support.system import SECRET, SELLER, START, System
from tests.support.task_requests import done, id_of
from worker import branding
from worker.actions import shop_settings
from worker.actions.documents import send_again
from worker.demo.mailbox import Mailbox
from worker.demo.orders import an_order
from worker.domain import texts as wording
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.domain.rules import Rule, Trigger
from worker.domain.shop import MailSettings, Shop
from worker.errors import Rejected
from worker.mail import customer_mail
from worker.net import document_link
from worker.rendering import samples
from worker.rendering.samples import a_logo
from worker.sending import test_email
from worker.sending.email import with_sender
from worker.services import Services
from worker.store import alerts, document_links, shops, tasks, users
from worker.store.database.tables import audit_trail
from worker.store.database.tables import shops as shops_table
from worker.store.shops import Secrets, secrets_as_text, secrets_from_text
from worker.store.tasks import TaskRequest
from worker.store.users import NewUser, Role

TERMS = a_pdf()


def written(system: System, texts: dict[str, str]) -> None:
    """Let the shop say *texts*, by pattern."""

    def how(shop: Shop) -> Shop:
        for pattern, text in texts.items():
            for key in wording.matching_keys(pattern):
                shop = wording.with_text(shop, key, text)
        return shop

    shop_settings.update_shop(system.services, system.shop_id, how, by=system.person)


def printed(system: System) -> str:
    (pdf,) = (file for file in system.mailbox.messages()[-1].attachments if file.name.startswith("factuur"))
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.content)).pages)


def asked_for_link(system: System, document_id: int) -> int:
    with system.services.store.write() as connection:
        return tasks.request(
            connection,
            TaskRequest(
                shop_id=system.shop_id,
                kind="renew_link",
                argument={"document_id": document_id},
                requested_by="customer",
            ),
            now=system.clock.now,
        )


def test_captions_are_printed_and_belong_to_the_document_for_good(system: System) -> None:
    written(system, {"document.intro/invoice/paid/nl": "Beste {buyer}, dit is %factuurnummer% van {shop}."})
    (invoice,) = system.arrives(an_order(id=238))
    assert re.search(r"Beste .+, dit is F2026-00001 van De Gouden Koffiepot\.", printed(system))

    written(system, {"document.intro/invoice/paid/nl": "Anders"})
    system.change_shop(name="Andere naam")

    assert invoice.document is not None
    (still,) = system.documents(238)
    assert still.document == invoice.document
    system.arrives(an_order(id=239))
    assert "Anders" in printed(system)


def test_mail_texts_are_read_when_the_mail_is_written(system: System) -> None:
    (invoice,) = system.arrives(an_order(id=238))
    written(system, {"mail.subject/invoice/*/nl": "Nog eens {number}", "mail.body/invoice/paid/nl": "Zie {link}"})
    system.act(send_again, id_of(invoice))
    system.work()

    first, second = system.mailbox.messages()
    assert first.subject == "Factuur F2026-00001 bij bestelling 238 – De Gouden Koffiepot"
    assert second.subject == "Nog eens F2026-00001"
    assert second.text.startswith("Zie https://documents.test/d/")


def test_changing_a_text_is_in_the_audit_trail(system: System) -> None:
    written(system, {"mail.subject/invoice/paid/nl": "Hier is {number}"})

    with system.services.store.read() as connection:
        told = connection.execute(select(audit_trail.c.actor, audit_trail.c.message)).all()
    assert [(row.actor, str(row.message)) for row in told] == [
        ("An", "Subject of the mail (invoice, paid, Nederlands): the standard text → Hier is {number}.")
    ]


def test_a_shop_s_mail_leaves_by_its_own_server(system: System) -> None:
    with Mailbox() as own:
        branding.change_mail_server(system.services, system.shop_id, own.url, by=system.person)
        system.arrives(an_order(id=238))

        assert (len(own.messages()), len(system.mailbox.messages())) == (1, 0)


@pytest.mark.each_database
def test_the_mail_server_is_stored_encrypted_and_may_be_missing_in_what_was_stored_before(system: System) -> None:
    secrets = Secrets((SECRET,), "ck", "cs", "smtp://u:geheim@127.0.0.1")
    system.change_secrets(secrets)
    with system.services.store.read() as connection:
        kept = connection.execute(shops_table.select()).one()
        assert shops.get(connection, system.services.encryption, system.shop_id).secrets == secrets

    assert "geheim" not in str(kept)
    assert "geheim" not in repr(secrets)
    older = secrets_as_text(secrets).replace(', "smtp_url": "smtp://u:geheim@127.0.0.1"', "")
    assert secrets_from_text(older) == replace(secrets, smtp_url="")


def test_a_private_mail_server_is_refused_where_the_operator_did_not_allow_it(system: System) -> None:
    system.services = replace(
        system.services, settings=replace(system.services.settings, allow_private_shops=False, lease_seconds=151)
    )
    with pytest.raises(Rejected, match="private network"):
        branding.change_mail_server(system.services, system.shop_id, "smtps://u:p@127.0.0.1:465", by=system.person)


def test_logo_and_layout_are_those_of_the_moment_of_printing(system: System) -> None:
    branding.save_logo(system.services, system.shop_id, a_logo(), by=system.person)
    branding.change_settings(system.services, system.shop_id, {"branding.layout": "letter"}, by=system.person)
    system.arrives(an_order(id=238))
    (file,) = system.mailbox.messages()[0].attachments

    (page,) = pypdf.PdfReader(io.BytesIO(file.content)).pages
    assert len(page.images) == 1
    assert "De Gouden Koffiepot BV · Koestraat 41 · 9000 Gent" in page.extract_text()


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n cut off", b"\x89PNG" + b"0" * 3_000_001])
def test_what_is_no_picture_is_refused_as_a_logo(system: System, content: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        branding.save_logo(system.services, system.shop_id, content, by=system.person)
    assert caught.value.code == "logo_wrong"


def test_a_document_is_printed_without_a_logo_that_is_gone_and_that_is_told(system: System, tmp_path: Path) -> None:
    kept = branding.save_logo(system.services, system.shop_id, a_logo(), by=system.person).branding.logo
    assert kept is not None
    (tmp_path / "archive" / kept.path).unlink()
    system.arrives(an_order(id=238))
    (file,) = system.mailbox.messages()[0].attachments

    (page,) = pypdf.PdfReader(io.BytesIO(file.content)).pages
    assert (len(page.images), "De Gouden Koffiepot" in page.extract_text()) == (0, True)
    with system.services.store.read() as connection:
        (told,) = alerts.open_alerts(connection)
    assert (told.code, "F2026-00001 was printed without" in str(told.message)) == ("printed_plainly", True)

    branding.save_logo(system.services, system.shop_id, a_logo(), by=system.person)
    system.arrives(an_order(id=239))
    with system.services.store.read() as connection:
        assert alerts.open_alerts(connection) == ()


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("<p>{{ document.number }}</p>", []),
        ('<p style="white-space: nowrap">{{ document.number }}</p>', ["printed_once"]),
        ("<p>{{ document.number }} <pdf:pagecount/></p>", ["printed_plain"]),
    ],
)
def test_the_trail_says_when_a_document_was_not_printed_the_quick_way(
    system: System, tmp_path: Path, says: str, told: list[str]
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "invoice.html").write_text(
        f"<html><head><style>@page {{ size: a4 }}</style></head><body>{says}</body></html>"
    )
    settings = replace(system.services.settings, templates=tmp_path / "own")
    system.services = Services(settings, now=system.clock)
    system.arrives(an_order(id=238))

    entries = system.trail(238).audit_entries
    assert [entry.code for entry in entries if entry.code.startswith("printed_")] == told


def test_the_terms_ride_along_with_each_mail_until_they_are_dropped(system: System) -> None:
    branding.save_attachment(system.services, system.shop_id, "Algemene/voorwaarden.pdf", TERMS, by=system.person)
    system.arrives(an_order(id=238))
    branding.remove_attachment(system.services, system.shop_id, by=system.person)
    system.arrives(an_order(id=239))

    first, second = system.mailbox.messages()
    assert [(a.name, a.content) for a in first.attachments[1:]] == [("Algemene-voorwaarden.pdf", TERMS)]
    assert len(second.attachments) == 1


def test_a_test_mail_says_who_took_it_and_what_that_does_not_prove(system: System) -> None:
    tried = test_email.send_test_email(system.services, system.shop_id, to="an@klant.test")

    assert tried.accepted
    assert "127.0.0.1 (the operator's server) took the mail from winkel@koffiepot.test to an@klant.test" in str(
        tried.message
    )
    assert "SPF record of koffiepot.test" in str(tried.operator_hints[0])
    (mail,) = system.mailbox.messages()
    assert (mail.recipients, mail.subject) == (("an@klant.test",), "Testmail van De Gouden Koffiepot")


@pytest.mark.parametrize(("role", "goes_to"), [(Role.ADMIN, "an@winkel.test"), (Role.VIEWER, "documents@host.test")])
def test_what_is_a_test_goes_to_the_shops_owner_where_only_the_house_has_an_address(
    system: System, role: Role, goes_to: str
) -> None:
    shop = system.connected.shop
    system.change_shop(test=True, mail=MailSettings(), seller=replace(shop.seller, email=""))
    with system.services.store.write() as connection:
        new = NewUser(email="an@winkel.test", name="An", password="-", language="nl", operator=False)
        user_id = users.add(connection, new, now=system.clock.now)
        users.give_role(connection, user_id, system.shop_id, role)
    house = replace(system.services, settings=replace(system.services.settings, mail_from="documents@host.test"))

    with house.store.read() as connection:
        shown = with_sender(connection, house, house.connected(system.shop_id).shop)
    house.store.close()

    assert customer_mail.recipients(shown, samples.an_invoice(test=True)) == (goes_to,)


@pytest.mark.each_database
def test_the_owner_is_who_came_into_the_shop_first_whatever_the_names_and_roles_since(system: System) -> None:
    with system.services.store.write() as connection:
        an, zoe, bob = (
            users.add(connection, NewUser(f"{name}@winkel.test", name, "-", language="nl", operator=False), now=START)
            for name in ("an", "zoe", "bob")
        )
        assert users.owner(connection, system.shop_id) == ""
        for user_id, role in ((bob, Role.VIEWER), (zoe, Role.ADMIN), (an, Role.ADMIN), (zoe, Role.VIEWER)):
            users.give_role(connection, user_id, system.shop_id, role)
        assert users.owner(connection, system.shop_id) == "an@winkel.test", "who only looks on owns nothing"
        users.give_role(connection, zoe, system.shop_id, Role.ADMIN)
        assert users.owner(connection, system.shop_id) == "zoe@winkel.test"
        users.take_role(connection, zoe, system.shop_id)
        users.give_role(connection, zoe, system.shop_id, Role.ADMIN)
        assert users.owner(connection, system.shop_id) == "an@winkel.test"
        users.change(connection, an, suspended_at=START)
        assert users.owner(connection, system.shop_id) == "zoe@winkel.test", "who was shut out gets no mail of the shop"


def test_a_test_document_that_is_mailed_again_when_the_shop_is_live_still_goes_to_its_owner(system: System) -> None:
    shop = system.connected.shop
    system.change_shop(test=True, mail=MailSettings(), seller=replace(shop.seller, email=""))
    with system.services.store.write() as connection:
        new = NewUser(email="an@winkel.test", name="An", password="-", language="nl", operator=False)
        users.give_role(connection, users.add(connection, new, now=system.clock.now), system.shop_id, Role.ADMIN)
    settings = replace(system.services.settings, mail_from="documents@host.test")
    house = replace(system, services=replace(system.services, settings=settings))
    document = house.issues(an_order(id=238))
    system.change_shop(test=False)
    with system.services.store.write() as connection:
        send_again(connection, system.shop_id, document.document_id, by=Actor("Els", system.clock.now))
    house.work()
    house.services.store.close()

    mails = system.mailbox.messages()
    assert [(mail.recipients, mail.sender) for mail in mails] == [(("an@winkel.test",), "documents@host.test")] * 2


def test_a_test_mail_that_is_refused_says_why_in_plain_words(system: System) -> None:
    system.mailbox.faults.reject("winkel@koffiepot.test", "550 5.7.1 Relaying denied")
    refused = test_email.send_test_email(system.services, system.shop_id)
    system.mailbox.close()
    away = test_email.send_test_email(system.services, system.shop_id)

    assert (refused.accepted, refused.code) == (False, "mail_refused")
    assert "Relaying denied" in str(refused.message)
    assert "give user and password" in str(refused.hints[0])
    assert (away.accepted, away.code) == (False, "mail_server_unreachable")
    assert "465" in str(away.hints[0])


def test_a_new_link_goes_to_the_order_s_own_address_and_opens_for_a_year(system: System) -> None:
    system.change_shop(mail=MailSettings(cc="cc@gist.test", bcc="bcc@gist.test"))
    (invoice,) = system.arrives(an_order(id=238))
    system.clock.move(days=400)
    task = done(system, asked_for_link(system, id_of(invoice)))

    assert (task.state, task.answer) == ("done", {"mailed": True})
    mail = system.mailbox.messages()[-1]
    assert mail.recipients == ("koper@klant.test",)
    assert mail.attachments == ()
    found = re.search(r"https://documents.test/d/(\S+)", mail.text)
    assert found is not None
    link = document_link.read(system.services.settings.secret_keys, found[1])
    assert link is not None
    assert (link.document_id, link.expires_at) == (id_of(invoice), system.clock.now + document_link.LIFETIME)
    assert ("worker", "link_renewed") in {(event.actor, event.code) for event in system.trail(238).audit_entries}


def test_a_task_is_done_once(system: System) -> None:
    (invoice,) = system.arrives(an_order(id=238))
    task_id = asked_for_link(system, id_of(invoice))
    done(system, task_id)
    done(system, task_id)

    assert len(system.mailbox.messages()) == 2  # the invoice and one link


def test_without_an_address_no_link_is_mailed(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID),))
    (invoice,) = system.arrives(an_order(id=238, email=""))
    task = done(system, asked_for_link(system, id_of(invoice)))

    assert (task.state, task.answer["code"]) == ("failed", "mail_no_address")
    assert system.mailbox.messages() == ()


def test_a_revoked_document_gets_no_new_link(system: System) -> None:
    (invoice,) = system.arrives(an_order(id=238))
    task_id = asked_for_link(system, id_of(invoice))
    with system.services.store.write() as connection:
        document_links.revoke(connection, id_of(invoice), now=system.clock.now)

    assert done(system, task_id).answer == {"mailed": False}
    assert len(system.mailbox.messages()) == 1


@pytest.mark.each_database
def test_while_the_mail_server_is_away_the_task_waits_and_after_an_hour_it_ends(system: System) -> None:
    (invoice,) = system.arrives(an_order(id=238))
    system.mailbox.faults.refuse(times=1)
    task_id = asked_for_link(system, id_of(invoice))
    assert done(system, task_id).state == "waiting"
    assert done(system, task_id).state == "waiting"  # not yet due

    system.clock.move(minutes=2)
    with system.services.store.read() as connection:
        assert due.task_ids(connection, now=system.clock.now) == (task_id,)
    assert done(system, task_id).state == "done"

    late = asked_for_link(system, id_of(invoice))
    system.clock.now += timedelta(hours=2)
    system.mailbox.faults.refuse(times=1)
    assert (done(system, late).state, done(system, late).answer["code"]) == ("failed", "mail_server_unreachable")


def test_a_page_can_ask_for_a_test_mail(system: System) -> None:
    system.change_shop(seller=replace(SELLER, email="winkel@koffiepot.test"))
    with system.services.store.write() as connection:
        task_id = tasks.request(
            connection,
            TaskRequest(shop_id=system.shop_id, kind="test_mail", argument={"to": "an@klant.test"}, requested_by="An"),
            now=system.clock.now,
        )

    assert done(system, task_id).answer["accepted"] is True
