"""A page as lines of text, one under the other: for a document that no layout can hold. All that it says is there, in its order.

Each word is measured once, so that time grows with the text and no faster.
"""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from html.parser import HTMLParser
from itertools import groupby

from arabic_reshaper import reshape
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from xhtml2pdf.bidi import get_display

from worker.rendering import fonts, press

SIZE, LEADING = 9, 13
LEFT, TOP, BOTTOM = 19 * mm, A4[1] - 19 * mm, 22 * mm
WIDTH = A4[0] - 2 * LEFT
_BETWEEN_CELLS = "    "
_FOOTER = re.compile(r'<div id="footer">.*?</div>', re.DOTALL)
_SPACE = re.compile(r"\s+")
_PAGE_NUMBER = re.compile(r"<br/>[^<]*<pdf:pagenumber/>[^<]*<pdf:pagecount/>")


def to_pdf(html: str, *, created_at: datetime | None = None) -> bytes:
    """Print the text of *html*, a page that one of our templates made."""
    text, out = _Text(), io.BytesIO()
    page = _PAGE_NUMBER.sub("", html)
    footer = _FOOTER.search(page)
    text.feed(_FOOTER.sub("", page) + (footer[0] if footer else ""))
    with press.alone():
        pages = list(_in_pages([row for line in text.lines() for row in _rows(line)]))
        canvas = Canvas(out, pagesize=A4, pageCompression=1)
        canvas.setCreator("Facturelay")
        canvas.setTitle(text.title)
        for number, rows in enumerate(pages, 1):
            _draw(canvas, rows, footer=f"{text.title}    {number} / {len(pages)}")
            canvas.showPage()
        canvas.save()
    return press.set_creation_date(out.getvalue(), created_at)


class _Text(HTMLParser):
    """The words of a page, a row of a table on one line, and each paragraph on its own."""

    BREAKS = frozenset({"p", "br", "tr", "div", "table"})

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self._parts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.BREAKS:
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append("\t")
        elif tag in ("title", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("title", "style") and self._inside:
            self._inside.pop()
        elif tag in self.BREAKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._parts.append(_SPACE.sub(" ", data))
        elif self._inside[-1] == "title":
            self.title += data

    def lines(self) -> Iterator[str]:
        for line in "".join(self._parts).splitlines():
            cells = (" ".join(cell.split()) for cell in line.split("\t"))
            if said := _BETWEEN_CELLS.join(cell for cell in cells if cell):
                yield said


def _rows(line: str) -> Iterator[str]:
    """*line* broken where it is full, between words or within one that is too long."""
    row: list[str] = []
    room = WIDTH
    for part in re.findall(r"\s+|\S+", reshape(line)):
        for piece in _pieces(part):
            width = _width(piece)
            if width > room and row:
                yield "".join(row)
                row, room = [], WIDTH
                if piece.isspace():
                    continue
            row.append(piece)
            room -= width
    yield "".join(row)


def _pieces(word: str) -> Iterator[str]:
    """*word*, in parts that fit on a line."""
    if _width(word) <= WIDTH:
        yield word
        return
    start, width = 0, 0.0
    for at, char in enumerate(word):
        wide = _width(char)
        if width + wide > WIDTH:
            yield word[start:at]
            start, width = at, 0.0
        width += wide
    yield word[start:]


def _width(text: str) -> float:
    return sum(float(stringWidth(run, font, SIZE)) for font, run in _runs(text))


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """*text* by the fonts that draw it."""
    for _, letters in groupby(text, key=fonts.script_of):
        run = "".join(letters)
        yield fonts.font_of(run[0]), run


def _in_pages(rows: Sequence[str]) -> Iterator[Sequence[str]]:
    most = int((TOP - BOTTOM) / LEADING)
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


def _draw(canvas: Canvas, rows: Sequence[str], *, footer: str) -> None:
    for at, row in enumerate(rows):
        _draw_row(canvas, row, TOP - at * LEADING)
    _draw_row(canvas, footer, BOTTOM - 2 * LEADING)


def _draw_row(canvas: Canvas, row: str, y: float) -> None:
    x = LEFT
    for font, run in _runs(get_display(row, None)):
        canvas.setFont(font, SIZE)
        canvas.drawString(x, y, run)
        x += stringWidth(run, font, SIZE)
