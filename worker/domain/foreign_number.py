"""The seller's own VAT numbers in other countries: under them the VAT of those countries is lawful, and stated."""

import re
from dataclasses import dataclass
from datetime import date

from worker.errors import InvalidValue

_SINCE = re.compile(r"\s*,\s*|\s+(?:since|sinds|depuis|seit|ab)\s+", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z]{2})\s*=\s*([A-Za-z0-9][A-Za-z0-9 .-]{3,30})")
# Words that are part of a number: Norway's and Switzerland's.
_WORDS = ("MVA", "VOEC", "MWST", "TVA", "IVA", "UST")


@dataclass(frozen=True)
class ForeignNumber:
    """The seller's VAT number in *country*, in force from *since* (None: always): GB, NO's VOEC, XI for Northern Ireland."""

    country: str
    number: str
    since: date | None = None

    @classmethod
    def parse(cls, text: str) -> "ForeignNumber":
        """Read `GB = GB123456789 since 2024-01-01`, in any of our languages or with a comma; without a day it was always in force."""
        named, *days = _SINCE.split(text.strip(), maxsplit=1)
        found = _NAMED.fullmatch(named.strip())
        try:
            since = date.fromisoformat(days[0].strip()) if days else None
        except ValueError:
            found = None
        if found is None or not _is_number(found[2], found[1].upper()):
            raise InvalidValue(
                "“{text}” names no VAT number of yours abroad; write its country, the number and the day it began, "
                "like GB = GB123456789 since 2024-01-01.",
                text=text,
            )
        return cls(found[1].upper(), found[2].strip(), since)

    def __str__(self) -> str:
        return f"{self.country} = {self.number}" + (f" since {self.since}" if self.since else "")


def _is_number(text: str, country: str) -> bool:
    """Whether nothing stands in it but a number: a day or a word that was not understood must not become part of it.

    With the country before it a number may begin with three letters: ATU12345678, ESB12345674, CHE-123.456.788.
    """
    words = re.findall(r"[A-Za-z]{3,}", text.upper().removeprefix(country))
    has_day = re.search(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}", text)
    return bool(re.search(r"\d", text)) and not has_day and all(word.upper() in _WORDS for word in words)


def number_in(numbers: tuple[ForeignNumber, ...], country: str, on: date) -> str:
    """The number of *numbers* that was in force in *country* on a day; empty without one. The latest that began counts."""
    valid = [one for one in numbers if one.country == country and (one.since is None or one.since <= on)]
    return max(valid, key=lambda one: one.since or date.min).number if valid else ""
