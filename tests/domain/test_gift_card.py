"""Gift cards and store credit pay for goods: the invoice is of their full value, and asks what the cards leave."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.test_draft import assert_it_adds_up, figures, problems
from tests.support.factories import TODAY, a_history, a_line, a_refund, a_shop, an_order, drafted, issued
from tests.support.woocommerce_totals import Settings, items, many, ring_up
from worker.domain.assessment import assess
from worker.domain.decide import decide_documents
from worker.domain.document import Draft, History, Kind
from worker.domain.money import to_cent, to_minor_unit, total_of
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.payment import Prepayment
from worker.domain.shop import VatSettings
from worker.domain.zero_reason import ZeroReason

D = Decimal
SWEATER = a_line("82.64", tax="17.35")  # 99.99
CARD = Prepayment(D("25.00"), code="…5678")


def a_card_fee(amount: str, name: str = "Cadeaubon", rate: str | None = None) -> OrderLine:
    return a_line(amount, rate, name=name, line_id=70, kind=LineKind.FEE)


def prepaid(draft: Draft) -> list[tuple[Decimal, str, str]]:
    return [(one.amount, one.name, one.code) for one in draft.prepaid]


# By property

in_cents = st.builds(
    ring_up,
    st.lists(items, min_size=1, max_size=8),
    st.builds(Settings, prices_include_tax=st.booleans(), round_at_subtotal=st.booleans()),
)


@many
@given(in_cents, st.decimals(min_value="0.01", max_value="0.99", places=2), st.booleans())
def test_a_card_changes_nothing_of_the_invoice_but_what_is_left_to_pay(
    order: Order, part: Decimal, by_fee: bool
) -> None:
    amount = to_cent(order.total * part)
    assume(amount > D("1.00"))
    fee, card = a_card_fee(str(-amount)), Prepayment(amount, code="…1")
    paid = replace(order, total=order.total - amount, lines=(*order.lines, fee) if by_fee else order.lines)
    with_card = drafted(paid if by_fee else replace(paid, gift_cards=(card,)))
    without = drafted(order)

    assert_it_adds_up(with_card)
    assert (figures(with_card), with_card.vat_lines, with_card.lines) == (
        figures(without),
        without.vat_lines,
        without.lines,
    )
    assert with_card.to_pay == without.total - amount == to_minor_unit(paid.total, "EUR")
    assert problems(with_card) == problems(without)


@many
@given(in_cents, st.decimals(min_value="1.00", max_value="50.00", places=2))
def test_money_that_nothing_explains_is_asked_for_and_never_lost(order: Order, missing: Decimal) -> None:
    assume(missing < order.total)
    draft = drafted(replace(order, total=order.total - missing))
    assert_it_adds_up(draft)
    assert draft.to_pay == to_minor_unit(order.total - missing, "EUR")
    if draft.prepaid:
        assert "does_not_add_up" in problems(draft)


# Each way in which a card is written down


def test_a_card_that_lowers_the_total_pays_a_part_of_the_full_value() -> None:
    draft = drafted(an_order(SWEATER, total="74.99", gift_cards=(CARD,)))
    assert (draft.total, draft.to_pay, prepaid(draft)) == (D("99.99"), D("74.99"), [(D("25.00"), "", "…5678")])
    assert problems(draft) == []
    assert draft.vat == D("17.35")


def test_a_card_may_pay_all_of_it() -> None:
    draft = drafted(an_order(SWEATER, total="0.00", gift_cards=(Prepayment(D("99.99"), code="…ABCD"),)))
    assert (draft.total, draft.to_pay, draft.is_paid, draft.payment) == (D("99.99"), D("0.00"), True, None)
    assert draft.payment_title == ""  # no money came by the method that the order names


@pytest.mark.parametrize(
    "name", ["Cadeaubon KERST", "Gift Card (ABCD)", "Chèque-cadeau", "Via wallet", "Geschenkgutschein"]
)
def test_an_untaxed_negative_fee_that_is_named_so_is_a_payment(name: str) -> None:
    draft = drafted(an_order(SWEATER, a_card_fee("-25.00", name)))
    assert (draft.total, draft.to_pay, prepaid(draft)) == (D("99.99"), D("74.99"), [(D("25.00"), name, "")])
    assert [line.description for line in draft.lines] == ["Koffiemok"]
    assert problems(draft) == []


def test_what_a_plugin_writes_as_a_fee_and_beside_it_counts_once() -> None:
    draft = drafted(an_order(SWEATER, a_card_fee("-25.00"), gift_cards=(CARD,)))
    assert (draft.total, draft.to_pay) == (D("99.99"), D("74.99"))


@pytest.mark.parametrize(
    "fee",
    [
        a_card_fee("-5.00", "Korting", "21"),
        a_card_fee("-5.00", "Cadeaubon", "21"),
        a_card_fee("5.00", "Cadeaubon", "21"),
    ],
)
def test_a_reduction_with_tax_and_a_card_that_is_sold_are_lines(fee: OrderLine) -> None:
    draft = drafted(an_order(SWEATER, fee))
    assert (len(draft.lines), draft.prepaid) == (2, ())


def test_what_is_left_is_what_is_asked() -> None:
    draft = drafted(an_order(SWEATER, total="74.99", gift_cards=(CARD,), status="on-hold"))
    assert draft.payment
    assert (draft.payment.iban, draft.to_pay) == ("BE68539007547034", D("74.99"))


@pytest.mark.parametrize(
    ("name", "rate", "told"),
    [
        ("Cadeaubon € 50", "21", True),
        ("Chèque-cadeau massage", "21", True),
        ("Gift Card", None, False),  # as it should be
        ("Portefeuille en cuir", "21", False),  # a wallet
    ],
)
def test_a_card_that_is_sold_with_vat_is_told_of_since_who_spends_it_pays_vat_again(
    name: str, rate: str | None, told: bool
) -> None:
    line = a_line("50.00", rate, name=name)
    shop = a_shop(vat=VatSettings(zero_reasons=(ZeroReason.parse("name Gift* = voucher"),)))
    found = [flag.code for flag in assess(an_order(SWEATER, line), shop).flags]
    assert ("gift_card_taxed" in found) == told


def test_a_card_taken_off_before_tax_is_asked_about() -> None:
    draft = drafted(an_order(SWEATER, gift_cards=(CARD,)))
    assert [(one.code, one.asks) for one in draft.problems] == [("gift_card_as_discount", True)]
    assert (draft.total, draft.prepaid) == (D("99.99"), ())


def test_a_fee_that_is_named_a_card_and_took_vat_off_is_asked_about() -> None:
    draft = drafted(an_order(SWEATER, a_card_fee("-20.00", rate="21")))
    assert [(one.code, one.asks) for one in draft.problems] == [("gift_card_as_discount", True)]
    assert "paid with 24.20 EUR of a gift card" in str(draft.problems[0].message)
    assert (draft.total, draft.prepaid) == (D("75.79"), ())


def test_a_total_below_its_lines_that_nothing_explains_asks_whether_the_rest_was_paid() -> None:
    draft = drafted(an_order(SWEATER, total="74.99"))
    assert [(one.code, one.asks) for one in draft.problems] == [("does_not_add_up", True)]
    assert "99.99 EUR, of which 25.00 EUR is paid" in str(draft.problems[0].message)
    assert (draft.total, prepaid(draft)) == (D("99.99"), [(D("25.00"), "", "")])


def test_a_delivery_note_says_nothing_of_cards() -> None:
    assert drafted(an_order(SWEATER, total="74.99", gift_cards=(CARD,)), kind=Kind.DELIVERY_NOTE).prepaid == ()


def test_an_order_below_zero_makes_no_invoice() -> None:
    draft = drafted(an_order(a_line("-50.00"), paid=True))
    assert [(one.code, one.asks) for one in draft.problems] == [("negative_total", False)]


# Refunds


def invoiced(order: Order) -> History:
    return a_history(issued(decide_documents(order, (), a_history(), a_shop(), TODAY).drafts[0]))


def test_a_refund_of_all_the_money_asks_what_became_of_the_card() -> None:
    order = an_order(SWEATER, total="74.99", gift_cards=(CARD,), paid=True)
    refund = a_refund("74.99")
    [note] = decide_documents(order, (refund,), invoiced(order), a_shop(), TODAY).drafts
    assert [(one.code, one.asks) for one in note.problems] == [("gift_card_refund", True)]
    assert note.total == D("74.99")


def two_rates() -> Order:
    return an_order(a_line("100.00"), a_line("50.00", "6", line_id=2, name="Kookboek"), paid=True)


def notes_of(order: Order, *amounts: str) -> tuple[Draft, ...]:
    refunds = tuple(a_refund(amount, refund_id=301 + n) for n, amount in enumerate(amounts))
    return decide_documents(order, refunds, invoiced(order), a_shop(), TODAY).drafts


def test_an_amount_over_several_rates_asks_for_which_goods_it_is_and_shows_the_vat_of_each() -> None:
    [note] = notes_of(two_rates(), "10.00")
    assert [(one.code, one.asks) for one in note.problems] == [("refund_of_which_goods", True)]
    assert "1.74 EUR if all of it is at 21 %" in str(note.problems[0].message)
    assert "0.57 EUR if all of it is at 6 %" in str(note.problems[0].message)
    assert note.total == D("10.00")


@pytest.mark.parametrize(
    ("order", "amount"),
    [
        (an_order(a_line("100.00"), paid=True), "10.00"),  # one rate
        (two_rates(), "174.00"),  # all of it
    ],
)
def test_an_amount_that_leaves_no_doubt_goes_by_itself(order: Order, amount: str) -> None:
    [note] = notes_of(order, amount)
    assert note.problems == ()


def test_a_refund_after_one_that_waits_waits_too() -> None:
    first, rest = notes_of(two_rates(), "10.00", "164.00")
    assert ([one.code for one in first.problems], [one.code for one in rest.problems]) == (
        ["refund_of_which_goods"],
        ["earlier_refund_waits"],
    )
    assert total_of(note.total for note in (first, rest)) == D("174.00")


@pytest.mark.parametrize(("by_provider", "title"), [(True, "iDEAL"), (False, "")])
def test_a_refund_names_the_method_only_where_the_provider_gave_the_money_back(by_provider: bool, title: str) -> None:
    order = an_order(paid=True, payment_title="iDEAL")
    refund = replace(a_refund("5.00"), by_provider=by_provider)
    [note] = decide_documents(order, (refund,), invoiced(order), a_shop(), TODAY).drafts
    assert (note.payment_title, note.is_paid) == (title, True)


# Cards that are sold


def test_an_order_of_gift_cards_alone_waits_and_says_what_to_give_the_customer() -> None:
    shop = a_shop(vat=VatSettings(zero_reasons=(ZeroReason.parse("name Cadeaubon* = voucher"),)))
    card, mug = a_line("50.00", None, name="Cadeaubon 50", line_id=2), a_line()
    assert [(one.code, one.asks) for one in drafted(an_order(card, paid=True), shop).problems] == [
        ("only_vouchers", True)
    ]
    assert drafted(an_order(mug, card, paid=True), shop).problems == ()
    assert drafted(an_order(card, paid=True), shop, kind=Kind.ORDER_CONFIRMATION).problems == ()
