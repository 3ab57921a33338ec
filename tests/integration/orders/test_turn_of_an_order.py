"""What is begun of an order is finished in the same turn, until its mail has left; the note on the order waits in its own queue where a
server kept the turn waiting."""

import pkgutil
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.system import System
from worker.actions.documents import mark_handed_over
from worker.demo.orders import an_order
from worker.domain.step import MAIL
from worker.errors import Rejected, Unavailable
from worker.invoicing.outcome import Outcome
from worker.jobs import turn
from worker.jobs.next_step import NothingNext
from worker.jobs.order import ProcessOrder, process_delivery
from worker.jobs.step import do_leased
from worker.queue import PROCESS_ORDER, SEND_DOCUMENT, QueueName
from worker.sending import Done, pdf
from worker.services import Services
from worker.store import jobs as job_store
from worker.store import paused_queues, roads, steps, turns, worker_share
from worker.store.database.tables import jobs
from worker.store.jobs import JobKind
from worker.store.roads import SHARED_MAIL, Failure
from worker.store.steps import LeasedSteps
from worker.store.turns import DueJob
from worker.store.worker_share import Load

# Who buys for a business has an e-invoice, which is made beside the PDF.
BUSINESS = {"company": "Klant NV", "metas": {"_billing_vat_number": "BE0403170701"}}


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[QueueName]:
    """The queues in which something was enqueued."""
    found: list[QueueName] = []

    def enqueue_due(_services: Services, due: DueJob, load: Load) -> None:
        found.append(QueueName.SLOW if load.is_slow(due.shop_id, due.queue) else due.queue)

    monkeypatch.setattr(turn, "enqueue_due", enqueue_due)
    monkeypatch.setattr(turn, "_served_last", {})
    monkeypatch.setattr(turn, "_taken", [])
    # However slow the machine is.
    monkeypatch.setattr(turn, "FOLLOWED_S", 3600.0)
    monkeypatch.setattr(turn, "PATIENCE_S", 3600.0)
    # As where a server kept the turn waiting.
    monkeypatch.setattr(turn, "QUICK_S", 0.0)
    return found


def receive(system: System, order_id: int, **more: Any) -> int:
    order = an_order(id=order_id, paid=True, created=system.clock(), **more)
    system.shop.place(order)
    return system.receive(order)


def test_an_order_is_mailed_in_the_turn_in_which_it_is_processed(system: System, enqueued: list[QueueName]) -> None:
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert [mail.recipients for mail in system.mailbox.messages()] == [("koper@klant.test",)]
    assert system.shop.notes(7) == ()
    assert enqueued == [QueueName.CALLS]


@pytest.mark.each_database
def test_where_all_answer_quickly_the_note_is_written_too(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "QUICK_S", 3600.0)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert [mail.recipients for mail in system.mailbox.messages()] == [("koper@klant.test",)]
    (note,) = system.shop.notes(7)
    assert "F2026-00001" in note["note"]
    assert enqueued == []


def test_a_worker_that_writes_no_notes_leaves_them_to_others(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "QUICK_S", 3600.0)
    turn.take_only(turn.ORDER_TO_MAIL)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (len(system.mailbox.messages()), system.shop.notes(7), enqueued) == (1, (), [QueueName.CALLS])


