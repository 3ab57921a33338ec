"""What a person decides and the database can do at once: done in the request, rung for, said on the next page."""

from collections.abc import Callable

from flask import Response, flash
from sqlalchemy import Connection

from bridge.context import go, parts
from bridge.i18n.stored_messages import retold
from worker.actions.documents import Again
from worker.errors import Rejected
from worker.queue import DELIVER, LOOK_AT_ORDER


def do(what: Callable[[Connection], object], *, then: str, said: str) -> Response:
    """Do *what* in one transaction, ring for what it gives back, and go to *then* (a path below our base) with *said*."""
    try:
        with parts().store.write() as connection:
            again = what(connection)
    except Rejected as error:
        flash(retold(error.sentence), "refused")
    else:
        if isinstance(again, Again):
            ring(again)
        flash(said, "good")
    return go(then)


def ring(again: Again) -> None:
    """What is not rung for here is found by the sweep."""
    for look_id in again.looks:
        parts().ringer.ring(LOOK_AT_ORDER, look_id)
    for document_id in again.documents:
        parts().ringer.ring(DELIVER, document_id)
