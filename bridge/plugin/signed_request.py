"""A request of a connected plugin: signed with the plugin's own secret, fresh, and readable. All else is refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, request

from bridge.context import context
from bridge.errors import Refused
from worker.message import Message
from worker.net.request_signature import RequestSignature
from worker.store import plugins
from worker.store.plugins import Plugin

LARGEST_BODY = 100_000


@dataclass(frozen=True)
class PluginRequest:
    """A verified question of a connected plugin."""

    plugin: Plugin
    content: dict[str, Any]


def signed(view: Callable[[PluginRequest], Response]) -> Callable[[], Response]:
    """Hand *view* the request, once it is known to come from a connected plugin. Refused otherwise."""

    @wraps(view)
    def checked() -> Response:
        return view(verified_request())

    return checked


def verified_request() -> PluginRequest:
    shop_id, body = request.headers.get("X-Facturelay-Shop", ""), body_of_request()
    with context().store.read() as connection:
        found = plugins.of_shop(connection, context().encryption, shop_id)
    if found is None or not signature_of_request().is_valid(found.secret, request.path, body):
        message = Message("This shop is not connected here any more. Connect it with a new code.")
        raise Refused(HTTPStatus.UNAUTHORIZED, "not_connected", message)
    require_right_clock()
    return PluginRequest(found, parse_json_object(body))


def signature_of_request() -> RequestSignature:
    headers = (request.headers.get(f"X-Facturelay-{name}", "") for name in ("Time", "Nonce", "Signature"))
    return RequestSignature(*headers)


def body_of_request() -> bytes:
    """The body as it came; one that is too long for any plugin is cut, and then no signature fits it."""
    return request.stream.read(LARGEST_BODY)


def require_right_clock() -> None:
    """Refuse what was signed too long ago, or in the future: it may be a request that somebody repeats."""
    if signature_of_request().is_fresh(context().now().timestamp()):
        return
    ours = f"{context().now():%d-%m-%Y %H:%M:%S} UTC"
    raise Refused(
        HTTPStatus.UNAUTHORIZED,
        "clock_off",
        Message(
            "The clocks of the shop and of Facturelay differ by more than five minutes; here it is {ours}. Correct the one that is "
            "wrong.",
            ours=ours,
        ),
    )


def parse_json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise unreadable()
    return found


def unreadable() -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST, "request_wrong", Message("The plugin sent something that cannot be read here.")
    )
