"""The job that does one step of a document after it is issued."""

import logging
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from worker.domain.step import MAIL_UNSURE, STEPS
from worker.errors import DatabaseAway, FacturelayError, Unavailable, WaitsForOthers
from worker.jobs.job_type import BUG, TOO_LONG, JobType, lease_time, run, write_once_back
from worker.jobs.next_step import NOTHING_NEXT, NothingNext
from worker.message import Message
from worker.sending import Done, NotNeeded, function_of
from worker.sending.email import MAIL_LIMIT
from worker.services import Services
from worker.store import audit_trail, documents, steps
from worker.store import jobs as job_store
from worker.store.audit_trail import AuditEntry
from worker.store.jobs import JobEnd
from worker.store.steps import LeasedSteps

log = logging.getLogger(__name__)

# Codes that are no answer of who was asked.
SAYS_NOTHING = (BUG.code, TOO_LONG.code, DatabaseAway.code)


class DoStep(JobType[LeasedSteps, Done | NotNeeded]):
    """One step of a document; a mail, of all that go with it."""

    def __init__(self, next_step: NothingNext) -> None:
        self.next_step = next_step

    def do(self, services: Services, leased: LeasedSteps) -> Done | NotNeeded:
        """Done is what is written down: where that goes wrong the step is tried again, or given up, as for any other cause."""
        try:
            done = function_of(STEPS[leased.steps[0].name])(services, leased)
        except NotNeeded as reason:
            return reason
        try:
            with services.store.write() as connection:
                self.write_done(services, leased, done, connection)
                self.next_step.claim(connection)
        except DatabaseAway:
            write_once_back(services, partial(self.write_if_leased, services, leased, done))
            self.next_step.put_back()
        return done

    def write_done(self, services: Services, leased: LeasedSteps, done: Done, connection: Connection) -> None:
        detail = done.detail if isinstance(done.detail, str) else done.detail(connection)
        job_store.finish(connection, leased.lease, now=services.now(), detail=detail)

    def write_if_leased(self, services: Services, leased: LeasedSteps, done: Done, connection: Connection) -> None:
        """It may have been written the first time after all, and only the answer was lost."""
        if steps.still_leased(connection, leased):
            self.write_done(services, leased, done, connection)

    def close(self, services: Services, leased: LeasedSteps, result: Done | NotNeeded) -> None:
        if isinstance(result, NotNeeded):
            self.end(services, leased, state="skipped", code=result.code, message=result.message)
            return
        # Not before: a worker that dies while it tells would have sent a mail that nobody here knows of.
        result.then()

    def is_given_up(self, leased: LeasedSteps, error: Unavailable, age: timedelta) -> bool:
        """A mail beyond the day's allowance waits for its day, and what waits for others for them, however long that takes."""
        waits = isinstance(error, WaitsForOthers) or error.code == MAIL_LIMIT
        return not waits and super().is_given_up(leased, error, age)

    def fail(self, services: Services, leased: LeasedSteps, error: FacturelayError) -> None:
        self.end(services, leased, state="failed", code=error.code, message=error.message)

    def end(self, services: Services, leased: LeasedSteps, *, state: str, code: str, message: Message) -> None:
        now = services.now()
        with services.store.write() as connection:
            ended = steps.still_leased(connection, leased)
            job_store.finish(connection, leased.lease, JobEnd(state=state, code=code, message=message), now=now)
            for step in ended:
                order_id = documents.get(connection, step.document_id).draft.order_id
                entry = AuditEntry(step.shop_id, now, "worker", code, message, order_id, step.document_id)
                audit_trail.add(connection, entry)

    def retry_later(self, connection: Connection, leased: LeasedSteps, error: Unavailable, next_at: datetime) -> None:
        """What goes wrong after a mail was begun, and is no word of the mail server's, does not say that it did not leave."""
        is_unsure = error.code in SAYS_NOTHING and job_store.code_of(connection, leased.lease) == MAIL_UNSURE
        code = MAIL_UNSURE if is_unsure else error.code
        job_store.retry_later(connection, leased.lease, code=code, message=error.message, next_at=next_at)


def run_steps(services: Services, document_id: int, *, queue: str | None = None) -> bool:
    """Do what is still to be done with one document, of all or of one queue; a step that fails does not stop the others.

    False when nothing could be begun.
    """
    begun, bugs = False, []
    waiting = waiting_steps(services, document_id)
    for step in STEPS.values():
        if queue not in (None, step.queue) or step.name not in waiting:
            continue
        try:
            begun = run_step(services, document_id, step.name) or begun
        except FacturelayError:
            raise
        except Exception as error:
            log.exception("step %s of document %d", step.name, document_id)
            bugs.append(error)
        waiting = waiting_steps(services, document_id)  # one may have what another waited for
    if bugs:
        raise bugs[0]
    return begun


def waiting_steps(services: Services, document_id: int) -> frozenset[str]:
    with services.store.read() as connection:
        return steps.free_names(connection, document_id, now=services.now())


def run_step(services: Services, document_id: int, name: str, next_step: NothingNext = NOTHING_NEXT) -> bool:
    """Do one step and write its outcome on the row. False when it could not be begun."""
    now, lease_for = services.now(), lease_time(services)
    with services.store.write() as connection:
        leased = steps.take(connection, name, document_id=document_id, now=now, lease_for=lease_for)
    return leased is not None and do_leased(services, leased, next_step)


def do_leased(services: Services, leased: LeasedSteps, next_step: NothingNext) -> bool:
    """True: it was begun."""
    if not run(services, DoStep(next_step), leased):
        next_step.put_back()
    return True
