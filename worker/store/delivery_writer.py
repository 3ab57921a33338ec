"""Stores deliveries in a thread of its own: those that come at the same time share one commit, which is what storing costs."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue

from worker.background import Background
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
    """One writer for the threads of a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.waiting: SimpleQueue[Waiting] = SimpleQueue()
        self._background = Background(self._run, "delivery writer")

    def add(self, new: NewDelivery, *, now: datetime) -> int:
        """Return the id of *new* once it is stored for good. Raises Unavailable when the database is away."""
        waiting = Waiting(new, now)
        self.waiting.put(waiting)
        self._background.ensure()
        return waiting.delivery_id.result()

    def _run(self) -> None:
        while True:
            together = [self.waiting.get()]
            try:
                while len(together) < MOST_TOGETHER:
                    together.append(self.waiting.get_nowait())
            except Empty:
                pass
            self._store_all(together)

    def _store_all(self, together: list[Waiting]) -> None:
        """Store all or none; where one cannot be stored, each is tried alone, so that only its own sender is refused."""
        try:
            with self._store.write() as connection:
                ids = deliveries.add_all(connection, [(one.new, one.since) for one in together])
        except Exception as error:  # noqa: BLE001  # whoever waits is told of any
            if len(together) == 1 or isinstance(error, Unavailable):
                for one in together:
                    one.delivery_id.set_exception(error)
            else:
                for one in together:
                    self._store_all([one])
        else:
            for one, delivery_id in zip(together, ids, strict=True):
                one.delivery_id.set_result(delivery_id)
