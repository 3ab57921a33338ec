"""A shop's settings as text and back: what a form or a command line says, checked field by field.

A page shows `settings_as_text(shop)` and gives what was typed to `apply_settings`; both go by the names in `FIELDS`, which are those
of `Shop`, with dots where they lie deeper (`vat.regime`, `seller.address.city`). Numbers of documents are in `numbering`, texts in `texts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS
from worker.domain.document import SendMode
from worker.domain.foreign_number import ForeignNumber
from worker.domain.language import BUSINESS_LANGUAGES, LANGUAGES, SECOND_LANGUAGES
from worker.domain.online_payment import read_bancontact_profile, read_method
from worker.domain.own_field import read_own_field
from worker.domain.reminder import Reminded
from worker.domain.setting_readers import (
    lines_of,
    read_bic,
    read_colour,
    read_country,
    read_day_or_nothing,
    read_days,
    read_days_after_formal,
    read_enterprise_number,
    read_euros,
    read_first_digits,
    read_hours,
    read_iban,
    read_instant,
    read_legal_interest,
    read_name,
    read_payment_terms,
    read_percent,
    read_postcode,
    read_rate,
    read_rules,
    read_status_map,
    read_vat_number,
    read_website,
    read_yes,
    read_zero_reasons,
    read_zone,
)
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
from worker.errors import InvalidValue
from worker.message import Message
from worker.net import email_address


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


def read_since(shop: Shop, text: str) -> datetime:
    """Since when orders count. It is shown to the minute: what comes back untouched keeps its seconds."""
    found, kept = read_instant(text, zone=shop.zone), shop.orders.since
    return kept if found == kept.replace(second=0, microsecond=0) else found


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


def written(read: Callable[[str], Any], show: Callable[[Shop, Any], str] = as_text) -> SettingCodec:
    """A setting that is read by its text alone."""
    return SettingCodec(lambda _shop, text: read(text), show)


def listed(read: Callable[[str], Any]) -> SettingCodec:
    """Things of which each has its line."""
    return written(lambda text: tuple(map(read, lines_of(text))), as_lines)


def paired(read: Callable[[str], tuple[str, Any]]) -> SettingCodec:
    """Names, each with what is said of it on its line."""
    return written(lambda text: dict(map(read, lines_of(text))), as_pairs)


PLAIN = written(str)
CHECKBOX = written(read_yes, as_yes)
EMAIL_ADDRESS = written(email_address.check_address)
MAILBOX = written(partial(email_address.check_addresses, several=False))
EMAIL_ADDRESSES = written(partial(email_address.check_addresses, several=True))

# In this order: the zone counts for the days after it, and the country for the numbers.
FIELDS: dict[str, SettingCodec] = {
    "name": written(read_name),
    "seller.name": PLAIN,
    "seller.sole_trader": CHECKBOX,
    "seller.legal_form": PLAIN,
    "seller.address.street": PLAIN,
    "seller.address.country": written(read_country),
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
    "seller.website": written(read_website),
    "seller.iban": written(read_iban),
    "seller.bic": written(read_bic),
    "zone": written(read_zone),
    "orders.since": SettingCodec(read_since, as_local_time),
    "language": SettingCodec(one_of(*LANGUAGES), as_text),
    "business_language": SettingCodec(one_of(*BUSINESS_LANGUAGES), as_text),
    "second_language": SettingCodec(one_of(*SECOND_LANGUAGES), as_text),
    "shows_discounts": CHECKBOX,
    "factur_x": CHECKBOX,
    "rules": written(read_rules, as_lines),
    "credit_notes": SettingCodec(member_of(SendMode), as_text),
    "orders.status_map": written(read_status_map, as_pairs),
    "orders.pending_is_placed": CHECKBOX,
    "orders.documented": SettingCodec(member_of(DocumentedOrders), as_text),
    "orders.own_fields": paired(read_own_field),
    "payment_days": written(read_days),
    "sets_orders_paid": CHECKBOX,
    "cancel_after_days": written(lambda text: read_days(text or "0")),
    "waits_for_bank_files": CHECKBOX,
    "reference_digits": SettingCodec(
        lambda shop, text: read_first_digits(text) if text else shop.reference_digits,
        lambda _, digits: f"{digits:03d}" if digits else "",
    ),
    "payment_terms": paired(read_payment_terms),
    "mollie.methods": listed(read_method),
    "mollie.on_invoices": CHECKBOX,
    "mollie.on_order_confirmations": CHECKBOX,
    "mollie.on_reminders": CHECKBOX,
    "bancontact_profile": written(read_bancontact_profile),
    "reminders.who": SettingCodec(member_of(Reminded), as_text),
    "reminders.since": written(read_day_or_nothing, as_text_or_nothing),
    "reminders.before_due": written(lambda text: read_days(text or "0")),
    "reminders.friendly": written(lambda text: read_days(text or "0")),
    "reminders.formal": written(lambda text: read_days(text or "0")),
    "reminders.last": written(lambda text: read_days_after_formal(text or "0")),
    "reminders.terms": PLAIN,
    "reminders.terms_since": written(read_day_or_nothing, as_text_or_nothing),
    "reminders.consumer_costs": written(read_euros),
    "reminders.consumer_interest": written(read_percent),
    "reminders.business_costs": CHECKBOX,
    "reminders.business_interest": CHECKBOX,
    "reminders.legal_interest": paired(read_legal_interest),
    "vat.regime": SettingCodec(member_of(VatRegime), as_text),
    "vat.sells_services": CHECKBOX,
    "vat.oss": CHECKBOX,
    "vat.oss_since": written(read_day_or_nothing, as_text_or_nothing),
    "vat.zero_reasons": written(read_zero_reasons, as_lines),
    "vat.as_charged": CHECKBOX,
    "vat.foreign_numbers": listed(ForeignNumber.parse),
    "vat.shipping_rate_is_right": CHECKBOX,
    "consumer_invoices": SettingCodec(member_of(ConsumerInvoices), as_text),
    "consumer_prices": SettingCodec(member_of(ConsumerPrices), as_text),
    "vat.vies_wait_hours": written(read_hours),
    "years_kept": SettingCodec(lambda shop, text: int(one_of(*YEARS_KEPT)(shop, text)), as_text),
    "exchange_rates": paired(read_rate),
    "peppol.sender": SettingCodec(one_of("", *PROVIDERS, OPERATORS, ELSEWHERE), as_text),
    "peppol.company": PLAIN,
    "peppol.sandbox": CHECKBOX,
    "peppol.vouched_for": PLAIN,
    "peppol.businesses": SettingCodec(member_of(BusinessChannel), as_text),
    "mail.sender": MAILBOX,
    "mail.reply_to": MAILBOX,
    "mail.cc": EMAIL_ADDRESSES,
    "mail.bcc": EMAIL_ADDRESSES,
    "branding.accent": written(read_colour),
    "branding.layout": SettingCodec(one_of(*LAYOUTS), as_text),
}
