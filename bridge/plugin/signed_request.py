"""A request of a connected plugin: signed with the plugin's own secret, fresh, and readable. All else is refused."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request

from bridge.accounts.access_log import note_reader
from bridge.accounts.rate_limit import By, limit, limit_stranger, proves_itself
from bridge.context import context
from bridge.errors import Refused
from worker.actions import other_site
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.domain.actor import Actor
from worker.domain.setting_readers import read_shop_url
from worker.domain.shop import Shop
from worker.domain.shop_site import is_another_site
from worker.message import Message
from worker.net.json_object import read_json_object
from worker.net.request_signature import RequestSignature
from worker.net.site_address import may_have_keys_of
from worker.store import plugins, roads, shops
from worker.store.plugins import Plugin
from worker.store.roads import Road, RoadKind

LARGEST_BODY = 100_000
NONCE = re.compile(r"[0-9a-f]{16,64}")


@dataclass(frozen=True)
class PluginRequest:
    """A verified question of a connected plugin."""

    plugin: Plugin
    content: dict[str, Any]

    def text(self, name: str, *, longest: int = 200) -> str:
        """A text, cut to what is kept of it; empty where there is none. Refused where it is anything else."""
        return text_in(self.content, name)[:longest]

    def is_set(self, name: str) -> bool:
        """A yes or no; no where it is left out."""
        value = self.content.get(name, False)
        if not isinstance(value, bool):
            raise unreadable()
        return value

    def id(self, name: str) -> int:
        """A number that the plugin names; 0, which is nobody's, where it names none."""
        return as_id(self.content.get(name, 0))

    def ids(self, name: str) -> list[int]:
        """Numbers that the plugin names, each once."""
        value = self.content.get(name, [])
        if not isinstance(value, list):
            raise unreadable()
        return list(dict.fromkeys(as_id(one) for one in value))


def as_id(value: object) -> int:
    # type, not isinstance: true is an int to Python.
    if type(value) is not int or value < 0:
        raise unreadable()
    return value


def text_in(content: dict[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise unreadable()
    return value


def signed(view: Callable[[PluginRequest], Response]) -> Callable[[], Response]:
    """Hand *view* the request, once it is known to come from a connected plugin. Refused otherwise."""

    @proves_itself
    @wraps(view)
    def checked() -> Response:
        return view(verified_request())

    return checked


def verified_request() -> PluginRequest:
    shop_id, body = request.headers.get("X-Facturelay-Shop", ""), body_of_request()
    with context().store.read() as connection:
        found = plugins.of_shop(connection, context().encryption, shop_id)
    if found is None or not signature_of_request().is_valid(found.secret, request.path, body):
        limit_stranger()
        message = Message("Facturelay no longer knows this shop. Connect it again with a new code.")
        raise Refused(HTTPStatus.UNAUTHORIZED, "not_connected", message)
    limit(By.PLUGIN, found.shop_id)
    note_reader(f"the plugin of shop {found.shop_id}")
    require_right_clock()
    require_new_nonce(found)
    verified = PluginRequest(found, parse_json_object(body))
    shop = require_own_site(verified)
    if shop is not None:
        follow_move(verified, shop)
    return verified


def require_own_site(plugin_request: PluginRequest) -> Shop | None:
    """The plugin's shop. Refuse a copy of the shop, which has its secret: it would hold its mails, answer for it, or take its place with keys of its own."""
    site, shop_id = plugin_request.text("site"), plugin_request.plugin.shop_id
    with context().store.read() as connection:
        shop = shops.settings_of(connection, shop_id)
    if shop is None or not is_another_site(site, shop.url):
        return shop
    with context().store.write() as connection:
        other_site.tell(connection, shop, site, now=context().now())
    raise Refused(
        HTTPStatus.CONFLICT,
        "site_other",
        Message(
            "Facturelay knows this shop as {url}, and this site is {site}. If the shop moved here, say so in Facturelay, under Settings → "
            "Connection; if this is a copy, disconnect it.",
            url=shop.url,
            site=site,
        ),
    )


def follow_move(plugin_request: PluginRequest, shop: Shop) -> None:
    """Call the plugin, and the shop, from now on where the plugin says that it is, if keys of the shop may be sent there: it connected
    before the shop moved, or before it began with https or www.
    """
    found, site, now = plugin_request.plugin, plugin_request.text("site"), context().now()
    if site == found.site == shop.url or not (is_address(site) and may_have_keys_of(site, shop.url)):
        return
    if site != shop.url:
        change_shop(context(), found.shop_id, ShopChanges(url=site), by=Actor("plugin", now))
    with context().store.write() as connection:
        plugins.move(connection, found.plugin_id, site, now=now)
        roads.forget(connection, Road(found.shop_id, RoadKind.PLUGIN), now=now)


def is_address(site: str) -> bool:
    """Whether *site* is written as a shop's address is. WordPress takes more for its own."""
    with suppress(ValueError):
        plain = urlsplit(site)._replace(query="", fragment="").geturl()
        return site == plain == read_shop_url(site, allow_private=context().settings.allow_private_shops)
    return False


def require_new_nonce(plugin: Plugin) -> None:
    """Refuse a request that came before. Only after its signature was checked: strangers must not fill the table."""
    nonce, now = signature_of_request().nonce, context().now()
    with context().store.write() as connection:
        is_new = bool(NONCE.fullmatch(nonce)) and plugins.use_nonce(connection, plugin.shop_id, nonce, now=now)
    if not is_new:
        message = Message("This request came before, and is done once only. Try again in the shop.")
        raise Refused(HTTPStatus.UNAUTHORIZED, "request_repeated", message)


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
    raise Refused(
        HTTPStatus.UNAUTHORIZED,
        "clock_off",
        Message(
            "The clocks of the shop and of Facturelay differ by more than five minutes; here it is {ours}. Correct the one that is "
            "wrong.",
            ours=context().now(),
        ),
    )


def parse_json_object(body: bytes) -> dict[str, Any]:
    try:
        return read_json_object(body)
    except ValueError as error:
        raise unreadable() from error


def unreadable() -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST, "request_wrong", Message("The plugin sent something that cannot be read here.")
    )
