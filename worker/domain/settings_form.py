"""A shop's settings as text and back: what a form or a command line says, checked field by field.

A page shows `shown(shop)` and gives what was typed to `settled`; both go by the names in `FIELDS`, which are those of
`Shop`, with dots where they lie deeper (`vat.regime`, `seller.address.city`). Numbers of documents are in `numbering`, texts in `texts`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import stdnum.be.vat
import stdnum.iban

from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS
from worker.domain.days import read_day
from worker.domain.document import SendMode
from worker.domain.foreign_number import ForeignNumber
from worker.domain.language import BUSINESS_LANGUAGES, LANGUAGES, SECOND_LANGUAGES
from worker.domain.online_payment import read_bancontact_profile, read_method
from worker.domain.own_field import read_own_field
from worker.domain.payment_method import PaymentTerms
from worker.domain.payment_reference import LARGEST_SEED
from worker.domain.reminder import DAYS_TO_PAY, Reminded
from worker.domain.rules import Rule
from worker.domain.shop import (
    LAYOUTS,
    YEARS_KEPT,
    BusinessChannel,
    ConsumerInvoices,
    ConsumerPrices,
    DocumentedOrders,
    Shop,
    VatRegime,
)
from worker.domain.vat_number import normalise_vat_number
from worker.domain.zero_reason import ZeroReason
from worker.errors import InvalidValue
from worker.message import Message
from worker.net import email_address

STATUSES = ("pending", "on-hold", "processing", "completed", "cancelled", "refunded", "failed")
YES, NO = ("1", "on", "yes", "true"), ("", "0", "off", "no", "false")
MOST_PAYMENT_DAYS = 365
WRITTEN_CLOCK = re.compile(r"(\d{1,2})(?:[:.]| ?[uh] ?)(\d{2})?(?: ?uhr)?", re.ASCII | re.IGNORECASE)
# An invoice is due by the 15th of the next month: who waits longer than ten days is late.
MOST_WAIT_HOURS = 240


class WrongSettings(ValueError):
    """*messages* by field: what is wrong with each, for beside the field. Nothing was changed."""

    def __init__(self, messages: Mapping[str, Message]) -> None:
        self.messages = dict(messages)
        self.message = Message("{problems}", problems=tuple(self.messages.values()))
        super().__init__(str(self.message))


@dataclass(frozen=True)
class SettingCodec:
    """How one setting is read from text (raising ValueError with a message) and shown as text. Some need the shop's zone."""

    read: Callable[[Shop, str], Any]
    show: Callable[[Shop, Any], str]


def apply_settings(shop: Shop, given: Mapping[str, str]) -> Shop:
    """*shop* with the settings *given* as text, by the names of `FIELDS`; what is not named stays.

    Raises WrongSettings with every wrong field at once. What is shown and comes back untouched changes nothing.
    """
    before, wrong = settings_as_text(shop), dict[str, Message]()
    for name in (name for name in FIELDS if name in given):
        text = given[name].strip().replace("\r\n", "\n")
        if text == before[name]:
            continue
        try:
            shop = with_setting(shop, name, FIELDS[name].read(shop, text))
        except InvalidValue as error:
            wrong[name] = error.message
    unknown = next((name for name in given if name not in FIELDS), None)
    if unknown is not None:
        raise LookupError(f"a shop has no setting {unknown}")
    if wrong:
        raise WrongSettings(wrong)
    return shop


def settings_as_text(shop: Shop) -> dict[str, str]:
    """Every setting of *shop* as text, as a form shows it: lists a line each, yes as "yes" and no as ""."""
    return {name: field.show(shop, setting_of(shop, name)) for name, field in FIELDS.items()}


def setting_of(shop: Shop, name: str) -> Any:
    value: Any = shop
    for part in name.split("."):
        value = getattr(value, part)
    return value


def with_setting(shop: Shop, name: str, value: object) -> Shop:
    """*shop* with the setting *name* replaced by *value*, however deep it lies."""
    changed: Shop = _replaced(shop, name.split("."), value)
    return changed


def _replaced(whole: Any, path: list[str], value: object) -> Any:
    name, *deeper = path
    return replace(whole, **{name: _replaced(getattr(whole, name), deeper, value) if deeper else value})


# Reading one thing


