"""The page of reminders: who gets which one when, passed over, stopped, and what left; its settings; the same by the API."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_credit_note_for
from tests.support.personas import Visitor
from worker.domain.document import Document, PaymentInstructions
from worker.domain.late_costs import Announcement, LateCosts
from worker.domain.reminder import Reminded, ReminderKind, ReminderSettings
from worker.store import audit_trail, bank_files, reminders, steps
from worker.store.bank_files import NewFile
from worker.store.database.tables import jobs
from worker.store.jobs import DONE
from worker.store.reminders import StoredReminder
from worker.store.steps import StepPlan

TODAY = NOW.date()
PAGE = f"/s/{SHOP}/payments/reminders"


@pytest.fixture
def invoice(app: BridgeApp) -> Document:
    """Due ten days ago."""
    return app.issue(paid_on=None, payment=PaymentInstructions(due_on=TODAY - timedelta(days=10)))


def switched_on(app: BridgeApp) -> None:
    app.change_shop(test=False, reminders=ReminderSettings(Reminded.ALL, date(2026, 1, 1)))


def left(app: BridgeApp, invoice: Document, kind: ReminderKind, on: date) -> None:
    reminder = StoredReminder(
        invoice.document_id, kind, SHOP, on, "EUR", Decimal("9.00"), LateCosts(Decimal(20)), Announcement(on)
    )
    with app.store.write() as connection:
        reminders.save(connection, reminder)
        steps.plan(connection, StepPlan((kind,), ""), shop_id=SHOP, document_id=invoice.document_id, now=NOW)
        steps.end_otherwise(connection, invoice.document_id, kind, DONE, now=NOW)


def test_a_shop_without_reminders_is_told_where_they_are_switched_on(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    page = owner.get(PAGE).text
    assert "reminders are off" in page
    assert f"/s/{SHOP}/settings/reminders" in page
    assert invoice.number in page
    assert '<td class="nothing">–</td>' in page
    assert "<details" not in page, "nothing can be done, so nothing is folded"


def test_the_next_one_stands_with_its_day_and_is_passed_over_by_one_button(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    switched_on(app)
    assert "Friendly reminder" in owner.get(PAGE).text
    owner.post(f"{PAGE}/{invoice.document_id}/skip/{ReminderKind.FRIENDLY}")
    page = owner.get(PAGE).text
    assert "It is passed over" in page
    assert "Formal reminder" in page


def test_reminders_of_an_invoice_are_stopped_and_go_on(app: BridgeApp, owner: Visitor, invoice: Document) -> None:
    switched_on(app)
    owner.get(PAGE)
    owner.post(f"{PAGE}/{invoice.document_id}/stop")
    assert "stopped" in owner.get(PAGE).text
    owner.post(f"{PAGE}/{invoice.document_id}/resume")
    assert "Friendly reminder" in owner.get(PAGE).text


def test_who_looks_at_the_invoice_sees_what_comes_and_stops_it_there(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    here = f"/s/{SHOP}/documents/{invoice.document_id}"
    assert 'id="reminders"' not in owner.get(here).text, "they are off"
    switched_on(app)
    page = owner.get(here).text
    assert "Friendly reminder" in page
    assert f'action="{PAGE}/{invoice.document_id}/stop"' in page
    for verb, says in (("stop", "stopped"), ("resume", "Friendly reminder")):
        answer = owner.post(f"{PAGE}/{invoice.document_id}/{verb}", back=here)
        assert answer.location == here
        assert says in owner.get(here).text


def test_one_that_is_being_mailed_is_not_said_to_have_left(app: BridgeApp, owner: Visitor, invoice: Document) -> None:
    switched_on(app)
    with app.store.write() as connection:
        steps.plan(connection, StepPlan((ReminderKind.FRIENDLY,), ""), shop_id=SHOP, document_id=1, now=NOW)
        mine = jobs.c.name == ReminderKind.FRIENDLY
        connection.execute(jobs.update().where(mine).values(state="running", lease="1", lease_until=NOW))
    api = ApiClient(app, a_token(app))
    answer = api.ask("POST", "/reminders/1/skip", json={"kind": "reminder_friendly"})
    assert (answer.status_code, (answer.json or {})["error"]) == (422, "reminder_leaves")
    owner.get(PAGE)
    owner.post(f"{PAGE}/{invoice.document_id}/skip/{ReminderKind.FRIENDLY}")
    assert "is being mailed at this moment" in owner.get(PAGE).text


def test_another_shops_invoice_is_not_stopped(app: BridgeApp, owner: Visitor) -> None:
    owner.get(PAGE)
    owner.post(f"{PAGE}/999/stop")
    assert "There is no document with id 999." in owner.get(PAGE).text


def test_what_left_is_listed_with_what_it_asked_besides(app: BridgeApp, owner: Visitor, invoice: Document) -> None:
    switched_on(app)
    left(app, invoice, ReminderKind.FORMAL, TODAY - timedelta(days=3))
    page = owner.get(f"{PAGE}/sent").text
    assert "Formal reminder" in page
    assert "and €20.00 besides" in page
    assert "Last reminder" in owner.get(PAGE).text


def test_an_old_bank_file_is_said_on_the_page(app: BridgeApp, owner: Visitor, invoice: Document) -> None:
    switched_on(app)
    with app.store.write() as connection:
        new = NewFile(SHOP, "0" * 64, "nov.cod", "CODA", TODAY - timedelta(days=6))
        bank_files.add_file(connection, new, by="An", now=NOW)
    assert owner.get(PAGE).text.count("Read a newer one") == 2


def test_its_settings_are_stored_and_the_first_day_is_filled_in(app: BridgeApp, owner: Visitor) -> None:
    address = f"/s/{SHOP}/settings/reminders"
    assert "Book XIX" in owner.get(address).text
    given = {
        "reminders.who": "consumers",
        "reminders.formal": "20",
        "reminders.last": "15",
        "reminders.terms": "Wie te laat betaalt …",
    }
    assert owner.post(address, **given).status_code == 303
    shop = app.shop
    assert (shop.reminders.who, shop.reminders.since, shop.reminders.formal) == ("consumers", TODAY, 20)

    answer = owner.post(address, **{**given, "reminders.last": "10", "reminders.consumer_costs": "veel"})
    assert "leaves 15 days after it at the earliest" in answer.text
    assert "“veel” is not a number" in answer.text


def test_the_page_says_each_legal_rate_that_is_counted_with_and_which_is_missing(
    app: BridgeApp, owner: Visitor
) -> None:
    address = f"/s/{SHOP}/settings/reminders"
    page = owner.get(address).text
    assert "11.5% from 1 Jan 2025, 10.5% from 1 Jul 2025, 10.5% from 1 Jan 2026." in page
    assert "The rate of the half-year from 1 Jul 2026 is not known here: no interest is counted for its days" in page
    assert (
        owner.post(address, **{"reminders.who": "nobody", "reminders.legal_interest": "2026-07-01=11"}).status_code
        == 303
    )
    page = owner.get(address).text
    assert "11% from 1 Jul 2026." in page
    assert "no interest is counted for its days" not in page


# By the API


def test_a_program_passes_one_over_stops_and_resumes_what_the_page_shows(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    switched_on(app)
    api, path = ApiClient(app, a_token(app)), f"/reminders/{invoice.document_id}"
    assert api.told(path)["next"]["kind"] == ReminderKind.FRIENDLY

    for _again in range(2):  # a program that lost the answer
        answer = api.ask("POST", f"{path}/skip", json={"kind": "reminder_friendly"})
        assert (answer.status_code, (answer.json or {})["next"]["kind"]) == (200, ReminderKind.FORMAL)
    assert "Formal reminder" in owner.get(PAGE).text

    stopped = api.ask("POST", f"{path}/stop").json or {}
    assert (stopped["stopped"], stopped["next"], stopped["held_back"]) == (True, None, "You stopped its reminders.")
    assert "stopped" in owner.get(PAGE).text
    assert (api.ask("POST", f"{path}/resume").json or {})["next"]["kind"] == ReminderKind.FORMAL
    with app.store.read() as connection:
        told = [(one.code, one.actor) for one in audit_trail.of_order(connection, SHOP, invoice.draft.order_id)]
    events = ("reminder_skipped", "reminders_stopped", "reminders_resumed")
    assert [one for one in told if one[0] in events] == [(event, "API (bookkeeping)") for event in events]


def test_a_program_is_told_what_it_cannot_pass_over(app: BridgeApp, invoice: Document) -> None:
    left(app, invoice, ReminderKind.FRIENDLY, TODAY)
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(invoice, "5.00"))
    api = ApiClient(app, a_token(app))
    app.add_shop("0ther0ther0ther0ther0the")
    of_another = ApiClient(app, a_token(app, shop="0ther0ther0ther0ther0the"))

    def refused(client: ApiClient, path: str, **body: object) -> tuple[int, str]:
        answer = client.ask("POST", path, json=body)
        return answer.status_code, (answer.json or {})["error"]

    assert refused(api, "/reminders/1/skip", kind="reminder_friendly") == (422, "reminder_left")
    assert refused(api, "/reminders/1/skip", kind="mail") == (422, "field_wrong")
    assert refused(api, "/reminders/1/skip") == (422, "field_wrong")
    for word in ("stop", "resume"):
        assert refused(api, f"/reminders/2/{word}") == (404, "reminders_unknown")
        assert refused(api, f"/reminders/9/{word}") == (404, "reminders_unknown")
        assert refused(of_another, f"/reminders/1/{word}") == (404, "reminders_unknown")
