"""`facturelay shop …`: make, show and change shops."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from worker.actions import shop_settings
from worker.actions.go_live import next_numbers
from worker.actions.shop_settings import ChangedShop, NumberingChanges, ShopChanges
from worker.cli.common import ACTOR, Lazy, open_services, show, table, with_data, with_json
from worker.domain import settings_form
from worker.domain.completeness import missing_of_seller
from worker.domain.document import Kind, SendMode
from worker.domain.language import BUSINESS_LANGUAGES
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import Shop, VatRegime
from worker.errors import InvalidValue, Rejected
from worker.net.guarded_http import resolve_addresses
from worker.services import Services
from worker.store import shops
from worker.store.shops import ConnectedShop, Secrets

F = TypeVar("F", bound=Callable[..., Any])

# By their values: click would take the names of an enum's members, in capitals.
KINDS = click.Choice([kind.value for kind in Kind])
# The actor in the audit trail for whoever uses the command line.

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


def setting_option(declaration: str, setting: str, help_text: str, **more: Any) -> Callable[[F], F]:
    """An option for a setting of `settings_form.FIELDS`; its value arrives under the setting's name, with __ for dots."""
    return click.option(declaration, setting.replace(".", "__"), help=help_text, **more)


def is_services(_context: click.Context, _option: click.Parameter, value: str | None) -> bool | None:
    return None if value is None else value == "services"


RULE_AND_SELLER = (
    setting_option("--rule", "rules", "kind:moment:send or kind:moment:draft, perhaps with conditions, like "
                   "invoice:paid:send:buyer=business,country=BE|NL,method=bacs,minimum=50; repeat for several rules.",
                   multiple=True),
    setting_option("--seller-name", "seller.name", "Company name."),
    setting_option("--seller-legal-form", "seller.legal_form", "Legal form, like BV or SRL."),
    setting_option("--sole-trader/--company", "seller.sole_trader", "Whether the seller is a natural person, without legal "
                   "form and register.", default=None),
    setting_option("--seller-street", "seller.address.street", "Street and number."),
    setting_option("--seller-postcode", "seller.address.postcode", "Postcode."),
    setting_option("--seller-city", "seller.address.city", "City."),
    setting_option("--seller-country", "seller.address.country", "Country as two letters, like BE."),
    setting_option("--seller-vat", "seller.vat_number", "VAT number with its country, like BE0123456749."),
    setting_option("--seller-kbo", "seller.enterprise_number", "Enterprise number (KBO/BCE), ten digits."),
    setting_option("--seller-register", "seller.register", "Register of legal persons, like “RPR Gent”."),
    setting_option("--seller-email", "seller.email", "E-mail address on documents, and sender of mails."),
    setting_option("--seller-phone", "seller.phone", "Phone number."),
    setting_option("--seller-website", "seller.website", "Web site."),
    setting_option("--iban", "seller.iban", "Bank account."),
    setting_option("--bic", "seller.bic", "BIC of the bank."),
)  # fmt: skip
OTHER_SETTINGS = (
    setting_option("--status", "orders.status_map", "Treat a custom order status like one of WooCommerce's, like "
                   "await-ship=processing.", multiple=True, metavar="CUSTOM=STATUS"),
    setting_option("--pending-counts/--pending-waits", "orders.pending_is_placed",
                   "Whether a pending order counts as created.", default=None),
    setting_option("--exchange-rate", "exchange_rates", "Units of a currency for 1 EUR, like USD=1.0831; without one the "
                   "European Central Bank's is used.", multiple=True, metavar="CURRENCY=RATE"),
    setting_option("--sells", "vat.sells_services", "What is sold to other EU countries.",
                   type=click.Choice(["goods", "services"]), callback=is_services),
    setting_option("--oss/--no-oss", "vat.oss", "Whether the seller declares consumers in other EU countries in the One Stop "
                   "Shop; not until it is said.", default=None),
    setting_option("--oss-since", "vat.oss_since", "The first day of that, like 2026-07-01; without one for every order.",
                   metavar="DAY"),
    setting_option("--without-vat", "vat.zero_reasons", "Something sold without VAT and why, like “tax class zero-rate = "
                   "zero_rated” or “name Statiegeld* = packaging”.", multiple=True, metavar="TEXT"),
    setting_option("--vat-as-charged/--vat-exact", "vat.as_charged", "Keep VAT as WooCommerce charged it where it is "
                   "within a cent, or base times rate (default).", default=None),
    setting_option("--vies-wait-hours", "vat.vies_wait_hours", "How long an invoice without VAT to another member state waits "
                   "when VIES does not answer; 0: a draft at once.", type=click.IntRange(0, 240)),
    setting_option("--credit-notes", "credit_notes", "Whether credit notes are sent or kept as drafts.",
                   type=click.Choice([mode.value for mode in SendMode])),
    setting_option("--orders-since", "orders.since", "Orders placed before this day or instant make nothing (default: now)."),
    setting_option("--language", "language", "Language where an order tells none.", type=click.Choice(["nl", "fr", "de", "en"])),
    setting_option("--business-language", "business_language", "Language of invoices to businesses: that of the region of the seller's "
                   "seat, the customer's, or always one.", type=click.Choice(list(BUSINESS_LANGUAGES))),
    setting_option("--zone", "zone", "Time zone of the seller, like Europe/Brussels."),
    setting_option("--vat-regime", "vat.regime", "How the seller is registered for VAT.",
                   type=click.Choice([regime.value for regime in VatRegime])),
    setting_option("--payment-days", "payment_days", "Days until an unpaid invoice is due.", type=click.IntRange(0, 365)),
    setting_option("--payment-terms", "payment_terms", "Sell a payment method on account, like invoice_gateway=30 days, or count "
                   "its completed orders as paid, like klarna=paid.", multiple=True, metavar="METHOD=TERMS"),
    setting_option("--mail-from", "mail.sender", "Sender of mails, if not the seller's address."),
    setting_option("--mail-bcc", "mail.bcc", "An address that gets a copy of each mail."),
    setting_option("--accent", "branding.accent", "Colour of documents, like #0f766e."),
)  # fmt: skip
NUMBERING = (
    click.option("--pattern", "patterns", multiple=True, metavar="KIND=PATTERN",
                 help="How numbers look, like invoice=F{year}-{number:05d}; repeat for several kinds."),
    click.option("--series", "series_names", multiple=True, metavar="KIND=NAME",
                 help="Count a kind in a series, like credit_note=sales; kinds in one series share its numbers and pattern."),
    click.option("--yearly", multiple=True, type=KINDS, help="Start a kind's series at 1 again each year."),
    click.option("--never-reset", multiple=True, type=KINDS, help="Let a kind's series go on over the years."),
    click.option("--continue-after", multiple=True, metavar="KIND=NUMBER",
                 help="The last number given elsewhere, like invoice=115: the next is 116."),
)  # fmt: skip


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


