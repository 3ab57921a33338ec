"""A pattern of numbers as people think of it: prefix, year, digits."""

import pytest

from worker.domain.numbering import PatternParts
from worker.errors import InvalidValue


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("F{year}-{number:05d}", PatternParts("F", "-", 5)),
        ("{year}/{number:04d}", PatternParts("", "/", 4)),
        ("{number}", PatternParts("", None, 1)),
        ("INV-{number:012d}", PatternParts("INV-", None, 12)),
        ("F{year}{number:03d}", PatternParts("F", "", 3)),
    ],
)
def test_a_pattern_and_its_parts_say_the_same(pattern: str, parts: PatternParts) -> None:
    assert PatternParts.of(pattern) == parts
    assert parts.pattern == pattern


@pytest.mark.parametrize(
    "pattern", ["F{number:05d}-{year}", "F{year}-{number:05d}/A", "{year}{year}{number}", "F{{{number}"]
)
def test_what_cannot_be_said_in_parts_stays_a_pattern(pattern: str) -> None:
    assert PatternParts.of(pattern) is None


def test_braces_are_no_prefix() -> None:
    with pytest.raises(InvalidValue, match="leave out the braces"):
        _ = PatternParts("{number}", None, 5).pattern
