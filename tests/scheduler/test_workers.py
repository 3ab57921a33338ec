"""What the page of the workers shows: where each runs, what version, and what it does since when."""

import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import OutOfMemoryError, ResponseError

from worker.processes import rq_worker
from worker.processes.row_job import RowJob
from worker.processes.rq_worker import RowWorker
from worker.queue import PROCESS_ORDER, QueueName, connect, enqueue, rq_name
from worker.queue.status import status


def test_a_worker_names_its_host_process_version_and_what_it_does_since_when(broker_url: str) -> None:
    redis = connect(broker_url)
    worker = RowWorker([rq_name(QueueName.ORDERS)], connection=redis, serializer="json")
    worker.version = "0.1.0"
    worker.register_birth()  # type: ignore[no-untyped-call]  # RQ's
    enqueue(redis, PROCESS_ORDER, 7)
    job = RowJob.fetch(f"{PROCESS_ORDER}-7", connection=redis)
    execution = worker.prepare_execution(job)

    found = status(broker_url)

    assert found is not None
    (one,) = found.workers
    assert (one.host, one.pid, one.version) == (socket.gethostname(), os.getpid(), "0.1.0")
    assert (one.current_job, one.job_since) == (job.id, execution.created_at)
    assert one.started_at is not None


def test_redis_is_called_a_few_times_for_a_job_and_keeps_nothing_of_it(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = connect(broker_url)
    ran: list[tuple[int, str | None]] = []

    def run(row_id: int) -> None:
        found = status(broker_url)
        ran.append((row_id, found.workers[0].current_job if found else None))

    monkeypatch.setattr(RowJob, "functions", {PROCESS_ORDER: run})
    worker = RowWorker([rq_name(QueueName.ORDERS), rq_name(QueueName.CALLS)], connection=redis, serializer="json")
    enqueue(redis, PROCESS_ORDER, 1)
    worker.work(burst=True, logging_level="ERROR")
    for row_id in range(2, 12):
        enqueue(redis, PROCESS_ORDER, row_id)

    asked = called_meanwhile(redis, lambda: worker.work(burst=True, logging_level="ERROR"))

    assert ran == [(row_id, f"{PROCESS_ORDER}-{row_id}") for row_id in range(1, 12)]
    assert list(redis.scan_iter(f"*{PROCESS_ORDER}*")) == []
    # Waiting for it, what is known of it, that it runs, that it has run; the rest is the worker's own coming and going.
    assert asked < 10 * 4 + 30


def test_a_worker_waits_while_redis_writes_nothing_and_says_so_once_in_a_while(
    broker_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    redis, ran = connect(broker_url), []

    def run(row_id: int) -> None:
        ran.append(row_id)
        if row_id == 1:
            redis.replicaof("127.0.0.1", "1")  # as one whose disk is full: it is there, and takes nothing

    def sleep(seconds: float) -> None:
        assert seconds == rq_worker.WRITES_AGAIN_S
        redis.replicaof("NO", "ONE")

    monkeypatch.setattr(RowJob, "functions", {PROCESS_ORDER: run})
    monkeypatch.setattr(time, "sleep", sleep)
    for row_id in (1, 2):
        enqueue(redis, PROCESS_ORDER, row_id)
    worker = RowWorker([rq_name(QueueName.ORDERS)], connection=connect(broker_url), serializer="json")
    try:
        worker.work(burst=True, logging_level="ERROR")
    finally:
        redis.replicaof("NO", "ONE")
    assert ran == [1, 2]
    told = [record.getMessage() for record in caplog.records if record.name == rq_worker.__name__]
    assert [line for line in told if "writes nothing" in line] == [told[-1]]
    assert not [line for line in told if "thrown away" in line]


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), True),
        (
            ResponseError(
                "Command # 1 (SREM rq:workers x) of pipeline caused error: MISCONF Errors writing to the AOF file"
            ),
            True,
        ),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), True),
        (ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), False),
        (ValueError("not a job"), False),
    ],
)
def test_what_is_waited_for_is_a_redis_that_writes_nothing_and_not_rubbish_in_it(error: Exception, waits: bool) -> None:
    assert rq_worker.writes_nothing(error) is waits


def test_a_worker_that_is_told_to_end_while_it_says_that_a_job_is_over_takes_no_other(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    beat = RowWorker.heartbeat

    def heartbeat(worker: RowWorker, timeout: int | None = None, pipeline: Any = None) -> None:
        if timeout is None and pipeline is not None:  # with the end of a job
            signal.raise_signal(signal.SIGTERM)
        beat(worker, timeout, pipeline)

    monkeypatch.setattr(RowJob, "functions", {PROCESS_ORDER: ran.append})
    monkeypatch.setattr(RowWorker, "heartbeat", heartbeat)
    for row_id in (1, 2):
        enqueue(connect(broker_url), PROCESS_ORDER, row_id)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        worker = RowWorker([rq_name(QueueName.ORDERS)], connection=connect(broker_url), serializer="json")
        worker.work(burst=True, logging_level="ERROR")
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert ran == [1]


def called_meanwhile(redis: Redis, act: Callable[[], object]) -> int:
    """How often something was sent to Redis on the connections of *redis*, alone or together."""
    sent: list[object] = []
    before = AbstractConnection.send_packed_command

    def send(connection: AbstractConnection, *arguments: Any, **named: Any) -> Any:
        sent.append(connection)
        return before(connection, *arguments, **named)  # type: ignore[no-untyped-call]  # redis types it not

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(AbstractConnection, "send_packed_command", send)
        act()
    mine = redis.connection_pool._available_connections  # noqa: SLF001 - only they are told apart from those of the page
    return sum(connection in mine for connection in sent)
