"""Is this body from the shop? Pure: bytes in, yes or no out."""

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Sequence

# What WordPress's wp_specialchars_decode(…, ENT_QUOTES) turns back, and nothing more: html.unescape alone knows 2,231 names.
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")


def verify(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether *signature* is base64(HMAC-SHA256(secret, body)) under any of *secrets*. *body* is what came in, byte for byte."""
    given = (signature or "").encode("utf-8", "replace")
    # All of them, always: the time this takes does not show which secret fits.
    fits = [hmac.compare_digest(sign(body, key), given) for secret in secrets for key in signing_keys(secret)]
    return any(fits)


def signing_keys(secret: str) -> tuple[str, ...]:
    """The keys that WooCommerce may sign with for *secret*. None for an empty one: it would sign with "" and so could anybody."""
    if not secret:
        return ()
    # A secret typed as a&amp;b signs with a&b (docs/woocommerce-contract.md §1).
    return (secret, ENTITY.sub(lambda found: html.unescape(found.group()), secret))


def sign(body: bytes, key: str) -> bytes:
    return base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256))
