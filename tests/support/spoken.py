"""What a page says to whoever reads it, and which words of it are English alone."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bridge.i18n.extract import I18N_FOLDER
from worker.i18n.extract import WORKER, extract_messages

WORD = re.compile(r"[^\W\d_]{2,}")
# No words of ours: addresses, ids and codes of programs, fields of the shop in quotes, places to fill in, currencies.
DATA = re.compile(
    r"\S+@\S+|\S*[/.]\w+\.\w+\S*|https?://\S+|\{\w+\}|\w*[_.]\w[\w.]*|[“„«]\s?[a-z]+\s?[”“»]|\b[A-Z]{2}\b|[A-Z]{2}\$"
)
# Between these nothing is said: code, and what he typed himself.
MUTE = {"script", "style", "code", "pre", "samp", "kbd", "textarea"}
EMPTY = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "col"}
SPOKEN = ("title", "aria-label", "alt", "data-confirm", "placeholder")


class Page(HTMLParser):
    """*texts* in the language of the page, and the *links* on it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language = (re.search(r'<html lang="(\w+)"', html) or ["", ""])[1]
        self.mute, self.texts, self.links = [False], list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        other = given.get("lang", self.language) != self.language or "mono" in given.get("class", "").split()
        mute = self.mute[-1] or tag in MUTE or other
        if tag not in EMPTY:
            self.mute.append(mute)
        if not mute:
            self.texts += [given[name] for name in SPOKEN if name in given]
        if tag == "a":
            self.links.append(given.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            self.mute.pop()

    def handle_data(self, data: str) -> None:
        if not self.mute[-1]:
            self.texts.append(data)


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(DATA.sub(" ", text))}


@cache
def catalog_of(folder: Path) -> Catalog:
    """What the code and the templates say whose catalogs are in *folder*."""
    return extract_messages(folder.parent, folder)


@cache
def english_alone(language: str) -> frozenset[str]:
    """Words of our English sentences that no sentence of ours in *language* has."""
    english, other = set[str](), set[str]()
    for folder in (WORKER[1], I18N_FOLDER):
        for message in entries(folder, language):
            english |= words_of(" ".join(both(message.id)))
            other |= words_of(" ".join(both(message.string)))
    return frozenset(english - other)


def entries(folder: Path, language: str) -> list[Message]:
    with (folder / "locale" / language / "LC_MESSAGES" / "facturelay.po").open("rb") as lines:
        return [message for message in read_po(lines, locale=language) if message.id]


def both(text: object) -> tuple[str, ...]:
    """One and many of a sentence that counts."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text),)


def english_remainders(page: Page) -> list[str]:
    """What a page in another language says with an English word in it."""
    english = english_alone(page.language)
    return [" ".join(text.split()) for text in page.texts if words_of(text) & english]


# In French a narrow space that does not break stands before these.
CLOSE_SIGN = re.compile(r"(?<=[^\W\d_])[)»’]?[:;?!](?=\s|$)")


def close_signs(page: Page) -> list[str]:
    """What a French page says with a sign right behind a word that has its space elsewhere."""
    return [" ".join(text.split()) for text in page.texts if CLOSE_SIGN.search(text)]


# How we speak of what is inside; an owner reads of orders, mails and the shop.
INTERNAL = re.compile(
    r"\b(?:webhooks?|deliver(?:y ids?|ies)|errands?|replay\w*|workers?|schedulers?|cron|queue[sd]?|enqueue\w*|jobs?|leases?|payloads?|JSON|topics?"
    r"|HTTP(?: \d{3})?|SHA-256|redis|sqlite|postgresql)\b|\b[a-z0-9]+_[a-z0-9_]+\b|\border\.[a-z]+\b",
    re.IGNORECASE,
)

ADDRESS = re.compile(r"https?://\S+")


def internal_remainders(page: Page) -> list[str]:
    """What a page says with a word for what is inside the program."""
    return [" ".join(text.split()) for text in page.texts if INTERNAL.search(ADDRESS.sub(" ", text))]
