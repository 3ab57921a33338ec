"""The worker process. It has the printer ready before it takes jobs."""

import faulthandler
import gc
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from time import monotonic
from typing import Any

from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from worker import i18n, jobs, rendering
from worker.errors import Unavailable
from worker.jobs import turn
from worker.mail import customer_mail, smtp
from worker.processes.deadline import Deadline, end_process_after
from worker.processes.row_job import RowJob
from worker.queue import LONG_QUEUES, QueueName, connect, rq_name
from worker.rendering.limits import be_less_urgent
from worker.services import Services, utc_now
from worker.settings import Settings
from worker.store import leases

log = logging.getLogger(__name__)

# A worker that stops beating for this long is taken for dead.
WORKER_TTL_S = 90
MAINTENANCE_S = 60
BEAT_S = 15.0
# What Redis knows of a worker is shown only.
HEARTBEAT_S = 5.0
# While urgent work never ends, one job in so many is of the next of these queues.
LESS_URGENT = (QueueName.CALLS, QueueName.TASKS, QueueName.BULK)
EVERY = 4
LESS_URGENT_BY = 5
# How long a Redis that writes nothing is left in peace. Its disk is full, perhaps the log's too.
WRITES_AGAIN_S = 5.0
# While other work never ends, slow work gets a fifth of a worker's time; of one for long work, half.
SLOW_SHARE, SLOW_SHARE_OF_LONG = 5, 2


class RowWorker(SimpleWorker):
    """RQ's worker for our rows. Nothing that stands in Redis stops it, and nothing but our own jobs runs."""

    job_class = RowJob
    death_penalty_class = Deadline
    turn = 0
    slow_after = 0.0
    beats_again = 0.0
    told_state = ""

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Called when a job was taken: the one after it is of the next turn."""
        self.turn += 1

    def order_queues(self) -> None:
        """Which queues are looked at first for the next job. Called when the one before it is over: that may have been slow work."""
        names = list(QueueName)
        if self.turn % EVERY == 0:
            first = LESS_URGENT[self.turn // EVERY % len(LESS_URGENT)]
            names.sort(key=lambda name: name is not first)
        if monotonic() >= self.slow_after:
            names.sort(key=lambda name: name is not QueueName.SLOW)
        order = [rq_name(name) for name in names]
        self._ordered_queues = sorted(self.queues, key=lambda queue: order.index(queue.name))

    @property
    def slow_share(self) -> int:
        return SLOW_SHARE_OF_LONG if self.takes_long_work_alone else SLOW_SHARE

    @property
    def takes_long_work_alone(self) -> bool:
        return {queue.name for queue in self.queues} <= set(map(rq_name, LONG_QUEUES))

    def execute_job(self, job: Job, queue: Queue) -> None:
        began = monotonic()
        end_process_after(int(job.timeout or 0))
        try:
            super().execute_job(job, queue)
        except RedisError as error:
            log.warning("Redis does not answer (%s) after a job; its row says what became of it", type(error).__name__)
        finally:
            faulthandler.cancel_dump_traceback_later()
        if queue.name == rq_name(QueueName.SLOW):
            self.slow_after = monotonic() + (self.slow_share - 1) * (monotonic() - began)
        self.order_queues()

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """RQ says again before each job that the worker waits for one."""
        if pipeline is None and state == self.told_state:
            self._state = state
            return
        self.told_state = state
        super().set_state(state, pipeline)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ beats four times a job, which is three calls of Redis each."""
        if pipeline is None and monotonic() < self.beats_again:
            return
        self.beats_again = monotonic() + HEARTBEAT_S
        super().heartbeat(timeout, pipeline)

    # RQ keeps results, and looks for jobs that wait for one another: we have none, so one call of Redis is enough before a job and after it.

    def prepare_execution(self, job: Job) -> Execution:
        ttl = self.get_heartbeat_ttl(job)
        with self.connection.pipeline() as told:
            execution = Execution.create(job, ttl, pipeline=told, worker_name=self.name)
            self.executions[execution.id] = execution
            self.set_state(WorkerStatus.BUSY, told)
            self.heartbeat(ttl, told)
            job.prepare_for_execution(self.name, told)
            told.expire(job.key, ttl)
            told.execute()
        return execution

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        if remove_from_intermediate_queue:
            super().prepare_job_execution(job, remove_from_intermediate_queue)

    def _finalize_success(self, job: Job, _queue: Queue, execution: Execution, _result: Any) -> None:
        with self.connection.pipeline() as told:
            self.increment_successful_job_count(told)
            if job.started_at is not None:
                self.increment_total_working_time(utc_now() - job.started_at, told)
            self.cleanup_execution(job, told, execution)
            told.delete(job.key)
            # To itself it is at work until RQ is done with the job: SIGTERM ends a worker that waits by an error, which RQ takes for the job's here.
            self.told_state = WorkerStatus.IDLE
            told.hset(self.key, "state", WorkerStatus.IDLE)
            self.heartbeat(pipeline=told)
            told.execute()

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """As RQ's, but rubbish in Redis is thrown away; RQ's worker would end at it, again and again."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except (ResponseError, ValueError) as error:
                if writes_nothing(error):
                    log.warning("Redis writes nothing (%s); what is to be done waits in the database", error)
                    time.sleep(WRITES_AGAIN_S)
                    continue
                log.warning("Redis holds something that is none of ours; it is thrown away: %.200s", error)
                self.throw_rubbish_away()
                time.sleep(0.1)

    def throw_rubbish_away(self) -> None:
        for queue in self.queues:
            if self.connection.type(queue.key) not in (b"list", b"none"):
                self.connection.delete(queue.key)

    def run_maintenance_tasks(self) -> None:
        """Forget jobs of workers that are gone. RQ's own maintenance also looks after groups, limits and schedules: we have none."""
        for queue in self.queues:
            registries = (queue.started_job_registry, queue.failed_job_registry)
            try:
                for registry in registries:
                    registry.cleanup()
                clean_worker_registry(queue)
            except (RedisConnectionError, RedisTimeoutError):
                break
            except Exception as error:  # noqa: BLE001  # see below
                if writes_nothing(error):
                    break
                # Whatever RQ makes of what was forged there: the registries only help RQ, the rows say what is to be done.
                log.warning("Redis holds registries that cannot be read; they are thrown away: %.200s", error)
                self.connection.delete(*(registry.key for registry in registries))
        self.last_cleaned_at = utc_now()  # type: ignore[assignment]  # RQ's

    # Who writes to Redis could suspend workers, or tell them to stop.

    def check_for_suspension(self, burst: bool) -> None:
        return

    def subscribe(self) -> None:
        return

    def unsubscribe(self) -> None:
        return


