"""What the commands share: the data folder, opening the services, output as text or as JSON."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

from worker.cli.options import read_settings, with_data
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.processes.supervisor import prepare
from worker.services import Services
from worker.settings import Settings
from worker.store import shops
from worker.store.database import json_codec
from worker.store.database.migrate import is_current, upgrade
from worker.store.database.pagination import Page, PageRequest
from worker.store.files import private
from worker.terminal import CONTROLS, inert

# Who acts here, in the audit trail.
ACTOR = "command line"
WHOLE_ID = re.compile("[0-9a-f]{24}")
LEAST_OF_ID = 4  # letters of a shop's id that stand for all of it

Row = TypeVar("Row")
READ_AT_ONCE = 500


class ShopName(click.ParamType[str]):
    """A shop by its id or the beginning of that, its name, or the host of its address; gives the id."""

    name = "shop"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if WHOLE_ID.fullmatch(value):
            return str(value)
        data = ctx.params.get("data") if ctx else None  # click keeps a mark of its own for what was not given
        found = {shop.shop_id: shop for shop in every_shop(data)}
        if value in found:
            return str(value)
        meant = [shop for shop in found.values() if is_meant(shop, value)]
        if len(meant) > 1:
            names = ", ".join(f"{shop.name} ({shop.shop_id})" for shop in meant)
            self.fail(f"“{value}” may be one of several shops: {names}.", param, ctx)
        if not meant:
            raise shops.unknown(str(value))
        return meant[0].shop_id

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The hosts of the shops: what a person knows and a shell takes as one word."""
        found = {urlsplit(shop.url).netloc: shop.name for shop in every_shop(ctx.params.get("data"))}
        return [CompletionItem(host, help=name) for host, name in found.items() if host.startswith(incomplete)]


def every_shop(data: object) -> tuple[Shop, ...]:
    with open_services(data if isinstance(data, Path) else None) as services, services.store.read() as connection:
        return shops.every(connection)


def is_meant(shop: Shop, said: str) -> bool:
    known = (shop.name.casefold(), urlsplit(shop.url).netloc.casefold(), shop.url.casefold().rstrip("/"))
    begins = len(said) >= LEAST_OF_ID and shop.shop_id.startswith(said)
    return said.strip().rstrip("/").casefold() in known or begins


SHOP = ShopName()
of_shop = click.argument("shop_id", metavar="SHOP", type=SHOP)


def with_services(command: Callable[..., None], *, may_begin: bool = False) -> Callable[..., None]:
    """Add --data, and give the command services on what lies there. *may_begin*: it may be the first command of an installation."""

    @with_data
    @wraps(command)
    def with_opened(data: Path | None, **values: object) -> None:
        with open_services(data, may_begin=may_begin) as services:
            command(services, **values)

    return with_opened


with_new_services = partial(with_services, may_begin=True)


@contextmanager
def open_services(data: Path | None, *, may_begin: bool = False) -> Iterator[Services]:
    """Services on a database that is up to date: a local SQLite file is brought up to date on the way, and made where *may_begin*."""
    settings = prepare(read_settings(data) if may_begin else settings_there(data))
    services = Services(settings)
    with closing(services.store):
        if services.store.is_sqlite:
            upgrade(settings.database_url)
        elif not is_current(services.store):
            raise Rejected("The database is not up to date; run `facturelay migrate` first.", code="migrate_first")
        yield services


def settings_there(data: Path | None) -> Settings:
    """The settings of an installation. Raises Rejected where there is none."""
    settings = read_settings(data)
    if is_missing(settings.database_url):
        raise Rejected(
            "There is no installation of Facturelay in {folder}. Name its folder with --data, or by FACTURELAY_DATA; `facturelay up` "
            "begins a new one.",
            folder=settings.data.absolute(),
            code="no_installation",
        )
    return settings


def is_missing(database_url: str) -> bool:
    """Whether the file of a SQLite database is not there."""
    files = private.sqlite_files(database_url)
    return bool(files) and not files[0].exists()


def show(value: object, *, as_json: bool, text: Callable[[], str]) -> None:
    """Print *value* as JSON, or what *text* returns."""
    click.echo(to_json(value) if as_json else inert(text()))


def to_json(value: object) -> str:
    """JSON for scripts; messages in English, which is made here."""
    text = json.dumps(json_codec.plain(value, str), ensure_ascii=False, indent=2)
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)  # those that json leaves as they are


def counted(count: int, one: str, many: str) -> str:
    """*count* with what is counted: `counted(1, "document is", "documents are")`."""
    return f"{count} {one if count == 1 else many}"


def table(rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...] = ()) -> str:
    """Columns as wide as they need; the columns in *right* are numbers and align right."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


class ProgressBar:
    """A progress bar on stderr that learns its length on the way."""

    def __init__(self, label: str, *, quiet: bool) -> None:
        self.label, self.quiet = label, quiet
        self.bar: Any = None  # click does not publish the type of its bars

    def update(self, done: int, of: int) -> None:
        if self.quiet:
            return
        if self.bar is None:
            self.bar = click.progressbar(length=of, label=self.label, file=sys.stderr)
        self.bar.update(done - self.bar.pos)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.render_finish()


def rows_of(page_of: Callable[[PageRequest], Page[Row]], limit: int | None) -> list[Row]:
    """The first *limit* rows (None: all) of a list that is read page by page."""
    found: list[Row] = []
    page_request = PageRequest(size=min(limit or READ_AT_ONCE, READ_AT_ONCE))
    while True:
        page = page_of(page_request)
        found += page.rows
        if not page.next or (limit is not None and len(found) >= limit):
            return found[:limit]
        page_request = replace(page_request, after=page.next)
