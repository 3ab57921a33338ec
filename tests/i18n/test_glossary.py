"""One thing has one word: in the pages, the documents, the mails and the plugin, as `docs/glossary.md` says."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bridge.i18n.extract import DEMO_FOLDER, I18N_FOLDER, all_message_keys
from tests.support.spoken import both, catalog_of, entries
from worker.i18n import extract

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
LANGUAGES = {"Dutch": "nl", "French": "fr", "German": "de"}
PLUGIN = {"nl": ("nl_BE", "nl_NL"), "fr": ("fr_BE", "fr_FR"), "de": ("de_DE",)}
# No words of ours: places to fill, commands, addresses, names of settings, and what the law calls a scheme.
DATA = re.compile(r"\{\w+\}|facturelay [a-z -]+|\w*[_.]\w[\w./*]*|%\w+|[Kk]leine onderneming(?:en)?")
FOR_OWNERS = " (for owners)"
QUOTED = re.compile(r"[“„«]\s*([^“”„«»{}]+?)\s*[“”»]")
# Quoted, and on no page of ours: commands, and the words of WooCommerce, Odoo and mail servers.
NOT_OURS = {
    "facturelay backup", "facturelay worker", "facturelay up", "facturelay user set-up", "Plain", "Processing", "Order created", "Order updated",
    "Shipping tax class based on cart items", "Incoming WebHooks", "sales", "SPF", "DKIM", "include:", "?", "Relaying denied", "wrong version number",
}  # fmt: skip
# The same in English, and two things: a verb and a noun, a rule's and a document's word, an owner's and a customer's.
TWO_THINGS = {"Copy", "issued", "and", "VAT {number}"}


@cache
def read_by_customers() -> frozenset[str]:
    """What templates of documents and mails say."""
    return frozenset({str(message.id) for message in catalog_of(extract.WORKER[1]) if message.id} - all_message_keys())


@cache
def read_in_the_shop() -> frozenset[str]:
    """What the plugin says to customers: in the checkout, with their documents, in WooCommerce's mails and of their data."""
    rooms = ("Checkout/*", "Documents/*", "Mails/*", "Admin/PersonalData")
    files = (path for room in rooms for path in (ROOT / "wp-plugin/facturelay/src").glob(f"{room}.php"))
    return frozenset(said for path in files for said in re.findall(r"'([^']+)', 'facturelay'", path.read_text()))


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under *heading*, without its head."""
    section = GLOSSARY.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def files(language: str) -> Iterator[Path]:
    for folder in (extract.WORKER[1], I18N_FOLDER, DEMO_FOLDER / "i18n"):
        yield folder / "locale" / language / "LC_MESSAGES" / "facturelay.po"
    for locale in PLUGIN[language]:
        yield ROOT / f"wp-plugin/facturelay/languages/facturelay-{locale}.po"


@cache
def sentences(language: str, *, for_owners: bool = False) -> list[tuple[str, str]]:
    """What is said in *language*, with where it stands; *for_owners*: without what customers read."""
    left_out = read_by_customers() if for_owners else frozenset[str]()
    found = []
    for path in files(language):
        if for_owners and "wp-plugin" in path.parts:
            left_out = read_in_the_shop()
        with path.open("rb") as lines:
            messages = [one for one in read_po(lines) if one.id and str(one.id) not in left_out]
        found += [(path.name, DATA.sub(" ", text)) for one in messages for text in both(one.string)]
    return found


def pattern(word: str) -> re.Pattern[str]:
    any_ending = re.escape(word).replace(r"\*", r"[\w-]*")
    return re.compile(rf"(?<![\w-]){any_ending}(?![\w-])", re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_glossary_is_said(language: str) -> None:
    said = "\n".join(text for _, text in sentences(LANGUAGES[language])).casefold()
    column = 1 + list(LANGUAGES).index(language)
    assert [row[column] for row in rows("Words to use") if row[column].casefold() not in said] == []


@pytest.mark.parametrize("row", rows("Words not to use"), ids=lambda row: f"{row[0]}: {row[1]}")
def test_no_catalog_says_a_word_that_is_not_to_be_used(row: list[str]) -> None:
    language, words = row[0].removesuffix(FOR_OWNERS), [word.strip() for word in row[1].split(",")]
    said = sentences(LANGUAGES[language], for_owners=row[0].endswith(FOR_OWNERS))
    assert [(name, text) for name, text in said for word in words if pattern(word).search(text)] == []


@pytest.mark.parametrize("row", rows("Words not to use"), ids=lambda row: f"{row[0]}: {row[1]}")
def test_no_guide_says_a_word_that_is_not_to_be_used(row: list[str]) -> None:
    language = LANGUAGES[row[0].removesuffix(FOR_OWNERS)]
    said = re.sub(r"`[^`]*`", "", (ROOT / f"docs/owner.{language}.md").read_text(encoding="utf-8"))
    assert [found for word in row[1].split(",") for found in pattern(word.strip()).findall(said)] == []


def test_dutch_writes_pdf_as_a_word() -> None:
    guide = (ROOT / "docs/owner.nl.md").read_text(encoding="utf-8").splitlines()
    said = [*sentences("nl"), *(("owner.nl.md", line) for line in guide)]
    assert [one for one in said if re.search(r"\bPDF\b(?!/A)", one[1])] == []


def test_german_says_your_only_where_english_speaks_to_somebody() -> None:
    """*Ihre Bestellungen* at the head of a sentence are the reader's, whoever's *their orders* are."""
    spoken_to, your = (
        re.compile(r"\b(you|your|yours|yourself|we|our)\b", re.IGNORECASE),
        re.compile(r"\bIhr(e[mnrs]?)?\b"),
    )
    rooms = (extract.WORKER[1], I18N_FOLDER, DEMO_FOLDER / "i18n")
    said = [(str(one.id), text) for room in rooms for one in entries(room, "de") for text in both(one.string)]
    assert [one for one in said if your.search(one[1]) and not spoken_to.search(one[0])] == []


def test_what_is_marked_as_paid_is_so_in_every_language() -> None:
    """*Vermerken Sie die Rechnung, sobald er da ist* left out as what, and *er* was the customer."""
    as_paid = {"nl": "als betaald", "fr": "comme payé", "de": "als bezahlt"}
    left_out = [
        (english, said)
        for room in (extract.WORKER[1], I18N_FOLDER)
        for language, words in as_paid.items()
        for english, said in said_in(room, language).items()
        if len(re.findall(r"\bas paid\b", english)) > said.casefold().count(words)
    ]
    assert left_out == []


@cache
def said_in(folder: Path, language: str) -> dict[str, str]:
    """The sentences of one catalog that do not count."""
    return {entry.id: str(entry.string) for entry in entries(folder, language) if isinstance(entry.id, str)}


def said_by_plugin(language: str) -> dict[str, str]:
    with (ROOT / f"wp-plugin/facturelay/languages/facturelay-{PLUGIN[language][0]}.po").open("rb") as lines:
        return {entry.id: str(entry.string) for entry in read_po(lines) if isinstance(entry.id, str)}


@pytest.mark.parametrize("language", LANGUAGES.values())
def test_a_button_that_is_quoted_is_quoted_as_it_is_written_where_it_stands(language: str) -> None:
    messages, pages = said_in(extract.WORKER[1], language), said_in(I18N_FOLDER, language)
    plugin, found = said_by_plugin(language), []
    for sentence, said in [*messages.items(), *pages.items()]:
        for words in set(QUOTED.findall(sentence)) - NOT_OURS:
            right = {room[words] for room in (messages, pages, plugin) if words in room}
            if not right & set(QUOTED.findall(said)):
                found.append((words, said))
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES.values())
def test_what_messages_and_pages_both_say_they_say_alike(language: str) -> None:
    """But for the width of their spaces."""
    messages, pages = said_in(extract.WORKER[1], language), said_in(I18N_FOLDER, language)
    both_say = (messages.keys() & pages.keys()) - TWO_THINGS
    apart = [(messages[words], pages[words]) for words in both_say if messages[words].split() != pages[words].split()]
    assert apart == []


@pytest.mark.parametrize("language", LANGUAGES.values())
def test_to_mail_again_and_to_send_by_peppol_again_are_two_presses_by_name(language: str) -> None:
    """Both stand at an invoice that did not arrive by Peppol, and its message quotes the second."""
    pages, plugin = said_in(I18N_FOLDER, language), said_by_plugin(language)
    assert pages["Send it again"] not in {pages["Mail it again"], pages["Mail again"], plugin["Mail again"]}
    assert plugin["Mail again"] == pages["Mail again"]
