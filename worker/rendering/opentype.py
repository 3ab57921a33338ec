"""The little of OpenType that reportlab does not do: another glyph for a character, where a feature of the font says so."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def use_tabular_figures(font: Any) -> None:
    """Draw 0-9 with the glyphs of feature tnum: reportlab knows no features, but it asks this map."""
    face = font.face
    tabular = _Gsub(face.get_table("GSUB")).substitutions(b"tnum")
    for figure in map(ord, "0123456789"):
        glyph = tabular.get(face.charToGlyph[figure])
        if glyph is None:
            continue
        face.charToGlyph[figure] = glyph
        face.charWidths[figure] = face.hmetrics[glyph][0] * 1000 / face.unitsPerEm


def add_raised(font: Any, raised: Mapping[str, str], *, by: float) -> None:
    """Let *font* draw each value of *raised* as its key, higher *by* so much of its size: a mark over another mark.

    Each is a composite glyph (glyf table, OpenType 1.9) of one part that is shifted, behind the font's own. Names of reportlab's used:
    `_ttf_data`, `glyphPos`, `hmetrics`, `table`.
    """
    face, rise = font.face, round(by * font.face.unitsPerEm)
    offset, _ = face.get_table_pos("glyf")
    end = face.glyphPos[-1]
    glyphs = [face._ttf_data[offset : offset + end]]  # noqa: SLF001 - it has no public name
    for letter, drawn in raised.items():
        glyph = face.charToGlyph[ord(letter)]
        left, bottom, right, top = struct.unpack_from(">4h", face._ttf_data, offset + face.glyphPos[glyph] + 2)  # noqa: SLF001
        box = struct.pack(">5h", -1, left, bottom + rise, right, top + rise)
        glyphs.append(box + struct.pack(">HHhhxx", _AT_XY_IN_WORDS, glyph, 0, rise))
        face.charToGlyph[ord(drawn)] = len(face.glyphPos) - 1
        face.charWidths[ord(drawn)] = face.charWidths[ord(letter)]
        face.hmetrics.append(face.hmetrics[glyph])
        face.glyphPos.append(face.glyphPos[-1] + len(glyphs[-1]))
    table = b"".join(glyphs)
    face.table["glyf"] = {**face.table["glyf"], "offset": len(face._ttf_data), "length": len(table)}  # noqa: SLF001
    face._ttf_data = bytes(face._ttf_data) + table  # noqa: SLF001


_AT_XY_IN_WORDS = 0x0003


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
