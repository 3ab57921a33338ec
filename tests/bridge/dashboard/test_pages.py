"""The pages of the dashboard without a worker: what is saved, what is refused beside its field, and what is asked of the worker."""

import html
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import update

from tests.support.at_once import at_once
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from tests.support.factories import an_order
from tests.support.issued import pay
from tests.support.personas import PASSWORD, Visitor, a_user, signed_in
from worker.domain.decision import Decision
from worker.domain.distance_sales import DistanceSales
from worker.domain.document import Kind, Problem, Reference
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.order import Order, OrderKey
from worker.domain.payment_method import PaymentTerms
from worker.domain.rules import Rule
from worker.domain.shop import OrderSettings, Shop, VatSettings
from worker.domain.step import MAIL
from worker.domain.vat_cases import cases_by_hand, consumer_cases, vat_cases, whole_document_cases
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.message import Message, plain_message
from worker.store import (
    alerts,
    distance_sales,
    document_links,
    drafts,
    orders,
    roads,
    sessions,
    settle_orders,
    shops,
    steps,
    tasks,
    users,
)
from worker.store import jobs as job_store
from worker.store.database.encryption import Encryption
from worker.store.database.pagination import PageRequest
from worker.store.database.tables import jobs
from worker.store.orders import OrderState
from worker.store.queries import activity
from worker.store.roads import Road, RoadKind
from worker.store.steps import StepPlan
from worker.store.users import Role
from worker.tasks import TASKS

ADMIN = "admin@shop.example"
SETTINGS, TEAM = f"/s/{SHOP}/settings", f"/s/{SHOP}/team"


def admin(app: BridgeApp) -> Visitor:
    return signed_in(app, ADMIN, roles={SHOP: Role.ADMIN})


def asked(app: BridgeApp, task_id: int = 1) -> tuple[str, dict[str, Any]] | None:
    """What the worker was asked to do, and with what."""
    with app.store.read() as connection:
        found = tasks.find(connection, task_id)
    return (found.kind, dict(found.argument)) if found else None


def roles(app: BridgeApp) -> dict[str, Role]:
    with app.store.read() as connection:
        return {member.user.email: member.role for member in users.members(connection, SHOP)}


def test_the_vat_settings_show_how_near_the_shop_is_to_the_limit_until_it_uses_oss(app: BridgeApp) -> None:
    visitor, sold = admin(app), DistanceSales({2026: Decimal("8120.50"), 2025: Decimal("340.00")})
    with app.store.write() as connection:
        distance_sales.save(connection, SHOP, sold, now=NOW)
    shown = visitor.get(f"{SETTINGS}/vat").text
    assert "€8,120.50 in 2026, and for €340.00 in 2025" in shown
    with app.store.write() as connection:
        shops.change(connection, replace(app.shop, vat=VatSettings(oss=True)))
    assert "8,120.50" not in visitor.get(f"{SETTINGS}/vat").text


def test_the_accountant_finds_every_case_on_one_page(app: BridgeApp) -> None:
    shown = html.unescape(admin(app).get(f"/s/{SHOP}/accounting/vat-cases").text)
    for one in (*vat_cases(), *whole_document_cases(), *cases_by_hand(), *consumer_cases()):
        assert translate(one.case, Translator("en")) in shown


