"""`facturelay documents …`"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from worker import serializers
from worker.actions import documents as document_actions
from worker.cli.common import ACTOR, SHOP, rows_of, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.cli.shop_options import KINDS
from worker.domain.document import Document, Kind
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.money import written
from worker.domain.step import MAIL, WRITE_BACK
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Credit
from worker.invoicing.request import IssueAnswer
from worker.json_type import Json
from worker.services import Services
from worker.store import documents as stored_documents
from worker.store import drafts, shops
from worker.store.database.shop_scope import Shops
from worker.store.queries import document_lists, order_history
from worker.store.queries.document_lists import DocumentFilter
from worker.store.queries.order_history import DocumentDetails

DAY = click.DateTime(["%Y-%m-%d"])
NONE_YET = "There are no documents yet; the first one appears when an order reaches the moment of a rule."
NONE_LIKE_THAT = "No document is like that."

with_rest_paid = click.option(
    "--rest-paid/--no-rest-paid",
    default=None,
    help="Whether the rest of an order that was changed after it was paid was paid too (an upsell), or is asked for by transfer.",
)


@contextmanager
def naming_switch() -> Iterator[None]:
    """Where the invoice was kept back by the question whether the rest was paid too: which switch answers it."""
    try:
        yield
    except Rejected as error:
        if error.code != REST_CHARGED:
            raise
        raise click.UsageError(f"{error.message} Here: --rest-paid or --no-rest-paid.") from error


@click.group(cls=Group)
def documents() -> None:
    """List documents and drafts; issue, send, credit."""


@documents.command("list")
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="Only this shop.")
@click.option("--order", "order_id", type=int, help="Only this order (its id in WooCommerce).")
@click.option("--kind", type=KINDS, help="Only this kind.")
@click.option(
    "--from", "since", type=DAY, metavar="DAY", help="Only documents dated this day or later, like 2026-11-01."
)
@click.option("--to", "until", type=DAY, metavar="DAY", help="Only documents dated this day or earlier.")
@click.option("--unpaid", is_flag=True, help="Only invoices that wait for their money.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N documents.")
@with_services
@with_json
def list_documents(services: Services, *, as_json: bool, **choice: Any) -> None:
    """List documents, oldest first, and the drafts that wait; with --from, --to, --unpaid or --limit documents alone.

    `documents issue` and `discard` take the id of a draft, the other commands that of a document.
    """
    with services.store.read() as connection:
        found = chosen(connection, **choice)
        names = {shop.shop_id: shop.name for shop in shops.every(connection)}
    none = NONE_LIKE_THAT if any(choice.values()) else NONE_YET
    show(
        [item_as_json(services, item) for item in found],
        as_json=as_json,
        text=lambda: as_table(found, names) if found else none,
    )


def chosen(
    connection: Connection, *, shop_id: str | None, order_id: int | None, limit: int | None, **choice: Any
) -> tuple[DocumentDetails, ...]:
    wanted = document_filter(order_id=order_id, **choice)
    if limit is None and wanted == DocumentFilter(kind=wanted.kind, order_id=order_id):
        every = order_history.listing(connection, shop_id=shop_id, order_id=order_id)
        return tuple(item for item in every if wanted.kind in (None, item.draft.kind))
    return order_history.details(connection, newest(connection, None if shop_id is None else (shop_id,), wanted, limit))


def newest(connection: Connection, shops_seen: Shops, wanted: DocumentFilter, limit: int | None) -> list[Document]:
    """The newest *limit* documents (None: all) that are *wanted*, oldest first."""
    found = rows_of(lambda at: document_lists.documents_page(connection, shops_seen, wanted, at), limit)
    return [stored_documents.get(connection, one.document_id) for one in reversed(found)]


def document_filter(
    *, order_id: int | None, kind: str | None, since: datetime | None, until: datetime | None, unpaid: bool
) -> DocumentFilter:
    return DocumentFilter(
        kind=Kind(kind) if kind else None,
        since=since.date() if since else None,
        until=until.date() if until else None,
        unpaid=unpaid,
        order_id=order_id,
    )


def as_table(found: tuple[DocumentDetails, ...], names: Mapping[str, str]) -> str:
    head = ("id", "number", "shop", "date", "kind", "order", "total", "", "mailed", "noted", "waits for")
    return table([head, *(row(item, names) for item in found)], right=(0, 6))


def row(item: DocumentDetails, names: Mapping[str, str]) -> tuple[str, ...]:
    document, draft = item.document, item.draft
    problem = str(draft.problems[0].message) if draft.problems else ""
    return (
        str(document.document_id if document else item.stored_draft.draft_id if item.stored_draft else ""),
        document.number if document else "draft",
        names.get(item.shop_id, item.shop_id),
        f"{document.issued_on:%d-%m-%Y}" if document else "",
        draft.kind.replace("_", " "),
        draft.order_number,
        written(draft.total),
        draft.currency,
        "yes" if item.done_at(MAIL) else "",
        "yes" if item.done_at(WRITE_BACK) else "",
        problem or next((str(step.message) for step in item.steps if step.message and step.state != "done"), ""),
    )


@documents.command("issue")
@click.argument("draft_id", type=int)
@click.option("--send", "also_send", is_flag=True, help="Mail it to the customer as well.")
@click.option(
    "--reason",
    default="",
    help="Why it is issued although VIES could not say, without a valid e-invoice, or as plain text.",
)
@click.option(
    "--within-left",
    is_flag=True,
    help="Of a credit note that takes more of a VAT rate than its invoice has left: within what is left, not as its refund states it.",
)
@with_rest_paid
@with_services
@with_json
def issue_draft(
    services: Services,
    draft_id: int,
    reason: str,
    *,
    also_send: bool,
    within_left: bool,
    rest_paid: bool | None,
    as_json: bool,
) -> None:
    """Give a kept draft its number, as the order is now. Refused with the reason when a check fails."""
    answer = IssueAnswer(send=also_send, reason=reason.strip(), within_left=within_left, rest_paid=rest_paid)
    with naming_switch():
        document = manual.issue_waiting_draft(services, draft_id, answer, by=services.actor(ACTOR))
    show_document(services, document, as_json=as_json, text=f"{document.number} is issued.")


@documents.command("discard")
@click.argument("draft_id", type=int)
@with_services
@with_json
def discard_draft(services: Services, draft_id: int, *, as_json: bool) -> None:
    """Discard a kept draft. It does not come back by itself."""
    with services.store.read() as connection:
        shop_id = drafts.get_draft(connection, draft_id).shop_id
    by = services.actor(ACTOR)
    kept = services.act(lambda connection: document_actions.discard_draft(connection, shop_id, draft_id, by=by))
    answer = {"draft_id": kept.draft_id, "cause": kept.draft.cause, "status": "discarded"}
    show(answer, as_json=as_json, text=lambda: f"The draft for order {kept.draft.order_number} is discarded.")


@documents.command("send")
@click.argument("document_id", type=int)
@with_services
@with_json
def send_document(services: Services, document_id: int, *, as_json: bool) -> None:
    """Mail an issued document, for the first time or again."""
    document, by = find_document(services, document_id), services.actor(ACTOR)
    services.act(lambda connection: document_actions.send_again(connection, document.shop_id, document_id, by=by))
    show_document(
        services, document, as_json=as_json, text=f"{document.number} is on its way to {document.draft.buyer.email}."
    )


@documents.command("paid")
@click.argument("document_id", type=int)
@click.option("--on", type=DAY, help="The day it was paid (default: today).")
@with_services
@with_json
def mark_paid(services: Services, document_id: int, on: datetime | None, *, as_json: bool) -> None:
    """Mark an invoice as paid. `documents not-paid` takes it back."""
    document, by = find_document(services, document_id), services.actor(ACTOR)
    paid_on = on.date() if on else services.today(services.connected(document.shop_id).shop)
    marked = services.act(
        lambda connection: document_actions.mark_paid(connection, document.shop_id, document_id, on=paid_on, by=by)
    )
    answer = {"document_id": document_id, "paid": True, "changed": marked}
    show(answer, as_json=as_json, text=lambda: "It is marked paid." if marked else "It was paid already.")


@documents.command("not-paid")
@click.argument("document_id", type=int)
@with_services
@with_json
def mark_not_paid(services: Services, document_id: int, *, as_json: bool) -> None:
    """Take back that somebody marked an invoice as paid; where nobody did, that the shop says so (a chargeback). The order stays as it is."""
    document, by = find_document(services, document_id), services.actor(ACTOR)
    shop_id, today = document.shop_id, services.today(services.connected(document.shop_id).shop)
    services.act(lambda connection: document_actions.mark_not_paid(connection, shop_id, document_id, on=today, by=by))
    answer = {"document_id": document_id, "paid": False, "changed": True}
    show(answer, as_json=as_json, text=lambda: f"{document.number} does not count as paid any more.")


@documents.command("credit")
@click.argument("document_id", type=int)
@click.option("--issue-again", is_flag=True, help="Also issue a new invoice from the order as it is now.")
@with_rest_paid
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
@with_json
def credit_document(
    services: Services, document_id: int, *, issue_again: bool, rest_paid: bool | None, yes: bool, as_json: bool
) -> None:
    """Credit all that is left of an invoice, with a credit note that names it."""
    if rest_paid is not None and not issue_again:
        raise click.UsageError("--rest-paid and --no-rest-paid belong to --issue-again.")
    if not yes:
        click.confirm("A credit note takes a number and is mailed; there is no undo. Go on?", abort=True, err=True)
    asked = Credit(issue_again=issue_again, rest_paid=rest_paid)
    with naming_switch():
        made = manual.credit(services, document_id, asked, by=services.actor(ACTOR))
    with services.store.read() as connection:
        listed = order_history.details(connection, made)
    numbers = " and ".join(document.number for document in made)
    show([item_as_json(services, item) for item in listed], as_json=as_json, text=lambda: f"{numbers} issued.")


def show_document(services: Services, document: Document, *, as_json: bool, text: str) -> None:
    with services.store.read() as connection:
        (item,) = order_history.details(connection, (document,))
    show(item_as_json(services, item), as_json=as_json, text=lambda: text)


def item_as_json(services: Services, item: DocumentDetails) -> Json:
    return serializers.document(item, link=services.link_of(item.document))


def find_document(services: Services, document_id: int) -> Document:
    with services.store.read() as connection:
        return stored_documents.get(connection, document_id)
