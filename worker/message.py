"""A sentence for a person, kept as a key with values: every language, English too, is made where somebody reads it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias, Union


@dataclass(frozen=True)
class Money:
    """An amount in a currency (ISO 4217), written as the reader writes it."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True)
class Percent:
    """A rate: 21 is 21 %."""

    rate: Decimal

    def __str__(self) -> str:
        return f"{self.rate} %"


# Text is data: it is shown as it is and never translated. An amount, a rate, a day or a count is no text: it is given as such,
# and written where it is read (tests/i18n/test_message_values.py looks for what is not). A Message among the values is
# translated by itself; several follow each other. Instants are aware UTC.
Value: TypeAlias = Union[str, int, Decimal, Money, Percent, date, datetime, "Message", tuple["Message", ...]]
# What may be given as one: a path and another program's error become text, an error of ours its message, nothing an empty text.
Given: TypeAlias = Value | Path | BaseException | None


class Message:
    """*key* is the English sentence with {placeholders}, and what the catalogs know it by; *values* fill them.

    `str()` gives plain English for logs and terminals; pages and mails use `worker.i18n.translate`. An empty one is false.
    """

    __slots__ = ("key", "values")

    def __init__(self, key: str, /, **values: Given) -> None:
        self.key = key
        self.values: Mapping[str, Value] = {name: _value(given) for name, given in values.items()}

    def given(self, **values: Given) -> "Message":
        """The same with those of *values* that its key names."""
        named = PLACEHOLDER.findall(self.key)
        return Message(self.key, **dict(self.values) | {name: one for name, one in values.items() if name in named})

    def __str__(self) -> str:
        return filled(self.key, {name: in_english(value) for name, value in self.values.items()})

    def __repr__(self) -> str:
        return f"Message({', '.join([repr(self.key), *(f'{name}={value!r}' for name, value in self.values.items())])})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.key, self.values) == (other.key, other.values)

    def __hash__(self) -> int:
        return hash((self.key, frozenset(self.values.items())))

    def __bool__(self) -> bool:
        return bool(self.key)


def by_count(count: int, one: Message, many: Message) -> Message:
    """What is said of *count* things: *one* of 1, else *many*, 0 too."""
    return one if count == 1 else many


def quoted(names: Iterable[str]) -> Message:
    """*names* between the quotation marks of the reader's language, with commas."""
    each = [Message("“{name}”", name=name) for name in names]
    return reduce(lambda those, one: Message("{those}, {one}", those=those, one=one), each) if each else NO_MESSAGE


def _value(given: Given) -> Value:
    if isinstance(given, datetime) and given.tzinfo is None:
        raise ValueError(f"{given} has no zone: nobody could be told when it is")
    if isinstance(given, BaseException):
        message = getattr(given, "message", None)
        return message if isinstance(message, Message) else str(given)
    if given is None or isinstance(given, Path):
        return str(given or "")
    return given


NO_MESSAGE = Message("")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def filled(sentence: str, values: Mapping[str, str]) -> str:
    """*sentence* with its {placeholders} filled, once: braces in a value, and those without a value, stay as they are."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), sentence)


def joined(messages: "tuple[Message, ...]") -> str:
    """Several messages as one."""
    return join([str(message) for message in messages])


def join(said: list[str], semicolon: str = ";") -> str:
    """Whole sentences follow each other as they are; after what has no full stop comes a semicolon."""
    return " ".join([*(one if one.endswith((".", "?")) else f"{one}{semicolon}" for one in said[:-1]), *said[-1:]])


def in_english(value: Value) -> str:
    match value:
        case tuple():
            return joined(value)
        case datetime():
            return f"{value:%d-%m-%Y %H:%M}"
        case date():
            return f"{value:%d-%m-%Y}"
        case _:
            return str(value)


# As JSON: what is stored, and what the plugin and the API are told


def dump_message(message: Message) -> str:
    """The text that is stored; nothing for an empty message."""
    return json.dumps(plain_message(message), ensure_ascii=False, separators=(",", ":")) if message else ""


def load_message(text: str) -> Message:
    return read_message(json.loads(text)) if text else NO_MESSAGE


def plain_message(message: Message) -> dict[str, object]:
    """*message* as JSON: ``{"key": "…", "values": {…}}``."""
    return {"key": message.key, "values": {name: _plain(value) for name, value in message.values.items()}}


def _plain(value: Value) -> object:
    match value:
        case Message():
            return plain_message(value)
        case tuple():
            return [plain_message(message) for message in value]
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case Percent():
            return {"percent": str(value.rate)}
        case Decimal():
            return {"number": str(value)}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case int():
            return value
        case _:
            return str(value)  # a StrEnum is its text


def read_message(found: Mapping[str, Any]) -> Message:
    """The message that `plain_message` wrote."""
    return Message(found["key"], **{name: _read(value) for name, value in found["values"].items()})


def _read(value: Any) -> Value:
    match value:
        case list():
            return tuple(read_message(one) for one in value)
        case {"key": _}:
            return read_message(value)
        case {"amount": amount, "currency": currency}:
            return Money(Decimal(amount), currency)
        case {"percent": rate}:
            return Percent(Decimal(rate))
        case {"number": number}:
            return Decimal(number)
        case {"at": instant}:
            return datetime.fromisoformat(instant)
        case {"date": day}:
            return date.fromisoformat(day)
        case int() | str():
            return value
    raise ValueError(f"{value!r} is no value of a message")
