# ruff: noqa: SLF001 - the parts of what xhtml2pdf made have no public names; the list is in `story`
"""A shape as xhtml2pdf made it, with tokens for words: what is filled with the words of one page after the other.

What a mould gives are copies of the very parts that xhtml2pdf makes of that page. What is not surely so is `Unusual`.
"""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus.flowables import KeepTogether, Spacer
from reportlab.platypus.paraparser import ABag
from xhtml2pdf.builders.block import BlockBox
from xhtml2pdf.tags import PageNumberFlowable
from xhtml2pdf.util import font_has_glyph
from xhtml2pdf.xhtml2pdf_reportlab import PmlFlowingCell, PmlFrame, PmlKeepInFrame, PmlParagraph, PmlTable

from worker.rendering.lines_table import LinesTable
from worker.rendering.onepass import Pages
from worker.rendering.page_parts import COLOUR, LINK, PICTURE, WORD, PageParts, pieces
from worker.rendering.short_text import Look, ShortText, look_of
from worker.rendering.story import copy, inside, text_of
from worker.rendering.way import Unusual

_COPIED = (PmlParagraph, PmlTable, PmlKeepInFrame, PmlFlowingCell, KeepTogether, BlockBox, Spacer)
# A number of pages stands in a frame on each page, where it is set anew each time.
_IN_FRAMES = (*_COPIED, PageNumberFlowable)
_NO_LOOKS: Mapping[int, Look] = {}


class Mould:
    """*pages* is what xhtml2pdf made of the shape of *parts*, with tokens. Raises `Unusual`."""

    def __init__(self, parts: PageParts, pages: Pages) -> None:
        if pages.positioned:
            raise Unusual("boxes that are placed on the page")
        self.pages = pages
        self.rows = range(parts.words_before, parts.words_before + parts.words_of_examples)
        self.kinds = {kind: number for number, kind in enumerate(parts.kinds)}
        everything = [*_everything(pages.story, _COPIED), *_everything(_static_stories(pages.template), _IN_FRAMES)]
        self.parts = len(everything)
        self.fonts = _fonts_of_words(everything, parts)
        self.known = set[str]()
        self.looks = {id(part): look for part in everything if (look := look_of(part))}
        self.place = -1
        self.lines: LinesTable | None = None
        if self.kinds:
            self.place, self.lines = self._lines(len(self.kinds))

    def _lines(self, kinds: int) -> tuple[int, LinesTable]:
        """Where in the story the lines are, and how to make them."""
        for place, part in enumerate(self.pages.story):
            if any(number in self.rows for thing in _everything(part, _COPIED) for number in _numbers(thing)):
                if type(part) is not PmlTable:
                    break
                return place, LinesTable(part, kinds)
        raise Unusual("the lines are not a table of their own")

    def fill(self, parts: PageParts, *, exactly: bool = False) -> Pages:
        """The pages of *parts*, whose shape this is. Raises `Unusual`.

        *exactly*: so that their PDF is the very bytes that xhtml2pdf's own pages give, rather than one that shows the same.
        """
        self._check_letters(parts)
        taken = parts.taken
        words = [*taken.words[: self.rows.start], *[""] * len(self.rows), *taken.words[self.rows.start :]]
        filling = _Filling(words, taken.links, taken.pictures, _NO_LOOKS if exactly else self.looks)
        story = [filling.copy(part) for part in self.pages.story]
        if self.lines is not None:
            story[self.place] = self._filled_lines(self.lines, filling, parts, exactly=exactly)
        return replace(
            self.pages,
            story=story,
            template=_filled_template(self.pages.template, filling),
            colours={HexColor(COLOUR.format(n)): HexColor(colour) for n, colour in enumerate(parts.colours)},
            title=parts.title or self.pages.title,
            author=parts.author or self.pages.author,
        )

    def _filled_lines(self, lines: LinesTable, filling: "_Filling", parts: PageParts, *, exactly: bool) -> Any:
        kinds = [self.kinds[row.kind] for row in parts.rows]
        starts = self._first_words()
        head = [filling.row(cells) for cells in lines.table._cellvalues[: lines.head]]
        rows = [
            _Filling(row.words, (), (), filling.looks, starts[kind]).row(lines.examples[kind])
            for row, kind in zip(parts.rows, kinds, strict=True)
        ]
        return lines.filled(head, rows, kinds, exactly=exactly)

    def _first_words(self) -> list[int]:
        """The number of the first word in the example of each kind."""
        found, number = [], self.rows.start
        for kind in self.kinds:
            found.append(number)
            number += kind.count("\0")
        return found

    def _check_letters(self, parts: PageParts) -> None:
        """A letter that a font lacks is drawn in another one, of which the shape knows nothing."""
        for letter in parts.letters() - self.known:
            if not letter.isspace() and not all(font_has_glyph(font, letter) for font in self.fonts):
                raise Unusual(f"a font without {letter!r}")
            self.known.add(letter)


