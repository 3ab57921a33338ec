"""Renewals of WooCommerce Subscriptions: one that is paid by hand is asked for, one that a gateway charges is not, and nothing old is repeated.

The payloads have the shape that its source of October 2024 gives a renewal: an order of its own, with the metas and the note of
the one that began the subscription.
"""

from typing import Any

import pytest

from tests.support.system import System
from worker.demo.orders import Payload, an_order
from worker.domain.rules import Rule

NOTE = "Achteraan bellen, aub."
NUMBER = "NL123456782B90"
OF_SUBSCRIPTION = {"_subscription_renewal": "900"}


@pytest.fixture(autouse=True)
def asks_first(system: System) -> None:
    system.change_shop(rules=(Rule.parse("payment_request:created:send"), Rule.parse("invoice:paid:send")))


def renewal(order_id: int = 300, *, metas: dict[str, object] | None = None, **more: Any) -> Payload:
    given: dict[str, Any] = {
        "status": "pending",
        "paid": False,
        "payment_method": "",
        "created_via": "subscription",
        "note": NOTE,
        "needs_payment": True,
        **more,
    }
    return an_order(id=order_id, metas={**OF_SUBSCRIPTION, **(metas or {})}, **given)


def kinds(system: System, order_id: int) -> list[str]:
    return [str(item.draft.kind) for item in system.documents(order_id) if item.document]


def test_a_renewal_by_hand_gets_its_payment_request_and_once_paid_its_invoice(system: System) -> None:
    (request,) = system.arrives(renewal())
    system.clock.move(days=1)
    system.arrives(renewal(status="processing", paid=True, needs_payment=False))

    assert request.draft.payment
    assert request.draft.payment.reference
    assert request.draft.payment.pay_url
    assert system.numbers(300) == ["P2026-00001", "F2026-00001"]


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_a_renewal_that_a_gateway_charges_asks_nobody_to_pay_it_by_himself(system: System, status: str) -> None:
    """Neither before its first try nor while it is tried again."""
    assert system.arrives(renewal(status=status, payment_method="stripe")) == ()
    system.arrives(renewal(status="processing", paid=True, payment_method="stripe", needs_payment=False))
    assert kinds(system, 300) == ["invoice"]


def test_a_renewal_that_its_customer_transfers_is_asked_for_while_it_is_on_hold(system: System) -> None:
    system.arrives(renewal(status="on-hold", payment_method="bacs", needs_payment=False))
    assert kinds(system, 300) == ["payment_request"]


def test_the_note_of_the_first_order_is_printed_on_that_one_alone(system: System) -> None:
    (first,) = system.arrives(an_order(id=238, note=NOTE))
    (request,) = system.arrives(renewal())
    (paid_at_the_checkout,) = system.arrives(renewal(301, status="processing", paid=True, created_via="checkout"))
    notes = [item.draft.customer_note for item in (first, request, paid_at_the_checkout)]
    assert notes == [NOTE, "", ""]


def test_the_vat_number_is_asked_of_vies_anew_for_each_renewal(system: System) -> None:
    untaxed: dict[str, Any] = {
        "lines": (("Koffie", "BEAN-1", 1, "12.40", None),),
        "shipping": None,
        "country": "NL",
        "company": "Bakker BV",
        "paid": True,
        "status": "processing",
    }
    metas: dict[str, object] = {"_billing_vat_number": NUMBER}
    (first,) = system.arrives(an_order(id=238, metas=metas, **untaxed))
    system.clock.move(days=30)
    system.vies.says[NUMBER] = "200"  # given up since
    (second,) = system.arrives(renewal(metas=metas, needs_payment=False, **untaxed))

    assert first.document is not None
    assert second.document is None
    assert [problem.code for problem in second.draft.problems] == ["vat_number_invalid"]
    assert len(system.vies.questions) == 2


@pytest.mark.parametrize("status", ["partially-paid", "partial-payment"])
def test_a_renewal_or_order_that_is_paid_in_parts_waits_with_a_sentence_and_is_not_asked_for(
    system: System, status: str
) -> None:
    """By a plugin of the shop, which knows alone what is still to come."""
    (draft,) = system.arrives(an_order(id=238, status=status, paid=False, needs_payment=True))
    assert draft.document is None
    assert str(draft.draft.kind) == "invoice"
    assert [problem.code for problem in draft.draft.problems] == ["paid_in_parts"]
    assert "is paid in parts" in str(draft.draft.problems[0].message)
