"""What the page of the workers shows: where each runs, what version, and what it does since when."""

import os
import socket

from rq.job import Job

from worker.processes.rq_worker import RowWorker
from worker.queue import PROCESS_ORDER, QueueName, connect, enqueue, rq_name
from worker.queue.status import status


def test_a_worker_names_its_host_process_version_and_what_it_does_since_when(broker_url: str) -> None:
    redis = connect(broker_url)
    worker = RowWorker([rq_name(QueueName.ORDERS)], connection=redis, serializer="json")
    worker.version = "0.1.0"
    worker.register_birth()  # type: ignore[no-untyped-call]  # RQ's
    enqueue(redis, PROCESS_ORDER, 7)
    job = Job.fetch(f"{PROCESS_ORDER}-7", connection=redis, serializer="json")
    execution = worker.prepare_execution(job)

    found = status(broker_url)

    assert found is not None
    (one,) = found.workers
    assert (one.host, one.pid, one.version) == (socket.gethostname(), os.getpid(), "0.1.0")
    assert (one.current_job, one.job_since) == (job.id, execution.created_at)
    assert one.started_at is not None
