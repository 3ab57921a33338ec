"""What is counted is told as one, as many and as none: nobody reads “1 orders”, or “a document” of none."""

import ast
import gettext
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bridge.i18n.extract import I18N_FOLDER
from tests.i18n.test_glossary import PLUGIN, ROOT
from tests.i18n.test_message_values import makers, trees
from tests.support.spoken import both, catalog_of, entries
from worker.i18n import LANGUAGES, Translator, extract
from worker.i18n.translate import translate
from worker.message import Message, by_count

WORKER = extract.WORKER
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# A value, and after it a word that counts: at once, or with a word or two between them.
COUNTED = re.compile(
    r"\{(\w+)\} ((?:(?!and\b|or\b|of\b|to\b|in\b|for\b|at\b|by\b|from\b|on\b|is\b|was\b|has\b)[\w’'-]+ ){0,2}?)([a-z]+s)\b"
)
# What is said of some of them: “1 of its messages were”.
PART = re.compile(r"\{(\w+)\} of (?:(?!\{)[\w’'-]+ )+?(?:are|were|have|do)\b")
# They end like nouns of many, and are none: of what a name, an amount or a day does.
NO_NOUNS = {
    "is", "was", "has", "its", "as", "this", "us", "less", "plus", "vs", "besides", "towards", "says", "stands", "does",
    "lacks", "gets", "makes", "waits", "takes", "asks", "goes", "sends", "uses", "gives", "costs", "needs", "belongs",
    "pays", "describes", "comes", "reports", "leaves", "knows", "wants", "exists", "becomes", "reaches", "invites",
    "signs", "tells", "holds", "carries", "sells", "credits", "states", "receives", "calls", "ends", "answers",
    "refuses", "accepts", "adds", "means", "follows", "keeps", "names", "shows", "ours",
}  # fmt: skip
# Nouns of many beside what is no count: a name, a day, an amount, the lines of an order.
NO_COUNTS = {"day", "year", "limit", "deposit", "reason", "kind", "height", "since", "name", "address", "message"}
# Programs that write English to a terminal.
TERMINALS = ("worker.cli", "worker.processes", "worker.demo.comparison")
# What is never one, a bound that is set here or the years that the law names; and what counts no noun.
NEVER_ONE = {
    "{names} and {count} more": "no noun",
    "This is too long: at most {count} characters.": "lengths of fields",
    "This file has more than {most} lines. Download a shorter period from your bank.": "thousands",
    "Very many have one of these words: the newest {count} of them were searched. Type more, such as a number.": "thousands",
    "{count} rows were searched for this page. “Next” searches those after them.": "thousands",
    "Write 1 to {most} characters, without control characters.": "lengths of fields",
    "At least {count} characters; a few words in a row are easy to remember.": "twelve",
    "{years} years": "seven or ten",
    "Documents are kept for {years} years after their own.": "seven or ten",
    "What came in for an order is forgotten after 90 days by itself. Issued documents are kept for {years} years after their own.": "seven or ten",
    "Once closed it is paused for good: its keys and secrets, what came in and open drafts are removed, and no order becomes a document any more. "
    "Issued documents, their files and the register are kept for {years} years after their own.": "seven or ten",
    "Please pay within {days} calendar days, counted from the day after this mail: by {date} at the latest. This reminder is free of charge.": "14, by law",
    "For a consumer the first reminder of the law (Book XIX of the Code of Economic Law): free, with its fixed content, and {days} days to pay. "
    "Of invoices only: an order that was not delivered is no debt yet. 0: none.": "14, by law",
}


def counts_in(sentence: str) -> list[str]:
    """The values of *sentence* that count the noun after them, or the part that a verb of many is said of."""
    nouns = [name for name, _, noun in COUNTED.findall(sentence) if noun not in NO_NOUNS and name not in NO_COUNTS]
    return nouns + PART.findall(sentence)


@dataclass(frozen=True)
class Module:
    """What of a module's source may count."""

    path: Path
    top: str  # the folder under its program
    nodes: tuple[ast.Call | ast.Tuple | ast.JoinedStr, ...]

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts).removesuffix(".__init__")


