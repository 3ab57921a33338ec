"""Step: the PDF of a document, made once and stored in the archive."""

import secrets

from worker.domain.document import Document
from worker.rendering import render_pdf
from worker.sending import factur_x
from worker.services import Services
from worker.shops import branding
from worker.store import document_files, documents
from worker.store.document_files import StoredFile
from worker.store.steps import LeasedSteps


def render(services: Services, leased: LeasedSteps) -> str:
    """Make the PDF and store its bytes, once. Returns their SHA-256."""
    return stored_pdf(services, leased.steps[0].document_id).sha256


def document_with_pdf(services: Services, document_id: int) -> tuple[Document, bytes]:
    """A document with its stored PDF; made first where it is not there yet."""
    stored = stored_pdf(services, document_id)
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
    return document, services.archive.get(stored.path, sha256=stored.sha256)


def stored_pdf(services: Services, document_id: int) -> StoredFile:
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
        stored = document_files.file_of(connection, document_id, "pdf")
    if stored is not None:
        return stored
    shop = services.connected(document.shop_id).shop
    content = render_pdf(document, brand=branding.brand_of(services, shop))
    content = factur_x.with_figures(services, shop, document, content)
    # The name is new at each try: bytes that a row names are never written over.
    path = f"{document.shop_id}/{document.issued_on:%Y}/{document_id}-{secrets.token_hex(4)}.pdf"
    sha256 = services.archive.put(path, content)
    with services.store.write() as connection:
        return document_files.add_file(
            connection, StoredFile(document_id, "pdf", sha256, len(content), path, services.now())
        )
