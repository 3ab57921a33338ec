"""What somebody did on a page or through the API: on the audit trail, and told to the owner of an account."""

from sqlalchemy import Connection

from bridge.accounts.access import client_address, me
from bridge.context import context
from worker.message import Message
from worker.store import account_mails, audit_trail
from worker.store.account_mails import MailKind
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import ACCESS_CODES
from worker.store.users import User


def record(connection: Connection, code: str, message: Message, *, actor: str, shop_id: str | None = None) -> None:
    """Add an entry about now. Where it came from is kept only of who comes in or lets others in."""
    address = client_address() if code in ACCESS_CODES else ""
    audit_trail.add(connection, AuditEntry(shop_id, context().now(), actor, code, message, address=address))


def record_event(code: str, message: Message, *, actor: str = "", shop_id: str | None = None) -> None:
    """`record` in a transaction of its own; without *actor* it was whoever is signed in."""
    with context().store.write() as connection:
        record(connection, code, message, actor=actor or me().user.name, shop_id=shop_id)


def tell(connection: Connection, user: User, kind: MailKind) -> None:
    """Mail the owner of an account what was done to it, where this installation can send mail at all."""
    if context().settings.smtp_url:
        account_mails.plan(connection, kind, user.email, language=user.language, now=context().now())
