"""An e-invoice reaches the buyer by Peppol once, whatever is killed or cut, and its mail says so; who must act is told."""

import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.system import System
from tests.support.task_requests import answered, english
from tests.support.task_requests import content as content_of_zip
from worker.access_points import ACCESS_POINTS
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.actions import peppol as peppol_actions
from worker.actions.peppol import NewAccount
from worker.demo.orders import Payload, a_refund, an_order
from worker.demo.pretend_access_points import BOTH, KEYS
from worker.domain.access_point import PROVIDERS
from worker.domain.decision import RuleResult
from worker.domain.rules import Rule
from worker.domain.shop import BusinessChannel, PeppolSettings
from worker.domain.step import MAIL, TRANSMIT
from worker.errors import Rejected
from worker.net import peppol_hook
from worker.notifications import overdue_work
from worker.sending import peppol_status
from worker.services import Services
from worker.store import alerts, peppol_answers, transmissions
from worker.store.peppol_answers import PeppolAnswer
from worker.store.queries import attention, health
from worker.store.steps import Step
from worker.store.transmissions import Transmission

BUYER, OLD_ADDRESS, OWN = "0208:0403170701", "9925:BE0403170701", "0088:5412345000013"


@pytest.fixture(params=sorted(ACCESS_POINTS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sending(system: System, provider: str) -> System:
    """A shop that sends by each provider in turn."""
    system.connect(provider)
    return system


def a_business_order(order_id: int = 238, number: str = "BE0403170701", **more: Any) -> Payload:
    return an_order(id=order_id, company="Klant NV", metas={"_billing_vat_number": number}, **more)


def step_of(system: System, name: str = TRANSMIT, order_id: int = 238) -> Step:
    step = system.documents(order_id)[0].step(name)
    assert step is not None
    return step


def row_of(system: System, order_id: int = 238) -> Transmission:
    with system.services.store.read() as connection:
        found = transmissions.find(connection, step_of(system, order_id=order_id).document_id)
    assert found is not None
    return found


def answers_of(system: System) -> tuple[PeppolAnswer, ...]:
    with system.services.store.snapshot() as connection:
        return tuple(peppol_answers.every(connection, system.shop_id))


def text_of_mail(system: System) -> str:
    (mail,) = system.mailbox.messages()
    return mail.text


@pytest.mark.each_database
def test_a_business_invoice_goes_by_peppol_and_its_mail_brings_a_copy(sending: System, provider: str) -> None:
    sending.arrives(a_business_order())

    assert sending.points.delivered_numbers() in (["F2026-00001"], [] if provider == "peppyrus" else None)
    assert (step_of(sending).state, row_of(sending).recipient) == ("done", BUYER)
    assert f"werd je via Peppol gestuurd ({BUYER}). De pdf bij deze mail is een kopie." in text_of_mail(sending)
    said = [str(entry.message) for entry in sending.trail(238).audit_entries]
    assert f"F2026-00001 was sent by Peppol to {BUYER}." in said
    assert {(one.about, one.verdict) for one in answers_of(sending)} >= {("lookup", "yes")}


def test_what_arrives_is_what_is_stored(sending: System) -> None:
    sending.arrives(a_business_order())
    follow(sending)

    file = sending.documents(238)[0].file("xml")
    assert file is not None
    ((recipient, xml),) = sending.points.delivered
    assert (recipient, xml) == (BUYER, sending.services.archive.get(file.path, sha256=file.sha256))


def test_a_consumer_and_a_test_never_go_by_peppol(sending: System) -> None:
    sending.arrives(an_order(id=239))
    sending.change_shop(test=True)
    sending.arrives(a_business_order())
    follow(sending)

    assert sending.points.delivered == []
    assert sending.documents(239)[0].step(TRANSMIT) is None
    assert (step_of(sending).state, str(step_of(sending).message)) == (
        "skipped",
        "A test document goes to nobody by Peppol.",
    )


def test_a_business_elsewhere_goes_as_the_shop_wants_it(system: System) -> None:
    system.points.on_peppol["9944:NL004495445B01"] = BOTH
    system.connect("e-invoice.be")
    system.arrives(a_business_order(238, "NL004495445B01", country="NL"))
    system.connect("e-invoice.be", businesses=BusinessChannel.MAIL)
    system.arrives(a_business_order(239, "NL004495445B01", country="NL"))

    assert [recipient for recipient, _ in system.points.delivered] == ["9944:NL004495445B01"]
    assert system.documents(239)[0].step(TRANSMIT) is None


@pytest.mark.parametrize("businesses", list(BusinessChannel))
def test_a_consumer_who_asks_for_peppol_gets_it_and_his_mail(system: System, businesses: BusinessChannel) -> None:
    """His own address on the order's field is the request; of others nothing is asked."""
    system.points.on_peppol[OWN] = BOTH
    system.connect("e-invoice.be", businesses=businesses)
    system.arrives(an_order(id=239, metas={"_peppol_endpoint_id": OWN}))
    asked = len(system.points.asked)
    system.arrives(an_order(id=240))

    ((recipient, xml),) = system.points.delivered
    assert (recipient, b'schemeID="0088">5412345000013<' in xml) == (OWN, True)
    assert [len(system.mailbox.messages()), len(system.points.asked)] == [2, asked]
    assert system.documents(240)[0].step(TRANSMIT) is None


def test_a_consumers_request_that_cannot_be_met_delays_nothing(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(an_order(id=239, metas={"_peppol_endpoint_id": OWN}))
    system.arrives(an_order(id=240, metas={"_peppol_endpoint_id": "0208:0403170700"}))
    system.change_shop(peppol=PeppolSettings())
    system.arrives(an_order(id=241, metas={"_peppol_endpoint_id": OWN}))

    assert (step_of(system, order_id=239).code, len(system.mailbox.messages())) == ("not_on_peppol", 3)
    assert quiet(system) == {"notice": 1}  # whom the law lets send a PDF need not be told of it
    assert [system.documents(one)[0].step(TRANSMIT) for one in (240, 241)] == [None, None]
    order = system.trail(240).order
    assert order is not None
    assert [(one.code, "goes by mail" in str(one.message)) for one in order.flags] == [("peppol_address_wrong", True)]


# Who can receive


def test_a_buyer_who_is_not_on_peppol_gets_a_mail_that_the_trail_explains(sending: System) -> None:
    sending.points.everyone = False

    sending.arrives(a_business_order())
    let_doubt_pass(sending)

    step = step_of(sending)
    assert (step.state, step.code) == ("skipped", "not_on_peppol")
    assert f"no company at {BUYER}, {OLD_ADDRESS}" in str(step.message)
    assert (step_of(sending, MAIL).state, "Peppol" in text_of_mail(sending)) == ("done", False)
    assert [(one.address, one.verdict) for one in answers_of(sending)][-2:] == [(BUYER, "no"), (OLD_ADDRESS, "no")]


def let_doubt_pass(system: System) -> None:
    """Of Recommand a no counts that it says again an hour later."""
    system.clock.move(hours=1, minutes=1)
    system.work()


def quiet(system: System) -> dict[str, int]:
    """What the overview tells of quietly; nothing needs anybody."""
    with system.services.store.read() as connection:
        found = attention.needs(connection, (system.shop_id,), now=system.clock.now)
    assert found.total == 0
    return {group.reason.name: group.count for group in found.notices}


def test_that_the_law_wanted_it_by_peppol_is_told_quietly_until_it_went(system: System) -> None:
    system.points.everyone = False
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    system.arrives(a_business_order())  # looked at again, it still is to be known

    assert quiet(system) == {"notice": 1}
    order = system.trail(238).order
    assert order is not None
    assert [str(one.message).split(":")[0] for one in order.flags] == ["F2026-00001 went by mail, as a PDF"]

    system.points.everyone = True
    system.act(peppol_actions.send_again, step_of(system).document_id)
    system.work()
    assert (step_of(system).state, quiet(system)) == ("done", {})


def test_a_no_in_doubt_is_no_no(system: System) -> None:
    """Recommand says no as well when its own lookup fails."""
    system.points.everyone = False
    system.connect("recommand")
    system.arrives(a_business_order())
    assert (step_of(system).state, step_of(system).code) == ("waiting", "peppol_in_doubt")
    system.clock.move(minutes=20)
    with system.services.store.read() as connection:
        assert health.waiting_of(connection, [system.shop_id], now=system.clock.now) == {}  # not late

    system.points.everyone = True
    let_doubt_pass(system)

    assert system.points.delivered_numbers() == ["F2026-00001"]


def test_what_is_no_answer_waits_is_told_after_hours_and_goes_out(sending: System) -> None:
    sending.points.faults = {"lookup": ["400"] * 1000}
    sending.arrives(a_business_order())
    sending.clock.move(minutes=6)
    sending.work()
    assert (step_of(sending).state, step_of(sending, MAIL).state) == ("waiting", "done")
    assert waits_told(sending) == []

    sending.clock.move(hours=20)
    sending.work()
    assert ["The access point says “400" in one for one in waits_told(sending)] == [True]
    sending.points.faults = {}
    sending.clock.move(hours=2)
    sending.work()
    follow(sending)
    assert (sending.points.delivered_numbers(), waits_told(sending)) == (["F2026-00001"], [])


def waits_told(system: System) -> list[str]:
    overdue_work.alert_late_work(system.services, system.connected)
    return [str(one.message) for one in open_alerts(system)]


def test_a_send_that_fails_for_the_buyers_sake_has_him_looked_up_anew(sending: System, provider: str) -> None:
    sending.points.faults = {"send": ["404" if provider == "peppyrus" else "422"]}
    sending.arrives(a_business_order())
    assert step_of(sending).state == "waiting"
    asked = len(sending.points.asked)

    sending.clock.move(minutes=1)
    sending.work()
    follow(sending)

    assert len(sending.points.asked) > asked
    assert sending.points.delivered_numbers() == ["F2026-00001"]


def test_what_stays_unclear_for_a_day_is_a_persons_and_the_mail_no_longer_waits(sending: System, provider: str) -> None:
    sending.connect(provider, businesses=BusinessChannel.PEPPOL)
    sending.points.faults = {"send": ["404" if provider == "peppyrus" else "422"] * 1000}
    sending.arrives(a_business_order())
    assert (step_of(sending).state, step_of(sending, MAIL).state) == ("waiting", "waiting")

    for _ in range(2):
        sending.clock.move(days=1)
        sending.work()
    assert (step_of(sending).state, step_of(sending).code) == ("failed", "peppol_unclear")
    assert (step_of(sending, MAIL).state, sending.points.delivered_numbers()) == ("done", [])

    sending.points.faults = {}
    sending.act(peppol_actions.send_again, step_of(sending).document_id)
    sending.work()
    follow(sending)
    assert sending.points.delivered_numbers() == ["F2026-00001"]


def test_a_no_is_asked_anew_and_a_yes_is_kept_for_days(sending: System) -> None:
    sending.points.everyone = False
    sending.arrives(a_business_order())
    let_doubt_pass(sending)
    sending.points.everyone = True
    sending.arrives(a_business_order(239))
    asked = len(sending.points.asked)
    sending.arrives(a_business_order(240))
    follow(sending)

    assert [step_of(sending, order_id=one).state for one in (238, 239, 240)] == ["skipped", "done", "done"]
    assert len(sending.points.asked) == asked
    assert sorted(sending.points.delivered_numbers()) == ["F2026-00002", "F2026-00003"]


def test_who_moved_from_the_old_address_is_found_at_both(system: System) -> None:
    system.points.everyone, system.points.on_peppol = False, {OLD_ADDRESS: BOTH}
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    system.points.on_peppol = {BUYER: BOTH}
    system.clock.move(days=8)
    system.arrives(a_business_order(239))

    (first, xml), (second, _) = system.points.delivered
    assert (first, second) == (OLD_ADDRESS, BUYER)
    assert b'schemeID="9925">BE0403170701<' in xml


ADDRESSED_TO = re.compile(rb'schemeID="(\d+)">([^<]+)</cbc:EndpointID>')


def test_an_e_invoice_names_the_address_that_it_goes_to_wherever_its_buyer_is_found(system: System) -> None:
    """At first he could not be looked up, then he was nowhere: by then the e-invoice was written."""
    system.points.everyone, system.points.faults = False, {"lookup": ["400"]}
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    assert step_of(system).code == "not_on_peppol"
    system.points.on_peppol = {OLD_ADDRESS: BOTH}

    system.act(peppol_actions.send_again, step_of(system).document_id)
    system.work()

    ((recipient, xml),) = system.points.delivered
    assert (recipient, ADDRESSED_TO.findall(xml)[-1]) == (OLD_ADDRESS, (b"9925", b"BE0403170701"))
    file = system.documents(238)[0].file("xml")
    assert file is not None
    assert xml == system.services.archive.get(file.path, sha256=file.sha256)


def test_the_orders_own_address_goes_before_what_follows_from_the_number(system: System) -> None:
    system.points.on_peppol["0088:5412345000013"] = BOTH
    system.connect("e-invoice.be")
    order = a_business_order()
    order["meta_data"].append({"id": 9, "key": "_peppol_endpoint_id", "value": "0088:5412345000013"})

    system.arrives(order)

    assert [recipient for recipient, _ in system.points.delivered] == ["0088:5412345000013"]


# Exactly once


class Killed(BaseException):
    """A worker's end."""


POINTS = ("begin", "mark_tried", "taken", "prepared")


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Kill the worker once, right after the commit that notes this."""

    def at(point: str) -> None:
        name, known = ("change", "prepared") if point == "prepared" else (point, "")
        real, done = getattr(transmissions, name), list[bool]()

        def then_die(connection: Any, *given: Any, **values: Any) -> Any:
            result = real(connection, *given, **values)
            if not done and (not known or values.get(known)):
                done.append(True)
                connection.commit()
                raise Killed
            return result

        monkeypatch.setattr(transmissions, name, then_die)

    return at


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_after_any_commit_sends_it_once(
    sending: System, provider: str, killed_at: Callable[[str], None], point: str
) -> None:
    killed_at(point)

    with pytest.raises(Killed):
        sending.arrives(a_business_order())
    come_to_an_end(sending, provider)

    assert Counter(sending.points.delivered_numbers()) == {"F2026-00001": 1}


def come_to_an_end(system: System, provider: str) -> None:
    """Let time pass; where nobody can know whether it left, a person looks and says so."""
    for _ in range(8):
        system.clock.move(minutes=11)
        system.work()
        follow(system)
        step = step_of(system)
        if step.code == "peppol_unknown" and step.state == "failed":
            assert not PROVIDERS[provider].is_idempotent
            there = "F2026-00001" in [one.number for one in system.points.documents.values()]
            assert not there  # what is there is found without a person
            system.act(peppol_actions.send_again, step.document_id)


@pytest.mark.parametrize("fault", ["before", "after", "503", "500-after"])
def test_a_cut_before_or_after_sends_it_once(sending: System, provider: str, fault: str) -> None:
    sending.points.faults = {"upload": [fault], "send": [fault]}

    sending.arrives(a_business_order())
    come_to_an_end(sending, provider)

    assert Counter(sending.points.delivered_numbers()) == {"F2026-00001": 1}
    assert step_of(sending).state == "done"


def test_a_kill_right_after_a_failed_send_asks_a_person_only_where_nothing_tells(
    sending: System, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies before it can note that nothing left. Only Recommand keeps nothing that proves it."""
    sending.points.faults = {"send": ["503"]}
    real = transmissions.change

    def dies(connection: Any, document_id: int, **values: Any) -> Any:
        if values.get("tried_at", "") is None:
            raise Killed
        return real(connection, document_id, **values)

    monkeypatch.setattr(transmissions, "change", dies)
    try:
        sending.arrives(a_business_order())
    except Killed:
        sending.clock.move(minutes=4)
    monkeypatch.setattr(transmissions, "change", real)

    for _ in range(4):
        sending.work()
        follow(sending)
        sending.clock.move(minutes=6)

    told = (sending.points.delivered_numbers(), step_of(sending).code)
    assert told == (([], "peppol_unknown") if provider == "recommand" else (["F2026-00001"], ""))


def test_what_nobody_can_know_stops_and_asks_a_person(system: System) -> None:
    """Recommand's own failure after sending: sent again by itself, it would arrive twice."""
    system.connect("recommand")
    system.points.faults = {"send": ["lost-after"]}
    system.arrives(a_business_order())
    system.clock.move(minutes=5)
    system.work()
    assert step_of(system).state == "waiting"
    system.clock.move(minutes=30)
    system.work()

    step = step_of(system)
    assert (step.state, step.code, row_of(system).state) == ("failed", "peppol_unknown", "unknown")
    assert len(system.points.delivered) == 1
    system.act(peppol_actions.mark_sent, step.document_id)
    system.work()
    assert (step_of(system).state, row_of(system).state, len(system.points.delivered)) == ("done", "delivered", 1)


# Who must act


@pytest.mark.parametrize("status", ["401", "402"])
def test_an_accounts_trouble_freezes_nothing(sending: System, status: str) -> None:
    sending.points.faults = {"send": [status] * 100, "upload": [status] * 100}
    sending.arrives(a_business_order())
    for _ in range(30):
        sending.clock.move(hours=2)
        sending.work()

    step = step_of(sending)
    assert (step.state, step.code) == ("waiting", "peppol_account")
    assert [one.code for one in open_alerts(sending)] == ["peppol_account"]
    assert step_of(sending, MAIL).state == "done"  # the customer has the PDF meanwhile

    sending.points.faults = {}
    sending.clock.move(hours=2)
    sending.work()
    follow(sending)
    assert (step_of(sending).state, sending.points.delivered_numbers()) == ("done", ["F2026-00001"])
    assert open_alerts(sending) == []


def open_alerts(system: System) -> list[alerts.Alert]:
    with system.services.store.read() as connection:
        return list(alerts.open_alerts(connection, system.shop_id))


def test_a_document_that_is_refused_is_a_persons_matter(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.connect("e-invoice.be")
    monkeypatch.setattr(system.points, "judge", lambda _: [{"rule_id": "BR-1", "message": "No", "location": ""}])

    system.arrives(a_business_order())

    assert (step_of(system).state, step_of(system).code) == ("failed", "peppol_document")
    assert step_of(system, MAIL).state == "done"


def test_an_outage_of_days_delays_and_loses_nothing(sending: System, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sending.points.url
    sending.move_access_point("http://127.0.0.1:1")
    sending.arrives(a_business_order())
    for _ in range(40):
        sending.clock.move(hours=2)
        sending.work()
    assert step_of(sending).state == "waiting"

    sending.move_access_point(url)
    sending.clock.move(hours=2)
    sending.work()
    follow(sending)
    assert sending.points.delivered_numbers() == ["F2026-00001"]


# Mail beside it


def test_a_shop_that_wants_no_mail_beside_peppol_sends_none(system: System) -> None:
    system.connect("e-invoice.be", businesses=BusinessChannel.PEPPOL)

    system.arrives(a_business_order())

    assert system.mailbox.messages() == ()
    assert (step_of(system, MAIL).state, "wants no mail beside it" in str(step_of(system, MAIL).message)) == (
        "skipped",
        True,
    )


def test_a_mail_waits_some_minutes_for_peppol_and_no_longer(system: System) -> None:
    system.connect("e-invoice.be")
    system.points.faults = {"upload": ["503"] * 200}
    system.arrives(a_business_order())
    assert system.mailbox.messages() == ()

    system.clock.move(minutes=6)
    system.work()

    assert "Peppol" not in text_of_mail(system)


def test_what_goes_in_one_mail_goes_in_one_by_peppol_too(system: System) -> None:
    system.change_shop(rules=(Rule.parse("order_confirmation:created:send"), Rule.parse("invoice:paid:send")))
    system.connect("e-invoice.be")

    system.arrives(a_business_order())

    (mail,) = system.mailbox.messages()
    assert [one.name.split("-")[0] for one in mail.attachments] == ["orderbevestiging", "factuur"]


def test_an_order_refunded_at_first_sight_brings_invoice_and_credit_note_in_one_mail(system: System) -> None:
    system.connect("e-invoice.be")
    order = a_business_order(status="refunded")
    refund = a_refund(order, id=900, amount=order["total"])
    order["refunds"] = [{"id": 900, "reason": "", "total": f"-{order['total']}"}]
    system.shop.place(order, (refund,))
    system.receive(order)
    system.work()

    (mail,) = system.mailbox.messages()
    assert [one.name.split("-")[0] for one in mail.attachments] == ["factuur", "creditnota"]
    assert system.points.delivered_numbers() == ["F2026-00001", "C2026-00001"]


def follow(system: System) -> None:
    """Ask what became of what was sent."""
    system.clock.move(minutes=2)
    peppol_status.follow(system.services, system.connected)


# Before the number


def test_without_an_access_point_it_waits_as_a_draft_and_goes_out_once_there_is_one(system: System) -> None:
    system.change_shop(peppol=PeppolSettings())

    (kept,) = system.arrives(a_business_order())
    assert [problem.code for problem in kept.draft.problems] == ["einvoice:not_connected"]
    assert "no access point is connected" in str(kept.draft.problems[0].message)
    system.arrives(an_order(id=239))  # a consumer notices nothing
    assert system.numbers(239) == ["F2026-00001"]

    system.connect("e-invoice.be")
    system.arrives(a_business_order())

    assert system.points.delivered_numbers() == ["F2026-00002"]


def test_a_key_of_a_test_environment_sends_nothing(system: System) -> None:
    system.connect("e-invoice.be", sandbox=True)

    (kept,) = system.arrives(a_business_order())

    assert "test environment" in str(kept.draft.problems[0].message)
    assert system.points.delivered == []


def test_where_another_system_sends_the_pdf_and_the_mail_say_copy(system: System) -> None:
    system.arrives(a_business_order())

    (item,) = system.documents(238)
    assert (item.draft.is_copy, item.step(TRANSMIT)) == (True, None)
    assert "bereikt je via Peppol. De pdf bij deze mail is een kopie." in text_of_mail(system)


# Afterwards


def test_what_is_judged_late_and_fails_goes_by_mail_and_waits_for_a_person(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.connect("peppyrus", businesses=BusinessChannel.PEPPOL)
    monkeypatch.setattr(system.points, "judge", lambda _: [{"rule_id": "BR-1", "message": "No", "location": ""}])
    system.arrives(a_business_order())
    assert (step_of(system).state, system.mailbox.messages()) == ("done", ())

    follow(system)
    system.work()

    assert (step_of(system).state, step_of(system).code, row_of(system).state) == ("failed", "peppol_failed", "failed")
    assert "BR-1: No" in str(step_of(system).message)
    assert "Peppol" not in text_of_mail(system)


def test_of_what_the_last_access_point_never_said_somebody_is_told_where_to_look(system: System) -> None:
    """Peppyrus judges afterwards; who changes to another meanwhile would never hear of a refusal."""
    system.connect("peppyrus")
    system.arrives(a_business_order())
    assert row_of(system).state == "accepted"
    system.connect("recommand")

    follow(system)

    step = step_of(system)
    assert (step.state, step.code, row_of(system).state) == ("failed", "peppol_unknown", "unknown")
    assert str(step.message).startswith(
        "Peppyrus took F2026-00001, and whether it reached the buyer could not be learnt"
    )
    assert not row_of(system).is_lost_to_buyer
    system.act(order_actions.retry_order, 238)
    system.work()
    assert (step_of(system).state, step_of(system).code) == ("failed", "peppol_unknown")
    system.act(peppol_actions.mark_sent, step.document_id)
    assert (step_of(system).state, row_of(system).state) == ("done", "delivered")


@pytest.mark.each_database
def test_what_was_delivered_needs_nobody_when_the_access_point_changes(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    follow(system)
    system.connect("recommand")
    system.clock.move(days=1)

    follow(system)

    assert (step_of(system).state, row_of(system).state, row_of(system).next_at) == ("done", "delivered", None)


def test_who_has_no_access_point_for_an_hour_hears_afterwards_and_who_never_has_one_again_is_told(
    system: System,
) -> None:
    system.connect("peppyrus")
    system.arrives(a_business_order())
    system.change_shop(peppol=PeppolSettings())

    follow(system)
    assert (step_of(system).state, row_of(system).state) == ("done", "accepted")

    system.clock.move(days=4)
    follow(system)
    assert (step_of(system).code, row_of(system).state) == ("peppol_unknown", "unknown")


def rejected_late(system: System) -> None:
    """What was delivered is rejected the next day."""
    (document,) = system.points.documents.values()
    system.clock.move(days=1)
    document.state = "FAILED"
    document.happened("mlr_received", code="RE", reason="Unknown buyer")
    follow(system)
    system.work()


def test_whom_a_mail_told_of_peppol_is_told_by_the_owner_alone_that_it_did_not_arrive(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())

    rejected_late(system)
    assert "De pdf bij deze mail is een kopie." in text_of_mail(system)  # one mail, and no second by itself
    assert (row_of(system).is_lost_to_buyer, system.documents(238)[0].was_told_of_loss) == (True, False)

    system.clock.move(minutes=1)
    system.act(document_actions.send_again, step_of(system).document_id)
    system.work()

    _, second = system.mailbox.messages()
    assert "maar het is daar niet aangekomen" in second.text
    assert "is een kopie" not in second.text
    assert system.documents(238)[0].was_told_of_loss
    assert len(system.points.delivered) == 1


def test_sent_again_after_it_was_lost_no_mail_says_another_thing(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    rejected_late(system)
    system.act(document_actions.send_again, step_of(system).document_id)
    system.work()

    system.act(peppol_actions.send_again, step_of(system).document_id)
    system.work()

    _, second = system.mailbox.messages()
    assert "Komt het alsnog via Peppol bij je aan, boek het dan één keer." in second.text
    assert (row_of(system).is_lost_to_buyer, step_of(system).state) == (False, "done")


def test_a_mail_to_another_address_says_too_that_the_document_went_by_peppol(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())

    answered(system, "send_again", document_id=step_of(system).document_id, to="boekhouder@klant.test")

    assert all("De pdf bij deze mail is een kopie." in mail.text for mail in system.mailbox.messages())


def test_what_was_delivered_may_be_rejected_within_three_days_and_is_never_sent_again_by_itself(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    (document,) = system.points.documents.values()
    system.clock.move(days=2)
    document.state = "FAILED"
    document.happened("mlr_received", code="RE", reason="Unknown buyer")

    follow(system)
    system.work()

    assert "Unknown buyer" in str(step_of(system).message)
    assert [one.verdict for one in answers_of(system) if one.about == "status"] == ["failed"]
    assert len(system.points.delivered) == 1
    system.clock.move(days=2)
    document.state = "SENT"
    follow(system)
    assert row_of(system).state == "failed"


def hears(system: System, event: dict[str, Any]) -> None:
    """Somebody tells *event* at the address of the shop's access point; the door is held in tests/bridge/webhooks."""
    with system.services.store.write() as connection:
        references = peppol_hook.references_in(event)
        transmissions.ask_soon(connection, system.shop_id, references, now=system.clock.now)
    peppol_status.follow(system.services, system.connected)


def test_what_an_access_point_tells_is_fetched_before_it_is_believed(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    (document,) = system.points.documents.values()
    event = {"event": "document.sent.failed", "data": {"document_id": document.key}}

    hears(system, event)
    assert (row_of(system).state, step_of(system).state) == ("delivered", "done")

    system.clock.move(days=5)  # nobody asks any more by then
    document.state = "FAILED"
    hears(system, event)
    assert (row_of(system).state, step_of(system).code) == ("failed", "peppol_failed")


def test_an_access_point_that_can_tell_is_asked_to_once(system: System) -> None:
    system.services = Services(replace(system.services.settings, public_url="https://f.example"), now=system.clock)
    system.connect("e-invoice.be")

    for _ in range(2):
        answered(system, "check_peppol")

    (subscribed,) = system.points.subscriptions
    assert subscribed["url"] == peppol_hook.url(
        "https://f.example", system.services.settings.secret_keys, system.shop_id
    )
    assert system.connected.secrets.peppol_hook_secret == subscribed["secret"]
    peppol_actions.connect(system.services, system.shop_id, NewAccount("peppyrus", "another"), by=system.person)
    assert system.connected.secrets.peppol_hook_secret == ""


def test_what_the_buyer_asks_needs_somebody_until_it_is_dealt_with(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())
    (document,) = system.points.documents.values()
    document.happened("imr_received", response_code="AB")
    document.happened("imr_received", response_code="UQ")

    follow(system)

    step = step_of(system)
    assert (step.state, step.code, row_of(system).responses) == ("failed", "peppol_response", "AB UQ")
    assert str(step.message) == "F2026-00001: The buyer asks something about it before going on."
    system.act(order_actions.retry_order, 238)
    system.work()
    assert (step_of(system).state, step_of(system).code) == ("failed", "peppol_response")
    with pytest.raises(Rejected, match="or was sent"):
        system.act(peppol_actions.send_again, step.document_id)
    assert system.points.delivered_numbers() == ["F2026-00001"]
    system.act(peppol_actions.mark_answered, step.document_id)
    assert step_of(system).state == "done"


def test_the_zip_of_a_period_holds_what_was_answered(system: System) -> None:
    system.connect("e-invoice.be")
    system.arrives(a_business_order())

    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")

    with zipfile.ZipFile(io.BytesIO(content_of_zip(system, answer["file"]))) as found:
        rows = list(csv.DictReader(io.StringIO(found.read("peppol.csv").decode())))
    assert [(row["number"], row["about"], row["verdict"], row["address"]) for row in rows] == [
        ("F2026-00001", "lookup", "yes", BUYER),
        ("F2026-00001", "sent", "delivered", BUYER),
    ]
    assert all(row["answer_sha256"] == hashlib.sha256(row["answer"].encode()).hexdigest() for row in rows)


def test_a_key_is_tried_without_sending_anything(sending: System) -> None:
    assert answered(sending, "check_peppol")["good"]

    sending.change_secrets(replace(sending.connected.secrets, peppol_key="wrong:wrong"))
    told = answered(sending, "check_peppol")
    assert (told["good"], sending.points.delivered) == (False, [])


def said_of_the_key(system: System) -> list[tuple[str, bool, str]]:
    return [(one["name"], one["good"], english(one["message"])) for one in answered(system, "check_peppol")["checks"]]


def test_a_key_of_recommand_is_enough_its_company_is_found_by_its_number(system: System) -> None:
    peppol_actions.connect(
        system.services, system.shop_id, NewAccount("recommand", KEYS["recommand"]), by=system.person
    )
    (waiting,) = system.arrives(a_business_order())
    assert [problem.code for problem in waiting.draft.problems] == ["einvoice:not_connected"]
    assert "which company of your account" in str(waiting.draft.problems[0].message)

    system.points.owners.insert(0, "0208:0477472701")
    assert said_of_the_key(system)[1] == ("company", True, "It sends for Bedrijf 2 BV.")
    system.work()

    assert system.connected.shop.peppol.company == "c_2"
    system.arrives(a_business_order())
    assert system.points.delivered_numbers() == ["F2026-00001"]


def test_a_wrong_key_lets_nothing_go_and_the_right_one_does(system: System) -> None:
    system.change_shop(peppol=PeppolSettings())
    system.arrives(a_business_order())
    for key in ("wrong", KEYS["e-invoice.be"]):
        peppol_actions.connect(system.services, system.shop_id, NewAccount("e-invoice.be", key), by=system.person)
        system.work()
        assert system.numbers(238) == ["draft"]
        (_, is_good, sentence), *_ = said_of_the_key(system)
        assert is_good == (key != "wrong")
        assert is_good or "does not know this key" in sentence
        assert [one.code for one in open_alerts(system)] == ([] if is_good else ["peppol_account"])

    system.work()
    assert system.points.delivered_numbers() == ["F2026-00001"]
    assert "waits for a person" not in " ".join(str(one.message) for one in rule_results(system))


def rule_results(system: System) -> tuple[RuleResult, ...]:
    order = system.trail(238).order
    assert order is not None
    return order.rule_results


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        ([], "has no company yet. Add yours there (0208:0445566134)"),
        (["0208:0477472701"], "The key is of Bedrijf 1 BV, and your company is 0208:0445566134."),
        (["0208:0445566134"] * 2, "several times (c_1, c_2)"),
    ],
)
def test_whose_key_is_not_the_shops_is_said_in_a_sentence(system: System, owners: list[str], said: str) -> None:
    peppol_actions.connect(
        system.services, system.shop_id, NewAccount("recommand", KEYS["recommand"]), by=system.person
    )
    system.points.owners = owners

    name, good, sentence = said_of_the_key(system)[1]

    assert (name, good, said in sentence) == ("company", False, True)
    assert system.connected.shop.peppol.company == ""


def test_a_key_of_another_company_with_e_invoice_be_is_told_before_anything_is_sent(system: System) -> None:
    system.connect("e-invoice.be")
    system.points.owners = ["0208:0477472701"]

    answer = answered(system, "check_peppol")

    assert (answer["good"], said_of_the_key(system)[1][1]) == (False, False)


def test_a_credit_note_of_a_refund_goes_the_same_way(system: System) -> None:
    system.connect("e-invoice.be")
    order = a_business_order()
    system.arrives(order)
    refunded(system, order)

    assert system.points.delivered_numbers() == ["F2026-00001", "C2026-00001"]


def refunded(system: System, order: Payload) -> None:
    system.shop.refund(238, a_refund(order, id=239, amount="5.00"))
    system.receive(order)
    system.work()


def test_a_credit_note_to_a_buyer_who_takes_invoices_alone_goes_by_mail_and_says_why(system: System) -> None:
    system.points.everyone, system.points.on_peppol = False, {BUYER: ("Invoice",)}
    system.connect("e-invoice.be")
    order = a_business_order()
    system.arrives(order)
    refunded(system, order)

    assert system.points.delivered_numbers() == ["F2026-00001"]
    step = system.documents(238)[1].step(TRANSMIT)
    assert step is not None
    assert (step.state, step.code, len(system.mailbox.messages())) == ("skipped", "not_on_peppol", 2)


def test_a_credit_note_goes_by_peppol_though_its_invoice_went_by_mail_and_names_it(system: System) -> None:
    """By law it must: the buyer can receive by now."""
    system.points.everyone = False
    system.connect("e-invoice.be")
    order = a_business_order()
    system.arrives(order)
    system.points.everyone = True
    refunded(system, order)

    ((recipient, xml),) = system.points.delivered
    assert (recipient, b"BillingReference" in xml, b"F2026-00001" in xml) == (BUYER, True, True)


def test_send_it_again_pressed_twice_sends_it_once(system: System) -> None:
    system.points.everyone = False
    system.connect("recommand")
    system.arrives(a_business_order())
    let_doubt_pass(system)
    system.points.everyone = True

    system.act(peppol_actions.send_again, step_of(system).document_id)
    with pytest.raises(Rejected, match="on its way by Peppol"):
        system.act(peppol_actions.send_again, step_of(system).document_id)
    system.work()
    assert system.points.delivered_numbers() == ["F2026-00001"]
    with pytest.raises(Rejected, match="or was sent"):
        system.act(peppol_actions.send_again, step_of(system).document_id)


def test_after_a_restored_backup_what_was_on_its_way_stops_and_asks(system: System) -> None:
    """It may have left since the backup was made."""
    system.connect("recommand")
    system.points.faults = {"send": ["503"]}
    system.arrives(a_business_order())
    assert step_of(system).state == "waiting"

    with system.services.store.write() as connection:
        transmissions.ask_about_all(connection, now=system.clock.now)
    system.clock.move(hours=3)
    system.work()

    assert (step_of(system).state, step_of(system).code, row_of(system).state) == (
        "failed",
        "peppol_unknown",
        "unknown",
    )
    assert system.points.delivered == []