def test_what_is_sold_without_vat_is_chosen_from_sentences_line_by_line(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/vat"
    rows = {"vat.zero_reasons-mark-0": "sku", "vat.zero_reasons-value-0": "GIFT-50", "vat.zero_reasons-what-0": "voucher",
            "vat.zero_reasons-mark-1": "name", "vat.zero_reasons-value-1": "Statiegeld*", "vat.zero_reasons-what-1": ""}  # fmt: skip
    others = {"vat.regime": "normal", "vat.vies_wait_hours": "24", "consumer_invoices": "full", "exchange_rates": ""}
    wrong = visitor.post(page, **rows, **others)
    assert (wrong.status_code, "Choose what “Statiegeld*” is." in wrong.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert 'value="Statiegeld*"' in wrong.text
    several = {**rows, "vat.zero_reasons-what-0": "", **others, "vat.vies_wait_hours": "soon"}
    said = visitor.post(page, **several).text
    for value in ("GIFT-50", "Statiegeld*", "soon"):  # each mistake at once
        assert f"“{value}”" in said
    saved = visitor.post(page, **{**rows, "vat.zero_reasons-what-1": "packaging"}, **others)
    assert saved.status_code == HTTPStatus.SEE_OTHER
    reasons = tuple(map(str, app.shop.vat.zero_reasons))
    assert reasons == ("sku GIFT-50 = voucher", "name Statiegeld* = packaging")
    shown = visitor.get(page).text
    assert shown.count('<option value="packaging" selected>deposit on packaging that comes back</option>') == 1
    assert shown.count("vat.zero_reasons-value-") >= 5  # with empty ones for more
    assert visitor.post(page, **others).status_code == HTTPStatus.SEE_OTHER
    assert app.shop.vat.zero_reasons == ()


def test_the_overview_says_whether_the_shop_delivers(app: BridgeApp) -> None:
    visitor, no_delivery = admin(app), "The shop has not told of any order yet."
    before = visitor.get(f"/s/{SHOP}").text
    app.deliver()

    assert no_delivery in before
    assert no_delivery not in visitor.get(f"/s/{SHOP}").text


def test_a_mail_server_that_shops_share_and_that_rests_is_shown_to_the_operator_the_shops_and_the_monitoring(
    app: BridgeApp,
) -> None:
    message = Message(
        "The mail server {host}:{port} does not answer: {reason}.", host="mail.test", port=25, reason="no"
    )
    with app.store.write() as connection:
        for _ in range(roads.REST_AFTER):
            roads.record_failure(connection, roads.SHARED_MAIL, roads.Failure(NOW, message))
    jobs_of_all = signed_in(app, "operator@house.example", operator=True).get("/jobs").text
    assert "The mail server of this installation</span> all shops without a mail server of their own:" in jobs_of_all
    assert "The mail server of this installation" in admin(app).get(f"/s/{SHOP}").text
    metrics = app.client.get("/metrics").text
    assert 'facturelay_resting_roads{kind="shared_mail"} 1.0' in metrics
    assert 'facturelay_resting_roads{kind="rest"} 0.0' in metrics


def test_nothing_is_well_while_the_shop_does_not_answer(app: BridgeApp) -> None:
    nothing, down = "Nothing. Whatever needs a person shows up here.", ">Connection to the shop: down</a>"
    with app.store.write() as connection:
        roads.record_heard(connection, Road(SHOP, RoadKind.REST), now=NOW)
    owner, operator = admin(app), signed_in(app, "operator@house.example", operator=True)
    assert not when_of("Connection to the shop", owner.get(f"/s/{SHOP}").text).startswith(("since ", "–"))
    with app.store.write() as connection:
        for _ in range(roads.REST_AFTER):
            roads.record_failure(
                connection, Road(SHOP, RoadKind.REST), roads.Failure(NOW, Message("It does not answer."))
            )
    for text, name in ((owner.get(f"/s/{SHOP}").text, ""), (operator.get("/shops").text, "Bakkerij Janssens")):
        needs = text.partition('id="needs"')[2].partition("</section>")[0]
        assert (nothing in needs, down in needs, name in needs) == (False, True, True)
    assert when_of("Connection to the shop", owner.get(f"/s/{SHOP}").text).startswith("since ")

    with app.store.write() as connection:
        shops.change(connection, replace(app.shop, suspended=True))
    assert nothing in owner.get(f"/s/{SHOP}").text, "a paused shop is asked nothing"


def when_of(road: str, page: str) -> str:
    """Since when a road does not go, or when it last went well."""
    return page.partition(f"<strong>{road}</strong>")[2].partition('data-label="When">')[2].partition("<")[0]


def test_an_outage_of_which_an_alert_tells_stands_once_among_what_needs_you(app: BridgeApp) -> None:
    with app.store.write() as connection:
        alerts.raise_alert(connection, SHOP, code="shop_silent", message=Message("It says nothing."), now=NOW)
    owner, operator = admin(app), signed_in(app, "operator@house.example", operator=True)
    for text in (owner.get(f"/s/{SHOP}").text, operator.get("/shops").text):
        needs = text.partition('id="needs"')[2].partition("</section>")[0]
        assert ("does not report its orders" in needs, "Incoming orders: down" in needs) == (True, False)
        assert "It says nothing." not in needs


def test_a_company_is_saved_all_or_nothing(app: BridgeApp) -> None:
    visitor = admin(app)
    fields = {
        "seller.name": "De Gist BV",
        "seller.iban": "BE71 0961 2345 6769",
        "name": "De Gist",
        "language": "fr",
        "business_language": "seat",
        "second_language": "none",
        "consumer_prices": "as_entered",
    }
    wrong = visitor.post(f"{SETTINGS}/company", **{**fields, "seller.iban": "BE00"}, zone="Europe/Brussels")

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="error-seller.iban"' in wrong.text
    assert 'value="De Gist BV"' in wrong.text
    assert app.shop.seller.name == ""
    assert visitor.post(f"{SETTINGS}/company", **fields, zone="Europe/Brussels").status_code == HTTPStatus.SEE_OTHER
    saved = app.shop
    assert (saved.seller.name, saved.seller.iban, saved.language) == ("De Gist BV", "BE71096123456769", "fr")


def test_rules_are_saved_tried_or_refused_beside_the_wrong_one(app: BridgeApp) -> None:
    visitor = admin(app)
    rows = {"kind-0": "invoice", "trigger-0": "paid", "send_mode-0": "send", "buyer-0": "business", "countries-0": "be, nl",
            "methods-0": "", "minimum-0": "12,50"}  # fmt: skip
    rule = "invoice:paid:send:buyer=business,country=BE|NL,minimum=12.50"
    wrong = visitor.post(f"{SETTINGS}/rules", **{**rows, "minimum-0": "much"})
    tried = visitor.post(f"{SETTINGS}/rules", **rows, **{"try": "1"})
    before = app.shop.rules

    assert (wrong.status_code, wrong.text.count('class="error"')) == (HTTPStatus.UNPROCESSABLE_ENTITY, 1)
    tied = 'name="minimum-0" value="much" inputmode="decimal" aria-invalid="true" aria-describedby="error-minimum-0"'
    assert (tied in wrong.text, wrong.text.count('id="error-minimum-0"')) == (True, 1)
    assert tried.headers["Location"].startswith(f"/s/{SHOP}/tasks/1")
    assert asked(app) == ("dry_run_rules", {"rules": rule})
    assert visitor.post(f"{SETTINGS}/rules", **rows).status_code == HTTPStatus.SEE_OTHER
    assert app.shop.rules == (Rule.parse(rule),) != before


RULE_ROWS = {
    "kind-0": "invoice",
    "trigger-0": "paid",
    "kind-1": "delivery_note",
    "trigger-1": "completed",
    "kind-2": "order_confirmation",
}


@pytest.mark.parametrize(
    ("button", "kinds"),
    [
        ({"up": "1"}, ["delivery_note", "invoice", "order_confirmation"]),
        ({"down": "1"}, ["invoice", "order_confirmation", "delivery_note"]),
        ({"remove": "0"}, ["delivery_note", "order_confirmation"]),
        ({"add": "1"}, ["invoice", "delivery_note", "order_confirmation", "invoice"]),
        ({"up": "0"}, ["invoice", "delivery_note", "order_confirmation"]),
        ({"down": "99"}, ["invoice", "delivery_note", "order_confirmation"]),
        ({"remove": "x"}, ["invoice", "delivery_note", "order_confirmation"]),
    ],
)
def test_rules_are_added_moved_and_removed_by_buttons_and_saved_by_save_alone(
    app: BridgeApp, button: dict[str, str], kinds: list[str]
) -> None:
    visitor, before = admin(app), app.shop.rules
    shown = visitor.post(f"{SETTINGS}/rules", **RULE_ROWS, **button)
    rows = re.findall(r'<select name="kind-\d".*?value="(\w+)" selected', shown.text)

    assert (shown.status_code, rows) == (HTTPStatus.OK, kinds)
    assert "These rules are not saved yet." in shown.text
    assert app.shop.rules == before


def test_a_shop_without_rules_says_what_that_means(app: BridgeApp) -> None:
    visitor = admin(app)
    assert visitor.post(f"{SETTINGS}/rules").status_code == HTTPStatus.SEE_OTHER
    assert "orders make no document by themselves" in visitor.get(f"{SETTINGS}/rules").text


def test_a_rule_is_narrowed_by_what_the_shop_calls_its_things(app: BridgeApp) -> None:
    visitor = admin(app)
    rows = {"kind-0": "invoice", "trigger-0": "paid", "send_mode-0": "send", "buyer-0": "everyone", "order-0": "suborder",
            "categories-0": 'Wijn, "Brood, taart"', "tax_classes-0": "Reduced rate", "shipping-0": "flat_rate:3, bpost*",
            "coupons-0": "ZOMER*"}  # fmt: skip
    rule = 'invoice:paid:send:order=suborder,category=Wijn|"Brood, taart",tax_class=Reduced rate,shipping=flat_rate:3|bpost*,coupon=ZOMER*'
    assert visitor.post(f"{SETTINGS}/rules", **rows).status_code == HTTPStatus.SEE_OTHER
    assert app.shop.rules == (Rule.parse(rule),)
    shown = visitor.get(f"{SETTINGS}/rules").text
    assert "Wijn, &#34;Brood, taart&#34;" in shown
    assert 'value="suborder" selected' in shown
    assert (
        visitor.post(f"{SETTINGS}/rules", **{**rows, "order-0": "big"}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    )


def test_each_method_that_orders_came_with_is_given_its_meaning(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/payment"
    seen = (a_seen_order("cod", "Bij levering"), a_seen_order("igfw_invoice_gateway", "Op factuur (30 dagen)"))
    with app.store.write() as connection:
        for order in seen:
            orders.save(
                connection,
                SHOP,
                order,
                OrderState(paid_at=order.paid_at, decision=Decision(rule_results=(), flags=())),
                as_of=NOW,
            )
    shown = visitor.get(page).text
    assert '<option value="cod" label="Bij levering">' in visitor.get(f"{SETTINGS}/rules").text
    chosen = {"payment_days": "14", "method-0": "cod", "means-0": "", "method-1": "igfw_invoice_gateway"}
    wrong = visitor.post(page, **chosen, **{"means-1": "on_account", "days-1": "soon"})

    assert ("Bij levering" in shown, "Op factuur (30 dagen)" in shown) == (True, True)
    assert (wrong.status_code, app.shop.payment_terms) == (HTTPStatus.UNPROCESSABLE_ENTITY, {})
    saved = visitor.post(page, **chosen, **{"means-1": "on_account", "days-1": ""})
    assert saved.status_code == HTTPStatus.SEE_OTHER
    assert app.shop.payment_days == 14
    assert app.shop.payment_terms == {"igfw_invoice_gateway": PaymentTerms(14)}
    assert 'value="on_account" selected' in visitor.get(page).text
    visitor.post(page, **chosen, **{"means-1": "paid"})
    assert app.shop.payment_terms == {"igfw_invoice_gateway": PaymentTerms()}


def test_the_digits_of_references_are_chosen_beside_the_terms(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/payment"
    assert 'name="reference_digits" value="001"' in visitor.get(page).text
    wrong = visitor.post(page, payment_days="30", reference_digits="12x")
    assert "Write three digits" in wrong.text
    visitor.post(page, payment_days="30", reference_digits="412")
    visitor.post(page, payment_days="30")
    assert app.shop.reference_digits == 412


@pytest.mark.parametrize("choice", ["sets_orders_paid", "waits_for_bank_files"])
def test_what_follows_from_a_payment_is_done_unless_the_owner_says_no(app: BridgeApp, choice: str) -> None:
    visitor, page = admin(app), f"{SETTINGS}/payment"
    assert f'name="{choice}" value="1" checked' in visitor.get(page).text
    visitor.post(page, payment_days="30")
    assert not getattr(app.shop, choice)
    visitor.post(page, payment_days="30", **{choice: "1"})
    assert getattr(app.shop, choice)


def test_what_could_not_be_set_paid_is_shown_and_tried_again_by_its_button(app: BridgeApp) -> None:
    order, sentence = an_order(order_id=7), Message("Order 7 was cancelled.")
    with app.store.write() as connection:
        state = OrderState(paid_at=None, decision=Decision(rule_results=(), flags=()))
        orders.save(connection, SHOP, order, state, as_of=NOW)
        settle_orders.plan(connection, OrderKey(SHOP, 7, order.order_key), now=NOW)
        (job_id,) = job_store.due_ids(connection, settle_orders.IS_SETTLEMENT, now=NOW, limit=9)
        end = job_store.JobEnd("failed", "paid_but_cancelled", sentence)
        job_store.close(connection, jobs.c.job_id == job_id, end=end, now=NOW)
    visitor = admin(app)
    shown = [visitor.get(f"/s/{SHOP}{page}").text for page in ("/attention/paid_but", "/jobs", "/orders/7")]
    assert ["Order 7 was cancelled." in page for page in shown] == [True, True, True]
    assert f'action="/s/{SHOP}/jobs/retry/settle_order/{job_id}"' in shown[1]

    answers = [visitor.post(f"/s/{SHOP}/jobs/retry/settle_order/{job_id}").status_code for _ in range(2)]
    assert answers == [HTTPStatus.SEE_OTHER] * 2
    with app.store.read() as connection:
        assert job_store.due_ids(connection, settle_orders.IS_SETTLEMENT, now=NOW, limit=9) == (job_id,)


def a_seen_order(method: str, title: str) -> Order:
    return an_order(order_id=len(method), payment_method=method, payment_title=title)


def test_a_text_is_saved_for_its_kind_and_language_and_goes_back_to_the_default(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/texts?kind=invoice&state=paid&language=nl"
    texts = {"mail.subject": "Je factuur {number}", "mail.body": "Dag"}
    wrong = visitor.post(page, **{**texts, "mail.body": "Dag {nobody}"})

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="error-mail.body"' in wrong.text
    visitor.post(page, **texts)
    assert app.shop.texts["mail.subject/invoice/paid/nl"] == "Je factuur {number}"
    assert "Subject of the mail · your own words" in visitor.get(page).text
    visitor.post(page, **texts, **{"default-mail.subject": "1"})
    assert "mail.subject/invoice/paid/nl" not in app.shop.texts
    assert "Subject of the mail · your own words" not in visitor.get(page).text


def test_a_preview_of_texts_comes_back_to_the_page_that_shows_it(app: BridgeApp) -> None:
    page = f"{SETTINGS}/texts?kind=invoice&state=paid&language=nl"
    sent = admin(app).post(page, **{"mail.subject": "Je factuur {number}", "mail": "1"})

    assert asked(app) is not None
    assert "task=0#preview" in unquote(sent.headers["Location"])


@pytest.mark.parametrize(("what", "page"), [("logo", "branding"), ("attachment", "mail")])
def test_a_file_for_documents_or_mails_is_handed_to_the_worker(app: BridgeApp, what: str, page: str) -> None:
    visitor = admin(app)
    sent = visitor.upload(f"{SETTINGS}/branding/{what}", content=b"bytes", name="mine.bin")

    found = asked(app)
    assert found is not None
    assert found[0] == f"save_{what}"
    assert found[0] in TASKS
    assert found[1]["file"]["name"] == "mine.bin"
    assert unquote(sent.headers["Location"]).endswith(f"then={SETTINGS}/{page}")
    assert visitor.post(f"{SETTINGS}/branding/{what}/remove").headers["Location"] == f"{SETTINGS}/{page}"


def test_numbers_go_on_after_another_program_and_a_wrong_pattern_is_refused(app: BridgeApp) -> None:
    visitor, series = admin(app), app.shop.numbering.series[Kind.INVOICE]
    yearly = {f"yearly-{kind}": "1" for kind, one in app.shop.numbering.series.items() if one.yearly}

    for wrong in ({"pattern-invoice": "F{year}"}, {"next-invoice": "12a"}, {"next-invoice": "0"}):
        assert visitor.post(f"{SETTINGS}/numbering", **yearly, **wrong).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert app.shop.numbering.series[Kind.INVOICE] == series
    visitor.post(f"{SETTINGS}/numbering", **yearly, **{"pattern-invoice": "{year}/{number:04d}", "next-invoice": "116"})
    assert "2026/0116" in visitor.get(f"{SETTINGS}/numbering").text


def as_shown(visitor: Visitor) -> dict[str, str]:
    """What the form of numbers would send if nobody touched it."""
    page = visitor.get(f"{SETTINGS}/numbering").text
    inputs = re.findall(r"<input ([^>]+)>", page)
    named = [(dict(re.findall(r'([\w-]+)="([^"]*)"', one)), one) for one in inputs]
    return {
        found["name"]: found["value"]
        for found, text in named
        if re.match(r"(prefix|digits|next|shown-next|with-year|yearly|pattern|name)-", found.get("name", ""))
        and (found.get("type") != "checkbox" or " checked" in text)
    }


def test_a_form_of_numbers_that_nobody_touched_changes_nothing(app: BridgeApp) -> None:
    visitor, before = admin(app), app.shop.numbering

    assert visitor.post(f"{SETTINGS}/numbering", **as_shown(visitor)).status_code == HTTPStatus.SEE_OTHER
    assert app.shop.numbering == before


def test_numbers_are_chosen_by_prefix_year_digits_and_the_next_one(app: BridgeApp) -> None:
    visitor = admin(app)
    shown = as_shown(visitor)
    wanted = shown | {"prefix-invoice": "INV-", "digits-invoice": "4", "next-invoice": "116"}
    visitor.post(f"{SETTINGS}/numbering", **wanted)
    assert "INV-2026-0116" in visitor.get(f"{SETTINGS}/numbering").text

    shown = as_shown(visitor)
    without_year = {name: value for name, value in shown.items() if name not in ("with-year-invoice", "yearly-invoice")}
    visitor.post(f"{SETTINGS}/numbering", **without_year)
    assert app.shop.numbering.series[Kind.INVOICE].pattern == "INV-{number:04d}"

    for wrong in ({"digits-invoice": "0"}, {"digits-invoice": "13"}, {"prefix-invoice": "{year}"}):
        answer = visitor.post(f"{SETTINGS}/numbering", **(as_shown(visitor) | wrong))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f'id="error-{next(iter(wrong))}"' in answer.text


def test_a_number_that_was_taken_while_the_page_was_open_is_no_wish_to_go_back(app: BridgeApp) -> None:
    visitor = admin(app)
    shown = as_shown(visitor)
    app.issue()

    assert visitor.post(f"{SETTINGS}/numbering", **shown).status_code == HTTPStatus.SEE_OTHER


def test_a_mail_server_is_stored_and_its_password_never_shown(app: BridgeApp) -> None:
    visitor = admin(app)
    server = {"scheme": "smtps", "host": "mail.shop.example", "port": "465", "username": "jan", "password": "geheim-1"}
    wrong = visitor.post(f"{SETTINGS}/mail/server", **{**server, "port": "99999"})

    assert 'id="error-port"' in wrong.text
    assert visitor.post(f"{SETTINGS}/mail/server", **server).status_code == HTTPStatus.SEE_OTHER
    page = visitor.get(f"{SETTINGS}/mail").text
    assert "mail.shop.example" in page
    assert "geheim-1" not in page + wrong.text


def test_whoever_may_change_the_address_gets_no_key_sent_to_it(app: BridgeApp) -> None:
    visitor, encryption = admin(app), Encryption(app.settings.secret_keys)
    with app.store.write() as connection:
        found = shops.get(connection, encryption, SHOP)
        with_key = replace(found.secrets, rest_key="ck_1", rest_secret="cs_1")
        shops.change_secrets(connection, encryption, SHOP, with_key)

    visitor.post(f"{SETTINGS}/connection/address", url="https://evil.example")

    assert "was taken away" in visitor.get(f"{SETTINGS}/connection").text
    left = app.connected.secrets
    assert (left.rest_key, left.rest_secret) == ("", "")
    assert left.webhook_secrets[0] not in found.secrets.webhook_secrets


def test_an_invitation_is_shown_once_and_can_be_withdrawn(app: BridgeApp) -> None:
    of_nobody = signed_in(app, "els@host.example", operator=True).get(TEAM).text
    visitor = admin(app)
    proposed = [re.findall(r'<option value="(\w+)" selected', page) for page in (of_nobody, visitor.get(TEAM).text)]
    assert proposed == [["admin"], ["viewer"]]
    shown = visitor.post(f"{TEAM}/invite", email="Jan@Shop.example", role="viewer").text
    token = shown.rpartition("/join/")[2].partition("<")[0]
    assert re.search(rf'data-copy="[^"]*/join/{token}"', shown), "one press copies it"
    with app.store.read() as connection:
        (invite,) = sessions.open_invites(connection, shop_id=SHOP, now=NOW)

    assert (invite.email, invite.role) == ("jan@shop.example", Role.VIEWER)
    assert token not in visitor.get(TEAM).text
    assert Visitor(app).get(f"/join/{token}").status_code == HTTPStatus.OK
    visitor.post(f"{TEAM}/withdraw", token_hash=invite.token_hash)
    assert Visitor(app).get(f"/join/{token}").status_code == HTTPStatus.GONE
    with app.store.read() as connection:
        told = activity.audit_trail_page(connection, (SHOP,), access=True).rows
        assert [event.code for event in told] == ["withdrawn", "invited"]
        assert activity.audit_trail_page(connection, (SHOP,)).rows == ()


@pytest.mark.parametrize("fields", [{"email": "nobody", "role": "viewer"}, {"email": "a@b.be", "role": "operator"}])
def test_an_invitation_makes_nobody_more_than_an_admin(app: BridgeApp, fields: dict[str, str]) -> None:
    assert admin(app).post(f"{TEAM}/invite", **fields).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_another_shops_admin_withdraws_nothing_here(app: BridgeApp) -> None:
    other = "ffffffffffffffffffffffff"
    app.add_shop(other, secrets=("another secret",))
    admin(app).post(f"{TEAM}/invite", email="jan@shop.example", role="viewer")
    with app.store.read() as connection:
        invites = sessions.open_invites(connection, shop_id=SHOP, now=NOW)
    owner = signed_in(app, "owner@other.example", roles={other: Role.ADMIN})
    owner.post(f"/s/{other}/team/withdraw", token_hash=invites[0].token_hash)
    owner.post(f"/s/{other}/team/1/remove")
    owner.post(f"/s/{other}/team/1/role", role="viewer")

    with app.store.read() as connection:
        assert sessions.open_invites(connection, shop_id=SHOP, now=NOW) == invites
    assert roles(app) == {ADMIN: Role.ADMIN}


def test_the_last_admin_stays_and_a_second_one_may_go(app: BridgeApp) -> None:
    visitor = admin(app)
    second = a_user(app, "jan@shop.example", roles={SHOP: Role.VIEWER})
    visitor.post(f"{TEAM}/1/remove")
    visitor.post(f"{TEAM}/1/role", role="viewer")
    assert roles(app) == {ADMIN: Role.ADMIN, "jan@shop.example": Role.VIEWER}

    visitor.post(f"{TEAM}/{second}/role", role="admin")
    visitor.post(f"{TEAM}/1/remove")
    assert roles(app) == {"jan@shop.example": Role.ADMIN}
    assert visitor.get(TEAM).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(("what", "said"), [("role", {"role": "viewer"}), ("remove", {})])
def test_of_two_admins_who_let_each_other_go_at_one_moment_one_stays(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch, what: str, said: dict[str, str]
) -> None:
    first = admin(app)
    second_id = a_user(app, "jan@shop.example", roles={SHOP: Role.ADMIN})
    second = Visitor(app)
    second.sign_in("jan@shop.example")

    def slowly(function: Callable[..., object]) -> Callable[..., object]:
        def changed(*arguments: object) -> object:
            time.sleep(0.3)  # by then the other has looked too, where he may
            return function(*arguments)

        return changed

    for name in ("give_role", "take_role"):
        monkeypatch.setattr(users, name, slowly(getattr(users, name)))
    at_once(partial(who.post, f"{TEAM}/{user_id}/{what}", **said) for who, user_id in ((first, second_id), (second, 1)))
    assert list(roles(app).values()).count(Role.ADMIN) == 1


def test_an_account_speaks_its_language_and_a_new_password_ends_the_other_sessions(app: BridgeApp) -> None:
    here, there, new = admin(app), Visitor(app), "heel andere woorden"
    there.sign_in(ADMIN)
    here.post("/account", name="Jan", language="nl", theme="dark")
    here.post("/account/password", old=PASSWORD, password=new, again=new)
    page = here.get("/account").text

    assert '<html lang="nl" data-theme="dark">' in page
    assert there.get("/account").status_code == HTTPStatus.SEE_OTHER
    assert here.post("/account", name="Jan", language="xx").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_of_many_shops_those_that_need_somebody_come_first_and_any_is_found(app: BridgeApp) -> None:
    app.deliver()
    encryption = Encryption(app.settings.secret_keys)
    with app.store.write() as connection:
        for number in range(60):
            shop = Shop(f"{number:024x}", f"A shop {number:02}", f"https://shop{number}.example", OrderSettings(NOW))
            shops.add(connection, encryption, shop, shops.Secrets((f"secret {number}",)), now=NOW)
        connection.execute(update(jobs).values(state="failed", done_at=NOW))
    visitor = signed_in(app, "els@host.example", operator=True)
    page, every, one = (visitor.get(f"/shops{query}").text for query in ("", "?q=&all=1", "?q=SHOP59.example"))

    assert page.partition('id="shops"')[2].index(SHOP) < page.partition('id="shops"')[2].index("A shop 00")
    assert (page.count("/close"), every.count("/close"), one.count("/close")) == (50, 61, 1)
    assert "No shop is called that." in visitor.get("/shops?q=nothing").text


def test_who_opens_and_closes_a_way_for_other_software_is_in_the_audit_trail(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/api"
    shown = visitor.post(f"{page}/token", name="Records", which="documents:read").text
    visitor.post(f"{page}/webhook", url="https://books.example/hook", which="document.issued")
    for what in ("token/1/revoke", "token/1/revoke", "webhook/1/stop", "webhook/1/resume", "webhook/1/remove"):
        visitor.post(f"{page}/{what}")
    with app.store.read() as connection:
        told = [str(event.message) for event in activity.audit_trail_page(connection, (SHOP,), PageRequest()).rows]

    assert "fr_" in shown
    assert "fr_" not in visitor.get(page).text
    assert told[::-1] == [
        "The API token “Records” was made: documents:read.",
        "A webhook to https://books.example/hook was added: document.issued.",
        "The API token “Records” was revoked.",
        "The webhook to https://books.example/hook was stopped.",
        "The webhook to https://books.example/hook was resumed.",
        "The webhook to https://books.example/hook was removed.",
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Nothing is left of invoice: it has been credited in full."),
        ("nl", "Er blijft niets van invoice over: het is volledig gecrediteerd."),
    ],
)
def test_why_a_task_failed_is_said_in_the_readers_language_and_data_stays_as_it_is(
    app: BridgeApp, language: str, said: str
) -> None:
    visitor = admin(app)
    with app.store.write() as connection:
        users.change(connection, 1, language=language)
    visitor.post(f"/s/{SHOP}/accounting/verify")
    message = Message("Nothing is left of {number}: it has been credited in full.", number="invoice")
    with app.store.write() as connection:
        leased = tasks.take(connection, 1, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        answer = {"code": "nothing_remaining", "message": plain_message(message)}
        tasks.finish(connection, leased.lease, now=NOW, answer=answer, state="failed")

    assert said in visitor.get(f"/s/{SHOP}/tasks/1/state").json["message"]  # type: ignore[index]
    assert visitor.get(f"/s/{SHOP}/tasks/1?then=/s/{SHOP}").status_code == HTTPStatus.SEE_OTHER
    assert said in visitor.get(f"/s/{SHOP}").text


def test_the_page_of_a_document_tells_what_became_of_it(app: BridgeApp) -> None:
    invoice = app.issue()
    visitor, page = admin(app), f"/s/{SHOP}/documents/{invoice.document_id}"
    states = ("not paid", "paid 23 Nov 2026", "mailed 10:30", "link withdrawn")
    before = visitor.get(page).text
    with app.store.write() as connection:
        pay(connection, invoice.document_id)
        document_links.revoke(connection, invoice.document_id, now=NOW)
        steps.plan(
            connection, StepPlan(names=(MAIL,), mail_group="2"), shop_id=SHOP, document_id=invoice.document_id, now=NOW
        )
        mail = steps.take(connection, MAIL, document_id=invoice.document_id, now=NOW, lease_for=timedelta(minutes=1))
        assert mail is not None
        job_store.finish(connection, mail.lease, now=NOW)
    after = visitor.get(page).text

    assert [state in before for state in states] == [True, False, False, False]
    assert [state in after for state in states] == [False, True, True, True]


def test_the_page_of_the_invoice_of_a_balance_names_that_of_its_deposit(app: BridgeApp) -> None:
    invoice = app.issue(deposit_invoices=(Reference(7, "F2026-00007", NOW.date()),))
    shown = admin(app).get(f"/s/{SHOP}/documents/{invoice.document_id}").text
    assert "after the deposit invoice F2026-00007" in shown


def test_codes_are_shown_to_operators_and_owners_read_the_sentence(app: BridgeApp) -> None:
    problem = Problem("seller_incomplete", Message("The seller's details lack: {missing}.", missing="name"))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(cause="order:238:invoice:1", problems=(problem,)), now=NOW)
    operator = signed_in(app, "host@hosting.example", operator=True)

    assert "seller_incomplete" in operator.get(f"/s/{SHOP}/drafts/1").text
    shown = admin(app).get(f"/s/{SHOP}/drafts/1").text
    assert "details lack" in shown
    assert "seller_incomplete" not in shown


def test_an_order_is_treated_by_hand_with_a_reason_and_never_without_one(app: BridgeApp) -> None:
    app.deliver()
    visitor, page = admin(app), f"/s/{SHOP}/orders/238"
    visitor.post(f"{page}/treat", name="co_contractor", reason=" ")
    refused = visitor.get(page).text
    visitor.post(f"{page}/treat", name="co_contractor", reason="attest van 12 november")
    treated = visitor.get(page).text
    visitor.post(f"{page}/treat")

    assert "Say why" in refused
    assert "attest van 12 november" not in refused
    assert "treated as: work on a building" in treated
    assert "attest van 12 november" in treated
    assert "treated as: work on a building" not in visitor.get(page).text
    assert visitor.post(f"{page}/treat", name="anything", reason="x").status_code == HTTPStatus.SEE_OTHER
    assert "is no treatment" in visitor.get(page).text


def test_waiting_for_an_answer_leads_back_to_our_own_pages_only(app: BridgeApp) -> None:
    visitor = admin(app)
    visitor.post(f"/s/{SHOP}/accounting/verify")
    waiting = visitor.get(f"/s/{SHOP}/tasks/1?then=//evil.example")
    with app.store.write() as connection:
        leased = tasks.take(connection, 1, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        tasks.finish(
            connection, leased.lease, now=NOW, answer={"intact": True, "documents": 0, "head": "", "damages": []}
        )

    assert waiting.status_code == HTTPStatus.OK
    assert visitor.get(f"/s/{SHOP}/tasks/1?then=//evil.example").headers["Location"] == "/"
    answered = visitor.get(f"/s/{SHOP}/tasks/1?then=/s/{SHOP}/accounting?task=0").headers["Location"]
    assert answered == f"/s/{SHOP}/accounting?task=1"
    assert visitor.get(answered).status_code == HTTPStatus.OK


def test_how_long_documents_are_kept_is_chosen_among_what_the_law_knows(app: BridgeApp) -> None:
    visitor = admin(app)
    assert visitor.post(f"{SETTINGS}/privacy", years_kept="5").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert app.shop.years_kept == 10
    assert visitor.post(f"{SETTINGS}/privacy", years_kept="7").status_code == HTTPStatus.SEE_OTHER
    assert app.shop.years_kept == 7
    assert "are kept for 7 years" in visitor.get(f"{SETTINGS}/privacy").text


def test_a_credit_note_that_may_be_two_things_is_chosen_with_both_figures(app: BridgeApp) -> None:
    within = a_draft(cause="refund:301")
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, replace(within, within_left=within), now=NOW)
    visitor = admin(app)
    page = visitor.get(f"/s/{SHOP}/drafts/1").text
    assert page.count('type="radio" name="within_left"') == 2
    assert "Within what is left" in page
    visitor.post(f"/s/{SHOP}/drafts/1/issue", within_left="1", send="1")
    assert asked(app) == (
        "issue_draft",
        {"draft_id": 1, "send": True, "reason": "", "within_left": True, "rest_paid": None},
    )


def test_in_a_test_shop_nothing_is_said_of_a_rest_that_no_draft_asks_for(app: BridgeApp) -> None:
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, a_draft(), now=NOW)
        shops.change(connection, replace(app.shop, test=True))
    question = admin(app).asked(f"/s/{SHOP}/drafts/1/issue", send="1").text
    assert ("Issue this to" in question, "by transfer" in question) == (True, False)


@pytest.mark.parametrize(("typed", "told"), [({"rest_paid": "1"}, True), ({"rest_paid": "0"}, False), ({}, None)])
def test_a_draft_of_an_order_that_costs_more_asks_whether_the_rest_was_paid_too(
    app: BridgeApp, typed: dict[str, str], told: bool | None
) -> None:
    with app.store.write() as connection:
        asks = Problem(REST_CHARGED, Message("Order 238 was changed."), asks=True)
        drafts.save_draft(connection, SHOP, replace(a_draft(), problems=(asks,)), now=NOW)
    visitor = admin(app)
    page = visitor.get(f"/s/{SHOP}/drafts/1").text
    # One question with two answers, and no other button that issues it.
    assert (page.count('type="radio" name="rest_paid"'), page.count("/drafts/1/issue")) == (2, 1)
    visitor.post(f"/s/{SHOP}/drafts/1/issue", send="1", **typed)
    assert asked(app) == (
        "issue_draft",
        {"draft_id": 1, "send": True, "reason": "", "within_left": False, "rest_paid": told},
    )


def test_what_a_checkout_field_holds_is_chosen_and_kept(app: BridgeApp) -> None:
    visitor, page = admin(app), f"{SETTINGS}/checkout-fields"
    assert "<th>Example</th>" not in visitor.get(page).text, "no head above nothing"
    visitor.post(page, look="1")
    assert asked(app) == ("seen_fields", {})
    rows = {
        "field-0": "_klantcode",
        "holds-0": "vat_number",
        "field-1": "_kleur",
        "holds-1": "",
        "field-typed": "",
        "holds-typed": "vat_number",
    }
    assert visitor.post(page, **rows).status_code == HTTPStatus.SEE_OTHER
    assert app.shop.orders.own_fields == {"_klantcode": "vat_number"}
    shown = visitor.get(page).text
    assert 'value="_klantcode"' in shown
    assert "<th>Example</th>" in shown
    assert 'value="vat_number" selected' in shown
    wrong = visitor.post(page, **{**rows, "holds-0": "shoe_size"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "does not say what a field holds" in wrong.text
    half = visitor.post(page, **{**rows, "holds-0": "", "field-typed": "_ordernummer", "holds-typed": ""})
    assert (half.status_code, app.shop.orders.own_fields) == (422, {"_klantcode": "vat_number"})
    assert 'value="_ordernummer"' in half.text, "what was typed is still there"
    assert "Choose what this field holds" in half.text
    visitor.post(page, **{**rows, "holds-0": ""})
    assert app.shop.orders.own_fields == {}
    visitor.post(page, **{"field-typed": "_ordernummer", "holds-typed": "vat_number"})
    assert app.shop.orders.own_fields == {"_ordernummer": "vat_number"}
