# ruff: noqa: SLF001 - the parts of a finished table have no public names; the list is below
"""Long tables without reading every row: xhtml2pdf lays out one example per kind of row, and copies get the words.

Reading and styling a row of HTML takes longer than drawing it, and the rows of an invoice differ only in their words.
A copy is made of the very parts that the example is made of, so a page looks the same as the plain way; a test
compares them. What is not surely the same is left to the plain way.

Private names used: `Table._cellvalues`, `_cellStyles`, `_bkgrndcmds`, `_linecmds`, `_spanCmds`, `_colWidths`.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus.flowables import Flowable
from xhtml2pdf.xhtml2pdf_reportlab import PmlKeepInFrame, PmlParagraph, PmlTable

from worker.rendering.story import paragraphs

FEWEST_ROWS = 8
MOST_LETTERS = 600  # a row with more may be taller than a page, and is cut there: paragraphs know how
_TABLE = re.compile(r'(<table class="lines".*?<tbody>)(.*?)(</tbody>)', re.DOTALL)
_WORDS = re.compile(r">(\s*)([^<>\s](?:[^<>]*[^<>\s])?)(\s*)<")
_TOKEN = re.compile(r"zq(\d{5})qz")
_GAP = "\0"
_UNUSUAL_STYLE = (
    "leftIndent", "rightIndent", "firstLineIndent", "paddingTop", "paddingBottom", "paddingLeft", "paddingRight",
    "backColor", "spaceBefore", "spaceAfter", "wordWrap", "borderTopWidth", "borderBottomWidth",
)  # fmt: skip
_UNUSUAL_TEXT = ("link", "underline", "strike", "rise", "backColor", "rtl")


class NotExpandable(Exception):
    """The table is not made the way a copy of its rows would be."""


@dataclass(frozen=True)
class Collapsed:
    """A page with one example per shape of row; *rows* says which shape each row has, and its words."""

    page: str
    shapes: int
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def collapse(page: str) -> Collapsed | None:
    """Lay out one row of each shape only; None where that saves nothing or cannot be undone."""
    table = _TABLE.search(page)
    if table is None or _TOKEN.search(page) or "<table" in table[2]:
        return None
    found = [_shape_and_words(row) for row in re.split(r"(?=<tr>)", table[2]) if row.strip()]
    shapes = list(dict.fromkeys(shape for shape, _ in found))
    if len(found) < FEWEST_ROWS or len(shapes) > len(found) // 2:
        return None
    number = {shape: i for i, shape in enumerate(shapes)}
    tokens = (f"zq{i:05d}qz" for i in range(100_000))
    examples = re.sub(_GAP, lambda _: next(tokens), "".join(shapes))
    short = page[: table.end(1)] + examples + page[table.start(3) :]
    return Collapsed(short, len(shapes), tuple((number[shape], words) for shape, words in found))


def expand(story: list[Any], collapsed: Collapsed) -> None:
    """Put the rows back: replace the table of examples in *story*. Raises `NotExpandable`."""
    place = next((i for i, part in enumerate(story) if _holds_tokens(part)), None)
    if place is None or not isinstance(story[place], PmlTable):
        raise NotExpandable("the lines are not a table of their own")
    story[place] = _table(story[place], collapsed)


def _shape_and_words(row: str) -> tuple[str, tuple[str, ...]]:
    words: list[str] = []

    def gap(match: re.Match[str]) -> str:
        text = html.unescape(match[2])
        if not _is_plain(text):
            return match[0]
        words.append(text)
        return f">{match[1]}{_GAP}{match[3]}<"

    shape = _WORDS.sub(gap, row.replace("><", ">\1<")).replace("\1", "")
    return shape, tuple(words)


def _is_plain(text: str) -> bool:
    """Text that reading HTML would leave as it is: single spaces, and no signs that combine, hyphenate or change direction."""
    if "  " in text or "\u00ad" in text or _GAP in text:
        return False
    return (text.isascii() and text.isprintable()) or all(_is_plain_sign(c) for c in text)


def _is_plain_sign(char: str) -> bool:
    category = unicodedata.category(char)
    return char in " \u00a0" or (category[0] in "LNPS" and category != "Lm" and ord(char) < 0x0590)


def _holds_tokens(part: Any) -> bool:
    return any(
        _TOKEN.search(getattr(frag, "text", None) or "") for paragraph in paragraphs(part) for frag in paragraph.frags
    )


def _table(examples: Any, collapsed: Collapsed) -> Any:
    head = examples.repeatRows
    if examples._spanCmds or len(examples._cellvalues) != head + collapsed.shapes:
        raise NotExpandable("spans, or rows that are not of this page")
    makers = [_ExampleRow(cells) for cells in examples._cellvalues[head:]]
    if sum(maker.words for maker in makers) != _count_tokens(collapsed):
        raise NotExpandable("words that are not in the story")
    shapes = [shape for shape, _ in collapsed.rows]
    table = PmlTable(
        [*examples._cellvalues[:head], *(makers[shape].fill(words) for shape, words in collapsed.rows)],
        colWidths=list(examples._colWidths),
        style=list(_commands(examples, head, len(shapes))),
        repeatRows=head,
        splitByRow=1,
        hAlign=examples.hAlign,
        vAlign="TOP",
        normalizedData=1,
        cellStyles=[*examples._cellStyles[:head], *(examples._cellStyles[head + shape] for shape in shapes)],
    )
    for name in ("totalWidth", "marginLeft", "marginRight", "shrinkToFit", "spaceBefore", "spaceAfter", "keepWithNext"):
        setattr(table, name, getattr(examples, name))
    return table


def _count_tokens(collapsed: Collapsed) -> int:
    return len({(shape, i) for shape, words in collapsed.rows for i in range(len(words))})


class _ExampleRow:
    """An example row, ready to be copied with other words."""

    def __init__(self, cells: list[Any]) -> None:
        for cell in cells:
            if type(cell) is not PmlKeepInFrame or not all(type(part) is PmlParagraph for part in cell._content):
                raise NotExpandable("a cell that holds more than paragraphs")
        numbers = [number for cell in cells for frag in _frags(cell) for number in _numbers(frag)]
        self.words = len(numbers)
        self.first = min(numbers, default=0)
        self.cells = [(cell, _text_style(cell)) for cell in cells]

    def fill(self, words: tuple[str, ...]) -> list[Any]:
        quick = sum(map(len, words)) <= MOST_LETTERS
        return [
            self._short_cell(cell, look, words) if look and quick else self._copied(cell, words)
            for cell, look in self.cells
        ]

    def _short_cell(self, cell: Any, text_style: "_TextStyle", words: tuple[str, ...]) -> "_ShortText":
        (frag,) = (frag for frag in _frags(cell) if frag.text)
        return _ShortText(self._text(frag, words), text_style, lambda: self._copied(cell, words))

    def _copied(self, cell: Any, words: tuple[str, ...]) -> Any:
        content = [self._paragraph(part, words) for part in cell._content]
        return _copy(cell, _CopiedCell, _content=content, laid_out=None)

    def _paragraph(self, paragraph: Any, words: tuple[str, ...]) -> Any:
        frags = [
            _copy(frag, text=self._text(frag, words)) if getattr(frag, "text", None) else frag
            for frag in paragraph.frags
        ]
        return _copy(paragraph, frags=frags)

    def _text(self, frag: Any, words: tuple[str, ...]) -> str:
        return _TOKEN.sub(lambda token: words[int(token[1]) - self.first], frag.text)


class _CopiedCell(PmlKeepInFrame):  # type: ignore[misc]
    """A cell that is laid out once: a table asks three times, to measure, to split and to draw."""

    laid_out: tuple[float, tuple[float, float]] | None

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        if self.laid_out and self.laid_out[0] == available_width and self.laid_out[1][1] <= available_height:
            return self.laid_out[1]
        size: tuple[float, float] = super().wrap(available_width, available_height)
        self.laid_out = (available_width, size) if getattr(self, "_scale", 1) == 1 else None
        return size


@dataclass(frozen=True)
class _TextStyle:
    """How a cell of one short text is drawn: *height* of its line, *ascent* from there down to the baseline."""

    font: str
    size: float
    color: Any
    right: bool
    height: float
    ascent: float


class _ShortText(Flowable):  # type: ignore[misc]
    """A few figures on one line: what a paragraph would draw, without breaking lines; a paragraph where they do not fit."""

    def __init__(self, text: str, text_style: _TextStyle, paragraph: Callable[[], Any]) -> None:
        super().__init__()
        self.text, self.text_style, self.paragraph = text, text_style, paragraph
        self.text_width = stringWidth(text, text_style.font, text_style.size)
        self.instead: Any = None

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        if self.text_width > available_width:
            self.instead = self.instead or self.paragraph()
            size: tuple[float, float] = self.instead.wrapOn(self.canv, available_width, available_height)
            return size
        self.width, self.height = available_width, self.text_style.height
        return self.width, self.height

    def draw(self) -> None:
        if self.instead:
            self.instead.drawOn(self.canv, 0, 0)
            return
        text_style, canvas = self.text_style, self.canv
        canvas.setFillColor(text_style.color)
        canvas.setFont(text_style.font, text_style.size)
        canvas.drawString(
            self.width - self.text_width if text_style.right else 0, self.height - text_style.ascent, self.text
        )


def _text_style(cell: Any) -> _TextStyle | None:
    """How to draw a cell quickly, or None where it is more than one plain text."""
    if len(cell._content) != 1:
        return None
    (paragraph,) = cell._content
    texts = [frag for frag in paragraph.frags if getattr(frag, "text", None)]
    if len(texts) != 1 or any(hasattr(frag, "cbDefn") or getattr(frag, "lineBreak", 0) for frag in paragraph.frags):
        return None
    style, (frag,) = paragraph.style, texts
    if style.alignment not in (TA_LEFT, TA_RIGHT) or any(getattr(style, name, 0) for name in _UNUSUAL_STYLE):
        return None
    if any(getattr(frag, name, 0) for name in _UNUSUAL_TEXT) or frag.letterSpacing != "normal":
        return None
    example = _copy(paragraph)
    _, height = example.wrap(1000, 1000)
    broken = example.blPara
    ascent = broken.ascent if broken.kind == 0 else broken.lines[0].ascent
    return _TextStyle(frag.fontName, frag.fontSize, frag.textColor, style.alignment == TA_RIGHT, height, ascent)


def _frags(cell: Any) -> Iterator[Any]:
    return (frag for paragraph in cell._content for frag in paragraph.frags)


def _numbers(frag: Any) -> list[int]:
    return [int(number) for number in _TOKEN.findall(getattr(frag, "text", None) or "")]


def _copy(thing: Any, kind: type | None = None, /, **other: Any) -> Any:
    """A shallow copy with *other* attributes; copy.copy does the same in five times the time."""
    new: Any = object.__new__(kind or type(thing))
    new.__dict__.update(thing.__dict__)
    new.__dict__.update(other)
    return new


def _commands(examples: Any, head: int, rows: int) -> Iterator[tuple[Any, ...]]:
    """Rules and backgrounds: those of the head as they are, those of the example rows stretched over all rows."""
    per_row: dict[int, list[tuple[Any, ...]]] = {}
    for name, (column, row), (to_column, to_row), *rest in (*examples._bkgrndcmds, *examples._linecmds):
        if to_row < head and row >= 0:
            yield name, (column, row), (to_column, to_row), *rest
        elif row == to_row:
            per_row.setdefault(row, []).append((name, column, to_column, *rest))
        else:
            raise NotExpandable("a rule or background over several rows")
    first, *others = [per_row.get(row, []) for row in range(head, len(examples._cellvalues))]
    if any(str(other) != str(first) for other in others):
        raise NotExpandable("rows with rules of their own")
    for name, column, to_column, *rest in first:
        yield name, (column, head), (to_column, head + rows - 1), *rest
