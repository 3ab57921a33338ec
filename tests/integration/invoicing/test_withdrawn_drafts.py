"""Drafts that wait in vain: of an order that is over they go by themselves, and come back with it."""

from collections.abc import Callable

import pytest

from bridge.dashboard import order_story
from tests.support.system import System
from worker.actions.documents import discard_draft
from worker.actions.orders import ignore_order
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.rules import Rule, Trigger

KEEP = (
    Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED, SendMode.DRAFT),
    Rule(Kind.INVOICE, Trigger.CREATED, SendMode.DRAFT),
    Rule(Kind.DELIVERY_NOTE, Trigger.PROCESSING, SendMode.DRAFT),
)


def waiting(system: System) -> list[str]:
    return [item.draft.kind for item in system.trail(238).drafts]


def told(system: System) -> list[str]:
    return [str(entry.message) for entry in system.trail(238).audit_entries if entry.code == "discarded"]


def an_unpaid(status: str) -> Payload:
    return an_order(id=238, status=status, paid=False)


def cancelled(system: System) -> None:
    system.arrives(an_unpaid("cancelled"))


def failed(system: System) -> None:
    system.arrives(an_unpaid("failed"))


def in_the_bin(system: System) -> None:
    system.arrives(an_unpaid("trash"))


def deleted(system: System) -> None:
    order = an_unpaid("processing")
    system.shop.place(order)
    system.shop.forget(238)
    system.receive(order)
    system.work()


def discard(system: System) -> None:
    (item,) = system.trail(238).drafts
    assert item.stored_draft is not None
    draft_id = item.stored_draft.draft_id
    system.services.act(lambda connection: discard_draft(connection, system.shop_id, draft_id, by=system.person))


def needs_nothing(system: System) -> None:
    system.services.act(lambda connection: ignore_order(connection, system.shop_id, 238, by=system.person))


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (cancelled, "The order was never paid; its status is “cancelled”."),
        (failed, "The order was never paid; its status is “payment failed”."),
        (in_the_bin, "The order is in the bin."),
        (deleted, "The shop no longer has this order; nothing is made for it."),
    ],
)
def test_what_waits_of_an_order_that_is_over_waits_no_more(
    system: System, end: Callable[[System], None], reason: str
) -> None:
    """It asked a person to check and to issue what could only be discarded."""
    system.change_shop(rules=KEEP)
    system.arrives(an_unpaid("processing"))
    assert waiting(system) == ["order_confirmation", "invoice", "delivery_note"]

    end(system)

    assert (waiting(system), system.numbers()) == ([], [])
    assert told(system)[1] == f"Order 238 no longer calls for this invoice. {reason} The draft is discarded."
    assert str(order_story.why_no_invoice(system.trail(238))) == reason, "not what is said of refunds"


@pytest.mark.parametrize("decide", [discard, needs_nothing])
def test_whoever_discards_a_draft_is_told_so_and_not_of_another_rule(
    system: System, decide: Callable[[System], None]
) -> None:
    later = Rule(Kind.INVOICE, Trigger.COMPLETED, SendMode.SEND)
    system.change_shop(rules=(later, Rule(Kind.INVOICE, Trigger.CREATED, SendMode.DRAFT)))
    system.arrives(an_unpaid("processing"))

    decide(system)

    assert str(order_story.why_no_invoice(system.trail(238))) == "Its draft was discarded."
    system.arrives(an_unpaid("on-hold"))
    assert str(order_story.why_no_invoice(system.trail(238))) == "Its draft was discarded.", (
        "also once it is looked at again"
    )


def test_that_several_drafts_wait_for_the_same_reason_is_told_once(system: System) -> None:
    system.change_shop(rules=KEEP)
    system.arrives(an_unpaid("processing"))
    (delivery,) = system.trail(238).deliveries
    assert str(delivery.message) == "A draft waits: its rule leaves it to you to issue."


def test_it_waits_again_once_the_order_goes_on(system: System) -> None:
    system.change_shop(rules=KEEP)
    system.arrives(an_unpaid("on-hold"))
    cancelled(system)
    system.arrives(an_order(id=238, paid=True))
    assert waiting(system) == ["order_confirmation", "invoice", "delivery_note"]


def test_of_an_order_that_was_paid_its_invoice_waits_on(system: System) -> None:
    """Its money came, and VAT is due on it; whoever gives it back issues a credit note too."""
    system.change_shop(rules=KEEP)
    system.arrives(an_order(id=238, paid=True))
    system.arrives(an_order(id=238, paid=True, status="cancelled"))
    assert waiting(system) == ["invoice"]


def test_a_credit_note_waits_on_where_the_order_is_deleted(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID),), credit_notes=SendMode.DRAFT)
    order = an_order(id=238, paid=True)
    system.arrives(order)
    system.shop.refund(238, a_refund(order, id=51, amount="10.00"))
    system.receive(order)
    system.work()
    assert waiting(system) == ["credit_note"]
    deleted(system)
    assert waiting(system) == ["credit_note"]
