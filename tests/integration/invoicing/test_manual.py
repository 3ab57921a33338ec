"""What a person decides: issue, discard, send again, mark paid, credit, credit and issue again."""

import json
from decimal import Decimal

import pytest

from tests.support.reports import FOLDER as REPORTS
from tests.support.system import SELLER, System
from tests.support.task_requests import id_of
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.demo.orders import Payload, a_refund, an_order, php_json
from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.rules import Rule, Trigger
from worker.errors import OrderGone, Rejected
from worker.invoicing import issue, manual
from worker.invoicing.manual import Credit
from worker.invoicing.request import IssueAnswer
from worker.maintenance import retention
from worker.orders.fetch import FetchedOrder
from worker.store import payment_rows, payments
from worker.store.shops import Secrets
from worker.woocommerce.payload import parse_order

KEEP = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),)
ONE_MUG = (("Koffiemok blauw", "MUG-1", 1, "8.26", "21"),)
TWO_MUGS = (("Koffiemok blauw", "MUG-1", 2, "12.40", "21"),)
BY_CARD = {"payment_method": "stripe", "transaction_id": "pi_1"}
BY_TRANSFER = {"payment_method": "bacs"}
# On the day before a test begins.
PAID_BEFORE = {"date_paid": "2026-11-22T10:00:00", "date_paid_gmt": "2026-11-22T10:00:00"}


def paid(order_id: int = 238, **overrides: object) -> Payload:
    return an_order(id=order_id, paid=True, **overrides)  # type: ignore[arg-type]  # overrides are the order's fields


def kept(system: System, order: Payload) -> int:
    system.change_shop(rules=KEEP)
    (draft,) = system.arrives(order)
    assert draft.stored_draft is not None
    return draft.stored_draft.draft_id


def flags(system: System) -> list[str]:
    seen = system.trail(238).order
    return [flag.code for flag in seen.flags] if seen else []


def test_a_waiting_draft_is_issued_without_a_mail(system: System) -> None:
    manual.issue_waiting_draft(system.services, kept(system, paid()), IssueAnswer(send=False), by=system.person)
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert system.mailbox.messages() == ()
    assert len(system.notes(238)) == 1


def test_a_waiting_draft_is_issued_and_mailed(system: System) -> None:
    manual.issue_waiting_draft(system.services, kept(system, paid()), IssueAnswer(send=True), by=system.person)
    system.work()
    assert len(system.mailbox.messages()) == 1


def test_a_refund_made_while_the_draft_waited_is_credited_after_it_was_issued(system: System) -> None:
    draft_id = kept(system, paid())
    system.shop.refund(238, a_refund(paid(), id=301, amount="5.00"))
    system.receive(paid())
    system.work()
    manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=True), by=system.person)
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]


def test_issuing_fetches_the_order_again(system: System) -> None:
    draft_id = kept(system, paid())
    system.shop.place(paid(lines=TWO_MUGS))
    document = manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=False), by=system.person)
    assert document.draft.lines[0].quantity == 2


def test_a_draft_is_issued_once(system: System) -> None:
    draft_id = kept(system, paid())
    manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=False), by=system.person)
    with pytest.raises(Rejected, match="no draft"):
        manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=False), by=system.person)
    assert system.numbers() == ["F2026-00001"]


def test_a_draft_whose_check_still_fails_takes_no_number(system: System) -> None:
    system.change_shop(seller=Seller(name="Zonder nummer", address=SELLER.address))
    (draft,) = system.arrives(paid())
    assert draft.stored_draft is not None
    with pytest.raises(Rejected, match="VAT number"):
        manual.issue_waiting_draft(
            system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person
        )
    system.change_shop(seller=SELLER)
    manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person)
    assert system.numbers() == ["F2026-00001"]


def test_a_draft_of_an_order_that_is_no_longer_paid_is_refused(system: System) -> None:
    draft_id = kept(system, paid())
    system.shop.place(an_order(id=238, paid=False, status="on-hold"))
    with pytest.raises(Rejected, match="no longer calls for this invoice"):
        manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=True), by=system.person)


