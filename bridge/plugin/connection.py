"""What the shop's WordPress plugin asks: connect, how the check went, the heartbeat, and the way to a document. Signed, all of it."""

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, request

from bridge.context import parts
from bridge.errors import message_page, refusal, words_of_visitor
from worker import queue
from worker.domain.mail_holds import standing
from worker.domain.shop import Shop
from worker.net import document_link
from worker.net.request_signature import Seal
from worker.store import audit_trail, counters, documents, shops
from worker.store import plugins as plugin
from worker.store.audit_trail import Event
from worker.store.plugins import Plugin
from worker.store.shops import Secrets

blueprint = Blueprint("plugin", __name__)

LARGEST_BODY = 100_000
# The shop checked who asks; the link it leads to need not outlive the visit by much.
LINK_LIFETIME = timedelta(days=1)
# The shop may have missed that our mail left; twice as long as it waits for that.
MAILED_WITHIN = timedelta(hours=1)
KEY = re.compile(r"ck_[0-9a-f]{40}")
KEY_SECRET = re.compile(r"cs_[0-9a-f]{40}")
HEX_SECRET = re.compile(r"[0-9a-f]{32,64}")


@dataclass(frozen=True)
class Asking:
    """A verified question of a connected plugin."""

    plugin: Plugin
    content: dict[str, Any]


@blueprint.post("/plugin/connect")
def connect() -> Response:
    """Connect the shop that the code was made for: keep its keys, and ring for somebody who tries them."""
    hashed = request.headers.get("X-Facturelay-Invite", "")
    body = body_of_request()
    with parts().store.read() as connection:
        invite = plugin.find_invite(connection, parts().vault, hashed)
    if invite is None or not seal_of_request().fits(invite.signing_key, request.path, body):
        return refusal(
            HTTPStatus.UNAUTHORIZED, "code_wrong", "This code is not known here. Copy it again, or make one."
        )
    if not seal_of_request().is_fresh(parts().now().timestamp()):
        return clock_off()
    if invite.used_at is not None or invite.expires_at <= parts().now():
        return refusal(
            HTTPStatus.UNAUTHORIZED, "code_used", "This code has been used or is too old. Make a new one for the shop."
        )
    content = content_of(body)
    if content is None or not are_keys(content):
        return refusal(HTTPStatus.BAD_REQUEST, "request_wrong", "The plugin sent something that cannot be read here.")
    return keep(content, invite.shop_id, hashed)


