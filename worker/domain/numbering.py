"""Numbers and dates as printed. Pure: the counter itself is a row in the store."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from string import Formatter

from worker.domain.document import Kind
from worker.domain.shop import Series
from worker.errors import InvalidValue

LONGEST_NUMBER = 30  # it must fit a printed column and a file name
LONGEST_SERIES_NAME = 40

# Test documents have a series of their own, outside the register, so that going live starts at the owner's number.
TEST_SERIES = Series("test", "TEST-{number:05d}", yearly=False)


def format_number(series: Series, *, year: int, number: int) -> str:
    """Print *number* in the pattern of *series*: F2026-00042."""
    check_pattern(series.pattern, yearly=series.yearly)
    return series.pattern.format(year=year, number=number)


@dataclass(frozen=True)
class PatternParts:
    """A pattern as people think of it: what stands before, the year with what follows it (None: no year), and how many digits."""

    prefix: str
    after_year: str | None
    digits: int

    @classmethod
    def of(cls, pattern: str) -> "PatternParts | None":
        """None for a pattern that cannot be said so, such as one with something behind the number."""
        found = _PARTS.fullmatch(pattern)
        return cls(found["prefix"], found["after"], int(found["digits"] or 1)) if found else None

    @property
    def pattern(self) -> str:
        """Raises ValueError with a message for braces, which only a pattern may hold."""
        if set("{}") & set(self.prefix):
            raise InvalidValue("“{prefix}” cannot stand before a number; leave out the braces.", prefix=self.prefix)
        year = "" if self.after_year is None else f"{{year}}{self.after_year}"
        width = f":0{self.digits}d" if self.digits > 1 else ""
        return f"{self.prefix}{year}{{number{width}}}"


_PARTS = re.compile(r"(?P<prefix>[^{}]*)(?:\{year\}(?P<after>[^{}]*))?\{number(?::0(?P<digits>[0-9]{1,2})d?)?\}")


def check_pattern(pattern: str, *, yearly: bool = True) -> None:
    """Raise ValueError with a message when *pattern* cannot give unique, printable numbers."""
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise InvalidValue(
            "“{pattern}” is not a pattern: {error}. Write it like {example}.",
            pattern=pattern,
            error=error,
            example="F{year}-{number:05d}",
        ) from error
    fields = [field for _, field, _, _ in parts if field is not None]
    for _, field, width, conversion in parts:
        if field is not None:
            _check_field(pattern, field, width or "", conversion or "")
    if fields.count("number") != 1:
        raise InvalidValue(
            "“{pattern}” must contain {number} once, or two documents would share a number.",
            pattern=pattern,
            number="{number}",
        )
    if yearly and "year" not in fields:
        raise InvalidValue(
            "“{pattern}” must contain {year}: its count starts again each year, so numbers would repeat.",
            pattern=pattern,
            year="{year}",
        )
    example = example_number(pattern)
    if not example.isprintable() or example != example.strip() or len(example) > LONGEST_NUMBER:
        raise InvalidValue(
            "“{pattern}” gives “{example}”; use at most {longest} printable characters.",
            pattern=pattern,
            example=example,
            longest=LONGEST_NUMBER,
        )


def _check_field(pattern: str, field: str, width: str, conversion: str) -> None:
    # Only these two names: a pattern is typed by a shop owner, and {number.__class__} would reach into Python.
    if field not in ("year", "number") or conversion:
        raise InvalidValue(
            "“{field}” in “{pattern}” is unknown; use {year} and {number}, like {example}.",
            field=f"{{{field}}}",
            pattern=pattern,
            year="{year}",
            number="{number}",
            example="{number:05d}",
        )
    if width and not _is_width(width):
        raise InvalidValue(
            "“:{width}” in “{pattern}” is not a width; write it like {example}.",
            width=width,
            pattern=pattern,
            example="{number:05d}",
        )


def example_number(pattern: str) -> str:
    """The first number that *pattern* gives, in a year for examples."""
    return pattern.format(year=2026, number=1)


def check_series_name(name: str) -> str:
    """*name* itself. Raises ValueError with a message when it cannot name a series of a shop."""
    if not re.fullmatch(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST_SERIES_NAME - 1}}}", name):
        raise InvalidValue(
            "“{name}” cannot name a series; use small letters, digits, - and _, like “sales”.", name=name
        )
    if name == TEST_SERIES.name:
        raise InvalidValue("“{name}” is the series of test documents; choose another name.", name=name)
    return name


def issue_date(today: date, last_date: date | None) -> date:
    """The later of *today* and the series' last date, so that numbers and dates rise together (art. 5 RD 1)."""
    return max(today, last_date or today)


def period(series: Series, issued_on: date) -> int:
    """The year whose count *issued_on* belongs to; 0 for a series that never starts again."""
    return issued_on.year if series.yearly else 0