def test_what_another_worker_has_is_left_to_it(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(turn.DO, JobKind.PROCESS_ORDER, lambda *_: False)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (system.documents(7), enqueued) == ((), [])


def test_a_worker_that_prints_nothing_leaves_that_to_others(system: System, enqueued: list[QueueName]) -> None:
    turn.take_only([QueueName.ORDERS])
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert system.numbers() == ["F2026-00001"]
    assert enqueued == [QueueName.PDF]


@pytest.mark.each_database
def test_a_mail_that_takes_long_is_not_tried_again_in_the_same_turn(system: System, enqueued: list[QueueName]) -> None:
    with system.services.store.write() as connection:
        failure = Failure(system.clock(), Unavailable("Nobody answers.", code="mail_server_unreachable").message)
        roads.record_failure(connection, SHARED_MAIL, failure)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert system.numbers() == ["F2026-00001"]
    assert system.mailbox.messages() == ()
    with system.services.store.read() as connection:
        assert worker_share.slow(connection, now=system.clock()) == {(system.shop_id, QueueName.MAIL)}
        (due,) = turns.due_of_shop(connection, system.shop_id, QueueName.MAIL, now=system.clock(), limit=1)
    assert due.next_at <= system.clock()
    assert set(enqueued) == {QueueName.SLOW}


@pytest.mark.each_database
def test_the_mail_of_an_order_at_hand_waits_too_when_mails_are_paused_meanwhile(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    render = pdf.render

    def render_meanwhile(services: Services, leased: LeasedSteps) -> Done:
        with services.store.write() as connection:
            paused_queues.pause(connection, QueueName.MAIL, by=system.person)
        return render(services, leased)

    monkeypatch.setattr(pdf, "render", render_meanwhile)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (system.numbers(), system.mailbox.messages()) == (["F2026-00001"], ())


@pytest.mark.each_database
def test_a_mail_that_was_claimed_where_the_pdf_ended_is_not_handed_over_by_a_person_too(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:

    def do_meanwhile(services: Services, leased: LeasedSteps, next_step: NothingNext) -> bool:
        if leased.steps[0].name == MAIL:
            with pytest.raises(Rejected, match="is being mailed at this moment"):
                system.act(mark_handed_over, leased.steps[0].document_id)
        return do_leased(services, leased, next_step)

    monkeypatch.setattr(turn, "do_leased", do_meanwhile)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert len(system.mailbox.messages()) == 1


def test_what_follows_is_enqueued_when_the_order_breaks_in_the_middle(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr("worker.sending.pdf.render", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert enqueued == [QueueName.MAIL]  # it makes the PDF by itself


def standing_of_the_pdf(system: System) -> tuple[str, int]:
    """Its state and how often it was tried."""
    with system.services.store.read() as connection:
        found = steps.of_document(connection, 1)["render"]
    return found.state, found.attempts


def test_a_step_that_was_claimed_where_the_order_ended_waits_as_before_when_the_turn_breaks_then(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("worker.jobs.order.ProcessOrder.tell", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (*standing_of_the_pdf(system), enqueued) == ("waiting", 0, [QueueName.PDF])


def test_nothing_follows_an_order_whose_end_was_not_committed(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = ProcessOrder.end

    def rolled_back(*given: Any) -> bool:
        end(*given)
        raise Unavailable("The database does not answer.")

    followed: list[object] = []
    monkeypatch.setattr(ProcessOrder, "end", rolled_back)
    monkeypatch.setattr(turn, "do_leased", lambda *given: followed.append(given))
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (system.documents(7), enqueued, followed) == ((), [], [])


def test_a_step_waits_as_before_when_nobody_knows_whether_the_order_ended_in_which_it_was_claimed(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    do = ProcessOrder.do

    def unanswered(*given: Any) -> None:
        do(*given)
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(ProcessOrder, "do", unanswered)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7))
    assert (*standing_of_the_pdf(system), enqueued) == ("waiting", 0, [QueueName.PDF])


def test_an_order_that_was_ended_by_somebody_else_meanwhile_is_followed_all_the_same(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    do = ProcessOrder.do

    def late(*given: Any) -> Outcome:
        with system.services.store.write() as connection:
            job_store.close(connection, jobs.c.kind == JobKind.PROCESS_ORDER, end=job_store.DONE, now=system.clock())
        return do(*given)

    monkeypatch.setattr(ProcessOrder, "do", late)
    turn.serve(system.services, PROCESS_ORDER, receive(system, 7, **BUSINESS))
    assert len(system.mailbox.messages()) == 1


@pytest.mark.each_database
def test_what_waited_for_two_workers_follows_also_when_both_end_at_the_same_moment(
    system: System, enqueued: list[QueueName], monkeypatch: pytest.MonkeyPatch
) -> None:
    process_delivery(system.services, receive(system, 7, **BUSINESS))
    begun, ended = threading.Barrier(2), threading.Barrier(1 if system.services.store.is_sqlite else 2)

    def together(barrier: threading.Barrier, do: Callable[..., Any]) -> Callable[..., Any]:
        """Whoever did it the first time waits for the other."""
        seen: set[int] = set()

        def done(*given: Any, **more: Any) -> Any:
            found = do(*given, **more)
            if threading.get_ident() not in seen:
                seen.add(threading.get_ident())
                barrier.wait(30)
            return found

        return done

    for step in ("pdf.render", "einvoice.write"):
        name = f"worker.sending.{step}"
        monkeypatch.setattr(name, together(begun, pkgutil.resolve_name(name)))
    monkeypatch.setattr(turns, "due_after", together(ended, turns.due_after))
    workers = [threading.Thread(target=turn.serve, args=(system.services, SEND_DOCUMENT, 1)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [mail.recipients for mail in system.mailbox.messages()] == [("koper@klant.test",)]
