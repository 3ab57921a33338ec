"""Browsers in which somebody signed in before: strangers who try passwords do not lock these out."""

import secrets as random

from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bridge.accounts.access import host_cookie_name, set_cookie
from bridge.context import context
from worker.net.signer import timed_signer
from worker.store.users import User

LIFETIME_S = 180 * 24 * 3600
PURPOSE = "facturelay.known-browser.v1"


def known_browser(user: User | None) -> str:
    """The name of this browser, where *user* signed in with it before and has the same password since; else empty."""
    sent = request.cookies.get(known_cookie_name(), "")
    if user is None or not sent:
        return ""
    try:
        user_id, name = serializer(user).loads(sent, max_age=LIFETIME_S)
    except (BadSignature, ValueError, TypeError):
        return ""
    return str(name) if user_id == user.user_id else ""


def remember_browser(response: Response, user: User) -> None:
    value = serializer(user).dumps([user.user_id, random.token_hex(16)])
    set_cookie(response, known_cookie_name(), str(value), max_age_s=LIFETIME_S)


def serializer(user: User) -> URLSafeTimedSerializer:
    # With a new password no browser is known any more: the old one may have been somebody else's.
    return timed_signer(context().settings.secret_keys, f"{PURPOSE}:{user.password}")


def known_cookie_name() -> str:
    return host_cookie_name("facturelay_known")
