"""Enqueue without waiting for Redis."""

import logging
import threading
import time
from collections import deque

from redis import Redis
from redis.exceptions import RedisError

from worker.background import Background
from worker.queue import connect, enqueue_all

log = logging.getLogger(__name__)

# Between two calls of Redis: what comes meanwhile goes together, which costs half. Longer where it does not answer.
PAUSE_S, PAUSE_WHEN_AWAY_S = 0.1, 1.0
MOST_TOGETHER = 500


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
            time.sleep(PAUSE_S if self._enqueue_all(redis) else PAUSE_WHEN_AWAY_S)

    def _enqueue_all(self, redis: Redis) -> bool:
        """False when Redis does not answer."""
        while self._waiting:
            together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            try:
                enqueue_all(redis, together)
            except RedisError as error:
                dropped = len(together) + len(self._waiting)
                self._waiting.clear()
                log.warning(
                    "Redis does not answer (%s); %d jobs are left to the scheduler", type(error).__name__, dropped
                )
                return False
        return True
