"""Use case: ring again for every row that waits. One sweep acts at a time, however many run."""

import logging
import os
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError

from worker.errors import Unavailable
from worker.queue import DELIVER, LOOK_AT_ORDER, ring_again
from worker.services import Services
from worker.store import inbox, leases, steps

log = logging.getLogger(__name__)

DUTY = "sweep"
MOST_AT_ONCE = 500
# While this many rings wait, workers have enough to do; ringing again would only repeat them.
FULL_QUEUE = 1000


@dataclass(frozen=True)
class Swept:
    """How many orders and documents were rung for; *acted* is False where another sweep had the duty."""

    orders: int = 0
    documents: int = 0
    acted: bool = True


def sweep(services: Services, *, holder: str) -> Swept:
    """Ring once for everything that is due and free. Raises Unavailable when the database or Redis is away."""
    now = services.now()
    with services.store.write() as connection:
        if not leases.hold(connection, DUTY, holder, now=now, lease_for=lease_for(services)):
            return Swept(acted=False)
    with services.store.read() as connection:
        orders = inbox.due_ids(connection, now=now, limit=MOST_AT_ONCE)
        documents = steps.due_documents(connection, now=now, limit=MOST_AT_ONCE)
    try:
        if services.queue.count > FULL_QUEUE:
            return Swept()
        for delivery_id in orders:
            ring_again(services.queue, LOOK_AT_ORDER, delivery_id, now=now)
        for document_id in documents:
            ring_again(services.queue, DELIVER, document_id, now=now)
    except RedisError as error:
        raise Unavailable("Redis does not answer; what waits is rung for when it does.", code="redis_away") from error
    return Swept(len(orders), len(documents))


def lease_for(services: Services) -> timedelta:
    return timedelta(seconds=3 * services.settings.sweep_seconds + 10)


def run(services: Services, stop: threading.Event) -> None:
    """Sweep until *stop* is set."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    while not stop.is_set():
        try:
            swept = sweep(services, holder=holder)
            if swept.orders or swept.documents:
                log.info("rang for %d orders and %d documents", swept.orders, swept.documents)
        except Unavailable as error:
            log.warning("%s", error.sentence)
        stop.wait(services.settings.sweep_seconds)
    with services.store.write() as connection:
        leases.let_go(connection, DUTY, holder, now=services.now())
