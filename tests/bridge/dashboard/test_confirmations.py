"""What cannot be undone asks once more, on a page of its own that names it: after what was typed was checked, and without a script."""

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

import bridge
from tests.bridge.dashboard.test_pages import admin, asked
from tests.hostile.test_every_route import changed_by
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from tests.support.factories import an_order
from tests.support.personas import Visitor, a_user, sentences, signed_in
from worker.actions import api_access
from worker.domain.actor import Actor
from worker.domain.decision import Decision
from worker.domain.document import BY_HAND, Category, Kind, Problem
from worker.domain.draft_problems import REST_CHARGED
from worker.message import Message, plain_message
from worker.store import counters, drafts, orders, tasks
from worker.store.api_tokens import Scope
from worker.store.database.tables import users
from worker.store.orders import OrderState
from worker.store.users import Role

HOME = f"/s/{SHOP}"
# Where, with what, and what the question names.
QUESTIONS: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    (f"{HOME}/documents/1/credit", {}, ("€22.20", "F2026-00017", "Jan Peeters")),
    (f"{HOME}/documents/1/credit", {"again": "1"}, ("€22.20", "F2026-00017", "new invoice")),
    (f"{HOME}/documents/1/credit", {"part": "1", "amount": "5,00"}, ("€5.00", "F2026-00017", "Jan Peeters")),
    (f"{HOME}/documents/1/credit", {"part": "1", "quantity-0": "1"}, ("€22.20", "F2026-00017")),
    (f"{HOME}/documents/1/revoke", {}, ("F2026-00017", "Jan Peeters")),
    (f"{HOME}/drafts/1/issue", {"send": "1"}, ("€22.20", "Jan Peeters", "F2026-00001", "jan@klant.example")),
    (f"{HOME}/drafts/1/discard", {}, ("238", "Jan Peeters")),
    (f"{HOME}/orders/238/make", {"kind": "delivery_note", "send": "1"}, ("238", "delivery note")),
    (f"{HOME}/orders/239/make", {"kind": "invoice", "send": "1"}, ("239 · Jan Janssens · €22.20", "invoice", "mailed")),
    (f"{HOME}/orders/238/ignore", {}, ("238",)),
    (f"{HOME}/settings/privacy/erase", {"email": "jan@klant.example"}, ("jan@klant.example",)),
    (f"{HOME}/settings/go-live/test", {}, ("Bakkerij Janssens",)),
    (f"{HOME}/settings/go-live/pause", {}, ("Bakkerij Janssens",)),
    (f"{HOME}/settings/payment/mollie/disconnect", {}, ("Bakkerij Janssens",)),
    (f"{HOME}/settings/peppol/elsewhere", {}, ("Bakkerij Janssens",)),
    (f"{HOME}/settings/api/token/1/revoke", {}, ("Bookkeeper",)),
    (f"{HOME}/accounting/backfill", {"since": "2026-11-01", "until": "2026-11-22", "make": "1", "documents": "12", "mails": "9"},
     ("12 documents", "1 Nov 2026", "9 mails")),
    (f"{HOME}/close", {}, ("Bakkerij Janssens",)),
    (f"{HOME}/team/2/remove", {}, ("jan@shop.example",)),
    ("/users/2/remove", {}, ("jan@shop.example",)),
    ("/users/2/second-factor", {}, ("jan@shop.example",)),
)  # fmt: skip


@pytest.fixture
def operator(app: BridgeApp) -> Visitor:
    """Who may press everything, before one invoice, one draft, one token and one other user."""
    visitor = signed_in(app, "els@host.example", operator=True)
    a_user(app, "jan@shop.example", roles={SHOP: Role.ADMIN})
    app.deliver()
    app.issue()
    with app.store.write() as connection:
        order = an_order(order_id=239, number="239", order_key="wc_order_239", total="22.20")
        orders.save(connection, SHOP, order, OrderState(Decision(), None), as_of=NOW)
        drafts.save_draft(connection, SHOP, a_draft(cause="order:238:invoice:2"), now=NOW)
        api_access.create_token(connection, SHOP, "Bookkeeper", [Scope.DOCUMENTS_READ], by=Actor("Els", NOW))
    return visitor


def question_on(text: str) -> str:
    """What the page of a question says; nothing on another page."""
    return html.unescape(re.sub(r"<[^>]+>", " ", text.partition('id="confirm"')[2].partition("</main>")[0]))


