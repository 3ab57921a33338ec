"""What changed in a shop's settings, one message a setting, for the audit trail. Secrets are no settings and never come here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from worker.domain.foreign_number import ForeignNumber
from worker.domain.numbering import example_number
from worker.domain.order_status import status_term
from worker.domain.payment_method import PaymentTerms
from worker.domain.rule_words import rule_in_words
from worker.domain.rules import Rule
from worker.domain.setting_names import CHOICES, MARKS, SETTING_NAMES, UNTAXED, name_within
from worker.domain.shop import LostNumbers, RestoredBackup, Series, Shop, StoredFile
from worker.domain.zero_reason import ZeroReason
from worker.message import Message, Money, Percent, Value

# What holds where an entry is missing.
_WITHOUT = {"texts": Message("the standard text"), "payment_terms": Message("as usual for this method")}
_EUROS, _PERCENTS = ("reminders.consumer_costs",), ("reminders.consumer_interest", "reminders.legal_interest")
_LONGEST = 140

# What follows from another setting that is told.
UNTOLD = ("earlier_digits",)


def describe_changes(before: Shop, after: Shop) -> tuple[Message, ...]:
    """Each changed setting by its name, as `Time zone: Europe/Brussels → Europe/Paris`; empty when nothing changed."""
    old, new = dict(_settings(before)), dict(_settings(after))
    return tuple(
        _change(setting, old.get(setting), new.get(setting))
        for setting in dict.fromkeys((*old, *new))
        if old.get(setting) != new.get(setting)
    )


def _change(setting: tuple[str, str], before: object, after: object) -> Message:
    outer, inner = setting
    name = name_within(outer, inner) if inner else SETTING_NAMES[outer]
    was, is_now = _told(outer, before), _told(outer, after)
    if was == is_now:  # another file of the same name, or a long text that changed far down
        return Message("{setting} was changed", setting=name)
    return Message("{setting}: {before} → {after}", setting=name, before=was, after=is_now)


def _settings(value: object, name: str = "") -> Iterator[tuple[tuple[str, str], object]]:
    """Every setting below *value*, in the order in which a shop is written down: its name, and that of an entry within it."""
    if isinstance(value, Mapping):
        yield from (((name, str(key)), item) for key, item in value.items())
    elif is_dataclass(value) and type(value) not in _WORDS:
        for field in (one for one in fields(value) if one.name not in UNTOLD):
            yield from _settings(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
    else:
        yield (name, ""), value


def _told(setting: str, value: object) -> Value:
    if value is None and setting in _WITHOUT:
        return _WITHOUT[setting]
    if value is None or value == "" or value == ():
        return Message("nothing")
    match value:
        case tuple():
            return tuple(_one_of(setting, one) for one in value)
        case str():
            return _text(setting, value)
        case bool() | int() | Decimal() | date():
            return _figure(setting, value)
    return _WORDS[type(value)](value)


def _one_of(setting: str, value: object) -> Message:
    return _WORDS[type(value)](value) if type(value) in _WORDS else Message("{one}", one=_text(setting, str(value)))


def _text(setting: str, text: str) -> str | Message:
    """A word that was chosen as its page says it; what was typed as it is."""
    if setting == "orders.status_map":
        return status_term(text)
    return CHOICES.get(setting, {}).get(text) or (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _figure(setting: str, value: bool | int | Decimal | date) -> Value:
    match value:
        case bool():
            return Message("yes") if value else Message("no")
        case Decimal() if setting in _EUROS:
            return Money(value, "EUR")
        case Decimal() if setting in _PERCENTS:
            return Percent(value)
        case int() if setting == "reference_digits":
            return f"{value:03d}" if value else Message("nothing")
    return value


def _terms(terms: PaymentTerms) -> Message:
    if terms.days is None:
        return Message("paid, when the shop dates its payment or completes it")
    return Message("sold on account; days to pay: {days}", days=terms.days)


def _series(series: Series) -> Message:
    example = example_number(series.pattern)
    if series.yearly:
        return Message(
            "like {example}, from 1 again each year (series “{series}”)", example=example, series=series.name
        )
    return Message("like {example}, on and on (series “{series}”)", example=example, series=series.name)


def _foreign_number(own: ForeignNumber) -> Message:
    if own.since is None:
        return Message("{number}", number=own.number)
    return Message("{number} since {day}", number=own.number, day=own.since)


def _lost(lost: LostNumbers) -> Message:
    return Message(
        "{first} to {last} of {series} {period}",
        first=lost.first,
        last=lost.last,
        series=lost.series,
        period=lost.period or "",
    )


# What is told whole, though it has parts.
_WORDS: dict[type, Callable[[Any], Message]] = {
    Rule: rule_in_words,
    PaymentTerms: _terms,
    Series: _series,
    ForeignNumber: _foreign_number,
    LostNumbers: _lost,
    ZeroReason: lambda one: Message(
        "{mark} “{value}”: {what}", mark=MARKS[one.mark], value=one.value, what=UNTAXED[one.what]
    ),
    StoredFile: lambda file: Message("“{name}”", name=file.name) if file.name else Message("a file"),
    RestoredBackup: lambda backup: Message("the backup of {at}", at=backup.as_of),
}