def test_a_discarded_draft_does_not_come_back(system: System) -> None:
    system.act(document_actions.discard_draft, kept(system, paid()))
    assert system.arrives(paid()) == ()


def test_a_document_is_mailed_again_as_a_mail_of_its_own(system: System) -> None:
    (invoice,) = system.arrives(paid())
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    first, second = system.mailbox.messages()
    assert first.attachments[0].content == second.attachments[0].content
    assert first.message_id != second.message_id


@pytest.mark.parametrize("method", ["bacs", "mollie_wc_gateway_ideal"])
@pytest.mark.parametrize(("came", "said"), [("5.00", "4,99"), ("9.99", "Betaald op 23 november 2026")])
def test_an_invoice_mailed_again_asks_only_for_the_rest_and_by_transfer(
    system: System, method: str, came: str, said: str
) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    order = an_order(id=9, status="on-hold", paid=False, payment_method=method, lines=ONE_MUG, shipping=None)
    pay = "https://shop.test/order-pay/9/?pay_for_order=true"
    (invoice,) = system.arrives(order | {"needs_payment": True, "payment_url": pay})
    assert invoice.document
    now, receipt = system.clock.now, Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", outside_ref="line-1")
    with system.services.store.write() as connection:
        payments.receive(connection, invoice.document.order, Decimal(came), receipt, now=now)
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    first, again = (mail.text for mail in system.mailbox.messages())
    assert (pay in first, pay in again) == (True, False)
    assert (said in first, said in again) == (False, True)
    assert (SELLER.iban[-4:] in again) == (came == "5.00")


def test_money_that_was_taken_back_of_an_order_that_the_shop_calls_paid_is_asked_for_until_it_is_paid_anew(
    system: System,
) -> None:
    by_card = paid(status="completed") | BY_CARD | PAID_BEFORE
    (invoice,) = system.arrives(by_card)
    system.act(document_actions.mark_not_paid, id_of(invoice), on=system.clock.now.date())
    system.act(document_actions.send_again, id_of(invoice))
    for _ in range(2):  # the shop goes on saying that it is paid
        (open_again,) = system.arrives(by_card)
        assert (open_again.open, open_again.is_paid) == (Decimal("22.20"), False)
    mailed = system.mailbox.messages()[-1].text
    assert (SELLER.iban[-4:] in mailed, "22,20" in mailed, "Betaald op" in mailed) == (True, True, False)
    (anew,) = system.arrives(by_card | {"transaction_id": "pi_2"})
    assert anew.is_paid


def test_an_invoice_is_marked_paid_once(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    (invoice,) = system.arrives(an_order(id=9, status="on-hold", paid=False))
    assert system.act(document_actions.mark_paid, id_of(invoice), on=system.clock.now.date())
    assert not system.act(document_actions.mark_paid, id_of(invoice), on=system.clock.now.date())


def test_credit_and_issue_again_makes_the_corrected_pair(system: System) -> None:
    (invoice,) = system.arrives(paid())
    system.arrives(paid(lines=TWO_MUGS))
    assert flags(system) == ["changed_after_invoice"]
    credit_note, corrected = manual.credit(system.services, id_of(invoice), Credit(issue_again=True), by=system.person)
    system.work()
    assert (credit_note.draft.total, corrected.draft.total) == (Decimal("22.20"), Decimal("37.21"))
    assert system.numbers() == ["F2026-00001", "C2026-00001", "F2026-00002"]
    # What was paid of it was the price before.
    assert (corrected.draft.is_paid, corrected.draft.to_pay) == (False, Decimal("15.01"))
    assert flags(system) == ["costs_more"]
    system.arrives(paid(lines=TWO_MUGS))
    assert system.numbers() == ["F2026-00001", "C2026-00001", "F2026-00002"]
    assert flags(system) == ["costs_more"]


@pytest.mark.parametrize(("rest_paid", "is_paid", "left"), [(True, True, []), (False, False, ["costs_more"])])
def test_an_invoice_asks_for_no_rest_that_a_plugin_of_the_shop_may_have_charged_before_a_person_says_so(
    system: System, rest_paid: bool, is_paid: bool, left: list[str]
) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.COMPLETED),))
    system.arrives(paid() | BY_CARD)
    (draft,) = system.arrives(paid(status="completed", lines=TWO_MUGS) | BY_CARD)
    assert (draft.stored_draft is not None, system.mailbox.messages()) == (True, ())
    assert draft.stored_draft
    answer = IssueAnswer(send=True, rest_paid=rest_paid)
    made = manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, answer, by=system.person)
    system.work()
    assert (made.draft.is_paid, made.draft.to_pay) == (is_paid, Decimal("0.00") if is_paid else Decimal("15.01"))
    (invoice,) = system.documents(238)
    assert (invoice.is_paid, flags(system)) == (is_paid, left)


