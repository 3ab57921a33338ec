"""JSON that somebody else sent, read so that everything in it can be stored and written again. Pure."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

# What databases hold as a number.
LARGEST_NUMBER = 2**63 - 1
DEEPEST = 100
NESTED = (dict, list)  # as json makes them
HALF_A_SIGN = re.compile(r"\\u[dD][89a-fA-F]")  # how half of a surrogate pair is written, in a pair or alone


def read_json_object(body: bytes, *, stored_whole: bool = False) -> dict[str, Any]:
    """The object in *body*. Raises ValueError for what is none, nests too deep, or holds NaN, a lone surrogate, NUL or a number beyond 64 bits.

    *stored_whole*: the body is kept as the bytes it is, so NUL and any number may be in it (WordPress plugins put both into
    their metadata); only its text must be text.
    """
    try:
        # Not of bytes: of those json takes UTF-16 and surrogates too.
        text = body.decode("utf-8-sig")
        found = json.loads(text, parse_constant=refuse_constant, parse_float=finite)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        refuse_depth(found)
        if not stored_whole or HALF_A_SIGN.search(text):
            for value in values_in(found):
                check_value(value, stored_whole=stored_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return found


def refuse_depth(found: dict[str, Any]) -> None:
    """By its objects and lists alone: most of what a delivery holds is neither, and each is looked at before it is answered."""
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        inner = (one.values() if type(one) is dict else one for one in level)
        level = [value for values in inner for value in values if type(value) in NESTED]
        if not level:
            return
    raise ValueError("nested too deep")


def values_in(value: object) -> Iterator[object]:
    """Every key and value."""
    yield value
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from values_in(inner)


def check_value(value: object, *, stored_whole: bool) -> None:
    if isinstance(value, str):
        value.encode()  # raises UnicodeEncodeError, a ValueError, for half of a surrogate pair
        if "\0" in value and not stored_whole:
            raise ValueError("a text holds NUL")
    elif isinstance(value, int) and abs(value) > LARGEST_NUMBER and not stored_whole:
        raise ValueError("a number is beyond 64 bits")


def finite(number: str) -> float:
    found = float(number)
    if not math.isfinite(found):
        raise ValueError("a number is beyond all numbers")
    return found


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
