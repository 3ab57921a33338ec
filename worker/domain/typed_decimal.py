"""Decimal numbers as people type them."""

import re

from worker.errors import InvalidValue

MAY_BE_THOUSANDS = re.compile(r"(-?[1-9][0-9]{0,2})[.,]([0-9]{3})")


def with_point(typed: str, *, mark: str) -> str:
    """A number with a point before its decimals, whichever of comma and point was typed; *mark* is what its writer writes there. Raises
    InvalidValue for one that may be thousands: 17.250 of whom a comma is the mark, 17,250 of whom a point is.
    """
    text = typed.strip()
    found = MAY_BE_THOUSANDS.fullmatch(text)
    if found and mark not in text:
        raise InvalidValue(
            "“{text}” may mean {thousands} or {decimals}; write one of the two.",
            text=text,
            thousands=found[1] + found[2],
            decimals=f"{found[1]}{mark}{found[2]}",
        )
    return text.replace(",", ".")
