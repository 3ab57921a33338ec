"""Names of jobs and ringing: all that the bridge knows of the worker. Redis only rings; what must be done is a row."""

import logging
import threading
from collections import deque
from datetime import datetime

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError

log = logging.getLogger(__name__)

QUEUE = "facturelay"
LOOK_AT_ORDER = "worker.jobs.look_at_order"  # argument: the id of a delivery
DELIVER = "worker.jobs.deliver_document"  # argument: the id of a document
RUN_ERRAND = "worker.jobs.run_errand"  # argument: the id of an errand
CALL_HOOK = "worker.jobs.call_hook"  # argument: the id of a hook's call
CHECK_PLUGIN = "worker.jobs.check_plugin"  # argument: the id of a plugin

JOB_TIMEOUT_S = 120
# A job that was never taken vanishes from Redis; its row stays and the sweep rings again.
JOB_LIFETIME_S = 900
# Why a job failed is on its row and in the log; while Redis remembers it, its name cannot be rung again.
FAILED_JOB_LIFETIME_S = 60


def connect(redis_url: str, *, timeout_s: float = 1.0) -> Redis:
    """Open Redis or Valkey without redis-py's ten retries: they block for seconds when it refuses, far longer when it hangs."""
    return Redis.from_url(
        redis_url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )


def ring(queue: Queue, job: str, row_id: int) -> None:
    """Ask a worker to call *job* with *row_id*. Ringing twice for the same row rings once. Raises RedisError."""
    enqueue(queue, job, row_id, job_id=f"{job_name(job)}-{row_id}")


def ring_again(queue: Queue, job: str, row_id: int, *, now: datetime, every_s: int = 60) -> bool:
    """Ring for a row that still waits: once in *every_s* at most, and even where a dead worker's job still holds the first name.

    False where it has been rung for already.
    """
    return enqueue(queue, job, row_id, job_id=f"{job_name(job)}-{row_id}-{int(now.timestamp()) // every_s}")


def job_name(job: str) -> str:
    return job.rpartition(".")[2]


def enqueue(queue: Queue, job: str, row_id: int, *, job_id: str) -> bool:
    """False for a duplicate: it has been rung for and is not done yet."""
    try:
        queue.enqueue(
            job,
            row_id,
            job_id=job_id,
            unique=True,
            # Without a description RQ writes the arguments into Redis and the log.
            description=f"{job_name(job)} {row_id}",
            job_timeout=JOB_TIMEOUT_S,
            ttl=JOB_LIFETIME_S,
            result_ttl=0,
            failure_ttl=FAILED_JOB_LIFETIME_S,
        )
    except DuplicateJobError:
        return False
    return True


def open_queue(redis: Redis) -> Queue:
    return Queue(QUEUE, connection=redis, serializer="json")


class Ringer:
    """Rings from a thread of its own, so that no answer waits for Redis. What cannot be rung is dropped: the sweep rings for it."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._waiting: deque[tuple[str, int]] = deque(maxlen=10_000)
        self._something = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self, job: str, row_id: int) -> None:
        """Return at once."""
        self._waiting.append((job, row_id))
        self._something.set()
        # Started on first use: a thread does not survive the fork that makes a web worker.
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        queue = open_queue(connect(self._redis_url))
        while True:
            self._something.wait()
            self._something.clear()
            self._ring_all(queue)

    def _ring_all(self, queue: Queue) -> None:
        while self._waiting:
            job, row_id = self._waiting.popleft()
            try:
                ring(queue, job, row_id)
            except RedisError as error:
                dropped = 1 + len(self._waiting)
                self._waiting.clear()
                log.warning("Redis does not answer (%s); %d rings are left to the sweep", type(error).__name__, dropped)
