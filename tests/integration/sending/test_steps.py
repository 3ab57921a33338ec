"""A step after issuing is one entry and its function."""

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import get_type_hints

import pytest
from sqlalchemy import Connection

from tests.support.system import System
from worker.actions import documents
from worker.demo.orders import an_order
from worker.domain.document import Kind
from worker.domain.step import MAIL, RENDER, STEPS, WRITE_BACK, StepType
from worker.errors import Rejected
from worker.jobs.job_type import BUG
from worker.message import Message
from worker.sending import Done, StepFunction, function_of
from worker.services import Services
from worker.store import roads
from worker.store.database.engine import Store
from worker.store.steps import LeasedSteps

REGISTER = StepType(
    "register_elsewhere",
    Message("Entry in another register"),
    f"{__name__}.register_elsewhere",
    wanted=lambda shop, draft: not shop.vat.as_charged and draft.kind is Kind.INVOICE,
)


def register_elsewhere(services: Services, leased: LeasedSteps) -> Done:
    """The added step: done at the second attempt."""
    if leased.attempts == 1:
        raise Rejected("The other register is closed today.", code="register_closed")
    with services.store.read() as connection:
        document = documents.document_of(connection, leased.steps[0].shop_id, leased.steps[0].document_id)
    return Done(f"entry of {document.number}")


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more entry, and nothing else."""
    monkeypatch.setitem(STEPS, REGISTER.name, REGISTER)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_names_a_function_that_takes_leased_rows_and_says_what_to_remember(name: str) -> None:
    hints = get_type_hints(function_of(STEPS[name]))

    assert [*hints.values()] == [Services, LeasedSteps, Done]


ORDER = an_order(paid=True)


def test_a_step_reads_what_it_needs_together(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roads, "BELIEVED_S", 3600.0)
    system.arrives(an_order(id=237, paid=True))  # that a server answers is read before the first call, and believed
    at_work, reads, read = [""], Counter[str](), Store.read

    def counted_read(store: Store) -> AbstractContextManager[Connection]:
        reads[at_work[0]] += 1
        return read(store)

    def watched_function(step: StepType) -> StepFunction:
        def do(services: Services, leased: LeasedSteps) -> Done:
            at_work[0] = step.name
            done = function_of(step)(services, leased)
            at_work[0] = ""
            return done

        return do

    monkeypatch.setattr(Store, "read", counted_read)
    monkeypatch.setattr("worker.jobs.step.function_of", watched_function)
    system.arrives(ORDER)
    assert {name: reads[name] for name in (RENDER, MAIL, WRITE_BACK)} == {RENDER: 1, MAIL: 1, WRITE_BACK: 1}


def breaks_at_the_end(_services: Services, _leased: LeasedSteps) -> Done:
    def write_down(_connection: Connection) -> str:
        raise ZeroDivisionError

    return Done(write_down)


def test_what_goes_wrong_where_a_step_is_written_down_is_on_its_row_and_given_up_after_a_day(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = replace(REGISTER, function=f"{__name__}.breaks_at_the_end")
    monkeypatch.setitem(STEPS, step.name, step)
    with pytest.raises(ZeroDivisionError):
        system.arrives(ORDER)
    assert outcome(system) == ("waiting", BUG.code)

    system.clock.move(hours=25)
    with pytest.raises(ZeroDivisionError):
        system.work()
    assert outcome(system) == ("failed", BUG.code)


def outcome(system: System) -> tuple[str, str]:
    (invoice,) = system.documents(ORDER["id"])
    return next((step.state, step.code) for step in invoice.steps if step.name == REGISTER.name)


@pytest.mark.usefixtures("added")
def test_an_added_step_is_done_after_the_others_and_again_when_a_person_asks(system: System) -> None:
    (invoice,) = system.arrives(an_order(paid=True))
    assert [(step.name, step.state) for step in invoice.steps] == [
        ("render", "done"), ("mail", "done"), ("write_back", "done"), ("register_elsewhere", "failed"),
    ]  # fmt: skip

    assert invoice.document is not None
    with system.services.store.write() as connection:
        documents.retry_step(connection, system.shop_id, invoice.document.document_id, REGISTER.name, by=system.person)
    system.work()

    done = system.documents(invoice.draft.order_id)[0].step(REGISTER.name)
    assert done is not None
    assert (done.state, done.detail) == ("done", "entry of F2026-00001")
    said = [str(entry.message) for entry in system.trail(invoice.draft.order_id).audit_entries]
    assert "“Entry in another register” of F2026-00001 is tried again." in said


@pytest.mark.usefixtures("added")
def test_a_step_is_planned_for_the_documents_and_shops_that_want_it(system: System) -> None:
    shop = system.connected.shop
    system.change_shop(vat=type(shop.vat)(as_charged=True))

    (invoice,) = system.arrives(an_order(paid=True))

    assert [step.name for step in invoice.steps] == ["render", "mail", "write_back"]