def test_that_the_rest_was_paid_is_no_answer_where_it_is_not_asked(system: System) -> None:
    draft_id = kept(system, paid())
    answer = IssueAnswer(send=True, rest_paid=True)
    with pytest.raises(Rejected, match="is not asked"):
        manual.issue_waiting_draft(system.services, draft_id, answer, by=system.person)


@pytest.mark.parametrize("is_emptied", [False, True])
def test_the_invoice_of_an_order_in_the_bin_is_credited_also_once_the_bin_is_empty_and_its_bodies_are_purged(
    system: System, is_emptied: bool
) -> None:
    (invoice,) = system.arrives(paid())
    system.shop.trash(238)
    system.receive({"id": 238}, topic="order.deleted")
    system.work()
    assert flags(system) == ["in_bin_but_invoiced"]
    if is_emptied:
        system.shop.forget(238)
        system.clock.move(days=200)
        retention.purge(system.services)
    (credit_note,) = manual.credit(system.services, id_of(invoice), by=system.person)
    system.work()
    assert credit_note.draft.total == Decimal("22.20")
    assert flags(system) == ["to_give_back"]
    note = next(step for step in system.documents(238)[-1].steps if step.name == "write_back")
    assert note.state == ("skipped" if is_emptied else "done")  # there is no order to write it on
    with pytest.raises(Rejected):
        manual.credit(system.services, id_of(invoice), by=system.person)
    assert len(system.numbers()) == 2


def test_an_order_that_is_deleted_past_the_bin_says_that_its_invoice_stands_until_it_is_credited(
    system: System,
) -> None:
    (invoice,) = system.arrives(paid())
    system.shop.forget(238)
    for _ in range(2):
        system.receive({"id": 238})
        system.work()
    seen = system.trail(238).order
    assert seen
    assert ([flag.code for flag in seen.flags], seen.status) == (["in_bin_but_invoiced"], "deleted")
    assert "is deleted from the shop, and F2026-00001 stands" in str(seen.flags[0].message)
    manual.credit(system.services, id_of(invoice), by=system.person)
    system.work()
    assert "in_bin_but_invoiced" not in flags(system)


def test_an_order_that_cannot_be_read_without_a_key_is_not_said_to_be_deleted(system: System) -> None:
    system.change_secrets(Secrets(system.connected.secrets.webhook_secrets))
    system.arrives(paid())
    system.act(order_actions.process_again, 238)
    system.work()
    assert (system.outcomes()[-1], flags(system)) == (("done", OrderGone.code), [])


def test_the_draft_of_a_refund_that_lies_in_the_bin_with_its_order_says_what_can_be_done(system: System) -> None:
    system.arrives(paid())
    system.change_shop(seller=Seller(name="Zonder nummer", address=SELLER.address))
    system.shop.refund(238, a_refund(paid(), id=301, amount="5.00"))
    system.receive(paid())
    system.work()
    draft = system.documents(238)[-1].stored_draft
    assert draft is not None
    system.shop.trash(238)
    with pytest.raises(Rejected, match=r"out of the bin to issue it, or credit F2026-00001"):
        manual.issue_waiting_draft(system.services, draft.draft_id, IssueAnswer(send=True), by=system.person)


