"""Actions: what a person decides and rows alone can do. Done in the request, enqueued, confirmed on the next page."""

from collections.abc import Callable

from flask import Response, flash
from sqlalchemy import Connection

from bridge.context import context, redirect_to
from bridge.i18n.translate import translate_message
from worker.actions.documents import Retried
from worker.errors import Rejected
from worker.queue import PROCESS_ORDER, SEND_DOCUMENT


def run_action(action: Callable[[Connection], object], *, then: str, message: str) -> Response:
    """Call *action* in one transaction, enqueue what it retries, and redirect to *then* (a path below our base) with *message*."""
    try:
        with context().store.write() as connection:
            result = action(connection)
    except Rejected as error:
        flash(translate_message(error.message), "refused")
    else:
        if isinstance(result, Retried):
            enqueue_retries(result)
        flash(message, "good")
    return redirect_to(then)


def enqueue_retries(again: Retried) -> None:
    """Enqueue; what Redis loses is enqueued again by the scheduler."""
    for delivery_id in again.deliveries:
        context().enqueuer.enqueue(PROCESS_ORDER, delivery_id)
    for document_id in again.documents:
        context().enqueuer.enqueue(SEND_DOCUMENT, document_id)
