"""A person gives one order a treatment for VAT, with a reason; the order is processed again with it."""

from sqlalchemy import Connection

from worker.actions import Retried
from worker.actions.orders import process_again
from worker.domain.actor import Actor
from worker.domain.order_treatment import TREATMENT_TERMS, TreatmentName
from worker.errors import Rejected
from worker.message import Message
from worker.store import audit_trail, order_treatments
from worker.store.audit_trail import AuditEntry
from worker.store.order_treatments import TreatmentChange

LONGEST_REASON = 500


def treat_order(connection: Connection, shop_id: str, order_id: int, change: TreatmentChange) -> Retried:
    """Keep *change* and process the order again. Raises Rejected without a reason, or where there is nothing to take back.

    Documents that were issued stay as they are; a draft that waits is drafted again.
    """
    reason = change.reason.strip()
    if change.name is None:
        if order_treatments.find(connection, shop_id, order_id) is None:
            raise Rejected("This order is treated as the shop's settings say.", code="nothing_to_take_back")
        message = Message("The VAT of this order is again decided by the shop's settings.")
    else:
        if not reason:
            raise Rejected("Say why: your accountant and the tax office will read it.", code="reason_missing")
        message = Message(
            "The lines without VAT are treated as “{treatment}”: {reason}",
            treatment=TREATMENT_TERMS[change.name],
            reason=reason[:LONGEST_REASON],
        )
    kept = TreatmentChange(change.name, reason[:LONGEST_REASON], change.by, change.at)
    order_treatments.add(connection, shop_id, order_id, kept)
    audit_trail.add(connection, AuditEntry(shop_id, change.at, change.by, "treated", message, order_id=order_id))
    return process_again(connection, shop_id, order_id, by=Actor(change.by, change.at))


def treatment_of(name: str) -> TreatmentName:
    """The treatment a person named. Raises Rejected for another word."""
    try:
        return TreatmentName(name)
    except ValueError as error:
        known = ", ".join(TreatmentName)
        raise Rejected(
            "“{name}” is no treatment; known are: {known}.", name=name, known=known, code="treatment_unknown"
        ) from error
