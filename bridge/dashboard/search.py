"""One search over everything: orders, documents, customers, mail addresses, amounts and payment references, and shops by name."""

from flask import Blueprint, Response, request

from bridge.accounts.access import guard_users, me
from bridge.context import context, rendered
from bridge.dashboard.orders import LONGEST_SEARCH
from worker.store import users
from worker.store.database.pagination import PageRequest
from worker.store.database.shop_scope import Shops
from worker.store.queries import document_lists, order_lists
from worker.store.queries.document_lists import DocumentFilter
from worker.store.queries.order_lists import OrderFilter

blueprint = Blueprint("search", __name__)
guard_users(blueprint)

# The lists go on where a search finds more.
MOST_FOUND = 20
MOST_SHOPS = 10


@blueprint.get("/search")
def search() -> Response:
    """In one shop, where the address names one that the user sees; else in all of them."""
    text = " ".join(request.args.get("q", "")[:LONGEST_SEARCH].split())
    with context().store.read() as connection:
        mine = {one.shop_id: one for one in users.shops_of(connection, me().user)}
        only = next(iter(mine.values())) if len(mine) == 1 else mine.get(request.args.get("shop", ""))
        everywhere: Shops = None if me().user.operator else tuple(mine)
        scope: Shops = (only.shop_id,) if only else everywhere
        first = PageRequest(size=MOST_FOUND)
        orders = order_lists.orders_page(connection, scope, OrderFilter(text=text), first) if text else None
        documents = document_lists.documents_page(connection, scope, DocumentFilter(text=text), first) if text else None
    shops = [one for one in mine.values() if text and not only and one.is_like(text)]
    return rendered(
        "dashboard/search.html",
        text=text,
        only=only,
        names={shop_id: one.name for shop_id, one in mine.items()},
        orders=orders,
        documents=documents,
        shops=shops[:MOST_SHOPS] if len(mine) > 1 else [],
    )
