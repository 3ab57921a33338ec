"""Options that many commands have, and the settings they stand for. Nothing heavy is imported here: `facturelay up` begins with it."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from worker.settings import Settings
from worker.terminal import InertLines

F = TypeVar("F", bound=Callable[..., Any])


def with_data(command: F) -> F:
    """Add --data: where the state of one machine lives."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        is_eager=True,  # a shop is looked up there by its name
        help="Folder with the state (default: FACTURELAY_DATA, or facturelay-data here).",
    )(command)


def with_json(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def read_settings(data: Path | None, **overrides: str) -> Settings:
    """Settings from the environment, with what the command line says on top."""
    environment = {**os.environ, **overrides}
    if data is not None:
        environment["FACTURELAY_DATA"] = str(data)
    return Settings.from_environment(environment)


def log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(InertLines())
    logging.getLogger("alembic").setLevel(
        logging.WARNING
    )  # its INFO lines name the database it opens, and nothing else
