"""What a page says of numbers, days and states is what is: a count of the database, of this moment, and never a list in Python's words."""

import re
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from sqlalchemy import insert, text

from tests.bridge.dashboard.test_pages import admin
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from tests.support.personas import signed_in
from worker.domain.document import Kind, PaymentInstructions, Problem, Reference, SendMode
from worker.domain.party import Address, Buyer
from worker.i18n import Translator
from worker.i18n.address import address_lines
from worker.message import Message
from worker.store import deliveries, drafts, jobs
from worker.store.database.tables import jobs as jobs_table
from worker.store.database.tables import unpaid
from worker.store.deliveries import NewDelivery
from worker.store.jobs import JobEnd

FULL = Address("Kerkstraat 1", "bus 3", "62701", "Springfield", "IL", "US")


def test_the_plots_count_what_the_numbers_beside_them_count(app: BridgeApp) -> None:
    app.issue()
    shown = admin(app).get(f"/s/{SHOP}").text
    assert re.search(r"Documents</dt><dd><a [^>]+>1<", shown)
    assert "last 30 days: 1. Failures: 0." in shown
    assert "10:00: 1" in shown  # the hour in Brussels


def test_a_count_of_drafts_is_of_all_and_not_of_a_page(app: BridgeApp) -> None:
    with app.store.write() as connection:
        for number in range(60):
            draft = replace(a_draft(), cause=f"order:{number}", send_mode=SendMode.DRAFT)
            drafts.save_draft(connection, SHOP, draft, now=NOW)
    visitor = admin(app)
    assert "60 drafts wait for you" in visitor.get(f"/s/{SHOP}/documents").text
    assert "Nothing is wrong with 60 drafts" in visitor.get(f"/s/{SHOP}").text


def test_drafts_that_are_counted_beside_those_of_another_page_are_said_to_be_others(app: BridgeApp) -> None:
    wrong = Problem("buyer_incomplete", Message("The address is missing."))
    with app.store.write() as connection:
        for number in range(3):
            draft = replace(
                a_draft(), cause=f"order:{number}", send_mode=SendMode.DRAFT, problems=(wrong,) * (number > 1)
            )
            drafts.save_draft(connection, SHOP, draft, now=NOW)
    visitor = admin(app)
    assert "3 drafts wait for you" in visitor.get(f"/s/{SHOP}/documents").text
    assert "Nothing is wrong with 2 drafts: they wait" in visitor.get(f"/s/{SHOP}").text


def test_a_credit_note_is_refunded_and_never_paid(app: BridgeApp) -> None:
    invoice = app.issue()
    note = app.issue(
        number="CN2026-00001",
        sequence=1,
        kind=Kind.CREDIT_NOTE,
        cause="refund:1",
        corrects=Reference(invoice.document_id, invoice.number, invoice.issued_on),
        paid_on=date(2026, 11, 28),
        payment_title="Bancontact",
    )
    shown = admin(app).get(f"/s/{SHOP}/documents/{note.document_id}").text
    assert "refunded 28 Nov" in shown
    assert "paid 28 Nov" not in shown


def test_what_does_not_add_up_is_no_rounding(app: BridgeApp) -> None:
    wrong = Problem("does_not_add_up", Message("Order 238 does not add up."))
    apart = replace(a_draft(), rounding=Decimal("77.79"), total=Decimal("99.99"), payment=None, problems=(wrong,))
    with app.store.write() as connection:
        draft_id = drafts.save_draft(connection, SHOP, apart, now=NOW)
    shown = admin(app).get(f"/s/{SHOP}/drafts/{draft_id}").text
    assert "77.79" in shown
    assert ("Rounding of the total" in shown, '<td colspan="4" class="wide-only">Difference</td>' in shown) == (
        False,
        True,
    )


@pytest.mark.parametrize("value", [[1000], (1,), {"a": 1}, {1}])
def test_no_page_writes_a_list(app: BridgeApp, value: object) -> None:
    template = app.client.application.jinja_env.from_string("Erased: {{ value }} orders")
    with pytest.raises(TypeError, match="a page would write"):
        template.render(value=value)


