"""Receive what access points tell: it makes us ask them at once what became of a document, and is itself believed by nobody."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge.accounts.rate_limit import By, limit, limit_stranger, proves_itself
from bridge.context import context
from bridge.errors import Refused
from worker.message import Message
from worker.net import peppol_hook
from worker.net.json_object import read_json_object
from worker.store import shops, transmissions

blueprint = Blueprint("peppol_hook", __name__)


@blueprint.post("/webhooks/peppol/<token>")
@proves_itself
def receive(token: str) -> Response:
    """Always 200 at the right address, without waiting for anything: the scheduler asks the access point within a minute."""
    shop_id = peppol_hook.read(context().settings.secret_keys, token)
    if shop_id is None:
        limit_stranger()
        raise Refused(HTTPStatus.NOT_FOUND, "hook_unknown", Message("Nobody is told anything at this address."))
    limit(By.ACCESS_POINT, shop_id)
    event = told_event()
    if event is not None and is_genuine(shop_id, event):
        with context().store.write() as connection:
            transmissions.ask_soon(connection, shop_id, peppol_hook.references_in(event), now=context().now())
    return jsonify(heard=True)


def told_event() -> Mapping[str, Any] | None:
    """The event, where it is JSON of a size that we read."""
    most = context().settings.max_body_bytes
    if (request.content_length or 0) > most:
        return None
    body = request.get_data(cache=False)
    try:
        return read_json_object(body, stored_whole=True)
    except ValueError:
        return None


def is_genuine(shop_id: str, event: Mapping[str, Any]) -> bool:
    """Whether it is signed, where the shop's access point signs; of another one the address is all the proof there is."""
    with context().store.read() as connection:
        secrets = shops.secrets_of(connection, context().encryption, shop_id)
    if secrets is None:
        return False
    secret = secrets.peppol_hook_secret
    return not secret or peppol_hook.is_signed(event, request.headers.get("X-Signature", ""), secret)
