"""What somebody did on a page or through the API, on the audit trail."""

from sqlalchemy import Connection

from bridge.accounts.access import client_address
from bridge.context import context
from worker.message import Message
from worker.store import audit_trail
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import ACCESS_CODES


def record(connection: Connection, code: str, message: Message, *, actor: str, shop_id: str | None = None) -> None:
    """Add an entry about now. Where it came from is kept only of who comes in or lets others in."""
    address = client_address() if code in ACCESS_CODES else ""
    audit_trail.add(connection, AuditEntry(shop_id, context().now(), actor, code, message, address=address))


def record_event(code: str, message: Message, *, actor: str, shop_id: str | None = None) -> None:
    """`record` in a transaction of its own."""
    with context().store.write() as connection:
        record(connection, code, message, actor=actor, shop_id=shop_id)