def test_what_cannot_be_undone_asks_on_a_page_that_names_it_and_changes_nothing(
    app: BridgeApp, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[str] = []
    monkeypatch.setattr(counters, "lock", lambda _connection, shop_id: locked.append(shop_id))
    for path, fields, named in QUESTIONS:
        answers: list[str] = []

        def press(path: str = path, fields: Mapping[str, str] = fields, answers: list[str] = answers) -> None:
            answers.append(operator.asked(path, **fields).text)

        is_changed = changed_by(app, press)
        shown = question_on(answers[0])
        assert [part for part in named if part not in shown] == [], path
        assert (is_changed, locked) == (False, []), path  # nor holds who asks the shop's work up
        for name, value in fields.items():
            assert f'<input type="hidden" name="{name}" value="{value}">' in answers[0], path


def test_who_discards_credit_notes_is_told_before_that_their_invoices_are_asked_for(
    app: BridgeApp, operator: Visitor
) -> None:
    with app.store.write() as connection:
        note = a_draft(kind=Kind.CREDIT_NOTE, cause="cancel:F2026-00017")
        draft_id = drafts.save_draft(connection, SHOP, note, now=NOW)
    asked = [operator.asked(f"{HOME}/{path}").text for path in (f"drafts/{draft_id}/discard", "orders/238/ignore")]
    many = (("drafts", "discard"), ("orders", "ignore"))
    asked += [operator.post(f"{HOME}/many", list=of, what=what, all="1").text for of, what in many]
    assert ["its invoice stands" in text for text in asked] == [True] * 4


@pytest.mark.parametrize("kind", BY_HAND)
def test_only_an_invoice_is_said_to_be_credited(operator: Visitor, kind: Kind) -> None:
    shown = question_on(operator.asked(f"{HOME}/orders/239/make", kind=kind).text)
    assert ("An issued document is never changed" in shown, "credited" in shown) == (True, kind is Kind.INVOICE)


def test_what_erasing_takes_and_leaves_is_said_above_its_button_as_it_is_asked(operator: Visitor) -> None:
    asked = question_on(operator.asked(f"{HOME}/settings/privacy/erase", email="jan@klant.example").text)
    above = operator.get(f"{HOME}/settings/privacy").text.partition("Erase a customer")[2].partition("<form")[0]
    said = re.sub(r"<[^>]+>", "", above).strip()
    assert said.endswith("cannot be undone.")
    assert said in asked


def test_a_token_that_may_do_things_with_orders_says_so_where_it_is_made(operator: Visitor) -> None:
    right = operator.get(f"{HOME}/settings/api").text.partition('value="documents:write"')[2].partition("</label>")[0]
    assert [what for what in ("fetch orders", "make documents", "need nothing") if what not in right] == []


def test_a_token_that_is_not_there_is_not_said_to_be_revoked(operator: Visitor) -> None:
    assert operator.post(f"{HOME}/settings/api/token/9/revoke").status_code == 404


def test_what_a_token_may_and_a_webhook_hears_of_is_said_in_the_words_it_was_chosen_by(operator: Visitor) -> None:
    visitor, page = operator, f"{HOME}/settings/api"
    visitor.post(f"{page}/token", name="Books", which="files:read")
    visitor.post(f"{page}/webhook", url="https://books.example.com/hook", which="document.paid")
    listed = " ".join(re.findall('<ul class="rows">(.*?)</ul>', visitor.get(page).text, re.DOTALL))
    assert ["download PDF and XML" in listed, "a document is paid" in listed, "document.paid" in listed] == [
        True,
        True,
        False,
    ]


def test_the_button_of_the_question_does_what_it_says(app: BridgeApp, operator: Visitor) -> None:
    sent = operator.post(f"{HOME}/documents/1/credit", part="1", amount="5,00", reason="Broken")
    assert asked(app, task_of(sent)) == (
        "credit",
        {"document_id": 1, "send": True, "again": False, "reason": "Broken", "amount": "5.00"},
    )
    operator.post(f"{HOME}/drafts/1/discard")
    assert "discarded" in operator.get(f"{HOME}/orders/238").text


def test_a_button_that_is_pressed_twice_says_so_to_the_worker(app: BridgeApp, operator: Visitor) -> None:
    """Without a script, or after *back*: else five euros are credited twice."""
    typed = {"part": "1", "amount": "5,00"}

    def asked_once() -> str:
        page = operator.asked(f"{HOME}/documents/1/credit", **typed).text
        return str(re.findall('name="once" value="([^"]+)"', page)[0])

    first, later = asked_once(), asked_once()
    words = [
        (
            asked(app, task_of(operator.asked(f"{HOME}/documents/1/credit", confirmed="1", once=one, **typed)))
            or ("", {})
        )[1].get("once")
        for one in (first, first, later, "x" * 200)
    ]

    assert words == [first, first, later, None]
    assert first != later


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": "99999"}, "€99,999.00 cannot be credited: €22.20 is left"),
        ({"amount": "much"}, "quantities and amounts are numbers"),
        ({}, "one of the two"),
        ({"amount": "5", "quantity-0": "1"}, "one of the two"),
        ({"quantity-0": "7"}, "7 of “Brood” cannot be credited"),
        ({"amount": "NaN"}, "quantities and amounts are numbers"),
        ({"amount": "1e999"}, "quantities and amounts are numbers"),
        ({"quantity-0": "1e999"}, "quantities and amounts are numbers"),
    ],
)
def test_a_form_that_is_not_right_never_asks_and_keeps_what_was_typed(
    app: BridgeApp, operator: Visitor, typed: Mapping[str, str], said: str
) -> None:
    answer = operator.asked(f"{HOME}/documents/1/credit", part="1", reason="Broken", **typed)
    assert (answer.status_code, question_on(answer.text), asked(app)) == (422, "", None)
    shown = html.unescape(answer.text)
    assert said in shown
    assert 'value="Broken"' in shown
    assert [value for value in typed.values() if f'value="{value}"' not in shown] == []