def read_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError, LookupError) as error:
        raise InvalidValue("“{text}” is not a time zone; write it like Europe/Brussels.", text=text) from error


def read_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InvalidValue("“{text}” is not a colour; write it like #0f766e.", text=text)
    return text


def read_instant(text: str, *, zone: str) -> datetime:
    """Read a day or an instant; without an offset it is meant in *zone*."""
    day, *clock = re.split(r"(?<=\d)T|\s+", text.strip(), maxsplit=1)
    try:
        found = datetime.combine(read_day(day), read_clock(*clock))
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    # In the first and the last hours of the calendar another zone has no such year.
    except (ValueError, OverflowError) as error:
        if clock:
            raise InvalidValue(
                "“{text}” is not a day and an hour; write them like 22/11/2026 06:30.", text=text
            ) from error
        raise InvalidValue("“{text}” is not a day; write it like 22/11/2026.", text=text) from error


def read_clock(text: str = "") -> time:
    """What a clock says, as people write it: 6:30, 06.30, 6u30, 6 h 30, 6h, or as in ISO 8601. Raises ValueError."""
    found = WRITTEN_CLOCK.fullmatch(text)
    return time(int(found[1]), int(found[2] or 0)) if found else time.fromisoformat(text or "00:00")


def read_since(shop: Shop, text: str) -> datetime:
    """Since when orders count. It is shown to the minute: what comes back untouched keeps its seconds."""
    found, kept = read_instant(text, zone=shop.zone), shop.orders.since
    return kept if found == kept.replace(second=0, microsecond=0) else found


def read_day_or_nothing(text: str) -> date | None:
    return read_day(text) if text else None


def read_status_map(text: str) -> dict[str, str]:
    return dict(map(read_status, lines_of(text)))


def read_status(text: str) -> tuple[str, str]:
    """Read `await-ship=processing`: a custom status and the built-in one that it stands for."""
    custom, _, status = text.partition("=")
    if not custom or status not in STATUSES:
        raise InvalidValue(
            "“{text}” is not a status; write it like await-ship=processing, with one of {statuses}.",
            text=text,
            statuses=", ".join(STATUSES),
        )
    return custom.removeprefix("wc-"), status


def read_rate(text: str) -> tuple[str, Decimal]:
    """Read `USD=1.0831`: units of a currency for 1 EUR. No comma: whoever writes a point means thousands by it."""
    found = re.fullmatch(r"([A-Z]{3})=(\d{1,9}(?:\.\d{1,6})?)", text, re.ASCII)
    if found is None or found[1] == "EUR" or not Decimal(found[2]):
        raise InvalidValue(
            "“{text}” is not an exchange rate; write it like USD=1.0831: units of the currency for 1 EUR.", text=text
        )
    return found[1], Decimal(found[2])


def read_rules(text: str) -> tuple[Rule, ...]:
    """One rule a line, as `str(rule)` writes it: `invoice:paid:send:buyer=business,country=BE|NL`."""
    return tuple(Rule.parse(line.strip()) for line in text.splitlines() if line.strip())


def read_zero_reasons(text: str) -> tuple[ZeroReason, ...]:
    """One reason a line, as `str(reason)` writes it: `tax class zero-rate = zero_rated`."""
    return tuple(map(ZeroReason.parse, lines_of(text)))


def read_first_digits(text: str) -> int:
    """“012” is 12."""
    if not re.fullmatch(r"[0-9]{1,3}", text.strip()) or not int(text):
        raise InvalidValue("Write three digits, from 001 to {most}.", most=LARGEST_SEED)
    return int(text)


def read_days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_PAYMENT_DAYS):
        raise InvalidValue(
            "“{text}” is not a number of days; write one from 0 to {most}.",
            text=text,
            most=MOST_PAYMENT_DAYS,
        )
    return int(text)


def read_days_after_formal(text: str) -> int:
    """None (0), or more than the days that a formal reminder gives."""
    days = read_days(text)
    if 0 < days <= DAYS_TO_PAY:
        raise InvalidValue(
            "The formal reminder gives {given} days, so the last one leaves {least} days after it at the earliest; "
            "0: never.",
            given=DAYS_TO_PAY,
            least=DAYS_TO_PAY + 1,
        )
    return days


def read_percent(text: str) -> Decimal:
    return read_decimal(text, most=100)


def read_euros(text: str) -> Decimal:
    return read_decimal(text, most=100_000)


