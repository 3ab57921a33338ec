# ruff: noqa: SLF001 - the parts of a finished cell have no public names
"""A cell of one short line: drawn as text where it stands, which takes a tenth of what breaking lines does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus.flowables import _FUZZ, Flowable
from xhtml2pdf.xhtml2pdf_reportlab import PmlKeepInFrame, PmlParagraph

from worker.rendering.page_parts import is_plain
from worker.rendering.story import copy

_UNUSUAL_STYLE = (
    "leftIndent", "rightIndent", "firstLineIndent", "paddingTop", "paddingBottom", "paddingLeft", "paddingRight",
    "backColor", "backgroundImage", "spaceBefore", "spaceAfter", "wordWrap", "textOverflow",
    "borderTopWidth", "borderBottomWidth", "borderLeftWidth", "borderRightWidth",
)  # fmt: skip
_UNUSUAL_TEXT = (
    "link", "underline", "strike", "rise", "backColor", "rtl", "cbDefn", "lineBreak", "pageNumber", "pageCount",
)  # fmt: skip
_WIDE = 10_000.0
_HAIR = 1e-6  # of a point


@dataclass(frozen=True)
class Look:
    """How a line of text is drawn: its *parts* with font, size and colour, its *height*, the *ascent* from there to the baseline.

    Where the line is full to within a *hair*, only a paragraph knows whether it breaks: rounding may decide it.
    """

    parts: tuple[tuple[str, str, float, Any], ...]
    right: bool
    height: float
    ascent: float
    hair: float


class ShortText(PmlKeepInFrame):  # type: ignore[misc]
    """A cell as *look* says; the cell that xhtml2pdf would make, once that is more than a line, or asked what it holds."""

    drawOn = Flowable.drawOn  # noqa: N815 - not that of a frame, which scales

    def __init__(self, texts: Sequence[str], look: Look, cell: Callable[[], Any]) -> None:
        Flowable.__init__(self)
        self.texts = list(texts)
        self.texts[0] = self.texts[0].lstrip(" ")
        self.texts[-1] = self.texts[-1].rstrip(" ")
        self.look, self.cell = look, cell
        self.widths = [
            stringWidth(text, font, size) for text, (_, font, size, _) in zip(self.texts, look.parts, strict=True)
        ]
        self.total = sum(self.widths)
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
        return ShortText(self.texts, self.look, self.cell)

    def getSpaceBefore(self) -> float:  # noqa: N802
        return 0.0

    getSpaceAfter = getSpaceBefore  # noqa: N815

    def drawn_flowables(self) -> list[Any]:
        """What may be of interest to an index: no heading is a short text."""
        return []

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.is_short = self.total < available_width - self.look.hair
        if not self.is_short:
            size: tuple[float, float] = self._whole().wrapOn(self.canv, available_width, available_height)
            return size
        self.width, self.height = available_width, self.look.height
        return self.width, self.height

    def draw(self) -> None:
        if not self.is_short:
            self._whole().drawOn(self.canv, 0, 0)
            return
        look, canvas = self.look, self.canv
        x, y = self.width - self.total if look.right else 0, self.height - look.ascent
        for text, width, (_, font, size, color) in zip(self.texts, self.widths, look.parts, strict=True):
            canvas.setFillColor(color)
            canvas.setFont(font, size)
            canvas.drawString(x, y, text)
            x += width


def look_of(cell: Any) -> Look | None:
    """How to draw *cell* as a line of text; None where it is, or may be, anything more."""
    if type(cell) is not PmlKeepInFrame or [type(part) for part in cell._content] != [PmlParagraph]:
        return None
    (paragraph,) = cell._content
    style = paragraph.style
    frags = [frag for frag in paragraph.frags if getattr(frag, "text", None) or _is_unusual(frag)]
    if not frags or any(map(_is_unusual, frags)) or style.alignment not in (TA_LEFT, TA_RIGHT):
        return None
    if paragraph.dir != "ltr" or paragraph.outline or paragraph.bulletText:
        return None
    if any(getattr(style, name, None) for name in _UNUSUAL_STYLE) or style.letterSpacing != "normal":
        return None
    if getattr(style, "wordSpacing", "normal") != "normal":
        return None
    while len(frags) > 1 and not frags[-1].text.strip(" "):
        frags.pop()
    # Where fonts meet, a paragraph draws the space between them in the first one's, and never two.
    if any(frag.text.startswith(" ") for frag in frags[1:]):
        return None
    hair = _HAIR + _doubt(frags)
    if hair > _HAIR and style.alignment == TA_RIGHT:
        return None
    example = copy(paragraph)
    _, height = example.wrap(_WIDE, _WIDE)
    lines = example.blPara.lines
    if example.blPara.kind != 1 or len(lines) != 1:
        return None
    height -= _FUZZ  # as a frame has it
    parts = tuple((frag.text, frag.fontName, frag.fontSize, frag.textColor) for frag in frags)
    return Look(parts, style.alignment == TA_RIGHT, height, lines[0].ascent, hair)


def _doubt(frags: Sequence[Any]) -> float:
    """By how much the width that a paragraph measures may differ from what it draws: by spaces between fonts."""
    spaces: list[float] = [stringWidth(" ", frag.fontName, frag.fontSize) for frag in frags]
    return len(frags) * (max(spaces) - min(spaces))


def _is_unusual(frag: Any) -> bool:
    text = getattr(frag, "text", "")
    if type(text) is not str or not all(is_plain(part) for part in text.split("\N{NO-BREAK SPACE}") if part.strip()):
        return True
    return any(getattr(frag, name, None) for name in _UNUSUAL_TEXT) or frag.letterSpacing != "normal"
