"""The fonts, by name for reportlab and for stylesheets: Fira Sans, and one for each script that it lacks."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import fontpkg
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from xhtml2pdf.default import DEFAULT_FONT

from worker.rendering.opentype import use_tabular_figures

FAMILY = "fira sans"
WEIGHTS = {"FiraSans": 400, "FiraSans-Strong": 600}
# What says in which direction text runs. It is never drawn, and takes no room when lines are measured.
DIRECTIONS = "\u2066\u2067\u2068\u2069"


@dataclass(frozen=True)
class Script:
    """A writing that Fira Sans lacks. *letters* is its part of Unicode as a class of a regular expression."""

    family: str
    package: str
    weights: dict[str, int]
    letters: str


SCRIPTS = (
    # A variable font: reportlab draws it as it is by default, which is at 400. Its strong weight is not to be had that way.
    Script("heebo", "Heebo", {"Heebo": 400}, "\u0590-\u05ff\ufb1d-\ufb4f"),
    # Has the joined forms as characters of their own (U+FB50 to U+FEFC), which is how they are drawn here.
    Script(
        "plexarabic",
        "IBM Plex Sans Arabic",
        {"PlexArabic": 400, "PlexArabic-Strong": 600},
        "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    ),
)


def register() -> None:
    """Make the families known to reportlab and to xhtml2pdf's stylesheets. May be called twice."""
    if FAMILY in DEFAULT_FONT:
        return
    for font in _family(FAMILY, "Fira Sans", WEIGHTS):
        use_tabular_figures(font)
    for script in SCRIPTS:
        _family(script.family, script.package, script.weights)


def _family(family: str, package: str, weights: dict[str, int]) -> list[TTFont]:
    fonts = [TTFont(name, str(fontpkg.path(package, weight))) for name, weight in weights.items()]
    for font in fonts:
        pdfmetrics.registerFont(font)
        font.face.charToGlyph |= dict.fromkeys(map(ord, DIRECTIONS), font.face.charToGlyph[ord(" ")])
        font.face.charWidths |= dict.fromkeys(map(ord, DIRECTIONS), 0)
    names = list(weights)
    for italic in (0, 1):
        addMapping(family, 0, italic, names[0])
        addMapping(family, 1, italic, names[-1])
    DEFAULT_FONT[family] = family
    return fonts


@lru_cache(maxsize=1)
def drawable() -> frozenset[str]:
    """The characters that can be drawn in every weight, without the line feed and other controls."""
    return frozenset(c for c in _characters_of(WEIGHTS) if c.isprintable() or c == "\xa0").union(
        *map(_letters, SCRIPTS)
    )


def _letters(script: Script) -> frozenset[str]:
    """The letters and signs of *script*. Vowel marks are left out: only a shaping engine knows their place."""
    written = re.compile(f"[{script.letters}]")
    return frozenset(
        c for c in _characters_of(script.weights) if written.match(c) and unicodedata.category(c)[0] in "LNPS"
    )


def _characters_of(weights: dict[str, int]) -> frozenset[str]:
    register()
    return frozenset(map(chr, set.intersection(*(set(pdfmetrics.getFont(name).face.charToGlyph) for name in weights))))