@dataclass(frozen=True)
class _Filling:
    """Copies of the parts of a mould with these *words*, the first of which has the number *first*; cells with *looks* are short."""

    words: Sequence[str]
    links: Sequence[str]
    pictures: Sequence[bytes]
    looks: Mapping[int, Look]
    first: int = 0

    def copy(self, part: Any) -> Any:
        kind = type(part)
        if kind is PmlParagraph:
            return copy(part, frags=[made for frag in part.frags for made in self._frags(frag)])
        if kind is PmlKeepInFrame:
            return self._cell(part)
        if kind is PmlFlowingCell:
            return copy(part, _FlowingCell, _content=self.all_of(part._content), laid_out=None)
        if kind is PmlTable:
            return copy(part, _cellvalues=[self.row(cells) for cells in part._cellvalues], **_own_lists(part))
        if kind is KeepTogether:
            return copy(part, _content=self.all_of(part._content))
        if kind is BlockBox:
            return copy(part, content=self.all_of(part.content), _entries=[])
        if isinstance(part, list | tuple):
            return self.all_of(part)
        return copy(part)

    def row(self, cells: Iterable[Any]) -> list[Any]:
        return [cell if isinstance(cell, str) else self.copy(cell) for cell in cells]

    def all_of(self, parts: Iterable[Any]) -> list[Any]:
        return [self.copy(part) for part in parts]

    def _cell(self, cell: Any) -> Any:
        look = self.looks.get(id(cell))
        if look is None:
            return self._whole(cell)
        return ShortText(look, self._said, lambda: self._whole(cell))

    def _whole(self, cell: Any) -> Any:
        return copy(cell, _Cell, _content=self.all_of(cell._content), laid_out=None)

    def _frags(self, frag: Any) -> Iterator[Any]:
        """Copies of *frag*: several where its words hold hard spaces, each of which is one of its own, as xhtml2pdf makes it."""
        other: dict[str, Any] = {}
        link, bag = frag.link, getattr(frag, "cbDefn", None)
        if link and "zl" in link:
            other["link"] = LINK.sub(lambda token: self.links[int(token[1])], link)
        if bag is not None:
            other["cbDefn"] = self._bag(bag)
        if "zq" in (text := text_of(frag)):
            for piece in pieces(self._words(text)):
                yield copy(frag, text=piece, **other)
        else:
            yield copy(frag, **other) if other or frag.pageNumber or frag.pageCount else frag

    def _said(self, text: str) -> str:
        return html.unescape(self._words(text)) if "zq" in text else text

    def _words(self, text: str) -> str:
        """*text* with words for its tokens, as HTML writes them."""
        if "zq" not in text:
            return text
        if len(text) == 9:  # the token alone
            return self.words[int(text[2:7]) - self.first]
        return WORD.sub(lambda token: self.words[int(token[1]) - self.first], text)

    def _bag(self, bag: Any) -> Any:
        """A picture within text, with its own size and place in the line."""
        made = ABag(**bag.__dict__)
        if bag.kind == "img" and (number := PICTURE.search(bag.image._imgdata)):
            made.image = copy(bag.image, _imgdata=self.pictures[int(number[1])])
        return made


