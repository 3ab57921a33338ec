"""What the mail of a document has to know of its way by Peppol: that it went, that it waits, or that nobody wants both."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from worker.domain.document import Document
from worker.domain.peppol import has_einvoice
from worker.domain.shop import BusinessChannel, Shop
from worker.domain.step import TRANSMIT
from worker.errors import WaitsForOthers
from worker.mail.mail_views import ByPeppol
from worker.message import Message
from worker.sending import NotNeeded
from worker.store import steps, transmissions
from worker.store.steps import LeasedSteps
from worker.store.transmissions import Transmission

# So long a mail waits to be able to say that the document went by Peppol. WooCommerce's own is held for ten minutes.
PATIENCE = timedelta(minutes=5)
LOOK_AGAIN_S = 20


def ways_by_peppol(
    connection: Connection, shop: Shop, leased: LeasedSteps, mailed: Sequence[Document], *, now: datetime
) -> dict[int, ByPeppol]:
    """How each document of this mail, all of them *mailed*, went by Peppol, by its id; those that did not are left out.

    Raises NotNeeded where all went that way and the shop wants no mail beside it, and WaitsForOthers while that is not decided.
    """
    if not any(has_einvoice(document.draft) for document in mailed):
        return {}
    ids = [step.document_id for step in leased.steps]
    ways = {one: found.get(TRANSMIT) for one, found in steps.of_documents(connection, ids).items()}
    rows = transmissions.of_documents(connection, ids)
    issued_at = max(document.issued_at for document in mailed)
    sent = {one for one, row in rows.items() if row.is_sent}
    undecided = any(
        way is not None and way.state in ("waiting", "running") and one not in sent for one, way in ways.items()
    )
    # Consumers who asked for Peppol get their mail as all do. Whoever had it mailed again later knows what they want.
    is_business = all(document.draft.buyer.vat_number for document in mailed)
    is_alone = is_business and shop.peppol.businesses is BusinessChannel.PEPPOL and leased.since <= issued_at
    if undecided and (is_alone or now - issued_at < PATIENCE):
        raise WaitsForOthers(
            "The mail waits until it is known whether the buyer gets this by Peppol.",
            code="waits_for_peppol",
            retry_after_s=LOOK_AGAIN_S,
        )
    if is_alone and sent >= set(ids):
        raise NotNeeded(
            Message(
                "It went by Peppol to {address}, and the shop wants no mail beside it.", address=rows[ids[0]].recipient
            )
        )
    return said_of(rows)


def said_of(rows: Mapping[int, Transmission]) -> dict[int, ByPeppol]:
    """What a mail says of each: that it went by Peppol, or that it did not after all."""
    return {
        one: ByPeppol(row.recipient, is_lost=row.is_lost_to_buyer)
        for one, row in rows.items()
        if row.is_sent or row.is_lost_to_buyer
    }
