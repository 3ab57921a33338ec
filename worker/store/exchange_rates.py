"""Exchange rates of the European Central Bank as last read: one report for all shops."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from worker.store import reports

REPORT_NAME = "exchange_rates"


@dataclass(frozen=True)
class ExchangeRates:
    """*rates*: units of a currency for 1 EUR, as published on *day*. Empty where the bank could not be read at *read_at*."""

    read_at: datetime
    day: date | None
    rates: dict[str, Decimal]


def save(connection: Connection, rates: ExchangeRates) -> None:
    content = {
        "day": rates.day.isoformat() if rates.day else None,
        "rates": {currency: str(rate) for currency, rate in rates.rates.items()},
    }
    reports.add(connection, None, REPORT_NAME, content, now=rates.read_at)


def latest(connection: Connection) -> ExchangeRates | None:
    """The last attempt, whether it found rates or not."""
    report = reports.latest(connection, None, REPORT_NAME)
    if report is None:
        return None
    return ExchangeRates(
        read_at=report.created_at,
        day=date.fromisoformat(report.content["day"]) if report.content["day"] else None,
        rates={currency: Decimal(rate) for currency, rate in report.content["rates"].items()},
    )
