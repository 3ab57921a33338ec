"""A page of HTML taken apart: its shape, which many pages have, and the words, links, pictures and colours that make it this page.

Two invoices of a shop differ in little but their words, and reading and styling HTML takes most of the time that printing does.
"""

import base64
import binascii
import html
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import chain, count

NBSP = "\N{NO-BREAK SPACE}"
# What stands in the gaps while xhtml2pdf reads a shape: no stylesheet, font or direction of writing does anything to them.
WORD = re.compile(r"zq(\d{5})qz")
LINK = re.compile(r"http://zl(\d{5})lz\.example/")
PICTURE = re.compile(rb"picture (\d{5})$")  # at the end of a PNG, where nothing reads on
# A colour of a stylesheet has a number: as many as two hex digits count, in a colour that no page has.
COLOUR = "#01f0{:02x}"

_GAP, _PICTURE_GAP, _LINK_GAP, _COLOUR_GAP = "\0", "\1", "\2", "\3"
_OURS = re.compile(r"zq\d{5}qz|zl\d{5}lz|#01f0[0-9a-f]{2}|[\0-\3]", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>.*</body>", re.DOTALL)
_TITLE = re.compile(r"(?<=<title>).*?(?=</title>)", re.DOTALL)
_AUTHOR = re.compile(r'(?<=<meta name="author" content=")[^"]*')
_LINES = re.compile(r'<table class="lines"[^>]*>.*?<tbody>(.*?)</tbody>', re.DOTALL)
_ROW = re.compile(r"(?=<tr[\s>])")
_MORE_THAN_WORDS = re.compile(r"<(?:table|img|a|ul|ol)\b")
_TEXT = re.compile(r">(\s*)([^<>\s](?:[^<>]*[^<>\s])?)(\s*)<")
_PNG = re.compile(r'(?<=src=")data:image/png;base64,([^"]*)(?=")')
_HREF = re.compile(r'(?<=href=")https?://[^"\s]*(?=")')
_OTHER_STYLES = re.compile(r"<link\b|@import\b")
_COLOUR = re.compile(r"(?<=[:\s])#[0-9a-fA-F]{6}(?=\s*[;}])")
# What xhtml2pdf takes for a text or a link of which the page does not say it: beside that, a colour is drawn in another way.
_PRESET = ("#000000", "#0000ff")
_MOST_COLOURS = 256
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SELECTOR = re.compile(r"([^{};]*)\{")
_ENTITY = re.compile(r"(&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]+\d*);)")
_AT_HARD_SPACES = re.compile(f"({NBSP})")
_PLACE = re.compile(r"[:+~]")


@dataclass
class Taken:
    """What was taken out of HTML, in its order; words as HTML writes them, links as they are meant, pictures as PNG."""

    words: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def out_of(self, text: str) -> str:
        """*text* without its words, links and pictures, which are noted."""
        text = _HREF.sub(self._link, _PNG.sub(self._picture, text))
        return _TEXT.sub(self._words, text)

    def _words(self, found: re.Match[str]) -> str:
        if not is_plain(found[2]):
            return found[0]
        self.words.append(found[2])
        return f">{found[1]}{_GAP}{found[3]}<"

    def _link(self, found: re.Match[str]) -> str:
        self.links.append(html.unescape(found[0]))
        return _LINK_GAP

    def _picture(self, found: re.Match[str]) -> str:
        try:
            picture = base64.b64decode(found[1], validate=True)
            size = struct.unpack(">II", picture[16:24])
        except (binascii.Error, struct.error):
            return found[0]
        if not picture.startswith(b"\x89PNG"):
            return found[0]
        self.pictures.append(picture)
        return f"{_PICTURE_GAP}{size[0]}x{size[1]}"


@dataclass(frozen=True)
class Row:
    """A row of the lines: what *kind* it is of (its HTML without words), its words, and its HTML."""

    kind: str
    words: tuple[str, ...]
    html: str


@dataclass(frozen=True)
class PageParts:
    """*shape* is the page with gaps for what was *taken*, and with one row for each of *kinds*. Title and author are not in it.

    The first *words_before* words stand before the rows; the rows are in *page* from *start* to *end*. *colours* are those of
    its stylesheets, each once.
    """

    page: str
    shape: str
    title: str
    author: str
    colours: tuple[str, ...]
    taken: Taken
    words_before: int
    rows: tuple[Row, ...]
    kinds: tuple[str, ...]
    start: int
    end: int

    @property
    def words_of_examples(self) -> int:
        return sum(kind.count(_GAP) for kind in self.kinds)

    def letters(self) -> set[str]:
        """All that its words are written with."""
        return set(html.unescape("".join(chain(self.taken.words, *(row.words for row in self.rows)))))

    def examples(self) -> "PageParts":
        """This very page, with one row of each kind."""
        first = {row.kind: row for row in reversed(self.rows)}
        rows = tuple(first[kind] for kind in self.kinds)
        text = "".join(row.html for row in rows)
        page = self.page[: self.start] + text + self.page[self.end :]
        return replace(self, page=page, rows=rows, end=self.start + len(text))

    def with_tokens(self) -> str:
        """The shape as HTML: a number in each gap, and the pictures of this page with theirs."""
        words, links, pictures = count(), count(), iter(enumerate(self.taken.pictures))
        text = re.sub(_GAP, lambda _: f"zq{next(words):05d}qz", self.shape)
        text = re.sub(f"{_COLOUR_GAP}(\\d+)", lambda gap: COLOUR.format(int(gap[1])), text)
        text = re.sub(_LINK_GAP, lambda _: f"http://zl{next(links):05d}lz.example/", text)
        return re.sub(rf"{_PICTURE_GAP}\d+x\d+", lambda _: _numbered(*next(pictures)), text)


def _numbered(number: int, picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture + b'picture %05d' % number).decode()}"