@blueprint.post("/plugin/renew")
def renew() -> Response:
    """Keep the new REST key and webhook secret of a connected plugin: it lost those it had. Needs no code, it is signed."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    found, content, now = asking.plugin, asking.content, parts().now()
    if not are_keys({**content, "plugin_secret": found.secret}):
        return refusal(HTTPStatus.BAD_REQUEST, "request_wrong", "The plugin sent something that cannot be read here.")
    with parts().store.write() as connection:
        counters.lock(connection, found.shop_id)
        connected = shops.connected(connection, parts().vault, found.shop_id)
        shops.change_secrets(connection, parts().vault, found.shop_id, renewed(connected.secrets, content))
        plugin.check_again(connection, found.plugin_id)
        sentence = "The plugin made its key and webhooks anew."
        audit_trail.add(connection, Event(found.shop_id, now, "plugin", "plugin_renewed", sentence))
    parts().ringer.ring(queue.CHECK_PLUGIN, found.plugin_id)
    return jsonify(delivery_url=delivery_url(found.shop_id))


def renewed(secrets: Secrets, content: dict[str, Any]) -> Secrets:
    """The secret from before stays valid for what is still on its way."""
    kept = (content["webhook_secret"], *secrets.webhook_secrets[:1])
    return replace(secrets, webhook_secrets=kept, rest_key=content["rest_key"], rest_secret=content["rest_secret"])


def delivery_url(shop_id: str) -> str:
    return f"{parts().settings.public_url}/webhooks/{shop_id}"


def are_keys(content: dict[str, Any]) -> bool:
    patterns = {"rest_key": KEY, "rest_secret": KEY_SECRET, "webhook_secret": HEX_SECRET, "plugin_secret": HEX_SECRET}
    return all(pattern.fullmatch(str(content.get(name, ""))) for name, pattern in patterns.items())


def keep(content: dict[str, Any], shop_id: str, hashed: str) -> Response:
    """Store what the plugin brought; the invite ends in the same transaction."""
    site, now = str(content.get("site", "")).rstrip("/"), parts().now()
    with parts().store.write() as connection:
        # Whole settings and secrets are written back: nobody may change them meanwhile.
        counters.lock(connection, shop_id)
        connected = shops.connected(connection, parts().vault, shop_id)
        wrong = wrong_site(connected.shop, site)
        if wrong is not None:
            return wrong
        if not plugin.use_invite(connection, hashed, now=now):
            return refusal(HTTPStatus.UNAUTHORIZED, "code_used", "This code has just been used.")
        shop = replace(connected.shop, url=site)
        shops.change(connection, shop)
        shops.change_secrets(connection, parts().vault, shop_id, renewed(connected.secrets, content))
        plugin_id = plugin.connect(
            connection,
            parts().vault,
            shop_id=shop_id,
            secret=content["plugin_secret"],
            site=site,
            version=str(content.get("version", ""))[:40],
            now=now,
        )
        audit_trail.add(
            connection, Event(shop_id, now, "plugin", "plugin_connected", f"The plugin of {site} connected.")
        )
    parts().ringer.ring(queue.CHECK_PLUGIN, plugin_id)
    return jsonify(shop=shop_id, name=shop.name, delivery_url=delivery_url(shop_id))


def wrong_site(shop: Shop, site: str) -> Response | None:
    """Why this site may not connect as *shop*: it is not encrypted, or it is another one."""
    address = urlsplit(site)
    if address.scheme != "https" and not parts().settings.allow_private_shops:
        return refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "shop_url_http", "This shop has no https, and keys travel over https only."
        )
    if bare_address(site) != bare_address(shop.url):
        return refusal(
            HTTPStatus.CONFLICT,
            "site_other",
            f"The code was made for {shop.url}, and this site is {site}. Make a code for this site, or correct the shop's address.",
        )
    return None


def bare_address(url: str) -> str:
    """Host, port and folder: sites of one network may differ in the folder alone. With and without www is one site."""
    address = urlsplit(url)
    host = (address.hostname or "").removeprefix("www.")
    standard = {"http": 80, "https": 443}.get(address.scheme)
    port = "" if address.port in (None, standard) else f":{address.port}"
    return f"{host}{port}{address.path.rstrip('/')}"


@blueprint.post("/plugin/check")
def check() -> Response:
    """How trying the plugin's keys went; `again` has them tried once more."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    found = asking.plugin
    state, code, sentence = found.check_state, found.check_code, found.check_sentence
    if asking.content.get("again"):
        with parts().store.write() as connection:
            plugin.check_again(connection, found.plugin_id)
        state, code, sentence = "waiting", "", ""
    if state == "waiting":
        # Ringing twice rings once; so a ring that Redis lost is not waited for in vain.
        parts().ringer.ring(queue.CHECK_PLUGIN, found.plugin_id)
    return jsonify(state=state, code=code, sentence=sentence)


