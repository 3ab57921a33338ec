"""A credit note says what its refund says, per rate; counted by `tests.support.woocommerce_refunds`, apart from the product."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.test_credit_note import assert_it_adds_up, credit, invoiced, problems
from tests.support.factories import a_line, a_refund, an_order, rate_id_of, shipping
from tests.support.woocommerce_refunds import Item, PerRate, order_of, refund_of, stated, tills
from tests.support.woocommerce_totals import many
from worker.domain.credit_balance import credit_balance_of
from worker.domain.credit_source import Cancellation
from worker.domain.document import Document, Draft
from worker.domain.money import ZERO, total_of
from worker.domain.order import LineKind, LineTax, Order, OrderLine, Refund

D = Decimal


def per_rate(draft: Draft) -> PerRate:
    return {row.rate: (row.base, row.vat) for row in draft.vat_lines if row.base or row.vat}


def wholes(till: Sequence[Item]) -> dict[int, Item]:
    return dict(enumerate(till, 1))


# By property


@many
@given(till=tills(with_discount=False), data=st.data())
def test_a_refund_of_lines_is_credited_as_it_states_itself(till: tuple[Item, ...], data: st.DataObject) -> None:
    """Each line is refunded once, whole or some of its pieces, in any order; what closes the invoice takes its cents too."""
    order = order_of(till)
    invoice, already, open_lines = invoiced(order), list[Draft](), wholes(till)
    while open_lines:
        picked = data.draw(st.lists(st.sampled_from(sorted(open_lines)), min_size=1, unique=True))
        taken = {}
        for line_id in picked:
            item = open_lines.pop(line_id)
            taken[line_id] = item.share(data.draw(st.integers(1, item.quantity)), item.quantity)
        left = credit_balance_of(invoice, already)
        draft = credit(refund_of(taken, 300 + len(already)), invoice, already, order=order)
        assert_it_adds_up(draft)
        assert problems(draft) == []
        already.append(draft)
        if draft.total < left.total:
            assert_close(per_rate(draft), stated(taken), till, cents=held_cents(till))
    assert total_of(draft.total for draft in already) <= invoice.draft.total


def held_cents(till: Sequence[Item]) -> Decimal:
    """What an invoice's base or VAT at a rate may be off the sum of the shop's lines, each of which was rounded for itself."""
    return D("0.01") * (len(till) + 1)


def assert_close(said: PerRate, expected: PerRate, lines: Iterable[Item], *, cents: Decimal) -> None:
    """WooCommerce states the VAT per rate and the net per line: of a line of several rates a tax of half a cent more or less is
    up to nine cents of net at 6 %. *lines* are those that count: the refunded ones; and where what is left of the invoice
    holds the refund, all of the invoice, since each of its split lines says as loosely what it holds of a rate."""
    loose = D("0.10") * sum(1 for item in lines if len(item.cents) > 1)
    for rate in said.keys() | expected.keys():
        base, vat = said.get(rate, (ZERO, ZERO))
        expected_base, expected_vat = expected.get(rate, (ZERO, ZERO))
        assert abs(base - expected_base) <= cents + loose, rate
        assert abs(vat - expected_vat) <= cents, rate


@many
@given(till=tills(with_discount=False), data=st.data())
def test_a_first_refund_that_leaves_something_of_each_rate_is_credited_to_the_cent(
    till: tuple[Item, ...], data: st.DataObject
) -> None:
    taken = {
        line_id: item.share(1, 2) for line_id, item in enumerate(till, 1) if data.draw(st.booleans()) or line_id == 1
    }
    draft, expected = credit(refund_of(taken, 301), invoiced(order_of(till)), order=order_of(till)), stated(taken)
    said = per_rate(draft)
    # A few cents of one rate in a line of several: their tax rounds to a cent or to nothing, and both are right.
    loose = D("0.01") * sum(1 for item in taken.values() if len(item.cents) > 1)
    for rate in said.keys() | expected.keys():
        assert abs(said.get(rate, (ZERO, ZERO))[1] - expected.get(rate, (ZERO, ZERO))[1]) <= loose
    assert abs(draft.net - total_of(base for base, _ in expected.values())) <= loose
    assert abs(draft.rounding) <= loose
    assert problems(draft) == []
    assert_close(said, expected, taken.values(), cents=loose)


@many
@given(till=tills(with_discount=True), data=st.data())
def test_a_discount_stays_with_the_goods_that_were_kept_and_all_is_nothing_in_the_end(
    till: tuple[Item, ...], data: st.DataObject
) -> None:
    """Where a discount shares the rate the refund is still credited as it states itself; more than is left of a rate asks."""
    order = order_of(till)
    invoice = invoiced(order)
    line_id = data.draw(st.integers(1, len(till)))
    taken = {line_id: till[line_id - 1]}
    refund = refund_of(taken, 301)
    assume(0 < refund.amount < invoice.draft.total)
    first = credit(refund, invoice, order=order)
    assert_close(per_rate(first), stated(taken), till, cents=held_cents(till))
    assert set(problems(first)) <= {"more_than_rate_remaining"}
    assert all(problem.asks for problem in first.problems)
    assert_choice(first, invoice)
    rest = credit(a_refund(str(invoice.draft.total - first.total), refund_id=302), invoice, [first], order=order)
    left = credit_balance_of(invoice, [first, rest])
    assert {(part.base, part.vat) for part in left.groups.values()} == {(ZERO, ZERO)}
    assert (left.total, left.rounding) == (ZERO, ZERO)


def assert_choice(draft: Draft, invoice: Document) -> None:
    """What a person may issue instead: the same amount, and of no rate more than the invoice holds there."""
    assert (draft.within_left is not None) == (problems(draft) == ["more_than_rate_remaining"])
    if draft.within_left is None:
        return
    assert_it_adds_up(draft.within_left)
    assert (draft.within_left.total, draft.within_left.problems, draft.within_left.within_left) == (
        draft.total,
        (),
        None,
    )
    held = {row.rate: row for row in invoice.draft.vat_lines}
    assert all(row.base <= held[row.rate].base and row.vat <= held[row.rate].vat for row in draft.within_left.vat_lines)


@many
@given(
    goods=st.lists(st.tuples(st.sampled_from(["21", "6"]), st.integers(1, 20_000)), min_size=2, max_size=14),
    discount=st.integers(1, 300),
    data=st.data(),
)
def test_vat_given_back_alone_beside_a_small_discount_is_told_to_the_cent_or_asked(
    goods: list[tuple[str, int]], discount: int, data: st.DataObject
) -> None:
    """Many lines round to many cents, and a discount of some cents must not pass for them: 160.07 was credited as 159.96."""
    items = [Item(((rate, cents),)) for rate, cents in goods]
    till = (*items, Item(((goods[0][0], -discount),), kind=LineKind.FEE))
    order = order_of(till)
    assume(order.total > 0 and all(min(row.base, row.vat) >= 0 for row in invoiced(order).draft.vat_lines))
    ids = data.draw(st.lists(st.integers(1, len(items)), min_size=1, unique=True))
    taken = {line_id: till[line_id - 1] for line_id in ids}
    refund = refund_of(taken, 301, vat_only=True)
    invoice = invoiced(order)
    assume(0 < refund.amount < invoice.draft.total)
    draft, expected = credit(refund, invoice, order=order), stated(taken, vat_only=True)
    rounded = {row.rate: abs(row.charged - row.base - row.vat) for row in invoice.draft.vat_lines}
    said = per_rate(draft)
    for rate in said.keys() | expected.keys():
        lines = sum(1 for item in items if item.cents[0][0] == str(rate))
        allowed = D("0.02") + rounded[rate] if str(rate) == goods[0][0] else D("0.01") * (lines + 1)
        assert abs(said.get(rate, (ZERO, ZERO))[1] - expected.get(rate, (ZERO, ZERO))[1]) <= allowed
    assert_choice(draft, invoice)


@many
@given(till=tills(with_discount=False), data=st.data())
def test_a_line_that_is_credited_already_is_not_credited_again_unasked(
    till: tuple[Item, ...], data: st.DataObject
) -> None:
    """Also where other goods of its rate, or all that is left, would hide it."""
    order, line_id = order_of(till), data.draw(st.integers(1, len(till)))
    invoice, taken = invoiced(order), {line_id: till[line_id - 1]}
    first = credit(refund_of(taken, 301), invoice, order=order)
    assume(first.total < invoice.draft.total)
    again = credit(refund_of(taken, 302), invoice, [first], order=order)
    assert [problem.asks for problem in again.problems] == [True] or problems(again) == ["more_than_remaining"]


@many
@given(till=tills(with_discount=False))
def test_vat_given_back_alone_is_credited_as_vat_alone(till: tuple[Item, ...]) -> None:
    items = wholes(till)
    refund = refund_of(items, 301, vat_only=True)
    assume(refund.amount)
    draft = credit(refund, invoiced(order_of(till)), order=order_of(till))
    assert draft.net == ZERO
    assert_close(per_rate(draft), stated(items, vat_only=True), till, cents=held_cents(till))


@many
@given(till=tills(with_discount=False))
def test_vat_that_a_refund_leaves_out_of_its_lines_is_found_in_its_amount(till: tuple[Item, ...]) -> None:
    first = {1: till[0].share(1, 2)}
    assume(len(till[0].cents) == 1)
    refund = refund_of(first, 301, no_tax=True)
    draft = credit(refund, invoiced(order_of(till)), order=order_of(till))
    assert_close(per_rate(draft), stated(first), first.values(), cents=D("0.01"))


@many
@given(till=tills(with_discount=True))
def test_a_full_refund_by_lines_leaves_nothing_in_any_rate(till: tuple[Item, ...]) -> None:
    order = order_of(till)
    invoice = invoiced(order)
    draft = credit(refund_of(wholes(till), 301), invoice, order=order)
    left = credit_balance_of(invoice, [draft])
    assert {(part.base, part.vat) for part in left.groups.values()} == {(ZERO, ZERO)}
    assert (draft.total, problems(draft)) == (invoice.draft.total, [])


# What real shops send: a refund, and what its credit note is


def split(total: str, high: str, low: str, *, line_id: int, **more: object) -> OrderLine:
    """A line taxed at 21 % and 6 % side by side."""
    line = a_line(total, line_id=line_id, **more)  # type: ignore[arg-type]  # the fields of a line, by name
    return OrderLine(**{**vars(line), "taxes": (LineTax(rate_id_of("21"), D(high)), LineTax(rate_id_of("6"), D(low)))})


BASKET = split("50.00", "6.30", "1.20", line_id=1, name="Geschenkmand")
BOOKS = a_line("200.00", "6", line_id=2, quantity="4", name="Boeken")
TWO_BASKETS = split("100.00", "12.60", "2.40", line_id=1, quantity="2", name="Geschenkmand")
A, B = a_line("60.00", line_id=1, name="A"), a_line("40.00", "6", line_id=2, name="B")
BPOST = split("10.00", "1.26", "0.24", line_id=3, kind=LineKind.SHIPPING, name="Bpost")
KORTING = split("-10.00", "-1.26", "-0.24", line_id=3, kind=LineKind.FEE, name="Korting")
MACHINE = a_line("1000.00", line_id=1, quantity="1", name="Machine")
BOOK = a_line("100.00", "6", line_id=2, name="Boek")
WINE, GLASSES = (
    a_line("60.00", line_id=1, quantity="6", name="Wijn"),
    a_line("20.00", line_id=2, quantity="2", name="Glas"),
)
LAMP, NOVEL = a_line("72.00", line_id=1, name="Lamp"), a_line("50.00", "6", line_id=2, name="Roman")


def vat_of(line: OrderLine) -> OrderLine:
    return a_line("0.00", line_id=line.line_id, quantity="0", taxes=line.taxes)


def untaxed(total: str, *, line_id: int) -> OrderLine:
    return a_line(total, None, line_id=line_id)


ORDERS = {
    "basket": an_order(BASKET, BOOKS, paid=True),
    "baskets": an_order(TWO_BASKETS, BOOKS, paid=True),
    "split shipping": an_order(A, B, BPOST, paid=True),
    "discount": an_order(A, B, KORTING, paid=True),
    "machine": an_order(MACHINE, paid=True),
    "machine and book": an_order(MACHINE, BOOK, shipping("10.00", line_id=3), paid=True),
    "wine": an_order(WINE, GLASSES, paid=True),
    "lamp": an_order(LAMP, NOVEL, paid=True),
}
CASES: dict[str, tuple[str, Refund, dict[str, tuple[str, str]], list[str]]] = {
    "basket of two rates": ("basket", a_refund("57.50", BASKET), {"21": ("30.00", "6.30"), "6": ("20.00", "1.20")}, []),
    "one of two baskets": ("baskets", a_refund("57.50", BASKET), {"21": ("30.00", "6.30"), "6": ("20.00", "1.20")}, []),
    "shipping split over rates": (
        "split shipping", a_refund("11.50", BPOST), {"21": ("6.00", "1.26"), "6": ("4.00", "0.24")}, [],
    ),
    "half of split shipping": (
        "split shipping", a_refund("5.75", split("5.00", "0.63", "0.12", line_id=3, kind=LineKind.SHIPPING)),
        {"21": ("3.00", "0.63"), "6": ("2.00", "0.12")}, [],
    ),
    "goods whose rate holds a discount": (
        "discount", a_refund("72.60", A), {"21": ("60.00", "12.60")}, ["more_than_rate_remaining"],
    ),
    "goods with their discount": (
        "discount", a_refund("61.10", A, KORTING), {"21": ("54.00", "11.34"), "6": ("-4.00", "-0.24")}, [],
    ),
    "VAT alone": ("machine", a_refund("210.00", vat_of(MACHINE)), {"21": ("0.00", "210.00")}, []),
    "VAT alone of two rates": (
        "machine and book",
        a_refund("218.10", vat_of(MACHINE), vat_of(BOOK), a_line("0.00", tax="2.10", line_id=3, quantity="0")),
        {"21": ("0.00", "212.10"), "6": ("0.00", "6.00")}, [],
    ),
    "VAT in the amount and not in the lines": (
        "lamp", a_refund("87.12", untaxed("72.00", line_id=1)), {"21": ("72.00", "15.12")}, [],
    ),
    "VAT within a net without tax": ("lamp", a_refund("5.00", untaxed("5.00", line_id=1)), {"21": ("4.13", "0.87")}, []),
    "some pieces": ("wine", a_refund("24.20", a_line("20.00", line_id=1, quantity="2")), {"21": ("20.00", "4.20")}, []),
    "a whole line": ("wine", a_refund("24.20", GLASSES), {"21": ("20.00", "4.20")}, []),
    "a line that names no line of the order": (
        "lamp", a_refund("12.10", a_line("10.00", line_id=0, name="Kap")), {"21": ("10.00", "2.10")}, [],
    ),
    "a line that the invoice never held": (
        "wine", a_refund("24.20", a_line("20.00", line_id=254, name="Bijgevoegd")), {"21": ("20.00", "4.20")},
        ["refunded_line_not_invoiced"],
    ),
    "more of a line than it cost, where others are of its rate": (
        "wine", a_refund("96.80", a_line("80.00", line_id=2)), {"21": ("80.00", "16.80")}, ["more_than_line_remaining"],
    ),
    "more of a line than it cost": (
        "lamp", a_refund("96.80", a_line("80.00", line_id=1)), {"21": ("72.00", "15.12"), "6": ("9.13", "0.55")},
        ["more_than_rate_remaining"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_credit_note_of(name: str) -> None:
    order_name, refund, expected, codes = CASES[name]
    draft = credit(refund, invoiced(ORDERS[order_name]), order=ORDERS[order_name])
    assert per_rate(draft) == {D(rate): (D(base), D(vat)) for rate, (base, vat) in expected.items()}
    assert (problems(draft), draft.total) == (codes, refund.amount)
    assert_it_adds_up(draft)


def test_the_item_beside_a_refunded_basket_is_credited_at_its_own_rate() -> None:
    order = ORDERS["split shipping"]
    first = credit(a_refund("11.50", BPOST), invoiced(order), order=order)
    second = credit(a_refund("42.40", B, refund_id=302), invoiced(order), [first], order=order)
    assert per_rate(second) == {D(6): (D("40.00"), D("2.40"))}
    assert [line.description for line in second.lines] == ["B"]


def test_a_refund_is_printed_with_its_own_lines_alone() -> None:
    order = ORDERS["split shipping"]
    draft = credit(a_refund("11.50", BPOST), invoiced(order), order=order)
    assert [(line.description, line.net, line.rate) for line in draft.lines] == [
        ("Bpost", D("6.00"), D(21)),
        ("Bpost", D("4.00"), D(6)),
    ]
    within = credit(a_refund("5.00", untaxed("5.00", line_id=1)), invoiced(ORDERS["lamp"]), order=ORDERS["lamp"])
    assert [(line.description, line.net) for line in within.lines] == [("Lamp", D("4.13"))]


def test_both_figures_are_shown_where_a_discount_shares_the_rate() -> None:
    order = ORDERS["discount"]
    (problem,) = credit(a_refund("72.60", A), invoiced(order), order=order).problems
    assert problem.asks
    assert "it is 60.00 EUR + 12.60 EUR VAT at 21 %; within" in str(problem.message)
    assert "it is 54.00 EUR + 11.34 EUR VAT at 21 %; 6.85 EUR + 0.41 EUR VAT at 6 %. Issue" in str(problem.message)
    choice = credit(a_refund("72.60", A), invoiced(order), order=order).within_left
    assert choice is not None
    assert per_rate(choice) == {D(21): (D("54.00"), D("11.34")), D(6): (D("6.85"), D("0.41"))}


def test_the_goods_of_vat_that_went_back_alone_stay_to_be_credited() -> None:
    order: Order = ORDERS["machine"]
    invoice = invoiced(order)
    first = credit(a_refund("210.00", vat_of(MACHINE)), invoice, order=order)
    last = credit(Cancellation(), invoice, [first], order=order)
    assert (last.net, last.vat, last.total) == (D("1000.00"), ZERO, D("1000.00"))
