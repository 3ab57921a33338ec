"""`facturelay token …`: tokens with which other software reads a shop's documents through the API."""

import click

from worker.actions import api_access
from worker.cli.common import ACTOR, of_shop, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.json_type import Json
from worker.serializers import instant
from worker.services import Services
from worker.store import api_tokens, shops
from worker.store.api_tokens import ApiToken, Scope
from worker.terminal import at_utc

READ_SCOPES = (Scope.DOCUMENTS_READ, Scope.ORDERS_READ, Scope.FILES_READ)


@click.group(cls=Group)
def token() -> None:
    """Make, list and revoke the tokens of the API."""


@token.command("add")
@of_shop
@click.option("--name", required=True, help="Who will use it, such as “bookkeeping”.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    metavar="SCOPE",
    help=f"What it may do; may be given several times (default: all that only reads): {', '.join(Scope)}.",
)
@with_services
@with_json
def add(services: Services, shop_id: str, name: str, scopes: tuple[str, ...], *, as_json: bool) -> None:
    """Make a token for one shop and print it. It is shown this once."""
    chosen = tuple(Scope(scope) for scope in scopes) or READ_SCOPES
    with services.store.write() as connection:
        shops.get(connection, services.encryption, shop_id)
        made, secret = api_access.create_token(connection, shop_id, name, chosen, by=services.actor(ACTOR))
    address = f"{services.settings.public_url}/api/v1"
    show(
        {**token_as_json(made), "token": secret},
        as_json=as_json,
        text=lambda: (
            f"{secret}\n\nKeep it now: it is not shown again. It may: {', '.join(made.scopes)}.\n"
            f"Try it:  curl -H 'Authorization: Bearer {secret}' {address}/shop"
        ),
    )


@token.command("list")
@of_shop
@with_services
@with_json
def list_tokens(services: Services, shop_id: str, *, as_json: bool) -> None:
    """List a shop's tokens, with what each may do and when it was last used."""
    with services.store.read() as connection:
        shops.get(connection, services.encryption, shop_id)
        found = api_tokens.of_shop(connection, shop_id)
    show([token_as_json(one) for one in found], as_json=as_json, text=lambda: as_table(found))


@token.command("revoke")
@of_shop
@click.argument("token_id", type=int)
@with_services
@with_json
def revoke(services: Services, shop_id: str, token_id: int, *, as_json: bool) -> None:
    """End a token for good, from the next request on."""
    with services.store.write() as connection:
        api_access.revoke_token(connection, shop_id, token_id, by=services.actor(ACTOR))
    show({"token_id": token_id, "revoked": True}, as_json=as_json, text=lambda: f"Token {token_id} is revoked.")


def token_as_json(one: ApiToken) -> Json:
    return {
        "token_id": one.token_id,
        "shop": one.shop_id,
        "name": one.name,
        "scopes": list(one.scopes),
        "created_at": instant(one.created_at),
        "created_by": one.created_by,
        "used_at": instant(one.used_at),
        "revoked_at": instant(one.revoked_at),
    }


def as_table(found: tuple[ApiToken, ...]) -> str:
    if not found:
        return "There are no tokens yet; `facturelay token add` makes one."
    rows = [
        (
            str(one.token_id),
            one.name,
            ", ".join(one.scopes),
            at_utc(one.used_at) if one.used_at else "never",
            "revoked" if one.revoked_at else "",
        )
        for one in found
    ]
    return table([("id", "name", "may", "last used", ""), *rows], right=(0,))