@blueprint.post("/plugin/heartbeat")
def heartbeat() -> Response:
    """Take in how the plugin fares, and answer with what it holds mails by."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    found, now = asking.plugin, parts().now()
    with parts().store.write() as connection:
        version = str(asking.content.get("version", ""))[:40]
        plugin.beat(connection, found.plugin_id, version=version, said=asking.content, now=now)
        connected = shops.connected(connection, parts().vault, found.shop_id)
        mailed = plugin.mailed_since(connection, found.shop_id, now - MAILED_WITHIN)
    shop, own_server = connected.shop, connected.secrets.smtp_url
    can_mail = bool(own_server or parts().settings.smtp_url)
    may_hold = found.may_hold(now)
    return jsonify(mailed=mailed, reachable=may_hold, **standing(shop, can_mail=can_mail and may_hold))


@blueprint.post("/plugin/disconnect")
def disconnect() -> Response:
    """Forget the plugin and its REST key. Documents, settings and the deliveries of hand-made webhooks stay."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    shop_id, now = asking.plugin.shop_id, parts().now()
    with parts().store.write() as connection:
        counters.lock(connection, shop_id)
        secrets = shops.connected(connection, parts().vault, shop_id).secrets
        without_key = replace(secrets, rest_key="", rest_secret="")
        shops.change_secrets(connection, parts().vault, shop_id, without_key)
        plugin.disconnect(connection, shop_id)
        audit_trail.add(
            connection, Event(shop_id, now, "plugin", "plugin_disconnected", "The plugin was disconnected.")
        )
    return jsonify(disconnected=True)


@blueprint.get("/plugin/d/<shop_id>/<int:document_id>", defaults={"file_format": ""})
@blueprint.get("/plugin/d/<shop_id>/<int:document_id>/<any(pdf, xml):file_format>")
def document(shop_id: str, document_id: int, file_format: str) -> Response:
    """From the shop's own link to the document's page or file: the shop has checked who asks, and signed for the next minutes."""
    leaf = f"/{file_format}" if file_format else ""
    with parts().store.read() as connection:
        found = plugin.of_shop(connection, parts().vault, shop_id)
        made = documents.find(connection, document_id)
    seal = Seal(request.args.get("time", ""), request.args.get("nonce", ""), request.args.get("signature", ""))
    # The path without the folder of a public address: that is what the plugin signs.
    if found is None or not seal.fits(found.secret, f"/plugin/d/{shop_id}/{document_id}{leaf}", b""):
        return message_page(HTTPStatus.NOT_FOUND, words_of_visitor(), "unknown")
    if made is None or made.shop_id != shop_id or not seal.is_fresh(parts().now().timestamp()):
        return message_page(HTTPStatus.NOT_FOUND, words_of_visitor(), "unknown")
    settings = parts().settings
    token = document_link.sign(settings.secret_keys, document_id, now=parts().now(), lifetime=LINK_LIFETIME)
    return make_response(redirect(f"{settings.public_url}/d/{token}{leaf}", HTTPStatus.SEE_OTHER))


def asked() -> Asking | Response:
    """The question, when a connected plugin signed it; otherwise the answer that says what is wrong."""
    shop_id, body = request.headers.get("X-Facturelay-Shop", ""), body_of_request()
    with parts().store.read() as connection:
        found = plugin.of_shop(connection, parts().vault, shop_id)
    if found is None or not seal_of_request().fits(found.secret, request.path, body):
        return refusal(
            HTTPStatus.UNAUTHORIZED,
            "not_connected",
            "This shop is not connected here any more. Connect it with a new code.",
        )
    if not seal_of_request().is_fresh(parts().now().timestamp()):
        return clock_off()
    content = content_of(body)
    if content is None:
        return refusal(HTTPStatus.BAD_REQUEST, "request_wrong", "The plugin sent something that cannot be read here.")
    return Asking(found, content)


def seal_of_request() -> Seal:
    said = (request.headers.get(f"X-Facturelay-{name}", "") for name in ("Time", "Nonce", "Signature"))
    return Seal(*said)


def body_of_request() -> bytes:
    """The body as it came; one that is too long for any plugin is cut, and then no signature fits it."""
    return request.stream.read(LARGEST_BODY)


def content_of(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def clock_off() -> Response:
    ours = f"{parts().now():%d-%m-%Y %H:%M:%S} UTC"
    return refusal(
        HTTPStatus.UNAUTHORIZED,
        "clock_off",
        f"The clocks of the shop and of Facturelay differ by more than five minutes; here it is {ours}. Correct the one that is wrong.",
    )
