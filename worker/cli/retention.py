"""`facturelay purge`, `shop export`, `shop leave` and `customer erase`: what is stored, exported and deleted."""

from pathlib import Path

import click

from worker.cli.common import ACTOR, SHOP, ProgressBar, counted, of_shop, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.maintenance import retention
from worker.maintenance.retention import Erased, ShopClosing
from worker.services import Services
from worker.store.database import json_codec


@click.command()
@with_services
@with_json
def purge(services: Services, *, as_json: bool) -> None:
    """Drop the raw bodies of deliveries older than 90 days; their hashes stay. Safe to run again."""
    dropped = retention.purge(services)
    show(
        {"bodies": dropped},
        as_json=as_json,
        text=lambda: (
            f"{counted(dropped, 'raw body older than 90 days was', 'raw bodies older than 90 days were')} dropped."
        ),
    )


@click.command()
@of_shop
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_services
@with_json
def export(services: Services, shop_id: str, file: Path, *, as_json: bool) -> None:
    """Write a shop's books into FILE, a zip: documents, their files, the register and the settings without secrets."""
    with ProgressBar("Writing the documents", quiet=as_json) as bar:
        count = retention.export(services, shop_id, file, on_progress=bar.update)
    show(
        {"documents": count, "file": str(file)},
        as_json=as_json,
        text=lambda: f"{counted(count, 'document is', 'documents are')} in {file}.",
    )


@click.command()
@of_shop
@click.option("--yes", is_flag=True, help="Do not ask; the shop's secrets cannot be brought back.")
@with_services
@with_json
def leave(services: Services, shop_id: str, *, yes: bool, as_json: bool) -> None:
    """Let a shop leave: paused for good, its secrets and raw bodies removed. Its documents stay for the years that the shop keeps them."""
    name = services.connected(shop_id).shop.name
    if not yes:
        click.confirm(f"Remove the secrets, raw bodies and drafts of {name}?", abort=True)
    with ProgressBar("Removing what may go", quiet=as_json) as bar:
        closing = retention.close_shop(services, shop_id, by=ACTOR, on_progress=bar.update)
    show(json_codec.plain(closing, str), as_json=as_json, text=lambda: "\n".join(closing_lines(closing)))


def closing_lines(closing: ShopClosing) -> list[str]:
    removed = f"its secrets, {counted(closing.bodies, 'raw body', 'raw bodies')}, {counted(closing.drafts, 'draft', 'drafts')}"
    orders = counted(closing.buyers, "order", "orders")
    lines = [f"{closing.name} has left. Removed: {removed}, the buyer of {orders} without a document."]
    if closing.waiting:
        lines.append(
            f"{counted(closing.waiting, 'delivery that waited is', 'deliveries that waited are')} no longer looked at."
        )
    lines += [
        f"Kept: {counted(kept.documents, 'document', 'documents')} of {kept.year}, until {kept.until:%d-%m-%Y}."
        for kept in closing.kept
    ]
    return [
        *lines,
        "Also kept: the trail and the settings. `facturelay shop export` writes its accounting into a file.",
    ]


@click.group(cls=Group)
def customer() -> None:
    """What is stored of a customer."""


@customer.command("erase")
@click.argument("email")
@click.option(
    "--shop", "shop_id", metavar="SHOP", type=SHOP, required=True, help="The shop that the customer bought from."
)
@with_services
@with_json
def erase(services: Services, email: str, shop_id: str, *, as_json: bool) -> None:
    """Erase what is kept of a customer, and say what must stay: documents, until their term is over."""
    with ProgressBar("Looking for the customer", quiet=as_json) as bar:
        erased = retention.erase_customer(services, shop_id, email, by=ACTOR, on_progress=bar.update)
    show(json_codec.plain(erased, str), as_json=as_json, text=lambda: "\n".join(erased_lines(erased)))


def erased_lines(erased: Erased) -> list[str]:
    if not erased.orders:
        return ["Nothing is kept of this customer."]
    gone = f"{counted(erased.bodies, 'raw body', 'raw bodies')}, {counted(erased.drafts, 'discarded draft', 'discarded drafts')}"
    buyers = counted(erased.buyers, "order", "orders")
    lines = [
        f"Erased from {counted(len(erased.orders), 'order', 'orders')}: {gone}, the buyer of {buyers} without a document."
    ]
    lines += [f"{kept.number} must be kept until {kept.until:%d-%m-%Y}." for kept in erased.kept]
    lines += [
        f"Order {number} has a draft that waits: issue or discard it, then erase again."
        for number in erased.open_drafts
    ]
    if erased.kept:
        lines.append("What was written about these documents (mails, notes, their trail) stays with them.")
    return lines
