"""The worker process. It loads the PDF libraries before it takes jobs: a stock `rq worker` would import them for every document."""

import gc
import logging

from rq import SimpleWorker

from worker import jobs
from worker.queue import connect, open_queue
from worker.rendering import preload
from worker.settings import Settings

# A worker that stops beating for this long is taken for dead; ours beat at each job and each idle minute.
WORKER_TTL_S = 90
MAINTENANCE_S = 60


def work(settings: Settings, *, burst: bool = False, max_jobs: int | None = None) -> None:
    """Take jobs until SIGTERM, finishing the one at hand. *burst* stops when the queue is empty."""
    preload()
    jobs.configure(settings)
    gc.freeze()  # what is loaded by now stays for good; collecting it again and again costs time
    redis = connect(settings.redis_url)
    worker = SimpleWorker(
        [open_queue(redis)],
        connection=redis,
        serializer="json",
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        job_monitoring_interval=10,
        log_job_description=False,
    )
    # RQ's own lines would repeat each job twice; ours say what became of it.
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    worker.work(burst=burst, max_jobs=max_jobs, logging_level="WARNING")
