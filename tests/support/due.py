"""What can be done now, by its rows: for tests that do all of it themselves."""

from datetime import datetime

from sqlalchemy import Connection, select

from worker.store import deliveries, jobs, settle_orders, steps, tasks
from worker.store.database.tables import jobs as jobs_table


def orders(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """One delivery of each order that has something to do now, oldest first."""
    found: dict[object, int] = {}
    for delivery_id in jobs.due_ids(connection, deliveries.IS_DELIVERY, now=now, limit=1000):
        delivery = deliveries.find(connection, delivery_id)
        if delivery is not None:
            found.setdefault((delivery.shop_id, delivery.order_id or -delivery_id), delivery_id)
    return tuple(found.values())


def documents(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """Documents with a step that can be done now, oldest first."""
    due = jobs.due_ids(connection, steps.IS_STEP, now=now, limit=1000)
    rows = connection.execute(select(jobs_table.c.document_id).where(jobs_table.c.job_id.in_(due)).distinct())
    return tuple(sorted(int(document_id) for document_id in rows.scalars()))


def settlements(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """Orders to settle in the shop now, oldest first."""
    return jobs.due_ids(connection, settle_orders.IS_SETTLEMENT, now=now, limit=1000)


def task_ids(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    return jobs.due_ids(connection, tasks.IS_TASK, now=now, limit=1000)
