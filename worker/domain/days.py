"""Days as a shop's clock has them, and as people write them."""

import re
from datetime import date, datetime, time, tzinfo

from worker.errors import InvalidValue

# The day first, as all our readers write it; the year first; and the eight figures of a phone's keyboard that has no other key.
WRITTEN = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})",
    )
)
ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(.*))?", re.ASCII)
# Before it no shop sold anything by the web; what is typed so is a slip of the finger.
FIRST_YEAR = 1970
# Of a year in two figures: what lies further off is rather another order of day, month and year, or another century.
SHORT_YEARS = range(2006, 2047)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Its first instant in *zone*."""
    return datetime.combine(day, time(), zone)


def read_day(text: str) -> date:
    """The day that a person wrote, from 1970 on: 3-12-2026, 03/12/26, 03122026 or 2026-12-03. Raises InvalidValue."""
    found = next((found for pattern in WRITTEN if (found := pattern.fullmatch(text.strip()))), None)
    try:
        if found:
            return date(year_of(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        pass  # such as 31 June
    raise InvalidValue("“{text}” is not a day; write it like 22/11/2026.", text=text)


def year_of(figures: str) -> int:
    """A year in four figures or two. Raises ValueError for one that nobody means."""
    year = int(figures) if len(figures) == 4 else 2000 + int(figures)
    if year < FIRST_YEAR or (len(figures) == 2 and year not in SHORT_YEARS):
        raise ValueError(figures)
    return year


def in_figures(text: str, *, mark: str) -> str:
    """A day of ISO 8601, perhaps with a time, the day first and *mark* between; what else was typed, as it is."""
    found = ISO_DAY.fullmatch(text)
    return mark.join((found[3], found[2], found[1])) + (f" {found[4]}" if found[4] else "") if found else text
