"""Step: the e-invoice of a document with its PDF inside, made and checked once, and stored beside it in the archive."""

import logging
import secrets
from dataclasses import replace

from worker.access_points.access_point import Declined
from worker.access_points.account import account_of
from worker.domain import peppol
from worker.domain.access_point import ELSEWHERE
from worker.domain.document import Document
from worker.domain.step import TRANSMIT
from worker.errors import WaitsForOthers
from worker.message import Message
from worker.sending import Done, NotNeeded
from worker.sending.pdf import document_with_pdf
from worker.sending.recipient import recipient_of
from worker.services import Services
from worker.store import document_files, steps
from worker.store.document_files import StoredFile
from worker.store.steps import LeasedSteps

log = logging.getLogger(__name__)

FORMAT = "xml"
WAITS = "waits_for_peppol"
WHERETO = Message("The e-invoice is written once the access point says whereto it goes.")


def write(services: Services, leased: LeasedSteps) -> Done:
    """Make the e-invoice and store its bytes, once. What to remember is their SHA-256. Raises NotNeeded where it cannot be one."""
    return Done(stored_einvoice(services, leased.steps[0].document_id).sha256)


def stored_einvoice(services: Services, document_id: int, recipient: str = "") -> StoredFile:
    """Made first where it is not there yet, with *recipient* as the buyer's address (BT-49); else with the one that is found now.

    It is written once. So where it goes by Peppol it is not written before it is known whereto. Raises as an access point does.
    """
    with services.store.read() as connection:
        stored = document_files.file_of(connection, document_id, FORMAT)
    if stored is not None:
        return stored
    document, pdf = document_with_pdf(services, document_id)
    addressed = with_address(document, recipient) if recipient else for_recipient(services, document)
    return store(services, document, einvoice_of(addressed, pdf))


def for_recipient(services: Services, document: Document) -> Document:
    """*document* with the address at which its buyer can receive it, where it goes by Peppol. Raises NotNeeded where he cannot yet."""
    with services.store.read() as connection:
        step = steps.of_document(connection, document.document_id).get(TRANSMIT)
    connected = services.connected(document.shop_id)
    if step is None or document.draft.test or connected.shop.peppol.sender == ELSEWHERE:
        return document
    account = account_of(connected.shop, connected.secrets, services.settings)
    if account is None:
        raise WaitsForOthers(WHERETO, code=WAITS)
    try:
        found = recipient_of(services, document, account)
    except Declined as refused:  # of the account's trouble the step that sends tells
        raise WaitsForOthers(WHERETO, code=WAITS) from refused
    if found is None:
        raise NotNeeded("The buyer is not on Peppol: the e-invoice is written when it can be sent to him.")
    return with_address(document, found)


def with_address(document: Document, recipient: str) -> Document:
    draft = document.draft
    return replace(document, draft=replace(draft, buyer=replace(draft.buyer, peppol_address=recipient)))


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
