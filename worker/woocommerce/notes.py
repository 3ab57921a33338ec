"""The private note that an issued document leaves on its order: its words, and how to find it again after a crash."""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote, unquote

from worker.woocommerce.list_payload import OrderNote

# {kind} is the word for the document, in the same language; the link is the last word.
NOTE_TEXTS = {
    "nl": ("{kind} {number}, {total}: ", "openen"),
    "fr": ("{kind} {number}, {total} : ", "ouvrir"),
    "de": ("{kind} {number}, {total}: ", "öffnen"),
    "en": ("{kind} {number}, {total}: ", "open"),
}

_MARKER = re.compile(r"\[facturelay ([^\]\s]+)\]")
_LINK = re.compile(r"/d/([A-Za-z0-9_.-]+)")

# How `cancel_marker` begins, whatever the state of the order.
CANCELS = "[facturelay cancels"

# WordPress turns these into typographic ones wherever it "beautifies" a text.
_DASHES = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "x", "\u00a0": " "})


def marker(number: str) -> str:
    """The words by which the note about document *number* is found again.

    Plain words in brackets, because the rest does not last: WordPress strips comments and attributes, links are signed
    anew, texts are translated, and the number alone also stands in the credit note's note.
    """
    return f"[facturelay {quote(number, safe='/._-')}]"


def money_marker(came: str, asked: str) -> str:
    """The words by which the note is found again that says how much of an order came in. No document's number reads like it."""
    return f"[facturelay paid {came}/{asked}]"


def cancel_marker(seen: datetime) -> str:
    """The words of the note that says why an order is cancelled, in the state in which it was changed last at *seen*."""
    return f"{CANCELS} {seen:%Y-%m-%dT%H:%M:%S}]"


def note_html(*, kind: str, number: str, total: str, url: str, language: str) -> str:
    """The note as HTML: “Factuur F2026-00017, € 22,20: openen [facturelay F2026-00017]”. Every word is escaped here.

    *total* is empty for a document that states no amount.
    """
    template, open_word = NOTE_TEXTS.get(language, NOTE_TEXTS["en"])
    shown = template if total else template.replace(", {total}", "")
    text = html.escape(shown.format(kind=kind, number=number, total=total), quote=False)
    return f'{text}<a href="{html.escape(url)}">{open_word}</a> {marker(number)}'


def number_in(text: str) -> str | None:
    """The number that a note of ours names; None in anybody else's."""
    found = _MARKER.search(_folded(text))
    return unquote(found[1]) if found else None


def token_in(text: str) -> str:
    """The token of the link in a note of ours; empty where the shop dropped the link."""
    found = _LINK.search(html.unescape(text))
    return found[1] if found else ""


def note_contains(text: str, words: str) -> bool:
    """Whether a note says *words*, whatever the shop did to spaces, dashes and entities."""
    return _folded(words) in _folded(text)


def find_note(notes: Iterable[OrderNote], wanted: str) -> int | None:
    """The id of the oldest note that contains *wanted* (from `marker`), or None: it was never written."""
    looked_for = _folded(wanted)
    found = [note.note_id for note in notes if looked_for in _folded(note.text)]
    return min(found, default=None)


def _folded(text: str) -> str:
    """Undo what a shop may have done to a note: entities, tags, typographic dashes, runs of dashes and spaces."""
    plain = html.unescape(re.sub(r"<[^<>]*>", "", text)).translate(_DASHES)
    return re.sub(r"-+", "-", " ".join(plain.split()))