@shop.command("add")
@click.option("--name", required=True, help="The shop's name.")
@click.option("--url", required=True, help="Address of the shop, like https://shop.example.com.")
@click.option("--rest-key", default="", help="WooCommerce REST key (ck_…), with read and write rights.")
@click.option("--rest-secret", default="", help="Its secret (cs_…).")
@click.option("--webhook-secret", help="Secret of the webhooks; made for you when left out.")
@click.option("--test", is_flag=True, help="Start in test: series TEST, watermark, mail to the seller only.")
@with_options(*RULE_AND_SELLER, *OTHER_SETTINGS, *NUMBERING)
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
    **options: Any,
) -> None:
    """Make a shop and print what its two webhooks need: the delivery URL and the secret."""
    services = open_services(data)
    allow_private, now = services.settings.allow_private_shops, services.now()
    shop_url = checked_shop_url(url, allow_private=allow_private)
    secret = checked_secret(webhook_secret) if webhook_secret is not None else shops.new_webhook_secret()
    settings = {"name": name, **settings_of(options)}
    with told_as_option():
        made = shop_settings.new_shop(settings, shop_url, test=test, allow_private=allow_private, now=now)
    with services.store.write() as connection:
        made = shop_settings.add_shop(
            connection,
            services.encryption,
            made,
            Secrets((secret,), rest_key, rest_secret),
            numbering=numbering_of(options),
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
        **vars(found.shop),
        "delivery_url": delivery_url(services, found.shop),
        "has_rest_key": found.secrets.has_rest,
        "missing": list(missing_of_seller(found.shop)),
        "next_numbers": {str(kind): number for kind, number in coming.items()},
    }
    show(value, as_json=as_json, text=lambda: "\n".join(describe(found.shop, value)))


