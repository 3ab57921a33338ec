"""Fira Sans for reportlab, with figures of one width, and text reduced to what the font can draw."""

import struct
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import fontpkg
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from xhtml2pdf.default import DEFAULT_FONT

FAMILY = "fira sans"
WEIGHTS = {"FiraSans": 400, "FiraSans-Strong": 600}
MISSING = "?"

# Signs of which the font has no copy but a twin.
TWINS = {
    "\u202f": "\u00a0", "\u2007": "\u00a0", "\u2009": "\u00a0", "\u2011": "-", "\u2010": "-", "\u2015": "–",
    "\u2500": "–", "✓": "√", "✔": "√", "♥": "<3", "★": "*", "☆": "*", "●": "•", "◦": "•", "■": "▪", "►": ">",
}  # fmt: skip

# What people type most; other pictures become their Unicode name in brackets.
EMOJI = {
    "❤": "<3", "🙂": ":-)", "😀": ":-)", "😃": ":-)", "😄": ":-)", "😊": ":-)", "😁": ":-D", "😂": ":-D", "😉": ";-)",
    "🙁": ":-(", "😢": ":-(", "😍": "<3", "😘": ":-*", "👍": "(+1)", "👎": "(-1)",
}  # fmt: skip


def register() -> None:
    """Make the family known to reportlab and to xhtml2pdf's stylesheets. May be called twice."""
    if FAMILY in DEFAULT_FONT:
        return
    for name, weight in WEIGHTS.items():
        font = TTFont(name, str(fontpkg.path("Fira Sans", weight)))
        _use_tabular_figures(font)
        pdfmetrics.registerFont(font)
    for italic in (0, 1):
        addMapping(FAMILY, 0, italic, "FiraSans")
        addMapping(FAMILY, 1, italic, "FiraSans-Strong")
    DEFAULT_FONT[FAMILY] = FAMILY


def printable(text: str) -> str:
    """Replace what the font cannot draw: by a twin, an unaccented letter, the name of a picture, or a question mark."""
    if text.isascii() and text.isprintable():
        return text
    drawable = _drawable()
    return "".join(
        c if c in drawable or c == "\n" else _replacement(c, drawable) for c in unicodedata.normalize("NFC", text)
    )


def _replacement(char: str, drawable: frozenset[str]) -> str:
    if char in TWINS or char in EMOJI:
        return TWINS.get(char) or EMOJI[char]
    if char == "\t":
        return " "
    # Controls, joiners, direction marks, variation selectors, skin tones and stray accents have no picture of their own.
    if unicodedata.category(char) in ("Cc", "Cf", "Mn", "Me", "Sk"):
        return ""
    if char in "\u2028\u2029":
        return "\n"
    like = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if like != char and like and all(c in drawable for c in like):
        return like
    if unicodedata.category(char) == "So":
        return f"[{unicodedata.name(char, MISSING).lower()}]"
    return MISSING


@lru_cache(maxsize=1)
def _drawable() -> frozenset[str]:
    """The characters that every weight can draw, without the line feed and other controls."""
    register()
    faces = (set(pdfmetrics.getFont(name).face.charToGlyph) for name in WEIGHTS)
    return frozenset(chr(c) for c in set.intersection(*faces) if chr(c).isprintable() or c == 0xA0)


def _use_tabular_figures(font: TTFont) -> None:
    """Draw 0-9 with the glyphs of OpenType feature tnum: reportlab knows no features, but it asks this map."""
    face = font.face
    tabular = _Gsub(face.get_table("GSUB")).substitutions(b"tnum")
    for figure in map(ord, "0123456789"):
        glyph = tabular.get(face.charToGlyph[figure])
        if glyph is None:
            continue
        face.charToGlyph[figure] = glyph
        face.charWidths[figure] = face.hmetrics[glyph][0] * 1000 / face.unitsPerEm


@dataclass(frozen=True)
class _Gsub:
    """The part of OpenType's GSUB table that swaps one glyph for one other (lookup types 1 and 7, formats 1 and 2)."""

    table: bytes

    def substitutions(self, feature: bytes) -> dict[int, int]:
        """Glyph → glyph, for every script alike."""
        features, lookups = self._u16(6, 2)
        found: dict[int, int] = {}
        for index in sorted(self._lookups_of(feature, features)):
            found |= self._lookup(lookups + self._u16(lookups + 2 + 2 * index)[0])
        return found

    def _lookups_of(self, tag: bytes, features: int) -> set[int]:
        indexes: set[int] = set()
        for record in range(features + 2, features + 2 + 6 * self._u16(features)[0], 6):
            if self.table[record : record + 4] == tag:
                feature = features + self._u16(record + 4)[0]
                indexes.update(self._u16(feature + 4, self._u16(feature + 2)[0]))
        return indexes

    def _lookup(self, lookup: int) -> dict[int, int]:
        kind, _, count = self._u16(lookup, 3)
        found: dict[int, int] = {}
        for offset in self._u16(lookup + 6, count):
            at, actual = lookup + offset, kind
            if kind == 7:  # extension: the real kind, and a 32-bit way to it
                actual, at = self._u16(at + 2)[0], at + struct.unpack_from(">I", self.table, at + 4)[0]
            if actual == 1:
                found |= self._single(at)
        return found

    def _single(self, at: int) -> dict[int, int]:
        form, coverage, value = self._u16(at, 3)
        glyphs = self._coverage(at + coverage)
        if form == 1:
            return {glyph: (glyph + value) & 0xFFFF for glyph in glyphs}
        return dict(zip(glyphs, self._u16(at + 6, value), strict=True))

    def _coverage(self, at: int) -> list[int]:
        form, count = self._u16(at, 2)
        if form == 1:
            return list(self._u16(at + 4, count))
        ranges = (self._u16(at + 4 + 6 * i, 3) for i in range(count))
        return [glyph for first, last, _ in ranges for glyph in range(first, last + 1)]

    def _u16(self, at: int, count: int = 1) -> tuple[int, ...]:
        return struct.unpack_from(f">{count}H", self.table, at)
