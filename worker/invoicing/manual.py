"""Use case: what a person decides about a document: issue or discard a draft, send again, mark paid, credit, issue again."""

import uuid
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from worker.actions import documents as deciding
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_selection import Chosen
from worker.domain.decide import by_hand, documents_due, reissue
from worker.domain.document import Document, Draft, History, KeptDraft, Kind, SendMode
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import as_it_is_now, issue_draft
from worker.invoicing.preflight import Proofs
from worker.orders.fetch import Look, asked, delivered
from worker.queue import DELIVER, LOOK_AT_ORDER
from worker.services import Services
from worker.store import counters, deliveries, documents, shops
from worker.store.shops import Connected
from worker.store.steps import StepName

WITHOUT_MAIL = (StepName.RENDER, StepName.WRITE_BACK)


@dataclass(frozen=True)
class Person:
    """Who decides, as the trail names them."""

    name: str


def issue_kept(services: Services, draft_id: int, *, send: bool, by: Person) -> Document:
    """Issue a kept draft as the order is now. Raises Rejected when the order no longer calls for it, or a check fails."""
    with services.store.read() as connection:
        kept = documents.get_draft(connection, draft_id)
        connected = shops.connected(connection, services.vault, kept.shop_id)
    look = look_now(services, connected, kept.draft.order_id)
    shop = with_rate(services, connected.shop, look.order.currency)
    with services.store.write() as connection:
        counters.lock(connection, kept.shop_id)
        shop = as_it_is_now(connection, services, shop)
        draft = drafted_again(services, connection, shop, kept, look)
        document = issued(connection, services, shop, draft, together=str(uuid.uuid4()), send=send, by=by)
        # Refunds made while it waited become due now. Without a key they cannot be read anyway.
        look_id = ask_for_look(connection, services, kept) if connected.secrets.has_rest else None
    services.ring(DELIVER, document.document_id)
    if look_id is not None:
        services.ring(LOOK_AT_ORDER, look_id)
    return document


def ask_for_look(connection: Connection, services: Services, kept: KeptDraft) -> int:
    return deliveries.keep(
        connection,
        shop_id=kept.shop_id,
        source="person",
        topic="order.updated",
        order_id=kept.draft.order_id,
        body=b"",
        now=services.now(),
    )


def drafted_again(services: Services, connection: Connection, shop: Shop, kept: KeptDraft, look: Look) -> Draft:
    """The draft of the same cause, from the order as it is now, with nothing left that speaks against issuing it."""
    history = history_of(connection, shop, look)
    verdict = documents_due(look.order, look.refunds or (), history, shop, today(services, shop))
    draft = next((due for due in verdict.due if due.cause == kept.draft.cause), None)
    if draft is None:
        reason = next((f.sentence for f in verdict.findings if not f.fired), "")
        raise Rejected(
            f"Order {look.order.number} no longer calls for this {deciding.named(kept.draft.kind)}. {reason} Discard the draft.",
            code="draft_outdated",
        )
    if draft.problems:
        raise Rejected(draft.problems[0].sentence, code=draft.problems[0].code)
    return draft


def discard(services: Services, draft_id: int, *, by: Person) -> KeptDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    with services.store.write() as connection:
        shop_id = documents.get_draft(connection, draft_id).shop_id
        return deciding.discard_draft(connection, shop_id, draft_id, by=by.name, now=services.now())


def send(services: Services, document_id: int, *, by: Person) -> Document:
    """Mail an issued document, for the first time or again."""
    with services.store.write() as connection:
        shop_id = documents.get(connection, document_id).shop_id
        document = deciding.send_again(connection, shop_id, document_id, by=by.name, now=services.now())
    services.ring(DELIVER, document_id)
    return document


def try_again(services: Services, shop_id: str, order_id: int, *, by: Person) -> int:
    """Do once more what failed for an order: looks and steps. Returns how many; what waits or is done stays as it is."""
    with services.store.write() as connection:
        again = deciding.retry_order(connection, shop_id, order_id, by=by.name, now=services.now())
    for look_id in again.looks[:1]:
        services.ring(LOOK_AT_ORDER, look_id)
    for document_id in set(again.documents):
        services.ring(DELIVER, document_id)
    return again.count


def mark_paid(services: Services, document_id: int, *, on: date | None, by: Person) -> bool:
    """Mark an invoice as paid; False when it was already. *on* is the day in the seller's zone (default: today)."""
    with services.store.write() as connection:
        shop_id = documents.get(connection, document_id).shop_id
        shop = shops.connected(connection, services.vault, shop_id).shop
        return deciding.mark_paid(
            connection, shop_id, document_id, on=on or today(services, shop), by=by.name, now=services.now()
        )


