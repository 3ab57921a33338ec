"""What each kind of document looks like in each language and layout: small pictures in the folder of the layout.

Another version of the PDF viewer draws edges a little differently, so pictures are compared softened, with some
tolerance: enough to see that a block moved or a rule is gone, not to see another anti-aliasing.
"""

import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter

from worker.domain.document import Document, Kind
from worker.i18n import LANGUAGES
from worker.rendering import LAYOUTS, Brand, render_pdf
from worker.rendering.samples import a_logo, of_kind

DOTS_PER_INCH = 60
GREYS = 16
DARK = 64  # of 255: a softened letter that is missing, or a block that moved by a millimetre
MOST_DARK = 0.002  # of all dots


def picture_of(document: Document, layout: str) -> Image.Image:
    """The first page in grey."""
    pdf = render_pdf(
        document, brand=Brand(layout=layout, logo=a_logo() if document.draft.kind is Kind.INVOICE else b"")
    )
    run = ["pdftoppm", "-r", str(DOTS_PER_INCH), "-gray", "-f", "1", "-l", "1", "-singlefile", "-"]
    drawn = subprocess.run(run, input=pdf, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(drawn)).convert("L")


def share_of_difference(one: Image.Image, other: Image.Image) -> float:
    """How many of all dots differ clearly."""
    soft = ImageFilter.GaussianBlur(1)
    difference = ImageChops.difference(one.filter(soft), other.filter(soft))
    dark = difference.histogram()[DARK:]
    return sum(dark) / (one.width * one.height)


@pytest.mark.pdf_pictures
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_a_document_looks_as_it_looked_before(kind: Kind, language: str, layout: str, update_golden: bool) -> None:
    golden = Path(__file__).parent / layout / f"{kind}-{language}.png"

    picture = picture_of(of_kind(kind, language), layout)

    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        picture.quantize(GREYS).save(golden, optimize=True)
    assert share_of_difference(picture, Image.open(golden).convert("L")) < MOST_DARK


@pytest.mark.pdf_pictures
def test_the_comparison_sees_a_line_that_is_gone() -> None:
    document = of_kind(Kind.DELIVERY_NOTE, "nl")
    shorter = replace(document, draft=replace(document.draft, lines=document.draft.lines[:1]))

    assert share_of_difference(picture_of(document, "letter"), picture_of(shorter, "letter")) > MOST_DARK
