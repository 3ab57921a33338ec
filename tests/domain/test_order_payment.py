"""How the buyer is asked to pay, by every way in which the money may come; and when an order is not paid though it looks so."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from tests.support.factories import PLACED_AT, TODAY, a_history, a_shop, an_order, issued
from worker.domain.decide import decide_documents
from worker.domain.document import Draft, History, Kind, PaymentInstructions, Problem, Purpose, SendMode
from worker.domain.draft import draft_document
from worker.domain.order import Order, SalePart
from worker.domain.order_payment import promised_reference
from worker.domain.payment import Deposit, Prepayment
from worker.domain.payment_method import METHODS, PREFIXES, Means, PaymentTerms
from worker.domain.payment_reference import creditor_reference, digits_of, structured_communication
from worker.domain.shop import Shop
from worker.message import Message

LINK = "https://shop.example/checkout/order-pay/238/"
IBAN = "BE68539007547034"
CREATED = a_shop("invoice:created:send")


def drafted(order: Order, shop: Shop = CREATED) -> Draft:
    return draft_document(order, shop, today=TODAY, purpose=Purpose(Kind.INVOICE, "test"))


def asked(order: Order, shop: Shop = CREATED) -> PaymentInstructions:
    payment = drafted(order, shop).payment
    assert payment is not None
    return payment


def decided(order: Order, history: History | None = None, shop: Shop = CREATED) -> tuple[Problem, ...]:
    return decide_documents(order, (), history or a_history(), shop, TODAY).flags


def unpaid(method: str, *, link: bool = False, status: str = "on-hold", title: str = "") -> Order:
    return an_order(
        status=status, payment_method=method, payment_title=title, needs_payment=link, pay_url=LINK if link else ""
    )


# Who is owed a transfer


@pytest.mark.parametrize("method", ["bacs", "cheque", "", "igfw_invoice_gateway", "b2b_invoice", "op_factuur"])
def test_who_owes_the_seller_a_transfer_is_told_account_reference_and_due_date(method: str) -> None:
    payment = asked(unpaid(method))
    assert (payment.means, payment.iban, payment.due_on) == (Means.TRANSFER, IBAN, date(2026, 12, 23))
    assert payment.reference


@pytest.mark.parametrize(
    ("method", "means", "provider"),
    [
        ("cod", Means.ON_DELIVERY, ""),
        ("mollie_wc_gateway_banktransfer", Means.PROVIDER_TRANSFER, "Mollie"),
        ("mollie_wc_gateway_bancontact", Means.ONLINE, ""),
        ("stripe_klarna", Means.ONLINE, ""),
        ("ppcp-gateway", Means.ONLINE, ""),
        ("klarna_payments", Means.ONLINE, ""),
        ("some_wallet", Means.ONLINE, ""),  # unknown, and the shop takes no payment any more
    ],
)
def test_who_owes_the_seller_no_transfer_is_told_no_account(method: str, means: Means, provider: str) -> None:
    assert asked(unpaid(method)) == PaymentInstructions(means=means, provider=provider)


@pytest.mark.parametrize("method", ["", *METHODS, *(f"{prefix}x" for prefix in PREFIXES)])
def test_only_a_transfer_to_the_seller_names_an_account(method: str) -> None:
    payment = asked(unpaid(method, link=True, status="pending"))
    named = bool(payment.iban and payment.reference and payment.due_on)
    assert named == (payment.means is Means.TRANSFER)
    assert named == bool(payment.iban or payment.reference or payment.due_on)


def test_an_unknown_method_is_owed_to_the_seller_while_the_shop_asks_for_it_or_once_it_was_delivered() -> None:
    assert asked(unpaid("some_gateway", link=True, status="pending")).iban == IBAN
    assert asked(unpaid("some_gateway", status="completed")).iban == IBAN


def test_the_pay_link_is_there_where_the_shop_takes_the_payment_and_never_at_the_door() -> None:
    assert asked(unpaid("stripe", link=True, status="pending")).pay_url == LINK
    assert asked(unpaid("bacs", link=True, status="pending")).pay_url == LINK
    assert asked(unpaid("cod", link=True, status="pending")).pay_url == ""


def test_dollars_are_asked_for_by_a_due_date_too() -> None:
    payment = asked(replace(unpaid("bacs"), currency="USD"))
    assert (payment.iban, payment.due_on) == (IBAN, date(2026, 12, 23))


@pytest.mark.parametrize("method", ["bacs", "cod", "stripe", "mollie_wc_gateway_banktransfer"])
def test_by_a_test_document_nobody_can_pay(method: str) -> None:
    payment = asked(unpaid(method, link=True, status="pending"), replace(CREATED, test=True))
    assert (payment.iban, payment.bic, payment.reference, payment.pay_url) == ("", "", "", "")


# On account


def test_what_is_sold_on_account_is_not_paid_though_the_shop_dates_a_payment() -> None:
    shop = a_shop(payment_terms={"igfw_invoice_gateway": PaymentTerms(30)})
    order = replace(unpaid("igfw_invoice_gateway", status="completed"), paid_at=PLACED_AT)
    assert drafted(order, shop).paid_on is None
    assert (asked(order, shop).iban, asked(order, shop).due_on) == (IBAN, date(2026, 12, 23))


@pytest.mark.parametrize(
    ("method", "title", "paid"),
    [
        ("igfw_invoice_gateway", "Pay later", False),
        ("some_gateway", "Betaling op factuur (30 dagen)", False),
        ("klarna_payments", "Klarna: betaal op factuur", True),  # Klarna pays the seller
        ("some_gateway", "Creditcard", True),
    ],
)
def test_a_method_that_is_on_account_by_its_nature_is_not_paid_by_a_date(method: str, title: str, paid: bool) -> None:
    order = replace(unpaid(method, status="processing", title=title), paid_at=PLACED_AT)
    draft = drafted(order)
    assert (draft.is_paid, draft.payment is None) == (paid, paid)
    assert drafted(order, a_shop(payment_terms={method: PaymentTerms()})).is_paid


def test_a_method_on_account_has_its_own_days() -> None:
    assert asked(unpaid("klarna"), a_shop(payment_terms={"klarna": PaymentTerms(14)})).due_on == date(2026, 12, 7)


@pytest.mark.parametrize(
    ("method", "terms", "paid"),
    [
        ("bacs", {}, False),
        ("cheque", {}, False),
        ("", {}, False),
        ("igfw_invoice_gateway", {}, False),
        ("some_gateway", {}, False),
        ("cod", {}, True),
        ("mollie_wc_gateway_ideal", {}, True),
        ("some_gateway", {"some_gateway": PaymentTerms()}, True),
        ("cod", {"cod": PaymentTerms(14)}, False),
    ],
)
def test_delivered_is_not_paid_but_where_the_money_comes_at_the_door_or_by_a_provider(
    method: str, terms: dict[str, PaymentTerms], paid: bool
) -> None:
    draft = drafted(unpaid(method, status="completed"), a_shop(payment_terms=terms))
    assert draft.is_paid == paid
    assert (draft.payment is None) == paid


@pytest.mark.parametrize(("status", "paid_at"), [("completed", None), ("processing", PLACED_AT)])
def test_an_invoice_on_account_is_made_when_a_paid_one_would_be(status: str, paid_at: datetime | None) -> None:
    shop = a_shop("invoice:paid:send", payment_terms={"klarna": PaymentTerms(30)})
    order = replace(unpaid("klarna", status=status), paid_at=paid_at)
    [draft] = decide_documents(order, (), a_history(), shop, TODAY).drafts
    assert (draft.problems, draft.is_paid) == ((), False)


def test_an_order_on_account_that_is_cancelled_has_its_invoice_credited_by_a_draft() -> None:
    shop = a_shop(payment_terms={"klarna": PaymentTerms(30)})
    order = replace(unpaid("klarna", status="processing"), paid_at=PLACED_AT)
    history = a_history(issued(drafted(order, shop)))
    [note] = decide_documents(replace(order, status="cancelled"), (), history, shop, TODAY).drafts
    assert (note.kind, note.send_mode) == (Kind.CREDIT_NOTE, SendMode.DRAFT)


# In parts, and taken back


@pytest.mark.parametrize(
    "order",
    [
        an_order(status="partial-payment", paid=True),
        an_order(status="partially-paid"),
        an_order(status="processing", paid=True, deposit=Deposit()),
    ],
)
def test_an_order_paid_in_parts_waits_for_a_person_and_says_neither_paid_nor_how_to_pay_the_whole(order: Order) -> None:
    [draft] = decide_documents(order, (), a_history(), a_shop(), TODAY).drafts
    assert [(problem.code, problem.asks) for problem in draft.problems] == [("paid_in_parts", True)]
    assert (draft.paid_on, draft.payment) == (None, None)


def test_what_came_in_of_a_deposit_is_named_and_stated_and_only_the_rest_is_asked_for() -> None:
    order = an_order(status="partially-paid", paid=True, deposit=Deposit(Decimal("5.00")))
    [draft] = decide_documents(order, (), a_history(), a_shop(), TODAY).drafts
    [problem] = draft.problems
    assert "of its 15.00 EUR a deposit of 5.00 EUR came in, and 10.00 EUR is still to come" in str(problem.message)
    assert (draft.paid_on, draft.prepaid, draft.to_pay) == (
        None,
        (Prepayment(Decimal("5.00"), deposit=True),),
        Decimal("10.00"),
    )
    assert draft.payment is not None
    assert draft.payment.iban


@pytest.mark.parametrize("amount", ["15.00", "500.00"])
def test_a_deposit_that_is_no_part_of_the_total_is_not_believed(amount: str) -> None:
    order = an_order(status="partially-paid", deposit=Deposit(Decimal(amount)))
    [draft] = decide_documents(order, (), a_history(), a_shop(), TODAY).drafts
    assert ([problem.code for problem in draft.problems], draft.prepaid) == (["paid_in_parts"], ())


def test_nothing_is_due_of_a_deposit_that_has_not_come_in() -> None:
    order = an_order(status="on-hold", deposit=Deposit(Decimal("0.00")))
    assert decide_documents(order, (), a_history(), a_shop(), TODAY).drafts == ()


@pytest.mark.parametrize("status", ["partial-payment", "completed"])
def test_an_order_of_the_deposit_alone_asks_and_its_lines_say_what_they_are(status: str) -> None:
    order = an_order(status=status, paid=True, deposit=Deposit(line_ids=(1,), full_price=Decimal("1210.00")))
    [draft] = decide_documents(order, (), a_history(), a_shop(), TODAY).drafts
    [problem] = draft.problems
    assert (problem.code, problem.asks) == ("deposit_order", True)
    assert "a deposit of 15.00 EUR on goods of 1210.00 EUR" in str(problem.message)
    assert (draft.lines[0].details, draft.paid_on is None) == (("Voorschot",), False)


def test_the_balance_says_of_which_order_the_deposit_was() -> None:
    order = an_order(paid=True, sale_part=SalePart.BALANCE, parent_id=237)
    [draft] = decide_documents(order, (), a_history(), a_shop(), TODAY).drafts
    assert draft.lines[0].details == ("Saldo na het voorschot van bestelling 237",)


@pytest.mark.parametrize("status", ["on-hold", "failed", "pending"])
def test_money_that_was_taken_back_is_flagged(status: str) -> None:
    order = an_order(paid=True, payment_method="mollie_wc_gateway_klarna")
    history = a_history(issued(drafted(order)))
    assert decided(order, history) == ()
    assert [flag.code for flag in decided(replace(order, status=status), history)] == ["money_taken_back"]


def test_an_invoice_of_money_that_was_taken_back_waits_and_does_not_say_paid() -> None:
    [draft] = decide_documents(an_order(status="on-hold", paid=True), (), a_history(), a_shop(), TODAY).drafts
    assert ([problem.code for problem in draft.problems], draft.paid_on) == (["money_taken_back"], None)
    assert draft.problems[0].message.values["status"] == Message("on-hold")  # said in the owner's language


# References


@given(seed=st.integers(0, 2000), order_id=st.integers(0, 10**9))
def test_the_form_for_banks_abroad_checks_and_is_the_same_payment(seed: int, order_id: int) -> None:
    communication = structured_communication(seed, order_id)
    abroad = creditor_reference(communication)
    assert iso11649.is_valid(abroad)
    assert digits_of(abroad) == digits_of(communication) == communication


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("+++007/0000/23891+++", "007000023891"), ("rf12 0070 0002 3891", "007000023891"), ("factuur 2026", ""), ("", "")],
)
def test_a_reference_is_known_however_it_was_typed(typed: str, digits: str) -> None:
    assert digits_of(typed) == digits


@pytest.mark.parametrize(("country", "form"), [("BE", "007000023891"), ("", "007000023891"), ("NL", "RF")])
def test_the_form_follows_the_country_of_the_buyer(country: str, form: str) -> None:
    order = unpaid("bacs")
    address = replace(order.billing.address, country=country)
    order = replace(order, billing=replace(order.billing, address=address))
    assert asked(order, a_shop(reference_digits=7)).reference.startswith(form)


@pytest.mark.parametrize("country", ["BE", "NL", ""])
def test_what_the_buyer_was_told_after_the_checkout_is_what_the_invoice_asks_for(country: str) -> None:
    order = an_order(paid_at=None, payment_method="bacs", country=country)
    assert digits_of(asked(order).reference) == promised_reference(order, CREATED) != ""
    assert promised_reference(order, replace(CREATED, test=True)) == ""
    assert promised_reference(replace(order, payment_method="cod"), CREATED) == ""


@pytest.mark.parametrize(
    ("paid_total", "came_in", "told"),
    [("10.00", "10.00", True), ("10.00", "15.00", False), ("0.00", "0.00", True), (None, "15.00", False)],
)
def test_an_order_that_costs_more_than_when_it_was_paid_asks_for_the_rest(
    paid_total: str | None, came_in: str, *, told: bool
) -> None:
    order = replace(an_order(paid=True), paid_total=paid_total and Decimal(paid_total), came_in=Decimal(came_in))  # type: ignore[arg-type]  # None stays None
    assert order.total == Decimal("15.00")
    draft = drafted(replace(order, came_on=TODAY))
    flags = decided(order, a_history(issued(drafted(order))))
    assert (draft.is_paid, [flag.code for flag in flags]) == (not told, ["costs_more"] if told else [])
    if told:
        assert draft.payment is not None
        assert (draft.to_pay, draft.payment.iban, draft.payment.pay_url) == (order.total - order.came_in, IBAN, "")


@pytest.mark.parametrize(
    ("method", "means"),
    [("bacs", Means.TRANSFER), ("mollie_wc_gateway_ideal", Means.TRANSFER), ("cod", Means.ON_DELIVERY)],
)
def test_the_rest_of_a_part_paid_order_is_not_asked_for_on_the_shops_page_which_takes_all_of_it(
    method: str, means: Means
) -> None:
    order = replace(unpaid(method), needs_payment=True, pay_url="https://shop.example/pay", came_in=Decimal("5.00"))
    assert (drafted(order).to_pay, asked(order).means, asked(order).pay_url) == (order.total - 5, means, "")
