"""Step: one private note on the order, with number and link."""

from worker.domain.document import Document, Kind
from worker.domain.shop import Shop
from worker.errors import OrderGone
from worker.i18n import Translator, title
from worker.orders import fetch
from worker.sending import NotNeeded
from worker.sending.customer_link import link_of
from worker.services import Services
from worker.store import documents, shops
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps
from worker.woocommerce import notes


def write_back(services: Services, leased: LeasedSteps) -> str:
    """Put one private note with number and link on the order. Returns the note's id.

    Raises NotNeeded where the shop deleted the order for good: nobody would read it, and no one could help it.
    """
    step = leased.steps[0]
    with services.store.read() as connection:
        document = documents.get(connection, step.document_id)
        connected = shops.get(connection, services.encryption, document.shop_id)
    if not connected.secrets.has_rest:
        raise NotNeeded("Facturelay has no key of the shop, so no note is written on the order.")
    try:
        with fetch.key_refused_is_told(services, connected.shop):
            return str(ensure_note(services, connected, document, may_exist=step.attempts > 1))
    except OrderGone as error:
        raise NotNeeded(error.message) from error


def ensure_note(services: Services, connected: ConnectedShop, document: Document, *, may_exist: bool) -> int:
    """The id of the one note about *document*. *may_exist*: an earlier attempt may have reached the shop before it failed for us."""
    client, order_id = services.client_of(connected), document.draft.order_id
    written, mark = note_of(services, connected.shop, document), notes.document_mark(document.number)
    found = notes.find_note(client.notes(order_id), mark, written=written) if may_exist else None
    return client.add_note(order_id, written) if found is None else found


def note_of(services: Services, shop: Shop, document: Document) -> str:
    """The note is for the shop's staff, so it is in the shop's language."""
    words, draft = Translator(shop.language), document.draft
    has_total = draft.kind is not Kind.DELIVERY_NOTE
    return notes.note_html(
        kind=title(draft.kind, words),
        number=document.number,
        total=words.amount(draft.total, draft.currency) if has_total else "",
        url=link_of(services, document),
        language=shop.language,
    )
