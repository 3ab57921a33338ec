"""The shop's list of orders by the day they were placed, read while the shop goes on changing it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from worker.woocommerce.client import ShopClient, require_end
from worker.woocommerce.list_payload import ListedOrder

# The shop's times are in whole seconds, and it lists what was placed after one.
SECOND = timedelta(seconds=1)


def placed_orders(
    client: ShopClient, *, since: datetime, before: datetime, listed: set[int]
) -> Iterator[tuple[tuple[ListedOrder, ...], int]]:
    """The orders placed from *since* on, before *before*, oldest first, each once: a page at a time, with how many the list has.

    An order deleted meanwhile moves all behind it up by one, and page 2 would begin one too far. So each page begins where the
    last one ended; pages are counted only where one second fills a page. *listed* gets the `key` of each order.
    """
    after, page, asked = since - SECOND, 1, 0
    while True:
        asked += 1
        require_end(asked)
        listing = client.orders_placed(after=after, before=before, page=page)
        # A number stands for id and key: those of a whole month would be most of what is held.
        new = {key(order.order_id, order.order_key): order for order in listing.orders}
        new = {number: order for number, order in new.items() if number not in listed}
        listed.update(new)
        yield tuple(new.values()), listing.total
        if page >= listing.pages:
            return
        reached = listing.orders[-1].created_at - SECOND if listing.orders else after
        after, page = (reached, 1) if reached > after else (after, page + 1)


def key(order_id: int, order_key: str) -> int:
    return hash((order_id, order_key))
