"""Numbers and dates on paper. Pure: the counter itself is a row in the store."""

from datetime import date
from string import Formatter

from worker.domain.shop import Series

LONGEST_NUMBER = 30  # a column on paper and a file name must hold it


def format_number(series: Series, *, year: int, number: int) -> str:
    """Print *number* the way *series* wants it: F2026-00042."""
    check_pattern(series.pattern, yearly=series.yearly)
    return series.pattern.format(year=year, number=number)


def check_pattern(pattern: str, *, yearly: bool = True) -> None:
    """Raise ValueError with a sentence when *pattern* cannot give unique, printable numbers."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise ValueError(f"“{pattern}” is not a pattern: {error}. Write it like F{{year}}-{{number:05d}}") from error
    fields = [field for _, field, _, _ in parts if field is not None]
    for _, field, width, conversion in parts:
        if field is None:
            continue
        # Only these two names: a pattern is typed by a shop owner, and {number.__class__} would look inside Python.
        if field not in ("year", "number") or conversion:
            raise ValueError(
                f"“{{{field}}}” in “{pattern}” is unknown; use {{year}} and {{number}}, like {{number:05d}}"
            )
        if width and not _is_width(width):
            raise ValueError(f"“:{width}” in “{pattern}” is not a width; write it like {{number:05d}}")
    if fields.count("number") != 1:
        raise ValueError(f"“{pattern}” must contain {{number}} once, or two documents would share a number")
    if yearly and "year" not in fields:
        raise ValueError(
            f"“{pattern}” must contain {{year}}: its count starts again each year, so numbers would repeat"
        )
    example = pattern.format(year=2026, number=1)
    if not example.isprintable() or example != example.strip() or len(example) > LONGEST_NUMBER:
        raise ValueError(f"“{pattern}” gives “{example}”; use at most {LONGEST_NUMBER} printable characters")


def issue_date(today: date, last_date: date | None) -> date:
    """The later of *today* and the series' last date, so that numbers and dates rise together (art. 5 RD 1)."""
    return max(today, last_date or today)


def period(series: Series, issued_on: date) -> int:
    """The year whose count *issued_on* belongs to; 0 for a series that never starts again."""
    return issued_on.year if series.yearly else 0


def _is_width(width: str) -> bool:
    digits = width.removesuffix("d")
    return digits.isdigit() and digits.isascii() and int(digits) <= 12 if digits else width == "d"
