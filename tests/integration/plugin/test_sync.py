"""The shop's plugin and the worker: never two mails, never none."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.services.wordpress import PLUGIN
from tests.support.pretend_plugin import PretendPlugin
from tests.support.system import System
from tests.support.task_requests import answered, done, english
from worker.actions import documents as document_actions
from worker.demo.faults import ServerFault
from worker.demo.orders import an_order
from worker.domain.document import Kind, SendMode
from worker.domain.rules import Rule, Trigger
from worker.domain.shop import MailSettings
from worker.jobs.order import process_delivery
from worker.mail import smtp
from worker.plugin import sync
from worker.store import own_mails, plugins, shops, steps, tasks, users
from worker.store.own_mails import OwnMail
from worker.store.queries import attention
from worker.store.tasks import Task, TaskRequest
from worker.store.users import NewUser, Role
from worker.tasks import common
from worker.woocommerce import own_mail_note


def mail_step(system: System, order_id: int) -> tuple[str, str]:
    listed = system.documents(order_id)
    step = next(step for item in listed for step in item.steps if step.name == "mail")
    return step.state, step.code


def test_connecting_tries_the_key_and_the_route(system: System, shop_plugin: PretendPlugin) -> None:
    found = sync.plugin_of(system.services, system.shop_id)

    assert found is not None
    assert (found.check_state, found.check_code, found.may_hold_mail(system.clock.now)) == ("done", "connected", True)


def test_a_closed_route_is_named_and_documents_go_their_way(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_silent = True
    found = sync.plugin_of(system.services, system.shop_id)
    assert found is not None

    sync.check(system.services, found.plugin_id)

    again = sync.plugin_of(system.services, system.shop_id)
    assert again is not None
    assert (again.check_state, again.check_code) == ("done", "plugin_silent")


def test_the_shop_hands_its_mail_over_before_ours_leaves(system: System, shop_plugin: PretendPlugin) -> None:
    system.arrives(an_order(id=238, paid=True))

    assert shop_plugin.verbs() == ["documents", "mailed before", "mailed after"]
    claims = {told["mail_group"] for verb, told in shop_plugin.told if verb == "mailed"}
    assert len(claims) == 1
    assert len(system.mailbox.messages()) == 1


def test_a_mail_that_left_the_shop_is_not_followed_by_a_second(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.late = True
    order = an_order(id=238, paid=True)

    system.arrives(order)

    assert shop_plugin.verbs() == ["documents", "mailed before"]
    assert system.mailbox.messages() == ()
    assert mail_step(system, order["id"]) == ("skipped", "not_needed")
    assert system.numbers(order["id"]) == ["F2026-00001"]


def test_our_mail_is_taken_before_the_shop_sends_its_own() -> None:
    """The shop counts from its answer, which was on its way for a while: a margin is left for that."""
    source = (PLUGIN / "src" / "Mails" / "HeldMails.php").read_text()
    given = re.search(r"REPLACING_S = (\d+);", source)

    assert given
    assert smtp.TOTAL_S < sync.TAKEN_OVER_S <= int(given[1]) - 30


def test_the_shop_is_told_again_what_was_mailed_before_it_would_mail_itself(
    system: System, shop_plugin: PretendPlugin
) -> None:
    system.arrives(an_order(id=238, paid=True))
    (before,) = (told for verb, told in shop_plugin.told if verb == "mailed" and told["stage"] == "before")
    sync.sync_plugin(system.services, system.connected)

    assert next(told["mailed"] for verb, told in shop_plugin.told if verb == "sync") == [before["mail_group"]]


def test_a_person_may_send_it_all_the_same(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.late = True
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    system.clock.move(minutes=1)

    system.act(document_actions.send_again, document.document_id)
    system.work()

    assert len(system.mailbox.messages()) == 1


def test_a_mail_that_is_refused_gives_the_shops_own_back(system: System, shop_plugin: PretendPlugin) -> None:
    order = an_order(id=238, paid=True)
    system.mailbox.faults.reject(order["billing"]["email"])

    system.arrives(order)

    assert shop_plugin.verbs() == ["documents", "mailed before", "mailed never"]


def test_while_the_shop_cannot_be_asked_no_mail_of_ours_leaves(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_silent = True
    order = an_order(id=238, paid=True)

    system.arrives(order)
    assert (mail_step(system, order["id"]), system.mailbox.messages()) == (("waiting", "plugin_silent"), ())

    shop_plugin.is_silent = False
    system.clock.move(minutes=5)
    system.work()
    assert len(system.mailbox.messages()) == 1


def test_a_shop_that_refuses_our_signature_lets_no_mail_fail_for_good(
    system: System, shop_plugin: PretendPlugin
) -> None:
    shop_plugin.secret = "7f" * 32
    order = an_order(id=238, paid=True)

    system.arrives(order)

    assert mail_step(system, order["id"]) == ("waiting", "plugin_refuses")


def test_a_plugin_that_fell_silent_long_ago_holds_no_mail_of_ours_up(
    system: System, shop_plugin: PretendPlugin
) -> None:
    shop_plugin.is_silent = True
    system.clock.move(minutes=41)

    system.arrives(an_order(id=238, paid=True))

    assert len(system.mailbox.messages()) == 1


def test_a_plugin_that_is_switched_off_holds_no_mail_of_ours_up(system: System, shop_plugin: PretendPlugin) -> None:
    """Its files may be replaced just now, so it is asked for a minute."""
    shop_plugin.is_off = True
    order = an_order(id=238, paid=True)
    system.arrives(order)
    assert (mail_step(system, order["id"]), system.mailbox.messages()) == (("waiting", "plugin_off"), ())

    system.clock.move(minutes=1)
    system.work()

    assert len(system.mailbox.messages()) == 1


def test_a_plugin_that_is_away_for_a_moment_is_asked_again(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_off = True
    system.arrives(an_order(id=238, paid=True))
    shop_plugin.is_off, shop_plugin.late = False, True

    system.clock.move(minutes=1)
    system.work()

    assert system.mailbox.messages() == ()


def test_a_plugin_that_says_it_is_switched_off_is_asked_no_more_and_what_waited_for_it_leaves(
    system: System, shop_plugin: PretendPlugin
) -> None:
    shop_plugin.is_silent = True
    order = an_order(id=238, paid=True)
    system.arrives(order)
    found = sync.plugin_of(system.services, system.shop_id)
    assert found is not None

    with system.services.store.write() as connection:
        plugins.switch_off(connection, found, now=system.clock.now)
    system.work()

    assert len(system.mailbox.messages()) == 1


def plugin_goes(system: System, *left: OwnMail) -> None:
    found = sync.plugin_of(system.services, system.shop_id)
    assert found is not None
    with system.services.store.write() as connection:
        own_mails.record(connection, system.shop_id, left, now=system.clock.now)
        plugins.switch_off(connection, found, now=system.clock.now)


def test_no_mail_of_ours_follows_one_that_left_when_the_plugin_went(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_silent = True
    system.arrives(an_order(id=238, paid=True))

    plugin_goes(system, OwnMail(238, 0, "invoice"), OwnMail(240, 0, "delivery_note"))
    system.work()
    made_later = [system.arrives(an_order(id=order_id, paid=True)) for order_id in (239, 240)]

    assert (mail_step(system, 238), len(made_later)) == (("skipped", "not_needed"), 2)
    assert (mail_step(system, 239)[0], mail_step(system, 240)[0]) == ("done", "done"), "other orders, other documents"


def test_no_mail_of_ours_follows_one_that_left_when_the_plugin_went_and_we_did_not_answer(
    system: System, shop_plugin: PretendPlugin
) -> None:
    """The plugin could not tell, so it left a note at the orders; what cannot be read, is old or of another document counts for nothing."""
    shop_plugin.is_off = True
    now = int(system.clock.now.timestamp())
    noted = {
        238: [{"refund": 0, "kinds": ["invoice"], "at": now}],
        239: [{"refund": 0, "kinds": ["delivery_note"], "at": now}],
        240: [{"refund": 0, "kinds": ["invoice"], "at": now - 90_000}],
        241: "[{",
    }
    for order_id, note in noted.items():
        value = note if isinstance(note, str) else json.dumps(note)
        meta = [{"id": 1, "key": own_mail_note.META_KEY, "value": value}]
        system.arrives(an_order(id=order_id, paid=True, meta_data=meta))
    system.clock.move(minutes=1)
    system.work()

    assert [mail_step(system, order_id)[0] for order_id in noted] == ["skipped", "done", "done", "done"]


def test_the_note_is_looked_for_where_the_plugin_leaves_it() -> None:
    source = (PLUGIN / "src" / "Mails" / "OwnMailNote.php").read_text()
    assert f"META = '{own_mail_note.META_KEY}'" in source
    assert f"'{own_mail_note.META_KEY}'" in (PLUGIN / "uninstall.php").read_text()


def test_a_document_that_is_made_after_the_plugin_went_does_not_follow_the_shops_own_mail(
    system: System, shop_plugin: PretendPlugin
) -> None:
    plugin_goes(system, OwnMail(238, 0, "invoice"))
    with system.services.store.write() as connection:
        plugins.disconnect(connection, system.shop_id)

    system.arrives(an_order(id=238, paid=True))

    assert (mail_step(system, 238), system.mailbox.messages()) == (("skipped", "not_needed"), ())


def test_a_mail_of_yesterday_is_not_the_mail_of_todays_document(system: System, shop_plugin: PretendPlugin) -> None:
    plugin_goes(system, OwnMail(238, 0, "invoice"))
    system.clock.move(hours=25)

    system.arrives(an_order(id=238, paid=True))

    assert len(system.mailbox.messages()) == 1


def test_where_nothing_is_mailed_the_shops_mail_is_given_back(system: System, shop_plugin: PretendPlugin) -> None:
    system.change_shop(rules=(Rule.parse("invoice:paid:draft"),), credit_notes=SendMode.DRAFT)
    order = an_order(id=238, paid=True)

    system.arrives(order)

    assert shop_plugin.told == [("release", {"order": order["id"], "status": order["status"], "refunds": []})]


def test_an_order_that_is_mailed_later_in_one_run_is_not_given_back(system: System, shop_plugin: PretendPlugin) -> None:
    order = an_order(id=238, paid=True)
    system.shop.place(order)
    delivery_id = system.receive(order)

    process_delivery(system.services, delivery_id)

    assert shop_plugin.verbs() == ["documents"]


def test_behind_a_closed_rest_the_other_address_is_used(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.rest_is_closed = True

    system.arrives(an_order(id=238, paid=True))

    assert shop_plugin.verbs() == ["documents", "mailed before", "mailed after"]


def test_documents_that_the_shop_missed_are_told_by_the_next_sync(system: System, shop_plugin: PretendPlugin) -> None:
    shop_plugin.is_silent = True
    system.arrives(an_order(id=238, paid=True))
    shop_plugin.is_silent = False

    for _ in range(2):
        with system.services.store.read() as connection:
            connected = shops.get(connection, system.services.encryption, system.shop_id)
        sync.sync_plugin(system.services, connected)

    told = [told for verb, told in shop_plugin.told if verb == "documents"]
    assert [[document["number"] for document in one["documents"]] for one in told] == [["F2026-00001"]]


def test_a_shop_that_goes_live_holds_mails_from_that_moment(system: System, shop_plugin: PretendPlugin) -> None:
    system.change_shop(test=True)
    with system.services.store.read() as connection:
        found = plugins.of_shop(connection, system.services.encryption, system.shop_id)
    assert found is not None
    sync.sync_after_settings(system.services, found.plugin_id)
    system.change_shop(test=False)
    sync.sync_after_settings(system.services, found.plugin_id)
    shop_plugin.is_silent = True
    sync.sync_after_settings(system.services, found.plugin_id)

    stood = [told for verb, told in shop_plugin.told if verb == "sync"]
    assert [(one["shop"]["test"], sorted(one["hold_rules"]["mails"])) for one in stood] == [
        (True, []),
        (
            False,
            [
                "customer_completed_order",
                "customer_completed_renewal_order",
                "customer_on_hold_order",
                "customer_on_hold_renewal_order",
                "customer_partially_refunded_order",
                "customer_processing_order",
                "customer_processing_renewal_order",
                "customer_refunded_order",
                "customer_renewal_invoice",
            ],
        ),
    ]


def test_a_plugin_that_was_switched_on_again_holds_mails_once_it_has_answered(
    system: System, shop_plugin: PretendPlugin
) -> None:
    system.clock.move(days=2)
    sync.sync_plugin(system.services, system.connected)
    sync.sync_plugin(system.services, system.connected)

    held = [bool(told["hold_rules"]["mails"]) for verb, told in shop_plugin.told if verb == "sync"]
    assert held == [False, True, True]


def test_without_a_plugin_nothing_changes(system: System) -> None:
    system.arrives(an_order(id=238, paid=True))

    assert len(system.mailbox.messages()) == 1


def test_a_connection_check_asks_the_plugin_too(system: System, shop_plugin: PretendPlugin) -> None:
    def plugin_line() -> tuple[bool, str]:
        (line,) = (check for check in answered(system, "check_connection")["checks"] if check["name"] == "plugin")
        return line["good"], english(line["message"])

    assert plugin_line() == (True, "The plugin answers.")
    shop_plugin.is_silent = True
    assert plugin_line()[0] is False


def begin_to_mail(system: System, document_id: int) -> None:
    """A worker mails the document at this moment."""
    now = system.clock.now
    with system.services.store.write() as connection:
        steps.retry(connection, document_id, "mail", now=now)
        assert steps.take(connection, "mail", document_id=document_id, now=now, lease_for=timedelta(minutes=5))


def pressed(system: System, kind: str, *, screen: str = "order_screen", **argument: Any) -> Task:
    """What comes of a button on the order screen, or in the list of orders."""
    with system.services.store.write() as connection:
        task_id = tasks.request(
            connection,
            TaskRequest(shop_id=system.shop_id, kind=f"{screen}_{kind}", argument=argument, requested_by="An Peeters"),
            now=system.clock.now,
        )
    return done(system, task_id)


def test_send_again_on_the_order_screen_mails_the_document(system: System, shop_plugin: PretendPlugin) -> None:
    document = system.issues(an_order(id=238, paid=True))
    system.clock.move(minutes=1)

    task = pressed(system, "send", document_id=document.document_id)
    system.work()

    assert (task.state, task.answer["code"]) == ("done", "sent")
    assert len(system.mailbox.messages()) == 2
    assert english(task.answer["message"]) == f"{document.number} is on its way to koper@klant.test."


def test_send_again_says_which_address_it_takes_where_the_shop_does_not_tell_that_it_was_corrected(
    system: System, shop_plugin: PretendPlugin
) -> None:
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})
    system.shop.faults.next(ServerFault(status=503), times=50)

    task = pressed(system, "send", document_id=document.document_id)

    assert english(task.answer["message"]) == f"{document.number} is on its way to koper@klant.test."


def test_a_test_of_a_shop_without_an_address_of_its_own_is_on_its_way_to_its_owner(
    system: System, shop_plugin: PretendPlugin
) -> None:
    shop = system.services.connected(system.shop_id).shop
    system.change_shop(test=True, mail=MailSettings(), seller=replace(shop.seller, email=""))
    with system.services.store.write() as connection:
        new = NewUser("an@winkel.test", "An", "-", language="nl", operator=False)
        users.give_role(connection, users.add(connection, new, now=system.clock.now), system.shop_id, Role.ADMIN)
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})

    task = pressed(system, "send", document_id=document.document_id)

    assert english(task.answer["message"]) == f"{document.number} is on its way to an@winkel.test."
    assert str(system.trail(238).audit_entries[-1].message) == f"{document.number} is mailed again."


def test_send_again_on_the_order_screen_goes_to_the_address_that_the_order_has_now(
    system: System, shop_plugin: PretendPlugin
) -> None:
    for order_id, typed in ((238, ""), (239, "an.peters@klant.test")):
        order = an_order(id=order_id, paid=True)
        order["billing"]["email"] = typed
        document = system.issues(order)
        system.shop.change(order_id, billing={**order["billing"], "email": "an.peeters@klant.test"})

        task = pressed(system, "send", document_id=document.document_id)
        system.work()

        assert (task.state, task.answer["code"]) == ("done", "sent")
        said = english(task.answer["message"])
        assert said == f"{document.number} is on its way to an.peeters@klant.test."
        assert system.mailbox.messages()[-1].recipients == ("an.peeters@klant.test",)


def test_a_mail_that_waits_does_not_go_to_the_address_that_was_corrected(
    system: System, shop_plugin: PretendPlugin
) -> None:
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    with system.services.store.write() as connection:
        steps.retry(connection, document.document_id, "mail", now=system.clock.now)
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})

    pressed(system, "send", document_id=document.document_id)
    system.work()

    first, *after = system.mailbox.messages()
    assert [mail.recipients for mail in after] == [("an.peeters@klant.test",)] != [first.recipients]
    assert mail_step(system, 238) == ("done", "")


@pytest.mark.each_database
@pytest.mark.parametrize("screen", ["order_screen", "order_list"])
def test_a_mail_to_the_address_that_the_order_has_now_is_tried_again_and_needs_somebody_where_it_fails(
    system: System, shop_plugin: PretendPlugin, screen: str
) -> None:
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    document_id = document.document_id
    argument = {"document_id": document_id} if screen == "order_screen" else {"document_ids": [document_id]}
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})

    system.mailbox.faults.refuse()
    task = pressed(system, "send", screen=screen, **argument)
    system.work()
    assert (task.state, task.answer["code"]) == ("done", "sent")
    assert (mail_step(system, 238)[0], len(system.mailbox.messages())) == ("waiting", 1)
    system.clock.move(hours=1)
    system.work()
    assert [mail.recipients for mail in system.mailbox.messages()[1:]] == [("an.peeters@klant.test",)]

    system.mailbox.faults.reject("an.peeters@klant.test")
    pressed(system, "send", screen=screen, **argument)
    system.work()
    assert mail_step(system, 238) == ("failed", "mail_refused")
    with system.services.store.read() as connection:
        assert attention.needs(connection, (system.shop_id,), now=system.clock.now).total == 1

    system.act(document_actions.send_again, document_id)
    system.work()
    assert system.mailbox.messages()[-1].recipients == (order["billing"]["email"],)


def test_what_goes_out_with_a_document_keeps_its_own_address(system: System, shop_plugin: PretendPlugin) -> None:
    system.change_shop(rules=(Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED), Rule(Kind.INVOICE, Trigger.PAID)))
    order = an_order(id=238, paid=True)
    system.mailbox.faults.refuse()
    confirmation, invoice = system.arrives(order)
    assert confirmation.document is not None
    assert invoice.document is not None
    assert system.mailbox.messages() == ()
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})

    pressed(system, "send", document_id=invoice.document.document_id)
    system.clock.move(hours=1)
    system.work()

    sent = {mail.recipients: len(mail.attachments) for mail in system.mailbox.messages()}
    assert sent == {("an.peeters@klant.test",): 1, (order["billing"]["email"],): 1}


@pytest.mark.each_database
def test_a_document_that_was_not_mailed_goes_first_to_the_address_that_the_order_has_now(
    system: System, shop_plugin: PretendPlugin
) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    order = an_order(id=238, paid=True)
    (item,) = system.arrives(order)
    assert item.stored_draft is not None
    answered(system, "issue_draft", draft_id=item.stored_draft.draft_id)
    (item,) = system.documents(238)
    assert item.document is not None
    system.shop.change(238, billing={**order["billing"], "email": "an.peeters@klant.test"})

    pressed(system, "send", screen="order_list", document_ids=[item.document.document_id])
    system.work()

    (mail,) = system.mailbox.messages()
    assert mail.recipients == ("an.peeters@klant.test",)
    pages = system.trail(238)
    assert [str(one.message) for one in pages.audit_entries if one.code == "mailed_again"] == [
        f"{item.document.number} is mailed again, to the address that the order has now."
    ]


def test_an_address_of_a_ticked_order_that_is_none_needs_somebody(system: System, shop_plugin: PretendPlugin) -> None:
    order = an_order(id=238, paid=True)
    document = system.issues(order)
    system.shop.change(238, billing={**order["billing"], "email": "not an address"})

    pressed(system, "send", screen="order_list", document_ids=[document.document_id])
    system.work()

    assert mail_step(system, 238) == ("failed", "mail_no_address")
    said = [one.code for one in system.trail(238).audit_entries]
    assert ("mailed_again" in said, said[-1]) == (False, "mail_no_address")


def test_send_again_on_the_order_screen_says_that_the_customer_left_no_address(
    system: System, shop_plugin: PretendPlugin
) -> None:
    order = an_order(id=238, paid=True)
    order["billing"]["email"] = ""
    document = system.issues(order)

    task = pressed(system, "send", document_id=document.document_id)

    assert (task.state, task.answer["code"]) == ("failed", "mail_no_address")
    assert mail_step(system, 238) == ("failed", "mail_no_address")


def test_the_documents_of_ticked_orders_are_mailed_but_not_one_that_is_being_mailed(
    system: System, shop_plugin: PretendPlugin
) -> None:
    made = [system.arrives(an_order(id=order_id, paid=True))[0].document for order_id in (238, 239)]
    ids = [document.document_id for document in made if document]
    system.clock.move(minutes=1)
    begin_to_mail(system, ids[1])

    task = pressed(system, "send", screen="order_list", document_ids=ids)
    system.work()

    assert (task.state, task.answer["code"]) == ("done", "sent")
    number = next(document.number for document in made if document and document.document_id == ids[1])
    assert english(task.answer["message"]) == (
        "Documents on their way to the customers: 1. Not mailed: 1, the first of them "
        f"{number}: {number} is being mailed at this moment."
    )
    assert len(system.mailbox.messages()) == 3


def test_the_documents_of_ticked_orders_go_to_the_addresses_that_the_orders_have_now(
    system: System, shop_plugin: PretendPlugin
) -> None:
    ids = []
    for order_id, address in ((238, "an.peeters@klant.test"), (239, "jan@klant.test"), (240, "not.this@klant.test")):
        order = an_order(id=order_id, paid=True)
        document = system.issues(order)
        ids.append(document.document_id)
        if order_id != 240:
            system.shop.change(order_id, billing={**order["billing"], "email": address})
    own = system.mailbox.messages()[-1].recipients

    task = pressed(system, "send", screen="order_list", document_ids=ids)
    system.work()

    assert english(task.answer["message"]) == "Documents on their way to the customers: 3."
    again = [mail.recipients for mail in system.mailbox.messages()[3:]]
    assert again == [("an.peeters@klant.test",), ("jan@klant.test",), own]
    assert len({mail.message_id for mail in system.mailbox.messages()}) == 6


def test_what_was_not_mailed_is_named_also_where_others_went_first_in_between(
    system: System, shop_plugin: PretendPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [system.arrives(an_order(id=order_id, paid=True))[0].document for order_id in (238, 239)]
    ids = [document.document_id for document in made if document]
    begin_to_mail(system, ids[0])
    monkeypatch.setattr(common, "SLICE_S", -1.0)

    task = pressed(system, "send", screen="order_list", document_ids=ids)
    assert (task.state, task.answer["done"]) == ("waiting", 1)
    assert english(done(system, task.task_id).answer["message"]) == (
        "Documents on their way to the customers: 1. Not mailed: 1, the first of them F2026-00001: "
        "F2026-00001 is being mailed at this moment."
    )


def test_that_none_of_the_ticked_orders_could_be_mailed_is_no_success(
    system: System, shop_plugin: PretendPlugin
) -> None:
    document = system.issues(an_order(id=238, paid=True))
    begin_to_mail(system, document.document_id)

    task = pressed(system, "send", screen="order_list", document_ids=[document.document_id])

    assert (task.state, task.answer["code"]) == ("failed", "mail_under_way")


def test_a_document_of_another_shop_keeps_all_ticked_ones_from_leaving(
    system: System, shop_plugin: PretendPlugin
) -> None:
    document = system.issues(an_order(id=238, paid=True))
    system.clock.move(minutes=1)

    task = pressed(system, "send", screen="order_list", document_ids=[document.document_id, 999])
    system.work()

    assert (task.state, task.answer["code"]) == ("failed", "document_unknown")
    assert len(system.mailbox.messages()) == 1


def test_a_draft_is_issued_from_the_order_screen(system: System, shop_plugin: PretendPlugin) -> None:
    system.change_shop(rules=(Rule.parse("invoice:paid:draft"),))
    order = an_order(id=238, paid=True)
    (item,) = system.arrives(order)
    assert item.stored_draft is not None

    task = pressed(system, "issue", draft_id=item.stored_draft.draft_id, send=False)
    system.work()

    assert set(task.answer) == {"code", "message"}
    assert (task.answer["code"], english(task.answer["message"])) == ("issued", "F2026-00001 was issued.")
    assert system.numbers(order["id"]) == ["F2026-00001"]
    assert system.mailbox.messages() == ()


def test_the_order_screen_of_one_shop_reaches_no_other_shops_documents(
    system: System, shop_plugin: PretendPlugin
) -> None:
    document = system.issues(an_order(id=238, paid=True))
    with system.services.store.write() as connection:
        mine = shops.get(connection, system.services.encryption, system.shop_id)
        other = replace(mine.shop, shop_id="b" * 24, reference_digits=mine.shop.reference_digits + 1)
        shops.add(connection, system.services.encryption, other, mine.secrets, now=system.clock.now)
        task_id = tasks.request(
            connection,
            TaskRequest(
                shop_id=other.shop_id,
                kind="order_screen_send",
                argument={"document_id": document.document_id},
                requested_by="Somebody",
            ),
            now=system.clock.now,
        )

    task = done(system, task_id)
    assert (task.state, task.answer["code"]) == ("failed", "document_unknown")


def test_trying_again_says_when_nothing_had_failed(system: System, shop_plugin: PretendPlugin) -> None:
    system.arrives(an_order(id=238, paid=True))

    assert pressed(system, "retry", order_id=238).answer["code"] == "nothing_failed"
