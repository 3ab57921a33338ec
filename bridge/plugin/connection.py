"""Routes of the shop's WordPress plugin: connect, result of the check, heartbeat, and a document's address. All are signed."""

import hmac
import re
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, request

from bridge.accounts.rate_limit import limit_stranger, proves_itself
from bridge.context import context
from bridge.errors import Refused, link_unknown
from bridge.plugin import download, own_mails
from bridge.plugin.package import own_package
from bridge.plugin.signed_request import (
    PluginRequest,
    body_of_request,
    parse_json_object,
    require_right_clock,
    signature_of_request,
    signed,
    text_in,
    unreadable,
)
from worker import queue
from worker.actions import refused_work, shop_secrets
from worker.actions.shop_facts import facts_to_keep, statuses_in, take_over
from worker.domain.actor import Actor
from worker.domain.mail_holds import settings_for_plugin
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import Shop
from worker.message import NO_MESSAGE, Message
from worker.net import document_link, order_link
from worker.net.request_signature import RequestSignature, signature
from worker.net.site_address import normalized_address
from worker.store import audit_trail, counters, documents, order_statuses, payment_methods, plugins, shops
from worker.store.audit_trail import AuditEntry
from worker.store.plugins import NewPlugin
from worker.store.shops import Secrets

blueprint = Blueprint("plugin", __name__)

# The shop checked who asks; the link it leads to need not outlive the visit by much.
LINK_LIFETIME = timedelta(days=1)
KEY = re.compile(r"ck_[0-9a-f]{40}")
KEY_SECRET = re.compile(r"cs_[0-9a-f]{40}")
HEX_SECRET = re.compile(r"[0-9a-f]{32,64}")


@blueprint.post("/plugin/connect")
@proves_itself
def connect() -> Response:
    """Connect the shop that the code was made for: store its keys, and enqueue a check of them."""
    code_hash = request.headers.get("X-Facturelay-Invite", "")
    body = body_of_request()
    with context().store.read() as connection:
        invite = plugins.find_invite(connection, context().encryption, code_hash)
    if invite is None or not signature_of_request().is_valid(invite.signing_key, request.path, body):
        limit_stranger()
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            "code_wrong",
            Message("Facturelay does not know this code. Copy it again, or have a new one made."),
        )
    require_right_clock()
    if invite.used_at is not None or invite.expires_at <= context().now():
        raise code_used()
    content = parse_json_object(body)
    if not has_valid_keys(content):
        raise unreadable()
    return store_connection(content, invite.shop_id, code_hash)


def code_used() -> Refused:
    message = Message("This code has been used or is too old. Have a new one made.")
    return Refused(HTTPStatus.UNAUTHORIZED, "code_used", message)


@blueprint.post("/plugin/renew")
@signed
def renew(plugin_request: PluginRequest) -> Response:
    """Keep the new REST key and webhook secret of a connected plugin: it lost those it had. Needs no code, it is signed."""
    plugin_row, content, now = plugin_request.plugin, plugin_request.content, context().now()
    if not has_valid_keys({**content, "plugin_secret": plugin_row.secret}):
        raise unreadable()
    with context().store.write() as connection:
        counters.lock(connection, plugin_row.shop_id)
        connected = shops.get(connection, context().encryption, plugin_row.shop_id)
        shops.change_secrets(
            connection, context().encryption, plugin_row.shop_id, with_new_keys(connected.secrets, content)
        )
        plugins.request_check(connection, plugin_row.plugin_id)
        message = Message("The plugin made its key anew, and reports orders with it.")
        audit_trail.add(connection, AuditEntry(plugin_row.shop_id, now, "plugin", "plugin_renewed", message))
    context().enqueuer.enqueue(queue.CHECK_PLUGIN, plugin_row.plugin_id)
    return jsonify(delivery_url=delivery_url(plugin_row.shop_id))


def with_new_keys(secrets: Secrets, content: dict[str, Any]) -> Secrets:
    """The secret from before stays valid for deliveries that were signed with it."""
    webhook_secrets = (content["webhook_secret"], *secrets.webhook_secrets[:1])
    return replace(secrets, webhook_secrets=webhook_secrets).with_rest_key(content["rest_key"], content["rest_secret"])


def delivery_url(shop_id: str) -> str:
    return f"{context().settings.public_url}/webhooks/{shop_id}"