def make_by_hand(services: Services, shop_id: str, order_id: int, kind: Kind, *, send: bool, by: Person) -> Document:
    """Make a document that no rule made, from the order as it is now. Raises Rejected where it exists, or a check fails."""
    with services.store.read() as connection:
        connected = shops.connected(connection, services.vault, shop_id)
    look = look_now(services, connected, order_id)
    shop = with_rate(services, connected.shop, look.order.currency)
    with services.store.write() as connection:
        counters.lock(connection, shop_id)
        shop = as_it_is_now(connection, services, shop)
        draft = by_hand(kind, look.order, history_of(connection, shop, look), shop, today(services, shop))
        document = issued(connection, services, shop, draft, together=str(uuid.uuid4()), send=send, by=by)
    services.ring(DELIVER, document.document_id)
    return document


def credit(
    services: Services,
    document_id: int,
    *,
    by: Person,
    again: bool = False,
    chosen: Chosen | None = None,
    send: bool = True,
    key: str = "",
) -> tuple[Document, ...]:
    """Credit all that is left of an invoice, or what a person has *chosen* of it; *again* also issues a new one from the
    order as it is now.

    All in one transaction: either the shop has the corrected pair, or nothing has changed. With a *key* the call may be
    repeated: the same key makes the same documents once. Chosen lines need one, as an invoice may be credited often.
    """
    with services.store.read() as connection:
        invoice = documents.get(connection, document_id)
        connected = shops.connected(connection, services.vault, invoice.shop_id)
    if invoice.draft.kind is not Kind.INVOICE:
        raise Rejected(f"{invoice.number} is not an invoice; only invoices are credited.", code="not_an_invoice")
    look = look_now(services, connected, invoice.draft.order_id)
    shop = with_rate(services, connected.shop, look.order.currency)
    together = str(uuid.uuid4())
    # Another cause than a cancelled order's: what a person credited is not invoiced anew by itself.
    cause = f"credit:{invoice.number}:{key}" if key else f"credit:{invoice.number}"
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        made = made_before(connection, invoice, cause, again=again) if key else ()
        if made:
            return made
        shop = as_it_is_now(connection, services, shop)
        history = history_of(connection, shop, look)
        if chosen is not None:
            already = tuple(document.draft for document in history.credited(invoice))
            wanted: tuple[Draft, ...] = (
                draft_credit_note(chosen, invoice, already, look.order, shop, cause=cause, send_mode=SendMode.SEND),
            )
        else:
            pair = reissue(look.order, invoice, history, shop, today(services, shop))
            wanted = pair if again else (replace(pair[0], cause=cause),)
        made = tuple(issued(connection, services, shop, draft, together=together, send=send, by=by) for draft in wanted)
    for document in made:
        services.ring(DELIVER, document.document_id)
    return made


def made_before(connection: Connection, invoice: Document, cause: str, *, again: bool) -> tuple[Document, ...]:
    """What an earlier try of the same call made before it was broken off."""
    first = documents.by_cause(
        connection, invoice.shop_id, f"cancel:{invoice.number}" if again else cause, invoice.draft.order_key
    )
    if first is None or not again:
        return () if first is None else (first,)
    history = documents.history(connection, invoice.shop_id, invoice.draft.order_id, invoice.draft.order_key)
    later = [d for d in history.documents if d.draft.kind is Kind.INVOICE and d.document_id > first.document_id]
    return (first, later[0]) if later else ()


def issued(
    connection: Connection,
    services: Services,
    shop: Shop,
    draft: Draft,
    *,
    together: str,
    send: bool,
    by: Person,
) -> Document:
    """Issue a draft that a person asked for. Raises Rejected with what speaks against it."""
    if draft.problems:
        raise Rejected(draft.problems[0].sentence, code=draft.problems[0].code)
    Proofs(services).check(shop, draft)
    follow = tuple(StepName) if send else WITHOUT_MAIL
    return issue_draft(connection, services, shop, draft, together=together, follow=follow, by=by.name)


def look_now(services: Services, connected: Connected, order_id: int) -> Look:
    """The order as the shop shows it; what was delivered last where there is no REST key."""
    if connected.secrets.has_rest:
        return asked(services, connected, order_id)
    with services.store.read() as connection:
        look = delivered(deliveries.of_order(connection, connected.shop.shop_id, order_id))
    if look is None:
        raise Rejected(
            f"Order {order_id} cannot be read without a REST key; add one to the shop.", code="rest_key_missing"
        )
    return look


def history_of(connection: Connection, shop: Shop, look: Look) -> History:
    return documents.history(connection, shop.shop_id, look.order.order_id, look.order.order_key)


def today(services: Services, shop: Shop) -> date:
    return services.now().astimezone(shop.zoneinfo).date()
