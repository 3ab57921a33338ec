"""What the shop's order notes say of documents that the database lost."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.domain.numbering import sequence_in
from worker.domain.shop import RestoredBackup, Series, Shop
from worker.errors import OrderGone, Rejected
from worker.net import document_link
from worker.orders.poll import changed_since
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store import counters, deliveries, drafts
from worker.store.shops import ConnectedShop, ListPlace
from worker.woocommerce import notes
from worker.woocommerce.client import ShopClient, require_end
from worker.woocommerce.list_payload import OrderNote

# A document may have been issued a while after its order changed last: a try that failed for a day, a draft that waited.
SCAN_MARGIN = timedelta(days=2)


PAUSE_S = 0.05


@dataclass(frozen=True)
class LostDocument:
    """A document that a note in the shop names and the register does not. *document_id* is None where its link is unreadable."""

    number: str
    series: Series
    sequence: int
    order_id: int
    issued_at: datetime
    document_id: int | None
    note: str


@dataclass(frozen=True)
class NotesScan:
    """What the shop knows: *orders* that may have had documents after the backup, and the documents that are *lost*."""

    orders: tuple[int, ...]
    lost: tuple[LostDocument, ...]


def scan_notes(services: Services, connected: ConnectedShop, *, on_progress: OnProgress = tell_nobody) -> NotesScan:
    """Read the notes of every order that may have changed since the backup. Raises Rejected or Unavailable."""
    restored = require_numbering_paused(connected.shop)
    if not connected.secrets.has_rest:
        return NotesScan((), ())
    changed = changed_orders(services.client_of(connected), restored.as_of - SCAN_MARGIN)
    with services.store.read() as connection:
        changed |= {
            waiting.draft.order_id for waiting in drafts.every(connection, connected.shop.shop_id, state="open")
        }
        changed |= set(deliveries.open_orders(connection, connected.shop.shop_id))
        known = set(counters.used_numbers(connection, connected.shop.shop_id))
    lost: dict[str, LostDocument] = {}
    for done, order_id in enumerate(sorted(changed), start=1):
        for note in notes_of(services, connected, order_id):
            found = lost_document_in(services, connected.shop, order_id, note)
            if found is not None and found.number not in known:
                lost.setdefault(found.number, found)
        on_progress(done, len(changed))
        time.sleep(PAUSE_S)
    in_order = sorted(lost.values(), key=lambda one: (one.issued_at, one.document_id or 0, one.sequence))
    return NotesScan(tuple(sorted(changed)), tuple(in_order))


def changed_orders(client: ShopClient, after: datetime) -> set[int]:
    found: set[int] = set()
    for number, (page, _) in enumerate(changed_since(client, ListPlace(after)), start=1):
        require_end(number)
        found |= {one.order_id for one in page}
    return found


def require_numbering_paused(shop: Shop) -> RestoredBackup:
    if shop.numbering.restored is None:
        raise Rejected(
            "The numbering of {shop} is not paused; it is only after a restore.",
            shop=shop.name,
            code="numbering_not_paused",
        )
    return shop.numbering.restored


def notes_of(services: Services, connected: ConnectedShop, order_id: int) -> tuple[OrderNote, ...]:
    try:
        return services.client_of(connected).notes(order_id)
    except OrderGone:
        return ()


def lost_document_in(services: Services, shop: Shop, order_id: int, note: OrderNote) -> LostDocument | None:
    """The document of *note*, where its number fits a series of the shop."""
    number = notes.number_in(note.text)
    if number is None:
        return None
    for series in dict.fromkeys(shop.numbering.series.values()):
        place = sequence_in(series, number)
        if place is not None:
            link = document_link.read(services.settings.secret_keys, notes.token_in(note.text))
            # The link in a note is signed when its document is issued; without it the note's own time is the nearest.
            issued_at = min(link.signed_at, note.created_at) if link else note.created_at
            return LostDocument(
                number, series, place[1], order_id, issued_at, link.document_id if link else None, note.text
            )
    return None
