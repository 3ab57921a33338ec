"""Secrets and addresses of shops as they were a moment ago: of many deliveries at once the first asks the database."""

import time

from worker.store import shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.shops import KnownShop

KNOWN_FOR_S = 2.0
MOST_KNOWN = 1_000


class KnownShops:
    """For whoever asks anew where its secrets do not fit: then a new one counts at once, and one that is taken away for a moment more."""

    def __init__(self, store: Store, encryption: Encryption) -> None:
        self._store, self._encryption = store, encryption
        self._known: dict[str, tuple[float, KnownShop]] = {}

    def of(self, shop_id: str) -> KnownShop | None:
        since, shop = self._known.get(shop_id, (0.0, None))
        now = time.monotonic()
        if shop is None or now - since > KNOWN_FOR_S:
            shop = self._read(shop_id)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            if shop is not None:
                self._known[shop_id] = now, shop
        return shop

    def _read(self, shop_id: str) -> KnownShop | None:
        with self._store.read() as connection:
            return shops.known(connection, self._encryption, shop_id)
