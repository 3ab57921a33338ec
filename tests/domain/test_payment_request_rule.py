"""When a payment request is made: once, of an order that waits for its money, and never beside an invoice."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.factories import TODAY, a_history, a_shop, an_order, issued, with_next
from worker.domain import peppol
from worker.domain.decide import decide_documents, draft_manually, evaluate_rules
from worker.domain.document import Document, Draft, History, Kind
from worker.domain.dossier import Dossier
from worker.domain.order import Order
from worker.domain.payment import Deposit, Prepayment
from worker.domain.rules import Rule
from worker.domain.shop import DEFAULT_SERIES
from worker.errors import InvalidValue, Rejected

RULE = "payment_request:created:send"
SHOP = a_shop(RULE, "invoice:paid:send")
WAITING = an_order(status="on-hold")


def due(
    order: Order, history: History | None = None, rules: tuple[str, ...] = (RULE, "invoice:paid:send")
) -> list[Kind]:
    return [draft.kind for draft in decide_documents(order, (), history or a_history(), a_shop(*rules), TODAY).drafts]


def why_none(order: Order, history: History | None = None, rules: tuple[str, ...] = (RULE, "invoice:paid:send")) -> str:
    results = decide_documents(order, (), history or a_history(), a_shop(*rules), TODAY).rule_results
    return next(result.code for result in results if result.rule == RULE)


def requested(order: Order = WAITING) -> Draft:
    (draft,) = decide_documents(order, (), a_history(), SHOP, TODAY).drafts
    return draft


def test_an_order_on_hold_gets_a_request_that_says_how_to_pay_and_no_invoice() -> None:
    draft = requested()
    assert (draft.kind, draft.cause, draft.problems) == (Kind.PAYMENT_REQUEST, "order:238:payment_request:1", ())
    assert draft.payment is not None
    assert "" not in (draft.payment.reference, draft.payment.iban)
    assert draft.payment.due_on


def test_once_paid_the_invoice_comes_by_the_owners_rule_and_no_second_request() -> None:
    history = with_next(a_history(), requested())
    assert due(WAITING, history) == []
    assert due(replace(WAITING, status="processing", paid_at=WAITING.created_at), history) == [Kind.INVOICE]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(status="processing", paid=True), "not_waiting"),
        (an_order(status="processing", payment_method="cod"), "not_waiting"),
        (an_order(status="completed"), "not_waiting"),
        (an_order(status="on-hold", paid=True), "not_waiting"),  # its money was taken back
        (an_order(status="pending"), "not_created"),
        (an_order(status="cancelled"), "never_paid"),
        (an_order(status="on-hold", payment_method="cod"), "paid_otherwise"),
        (an_order(status="on-hold", payment_method="mollie_wc_gateway_banktransfer"), "paid_otherwise"),
        (an_order(status="on-hold", payment_method="klarna"), "paid_otherwise"),
        (
            an_order(status="on-hold", total="0.00", gift_cards=(Prepayment(Decimal("15.00"), "Kaart"),)),
            "nothing_to_pay",
        ),
        (an_order(status="on-hold", deposit=Deposit(Decimal("0.00"))), "paid_in_parts"),
        (WAITING, "fired"),
    ],
)
def test_it_is_made_only_where_the_buyer_can_pay_by_it(order: Order, code: str) -> None:
    assert why_none(order, rules=(RULE,)) == code


@pytest.mark.parametrize("rules", [(RULE, "invoice:created:send"), ("invoice:created:send", RULE)])
def test_an_invoice_asks_for_the_money_by_itself_in_whatever_order_the_rules_stand(rules: tuple[str, ...]) -> None:
    assert due(WAITING, rules=rules) == [Kind.INVOICE]
    assert {result.code for result in evaluate_rules(WAITING, a_shop(*rules), TODAY)} == {"fired", "is_invoiced"}


def invoice() -> Document:
    (draft,) = decide_documents(WAITING, (), a_history(), a_shop("invoice:created:send"), TODAY).drafts
    return issued(draft)


def test_none_is_made_beside_an_invoice_by_rule_or_by_hand() -> None:
    history = a_history(invoice())
    assert why_none(WAITING, history) == "is_invoiced"
    with pytest.raises(Rejected, match="F2026-00001"):
        draft_manually(Kind.PAYMENT_REQUEST, Dossier(WAITING, (), history, SHOP, TODAY))


def test_by_hand_it_is_made_of_an_order_that_waits_and_of_no_other() -> None:
    pending, paid = replace(WAITING, status="pending"), an_order(status="processing", paid=True)
    assert draft_manually(Kind.PAYMENT_REQUEST, Dossier(pending, (), a_history(), SHOP, TODAY)).payment
    with pytest.raises(Rejected, match="does not wait"):
        draft_manually(Kind.PAYMENT_REQUEST, Dossier(paid, (), a_history(), SHOP, TODAY))


@pytest.mark.parametrize("trigger", ["paid", "processing", "completed"])
def test_a_rule_for_it_at_a_later_moment_is_refused(trigger: str) -> None:
    with pytest.raises(InvalidValue, match="payment_request:created:draft"):
        Rule.parse(f"payment_request:{trigger}:draft")


def test_it_has_numbers_of_its_own_and_no_e_invoice() -> None:
    assert len({series.name for series in DEFAULT_SERIES.values()}) == len(Kind)
    assert not peppol.has_einvoice(
        requested(an_order(status="on-hold", company="Janssens BV", vat_number_given="BE0403170701"))
    )
