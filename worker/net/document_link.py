"""Signed document links: who holds one may see one document, until it expires or is revoked. Signed here, checked by the bridge."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature

from worker.net.signer import signer

LIFETIME = timedelta(days=365)
SALT = "facturelay.document-link.v1"


@dataclass(frozen=True)
class DocumentLink:
    """What a valid token says. It may have expired: the page then offers a way to a new one."""

    document_id: int
    expires_at: datetime
    signed_at: datetime

    def has_expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    def is_older_than(self, issued_at: datetime) -> bool:
        """Whether it was made before its document: then it was for another one, which a restored backup did not hold."""
        return self.signed_at < issued_at.replace(microsecond=0)


def sign(secret_keys: tuple[str, ...], document_id: int, *, now: datetime, lifetime: timedelta = LIFETIME) -> str:
    """Make the token of *document_id*, valid for *lifetime* from *now*."""
    content = [document_id, int((now + lifetime).timestamp())]
    # Only a link that lives shorter says when it was signed: the others stay as short as they can be.
    return signer(secret_keys, SALT).dumps(content if lifetime == LIFETIME else [*content, int(now.timestamp())])


def read(secret_keys: tuple[str, ...], token: str) -> DocumentLink | None:
    """What *token* says, or None when it was not signed by any of the keys."""
    try:
        document_id, expires, *signed = signer(secret_keys, SALT).loads(token)
        expires_at = datetime.fromtimestamp(int(expires), UTC)
        signed_at = datetime.fromtimestamp(int(signed[0]), UTC) if signed else expires_at - LIFETIME
        return DocumentLink(int(document_id), expires_at, signed_at)
    except (BadSignature, ValueError, TypeError, OverflowError, OSError):
        return None


def url(public_url: str, secret_keys: tuple[str, ...], document_id: int, *, now: datetime) -> str:
    """The address that a customer opens."""
    return f"{public_url}/d/{sign(secret_keys, document_id, now=now)}"
