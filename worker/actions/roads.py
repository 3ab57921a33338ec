"""What a person decides about a shop's servers that nobody answers on."""

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.message import Message
from worker.store import audit_trail, roads


def try_now(connection: Connection, shop_id: str, *, by: Actor) -> int:
    """End the rest of all of them; how many there were. What waits for them comes at once."""
    rested = roads.failing(connection, (shop_id,))
    roads.try_now(connection, shop_id, now=by.now)
    if rested:
        message = Message("The servers of the shop that did not answer are asked again.")
        audit_trail.note(connection, shop_id, "tried_again", message, by=by)
    return len(rested)


def end_rests(connection: Connection, shop_id: str, *, by: Actor) -> None:
    """Let servers be asked at once, because a person asks for something. A task did so when it began, once for all that it does."""
    if not by.in_task:
        roads.try_now(connection, shop_id, now=by.now)
