"""With templates of the operator's own: what they cannot print gets no number."""

import io
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from tests.support.system import System
from worker.demo.orders import an_order
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Credit
from worker.invoicing.request import IssueAnswer
from worker.services import Services
from worker.store import alerts


@pytest.fixture
def folder(system: System, tmp_path: Path) -> Path:
    """The operator's folder, which the system uses."""
    made = tmp_path / "own"
    made.mkdir()
    system.services.store.close()
    system.services = Services(replace(system.services.settings, templates=made), now=system.clock)
    return made


def said(system: System) -> str:
    (file,) = system.mailbox.messages()[-1].attachments
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file.content)).pages)


def open_alerts_of_shop(system: System) -> list[tuple[str, str]]:
    with system.services.store.read() as connection:
        return [(alert.code, str(alert.message)) for alert in alerts.open_alerts(connection)]


def test_a_document_is_printed_with_the_operators_template(system: System, folder: Path) -> None:
    (folder / "invoice.html").write_text(
        '{% extends "facturelay/invoice.html" %}{% block lines %}Eigen werk{% endblock %}'
    )

    system.arrives(an_order(id=238))

    assert system.numbers(238) == ["F2026-00001"]
    assert "Eigen werk" in said(system)


def test_a_template_that_fails_keeps_the_document_a_draft_and_tells_whoever_runs_the_server(
    system: System, folder: Path
) -> None:
    (folder / "invoice.html").write_text("<p>\n{{ draft.colour }}")

    (kept,) = system.arrives(an_order(id=238))

    message = (
        "A template of this server does not work: invoice.html, line 2: 'worker.domain.document.Draft object' has no "
        "attribute 'colour'. Nothing is issued with it until whoever runs Facturelay has mended it."
    )
    assert [(problem.code, str(problem.message)) for problem in kept.draft.problems] == [("template_failed", message)]
    assert (system.numbers(238), system.mailbox.messages()) == (["draft"], ())
    assert open_alerts_of_shop(system) == [("cannot_print_invoice", message)]

    (folder / "invoice.html").unlink()
    system.arrives(an_order(id=239))

    assert (system.numbers(239), open_alerts_of_shop(system)) == (["F2026-00001"], [])


def test_a_draft_is_issued_with_the_first_number_when_the_template_is_mended_and_not_before(
    system: System, folder: Path
) -> None:
    (folder / "invoice.html").write_text("{% if %}")
    (draft,) = system.arrives(an_order(id=238))
    assert draft.stored_draft is not None

    with pytest.raises(Rejected, match=r"invoice\.html, line 1"):
        manual.issue_waiting_draft(
            system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person
        )
    (folder / "invoice.html").unlink()
    manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person)
    system.work()

    assert system.numbers(238) == ["F2026-00001"]


def test_nothing_is_credited_while_the_credit_note_cannot_be_printed(system: System, folder: Path) -> None:
    (invoice,) = system.arrives(an_order(id=238))
    (folder / "credit_note.html").write_text("{{ nothing }}")
    assert invoice.document is not None

    with pytest.raises(Rejected, match=r"credit_note\.html, line 1: 'nothing' is undefined"):
        manual.credit(system.services, invoice.document.document_id, Credit(issue_again=True), by=system.person)

    assert system.numbers(238) == ["F2026-00001"]
