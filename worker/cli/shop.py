"""`facturelay shop …`: make, show and change shops."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from worker.cli.common import Lazy, open_services, show, table, with_data, with_json
from worker.domain.changes import changes
from worker.domain.document import Kind, SendMode
from worker.domain.numbering import arranged
from worker.domain.party import Seller
from worker.domain.shop import DEFAULT_RULES, Rule, Shop, VatRegime
from worker.errors import Rejected
from worker.going_live import Check, checklist, next_numbers
from worker.going_live import live as gone_live
from worker.outbound import checked_addresses
from worker.services import Services
from worker.store import codec, numbering, shops, trail
from worker.store.shops import Connected, Secrets
from worker.store.trail import Event

F = TypeVar("F", bound=Callable[..., Any])

SELLER_OPTIONS = {
    "seller_name": ("name", "Company name."),
    "seller_legal_form": ("legal_form", "Legal form, like BV or SRL."),
    "seller_street": ("street", "Street and number."),
    "seller_postcode": ("postcode", "Postcode."),
    "seller_city": ("city", "City."),
    "seller_country": ("country", "Country as two letters, like BE."),
    "seller_vat": ("vat_number", "VAT number with its country, like BE0123456749."),
    "seller_kbo": ("enterprise_number", "Enterprise number (KBO/BCE), ten digits."),
    "seller_register": ("register", "Register of legal persons, like “RPR Gent”."),
    "seller_email": ("email", "E-mail address on documents, and sender of mails."),
    "seller_phone": ("phone", "Phone number."),
    "seller_website": ("website", "Web site."),
    "iban": ("iban", "Bank account."),
    "bic": ("bic", "BIC of the bank."),
}
ADDRESS_FIELDS = ("street", "postcode", "city", "country")
# By their values: click would take the names of an enum's members, in capitals.
KINDS = click.Choice([kind.value for kind in Kind])
# What the trail calls whoever sits at the command line.
PERSON = "command line"


ELSEWHERE = {
    "invite": "invite:invite",
    "logo": "look:logo",
    "layout": "look:layout",
    "export": "keeping:export",
    "leave": "keeping:leave",
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
        made = shops.add(connection, services.vault, made, secrets, now=now)
        made = with_numbers(connection, made, given, today=now.astimezone(made.zoneinfo).date())
        shops.change(connection, made)
        record(connection, services, made, "shop_made", f"{made.name} was made.")
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
    found = find(services, shop_id)
    with services.store.read() as connection:
        coming = next_numbers(connection, found.shop, now=services.now())
    value = {
        **json.loads(codec.dump(found.shop)),
        "delivery_url": delivery_url(services, found.shop),
        "has_rest_key": found.secrets.has_rest,
        "missing": list(found.shop.seller.missing()),
        "next_numbers": {str(kind): number for kind, number in coming.items()},
    }
    show(value, as_json=as_json, text=lambda: "\n".join(described(found.shop, value)))


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
    checks: tuple[Check, ...] = ()
    with services.store.write() as connection:
        numbering.lock(connection, shop_id)
        found = shops.connected(connection, services.vault, shop_id)
        changed = with_given(found.shop, given)
        changed = replace(changed, name=name or changed.name, url=url or changed.url)
        changed = replace(changed, suspended=changed.suspended if suspend is None else suspend)
        changed = with_numbers(connection, changed, given, today=services.now().astimezone(changed.zoneinfo).date())
        if live is False:
            changed = replace(changed, test=True)
        if live and found.shop.test:
            checks = checklist(connection, services, changed)
            since = changed.orders_since if given["orders_since"] is not None else services.now()
            changed = gone_live(changed, checks, since=since)
        told = [*changes(found.shop, changed), *change_keys(connection, services, found, rest_key, rest_secret)]
        shops.change(connection, changed)
        if told:
            record(connection, services, changed, "settings_changed", "; ".join(told) + ".")
    value = {"id": shop_id, "changed": told, "checklist": [vars(check) for check in checks]}
    show(value, as_json=as_json, text=lambda: "\n".join(changed_lines(changed, told, checks)))


def change_keys(
    connection: Connection, services: Services, found: Connected, rest_key: str | None, rest_secret: str | None
) -> list[str]:
    """Store a new REST key where one was given; the trail learns that, and nothing else."""
    old = found.secrets
    new = replace(
        old,
        rest_key=old.rest_key if rest_key is None else rest_key,
        rest_secret=old.rest_secret if rest_secret is None else rest_secret,
    )
    if new == old:
        return []
    shops.change_secrets(connection, services.vault, found.shop.shop_id, new)
    return ["the REST key was changed" if new.has_rest else "the REST key was taken away"]


def changed_lines(shop: Shop, told: list[str], checks: tuple[Check, ...]) -> list[str]:
    lines = [f"{shop.name} is changed." if told else f"{shop.name} was so already."]
    lines += [f"  {'ok' if check.good else '! '}  {check.sentence}" for check in checks]
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
    found = find(services, shop_id)
    secret = checked_secret(webhook_secret) if webhook_secret is not None else shops.new_webhook_secret()
    with services.store.write() as connection:
        shops.rotate_webhook_secret(connection, services.vault, shop_id, secret)
        sentence = "The webhook secret was replaced; the one before it works until the next time."
        record(connection, services, found.shop, "secret_rotated", sentence)
    answer = {"id": shop_id, "delivery_url": delivery_url(services, found.shop), "webhook_secret": secret}
    show(answer, as_json=as_json, text=lambda: how_to_connect(found.shop, answer))


def find(services: Services, shop_id: str) -> Connected:
    with services.store.read() as connection:
        return shops.connected(connection, services.vault, shop_id)


def as_it_is(_shop: Shop, value: Any) -> Any:
    return value


# Option → the field of Shop it sets, and how its text is read. In this order: the zone counts for the days after it.
READERS: dict[str, tuple[str, Callable[[Shop, Any], Any]]] = {
    "zone": ("zone", lambda _, text: checked_zone(text)),
    "orders_since": ("orders_since", lambda shop, text: instant(text, zone=shop.zone)),
    "rules": ("rules", lambda _, texts: tuple(map(Rule.parse, texts))),
    "statuses": ("status_map", lambda shop, texts: {**shop.status_map, **dict(map(checked_status, texts))}),
    "exchange_rates": ("exchange_rates", lambda shop, texts: {**shop.exchange_rates, **dict(map(checked_rate, texts))}),
    "credit_notes": ("credit_notes", lambda _, text: SendMode(text)),
    "vat_regime": ("vat_regime", lambda _, text: VatRegime(text)),
    "sells": ("sells_services", lambda _, text: text == "services"),
    "accent": ("accent", lambda _, text: checked_colour(text)),
    **{
        name: (name, as_it_is)
        for name in ("language", "payment_days", "mail_from", "mail_bcc", "pending_counts", "oss", "vat_as_charged")
    },
}


def with_given(shop: Shop, given: dict[str, Any]) -> Shop:
    """*shop* with the options that were given. Raises Rejected with a sentence for a wrong one."""
    changed = replace(shop, seller=with_seller(shop.seller, given))
    try:
        for option, (field, read) in READERS.items():
            if given[option] not in (None, ()):
                changed = replace(changed, **{field: read(changed, given[option])})
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    return changed


def with_numbers(connection: Connection, shop: Shop, given: dict[str, Any], *, today: date) -> Shop:
    """*shop* with the numbering options that were given; its counters are set in the same transaction."""
    names = by_kind(given["series_names"], "series", "credit_note=sales")
    patterns = by_kind(given["patterns"], "pattern", "invoice=F{year}-{number:05d}")
    starts = by_kind(given["continue_after"], "continue-after", "invoice=115")
    yearly = dict.fromkeys(map(Kind, given["yearly"]), True)
    yearly |= dict.fromkeys(map(Kind, given["never_reset"]), False)
    if not (names or patterns or starts or yearly):
        return shop
    try:
        wanted = arranged(shop.series, names=names, patterns=patterns, yearly=yearly)
        after = {kind: last_number(text) for kind, text in starts.items()}
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    return numbering.arrange(connection, shop, wanted, continue_after=after, today=today)


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


def last_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"“{text}” is not a number to continue after; write it like invoice=115")
    return int(text)


def record(connection: Connection, services: Services, shop: Shop, code: str, sentence: str) -> None:
    trail.add(connection, Event(shop.shop_id, services.now(), PERSON, code, sentence))


def with_seller(seller: Seller, given: dict[str, Any]) -> Seller:
    changes = {
        field: given[option].strip() for option, (field, _) in SELLER_OPTIONS.items() if given[option] is not None
    }
    for field in ("vat_number", "enterprise_number", "iban", "bic"):
        if field in changes:
            changes[field] = re.sub(r"[\s.]", "", changes[field]).upper()
    if "country" in changes:
        changes["country"] = changes["country"].upper()
    address = {field: changes.pop(field) for field in ADDRESS_FIELDS if field in changes}
    return replace(seller, address=replace(seller.address, **address), **changes)


def checked_shop_url(text: str, *, allow_private: bool) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Rejected(
            f"“{text}” is not a shop's address; write it like https://shop.example.com", code="shop_url_wrong"
        )
    if not allow_private:
        if parts.scheme == "http":
            raise Rejected(f"{text} is not encrypted; keys and orders travel over https only.", code="shop_url_http")
        checked_addresses(parts.hostname, parts.port or 443, allow_private=False)
    return text.rstrip("/")


def checked_secret(text: str) -> str:
    if not text:
        raise Rejected(
            "The webhook secret is empty; leave the option out and one is made for you.", code="secret_empty"
        )
    return text


def checked_status(text: str) -> tuple[str, str]:
    """Read `await-ship=processing`. Raises ValueError with a sentence."""
    custom, _, status = text.partition("=")
    known = ("pending", "on-hold", "processing", "completed", "cancelled", "refunded", "failed")
    if not custom or status not in known:
        raise ValueError(
            f"“{text}” is not a status; write it like await-ship=processing, with one of {', '.join(known)}"
        )
    return custom.removeprefix("wc-"), status


def checked_rate(text: str) -> tuple[str, Decimal]:
    """Read `USD=1.0831`. Raises ValueError with a sentence."""
    found = re.fullmatch(r"([A-Z]{3})=(\d{1,9}(?:\.\d{1,6})?)", text)
    if found is None or found[1] == "EUR" or not Decimal(found[2]):
        raise ValueError(f"“{text}” is not an exchange rate; write it like USD=1.0831: units of the currency for 1 EUR")
    return found[1], Decimal(found[2])


def checked_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f"“{text}” is not a time zone; write it like Europe/Brussels") from error


def checked_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"“{text}” is not a colour; write it like #0f766e")
    return text


def instant(text: str, *, zone: str) -> datetime:
    """Read a day or an instant; without an offset it is meant in *zone*."""
    try:
        if len(text) == len("2026-11-22"):
            found = datetime.combine(date.fromisoformat(text), datetime.min.time())
        else:
            found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"“{text}” is not a day; write it like 2026-11-22") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def delivery_url(services: Services, shop: Shop) -> str:
    return f"{services.settings.public_url}/webhooks/{shop.shop_id}"


def how_to_connect(shop: Shop, answer: dict[str, str]) -> str:
    return (
        f"{shop.name}\n  id              {answer['id']}\n  delivery URL    {answer['delivery_url']}\n"
        f"  webhook secret  {answer['webhook_secret']}\n\n"
        "In WooCommerce → Settings → Advanced → Webhooks make two webhooks, “Order created” and “Order updated”,\n"
        "both active, with this delivery URL and this secret."
    )


def described(shop: Shop, value: dict[str, Any]) -> list[str]:
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
