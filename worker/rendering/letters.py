"""Text as it can be drawn: what no font has is replaced in sight, and each script is drawn with its own font."""

import re
import unicodedata

from worker.rendering.fonts import DIRECTIONS, SCRIPTS, drawable

MISSING = "?"
# Around a text with letters that run from right to left: it runs as its first letter does (UAX #9), whatever stands beside it.
FIRST_STRONG, END = "\u2068", "\u2069"

# Signs of which the font has no copy but a twin.
LOOKALIKES = {
    "\u202f": "\u00a0", "\u2007": "\u00a0", "\u2009": "\u00a0", "\u2011": "-", "\u2010": "-", "\u2015": "–",
    "\u2500": "–", "✓": "√", "✔": "√", "♥": "<3", "★": "*", "☆": "*", "●": "•", "◦": "•", "■": "▪", "►": ">",
}  # fmt: skip

# The most used; other pictures become their Unicode name in brackets.
EMOJI = {
    "❤": "<3", "🙂": ":-)", "😀": ":-)", "😃": ":-)", "😄": ":-)", "😊": ":-)", "😁": ":-D", "😂": ":-D", "😉": ";-)",
    "🙁": ":-(", "😢": ":-(", "😍": "<3", "😘": ":-*", "👍": "(+1)", "👎": "(-1)",
}  # fmt: skip

_RIGHT_TO_LEFT = re.compile(f"[{''.join(script.letters for script in SCRIPTS)}]")
_RUNS = tuple((script.family, re.compile(f"[{script.letters}]+(?: +[{script.letters}]+)*")) for script in SCRIPTS)
_NOT_DRAWN = re.compile(r"(<(?:title|style)\b.*?</|<[^>]*>)", re.DOTALL)


def printable(text: str) -> str:
    """Replace what the font cannot draw: by a twin, an unaccented letter, the name of a picture, or a question mark."""
    if text.isascii() and text.isprintable():
        return text
    known = drawable()
    drawn = "".join(
        c if c in known or c == "\n" else _replacement(c, known) for c in unicodedata.normalize("NFC", text)
    )
    return f"{FIRST_STRONG}{drawn}{END}" if _RIGHT_TO_LEFT.search(drawn) else drawn


def _replacement(char: str, known: frozenset[str]) -> str:
    if char in LOOKALIKES or char in EMOJI:
        return LOOKALIKES.get(char) or EMOJI[char]
    if char == "\t":
        return " "
    if "🇦" <= char <= "🇿":  # two of these are a flag: the letters of its country say the same
        return chr(ord("A") + ord(char) - ord("🇦"))
    # Controls, joiners, direction marks, variation selectors, skin tones and stray accents have no picture of their own.
    if unicodedata.category(char) in ("Cc", "Cf", "Mn", "Me", "Sk"):
        return ""
    if char in "\u2028\u2029":
        return "\n"
    like = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if like != char and like and all(c in known for c in like):
        return like
    if unicodedata.category(char) == "So":
        return f"[{unicodedata.name(char, MISSING).lower()}]"
    return MISSING


def direction(text: str) -> str:
    """How *text* as a paragraph runs: "rtl" where its first letter is Hebrew or Arabic, else "ltr"."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def with_script_fonts(page: str) -> str:
    """A page of HTML in which each run of another script names its font; titles and tags stay as they are."""
    if not _RIGHT_TO_LEFT.search(page):
        return page
    return "".join(
        part.translate(dict.fromkeys(map(ord, DIRECTIONS))) if part.startswith("<") else _with_fonts(part)
        for part in _NOT_DRAWN.split(page)
    )


def _with_fonts(text: str) -> str:
    for family, runs in _RUNS:
        text = runs.sub(rf'<span style="font-family: {family}">\g<0></span>', text)
    return text
