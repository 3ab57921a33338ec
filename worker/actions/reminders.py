"""What a person decides about reminders: pass one over, stop those of a document, let them go on."""

from sqlalchemy import Connection

from worker.actions.documents import document_of
from worker.domain.actor import Actor
from worker.domain.document import ASKING, Document, Kind
from worker.domain.reminder import REMINDER_TERMS, ReminderKind
from worker.errors import Rejected
from worker.message import Message
from worker.store import audit_trail, document_balances, reminders, steps
from worker.store.steps import StepPlan

PASSED_OVER = "passed_over"


def skip(connection: Connection, shop_id: str, document_id: int, kind: ReminderKind, *, by: Actor) -> None:
    """Pass over one reminder of a document; what comes after it comes on its day. Raises Rejected where it left already, or leaves now."""
    document = document_of(connection, shop_id, document_id)
    document_balances.lock(connection, document_id)
    known = steps.of_document(connection, document_id).get(kind)
    if known is None:
        steps.plan(connection, StepPlan((kind,)), shop_id=shop_id, document_id=document_id, now=by.now)
        known = steps.of_document(connection, document_id)[kind]
    if known.state == "skipped":
        return
    message = Message("{by} passed it over.", by=by.name)
    if not steps.close(connection, [known.step_id], code=PASSED_OVER, message=message, now=by.now):
        raise left_already(document, known.state)
    reminders.look_again(connection, document_id, at=by.now)
    told = Message("{reminder} of {number} was passed over.", reminder=REMINDER_TERMS[kind], number=document.number)
    audit_trail.note_of(connection, document, "reminder_skipped", told, by=by)


def left_already(document: Document, state: str) -> Rejected:
    """One that is being mailed may yet fail."""
    if state == "running":
        return Rejected(
            "This reminder of {number} is being mailed at this moment; look again in a minute.",
            number=document.number,
            code="reminder_leaves",
        )
    return Rejected("This reminder of {number} left already.", number=document.number, code="reminder_left")


def stop(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """Nobody is reminded of this document any more: its buyer disputes it, or you agreed on something."""
    document = document_of(connection, shop_id, document_id)
    if document.draft.kind not in (Kind.INVOICE, *ASKING):
        raise Rejected("{number} asks for no money.", number=document.number, code="asks_nothing")
    if reminders.stop(connection, document_id, by=by.name, now=by.now):
        told = Message("The reminders of {number} were stopped.", number=document.number)
        audit_trail.note_of(connection, document, "reminders_stopped", told, by=by)


def resume(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """Its reminders go on."""
    document = document_of(connection, shop_id, document_id)
    if reminders.resume(connection, document_id, now=by.now):
        told = Message("The reminders of {number} go on.", number=document.number)
        audit_trail.note_of(connection, document, "reminders_resumed", told, by=by)
