"""A job that hangs where no alarm reaches it ends with its process, so that its row is free again when its lease is over."""

import subprocess
import sys
import time

import pytest

from worker.queue import QueueName, connect, enqueue, open_queue

PROGRAM = """
import signal, sys, time
from worker.processes import row_job, rq_worker
from worker.queue import connect, rq_name, QueueName

def hang(row_id):
    if {deaf}:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(60)

row_job.timeout_s = lambda name: 1
rq_worker.GRACE_S = 1
row_job.RowJob.functions = {{"process_order": hang}}
redis = connect(sys.argv[1])
rq_worker.RowWorker([rq_name(QueueName.ORDERS)], connection=redis, serializer="json").work(burst=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("deaf", "code"), [(False, 0), (True, 1)])
def test_a_job_that_hangs_is_ended_by_the_alarm_and_with_its_process_where_that_is_not_heard(
    broker_url: str, deaf: bool, code: int
) -> None:
    with connect(broker_url) as redis:
        enqueue(redis, "process_order", 7)
        began = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(deaf=deaf), broker_url], capture_output=True, timeout=40, check=False
        )
        assert ended.returncode == code, ended.stderr.decode()
        assert (b"Timeout (" in ended.stderr) is deaf  # where it hung, for the log
        assert time.monotonic() - began < 30
        assert open_queue(redis, QueueName.ORDERS).count == 0