@pytest.mark.parametrize(
    ("kind", "heading"), [(Kind.INVOICE, "Delivered to:"), (Kind.PAYMENT_REQUEST, "Delivery address:")]
)
def test_each_field_of_an_address_is_on_the_page_wherever_an_address_is(
    app: BridgeApp, kind: Kind, heading: str
) -> None:
    goes_to = replace(FULL, street="Elm Street 9", city="Peoria")
    app.issue(kind=kind, buyer=Buyer("Jan Peeters", address=FULL), ship_to=goes_to, ship_to_name="Piet")
    shown = admin(app).get(f"/s/{SHOP}/documents/1").text
    assert heading in shown
    for address in (FULL, goes_to):
        told = {**{one.name: getattr(address, one.name) for one in fields(Address)}, "country": "UNITED STATES"}
        assert [name for name, value in told.items() if value not in shown] == []


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (FULL, ("Springfield IL 62701",)),
        (Address("Via Roma 1", "", "00184", "Roma", "RM", "IT"), ("00184 Roma RM",)),
        (Address("Hauptstr. 1", "", "10115", "Berlin", "DE-BE", "DE"), ("10115 Berlin",)),
        (Address("High Street 1", "", "TN9 1AB", "Tonbridge", "Kent", "GB"), ("Tonbridge TN9 1AB", "Kent")),
        (Address("Rua 1", "", "01310-100", "São Paulo", "SP", "BR"), ("01310-100 São Paulo SP",)),
    ],
)
def test_a_province_stands_where_its_post_wants_it(address: Address, place: tuple[str, ...]) -> None:
    assert address_lines(address, Translator("en"), address.country)[-len(place) :] == place


def test_the_register_names_numbers_as_they_are_printed(app: BridgeApp) -> None:
    app.issue()
    app.issue(kind=Kind.ORDER_CONFIRMATION, number="B2026-00001", sequence=1)
    register = admin(app).get(f"/s/{SHOP}/accounting").text
    printed = re.findall(r'"From">\s*<span class="keep">([\w-]+)', register)
    assert printed == ["B2026-00001", "F2026-00017"], "in the order in which kinds stand everywhere"


def test_a_register_that_lacks_a_document_says_what_is_wrong_with_it(app: BridgeApp) -> None:
    app.issue()
    with app.store.write() as connection:
        connection.execute(text("DROP TRIGGER register_no_delete"))
        connection.execute(text("DELETE FROM register"))
    shown = admin(app).get(f"/s/{SHOP}/accounting").text
    assert ("Something is missing, see below." in shown, "Numbers in the register: 0; documents: 1." in shown) == (
        True,
        True,
    )


def test_a_form_that_is_not_saved_says_so_at_its_top_and_names_each_field(app: BridgeApp) -> None:
    form = {"name": "Gist", "seller.address.country": "BE", "seller.address.postcode": "12", "seller.website": "hallo"}
    told = admin(app).post(f"/s/{SHOP}/settings/company", **form).text
    top = told[: told.index("<fieldset>")]
    assert "fields need you" in top
    assert [f'href="#f-{name}"' in top for name in ("seller.address.postcode", "seller.website")] == [True, True]
    assert app.shop.seller.website != "hallo"


def failed_delivery(app: BridgeApp, *, at: datetime) -> None:
    with app.store.write() as connection:
        new = NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=7, body=b"{}")
        job_id = deliveries.add(connection, new, now=at)
        jobs.close(connection, jobs_table.c.job_id == job_id, end=JobEnd("failed", "order_unreadable"), now=at)


def test_a_plot_has_a_scale_shows_failures_in_their_own_colour_and_its_numbers_as_a_table(app: BridgeApp) -> None:
    app.issue()
    failed_delivery(app, at=NOW)
    shown = admin(app).get(f"/s/{SHOP}").text
    assert "last 30 days: 1. Failures: 1." in shown
    assert re.search(r'plot-top" aria-hidden="true">1<', shown), "what failed is no further document"
    assert shown.count('<rect class="failed"') == 2  # in the hours and in the days
    table = shown[shown.index("<summary>The numbers</summary>") :]
    assert re.search(r"10:00</td>.*?>1</td>.*?>1</td>", table, re.DOTALL)