def writes_nothing(error: Exception) -> bool:
    """Whether Redis is there, and takes nothing: its disk or memory is full, or it is the copy of another."""
    # Of several commands at once the client names the one that was refused before it.
    refused = str(error).rpartition("caused error: ")[2]
    return isinstance(error, (OutOfMemoryError, ReadOnlyError)) or refused.startswith("MISCONF")


def work(
    settings: Settings, *, queues: Sequence[QueueName] = (), burst: bool = False, max_jobs: int | None = None
) -> None:
    """Take jobs of *queues* (all, when none are named) until SIGTERM, finishing the one at hand. *burst* stops when they are empty."""
    if queues and set(queues) <= set(LONG_QUEUES):
        be_less_urgent(
            LESS_URGENT_BY
        )  # where processors are few, a backfill takes what urgent work leaves; so does its printer
    for one in (rendering, customer_mail, i18n):
        one.preload()
    jobs.configure(settings)
    gc.freeze()  # what is loaded by now stays for good; collecting it again and again costs time
    with redis_errors():
        worker = open_worker(settings, queues)
    worker.version = version("facturelay")  # ours, not RQ's: the page of the workers shows it
    # RQ's own lines would repeat each job twice; ours say what became of it.
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    turn.take_only(queues)
    smtp.kept_connections.is_on = True
    kind = leases.LONG_WORKER if worker.takes_long_work_alone else leases.WORKER
    with beating(jobs.get_services(), kind, worker), redis_errors():
        worker.work(burst=burst, max_jobs=max_jobs, logging_level="WARNING")


def open_worker(settings: Settings, queues: Sequence[QueueName]) -> RowWorker:
    return RowWorker(
        [rq_name(name) for name in QueueName if name in queues or not queues],
        connection=connect(settings.redis_url),
        serializer="json",
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        job_monitoring_interval=10,
        log_job_description=False,
    )


@contextmanager
def redis_errors() -> Iterator[None]:
    """Of a Redis that is away when a worker begins. One that is lost later RQ waits for."""
    try:
        yield
    except RedisError as error:
        raise Unavailable(
            "Redis does not answer, or refuses what REDIS_URL says: {reason}", reason=str(error), code="redis_away"
        ) from error


@contextmanager
def beating(services: Services, kind: str, worker: RowWorker) -> Iterator[None]:
    """Count among the workers that are there, as a row: how many there are decides how many of them one shop may hold. Redis is told too:
    it forgets a worker that beats at its jobs only while one takes long.
    """
    name, over = f"{kind}{uuid.uuid4().hex[:16]}", threading.Event()

    def beat() -> None:
        try:
            with services.store.write() as connection:
                now = services.now()
                leases.acquire(connection, name, name, now=now, lease_for=timedelta(seconds=3 * BEAT_S))
        except Unavailable as error:
            log.warning("%s", error.for_log)

    def go_on() -> None:
        while not over.wait(BEAT_S):
            beat()
            with suppress(RedisError):
                worker.heartbeat()
            smtp.kept_connections.end_unused()

    beat()
    thread = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        smtp.kept_connections.end_unused(all_of_them=True)
        with services.store.write() as connection:
            leases.release(connection, name, name, now=services.now())
