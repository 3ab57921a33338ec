"""A shop's settings as they count for one processing: paused or not, with a backfill's older orders, and as they are under the lock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from worker.domain.shop import Shop
from worker.errors import NumberingPaused, ShopPaused
from worker.message import Message
from worker.store import shops
from worker.store.deliveries import BACKFILL, Delivery

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def refuse_paused(shop: Shop) -> None:
    if shop.suspended:
        raise ShopPaused("This shop is paused; its orders wait until it goes on.", retry_after_s=3600)
    if shop.numbering.restored:
        raise NumberingPaused(numbering_paused_message(shop), retry_after_s=60)


def numbering_paused_message(shop: Shop) -> Message:
    restored = shop.numbering.restored
    return Message(
        "{shop} came back from a backup of {as_of}. What was issued after that is not in the register, so nothing is "
        "issued until whoever runs Facturelay has said where the numbers go on.",
        shop=shop.name,
        as_of=restored.as_of.astimezone(shop.zoneinfo) if restored else "",
    )


def reload_shop(connection: Connection, shop: Shop) -> Shop:
    """The settings under the lock: what was changed since the fetch counts. The rates of this run and a backfill stay."""
    current = shops.get_settings(connection, shop.shop_id)
    refuse_paused(current)
    since = LONG_AGO if shop.orders.since == LONG_AGO else current.orders.since
    rates = {**shop.exchange_rates, **current.exchange_rates}
    return replace(current, exchange_rates=rates).with_orders_since(since)


def shop_for(shop: Shop, deliveries: Sequence[Delivery]) -> Shop:
    """The shop's settings for these deliveries: a backfill takes orders from before the shop was connected."""
    is_backfill = any(delivery.source == BACKFILL for delivery in deliveries)
    return shop.with_orders_since(LONG_AGO) if is_backfill else shop
