"""Credit notes: an invoice and all its credit notes are nothing together, whatever the refunds were."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import TODAY, a_line, a_refund, a_shop, an_address, an_order, issued, shipping
from tests.support.woocommerce_totals import many, orders
from worker.domain.credit_balance import CreditBalance, CreditedInvoice, credit_balance_of
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_selection import CreditSelection, SelectedLine
from worker.domain.credit_source import Cancellation, CreditSource
from worker.domain.delivery import DeliveryWish
from worker.domain.document import Category, Document, Draft, Kind, PaymentInstructions, Purpose, Reference
from worker.domain.draft import draft_document
from worker.domain.money import ZERO, to_cent, total_of
from worker.domain.order import Order, Refund
from worker.domain.payment import Prepayment
from worker.domain.shop import Shop, VatSettings
from worker.domain.sold import SoldDocument, parts_of, rows_of
from worker.domain.vat_check import VatCheck
from worker.domain.vat_return import vat_return
from worker.domain.zero_reason import Mark, Untaxed, ZeroReason
from worker.message import Message
from worker.store.database import json_codec

D = Decimal
OSS = a_shop(vat=VatSettings(oss=True))
S = Category.STANDARD


def invoiced(order: Order, shop: Shop | None = None) -> Document:
    draft = draft_document(order, shop or a_shop(), today=TODAY, purpose=Purpose(Kind.INVOICE, "order:238:invoice:1"))
    return issued(draft)


def credit(
    what: CreditSource,
    invoice: Document,
    already: Sequence[Draft] = (),
    *,
    order: Order | None = None,
    shop: Shop | None = None,
) -> Draft:
    order, shop = order or an_order(paid=True), shop or a_shop()
    return draft_credit_note(
        what, CreditedInvoice(invoice, already), order, shop, purpose=Purpose(Kind.CREDIT_NOTE, "refund:301")
    )


# What a credit note never says, though its invoice does: what was asked of the buyer, or is of that delivery alone.
NOT_SAID = {"delivery", "customer_note", "payment", "prepaid", "deposit_invoices", "vat_check", "is_copy"}
SAID_ALIKE = {
    "order_id", "order_key", "order_number", "ordered_on", "currency", "language", "customer_language", "second_language", "buyer",
    "ship_to", "ship_to_name", "supplied_on", "purchase_order", "payment_method", "einvoice_obstacle",
}  # fmt: skip
ITS_OWN = {
    "cause", "kind", "send_mode", "seller", "lines", "net", "vat", "total", "rounding", "roundings", "vat_lines", "mentions",
    "payment_title", "paid_on", "corrects", "reason", "exchange_rate", "vat_eur", "problems", "test", "within_left", "captions",
}  # fmt: skip


def test_a_credit_note_says_of_the_sale_what_its_invoice_says() -> None:
    assert {one.name for one in fields(Draft)} == NOT_SAID | SAID_ALIKE | ITS_OWN  # of a new field somebody must decide
    invoice = invoiced(an_order(paid=True))
    said = replace(
        invoice.draft,
        delivery=DeliveryWish(hours="9-12"),
        customer_note="Ring at the back",
        payment=PaymentInstructions(),
        prepaid=(Prepayment(D(5), "Gift card"),),
        deposit_invoices=(Reference(1, "F1", TODAY),),
        vat_check=VatCheck("BE0403170701", valid=True),
        is_copy=True,
        customer_language="fr",
        second_language="fr",
        ship_to=an_address(),
        ship_to_name="An",
        supplied_on=TODAY,
        purchase_order="PO 7",
        payment_method="bancontact",
        einvoice_obstacle=Message("It can be a PDF only."),
    )
    note, blank = credit(Cancellation(), replace(invoice, draft=said)), {one.name: one for one in fields(Draft)}
    assert {name: getattr(note, name) for name in SAID_ALIKE} == {name: getattr(said, name) for name in SAID_ALIKE}
    for name in NOT_SAID:
        assert getattr(note, name) == blank[name].default != getattr(said, name)


def rows(draft: Draft) -> list[tuple[str, str, str]]:
    return [(str(row.rate), str(row.base), str(row.vat)) for row in draft.vat_lines]


def problems(draft: Draft) -> list[str]:
    return [problem.code for problem in draft.problems]


def assert_it_adds_up(draft: Draft) -> None:
    assert total_of(line.net for line in draft.lines) + total_of(r.amount for r in draft.roundings) == draft.net
    assert total_of(row.base for row in draft.vat_lines) == draft.net
    assert total_of(row.vat for row in draft.vat_lines) == draft.vat
    for row in draft.vat_lines:
        assert any((line.category, line.rate) == (row.category, row.rate) for line in draft.lines)
    assert all(line.unit_price >= 0 for line in draft.lines)


@dataclass(frozen=True)
class Step:
    """One refund of a sequence: *share* of what is left in percent; *picks* name lines whose whole amount it takes back."""

    share: int
    picks: tuple[int, ...] = ()


steps = st.lists(
    st.builds(Step, share=st.integers(1, 99), picks=st.lists(st.integers(0, 11), max_size=3).map(tuple)), max_size=5
)


def refund_of(step: Step, order: Order, left: Decimal) -> Refund:
    """A refund that WooCommerce allows: of lines, or of an amount alone, and never more than what is left."""
    lines = tuple(order.lines[index] for index in sorted(set(step.picks)) if index < len(order.lines))
    amount = total_of(line.total + line.tax for line in lines) or to_cent(left * step.share / 100)
    return a_refund(str(min(amount, left)), *lines)


# By property


@many
@given(order=orders, sequence=steps)
def test_an_invoice_and_its_credit_notes_are_nothing_together(order: Order, sequence: list[Step]) -> None:
    invoice, already = invoiced(order), list[Draft]()
    for step in sequence:
        before = credit_balance_of(invoice, already)
        refund = refund_of(step, order, before.total)
        draft = credit(refund, invoice, already, order=order)
        already.append(draft)
        assert_it_adds_up(draft)
        assert draft.total == min(to_cent(refund.amount), before.total)
        assert "more_than_remaining" not in problems(draft)
        assert_within(before, credit_balance_of(invoice, already))
    already.append(credit(Cancellation(), invoice, already, order=order))
    left = credit_balance_of(invoice, already)
    assert (left.total, left.rounding) == (ZERO, ZERO)
    assert {(part.base, part.vat) for part in left.groups.values()} == {(ZERO, ZERO)}


@many
@given(
    nets=st.lists(st.integers(1, 20_000), min_size=2, max_size=4),
    sequence=st.lists(
        st.builds(Step, share=st.integers(1, 99), picks=st.lists(st.integers(0, 3), max_size=1).map(tuple)), max_size=3
    ),
)
def test_what_is_credited_by_amount_is_taken_off_each_reason_and_all_is_nothing_in_the_end(
    nets: list[int], sequence: list[Step]
) -> None:
    """At one rate: vouchers and packaging in turn."""
    lines = [
        a_line(str(D(net) / 100), None, name="krat" if number % 2 else "bon", line_id=number + 1)
        for number, net in enumerate(nets)
    ]
    says = (ZeroReason(Mark.NAME, "bon", Untaxed.VOUCHER), ZeroReason(Mark.NAME, "krat", Untaxed.PACKAGING))
    order, shop = an_order(*lines, paid=True), a_shop(vat=VatSettings(zero_reasons=says))
    invoice, already = invoiced(order, shop), list[Draft]()
    left = by_reason(invoice.draft)
    for step in (*sequence, Step(100)):
        refund = refund_of(step, order, credit_balance_of(invoice, already).total)
        draft = credit(refund, invoice, already, order=order, shop=shop)
        if any("more_than" in code for code in problems(draft)):
            continue  # a person is asked
        already.append(draft)
        left = {reason: net - by_reason(draft).get(reason, ZERO) for reason, net in left.items()}
        assert_it_adds_up(draft)
    already.append(credit(Cancellation(), invoice, already, order=order, shop=shop))
    assert {reason: net - by_reason(already[-1]).get(reason, ZERO) for reason, net in left.items()} == dict.fromkeys(
        left, ZERO
    )


def by_reason(draft: Draft) -> dict[str, Decimal]:
    """As the journal counts it."""
    sums: dict[str, Decimal] = {}
    for part in parts_of(json.loads(json_codec.dump(draft))):
        sums[part.reason] = sums.get(part.reason, ZERO) + part.base
    return sums


def assert_within(before: CreditBalance, after: CreditBalance) -> None:
    """No category and rate gave back more than it held."""
    for group, part in before.groups.items():
        assert ZERO <= after.groups[group].base <= part.base
        assert ZERO <= after.groups[group].vat <= part.vat


@many
@given(order=orders, share=st.integers(1, 99))
def test_vat_of_a_part_is_base_times_rate(order: Order, share: int) -> None:
    invoice = invoiced(order)
    draft = credit(a_refund(str(to_cent(order.total * share / 100))), invoice)
    if draft.total < invoice.draft.total:
        assert all(row.vat == to_cent(row.base * row.rate / 100) for row in draft.vat_lines)


@many
@given(order=orders)
def test_a_full_credit_note_mirrors_its_invoice(order: Order) -> None:
    invoice = invoiced(order).draft
    draft = credit(Cancellation(), issued(invoice))
    assert draft.lines == invoice.lines
    assert [(r.base, r.vat) for r in draft.vat_lines] == [(r.base, r.vat) for r in invoice.vat_lines]
    assert (draft.roundings, draft.rounding, draft.total) == (invoice.roundings, invoice.rounding, invoice.total)


# Refunds as they come


MUGS = a_line("37.20", quantity="3", tax="7.81", line_id=1)
BOOKS = a_line("39.90", "6", quantity="2", tax="2.39", line_id=2, name="Boek")
ORDER = an_order(MUGS, BOOKS, shipping(), paid=True)  # 43.15 + 9.06 at 21 %, 39.90 + 2.39 at 6 %
ONE_MUG = a_line("12.40", quantity="1", line_id=1)


def test_a_refund_of_lines_takes_back_those_lines() -> None:
    draft = credit(a_refund("15.00", ONE_MUG, reason="1 mok kapot"), invoiced(ORDER))
    (line,) = draft.lines
    assert (line.description, line.quantity, line.net, line.order_line_id) == ("Koffiemok", D(1), D("12.40"), 1)
    assert (rows(draft), draft.reason) == ([("21", "12.40", "2.60")], "1 mok kapot")


def test_an_amount_alone_is_split_over_what_is_left_and_the_last_refund_takes_the_rest() -> None:
    invoice = invoiced(ORDER)
    first = credit(a_refund("15.00", ONE_MUG), invoice)
    second = credit(a_refund("5.00"), invoice, [first])
    last = credit(a_refund("74.50"), invoice, [first, second])
    assert rows(second) == [("21", "1.93", "0.41"), ("6", "2.51", "0.15")]
    assert rows(last) == [("21", "28.82", "6.05"), ("6", "37.39", "2.24")]
    assert (second.rounding, last.rounding) == (ZERO, ZERO)
    assert {line.description for line in second.lines} == {"Terugbetaling op factuur F2026-00001"}


def test_the_lines_decide_the_rate_and_an_amount_beyond_them_is_split() -> None:
    draft = credit(a_refund("20.00", ONE_MUG), invoiced(ORDER))
    assert [line.net for line in draft.lines if line.order_line_id] == [D("12.40")]
    assert (draft.total, {rate for rate, _, _ in rows(draft)}, problems(draft)) == (
        D("20.00"),
        {"21", "6"},
        ["refund_of_which_goods"],
    )
    assert_it_adds_up(draft)


def test_lines_that_are_more_than_the_refund_are_told() -> None:
    draft = credit(a_refund("10.00", ONE_MUG), invoiced(ORDER))
    assert (draft.total, problems(draft)) == (D("10.00"), ["does_not_add_up"])
    assert "gives back 10.00 EUR, but its lines are 15.00 EUR" in str(draft.problems[0].message)
    assert_it_adds_up(draft)


def test_a_group_never_gives_back_more_than_it_holds() -> None:
    invoice = invoiced(ORDER)
    goodwill = credit(a_refund("90.00"), invoice)
    draft = credit(a_refund("4.00", a_line("3.31", line_id=1, tax="0.69")), invoice, [goodwill])
    left = credit_balance_of(invoice, [goodwill]).groups[S, D(21)]
    assert draft.vat_lines[0].base + draft.vat_lines[0].vat <= left.gross
    assert draft.total == D("4.00")
    assert_it_adds_up(draft)


def test_more_than_what_is_left_stops_there_and_says_so() -> None:
    invoice = invoiced(an_order())
    draft = credit(a_refund("10.00"), invoice, [credit(a_refund("6.00"), invoice)])
    assert (draft.total, problems(draft)) == (D("9.00"), ["more_than_remaining"])
    assert "10.00 EUR is refunded, but 9.00 EUR is left of F2026-00001 (15.00 EUR)" in str(draft.problems[0].message)


def test_tenths_of_a_cent_that_round_up_twice_are_no_fault() -> None:
    invoice = invoiced(an_order(a_line("0.026", tax="0.006"), total="0.032", charged={"21": "0.006"}))
    first = credit(a_refund("0.016"), invoice)
    last = credit(a_refund("0.016"), invoice, [first])
    assert ([first.total, last.total], problems(last)) == ([D("0.02"), D("0.01")], [])


def test_nothing_left_is_a_credit_note_of_nothing_that_says_so() -> None:
    invoice = invoiced(an_order())
    draft = credit(a_refund("1.00"), invoice, [credit(Cancellation(), invoice)])
    assert (draft.total, problems(draft)) == (ZERO, ["more_than_remaining"])


def test_the_cent_that_no_base_could_give_goes_back_with_the_last_refund() -> None:
    invoice = invoiced(an_order(a_line("12.40", tax="2.61"), company="Voorbeeld BV"))
    first = credit(a_refund("15.00"), invoice)
    last = credit(a_refund("0.01"), invoice, [first])
    assert (first.rounding, last.rounding, last.total) == (ZERO, D("0.01"), D("0.01"))
    assert len(last.lines) == 1  # an e-invoice must have one


def test_a_refund_of_a_line_that_the_invoice_lacks_is_split() -> None:
    draft = credit(a_refund("15.00", a_line("12.40", line_id=77)), invoiced(ORDER))
    assert ({rate for rate, _, _ in rows(draft)}, draft.total) == ({"21", "6"}, D("15.00"))


def test_a_discount_of_another_rate_is_given_back_in_its_proportion() -> None:
    order = an_order(a_line("100.00"), a_line("-11.00", "0", name="Bon", line_id=2), paid=True)
    draft = credit(a_refund("55.00"), invoiced(order))
    assert rows(draft) == [("21", "50.00", "10.50"), ("0", "-5.50", "0.00")]


# The rest of the document


def test_a_credit_note_names_what_it_corrects() -> None:
    assert credit(Cancellation(), invoiced(ORDER)).corrects == Reference(1, "F2026-00001", TODAY)


def test_belgian_vat_that_is_credited_carries_its_sentence() -> None:
    assert [said.key for said in credit(a_refund("5.00"), invoiced(ORDER)).mentions] == ["credit_note_be"]


def test_foreign_vat_that_is_credited_does_not() -> None:
    invoice = invoiced(an_order(a_line("100.00", "20"), country="FR"), OSS)
    draft = credit(a_refund("5.00"), invoice)
    assert [said.key for said in draft.mentions] == ["oss"]
    assert (draft.vat_country_of(draft.lines[0]), draft.vat_country_of(draft.vat_lines[0])) == ("FR", "FR")


def test_belgian_vat_of_a_sale_to_another_member_state_carries_it_too() -> None:
    for shop in (a_shop(), OSS):
        invoice = invoiced(an_order(a_line(virtual=True), country="NL"), shop)
        assert [said.key for said in credit(a_refund("5.00"), invoice).mentions] == ["credit_note_be"]


def test_a_credit_note_says_of_the_vat_of_two_countries_what_it_credits() -> None:
    goods, service = a_line("100.00", "20"), a_line("50.00", "21", line_id=2, virtual=True)
    invoice = invoiced(an_order(goods, service, country="FR", paid=True), OSS)
    asked = {line.line_id: a_refund(str(line.total + line.tax), line) for line in (goods, service)}
    mentions = [[said.key for said in credit(asked[line_id], invoice).mentions] for line_id in (1, 2)]
    assert mentions == [["oss"], ["credit_note_be"]]
    assert [said.key for said in credit(a_refund("10.00"), invoice).mentions] == ["oss", "credit_note_be"]


@pytest.mark.parametrize("refund", [a_refund("10.00"), a_refund("120.00")])
def test_what_is_taken_back_of_sales_under_oss_is_told_for_its_return_also_where_no_line_says_of_what(
    refund: Refund,
) -> None:
    invoice = invoiced(an_order(a_line("100.00", "20"), country="FR"), OSS)
    draft = credit(refund, invoice)
    said = SoldDocument(draft.kind, draft.currency, TODAY, draft.net, draft.vat, draft.total)
    told = vat_return(rows_of(said, json.loads(json_codec.dump(draft))))
    assert [(one.country, one.base, one.vat) for one in told.oss] == [("FR", -draft.net, -draft.vat)]


def test_a_credit_note_gives_the_reason_of_what_it_credits_alone() -> None:
    bon, crate = a_line("50.00", None, name="Bon"), a_line("4.50", None, name="Krat", line_id=2)
    says = (ZeroReason(Mark.NAME, "bon", Untaxed.VOUCHER), ZeroReason(Mark.NAME, "krat", Untaxed.PACKAGING))
    invoice = invoiced(an_order(bon, crate, paid=True), a_shop(vat=VatSettings(zero_reasons=says)))
    assert [said.key for said in credit(a_refund("4.50", crate), invoice).mentions] == ["packaging"]
    assert [said.key for said in credit(a_refund("1.00"), invoice).mentions] == ["voucher", "packaging"]


def test_a_credit_note_of_an_invoice_whose_lines_name_no_sentence_keeps_those_of_its_categories() -> None:
    invoice = invoiced(an_order(a_line(rate=None), country="DE", vat_number_given="DE136695976"))
    lines = tuple(replace(line, mention="") for line in invoice.draft.lines)
    older = replace(invoice, draft=replace(invoice.draft, lines=lines))
    assert [said.key for said in credit(Cancellation(), older).mentions] == ["intra_eu"]


def test_an_exempt_sale_is_credited_with_its_own_sentence() -> None:
    order = an_order(a_line(rate=None), country="DE", vat_number_given="DE136695976")
    draft = credit(Cancellation(), invoiced(order))
    assert [said.key for said in draft.mentions] == ["intra_eu"]
    assert draft.ship_to == an_address("DE")


def test_a_refund_says_when_the_money_went_back() -> None:
    assert credit(a_refund("5.00"), invoiced(ORDER)).paid_on == date(2026, 11, 23)


def test_a_cancelled_unpaid_invoice_gives_no_money_back() -> None:
    assert credit(Cancellation(), invoiced(an_order()), order=an_order(status="cancelled")).paid_on is None


def test_vat_in_euro_is_credited_to_the_cent_at_the_invoices_rate() -> None:
    shop = a_shop(exchange_rates={"USD": D("1.0831")})
    invoice = invoiced(an_order(a_line("100.00"), currency="USD"), shop)
    dearer = a_shop(exchange_rates={"USD": D("2")})
    first = credit(a_refund("40.33"), invoice, shop=dearer)
    last = credit(Cancellation(), invoice, [first], shop=dearer)
    in_euro = [draft.vat_eur or ZERO for draft in (invoice.draft, first, last)]
    assert in_euro[0] == in_euro[1] + in_euro[2]
    assert first.exchange_rate == D("1.0831")


def test_a_customer_keeps_his_language_and_his_name() -> None:
    invoice = invoiced(an_order(postcode="4000"))
    draft = credit(Cancellation(), invoice, order=an_order(company="Acme"))
    assert (draft.language, draft.buyer, draft.reason) == ("fr", invoice.draft.buyer, "La commande 238 est annulée")


def test_a_refund_after_an_amount_that_a_person_credited_is_asked_about() -> None:
    invoice, refund = invoiced(an_order(a_line("30.00"), paid=True)), a_refund("6.05", a_line("5.00"))
    by_amount = replace(credit(CreditSelection(amount=D("6.05")), invoice), cause="credit:F2026-1")
    by_line = replace(credit(CreditSelection(lines=(SelectedLine(0, D(1)),)), invoice), cause="credit:F2026-1")
    other_refund = credit(a_refund("6.05"), invoice)  # the shop's own word

    def asked(already: Draft) -> list[str]:
        return [problem.code for problem in credit(refund, invoice, (already,)).problems if problem.asks]

    assert asked(by_amount) == ["credited_by_hand"]
    assert "credited_by_hand" not in asked(by_line) + asked(other_refund)
