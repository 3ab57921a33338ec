"""Frozen dataclasses to JSON and back, by their type hints. The text is canonical: equal values give equal bytes, so it can be hashed."""

import hashlib
import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from worker.message import Message, plain_message, read_message

T = TypeVar("T")


def dump(value: object) -> str:
    """Write *value* as canonical JSON."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(kind: type[T], text: str) -> T:
    """Build a *kind* from what `dump` wrote. Fields that are missing (written by an older version) take their default."""
    return typed(kind, json.loads(text))  # type: ignore[no-any-return]  # `typed` follows the hint it is given


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object, message: Callable[[Message], object] = plain_message) -> object:
    """*value* as JSON knows it; *message* says what becomes of messages: what is stored keeps key and values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name), message) for f in fields(value)}
    if isinstance(value, Message):
        return message(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [plain(item, message) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item, message) for key, item in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """Kept: reading the hints takes longer than reading a document."""
    return get_type_hints(kind)


def typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return typed(next(arm for arm in get_args(hint) if arm is not type(None)), value)
    if origin is tuple:
        arms = get_args(hint)
        if len(arms) == 2 and arms[1] is Ellipsis:
            return tuple(typed(arms[0], item) for item in value)
        return tuple(typed(arm, item) for arm, item in zip(arms, value, strict=True))
    if origin is dict:
        key_hint, item_hint = get_args(hint)
        return {typed(key_hint, key): typed(item_hint, item) for key, item in value.items()}
    if hint is Message:
        return read_message(value)
    if is_dataclass(hint):
        hints = hints_of(hint)  # type: ignore[arg-type]  # a class
        return hint(**{name: typed(hints[name], item) for name, item in value.items() if name in hints})  # type: ignore[operator]  # a class
    if hint is datetime or hint is date:
        return hint.fromisoformat(value)
    if hint is Decimal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint(value)
    return value