def test_the_queues_say_how_long_the_oldest_waits_and_what_was_done(app: BridgeApp) -> None:
    with app.store.write() as connection:
        new = NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=7, body=b"{}")
        done = deliveries.add(connection, new, now=NOW)
        jobs.close(connection, jobs_table.c.job_id == done, end=JobEnd(), now=NOW)
        deliveries.add(connection, new, now=NOW - timedelta(seconds=40))
    shown = signed_in(app, "els@host.example", operator=True).get("/jobs").text
    assert "Orders to fetch and invoice" in shown
    assert 'data-label="Oldest waits for">40\N{NO-BREAK SPACE}s<' in shown
    assert 'data-label="Done in 10 minutes">1<' in shown


def test_a_queue_is_paused_after_a_question_and_shown_so_until_it_is_resumed(app: BridgeApp) -> None:
    operator = signed_in(app, "els@host.example", operator=True)
    operator.get("/jobs")
    assert "Pause “Mails and reminders”?" in operator.asked("/jobs/queues/mail/pause").text
    assert "paused since" not in operator.get("/jobs").text
    operator.post("/jobs/queues/mail/pause")
    assert "paused since" in operator.get("/jobs").text
    assert "Mails and reminders: paused by" in operator.get("/about").text
    assert operator.post("/jobs/queues/slow/pause").status_code == HTTPStatus.NOT_FOUND
    operator.post("/jobs/queues/mail/resume")
    assert "paused" not in operator.get("/jobs").text


def test_the_page_about_the_installation_begins_with_how_it_goes(app: BridgeApp) -> None:
    shown = signed_in(app, "els@host.example", operator=True).get("/about").text
    for road in ("Scheduler", "Disk", "Last backup", "Queue", "Workers"):
        assert shown.index(f"<strong>{road}</strong>") < shown.index("How it is set up")


def test_money_leads_to_its_lists(app: BridgeApp) -> None:
    app.issue()
    shown = admin(app).get(f"/s/{SHOP}").text
    assert f'href="/s/{SHOP}/documents?since=2026-11-01"' in shown


def test_a_number_of_the_overview_leads_to_what_it_counts(app: BridgeApp) -> None:
    app.issue()
    failed_delivery(app, at=NOW)
    visitor = admin(app)
    shown = visitor.get(f"/s/{SHOP}").text
    led = {
        label: where.replace("&amp;", "&")
        for where, label in re.findall(r'<dd><a href="([^"]+)" aria-label="([^"]+)"', shown)
    }
    assert led == {  # and nothing leads to the orders of today, of which there are none
        "Documents: 1": f"/s/{SHOP}/documents?since={NOW:%Y-%m-%d}",
        "Waiting: 1": f"/s/{SHOP}/jobs?state=waiting",
        "Failed: 1": f"/s/{SHOP}/jobs",
    }
    assert all("1 of 1" in visitor.get(where).text for where in led.values() if "jobs" in where)


def test_a_shop_that_only_begins_is_shown_no_plots_of_nothing(app: BridgeApp) -> None:
    app.change_shop(test=True)
    visitor = admin(app)
    assert "last 24 hours" not in visitor.get(f"/s/{SHOP}").text
    app.issue(test=True)
    assert "last 24 hours" in visitor.get(f"/s/{SHOP}").text


def test_orders_that_wait_for_their_money_are_told_of_before_they_have_an_invoice(app: BridgeApp) -> None:
    asked = app.issue(kind=Kind.PAYMENT_REQUEST, paid_on=None, payment=PaymentInstructions(due_on=NOW.date()))
    waits = {"document_id": asked.document_id, "kind": Kind.PAYMENT_REQUEST, "issued_on": asked.issued_on}
    with app.store.write() as connection:
        connection.execute(insert(unpaid).values(shop_id=SHOP, **waits))
    visitor = admin(app)
    for page in ("", "/payments"):
        (told,) = re.findall(
            r'<a href="([^"]+)">One order without an invoice waits for its money<', visitor.get(f"/s/{SHOP}{page}").text
        )
        assert "F2026-00017" in visitor.get(told).text


def test_beside_an_ordinary_rate_of_the_journal_stands_no_letter_of_the_norm(app: BridgeApp) -> None:
    app.issue()
    shown = admin(app).get(f"/s/{SHOP}/accounting/journal?since=2026-11-01&until=2026-11-30").text
    assert re.search(r'data-label="Rate">21% <span class="soft"></span>', shown)
