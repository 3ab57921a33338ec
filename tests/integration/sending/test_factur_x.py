"""A PDF for a German or French business carries its figures where the shop wants that; every other stays as it is."""

import io

import pikepdf
import pytest

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.document import Document
from worker.einvoice import cii
from worker.store import audit_trail, document_files

NUMBERS = {"DE": "DE136695976", "FR": "FR40303265045", "NL": "NL004495445B01"}


def pdf_of(system: System, country: str, company: str = "Muster GmbH") -> tuple[Document, bytes]:
    (made,) = system.arrives(
        an_order(
            id=238, company=company, country=country, metas={"_billing_vat_number": NUMBERS[country]} if company else {}
        )
    )
    assert made.document is not None
    with system.services.store.read() as connection:
        stored = document_files.file_of(connection, made.document.document_id, "pdf")
    assert stored is not None
    return made.document, system.services.archive.get(stored.path, sha256=stored.sha256)


def figures_in(content: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return bytes(pdf.Root.AF[0].EF.F.read_bytes()) if "/AF" in pdf.Root else b""


@pytest.mark.parametrize("country", ["DE", "FR"])
def test_a_business_there_gets_its_figures_inside(system: System, country: str) -> None:
    system.change_shop(factur_x=True)
    document, content = pdf_of(system, country)

    assert figures_in(content) == cii.write(document)


@pytest.mark.parametrize(
    ("country", "company", "wanted"), [("DE", "Muster GmbH", False), ("NL", "Klant BV", True), ("DE", "", True)]
)
def test_no_other_pdf_has_any(system: System, country: str, company: str, wanted: bool) -> None:
    system.change_shop(factur_x=wanted)

    assert figures_in(pdf_of(system, country, company)[1]) == b""


def test_what_breaks_in_it_leaves_an_ordinary_pdf_and_a_line_on_the_trail(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_document: Document) -> bytes:
        raise ValueError("the schema refuses it")

    monkeypatch.setattr(cii, "write", refuse)
    system.change_shop(factur_x=True)
    document, content = pdf_of(system, "DE")

    assert (content[:5], figures_in(content)) == (b"%PDF-", b"")
    with system.services.store.read() as connection:
        told = audit_trail.of_order(connection, document.shop_id, 238)
    assert "factur_x_failed" in [entry.code for entry in told]
