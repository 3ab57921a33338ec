"""Errands on many orders at once: trying again what failed, making documents of old orders."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any

from worker.actions import documents
from worker.errors import Rejected
from worker.invoicing import backfill as backfilling
from worker.invoicing.backfill import Foreseen, Preview, Wanted
from worker.queue import DELIVER, LOOK_AT_ORDER
from worker.services import Services
from worker.store import audit_trail
from worker.store.audit_trail import Event
from worker.store.shops import Connected
from worker.store.tasks import Errand
from worker.tasks.common import Progress, Unfinished, begin_of, connected_of, day_after, period_of

# What is rung for at once; the sweep rings for the rest, so that new orders are not behind ten thousand old ones.
MOST_RUNG = 500
MOST_SHOWN = 500


def retry_failed(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Try again all that failed for one reason, thousands at a time.

    Argument: `{"what", "code"}`: *what* is "look", "render", "mail" or "write_back", *code* the reason's code (a delivery's
    `outcome_code`, a step's `reason_code`). What fails anew while this runs is left alone. Answer: `{"tried"}`, how many.
    """
    what, code = str(errand.argument["what"]), str(errand.argument["code"])
    if what not in (documents.LOOK, *documents.WORDS_OF_STEPS):
        raise Rejected(f"“{what}” is nothing that can be tried again.", code="nothing_to_retry")
    progress, tried = Progress(services, errand), 0
    while True:
        with services.store.write() as connection:
            again = documents.retry_failed(
                connection,
                errand.shop_id,
                what,
                code=code,
                failed_before=errand.asked_at,
                by=errand.asked_by,
                now=services.now(),
            )
        if not again.count:
            return {"tried": tried}
        if tried < MOST_RUNG:
            for look_id in again.looks:
                services.ring(LOOK_AT_ORDER, look_id)
            for document_id in again.documents:
                services.ring(DELIVER, document_id)
        tried += again.count
        progress(tried, tried)


def backfill(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Documents for orders that are older than the shop is with us: first what there would be, then make it.

    Argument: `{"since", "until"}` (days, both included) or `{"orders": [12, 15]}`; with `"make": true` they are made, else
    nothing is. Ask first without, show the answer, and ask again with: the shop is not asked twice within a day.
    Answer: `{"orders": [{"order_id", "number", "placed_on", "status", "due": ["invoice 22.20 EUR"], "drafts",
    "credit_notes", "mails_to", "sentence"}], "count", "to_make", "documents", "credit_notes", "drafts", "mails", "looks"}`.
    *orders* are those that would become something, the first 500; *count* is of all that were looked at; *looks* is how many
    are on their way (`store.inbox.waiting` with source "backfill" says how many are left).
    """
    connected = connected_of(services, errand)
    progress = Progress(services, errand)

    def told(done: int, of: int) -> None:
        progress(done, of)
        # What was kept so far is not asked for again; each slice brings at least one piece of it.
        is_further = done > int(errand.answer.get("done", 0))
        if progress.is_over_time and is_further and done % backfilling.KEPT_EVERY == 0 and done < of:
            raise Unfinished({"done": done, "of": of})

    found = backfilling.preview(services, connected, wanted_of(errand, connected), told=told)
    looks: tuple[int, ...] = ()
    if errand.argument.get("make") and found.to_make:
        looks = backfilling.start(services, connected, found)
        with services.store.write() as connection:
            sentence = f"Documents for {len(looks)} older orders are being made."
            event = Event(errand.shop_id, services.now(), errand.asked_by, "backfill_started", sentence)
            audit_trail.add(connection, event)
    return {**as_answer(found), "looks": len(looks)}


def wanted_of(errand: Errand, connected: Connected) -> Wanted:
    ids = errand.argument.get("orders")
    if ids:
        try:
            return Wanted(order_ids=tuple(dict.fromkeys(int(order_id) for order_id in ids)))
        except (TypeError, ValueError) as error:
            raise Rejected("Orders are named by their ids, like 12, 15, 18.", code="option_wrong") from error
    since, until = period_of(errand)
    return Wanted(
        since=begin_of(since, connected).astimezone(UTC),
        until=begin_of(day_after(until), connected).astimezone(UTC),
    )


def as_answer(found: Preview) -> dict[str, Any]:
    making: tuple[Foreseen, ...] = found.to_make
    return {
        "orders": [asdict(order) for order in making[:MOST_SHOWN]],
        "count": len(found.orders),
        "to_make": len(making),
        "documents": sum(len(order.due) for order in making),
        "credit_notes": sum(order.credit_notes for order in making),
        "drafts": sum(order.drafts for order in making),
        "mails": sum(1 for order in making if order.mails_to),
    }
