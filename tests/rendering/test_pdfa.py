"""A PDF with its figures inside: what of PDF/A-3b (ISO 19005-3) and Factur-X can be told without a validator of their own."""

import io
from collections.abc import Iterator

import pikepdf
import pytest
from lxml import etree

from tests.support.einvoices import a_business_order, documents_of
from tests.support.factories import a_line
from worker.einvoice import cii
from worker.rendering import pdfa, render_pdf

ORDER = a_business_order(*(a_line("10.00", line_id=number, name=f"Article {number}") for number in range(1, 61)))
INVOICE, CREDIT_NOTE = documents_of(ORDER)


@pytest.fixture(scope="module", params=[INVOICE, CREDIT_NOTE], ids=["invoice", "credit note"])
def made(request: pytest.FixtureRequest) -> Iterator[tuple[bytes, bytes, pikepdf.Pdf]]:
    xml = cii.write(request.param)
    content = pdfa.with_invoice(render_pdf(request.param), xml)
    with pikepdf.open(io.BytesIO(content)) as document:
        yield content, xml, document


def test_the_figures_lie_inside_under_the_name_that_programs_look_for(made: tuple[bytes, bytes, pikepdf.Pdf]) -> None:
    _, xml, document = made
    file = document.Root.AF[0]

    assert (str(file.UF), file.AFRelationship) == ("factur-x.xml", pikepdf.Name.Alternative)
    assert file.EF.F.read_bytes() == xml
    assert document.Root.Names.EmbeddedFiles.Names[1].objgen == file.objgen


def test_the_metadata_say_pdfa_3b_and_which_profile(made: tuple[bytes, bytes, pikepdf.Pdf]) -> None:
    _, _, document = made
    packet = bytes(document.Root.Metadata.read_bytes())
    told = {etree.QName(node).localname: node.text for node in etree.fromstring(packet).iter("{*}*")}

    assert (told["part"], told["conformance"]) == ("3", "B")
    assert (told["DocumentFileName"], told["ConformanceLevel"]) == ("factur-x.xml", "EN 16931")
    assert b"pdfaExtension" in packet
    assert {"/Creator", "/Keywords", "/Subject"}.isdisjoint(document.docinfo.keys())


def test_colours_have_a_profile_and_every_font_that_writes_is_embedded(made: tuple[bytes, bytes, pikepdf.Pdf]) -> None:
    content, _, document = made
    profile = document.Root.OutputIntents[0].DestOutputProfile.read_bytes()

    assert (content[:8], profile[36:40]) == (b"%PDF-1.7", b"acsp")
    assert len(document.pages) > 1
    assert [font for page in document.pages for font in unembedded(page)] == []


def test_every_link_is_printed_and_nothing_runs(made: tuple[bytes, bytes, pikepdf.Pdf]) -> None:
    _, _, document = made
    flags = {int(link.F) for page in document.pages for link in page.get("/Annots", [])}

    assert flags <= {4}
    assert {"/OpenAction", "/AA"}.isdisjoint(document.Root.keys())
    assert "/JavaScript" not in document.Root.Names


def test_the_same_document_gives_the_same_bytes_and_pages_look_as_before() -> None:
    plain, xml = render_pdf(INVOICE), cii.write(INVOICE)

    once, again = pdfa.with_invoice(plain, xml), pdfa.with_invoice(plain, xml)

    assert once == again
    assert drawn(once) == drawn(plain)


def unembedded(page: pikepdf.Page) -> list[str]:
    """Fonts that a page or a form on it selects and that are not inside the file."""
    forms = page.resources.get("/XObject")
    holders = [page.obj, *([form for _, form in forms.items() if "/Resources" in form] if forms is not None else [])]
    fonts = [font for holder in holders for _, font in (holder.Resources.get("/Font") or pikepdf.Dictionary()).items()]
    return [str(font.BaseFont) for font in fonts if not pdfa.is_embedded(font)]


def drawn(content: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(content)) as document:
        return [pikepdf.unparse_content_stream(pikepdf.parse_content_stream(page)) for page in document.pages]
