"""Groups of commands, and their helps. Nothing heavy is imported here: `facturelay --help` answers at once."""

from importlib import import_module
from typing import Any

import click


class Group(click.Group):
    """A group whose help says the whole first sentence of each command: click cuts it where the line ends."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.sentence(ctx, name)) for name in self.list_commands(ctx)])

    def sentence(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=1000) if command else ""


class Lazy(Group):
    """A group whose commands live in other modules, each imported when it is called and not to say what there is.

    *elsewhere* maps a name to module:command and its sentence.
    """

    def __init__(self, *args: Any, elsewhere: dict[str, tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.elsewhere = elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.elsewhere[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"worker.cli.{module}"), name)
        return found

    def sentence(self, ctx: click.Context, name: str) -> str:
        return self.elsewhere[name][1] if name in self.elsewhere else super().sentence(ctx, name)
