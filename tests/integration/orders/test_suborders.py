"""A marketplace's order and the orders that its plugin makes of it for each vendor are invoiced once, in every turn they come."""

from dataclasses import replace
from itertools import permutations

import pytest

from tests.support.system import System
from worker.demo.orders import Payload
from worker.demo.pretend_shop import an_order
from worker.domain.shop import DocumentedOrders
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer

MAIN, VENDOR_A, VENDOR_B = 4052, 4053, 4054
A, B = ("A", "", 1, "50.00", "21"), ("B", "", 1, "30.00", "21")


def a_split_sale(*, marked: bool) -> dict[int, Payload]:
    """96.80 that a customer paid, of two vendors. *marked*: the main order has Dokan's meta, as in each of its releases."""
    metas = {"has_sub_order": "1"} if marked else {}
    return {
        MAIN: an_order(id=MAIN, lines=[A, B], shipping=None, metas=metas),
        VENDOR_A: an_order(id=VENDOR_A, lines=[A], shipping=None, parent_id=MAIN, created_via="dokan"),
        VENDOR_B: an_order(id=VENDOR_B, lines=[B], shipping=None, parent_id=MAIN, created_via="dokan"),
    }


def document(system: System, documented: DocumentedOrders) -> None:
    system.change_shop(orders=replace(system.connected.shop.orders, documented=documented))


def invoiced(system: System) -> dict[int, str]:
    """What is invoiced of which order."""
    return {
        order_id: str(made.draft.total)
        for order_id in (MAIN, VENDOR_A, VENDOR_B)
        for made in system.documents(order_id)
    }


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("turn", list(permutations((MAIN, VENDOR_A, VENDOR_B))))
def test_a_sale_of_several_vendors_makes_one_invoice_of_what_the_customer_paid(
    system: System, turn: tuple[int, ...], marked: bool
) -> None:
    sale = a_split_sale(marked=marked)
    for order_id in turn:
        system.arrives(sale[order_id])
    assert invoiced(system) == {MAIN: "96.80"}


@pytest.mark.parametrize("turn", list(permutations((MAIN, VENDOR_A, VENDOR_B))))
def test_a_shop_that_documents_suborders_makes_one_invoice_for_each_vendor(
    system: System, turn: tuple[int, ...]
) -> None:
    document(system, DocumentedOrders.SUBORDERS)
    sale = a_split_sale(marked=True)
    for order in sale.values():
        system.shop.place(order, ())  # all of them are made at the checkout, before any is told of
    for order_id in turn:
        system.arrives(sale[order_id])
    assert invoiced(system) == {VENDOR_A: "60.50", VENDOR_B: "36.30"}


def test_the_shops_own_goods_that_no_suborder_holds_are_not_forgotten(system: System) -> None:
    """MultiVendorX makes no suborder of what the shop sells itself."""
    document(system, DocumentedOrders.SUBORDERS)
    sale = a_split_sale(marked=True)
    for order_id in (MAIN, VENDOR_A):
        system.shop.place(sale[order_id], ())
    system.arrives(sale[MAIN])
    (waiting,) = system.arrives(sale[VENDOR_A])
    (problem,) = waiting.draft.problems
    assert (waiting.document, problem.code, problem.asks) == (None, "suborders_do_not_add_up", True)
    assert "96.80 EUR, but its suborders come to 60.50 EUR: 36.30 EUR is on none" in str(problem.message)
    assert "suborders_do_not_add_up" in {flag.code for flag in system.trail(MAIN).order.flags}  # type: ignore[union-attr]


def test_a_shop_that_chooses_otherwise_invoices_no_sale_again(system: System) -> None:
    sale = a_split_sale(marked=True)
    for order in sale.values():
        system.arrives(order)
    document(system, DocumentedOrders.SUBORDERS)
    for order in sale.values():
        system.arrives({**order, "status": "completed"})
    assert invoiced(system) == {MAIN: "96.80"}


def test_the_rest_of_a_deposit_is_invoiced_beside_its_first_part(system: System) -> None:
    system.arrives(an_order(id=MAIN, lines=[A], shipping=None))
    system.arrives(an_order(id=VENDOR_A, lines=[B], shipping=None, parent_id=MAIN, created_via="wc_deposits"))
    assert invoiced(system) == {MAIN: "60.50", VENDOR_A: "36.30"}
    (first,), (rest,) = system.documents(MAIN), system.documents(VENDOR_A)
    assert first.document
    assert [one.number for one in rest.draft.deposit_invoices] == [first.document.number]


def test_a_deposit_invoice_that_was_credited_whole_is_not_named(system: System) -> None:
    document = system.issues(an_order(id=MAIN, lines=[A], shipping=None))
    manual.credit(system.services, document.document_id, by=system.services.actor("Els"))
    (rest,) = system.arrives(an_order(id=VENDOR_A, lines=[B], shipping=None, parent_id=MAIN, created_via="wc_deposits"))
    assert (rest.document, [problem.code for problem in rest.draft.problems]) == (None, ["deposit_not_invoiced"])


def test_the_rest_of_a_deposit_waits_for_the_invoice_of_its_first_part_and_then_names_it(system: System) -> None:
    system.arrives(an_order(id=VENDOR_A, lines=[B], shipping=None, parent_id=MAIN, created_via="wc_deposits"))
    assert system.numbers(VENDOR_A) == ["draft"]
    system.arrives(an_order(id=MAIN, lines=[A], shipping=None))
    (waiting,) = system.documents(VENDOR_A)
    assert waiting.stored_draft
    document = manual.issue_waiting_draft(
        system.services, waiting.stored_draft.draft_id, IssueAnswer(send=True), by=system.services.actor("Els")
    )
    assert [one.number for one in document.draft.deposit_invoices] == system.numbers(MAIN)
