# ruff: noqa: SLF001 - the parts of a finished cell have no public names
"""A cell of short lines: drawn as text where it stands, which takes a tenth of what breaking lines does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus.flowables import _FUZZ, Flowable
from xhtml2pdf.reportlab_paragraph import _maxLeadingExtent
from xhtml2pdf.xhtml2pdf_reportlab import PmlKeepInFrame, PmlParagraph

from worker.rendering.page_parts import NBSP, is_plain
from worker.rendering.story import copy

_UNUSUAL_STYLE = (
    "leftIndent", "rightIndent", "firstLineIndent", "paddingTop", "paddingBottom", "paddingLeft", "paddingRight",
    "backColor", "backgroundImage", "spaceBefore", "spaceAfter", "wordWrap", "textOverflow",
    "borderTopWidth", "borderBottomWidth", "borderLeftWidth", "borderRightWidth",
)  # fmt: skip
_UNUSUAL_TEXT = (
    "link", "underline", "strike", "rise", "backColor", "rtl", "cbDefn", "pageNumber", "pageCount",
)  # fmt: skip
_WIDE = 10_000.0
_HAIR = 1e-6  # of a point


@dataclass(frozen=True)
class Part:
    """Text of one look, with tokens for words."""

    text: str
    font: str
    size: float
    color: Any


@dataclass(frozen=True)
class Line:
    """*below* is how far its baseline is below the top of the cell.

    Where the line is full to within a *hair*, only a paragraph knows whether it breaks: rounding may decide it.
    """

    parts: tuple[Part, ...]
    below: float
    hair: float


@dataclass(frozen=True)
class Look:
    """How a cell of short lines is drawn, and how high it is."""

    lines: tuple[Line, ...]
    right: bool
    height: float


class ShortText(PmlKeepInFrame):  # type: ignore[misc]
    """A cell as *look* says, *filled* with words; the *cell* that xhtml2pdf would make where a line is full, or once asked what it holds."""

    def __init__(self, look: Look, filled: Callable[[str], str], cell: Callable[[], Any]) -> None:
        Flowable.__init__(self)
        self.look, self.filled, self.cell = look, filled, cell
        self.lines = [list(_measured(line, filled)) for line in look.lines]
        self.widths = [sum(width for _, width in line) for line in self.lines]
        self.is_short = True
        self.made: Any = None

    @property
    def _content(self) -> Any:
        return self._whole()._content

    def _whole(self) -> Any:
        if self.made is None:
            self.made = self.cell()
        return self.made

    def __deepcopy__(self, memo: object) -> "ShortText":
        return ShortText(self.look, self.filled, self.cell)

    def getSpaceBefore(self) -> float:  # noqa: N802
        return 0.0

    getSpaceAfter = getSpaceBefore  # noqa: N815

    def drawn_flowables(self) -> list[Any]:
        """What may be of interest to an index: no heading is a short text."""
        return []

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.is_short = all(
            width < available_width - line.hair for width, line in zip(self.widths, self.look.lines, strict=True)
        )
        if not self.is_short:
            size: tuple[float, float] = self._whole().wrapOn(self.canv, available_width, available_height)
            return size
        self.width, self.height = available_width, self.look.height
        return self.width, self.height

    def drawOn(self, canvas: Any, x: float, y: float, _sW: float = 0) -> None:  # noqa: N802, N803
        if not self.is_short:
            self._whole().drawOn(canvas, x, y, _sW)
            return
        for line, texts, width in zip(self.look.lines, self.lines, self.widths, strict=True):
            at = x + self.width - width if self.look.right else x
            for part, (text, advance) in zip(line.parts, texts, strict=True):
                if canvas._fillColorObj is not canvas.meant(part.color):
                    canvas.setFillColor(part.color)
                canvas.setFont(part.font, part.size)
                canvas.drawString(at, y + self.look.height - line.below, text)
                at += advance


def _measured(line: Line, filled: Callable[[str], str]) -> Iterator[tuple[str, float]]:
    """The texts of *line* with their widths, without the space at its ends."""
    last = len(line.parts) - 1
    for number, part in enumerate(line.parts):
        text = filled(part.text)
        if number == 0:
            text = text.lstrip(" ")
        if number == last:
            text = text.rstrip(" ")
        yield text, stringWidth(text, part.font, part.size)


def look_of(cell: Any) -> Look | None:
    """How to draw *cell* as lines of text; None where it is, or may be, anything more."""
    if type(cell) is not PmlKeepInFrame or not all(type(part) is PmlParagraph for part in cell._content):
        return None
    lines: list[Line] = []
    height = 0.0
    for paragraph in cell._content:
        found = _lines_of(paragraph, height)
        if found is None or paragraph.style.alignment != cell._content[0].style.alignment:
            return None
        lines += found[0]
        height += found[1]
    if not lines:
        return None
    height -= _FUZZ  # as a frame has it
    return Look(tuple(lines), cell._content[0].style.alignment == TA_RIGHT, height)


def _lines_of(paragraph: Any, top: float) -> tuple[list[Line], float] | None:
    """The lines of *paragraph*, which begins so far below the top of its cell, and its height."""
    if _is_unusual(paragraph) or any(map(_is_unusual_text, paragraph.frags)):
        return None
    rows = [_without_end(row) for row in _rows(paragraph.frags)]
    if not rows[-1]:
        rows.pop()  # a break at the end begins no line
    # Where fonts meet, a paragraph draws the space between them in the first one's, and never two.
    if not rows or not all(rows) or any(frag.text.startswith(" ") for row in rows for frag in row[1:]):
        return None
    hairs = [_HAIR + _doubt(row) for row in rows]
    if paragraph.style.alignment == TA_RIGHT and max(hairs) > _HAIR:
        return None
    example = copy(paragraph)
    _, height = example.wrap(_WIDE, _WIDE)
    lines = example.blPara.lines
    if example.blPara.kind != 1 or len(lines) != len(rows):
        return None
    parts = [tuple(Part(frag.text, frag.fontName, frag.fontSize, frag.textColor) for frag in row) for row in rows]
    below = [top + one for one in _baselines(lines, paragraph.style.leading)]
    return list(map(Line, parts, below, hairs)), height


def _rows(frags: Sequence[Any]) -> list[list[Any]]:
    """The text of *frags*, line by line."""
    rows: list[list[Any]] = [[]]
    for frag in frags:
        if hasattr(frag, "lineBreak"):
            rows.append([])
        elif frag.text:
            rows[-1].append(frag)
    return rows


def _without_end(row: list[Any]) -> list[Any]:
    """*row* without spaces alone at its end, which are not drawn."""
    end = len(row)
    while end > 1 and not row[end - 1].text.strip(" "):
        end -= 1
    return row[:end]


def _baselines(lines: Sequence[Any], leading: float) -> list[float]:
    """How far below the top each baseline is, as `reportlab_paragraph._putFragLine` has it."""
    below = [lines[0].ascent]
    for line, following in pairwise(lines):
        _, descent = _maxLeadingExtent(line, leading)
        ascent, _ = _maxLeadingExtent(following, leading)
        below.append(below[-1] + descent + ascent)
    return below


def _doubt(frags: Sequence[Any]) -> float:
    """By how much the width that a paragraph measures may differ from what it draws: by spaces between fonts."""
    spaces: list[float] = [stringWidth(" ", frag.fontName, frag.fontSize) for frag in frags]
    return len(frags) * (max(spaces) - min(spaces))


def _is_unusual(paragraph: Any) -> bool:
    style = paragraph.style
    return (
        style.alignment not in (TA_LEFT, TA_RIGHT)
        or paragraph.dir != "ltr"
        or bool(paragraph.outline or paragraph.bulletText)
        or style.letterSpacing != "normal"
        or style.wordSpacing != "normal"
        or any(getattr(style, name, None) for name in _UNUSUAL_STYLE)
    )


def _is_unusual_text(frag: Any) -> bool:
    text = getattr(frag, "text", "")
    if type(text) is not str or not all(is_plain(part) for part in text.split(NBSP) if part.strip()):
        return True
    return any(getattr(frag, name, None) for name in _UNUSUAL_TEXT) or frag.letterSpacing != "normal"
