"""An order's page: first what needs a person and what to press, then the documents, what was sold to whom, and what happened."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.dashboard.labels import unbroken
from tests.bridge.dashboard.test_pages import admin
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from tests.support.factories import a_shop, an_order
from tests.support.personas import sentences, signed_in
from tests.support.plugin_requests import ask, connect, invite
from worker.domain.actor import Actor
from worker.domain.assessment import assess
from worker.domain.decision import Decision, RuleResult
from worker.domain.document import KIND_TERMS, Kind, PaymentInstructions, Problem, Reference
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.money import ZERO
from worker.domain.order import UnreadNumber
from worker.domain.order_changes import CHANGED
from worker.domain.payment import PaymentSource, Prepayment, Receipt
from worker.domain.step import MAIL, SENT_ELSEWHERE
from worker.message import Message
from worker.store import documents, drafts, orders, payments, steps
from worker.store.jobs import JobEnd
from worker.store.orders import OrderState
from worker.store.steps import StepPlan
from worker.tasks.emails import MailedElsewhere

PAGE = f"/s/{SHOP}/orders/238"
REFUSED = Message(
    "The mail server refused {address}: {answer}", address="jan@klant.example", answer="550 5.1.1 no mailbox"
)
# What only who looks after the installation speaks of.
INTERNAL = re.compile(
    r"webhook|replay|\bworker\b|scheduler|order\.updated|order\.created|\bREST\b|errand|mail_refused", re.IGNORECASE
)


def mailed(app: BridgeApp, end: JobEnd, *, to: str = "") -> None:
    """An invoice of which the mail, perhaps *to* another address than the one on it, ended so."""
    document_id = app.issue().document_id
    with app.store.write() as connection:
        steps.plan(connection, StepPlan((MAIL,), "g", mail_to=to), shop_id=SHOP, document_id=document_id, now=NOW)
        steps.end_otherwise(connection, document_id, MAIL, end, now=NOW)


def known(app: BridgeApp, *results: RuleResult, flags: tuple[Problem, ...] = ()) -> None:
    """The order was read, and that was decided."""
    state = OrderState(paid_at=None, decision=Decision(rule_results=results, flags=flags))
    with app.store.write() as connection:
        orders.save(connection, SHOP, an_order(order_id=238), state, as_of=NOW)


def main_of(text: str) -> str:
    return text.partition("<main")[2]


def test_what_failed_stands_first_with_its_reason_and_the_button_that_helps(app: BridgeApp) -> None:
    app.deliver()
    mailed(app, JobEnd("failed", "mail_refused", REFUSED))
    shown = main_of(admin(app).get(PAGE).text)
    places = [
        shown.index(part)
        for part in ("550 5.1.1 no mailbox", "Send to another address", "Documents</h2>", "What happened</h2>")
    ]
    assert places == sorted(places)
    assert f'class="button small" href="/s/{SHOP}/documents/1?open=elsewhere#elsewhere"' in shown
    assert shown.count("550 5.1.1 no mailbox") == 1, "the sentence is said once"


def test_the_list_names_no_document_before_a_sentence_that_names_it(app: BridgeApp) -> None:
    mailed(app, JobEnd("failed", "peppol_failed", Message("{number} did not arrive.", number="F2026-00017")))
    order = replace(an_order(order_id=238), order_key=a_draft().order_key)
    with app.store.write() as connection:
        orders.save(connection, SHOP, order, OrderState(paid_at=None, decision=Decision()), as_of=NOW)
    listed = main_of(admin(app).get(f"/s/{SHOP}/orders").text)
    assert ("F2026-00017 did not arrive." in listed, "F2026-00017: " in listed) == (True, False)


SENT = Message("{number} was mailed to another address.", number="F2026-00017")


@pytest.mark.parametrize("end", [JobEnd(code=SENT_ELSEWHERE, message=SENT), JobEnd()])
def test_once_it_was_sent_elsewhere_nothing_is_failed_on_any_page(app: BridgeApp, end: JobEnd) -> None:
    mailed(app, end, to="new@klant.example")
    visitor = admin(app)
    for page in (PAGE, f"/s/{SHOP}/documents/1"):
        shown = main_of(visitor.get(page).text)
        assert "to new@klant.example" in shown, page
        assert [wrong in shown for wrong in ("to jan@klant.example", "failed", "not mailed")] == [False] * 3, page


def test_what_happened_names_the_other_addresses_until_their_customer_is_erased(app: BridgeApp) -> None:
    mailed(app, JobEnd())
    with app.store.write() as connection:
        document = documents.get(connection, 1)
        for to in ("new@klant.example", "other@klant.example"):
            MailedElsewhere(document, to).store(connection, by=Actor("eva", NOW))
    visitor = admin(app)
    shown = main_of(visitor.get(PAGE).text)
    assert "to another address too: new@klant.example, other@klant.example." in shown
    assert ("to jan@klant.example" in shown, shown.count("to another address")) == (True, 2)
    with app.store.write() as connection:
        steps.end_otherwise(connection, 1, MAIL, JobEnd("failed", "mail_refused", REFUSED), now=NOW)
    history = main_of(visitor.get(PAGE).text).partition("What happened")[2]
    assert history.count("to another address.") == 2  # it is mailed again, and that is refused: no word of those


@pytest.mark.parametrize("end", [JobEnd("failed", "mail_refused", REFUSED), JobEnd()])
def test_an_owner_reads_no_internal_word_of_an_order(app: BridgeApp, end: JobEnd) -> None:
    app.deliver()
    mailed(app, end)
    known(
        app,
        RuleResult("invoice:paid:send", False, "already_made", Message("It exists: {number}.", number="F2026-00017")),
    )
    shown = re.sub(r"<[^>]+>", " ", main_of(admin(app).get(PAGE).text))
    assert INTERNAL.findall(shown) == []


def test_what_the_shop_sent_is_one_link_away_for_who_looks_after_the_installation(app: BridgeApp) -> None:
    app.deliver()
    link = f'href="{PAGE}/deliveries"'
    operator = signed_in(app, "els@host.example", operator=True)
    assert (link in operator.get(PAGE).text, link in admin(app).get(PAGE).text) == (True, False)
    shown = operator.get(f"{PAGE}/deliveries").text
    assert "order.updated" in shown
    assert "/deliveries/1/replay" in shown


def test_an_order_without_an_invoice_says_why(app: BridgeApp) -> None:
    known(app, RuleResult("invoice:paid:send", False, "not_paid", Message("The order is not paid yet.")))
    assert "No invoice yet. The order is not paid yet." in admin(app).get(PAGE).text


def test_the_mail_that_left_is_told_with_its_address_among_what_happened(app: BridgeApp) -> None:
    mailed(app, JobEnd())
    shown = sentences(admin(app).get(PAGE).text)
    assert "Nothing about this order needs you." in shown
    assert "F2026-00017 was mailed to jan@klant.example." in shown.partition("What happened</h2>")[2]


def test_a_refund_by_hand_is_a_fact_and_among_what_happened(app: BridgeApp) -> None:
    app.issue()
    app.issue(number="C2026-00001", kind=Kind.CREDIT_NOTE, cause="refund:301", paid_on=NOW.date())
    shown, _, told = admin(app).get(PAGE).text.partition("What happened</h2>")
    assert re.findall(r'class="status (\w+)">(?:(?!</span>).)*refund by hand', shown) == ["soft"]
    assert sentences(told).count("€22.20 was refunded in the shop.") == 1


@pytest.mark.parametrize(("taken", "says"), [("5.00", ["not paid", "partly credited"]), ("22.20", ["credited"])])
def test_an_invoice_is_credited_in_the_same_word_on_every_page(app: BridgeApp, taken: str, says: list[str]) -> None:
    invoice, total = app.issue(), Decimal(taken)
    corrects = Reference(invoice.document_id, invoice.number, invoice.issued_on)
    app.issue(number="C2026-00001", kind=Kind.CREDIT_NOTE, corrects=corrects, net=total, vat=ZERO, total=total)
    visitor, words = admin(app), re.compile(r"</svg> (not paid|paid|partly credited|credited)\b")
    for page in ("documents", f"documents/{invoice.document_id}", "orders/238"):
        assert words.findall(main_of(visitor.get(f"/s/{SHOP}/{page}").text)) == says, page


@pytest.mark.parametrize(("taken", "offered"), [("5.00", True), ("22.20", False)])
def test_an_invoice_of_which_nothing_is_left_offers_no_credit_note(app: BridgeApp, taken: str, offered: bool) -> None:
    invoice, total = app.issue(), Decimal(taken)
    corrects = Reference(invoice.document_id, invoice.number, invoice.issued_on)
    app.issue(number="C2026-00001", kind=Kind.CREDIT_NOTE, corrects=corrects, net=total, vat=ZERO, total=total)
    known(app)
    visitor = admin(app)
    for page in (f"documents/{invoice.document_id}", "orders/238"):
        shown = main_of(visitor.get(f"/s/{SHOP}/{page}").text)
        assert (">Credit</a>" in shown or "<summary>Credit</summary>" in shown) == offered, page


def test_a_payment_request_says_whether_its_order_is_paid(app: BridgeApp) -> None:
    asked = PaymentInstructions(reference="123456789002", iban="BE71096123456769", beneficiary="De Gist")
    request = app.issue(number="P2026-00001", kind=Kind.PAYMENT_REQUEST, payment=asked)
    known(app)
    visitor = admin(app)
    pages = [f"/s/{SHOP}/{page}" for page in ("documents", f"documents/{request.document_id}", "orders/238")]
    state = re.compile(r"P2026-00001.*?</svg> (not paid|paid)\b", re.DOTALL)
    assert [state.findall(main_of(visitor.get(page).text)) for page in pages] == [["not paid"]] * 3
    receipt = Receipt(NOW.date(), PaymentSource.BANK, "bank", method="bacs", outside_ref="bank:1:1")
    with app.store.write() as connection:
        payments.receive(connection, request.order, request.draft.total, receipt, now=NOW)
    assert [state.findall(main_of(visitor.get(page).text)) for page in pages] == [["paid"]] * 3


def test_of_several_drafts_each_says_which_it_is(app: BridgeApp) -> None:
    known(app)
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(), now=NOW)
    visitor = admin(app)
    assert "<strong>Invoice €22.20</strong>" not in main_of(visitor.get(PAGE).text), "there is one"
    with app.store.write() as connection:
        drafts.save_draft(
            connection, SHOP, a_draft(kind=Kind.DELIVERY_NOTE, cause="order:238:delivery_note:1"), now=NOW
        )
    shown = main_of(visitor.get(PAGE).text)
    assert [f"<strong>{about}</strong>" in shown for about in ("Invoice €22.20", "Delivery note")] == [True, True]


def test_a_notice_informs_and_a_flag_asks(app: BridgeApp) -> None:
    app.issue()
    flag = Problem("changed_after_invoice", Message("The order was changed after its invoice."))
    known(app, flags=(Problem("vat_export_taxed", Message("VAT was charged on an export.")), flag))
    shown = main_of(admin(app).get(PAGE).text)
    assert f'href="/s/{SHOP}/documents/1?open=credit#credit">Credit and issue again</a>' in shown
    assert shown.index("The order was changed") < shown.index("VAT was charged on an export.")


def test_an_invoice_says_that_its_order_was_changed_since_and_leads_to_it(app: BridgeApp) -> None:
    invoice, visitor = app.issue(), admin(app)
    page = f"/s/{SHOP}/documents/{invoice.document_id}"
    link = re.compile(rf'<a href="{PAGE}"><span class="status attention">.*?order changed since</span></a>')
    for number, says in (("F2025-00001", False), (invoice.number, True)):
        known(app, flags=(Problem(CHANGED, Message("Order {number} changed.", number="238", invoice=number)),))
        assert bool(link.search(visitor.get(page).text)) == says, number


def test_head_and_lines_say_what_was_invoiced_and_beside_it_what_the_shop_says_now(app: BridgeApp) -> None:
    app.issue()
    known(app, flags=(Problem("changed_after_invoice", Message("The order was changed after its invoice.")),))
    head, _, rest = main_of(admin(app).get(PAGE).text).partition("</h1>")
    assert "€22.20" in head
    assert ("changed after the invoice" in rest, f"in the shop: €{an_order().total}" in rest) == (True, True)


def test_a_binned_order_leads_to_the_credit_note_of_its_invoice(app: BridgeApp) -> None:
    invoice = app.issue().number
    said = Message("Order 238 is in the bin, and {invoice} stands.", invoice=invoice)
    known(app, flags=(Problem("in_bin_but_invoiced", said),))
    shown = main_of(admin(app).get(PAGE).text)
    assert f'href="/s/{SHOP}/documents/1?open=credit#credit">Credit</a>' in shown
    assert "This order needs nothing" in shown


def test_a_vat_number_that_nobody_read_leads_to_its_field_where_it_is_proposed(app: BridgeApp) -> None:
    seen = replace(an_order(order_id=238), unread_numbers=(UnreadNumber("_klantcode", "BE0403170701"),))
    known(app, flags=assess(seen, a_shop()).flags)
    visitor, settings = admin(app), f"/s/{SHOP}/settings/checkout-fields"
    assert f'href="{settings}">Say what the field holds</a>' in main_of(visitor.get(PAGE).text)
    proposed = re.compile(
        r"<code>_klantcode</code>.*?BE0403170701.*?proposed.*?<option value=\"(\w*)\" selected>", re.DOTALL
    )
    assert proposed.findall(visitor.get(settings).text) == ["vat_number"]
    visitor.post(settings, **{"field-0": "_klantcode", "holds-0": "nothing"})
    assert proposed.findall(visitor.get(settings).text) == []
    assert 'value="nothing" selected' in visitor.get(settings).text


@pytest.mark.parametrize(("rule", "sends"), [("send", "1"), ("draft", "")])
def test_a_document_whose_status_passed_unseen_is_made_from_there_as_its_rule_would_have(
    app: BridgeApp, rule: str, sends: str
) -> None:
    missed = Message("Order {number} has no {kind}.", number="238", kind=KIND_TERMS[Kind.INVOICE], send_mode=rule)
    # Another rule would have mailed it, of a status that the order may still come to.
    other = RuleResult("invoice:status=shipped:send", False, "not_status", Message("Not there."))
    known(app, other, flags=(Problem("status_missed", missed),))
    visitor = admin(app)
    shown = main_of(visitor.get(PAGE).text)
    form = next(form for form in re.findall(r"<form.*?</form>", shown, re.DOTALL) if "Make it now: invoice" in form)
    fields = dict(re.findall(r'name="(kind|send)" value="([^"]*)"', form))
    assert (f'action="{PAGE}/make"' in form, fields) == (True, {"kind": "invoice", "send": sends})
    assert "This order needs nothing" in shown
    app.issue()
    assert "Make it now" not in visitor.get(PAGE).text, "it is there, and the order not looked at again yet"


def test_why_a_draft_waits_is_said_once_and_that_a_part_of_the_money_came(app: BridgeApp) -> None:
    known(app)
    why = Message("It was changed after it was paid.")
    part = Prepayment(Decimal("5.00"), received=True)
    draft = replace(a_draft(), problems=(Problem(REST_CHARGED, why, asks=True),), prepaid=(part,))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, draft, now=NOW)
    visitor = admin(app)
    shown = main_of(visitor.get(PAGE).text).partition('id="events"')[0]
    assert (shown.count(str(why)), "partly paid" in shown) == (1, True)
    assert "VAT by hand" not in shown

    untaxed = replace(draft, lines=tuple(replace(line, rate=Decimal(0)) for line in draft.lines))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, untaxed, now=NOW)
    assert "VAT by hand" in visitor.get(PAGE).text


def test_the_number_of_a_document_stays_on_one_line_of_a_sentence() -> None:
    told = unbroken("Credit F2026-00001 of <b>? Not at https://a.example/2026-11 or jan-2@b.example.")
    assert told.count('<span class="keep">') == told.count('<span class="keep">F2026-00001</span>') == 1
    assert "&lt;b&gt;" in told


@pytest.mark.parametrize(
    ("told", "leads_to"),
    [
        ("https://shop.example/wp/wp-admin/", "https://shop.example/wp/wp-admin/"),
        ("https://www.shop.example/beheer", "https://www.shop.example/beheer/"),
        ("https://jan:geheim@shop.example/wp/wp-admin/?x=1#y", "https://shop.example/wp/wp-admin/"),
        ("https://shop.example.evil.example/wp-admin/", ""),
        ("https://shop.example:8443/wp-admin/", ""),
        ("https://evil.example\\@shop.example.evil.example/", ""),
        ("javascript://shop.example/%0aalert(1)", ""),
        ("//shop.example/wp-admin/", ""),
        ("https://[shop.example/", ""),
        ("https://shop.example:99999/wp-admin/", ""),
        ("", ""),
        (["https://shop.example/wp/wp-admin/"], ""),
        (None, ""),
    ],
)
def test_an_order_opens_where_the_shop_is_administered_and_never_on_another_host(
    app: BridgeApp, told: object, leads_to: str
) -> None:
    invite(app)
    assert connect(app).status_code == 200
    assert ask(app, "heartbeat", {"admin": told}).status_code == 200
    known(app)
    wrong = Problem("does_not_add_up", Message("The lines do not add up to the total."))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, replace(a_draft(), problems=(wrong,)), now=NOW)
    visitor = admin(app)

    order = f"{leads_to or 'https://shop.example/wp-admin/'}admin.php?page=wc-orders&amp;action=edit&amp;id=238"
    for page in (PAGE, f"/s/{SHOP}/drafts/1"):
        assert re.findall(r'href="([^"]+)"[^>]*>(?:open in|Correct it in) the shop', visitor.get(page).text) == [order]
