"""A stored message in the language of whoever reads it."""

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from worker.i18n.catalogs import Translator
from worker.message import Message, Money, Percent, Value, filled, join


def translate(message: Message, translator: Translator, *, zone: tzinfo = UTC) -> str:
    """*message* as *translator* says it: amounts and dates the reader's way, instants in *zone*, data as it is."""
    sentence = translator.lookup(message.key) if message else ""
    return filled(sentence, {name: written(value, translator, zone) for name, value in message.values.items()})


def written(value: Value, translator: Translator, zone: tzinfo) -> str:
    match value:
        case Message():
            return translate(value, translator, zone=zone)
        case tuple():
            return join([translate(message, translator, zone=zone) for message in value], translator.semicolon)
        case Money():
            return translator.amount(value.amount, value.currency)
        case Percent():
            return translator.percent(value.rate)
        case Decimal():
            return translator.quantity(value)
        case datetime():
            return translator.exact_datetime(value.astimezone(zone))
        case date():
            return translator.short_date(value)
        case _:
            return str(value)
