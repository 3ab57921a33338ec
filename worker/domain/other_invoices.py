"""Other plugins of a shop that make invoices too, as its own plugin told: two invoices for one order are two times its VAT (art. 51 §1 3° VAT code)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.domain.numbering import check_pattern, format_number
from worker.domain.shop import Series
from worker.errors import InvalidValue

LONGEST_NAME, LONGEST_WAY, LONGEST_PATTERN = 80, 160, 60
HIGHEST = 999_999_999


@dataclass(frozen=True)
class OtherNumbers:
    """How far another plugin's invoices are: *next* gets *pattern*, as ours are written; "" where ours cannot look like that."""

    next: int
    pattern: str
    yearly: bool


@dataclass(frozen=True)
class OtherMaker:
    """Another plugin. *makes*: by itself, as its settings say, or where those are not *known*; *where*: the way to switch it off."""

    name: str
    makes: bool
    known: bool
    where: str
    numbers: OtherNumbers | None


@dataclass(frozen=True)
class OtherInvoices:
    """What a shop's plugin told last. *beside*: the owner runs this beside the others as a test, on purpose."""

    makers: tuple[OtherMaker, ...] = ()
    beside: bool = False

    @property
    def making(self) -> tuple[OtherMaker, ...]:
        return tuple(maker for maker in self.makers if maker.makes)

    @property
    def with_numbers(self) -> OtherMaker | None:
        """The one whose numbers can go on here: who makes invoices before who did once; None where nobody's are known."""
        numbered = [maker for maker in self.makers if maker.numbers is not None]
        return max(numbered, key=lambda maker: maker.makes, default=None)


def from_report(report: object) -> OtherInvoices:
    """What the heartbeat's `others` says. What is missing or of another kind counts as not said: an older plugin tells nothing."""
    if not isinstance(report, Mapping):
        return OtherInvoices()
    found = report.get("found")
    makers = [maker_of(one) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return OtherInvoices(tuple(maker for maker in makers if maker.name), report.get("beside") is True)


def maker_of(told: Mapping[str, Any]) -> OtherMaker:
    return OtherMaker(
        name=text_of(told.get("name"), LONGEST_NAME),
        makes=told.get("makes") is True,
        known=told.get("known") is True,
        where=text_of(told.get("where"), LONGEST_WAY),
        numbers=numbers_of(told.get("numbers")),
    )


def numbers_of(told: object) -> OtherNumbers | None:
    following = told.get("next") if isinstance(told, Mapping) else None
    if not isinstance(told, Mapping) or type(following) is not int or not 1 <= following <= HIGHEST:
        return None
    pattern, yearly = text_of(told.get("pattern"), LONGEST_PATTERN), told.get("yearly") is True
    return OtherNumbers(following, pattern if can_be_ours(pattern, yearly=yearly) else "", yearly)


def can_be_ours(pattern: str, *, yearly: bool) -> bool:
    try:
        check_pattern(pattern, yearly=yearly)
    except InvalidValue:
        return False
    return True


def printed_next(numbers: OtherNumbers, series: Series, *, year: int) -> str:
    """The other's next number as our *series* would print it."""
    pattern = numbers.pattern or series.pattern
    return format_number(Series(series.name, pattern, yearly=False), year=year, number=numbers.next)


def text_of(told: object, longest: int) -> str:
    return "".join(letter for letter in told if letter.isprintable())[:longest] if isinstance(told, str) else ""
