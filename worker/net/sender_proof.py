"""The link that proves that a mailbox is read: signed, for one shop and one address, valid for some days. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer

PURPOSE = "facturelay.sender.v1"
LIFETIME_S = 3 * 24 * 3600


@dataclass(frozen=True)
class SenderProof:
    """Whoever brings it reads the mail of *address*."""

    shop_id: str
    address: str


def sign(secret_keys: Sequence[str], proof: SenderProof) -> str:
    return str(serializer(secret_keys).dumps([proof.shop_id, proof.address]))


def read(secret_keys: Sequence[str], token: str) -> SenderProof | None:
    """What *token* proves; None where it is none of ours, or too old."""
    try:
        shop_id, address = serializer(secret_keys).loads(token, max_age=LIFETIME_S)
    except (BadSignature, ValueError, TypeError):
        return None
    return SenderProof(str(shop_id), str(address))


def serializer(secret_keys: Sequence[str]) -> URLSafeTimedSerializer:
    # The newest key signs, all verify.
    return URLSafeTimedSerializer(list(reversed(secret_keys)), salt=PURPOSE)
