"""What Redis knows of the queues and of who works on them. Whoever writes to Redis may have written it: it is shown, never relied on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Worker
from rq.worker import BaseWorker

from worker.queue import QueueName, connect, open_queue, rq_name

MOST_WORKERS = 1000


@dataclass(frozen=True)
class WorkerStatus:
    """One worker as Redis knows it: its *host* and process, the *version* that it runs and since when.

    *current_job* is what it does now and *job_since* when that began; empty and None when it waits.
    """

    name: str
    host: str
    pid: int | None
    version: str
    started_at: datetime | None
    state: str
    current_job: str
    job_since: datetime | None
    queues: tuple[str, ...]
    heartbeat_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True)
class RedisStatus:
    """*queued* counts the jobs of each queue, the most urgent queue first."""

    queued: dict[QueueName, int]
    running: int
    failed: int
    workers: tuple[WorkerStatus, ...]


def status(redis_url: str) -> RedisStatus | None:
    """The state of the queues in Redis; None when it does not answer, or with rubbish."""
    connection = connect(redis_url)
    try:
        queues = {name: open_queue(connection, name) for name in QueueName}
        return RedisStatus(
            queued={name: queue.count for name, queue in queues.items()},
            running=sum(queue.started_job_registry.get_job_count(cleanup=False) for queue in queues.values()),
            failed=sum(queue.failed_job_registry.get_job_count(cleanup=False) for queue in queues.values()),
            workers=tuple(sorted(workers_of(connection), key=lambda one: one.name)),
        )
    except RedisError:
        return None
    finally:
        connection.close()


def count_queued(connection: Redis) -> int:
    """How many jobs are queued in all. Raises RedisError."""
    return sum(open_queue(connection, name).count for name in QueueName)


def workers_of(connection: Redis) -> Iterator[WorkerStatus]:
    """Our workers. One that Redis describes in a way that nobody can read is left out."""
    ours = {rq_name(name) for name in QueueName}
    for key in sorted(Worker.all_keys(connection=connection))[:MOST_WORKERS]:
        try:
            worker = Worker.find_by_key(key, connection=connection, serializer="json")
        except (ValueError, TypeError, ResponseError):
            continue
        if worker is not None and ours.intersection(worker.queue_names()):
            yield as_worker_status(worker)


def as_worker_status(worker: BaseWorker) -> WorkerStatus:
    at_work = worker.execution
    return WorkerStatus(
        name=worker.name,
        host=worker.hostname or "",
        pid=worker.pid,
        version=worker.version,
        started_at=aware(worker.birth_date),
        state=str(worker.get_state()),
        current_job=at_work.job_id if at_work else "",
        job_since=aware(at_work.created_at) if at_work else None,
        queues=tuple(name for name in QueueName if rq_name(name) in worker.queue_names()),
        heartbeat_at=aware(worker.last_heartbeat),
        done=worker.successful_job_count,
        failed=worker.failed_job_count,
    )


def aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
