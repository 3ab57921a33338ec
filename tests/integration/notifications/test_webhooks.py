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

from tests.support.scripted_server import HANG_UP, ReceivedRequest, ScriptedServer, Slowly, answer
from tests.support.system import START, System
from worker.actions import documents as document_actions
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.domain.rules import Rule, Trigger
from worker.domain.webhook import WebhookEventKind
from worker.jobs.order import process_delivery
from worker.jobs.webhook_event import send_waiting_events
from worker.notifications import receiver
from worker.services import Services
from worker.settings import Settings
from worker.store import alerts
from worker.store import webhooks as webhook_store
from worker.store.queries.order_history import DocumentDetails
from worker.store.webhooks import NewEndpoint, WebhookEndpoint, WebhookEvent

pytestmark = pytest.mark.each_database

ALL = tuple(WebhookEventKind)
TAKEN = answer(204, b"")


def add(system: System, url: str, *events: WebhookEventKind) -> tuple[WebhookEndpoint, str]:
    with system.services.store.write() as connection:
        return webhook_store.add(
            connection,
            system.services.encryption,
            NewEndpoint(shop_id=system.shop_id, url=url, events=events or ALL),
            by=Actor("An", system.clock.now),
        )


def seen(system: System, order: Payload) -> tuple[DocumentDetails, ...]:
    """Let *order* be so in the shop and looked at. Nothing is printed or mailed: nobody here reads it."""
    system.shop.place(order, system.shop.refunds(order["id"]) if system.shop.order(order["id"]) else ())
    process_delivery(system.services, system.receive(order))
    return system.documents(order["id"])


def tell(system: System) -> None:
    """Do every call that is due now, as workers would."""
    with system.services.store.read() as connection:
        due = webhook_store.due_ids(connection, now=system.clock.now, limit=100)
    for call_id in due:
        send_waiting_events(system.services, call_id)


def calls(system: System, endpoint: WebhookEndpoint) -> list[WebhookEvent]:
    with system.services.store.read() as connection:
        return list(reversed(webhook_store.events_of(connection, endpoint.endpoint_id, limit=100)))


def states(system: System, endpoint: WebhookEndpoint) -> list[tuple[str, str, int]]:
    return [(call.kind, call.state, call.attempts) for call in calls(system, endpoint)]


def said(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in server.asked]


def events(server: ScriptedServer) -> list[tuple[str, str]]:
    return [(told["event"], told["document"]["number"]) for told in said(server)]


def genuine(asked: ReceivedRequest, secret: str) -> bool:
    """As a receiver checks it, with nothing of ours."""
    parts = dict(part.split("=", 1) for part in asked.headers["x-facturelay-signature"].split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and int(parts["t"]) == int(START.timestamp())


def test_an_issued_document_is_told_once_with_a_signature_that_the_receiver_can_check(system: System) -> None:
    with ScriptedServer([TAKEN] * 5) as server:
        endpoint, secret = add(system, f"{server.url}/accounting?shop=1", WebhookEventKind.ISSUED)
        (invoice,) = seen(system, an_order(id=238, paid=True))
        seen(system, an_order(id=238, paid=True))
        tell(system)
        tell(system)
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/accounting?shop=1")
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
        "id": calls(system, endpoint)[0].event_id,
        "event": "document.issued",
        "occurred_at": START.isoformat(),
        "shop": system.shop_id,
        "credit_note": None,
    }
    assert (document["number"], document["total"], document["paid"]) == ("F2026-00001", "22.20", True)
    assert states(system, endpoint) == [("document.issued", "done", 1)]


