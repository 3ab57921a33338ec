"""Tasks that verify: that every order of a month has its documents, and that nothing was altered."""

from collections.abc import Mapping
from typing import Any

from worker.accounting import reconcile as reconciler
from worker.accounting import reconciliation
from worker.accounting import verify as verification
from worker.errors import InvalidValue, Rejected
from worker.services import Services
from worker.store.register import RegisterHead
from worker.store.tasks import Task
from worker.tasks.common import Progress

MOST_SHOWN = 500


def reconcile(services: Services, task: Task) -> Mapping[str, Any]:
    """Compare a month's orders in the shop with our documents, as every night. What is missing is processed again.

    Argument: `{"month": "2026-11"}`. Answer: `{"month", "ok", "counts": {"complete": 12, …}, "totals": [{"currency",
    "ordered", "invoiced", "credited"}], "orders": [{…}]}`; *orders* are the first 500 that are not well, each with its state and
    message. It is stored as the report `reconcile:2026-11` too.
    """
    connected = services.connected(task.shop_id)
    month = str(task.argument.get("month", ""))
    found = reconciler.reconcile(services, connected, month, on_progress=Progress(services, task))
    reconciler.save_result(services, connected, found)
    answer = reconciliation.as_json(found)
    return {**answer, "orders": answer["orders"][:MOST_SHOWN]}


def verify(services: Services, task: Task) -> Mapping[str, Any]:
    """Verify that no document, number or file of the shop is missing or altered.

    Argument: `{}`, or `{"anchor": "12:5f…"}`, an earlier head of the register as a daily mail named it.
    Answer: `{"intact", "documents", "tests", "files", "head", "damages": [{"number", "code", "message"}]}`.
    """
    (proof,) = verification.verify(
        services, shop_id=task.shop_id, anchor=anchor_of(task), on_progress=Progress(services, task)
    )
    return verification.as_json(proof)


def anchor_of(task: Task) -> RegisterHead | None:
    text = str(task.argument.get("anchor", "")).strip()
    try:
        return RegisterHead.parse(text) if text else None
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error
