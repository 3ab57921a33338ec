"""The job that processes an order."""

from functools import partial

from sqlalchemy import Connection

from worker.errors import FacturelayError
from worker.invoicing.outcome import Outcome
from worker.invoicing.process_order import process_order
from worker.jobs.job_type import JobType, lease_time, run
from worker.jobs.next_step import NOTHING_NEXT, NothingNext
from worker.notifications import webhooks
from worker.plugin import sync
from worker.services import Services
from worker.store import audit_trail, deliveries
from worker.store import jobs as job_store
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import LeasedDeliveries
from worker.store.jobs import JobEnd


class ProcessOrder(JobType[LeasedDeliveries, Outcome]):
    def __init__(self, next_step: NothingNext) -> None:
        self.next_step = next_step

    def do(self, services: Services, leased: LeasedDeliveries) -> Outcome:
        outcome = process_order(services, leased.deliveries, end=partial(self.end, services, leased))
        if outcome.retry_reason is not None:
            raise outcome.retry_reason
        return outcome

    def end(self, services: Services, leased: LeasedDeliveries, connection: Connection, outcome: Outcome) -> bool:
        end = JobEnd(code=outcome.code, message=outcome.message)
        is_mine = job_store.finish(connection, leased.lease, end, now=services.now())
        if is_mine:
            self.next_step.claim(connection)
        return is_mine

    def close(self, services: Services, leased: LeasedDeliveries, result: Outcome) -> None:
        if not result.is_ended:
            with services.store.write() as connection:
                self.end(services, leased, connection, result)
        self.tell(services, leased)

    def fail(self, services: Services, leased: LeasedDeliveries, error: FacturelayError) -> None:
        first, now, code, message = leased.deliveries[0], services.now(), error.code, error.message
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, JobEnd(state="failed", code=code, message=message), now=now)
            entry = AuditEntry(first.shop_id, now, "worker", code, message, order_id=first.order_id)
            audit_trail.add(connection, entry)
        self.tell(services, leased)

    def tell(self, services: Services, leased: LeasedDeliveries) -> None:
        first = leased.deliveries[0]
        webhooks.enqueue_events(services, first.shop_id)
        sync.sync_after_processing(services, first.shop_id, first.order_id)


def process_delivery(services: Services, delivery_id: int, next_step: NothingNext = NOTHING_NEXT) -> bool:
    """Process the order that *delivery_id* is about, and answer all its waiting deliveries. False when it could not be begun."""
    with services.store.write() as connection:
        leased = deliveries.take(connection, delivery_id, now=services.now(), lease_for=lease_time(services))
    if not run(services, ProcessOrder(next_step), leased):
        next_step.put_back()
    return leased is not None
