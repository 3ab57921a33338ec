"""Text as it can be drawn: what no font has is replaced in sight, and each script is drawn with its own font."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache

from worker.domain.document import Line
from worker.rendering.fonts import DIRECTIONS, RAISED_TONES, SCRIPTS, drawable, drawable_in, register_script, script_of

MISSING = "?"
# Around a text with letters that run from right to left: it runs as its first letter does (UAX #9), whatever stands beside it.
FIRST_STRONG, END = "\u2068", "\u2069"

# Signs of which the font has no copy but a twin.
LOOKALIKES = {
    "\u202f": "\u00a0", "\u2007": "\u00a0", "\u2009": "\u00a0", "\u2011": "-", "\u2010": "-", "\u2015": "–",
    "\u2500": "–", "✓": "√", "✔": "√", "♥": "<3", "★": "*", "☆": "*", "●": "•", "◦": "•", "■": "▪", "►": ">",
    "′": "'", "″": '"', "‣": "•", "♯": "#", "✅": "√", "❌": "×", "❗": "!", "❓": "?", "➕": "+", "➖": "–", "⭐": "*", "✖": "×", "☑": "√",
    "⬅": "←", "⬆": "↑", "➡": "→", "⬇": "↓", "▶": ">", "◀": "<", "➗": "÷", "♾": "∞", "💯": "100", "🔟": "10", "💲": "$",
}  # fmt: skip

# Brackets, dashes, quotes and spaces of every shape say what the plain one says.
_PLAINLY = {"Ps": "(", "Pe": ")", "Pd": "-", "Pi": '"', "Pf": '"', "Zs": " "}

# The most used, which people write so too.
EMOJI = {
    "❤": "<3", "🙂": ":-)", "😀": ":-)", "😃": ":-)", "😄": ":-)", "😊": ":-)", "😁": ":-D", "😂": ":-D", "😉": ";-)",
    "☺": ":-)", "☹": ":-(", "❣": "<3", "🙁": ":-(", "😢": ":-(", "😍": "<3", "😘": ":-*", "👍": "(+1)", "👎": "(-1)",
}  # fmt: skip

# What is shown as a picture: a sign where a selector says so, those that are emoji without one (emoji-data.txt of Unicode 17), and the
# blocks of pictures. ♀ and ♂ say something that words do not.
_PICTURE = (
    "(?:[\u2190-\u245f\u2500-\u2775\u2794-\u2bff\u3030\u303d]\ufe0f|[⌚⌛⏩-⏬⏰⏳☀-☄☎☔☕☘☝☠☢☣☦☪☮☯☸♈-♓♟♠♣♦♨♻♿⚒-⚗⚙⚛⚜⚠⚡⚪⚫⚰⚱⚽⚾⛄⛅⛈⛎⛏⛑⛓⛔⛩⛪⛰-⛵⛷-⛺⛽"
    "✂✈-✍✏✒✝✡✨✳✴❄❇❎❔❕➗➡➰➿⬛⬜⭕"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001f6ff\U0001f7e0-\U0001f7ff\U0001f900-\U0001faff])"
    # Its selector, skin tone and tags, and other signs that are joined to it, though no number such as ①.
    "(?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d(?!\\w)[\u2190-\u2bff\U0001f000-\U0001faff])*"
)
FIRST_PICTURE = "\u2190"
_SAYS_SOMETHING = re.compile(r"[\w<:]")
# “Kleur: 🔴”, “Ballon - 🔴”: without its name nothing would stand there.
_NAMES_A_VALUE, _ENDS_A_VALUE = ":-–/", ",;/)"
_SPACES = " \u00a0\u202f"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_OF_SCRIPTS = re.compile(f"[{''.join(script.letters for script in SCRIPTS)}]")
_RUNS = tuple((script, re.compile(f"[{script.letters}]+(?: +[{script.letters}]+)*")) for script in SCRIPTS)
_NOT_DRAWN = re.compile(r"(<(?:title|style)\b.*?</|<[^>]*>)", re.DOTALL)
# Also before sara am, whose ring stands over the letter before it.
_TONE_OVER_VOWEL = re.compile("(?<=[\u0e31\u0e34-\u0e37\u0e47\u0e4d])[\u0e48-\u0e4c]|[\u0e48-\u0e4c](?=\u0e33)")
_missing: ContextVar[set[str] | None] = ContextVar("missing", default=None)


@contextmanager
def note_missing() -> Iterator[set[str]]:
    """The letters that `printable` finds no font for meanwhile."""
    missing = set[str]()
    token = _missing.set(missing)
    try:
        yield missing
    finally:
        _missing.reset(token)


def printable(text: str) -> str:
    """Leave out emoji, and replace what else no font can draw: by a twin, an unaccented letter, a name in brackets, or a question mark."""
    if text.isascii() and text.isprintable():
        return text
    known = drawable()
    drawn = "".join(
        c if c in known or c == "\n" else _in_other_font(c, known)
        for c in unicodedata.normalize("NFC", without_pictures(text))
    )
    drawn = _TONE_OVER_VOWEL.sub(lambda tone: RAISED_TONES[tone[0]], drawn)
    return f"{FIRST_STRONG}{drawn}{END}" if _RIGHT_TO_LEFT.search(drawn) else drawn


def without_pictures(text: str) -> str:
    """*text* without its emoji, the spaces around them closed up; as it is where it has nothing else. No font here has them, and their
    names are English: the words are what a document needs, the mail and the e-invoice have the rest.
    """
    if max(text, default="") < FIRST_PICTURE or not _pictures().search(text):
        return text
    lines = [(line, _pictures().sub(_gap, line)) for line in text.split("\n")]
    left = "\n".join(after for before, after in lines if after.strip() or not before.strip())
    return left if _SAYS_SOMETHING.search(left) else text


def told_apart(lines: Sequence[Line]) -> tuple[Line, ...]:
    """*lines* of a document: those that only their emoji tell apart, as “Ballon 🔴” and “Ballon 🔵”, with the names of these."""
    typed_as: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for line in lines:
        typed = (line.description, *line.details)
        printed = tuple(" ".join(printable(text).split()) for text in typed)
        typed_as.setdefault(printed, set()).add(typed)
    alike = {typed for several in typed_as.values() if len(several) > 1 for typed in several}
    return tuple(named(line) if (line.description, *line.details) in alike else line for line in lines)


def named(line: Line) -> Line:
    details = tuple(map(with_pictures_named, line.details))
    return replace(line, description=with_pictures_named(line.description), details=details)


def with_pictures_named(text: str) -> str:
    known = drawable()
    return _pictures().sub(lambda found: "".join(c if c in known else _in_other_font(c, known) for c in found[0]), text)


@cache
def _pictures() -> re.Pattern[str]:
    """Of those that nothing else stands for, alone or in brackets of their own, with the spaces around them."""
    drawn = re.escape("♀♂" + "".join({*LOOKALIKES, *EMOJI} | {char for char in drawable() if char >= FIRST_PICTURE}))
    one, spaces = f"(?![{drawn}]){_PICTURE}[{_SPACES}]*", f"[{_SPACES}]*"
    return re.compile(rf"(?<![{_SPACES}]){spaces}(?:{one}|\({spaces}(?:{one})+\){spaces})+")


def _gap(pictures: re.Match[str]) -> str:
    """What stands in their place: a space between words, none at an edge and before a full stop."""
    before, rest = pictures.string[: pictures.start()][-1:], pictures.string[pictures.end() :][:2]
    after = rest[:1]
    if before and before in _NAMES_A_VALUE and after in _ENDS_A_VALUE:
        return pictures[0]
    if not before or not after or before in "([":
        return ""
    if pictures[0][-1] in _SPACES:
        return pictures[0][-1]
    if before.isdigit() and after in ",." and rest[1:].isdigit():
        return " "  # else two numbers would be one
    is_between = pictures[0][0] in _SPACES or (before + after).isalnum()
    return " " if is_between and after not in ",.;:!?)]" else ""


def _in_other_font(char: str, known: frozenset[str]) -> str:
    script = script_of(char)
    return char if script and char in drawable_in(script) else _replacement(char, known)


def _replacement(char: str, known: frozenset[str]) -> str:
    if char in LOOKALIKES or char in EMOJI:
        return LOOKALIKES.get(char) or EMOJI[char]
    if char == "\t":
        return " "
    if "🇦" <= char <= "🇿":  # two of these are a flag: the letters of its country say the same
        return chr(ord("A") + ord(char) - ord("🇦"))
    # A mark on a letter with which it has no sign together: without it the word is another. Hebrew and Arabic do without.
    if unicodedata.category(char) in ("Mn", "Mc") and not _WRITTEN_WITHOUT.match(char):
        _note(char)
        return ""
    # Controls, joiners, direction marks, variation selectors, skin tones and stray accents have no picture of their own.
    if unicodedata.category(char) in ("Cc", "Cf", "Mn", "Mc", "Me", "Sk"):
        return ""
    if char in "\u2028\u2029":
        return "\n"
    like = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if like != char and like and all(c in known for c in like):
        return like
    kind = unicodedata.category(char)
    if kind in _PLAINLY:
        return _PLAINLY[kind]
    if kind in ("So", "Sm", "Sc", "Po", "Pc", "No", "Nl"):
        return f"[{unicodedata.name(char, MISSING).lower()}]"
    _note(char)
    return MISSING


# Vowel marks of Hebrew and Arabic, and selectors of how a sign looks.
_WRITTEN_WITHOUT = re.compile(
    "[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\ufb1e\ufe00-\ufe0f\u180b-\u180f\U000e0100-\U000e01ef\u20d0-\u20f0]"
)


def _note(char: str) -> None:
    missing = _missing.get()
    if missing is not None:
        missing.add(char)


def direction(text: str) -> str:
    """How *text* as a paragraph runs: "rtl" where its first letter is Hebrew or Arabic, else "ltr"."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def with_script_fonts(page: str) -> str:
    """A page of HTML in which each run of another script names its font; titles and tags stay as they are."""
    if not _OF_SCRIPTS.search(page):
        return page
    return "".join(
        part.translate(dict.fromkeys(map(ord, DIRECTIONS))) if part.startswith("<") else _with_fonts(part)
        for part in _NOT_DRAWN.split(page)
    )


def _with_fonts(text: str) -> str:
    for script, runs in _RUNS:
        if runs.search(text):
            register_script(script)
            text = runs.sub(rf'<span style="font-family: {script.family}">\g<0></span>', text)
    return text
