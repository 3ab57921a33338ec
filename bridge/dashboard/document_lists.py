"""Documents and drafts as lists: searched, filtered, and exported as a zip or a spreadsheet."""

from flask import Blueprint, Response, request

from bridge.accounts.access import guard_shop, shop
from bridge.context import context, rendered
from bridge.dashboard.orders import LONGEST_SEARCH
from bridge.dashboard.pagination import asked_days, days_asked, page_request, sortable
from worker.domain.document import Kind
from worker.store.queries import document_lists
from worker.store.queries.document_lists import DocumentFilter

blueprint = Blueprint("document_lists", __name__, url_prefix="/s/<shop_id>/documents")
guard_shop(blueprint)


@blueprint.get("")
def documents(shop_id: str) -> Response:
    """Issued documents, the newest first; or the drafts that wait, the oldest first."""
    if request.args.get("list") == "drafts":
        return drafts(shop_id)
    wanted = document_filter()
    with context().store.read() as connection:
        page = document_lists.documents_page(connection, (shop_id,), wanted, page_request())
        drafts_wait = document_lists.count_open_drafts(connection, shop_id)
    return rendered(
        "dashboard/documents/list.html",
        page=page,
        wanted=wanted,
        kinds=tuple(Kind),
        drafts_wait=drafts_wait,
        **sortable(page, ("date", "number", "buyer", "amount")),
    )


def drafts(shop_id: str) -> Response:
    with context().store.read() as connection:
        page = document_lists.drafts_page(
            connection, (shop_id,), page_request(), saved=days_asked(shop().zoneinfo), oldest_first=True
        )
    around = sortable(page, ("since", "order", "buyer", "why", "amount"), rising=True)
    return rendered("dashboard/documents/drafts.html", page=page, **around)


def document_filter() -> DocumentFilter:
    """The filters in the address; a kind that cannot be read is ignored."""
    since, until = asked_days()
    kind = request.args.get("kind", "")
    return DocumentFilter(
        kind=Kind(kind) if kind in list(Kind) else None,
        since=since,
        until=until,
        unpaid=bool(request.args.get("unpaid")),
        mail_failed=bool(request.args.get("mail_failed")),
        text=request.args.get("q", "")[:LONGEST_SEARCH],
    )
