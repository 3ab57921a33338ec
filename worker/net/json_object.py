"""JSON that somebody else sent, read so that everything in it can be stored and written again. Pure."""

import json
import math
from collections.abc import Iterator
from typing import Any

# What databases hold as a number.
LARGEST_NUMBER = 2**63 - 1
DEEPEST = 100


def read_json_object(body: bytes, *, stored_whole: bool = False) -> dict[str, Any]:
    """The object in *body*. Raises ValueError for what is none, nests too deep, or holds NaN, a lone surrogate, NUL or a number beyond 64 bits.

    *stored_whole*: the body is kept as the bytes it is, so NUL and any number may be in it (WordPress plugins put both into
    their metadata); only its text must be text.
    """
    try:
        # Not of bytes: of those json takes UTF-16 and surrogates too.
        found = json.loads(body.decode("utf-8-sig"), parse_constant=refuse_constant)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        for value in values_in(found):
            check_value(value, stored_whole=stored_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return found


def values_in(found: dict[str, Any]) -> Iterator[object]:
    """Every key and value, level by level."""
    level: list[object] = [found]
    for _ in range(DEEPEST):
        yield from level
        level = [inner for value in level for inner in parts_of(value)]
        if not level:
            return
    raise ValueError("nested too deep")


def parts_of(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def check_value(value: object, *, stored_whole: bool) -> None:
    if isinstance(value, str):
        value.encode()  # raises UnicodeEncodeError, a ValueError, for half of a surrogate pair
        if "\0" in value and not stored_whole:
            raise ValueError("a text holds NUL")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is beyond all numbers")
    elif isinstance(value, int) and abs(value) > LARGEST_NUMBER and not stored_whole:
        raise ValueError("a number is beyond 64 bits")


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