def test_a_draft_is_issued_with_a_reason_only_where_there_is_one(app: BridgeApp, operator: Visitor) -> None:
    answer = operator.asked(f"{HOME}/drafts/1/issue", with_reason="1", reason=" ")
    assert (answer.status_code, question_on(answer.text)) == (422, "")
    assert asked(app) is None


def task_of(sent: TestResponse) -> int:
    """The id of the task that was asked for."""
    found = re.search(r"/tasks/(\d+)", sent.headers["Location"])
    assert found is not None
    return int(found[1])


def finish(app: BridgeApp, sent: TestResponse, answer: Mapping[str, Any], *, failed: bool = False) -> None:
    """What the worker answers to what was asked."""
    with app.store.write() as connection:
        leased = tasks.take(connection, task_of(sent), now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        tasks.finish(connection, leased.lease, now=NOW, answer=dict(answer), state="skipped" if failed else "done")


def test_after_a_refusal_one_is_back_at_the_form_with_what_was_typed(app: BridgeApp, operator: Visitor) -> None:
    sent = operator.post(f"{HOME}/documents/1/credit", part="1", amount="5,00", reason="Broken")
    finish(app, sent, {"code": "x", "message": plain_message(Message("The shop does not answer."))}, failed=True)
    back = operator.get(sent.headers["Location"]).headers["Location"]
    shown = operator.get(back).text
    assert back.startswith(f"{HOME}/documents/1?task={task_of(sent)}")
    assert "The shop does not answer." in shown
    assert ('name="amount" value="5.00"' in shown, 'name="reason" value="Broken"' in shown) == (True, True)
    assert '<details id="credit" open>' in shown


@pytest.mark.parametrize("name", ["amount", "quantity-0"])
def test_what_was_refused_can_be_sent_again_as_it_is_shown(app: BridgeApp, operator: Visitor, name: str) -> None:
    with app.store.write() as connection:
        connection.execute(update(users).values(language="nl"))
    typed = {"amount": "5,00", "quantity-0": "0,125"}[name]
    sent = operator.post(f"{HOME}/documents/1/credit", part="1", **{name: typed})
    finish(app, sent, {"code": "x", "message": plain_message(Message("The shop does not answer."))}, failed=True)
    shown = operator.get(operator.get(sent.headers["Location"]).headers["Location"]).text
    assert re.findall(rf'name="{name}"[^>]* value="([^"]*)"', shown) == [typed]


@pytest.mark.parametrize(
    ("path", "typed", "kind"),
    [
        ("orders/238/make", {"kind": "invoice", "send": "1"}, "make_document"),
        ("documents/1/credit", {"again": "1"}, "credit"),
        ("drafts/1/issue", {"send": "1"}, "issue_draft"),
    ],
)
def test_what_asks_whether_the_rest_was_paid_too_is_done_once_that_is_said(
    app: BridgeApp, operator: Visitor, path: str, typed: Mapping[str, str], kind: str
) -> None:
    sent = operator.post(f"{HOME}/{path}", **typed)
    _kind, argument = asked(app, task_of(sent)) or ("", {})
    refusal = Message("Order 238 was changed after it was paid.")
    finish(app, sent, {"code": REST_CHARGED, "message": plain_message(refusal)}, failed=True)
    shown = operator.get(sent.headers["Location"]).text
    assert (str(refusal) in shown, "The rest was paid too" in shown) == (True, True)
    again = html.unescape(re.findall('action="(.*/rest.*?)"', shown)[0])
    assert str(refusal) in operator.get(operator.post(again).headers["Location"]).text, (
        "without an answer it asks again"
    )
    for rest_paid in (True, False):
        once_more = operator.post(again, rest_paid="1" if rest_paid else "0")
        assert asked(app, task_of(once_more)) == (kind, argument | {"rest_paid": rest_paid})
        assert sent.headers["Location"].partition("?")[2] in once_more.headers["Location"]
    assert operator.post(f"{HOME}/tasks/{task_of(once_more)}/rest").status_code == 404


def test_what_was_done_is_said_by_its_name(app: BridgeApp, operator: Visitor) -> None:
    sent = operator.post(f"{HOME}/drafts/1/issue", send="1")
    made = {"document_id": 2, "number": "F2026-00018", "kind": "invoice", "total": "22.20", "currency": "EUR"}
    finish(app, sent, {"documents": [made]})
    assert "Invoice F2026-00018 of €22.20 is issued." in sentences(
        operator.get(operator.get(sent.headers["Location"]).headers["Location"]).text
    )
    operator.post(f"{HOME}/documents/1/paid", on="2026-11-22")
    assert "F2026-00017 is marked as paid on 22 Nov 2026." in sentences(operator.get(f"{HOME}/documents/1").text)


def test_what_was_marked_paid_by_mistake_is_taken_back_after_one_question(app: BridgeApp, operator: Visitor) -> None:
    back = f"{HOME}/documents/1/not-paid"
    assert back not in operator.get(f"{HOME}/documents/1").text
    operator.post(f"{HOME}/documents/1/paid", on="2026-11-22")
    assert back in operator.get(f"{HOME}/documents/1").text
    asked = sentences(operator.asked(back).text)
    assert "Was €22.20 for F2026-00017 of " in asked
    assert "Order 238 in WooCommerce stays as it is" in asked
    operator.post(back)
    shown = sentences(operator.get(f"{HOME}/documents/1").text)
    assert "F2026-00017 does not count as paid any more." in shown
    assert "22.20 is not counted any more" in shown
    assert back not in shown
    assert "Neither a person nor the shop says that F2026-00017 was paid" in sentences(
        operator.get(operator.post(back).headers["Location"]).text
    )


def test_no_page_leaves_a_question_to_a_script() -> None:
    folder = Path(bridge.__file__).parent
    sources = [*folder.glob("templates/**/*.html"), *folder.glob("static/*.js")]
    asking = [path.name for path in sources if re.search(r"data-confirm|\bconfirm\(", path.read_text(encoding="utf-8"))]
    assert asking == []


@pytest.mark.parametrize(
    ("category", "rate", "claimed"), [(Category.STANDARD, 21, False), (Category.INTRA_EU, 0, True)]
)
def test_only_of_a_sale_without_vat_is_said_that_the_tax_office_claims_it(
    app: BridgeApp, category: Category, rate: int, claimed: bool
) -> None:
    line = replace(a_draft().lines[0], category=category, rate=Decimal(rate))
    unchecked = Problem("vat_number_unchecked", Message("VIES could not say."))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(lines=(line,), problems=(unchecked,)), now=NOW)
    shown = admin(app).get(f"{HOME}/drafts/1").text
    assert "Issue without the word of VIES" in shown
    assert ("claims the VAT from you" in shown, "Why you trust the VAT number" in shown) == (claimed, claimed)


def test_a_draft_that_cannot_be_issued_leads_to_where_it_is_put_right(app: BridgeApp) -> None:
    wrong = Problem("does_not_add_up", Message("The lines do not add up to the total."))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(total=Decimal("22.20"), problems=(wrong,)), now=NOW)
    shown = admin(app).get(f"{HOME}/drafts/1").text
    assert 'disabled data-off aria-describedby="why-off">Issue and mail</button>' in shown
    assert re.search(
        r'class="button small" href="https://shop\.example/wp-admin/[^"]+"[^>]*>Correct it in the shop', shown
    )
    assert f'action="{HOME}/drafts/1/issue"' not in shown


def test_whether_a_customer_is_mailed_is_asked_alike_everywhere() -> None:
    pages = (Path(bridge.__file__).parent / "templates").rglob("*.html")
    asked_for = [
        tick for one in pages for tick in re.findall(r'<input type="checkbox" name="send"[^>]*>', one.read_text())
    ]
    assert set(asked_for) == {'<input type="checkbox" name="send" value="1" checked>'}