def apply_series_settings(
    series: Mapping[Kind, Series],
    *,
    names: Mapping[Kind, str],
    patterns: Mapping[Kind, str],
    yearly: Mapping[Kind, bool],
) -> dict[Kind, Series]:
    """*series* with an owner's wishes. A kind that joins a series takes its pattern; a pattern counts for all who share it.

    Raises ValueError with a message: for a wrong pattern, and when two series could print the same number.
    """
    wanted = dict(series)
    for kind, name in names.items():
        shared = next((one for one in wanted.values() if one.name == name), None)
        wanted[kind] = shared or replace(wanted[kind], name=check_series_name(name))
    for kind, pattern in patterns.items():
        _change_all(wanted, wanted[kind].name, replace(wanted[kind], pattern=pattern))
    for kind, resets in yearly.items():
        _change_all(wanted, wanted[kind].name, replace(wanted[kind], yearly=resets))
    for one in wanted.values():
        check_pattern(one.pattern, yearly=one.yearly)
    refuse_shared_numbers((*wanted.values(), TEST_SERIES))
    return wanted


def _change_all(wanted: dict[Kind, Series], name: str, changed: Series) -> None:
    for kind in [kind for kind, one in wanted.items() if one.name == name]:
        wanted[kind] = changed


def refuse_shared_numbers(series: Iterable[Series]) -> None:
    """Raise ValueError when two different series could ever print the same number."""
    known: dict[str, Series] = {}
    for one in series:
        for other in known.values():
            if other.name != one.name and can_print_the_same(one.pattern, other.pattern):
                raise InvalidValue(
                    "The series “{name}” ({pattern}) and “{other_name}” ({other_pattern}) could print the same "
                    "number; give one of them another pattern, or let both share one series.",
                    name=other.name,
                    pattern=other.pattern,
                    other_name=one.name,
                    other_pattern=one.pattern,
                )
        known[one.name] = one


def can_print_the_same(pattern: str, other: str) -> bool:
    """Whether any number of *pattern* could also come from *other*. Case is ignored: readers mix it up."""
    left, right = _pattern_steps(pattern), _pattern_steps(other)
    # Step through both at once, character by character; a repeated step may be taken once more or left behind.
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        i, j = place
        if i == len(left) and j == len(right):
            return True
        todo += [(i + 1, j)] if i < len(left) and left[i][1] else []
        todo += [(i, j + 1)] if j < len(right) and right[j][1] else []
        if i < len(left) and j < len(right) and left[i][0] & right[j][0]:
            after_i, after_j = (i if left[i][1] else i + 1), (j if right[j][1] else j + 1)
            todo.append((after_i, after_j))
    return False


_DIGITS = frozenset("0123456789")


def _pattern_steps(pattern: str) -> list[tuple[frozenset[str], bool]]:
    """One step a character: what may stand there, and whether it may be left out or repeated (a number outgrows its width)."""
    steps: list[tuple[frozenset[str], bool]] = []
    for literal, field, width, _ in Formatter().parse(pattern):
        steps += [(frozenset(letter.casefold()), False) for letter in literal]
        if field is not None:
            steps += [(_DIGITS, False)] * _least_digits(field, width or "")
        if field == "number":
            steps.append((_DIGITS, True))
    return steps


def first_repeated_number(series: Series, printed: Collection[str], *, year: int, number: int) -> str | None:
    """The first of the *printed* numbers that *series* would give again when it continues from *number* in *year*; None if none."""
    reader = _number_regex(series.pattern)
    coming = []
    for text in printed:
        found = reader.fullmatch(text)
        if found is None:
            continue
        printed_year = int(found.groupdict().get("year") or year)
        # A later year of a yearly series starts at 1 again; without {year} the year is the present one.
        first = number if printed_year == year or not series.yearly else 1
        same = series.pattern.format(year=printed_year, number=int(found["number"])) == text
        if same and printed_year >= year and int(found["number"]) >= first:
            coming.append((printed_year, int(found["number"]), text))
    return min(coming)[2] if coming else None


def sequence_in(series: Series, text: str) -> tuple[int, int] | None:
    """Year (0 where the pattern names none) and running number of *text* in *series*; None where it is not one of its numbers."""
    found = _number_regex(series.pattern).fullmatch(text)
    if found is None:
        return None
    year, number = int(found.groupdict().get("year") or 0), int(found["number"])
    return (year, number) if format_number(series, year=year, number=number) == text else None


def _number_regex(pattern: str) -> re.Pattern[str]:
    """*pattern* read backwards: the year and number in a text."""
    parts, year_seen = [], False
    for literal, field, width, _ in Formatter().parse(pattern):
        parts.append(re.escape(literal))
        if field == "number":
            parts.append(rf"(?P<number>[0-9]{{{_least_digits(field, width or '')},}})")
        elif field == "year":
            parts.append("(?:[0-9]+)" if year_seen else rf"(?P<year>[0-9]{{{_least_digits(field, width or '')}}})")
            year_seen = True
    return re.compile("".join(parts))


def _least_digits(field: str, width: str) -> int:
    return max(4 if field == "year" else 1, int(width.removesuffix("d") or 0))


def _is_width(width: str) -> bool:
    """`05d`, `05` or `d`; without the zero the gap would be filled with blanks."""
    return bool(re.fullmatch(r"(0[0-9]{1,2})?d?", width, re.ASCII)) and int(width.removesuffix("d") or 0) <= 12
