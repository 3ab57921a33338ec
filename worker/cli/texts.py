"""`facturelay texts …`: the shop's own texts of documents and mails."""

import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import click

from worker.actions import shop_settings
from worker.cli.common import ACTOR, of_shop, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain import texts as shop_texts
from worker.domain.shop import Shop
from worker.domain.texts import TextKey
from worker.errors import InvalidValue, Rejected
from worker.services import Services

WIDTH = 70


@click.group(cls=Group)
def texts() -> None:
    """Show and change what documents and mails say.

    A text is named part/kind/state/language, like mail.subject/invoice/unpaid/nl; * stands for any kind, state or
    language. Parts: mail.subject, mail.body, document.intro, document.closing, document.terms.
    """


@texts.command("list")
@of_shop
@click.argument("pattern", default="*")
@click.option("--own", is_flag=True, help="Only what the shop wrote itself.")
@with_services
@with_json
def list_texts(services: Services, shop_id: str, pattern: str, *, own: bool, as_json: bool) -> None:
    """List the texts of a shop, with the first line of each."""
    found = services.connected(shop_id).shop
    wanted = [key for key in matching_keys(pattern) if not own or str(key) in found.texts]
    value = [
        {"key": str(key), "own": str(key) in found.texts, "text": shop_texts.text_of(found, key).strip()}
        for key in wanted
    ]
    rows = [
        (str(key), "own" if str(key) in found.texts else "default", first_line(shop_texts.text_of(found, key)))
        for key in wanted
    ]
    show(value, as_json=as_json, text=lambda: table(rows) if rows else "The shop wrote no texts of its own yet.")


@texts.command("show")
@of_shop
@click.argument("pattern")
@with_services
@with_json
def show_text(services: Services, shop_id: str, pattern: str, *, as_json: bool) -> None:
    """Show texts in full."""
    found = services.connected(shop_id).shop
    value = {str(key): shop_texts.text_of(found, key).strip() for key in matching_keys(pattern)}
    show(value, as_json=as_json, text=lambda: "\n\n".join(f"{key}\n{text}" for key, text in value.items()))


@texts.command("set")
@of_shop
@click.argument("pattern")
@click.argument("text", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Read it from here.")
@with_services
@with_json
def set_text(
    services: Services, shop_id: str, pattern: str, text: str | None, file: Path | None, *, as_json: bool
) -> None:
    """Write a text: as an argument, from a file, or from standard input. An empty one prints nothing.

    Documents that are issued already keep what they say.
    """
    written = text if text is not None else read_text(file)

    def changed(shop: Shop, key: TextKey) -> Shop:
        try:
            return shop_texts.with_text(shop, key, written)
        except InvalidValue as error:
            raise Rejected(error.message, code="text_wrong") from error

    done = change_texts(services, shop_id, pattern, changed)
    show(done, as_json=as_json, text=lambda: f"Written: {', '.join(done)}")


@texts.command("reset")
@of_shop
@click.argument("pattern")
@with_services
@with_json
def reset_text(services: Services, shop_id: str, pattern: str, *, as_json: bool) -> None:
    """Go back to the default."""
    done = change_texts(services, shop_id, pattern, shop_texts.without_text)
    show(done, as_json=as_json, text=lambda: f"Default again: {', '.join(done)}")


@texts.command("placeholders")
@with_json
def list_placeholders(*, as_json: bool) -> None:
    """List what can be filled in, and the %tags% of other programs that are understood."""
    tags: dict[str, list[str]] = {}
    for tag, name in shop_texts.TAGS.items():
        tags.setdefault(name, []).append(f"%{tag}%")
    value = {name: {"means": means, "tags": tags.get(name, [])} for name, means in shop_texts.PLACEHOLDERS.items()}
    rows = [
        (f"{{{name}}}", str(means), " ".join(tags.get(name, []))) for name, means in shop_texts.PLACEHOLDERS.items()
    ]
    show(value, as_json=as_json, text=lambda: table(rows))


def read_text(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else sys.stdin.read()
    except UnicodeDecodeError as error:
        raise Rejected("The text is not UTF-8; save it as UTF-8 and try again.", code="text_wrong") from error


def matching_keys(pattern: str) -> tuple[TextKey, ...]:
    try:
        return shop_texts.matching_keys(pattern)
    except InvalidValue as error:
        raise Rejected(error.message, code="text_unknown") from error


def change_texts(services: Services, shop_id: str, pattern: str, changed: Callable[[Shop, TextKey], Shop]) -> list[str]:
    """Change the texts that *pattern* names, all or none. Returns their names."""
    wanted = matching_keys(pattern)
    shop_settings.update_shop(services, shop_id, lambda shop: reduce(changed, wanted, shop), by=services.actor(ACTOR))
    return [str(key) for key in wanted]


def first_line(text: str) -> str:
    line = next((line for line in text.strip().splitlines() if line.strip()), "")
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
