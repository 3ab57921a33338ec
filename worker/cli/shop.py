"""`facturelay shop …`: make, show and change shops."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from sqlalchemy import Connection

from worker.actions import shop_settings
from worker.actions.go_live import ReadinessCheck, checklist, next_numbers
from worker.actions.go_live import make_live as gone_live
from worker.cli.common import Lazy, open_services, show, table, with_data, with_json
from worker.domain import settings_form
from worker.domain.document import Kind, SendMode
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import DEFAULT_RULES, Shop, VatRegime
from worker.errors import Rejected
from worker.net.guarded_http import resolve_addresses
from worker.services import Services
from worker.store import audit_trail, counters, shops
from worker.store.audit_trail import AuditEntry
from worker.store.database import json_codec
from worker.store.shops import ConnectedShop, Secrets

F = TypeVar("F", bound=Callable[..., Any])

SELLER_OPTIONS = {
    "seller_name": ("name", "Company name."),
    "seller_legal_form": ("legal_form", "Legal form, like BV or SRL."),
    "seller_street": ("address.street", "Street and number."),
    "seller_postcode": ("address.postcode", "Postcode."),
    "seller_city": ("address.city", "City."),
    "seller_country": ("address.country", "Country as two letters, like BE."),
    "seller_vat": ("vat_number", "VAT number with its country, like BE0123456749."),
    "seller_kbo": ("enterprise_number", "Enterprise number (KBO/BCE), ten digits."),
    "seller_register": ("register", "Register of legal persons, like “RPR Gent”."),
    "seller_email": ("email", "E-mail address on documents, and sender of mails."),
    "seller_phone": ("phone", "Phone number."),
    "seller_website": ("website", "Web site."),
    "iban": ("iban", "Bank account."),
    "bic": ("bic", "BIC of the bank."),
}
# By their values: click would take the names of an enum's members, in capitals.
KINDS = click.Choice([kind.value for kind in Kind])
# What the trail calls whoever sits at the command line.
ACTOR = "command line"


ELSEWHERE = {
    "invite": "plugin_code:invite",
    "logo": "branding:logo",
    "layout": "branding:layout",
    "export": "retention:export",
    "leave": "retention:leave",
}


@click.group(cls=Lazy, elsewhere=ELSEWHERE)
def shop() -> None:
    """Make, show and change shops."""


def with_settings(command: F) -> F:
    """The settings that `add` and `set` share."""
    options = [
        click.option(
            "--rule",
            "rules",
            multiple=True,
            help="kind:moment:send or kind:moment:draft, perhaps with conditions, like "
            "invoice:paid:send:buyer=business,country=BE|NL,method=bacs,minimum=50; repeat for several rules.",
        ),
        click.option(
            "--status",
            "statuses",
            multiple=True,
            metavar="CUSTOM=STATUS",
            help="Treat a custom order status like one of WooCommerce's, like await-ship=processing.",
        ),
        click.option(
            "--pending-counts/--pending-waits", default=None, help="Whether a pending order counts as created."
        ),
        click.option(
            "--exchange-rate",
            "exchange_rates",
            multiple=True,
            metavar="CURRENCY=RATE",
            help="Units of a currency for 1 EUR, like USD=1.0831; without one the European Central Bank's is used.",
        ),
        click.option("--sells", type=click.Choice(["goods", "services"]), help="What is sold to other EU countries."),
        click.option("--oss/--no-oss", default=None, help="Whether the seller uses the One Stop Shop for consumers."),
        click.option(
            "--vat-as-charged/--vat-exact",
            default=None,
            help="Keep VAT as WooCommerce charged it where it is within a cent, or base times rate (default).",
        ),
        click.option(
            "--credit-notes",
            type=click.Choice([mode.value for mode in SendMode]),
            help="Whether credit notes are sent or kept as drafts.",
        ),
        click.option("--orders-since", help="Orders placed before this day or instant make nothing (default: now)."),
        click.option(
            "--language", type=click.Choice(["nl", "fr", "de", "en"]), help="Language where an order tells none."
        ),
        click.option("--zone", help="Time zone of the seller, like Europe/Brussels."),
        click.option(
            "--vat-regime",
            type=click.Choice([regime.value for regime in VatRegime]),
            help="How the seller is registered for VAT.",
        ),
        click.option("--payment-days", type=click.IntRange(0, 365), help="Days until an unpaid invoice is due."),
        click.option("--mail-from", help="Sender of mails, if not the seller's address."),
        click.option("--mail-bcc", help="An address that gets a copy of each mail."),
        click.option("--accent", help="Colour of documents, like #0f766e."),
        click.option(
            "--pattern",
            "patterns",
            multiple=True,
            metavar="KIND=PATTERN",
            help="How numbers look, like invoice=F{year}-{number:05d}; repeat for several kinds.",
        ),
        click.option(
            "--series",
            "series_names",
            multiple=True,
            metavar="KIND=NAME",
            help="Count a kind in a series, like credit_note=sales; kinds in one series share its numbers and pattern.",
        ),
        click.option("--yearly", multiple=True, type=KINDS, help="Start a kind's series at 1 again each year."),
        click.option("--never-reset", multiple=True, type=KINDS, help="Let a kind's series go on over the years."),
        click.option(
            "--continue-after",
            multiple=True,
            metavar="KIND=NUMBER",
            help="The last number given elsewhere, like invoice=115: the next is 116.",
        ),
    ]
    options += [
        click.option(f"--{name.replace('_', '-')}", name, help=text) for name, (_, text) in SELLER_OPTIONS.items()
    ]
    for option in reversed(options):
        command = option(command)
    return command


@shop.command("add")
@click.option("--name", required=True, help="The shop's name.")
@click.option("--url", required=True, help="Address of the shop, like https://shop.example.com.")
@click.option("--rest-key", default="", help="WooCommerce REST key (ck_…), with read and write rights.")
@click.option("--rest-secret", default="", help="Its secret (cs_…).")
@click.option("--webhook-secret", help="Secret of the webhooks; made for you when left out.")
@click.option("--test", is_flag=True, help="Start in test: series TEST, watermark, mail to the seller only.")
@with_settings
@with_data
@with_json
def add(
    name: str,
    url: str,
    rest_key: str,
    rest_secret: str,
    webhook_secret: str | None,
    *,
    test: bool,
    data: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a shop and print what its two webhooks need: the delivery URL and the secret."""
    services = open_services(data)
    now = services.now()
    shop_url = checked_shop_url(url, allow_private=services.settings.allow_private_shops)
    made = Shop(shop_id=shops.new_shop_id(), name=name, url=shop_url, orders_since=now, rules=DEFAULT_RULES, test=test)
    made = with_given(made, given)
    secret = checked_secret(webhook_secret) if webhook_secret is not None else shops.new_webhook_secret()
    secrets = Secrets((secret,), rest_key, rest_secret)
    with services.store.write() as connection:
        made = shops.add(connection, services.encryption, made, secrets, now=now)
        made = with_numbers(connection, made, given, now=now)
        shops.change(connection, made)
        record(connection, services, made, "shop_created", f"{made.name} was made.")
    answer = {"id": made.shop_id, "delivery_url": delivery_url(services, made), "webhook_secret": secret}
    show(answer, as_json=as_json, text=lambda: how_to_connect(made, answer))


