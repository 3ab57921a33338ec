"""Actions: what a person decides and rows alone can do. All the bridge may call of what the worker does.

Those of documents and orders take the shop that the person may act for: what belongs to another shop is unknown here. Each is
recorded in the audit trail under the person's name. They are called inside `store.write()`: `Services.act` and the bridge's
`run_action` do that, and enqueue what they give back. What is not enqueued, the scheduler does.
"""

from dataclasses import dataclass
from typing import Protocol

from worker.queue import BACKFILL_ORDER, PROCESS_ORDER, SEND_DOCUMENT, SETTLE_ORDER
from worker.settings import Settings
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store


class Installation(Protocol):
    """What an action may use: the worker's `Services` and the bridge's `Context` are one each."""

    @property
    def settings(self) -> Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def encryption(self) -> Encryption: ...


@dataclass(frozen=True)
class Retried:
    """What is tried again and to be enqueued: *deliveries*, *documents* and *settlements* are ids; *of_many*: those of deliveries that wait behind what is new."""

    deliveries: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()
    settlements: tuple[int, ...] = ()
    of_many: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.deliveries) + len(self.documents) + len(self.settlements) + len(self.of_many)

    @property
    def jobs(self) -> tuple[tuple[str, int], ...]:
        """The jobs to enqueue: the name in `worker.queue`, and its row."""
        ids = {
            PROCESS_ORDER: self.deliveries,
            BACKFILL_ORDER: self.of_many,
            SEND_DOCUMENT: self.documents,
            SETTLE_ORDER: self.settlements,
        }
        return tuple((job, row_id) for job, row_ids in ids.items() for row_id in dict.fromkeys(row_ids))
