"""How often a password or a code may be tried: counted in the database, exactly, whichever process is asked."""

import hashlib
from datetime import timedelta
from http import HTTPStatus

from bridge.accounts.access import client_group
from bridge.context import context
from bridge.errors import RefusalPage, Refused
from bridge.i18n.translate import _
from worker.store import sessions

ATTEMPTS_PERIOD = timedelta(minutes=15)
MOST_ATTEMPTS = 10
# An office may share one address.
MOST_ATTEMPTS_OF_ADDRESS = 60
MOST_ATTEMPTS_OF_STRANGERS = 100


def has_tried_too_often(email: str, *, browser: str) -> bool:
    """Count one more try. A browser that its owner signed in with before counts for itself: strangers cannot lock it out."""
    if browser:
        return is_rate_limited("browser", browser, MOST_ATTEMPTS)
    network = client_group()
    return (
        is_rate_limited("address", network, MOST_ATTEMPTS_OF_ADDRESS)
        or is_rate_limited("mail", f"{network} {email}", MOST_ATTEMPTS)
        # From everywhere together: new browsers wait, while somebody tries from many networks at once.
        or is_rate_limited("account", email, MOST_ATTEMPTS_OF_STRANGERS)
    )


def is_rate_limited(what: str, name: str, most: int) -> bool:
    with context().store.write() as connection:
        attempts = sessions.count_attempt(
            connection, rate_limit_key(what, name), within=ATTEMPTS_PERIOD, now=context().now()
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
        headers={"Retry-After": str(int(ATTEMPTS_PERIOD.total_seconds()))},
        page=RefusalPage(title=_("Too many attempts")),
    )
