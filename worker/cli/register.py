"""`facturelay verify` and `facturelay register …`: the proof that nothing is missing or altered, and the list of all numbers."""

import json
import sys
from dataclasses import fields
from pathlib import Path

import click

from worker import verifying
from worker.cli.common import open_services, show, with_data, with_json
from worker.domain.sheet import as_csv
from worker.errors import Rejected
from worker.services import Services
from worker.store import codec, shops
from worker.store import register as register_store
from worker.store.register import Fate, Head
from worker.verifying import Proof


@click.command()
@click.option("--shop", "shop_id", help="Only this shop.")
@click.option("--anchor", help="An earlier head of the shop's register, like 12:5f3a…, as the daily digest named it.")
@with_data
@with_json
def verify(shop_id: str | None, anchor: str | None, data: Path | None, *, as_json: bool) -> None:
    """Prove that no document, number or file is missing or altered. Exit 0 when all is as issued, else 1."""
    services = open_services(data)
    known = anchored(anchor, shop_id)
    proofs = verifying.verify(services, shop_id=shop_id, anchor=known)
    show(
        [verifying.as_json(proof) for proof in proofs],
        as_json=as_json,
        text=lambda: "\n".join(told(p) for p in proofs) or EMPTY,
    )
    sys.exit(1 if any(proof.damages for proof in proofs) else 0)


EMPTY = "There is no shop yet, so there is nothing to verify."


def anchored(text: str | None, shop_id: str | None) -> Head | None:
    if text is None:
        return None
    if shop_id is None:
        raise Rejected("An anchor belongs to one shop; name it with --shop.", code="shop_needed")
    try:
        return Head.parse(text)
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error


def told(proof: Proof) -> str:
    counted = f"{proof.documents} documents, {proof.files} files" + (f", {proof.tests} tests" if proof.tests else "")
    lines = [f"{proof.name} ({proof.shop_id}): {counted}. " + ("" if proof.damages else "All is as it was issued.")]
    lines += [f"  ! {damage.sentence} [{damage.code}]" for damage in proof.damages]
    if proof.head.position:
        lines.append(f"  The register ends at {proof.head}")
    return "\n".join(line.rstrip() for line in lines)


@click.group()
def register() -> None:
    """The register: every number that was given, and what became of it."""


@register.command("export")
@click.option("--shop", "shop_id", help="Only this shop.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="How.")
@with_data
def export(shop_id: str | None, form: str, data: Path | None) -> None:
    """Print the register, oldest number first."""
    found = listed(open_services(data), shop_id)
    if form == "json":
        click.echo(json.dumps([json.loads(codec.dump(fate)) for fate in found], ensure_ascii=False, indent=2))
        return
    click.echo(as_csv([f.name for f in fields(Fate)], [vars(fate) for fate in found]), nl=False)


def listed(services: Services, shop_id: str | None) -> tuple[Fate, ...]:
    with services.store.read() as connection:
        if shop_id is not None:
            shops.connected(connection, services.vault, shop_id)
        wanted = [shop_id] if shop_id is not None else [shop.shop_id for shop in shops.every(connection)]
        return tuple(fate for one in wanted for fate in register_store.fates(connection, one))
