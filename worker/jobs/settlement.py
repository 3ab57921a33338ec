"""The job that settles an order in its shop."""

from worker.errors import FacturelayError
from worker.jobs.job_type import JobType, lease_time, run
from worker.payments.settle import Settled, settle
from worker.services import Services
from worker.store import audit_trail, settle_orders
from worker.store import jobs as job_store
from worker.store.audit_trail import AuditEntry
from worker.store.jobs import JobEnd
from worker.store.settle_orders import LeasedSettlement


class SettleOrder(JobType[LeasedSettlement, Settled]):
    def do(self, services: Services, leased: LeasedSettlement) -> Settled:
        return settle(services, leased.order)

    def close(self, services: Services, leased: LeasedSettlement, result: Settled) -> None:
        with services.store.write() as connection:
            job_store.finish(
                connection, leased.lease, JobEnd(code=result.code, message=result.message), now=services.now()
            )

    def fail(self, services: Services, leased: LeasedSettlement, error: FacturelayError) -> None:
        now, key = services.now(), leased.order
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, JobEnd("failed", error.code, error.message), now=now)
            entry = AuditEntry(key.shop_id, now, "worker", error.code, error.message, key.order_id)
            audit_trail.add(connection, entry)


def settle_order(services: Services, job_id: int) -> bool:
    """Settle the order of a job and write down what came of it. False when it could not be begun."""
    with services.store.write() as connection:
        leased = settle_orders.take(connection, job_id, now=services.now(), lease_for=lease_time(services))
    run(services, SettleOrder(), leased)
    return leased is not None
