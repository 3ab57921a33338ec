"""A delivery note says what is still to be delivered: neither what was given back, nor what left, nor what is never sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import TODAY, a_history, a_line, a_refund, a_shop, an_order, rate_id_of, shipping
from worker.domain.decide import decide_documents, draft_manually
from worker.domain.delivery import DeliveryWish, Shipment
from worker.domain.document import Draft, Kind, Purpose, SendMode
from worker.domain.dossier import Dossier
from worker.domain.draft import draft_document
from worker.domain.money import ZERO
from worker.domain.order import LineKind, LineTax, Order, OrderLine, Refund, RefundSummary
from worker.errors import Rejected

D = Decimal
SHOP = a_shop("delivery_note:processing:send")
WINE, GLASSES = (
    a_line("60.00", line_id=1, quantity="6", name="Wijn"),
    a_line("20.00", line_id=2, quantity="2", name="Glas"),
)
EBOOK = a_line("10.00", line_id=3, name="E-boek", virtual=True, downloadable=True)
BASKETS = replace(
    a_line("150.00", line_id=4, quantity="3", name="Geschenkmand"),
    taxes=(LineTax(rate_id_of("21"), D("18.90")), LineTax(rate_id_of("6"), D("3.60"))),
)
FEE = a_line("2.00", line_id=5, kind=LineKind.FEE, name="Cadeaupapier")


def pieces(draft: Draft) -> list[tuple[str, str]]:
    return [(f"{line.quantity:f}", line.description) for line in draft.lines]


def noted(order: Order, *refunds: Refund) -> Draft:
    (draft,) = decide_documents(order, refunds, a_history(), SHOP, TODAY).drafts
    return draft


def why_none(order: Order, *refunds: Refund) -> str:
    decision = decide_documents(order, refunds, a_history(), SHOP, TODAY)
    assert decision.drafts == ()
    return decision.rule_results[0].code


def back(line: OrderLine, quantity: str) -> OrderLine:
    share = D(quantity) / line.quantity
    return replace(line, quantity=D(quantity), total=line.total * share, taxes=())


@pytest.mark.parametrize(
    ("lines", "refunds", "expected"),
    [
        ((WINE, GLASSES, shipping()), (), [("6", "Wijn"), ("2", "Glas")]),
        ((WINE, GLASSES), (a_refund("24.20", back(WINE, "2")),), [("4", "Wijn"), ("2", "Glas")]),
        ((WINE, GLASSES), (a_refund("24.20", back(GLASSES, "2")),), [("6", "Wijn")]),
        (
            (WINE, GLASSES),
            (a_refund("12.10", back(WINE, "1")), a_refund("12.10", back(WINE, "1"), refund_id=302)),
            [("4", "Wijn"), ("2", "Glas")],
        ),
        # Money without pieces is a discount: all of it is still sent.
        ((WINE,), (a_refund("10.00"),), [("6", "Wijn")]),
        ((WINE,), (a_refund("12.10", a_line("10.00", line_id=1, quantity="0")),), [("6", "Wijn")]),
        ((BASKETS, WINE, shipping()), (), [("3", "Geschenkmand"), ("6", "Wijn")]),
        ((BASKETS, WINE), (a_refund("57.50", back(BASKETS, "1")),), [("2", "Geschenkmand"), ("6", "Wijn")]),
        ((WINE, EBOOK, FEE, shipping()), (), [("6", "Wijn")]),
        ((a_line("9.00", line_id=1, quantity="1.5", name="Kaas"),), (), [("1.5", "Kaas")]),
    ],
)  # fmt: skip
def test_a_delivery_note_lists_what_is_left(
    lines: Sequence[OrderLine], refunds: tuple[Refund, ...], expected: list[tuple[str, str]]
) -> None:
    draft = noted(an_order(*lines, paid=True, refunds=refunds), *refunds)
    assert pieces(draft) == expected
    assert (draft.net, draft.vat, draft.total, draft.vat_lines) == (ZERO, ZERO, ZERO, ())


def test_nothing_to_deliver_makes_no_note_and_the_order_says_so() -> None:
    assert why_none(an_order(EBOOK, paid=True)) == "nothing_is_sent"
    assert why_none(an_order(FEE, shipping(), paid=True)) == "nothing_is_sent"
    refund = a_refund("24.20", back(GLASSES, "2"))
    assert why_none(an_order(GLASSES, paid=True, refunds=(refund,)), refund) == "all_refunded"
    with pytest.raises(Rejected) as refused:
        draft_manually(Kind.DELIVERY_NOTE, Dossier(an_order(EBOOK, paid=True), (), a_history(), SHOP, TODAY))
    assert refused.value.code == "nothing_is_sent"


def test_without_its_refunds_nobody_knows_what_is_left() -> None:
    order = replace(an_order(WINE, paid=True), refunds=(RefundSummary(301, D("24.20"), ""),))
    assert why_none(order) == "refund_unread"
    refund = a_refund("24.20", back(WINE, "2"))
    assert pieces(noted(order, refund)) == [("4", "Wijn")]


def test_a_part_that_left_is_not_sent_again() -> None:
    order = an_order(WINE, GLASSES, paid=True, shipments=(Shipment(((1, D(2)), (2, D(2)))),))
    draft = noted(order)
    assert pieces(draft) == [("4", "Wijn")]
    assert draft.lines[0].details == ("eerder verzonden: 2",)


def test_a_note_of_an_order_that_left_whole_lists_all_of_it() -> None:
    """Plugins complete the order with its last parcel: the note then says what was delivered."""
    order = an_order(WINE, status="completed", paid=True, shipments=(Shipment(((1, D(2)),)), Shipment(((1, D(4)),))))
    assert pieces(noted(order)) == [("6", "Wijn")]


@given(
    ordered=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    refunded=st.lists(st.integers(0, 9), min_size=5, max_size=5),
    shipped=st.lists(st.integers(0, 9), min_size=5, max_size=5),
)
def test_nothing_is_listed_twice_and_nothing_is_forgotten(
    ordered: list[int], refunded: list[int], shipped: list[int]
) -> None:
    lines = [a_line("10.00", line_id=n, quantity=str(count), name=f"Wijn {n}") for n, count in enumerate(ordered, 1)]
    refund = a_refund(
        "1.00", *(back(line, str(min(taken, line.quantity))) for line, taken in zip(lines, refunded, strict=False))
    )
    gone = Shipment(tuple((line.line_id, D(count)) for line, count in zip(lines, shipped, strict=False)))
    order = an_order(*lines, paid=True, refunds=(refund,), shipments=(gone,))
    wanted = [max(0, count - taken) for count, taken in zip(ordered, refunded, strict=False)]
    left = [max(0, count - taken) for count, taken in zip(wanted, shipped, strict=False)]
    expected = [(str(count), f"Wijn {n}") for n, count in enumerate(left if any(left) else wanted, 1) if count]
    decision = decide_documents(order, (refund,), a_history(), SHOP, TODAY)
    assert [pieces(draft) for draft in decision.drafts] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("day", "supplied_on"), [(TODAY, TODAY), (date(2026, 11, 20), date(2026, 11, 20)), (date(2026, 12, 24), None)]
)
def test_a_chosen_day_is_the_date_of_supply_once_it_has_come(day: date, supplied_on: date | None) -> None:
    order = an_order(paid=True, delivery=DeliveryWish(day, "14:00 – 16:00"))
    draft = draft_document(order, a_shop(), today=TODAY, purpose=Purpose(Kind.INVOICE, "c", SendMode.SEND))
    assert (draft.supplied_on, draft.delivery.day, draft.delivery.hours) == (supplied_on, day, "14:00 – 16:00")
    completed = replace(order, status="completed", completed_at=order.created_at)
    draft = draft_document(completed, a_shop(), today=TODAY, purpose=Purpose(Kind.INVOICE, "c", SendMode.SEND))
    assert draft.supplied_on == date(2026, 11, 22)


def test_a_confirmation_states_the_chosen_day_and_no_date_of_supply() -> None:
    order = an_order(paid=True, delivery=DeliveryWish(TODAY))
    draft = draft_document(order, a_shop(), today=TODAY, purpose=Purpose(Kind.ORDER_CONFIRMATION, "c", SendMode.SEND))
    assert (draft.supplied_on, draft.delivery.day) == (None, TODAY)
