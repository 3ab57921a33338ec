"""The PDF of a business in Germany or France with the figures inside it, where the shop wants that."""

import logging

from worker.domain import factur_x
from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.message import Message
from worker.services import Services
from worker.store import audit_trail

log = logging.getLogger(__name__)


def with_figures(services: Services, shop: Shop, document: Document, pdf: bytes) -> bytes:
    """*pdf* as Factur-X, or as it is where it needs none. What breaks there stops no invoice: the PDF says all that counts."""
    if not shop.factur_x or not factur_x.is_read_by(document.draft):
        return pdf
    # Imported here: two libraries, for these documents only.
    from worker.einvoice import cii
    from worker.rendering import pdfa

    try:
        return pdfa.with_invoice(pdf, cii.write(document))
    except Exception:
        log.exception("no Factur-X in the PDF of %s", document.number)
        note_without(services, document)
        return pdf


def note_without(services: Services, document: Document) -> None:
    message = Message(
        "The figures could not be put into the PDF of {number} as Factur-X; it is an ordinary PDF. Send the buyer the "
        "e-invoice beside it if he asks for one.",
        number=document.number,
    )
    with services.store.write() as connection:
        audit_trail.note_of(connection, document, "factur_x_failed", message, by=services.actor("worker"))
