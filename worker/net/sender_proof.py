"""The link that proves that a mailbox is read: signed, for one shop and one address, valid for some days. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadSignature

from worker.net.signer import timed_signer

PURPOSE = "facturelay.sender.v1"
LIFETIME_S = 3 * 24 * 3600


@dataclass(frozen=True)
class SenderProof:
    """Whoever brings it reads the mail of *address*."""

    shop_id: str
    address: str


def sign(secret_keys: Sequence[str], proof: SenderProof) -> str:
    return str(timed_signer(secret_keys, PURPOSE).dumps([proof.shop_id, proof.address]))


def read(secret_keys: Sequence[str], token: str) -> SenderProof | None:
    """What *token* proves; None where it is none of ours, or too old."""
    try:
        shop_id, address = timed_signer(secret_keys, PURPOSE).loads(token, max_age=LIFETIME_S)
    except (BadSignature, ValueError, TypeError):
        return None
    return SenderProof(str(shop_id), str(address))
