"""Sellers without OSS are told when their sales to consumers in other member states near or pass 10,000 EUR a year."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from worker.domain.distance_sales import DistanceSales, Level, is_watched, warning
from worker.domain.shop import Shop
from worker.services import Services
from worker.store import alerts
from worker.store import distance_sales as store
from worker.store.shops import ConnectedShop

CODES = {Level.NEAR: "oss_limit_near", Level.PASSED: "oss_limit_passed"}
# The warning that the limit is near needs nothing done yet: after so long it has been read.
NEAR_SHOWN_FOR = timedelta(days=14)


def watch_distance_sales(services: Services, connected: ConnectedShop) -> DistanceSales:
    """Count what was sold since the last time; open an alert when a level is reached, close it when it no longer holds."""
    shop, now = connected.shop, services.now()
    today = shop.day_of(now)
    with services.store.snapshot() as connection:
        before = store.find(connection, shop.shop_id)
        sales = store.count_on(connection, shop.shop_id, before, since=date(today.year - 1, 1, 1))
    level = sales.level(today) if is_watched(shop, today) else Level.BELOW
    warned = before.warned if before.warned_in == today.year and is_watched(shop, today) else Level.BELOW
    is_new = level > warned
    sales = replace(sales, warned=max(level, warned), warned_in=today.year)
    with services.store.write() as connection:
        _close_what_is_over(connection, shop.shop_id, level, now=now)
        if is_new:
            _alert(connection, shop, level, sales, now=now)
        if sales != before:
            store.save(connection, shop.shop_id, sales, now=now)
    return sales


def _alert(connection: Connection, shop: Shop, level: Level, sales: DistanceSales, *, now: datetime) -> None:
    message = warning(level, sales, shop, shop.day_of(now))
    alerts.raise_alert(connection, shop.shop_id, code=CODES[level], message=message, now=now)


def _close_what_is_over(connection: Connection, shop_id: str, level: Level, *, now: datetime) -> None:
    for of_level, code in CODES.items():
        known = alerts.find(connection, shop_id, code)
        is_read = known is not None and of_level is Level.NEAR and now - known.first_at > NEAR_SHOWN_FOR
        if known and (level is not of_level or is_read):
            alerts.close(connection, shop_id, code=code, now=now)
