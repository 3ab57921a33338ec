"""`facturelay shop …`: make, show and change shops."""

from collections.abc import Mapping
from typing import Any

import click

from worker.actions import roads, shop_secrets, shop_settings
from worker.actions.shop_settings import ChangedShop, NewShop, ShopChanges
from worker.cli.common import ACTOR, counted, of_shop, show, table, with_new_services, with_services
from worker.cli.group import Lazy
from worker.cli.options import with_json
from worker.cli.shop_options import (
    NUMBERING,
    SettingsCommand,
    checked_secret,
    checked_shop_url,
    numbering_of,
    parse_settings,
    told_as_option,
    with_options,
)
from worker.domain.completeness import missing_of_seller
from worker.domain.shop import Shop
from worker.services import Services
from worker.store import counters, shops
from worker.store.shops import Secrets

ELSEWHERE = {
    "invite": ("plugin_code:invite", "Print a code that connects the WordPress plugin of a shop, once, within a week."),
    "logo": ("branding:logo", "Print the PNG or JPEG in FILE on documents from now on."),
    "export": (
        "retention:export",
        "Write a shop's books into FILE, a zip: documents, their files, the register and the settings without secrets.",
    ),
    "leave": ("retention:leave", "Let a shop leave: paused for good, its secrets and raw bodies removed."),
}


@click.group(cls=Lazy, elsewhere=ELSEWHERE)
def shop() -> None:
    """Make, show and change shops."""