@cache
def modules() -> tuple[Module, ...]:
    kinds = (ast.Call, ast.Tuple, ast.JoinedStr)
    return tuple(
        Module(path, top, tuple(node for node in ast.walk(tree) if isinstance(node, kinds)))
        for path, top, tree in trees()
    )


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """What `by_count` and the table of what was ignored choose from: of one, of many."""
    found = []
    for module in modules():
        for node in module.nodes:
            sentences = [key_of(part) for part in arguments(node)]
            if len(sentences) == 3 and sentences[0] == "" and sentences[2]:
                found.append((sentences[1], sentences[2]))
    return tuple(dict.fromkeys(found))


def arguments(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id="by_count"), args=args):
            return args
        case ast.Tuple(elts=parts):
            return parts
    return []


def key_of(part: ast.expr) -> str:
    match part:
        case ast.Call(func=ast.Name(id="Message"), args=[ast.Constant(value=str(key))]):
            return key
    return ""


def at_least_two(value: ast.expr, module: Module) -> bool:
    """Whether *value* is a constant of its module, or made of one, that is never one."""
    inner = value.args[0] if isinstance(value, ast.Call) and ast.unparse(value.func) in ("str", "round") else value
    names = {node.id for node in ast.walk(inner) if isinstance(node, ast.Name)} - {"timedelta"}
    if not names or not all(name.isupper() for name in names):
        return False
    known = vars(importlib.import_module(module.name))
    return all(name in known for name in names) and eval(ast.unparse(inner), dict(known)) >= 2  # noqa: S307  # our own source


def test_a_message_that_counts_is_chosen_by_the_count() -> None:
    many, found = {key for _, key in pairs()} | set(NEVER_ONE), []
    for module in modules():
        for node in module.nodes if module.top not in extract.FOR_TERMINALS else ():
            key, values = message_of(node)
            late = [name for name in counts_in(key) if name not in values or not at_least_two(values[name], module)]
            if late and key not in many:
                found.append(f"{module.name}: {key}")
    assert found == []


