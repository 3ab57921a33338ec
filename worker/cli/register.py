"""`facturelay verify` and `facturelay register …`: the proof that nothing is missing or altered, the list of all numbers, and
how they go on after a restore."""

import sys
from collections.abc import Iterator
from itertools import chain

import click
from sqlalchemy import Connection

from worker.accounting import notes_scan, recover_numbers
from worker.accounting import verify as verification
from worker.accounting.notes_scan import NotesScan
from worker.accounting.recover_numbers import Unrecovered
from worker.accounting.verify import Proof
from worker.actions.shop_settings import parse_last_number
from worker.cli.common import ACTOR, SHOP, ProgressBar, counted, of_shop, show, table, to_json, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.cli.shop_options import by_kind
from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.errors import InvalidValue, Rejected
from worker.services import Services
from worker.store import register as register_store
from worker.store import shops
from worker.store.database import json_codec
from worker.store.register import NumberStatus, RegisterHead


@click.command()
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="Only this shop.")
@click.option("--anchor", help="An earlier head of the shop's register, like 12:5f3a…, as the daily digest named it.")
@with_services
@with_json
def verify(services: Services, shop_id: str | None, anchor: str | None, *, as_json: bool) -> None:
    """Prove that no document, number or file is missing or altered. Exit 0 when all is as issued, else 1."""
    known = parse_anchor(anchor, shop_id)
    with ProgressBar("Verifying documents and files", quiet=as_json) as bar:
        proofs = verification.verify(services, shop_id=shop_id, anchor=known, on_progress=bar.update)
    show(
        [verification.as_json(proof) for proof in proofs],
        as_json=as_json,
        text=lambda: "\n".join(as_text(p) for p in proofs) or EMPTY,
    )
    sys.exit(1 if any(proof.damages for proof in proofs) else 0)


EMPTY = "There is no shop yet, so there is nothing to verify."


def parse_anchor(text: str | None, shop_id: str | None) -> RegisterHead | None:
    if text is None:
        return None
    if shop_id is None:
        raise Rejected("An anchor belongs to one shop; name it with --shop.", code="shop_needed")
    try:
        return RegisterHead.parse(text)
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error


def as_text(proof: Proof) -> str:
    held = [counted(proof.documents, "document", "documents"), counted(proof.files, "file", "files")]
    held += [counted(proof.tests, "test", "tests")] if proof.tests else []
    lines = [
        f"{proof.name} ({proof.shop_id}): {', '.join(held)}. " + ("" if proof.damages else "All is as it was issued.")
    ]
    lines += [f"  ! {damage.message} [{damage.code}]" for damage in proof.damages]
    if proof.head.position:
        lines.append(f"  The register ends at {proof.head}")
    return "\n".join(line.rstrip() for line in lines)


@click.group(cls=Group)
def register() -> None:
    """The register: every number that was given, and what became of it."""


@register.command("export")
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="Only this shop.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="How.")
@with_services
def export(services: Services, shop_id: str | None, form: str) -> None:
    """Print the register, oldest number first."""
    with services.store.read() as connection:
        found = list_register(services, connection, shop_id)
        as_list = chain(json_codec.indented_list(map(to_json, found)), "\n")
        for part in as_list if form == "json" else register_store.as_table(found):
            click.echo(part, nl=False)


@register.command("resume")
@of_shop
@click.option(
    "--after",
    "starts",
    multiple=True,
    metavar="KIND=NUMBER",
    help="The last number that was given, like invoice=118, where the shop's notes do not tell. For each kind.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
@with_json
def resume(services: Services, shop_id: str, starts: tuple[str, ...], *, yes: bool, as_json: bool) -> None:
    """After a restore: read back what was issued after the backup, and let the numbers go on.

    The notes on the shop's orders tell which documents there were. Those that can be are entered again under their own
    number and date; nothing is mailed twice.
    """
    connected = services.connected(shop_id)
    try:
        after = {kind: parse_last_number(text) for kind, text in by_kind(starts, "after", "invoice=118").items()}
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error
    with ProgressBar("Reading the shop's notes", quiet=as_json) as bar:
        found = notes_scan.scan_notes(services, connected, on_progress=bar.update)
    if not as_json:
        click.echo(lost_as_text(connected.shop, found))
    if found.lost and not yes:
        click.confirm("Enter them in the register again?", abort=True, err=True)
    entered, not_entered = recover_numbers.enter_again(services, connected, found.lost)
    if not as_json:
        click.echo(
            "\n".join(
                [
                    *(f"{one.number} is in the register again." for one in entered),
                    *(f"! {one.message}" for one in not_entered),
                ]
            )
        )
    if not yes:
        click.confirm(question(services, connected.shop, after), abort=True, err=True)
    lost = recover_numbers.resume(services, connected, Unrecovered(found, not_entered), after=after, by=ACTOR)
    answer = {
        "entered": [one.number for one in entered],
        "not_entered": [
            {"number": one.lost.number, "order_id": one.lost.order_id, "why": one.message} for one in not_entered
        ],
        "lost_numbers": [vars(one) for one in lost],
        "next": recover_numbers.next_numbers(services, connected.shop),
    }
    show(answer, as_json=as_json, text=lambda: resumed_as_text(recover_numbers.next_numbers(services, connected.shop)))


def lost_as_text(shop: Shop, found: NotesScan) -> str:
    if not found.orders:
        return "The shop could not be asked, or no order has changed since the backup."
    if not found.lost:
        return f"{counted(len(found.orders), 'order was', 'orders were')} looked at; no note tells of a document that is not in the register."
    rows = [
        (f"  {one.number}", f"order {one.order_id}", f"{one.issued_at.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}")
        for one in found.lost
    ]
    return f"Issued after the backup and not in the register:\n{table(rows)}"


def question(services: Services, shop: Shop, after: dict[Kind, int]) -> str:
    coming = recover_numbers.next_numbers(services, shop)
    said = ", ".join(
        f"{kind.replace('_', ' ')} after {after[kind]}" if kind in after else f"{kind.replace('_', ' ')} {number}"
        for kind, number in coming.items()
    )
    return (
        f"These come next: {said}. Compare with the last documents that your customers, your mailbox or your accountant have. "
        "Go on with these?"
    )


def resumed_as_text(coming: dict[Kind, str]) -> str:
    return "Documents are issued again. Next: " + ", ".join(coming.values()) + ". Then: facturelay verify"


def list_register(services: Services, connection: Connection, shop_id: str | None) -> Iterator[NumberStatus]:
    if shop_id is not None:
        shops.get(connection, services.encryption, shop_id)
    wanted = [shop_id] if shop_id is not None else [shop.shop_id for shop in shops.every(connection)]
    for one in wanted:
        yield from register_store.every_number(connection, one)
