"""What happened and who did it, page by page: the trail of shops, and what people did on the pages."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from worker.store.database.pagination import FIRST_PAGE, Page, PageRequest, read_page
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import acts, audit_trail


@dataclass(frozen=True)
class AuditEntryRow:
    """One sentence of the trail, as `trail.Event`, with its id."""

    entry_id: int
    shop_id: str
    at: datetime
    actor: str
    code: str
    message: str
    order_id: int | None
    document_id: int | None


@dataclass(frozen=True)
class SignInLogRow:
    """What somebody did. *shop_id* is None where it was about no shop; *address* is where the person came from."""

    entry_id: int
    at: datetime
    actor: str
    shop_id: str | None
    code: str
    message: str
    address: str


def audit_trail_page(
    connection: Connection, shops: Shops, page_request: PageRequest = FIRST_PAGE
) -> Page[AuditEntryRow]:
    """What happened, the newest first."""
    query = select(audit_trail).where(*within(audit_trail.c.shop_id, shops))
    page = read_page(connection, query, (audit_trail.c.entry_id,), page_request)
    return page.of(
        [
            AuditEntryRow(
                row.entry_id, row.shop_id, row.at, row.actor, row.code, row.message, row.order_id, row.document_id
            )
            for row in page.rows
        ]
    )


def sign_in_log_page(
    connection: Connection, shops: Shops, page_request: PageRequest = FIRST_PAGE
) -> Page[SignInLogRow]:
    """What people did, the newest first. What was about no shop is for those who see all shops."""
    page = read_page(connection, select(acts).where(*within(acts.c.shop_id, shops)), (acts.c.entry_id,), page_request)
    return page.of(
        [
            SignInLogRow(row.entry_id, row.at, row.actor, row.shop_id, row.code, row.message, row.address)
            for row in page.rows
        ]
    )
