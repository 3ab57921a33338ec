"""Enqueue without waiting for Redis."""

import logging
import threading
from collections import deque

from redis import Redis
from redis.exceptions import RedisError

from worker.background import Background
from worker.queue import connect, enqueue

log = logging.getLogger(__name__)


class Enqueuer:
    """Enqueues from a thread of its own, so that no answer waits for Redis. What Redis does not take is dropped: the scheduler enqueues it."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._waiting: deque[tuple[str, int]] = deque(maxlen=10_000)
        self._wake = threading.Event()
        self._background = Background(self._run, "enqueuer")

    def enqueue(self, job: str, row_id: int) -> None:
        """Return at once."""
        self._waiting.append((job, row_id))
        self._wake.set()
        self._background.ensure()

    def _run(self) -> None:
        redis = connect(self._redis_url)
        while True:
            self._wake.wait()
            self._wake.clear()
            self._enqueue_all(redis)

    def _enqueue_all(self, redis: Redis) -> None:
        while self._waiting:
            job, row_id = self._waiting.popleft()
            try:
                enqueue(redis, job, row_id)
            except RedisError as error:
                dropped = 1 + len(self._waiting)
                self._waiting.clear()
                log.warning(
                    "Redis does not answer (%s); %d jobs are left to the scheduler", type(error).__name__, dropped
                )
