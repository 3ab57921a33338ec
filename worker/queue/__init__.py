"""Names of jobs and queues, and how to enqueue: all that the bridge knows of the worker. Redis holds only ids; what must be done is a row.

Whoever can write to Redis can have a row looked at once more, and nothing else: see `worker.processes.row_job`.
"""

import re
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.job import Job, JobStatus


class QueueName(StrEnum):
    """The queues, the most urgent first: what is begun is finished before something new begins, a fresh order goes before bulk work.

    ORDERS fetches and issues. MAIL holds reminders too, behind the mails of documents. CALLS are e-invoices by Peppol, notes in the shop, orders set paid there and webhooks out. TASKS are what pages ask for. BULK is backfills and
    other long work. SLOW is all work of a kind in which a shop held a worker for long lately: see `worker.store.turns`.
    """

    MAIL = "mail"
    PDF = "pdf"
    ORDERS = "orders"
    CALLS = "calls"
    TASKS = "tasks"
    BULK = "bulk"
    SLOW = "slow"


# What workers for long work take; others may leave it to them.
LONG_QUEUES = (QueueName.BULK, QueueName.SLOW)

PROCESS_ORDER = "process_order"  # argument: the id of a delivery
BACKFILL_ORDER = "backfill_order"  # argument: the id of a delivery
SEND_DOCUMENT = "send_document"  # argument: the id of a document
MAIL_DOCUMENT = "mail_document"  # argument: the id of a document
WRITE_NOTE = "write_note"  # argument: the id of a document
RUN_TASK = "run_task"  # argument: the id of a task
RUN_BULK_TASK = "run_bulk_task"  # argument: the id of a task
SEND_WEBHOOK_EVENT = "send_webhook_event"  # argument: the id of an event for an endpoint
SETTLE_ORDER = "settle_order"  # argument: the id of a settlement's job
CHECK_PLUGIN = "check_plugin"  # argument: the id of a plugin
SYNC_PLUGIN = "sync_plugin"  # argument: the id of a plugin
SERVE_SLOW = "serve_slow"  # argument: the id of a job of any kind but a task
RUN_SLOW_TASK = "run_slow_task"  # argument: the id of a task

# Every job there is. A name that is not here is never run, whatever Redis says.
QUEUE_OF: Mapping[str, QueueName] = {
    PROCESS_ORDER: QueueName.ORDERS,
    SEND_DOCUMENT: QueueName.PDF,
    MAIL_DOCUMENT: QueueName.MAIL,
    WRITE_NOTE: QueueName.CALLS,
    SEND_WEBHOOK_EVENT: QueueName.CALLS,
    SETTLE_ORDER: QueueName.CALLS,
    CHECK_PLUGIN: QueueName.CALLS,
    SYNC_PLUGIN: QueueName.CALLS,
    RUN_TASK: QueueName.TASKS,
    BACKFILL_ORDER: QueueName.BULK,
    RUN_BULK_TASK: QueueName.BULK,
    SERVE_SLOW: QueueName.SLOW,
    RUN_SLOW_TASK: QueueName.SLOW,
}
JOB_ID = re.compile(r"([a-z_]{1,40})-([1-9][0-9]{0,18})(?:-[0-9]{1,12})?", re.ASCII)
LARGEST_ROW_ID = 2**63 - 1

STARTED = JobStatus.STARTED.value.encode()

TASKS = (RUN_TASK, RUN_BULK_TASK, RUN_SLOW_TASK)
JOB_TIMEOUT_S = 120
# Of a zip of a shop, or a month of ten thousand orders, from when it last came further; its lease is renewed while it runs.
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


def redis_answers(redis_url: str) -> bool:
    """Whether it does within half a second."""
    redis = connect(redis_url, timeout_s=0.5)
    try:
        return bool(redis.ping())
    except RedisError:
        return False
    finally:
        redis.close()


def open_queue(redis: Redis, name: QueueName) -> Queue:
    return Queue(rq_name(name), connection=redis, serializer="json")


def rq_name(name: QueueName) -> str:
    """As Redis knows the queue: others may use the same Redis."""
    return f"facturelay-{name}"


def enqueue(redis: Redis, job: str, row_id: int) -> None:
    """Have a worker do *job* for *row_id*. Raises RedisError.

    A second call for the same row does nothing: the row tells whoever runs it what is new. A plugin has no such row, so what comes
    while it is told is told after it.
    """
    enqueue_all(redis, [(job, row_id)])


def enqueue_all(redis: Redis, rows: Collection[tuple[str, int]]) -> None:
    """As `enqueue` of each job for its row, in two calls of Redis however many they are. Raises RedisError.

    Whoever enqueues one of them in the same moment may have it enqueued twice: the second finds it done, or in other hands.
    """
    _enqueue(redis, {f"{job}-{row_id}": QUEUE_OF[job] for job, row_id in rows})


def enqueue_again(redis: Redis, job: str, row_id: int, *, now: datetime, every_s: int = 60) -> bool:
    """Enqueue a row that still waits: once in *every_s* at most, and even where a dead worker's job still holds the first id.

    False where that has happened already.
    """
    return bool(_enqueue(redis, {f"{job}-{row_id}-{int(now.timestamp()) // every_s}": QUEUE_OF[job]}))


def job_of(job_id: str) -> tuple[str, int] | None:
    """The job and the row that an id names; None where it is none of ours."""
    found = JOB_ID.fullmatch(job_id)
    if found is None or found[1] not in QUEUE_OF or int(found[2]) > LARGEST_ROW_ID:
        return None
    return found[1], int(found[2])


def timeout_s(job: str) -> int:
    """After how many seconds a job is ended, counted from its beginning or from its last progress."""
    return TASK_TIMEOUT_S if job in TASKS else JOB_TIMEOUT_S


def _enqueue(redis: Redis, jobs: Mapping[str, QueueName]) -> list[str]:
    """Those that were not there yet: the others are enqueued and not done.

    Of a job nothing but its state is written, as nothing else is believed; RQ's own way takes five times as long.
    """
    with redis.pipeline(transaction=False) as asked:
        for job_id in jobs:
            asked.hget(Job.key_for(job_id), "status")
        states = dict(zip(jobs, asked.execute(), strict=True))
    jobs = {_after_running(job_id) if states[job_id] == STARTED else job_id: queue for job_id, queue in jobs.items()}
    new = [job_id for job_id in jobs if states.get(job_id) is None]
    if new:
        # Together: an id that was taken and stands in no queue would be refused until it is forgotten.
        with redis.pipeline() as told:
            for name, together in groupby(
                sorted(new, key=jobs.__getitem__), key=jobs.__getitem__
            ):  # as they came, by queue
                key, ids = open_queue(redis, name).key, list(together)
                for job_id in ids:
                    told.hset(Job.key_for(job_id), "status", JobStatus.QUEUED.value)
                    told.expire(Job.key_for(job_id), JOB_LIFETIME_S)
                told.sadd(Queue.redis_queues_keys, key)
                told.rpush(key, *ids)
            told.execute()
    return new


def _after_running(job_id: str) -> str:
    """The id of the same once more, behind the one that runs, for what has no row."""
    return f"{job_id}-{time.time_ns() // 1_000_000 % 10**12}" if job_id.startswith(f"{SYNC_PLUGIN}-") else job_id
