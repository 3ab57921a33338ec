"""`facturelay shop invite`: a one-time code with which a shop's WordPress plugin connects."""

import click

from worker.actions import shop_secrets
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.options import with_json
from worker.services import Services
from worker.store import shops


@click.command("invite")
@of_shop
@with_services
@with_json
def invite(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Print a code that connects the WordPress plugin of a shop, once, within a week."""
    with services.store.write() as connection:
        shop = shops.get(connection, services.encryption, shop_id).shop
        by = services.actor(ACTOR)
        code, expires_at = shop_secrets.invite_plugin(connection, services.encryption, shop_id, by=by)
    address = services.settings.public_url
    answer = {"code": code, "address": address, "expires_at": expires_at.isoformat()}
    show(
        answer,
        as_json=as_json,
        text=lambda: (
            f"In WordPress of {shop.url}: WooCommerce → Settings → Facturelay\n"
            f"  address  {address}\n  code     {code}\n\n"
            f"The code works once, until {expires_at.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}."
        ),
    )
