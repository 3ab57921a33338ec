"""What the mail of a document has to know of its way by Peppol: that it went, that it waits, or that nobody wants both."""

from datetime import timedelta

from worker.domain.shop import BusinessChannel, Shop
from worker.domain.step import TRANSMIT
from worker.errors import WaitsForOthers
from worker.message import Message
from worker.sending import NotNeeded
from worker.services import Services
from worker.store import documents, steps, transmissions
from worker.store.steps import LeasedSteps

# So long a mail waits to be able to say that the document went by Peppol. WooCommerce's own is held for ten minutes.
PATIENCE = timedelta(minutes=5)
LOOK_AGAIN_S = 20


def addresses_by_peppol(services: Services, shop: Shop, leased: LeasedSteps) -> dict[int, str]:
    """The Peppol address to which each document of this mail was sent, by its id.

    Raises NotNeeded where all went that way and the shop wants no mail beside it, and WaitsForOthers while that is not decided.
    """
    ids = [step.document_id for step in leased.steps]
    with services.store.read() as connection:
        ways = {one: found.get(TRANSMIT) for one, found in steps.of_documents(connection, ids).items()}
        rows = transmissions.of_documents(connection, ids)
        issued_at = max(documents.get(connection, one).issued_at for one in ids)
    sent = {one: row.recipient for one, row in rows.items() if row.is_sent}
    undecided = any(
        way is not None and way.state in ("waiting", "running") and one not in sent for one, way in ways.items()
    )
    # Whoever had it mailed again later knows what they want.
    is_alone = shop.peppol.businesses is BusinessChannel.PEPPOL and leased.since <= issued_at
    if undecided and (is_alone or services.now() - issued_at < PATIENCE):
        raise WaitsForOthers(
            "The mail waits until it is known whether the buyer gets this by Peppol.",
            code="waits_for_peppol",
            retry_after_s=LOOK_AGAIN_S,
        )
    if is_alone and sent.keys() >= set(ids):
        raise NotNeeded(
            Message("It went by Peppol to {address}, and the shop wants no mail beside it.", address=sent[ids[0]])
        )
    return sent
