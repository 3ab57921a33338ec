"""What `facturelay shop add` and `shop set` take: settings by name, and numbers by kind."""

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
from worker.domain.document import Kind
from worker.domain.setting_names import CHOICES, SETTING_NAMES
from worker.domain.settings_form import WrongSettings
from worker.errors import InvalidValue, Rejected
from worker.net.guarded_http import resolve_addresses

F = TypeVar("F", bound=Callable[..., Any])


# By their values: click would take the names of an enum's members, in capitals.
KINDS = click.Choice([kind.value for kind in Kind])


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


# How those look that are more than a word or a number.
EXAMPLES = {
    "seller.address.country": "BE",
    "seller.legal_form": "BV",
    "seller.register": "RPR Gent",
    "zone": "Europe/Brussels",
    "rules": "invoice:paid:send",
    "orders.since": "2026-07-01",
    "orders.status_map": "packed=processing",
    "orders.own_fields": "_billing_btw_bis=vat_number",
    "payment_terms": "invoice_gateway=30 days",
    "vat.zero_reasons": "tax class zero-rate = zero_rated",
    "vat.foreign_numbers": "GB = GB123456789 since 2024-01-01",
    "exchange_rates": "USD=1.0831",
    "branding.accent": "#0f766e",
}


def group_of(setting: str) -> str:
    return next(name for name, begins in SETTING_GROUPS.items() if setting.startswith(begins))


class SettingsCommand(click.Command):
    """A command whose help tells the settings that it takes by name, in groups."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group in SETTING_GROUPS:
            with formatter.section(group):
                formatter.write_dl([(one, described(one)) for one in settings_form.FIELDS if group_of(one) == group])


def described(setting: str) -> str:
    """What people call it, and what it may be."""
    is_switch = settings_form.FIELDS[setting] is settings_form.CHECKBOX
    name, choices = SETTING_NAMES[setting], "yes, no" if is_switch else ", ".join(CHOICES.get(setting, ()))
    if setting in EXAMPLES:
        return f"{name}, like {EXAMPLES[setting]}"
    return f"{name}: {choices}" if choices else str(name)


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
