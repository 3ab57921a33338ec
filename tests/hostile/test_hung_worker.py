"""A job that hangs where no alarm reaches it ends with its process, so that its row is free again when its lease is over."""

import subprocess
import sys
import time

import pytest

from worker.queue import QueueName, connect, enqueue, open_queue

PROGRAM = """
import signal, sys, time
from worker.processes import deadline, row_job, rq_worker
from worker.queue import connect, rq_name, QueueName
from worker.queue.job_progress import last_progress

def hang(row_id):
    if {deaf}:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    for _ in range({steps}):
        time.sleep(0.1)
        last_progress.note()
    print("came so far", flush=True)
    time.sleep(60)

row_job.timeout_s = lambda name: 1
deadline.GRACE_S = 1
row_job.RowJob.functions = {{"process_order": hang}}
redis = connect(sys.argv[1])
rq_worker.RowWorker([rq_name(QueueName.ORDERS)], connection=redis, serializer="json").work(burst=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("deaf", "code", "steps"), [(False, 0, 20), (True, 1, 0)])
def test_a_job_that_comes_no_further_is_ended_by_the_alarm_and_with_its_process_where_that_is_not_heard(
    broker_url: str, deaf: bool, code: int, steps: int
) -> None:
    """One that comes further in each second is not ended for the two that it takes."""
    with connect(broker_url) as redis:
        enqueue(redis, "process_order", 7)
        began = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(deaf=deaf, steps=steps), broker_url],
            capture_output=True,
            timeout=40,
            check=False,
        )
        assert (ended.returncode, b"came so far" in ended.stdout) == (code, True), ended.stderr.decode()
        assert (b"Timeout (" in ended.stderr) is deaf  # where it hung, for the log
        assert time.monotonic() - began < 30
        assert open_queue(redis, QueueName.ORDERS).count == 0
