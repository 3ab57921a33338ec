"""Use case: what a person decides about a document: issue or discard a draft, send again, mark paid, credit, issue again."""

import uuid
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from worker.domain.document import Document, Draft, History, KeptDraft, Kind
from worker.domain.due import documents_due, reissue
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.exchange import with_rate
from worker.issuing import as_it_is_now, issue_draft
from worker.looking import Look, asked, delivered
from worker.queue import DELIVER, LOOK_AT_ORDER
from worker.services import Services
from worker.store import documents, inbox, numbering, shops, steps, trail
from worker.store.shops import Connected
from worker.store.steps import StepName
from worker.store.trail import Event

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
        numbering.lock(connection, kept.shop_id)
        shop = as_it_is_now(connection, services, shop)
        draft = drafted_again(services, connection, shop, kept, look)
        document = issue_draft(
            connection,
            services,
            shop,
            draft,
            together=str(uuid.uuid4()),
            follow=tuple(StepName) if send else WITHOUT_MAIL,
            by=by.name,
        )
        # Refunds made while it waited become due now. Without a key they cannot be read anyway.
        look_id = ask_for_look(connection, services, kept) if connected.secrets.has_rest else None
    services.ring(DELIVER, document.document_id)
    if look_id is not None:
        services.ring(LOOK_AT_ORDER, look_id)
    return document


def ask_for_look(connection: Connection, services: Services, kept: KeptDraft) -> int:
    return inbox.keep(
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
            f"Order {look.order.number} no longer calls for this {named(kept.draft.kind)}. {reason} Discard the draft.",
            code="draft_outdated",
        )
    if draft.problems:
        raise Rejected(draft.problems[0].sentence, code=draft.problems[0].code)
    return draft


def discard(services: Services, draft_id: int, *, by: Person) -> KeptDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    with services.store.write() as connection:
        kept = documents.get_draft(connection, draft_id)
        draft = kept.draft
        # Under the lock, so that nobody issues it in the same moment.
        numbering.lock(connection, kept.shop_id)
        ended = documents.end_draft(
            connection,
            kept.shop_id,
            cause=draft.cause,
            order_key=draft.order_key,
            state="discarded",
            now=services.now(),
        )
        if not ended:
            raise Rejected(f"The draft for order {draft.order_number} does not wait any more.", code="draft_unknown")
        sentence = f"The draft of the {named(draft.kind)} was discarded."
        trail.add(connection, Event(kept.shop_id, services.now(), by.name, "discarded", sentence, draft.order_id))
    return kept


def send(services: Services, document_id: int, *, by: Person) -> Document:
    """Mail an issued document, for the first time or again."""
    now = services.now()
    with services.store.write() as connection:
        document = documents.get(connection, document_id)
        if StepName.MAIL in steps.of_document(connection, document_id):
            if not steps.again(connection, document_id, StepName.MAIL, now=now):
                raise Rejected(f"{document.number} is being mailed at this moment.", code="mail_under_way")
        else:
            steps.plan(
                connection,
                shop_id=document.shop_id,
                document_id=document_id,
                names=(StepName.MAIL,),
                together=str(uuid.uuid4()),
                now=now,
            )
        record(connection, services, document, "sent_again", f"{document.number} is mailed again.", by)
    services.ring(DELIVER, document_id)
    return document


def try_again(services: Services, shop_id: str, order_id: int, *, by: Person) -> int:
    """Do once more what failed for an order: looks and steps. Returns how many; what waits or is done stays as it is."""
    now = services.now()
    with services.store.write() as connection:
        looks = inbox.wait_again(connection, shop_id, order_id=order_id, now=now)
        made, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
        all_steps = steps.of_documents(connection, [document.document_id for document in made])
        failed = [step for of_one in all_steps.values() for step in of_one.values() if step.state == "failed"]
        for step in failed:
            steps.again(connection, step.document_id, step.name, now=now)
        if looks or failed:
            event = Event(shop_id, now, by.name, "tried_again", "What failed is tried again.", order_id=order_id)
            trail.add(connection, event)
    for look_id in looks[:1]:
        services.ring(LOOK_AT_ORDER, look_id)
    for document_id in {step.document_id for step in failed}:
        services.ring(DELIVER, document_id)
    return len(looks) + len(failed)


def mark_paid(services: Services, document_id: int, *, on: date | None, by: Person) -> bool:
    """Mark an invoice as paid; False when it was already. *on* is the day in the seller's zone (default: today)."""
    with services.store.write() as connection:
        document = documents.get(connection, document_id)
        if document.draft.kind is not Kind.INVOICE:
            raise Rejected(f"{document.number} is not an invoice; only invoices are paid.", code="not_an_invoice")
        shop = shops.connected(connection, services.vault, document.shop_id).shop
        day = on or today(services, shop)
        marked = documents.mark(connection, document_id, "paid", now=services.now(), on_date=day, by=by.name)
        if marked:
            record(connection, services, document, "paid", f"{document.number} was marked paid on {day:%d-%m-%Y}.", by)
    return marked


def credit(services: Services, document_id: int, *, again: bool, by: Person) -> tuple[Document, ...]:
    """Credit all that is left of an invoice; *again* also issues a new one from the order as it is now.

    Both in one transaction: either the shop has the corrected pair, or nothing has changed.
    """
    with services.store.read() as connection:
        invoice = documents.get(connection, document_id)
        connected = shops.connected(connection, services.vault, invoice.shop_id)
    if invoice.draft.kind is not Kind.INVOICE:
        raise Rejected(f"{invoice.number} is not an invoice; only invoices are credited.", code="not_an_invoice")
    look = look_now(services, connected, invoice.draft.order_id)
    shop = with_rate(services, connected.shop, look.order.currency)
    together = str(uuid.uuid4())
    with services.store.write() as connection:
        numbering.lock(connection, shop.shop_id)
        shop = as_it_is_now(connection, services, shop)
        pair = reissue(look.order, invoice, history_of(connection, shop, look), shop, today(services, shop))
        # Another cause than a cancelled order's: what a person credited is not invoiced anew by itself.
        wanted = pair if again else (replace(pair[0], cause=f"credit:{invoice.number}"),)
        for draft in wanted:
            if draft.problems:
                raise Rejected(draft.problems[0].sentence, code=draft.problems[0].code)
        made = tuple(issue_draft(connection, services, shop, draft, together=together, by=by.name) for draft in wanted)
    for document in made:
        services.ring(DELIVER, document.document_id)
    return made


def look_now(services: Services, connected: Connected, order_id: int) -> Look:
    """The order as the shop shows it; what was delivered last where there is no REST key."""
    if connected.secrets.has_rest:
        return asked(services, connected, order_id)
    with services.store.read() as connection:
        look = delivered(inbox.of_order(connection, connected.shop.shop_id, order_id))
    if look is None:
        raise Rejected(
            f"Order {order_id} cannot be read without a REST key; add one to the shop.", code="rest_key_missing"
        )
    return look


def history_of(connection: Connection, shop: Shop, look: Look) -> History:
    return documents.history(connection, shop.shop_id, look.order.order_id, look.order.order_key)


def today(services: Services, shop: Shop) -> date:
    return services.now().astimezone(shop.zoneinfo).date()


def record(
    connection: Connection, services: Services, document: Document, code: str, sentence: str, by: Person
) -> None:
    trail.add(
        connection,
        Event(
            shop_id=document.shop_id,
            at=services.now(),
            actor=by.name,
            code=code,
            sentence=sentence,
            order_id=document.draft.order_id,
            document_id=document.document_id,
        ),
    )


def named(kind: Kind) -> str:
    return kind.replace("_", " ")
