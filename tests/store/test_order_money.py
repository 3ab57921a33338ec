"""What the shop tells of an order's money, beside what others told of the same."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.factories import a_line, a_refund, an_order
from tests.support.history import History
from tests.support.issued import NOW
from worker.domain.decision import Decision
from worker.domain.document import Document
from worker.domain.order import Order, RefundSummary
from worker.domain.order_payment import is_paid
from worker.domain.payment import REFUND, PaymentSource, Prepayment, Receipt
from worker.domain.payment_method import PaymentTerms
from worker.store import order_money, orders, payments
from worker.store.orders import OrderState
from worker.store.queries import order_balance

IDEAL = "mollie_wc_gateway_ideal"
SHOPS_REFUND = replace(a_refund("5.00"), created_at=NOW + timedelta(days=1))


def order_of(invoice: Document, *, total: str = "15.00", method: str = IDEAL) -> Order:
    order = an_order(a_line("12.40"), paid=True, order_id=invoice.order.order_id, order_key=invoice.order.order_key)
    return replace(order, payment_method=method, transaction_id="tr_9", total=Decimal(total))


def came(history: History, invoice: Document, amount: str, source: PaymentSource, name: str) -> int:
    receipt = Receipt(NOW.date(), source, "An", method="ideal", reference="tr_9", outside_ref=name)
    with history.store.write() as connection:
        payment_id = payments.receive(connection, invoice.order, Decimal(amount), receipt, now=NOW)
    assert payment_id is not None
    return payment_id


def credited(history: History, invoice: Document, amount: str) -> None:
    back, nothing = Decimal(amount), Decimal(0)
    history.credited(invoice, cause="refund:7", net=back, vat=nothing, rounding=nothing, total=back)


def excess(history: History, order: Order, invoice: Document, *, given_back: str = "") -> Decimal:
    """After the order was looked at, of which the shop gave back so much a day later."""
    shop = history.shops["a"]
    refunds = (replace(SHOPS_REFUND, amount=Decimal(given_back)),) if given_back else ()
    with history.store.write() as connection:
        order_money.count_reported(connection, shop, order_money.with_money(connection, shop, order, ()), now=NOW)
        order_money.count_refunds(connection, shop, order, refunds, now=NOW)
        found = order_balance.of_order(connection, invoice.order)
    assert found is not None
    return found.excess


def test_what_went_back_at_mollie_is_given_back_once_though_the_shop_tells_of_it_too(history: History) -> None:
    invoice = history.issued(1, paid_on=None)
    payment_id = came(history, invoice, "15.00", PaymentSource.MOLLIE, "tr_9")
    with history.store.write() as connection:
        payments.reverse(connection, payment_id, on=NOW.date(), by="Mollie", now=NOW)
    came(history, invoice, "10.00", PaymentSource.MOLLIE, "tr_9 2026-11-23")
    credited(history, invoice, "5.00")
    assert excess(history, order_of(invoice), invoice, given_back="5.00") == 0

    came(history, invoice, "5.00", PaymentSource.BANK, "line-1")

    assert excess(history, order_of(invoice), invoice, given_back="5.00") == Decimal("5.00")


def test_an_order_of_which_a_part_was_refunded_at_mollie_stays_paid_once_the_shop_says_so_too(history: History) -> None:
    invoice, shop = history.issued(1, paid_on=None), history.shops["a"]
    order = order_of(invoice)
    payment_id = came(history, invoice, "15.00", PaymentSource.MOLLIE, "tr_9")
    with history.store.write() as connection:
        payments.reverse(connection, payment_id, on=NOW.date(), by="Mollie", now=NOW)
    came(history, invoice, "10.00", PaymentSource.MOLLIE, "tr_9 2026-11-23")
    told = replace(order, refunds=(RefundSummary(7, Decimal("5.00"), ""),))
    with history.store.write() as connection:
        before, after = (order_money.with_money(connection, shop, one, ()) for one in (order, told))
        assert not order_money.count_reported(connection, shop, after, now=NOW)

    assert (is_paid(before, shop), is_paid(after, shop), after.came_in) == (False, True, Decimal("10.00"))


@pytest.mark.parametrize(("days", "left"), [(0, "0.00"), (2, "5.00")])
def test_what_the_bank_gave_back_is_what_the_shop_gave_back_only_where_that_was_first(
    history: History, days: int, left: str
) -> None:
    invoice = history.issued(1, paid_on=None)
    came(history, invoice, "20.00", PaymentSource.BANK, "line-1")
    credited(history, invoice, "5.00")
    back = Receipt(NOW.date() + timedelta(days), PaymentSource.BANK, "An", method=REFUND, outside_ref="line-2")
    with history.store.write() as connection:
        payments.give_back(connection, invoice.order, Decimal("5.00"), back, now=NOW)

    for _ in range(2):
        assert excess(history, order_of(invoice), invoice, given_back="5.00") == Decimal(left)


@pytest.mark.parametrize(("transaction", "paid"), [("tr_9", True), ("", False)])
def test_an_order_that_was_filled_after_it_was_paid_in_a_transaction_is_paid(
    history: History, transaction: str, *, paid: bool
) -> None:
    shop, order = history.shops["a"], replace(an_order(paid=True), transaction_id=transaction)
    with history.store.write() as connection:
        for total in (Decimal("0.00"), order.total):
            state = OrderState(Decision(), order.paid_at, says_paid=True)
            orders.save(connection, "a", replace(order, total=total), state, as_of=NOW)
        known = order_money.with_money(connection, shop, order, ())

    assert is_paid(known, shop) is paid


def test_what_a_gift_card_paid_is_not_given_back_in_money(history: History) -> None:
    invoice = history.issued(1, prepaid=(Prepayment(Decimal("5.00"), name="Cadeaubon"),), paid_on=None)
    order = order_of(invoice, total="10.00")
    assert excess(history, order, invoice) == 0
    credited(history, invoice, "15.00")

    assert excess(history, order, invoice) == Decimal("10.00")
    assert excess(history, order, invoice, given_back="10.00") == 0


def test_what_the_shop_gave_back_of_a_sale_on_account_is_given_back_once_it_was_paid(history: History) -> None:
    terms = {"invoice_me": PaymentTerms(30)}
    history.shops["a"] = replace(history.shops["a"], payment_terms=terms)
    invoice = history.issued(1, paid_on=None)
    order = order_of(invoice, method="invoice_me")
    credited(history, invoice, "5.00")
    assert excess(history, order, invoice, given_back="5.00") == 0

    came(history, invoice, "15.00", PaymentSource.BANK, "line-1")

    assert excess(history, order, invoice) == Decimal("5.00")
    assert excess(history, order, invoice, given_back="5.00") == 0
