"""What the law wants by Peppol gets no number before it is a valid e-invoice; everybody else notices nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import mockeinvoice
import pytest

from tests.support.system import SELLER, START, System
from worker.demo.orders import Payload, an_order
from worker.domain.actor import Actor
from worker.domain.rules import Rule
from worker.einvoice import rules
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer
from worker.store.database.engine import Store
from worker.store.queries.order_history import DocumentDetails

AN = Actor("An", START)
MISTYPED = replace(SELLER, iban="BE71096123456760")
IBAN = "Your account number (IBAN) is missing or mistyped; type it under Settings, Company as your bank writes it."


@pytest.fixture
def system(system: System) -> System:
    """A shop that invoices before it is paid, so that each invoice asks for a transfer."""
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    return system


def a_business_order(number: str = "BE0403170701", *, order_id: int = 238, paid: bool = False) -> Payload:
    return an_order(
        id=order_id,
        company="Klant NV",
        paid=paid,
        status="processing" if paid else "on-hold",
        metas={"_billing_vat_number": number},
    )


def codes(item: DocumentDetails) -> list[str]:
    return [problem.code for problem in item.draft.problems]


def draft_id(item: DocumentDetails) -> int:
    assert item.stored_draft is not None
    return item.stored_draft.draft_id


def overruled(system: System) -> list[tuple[str, str]]:
    """Who issued what is no valid e-invoice, and what the trail says of it."""
    return [
        (entry.actor, str(entry.message))
        for entry in system.trail(238).audit_entries
        if entry.code == "issued_without_einvoice"
    ]


@contextmanager
def validator_broken() -> Iterator[None]:
    def breaks(_: bytes) -> None:
        raise RuntimeError("broken")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mockeinvoice, "validate", breaks)
        yield


def test_a_valid_business_invoice_is_issued_as_ever(system: System) -> None:
    system.arrives(a_business_order())

    assert system.numbers(238) == ["F2026-00001"]


def test_an_invoice_that_no_access_point_takes_waits_and_says_what_to_do(system: System) -> None:
    system.change_shop(seller=MISTYPED)

    (kept,) = system.arrives(a_business_order())

    assert [(problem.code, str(problem.message)) for problem in kept.draft.problems] == [("einvoice:iban", IBAN)]
    assert (system.numbers(238), system.mailbox.messages()) == (["draft"], ())

    (kept,) = system.arrives(a_business_order())  # it is looked at again, and still wrong
    assert codes(kept) == ["einvoice:iban"]

    system.change_shop(seller=SELLER)
    (kept,) = system.arrives(a_business_order())
    assert codes(kept) == []
    manual.issue_waiting_draft(system.services, draft_id(kept), IssueAnswer(send=True), by=AN)
    assert system.numbers(238) == ["F2026-00001"]


@pytest.mark.parametrize(
    "order",
    [
        an_order(id=238, paid=False, status="on-hold"),
        a_business_order("NL004495445B01"),
        a_business_order("BE0403170702"),
    ],
)
def test_whom_the_law_does_not_want_by_peppol_is_not_held_up(system: System, order: Payload) -> None:
    """A consumer, a business elsewhere, a number that is none."""
    system.change_shop(seller=MISTYPED)

    with validator_broken():
        (made,) = system.arrives(order)

    assert not any(code.startswith("einvoice:") for code in codes(made))
    assert made.document is not None or codes(made)


def test_a_validator_that_breaks_leaves_a_draft_that_a_person_may_issue(system: System) -> None:
    with validator_broken():
        (kept,) = system.arrives(a_business_order())
        assert (codes(kept), system.numbers(238)) == (["einvoice:unchecked"], ["draft"])
        manual.issue_waiting_draft(system.services, draft_id(kept), IssueAnswer(send=True), by=AN)

    assert system.numbers(238) == ["F2026-00001"]
    ((actor, message),) = overruled(system)
    assert (actor, "could not be checked (RuntimeError)" in message) == ("An", True)


def test_a_person_issues_what_is_no_valid_einvoice_only_with_a_reason_that_stays_on_the_trail(system: System) -> None:
    system.change_shop(seller=MISTYPED)
    (kept,) = system.arrives(a_business_order())

    with pytest.raises(Rejected, match="IBAN") as refused:
        manual.issue_waiting_draft(system.services, draft_id(kept), IssueAnswer(send=True), by=AN)
    assert (refused.value.code, system.numbers(238)) == ("einvoice:iban", ["draft"])

    manual.issue_waiting_draft(
        system.services, draft_id(kept), IssueAnswer(send=True, reason="The customer wants a PDF"), by=AN
    )

    assert system.numbers(238) == ["F2026-00001"]
    assert overruled(system) == [
        (
            "An",
            f"F2026-00001 was issued without a valid e-invoice. Why: The customer wants a PDF. What is wrong: {IBAN}",
        )
    ]


def test_what_is_no_valid_einvoice_can_always_be_credited_by_hand(system: System) -> None:
    """A credit note puts right what went wrong; its own wrong is only told."""
    system.arrives(a_business_order())
    invoice = system.documents(238)[0].document
    assert invoice is not None

    with validator_broken():
        (note,) = manual.credit(system.services, invoice.document_id, by=AN)

    assert note.number == "C2026-00001"
    assert [actor for actor, _ in overruled(system)] == ["An"]


def test_the_einvoice_is_checked_once_and_not_while_the_shop_is_locked(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing: list[bool] = []
    seen: list[bool] = []
    write, checked = Store.write, rules.faults_of

    @contextmanager
    def watched(store: Store) -> Iterator[object]:
        with write(store) as connection:
            writing.append(True)
            yield connection
        writing.pop()

    def faults_of(*given: object) -> object:
        seen.append(bool(writing))
        return checked(*given)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Store, "write", watched)
    monkeypatch.setattr(rules, "faults_of", faults_of)
    system.shop.place(a_business_order())
    system.receive(a_business_order())
    system.work()

    assert system.numbers(238) == ["F2026-00001"]
    assert seen == [False, False]  # before the number, and the final bytes