@shop.command("set", epilog="\b\nSettings:\n" + "\n".join(f"  {name}" for name in settings_form.FIELDS))
@click.argument("shop_id")
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--name", help="The shop's name.")
@click.option("--url", help="Address of the shop.")
@click.option("--rest-key", help="WooCommerce REST key (ck_…).")
@click.option("--rest-secret", help="Its secret (cs_…).")
@click.option("--live/--test", "live", default=None, help="Go live, or back to test.")
@click.option("--suspend/--resume", "suspend", default=None, help="Pause the shop: orders wait, nothing is lost.")
@with_options(*RULE_AND_SELLER, *NUMBERING)
@with_data
@with_json
def set_shop(
    shop_id: str,
    settings: tuple[str, ...],
    name: str | None,
    url: str | None,
    rest_key: str | None,
    rest_secret: str | None,
    *,
    live: bool | None,
    suspend: bool | None,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Change settings of a shop by name, like `vat.regime=exempt payment_days=14`; all of them or, when one is wrong, none.

    What is not named stays; documents already issued never change. A setting that holds a list is named again for each of
    its lines, like `orders.status_map=packed=processing orders.status_map=sent=completed`, and takes the place of the
    list that was there.

    --live starts the shop's real documents at this moment; orders from before stay tests, unless orders.since says otherwise.
    """
    services = open_services(data)
    if url is not None:
        url = checked_shop_url(url, allow_private=services.settings.allow_private_shops)
    changes = ShopChanges(
        settings={**({"name": name} if name else {}), **settings_of(options), **parse_settings(settings)},
        url=url,
        numbering=numbering_of(options),
        suspended=suspend,
        live=live,
        rest_key=rest_key,
        rest_secret=rest_secret,
    )
    with told_as_option():
        changed = shop_settings.change_shop(services, shop_id, changes, by=services.actor(ACTOR))
    value = {
        "id": shop_id,
        "changed": list(changed.messages),
        "checklist": [vars(check) for check in changed.checks],
    }
    show(value, as_json=as_json, text=lambda: "\n".join(changed_lines(changed)))


def changed_lines(changed: ChangedShop) -> list[str]:
    shop = changed.shop
    lines = [f"{shop.name} is changed." if changed.messages else f"{shop.name} was so already."]
    lines += [f"  {'ok' if check.good else '! '}  {check.message}" for check in changed.checks]
    if changed.checks:
        since = f"{shop.orders.since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}"
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
    secret = shop_settings.rotate_webhook_secret(services, shop_id, secret=given, by=services.actor(ACTOR))
    answer = {"id": shop_id, "delivery_url": delivery_url(services, found.shop), "webhook_secret": secret}
    show(answer, as_json=as_json, text=lambda: how_to_connect(found.shop, answer))


def find_shop(services: Services, shop_id: str) -> ConnectedShop:
    return services.connected(shop_id)


@contextmanager
def told_as_option() -> Iterator[None]:
    """Tell a wrong setting as a wrong option of the command."""
    try:
        yield
    except WrongSettings as error:
        raise Rejected(str(error), code="option_wrong") from error


def settings_of(options: dict[str, Any]) -> dict[str, str]:
    """The settings that options name, as a form would say them."""
    names = {name.replace(".", "__"): name for name in settings_form.FIELDS}
    given = {names[option]: value for option, value in options.items() if option in names and value not in (None, ())}
    return {name: as_text(value) for name, value in given.items()}


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "\n".join(value) if isinstance(value, tuple) else str(value)


def parse_settings(texts: tuple[str, ...]) -> dict[str, str]:
    """Read `vat.regime=exempt`; a name that comes again adds a line."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in settings_form.FIELDS:
            near = difflib.get_close_matches(name, settings_form.FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else "--help names all settings."
            raise Rejected(f"“{text}” does not say a setting like vat.regime=exempt; {hint}", code="option_wrong")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def numbering_of(options: dict[str, Any]) -> NumberingChanges:
    starts = by_kind(options["continue_after"], "continue-after", "invoice=115")
    try:
        after = {kind: shop_settings.parse_last_number(text) for kind, text in starts.items()}
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    return NumberingChanges(
        names=by_kind(options["series_names"], "series", "credit_note=sales"),
        patterns=by_kind(options["patterns"], "pattern", "invoice=F{year}-{number:05d}"),
        yearly={
            **dict.fromkeys(map(Kind, options["yearly"]), True),
            **dict.fromkeys(map(Kind, options["never_reset"]), False),
        },
        continue_after=after,
    )


def by_kind(texts: tuple[str, ...], option: str, example: str) -> dict[Kind, str]:
    """Read `invoice=…` into what it says for each kind."""
    found = {}
    for text in texts:
        kind, equals, value = text.partition("=")
        if not equals or not value or kind not in list(Kind):
            kinds = ", ".join(Kind)
            raise Rejected(
                "“{text}” does not say which kind; write it like --{option} {example}. The kinds are {kinds}.",
                text=text,
                option=option,
                example=example,
                kinds=kinds,
                code="option_wrong",
            )
        found[Kind(kind)] = value.strip()
    return found


def checked_shop_url(text: str, *, allow_private: bool) -> str:
    try:
        url = settings_form.read_shop_url(text, allow_private=allow_private)
    except InvalidValue as error:
        raise Rejected(error.message, code="shop_url_wrong") from error
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


def how_to_connect(shop: Shop, answer: Mapping[str, Any]) -> str:
    return (
        f"{shop.name}\n  id              {answer['id']}\n  delivery URL    {answer['delivery_url']}\n"
        f"  webhook secret  {answer['webhook_secret']}\n\n"
        "In WooCommerce → Settings → Advanced → Webhooks make two webhooks, “Order created” and “Order updated”,\n"
        "both active, with this delivery URL and this secret."
    )


def what_is_missing(shop: Shop) -> str:
    missing = ", ".join(map(str, missing_of_seller(shop)))
    return (
        f"\n\nUntil the seller is complete every order waits as a draft. Still missing: {missing}." if missing else ""
    )


def describe(shop: Shop, value: dict[str, Any]) -> list[str]:
    rows = [
        ("id", shop.shop_id),
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