class _LaidOutOnce(PmlKeepInFrame):  # type: ignore[misc]
    """A cell that is laid out once: a table asks three times, to measure, to split and to draw."""

    laid_out: tuple[float, tuple[float, float]] | None

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        if self.laid_out and self.laid_out[0] == available_width and self.laid_out[1][1] <= available_height:
            return self.laid_out[1]
        size: tuple[float, float] = super().wrap(available_width, available_height)
        self.laid_out = (available_width, size) if getattr(self, "_scale", 1) == 1 else None
        return size


class _Cell(_LaidOutOnce):
    """A cell of text."""


class _FlowingCell(_LaidOutOnce, PmlFlowingCell):  # type: ignore[misc]
    """A cell that holds a table."""


class _FilledFrame(PmlFrame):  # type: ignore[misc]
    """A frame that stands on each page: xhtml2pdf draws a deep copy of it, which is as good as one filled anew."""

    filling: _Filling

    def __deepcopy__(self, memo: object) -> Any:
        return copy(self, PmlFrame, pisaStaticStory=self.filling.all_of(self.pisaStaticStory))


def _own_lists(table: Any) -> dict[str, Any]:
    """The lists of *table* into which laying out writes."""
    names = ("_colWidths", "_rowHeights", "_argW", "_argH")
    return {name: list(value) if isinstance(value := getattr(table, name), list) else value for name in names}


def _filled_template(template: Any, filling: _Filling) -> Any:
    return copy(
        template,
        frames=[copy(frame) for frame in template.frames],
        pisaStaticList=[copy(frame, _FilledFrame, filling=filling) for frame in template.pisaStaticList],
        _staticFrameWarned=set(),
    )


# What is checked before a shape is filled


def _static_stories(template: Any) -> list[Any]:
    return [frame.pisaStaticStory for frame in template.pisaStaticList]


def _everything(part: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    """*part* and all it holds. Raises `Unusual` for what is none of *kinds*."""
    if isinstance(part, str):  # of a cell without anything
        return
    if not isinstance(part, list | tuple):
        if type(part) not in kinds:
            raise Unusual(type(part).__name__)
        yield part
    for other in inside(part):
        yield from _everything(other, kinds)


def _fonts_of_words(parts_of_story: Iterable[Any], parts: PageParts) -> frozenset[str]:
    """The fonts of all words. Raises `Unusual` where a word, link or picture is missing, or more was done to it than to draw it."""
    fonts, words, links, pictures = set[str](), set[int](), set[int](), set[int]()
    for paragraph in parts_of_story:
        if type(paragraph) is not PmlParagraph:
            continue
        numbers = _numbers(paragraph)
        if numbers and paragraph.outline:
            raise Unusual("a heading in the outline")
        words.update(numbers)
        for frag in paragraph.frags:
            fonts.update(_fonts(frag))
            links.update(int(number) for number in LINK.findall(frag.link or ""))
            pictures.update(_pictures(frag))
    taken = parts.taken
    if len(words) != len(taken.words) + parts.words_of_examples:
        raise Unusual("words that are not in the story")
    if len(links) != len(taken.links) or len(pictures) != len(taken.pictures):
        raise Unusual("links or pictures that are not in the story")
    return frozenset(fonts)


def _numbers(part: Any) -> list[int]:
    if type(part) is not PmlParagraph:
        return []
    return [int(number) for frag in part.frags for number in WORD.findall(text_of(frag))]


def _fonts(frag: Any) -> Iterator[str]:
    if not WORD.search(text_of(frag)):
        return
    if frag.whiteSpace != "normal" or frag.textTransform not in (None, "", "none"):
        raise Unusual("text that is changed before it is drawn")
    yield frag.fontName


def _pictures(frag: Any) -> Iterator[int]:
    bag = getattr(frag, "cbDefn", None)
    if bag is None:
        return
    if bag.kind not in ("img", "inlineBox"):
        raise Unusual(f"{bag.kind} in a line")
    if bag.kind == "img" and (number := PICTURE.search(bag.image._imgdata)):
        yield int(number[1])
