"""The fonts, by name for reportlab and for stylesheets: Fira Sans, and one for each script that it lacks."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files

import fontpkg
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from xhtml2pdf.default import DEFAULT_FONT

from worker.rendering.opentype import add_raised, use_tabular_figures

FAMILY = "fira sans"
WEIGHTS = {"FiraSans": 400, "FiraSans-Strong": 600}
# What says in which direction text runs. It is never drawn, and takes no room when lines are measured.
DIRECTIONS = "\u2066\u2067\u2068\u2069"

# Thai tones where a vowel is over their letter already, by the codes that Windows used for it.
RAISED_TONES = {chr(0xE48 + at): chr(0xF70A + at) for at in range(5)}


@dataclass(frozen=True, eq=False)
class Script:
    """A writing that Fira Sans lacks, whose font is read when it is first needed.

    *letters* is its part of Unicode as a class of a regular expression; *drawn* the categories of what its font can draw: vowel marks
    only where the font itself puts them in their place, for no engine here shapes text.
    """

    family: str
    package: str
    weights: dict[str, int]
    letters: str
    drawn: str = "LNPS"
    raised: Mapping[str, str] = field(default_factory=dict)  # letters that are drawn higher, and as what
    file: str = ""  # in *package*, where that is none of fontpkg's


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
    # Its vowels and tones stand over the letter before them without shaping, a tone over a vowel by `RAISED_TONES`.
    Script(
        "sarabun",
        "Sarabun",
        {"Sarabun": 400, "Sarabun-Strong": 600},
        "\u0e01-\u0e3a\u0e3f-\u0e5b\uf70a-\uf70e",
        drawn="CLMNPS",
        raised=RAISED_TONES,
    ),
    # WenQuanYi Micro Hei (Apache License 2.0): the one font for Chinese, Japanese and Korean on PyPI with outlines that
    # reportlab can embed. It has one weight.
    Script(
        "microhei",
        "paperang_p2_fonts_cjk",
        {"MicroHei": 400},
        "\u1100-\u11ff\u2e80-\u303f\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uffee",
        file="fonts/wqy-microhei.ttc",
    ),
)


def register() -> None:
    """Make Fira Sans known to reportlab and to xhtml2pdf's stylesheets. May be called twice."""
    if FAMILY in DEFAULT_FONT:
        return
    for font in _family(
        FAMILY, [TTFont(name, str(fontpkg.path("Fira Sans", weight))) for name, weight in WEIGHTS.items()]
    ):
        use_tabular_figures(font)


@cache
def register_script(script: Script) -> None:
    """The same for the font of *script*. May be called twice."""
    if script.file:
        with as_file(files(script.package) / script.file) as path:
            fonts = [TTFont(name, str(path)) for name in script.weights]
    else:
        fonts = [TTFont(name, str(fontpkg.path(script.package, weight))) for name, weight in script.weights.items()]
    for font in _family(script.family, fonts):
        if script.raised:
            add_raised(font, script.raised, by=0.26)


def _family(family: str, fonts: list[TTFont]) -> list[TTFont]:
    for font in fonts:
        pdfmetrics.registerFont(font)
        font.face.charToGlyph |= dict.fromkeys(map(ord, DIRECTIONS), font.face.charToGlyph[ord(" ")])
        font.face.charWidths |= dict.fromkeys(map(ord, DIRECTIONS), 0)
    names = [font.fontName for font in fonts]
    for italic in (0, 1):
        addMapping(family, 0, italic, names[0])
        addMapping(family, 1, italic, names[-1])
    DEFAULT_FONT[family] = family
    return fonts


@cache
def drawable() -> frozenset[str]:
    """The characters that Fira Sans draws in every weight, without the line feed and other controls."""
    register()
    return frozenset(c for c in _characters_of(WEIGHTS) if c.isprintable() or c == "\xa0")


@cache
def drawable_in(script: Script) -> frozenset[str]:
    """The characters of *script* that its font draws."""
    register_script(script)
    written = re.compile(f"[{script.letters}]")
    return frozenset(
        c for c in _characters_of(script.weights) if written.match(c) and unicodedata.category(c)[0] in script.drawn
    )


def script_of(char: str) -> Script | None:
    """Whose letter *char* is; None for what Fira Sans has, or nobody."""
    return None if char < "\u0590" else next((script for script, letters in _LETTERS if letters.match(char)), None)


def font_of(char: str) -> str:
    """The name of the font that draws *char* at its ordinary weight."""
    script = script_of(char)
    if script is None:
        return next(iter(WEIGHTS))
    register_script(script)
    return next(iter(script.weights))


_LETTERS = tuple((script, re.compile(f"[{script.letters}]")) for script in SCRIPTS)


def _characters_of(weights: dict[str, int]) -> frozenset[str]:
    return frozenset(map(chr, set.intersection(*(set(pdfmetrics.getFont(name).face.charToGlyph) for name in weights))))
