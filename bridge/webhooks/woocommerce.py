"""Receive WooCommerce webhooks: verify the signature, store the delivery, enqueue it, answer 200. What it means is for the worker."""

import logging
import re
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

from bridge.accounts.rate_limit import By, limit_stranger, proves_itself, seconds_to_wait
from bridge.context import context
from bridge.errors import Refused
from bridge.webhooks.signature import verify
from worker import queue
from worker.domain.shop_site import is_another_site
from worker.errors import Unavailable
from worker.message import Message
from worker.net.json_object import LARGEST_NUMBER, read_json_object
from worker.store import shops
from worker.store.deliveries import OTHER_SITE, SITE, NewDelivery
from worker.store.shops import KnownShop

log = logging.getLogger(__name__)
blueprint = Blueprint("webhooks", __name__)

DELETED_TOPIC = "order.deleted"
TOPICS = ("order.created", "order.updated", DELETED_TOPIC, "order.restored")
# The topic is not signed; what WooCommerce's own two webhooks send most is the safe guess, and every topic means "process again".
DEFAULT_TOPIC = "order.updated"
SIGNATURE = "X-WC-Webhook-Signature"
# For diagnosis. Never cookies, never authorization.
STORED_HEADERS = (
    SITE,
    "X-WC-Webhook-Topic",
    "X-WC-Webhook-Resource",
    "X-WC-Webhook-Event",
    SIGNATURE,
    "X-WC-Webhook-ID",
    "X-WC-Webhook-Delivery-ID",
    "User-Agent",
    "Content-Type",
)
SHOP_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
PING = re.compile(rb"webhook_id=[0-9]+")
PING_BYTES = 64
# A delivery of this length counts as one: who signs for a shop fills no disk with long ones.
ORDINARY_BYTES = 20_000


@blueprint.post("/webhooks/<shop_id>")
@proves_itself
def receive(shop_id: str) -> Response:
    """Take one delivery: 200 once it is stored, without waiting for anything that follows."""
    shop = find_shop(shop_id)
    body = proved_body(shop_id, shop)
    if shop is None or body is None:
        # Exactly 200: after anything else WooCommerce pings again with every delivery (docs/woocommerce-contract.md §2).
        return jsonify(kept=False)
    return jsonify(take(request, shop_id, shop, body))


def take(delivery: Request, shop_id: str, shop: KnownShop, body: bytes) -> dict[str, object]:
    """Store a delivery that is proved to be the shop's, if it is one of an order; what is answered. Raises Refused, and Unavailable."""
    if seconds_to_wait(By.DELIVERIES, shop_id, weight=1 + len(body) // ORDINARY_BYTES):
        raise flood()
    # A shop that cannot be asked for its orders has nothing but what it delivers, and its list of them leaves out what is in the bin.
    can_be_found = shop.secrets.has_rest and delivery.headers.get("X-WC-Webhook-Topic") != DELETED_TOPIC
    if can_be_found and context().backlogs.is_full(shop_id, now=context().now()):
        return {"kept": False}
    return store_delivery(delivery.headers, shop_id, shop, body)


def proved_body(shop_id: str, shop: KnownShop | None) -> bytes | None:
    """The body, once it is known to be the shop's; None of a ping. What proves nothing counts for its shop.

    Never before the signature was looked at: a neighbour on the shop's own server must not be able to keep its orders out.
    """
    if (request.content_length or 0) > context().settings.max_body_bytes:
        limit_stranger()
        raise too_large()
    signature = request.headers.get(SIGNATURE)
    if shop is None or not signature:
        limit_stranger()
    if shop is None:
        raise Refused(HTTPStatus.NOT_FOUND, "shop_unknown", Message("No shop is connected under this address."))
    if is_ping():
        return None
    if request.mimetype != "application/json":
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "type_wrong",
            Message("Deliveries are application/json; this one is not."),
        )
    # Unsigned bodies never come into memory. Signed ones do, up to the limit (413), whether or not they announce their length.
    body = request.get_data(cache=False) if signature else b""
    if len(body) > context().settings.max_body_bytes:
        raise too_large()
    if not verify(body, signature, shop.secrets.webhook_secrets):
        if signature:
            limit_stranger()
        count_signature_failure(shop_id)
        raise wrong_signature()
    return body


