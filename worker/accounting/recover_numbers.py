"""After a restored backup, read back from the shop's own notes what was issued since, and let the numbers go on.

A note on an order holds number, total and link of its document. Where the order still comes to that total, the document is
entered again under the same number and date, and its link works again. Nothing of it is mailed or noted a second time.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from worker.accounting.notes_scan import LostDocument, NotesScan, require_numbering_paused
from worker.domain.decide import decide_documents
from worker.domain.document import Document, Draft, Kind, Problem
from worker.domain.numbering import first_repeated_number
from worker.domain.shop import LostNumbers, RestoredBackup, Series, Shop
from worker.domain.step import EINVOICE, RENDER, planned_steps
from worker.errors import NumberingPaused, Rejected
from worker.i18n import Translator
from worker.invoicing.core import CoreContext
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue_document import issue_draft
from worker.message import Message
from worker.orders.fetch import FetchedOrder, fetch_from_shop
from worker.services import Services
from worker.store import alerts, audit_trail, counters, documents, drafts, order_money, sales, shops
from worker.store.audit_trail import AuditEntry
from worker.store.shops import ConnectedShop
from worker.woocommerce import notes

MAYBE_ISSUED = Problem(
    "maybe_issued",
    Message(
        "A document may have been issued for this order after the backup that was restored; look in your "
        "mail before you issue it."
    ),
)


@dataclass(frozen=True)
class NotEntered:
    """A lost document that could not be entered again, and why."""

    lost: LostDocument
    message: Message


def enter_again(
    services: Services, connected: ConnectedShop, lost: Sequence[LostDocument]
) -> tuple[tuple[Document, ...], tuple[NotEntered, ...]]:
    """Enter what can be entered under its own number, oldest first; of a series whose next number is missing, nothing after it."""
    entered: list[Document] = []
    not_entered: list[NotEntered] = []
    for one in lost:
        try:
            entered.append(enter(services, connected, one))
        except Rejected as error:
            not_entered.append(NotEntered(one, error.message))
    return tuple(entered), tuple(not_entered)


def enter(services: Services, connected: ConnectedShop, lost: LostDocument) -> Document:
    """One document, as it was: same order, number, date and id. Raises Rejected where that cannot be."""
    fetched = fetch_from_shop(services, connected, lost.order_id)
    shop = with_rate(services, connected.shop, fetched.order.currency)
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        refuse_other_number(connection, shop, lost)
        draft = draft_of(connection, shop, fetched, lost)
        if draft.kind is Kind.INVOICE and not shop.test:
            order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
            order_money.count_reported(connection, shop, order, now=services.now())
        document_id = None if documents.find(connection, lost.document_id or 0) else lost.document_id
        document = issue_draft(
            CoreContext(connection, shop, lost.issued_at, document_id),
            draft,
            mail_group=str(uuid.uuid4()),
            # The customer has the mail and the order its note.
            step_names=tuple(name for name in planned_steps(shop, draft) if name in (RENDER, EINVOICE)),
            by="restore",
        )
        if document.number != lost.number:
            raise Rejected(
                "{number} cannot be entered: the register makes {other_number} of it. Was the shop in test mode then?",
                number=lost.number,
                other_number=document.number,
                code="number_unknown",
            )
        return document


def refuse_other_number(connection: Connection, shop: Shop, lost: LostDocument) -> None:
    today = shop.day_of(lost.issued_at)
    counter = counters.counter_of(connection, shop.shop_id, lost.series.name)
    coming = counters.upcoming(lost.series, counter, today=today)
    if coming.number != lost.number:
        raise Rejected(
            "{number} (order {order_id}) cannot be entered: {next_number} is next, and no note names it.",
            number=lost.number,
            order_id=lost.order_id,
            next_number=coming.number,
            code="number_unknown",
        )


def draft_of(connection: Connection, shop: Shop, fetched: FetchedOrder, lost: LostDocument) -> Draft:
    """The draft of the note's order, for the same amount."""
    history = sales.history(connection, shop, fetched.order)
    today = shop.day_of(lost.issued_at)
    order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
    decision = decide_documents(order, fetched.refunds or (), history, shop, today)
    due = [draft for draft in decision.drafts if shop.numbering.series[draft.kind] == lost.series]
    words = Translator(shop.language)
    same = next(
        (draft for draft in due if notes.note_contains(lost.note, words.amount(draft.total, draft.currency))), None
    )
    if same is None:
        why = Message("its amount has changed since") if due else Message("it no longer calls for such a document")
        raise Rejected(
            "{number} cannot be entered again from order {order_number}: {why}.",
            number=lost.number,
            order_number=fetched.order.number,
            why=why,
            code="order_changed",
        )
    if same.problems:
        raise Rejected(
            "{number} cannot be entered again: {message}",
            number=lost.number,
            message=same.problems[0].message,
            code=same.problems[0].code,
        )
    return same


