"""The private notes that we leave on an order: their words, and how each is found again after a crash.

A note carries a mark that nobody sees, an attribute of its HTML: WordPress drops comments, but keeps `data-` attributes. Notes of before end
with the same mark as words in brackets.
"""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote, unquote

from worker.domain.money import written
from worker.woocommerce.list_payload import OrderNote

# {kind} is the word for the document, in the same language; the link is the last word.
NOTE_TEXTS = {
    "nl": ("{kind} {number}, {total}: ", "openen"),
    "fr": ("{kind} {number}, {total} : ", "ouvrir"),
    "de": ("{kind} {number}, {total}: ", "öffnen"),
    "en": ("{kind} {number}, {total}: ", "open"),
}

_MARK = re.compile(r"""<[^<>]*\bdata-facturelay=["']([^"'<>]+)["']""")
_MARK_IN_WORDS = re.compile(r"\[facturelay ([^\]]+)\]")
_LINK = re.compile(r"/d/([A-Za-z0-9_.-]+)")

# How `cancel_mark` begins, whatever the state of the order.
CANCELS = "cancels "

# A note of ours about a document, in any language.
_AS_OURS = re.compile(
    r"[^:,\d]+ (?P<number>\S+?)(, [^:]+?)? ?: (" + "|".join(word for _, word in NOTE_TEXTS.values()) + ")"
)

# WordPress turns these into typographic ones wherever it "beautifies" a text.
_DASHES = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "x", "\u00a0": " "})


def document_mark(number: str) -> str:
    """The mark of the note about document *number*. Links are signed anew, texts are translated, and the number alone also stands in the
    credit note's note.
    """
    return quote(number, safe="/._-")


def money_mark(came: Decimal, asked: Decimal) -> str:
    """That of the note that says how much of an order came in: one for an amount, whoever says it, as 200 or as 200.00.

    No document's number reads like it: it has a space.
    """
    return f"paid {written(came)}/{written(asked)}"


def cancel_mark(seen: datetime) -> str:
    """That of the note that says why an order is cancelled, in the state in which it was changed last at *seen*."""
    return f"{CANCELS}{seen:%Y-%m-%dT%H:%M:%S}"


def attribute(mark: str) -> str:
    return f'data-facturelay="{html.escape(mark)}"'


def marked(words: str, mark: str) -> str:
    """A note that says *words*, as HTML."""
    return f"<span {attribute(mark)}>{html.escape(words, quote=False)}</span>"


def note_html(*, kind: str, number: str, total: str, url: str, language: str) -> str:
    """The note as HTML: “Factuur F2026-00017, € 22,20: openen”. Every word is escaped here.

    *total* is empty for a document that states no amount.
    """
    template, open_word = NOTE_TEXTS.get(language, NOTE_TEXTS["en"])
    shown = template if total else template.replace(", {total}", "")
    text = html.escape(shown.format(kind=kind, number=number, total=total), quote=False)
    return f'{text}<a href="{html.escape(url)}" {attribute(document_mark(number))}>{open_word}</a>'


def number_in(text: str) -> str | None:
    """The number of the document that a note of ours is about; None in any other.

    Where a shop leaves no HTML in its notes, what begins and ends as ours do is ours: the caller knows the numbers of its shop.
    """
    for mark in marks_in(text):
        if " " not in mark:
            return unquote(mark)
    found = _AS_OURS.fullmatch(_folded(text))
    return found["number"] if found else None


def marks_in(text: str) -> list[str]:
    return [html.unescape(mark) for mark in _MARK.findall(text)] + _MARK_IN_WORDS.findall(_folded(text))


def token_in(text: str) -> str:
    """The token of the link in a note of ours; empty where the shop dropped the link."""
    found = _LINK.search(html.unescape(text))
    return found[1] if found else ""


def note_contains(text: str, words: str) -> bool:
    """Whether a note says *words*, whatever the shop did to spaces, dashes and entities."""
    return _folded(words) in _folded(text)


def find_note(notes: Iterable[OrderNote], mark: str, *, written: str) -> int | None:
    """The id of the oldest note with *mark*, or that says what was *written* where a shop leaves no HTML in its notes; else None."""
    words, mark_in_words = _folded(written), _folded(f"[facturelay {mark}]")
    found = [
        note.note_id
        for note in notes
        if mark in marks_in(note.text) or mark_in_words in _folded(note.text) or words == _folded(note.text)
    ]
    return min(found, default=None)


def has_mark(notes: Iterable[OrderNote], beginning: str) -> bool:
    """Whether the mark of any of *notes* begins so."""
    return any(mark.startswith(beginning) for note in notes for mark in marks_in(note.text))


def _folded(text: str) -> str:
    """Undo what a shop may have done to a note: entities, tags, typographic dashes, runs of dashes and spaces."""
    plain = html.unescape(re.sub(r"<[^<>]*>", "", text)).translate(_DASHES)
    return re.sub(r"-+", "-", " ".join(plain.split()))