@blueprint.route("/webhooks/<shop_id>", methods=["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def only_post(shop_id: str) -> Response:  # noqa: ARG001  # the address has it; every shop gets the same answer
    """Somebody opened the address in a browser."""
    raise Refused(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "only_post",
        Message(
            "This address is for WooCommerce, which delivers orders to it. Paste it as the delivery URL of a webhook in your shop."
        ),
        headers={"Allow": "POST"},
    )


def find_shop(shop_id: str) -> KnownShop | None:
    """The shop's secrets and address, read afresh: one changed just now already counts."""
    if not SHOP_ID.fullmatch(shop_id):
        return None
    with context().store.read() as connection:
        return shops.known(connection, context().encryption, shop_id)


def is_ping() -> bool:
    """WooCommerce tries a new address with `webhook_id=12`, unsigned. It carries nothing and causes nothing."""
    if SIGNATURE in request.headers or request.mimetype != "application/x-www-form-urlencoded":
        return False
    return PING.fullmatch(request.stream.read(PING_BYTES)) is not None


def store_delivery(headers: Headers, shop_id: str, shop: KnownShop, body: bytes) -> dict[str, object]:
    """Store a verified delivery and enqueue it. A suspended shop's deliveries are stored too: nothing is lost meanwhile.

    So are those of another site; what becomes of them is for the worker, which can ask the shop itself.
    """
    topic = headers.get("X-WC-Webhook-Topic") or DEFAULT_TOPIC
    if topic not in TOPICS:
        return {"kept": False}
    try:
        order_id = order_id_in(body)
    except ValueError as error:
        message = Message("The delivery is signed, but it is not a JSON object.")
        raise Refused(HTTPStatus.BAD_REQUEST, "json_wrong", message) from error
    new = NewDelivery(
        shop_id=shop_id,
        source=OTHER_SITE if is_another_site(headers.get(SITE, ""), shop.url) else "webhook",
        topic=topic,
        order_id=order_id,
        body=body,
        headers=[(name, value) for name in STORED_HEADERS if (value := headers.get(name)) is not None],
    )
    delivery_id = context().delivery_writer.add(new, now=context().now())
    # After the commit: a worker that is quicker than we are must find the row.
    context().enqueuer.enqueue(queue.PROCESS_ORDER, delivery_id)
    return {"kept": True, "delivery": delivery_id}


def order_id_in(body: bytes) -> int | None:
    """The order that *body* names; None where it names none (a signed error of the shop). Raises ValueError, also for an id beyond 64 bits."""
    found = read_json_object(body, stored_whole=True).get("id")
    # type, not isinstance: true is an int to Python.
    if type(found) is not int or found <= 0:
        return None
    if found > LARGEST_NUMBER:
        raise ValueError("no shop has such an id")
    return found


def count_signature_failure(shop_id: str) -> None:
    """Count it, for the owner's diagnosis; keep nothing of it."""
    now = context().now()
    try:
        with context().store.write() as connection:
            shops.count_signature_failure(connection, shop_id, day=now.date(), now=now)
    except Unavailable:
        log.warning("A delivery with a wrong signature could not be counted")


def wrong_signature() -> Refused:
    return Refused(
        HTTPStatus.UNAUTHORIZED,
        "signature_wrong",
        Message(
            "The signature does not fit. Copy the secret of this shop into the webhook's settings in WooCommerce and save them."
        ),
    )


def flood() -> Refused:
    """503, not 429: what no shop does is to be tried again, and the order is found by asking the shop for it."""
    message = Message("This shop reports more than is taken in a minute. Nothing is lost: it is asked for its orders.")
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too_fast", message, headers={"Retry-After": "60"})


def too_large() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        Message(
            "This report is larger than what is taken here (bytes: {most}); whoever runs Facturelay can allow more.",
            most=context().settings.max_body_bytes,
        ),
    )