def has_valid_keys(content: dict[str, Any]) -> bool:
    patterns = {"rest_key": KEY, "rest_secret": KEY_SECRET, "webhook_secret": HEX_SECRET, "plugin_secret": HEX_SECRET}
    return all(pattern.fullmatch(text_in(content, name)) for name, pattern in patterns.items())


def store_connection(content: dict[str, Any], shop_id: str, code_hash: str) -> Response:
    """Store what the plugin brought; the invite ends in the same transaction."""
    site, version, now = text_in(content, "site").rstrip("/"), text_in(content, "version")[:40], context().now()
    facts = content.get("facts", {})
    if not isinstance(facts, dict):
        raise unreadable()
    with context().store.write() as connection:
        # Whole settings and secrets are written back: nobody may change them meanwhile.
        counters.lock(connection, shop_id)
        connected = shops.get(connection, context().encryption, shop_id)
        require_same_site(connected.shop, site)
        if not plugins.use_invite(connection, code_hash, now=now):
            raise code_used()
        taken = take_over(replace(connected.shop, url=site), facts)
        shop, kept = taken.shop, facts_to_keep(facts, taken.settings)
        shops.change(connection, shop)
        shops.change_secrets(connection, context().encryption, shop_id, with_new_keys(connected.secrets, content))
        plugin_id = plugins.connect(
            connection,
            context().encryption,
            NewPlugin(shop_id=shop_id, secret=content["plugin_secret"], site=site, version=version, facts=kept),
            now=now,
        )
        for method in kept.payment_methods:
            payment_methods.remember(connection, shop_id, method.method, method.title)
        order_statuses.replace_all(connection, shop_id, statuses_in(facts))
        audit_trail.add(
            connection,
            AuditEntry(
                shop_id, now, "plugin", "plugin_connected", Message("The plugin of {site} connected.", site=site)
            ),
        )
        filled_in = describe_changes(connected.shop, shop)
        if filled_in:
            shop_secrets.record(connection, shop_id, filled_in, by=Actor("plugin", now))
    context().enqueuer.enqueue(queue.CHECK_PLUGIN, plugin_id)
    return jsonify(shop=shop_id, name=shop.name, delivery_url=delivery_url(shop_id))


def require_same_site(shop: Shop, site: str) -> None:
    """Refuse a site that may not connect as *shop*: it is not encrypted, or it is another one."""
    address = urlsplit(site)
    if address.scheme != "https" and not context().settings.allow_private_shops:
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "shop_url_http",
            Message(
                "Your shop has no https, and Facturelay connects over https only. Switch it on (Settings > General: both addresses begin "
                "with https) and connect again."
            ),
        )
    if normalized_address(site) != normalized_address(shop.url):
        raise Refused(
            HTTPStatus.CONFLICT,
            "site_other",
            Message(
                "The code was made for {url}, and this site is {site}. Make a code for this site, or correct the shop's address.",
                url=shop.url,
                site=site,
            ),
        )


@blueprint.post("/plugin/check")
@signed
def check(plugin_request: PluginRequest) -> Response:
    """How trying the plugin's keys went; `again` has them tried once more."""
    found = plugin_request.plugin
    state, code, message = found.check_state, found.check_code, found.check_message
    if plugin_request.is_set("again"):
        with context().store.write() as connection:
            plugins.request_check(connection, found.plugin_id)
        state, code, message = "waiting", "", NO_MESSAGE
    if state == "waiting":
        # Enqueueing twice is harmless; so a job that Redis lost is not waited for in vain.
        context().enqueuer.enqueue(queue.CHECK_PLUGIN, found.plugin_id)
    return jsonify(state=state, code=code, message=message)


@blueprint.post("/plugin/heartbeat")
@signed
def heartbeat(plugin_request: PluginRequest) -> Response:
    """Take in how the plugin fares, and answer with what it holds mails by."""
    found, version, now = plugin_request.plugin, plugin_request.text("version", longest=40), context().now()
    with context().store.write() as connection:
        plugins.record_heartbeat(connection, found.plugin_id, version=version, report=plugin_request.content, now=now)
        order_statuses.replace_all(connection, found.shop_id, statuses_in(plugin_request.content))
        connected = shops.get(connection, context().encryption, found.shop_id)
        mailed = plugins.mailed_since(connection, found.shop_id, now - plugins.MAILED_WITHIN)
    shop, own_server = connected.shop, connected.secrets.smtp_url
    can_mail = bool(own_server or context().settings.smtp_url)
    may_hold_mails = found.may_hold_mail(now)
    if not may_hold_mails:
        # It was just switched on, or could not be reached: until it answers, the shop's mails leave beside ours.
        context().enqueuer.enqueue(queue.SYNC_PLUGIN, found.plugin_id)
    settings = context().settings
    return jsonify(
        key_differs=key_differs(plugin_request, connected.secrets),
        mailed=mailed,
        reachable=may_hold_mails,
        update=offered_update(found.secret),
        order_links=order_link.settings_for_plugin(settings.public_url, settings.secret_keys, shop.shop_id),
        **settings_for_plugin(shop, can_mail=can_mail and may_hold_mails),
    )