def message_of(node: ast.AST) -> tuple[str, dict[str | None, ast.expr]]:
    """The key and values of the message that *node* makes, or of the error that says it."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(key)), *_]) if name in makers():
            return key, {keyword.arg: keyword.value for keyword in node.keywords}
    return "", {}


@pytest.mark.parametrize("folder", [WORKER[1], I18N_FOLDER], ids=["documents and mails", "pages"])
def test_a_word_of_a_page_that_counts_has_one_and_many(folder: Path) -> None:
    said = [message.id for message in catalog_of(folder) if isinstance(message.id, str)]
    assert [sentence for sentence in said if counts_in(sentence) and sentence not in NEVER_ONE] == []


@cache
def counted(language: str) -> tuple[tuple[str, str], ...]:
    """One and many of everything that is counted, in *language*."""
    found = [tuple(both(entry.string)) for folder in (WORKER[1], I18N_FOLDER) for entry in entries(folder, language)]
    words = Translator(language)
    return tuple((one[0], one[1]) for one in found if len(one) == 2) + tuple(
        (words.lookup(one), words.lookup(many)) for one, many in pairs()
    )


def nouns_of_many(language: str) -> set[str]:
    """Words that stand after the count in a sentence of many, and are not in that of one."""
    found = set()
    for one, many in counted(language):
        for noun in re.findall(r"\{count\} ([^\W\d_]{3,})", many):
            if not re.search(rf"\b{noun}\b", one):
                found.add(noun)
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_puts_a_noun_of_many_after_any_count(language: str) -> None:
    """Of a sentence that is the same for one and many: “{count} bestellingen” would be told of one."""
    nouns, allowed = nouns_of_many(language), {many for _, many in pairs()} | set(NEVER_ONE)
    assert {"nl": "concepten", "fr": "brouillons", "de": "Entwürfe"}[language] in nouns
    beside = re.compile(rf"\{{(\w+)\}} ({'|'.join(sorted(nouns))})\b")
    found = []
    for folder in (WORKER[1], I18N_FOLDER):
        for entry in entries(folder, language):
            text = entry.string if isinstance(entry.string, str) else ""
            if (
                set(beside.findall(text)) - {(name, noun) for name in NO_COUNTS for noun in nouns}
                and str(entry.id) not in allowed
                and not counts_in(str(entry.id))
            ):
                found.append((entry.id, text))
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_one_and_two_are_told_apart(language: str) -> None:
    """By the words of pages, and by messages."""
    words, pages = Translator(language), Translator(language, "bridge.i18n")
    for folder, translator in ((WORKER[1], words), (I18N_FOLDER, pages)):
        for entry in entries(folder, "nl"):
            if isinstance(entry.id, tuple):
                one, many = entry.id[0], entry.id[1]
                check_told([translator.ngettext(one, many, n, **places(one, many)) for n in (0, 1, 2)], many)
    for one, many in pairs():
        name = (re.findall(r"\{(\w+)\}", many) or ["count"])[0]
        told = [translate(by_count(n, Message(one), Message(many, **{name: n})), words) for n in (0, 1, 2)]
        check_told(told, many.replace(f"{{{name}}}", "{count}"))


def places(*sentences: str) -> dict[str, str]:
    """Something for every other value."""
    return {name: "x" for text in sentences for name in re.findall(r"\{(\w+)\}", text) if name != "count"}


def check_told(told: list[str], many: str) -> None:
    none, one, two = told
    assert one != two or one == none, told
    if "{count}" in many:
        assert "0" in none, told
        assert "2" in two, told
    assert none.replace("0", "2") == two, told


@pytest.mark.parametrize(("language", "locale"), [(name, one) for name in PLUGIN for one in PLUGIN[name]])
def test_the_plugin_tells_none_one_and_two_apart(language: str, locale: str) -> None:
    with (ROOT / f"wp-plugin/facturelay/languages/facturelay-{locale}.mo").open("rb") as compiled:
        catalog = gettext.GNUTranslations(compiled)
    for one, many in plugin_counts():
        told = [catalog.ngettext(one, many, n) % n for n in (0, 1, 2)]
        assert [re.findall(r"\d+", text) for text in told] == [["0"], ["1"], ["2"]], told
        assert told[1].replace("1", "2") != told[2], told


def plugin_counts() -> list[tuple[str, str]]:
    found = [
        pair
        for path in sorted((ROOT / "wp-plugin/facturelay").rglob("*.php"))
        for pair in re.findall(r"_n\( '([^']+)', '([^']+)'", path.read_text(encoding="utf-8"))
    ]
    assert len(found) >= 3
    return found


def test_the_plugin_counts_nothing_without_one_and_many() -> None:
    alone = re.compile(r"(?<![_n])__\( '[^']*%(?:\d\$)?d [a-z]+s\b[^']*'")
    for path in sorted((ROOT / "wp-plugin/facturelay").rglob("*.php")):
        assert alone.findall(path.read_text(encoding="utf-8")) == [], path


def commands() -> Iterator[str]:
    """The f-strings of the command line, with `{…}` for their values."""
    for module in modules():
        for node in module.nodes if module.name.startswith(TERMINALS) else ():
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else f"{{{value_name(part)}}}"
                    for part in node.values
                )


def value_name(part: ast.expr) -> str:
    """`count` for what is a number of things; a word for anything else."""
    written = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    return (
        "count"
        if written.startswith("len(") or re.search(r"\b(count|failures|documents|orders|drafts)$", written)
        else "day"
    )


def test_the_command_line_counts_by_its_own_way() -> None:
    """`counted(n, "document", "documents")`."""
    assert [text for text in commands() if counts_in(text)] == []


def test_a_count_beside_a_noun_is_found() -> None:
    assert counts_in("{count} orders wait.") == counts_in("Made: {count} new credit notes.") == ["count"]
    assert counts_in("Nothing counts: {count} of its messages were signed by another.") == ["count"]
    assert counts_in("{number} holds {amount}, and {shop} waits; orders: {count}.") == []