def test_a_payment_is_told_when_the_order_says_so_and_once(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    with ScriptedServer([TAKEN] * 5) as server:
        add(system, server.url)
        seen(system, an_order(id=238, paid=False, status="on-hold"))
        tell(system)
        system.clock.move(hours=1)
        seen(system, an_order(id=238, paid=True))
        seen(system, an_order(id=238, paid=True))
        tell(system)
    assert events(server) == [("document.issued", "F2026-00001"), ("document.paid", "F2026-00001")]
    issued, paid = said(server)
    assert (issued["document"]["paid"], paid["document"]["paid"]) == (False, True)
    assert paid["occurred_at"] == system.clock.now.isoformat()


def test_a_payment_that_a_person_marks_is_told(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    with ScriptedServer([TAKEN] * 5) as server:
        add(system, server.url, WebhookEventKind.PAID)
        (invoice,) = seen(system, an_order(id=238, paid=False, status="on-hold"))
        assert invoice.document is not None
        for _ in range(2):
            system.act(document_actions.mark_paid, invoice.document.document_id, on=system.clock.now.date())
        tell(system)
    assert events(server) == [("document.paid", "F2026-00001")]


def test_each_refund_tells_of_its_credit_note_and_of_the_invoice_that_it_credits(system: System) -> None:
    order = an_order(id=238, paid=True)
    with ScriptedServer([TAKEN] * 9) as server:
        add(system, server.url, WebhookEventKind.CREDITED)
        seen(system, order)
        for refund_id in (301, 302):
            system.shop.refund(238, a_refund(order, id=refund_id, amount="5.00"))
            process_delivery(system.services, system.receive(order))
        tell(system)
    assert [(told["document"]["number"], told["credit_note"]["number"]) for told in said(server)] == [
        ("F2026-00001", "C2026-00001"),
        ("F2026-00001", "C2026-00002"),
    ]
    assert said(server)[0]["credit_note"]["corrects"] == "F2026-00001"


def test_another_shop_hears_nothing_and_a_stopped_endpoint_gets_nothing(system: System) -> None:
    endpoint, _ = add(system, "http://127.0.0.1:1/")
    with system.services.store.write() as connection:
        webhook_store.stop(connection, endpoint.endpoint_id, message=webhook_store.BY_A_PERSON, now=system.clock.now)
    seen(system, an_order(id=238, paid=True))
    assert calls(system, endpoint) == []


def test_what_was_not_committed_is_not_told(system: System) -> None:
    endpoint, _ = add(system, "http://127.0.0.1:1/")
    (invoice,) = seen(system, an_order(id=238, paid=True))
    assert invoice.document is not None
    before = calls(system, endpoint)

    def mark_and_fail(document_id: int) -> None:
        with system.services.store.write() as connection:
            webhook_store.plan(connection, WebhookEventKind.CREDITED, document_id, now=system.clock.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        mark_and_fail(invoice.document.document_id)
    assert calls(system, endpoint) == before


def test_what_is_owed_is_owed_once_however_often_it_is_planned(system: System) -> None:
    endpoint, _ = add(system, "http://127.0.0.1:1/", WebhookEventKind.ISSUED)
    (invoice,) = seen(system, an_order(id=238, paid=True))
    assert invoice.document is not None
    for _ in range(3):
        with system.services.store.write() as connection:
            webhook_store.plan(connection, WebhookEventKind.ISSUED, invoice.document.document_id, now=system.clock.now)
    assert states(system, endpoint) == [("document.issued", "waiting", 0)]


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
    system: System, monkeypatch: pytest.MonkeyPatch, answers: Sequence[bytes | Slowly], reason: str
) -> None:
    with ScriptedServer([*answers, TAKEN]) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=238, paid=True))
        with monkeypatch.context() as patience:
            if isinstance(answers[0], Slowly):
                patience.setattr(receiver, "TOTAL_S", 0.4)
            tell(system)
        (waiting,) = calls(system, endpoint)
        assert (waiting.state, waiting.attempts, str(waiting.message)) == ("waiting", 1, reason)
        assert timedelta(seconds=3) < waiting.next_at - system.clock.now < timedelta(seconds=7)
        tell(system)  # not before it is due
        system.clock.move(seconds=10)
        tell(system)
    assert [told["id"] for told in said(server)] == [waiting.event_id] * 2
    assert [(call.state, call.attempts, str(call.message)) for call in calls(system, endpoint)] == [("done", 2, "")]


def test_nobody_is_followed_elsewhere(system: System) -> None:
    with (
        ScriptedServer([TAKEN]) as elsewhere,
        ScriptedServer([answer(307, headers=[f"Location: {elsewhere.url}/"])]) as server,
    ):
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=238, paid=True))
        tell(system)
    assert (len(server.asked), len(elsewhere.asked)) == (1, 0)
    assert [str(call.message) for call in calls(system, endpoint)] == [
        "The receiver answers with a redirect (307); give its final address."
    ]


def test_where_nobody_answers_one_try_speaks_for_all_that_wait(system: System) -> None:
    endpoint, _ = add(system, "http://127.0.0.1:1/", WebhookEventKind.ISSUED)
    for order_id in (1, 2, 3):
        seen(system, an_order(id=order_id, paid=True))
    tell(system)
    assert [attempts for _, _, attempts in states(system, endpoint)] == [1, 0, 0]
    assert len({call.next_at for call in calls(system, endpoint)}) == 1


def test_one_document_that_a_receiver_cannot_take_does_not_hold_up_the_others(system: System) -> None:
    with ScriptedServer([answer(500), TAKEN, TAKEN]) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        for order_id in (1, 2, 3):
            seen(system, an_order(id=order_id, paid=True))
        tell(system)
    assert [state for _, state, _ in states(system, endpoint)] == ["waiting", "done", "done"]


def test_one_job_tells_all_that_waits(system: System) -> None:
    with ScriptedServer([TAKEN] * 3) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        for order_id in (1, 2, 3):
            seen(system, an_order(id=order_id, paid=True))
        send_waiting_events(system.services, calls(system, endpoint)[0].event_id)
    assert events(server) == [("document.issued", f"F2026-0000{n}") for n in (1, 2, 3)]