@shop.command("list")
@with_data
@with_json
def list_shops(data: Path | None, *, as_json: bool) -> None:
    """List the shops."""
    services = open_services(data)
    with services.store.read() as connection:
        found = shops.every(connection)
    value = [{"id": s.shop_id, "name": s.name, "url": s.url, "test": s.test, "suspended": s.suspended} for s in found]
    rows = [("id", "name", "address"), *((s.shop_id, s.name, s.url) for s in found)]
    show(
        value,
        as_json=as_json,
        text=lambda: table(rows) if found else "There is no shop yet; `facturelay shop add` makes one.",
    )


@shop.command("show")
@click.argument("shop_id")
@with_data
@with_json
def show_shop(shop_id: str, data: Path | None, *, as_json: bool) -> None:
    """Show one shop's settings. Secrets are never shown."""
    services = open_services(data)
    found = find_shop(services, shop_id)
    with services.store.read() as connection:
        coming = next_numbers(connection, found.shop, now=services.now())
    value = {
        **json.loads(json_codec.dump(found.shop)),
        "delivery_url": delivery_url(services, found.shop),
        "has_rest_key": found.secrets.has_rest,
        "missing": list(found.shop.seller.missing()),
        "next_numbers": {str(kind): number for kind, number in coming.items()},
    }
    show(value, as_json=as_json, text=lambda: "\n".join(describe(found.shop, value)))


