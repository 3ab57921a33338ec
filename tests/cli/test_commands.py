"""Every command explains itself, and what is called wrongly ends with a sentence and never with a traceback."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from sqlalchemy import text

from tests.cli.conftest import Facturelay
from tests.support.issued import opened
from worker.cli import commands
from worker.cli.group import Lazy
from worker.store.database.engine import Store


def every(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from every(command, (*words, name))


ALL = dict(every(commands))
ONES = {words: command for words, command in ALL.items() if not isinstance(command, click.Group)}


# These run until they are ended, and of a register the format is chosen.
WITHOUT_JSON = {("bridge",), ("scheduler",), ("up",), ("worker",), ("register", "export")}


def test_each_command_that_answers_answers_a_script_too() -> None:
    with_json = {words for words, command in ONES.items() if any(p.name == "as_json" for p in command.params)}
    assert ONES.keys() - with_json == WITHOUT_JSON


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_each_command_explains_itself_and_all_its_options(facturelay: Facturelay, words: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        answer = facturelay(*words, flag)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.startswith("Usage: ")
    command = ALL[words]
    assert command.help
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []


@pytest.mark.parametrize("words", ONES, ids=" ".join)
def test_an_unknown_option_is_refused_with_a_message(facturelay: Facturelay, words: tuple[str, ...]) -> None:
    answer = facturelay(*words, "--no-such-option")
    assert (answer.code, answer.out) == (2, "")
    assert "No such option" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("group", [commands, ALL["shop",]], ids=lambda group: group.name)
def test_what_a_list_of_commands_says_is_what_each_command_says(group: Lazy) -> None:
    context = click.Context(group)
    for name, (_, sentence) in group.elsewhere.items():
        command = group.get_command(context, name)
        assert command
        assert sentence == command.get_short_help_str(limit=1000)


@pytest.mark.parametrize("begins", [
    pytest.param("import sys; sys.argv[1:] = ['--help']; from worker.cli import main; main()", id="the list of commands"),
    pytest.param("import sys; import worker.cli.up", id="up, until the bridge loads"),
])  # fmt: skip
def test_what_answers_at_once_loads_no_library_but_that_of_the_command_line(begins: str) -> None:
    called = f"{begins}; print(sorted(sys.modules), file=sys.stderr)"
    answer = subprocess.run([sys.executable, "-c", called], capture_output=True, text=True, check=True)
    assert "'worker.cli" in answer.stderr
    assert [
        name for name in ("sqlalchemy", "redis", "flask", "requests", "alembic", "rq") if f"'{name}'" in answer.stderr
    ] == []


def test_an_unknown_command_is_refused_with_a_message(facturelay: Facturelay) -> None:
    answer = facturelay("invoice-everything")
    assert (answer.code, answer.out) == (2, "")
    assert "No such command" in answer.err


def test_a_wrong_environment_is_refused_with_a_message(facturelay: Facturelay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTURELAY_PUBLIC_URL", "documents.example.com")
    answer = facturelay("shop", "list")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.endswith("[setting_wrong]\n")


@pytest.mark.parametrize(
    ("variable", "address", "words"),
    [
        ("DATABASE_URL", "postgresql://facturelay:geheim@127.0.0.1:1/facturelay", ("migrate",)),
        ("REDIS_URL", "redis://:geheim@127.0.0.1:1/0", ("worker", "--burst")),
    ],
    ids=["database", "Redis"],
)
def test_what_does_not_answer_is_named_with_its_reason(
    facturelay: Facturelay, monkeypatch: pytest.MonkeyPatch, variable: str, address: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv(variable, address)
    answer = facturelay(*words)
    assert (answer.code, answer.out) == (1, "")
    assert variable in answer.err
    assert "onnection refused" in answer.err
    assert "geheim" not in answer.err


@pytest.mark.parametrize("command", ["up", "migrate", "status", "shop list"])
def test_a_folder_that_the_system_refuses_is_named(
    facturelay: Facturelay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'there.db'}")
    (tmp_path / "there.db").touch()
    answer = facturelay(*command.split())
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"{tmp_path / 'file' / 'data'}: Not a directory [file_refused]\n"


@pytest.mark.parametrize("where", ["in the data folder", "of DATABASE_URL"])
def test_a_database_file_that_cannot_be_opened_is_said_to_be_where_it_is(
    facturelay: Facturelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "facturelay.db").mkdir()
    if where == "of DATABASE_URL":
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/facturelay.db")
    answer = facturelay("shop", "list")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"The database {where} cannot be used: unable to open database file [database_away]\n"


def test_a_database_of_a_later_version_is_left_as_it_is_and_said_to_be(
    facturelay: Facturelay, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    assert facturelay("migrate", "--json").json == {"migrated": True}
    store = Store(sqlite_url)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    answer = facturelay("migrate")
    assert (answer.code, answer.out) == (
        0,
        "The database is of a later version of Facturelay, and was left as it is.\n",
    )
    assert facturelay("migrate", "--json").json == {"migrated": False}


@pytest.mark.parametrize(
    "words",
    [
        ("shop", "show", "nowhere"),
        ("shop", "set", "nowhere", "name=X"),
        ("shop", "rotate-secret", "nowhere"),
        ("shop", "export", "nowhere", "books.zip"),
        ("shop", "leave", "nowhere", "--yes"),
        ("customer", "erase", "jan@klant.example", "--shop", "nowhere"),
        ("verify", "--shop", "nowhere"),
        ("register", "export", "--shop", "nowhere"),
        ("documents", "list", "--shop", "nowhere"),
        ("failed-jobs", "--shop", "nowhere"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("sqlite_url")
def test_a_shop_that_is_not_there_is_named(facturelay: Facturelay, words: tuple[str, ...]) -> None:
    answer = facturelay(*words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "There is no shop nowhere; `facturelay shop list` shows them. [shop_unknown]\n"


@pytest.mark.usefixtures("sqlite_url")
def test_verify_ends_with_0_when_all_is_intact_and_with_1_when_not(facturelay: Facturelay, tmp_path: Path) -> None:
    assert (facturelay("verify").code, facturelay("verify", "--json").json) == (0, [])
    answer = facturelay("verify", "--anchor", "12:5f")
    assert (answer.code, answer.err) == (1, "An anchor belongs to one shop; name it with --shop. [shop_needed]\n")


@pytest.mark.usefixtures("sqlite_url")
def test_the_register_of_nothing_has_its_columns(facturelay: Facturelay) -> None:
    assert facturelay("register", "export").out.startswith("shop_id,position,number,kind,series,")
    assert facturelay("register", "export", "--format", "json").json == []


@pytest.mark.parametrize("words", ["backup b.tar.gz", "status", "verify", "shop list", "documents list", "user list"])
def test_only_what_begins_an_installation_makes_one(
    facturelay: Facturelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = facturelay(*words.split())
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"There is no installation of Facturelay in {tmp_path}. ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("sqlite_url")
def test_a_backup_with_more_documents_is_not_written_over(facturelay: Facturelay, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.gz"
    facturelay("backup", str(kept))
    rewrite(kept, documents=2)
    before = kept.read_bytes()
    answer = facturelay("backup", str(kept))
    assert (answer.code, "holds more documents (2) than are here (0)" in answer.err) == (1, True)
    assert kept.read_bytes() == before


def rewrite(backup: Path, **said: object) -> None:
    """Let a backup say something else of itself."""
    with tarfile.open(backup) as tar:
        content = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]  # all are files
    manifest = json.loads(content["manifest.json"]) | said
    with tarfile.open(backup, "w:gz") as tar:
        for name, held in (content | {"manifest.json": json.dumps(manifest).encode()}).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(held)
            tar.addfile(entry, io.BytesIO(held))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE shops RENAME COLUMN settings TO chosen", "shops.settings"),
        # A setting that only a later version has a word for: no migration tells of it.
        ('UPDATE shops SET settings = \'{"credit_notes": "later"}\'', "“later” is no SendMode here"),
    ],
)
def test_a_database_of_another_version_is_named_as_that(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, named: str
) -> None:
    """One that no migration leads from: to its owner the database answers very well."""
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path))
    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("DATABASE_URL", database_url)
    store, _ = opened(database_url)
    with store.write() as connection:
        connection.execute(text(change))
    store.close()
    # A process of its own: what a command opened is closed when it ends.
    answer = subprocess.run(
        [sys.executable, "-m", "worker.cli", "shop", "list"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, "Traceback" in answer.stderr) == (1, False)
    assert f"is of another version of Facturelay, from which this one, {version('facturelay')}," in answer.stderr
    assert named in answer.stderr
