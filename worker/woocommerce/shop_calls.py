"""Calls of one shop: in time, guarded, repeated where that is safe. What is asked is `client`'s."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from worker.errors import Unavailable
from worker.message import Message
from worker.net.guarded_http import guarded_session
from worker.net.talk import Talk, asked_in_haste, talk
from worker.woocommerce.rest import (
    MAX_ANSWER_BYTES,
    MOST_ATTEMPTS,
    REPEATABLE,
    RestApi,
    RestCall,
    RestKey,
    pause_s,
    site_url,
)
from worker.woocommerce.shop_response import RepeatAtOnce, ShopResponse, check_response


@dataclass(frozen=True)
class Patience:
    """How long the shop is waited for: *timeout_s* is for one wait (connecting, the next bytes), *total_s* for a whole call with
    its repetitions, *backoff_s* before the first of these.
    """

    timeout_s: float = 15.0
    total_s: float = 20.0
    backoff_s: float = 0.5


@dataclass(frozen=True)
class Guard:
    """What may be called: whether private addresses too, and whose certificates count (a *ca_file* beside the public ones)."""

    allow_private: bool
    ca_file: str = ""


class ShopCalls:
    """The way to one shop. Safe to share between threads; close it when done.

    Raises Rejected when a person must act and Unavailable when the same call may work later; nothing else. Each call is made
    inside a *road*.
    """

    def __init__(
        self,
        url: str,
        key: RestKey,
        *,
        guard: Guard,
        patience: Patience = Patience(),
        road: Callable[..., AbstractContextManager[None]] = lambda **_: nullcontext(),
    ) -> None:
        session = guarded_session(allow_private=guard.allow_private)
        self._api = RestApi(site_url(url), key, session=session, timeout_s=patience.timeout_s, ca_file=guard.ca_file)
        self._total_s = patience.total_s
        self._backoff_s = patience.backoff_s
        self._road = road

    def close(self) -> None:
        self._api.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _list_within_bounds(self) -> AbstractContextManager[Talk]:
        """All pages of a list together may take one and a half calls, and be as long as two of the longest answers."""
        return talk(1.5 * self._total_s, most_bytes=2 * MAX_ANSWER_BYTES)

    def _call(self, call: RestCall, *, about: Message, total_s: float | None = None) -> ShopResponse:
        """One call with its repetitions: the answer of a 2xx, or the exception that says what is wrong."""
        can_be_asked_later = call.method in REPEATABLE
        with self._road(later=can_be_asked_later), asked_in_haste() if can_be_asked_later else nullcontext():
            return self._repeated_call(call, about, min(self._total_s, total_s or self._total_s))

    def _repeated_call(self, call: RestCall, about: Message, total_s: float) -> ShopResponse:
        ends_at = time.monotonic() + total_s
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                answer = self._api.send(call, ends_at)
                return check_response(answer, about=about, url=self._api.url)
            except Unavailable as error:
                pause = pause_s(error, self._backoff_s * 2 ** (attempt - 1))
                may_repeat = call.method in REPEATABLE and isinstance(error, RepeatAtOnce) and attempt < MOST_ATTEMPTS
                if not may_repeat or pause is None or time.monotonic() + pause >= ends_at:
                    raise
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")
