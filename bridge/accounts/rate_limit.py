"""How often anybody may ask, so that nobody has the bridge for himself. Counted in memory, by each process for itself.

Whoever proves who he is (a shop or its plugin by a signature, a token, somebody signed in) is counted by that, and everybody else by
the network that he comes from: hundreds of shops may live on one server, and an office shares one address.
"""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from http import HTTPStatus
from typing import cast

from flask import Flask, current_app, request

from bridge.accounts.access import client_group, current_user
from bridge.accounts.access_log import View, is_part_of_a_page
from bridge.context import context
from bridge.errors import RefusalPage, Refused
from bridge.i18n.translate import _
from worker.message import Message

log = logging.getLogger(__name__)

EXTENSION_NAME = "facturelay.rate_limiter"
PERIOD = timedelta(minutes=1)
# Whoever has many networks has many names: past this the oldest are forgotten, so that memory has an end.
MOST_NAMES = 20_000
PROVES_ITSELF = "proves_itself"


class By(Enum):
    """What somebody is counted by, and how many requests he has within a minute."""

    NETWORK = ("network", 600)
    # Apart, so that the page that says to wait looks like a page.
    FILES = ("files of pages", 600)
    # Apart again: a list has one in each row, and leaves an office its pages and their look.
    PICTURES = ("pictures in lists", 600)
    USER = ("user", 600)
    PLUGIN = ("plugin", 600)
    TOKEN = ("token", 300)
    ACCESS_POINT = ("access point", 600)
    # Each takes some seconds of VIES's time, and VIES counts all of an installation's as one asker's.
    VAT_NUMBERS = ("VAT numbers", 15)
    UPLOADS = ("uploads", 20)
    # WooCommerce sends what it delivers once, and no shop delivers a hundred orders a second. A long one counts for several.
    DELIVERIES = ("deliveries", 6_000)

    @property
    def most(self) -> int:
        return self.value[1]


@dataclass
class Count:
    began: datetime
    requests: int = 0


@dataclass
class RateLimiter:
    """Requests under each name since its minute began."""

    _counts: OrderedDict[tuple[By, str], Count] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, by: By, name: str, *, now: datetime, weight: int = 1) -> int:
        """Count one request, or as many as *weight*; 0 when it may go on, else the seconds until it may."""
        with self._lock:
            count = self._counts.get((by, name))
            if count is None or not timedelta() <= now - count.began < PERIOD:
                self._counts.pop((by, name), None)
                count = self._counts[by, name] = Count(now)
                self._forget(now)
            before, count.requests = count.requests, count.requests + weight
        if count.requests <= by.most:
            return 0
        if before <= by.most:
            log.warning("%s %s asks more often than %d times a minute and waits", by.value[0], name, by.most)
        return max(1, round((count.began + PERIOD - now).total_seconds()))

    def _forget(self, now: datetime) -> None:
        """They lie in the order in which their minutes began."""
        while self._counts:
            oldest, count = next(iter(self._counts.items()))
            if len(self._counts) <= MOST_NAMES and now - count.began < PERIOD:
                return
            del self._counts[oldest]


def register(app: Flask) -> None:
    app.extensions[EXTENSION_NAME] = RateLimiter()
    app.before_request(limit_visitor)


def proves_itself(view: View) -> View:
    """Mark *view*: it counts its own requests, once it knows from whom they are."""
    setattr(view, PROVES_ITSELF, True)
    return view


def limit_visitor() -> None:
    """Before every view but those: a visitor is counted by his network, and beyond its share by himself where he is signed in."""
    if getattr(current_app.view_functions.get(request.endpoint or ""), PROVES_ITSELF, False):
        return
    by = By.FILES if request.endpoint == "static" else By.PICTURES if is_part_of_a_page() else By.NETWORK
    wait_s = seconds_to_wait(by, client_group())
    if not wait_s:
        return
    found = current_user()
    if found is None:
        raise too_fast(by, wait_s)
    limit(By.USER, str(found.user.user_id))


def limit_stranger() -> None:
    """Count a request that proved nothing. Called before anything is written for it."""
    limit(By.NETWORK, client_group())


def limit(by: By, name: str) -> None:
    wait_s = seconds_to_wait(by, name)
    if wait_s:
        raise too_fast(by, wait_s)


def seconds_to_wait(by: By, name: str, *, weight: int = 1) -> int:
    # Nameless is who comes by a socket of this machine: a proxy, with everybody behind it.
    return rate_limiter().wait_s(by, name, now=context().now(), weight=weight) if name else 0


def rate_limiter() -> RateLimiter:
    """That of the app that answers this request."""
    return cast(RateLimiter, current_app.extensions[EXTENSION_NAME])


def too_fast(by: By, wait_s: int) -> Refused:
    if by is By.TOKEN:
        message = Message("This token asks too often; ask again in {wait_s} s.", wait_s=wait_s)
    else:
        message = Message(
            "More is asked from here than is answered within a minute. Try again in {wait_s} s.", wait_s=wait_s
        )
    return Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_fast",
        message,
        headers={"Retry-After": str(wait_s)},
        page=RefusalPage(title=_("One moment, please")),
    )
