"""Exchange rates of the European Central Bank as last read: one report for all shops."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from worker.store import reports

NAME = "exchange_rates"


@dataclass(frozen=True)
class Rates:
    """*rates*: units of a currency for 1 EUR, as published on *day*. Empty where the bank could not be read at *read_at*."""

    read_at: datetime
    day: date | None
    rates: dict[str, Decimal]


def keep(connection: Connection, rates: Rates) -> None:
    content = {
        "day": rates.day.isoformat() if rates.day else None,
        "rates": {currency: str(rate) for currency, rate in rates.rates.items()},
    }
    reports.keep(connection, None, NAME, content, now=rates.read_at)


def latest(connection: Connection) -> Rates | None:
    """The last attempt, whether it found rates or not."""
    report = reports.latest(connection, None, NAME)
    if report is None:
        return None
    return Rates(
        read_at=report.made_at,
        day=date.fromisoformat(report.content["day"]) if report.content["day"] else None,
        rates={currency: Decimal(rate) for currency, rate in report.content["rates"].items()},
    )
