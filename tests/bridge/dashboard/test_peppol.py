"""What the pages say of an invoice that the law wants by Peppol, and of all others: nothing."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft, a_file
from tests.support.personas import Visitor, signed_in
from worker.domain.document import Document, Problem
from worker.domain.party import Address, Buyer
from worker.domain.step import EINVOICE
from worker.message import Message
from worker.store import document_files, drafts, jobs, steps, tasks
from worker.store.jobs import JobEnd
from worker.store.steps import StepPlan
from worker.store.users import Role

MUST = "this document must go by Peppol"
BUSINESS = Buyer(
    "Jan Peeters", "Klant NV", Address("Veldstraat 1", "", "9000", "Gent", "", "BE"), vat_number="BE0403170701"
)


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    return signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})


def issue(app: BridgeApp, *, xml: bytes | None = b"<Invoice/>", **changes: Any) -> Document:
    document = app.issue(**({"buyer": BUSINESS} | changes))
    with app.store.write() as connection:
        steps.plan(
            connection,
            StepPlan(names=(EINVOICE,), mail_group="1"),
            shop_id=SHOP,
            document_id=document.document_id,
            now=NOW,
        )
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
    assert "Facturelay does not send by Peppol yet" in overview
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
    assert task.argument == {"draft_id": draft_id, "send": True, "reason": "They want a PDF"}


def test_a_draft_with_another_problem_cannot_be_overruled(app: BridgeApp, owner: Visitor) -> None:
    problems = (Problem("einvoice:BR-11", Message("No country.")), Problem("rate_missing", Message("No rate.")))
    with app.store.write() as connection:
        draft_id = drafts.save_draft(connection, SHOP, a_draft(buyer=BUSINESS, problems=problems), now=NOW)

    assert "Issue it without a valid e-invoice" not in owner.get(f"/s/{SHOP}/drafts/{draft_id}").text
