"""What `facturelay shop add` and `shop set` take: options, and settings by name."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from worker.actions import shop_settings
from worker.actions.shop_settings import NumberingChanges
from worker.domain import setting_readers, settings_form
from worker.domain.document import Kind, SendMode
from worker.domain.language import BUSINESS_LANGUAGES, SECOND_LANGUAGES
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import ConsumerInvoices, ConsumerPrices, DocumentedOrders, VatRegime
from worker.errors import InvalidValue, Rejected
from worker.net.guarded_http import resolve_addresses

F = TypeVar("F", bound=Callable[..., Any])


# By their values: click would take the names of an enum's members, in capitals.
KINDS = click.Choice([kind.value for kind in Kind])


def setting_option(declaration: str, setting: str, help_text: str, **more: Any) -> Callable[[F], F]:
    """An option for a setting of `settings_form.FIELDS`; its value arrives under the setting's name, with __ for dots."""
    return click.option(declaration, setting.replace(".", "__"), help=help_text, **more)


def is_services(_context: click.Context, _option: click.Parameter, value: str | None) -> bool | None:
    return None if value is None else value == "services"


RULE_AND_SELLER = (
    setting_option("--rule", "rules", "kind:moment:send or kind:moment:draft (created, paid, processing, completed, or a status of the shop's like "
                   "status=await-ship), perhaps with conditions, like invoice:paid:send:buyer=business,country=BE|NL,method=bacs,minimum=50 or order=suborder, category=Wijn|\"Brood, taart\", "
                   "tax_class=reduced-rate, shipping=local_pickup, coupon=ZOMER*; repeat for several rules.",
                   multiple=True),
    setting_option("--seller-name", "seller.name", "Legal name of the company."),
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
    setting_option("--seller-website", "seller.website", "Website."),
    setting_option("--iban", "seller.iban", "Bank account."),
    setting_option("--bic", "seller.bic", "BIC of the bank."),
)  # fmt: skip


OTHER_SETTINGS = (
    setting_option("--status", "orders.status_map", "Treat a custom order status like one of WooCommerce's, like "
                   "await-ship=processing.", multiple=True, metavar="CUSTOM=STATUS"),
    setting_option("--pending-counts/--pending-waits", "orders.pending_is_placed",
                   "Whether a pending order counts as created.", default=None),
    setting_option("--document", "orders.documented", "Where a marketplace plugin makes one more order for each vendor: "
                   "documents of the main orders (default), or of the suborders.",
                   type=click.Choice([chosen.value for chosen in DocumentedOrders])),
    setting_option("--own-field", "orders.own_fields", "What a field of the shop's own checkout holds, like _billing_btw_bis=vat_number; counts "
                   "before what is found by itself.", multiple=True, metavar="FIELD=MEANING"),
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
    setting_option("--vat-as-charged/--vat-exact", "vat.as_charged", "Keep VAT as WooCommerce charged it for businesses "
                   "too where it is within a cent, or base times rate (default).", default=None),
    setting_option("--foreign-number", "vat.foreign_numbers", "A VAT number of the seller's own in another country, like "
                   "“GB = GB123456789 since 2024-01-01”.", multiple=True, metavar="TEXT"),
    setting_option("--own-shipping-rate/--shipping-rate-of-goods", "vat.shipping_rate_is_right", "Whether shipping and fees rightly "
                   "have a VAT rate of their own, or that of the goods (default).", default=None),
    setting_option("--consumer-invoices", "consumer_invoices", "What a consumer gets where the law leaves the choice.",
                   type=click.Choice([chosen.value for chosen in ConsumerInvoices])),
    setting_option("--consumer-prices", "consumer_prices", "Whether documents show consumers prices with VAT; by itself where "
                   "the shop enters them so.", type=click.Choice([chosen.value for chosen in ConsumerPrices])),
    setting_option("--vies-wait-hours", "vat.vies_wait_hours", "How long an invoice without VAT to another member state waits "
                   "when VIES does not answer; 0: a draft at once.", type=click.IntRange(0, 240)),
    setting_option("--credit-notes", "credit_notes", "Whether credit notes are sent or kept as drafts.",
                   type=click.Choice([mode.value for mode in SendMode])),
    setting_option("--orders-since", "orders.since", "Orders placed before this day or instant make nothing (default: now)."),
    setting_option("--language", "language", "Language where an order tells none.", type=click.Choice(["nl", "fr", "de", "en"])),
    setting_option("--business-language", "business_language", "Language of invoices to businesses: that of the region of the seller's "
                   "seat, the customer's, or always one.", type=click.Choice(list(BUSINESS_LANGUAGES))),
    setting_option("--second-language", "second_language", "Say titles, heads and legal sentences of documents in a second language "
                   "too.", type=click.Choice(list(SECOND_LANGUAGES))),
    setting_option("--show-discounts/--hide-discounts", "shows_discounts", "Say below each line of a document what a coupon took off "
                   "it.", default=None),
    setting_option("--factur-x/--no-factur-x", "factur_x", "Put the figures into the PDF for businesses in Germany and France, as "
                   "Factur-X (ZUGFeRD).", default=None),
    setting_option("--zone", "zone", "Time zone of the seller, like Europe/Brussels."),
    setting_option("--vat-regime", "vat.regime", "How the seller is registered for VAT.",
                   type=click.Choice([regime.value for regime in VatRegime])),
    setting_option("--payment-days", "payment_days", "Days until an unpaid invoice is due.", type=click.IntRange(0, 365)),
    setting_option("--payment-terms", "payment_terms", "Sell a payment method on account, like invoice_gateway=30 days, or count "
                   "its completed orders as paid, like klarna=paid.", multiple=True, metavar="METHOD=TERMS"),
    setting_option("--set-orders-paid/--leave-orders-unpaid", "sets_orders_paid", "Set an order paid in the shop once all of its money is "
                   "counted here.", default=None),
    setting_option("--cancel-after-days", "cancel_after_days", "Cancel an order by bank transfer in the shop when it is not paid after "
                   "so many days; 0: never.", type=click.IntRange(0, 365)),
    setting_option("--wait-for-bank-files/--no-bank-files", "waits_for_bank_files", "Remind nobody, and cancel no order, while the newest "
                   "file of the bank is older than five days.", default=None),
    setting_option("--mail-from", "mail.sender", "Sender of mails, if not the seller's address."),
    setting_option("--mail-bcc", "mail.bcc", "An address that gets a copy of each mail."),
    setting_option("--accent", "branding.accent", "Colour of documents, like #0f766e."),
)  # fmt: skip