@shop.command("set")
@click.argument("shop_id")
@click.option("--name", help="The shop's name.")
@click.option("--url", help="Address of the shop.")
@click.option("--rest-key", help="WooCommerce REST key (ck_…).")
@click.option("--rest-secret", help="Its secret (cs_…).")
@click.option("--live/--test", "live", default=None, help="Go live, or back to test.")
@click.option("--suspend/--resume", "suspend", default=None, help="Pause the shop: orders wait, nothing is lost.")
@with_settings
@with_data
@with_json
def set_shop(
    shop_id: str,
    name: str | None,
    url: str | None,
    rest_key: str | None,
    rest_secret: str | None,
    *,
    live: bool | None,
    suspend: bool | None,
    data: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change settings of a shop. What is not named stays; documents already issued never change.

    --live starts the shop's real documents at this moment; orders from before stay tests, unless --orders-since says otherwise.
    """
    services = open_services(data)
    if url is not None:
        url = checked_shop_url(url, allow_private=services.settings.allow_private_shops)
    checks: tuple[ReadinessCheck, ...] = ()
    with services.store.write() as connection:
        counters.lock(connection, shop_id)
        found = shops.get(connection, services.encryption, shop_id)
        changed = with_given(found.shop, given)
        changed = replace(changed, name=name or changed.name, url=url or changed.url)
        changed = replace(changed, suspended=changed.suspended if suspend is None else suspend)
        changed = with_numbers(connection, changed, given, now=services.now())
        if live is False:
            changed = replace(changed, test=True)
        if live and found.shop.test:
            operators = services.settings
            checks = checklist(
                connection,
                changed,
                smtp_url=operators.smtp_url,
                mail_from=operators.mail_from,
                now=services.now(),
            )
            since = changed.orders_since if given["orders_since"] is not None else services.now()
            changed = gone_live(changed, checks, since=since)
        change_messages = [
            *describe_changes(found.shop, changed),
            *shop_settings.store_rest_key(
                connection, services.encryption, found, rest_key=rest_key, rest_secret=rest_secret
            ),
        ]
        shops.change(connection, changed)
        if change_messages:
            shop_settings.record(connection, shop_id, tuple(change_messages), by=ACTOR, now=services.now())
    value = {"id": shop_id, "changed": change_messages, "checklist": [vars(check) for check in checks]}
    show(value, as_json=as_json, text=lambda: "\n".join(changed_lines(changed, change_messages, checks)))


def changed_lines(shop: Shop, change_messages: list[str], checks: tuple[ReadinessCheck, ...]) -> list[str]:
    lines = [f"{shop.name} is changed." if change_messages else f"{shop.name} was so already."]
    lines += [f"  {'ok' if check.good else '! '}  {check.message}" for check in checks]
    if checks:
        since = f"{shop.orders_since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}"
        lines.append(f"{shop.name} is live. Orders placed before {since} make no documents by themselves.")
    return lines


@shop.command("rotate-secret")
@click.argument("shop_id")
@click.option("--webhook-secret", help="The new secret; made for you when left out.")
@with_data
@with_json
def rotate_secret(shop_id: str, webhook_secret: str | None, data: Path | None, *, as_json: bool) -> None:
    """Give the shop a new webhook secret. The one before still works until the next rotation."""
    services = open_services(data)
    found = find_shop(services, shop_id)
    given = checked_secret(webhook_secret) if webhook_secret is not None else ""
    secret = shop_settings.rotate_webhook_secret(
        services.store, services.encryption, shop_id, secret=given, by=ACTOR, now=services.now()
    )
    answer = {"id": shop_id, "delivery_url": delivery_url(services, found.shop), "webhook_secret": secret}
    show(answer, as_json=as_json, text=lambda: how_to_connect(found.shop, answer))


def find_shop(services: Services, shop_id: str) -> ConnectedShop:
    with services.store.read() as connection:
        return shops.get(connection, services.encryption, shop_id)


# Option → the setting it is about, as `domain.settling` names it. Options that name one of several things add to them.
SETTINGS = {
    "zone": "zone",
    "orders_since": "orders_since",
    "rules": "rules",
    "statuses": "status_map",
    "exchange_rates": "exchange_rates",
    "credit_notes": "credit_notes",
    "vat_regime": "vat_regime",
    "sells": "sells_services",
    "accent": "accent",
    "language": "language",
    "payment_days": "payment_days",
    "mail_from": "mail_from",
    "mail_bcc": "mail_bcc",
    "pending_counts": "pending_counts",
    "oss": "oss",
    "vat_as_charged": "vat_as_charged",
    **{option: f"seller.{field}" for option, (field, _) in SELLER_OPTIONS.items()},
}
ADDED_TO = ("statuses", "exchange_rates")


def with_given(shop: Shop, given: dict[str, Any]) -> Shop:
    """*shop* with the options that were given. Raises Rejected with a sentence for a wrong one."""
    before = settings_form.settings_as_text(shop)
    texts = {}
    for option, name in SETTINGS.items():
        if given[option] not in (None, ()):
            texts[name] = as_text(option, given[option], there=before[name])
    try:
        return settings_form.apply_settings(shop, texts)
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error


def as_text(option: str, value: Any, *, there: str) -> str:
    """What an option says, as a form would."""
    if option == "sells":
        return "yes" if value == "services" else "no"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "\n".join([*([there] if option in ADDED_TO else []), *value])
    return str(value)


def with_numbers(connection: Connection, shop: Shop, given: dict[str, Any], *, now: datetime) -> Shop:
    """*shop* with the numbering options that were given; its counters are set in the same transaction."""
    starts = by_kind(given["continue_after"], "continue-after", "invoice=115")
    yearly = dict.fromkeys(map(Kind, given["yearly"]), True)
    yearly |= dict.fromkeys(map(Kind, given["never_reset"]), False)
    try:
        after = {kind: shop_settings.parse_last_number(text) for kind, text in starts.items()}
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    return shop_settings.with_numbering(
        connection,
        shop,
        names=by_kind(given["series_names"], "series", "credit_note=sales"),
        patterns=by_kind(given["patterns"], "pattern", "invoice=F{year}-{number:05d}"),
        yearly=yearly,
        continue_after=after,
        now=now,
    )


def by_kind(texts: tuple[str, ...], option: str, example: str) -> dict[Kind, str]:
    """Read `invoice=…` into what it says for each kind."""
    found = {}
    for text in texts:
        kind, equals, value = text.partition("=")
        if not equals or not value or kind not in list(Kind):
            kinds = ", ".join(Kind)
            raise Rejected(
                f"“{text}” does not say which kind; write it like --{option} {example}. The kinds are {kinds}.",
                code="option_wrong",
            )
        found[Kind(kind)] = value.strip()
    return found


def record(connection: Connection, services: Services, shop: Shop, code: str, message: str) -> None:
    audit_trail.add(connection, AuditEntry(shop.shop_id, services.now(), ACTOR, code, message))


def checked_shop_url(text: str, *, allow_private: bool) -> str:
    try:
        url = settings_form.read_shop_url(text, allow_private=allow_private)
    except ValueError as error:
        raise Rejected(str(error), code="shop_url_wrong") from error
    if not allow_private:
        parts = urlsplit(url)
        resolve_addresses(parts.hostname or "", parts.port or 443, allow_private=False)
    return url


def checked_secret(text: str) -> str:
    if not text:
        raise Rejected(
            "The webhook secret is empty; leave the option out and one is made for you.", code="secret_empty"
        )
    return text


def delivery_url(services: Services, shop: Shop) -> str:
    return f"{services.settings.public_url}/webhooks/{shop.shop_id}"


def how_to_connect(shop: Shop, answer: dict[str, str]) -> str:
    return (
        f"{shop.name}\n  id              {answer['id']}\n  delivery URL    {answer['delivery_url']}\n"
        f"  webhook secret  {answer['webhook_secret']}\n\n"
        "In WooCommerce → Settings → Advanced → Webhooks make two webhooks, “Order created” and “Order updated”,\n"
        "both active, with this delivery URL and this secret."
    )


def describe(shop: Shop, value: dict[str, Any]) -> list[str]:
    rows = [
        ("id", shop.shop_id),
        ("address", shop.url),
        ("delivery URL", str(value["delivery_url"])),
        ("REST key", "there" if value["has_rest_key"] else "missing: credit notes and order notes need it"),
        ("rules", ", ".join(str(rule) for rule in shop.rules)),
        ("credit notes", shop.credit_notes),
        ("orders since", f"{shop.orders_since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}"),
        ("seller", f"{shop.seller.name}, {shop.seller.vat_number or shop.seller.enterprise_number}"),
        ("missing", ", ".join(value["missing"]) or "nothing"),
        ("next numbers", ", ".join(value["next_numbers"].values()) + (" (once it is live)" if shop.test else "")),
    ]
    return [shop.name, table([(f"  {name}", text) for name, text in rows])]
