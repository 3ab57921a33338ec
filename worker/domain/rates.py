"""Which VAT rates a country knows, and since when. Data with dates and sources (`data/rates.toml`); a new rate is one entry there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from worker.domain.data_file import read_data

# Monaco levies the VAT of France (art. 7 of the VAT directive), Liechtenstein that of Switzerland (customs union of 1923).
SAME_AS = {"MC": "FR", "LI": "CH"}


class RateKind(StrEnum):
    STANDARD = "standard"
    REDUCED = "reduced"
    REGIONAL = "regional"  # islands and border zones that are part of the EU VAT territory


@dataclass(frozen=True)
class KnownRate:
    """A rate of *country*, 21 meaning 21 %. *since* and *until* are its first and last day; None: before, or after, what is listed."""

    country: str
    kind: RateKind
    percent: Decimal
    since: date | None = None
    until: date | None = None
    source: str = ""

    def is_valid(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True)
class RateChange:
    """From *day* on *rate* is levied, or (*ended*) no longer."""

    day: date
    rate: KnownRate
    ended: bool


def known_rates(country: str, on: date) -> frozenset[Decimal]:
    """The rates above 0 % of *country* on a day, islands and border zones included; empty for a country without a list."""
    return frozenset(rate.percent for rate in rates_of(country) if rate.is_valid(on))


def is_known(country: str, rate: Decimal, on: date) -> bool:
    """Whether *country* levied *rate* on a day. True for every rate of a country without a list."""
    known = known_rates(country, on)
    return not known or rate == 0 or rate in known


def rates_of(country: str) -> tuple[KnownRate, ...]:
    """Every rate of *country* that is listed, past and announced ones too."""
    return all_rates().get(SAME_AS.get(country, country), ())


def changes(rates: Iterable[KnownRate], *, since: date) -> tuple[RateChange, ...]:
    """What begins and ends on *since* or later, in the order of days and countries."""
    found = []
    for rate in rates:
        if rate.until:
            found.append(RateChange(rate.until + timedelta(days=1), rate, ended=True))
        if rate.since:
            found.append(RateChange(rate.since, rate, ended=False))
    in_order = sorted(
        found, key=lambda change: (change.day, change.rate.country, not change.ended, -change.rate.percent)
    )
    return tuple(change for change in in_order if change.day >= since)


def listed_since() -> date:
    """The first day for which the list is complete."""
    since: date = _file()["complete_since"]
    return since


@cache
def all_rates() -> dict[str, tuple[KnownRate, ...]]:
    return {
        country: tuple(_rate(country, RateKind(kind), entry) for kind, entries in kinds.items() for entry in entries)
        for country, kinds in _file()["rates"].items()
    }


def _rate(country: str, kind: RateKind, entry: int | Decimal | dict[str, Any]) -> KnownRate:
    """A bare number is a rate that did not change as long as the list reaches back."""
    if not isinstance(entry, dict):
        return KnownRate(country, kind, Decimal(entry))
    percent, source = Decimal(entry["percent"]), entry["source"]
    return KnownRate(country, kind, percent, entry.get("from"), entry.get("until"), source)


@cache
def _file() -> dict[str, Any]:
    return read_data("rates")