def read_decimal(text: str, *, most: int) -> Decimal:
    """Not below zero, with two decimals at most; nothing is 0.00. A comma is taken for a point."""
    found = re.fullmatch(r"\d{1,6}(?:[.,]\d{1,2})?", text or "0")
    if found is None or (value := Decimal(found[0].replace(",", "."))) > most:
        raise InvalidValue("“{text}” is not a number from 0 to {most}; write it like 10.50.", text=text, most=most)
    return value.quantize(Decimal("0.01"))


def read_legal_interest(text: str) -> tuple[str, Decimal]:
    """Read `2026-07-01=10.5`: the first day of a half-year and the legal rate that holds in it, in percent a year."""
    day, _, percent = (part.strip() for part in text.partition("="))
    if not re.fullmatch(r"20\d\d-(?:01|07)-01", day, re.ASCII):
        raise InvalidValue(
            "“{text}” is not the legal interest of a half-year; write it like 2026-07-01=10.5.", text=text
        )
    return day, read_percent(percent)


def read_payment_terms(text: str) -> tuple[str, PaymentTerms]:
    """Read `invoice_gateway=30 days` (sold on account, to be paid within so many days) or `klarna=paid`."""
    method, _, terms = (part.strip() for part in text.partition("="))
    days = terms.removesuffix("days").strip()
    if not method or not (terms == "paid" or days.isdigit()):
        raise InvalidValue(
            "“{text}” says nothing of a payment method; write it like invoice_gateway=30 days, or klarna=paid.",
            text=text,
        )
    return method, PaymentTerms(None if terms == "paid" else read_days(days))


def read_hours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_WAIT_HOURS):
        raise InvalidValue(
            "“{text}” is not a number of hours; write one from 0 to {most}.", text=text, most=MOST_WAIT_HOURS
        )
    return int(text)


