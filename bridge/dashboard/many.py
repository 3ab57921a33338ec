"""Many rows of a list at once: what was ticked, or all that a filter finds. Asked with count and kind, done by a task, then told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, flash, request
from sqlalchemy import Connection

from bridge.accounts.access import guard_shop, shop
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.document_lists import document_filter
from bridge.dashboard.jobs import job_filter
from bridge.dashboard.labels import after_discarding, status_name, step_name
from bridge.dashboard.orders import order_filter
from bridge.dashboard.pagination import days_asked
from bridge.dashboard.payments import open_filter
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import parse_day, parse_whole_number
from bridge.i18n.translate import _, _n, in_catalog, kind_name, plural, writes_comma
from worker.domain.document import BY_HAND
from worker.store.database.pagination import Page, PageRequest
from worker.store.queries import document_lists, open_invoices, order_lists, ticked
from worker.store.queries import jobs as job_queries
from worker.store.queries.ticked import Ticked

blueprint = Blueprint("many", __name__, url_prefix="/s/<shop_id>/many")
guard_shop(blueprint)

# As many as one task takes.
MOST = 10_000
READ_AT_ONCE = 500

Read = Callable[[Connection, str, PageRequest], Page[Any]]


@dataclass(frozen=True)
class List:
    """A list whose rows can be ticked: where it is, what its rows are, and what can be done with many of them.

    *read* gives a page of what the filters of the address find; *row_id* is the name of the rows' id.
    """

    path: str
    ways: tuple[str, ...]
    ticked: Callable[[Connection, str, Sequence[int]], Ticked]
    read: Read
    row_id: str


LISTS = {
    "documents": List(
        "documents", ("mail", "paid", "zip"), ticked.of_documents,
        lambda connection, shop_id, at: document_lists.documents_page(connection, (shop_id,), document_filter(), at),
        "document_id",
    ),
    "drafts": List(
        "documents?list=drafts", ("issue", "discard"), ticked.of_drafts,
        lambda connection, shop_id, at: document_lists.drafts_page(connection, (shop_id,), at, saved=days_asked(shop().zoneinfo)), "draft_id",
    ),
    "jobs": List(
        "jobs", ("retry", "dismiss"), ticked.of_failed_work,
        lambda connection, shop_id, at: job_queries.jobs_page(connection, (shop_id,), job_filter(), at), "job_id",
    ),
    "open": List(
        "payments", ("paid", "mail", "zip"), ticked.of_documents,
        lambda connection, shop_id, at: open_invoices.page(connection, shop_id, at, open_filter()), "document_id",
    ),
    "orders": List(
        "orders", ("fetch", "retry_order", "make", "mail", "zip", "ignore"), ticked.of_orders,
        lambda connection, shop_id, at: order_lists.orders_page(connection, (shop_id,), order_filter(), at), "order_id",
    ),
}  # fmt: skip


@blueprint.post("")
def many(shop_id: str) -> Response:
    """Ask whether it is meant, with how many of which kind; once that was answered, have the worker do it."""
    chosen, what = LISTS.get(request.form.get("list", "")), request.form.get("what", "")
    if chosen is None or what not in chosen.ways:
        abort(HTTPStatus.BAD_REQUEST)
    with context().store.read() as connection:
        ids = every_id(connection, chosen, shop_id) if request.form.get("all") else typed_ids()
        found = chosen.ticked(connection, shop_id, ids[:MOST])
    back_to = back(shop_id, chosen)
    if not found.ids:
        flash(_("Tick the rows first that are meant."), "refused")
        return redirect_to(back_to)
    if chosen.row_id == "order_id" and what in LISTS["documents"].ways:
        chosen, found = LISTS["documents"], documents_of(shop_id, found, what)
        if not found.ids:
            flash(_("These orders have no document for that."), "refused")
            return redirect_to(back_to)
    if what == "zip":
        return request_task(
            shop_id,
            "zip_documents",
            {"ids": found.ids, "decimal_comma": writes_comma()},
            then=f"/s/{shop_id}/many?task=0",
        )
    argument = {"what": what, "ids": found.ids, **answers(what)}
    if not request.form.get("sure") or None in argument.values() or argument.get("why") == "":
        asked = question(chosen, what, found)
        return rendered("dashboard/many/sure.html", **asked, back=back_to)
    return request_task(shop_id, "do_many", argument, then=f"/s/{shop_id}/many?task=0")


def documents_of(shop_id: str, orders: Ticked, what: str) -> Ticked:
    """The documents of ticked orders that are meant: all for a zip, and those that are mailed at all to be mailed again."""
    with context().store.read() as connection:
        found = ticked.documents_of_orders(connection, shop_id, orders.ids, mailed=what == "mail")
        return found if len(found.ids) <= MOST else ticked.of_documents(connection, shop_id, found.ids[:MOST])


def typed_ids() -> list[int]:
    """The ticked rows; after the question they come as one field, which holds ten thousand as well."""
    typed = [*request.form.getlist("item"), *request.form.get("ids", "").split(",")]
    numbers = map(parse_whole_number, dict.fromkeys(typed))
    return [number for number in numbers if number is not None]


def every_id(connection: Connection, chosen: List, shop_id: str) -> list[int]:
    """The ids of all that the filters of the address find, ten thousand at most."""
    ids: list[int] = []
    after = ""
    while len(ids) < MOST:
        page = chosen.read(connection, shop_id, PageRequest(after=after, size=READ_AT_ONCE))
        ids += [getattr(row, chosen.row_id) for row in page.rows]
        after = page.next
        if not after:
            break
    return ids


def answers(what: str) -> dict[str, Any]:
    """What the question also asks: whether they are mailed, which kind is made, when they were paid, why nothing is to be done."""
    match what:
        case "issue":
            return {"send": bool(request.form.get("send"))}
        case "make":
            kind = request.form.get("kind", "")
            return {"send": bool(request.form.get("send")), "kind": kind if kind in BY_HAND else None}
        case "paid":
            on = parse_day(request.form.get("on", ""))
            return {"on": on.isoformat() if on and on <= context().today(shop()) else None}
        case "dismiss":
            return {"why": request.form.get("why", "").strip()}
    return {}


NAMES: dict[str, Callable[[Any], str]] = {"job_id": step_name, "order_id": status_name}


def question(chosen: List, what: str, found: Ticked) -> dict[str, Any]:
    count, name = len(found.ids), NAMES.get(chosen.row_id, kind_name)
    return {
        "list_name": next(key for key, one in LISTS.items() if one is chosen),
        "what": what,
        "title": _n(*WORDS[what].question, count),
        "meaning": _(WORDS[what].meaning) + (f" {after_discarding()}" if what in DISCARDING else ""),
        "button": _n(*WORDS[what].button, count),
        "found": found,
        "kinds": [(kind_count, name(kind)) for kind, kind_count in found.kinds.items()],
        "today": context().today(shop()),
        "was_asked": bool(request.form.get("sure")),
        "by_hand": BY_HAND,
    }


def back(shop_id: str, chosen: List) -> str:
    """The list with its filters."""
    path, _mark, own = chosen.path.partition("?")
    query = request.query_string.decode(errors="replace") or own
    return f"/s/{shop_id}/{path}{'?' if query else ''}{query}"


@dataclass(frozen=True)
class Words:
    """What is asked before (for one, for many), what it means, the button (for one, for many), and what is said of how many were done."""

    question: tuple[str, str]
    meaning: str
    button: tuple[str, str]
    told: str


WORDS = {
    "discard": Words(
        plural("Discard one draft?", "Discard {count} drafts?"),
        in_catalog("Their orders do not make them again by themselves."),
        plural("Discard one draft", "Discard {count} drafts"),
        in_catalog("{changed} of {of} discarded"),
    ),
    "dismiss": Words(
        plural("Dismiss one failure?", "Dismiss {count} failures?"),
        in_catalog("They are not tried again, and need nobody any more. The activity keeps who said so, and why."),
        plural("Dismiss one failure", "Dismiss {count} failures"),
        in_catalog("{changed} of {of} dismissed"),
    ),
    "fetch": Words(
        plural("Fetch one order again?", "Fetch {count} orders again?"),
        in_catalog("Each is read from the shop, and what is due of it by your rules is made and mailed."),
        plural("Fetch one order again", "Fetch {count} orders again"),
        in_catalog("Being fetched again: {changed} of {of}"),
    ),
    "ignore": Words(
        plural("Does one order need nothing any more?", "Do {count} orders need nothing any more?"),
        in_catalog(
            "What failed is not tried any more, their drafts are discarded, and they are no longer listed as needing you. "
            "Their history keeps that you said so."
        ),
        plural("One order needs nothing", "{count} orders need nothing"),
        in_catalog("Needing nothing any more: {changed} of {of}"),
    ),
    "make": Words(
        plural("Make a document of one order?", "Make a document of each of {count} orders?"),
        in_catalog(
            "Each gets the next number of its series, as its order is now, and cannot be taken back. An order that has "
            "this document already gets no second one, and you see which."
        ),
        plural("Make one document", "Make {count} documents"),
        in_catalog("{changed} of {of} made"),
    ),
    "issue": Words(
        plural("Issue one draft?", "Issue {count} drafts?"),
        in_catalog(
            "Each gets the next number of its series, as its order is now. A number cannot be taken back; an invoice can "
            "be credited. What cannot be issued stays a draft, and you see why."
        ),
        plural("Issue one draft", "Issue {count} drafts"),
        in_catalog("{changed} of {of} issued"),
    ),
    "mail": Words(
        plural("Mail one document?", "Mail {count} documents?"),
        in_catalog("Each goes to the customer of its order, also where it was mailed before."),
        plural("Mail one document", "Mail {count} documents"),
        in_catalog("On their way to the customers: {changed} of {of}"),
    ),
    "paid": Words(
        plural("Mark one invoice as paid?", "Mark {count} invoices as paid?"),
        in_catalog("What is no invoice, or is paid already, stays as it is."),
        plural("Mark one invoice as paid", "Mark {count} invoices as paid"),
        in_catalog("{changed} of {of} marked as paid"),
    ),
    "retry": Words(
        plural("Try one failure again?", "Try {count} failures again?"),
        in_catalog("They are tried now. What fails anew is listed again."),
        plural("Try one failure again", "Try {count} failures again"),
        in_catalog("Tried again: {changed} of {of}"),
    ),
    "retry_order": Words(
        plural("Try again what failed of one order?", "Try again what failed of {count} orders?"),
        in_catalog("It is tried now. What fails anew is listed again."),
        plural("Try one order again", "Try {count} orders again"),
        in_catalog("Tried again: {changed} of {of}"),
    ),
}
DISCARDING = ("discard", "ignore")
PAGE_OF = {
    "discard": "drafts", "issue": "drafts", "mail": "documents", "paid": "documents", "fetch": "orders", "ignore": "orders",
    "make": "orders", "retry_order": "orders",
}  # fmt: skip


@blueprint.get("")
def outcome(shop_id: str) -> Response:
    """What became of it: how many were done, and each other one with its reason; or the zip."""
    zipped, done = finished_task(shop_id, "zip_documents"), finished_task(shop_id, "do_many")
    if zipped is not None:
        return rendered("dashboard/many/zip.html", task=zipped)
    if done is None:
        return redirect_to(f"/s/{shop_id}")
    answer: Mapping[str, Any] = done.answer
    what = str(done.argument["what"])
    return rendered(
        "dashboard/many/outcome.html",
        answer=answer,
        told=_(WORDS[what].told, changed=answer["changed"], of=answer["of"]),
        rows_are=PAGE_OF.get(what, ""),
    )