def take_apart(page: str) -> PageParts | None:
    """None where *page* has no body, or holds what we put into gaps."""
    body = _BODY.search(page)
    if body is None or _OURS.search(page):
        return None
    head, title = _without(_TITLE, page[: body.start()])
    head, author = _without(_AUTHOR, head)
    head, colours = _without_colours(head)
    start, end = _lines(page) or (body.end(), body.end())
    taken = Taken()
    before = taken.out_of(page[body.start() : start])
    words_before = len(taken.words)
    after = taken.out_of(page[end : body.end()])
    rows = tuple(_row(row) for row in _ROW.split(page[start:end]) if row.strip())
    kinds = tuple(sorted({row.kind for row in rows}))
    shape = "".join((head, before, *kinds, after, page[body.end() :]))
    return PageParts(page, shape, title, author, colours, taken, words_before, rows, kinds, start, end)


def _without(part: re.Pattern[str], text: str) -> tuple[str, str]:
    """*text* without what *part* finds first, and that; nothing where reading HTML might change it."""
    found = part.search(text)
    if found is None or not found[0].strip() or not is_plain(found[0].strip()):
        return text, ""
    return text[: found.start()] + text[found.end() :], html.unescape(found[0].strip())


def _without_colours(head: str) -> tuple[str, tuple[str, ...]]:
    """*head* with gaps for the colours of its stylesheets, and those: two that are one keep being one."""
    colours = tuple(dict.fromkeys(colour for colour in _COLOUR.findall(head) if colour.lower() not in _PRESET))
    if len(colours) > _MOST_COLOURS:
        return head, ()
    gaps = {colour: f"{_COLOUR_GAP}{number}" for number, colour in enumerate(colours)}
    return _COLOUR.sub(lambda found: gaps.get(found[0], found[0]), head), colours


def _lines(page: str) -> tuple[int, int] | None:
    """Where the rows of the lines are, if one of a kind looks like another of that kind wherever it stands."""
    lines = _LINES.search(page)
    if lines is None or _MORE_THAN_WORDS.search(lines[1]) or _looks_depend_on_place(page):
        return None
    return lines.span(1)


def _looks_depend_on_place(page: str) -> bool:
    """Whether a stylesheet may tell the third row from the second."""
    return _OTHER_STYLES.search(page) is not None or any(map(_depends_on_place, _STYLE.findall(page)))


@lru_cache(maxsize=64)
def _depends_on_place(style: str) -> bool:
    selectors = (found.strip() for found in _SELECTOR.findall(_COMMENT.sub("", style)))
    return any(_PLACE.search(selector) for selector in selectors if not selector.startswith("@"))


def _row(text: str) -> Row:
    taken = Taken()
    return Row(taken.out_of(text), tuple(taken.words), text)


def pieces(words: str) -> Iterable[str]:
    """*words* of HTML as text, in the pieces in which xhtml2pdf has them: each entity and hard space is one of its own."""
    if "&" not in words:
        return _AT_HARD_SPACES.split(words)
    first, *others = _ENTITY.split(words)
    found = chain([first], *(_with_entity(*pair) for pair in zip(others[::2], others[1::2], strict=True)))
    return chain.from_iterable(map(_AT_HARD_SPACES.split, filter(None, found)))


def _with_entity(entity: str, following: str) -> Iterator[str]:
    """HTML is read on after an entity as after a tag: spaces first."""
    yield html.unescape(entity)
    if following.startswith(" "):
        yield " "
    yield following.lstrip(" ")


def is_plain(words: str) -> bool:
    """Whether reading HTML leaves *words* as they are: single spaces within, no signs that combine, hyphenate or change direction."""
    if "&" in words and "&" in _ENTITY.sub("", words):
        return False
    text = html.unescape(words)
    if text.isascii():
        return text.isprintable() and "  " not in text
    if "  " in text or "\xc2\xa0" in text or NBSP in (text[0], text[-1]):
        return False
    return all(map(_is_plain_sign, text))


@cache
def _is_plain_sign(char: str) -> bool:
    category = unicodedata.category(char)
    return char in (" ", NBSP) or (category[0] in "LNPS" and category != "Lm" and _PLAIN_SIGNS.match(char) is not None)


# Latin, Greek and Cyrillic; dashes, quotes and dots; signs of money; letterlike signs such as № and ™; the minus sign.
_PLAIN_SIGNS = re.compile("[\0-\u058f\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2100-\u214f\u2212]")
