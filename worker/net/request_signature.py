"""How the shop's plugin and Facturelay sign their requests: time, nonce, route and body under one secret. Pure.

The plugin has the same few lines in PHP (Signature.php).
"""

import hashlib
import hmac
from dataclasses import dataclass

# Clocks of shared hosts are rarely right to the second.
TOLERANCE_S = 300


@dataclass(frozen=True)
class RequestSignature:
    """The headers beside a body. *time* is in whole seconds since 1970, as text."""

    time: str
    nonce: str
    signature: str

    def is_valid(self, secret: str, route: str, body: bytes) -> bool:
        return bool(secret) and hmac.compare_digest(
            signature(secret, self.time, self.nonce, route, body).encode(), self.signature.encode("utf-8", "replace")
        )

    def is_fresh(self, now: float) -> bool:
        return self.time.isascii() and self.time.isdigit() and abs(now - int(self.time[:12])) <= TOLERANCE_S


def signature(secret: str, time: str, nonce: str, route: str, body: bytes) -> str:
    message = f"{time}\n{nonce}\n{route}\n".encode("utf-8", "replace") + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def sign_request(secret: str, *, time: int, nonce: str, route: str, body: bytes) -> RequestSignature:
    return RequestSignature(str(time), nonce, signature(secret, str(time), nonce, route, body))
