"""Names of jobs, and how to enqueue one: all that the bridge knows of the worker. Redis holds only ids; what must be done is a row."""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, Worker
from rq.exceptions import DuplicateJobError
from rq.worker import BaseWorker

log = logging.getLogger(__name__)

QUEUE = "facturelay"
PROCESS_ORDER = "worker.jobs.process_order"  # argument: the id of a delivery
SEND_DOCUMENT = "worker.jobs.send_document"  # argument: the id of a document
RUN_TASK = "worker.jobs.run_task"  # argument: the id of a task
SEND_WEBHOOK_EVENT = "worker.jobs.send_webhook_event"  # argument: the id of an event for an endpoint
CHECK_PLUGIN = "worker.jobs.check_plugin"  # argument: the id of a plugin
SYNC_PLUGIN = "worker.jobs.sync_plugin"  # argument: the id of a plugin

JOB_TIMEOUT_S = 120
# A zip of a year, or a month of ten thousand orders; its lease is renewed while it runs.
TASK_TIMEOUT_S = 3600
# A job that was never taken expires in Redis; its row stays and the scheduler enqueues it again.
JOB_LIFETIME_S = 900
# Why a job failed is on its row and in the log; while Redis remembers it, its id cannot be enqueued again.
FAILED_JOB_LIFETIME_S = 60


def connect(redis_url: str, *, timeout_s: float = 1.0) -> Redis:
    """Open Redis or Valkey without redis-py's ten retries: they block for seconds when it refuses, far longer when it hangs."""
    return Redis.from_url(
        redis_url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )


def enqueue(queue: Queue, job: str, row_id: int) -> None:
    """Have a worker call *job* with *row_id*. A second call for the same row does nothing. Raises RedisError."""
    _enqueue(queue, job, row_id, job_id=f"{job_name(job)}-{row_id}")


def enqueue_again(queue: Queue, job: str, row_id: int, *, now: datetime, every_s: int = 60) -> bool:
    """Enqueue a row that still waits: once in *every_s* at most, and even where a dead worker's job still holds the first id.

    False where that has happened already.
    """
    return _enqueue(queue, job, row_id, job_id=f"{job_name(job)}-{row_id}-{int(now.timestamp()) // every_s}")


def job_name(job: str) -> str:
    return job.rpartition(".")[2]


def _enqueue(queue: Queue, job: str, row_id: int, *, job_id: str) -> bool:
    """False for a duplicate: it is enqueued and not done yet."""
    try:
        queue.enqueue(
            job,
            row_id,
            job_id=job_id,
            unique=True,
            # Without a description RQ writes the arguments into Redis and the log.
            description=f"{job_name(job)} {row_id}",
            job_timeout=TASK_TIMEOUT_S if job == RUN_TASK else JOB_TIMEOUT_S,
            ttl=JOB_LIFETIME_S,
            result_ttl=0,
            failure_ttl=FAILED_JOB_LIFETIME_S,
        )
    except DuplicateJobError:
        return False
    return True


def open_queue(redis: Redis) -> Queue:
    return Queue(QUEUE, connection=redis, serializer="json")


@dataclass(frozen=True)
class WorkerStatus:
    """One worker as Redis knows it. *current_job* is what it does now, empty when it waits."""

    name: str
    state: str
    current_job: str
    heartbeat_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True)
class QueueStatus:
    """The queue as Redis knows it: counts of jobs, and who works on them."""

    queued: int
    running: int
    scheduled: int
    failed: int
    workers: tuple[WorkerStatus, ...]


def status(redis_url: str) -> QueueStatus | None:
    """The state of the queue in Redis; None when it does not answer."""
    connection = connect(redis_url)
    try:
        queue = open_queue(connection)
        workers = tuple(as_worker_status(worker) for worker in Worker.all(queue=queue))
        return QueueStatus(
            queued=queue.count,
            running=queue.started_job_registry.count,
            scheduled=queue.scheduled_job_registry.count,
            failed=queue.failed_job_registry.count,
            workers=tuple(sorted(workers, key=lambda one: one.name)),
        )
    except RedisError:
        return None
    finally:
        connection.close()


def as_worker_status(worker: BaseWorker) -> WorkerStatus:
    beat = worker.last_heartbeat
    return WorkerStatus(
        name=worker.name,
        state=str(worker.get_state()),
        current_job=worker.get_current_job_id() or "",
        heartbeat_at=beat if beat is None or beat.tzinfo else beat.replace(tzinfo=UTC),
        done=worker.successful_job_count,
        failed=worker.failed_job_count,
    )


class Enqueuer:
    """Enqueues from a thread of its own, so that no answer waits for Redis. What Redis does not take is dropped: the scheduler enqueues it."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._waiting: deque[tuple[str, int]] = deque(maxlen=10_000)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def enqueue(self, job: str, row_id: int) -> None:
        """Return at once."""
        self._waiting.append((job, row_id))
        self._wake.set()
        # Started on first use: a thread does not survive the fork that makes a web worker.
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="enqueuer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        queue = open_queue(connect(self._redis_url))
        while True:
            self._wake.wait()
            self._wake.clear()
            self._enqueue_all(queue)

    def _enqueue_all(self, queue: Queue) -> None:
        while self._waiting:
            job, row_id = self._waiting.popleft()
            try:
                enqueue(queue, job, row_id)
            except RedisError as error:
                dropped = 1 + len(self._waiting)
                self._waiting.clear()
                log.warning(
                    "Redis does not answer (%s); %d jobs are left to the scheduler", type(error).__name__, dropped
                )
