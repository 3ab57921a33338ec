"""Whoever a shop wants to be told is told, by a signed call: none lost, none doubled, however the receiver fares."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.flow.conftest import START, House
from tests.woocommerce.wire import HANG_UP, Asked, Slowly, Wire, answer
from worker import jobs
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.document import Kind
from worker.domain.shop import Moment, Rule
from worker.domain.webhook import HookEvent
from worker.invoicing import manual
from worker.invoicing.manual import Person
from worker.notifications import webhooks
from worker.orders.history import Listed
from worker.services import Services
from worker.settings import Settings
from worker.store import alerts
from worker.store import webhooks as hooks
from worker.store.webhooks import Call, Hook

ALL = tuple(HookEvent)
TAKEN = answer(204, b"")


def add(house: House, url: str, *events: HookEvent) -> tuple[Hook, str]:
    with house.services.store.write() as connection:
        return hooks.add(
            connection,
            house.services.vault,
            shop_id=house.shop_id,
            url=url,
            events=events or ALL,
            by="An",
            now=house.clock.now,
        )


def seen(house: House, order: Payload) -> tuple[Listed, ...]:
    """Let *order* be so in the shop and looked at. Nothing is printed or mailed: nobody here reads it."""
    house.shop.place(order, house.shop.refunds(order["id"]) if house.shop.order(order["id"]) else ())
    jobs.run_look(house.services, house.ring(order))
    return house.documents(order["id"])


def tell(house: House) -> None:
    """Do every call that is due now, as workers would."""
    with house.services.store.read() as connection:
        due = hooks.due_ids(connection, now=house.clock.now, limit=100)
    for call_id in due:
        jobs.run_calls(house.services, call_id)


def calls(house: House, hook: Hook) -> list[Call]:
    with house.services.store.read() as connection:
        return list(reversed(hooks.calls_of(connection, hook.hook_id, limit=100)))


def states(house: House, hook: Hook) -> list[tuple[str, str, int]]:
    return [(call.event, call.state, call.attempts) for call in calls(house, hook)]


def said(wire: Wire) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in wire.asked]


def events(wire: Wire) -> list[tuple[str, str]]:
    return [(told["event"], told["document"]["number"]) for told in said(wire)]


def genuine(asked: Asked, secret: str) -> bool:
    """As a receiver checks it, with nothing of ours."""
    parts = dict(part.split("=", 1) for part in asked.headers["x-facturelay-signature"].split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and int(parts["t"]) == int(START.timestamp())


def test_an_issued_document_is_told_once_with_a_signature_that_the_receiver_can_check(house: House) -> None:
    with Wire([TAKEN] * 5) as wire:
        hook, secret = add(house, f"{wire.url}/books?shop=1", HookEvent.ISSUED)
        (invoice,) = seen(house, an_order(id=238, paid=True))
        seen(house, an_order(id=238, paid=True))
        tell(house)
        tell(house)
    (asked,) = wire.asked
    assert (asked.method, asked.target) == ("POST", "/books?shop=1")
    assert genuine(asked, secret)
    assert not genuine(asked, "fh_another")
    sent = {name: asked.headers[name] for name in ("content-type", "user-agent", "x-facturelay-event")}
    assert sent == {
        "content-type": "application/json",
        "user-agent": "Facturelay",
        "x-facturelay-event": "document.issued",
    }
    assert invoice.document is not None
    told = json.loads(asked.body)
    document = told.pop("document")
    assert told == {
        "id": calls(house, hook)[0].call_id,
        "event": "document.issued",
        "occurred_at": START.isoformat(),
        "shop": house.shop_id,
        "credit_note": None,
    }
    assert (document["number"], document["total"], document["paid"]) == ("F2026-00001", "22.20", True)
    assert states(house, hook) == [("document.issued", "done", 1)]


def test_a_payment_is_told_when_the_order_says_so_and_once(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.CREATED),))
    with Wire([TAKEN] * 5) as wire:
        add(house, wire.url)
        seen(house, an_order(id=238, paid=False, status="on-hold"))
        tell(house)
        house.clock.move(hours=1)
        seen(house, an_order(id=238, paid=True))
        seen(house, an_order(id=238, paid=True))
        tell(house)
    assert events(wire) == [("document.issued", "F2026-00001"), ("document.paid", "F2026-00001")]
    issued, paid = said(wire)
    assert (issued["document"]["paid"], paid["document"]["paid"]) == (False, True)
    assert paid["occurred_at"] == house.clock.now.isoformat()


def test_a_payment_that_a_person_marks_is_told(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.CREATED),))
    with Wire([TAKEN] * 5) as wire:
        add(house, wire.url, HookEvent.PAID)
        (invoice,) = seen(house, an_order(id=238, paid=False, status="on-hold"))
        assert invoice.document is not None
        for _ in range(2):
            manual.mark_paid(house.services, invoice.document.document_id, on=None, by=Person("An"))
        tell(house)
    assert events(wire) == [("document.paid", "F2026-00001")]


def test_each_refund_tells_of_its_credit_note_and_of_the_invoice_that_it_credits(house: House) -> None:
    order = an_order(id=238, paid=True)
    with Wire([TAKEN] * 9) as wire:
        add(house, wire.url, HookEvent.CREDITED)
        seen(house, order)
        for refund_id in (301, 302):
            house.shop.refund(238, a_refund(order, id=refund_id, amount="5.00"))
            jobs.run_look(house.services, house.ring(order))
        tell(house)
    assert [(told["document"]["number"], told["credit_note"]["number"]) for told in said(wire)] == [
        ("F2026-00001", "C2026-00001"),
        ("F2026-00001", "C2026-00002"),
    ]
    assert said(wire)[0]["credit_note"]["corrects"] == "F2026-00001"


def test_another_shop_hears_nothing_and_a_stopped_hook_is_owed_nothing(house: House) -> None:
    hook, _ = add(house, "http://127.0.0.1:1/")
    with house.services.store.write() as connection:
        hooks.stop(connection, hook.hook_id, because=hooks.BY_A_PERSON, now=house.clock.now)
    seen(house, an_order(id=238, paid=True))
    assert calls(house, hook) == []


def test_what_was_not_committed_is_not_told(house: House) -> None:
    hook, _ = add(house, "http://127.0.0.1:1/")
    (invoice,) = seen(house, an_order(id=238, paid=True))
    assert invoice.document is not None
    before = calls(house, hook)

    def mark_and_fail(document_id: int) -> None:
        with house.services.store.write() as connection:
            hooks.plan(connection, HookEvent.CREDITED, document_id, now=house.clock.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        mark_and_fail(invoice.document.document_id)
    assert calls(house, hook) == before


def test_what_is_owed_is_owed_once_however_often_it_is_planned(house: House) -> None:
    hook, _ = add(house, "http://127.0.0.1:1/", HookEvent.ISSUED)
    (invoice,) = seen(house, an_order(id=238, paid=True))
    assert invoice.document is not None
    for _ in range(3):
        with house.services.store.write() as connection:
            hooks.plan(connection, HookEvent.ISSUED, invoice.document.document_id, now=house.clock.now)
    assert states(house, hook) == [("document.issued", "waiting", 0)]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([answer(500, b"x" * 100_000)], "The receiver answered 500."),
        ([answer(404)], "The receiver answered 404."),
        ([HANG_UP], "The receiver cannot be reached."),
        ([b"SSH-2.0-OpenSSH_9.9\r\n"], "The receiver cannot be reached."),
        ([Slowly(TAKEN, rest_s=0.1)], "The receiver did not answer within 0 seconds."),
    ],
)
def test_a_receiver_that_fails_is_told_later_under_the_same_id(
    house: House, monkeypatch: pytest.MonkeyPatch, answers: Sequence[bytes | Slowly], reason: str
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", (1.0, 0.4))
    with Wire([*answers, TAKEN]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=238, paid=True))
        tell(house)
        (waiting,) = calls(house, hook)
        assert (waiting.state, waiting.attempts, waiting.reason) == ("waiting", 1, reason)
        assert timedelta(seconds=3) < waiting.next_at - house.clock.now < timedelta(seconds=7)
        tell(house)  # not before it is due
        house.clock.move(seconds=10)
        tell(house)
    assert [told["id"] for told in said(wire)] == [waiting.call_id] * 2
    assert [(call.state, call.attempts, call.reason) for call in calls(house, hook)] == [("done", 2, "")]


def test_nobody_is_followed_elsewhere(house: House) -> None:
    with Wire([TAKEN]) as elsewhere, Wire([answer(307, headers=[f"Location: {elsewhere.url}/"])]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=238, paid=True))
        tell(house)
    assert (len(wire.asked), len(elsewhere.asked)) == (1, 0)
    assert [call.reason for call in calls(house, hook)] == [
        "The receiver answers with a redirect (307); give its final address."
    ]


def test_where_nobody_answers_one_try_speaks_for_all_that_wait(house: House) -> None:
    hook, _ = add(house, "http://127.0.0.1:1/", HookEvent.ISSUED)
    for order_id in (1, 2, 3):
        seen(house, an_order(id=order_id, paid=True))
    tell(house)
    assert [attempts for _, _, attempts in states(house, hook)] == [1, 0, 0]
    assert len({call.next_at for call in calls(house, hook)}) == 1


def test_one_document_that_a_receiver_cannot_take_does_not_hold_up_the_others(house: House) -> None:
    with Wire([answer(500), TAKEN, TAKEN]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        for order_id in (1, 2, 3):
            seen(house, an_order(id=order_id, paid=True))
        tell(house)
    assert [state for _, state, _ in states(house, hook)] == ["waiting", "done", "done"]


def test_one_job_tells_all_that_waits(house: House) -> None:
    with Wire([TAKEN] * 3) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        for order_id in (1, 2, 3):
            seen(house, an_order(id=order_id, paid=True))
        jobs.run_calls(house.services, calls(house, hook)[0].call_id)
    assert events(wire) == [("document.issued", f"F2026-0000{n}") for n in (1, 2, 3)]


def test_after_a_day_the_hook_stops_a_person_is_told_and_what_waited_goes_out_when_it_goes_on(house: House) -> None:
    refusals: list[bytes | Slowly] = [answer(500)] * 60
    with Wire(refusals) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=1, paid=True))
        house.clock.move(minutes=1)
        seen(house, an_order(id=2, paid=True))
        for _ in range(30):
            tell(house)
            house.clock.move(hours=1, minutes=15)
        stopped = found(house, hook)
        assert stopped.stopped_at is not None
        assert timedelta(hours=24) < stopped.stopped_at - START < timedelta(hours=27)
        assert stopped.stopped_because == "The receiver answered 500. It was tried for a day."
        assert [state for _, state, _ in states(house, hook)] == ["failed", "failed"]
        (alarm,) = open_alarms(house)
        assert alarm == (
            f"{wire.url} is told of documents no more. The receiver answered 500. It was tried for a day. "
            "What it missed waits; put it right and let it go on."
        )
        tries = len(wire.asked)
        wire.answers[tries:] = [answer(503), TAKEN, TAKEN]
        seen(house, an_order(id=3, paid=True))
        tell(house)
        assert len(wire.asked) == tries
        with house.services.store.write() as connection:
            hooks.go_on(connection, hook.hook_id, now=house.clock.now)
        tell(house)
        assert found(house, hook).stopped_at is None  # it has another day
        house.clock.move(seconds=10)
        tell(house)
    assert [number for _, number in events(wire)[tries:]] == ["F2026-00001", "F2026-00002", "F2026-00001"]
    assert states(house, hook) == [("document.issued", "done", 2), ("document.issued", "done", 1)]


def test_workers_that_were_away_for_days_do_not_count_as_a_receiver_that_fails(house: House) -> None:
    with Wire([answer(503), TAKEN]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=1, paid=True))
        house.clock.move(days=3)
        tell(house)
        assert found(house, hook).stopped_at is None


def test_a_receiver_that_is_gone_for_good_is_left_alone_at_once(house: House) -> None:
    with Wire([answer(410)]) as wire:
        hook, _ = add(house, wire.url)
        seen(house, an_order(id=1, paid=True))
        tell(house)
    assert found(house, hook).stopped_because == "The receiver answered 410: it wants no more calls."
    assert len(open_alarms(house)) == 1


def test_a_name_that_leads_into_the_private_network_is_not_called(house: House) -> None:
    settings = Settings(**{**vars(house.services.settings), "allow_private_shops": False})
    with Wire([TAKEN]) as wire:
        hook, _ = add(house, f"http://localhost:{wire.port}/", HookEvent.ISSUED)
        seen(house, an_order(id=1, paid=True))
        guarded = Services(settings, now=house.clock)
        jobs.run_calls(guarded, calls(house, hook)[0].call_id)
        guarded.store.close()
    assert wire.asked == []
    assert re.match("“localhost” leads to .* inside a private network", found(house, hook).stopped_because)


def test_of_workers_at_the_same_moment_one_makes_the_call(house: House) -> None:
    with Wire([TAKEN] * 8) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=1, paid=True))
        (call,) = calls(house, hook)
        workers = [threading.Thread(target=jobs.run_calls, args=(house.services, call.call_id)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(wire.asked) == 1


def test_the_call_of_a_worker_that_died_is_made_again_under_the_same_id(house: House) -> None:
    with Wire([TAKEN]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        seen(house, an_order(id=1, paid=True))
        (call,) = calls(house, hook)
        with house.services.store.write() as connection:
            vault, lease_for = house.services.vault, timedelta(seconds=150)
            assert hooks.take(connection, vault, call.call_id, now=house.clock.now, lease_for=lease_for)
        tell(house)
        assert wire.asked == []
        house.clock.move(seconds=151)
        tell(house)
    assert [told["id"] for told in said(wire)] == [call.call_id]


def test_taken_calls_are_forgotten_after_90_days_and_others_are_not(house: House) -> None:
    with Wire([TAKEN, answer(500)]) as wire:
        hook, _ = add(house, wire.url, HookEvent.ISSUED)
        for order_id in (1, 2):
            seen(house, an_order(id=order_id, paid=True))
        tell(house)
    with house.services.store.write() as connection:
        assert hooks.forget_told(connection, before=START + timedelta(seconds=1), limit=10) == 1
    assert [state for _, state, _ in states(house, hook)] == ["waiting"]


def found(house: House, hook: Hook) -> Hook:
    with house.services.store.read() as connection:
        return hooks.find(connection, house.shop_id, hook.hook_id) or hook


def open_alarms(house: House) -> list[str]:
    with house.services.store.read() as connection:
        return [alarm.sentence for alarm in alerts.open_alarms(connection, house.shop_id)]
