"""The e-invoice of a document: made once with the stored PDF inside, and stored, proved and given like it."""

import base64
import csv
import hashlib
import io
import zipfile

import pytest

from tests.support.einvoices import read, texts
from tests.support.system import System
from tests.support.task_requests import answered
from tests.support.task_requests import content as content_of_zip
from worker.accounting.verify import verify
from worker.demo.orders import an_order
from worker.domain.step import EINVOICE
from worker.einvoice import ubl
from worker.sending import einvoice as einvoice_step
from worker.store import document_files
from worker.store.document_files import StoredFile
from worker.store.queries import einvoices

INSIDE = "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"


def arrive(system: System, number: str = "BE0403170701", country: str = "BE") -> dict[str, StoredFile]:
    (made,) = system.arrives(
        an_order(id=238, company="Klant NV", country=country, metas={"_billing_vat_number": number})
    )
    assert made.document is not None
    return stored_of(system, made.document.document_id)


def stored_of(system: System, document_id: int) -> dict[str, StoredFile]:
    with system.services.store.read() as connection:
        found = document_files.files_of(connection, [document_id])
    return {file.format: file for file in found.get(document_id, ())}


def content(system: System, file: StoredFile) -> bytes:
    return system.services.archive.get(file.path, sha256=file.sha256)


def test_a_business_invoice_has_its_einvoice_beside_the_pdf_with_the_same_pdf_inside(system: System) -> None:
    files = arrive(system)
    xml = content(system, files["xml"])

    (inside,) = texts(read(xml), INSIDE)
    assert base64.b64decode(inside) == content(system, files["pdf"])
    assert hashlib.sha256(xml).hexdigest() == files["xml"].sha256
    assert texts(read(xml), "cbc:ID") == ["F2026-00001"]
    (step,) = (step for step in system.documents(238)[0].steps if step.name == EINVOICE)
    assert (step.state, step.detail) == ("done", files["xml"].sha256)


def test_a_consumers_invoice_has_no_einvoice_and_no_step_for_it(system: System) -> None:
    (made,) = system.arrives(an_order(id=238))

    assert made.document is not None
    assert list(stored_of(system, made.document.document_id)) == ["pdf"]
    assert EINVOICE not in [step.name for step in made.steps]


def test_a_repeat_gives_the_bytes_that_are_stored(system: System) -> None:
    before = arrive(system)["xml"]
    (item,) = system.documents(238)
    assert item.document is not None

    again = einvoice_step.stored_einvoice(system.services, item.document.document_id)

    assert again == before


def test_what_a_rule_refuses_is_not_kept_and_the_document_says_why(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A business elsewhere: the invoice goes out as ever."""
    monkeypatch.setattr(ubl, "PROFILE", "")
    files = arrive(system, "NL004495445B01", "NL")

    assert list(files) == ["pdf"]
    (step,) = (step for step in system.documents(238)[0].steps if step.name == EINVOICE)
    assert step.state == "skipped"
    assert "PEPPOL-EN16931-R001" in str(step.message)
    assert system.mailbox.messages()


def test_a_changed_einvoice_is_found_as_a_changed_pdf_is(system: System) -> None:
    file = arrive(system)["xml"]
    assert [proof.damages for proof in verify(system.services)] == [()]

    system.services.archive.put(file.path, b"<Invoice/>")

    ((damage,),) = (proof.damages for proof in verify(system.services))
    assert (damage.number, damage.code) == ("F2026-00001", "file_altered")


def test_the_overview_knows_the_newest_that_go_by_peppol(system: System) -> None:
    arrive(system)
    system.arrives(an_order(id=239))
    system.arrives(an_order(id=240, company="Klant NV", metas={"_billing_vat_number": "BE0403170701"}))

    def newest(most: int) -> list[str]:
        with system.services.store.read() as connection:
            found = einvoices.newest_by_peppol(connection, system.shop_id, most=most)
        return [document.number for document in found]

    assert (newest(5), newest(1)) == (["F2026-00003", "F2026-00001"], ["F2026-00003"])


def test_the_zip_of_a_period_holds_it_beside_the_pdf_and_the_table_names_the_pdf(system: System) -> None:
    xml = content(system, arrive(system)["xml"])
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")

    with zipfile.ZipFile(io.BytesIO(content_of_zip(system, answer["file"]))) as found:
        assert found.read("files/F2026-00001.xml") == xml
        (row,) = csv.DictReader(io.StringIO(found.read("documents.csv").decode()))
    assert row["file"] == "files/F2026-00001.pdf"
