"""A marketplace's main order and its suborders are one sale: which of them is documented, in a table of what shops send."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.factories import SINCE, TODAY, a_history, a_refund, a_shop, an_order, issued
from worker.domain.decide import decide_documents, draft_manually
from worker.domain.decision import Decision
from worker.domain.document import History, Kind
from worker.domain.dossier import Dossier
from worker.domain.order import Order, SalePart
from worker.domain.shop import DocumentedOrders, OrderSettings
from worker.errors import Rejected

MAIN, SUBORDERS = DocumentedOrders
PARENT = 237


def decided(order: Order, documented: DocumentedOrders, history: History | None = None) -> Decision:
    shop = a_shop(orders=OrderSettings(SINCE, documented=documented))
    return decide_documents(order, (), history or History(), shop, TODAY)


def outcome(decision: Decision) -> str:
    return "fired" if decision.drafts else decision.rule_results[0].code


def of_part(part: SalePart, **more: object) -> Order:
    parent_id = 0 if part in (SalePart.WHOLE, SalePart.MAIN) else PARENT
    return an_order(paid=True, sale_part=part, parent_id=parent_id, **more)  # type: ignore[arg-type]  # an order's fields


def a_sale_with_invoice() -> History:
    (draft,) = decided(an_order(paid=True, order_id=PARENT, number="237"), MAIN).drafts
    return replace(a_history(), of_same_sale=(issued(draft, number="F2026-00007"),))


@pytest.mark.parametrize(
    ("part", "with_main", "with_suborders"),
    [
        (SalePart.WHOLE, "fired", "fired"),
        (SalePart.MAIN, "fired", "has_suborders"),
        (SalePart.SUBORDER, "is_suborder", "fired"),
        (SalePart.BALANCE, "fired", "fired"),
        (SalePart.CHILD, "fired", "fired"),
    ],
)
def test_the_owner_chooses_which_orders_of_a_sale_are_documented(
    part: SalePart, with_main: str, with_suborders: str
) -> None:
    made = [outcome(decided(of_part(part), documented)) for documented in DocumentedOrders]
    assert made == [with_main, with_suborders]


def test_a_suborder_says_of_which_order_it_is_a_part() -> None:
    (finding, *_) = decided(of_part(SalePart.SUBORDER), MAIN).rule_results
    assert str(PARENT) in str(finding.message)


def test_a_child_of_an_order_that_was_split_is_a_suborder() -> None:
    history = History(parent_is_split=True)
    made = [outcome(decided(of_part(SalePart.CHILD), documented, history)) for documented in DocumentedOrders]
    assert made == ["is_suborder", "fired"]


@pytest.mark.parametrize("part", [SalePart.WHOLE, SalePart.MAIN, SalePart.SUBORDER])
@pytest.mark.parametrize("documented", list(DocumentedOrders))
def test_a_sale_is_never_invoiced_twice_whatever_was_chosen_since(part: SalePart, documented: DocumentedOrders) -> None:
    order, history = of_part(part), a_sale_with_invoice()
    decision = decided(order, documented, history)
    assert not decision.drafts
    with pytest.raises(Rejected, match="F2026-00007 of order 237"):
        draft_manually(Kind.INVOICE, Dossier(order, (), history, a_shop(), TODAY))


def test_a_person_may_invoice_a_suborder_of_a_sale_that_has_no_invoice() -> None:
    draft = draft_manually(Kind.INVOICE, Dossier(of_part(SalePart.SUBORDER), (), History(), a_shop(), TODAY))
    assert draft.total == Decimal("15.00")


@pytest.mark.parametrize(
    ("part", "flagged"),
    [(SalePart.WHOLE, []), (SalePart.SUBORDER, []), (SalePart.BALANCE, []), (SalePart.CHILD, ["belongs_to_order"])],
)
def test_a_child_that_nothing_explains_is_invoiced_and_shown_to_a_person(part: SalePart, flagged: list[str]) -> None:
    assert [flag.code for flag in decided(of_part(part), SUBORDERS).flags] == flagged


def test_a_refund_on_an_order_without_documents_is_shown_to_a_person() -> None:
    refund = a_refund("5.00")
    order = of_part(SalePart.SUBORDER, refunds=(refund,))
    decision = decide_documents(order, (refund,), History(), a_shop(), TODAY)
    (flag,) = decision.flags
    assert (flag.code, "5.00" in str(flag.message)) == ("refund_not_credited", True)
