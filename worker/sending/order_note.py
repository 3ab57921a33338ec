"""Step: one private note on the order, with number and link."""

from worker.domain.document import Document, Kind
from worker.errors import OrderGone
from worker.i18n import Translator, title
from worker.orders import fetch
from worker.sending import Done, NotNeeded
from worker.sending.customer_link import link_of
from worker.services import Services
from worker.store import documents, shops
from worker.store.steps import LeasedSteps
from worker.woocommerce import notes
from worker.woocommerce.client import ShopClient


def write_back(services: Services, leased: LeasedSteps) -> Done:
    """Put one private note with number and link on the order. What to remember is the note's id.

    Raises NotNeeded where the shop deleted the order for good: nobody would read it, and no one could help it.
    """
    step = leased.steps[0]
    with services.store.read() as connection:
        document = documents.get(connection, step.document_id)
        connected = shops.get(connection, services.encryption, document.shop_id)
        note = note_of(document, link_of(connection, services, document), connected.shop.language)
    if not connected.secrets.has_rest:
        raise NotNeeded("Facturelay has no key of the shop, so no note is written on the order.")
    try:
        with fetch.refusal_is_told(services, connected.shop):
            note_id = ensure_note(services.client_of(connected), document, note, may_exist=step.attempts > 1)
    except OrderGone as error:
        raise NotNeeded(error.message) from error
    return Done(str(note_id))


def ensure_note(client: ShopClient, document: Document, note: str, *, may_exist: bool) -> int:
    """The id of the one *note* about *document*. *may_exist*: an earlier attempt may have reached the shop before it failed for us."""
    order_id, mark = document.draft.order_id, notes.document_mark(document.number)
    found = notes.find_note(client.notes(order_id), mark, written=note) if may_exist else None
    return client.add_note(order_id, note) if found is None else found


def note_of(document: Document, link: str, language: str) -> str:
    """The note is for the shop's staff, so it is in the shop's *language*."""
    words, draft = Translator(language), document.draft
    has_total = draft.kind is not Kind.DELIVERY_NOTE
    return notes.note_html(
        kind=title(draft.kind, words),
        number=document.number,
        total=words.amount(draft.total, draft.currency) if has_total else "",
        url=link,
        language=language,
    )
