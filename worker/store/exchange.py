"""Exchange rates of the European Central Bank as last read: one report for all shops."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select

from worker.store.tables import reports

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
    connection.execute(insert(reports).values(name=NAME, made_at=rates.read_at, content=json.dumps(content)))


def latest(connection: Connection) -> Rates | None:
    """The last attempt, whether it found rates or not."""
    row = connection.execute(
        select(reports)
        .where(reports.c.shop_id.is_(None), reports.c.name == NAME)
        .order_by(reports.c.made_at.desc(), reports.c.report_id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    content = json.loads(row.content)
    return Rates(
        read_at=row.made_at,
        day=date.fromisoformat(content["day"]) if content["day"] else None,
        rates={currency: Decimal(rate) for currency, rate in content["rates"].items()},
    )
