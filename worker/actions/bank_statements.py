"""What a person says of a statement of the bank that is missing. It is on the audit trail, with who said so and when."""

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.message import Message
from worker.store import audit_trail, bank_statements


def say_well(connection: Connection, shop_id: str, statement_id: int, *, by: Actor) -> None:
    """No statement is missing before this one, or nobody wants it: reminders go on."""
    found = bank_statements.say_well(connection, shop_id, statement_id, by=by.name, now=by.now)
    message = Message(
        "No statement of the bank is missing between {day} and {next}.", day=found.ended_on, next=found.opened_on
    )
    audit_trail.note(connection, shop_id, "bank_statement_well", message, by=by)
