"""Exchange rates for documents in other currencies: the shop's own setting, else the daily file of the European Central Bank.

Read only when an order needs one; where the bank is out of reach the document waits as a draft with a message.
"""

import logging
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from worker.domain.shop import Shop
from worker.errors import FacturelayError
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question, call
from worker.services import Services
from worker.store import exchange_rates
from worker.store.exchange_rates import ExchangeRates

log = logging.getLogger(__name__)

# Published on working days around 16:00; what was read in the morning serves until the evening.
FRESH_FOR = timedelta(hours=6)
TRY_AGAIN_AFTER = timedelta(minutes=15)
# Over Christmas and Easter five days pass without a new file; older than this, something is wrong.
OLDEST = timedelta(days=10)
TOTAL_S = 10.0
MOST_BYTES = 200_000

DAY = re.compile(r"""<Cube\s+time=['"](\d{4}-\d{2}-\d{2})['"]""")
RATE = re.compile(r"""currency=['"]([A-Z]{3})['"]\s+rate=['"](\d{1,9}(?:\.\d{1,6})?)['"]""")


def with_rate(services: Services, shop: Shop, currency: str) -> Shop:
    """*shop* knowing the rate of *currency*, where one can be had; its own setting goes first."""
    if currency == "EUR" or currency in shop.exchange_rates:
        return shop
    rate = rates_now(services).get(currency)
    return replace(shop, exchange_rates={**shop.exchange_rates, currency: rate}) if rate else shop


def rates_now(services: Services) -> dict[str, Decimal]:
    """The bank's rates, read again when they are no longer fresh. Empty when there are none young enough."""
    now = services.now()
    with services.store.read() as connection:
        known = exchange_rates.latest(connection)
    if known is None or now - known.read_at > (FRESH_FOR if known.rates else TRY_AGAIN_AFTER):
        known = refresh_rates(services, now, before=known)
    too_old = known.day is None or now.date() - known.day > OLDEST
    return {} if too_old else known.rates


def refresh_rates(services: Services, now: datetime, *, before: ExchangeRates | None) -> ExchangeRates:
    """Download the bank's rates and store them; where it does not answer, the earlier ones serve for another while."""
    found = parse_rates(download(services.settings.exchange_rates_url), now) or ExchangeRates(
        now, before.day if before else None, before.rates if before else {}
    )
    with services.store.write() as connection:
        exchange_rates.save(connection, found)
    return found


def download(url: str) -> str:
    if not url:
        return ""
    try:
        with guarded_session(allow_private=True) as session:  # the operator's own address
            answer = call(session, Question("GET", url, total_s=TOTAL_S, most_bytes=MOST_BYTES, follow=True))
    except (HttpTrouble, FacturelayError) as error:
        log.warning("the exchange rates could not be read: %s", type(error).__name__)
        return ""
    if answer.status != 200:
        log.warning("the exchange rates could not be read: HTTP %d", answer.status)
        return ""
    return answer.body.decode("utf-8", errors="replace")


def parse_rates(text: str, now: datetime) -> ExchangeRates | None:
    """The day and the rates in the bank's file; None when it holds none."""
    day, rates = DAY.search(text), RATE.findall(text)
    if day is None or not rates:
        return None
    return ExchangeRates(
        now, date.fromisoformat(day[1]), {currency: Decimal(rate) for currency, rate in rates if Decimal(rate)}
    )
