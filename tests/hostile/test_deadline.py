"""A job's time-out gets through, whatever runs and whatever that swallows."""

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq import Queue, SimpleWorker
from rq.timeouts import JobTimeoutException

from worker.errors import TimeIsUp
from worker.jobs import job_type
from worker.processes.deadline import Deadline
from worker.processes.rq_worker import RowWorker
from worker.queue import connect

ROOT = Path(__file__).parents[2]


def swallow_everything() -> None:
    """What a careless library does around the slow part."""
    while True:
        try:
            time.sleep(0.01)
        except Exception:  # noqa: BLE001, S112  # this is the carelessness
            continue


class AnyJobs(SimpleWorker):
    """Ours does our own jobs alone; this one, ended as ours is, does any."""

    death_penalty_class = RowWorker.death_penalty_class


def test_the_time_out_of_a_job_passes_every_broad_except() -> None:
    with pytest.raises(TimeIsUp), Deadline(1, JobTimeoutException, job_id="1"):  # type: ignore[no-untyped-call]  # RQ types nothing
        swallow_everything()


def test_a_worker_ends_a_job_that_swallows_every_error_and_does_the_next(broker_url: str) -> None:
    connection = connect(broker_url)
    queue = Queue("test", connection=connection)
    stuck = queue.enqueue(swallow_everything, job_timeout=1)
    next_one = queue.enqueue(time.sleep, 0)

    AnyJobs([queue], connection=connection).work(burst=True, logging_level="ERROR")

    assert (stuck.get_status(), next_one.get_status()) == ("failed", "finished")


def test_what_catches_everything_raises_it_again() -> None:
    """`except BaseException` and a bare `except` in whatever a job may run end in `raise`."""
    assert [place for file in sorted((ROOT / "worker").rglob("*.py")) for place in swallowed(file)] == []


def swallowed(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and catches_all(node.type) and not ends_in_raise(node):
            yield f"{file.relative_to(ROOT)}:{node.lineno}"
        if isinstance(node, ast.Call) and "suppress" in ast.unparse(node.func) and any(map(catches_all, node.args)):
            yield f"{file.relative_to(ROOT)}:{node.lineno}"


def catches_all(what: ast.expr | None) -> bool:
    return what is None or any(name in ast.unparse(what) for name in ("BaseException", "BaseTimeout"))


def ends_in_raise(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_the_time_out_is_no_exception_and_a_job_that_it_ends_is_tried_again() -> None:
    assert not issubclass(TimeIsUp, Exception)
    assert job_type.TOO_LONG.code == "took_too_long"
