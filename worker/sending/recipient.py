"""Where a buyer can receive an e-invoice of this kind: asked of the access point, each answer kept as proof."""

from datetime import datetime, timedelta

from worker.access_points import access_point
from worker.access_points.access_point import Account, Passing
from worker.domain import peppol
from worker.domain.access_point import Reach
from worker.domain.document import Document
from worker.services import Services
from worker.store import peppol_answers
from worker.store.peppol_answers import LOOKUP, NO, YES, PeppolAnswer

# A buyer who can receive today can tomorrow; one who cannot is asked for anew with the next document.
TRUSTED = timedelta(days=7)
# A no in doubt is believed when it is said again so long afterwards.
IN_DOUBT_FOR = timedelta(hours=1)


class InDoubt(Passing):
    """The access point says no, as it also does when it fails itself."""

    code = "peppol_in_doubt"


def recipient_of(services: Services, document: Document, account: Account) -> str | None:
    """The first address of the buyer that takes this kind of document; None where none does. Raises as an access point does.

    The order's own address goes first, then the enterprise number (0208), then the VAT number (9925): companies move from
    the latter to the former.
    """
    doubts: list[InDoubt] = []
    for address in peppol.addresses_of_buyer(document.draft.buyer):
        try:
            if takes(services, document, account, str(address)):
                return str(address)
        except InDoubt as doubt:
            doubts.append(doubt)
    if doubts:
        raise doubts[0]
    return None


def takes(services: Services, document: Document, account: Account, address: str) -> bool:
    kind, now = document.draft.kind, services.now()
    with services.store.read() as connection:
        known = peppol_answers.can_receive(
            connection, document.shop_id, address=address, kind=kind, since=now - TRUSTED
        )
    if known:
        return True
    reach = access_point(account).can_receive(address)
    is_taken = reach.takes(kind)
    with services.store.write() as connection:
        verdict = YES if is_taken else NO
        peppol_answers.add(connection, lookup(document, account, reach, verdict=verdict, now=now))
        first = peppol_answers.no_since(connection, document.shop_id, address=address, kind=kind, since=now - TRUSTED)
    if reach.in_doubt and first is not None and now - first < IN_DOUBT_FOR:
        raise InDoubt(
            "The access point does not find the buyer, or could not look just now. It is asked again.",
            retry_after_s=int((first + IN_DOUBT_FOR - now).total_seconds()) + 1,
        )
    return is_taken


def lookup(document: Document, account: Account, reach: Reach, *, verdict: str, now: datetime) -> PeppolAnswer:
    """What was learnt of an address, to keep."""
    return PeppolAnswer(
        shop_id=document.shop_id,
        document_id=document.document_id,
        provider=account.provider,
        about=LOOKUP,
        address=reach.address,
        kind=document.draft.kind,
        verdict=verdict,
        asked_at=now,
        answer=reach.answer,
    )
