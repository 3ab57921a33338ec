"""What the pages say of an invoice that the law wants by Peppol, and of all others: nothing."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft, a_file
from tests.support.personas import Visitor
from worker.domain import peppol
from worker.domain.document import Document, Problem
from worker.domain.party import Address, Buyer, Seller
from worker.domain.step import EINVOICE, MAIL, TRANSMIT
from worker.message import Message
from worker.store import audit_trail, document_files, drafts, jobs, steps, tasks, transmissions
from worker.store.database.tables import audit_trail as audit_trail_table
from worker.store.jobs import JobEnd
from worker.store.steps import StepPlan

MUST = "this document must go by Peppol"
BUSINESS = Buyer(
    "Jan Peeters", "Klant NV", Address("Veldstraat 1", "", "9000", "Gent", "", "BE"), vat_number="BE0403170701"
)


def issue(app: BridgeApp, *, xml: bytes | None = b"<Invoice/>", **changes: Any) -> Document:
    document = app.issue(**({"buyer": BUSINESS} | changes))
    with app.store.write() as connection:
        steps.plan(connection, StepPlan((EINVOICE,), "1"), shop_id=SHOP, document_id=document.document_id, now=NOW)
        if xml is not None:
            app.keep_file(document.document_id, "xml", xml)
            document_files.add_file(connection, a_file(document.document_id, "xml", xml))
    return document


def pages(document: Document) -> tuple[str, str]:
    return f"/s/{SHOP}/documents/{document.document_id}", f"/s/{SHOP}/orders/{document.draft.order_id}"


def test_document_order_and_overview_say_what_the_owner_must_do_now(app: BridgeApp, owner: Visitor) -> None:
    document = issue(app)

    for page in pages(document):
        text = owner.get(page).text
        assert MUST in text
        assert f'href="/s/{SHOP}/documents/{document.document_id}/xml">Download the e-invoice' in text
    overview = owner.get(f"/s/{SHOP}").text
    assert "Invoices to Belgian businesses go by Peppol; a PDF alone does not count." in overview
    assert document.number in overview
    file = owner.get(f"/s/{SHOP}/documents/{document.document_id}/xml")
    assert (file.data, file.headers["Content-Disposition"]) == (b"<Invoice/>", 'attachment; filename="F2026-00017.xml"')


def test_while_it_is_made_and_where_none_could_be_made_they_say_so(app: BridgeApp, owner: Visitor) -> None:
    document = issue(app, xml=None)
    page, _ = pages(document)
    assert "Its e-invoice is being made." in owner.get(page).text

    with app.store.write() as connection:
        leased = steps.take(
            connection, EINVOICE, document_id=document.document_id, now=NOW, lease_for=timedelta(minutes=1)
        )
        assert leased is not None
        jobs.finish(
            connection,
            leased.lease,
            JobEnd(state="skipped", code="not_needed", message=Message("It is broken.")),
            now=NOW,
        )
    text = owner.get(page).text
    assert "No valid e-invoice could be made of it" in text
    assert "It is broken." in text


@pytest.mark.parametrize(
    "changes",
    [
        {"buyer": Buyer("Jan Peeters")},
        {"test": True},
        {"buyer": Buyer("Jan", "Koper BV", Address(country="NL"), vat_number="NL004495445B01")},
    ],
)
def test_of_consumers_tests_and_businesses_elsewhere_they_say_nothing(
    app: BridgeApp, owner: Visitor, changes: dict[str, Any]
) -> None:
    document = issue(app, **changes)

    for page in (*pages(document), f"/s/{SHOP}"):
        assert "Peppol" not in owner.get(page).text


def test_a_draft_that_would_be_refused_is_issued_with_a_reason(app: BridgeApp, owner: Visitor) -> None:
    problem = Problem("einvoice:BR-11", Message("The billing address has no country."))
    with app.store.write() as connection:
        draft_id = drafts.save_draft(connection, SHOP, a_draft(buyer=BUSINESS, problems=(problem,)), now=NOW)
    page = f"/s/{SHOP}/drafts/{draft_id}"

    assert "Issue it without a valid e-invoice" in owner.get(page).text
    assert owner.post(f"{page}/issue", send="1", reason="They want a PDF").status_code == HTTPStatus.SEE_OTHER
    with app.store.read() as connection:
        task = tasks.find(connection, 1)
    assert task is not None
    assert task.argument == {
        "draft_id": draft_id,
        "send": True,
        "reason": "They want a PDF",
        "within_left": False,
        "rest_paid": None,
    }


def on_its_way(app: BridgeApp, state: str, *, step: str = "done", code: str = "", **more: Any) -> Document:
    """A document whose step "By Peppol" ended so."""
    document = issue(app)
    with app.store.write() as connection:
        steps.plan(connection, StepPlan((TRANSMIT,), ""), shop_id=SHOP, document_id=document.document_id, now=NOW)
        failed = JobEnd("failed", code, Message("{number} did not go.", number=document.number))
        steps.end_otherwise(connection, document.document_id, TRANSMIT, failed, now=NOW)
        if step == "done":
            steps.end_otherwise(connection, document.document_id, TRANSMIT, JobEnd(), now=NOW)
        if state:
            transmissions.begin(
                connection, document.document_id, SHOP, provider="recommand", recipient="0208:0403170701"
            )
            transmissions.change(connection, document.document_id, state=state, sent_at=NOW, **more)
    return document


def test_what_was_sent_says_where_when_and_what_the_buyer_answered(app: BridgeApp, owner: Visitor) -> None:
    document = on_its_way(app, "delivered", responses="AB UQ")

    for page in pages(document):
        text = owner.get(page).text
        assert "Sent by Peppol to 0208:0403170701." in text
        assert "the buyer asks something first" in text
        assert MUST not in text


def test_of_what_nobody_knows_a_person_says_what_became_of_it(app: BridgeApp, owner: Visitor) -> None:
    document = on_its_way(app, "unknown", step="failed", code="peppol_unknown")
    page, order = pages(document)
    assert "/peppol/sent" not in owner.get(order).text
    assert "It was sent" in owner.get(page).text

    assert owner.post(f"{page}/peppol/sent").status_code == HTTPStatus.SEE_OTHER

    assert "Sent by Peppol to 0208:0403170701." in owner.get(page).text
    with app.store.read() as connection:
        said = [str(entry.message) for entry in audit_trail.of_order(connection, SHOP, document.draft.order_id)]
    assert any("has looked" in message for message in said)


def test_what_failed_is_sent_again_when_a_person_says_so(app: BridgeApp, owner: Visitor) -> None:
    document = on_its_way(app, "failed", step="failed", code="peppol_failed", reference="doc_1", reason="No")
    page, order = pages(document)
    assert "Send it again" in owner.get(page).text
    # The box on top says it; below the document it would be the same sentence again.
    assert owner.get(order).text.partition('id="events"')[0].count("did not go.") == 1
    assert "Peppol needs you" in owner.get(f"/s/{SHOP}/documents").text

    owner.post(f"{page}/peppol/again")
    assert "Peppol needs you" not in owner.get(f"/s/{SHOP}/documents").text

    with app.store.read() as connection:
        row, step = (
            transmissions.find(connection, document.document_id),
            steps.of_document(connection, document.document_id)[TRANSMIT],
        )
    assert row is not None
    assert (row.state, row.reference, step.state) == ("open", "", "waiting")


def test_whom_a_mail_told_of_peppol_is_told_with_one_button_that_it_did_not_arrive(
    app: BridgeApp, owner: Visitor
) -> None:
    document = on_its_way(app, "failed", step="failed", code="peppol_failed", reference="doc_1", told_at=NOW)
    with app.store.write() as connection:
        steps.plan(connection, StepPlan((MAIL,), "g"), shop_id=SHOP, document_id=document.document_id, now=NOW)
        steps.end_otherwise(connection, document.document_id, MAIL, JobEnd(), now=NOW)
    page, order = pages(document)
    assert "Mail the customer that it did not arrive" in owner.get(page).text
    assert "no mail leaves by itself" in owner.get(order).text

    assert owner.post(f"{page}/send").status_code == HTTPStatus.SEE_OTHER

    assert "is on its way to the customer" in owner.get(page).text
    with app.store.write() as connection:
        steps.end_otherwise(connection, document.document_id, MAIL, JobEnd(), now=NOW + timedelta(hours=1))
    text = owner.get(page).text
    assert "The customer was mailed that it did not arrive, with the PDF." in text
    assert "Mail the customer that" not in text


def trail(app: BridgeApp) -> list[tuple[str, str, Message, datetime]]:
    row = audit_trail_table.c
    with app.store.read() as connection:
        return [tuple(one) for one in connection.execute(select(row.code, row.actor, row.message, row.at))]


def test_one_key_connects_and_is_never_shown(app: BridgeApp, owner: Visitor) -> None:
    app.change_shop(seller=Seller("Bakkerij", enterprise_number="0445566134"))
    page = f"/s/{SHOP}/settings/peppol"
    assert "no access point is connected" in owner.get(page).text

    wrong = owner.post(f"{page}/connect", provider="recommand", key="half")
    assert (wrong.status_code, "key:secret" in wrong.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    sent = owner.post(f"{page}/connect", provider="e-invoice.be", key="very-secret")

    assert "/tasks/" in sent.headers["Location"]
    text = owner.get(page).text
    assert "connected: e-invoice.be" in text
    assert "very-secret" not in text
    kept = app.connected.secrets.peppol_key
    assert kept == "very-secret"
    assert not any("very-secret" in str(message) for _, _, message, _ in trail(app))


def test_that_another_system_sends_is_said_once_and_kept_with_name_and_time(app: BridgeApp, owner: Visitor) -> None:
    page = f"/s/{SHOP}/settings/peppol"

    owner.post(f"{page}/elsewhere")

    assert "another system sends; the PDFs made here say copy" in owner.get(page).text
    ((actor, at, message),) = (
        (actor, at, str(said)) for code, actor, said, at in trail(app) if code == "peppol_elsewhere"
    )
    assert (actor in message, at) == (True, NOW)


def test_a_draft_that_waits_for_an_access_point_leads_to_one(app: BridgeApp, owner: Visitor) -> None:
    problem = Problem(peppol.NOT_CONNECTED, Message("Nobody sends it."))
    with app.store.write() as connection:
        draft_id = drafts.save_draft(connection, SHOP, a_draft(buyer=BUSINESS, problems=(problem,)), now=NOW)

    assert f'href="/s/{SHOP}/settings/peppol">Connect Peppol' in owner.get(f"/s/{SHOP}/drafts/{draft_id}").text
    assert "One document waits for an access point" in owner.get(f"/s/{SHOP}").text


def test_a_draft_with_another_problem_cannot_be_overruled(app: BridgeApp, owner: Visitor) -> None:
    problems = (Problem("einvoice:BR-11", Message("No country.")), Problem("rate_missing", Message("No rate.")))
    with app.store.write() as connection:
        draft_id = drafts.save_draft(connection, SHOP, a_draft(buyer=BUSINESS, problems=problems), now=NOW)

    assert "Issue it without a valid e-invoice" not in owner.get(f"/s/{SHOP}/drafts/{draft_id}").text
