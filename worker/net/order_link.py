"""The customer's link to the documents of an order, which the shop's plugin writes into WooCommerce's own mails.

It is written before there is a document, and works when the plugin is gone: the plugin signs with a key that follows from ours and
from the shop, so nothing is stored. The plugin has the same few lines in PHP (OrderLink.php).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(days=365)
PURPOSE = "facturelay.order-link.v1"
TOKEN = re.compile(r"([0-9a-f]{24})-([0-9]{1,18})-([0-9]{1,11})-([0-9a-f]{16})-([0-9a-f]{32})")


@dataclass(frozen=True)
class OrderLink:
    """What a valid token says. The order's key tells it from one that had the same number before a restore."""

    shop_id: str
    order_id: int
    expires_at: datetime
    key_digest: str

    @property
    def signed_at(self) -> datetime:
        return self.expires_at - LIFETIME

    def is_of(self, order_key: str) -> bool:
        return digest_of(order_key) == self.key_digest


def key_of_shop(secret_key: str, shop_id: str) -> str:
    """What the plugin of *shop_id* signs with: 64 hexadecimal digits."""
    return hmac.new(secret_key.encode(), f"{PURPOSE}:{shop_id}".encode(), hashlib.sha256).hexdigest()


def sign(key: str, link: OrderLink) -> str:
    """The token of *link*."""
    content = f"{link.shop_id}-{link.order_id}-{int(link.expires_at.timestamp())}-{link.key_digest}"
    return f"{content}-{hmac.new(key.encode(), content.encode(), hashlib.sha256).hexdigest()[:32]}"


def read(secret_keys: tuple[str, ...], token: str) -> OrderLink | None:
    """What *token* says, expired or not; None when it was not signed by a key that follows from one of ours."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        return None
    shop_id, order_id, expires, key_digest, _ = parts.groups()
    link = OrderLink(shop_id, int(order_id), datetime.fromtimestamp(int(expires), UTC), key_digest)
    keys = (key_of_shop(secret_key, shop_id) for secret_key in secret_keys)
    return link if any(hmac.compare_digest(sign(key, link), token) for key in keys) else None


def digest_of(order_key: str) -> str:
    return hashlib.sha256(order_key.encode()).hexdigest()[:16]


def settings_for_plugin(public_url: str, secret_keys: tuple[str, ...], shop_id: str) -> dict[str, str]:
    """What the plugin makes its links of; by the newest key, as the older ones go one day."""
    return {"url": f"{public_url}/o/", "key": key_of_shop(secret_keys[0], shop_id)}