def test_an_order_that_is_gone_is_not_invoiced_again(system: System) -> None:
    (invoice,) = system.arrives(paid())
    system.shop.forget(238)
    with pytest.raises(OrderGone):
        manual.credit(system.services, id_of(invoice), Credit(issue_again=True), by=system.person)
    assert system.numbers() == ["F2026-00001"]


def test_an_invoice_is_credited_in_full_once(system: System) -> None:
    (invoice,) = system.arrives(paid())
    manual.credit(system.services, id_of(invoice), Credit(issue_again=False), by=system.person)
    with pytest.raises(Rejected, match="Nothing is left"):
        manual.credit(system.services, id_of(invoice), Credit(issue_again=False), by=system.person)


def test_a_credit_note_cannot_be_credited(system: System) -> None:
    (invoice,) = system.arrives(paid())
    (credit_note,) = manual.credit(system.services, id_of(invoice), Credit(issue_again=False), by=system.person)
    with pytest.raises(Rejected, match="not an invoice"):
        manual.credit(system.services, credit_note.document_id, Credit(issue_again=False), by=system.person)


def test_the_audit_trail_names_who_decided(system: System) -> None:
    manual.issue_waiting_draft(system.services, kept(system, paid()), IssueAnswer(send=False), by=system.person)
    assert ("An", "issued") in {(event.actor, event.code) for event in system.trail(238).audit_entries}


def test_a_credited_invoice_is_not_replaced_unless_asked(system: System) -> None:
    (invoice,) = system.arrives(paid())
    manual.credit(system.services, id_of(invoice), Credit(issue_again=False), by=system.person)
    system.arrives(paid())
    assert system.numbers() == ["F2026-00001", "C2026-00001"]


def test_a_cancelled_order_leaves_a_credit_note_to_issue(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    system.arrives(an_order(id=9, status="on-hold", paid=False))
    _, waiting = system.arrives(an_order(id=9, status="cancelled", paid=False))
    assert (waiting.draft.kind, waiting.draft.total) == (Kind.CREDIT_NOTE, Decimal("22.20"))
    assert waiting.stored_draft is not None
    manual.issue_waiting_draft(system.services, waiting.stored_draft.draft_id, IssueAnswer(send=True), by=system.person)
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]
    # Opened again and paid, it is a sale once more.
    system.arrives(an_order(id=9, status="processing", paid=True))
    assert system.numbers() == ["F2026-00001", "C2026-00001", "F2026-00002"]


def test_a_refund_that_is_deleted_in_the_shop_is_flagged(system: System) -> None:
    order = paid(5)
    system.arrives(order)
    system.shop.refund(5, a_refund(order, id=51, amount="10.00"))
    system.receive(order)
    system.work()
    system.shop.forget_refund(5, 51)
    system.receive(order)
    system.work()
    trail = system.trail(5)
    assert trail.order is not None
    assert [flag.code for flag in trail.order.flags] == ["refund_deleted"]
    assert system.numbers(5) == ["F2026-00001", "C2026-00001"]


def test_a_draft_is_discarded_once(system: System) -> None:
    draft_id = kept(system, paid())
    system.act(document_actions.discard_draft, draft_id)
    with pytest.raises(Rejected, match="does not wait any more"):
        system.act(document_actions.discard_draft, draft_id)


def test_what_the_owner_changed_while_the_shop_was_asked_counts(system: System) -> None:
    system.shop.place(paid())
    system.receive(paid())
    before = system.connected.shop
    system.change_shop(rules=KEEP)
    outcome = issue.issue(
        system.services, before, FetchedOrder(parse_order(php_json(paid())), (), as_of=system.clock.now)
    )
    assert (outcome.issued, len(outcome.drafts)) == ((), 1)


