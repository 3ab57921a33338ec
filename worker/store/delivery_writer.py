"""Stores deliveries: those that come at the same time share one commit, which is what storing costs."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue

from worker.errors import Unavailable
from worker.store import deliveries
from worker.store.database.engine import Store
from worker.store.deliveries import NewDelivery

MOST_TOGETHER = 64


@dataclass(frozen=True)
class Waiting:
    """A delivery that somebody waits to see stored."""

    new: NewDelivery
    since: datetime
    delivery_id: Future[int] = field(default_factory=Future)


class DeliveryWriter:
    """One writer at a time among the threads of a process: whoever's turn it is stores what has come until then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.waiting: SimpleQueue[Waiting] = SimpleQueue()
        self._turn = threading.Lock()

    def add(self, new: NewDelivery, *, now: datetime) -> int:
        """Return the id of *new* once it is stored for good. Raises Unavailable when the database is away."""
        mine = Waiting(new, now)
        self.waiting.put(mine)
        with self._turn:
            while not mine.delivery_id.done():
                self._store_waiting()
        return mine.delivery_id.result()

    def _store_waiting(self) -> None:
        """Store all or none; where one cannot be stored, each is tried alone, so that only its own sender is refused."""
        together: list[Waiting] = []
        try:
            with self._store.write() as connection:
                # Not before: whoever came while another process was writing shares the commit too.
                together = self._next_ones()
                ids = deliveries.add_all(connection, [(one.new, one.since) for one in together])
        except Exception as error:  # noqa: BLE001  # whoever waits is told of any
            self._after(error, together or self._next_ones())
        except BaseException as error:
            for one in together:
                one.delivery_id.set_exception(error)
            raise
        else:
            for one, delivery_id in zip(together, ids, strict=True):
                one.delivery_id.set_result(delivery_id)

    def _next_ones(self) -> list[Waiting]:
        return [self.waiting.get_nowait() for _ in range(min(self.waiting.qsize(), MOST_TOGETHER))]

    def _after(self, error: Exception, together: list[Waiting]) -> None:
        for one in together:
            if len(together) == 1 or isinstance(error, Unavailable):
                one.delivery_id.set_exception(error)
            else:
                self._store_alone(one)

    def _store_alone(self, one: Waiting) -> None:
        try:
            with self._store.write() as connection:
                delivery_id = deliveries.add(connection, one.new, now=one.since)
        except Exception as error:  # noqa: BLE001  # as above
            one.delivery_id.set_exception(error)
        else:
            one.delivery_id.set_result(delivery_id)