@shop.command("add", cls=SettingsCommand)
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--name", required=True, help="The shop's name.")
@click.option("--url", required=True, help="Address of the shop, like https://shop.example.com.")
@click.option("--rest-key", default="", help="WooCommerce REST key (ck_…), with read and write rights.")
@click.option("--rest-secret", default="", help="Its secret (cs_…).")
@click.option("--webhook-secret", help="Secret of the webhooks; made for you when left out.")
@click.option("--test", is_flag=True, help="Start in test: series TEST, watermark, mail to the seller only.")
@with_options(*NUMBERING)
@with_new_services
@with_json
def add(
    services: Services,
    settings: tuple[str, ...],
    name: str,
    url: str,
    rest_key: str,
    rest_secret: str,
    webhook_secret: str | None,
    *,
    test: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a shop and print what its two webhooks need: the delivery URL and the secret.

    Settings are given by name, like `seller.address.country=BE rules=invoice:paid:send`, here or later with `facturelay shop set`. A shop
    that comes back, or has its bank account at another installation too, chooses its reference_digits.
    """
    allow_private, now = services.settings.allow_private_shops, services.now()
    shop_url = checked_shop_url(url, allow_private=allow_private)
    secret = checked_secret(webhook_secret) if webhook_secret is not None else shops.new_webhook_secret()
    with told_as_option():
        blank = shop_settings.blank_shop(now=now, test=test)
        made = shop_settings.new_shop(
            blank, {**parse_settings(settings), "name": name}, shop_url, allow_private=allow_private
        )
    with services.store.write() as connection:
        made = shop_settings.add_shop(
            connection,
            services.encryption,
            NewShop(made, Secrets((secret,), rest_key, rest_secret), numbering=numbering_of(options)),
            by=services.actor(ACTOR),
        )
    answer = {
        "id": made.shop_id,
        "delivery_url": delivery_url(services, made),
        "webhook_secret": secret,
        "missing": list(missing_of_seller(made)),
    }
    show(answer, as_json=as_json, text=lambda: how_to_connect(made, answer) + what_is_missing(made))


@shop.command("list")
@with_services
@with_json
def list_shops(services: Services, *, as_json: bool) -> None:
    """List the shops."""
    with services.store.read() as connection:
        found = shops.every(connection)
    names = ("name", "url", "test", "suspended", "closed")
    value = [{"id": one.shop_id, **{name: getattr(one, name) for name in names}} for one in found]
    rows = [("id", "name", "address", "state"), *((s.shop_id, s.name, s.url, state_of(s)) for s in found)]
    show(
        value,
        as_json=as_json,
        text=lambda: table(rows) if found else "There is no shop yet; `facturelay shop add` makes one.",
    )


@shop.command("show")
@of_shop
@with_services
@with_json
def show_shop(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Show one shop's settings. Secrets are never shown."""
    found = services.connected(shop_id)
    with services.store.read() as connection:
        coming = counters.next_numbers(connection, found.shop, today=services.today(found.shop))
    value = {
        **vars(found.shop),
        "delivery_url": delivery_url(services, found.shop),
        "has_rest_key": found.secrets.has_rest_key,
        "missing": list(missing_of_seller(found.shop)),
        "next_numbers": {str(kind): number for kind, number in coming.items()},
    }
    show(value, as_json=as_json, text=lambda: "\n".join(describe(found.shop, value)))


@shop.command("set", cls=SettingsCommand)
@of_shop
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--url", help="Address of the shop.")
@click.option("--rest-key", help="WooCommerce REST key (ck_…).")
@click.option("--rest-secret", help="Its secret (cs_…).")
@click.option("--live/--test", "live", default=None, help="Go live, or back to test.")
@click.option("--suspend/--resume", "suspend", default=None, help="Pause the shop: orders wait, nothing is lost.")
@with_options(*NUMBERING)
@with_services
@with_json
def set_shop(
    services: Services,
    shop_id: str,
    settings: tuple[str, ...],
    url: str | None,
    rest_key: str | None,
    rest_secret: str | None,
    *,
    live: bool | None,
    suspend: bool | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Change settings of a shop by name, like `vat.regime=exempt payment_days=14`; all of them or, when one is wrong, none.

    What is not named stays; documents already issued never change. A setting that holds a list is named again for each of
    its lines, like `orders.status_map=packed=processing orders.status_map=sent=completed`, and takes the place of the
    list that was there.

    --live starts the shop's real documents at this moment; orders from before stay tests, unless orders.since says otherwise.
    """
    if url is not None:
        url = checked_shop_url(url, allow_private=services.settings.allow_private_shops)
    changes = ShopChanges(
        settings=parse_settings(settings),
        url=url,
        numbering=numbering_of(options),
        suspended=suspend,
        live=live,
        rest_key=rest_key,
        rest_secret=rest_secret,
    )
    by = services.actor(ACTOR)
    with told_as_option():
        changed = shop_settings.change_shop(services, shop_id, changes, by=by)
    with services.store.write() as connection:
        shop_settings.vouch_for_senders(connection, changed.shop, before=changed.before, by=by)
    value = {"id": shop_id, "changed": list(changed.messages), "checklist": [vars(check) for check in changed.checks]}
    show(value, as_json=as_json, text=lambda: "\n".join(changed_lines(changed)))


def changed_lines(changed: ChangedShop) -> list[str]:
    shop = changed.shop
    lines = [f"{shop.name} is changed." if changed.messages else f"{shop.name} was so already."]
    if shop_secrets.REST_KEY_WITHHELD in changed.messages:
        lines.append(
            "The REST key was made for another address and was taken away: give it again, or connect the plugin."
        )
    lines += [f"  {'ok' if check.good else '! '}  {check.message}" for check in changed.checks]
    if changed.checks:
        since = f"{shop.orders.since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}"
        lines.append(f"{shop.name} is live. Orders placed before {since} make no documents by themselves.")
    return lines


@shop.command("rotate-secret")
@of_shop
@click.option("--webhook-secret", help="The new secret; made for you when left out.")
@with_services
@with_json
def rotate_secret(services: Services, shop_id: str, webhook_secret: str | None, *, as_json: bool) -> None:
    """Give the shop a new webhook secret. The one before still works until the next rotation."""
    found = services.connected(shop_id)
    given = checked_secret(webhook_secret) if webhook_secret is not None else ""
    secret = shop_secrets.rotate_webhook_secret(services, shop_id, secret=given, by=services.actor(ACTOR))
    answer = {"id": shop_id, "delivery_url": delivery_url(services, found.shop), "webhook_secret": secret}
    show(answer, as_json=as_json, text=lambda: how_to_replace_secret(found.shop, answer))


@shop.command("try-now")
@of_shop
@with_services
@with_json
def try_now(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Ask a shop's servers again that are left in peace because they did not answer."""
    services.connected(shop_id)
    count = services.act(lambda connection: roads.try_now(connection, shop_id, by=services.actor(ACTOR)))
    show(
        {"asked_again": count},
        as_json=as_json,
        text=lambda: f"{counted(count, 'server is', 'servers are')} asked again.",
    )


def delivery_url(services: Services, shop: Shop) -> str:
    return f"{services.settings.public_url}/webhooks/{shop.shop_id}"


def how_to_replace_secret(shop: Shop, answer: Mapping[str, Any]) -> str:
    return (
        f"{webhook_of(shop, answer)}\n\n"
        "Give this secret to both webhooks in WooCommerce → Settings → Advanced → Webhooks; the one before works until the next rotation.\n"
        "With the plugin there is no need to: its Reconnect makes webhooks with a secret of their own."
    )


def webhook_of(shop: Shop, answer: Mapping[str, Any]) -> str:
    return (
        f"{shop.name}\n  id              {answer['id']}\n  delivery URL    {answer['delivery_url']}\n"
        f"  webhook secret  {answer['webhook_secret']}"
    )


def how_to_connect(shop: Shop, answer: Mapping[str, Any]) -> str:
    return (
        f"{webhook_of(shop, answer)}\n\n"
        "In WooCommerce → Settings → Advanced → Webhooks make two webhooks, “Order created” and “Order updated”,\n"
        "both active, with this delivery URL and this secret."
    )


def what_is_missing(shop: Shop) -> str:
    missing = ", ".join(map(str, missing_of_seller(shop)))
    return (
        f"\n\nUntil the seller is complete every order waits as a draft. The seller still lacks: {missing}. Fill it in by "
        "`facturelay shop set` (--help lists the settings)."
        if missing
        else ""
    )


def state_of(shop: Shop) -> str:
    if shop.closed:
        return "closed"
    state = "test" if shop.test else "live"
    return f"{state}, paused" if shop.suspended else state


def describe(shop: Shop, value: dict[str, Any]) -> list[str]:
    rows = [
        ("id", shop.shop_id),
        ("state", state_of(shop)),
        ("address", shop.url),
        ("delivery URL", str(value["delivery_url"])),
        ("REST key", "there" if value["has_rest_key"] else "missing: credit notes and order notes need it"),
        ("rules", ", ".join(str(rule) for rule in shop.rules)),
        ("credit notes", shop.credit_notes),
        ("orders since", f"{shop.orders.since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}"),
        ("seller", f"{shop.seller.name}, {shop.seller.vat_number or shop.seller.enterprise_number}"),
        ("missing", ", ".join(map(str, value["missing"])) or "nothing"),
        ("next numbers", ", ".join(value["next_numbers"].values()) + (" (once it is live)" if shop.test else "")),
    ]
    return [shop.name, table([(f"  {name}", text) for name, text in rows])]