def test_after_a_day_the_endpoint_stops_a_person_is_notified_and_what_waited_goes_out_when_it_goes_on(
    system: System,
) -> None:
    refusals: list[bytes | Slowly] = [answer(500)] * 60
    with ScriptedServer(refusals) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=1, paid=True))
        system.clock.move(minutes=1)
        seen(system, an_order(id=2, paid=True))
        for _ in range(30):
            tell(system)
            system.clock.move(hours=1, minutes=15)
        stopped = found(system, endpoint)
        assert stopped.stopped_at is not None
        assert timedelta(hours=24) < stopped.stopped_at - START < timedelta(hours=27)
        assert str(stopped.stop_message) == "The receiver answered 500. It was tried for a day."
        assert [state for _, state, _ in states(system, endpoint)] == ["failed", "failed"]
        (alert,) = open_alerts_of_shop(system)
        assert alert == (
            f"{server.url} gets no more events. The receiver answered 500. It was tried for a day. "
            "What it missed waits; put it right and resume it."
        )
        tries = len(server.asked)
        server.answers[tries:] = [answer(503), TAKEN, TAKEN]
        seen(system, an_order(id=3, paid=True))
        tell(system)
        assert len(server.asked) == tries
        with system.services.store.write() as connection:
            webhook_store.resume(connection, endpoint.endpoint_id, now=system.clock.now)
        tell(system)
        assert found(system, endpoint).stopped_at is None  # it has another day
        system.clock.move(seconds=10)
        tell(system)
    assert [number for _, number in events(server)[tries:]] == ["F2026-00001", "F2026-00002", "F2026-00001"]
    assert states(system, endpoint) == [("document.issued", "done", 2), ("document.issued", "done", 1)]


def test_workers_that_were_away_for_days_do_not_count_as_a_receiver_that_fails(system: System) -> None:
    with ScriptedServer([answer(503), TAKEN]) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=1, paid=True))
        system.clock.move(days=3)
        tell(system)
        assert found(system, endpoint).stopped_at is None


def test_a_receiver_that_is_gone_for_good_is_left_alone_at_once(system: System) -> None:
    with ScriptedServer([answer(410)]) as server:
        endpoint, _ = add(system, server.url)
        seen(system, an_order(id=1, paid=True))
        tell(system)
    assert str(found(system, endpoint).stop_message) == "The receiver answered 410: it wants no more events."
    assert len(open_alerts_of_shop(system)) == 1


def test_a_name_that_leads_into_the_private_network_is_not_called(system: System) -> None:
    settings = Settings(**{**vars(system.services.settings), "allow_private_shops": False})
    with ScriptedServer([TAKEN]) as server:
        endpoint, _ = add(system, f"http://localhost:{server.port}/", WebhookEventKind.ISSUED)
        seen(system, an_order(id=1, paid=True))
        guarded = Services(settings, now=system.clock)
        send_waiting_events(guarded, calls(system, endpoint)[0].event_id)
        guarded.store.close()
    assert server.asked == []
    assert re.match("“localhost” leads to .* inside a private network", str(found(system, endpoint).stop_message))


def test_of_workers_at_the_same_moment_one_makes_the_call(system: System) -> None:
    with ScriptedServer([TAKEN] * 8) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=1, paid=True))
        (call,) = calls(system, endpoint)
        workers = [
            threading.Thread(target=send_waiting_events, args=(system.services, call.event_id)) for _ in range(4)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(server.asked) == 1


def test_the_call_of_a_worker_that_died_is_made_again_under_the_same_id(system: System) -> None:
    with ScriptedServer([TAKEN]) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        seen(system, an_order(id=1, paid=True))
        (call,) = calls(system, endpoint)
        with system.services.store.write() as connection:
            encryption, lease_for = system.services.encryption, timedelta(seconds=150)
            assert webhook_store.take(connection, encryption, call.event_id, now=system.clock.now, lease_for=lease_for)
        tell(system)
        assert server.asked == []
        system.clock.move(seconds=151)
        tell(system)
    assert [told["id"] for told in said(server)] == [call.event_id]


def test_taken_calls_are_forgotten_after_90_days_and_others_are_not(system: System) -> None:
    with ScriptedServer([TAKEN, answer(500)]) as server:
        endpoint, _ = add(system, server.url, WebhookEventKind.ISSUED)
        for order_id in (1, 2):
            seen(system, an_order(id=order_id, paid=True))
        tell(system)
    with system.services.store.write() as connection:
        assert webhook_store.delete_sent(connection, before=START + timedelta(seconds=1), limit=10) == 1
    assert [state for _, state, _ in states(system, endpoint)] == ["waiting"]


def found(system: System, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    with system.services.store.read() as connection:
        return webhook_store.find(connection, system.shop_id, endpoint.endpoint_id) or endpoint


def open_alerts_of_shop(system: System) -> list[str]:
    with system.services.store.read() as connection:
        return [str(alert.message) for alert in alerts.open_alerts(connection, system.shop_id)]
