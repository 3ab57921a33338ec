"""What happened and who did it, page by page, newest first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, select, text

from worker.store.audit_trail import AuditEntry, as_entry
from worker.store.database.pagination import ALWAYS, FIRST_PAGE, Between, Page, PageRequest, RowOrder, read_page
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import ACCESS, ACCESS_CODES, audit_trail
from worker.store.queries import text_search
from worker.store.queries.text_search import NOTHING_TYPED, Typed

# Who made a shop belongs to its story; who signed in and was let in does not.
NOT_ACTIVITY = tuple(code for code in ACCESS_CODES if code != "shop_created")


@dataclass(frozen=True)
class ActivityFilter:
    """What happened *between* instants, and what was *typed*: where that finds few orders, theirs."""

    between: Between = ALWAYS
    typed: Typed = NOTHING_TYPED


def audit_trail_page(
    connection: Connection,
    shops: Shops,
    page_request: PageRequest = FIRST_PAGE,
    *,
    access: bool = False,
    wanted: ActivityFilter | None = None,
) -> Page[AuditEntry]:
    """What happened in *shops*; with *access* who signed in there, was let in or kept out, and by whom.

    What is about no one shop is for those who see all.
    """
    wanted = wanted or ActivityFilter()
    of_days = wanted.between.conditions(audit_trail.c.at)
    query = audit_trail_query(shops, access=access).where(*of_days)
    keys = (audit_trail.c.at, audit_trail.c.entry_id) if of_days else (audit_trail.c.entry_id,)
    orders = text_search.few_orders(connection, shops, wanted.typed)
    if orders is not None:
        search, few = orders
        is_one = and_(audit_trail.c.shop_id == few.c.shop_id, audit_trail.c.order_id == few.c.order_id)
        query = query.select_from(few.join(audit_trail, is_one)).where(*search.conditions(audit_trail))
    said = None if orders else text_search.row_conditions(wanted.typed, "actor")
    page = read_page(connection, query, RowOrder(keys), page_request, row_conditions=said)
    return page.of([as_entry(row) for row in page.rows])


def audit_trail_query(shops: Shops, *, access: bool) -> Select[Any]:
    about = text(ACCESS) if access else audit_trail.c.code.not_in(NOT_ACTIVITY)
    return select(audit_trail).where(about, *within(audit_trail.c.shop_id, shops))
