"""The rate limit of one token, counted in each web process, so that one client cannot take all threads."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from flask import current_app

EXTENSION_NAME = "facturelay.api.rate_limiter"
MAX_REQUESTS = 300
PERIOD = timedelta(minutes=1)


@dataclass
class RateLimiter:
    """Requests of each token since its minute began."""

    _began: dict[int, datetime] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, token_id: int, now: datetime) -> int:
        """Count one request; 0 when it may go on, else the seconds until it may."""
        with self._lock:
            began = self._began.get(token_id)
            if began is None or not timedelta() <= now - began < PERIOD:
                self._began[token_id], self._counts[token_id] = now, 0
                began = now
            self._counts[token_id] += 1
            if self._counts[token_id] <= MAX_REQUESTS:
                return 0
            return max(1, round((began + PERIOD - now).total_seconds()))


def rate_limiter() -> RateLimiter:
    """That of the app that answers this request."""
    return cast(RateLimiter, current_app.extensions[EXTENSION_NAME])
