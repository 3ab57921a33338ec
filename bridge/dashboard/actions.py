"""Actions: what a person decides and rows alone can do. Done in the request, enqueued, confirmed on the next page."""

from collections.abc import Callable
from typing import TypeVar

from flask import Response, flash
from sqlalchemy import Connection

from bridge.accounts.access import actor
from bridge.context import context, redirect_to
from bridge.i18n.translate import translate_message
from worker.actions import Retried
from worker.domain.actor import Actor
from worker.errors import Rejected

Result = TypeVar("Result")


def run_action(
    action: Callable[[Connection, Actor], Result],
    *,
    then: str,
    message: str | Callable[[Result], str],
    refused: Callable[[str], Response] | None = None,
) -> Response:
    """Let whoever is signed in do *action* in one transaction, enqueue what it tries again, and redirect to *then* (a path
    below our base) with *message*, or what that says of its result; where it is refused, with why, or to what *refused* makes of that."""
    try:
        with context().store.write() as connection:
            result = action(connection, actor())
    except Rejected as error:
        why = translate_message(error.message)
        if refused:
            return refused(why)
        flash(why, "refused")
        return redirect_to(then)
    # What Redis loses is enqueued again by the scheduler.
    for job, row_id in result.jobs if isinstance(result, Retried) else ():
        context().enqueuer.enqueue(job, row_id)
    flash(message if isinstance(message, str) else message(result), "good")
    return redirect_to(then)
