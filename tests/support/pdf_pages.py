"""What tests ask of pages: the HTML of a document, and what a PDF says, and where, and how it looks."""

import io
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pypdf
from PIL import Image

from worker.domain.document import Document
from worker.i18n import Translator
from worker.rendering import Brand
from worker.rendering.paper import DocumentView, to_html


def html_of(document: Document, brand: Brand | None = None, *, repeat_head: bool = False) -> str:
    translator = Translator(document.draft.language)
    return to_html(
        DocumentView(
            document.draft, document.number, document.issued_on, translator, brand or Brand(), repeat_head=repeat_head
        )
    )


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def words_and_places(pdf: Path) -> list[tuple[str, tuple[Decimal, ...]]]:
    """Each word with its box to a tenth of a point, page after page, in an order that does not depend on drawing."""
    run = ["pdftotext", "-bbox", str(pdf), "-"]
    page, found = 0, []
    for line in subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines():
        page += "<page " in line
        if word := re.search(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*)</word>', line):
            box = tuple(Decimal(number).quantize(Decimal("0.1")) for number in word.groups()[:4])
            found.append((page, box[1], box[0], word[5], box))
    return [(word, box) for *_, word, box in sorted(found)]


def pictures(pdf: Path) -> list[Image.Image]:
    subprocess.run(["pdftoppm", "-r", "50", "-gray", str(pdf), str(pdf.with_suffix(""))], check=True)
    names = sorted(pdf.parent.glob(f"{pdf.stem}-*.pgm"))
    found = [Image.open(name).copy() for name in names]
    for name in names:
        name.unlink()
    return found
