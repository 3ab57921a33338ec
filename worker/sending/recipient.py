"""Where a buyer can receive an e-invoice of this kind: asked of the access point, each answer kept as proof."""

import logging
from datetime import timedelta

from worker.access_points import access_point
from worker.access_points.access_point import Account
from worker.domain import peppol
from worker.domain.access_point import Reach
from worker.domain.document import Document
from worker.errors import FacturelayError
from worker.services import Services
from worker.store import peppol_answers
from worker.store.peppol_answers import LOOKUP, NO, YES, PeppolAnswer

log = logging.getLogger(__name__)

# A buyer who can receive today can tomorrow; one who cannot is asked for anew with the next document.
TRUSTED = timedelta(days=7)


def recipient_of(services: Services, document: Document, account: Account) -> str | None:
    """The first address of the buyer that takes this kind of document; None where none does. Raises as an access point does.

    The order's own address goes first, then the enterprise number (0208), then the VAT number (9925): companies move from
    the latter to the former.
    """
    for address in peppol.addresses_of_buyer(document.draft.buyer):
        if takes(services, document, account, str(address)):
            return str(address)
    return None


def takes(services: Services, document: Document, account: Account, address: str) -> bool:
    kind, now = document.draft.kind, services.now()
    with services.store.read() as connection:
        known = peppol_answers.can_receive(
            connection, document.shop_id, address=address, kind=kind, since=now - TRUSTED
        )
    return known or keep(services, document, account, access_point(account).can_receive(address)).takes(kind)


def keep(services: Services, document: Document, account: Account, reach: Reach) -> Reach:
    answer = PeppolAnswer(
        shop_id=document.shop_id,
        document_id=document.document_id,
        provider=account.provider,
        about=LOOKUP,
        address=reach.address,
        kind=document.draft.kind,
        verdict=YES if reach.takes(document.draft.kind) else NO,
        asked_at=services.now(),
        answer=reach.answer,
    )
    with services.store.write() as connection:
        peppol_answers.add(connection, answer)
    return reach


def recipient_if_known(services: Services, document: Document, account: Account) -> str | None:
    """The same for what can do without: an access point that does not answer holds nothing up."""
    try:
        return recipient_of(services, document, account)
    except FacturelayError as error:
        log.info("who receives %s could not be asked: %s", document.number, error.message)
        return None
