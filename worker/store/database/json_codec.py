"""Frozen dataclasses to JSON and back, by their type hints. The text is canonical: equal values give equal bytes, so it can be hashed."""

import hashlib
import json
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from worker.message import Message, plain_message, read_message

T = TypeVar("T")
# Most of what is written: of these no more is asked. An enum's type is its own.
AS_THEY_ARE = (str, int, bool, type(None))


class UnknownValue(ValueError):
    """What another version wrote, a later one most likely: this one has no such member of an enum."""


def dump(value: object) -> str:
    """Write *value* as canonical JSON."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(kind: type[T], text: str) -> T:
    """Build a *kind* from what `dump` wrote. Fields that are missing (written by an older version) take their default."""
    return typed(kind, json.loads(text))  # type: ignore[no-any-return]  # `typed` follows the hint it is given


def indented_list(items: Iterable[str]) -> Iterator[str]:
    """The text of a list as `json.dumps` writes it with an indent of 2, part by part; *items* are the texts of its items."""
    before = "["
    for item in items:
        yield before + "\n  " + item.replace("\n", "\n  ")
        before = ","
    yield "[]" if before == "[" else "\n]"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object, message: Callable[[Message], object] = plain_message) -> object:
    """*value* as JSON knows it; *message* says what becomes of messages: what is stored keeps key and values."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, Decimal):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name), message) for name in names_of(type(value))}
    if isinstance(value, Message):
        return message(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [plain(item, message) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item, message) for key, item in value.items()}
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


@cache
def names_of(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass. Kept: to ask it for them takes longer than to read them."""
    return tuple(field.name for field in fields(kind))


def typed(hint: Any, value: Any) -> Any:
    """*value* as the type hint *hint* says; None stays None."""
    return None if value is None else reader_of(hint)(value)


@cache
def reader_of(hint: Any) -> Callable[[Any], Any]:
    """What reads a value of *hint*, None aside. Kept: to look at the hints takes longer than to read a document."""
    origin, arms = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return reader_of(next(arm for arm in arms if arm is not type(None)))
    if origin is tuple and len(arms) == 2 and arms[1] is Ellipsis:
        return lambda value: tuple(typed(arms[0], item) for item in value)
    if origin is tuple:
        return lambda value: tuple(typed(arm, item) for arm, item in zip(arms, value, strict=True))
    if origin is dict:
        return lambda value: {typed(arms[0], key): typed(arms[1], item) for key, item in value.items()}
    if hint is Message:
        return read_message
    if is_dataclass(hint):
        return partial(dataclass_from, hint)
    if hint is datetime or hint is date:
        return hint.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return partial(member_of, {one.value: one for one in hint}, hint.__name__)
    if hint is Decimal:
        return hint
    return as_it_is


def member_of(members: dict[Any, Enum], name: str, value: Any) -> Enum:
    try:
        return members[value]
    except KeyError:
        raise UnknownValue(f"“{value}” is no {name} here") from None


def dataclass_from(kind: Any, value: dict[str, Any]) -> Any:
    readers = readers_of(kind)
    return kind(
        **{name: None if item is None else readers[name](item) for name, item in value.items() if name in readers}
    )


@cache
def readers_of(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """By field; not before the first value, as a kind may hold others of itself."""
    return {name: reader_of(hint) for name, hint in get_type_hints(kind).items()}


def as_it_is(value: Any) -> Any:
    return value