def read_yes(text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise InvalidValue("“{text}” is neither yes nor no.", text=text)


def read_country(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}|", text):
        raise InvalidValue("“{text}” is not a country; write its two letters, like BE.", text=text)
    return text.upper()


def read_vat_number(text: str, country: str) -> str:
    """A VAT number of the EU is checked by its own sum; one of another country stays as it is written."""
    compact = without_separators(text)
    number, problem = normalise_vat_number(compact, country)
    if problem is not None:
        raise InvalidValue(problem.message)
    return number or compact


def read_enterprise_number(text: str, country: str) -> str:
    compact = without_separators(text)
    if compact and country in ("", "BE"):
        compact = compact.removeprefix("BE")
        if not stdnum.be.vat.is_valid(compact):
            raise InvalidValue("“{text}” is not an enterprise number; it has ten digits, like 0403.170.701.", text=text)
    if compact and country == "NL":
        compact = compact.removeprefix("KVK")
        if not re.fullmatch(r"[0-9]{8}", compact):
            raise InvalidValue(
                "“{text}” is not a number of the Chamber of Commerce (KVK); it has eight digits.", text=text
            )
    return compact


def read_iban(text: str) -> str:
    compact = without_separators(text)
    # By its own sum only: lists of banks grow old.
    if compact and not stdnum.iban.is_valid(compact, check_country=False):
        raise InvalidValue("“{text}” is not an account number (IBAN); a digit is wrong or missing.", text=text)
    return compact


def read_bic(text: str) -> str:
    compact = without_separators(text)
    if not re.fullmatch(r"([A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?", compact):
        raise InvalidValue("“{text}” is not a BIC; it has 8 or 11 letters and digits, like GKCCBEBB.", text=text)
    return compact


def without_separators(text: str) -> str:
    return re.sub(r"[\s.]", "", text).upper()


def read_shop_url(text: str, *, allow_private: bool) -> str:
    """The shop's address, without a slash at its end. Whether it leads into a private network shows when it is called."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 80)
    except ValueError:
        good = None
    if not good:
        raise InvalidValue("“{text}” is not a shop's address; write it like https://shop.example.com.", text=text)
    if parts.scheme == "http" and not allow_private:
        raise InvalidValue("{text} is not encrypted; keys and orders travel over https only.", text=text)
    return text.rstrip("/")


def read_website(text: str) -> str:
    """As people write it, with or without https://; what could not be an address is refused."""
    host = urlsplit(text if "://" in text else f"https://{text}").hostname or "" if text.isprintable() else ""
    if text and ("." not in host.strip(".") or " " in text):
        raise InvalidValue("“{text}” is not a web address; write it like www.example.com.", text=text)
    return text


def read_postcode(text: str, country: str) -> str:
    if text and country == "BE" and not (len(text) == 4 and text.isdecimal() and text[0] != "0"):
        raise InvalidValue("A Belgian postcode has four digits, like 9000; “{text}” has not.", text=text)
    return text


def one_of(*choices: str) -> Callable[[Shop, str], str]:
    def read(_shop: Shop, text: str) -> str:
        if text not in choices:
            raise InvalidValue(
                "“{text}” cannot be chosen; choose one of {choices}.", text=text, choices=", ".join(choices)
            )
        return text

    return read


def member_of(kind: type[StrEnum]) -> Callable[[Shop, str], StrEnum]:
    read = one_of(*kind)
    return lambda shop, text: kind(read(shop, text))


# The fields


def as_text(_shop: Shop, value: object) -> str:
    return str(value)


def as_text_or_nothing(_shop: Shop, value: object) -> str:
    return "" if value is None else str(value)


def as_yes(_shop: Shop, value: bool) -> str:
    return "yes" if value else ""


def as_lines(_shop: Shop, value: tuple[object, ...]) -> str:
    return "\n".join(str(item) for item in value)


def as_pairs(_shop: Shop, value: Mapping[str, object]) -> str:
    return "\n".join(f"{name}={item}" for name, item in value.items())


def as_local_time(shop: Shop, value: datetime) -> str:
    """To the minute, in the shop's zone."""
    return f"{value.astimezone(shop.zoneinfo):%Y-%m-%dT%H:%M}"


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_name(_shop: Shop, text: str) -> str:
    if not text:
        raise InvalidValue("A shop needs a name.")
    return text


PLAIN = SettingCodec(lambda _, text: text, as_text)
CHECKBOX = SettingCodec(lambda _, text: read_yes(text), as_yes)
EMAIL_ADDRESS = SettingCodec(lambda _, text: email_address.check_addresses(text, several=False), as_text)
EMAIL_ADDRESSES = SettingCodec(lambda _, text: email_address.check_addresses(text, several=True), as_text)

# In this order: the zone counts for the days after it, and the country for the numbers.
FIELDS: dict[str, SettingCodec] = {
    "name": SettingCodec(read_name, as_text),
    "seller.name": PLAIN,
    "seller.sole_trader": CHECKBOX,
    "seller.legal_form": PLAIN,
    "seller.address.street": PLAIN,
    "seller.address.country": SettingCodec(lambda _, text: read_country(text), as_text),
    "seller.address.postcode": SettingCodec(
        lambda shop, text: read_postcode(text, shop.seller.address.country), as_text
    ),
    "seller.address.city": PLAIN,
    "seller.vat_number": SettingCodec(lambda shop, text: read_vat_number(text, shop.seller.address.country), as_text),
    "seller.enterprise_number": SettingCodec(
        lambda shop, text: read_enterprise_number(text, shop.seller.address.country), as_text
    ),
    "seller.register": PLAIN,
    "seller.email": EMAIL_ADDRESS,
    "seller.phone": PLAIN,
    "seller.website": SettingCodec(lambda _, text: read_website(text), as_text),
    "seller.iban": SettingCodec(lambda _, text: read_iban(text), as_text),
    "seller.bic": SettingCodec(lambda _, text: read_bic(text), as_text),
    "zone": SettingCodec(lambda _, text: read_zone(text), as_text),
    "orders.since": SettingCodec(read_since, as_local_time),
    "language": SettingCodec(one_of(*LANGUAGES), as_text),
    "business_language": SettingCodec(one_of(*BUSINESS_LANGUAGES), as_text),
    "second_language": SettingCodec(one_of(*SECOND_LANGUAGES), as_text),
    "shows_discounts": CHECKBOX,
    "factur_x": CHECKBOX,
    "rules": SettingCodec(lambda _, text: read_rules(text), as_lines),
    "credit_notes": SettingCodec(member_of(SendMode), as_text),
    "orders.status_map": SettingCodec(lambda _, text: read_status_map(text), as_pairs),
    "orders.pending_is_placed": CHECKBOX,
    "orders.documented": SettingCodec(member_of(DocumentedOrders), as_text),
    "orders.own_fields": SettingCodec(lambda _, text: dict(map(read_own_field, lines_of(text))), as_pairs),
    "payment_days": SettingCodec(lambda _, text: read_days(text), as_text),
    "sets_orders_paid": CHECKBOX,
    "cancel_after_days": SettingCodec(lambda _, text: read_days(text or "0"), as_text),
    "waits_for_bank_files": CHECKBOX,
    "reference_digits": SettingCodec(
        lambda shop, text: read_first_digits(text) if text else shop.reference_digits,
        lambda _, digits: f"{digits:03d}" if digits else "",
    ),
    "payment_terms": SettingCodec(lambda _, text: dict(map(read_payment_terms, lines_of(text))), as_pairs),
    "mollie.methods": SettingCodec(lambda _, text: tuple(map(read_method, lines_of(text))), as_lines),
    "mollie.on_invoices": CHECKBOX,
    "mollie.on_order_confirmations": CHECKBOX,
    "mollie.on_reminders": CHECKBOX,
    "bancontact_profile": SettingCodec(lambda _, text: read_bancontact_profile(text), as_text),
    "reminders.who": SettingCodec(member_of(Reminded), as_text),
    "reminders.since": SettingCodec(lambda _, text: read_day_or_nothing(text), as_text_or_nothing),
    "reminders.before_due": SettingCodec(lambda _, text: read_days(text or "0"), as_text),
    "reminders.friendly": SettingCodec(lambda _, text: read_days(text or "0"), as_text),
    "reminders.formal": SettingCodec(lambda _, text: read_days(text or "0"), as_text),
    "reminders.last": SettingCodec(lambda _, text: read_days_after_formal(text or "0"), as_text),
    "reminders.terms": PLAIN,
    "reminders.terms_since": SettingCodec(lambda _, text: read_day_or_nothing(text), as_text_or_nothing),
    "reminders.consumer_costs": SettingCodec(lambda _, text: read_euros(text), as_text),
    "reminders.consumer_interest": SettingCodec(lambda _, text: read_percent(text), as_text),
    "reminders.business_costs": CHECKBOX,
    "reminders.business_interest": CHECKBOX,
    "reminders.legal_interest": SettingCodec(lambda _, text: dict(map(read_legal_interest, lines_of(text))), as_pairs),
    "vat.regime": SettingCodec(member_of(VatRegime), as_text),
    "vat.sells_services": CHECKBOX,
    "vat.oss": CHECKBOX,
    "vat.oss_since": SettingCodec(lambda _, text: read_day_or_nothing(text), as_text_or_nothing),
    "vat.zero_reasons": SettingCodec(lambda _, text: read_zero_reasons(text), as_lines),
    "vat.as_charged": CHECKBOX,
    "vat.foreign_numbers": SettingCodec(lambda _, text: tuple(map(ForeignNumber.parse, lines_of(text))), as_lines),
    "vat.shipping_rate_is_right": CHECKBOX,
    "consumer_invoices": SettingCodec(member_of(ConsumerInvoices), as_text),
    "consumer_prices": SettingCodec(member_of(ConsumerPrices), as_text),
    "vat.vies_wait_hours": SettingCodec(lambda _, text: read_hours(text), as_text),
    "years_kept": SettingCodec(lambda shop, text: int(one_of(*YEARS_KEPT)(shop, text)), as_text),
    "exchange_rates": SettingCodec(lambda _, text: dict(map(read_rate, lines_of(text))), as_pairs),
    "peppol.sender": SettingCodec(one_of("", *PROVIDERS, OPERATORS, ELSEWHERE), as_text),
    "peppol.company": PLAIN,
    "peppol.sandbox": CHECKBOX,
    "peppol.vouched_for": PLAIN,
    "peppol.businesses": SettingCodec(member_of(BusinessChannel), as_text),
    "mail.sender": EMAIL_ADDRESS,
    "mail.reply_to": EMAIL_ADDRESS,
    "mail.cc": EMAIL_ADDRESSES,
    "mail.bcc": EMAIL_ADDRESSES,
    "branding.accent": SettingCodec(lambda _, text: read_colour(text), as_text),
    "branding.layout": SettingCodec(one_of(*LAYOUTS), as_text),
}
