"""Tasks on many orders at once: trying again what failed, making documents of old orders."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any

from worker.actions import orders as order_actions
from worker.domain.days import start_of_day
from worker.domain.step import STEPS
from worker.errors import Rejected
from worker.invoicing import backfill as order_backfill
from worker.invoicing.backfill import OrderSelection, Preview, PreviewedOrder
from worker.message import Message
from worker.services import Services
from worker.store import audit_trail
from worker.store.audit_trail import AuditEntry
from worker.store.jobs import OF_ORDERS, JobKind
from worker.store.queries.jobs import JobFilter
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.common import Progress, Unfinished, actor_of, day_after, period_of

# How many are enqueued at once; the scheduler enqueues the rest, so that new orders are not behind ten thousand old ones.
MOST_ENQUEUED = 500
MOST_SHOWN = 500


def retry_failed(services: Services, task: Task) -> Mapping[str, Any]:
    """Try again all that failed for one reason, thousands at a time.

    Argument: `{"what", "code"}`: *what* is "process_order", "settle_order" or the name of a step, *code* that of the failed deliveries
    or steps. What fails anew while this runs is left alone. Answer: `{"retried"}`, how many.
    """
    what, code = str(task.argument["what"]), str(task.argument["code"])
    if what not in (*OF_ORDERS, *STEPS):
        raise Rejected("“{what}” is nothing that can be tried again.", what=what, code="nothing_to_retry")
    kind = JobKind(what) if what in OF_ORDERS else JobKind.STEP
    failures = JobFilter("failed", kind, what, code, done_before=task.requested_at)
    progress, retried = Progress(services, task), 0
    while True:
        with services.store.write() as connection:
            again = order_actions.retry_failed(connection, task.shop_id, failures, by=actor_of(services, task))
        if not again.count:
            return {"retried": retried}
        if retried < MOST_ENQUEUED:
            for job, row_id in again.jobs:
                services.enqueue(job, row_id)
        retried += again.count
        progress(retried, retried)


def backfill(services: Services, task: Task) -> Mapping[str, Any]:
    """Documents for orders from before the shop was connected: first what there would be, then make it.

    Argument: `{"since", "until"}` (days, both included) or `{"orders": [12, 15]}`; with `"make": true` they are made, else
    nothing is. Run it without first, show the answer, and run it again with: the shop is not read twice within a day.
    Answer: `{"orders": [{"order_id", "number", "placed_on", "status", "documents": ["invoice 22.20 EUR"], "drafts",
    "credit_notes", "mails_to", "message"}], "count", "to_make", "documents", "credit_notes", "drafts", "mails", "deliveries"}`.
    *orders* are those that would become something, the first 500; *count* is of all that were checked; *deliveries* is how many
    wait (`store.deliveries.count_waiting` with source "backfill" says how many are left).
    """
    connected = services.connected(task.shop_id)
    progress = Progress(services, task)

    def report_progress(done: int, of: int) -> None:
        progress(done, of)
        # What was stored so far is not fetched again; each slice brings at least one piece of it.
        is_further = done > int(task.answer.get("done", 0))
        if progress.is_over_time and is_further and done % order_backfill.SAVED_EVERY == 0 and done < of:
            raise Unfinished({"done": done, "of": of})

    found = order_backfill.preview(services, connected, selection_of(task, connected), on_progress=report_progress)
    delivery_ids: tuple[int, ...] = ()
    if task.argument.get("make") and found.to_make:
        delivery_ids = order_backfill.start(services, connected, found)
        with services.store.write() as connection:
            message = Message("Documents are being made for older orders: {count}.", count=len(delivery_ids))
            event = AuditEntry(task.shop_id, services.now(), task.requested_by, "backfill_started", message)
            audit_trail.add(connection, event)
    return {**as_answer(found), "deliveries": len(delivery_ids)}


def selection_of(task: Task, connected: ConnectedShop) -> OrderSelection:
    ids = task.argument.get("orders")
    if ids:
        try:
            return OrderSelection(order_ids=tuple(dict.fromkeys(int(order_id) for order_id in ids)))
        except (TypeError, ValueError) as error:
            raise Rejected("Orders are named by their ids, like 12, 15, 18.", code="option_wrong") from error
    since, until = period_of(task)
    return OrderSelection(
        since=start_of_day(since, connected.shop.zoneinfo).astimezone(UTC),
        until=start_of_day(day_after(until), connected.shop.zoneinfo).astimezone(UTC),
    )


def as_answer(found: Preview) -> dict[str, Any]:
    making: tuple[PreviewedOrder, ...] = found.to_make
    return {
        "orders": [asdict(order) for order in making[:MOST_SHOWN]],
        "count": len(found.orders),
        "to_make": len(making),
        "documents": sum(len(order.documents) for order in making),
        "credit_notes": sum(order.credit_notes for order in making),
        "drafts": sum(order.drafts for order in making),
        "mails": sum(1 for order in making if order.mails_to),
    }
