"""Redis in the hands of an enemy: what he writes runs nothing of his, and what he deletes is lost to nobody."""

import json
import pickle
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import TimeoutError  # noqa: A004 - the one that Redis' client raises
from rq import Queue
from rq.job import Job

from tests.services.process import scratch, stop
from worker import jobs
from worker.errors import Rejected
from worker.processes import broker
from worker.processes.row_job import RowJob
from worker.processes.rq_worker import RowWorker
from worker.queue import QUEUE_OF, QueueName, connect, enqueue, enqueue_all, job_of, rq_name, timeout_s
from worker.queue.status import status
from worker.settings import embedded_redis_url

ORDERS = rq_name(QueueName.ORDERS)


class Weapon:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.fixture
def redis(broker_url: str) -> Iterator[Redis]:
    with connect(broker_url) as redis:
        yield redis


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What was run, in place of running it."""
    found: list[tuple[str, object]] = []

    def note(name: str) -> Callable[[int], None]:
        return lambda row_id: found.append((name, row_id))

    monkeypatch.setattr(RowJob, "functions", {name: note(name) for name in QUEUE_OF})
    return found


def work(redis: Redis) -> None:
    """Let a worker do all that is queued."""
    worker = RowWorker([rq_name(name) for name in QueueName], connection=redis, serializer="json")
    worker.work(burst=True, logging_level="ERROR")


def forge(redis: Redis, job_id: str, *, queue: str = ORDERS, **fields: bytes | str) -> None:
    values: dict[Any, Any] = {"data": b"[]", "status": "queued", "origin": queue, **fields}
    redis.hset(f"rq:job:{job_id}", mapping=values)
    redis.rpush(f"rq:queue:{queue}", job_id)


def test_each_job_has_a_function_and_each_function_a_job() -> None:
    assert jobs.FUNCTIONS.keys() == QUEUE_OF.keys()


def test_a_job_of_ours_runs_with_its_row(redis: Redis, ran: list[tuple[str, object]]) -> None:
    enqueue(redis, "process_order", 7)
    work(redis)
    assert ran == [("process_order", 7)]


def test_rows_that_are_enqueued_together_run_once_each_on_their_queues(
    redis: Redis, ran: list[tuple[str, object]]
) -> None:
    enqueue(redis, "process_order", 7)
    together = [
        ("process_order", 9),
        ("mail_document", 3),
        ("process_order", 7),
        ("process_order", 8),
        ("mail_document", 3),
    ]
    enqueue_all(redis, together)
    enqueue_all(redis, together)
    assert status_of(redis) == {"mail": 1, "orders": 3}
    job, alone = (RowJob.fetch(f"process_order-{row}", connection=redis).to_dict() for row in (8, 7))
    assert {name: value for name, value in job.items() if alone[name] != value}.keys() <= {
        "data", "description", "created_at", "enqueued_at"
    }  # fmt: skip
    work(redis)
    assert sorted(ran) == [("mail_document", 3), ("process_order", 7), ("process_order", 8), ("process_order", 9)]


def test_settings_saved_while_the_plugin_is_told_of_earlier_ones_are_told_too(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def tell(plugin_id: int) -> None:
        told.append(plugin_id)
        if len(told) == 1:
            enqueue(redis, "sync_plugin", plugin_id)

    monkeypatch.setattr(RowJob, "functions", {"sync_plugin": tell})
    enqueue(redis, "sync_plugin", 7)
    enqueue(redis, "sync_plugin", 7)

    work(redis)

    assert told == [7, 7]


def status_of(redis: Redis) -> dict[str, int]:
    """How many jobs wait on each queue on which any does."""
    counts = {str(name): Queue(rq_name(name), connection=redis).count for name in QueueName}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("serializer", ["json", "pickle"])
@pytest.mark.parametrize(
    "function", ["os.system", "builtins.exec", "worker.jobs.serve", "worker.maintenance.retention.purge"]
)
def test_nothing_else_runs_whatever_its_name(
    redis: Redis, ran: list[tuple[str, object]], tmp_path: Path, function: str, serializer: str
) -> None:
    Queue(ORDERS, connection=redis, serializer=serializer).enqueue(function, f"touch {tmp_path}/was-here")
    work(redis)
    assert (ran, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("packed", [zlib.compress, bytes])
def test_the_name_and_the_arguments_in_a_forged_job_are_not_used(
    redis: Redis, ran: list[tuple[str, object]], tmp_path: Path, packed: Callable[[bytes], bytes]
) -> None:
    call = json.dumps(["os.system", None, [f"touch {tmp_path}/was-here"], {}]).encode()
    forge(redis, "process_order-7", data=packed(call))
    work(redis)
    assert (ran, list(tmp_path.iterdir())) == ([("process_order", 7)], [])


def test_nothing_is_unpickled(redis: Redis, ran: list[tuple[str, object]], tmp_path: Path) -> None:
    weapon = pickle.dumps(Weapon(tmp_path / "was-here"))
    forge(redis, "process_order-7", data=weapon, meta=weapon, result=weapon, exc_info=weapon, dependency_ids=weapon)
    forge(redis, "mail_document-8", queue=rq_name(QueueName.MAIL), data=zlib.compress(weapon))
    work(redis)
    assert sorted(ran) == [("mail_document", 8), ("process_order", 7)]
    assert list(tmp_path.iterdir()) == []


def test_callbacks_and_webhooks_of_a_forged_job_are_not_called(
    redis: Redis, ran: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        Job, "send_webhooks", lambda self, *_args, **_more: told.extend(one.url for one in self.webhooks)
    )
    hook = {"url": "http://127.0.0.1:1/", "job_status": "finished"}
    names = ("success_callback_name", "failure_callback_name", "stopped_callback_name")
    forge(redis, "process_order-7", webhooks=json.dumps([hook]), **dict.fromkeys(names, "os.abort"))
    work(redis)
    assert (ran, told) == ([("process_order", 7)], [])


def test_a_forged_job_cannot_say_how_long_it_may_take(redis: Redis) -> None:
    forge(redis, "process_order-7", timeout="-1", result_ttl="99999999", failure_ttl="99999999")
    found = RowJob.fetch("process_order-7", connection=redis)
    assert (found.timeout, found.result_ttl, found.failure_ttl) == (timeout_s("process_order"), 0, 60)


BAD_IDS = (
    "os.system-1", "process_order", "process_order-", "process_order-0", "process_order--1", "process_order-1e9",
    "process_order-1 OR 1=1", f"process_order-{2**63}", "process_order-٧", "process_order-7\n", "serve-1", "a" * 100_000,
    "process_order-7-x", "../process_order-7", "",
)  # fmt: skip


@pytest.mark.parametrize("job_id", BAD_IDS, ids=range(len(BAD_IDS)))
def test_an_id_that_is_none_of_ours_names_no_job(job_id: str) -> None:
    assert job_of(job_id) is None


def test_rubbish_is_passed_over_and_what_is_behind_it_is_done(redis: Redis, ran: list[tuple[str, object]]) -> None:
    for job_id in BAD_IDS:
        forge(redis, job_id)
    redis.rpush(f"rq:queue:{ORDERS}", b"\xff\xfe", b"process_order-9")
    forge(redis, "process_order-8", created_at="never", status="\xff", enqueued_at=b"\x00", timeout="soon", ttl="x")
    enqueue(redis, "process_order", 7)
    work(redis)
    assert sorted(ran) == [("process_order", 7), ("process_order", 8)]


def test_a_queue_that_is_no_list_any_more_is_one_again(redis: Redis, ran: list[tuple[str, object]]) -> None:
    redis.set(f"rq:queue:{ORDERS}", "no list")
    enqueue(redis, "mail_document", 8)
    work(redis)
    enqueue(redis, "process_order", 7)
    work(redis)
    assert ran == [("mail_document", 8), ("process_order", 7)]


def test_a_worker_is_neither_suspended_nor_told_to_stop(redis: Redis, ran: list[tuple[str, object]]) -> None:
    redis.set("rq:suspended", 1)
    enqueue(redis, "process_order", 7)
    thread = threading.Thread(target=redis.publish, args=("rq:pubsub:*", json.dumps({"command": "shutdown"})))
    thread.start()
    work(redis)
    thread.join()
    assert ran == [("process_order", 7)]
    assert redis.pubsub_numpat() == 0


def test_forged_registries_do_not_stop_a_worker(redis: Redis, ran: list[tuple[str, object]], tmp_path: Path) -> None:
    weapon = pickle.dumps(Weapon(tmp_path / "was-here"))
    redis.hset("rq:job:os.system-1", mapping={"data": weapon, "status": "started"})
    redis.zadd(f"rq:wip:{ORDERS}", {"os.system-1:x": 1, "rubbish": 1, "process_order-5:y": 1})
    redis.hset(
        "rq:job:process_order-5", mapping={"data": weapon, "status": "started", "failure_callback_name": "os.abort"}
    )
    redis.sadd("rq:job:process_order-7:dependents", "os.system-1", "process_order-8")
    redis.sadd("rq:groups", "a")
    redis.sadd("rq:group:a", "os.system-1")
    redis.sadd(f"rq:workers:{ORDERS}", "no key of a worker", "rq:worker:gone")
    enqueue(redis, "process_order", 7)
    enqueue(redis, "mail_document", 9)
    work(redis)
    assert ("process_order", 7) in ran
    assert ("mail_document", 9) in ran
    assert {row for _, row in ran} <= {7, 8, 9}
    assert list(tmp_path.iterdir()) == []


def test_a_redis_that_does_not_answer_is_not_taken_for_one_that_holds_rubbish(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def cleanup(_: object) -> None:
        raise TimeoutError("Timeout connecting to server")

    monkeypatch.setattr("rq.registry.StartedJobRegistry.cleanup", cleanup)
    redis.zadd(f"rq:wip:{ORDERS}", {"process_order-5:y": 1})
    RowWorker([ORDERS], connection=redis, serializer="json").run_maintenance_tasks()
    assert caplog.messages == []
    assert redis.exists(f"rq:wip:{ORDERS}")


def test_the_page_of_the_workers_survives_what_redis_says_of_them(redis: Redis, broker_url: str) -> None:
    redis.sadd("rq:workers", "rq:worker:forged", "rubbish")
    redis.hset("rq:worker:forged", mapping={"queues": ORDERS, "pid": "x", "birth": "never", "state": "<script>"})
    found = status(broker_url)
    assert found is not None
    assert found.workers == ()


def test_the_embedded_broker_answers_only_with_its_password(tmp_path: Path) -> None:
    command = broker.command(tmp_path)
    word = broker.password(tmp_path)
    assert word not in " ".join(command)
    written = (tmp_path / "valkey" / "valkey.conf").read_text(encoding="utf-8")
    assert word not in written
    assert "port 0" in written
    for path in (tmp_path / "valkey" / "valkey.conf", tmp_path / "valkey" / "password"):
        assert path.stat().st_mode & 0o777 == 0o600


def started(data: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(broker.command(data), process_group=0)
    broker.wait_until_ready(data, embedded_redis_url(data), process)
    return process


def test_the_embedded_broker_starts_whatever_lies_in_its_folder_and_keeps_nothing_there() -> None:
    with scratch("embedded") as data:  # a path that is short enough for a socket
        left = data / "valkey" / "appendonlydir"
        left.mkdir(parents=True)
        (left / "appendonly.aof.manifest").write_text("file appendonly.aof.1.base.rdb seq 1 type b\n")
        (left / "appendonly.aof.1.base.rdb").write_text("rubbish")
        before = {path.name for path in (data / "valkey").rglob("*")}
        process = started(data)
        try:
            redis = connect(embedded_redis_url(data))
            enqueue(redis, "process_order", 7)
        finally:
            stop(process)
        written = {path.name for path in (data / "valkey").rglob("*")} - before
        assert written <= {"valkey.conf", "valkey.log", "password", "valkey.sock"}


def test_why_the_embedded_broker_does_not_start_stands_in_the_log_that_is_named() -> None:
    with scratch("embedded") as data:
        (data / "valkey" / "valkey.sock").mkdir(parents=True)
        with pytest.raises(Rejected, match=r"the end of .*valkey\.log says why"):
            started(data)
        assert "Failed opening Unix socket" in broker.log_path(data).read_text(encoding="utf-8")
