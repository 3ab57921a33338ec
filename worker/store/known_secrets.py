"""Secrets of shops as they were a moment ago: of many deliveries at once the first asks the database."""

import time

from worker.store import shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.shops import Secrets

KNOWN_FOR_S = 2.0
MOST_KNOWN = 1_000


class KnownSecrets:
    """For whoever asks anew where they do not fit: then a new one counts at once, and one that is taken away for a moment more."""

    def __init__(self, store: Store, encryption: Encryption) -> None:
        self._store, self._encryption = store, encryption
        self._known: dict[str, tuple[float, Secrets]] = {}

    def of(self, shop_id: str) -> Secrets | None:
        since, secrets = self._known.get(shop_id, (0.0, None))
        now = time.monotonic()
        if secrets is None or now - since > KNOWN_FOR_S:
            secrets = self._read(shop_id)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            if secrets is not None:
                self._known[shop_id] = now, secrets
        return secrets

    def _read(self, shop_id: str) -> Secrets | None:
        with self._store.read() as connection:
            return shops.secrets_of(connection, self._encryption, shop_id)
