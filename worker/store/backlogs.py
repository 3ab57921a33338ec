"""Whether so much of a shop waits already that nothing more is written down of it: what is left out is found by asking the shop."""

import time
from datetime import datetime

from worker.message import Message
from worker.store import alerts, deliveries, shops
from worker.store.database.engine import Store

# So many orders of a shop wait at most, but for what each process takes in between two looks; a poll finds no more at once either.
MOST_WAITING = 2_000
# Of a shop whose people paused it, weeks wait by their will: each delivery tells a status that its order has left when it is asked for
# afterwards, and none for a day looks like a shop that no longer reports.
MOST_PAUSED = 20_000
LOOK_EVERY = 50  # deliveries
FULL_FOR_S = 5.0
MOST_SHOPS = 10_000
CODE = "too_many_reports"


class Backlogs:
    """What is left to each shop until it is looked again; of nearly every shop the database is never asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left: dict[str, int] = {}
        self._full_until: dict[str, float] = {}

    def is_full(self, shop_id: str, *, now: datetime) -> bool:
        """Count one more delivery of the shop. Where there is no room for it, its people are told. Raises Unavailable."""
        left = self._left.get(shop_id, LOOK_EVERY)
        if left <= 0:
            if time.monotonic() < self._full_until.get(shop_id, 0.0):
                return True
            left = self._look(shop_id, now)
            if left <= 0:
                return True
        if len(self._left) >= MOST_SHOPS:
            self._left.clear()
        self._left[shop_id] = left - 1
        return False

    def _look(self, shop_id: str, now: datetime) -> int:
        with self._store.read() as connection:
            shop = shops.settings_of(connection, shop_id)
            most = MOST_PAUSED if shop and shop.suspended else MOST_WAITING
            room = most - deliveries.count_new(connection, shop_id, most=most)
        if room > 0:
            self._full_until.pop(shop_id, None)
            return min(room, LOOK_EVERY)
        self._full_until[shop_id] = time.monotonic() + FULL_FOR_S
        message = Message(
            "{shop} reports more orders than can be processed at once. What is not noted now is asked for afterwards: no order "
            "is lost. If this goes on for hours, a plugin in the shop may be saving its orders again and again.",
            shop=shop.name if shop else shop_id,
        )
        with self._store.write() as connection:
            alerts.raise_alert(connection, shop_id, code=CODE, message=message, now=now)
        return 0
