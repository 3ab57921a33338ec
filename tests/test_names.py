"""A stranger finds things by their names: no file is called by a gerund, and what the documents name exists."""

import re
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from worker.cli import commands

ROOT = Path(__file__).parents[1]
# Nouns of the trade that happen to end so.
NOUNS = {"accounting", "branding", "invoicing", "numbering", "rendering", "sending"}
DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
# `worker/…`, `tests/…` and so on in a document; an ellipsis, a `*` or a `<name>` stands for many.
PATH = re.compile(r"`((?:worker|bridge|tests|benchmarks|docs|wp-plugin|requirements)/[\w./-]+)`")
LINK = re.compile(r"\]\(((?!https?:|#)[^)#]+)\)")
COMMAND = re.compile(r"\bfacturelay ((?:[a-z][a-z-]*)(?: [^`\n]*)?)(?=[`\n])")
TARGET = re.compile(r"(?:^|`|&& )make ([a-z-]+)", re.MULTILINE)
# Words that a stranger would misread on a page, in a mail or a message; ARCHITECTURE.md has those to use instead.
FORBIDDEN = re.compile(
    r"\b(errands?|rings?|rang|rung|sweeps?|chores?|hooks?|books|fate|papers?|shoppers?|alarms?|house|vault|seal(s|ed)?"
    r"|heard|dress(es|ed)?|(?<!audit )trails?|(takes?|taken|rides?|sends?|sent) .{0,20}\balong)\b"
    r"|^(Work|Look|People|Programs)$",
    re.IGNORECASE,
)
EXAMPLE = re.compile(r"https?://\S+|\{\w+\}")


@pytest.mark.parametrize("package", ["worker", "bridge"])
def test_no_module_or_room_is_named_by_a_gerund(package: str) -> None:
    names = {path.stem for path in (ROOT / package).rglob("*.py")} | {
        path.parent.name for path in (ROOT / package).rglob("__init__.py")
    }

    assert {name for name in names if name.endswith("ing")} <= NOUNS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {ROOT / path for path in PATH.findall(text)} | {
        (ROOT / document).parent / path for path in LINK.findall(text)
    }

    assert [str(path) for path in sorted(named) if not path.exists() and not path.with_suffix(".py").exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_make_targets_that_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(TARGET.findall((ROOT / document).read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_shows_commands_and_options_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8").replace("\\\n", " ")

    assert [shown for shown in COMMAND.findall(text) if not parses(shown)] == []


def parses(shown: str) -> bool:
    """Whether *shown*, the words after `facturelay`, names a command and only options that it has."""
    words = shown.split()
    group: click.Command = commands
    while isinstance(group, click.Group) and words:
        command = group.get_command(click.Context(group), words.pop(0))
        if command is None:
            return False
        group = command
    known = {option for parameter in group.params for option in parameter.opts} | {"--help"}
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("catalog", ["bridge", "worker"])
def test_what_people_read_has_the_words_of_the_glossary(catalog: str) -> None:
    with (ROOT / catalog / "i18n" / "locale" / "facturelay.pot").open("rb") as lines:
        messages = {text for message in read_po(lines) for text in as_texts(message.id) if text}

    assert {text for text in messages if FORBIDDEN.search(EXAMPLE.sub("", text))} == set()


def as_texts(message_id: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """A message, or its singular and plural."""
    return (message_id,) if isinstance(message_id, str) else tuple(message_id)