def test_what_failed_is_tried_again_when_a_person_asks(system: System) -> None:
    system.mailbox.faults.reject("koper@klant.test")
    system.arrives(paid())
    system.mailbox.faults.clear()
    assert system.act(order_actions.retry_order, 238).count == 1
    system.work()
    assert len(system.mailbox.messages()) == 1
    assert len(system.notes(238)) == 1
    assert system.act(order_actions.retry_order, 238).count == 0


def test_an_order_that_could_not_be_read_is_processed_again(system: System) -> None:
    order = paid()
    system.shop.place({**order, "total": "much"})
    system.receive(order)
    system.work()
    assert system.numbers() == []
    system.shop.place(order)
    assert system.act(order_actions.retry_order, 238).count == 1
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_a_draft_that_asks_is_issued_by_who_has_looked_and_one_that_refuses_by_nobody(system: System) -> None:
    [asks] = system.arrives(paid(status="partially-paid"))
    [refuses] = system.arrives(paid(239, lines=(("Terug", "X", 1, "-50.00", "21"),), shipping=None))
    assert asks.stored_draft is not None
    assert refuses.stored_draft is not None
    issued = manual.issue_waiting_draft(
        system.services, asks.stored_draft.draft_id, IssueAnswer(send=False), by=system.person
    )
    assert (issued.draft.problems, issued.draft.is_paid) == ((), False)
    with pytest.raises(Rejected, match="cannot be below zero"):
        manual.issue_waiting_draft(
            system.services, refuses.stored_draft.draft_id, IssueAnswer(send=False), by=system.person
        )


def test_a_gift_card_pays_its_part_of_the_invoice_and_the_shop_the_rest(system: System) -> None:
    order = paid()
    total = Decimal(order["total"])
    cards = [{"id": 3, "code": "ABCD-1234-EFGH-5678", "amount": 5.0}]
    [invoice] = system.arrives({**order, "total": str(total - 5), "gift_cards": cards})
    assert (invoice.draft.total, invoice.draft.to_pay, invoice.is_paid) == (total, total - 5, True)
    with system.services.store.read() as connection:
        rows = payment_rows.of_documents(connection, [id_of(invoice)])[id_of(invoice)]
    assert [(row.method, row.amount) for row in rows] == [("bacs", total - 5), ("gift_card", Decimal("5.00"))]
    assert len(system.mailbox.messages()) == 1


def a_waiting_choice(system: System) -> int:
    """A of 60.00 at 21 % came back, and a discount of 10.00 was spread over it and B of 40.00 at 6 %."""
    found = json.loads((REPORTS / "06-refund-of-item-when-discount-shares-its-rate.json").read_text(encoding="utf-8"))
    (_, step) = found["cases"]["B16b-a-only"]["steps"]
    order = step["order"]
    order["refunds"] = [{"id": one["id"], "reason": "", "total": f"-{one['amount']}"} for one in step["refunds"]]
    system.shop.place(order, step["refunds"])
    system.receive(order)
    system.work()
    (draft,) = [item for item in system.trail(order["id"]).drafts if item.stored_draft]
    assert draft.stored_draft is not None
    return draft.stored_draft.draft_id


@pytest.mark.parametrize(
    ("within_left", "rates"), [(False, {21: ("60.00", "12.60")}), (True, {21: ("54.00", "11.34"), 6: ("6.85", "0.41")})]
)
def test_a_person_chooses_what_a_credit_note_takes_of_each_rate(
    system: System, rates: dict[int, tuple[str, str]], *, within_left: bool
) -> None:
    draft_id = a_waiting_choice(system)
    made = manual.issue_waiting_draft(
        system.services, draft_id, IssueAnswer(send=False, within_left=within_left), by=system.services.actor("An")
    )
    assert {int(row.rate): (str(row.base), str(row.vat)) for row in made.draft.vat_lines} == rates
    assert (made.draft.within_left, str(made.draft.total)) == (None, "72.60")
    told = [entry for entry in system.trail(made.draft.order_id).audit_entries if entry.code == "within_left"]
    assert [entry.actor for entry in told] == (["An"] if within_left else [])
