"""Every sentence of ours has its readers: an owner reads no command of the host, no setting of a process and no word for what is inside.

Walked is what the code can say, and not only what a page says today: what is told of a rare failure is read on a bad day.
"""

import ast
import re
from collections.abc import Iterator

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from bridge.i18n.extract import BRIDGE_FOLDER, I18N_FOLDER
from tests.i18n.test_counts import modules
from tests.i18n.test_glossary import ROOT
from tests.i18n.test_message_values import makers
from tests.support.spoken import INTERNAL, both
from worker.i18n import extract

# What the host types or sets, and the keys and addresses of programs.
COMMANDS = re.compile(r"\bfacturelay (?!is\b)[a-z]|FACTURELAY_|DATABASE_URL|\bREST key|(?<!\w)--\w")
# Places to fill, addresses, and examples of what is typed: `klarna=paid`.
EXAMPLES = re.compile(r"https?://\S+|\{\w+\}|\S+ ?= ?\S+|/wp-json/\S*|\w+:\w+:\S+|ec\.europa\.eu/\S+")

# Who reads a file's sentences, where it is not an owner.
HOST = "whoever runs Facturelay, in a terminal or on the pages for operators"
PROGRAMS = "another program, and whoever writes it"
SHOPS_PROGRAM = "WooCommerce, in its own words"
READERS = {
    "worker/accounting/recover_numbers.py": HOST,
    "worker/domain/health.py": HOST,
    "worker/domain/installation_health.py": HOST,
    "worker/mail/diagnosis.py": HOST,  # its hints for operators
    "worker/maintenance/backup.py": HOST,
    "worker/maintenance/move_database.py": HOST,
    "worker/maintenance/restore.py": HOST,
    "worker/scheduler.py": HOST,
    "worker/store/database/encryption.py": HOST,
    "worker/store/database/migrate.py": HOST,
    "worker/store/database/moved.py": HOST,
    "worker/store/files/archive.py": HOST,
    "worker/store/files/private.py": HOST,
    "worker/store/shops.py": HOST,
    "bridge/dashboard/home.py": HOST,
    "bridge/dashboard/operators.py": HOST,
    "bridge/templates/dashboard/jobs.html": HOST,
    "worker/actions/api_access.py": PROGRAMS,
    "worker/store/webhooks.py": PROGRAMS,
    "bridge/api/request.py": PROGRAMS,
    "bridge/dashboard/settings/api_access.py": PROGRAMS,
    "bridge/templates/dashboard/settings/api.html": PROGRAMS,
    "bridge/webhooks/woocommerce.py": SHOPS_PROGRAM,
    "bridge/templates/dashboard/settings/connection.html": SHOPS_PROGRAM,
    "bridge/templates/dashboard/settings/notifications.html": "who copies an address out of Slack",
    "bridge/templates/dashboard/settings/peppol.html": "who pastes an address at an access point",
}


def said_in_messages() -> Iterator[tuple[str, str]]:
    """Each message with the file that makes it."""
    for module in modules():
        for node in module.nodes if module.top not in extract.FOR_TERMINALS else ():
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(key)), *_]) if name in makers():
                    yield module.path.relative_to(ROOT).as_posix(), key


def said_on_pages() -> Iterator[tuple[str, str]]:
    """Each sentence of a page with the file that says it."""
    with (I18N_FOLDER / "babel.cfg").open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]  # Babel publishes no types for it
    for name, _, found, _, _ in extract_from_dir(BRIDGE_FOLDER, methods, options, keywords=extract.KEYWORDS):
        yield from ((f"bridge/{name}", sentence) for sentence in both(found) if sentence)


def is_inside(sentence: str) -> bool:
    said = EXAMPLES.sub(" ", sentence)
    return bool(INTERNAL.search(said) or COMMANDS.search(sentence))


@pytest.fixture(scope="module")
def inside() -> list[tuple[str, str]]:
    """Each sentence with a word for what is inside, and the file that says it."""
    return [(file, text) for file, text in (*said_in_messages(), *said_on_pages()) if is_inside(text)]


@pytest.mark.slow
def test_no_owner_reads_a_command_of_the_host_or_a_word_for_what_is_inside(inside: list[tuple[str, str]]) -> None:
    assert [(file, text) for file, text in inside if file not in READERS] == []


def test_whoever_may_read_such_words_is_named_for_a_file_that_says_some(inside: list[tuple[str, str]]) -> None:
    assert set(READERS) - {file for file, _ in inside} == set()


def test_a_command_and_a_word_for_what_is_inside_are_found() -> None:
    said = ("try it again (facturelay order retry)", "set FACTURELAY_MAIL_FROM", "no REST key", "The scheduler rests.")
    assert all(map(is_inside, said))
    assert not any(
        map(is_inside, ("Facturelay is running", "write it like klarna=paid", "https://books.example/webhook"))
    )
