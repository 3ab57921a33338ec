"""Step: the e-invoice of a document with its PDF inside, made and checked once, and stored beside it in the archive."""

import logging
import secrets
from dataclasses import replace

from worker.access_points.account import account_of
from worker.domain import peppol
from worker.domain.document import Document
from worker.domain.step import TRANSMIT
from worker.sending import NotNeeded
from worker.sending.pdf import document_with_pdf
from worker.sending.recipient import recipient_if_known
from worker.services import Services
from worker.store import document_files, steps
from worker.store.document_files import StoredFile
from worker.store.steps import LeasedSteps

log = logging.getLogger(__name__)

FORMAT = "xml"


def write(services: Services, leased: LeasedSteps) -> str:
    """Make the e-invoice and store its bytes, once. Returns their SHA-256. Raises NotNeeded where it cannot be one."""
    return stored_einvoice(services, leased.steps[0].document_id).sha256


def stored_einvoice(services: Services, document_id: int) -> StoredFile:
    with services.store.read() as connection:
        stored = document_files.file_of(connection, document_id, FORMAT)
    if stored is not None:
        return stored
    document, pdf = document_with_pdf(services, document_id)
    return store(services, document, einvoice_of(for_recipient(services, document), pdf))


def for_recipient(services: Services, document: Document) -> Document:
    """*document* with the address at which its buyer can receive it, where it goes by Peppol and that is known."""
    with services.store.read() as connection:
        step = steps.of_document(connection, document.document_id).get(TRANSMIT)
    connected = services.connected(document.shop_id)
    account = account_of(connected.shop, connected.secrets, services.settings) if step else None
    found = recipient_if_known(services, document, account) if account and not document.draft.test else None
    if found is None:
        return document
    draft = document.draft
    return replace(document, draft=replace(draft, buyer=replace(draft.buyer, peppol_address=found)))


def einvoice_of(document: Document, pdf: bytes) -> bytes:
    """The final bytes, held against every rule once more. What a rule refuses is not kept: the step says why."""
    # Imported here: XML and a thousand rules, for business invoices only.
    from worker.einvoice import rules

    obstacle = peppol.obstacle_of(document.draft)
    if obstacle:
        raise NotNeeded(obstacle)
    einvoice = rules.written(document, pdf=pdf)
    for problem in einvoice.problems:
        log.warning("e-invoice of %s: %s: %s", document.number, problem.code, problem.message)
    if einvoice.is_refused or not einvoice.xml:
        raise NotNeeded(einvoice.problems[0].message)
    return einvoice.xml


def store(services: Services, document: Document, xml: bytes) -> StoredFile:
    # The name is new at each try: bytes that a row names are never written over.
    path = f"{document.shop_id}/{document.issued_on:%Y}/{document.document_id}-{secrets.token_hex(4)}.{FORMAT}"
    sha256 = services.archive.put(path, xml)
    with services.store.write() as connection:
        return document_files.add_file(
            connection, StoredFile(document.document_id, FORMAT, sha256, len(xml), path, services.now())
        )
