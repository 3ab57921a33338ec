"""What all commands share: a shop is named as people name it, and help says whole sentences."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Facturelay, ShopAtHand
from worker.cli import commands
from worker.cli.common import counted
from worker.errors import Rejected
from worker.processes.supervisor import prepare
from worker.settings import Settings
from worker.store.database.migrate import upgrade

MakeShop = Callable[..., ShopAtHand]


@pytest.mark.parametrize("named", ["{name}", "{NAME}", "{host}", "{url}/", "{begin}", "{id}"])
def test_a_shop_is_known_by_its_id_its_name_or_its_address(make_shop: MakeShop, named: str) -> None:
    shop = make_shop()
    run = shop.facturelay
    [listed] = run("shop", "list", "--json").json
    url = listed["url"].rstrip("/")
    said = named.format(
        name=listed["name"],
        NAME=listed["name"].upper(),
        host=url.partition("://")[2],
        url=url,
        begin=shop.shop_id[:6],
        id=shop.shop_id,
    )
    assert run("texts", "list", said, "--own", "--json").json == []
    assert run("documents", "list", "--shop", said, "--json").json == []


def test_a_name_of_two_shops_is_asked_back(make_shop: MakeShop) -> None:
    shop = make_shop()
    make_shop()
    [one, other] = shop.facturelay("shop", "list", "--json").json
    answer = shop.facturelay("shop", "show", one["name"])
    assert answer.code == 2
    assert f"({one['id']})" in answer.err
    assert f"({other['id']})" in answer.err


def test_a_shop_that_nobody_knows_is_named(make_shop: MakeShop) -> None:
    answer = make_shop().facturelay("shop", "show", "Bakkerij Nergens")
    assert (answer.code, "Bakkerij Nergens" in answer.err) == (1, True)


@pytest.mark.parametrize("left", [None, "", "\n"])
def test_an_installation_whose_secret_key_is_gone_does_not_go_on_with_another(tmp_path: Path, left: str | None) -> None:
    """It reads nothing of what is stored, and what it stores the old one does not read."""
    settings = Settings.from_environment({"FACTURELAY_DATA": str(tmp_path)})
    begun = prepare(settings)
    upgrade(begun.database_url)
    path = tmp_path / "secret-key"
    path.unlink()
    if left is not None:
        path.write_text(left)
    for _ in range(2):
        with pytest.raises(Rejected, match=f"The secret key of this installation is gone, .* Put {path} back"):
            prepare(settings)
    path.write_text(begun.secret_keys[0])
    assert prepare(settings).secret_keys == begun.secret_keys


def test_one_thing_is_not_called_many() -> None:
    assert [counted(n, "thing is", "things are") for n in (0, 1, 2)] == ["0 things are", "1 thing is", "2 things are"]


@pytest.mark.parametrize(
    ("typed", "offered"), [("doc", "documents"), ("documents l", "list"), ("documents list --unp", "--unpaid")]
)
def test_the_tab_key_completes_commands_and_options(
    facturelay: Facturelay, monkeypatch: pytest.MonkeyPatch, typed: str, offered: str
) -> None:
    assert offered in completed(facturelay, monkeypatch, typed)


def test_the_tab_key_offers_shops_by_their_address(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    assert completed(shop.facturelay, monkeypatch, "texts list 127") == ["127.0.0.1:1"]


def completed(run: Facturelay, monkeypatch: pytest.MonkeyPatch, typed: str) -> list[str]:
    """What bash is told when Tab is pressed after *typed*."""
    with monkeypatch.context() as tab:
        tab.setenv("_FACTURELAY_COMPLETE", "bash_complete")
        tab.setenv("COMP_WORDS", f"facturelay {typed}")
        tab.setenv("COMP_CWORD", str(len(typed.split())))
        return [line.partition(",")[2] for line in run().out.splitlines()]


def test_help_cuts_no_sentence(facturelay: Facturelay) -> None:
    for group in ((), ("shop",), ("documents",), ("user",), ("token",), ("peppol",), ("order",), ("customer",)):
        _, _, commands = facturelay(*group, "--help").out.partition("Commands:")
        assert commands
        assert "..." not in commands


def every_help(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Each command's help as a terminal of 80 and of 100 columns shows it."""
    for width in (80, 100):
        # With what the first context gives to all below it: a command keeps the help option that it was first asked for.
        context = click.Context(
            command,
            info_name=" ".join(("facturelay", *path)),
            terminal_width=width,
            help_option_names=commands.context_settings["help_option_names"],
        )
        yield path, command.get_help(context), width
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from every_help(found, *path, name)


def test_every_help_fits_its_terminal() -> None:
    wide = [
        (path, line) for path, told, width in every_help(commands) for line in told.splitlines() if len(line) > width
    ]

    assert wide == []
