"""How often a password or a code may be tried."""

import hashlib
from datetime import timedelta
from http import HTTPStatus

from bridge.context import context
from bridge.errors import RefusalPage, Refused
from bridge.i18n.translate import _
from worker.store import sessions

RATE_LIMIT_PERIOD = timedelta(minutes=15)
MOST_ATTEMPTS = 10
# An office may share one address.
MOST_ATTEMPTS_OF_ADDRESS = 60


def is_rate_limited(what: str, name: str, most: int) -> bool:
    with context().store.write() as connection:
        attempts = sessions.count_attempt(
            connection, rate_limit_key(what, name), within=RATE_LIMIT_PERIOD, now=context().now()
        )
    return attempts > most


def reset_rate_limit(what: str, name: str) -> None:
    with context().store.write() as connection:
        sessions.reset_attempts(connection, rate_limit_key(what, name))


def rate_limit_key(what: str, name: str) -> str:
    """What tries are counted under; whom somebody tried to be is nobody's to read."""
    return f"{what}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def too_many_attempts() -> Refused:
    return Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_attempts",
        _("A password or a code was wrong too often. Wait a quarter of an hour and try again."),
        headers={"Retry-After": str(int(RATE_LIMIT_PERIOD.total_seconds()))},
        page=RefusalPage(title=_("Too many attempts")),
    )
