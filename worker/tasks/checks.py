"""Errands that prove: that every order of a month has its documents, and that nothing was altered."""

from collections.abc import Mapping
from typing import Any

from worker.accounting import reconcile as reconciling
from worker.accounting import verify as verifying
from worker.errors import Rejected
from worker.services import Services
from worker.store.register import Head
from worker.store.tasks import Errand
from worker.tasks.common import Progress, connected_of

MOST_SHOWN = 500


def reconcile(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Compare a month's orders in the shop with our documents, as every night. What is missing is looked at anew.

    Argument: `{"month": "2026-11"}`. Answer: `{"month", "ok", "counts": {"complete": 12, …}, "totals": [{"currency",
    "ordered", "invoiced", "credited"}], "orders": [{…}]}`; *orders* are the first 500 that are not well, each with its state and
    sentence. It is kept as the report `reconcile:2026-11` too.
    """
    connected = connected_of(services, errand)
    month = str(errand.argument.get("month", ""))
    found = reconciling.reconcile(services, connected, month, told=Progress(services, errand))
    reconciling.keep_result(services, connected, found)
    answer = reconciling.exceptions(found)
    return {**answer, "orders": answer["orders"][:MOST_SHOWN]}


def verify(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Prove that no document, number or file of the shop is missing or altered.

    Argument: `{}`, or `{"anchor": "12:5f…"}`, an earlier head of the register as a digest named it.
    Answer: `{"intact", "documents", "tests", "files", "head", "damages": [{"number", "code", "sentence"}]}`.
    """
    (proof,) = verifying.verify(services, shop_id=errand.shop_id, anchor=anchor_of(errand))
    return verifying.as_json(proof)


def anchor_of(errand: Errand) -> Head | None:
    text = str(errand.argument.get("anchor", "")).strip()
    try:
        return Head.parse(text) if text else None
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
