"""Which documents are due: a table of triggers, then what history, refunds and changes do to it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.factories import (
    SINCE,
    TODAY,
    a_history,
    a_line,
    a_refund,
    a_shop,
    an_address,
    an_order,
    issued,
    with_next,
)
from worker.domain.decide import decide_documents, draft_reissue
from worker.domain.decision import Decision
from worker.domain.document import Draft, History, Kind, SendMode
from worker.domain.order import Order, Refund
from worker.domain.party import Address
from worker.domain.rules import BuyerFilter, Rule, Trigger
from worker.domain.shop import OrderSettings, Shop, VatSettings
from worker.errors import Rejected
from worker.invoicing.outcome import summarize
from worker.message import Message


def look(order: Order, history: History | None = None, shop: Shop | None = None, *refunds: Refund) -> Decision:
    return decide_documents(order, refunds, history or History(), shop or a_shop(), TODAY)


def settle(order: Order, history: History, shop: Shop, *refunds: Refund) -> History:
    """Look and issue until nothing new is due, as the caller does."""
    for _ in range(10):
        due = decide_documents(order, refunds, history, shop, TODAY).drafts
        if not due:
            return history
        history = with_next(history, *due)
    raise AssertionError("something is due for ever")


def causes(drafts: tuple[Draft, ...]) -> list[str]:
    return [draft.cause for draft in drafts]


def codes(verdict: Decision) -> list[str]:
    return [finding.code for finding in verdict.rule_results]


def invoice_of(order: Order) -> Draft:
    (draft,) = look(replace(order, paid_at=order.created_at)).drafts
    return draft


CREATED, PAID, PROCESSING, COMPLETED = "created", "paid", "processing", "completed"


# A status that the shop names comes in no order.
MOMENTS = [moment for moment in Trigger if moment is not Trigger.STATUS]


@pytest.mark.parametrize(
    ("status", "paid", "reached"),
    [
        ("pending", False, set()),
        ("on-hold", False, {CREATED}),
        ("processing", False, {CREATED, PROCESSING}),  # cash on delivery: not paid
        ("processing", True, {CREATED, PAID, PROCESSING}),
        ("completed", False, {CREATED, PAID, PROCESSING, COMPLETED}),
        ("completed", True, {CREATED, PAID, PROCESSING, COMPLETED}),
        ("pending", True, {CREATED, PAID}),
        ("await-ship", False, set()),
        ("await-ship", True, {CREATED, PAID}),
        ("failed", False, set()),
        ("cancelled", False, set()),
        ("refunded", False, set()),
        ("refunded", True, {CREATED, PAID, PROCESSING}),
        ("cancelled", True, {CREATED, PAID, PROCESSING}),
        ("checkout-draft", False, set()),
        ("auto-draft", True, set()),
        ("trash", True, set()),
    ],
)
def test_an_invoice_is_due_from_its_moment_on(status: str, paid: bool, reached: set[str]) -> None:
    order = an_order(status=status, paid=paid)
    due = {moment for moment in MOMENTS if look(order, shop=a_shop(f"invoice:{moment}:send")).drafts}
    assert due == reached


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(status="pending"), "not_paid"),
        (an_order(status="processing"), "not_paid"),
        (an_order(status="checkout-draft"), "draft_order"),
        (an_order(status="trash", paid=True), "trashed"),
        (an_order(status="cancelled"), "never_paid"),
        (an_order(status="failed"), "never_paid"),
        (an_order(paid=True, created_at=datetime(2025, 12, 31, tzinfo=UTC)), "before_orders_since"),
        (an_order(paid=True), "fired"),
    ],
)
def test_a_finding_says_why(order: Order, code: str) -> None:
    finding = look(order).rule_results[0]
    assert (finding.rule, finding.code, finding.fired) == ("invoice:paid:send", code, code == "fired")
    assert str(finding.message).endswith(".")


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_order_before_its_trigger_is_told_which_one(moment: Trigger) -> None:
    assert codes(look(an_order(status="pending"), shop=a_shop(f"invoice:{moment}:send")))[0] == f"not_{moment}"


@pytest.mark.parametrize(
    ("status", "paid", "code"),
    [
        ("await-ship", False, "fired"),  # whatever the rules know of paying: the owner said so
        ("await-ship", True, "fired"),
        ("on-hold", False, "fired"),
        ("packed", True, "not_status"),
        ("completed", True, "not_status"),
        ("cancelled", False, "never_paid"),
    ],
)
def test_a_rule_for_a_status_holds_while_the_order_is_in_it(status: str, paid: bool, code: str) -> None:
    wanted = status if code == "fired" else "await-ship"
    # What a status stands for is another question.
    shop = a_shop(f"invoice:status={wanted}:send", orders=OrderSettings(SINCE, {"packed": "completed"}))

    assert codes(look(an_order(status=status, paid=paid), shop=shop))[0] == code


@pytest.mark.parametrize(
    ("status", "rules", "missed"),
    [
        ("completed", ["invoice:status=await-ship:send"], ["invoice"]),
        ("processing", ["invoice:status=await-ship:send"], []),  # it may come to it
        ("packed", ["invoice:status=await-ship:send"], []),  # nobody knows which comes first
        ("await-ship", ["invoice:status=await-ship:send"], []),
        ("cancelled", ["invoice:status=await-ship:send"], ["invoice"]),  # it was paid
        ("refunded", ["invoice:status=await-ship:send"], ["invoice"]),
        ("trash", ["invoice:status=await-ship:send"], []),
        ("completed", ["invoice:status=await-ship:send", "invoice:paid:draft"], []),
        ("completed", ["invoice:status=await-ship:send:buyer=business"], []),  # not its rule
        ("completed", ["invoice:status=a:send:buyer=business", "invoice:status=await-ship:send"], ["invoice"]),
        ("completed", ["order_confirmation:status=await-ship:send"], []),  # many an order does without
        ("cancelled", ["order_confirmation:status=await-ship:send"], []),  # nothing is left to be confirmed
        ("completed", ["delivery_note:status=a:send", "invoice:status=a:send"], ["invoice"]),
    ],
)
def test_an_order_that_has_passed_the_status_of_its_document_unseen_is_told_of(
    status: str, rules: list[str], missed: list[str]
) -> None:
    flags = look(an_order(status=status, paid=True), shop=a_shop(*rules)).flags

    assert [(flag.code, str(flag.message.values["kind"])) for flag in flags if flag.code == "status_missed"] == [
        ("status_missed", kind) for kind in missed
    ]


@pytest.mark.parametrize(
    ("status", "kind", "missed"),
    [
        ("shipped", "order_confirmation", ["order confirmation"]),
        ("completed", "delivery_note", ["delivery note"]),
        ("cancelled", "delivery_note", []),
    ],
)
def test_another_document_than_the_invoice_is_missed_only_where_other_orders_prove_that_its_status_was_passed(
    status: str, kind: str, missed: list[str]
) -> None:
    proved = History(passed_statuses=frozenset({"packed"}))
    flags = look(an_order(status=status, paid=True), proved, a_shop(f"{kind}:status=packed:send")).flags

    assert [str(flag.message.values["kind"]) for flag in flags] == missed


def test_no_confirmation_is_missed_of_an_order_that_is_invoiced() -> None:
    shop = a_shop("order_confirmation:status=packed:send", "invoice:paid:send")
    order = an_order(status="completed", paid=True)
    proved = History(passed_statuses=frozenset({"packed"}))
    decision = look(order, proved, shop)
    (invoice,) = decision.drafts

    assert decision.flags == ()
    assert look(order, replace(proved, documents=(issued(invoice),)), shop).flags == ()


@pytest.mark.parametrize(
    ("status", "passed", "words"),
    [
        ("shipped", {"packed"}, "it has passed the status “packed”"),
        ("completed", {"packed"}, "it has passed the status “packed”"),
        ("completed", set(), "it was not seen in the status “packed”"),
        ("cancelled", {"packed"}, "it was not seen in the status “packed”"),
    ],
)
def test_that_a_status_was_passed_is_said_only_where_it_is_proved(status: str, passed: set[str], words: str) -> None:
    known = History(passed_statuses=frozenset(passed))
    flags = look(an_order(status=status, paid=True), known, a_shop("invoice:status=packed:send")).flags
    (flag,) = [flag for flag in flags if flag.code == "status_missed"]

    assert words in str(flag.message)


@pytest.mark.parametrize("send_mode", ["send", "draft"])
def test_what_was_missed_says_how_the_rule_would_have_sent_it(send_mode: str) -> None:
    rules = ("invoice:status=packed:send:buyer=business", f"invoice:status=packed:{send_mode}")
    (flag,) = look(an_order(status="completed", paid=True), shop=a_shop(*rules)).flags

    assert flag.message.values["send_mode"] == send_mode


def test_an_order_that_is_cancelled_and_was_never_paid_missed_nothing() -> None:
    assert look(an_order(status="cancelled"), shop=a_shop("invoice:status=await-ship:send")).flags == ()


@pytest.mark.parametrize(
    ("status", "history", "is_missed"),
    [
        ("shipped", History(passed_statuses=frozenset({"packed"})), True),
        ("picking", History(coming_statuses=frozenset({"packed"})), False),
        ("completed", History(coming_statuses=frozenset({"packed"})), False),  # the shop's own comes after it
        ("completed", History(passed_statuses=frozenset({"packed"})), True),
    ],
)
def test_which_of_a_shop_s_own_statuses_comes_first_its_other_orders_say(
    status: str, history: History, is_missed: bool
) -> None:
    flags = look(an_order(status=status, paid=True), history, a_shop("invoice:status=packed:send")).flags

    assert [flag.code for flag in flags] == (["status_missed"] if is_missed else [])


@pytest.mark.parametrize("status", ["shipped", "completed", "processing"])
def test_an_order_that_was_seen_in_a_status_has_reached_its_rule_whatever_the_rules_were_then(status: str) -> None:
    seen = History(seen_statuses=frozenset({"packed"}))
    decision = look(an_order(status=status, paid=True), seen, a_shop("invoice:status=packed:draft:country=BE"))

    assert (codes(decision)[0], decision.flags) == ("fired", ())


def test_an_order_that_is_invoiced_by_hand_or_whose_draft_was_discarded_missed_nothing() -> None:
    shop = a_shop("invoice:status=await-ship:send")
    order = an_order(status="await-ship", paid=True)
    (draft,) = look(order, shop=shop).drafts
    for history in (a_history(issued(draft)), a_history(discarded=[draft]), a_history(kept=[draft])):
        assert look(replace(order, status="completed"), history, shop).flags == ()


def test_an_order_whose_invoice_was_cancelled_with_it_missed_nothing() -> None:
    shop = a_shop("invoice:status=await-ship:send")
    order = an_order(status="await-ship", paid=True)
    invoice = issued(look(order, shop=shop).drafts[0])
    credit_note, _ = draft_reissue(order, invoice, a_history(invoice), shop, TODAY)
    history = a_history(invoice, issued(credit_note, document_id=2, number="C2026-00001"))

    assert "status_missed" not in [flag.code for flag in look(replace(order, status="cancelled"), history, shop).flags]


def test_an_order_in_another_status_is_told_both() -> None:
    (finding, *_) = look(an_order(status="packed"), shop=a_shop("invoice:status=await-ship:send")).rule_results

    assert str(finding.message) == "The order is not in the status “await-ship”; its status is “packed”."


def test_a_pending_order_counts_when_staff_made_it() -> None:
    assert look(an_order(status="pending", created_via="admin"), shop=a_shop("invoice:created:send")).drafts


def test_a_pending_order_counts_when_the_shop_asks_for_it() -> None:
    assert look(
        an_order(status="pending"),
        shop=a_shop("invoice:created:send", orders=OrderSettings(SINCE, pending_is_placed=True)),
    ).drafts


def test_a_mapped_status_counts_as_the_built_in_one() -> None:
    shop = a_shop("invoice:paid:send", orders=OrderSettings(SINCE, {"delivered": "completed"}))
    assert look(an_order(status="delivered", payment_method="cod"), shop=shop).drafts[0].paid_on


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"buyer": BuyerFilter.BUSINESS}, "condition_buyer"),
        ({"payment_methods": ("cod",)}, "condition_payment_method"),
        ({"countries": ("NL", "FR")}, "condition_country"),
        ({"minimum_total": Decimal("15.01")}, "condition_minimum_total"),
    ],
)
def test_a_condition_that_is_not_met_makes_nothing(condition: dict[str, object], code: str) -> None:
    rule = replace(Rule(Kind.INVOICE, Trigger.PAID), **condition)  # type: ignore[arg-type]  # fields by name
    verdict = look(an_order(paid=True), shop=a_shop(rules=(rule,)))
    assert (verdict.drafts, codes(verdict)[0]) == ((), code)


def test_conditions_that_are_met_make_the_document() -> None:
    rule = Rule(
        Kind.INVOICE,
        Trigger.PAID,
        buyer=BuyerFilter.BUSINESS,
        payment_methods=("bacs", "cod"),
        countries=("BE",),
        minimum_total=Decimal("15.00"),
    )
    assert look(an_order(paid=True, company="Acme"), shop=a_shop(rules=(rule,))).drafts


def test_several_rules_fire_in_their_order() -> None:
    shop = a_shop("order_confirmation:created:send", "delivery_note:processing:draft", "invoice:paid:send")
    due = look(an_order(paid=True), shop=shop).drafts
    assert [(draft.cause, draft.send_mode) for draft in due] == [
        ("order:238:order_confirmation:1", SendMode.SEND),
        ("order:238:delivery_note:1", SendMode.DRAFT),
        ("order:238:invoice:1", SendMode.SEND),
    ]


def test_two_rules_for_one_kind_make_one_document_and_the_first_wins() -> None:
    verdict = look(an_order(status="completed"), shop=a_shop("invoice:paid:draft", "invoice:completed:send"))
    assert [draft.send_mode for draft in verdict.drafts] == [SendMode.DRAFT]
    assert codes(verdict)[:2] == ["fired", "already_made"]


def test_a_refunded_order_gets_its_invoice_but_no_confirmation() -> None:
    order = an_order(status="refunded", paid=True)
    verdict = look(order, shop=a_shop("order_confirmation:created:send", "invoice:paid:send"))
    assert causes(verdict.drafts) == ["order:238:invoice:1"]
    assert codes(verdict)[0] == "order_over"


def test_what_was_made_is_not_made_again() -> None:
    order = an_order(paid=True)
    verdict = look(order, a_history(issued(invoice_of(order))))
    assert (verdict.drafts, codes(verdict)[0], verdict.flags) == ((), "already_made", ())
    assert summarize((), (), verdict) == ("already_made", Message("Nothing new is due for this order."))


def test_what_was_made_for_an_older_order_is_found_again() -> None:
    order = an_order(paid=True)
    late = a_shop().with_orders_since(order.created_at.replace(year=2027))
    assert codes(look(order, a_history(issued(invoice_of(order))), late))[0] == "already_made"


def test_a_waiting_draft_is_drafted_again() -> None:
    order = an_order(paid=True)
    verdict = look(order, a_history(kept=[invoice_of(order)]))
    assert (causes(verdict.drafts), codes(verdict)[0]) == (["order:238:invoice:1"], "draft_waits")


def test_a_discarded_draft_does_not_come_back() -> None:
    order = an_order(paid=True)
    verdict = look(order, a_history(discarded=[invoice_of(order)]))
    assert (verdict.drafts, codes(verdict)[0]) == ((), "discarded")


# Refunds


def test_a_refund_in_one_run_waits_for_the_invoice() -> None:
    refund = a_refund("15.00")
    order = an_order(status="refunded", paid=True, refunds=[refund])
    first = look(order, None, None, refund)
    assert (causes(first.drafts), codes(first)) == (["order:238:invoice:1"], ["fired", "after_invoice"])
    second = look(order, with_next(History(), *first.drafts), None, refund)
    assert (causes(second.drafts), codes(second)) == (["refund:301"], ["already_made", "fired"])


def test_each_refund_has_its_credit_note() -> None:
    refunds = [a_refund("5.00", refund_id=301), a_refund("10.00", refund_id=302)]
    order = an_order(status="refunded", paid=True, refunds=refunds)
    history = settle(order, History(), a_shop(), *refunds)
    made = [(document.draft.cause, document.draft.total) for document in history.documents]
    assert made == [
        ("order:238:invoice:1", Decimal("15.00")),
        ("refund:301", Decimal("5.00")),
        ("refund:302", Decimal("10.00")),
    ]


def test_a_refund_without_an_invoice_makes_nothing() -> None:
    refund = a_refund("15.00")
    verdict = look(an_order(status="refunded", refunds=[refund]), None, None, refund)
    assert (verdict.drafts, codes(verdict)) == ((), ["never_paid", "no_invoice"])


def test_a_refund_that_could_not_be_read_makes_nothing() -> None:
    order = an_order(paid=True)
    verdict = look(
        replace(order, refunds=an_order(refunds=[a_refund("5.00")]).refunds), a_history(issued(invoice_of(order)))
    )
    assert (verdict.drafts, codes(verdict)) == ((), ["already_made", "refund_unread"])


@pytest.mark.parametrize(
    ("amount", "thrown", "code"), [("5.00", ["refund:301"], "discarded"), ("0.00", [], "nothing_refunded")]
)
def test_a_refund_that_makes_nothing_says_why(amount: str, thrown: list[str], code: str) -> None:
    refund = a_refund(amount)
    order = an_order(paid=True, refunds=[refund])
    invoice = invoice_of(order)
    history = a_history(issued(invoice), discarded=[replace(invoice, cause=cause) for cause in thrown])
    verdict = look(order, history, None, refund)
    assert (verdict.drafts, codes(verdict)[-1]) == ((), code)


def test_a_refund_after_one_that_was_deleted_asks_whether_it_stands_in_its_place() -> None:
    order, shop = an_order(paid=True), a_shop()
    history = settle(order, History(), shop, a_refund("5.00"))
    for amount, credited in (("4.00", "4.00"), ("15.00", "10.00")):
        refund = a_refund(amount, refund_id=302)
        (draft,) = look(replace(order, refunds=an_order(refunds=[refund]).refunds), history, shop, refund).drafts
        (problem,) = draft.problems
        assert (problem.code, problem.asks, str(draft.total)) == ("refund_replaced", True, credited)
        assert f"issue this draft of {credited} EUR" in str(problem.message)


def test_a_deleted_refund_is_flagged() -> None:
    refund = a_refund("5.00")
    history = settle(an_order(paid=True, refunds=[refund]), History(), a_shop(), refund)
    assert [flag.code for flag in look(an_order(paid=True), history).flags] == ["refund_deleted"]


def test_an_invoice_that_was_credited_by_hand_is_left_alone() -> None:
    order = an_order(paid=True)
    history = a_history(issued(invoice_of(order)))
    by_hand = replace(
        draft_reissue(order, history.documents[0], history, a_shop(), TODAY)[0], cause="credit:F2026-00001"
    )
    refund = a_refund("15.00")
    changed = an_order(status="refunded", paid=True, company="Acme", refunds=[refund])
    verdict = look(changed, with_next(history, by_hand), None, refund)
    assert (verdict.drafts, codes(verdict), verdict.flags) == ((), ["already_made", "nothing_remaining"], ())


def test_credit_notes_follow_their_own_send_mode() -> None:
    refund = a_refund("5.00")
    order = an_order(paid=True, refunds=[refund])
    history = a_history(issued(invoice_of(order)))
    assert look(order, history, a_shop(credit_notes=SendMode.DRAFT), refund).drafts[0].send_mode is SendMode.DRAFT


# Cancelling, and crediting and issuing again


def unpaid_invoice() -> tuple[Order, History]:
    order = an_order(status="on-hold")
    (draft,) = look(order, shop=a_shop("invoice:created:send")).drafts
    return order, a_history(issued(draft))


def test_a_cancelled_order_has_its_unpaid_invoice_credited_by_a_draft() -> None:
    order, history = unpaid_invoice()
    (draft,) = look(replace(order, status="cancelled"), history).drafts
    assert (draft.cause, draft.kind, draft.send_mode) == ("cancel:F2026-00001", Kind.CREDIT_NOTE, SendMode.DRAFT)
    assert (draft.total, draft.lines, draft.reason) == (
        Decimal("15.00"),
        history.documents[0].draft.lines,
        "Bestelling 238 is geannuleerd",
    )


def test_the_credit_note_of_a_cancelled_order_waits_on_in_the_bin() -> None:
    order, history = unpaid_invoice()
    (draft,) = look(replace(order, status="cancelled"), history).drafts
    binned = replace(order, status="trash")
    waiting, discarded = (
        look(binned, a_history(*history.documents, **{state: [draft]})) for state in ("kept", "discarded")
    )
    assert (causes(waiting.drafts), waiting.flags) == (["cancel:F2026-00001"], ())
    assert (discarded.drafts, [flag.code for flag in discarded.flags]) == ((), ["in_bin_but_invoiced"])


def test_a_cancellation_that_was_discarded_or_done_stays_so() -> None:
    order, history = unpaid_invoice()
    order = replace(order, status="cancelled")
    (draft,) = look(order, history).drafts
    discarded = look(order, a_history(*history.documents, discarded=[draft]))
    done = look(order, with_next(history, draft))
    assert [(verdict.drafts, codes(verdict)[-1]) for verdict in (discarded, done)] == [
        ((), "discarded"),
        ((), "already_made"),
    ]


def test_a_free_invoice_leaves_nothing_to_cancel() -> None:
    order = an_order(a_line("0.00"), status="on-hold")
    (draft,) = look(order, shop=a_shop("invoice:created:send")).drafts
    verdict = look(replace(order, status="cancelled"), a_history(issued(draft)))
    assert (verdict.drafts, codes(verdict)[-1]) == ((), "nothing_remaining")


def test_a_refund_of_a_cancelled_invoice_has_nothing_to_credit() -> None:
    order, history = unpaid_invoice()
    refund = a_refund("15.00")
    order = replace(order, status="cancelled", refunds=an_order(refunds=[refund]).refunds)
    history = with_next(history, *look(replace(order, refunds=()), history).drafts)
    assert [
        finding.code for finding in look(order, history, None, refund).rule_results if "refund" in finding.rule
    ] == ["no_invoice"]


def test_a_cancelled_order_that_was_paid_waits_for_its_refund() -> None:
    order = an_order(status="cancelled", paid=True)
    verdict = look(order, a_history(issued(invoice_of(an_order(paid=True)))))
    assert (verdict.drafts, codes(verdict)[-1]) == ((), "not_refunded")
    assert [flag.code for flag in verdict.flags] == ["cancelled_but_paid"]


@pytest.mark.parametrize("paid", [True, False])
def test_a_binned_order_whose_invoice_stands_is_told_until_it_is_credited(paid: bool) -> None:
    binned = an_order(status="trash", paid=paid)
    history = a_history(issued(invoice_of(an_order(paid=paid))))
    verdict = look(binned, history)
    assert (verdict.drafts, [flag.code for flag in verdict.flags]) == ((), ["in_bin_but_invoiced"])
    credit_note = draft_reissue(an_order(paid=paid), history.documents[0], history, a_shop(), TODAY)[0]
    assert look(binned, with_next(history, credit_note)).flags == ()
    test = a_history(issued(replace(history.documents[0].draft, test=True)))  # of which no VAT is due
    assert look(binned, test).flags == ()


def test_an_order_that_comes_back_after_its_cancellation_has_a_second_invoice() -> None:
    shop = a_shop("invoice:created:send")
    order, history = unpaid_invoice()
    history = settle(replace(order, status="cancelled"), history, shop)
    assert causes(look(order, history, shop).drafts) == ["order:238:invoice:2"]


def test_full_refunds_alone_bring_no_second_invoice() -> None:
    refund = a_refund("15.00")
    order = an_order(status="refunded", paid=True, refunds=[refund])
    history = settle(order, History(), a_shop(), refund)
    assert causes(tuple(document.draft for document in history.documents)) == ["order:238:invoice:1", "refund:301"]


def test_credit_and_issue_again_gives_both_documents() -> None:
    order = an_order(paid=True)
    invoice = issued(invoice_of(order))
    credit_note, again = draft_reissue(
        an_order(paid=True, company="Acme"), invoice, a_history(invoice), a_shop(), TODAY
    )
    assert (credit_note.cause, credit_note.total) == ("cancel:F2026-00001", Decimal("15.00"))
    assert (again.cause, again.total, again.buyer.company) == ("order:238:invoice:2", Decimal("15.00"), "Acme")


def test_after_issuing_again_nothing_is_due_and_nothing_is_flagged() -> None:
    order, changed = an_order(paid=True), an_order(paid=True, company="Acme")
    history = a_history(issued(invoice_of(order)))
    history = with_next(history, *draft_reissue(changed, history.documents[0], history, a_shop(), TODAY))
    verdict = look(changed, history)
    assert (verdict.drafts, verdict.flags) == ((), ())


def test_a_refund_from_before_issuing_again_is_credited_on_the_new_invoice_too() -> None:
    refund = a_refund("5.00")
    order = an_order(paid=True, refunds=[refund])
    history = settle(order, History(), a_shop(), refund)
    history = with_next(history, *draft_reissue(order, history.documents[0], history, a_shop(), TODAY))
    history = settle(order, history, a_shop(), refund)
    signed = [(d.draft.cause, -d.draft.total if d.draft.corrects else d.draft.total) for d in history.documents]
    assert [cause for cause, _ in signed] == [
        "order:238:invoice:1",
        "refund:301",
        "cancel:N1",
        "order:238:invoice:2",
        "refund:301:2",
    ]
    assert sum(amount for _, amount in signed) == Decimal("10.00")


def test_an_invoice_that_is_gone_cannot_be_issued_again() -> None:
    refund = a_refund("15.00")
    order = an_order(status="refunded", paid=True, refunds=[refund])
    history = settle(order, History(), a_shop(), refund)
    with pytest.raises(Rejected, match="credited in full"):
        draft_reissue(order, history.documents[0], history, a_shop(), TODAY)


# Changes after the invoice


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (an_order(a_line("24.80", quantity="2"), paid=True), "total 15.00 EUR → 30.01 EUR"),
        (an_order(paid=True, company="Acme"), "company empty → Acme"),
        (an_order(paid=True, vat_number_given="BE0403170701"), "VAT number empty → BE0403170701"),
        (an_order(a_line("14.15", "6"), paid=True), "charged at 6 % 0.00 EUR → 15.00 EUR"),
        (
            an_order(a_line(name="Theemok"), paid=True),
            "without 1 × “Koffiemok” 12.40 EUR; with 1 × “Theemok” 12.40 EUR",
        ),
    ],
)
def test_an_order_that_changed_after_its_invoice_is_flagged(changed: Order, told: str) -> None:
    verdict = look(changed, a_history(issued(invoice_of(an_order(paid=True)))))
    assert verdict.drafts == ()
    assert [flag.code for flag in verdict.flags] == ["changed_after_invoice"]
    assert told in str(verdict.flags[0].message)


MOVED = Address("Veldstraat 1", "", "9000", "Gent", "", "BE")


def with_address(**fields: str) -> Order:
    order = an_order(paid=True)
    return replace(order, billing=replace(order.billing, address=replace(MOVED, **fields)))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"street": "Dorpsstraat 7"}, "address Veldstraat 1, 9000 Gent, BE → Dorpsstraat 7, 9000 Gent, BE"),
        ({"street": "Veldstraat 1/2"}, "→ Veldstraat 1/2, 9000 Gent, BE"),
        ({"street_2": "bus 3"}, "→ Veldstraat 1, bus 3, 9000 Gent, BE"),
        ({"postcode": "9050"}, "→ Veldstraat 1, 9050 Gent, BE"),
        ({"city": "Gentbrugge"}, "→ Veldstraat 1, 9000 Gentbrugge, BE"),
        ({"state": "VOV"}, "→ Veldstraat 1, 9000 Gent, VOV, BE"),
        ({"country": "NL"}, "→ Veldstraat 1, 9000 Gent, NL"),
        ({"street": "VELDSTRAAT 1", "city": "gent"}, ""),
        ({"street": "Veldstraat  1 "}, ""),
        ({"postcode": "", "city": "9000 Gent"}, ""),
        ({"street": "Veldstraat", "street_2": "1"}, ""),
    ],
)
def test_another_address_is_flagged_and_another_spelling_is_not(now: dict[str, str], told: str) -> None:
    flags = look(with_address(**now), a_history(issued(invoice_of(with_address())))).flags
    found = [str(flag.message) for flag in flags if flag.code == "changed_after_invoice"]
    assert len(found) == bool(told)
    assert told in "".join(found)


def delivered_to(order: Order, address: Address) -> Order:
    return replace(order, shipping=replace(order.shipping, address=address))


def delivered(address: Address, *, rate: str | None = "21", **more: Any) -> Order:
    return an_order(a_line("100.00", rate), paid=True, ship_to=address, **more)


BERLIN, MADRID = (an_address("DE", postcode="10115"), an_address("ES", postcode="28001"))
TO_BERLIN = delivered(BERLIN, rate=None, country="DE", postcode="10115", vat_number_given="DE136695976")
TO_MADRID = delivered(MADRID, country="ES", postcode="28001")
AT_HOME = delivered(MOVED, purchase_order="PO-7", peppol_address_given="0088:5412345000013")


@pytest.mark.parametrize(
    ("before", "changed", "told"),
    [
        (TO_BERLIN, delivered_to(TO_BERLIN, MOVED), "delivery address Veldstraat 1, 10115 Gent, DE → Veldstraat 1, 9000 Gent, BE"),
        (TO_BERLIN, delivered_to(TO_BERLIN, an_address("US")), "delivery address"),
        (TO_MADRID, delivered_to(TO_MADRID, MOVED), "delivery address"),
        (TO_MADRID, delivered_to(TO_MADRID, an_address("ES", postcode="35001")), "delivery address"),  # the Canary Islands
        (TO_MADRID, delivered_to(TO_MADRID, an_address("ES", postcode="28002")), ""),
        (AT_HOME, delivered_to(AT_HOME, an_address("BE", street="Dorpsstraat 7")), ""),
        (AT_HOME, replace(AT_HOME, purchase_order="PO-8"), "purchase order number PO-7 → PO-8"),
        (AT_HOME, replace(AT_HOME, purchase_order=""), "purchase order number PO-7 → empty"),
        (AT_HOME, replace(AT_HOME, peppol_address_given="9925:BE0403170701"), "Peppol address 0088:5412345000013 → 9925:BE0403170701"),
        (AT_HOME, replace(AT_HOME, peppol_address_given="0088 : 5412345000013"), ""),
        (AT_HOME, AT_HOME, ""),
    ],
)  # fmt: skip
def test_where_it_goes_and_what_the_buyer_asked_to_be_on_it_is_flagged_too(
    before: Order, changed: Order, told: str
) -> None:
    flags = look(changed, a_history(issued(invoice_of(before)))).flags
    found = [str(flag.message) for flag in flags if flag.code == "changed_after_invoice"]
    assert len(found) == bool(told)
    assert told in "".join(found)


def test_settings_that_changed_since_are_no_change_of_the_order() -> None:
    order = an_order(paid=True)
    shop = a_shop(language="fr", vat=VatSettings(as_charged=True), payment_days=8)
    assert look(order, a_history(issued(invoice_of(order))), shop).flags == ()


def test_a_wrong_vat_number_is_shown_and_stops_nothing_where_the_buyer_need_not_give_one() -> None:
    verdict = look(an_order(paid=True, vat_number_given="none"))
    assert verdict.drafts[0].problems == ()
    assert [flag.code for flag in verdict.flags] == ["vat_number_wrong"]


def test_a_wrong_number_of_a_belgian_business_holds_its_invoice_and_is_told_once() -> None:
    """It cannot deduct the VAT of such an invoice, and Peppol knows it by no other name."""
    verdict = look(an_order(paid=True, company="Bakkerij Janssens BV", vat_number_given="BE0403170702"))
    assert [problem.code for problem in verdict.drafts[0].problems] == ["vat_number_wrong"]
    assert verdict.flags == ()


def test_a_rate_that_the_country_does_not_know_makes_a_draft() -> None:
    verdict = look(an_order(a_line("100.00", "19.5"), paid=True))
    assert [problem.code for problem in verdict.drafts[0].problems] == ["rate_unknown"]
    assert verdict.flags == ()


def test_an_incomplete_seller_makes_drafts_only() -> None:
    shop = a_shop("invoice:paid:send")
    shop = replace(shop, seller=replace(shop.seller, vat_number="", enterprise_number=""))
    (problem,) = look(an_order(paid=True), shop=shop).drafts[0].problems
    assert problem.code == "seller_incomplete"
    assert "VAT number" in str(problem.message)
