"""`facturelay mollie …`: let a shop's customers pay online by its account with Mollie."""

import sys
from pathlib import Path

import click

from worker.actions import online_payment
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.cli.peppol import read_key
from worker.services import Services
from worker.tasks.mollie import check_of


@click.group(cls=Group)
def mollie() -> None:
    """Let customers pay online by the shop's own account with Mollie, and try its key.

    Where the button stands and what it offers are settings of `facturelay shop set`: mollie.on_invoices,
    mollie.on_order_confirmations, mollie.on_reminders, mollie.methods.
    """


@mollie.command("connect")
@of_shop
@click.option("--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
              help="A file with the API key, or - for standard input; without it, the key is asked for.")  # fmt: skip
@with_services
@with_json
def connect(services: Services, shop_id: str, key_file: Path | None, *, as_json: bool) -> None:
    """Store the API key (live_…, or test_… of a shop in test), and try it at once."""
    services.connected(shop_id)
    online_payment.connect(services, shop_id, read_key(key_file), by=services.actor(ACTOR))
    tell_check(services, shop_id, as_json=as_json)


@mollie.command("check")
@of_shop
@with_services
@with_json
def check(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Try the shop's key."""
    tell_check(services, shop_id, as_json=as_json)


@mollie.command("disconnect")
@of_shop
@with_services
@with_json
def disconnect(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Offer no payment online any more, and forget the key. What was paid stays counted."""
    services.connected(shop_id)
    online_payment.disconnect(services, shop_id, by=services.actor(ACTOR))
    show({"id": shop_id, "mode": None}, as_json=as_json, text=lambda: "The key is forgotten.")


def tell_check(services: Services, shop_id: str, *, as_json: bool) -> None:
    connected = services.connected(shop_id)
    found = check_of(services, connected)
    answer = {"id": shop_id, "mode": connected.shop.mollie.mode, **vars(found)}
    show(answer, as_json=as_json, text=lambda: f"{'✓' if found.good else '✗'} {found.message}")
    sys.exit(0 if found.good else 1)
