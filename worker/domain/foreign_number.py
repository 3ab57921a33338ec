"""The seller's own VAT numbers in other countries: under them the VAT of those countries is lawful, and stated."""

import re
from dataclasses import dataclass
from datetime import date

from worker.errors import InvalidValue


@dataclass(frozen=True)
class ForeignNumber:
    """The seller's VAT number in *country*, in force from *since* (None: always): GB, NO's VOEC, XI for Northern Ireland."""

    country: str
    number: str
    since: date | None = None

    @classmethod
    def parse(cls, text: str) -> "ForeignNumber":
        """Read `GB = GB123456789 since 2024-01-01`; without a day it was always in force."""
        named, _, day = (part.strip() for part in text.partition(" since "))
        found = re.fullmatch(r"([A-Za-z]{2})\s*=\s*([A-Za-z0-9][A-Za-z0-9 .-]{3,30})", named)
        try:
            since = date.fromisoformat(day) if day else None
        except ValueError:
            found = None
        if found is None:
            raise InvalidValue(
                "“{text}” names no VAT number of yours abroad; write its country, the number and the day it began, like "
                "GB = GB123456789 since 2024-01-01",
                text=text,
            )
        return cls(found[1].upper(), found[2].strip(), since)

    def __str__(self) -> str:
        return f"{self.country} = {self.number}" + (f" since {self.since}" if self.since else "")


def number_in(numbers: tuple[ForeignNumber, ...], country: str, on: date) -> str:
    """The number of *numbers* that was in force in *country* on a day; empty without one. The latest that began counts."""
    valid = [one for one in numbers if one.country == country and (one.since is None or one.since <= on)]
    return max(valid, key=lambda one: one.since or date.min).number if valid else ""