def next_numbers(services: Services, shop: Shop) -> dict[Kind, str]:
    """What each kind would get next."""
    with services.store.read() as connection:
        return counters.next_numbers(connection, shop, today=services.today(shop))


@dataclass(frozen=True)
class Unrecovered:
    """What the notes of a restored shop leave open: the orders that were read, and the documents that cannot be entered."""

    found: NotesScan
    not_entered: Sequence[NotEntered] = ()


def resume(
    services: Services, connected: ConnectedShop, left: Unrecovered, *, after: Mapping[Kind, int], by: str
) -> tuple[LostNumbers, ...]:
    """Let the shop issue again, after the numbers in *after*. Returns the numbers that are not in the register.

    Raises Rejected while a document that is left has a number that would be given again.
    """
    restored, shop = require_numbering_paused(connected.shop), connected.shop
    starts = {shop.numbering.series[kind]: number for kind, number in after.items()}
    today = services.today(shop)
    refuse_repeats(services, shop, left.not_entered, starts, today=today)
    if starts:
        # Any of these may have one of the numbers that are not in the register: a person issues or discards them.
        for order_id in left.found.orders:
            add_review_drafts(services, connected, order_id, tuple(starts), restored)
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        skipped = [counters.skip(connection, shop.shop_id, *start, today=today) for start in starts.items()]
        lost = tuple(one for one in skipped if one is not None)
        shop = shops.get(connection, services.encryption, shop.shop_id).shop
        lost_numbers = (*shop.numbering.lost_numbers, *lost)
        numbering = replace(shop.numbering, restored=None, lost_numbers=lost_numbers)
        shops.change(connection, replace(shop, numbering=numbering))
        alerts.close(connection, shop.shop_id, code=NumberingPaused.code, now=services.now())
        event = AuditEntry(shop.shop_id, services.now(), by, "numbering_resumed", resumed_message(lost))
        audit_trail.add(connection, event)
    return lost


def refuse_repeats(
    services: Services, shop: Shop, not_entered: Sequence[NotEntered], starts: Mapping[Series, int], *, today: date
) -> None:
    with services.store.read() as connection:
        for series in dict.fromkeys(shop.numbering.series.values()):
            counter = counters.counter_of(connection, shop.shop_id, series.name)
            coming = counters.upcoming(series, counter, today=today)
            first = max(coming.sequence, starts.get(series, 0) + 1)
            known = [one.lost.number for one in not_entered if one.lost.series == series]
            repeated = first_repeated_number(series, known, year=coming.issued_on.year, number=first)
            if repeated is not None:
                raise Rejected(
                    "{number} was issued after the backup, and the series “{series}” would come to it again. Say "
                    "which number was the last one, like --after invoice=118.",
                    number=repeated,
                    series=series.name,
                    code="number_exists",
                )


def add_review_drafts(
    services: Services, connected: ConnectedShop, order_id: int, series: Sequence[Series], restored: RestoredBackup
) -> None:
    """Store what an order from before the restore lacks as drafts with a reason, so that nothing is issued twice by itself."""
    try:
        fetched = fetch_from_shop(services, connected, order_id)
    except Rejected:
        return  # gone, or unreadable: nothing will be issued for it by itself either
    if fetched.order.created_at > restored.at:
        return
    shop = with_rate(services, connected.shop, fetched.order.currency)
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        history = sales.history(connection, shop, fetched.order)
        today = services.today(shop)
        order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
        for draft in decide_documents(order, fetched.refunds or (), history, shop, today).drafts:
            if shop.numbering.series[draft.kind] in series:
                flagged = replace(draft, problems=(*draft.problems, MAYBE_ISSUED))
                drafts.save_draft(connection, shop.shop_id, flagged, now=services.now())


def resumed_message(lost: Sequence[LostNumbers]) -> Message:
    if not lost:
        return Message("The numbers go on where the register ends.")
    spans = tuple(
        Message("{first} to {last} of “{series}”", first=one.first, last=one.last, series=one.series) for one in lost
    )
    return Message("The numbers go on. Given after the backup and not in the register: {spans}.", spans=spans)