# What belongs together, for whoever reads the help: each setting stands in one group, by its name or by what its name begins with.
SETTING_GROUPS: dict[str, tuple[str, ...]] = {
    "Company": ("name", "seller.", "zone"),
    "Orders and rules": ("rules", "orders.", "credit_notes", "cancel_after_days"),
    "Payment": ("payment_", "reference_digits", "sets_orders_paid", "waits_for_bank_files", "mollie.", "bancontact_profile"),
    "Reminders": ("reminders.",),
    "VAT": ("vat.", "exchange_rates"),
    "Documents": ("language", "business_language", "second_language", "consumer_", "shows_discounts", "factur_x", "branding.", "years_kept"),
    "E-invoices": ("peppol.",),
    "Mail": ("mail.",),
}  # fmt: skip


def group_of(setting: str) -> str:
    return next(name for name, begins in SETTING_GROUPS.items() if setting.startswith(begins))


class SettingsCommand(click.Command):
    """A command whose help tells its options, and the settings that it takes by name, in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {
            "Options": [],
            **{name: [] for name in SETTING_GROUPS},
            "Numbers": [],
        }
        for param in (one for one in self.get_params(ctx) if isinstance(one, click.Option)):
            record, setting = param.get_help_record(ctx), (param.name or "").replace("__", ".")
            by_kind = setting in NUMBERING_OPTIONS
            group = "Numbers" if by_kind else group_of(setting) if setting in settings_form.FIELDS else "Options"
            groups[group] += [record] if record else []
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not any(param.name == "settings" for param in self.params):
            return
        named = [(name, [one for one in settings_form.FIELDS if group_of(one) == name]) for name in SETTING_GROUPS]
        with formatter.section("Settings"):
            formatter.write_dl([(name, "  ".join(some)) for name, some in named])


NUMBERING_OPTIONS = {"patterns", "series_names", "yearly", "never_reset", "continue_after"}
NUMBERING = (
    click.option("--pattern", "patterns", multiple=True, metavar="KIND=PATTERN",
                 help="How numbers look, like invoice=F{year}-{number:05d}; repeat for several kinds."),
    click.option("--series", "series_names", multiple=True, metavar="KIND=NAME",
                 help="Count a kind in a series, like credit_note=sales; kinds in one series share its numbers and pattern."),
    click.option("--yearly", multiple=True, type=KINDS, metavar="KIND", help="Start a kind's series at 1 again each year."),
    click.option("--never-reset", multiple=True, type=KINDS, metavar="KIND", help="Let a kind's series go on over the years."),
    click.option("--continue-after", multiple=True, metavar="KIND=NUMBER",
                 help="The last number given elsewhere, like invoice=115: the next is 116."),
)  # fmt: skip


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


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
        url = setting_readers.read_shop_url(text, allow_private=allow_private)
    except InvalidValue as error:
        raise Rejected(error.message, code="shop_url_wrong") from error
    if not allow_private:
        parts = urlsplit(url)
        try:
            resolve_addresses(parts.hostname or "", parts.port or 443, allow_private=False)
        except OSError as error:
            raise Rejected(
                "There is no host {host} on the internet; check the address.",
                host=parts.hostname,
                code="shop_url_wrong",
            ) from error
    return url


def checked_secret(text: str) -> str:
    if not text:
        raise Rejected(
            "The webhook secret is empty; leave the option out and one is made for you.", code="secret_empty"
        )
    return text
