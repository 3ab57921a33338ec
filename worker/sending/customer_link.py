"""The customer's link to a document."""

from sqlalchemy import Connection

from worker.domain.document import Document
from worker.net import document_link
from worker.services import Services
from worker.store import document_links


def link_of(connection: Connection, services: Services, document: Document) -> str:
    """The customer's link, valid from the day it is sent. The same all day, so that a repeated mail is identical."""
    revocation = document_links.of_documents(connection, [document.document_id]).get(document.document_id)
    renewed_at = revocation.renewed_at if revocation else None
    begun = max(document.issued_at, renewed_at) if renewed_at else document.issued_at
    start = max(begun, services.now().replace(hour=0, minute=0, second=0, microsecond=0))
    return document_link.url(
        services.settings.public_url, services.settings.secret_keys, document.document_id, now=start
    )