def key_differs(plugin_request: PluginRequest, secrets: Secrets) -> bool:
    """Whether the shop's key is another than ours. It tells what WooCommerce keeps of one; nothing where somebody deleted it there."""
    told = plugin_request.content.get("key")
    return (
        isinstance(told, str)
        and told != ""
        and told != hmac.digest(b"wc-api", secrets.rest_key.encode(), "sha256").hex()
    )


def offered_update(secret: str) -> dict[str, str]:
    """The version of the plugin that belongs to this Facturelay, signed: the plugin installs no zip but this one, and only if it is newer."""
    package = own_package()
    return {
        "version": package.version,
        "sha256": package.sha256,
        "signature": signature(secret, "", package.version, download.PATH, package.sha256.encode()),
        "requires": package.needs["Requires at least"],
        "requires_php": package.needs["Requires PHP"],
    }


@blueprint.post("/plugin/off")
@signed
def off(plugin_request: PluginRequest) -> Response:
    """The plugin is being switched off, and has let go of every mail it held: ours wait for its answer no longer.

    It tells which mails left (`own_mails`): none of ours follows them. It is answered for which of the others ours leaves (`mailing`).
    """
    shop_id, now = plugin_request.plugin.shop_id, context().now()
    message = Message(
        "The plugin was switched off in WordPress: the shop sends its own mails beside those with documents."
    )
    with context().store.write() as connection:
        mailing = own_mails.take_in(connection, plugin_request)
        plugins.switch_off(connection, plugin_request.plugin, now=now)
        audit_trail.add(connection, AuditEntry(shop_id, now, "plugin", "plugin_off", message))
    return jsonify(off=True, mailing=mailing)


@blueprint.post("/plugin/disconnect")
@signed
def disconnect(plugin_request: PluginRequest) -> Response:
    """Forget the plugin and its REST key. Documents, settings and the deliveries of hand-made webhooks stay."""
    shop_id, now = plugin_request.plugin.shop_id, context().now()
    with context().store.write() as connection:
        counters.lock(connection, shop_id)
        secrets = shops.get_secrets(connection, context().encryption, shop_id)
        shops.change_secrets(connection, context().encryption, shop_id, secrets.with_rest_key("", ""))
        refused_work.try_again(connection, shop_id, now=now)
        mailing = own_mails.take_in(connection, plugin_request)
        plugins.disconnect(connection, shop_id)
        audit_trail.add(
            connection,
            AuditEntry(shop_id, now, "plugin", "plugin_disconnected", Message("The plugin was disconnected.")),
        )
    return jsonify(disconnected=True, mailing=mailing)


@blueprint.get("/plugin/d/<shop_id>/<int:document_id>", defaults={"file_format": ""})
@blueprint.get("/plugin/d/<shop_id>/<int:document_id>/<any(pdf, xml):file_format>")
def document(shop_id: str, document_id: int, file_format: str) -> Response:
    """From the shop's own link to the document's page or file: the shop has checked the visitor, and signed for the next minutes."""
    suffix = f"/{file_format}" if file_format else ""
    with context().store.read() as connection:
        found = plugins.of_shop(connection, context().encryption, shop_id)
        issued = documents.of_shop(connection, shop_id, document_id)
    signature = RequestSignature(
        request.args.get("time", ""), request.args.get("nonce", ""), request.args.get("signature", "")
    )
    # The path without the folder of a public address: that is what the plugin signs.
    if found is None or not signature.is_valid(found.secret, f"/plugin/d/{shop_id}/{document_id}{suffix}", b""):
        raise link_unknown()
    if issued is None or not signature.is_fresh(context().now().timestamp()):
        raise link_unknown()
    settings = context().settings
    token = document_link.sign(settings.secret_keys, document_id, now=context().now(), lifetime=LINK_LIFETIME)
    return make_response(redirect(f"{settings.public_url}/d/{token}{suffix}", HTTPStatus.SEE_OTHER))
