"""Tasks about the connection between a shop and us: checking and repairing it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from worker.actions.shop_facts import take_over
from worker.actions.shop_settings import update_shop
from worker.domain.actor import Actor
from worker.domain.shop import Shop
from worker.errors import FacturelayError, KeyRefused, Rejected
from worker.message import Message
from worker.orders import webhook_repair
from worker.plugin import sync
from worker.services import Services
from worker.store import deliveries, order_statuses, plugins, shops
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.common import actor_of
from worker.woocommerce.client import ShopCheck

# A key is signed with the time, and WooCommerce takes 15 minutes at most (docs/woocommerce-contract.md §6).
MOST_CLOCKS_DIFFER_S = 300
# WordPress calls only these ports on public hosts.
CALLABLE_PORTS = (80, 443, 8080)


@dataclass(frozen=True)
class ConnectionCheck:
    """One line of the answer; *name* is stable: `address`, `rest_key`, `webhooks`, `last_delivery`, `clock`, `plugin`."""

    name: str
    good: bool
    message: Message


def check_connection(services: Services, task: Task) -> Mapping[str, Any]:
    """Check whether orders reach us and whether we may read and write. Changes nothing there.

    Argument: `{}`. Answer: `{"good", "checks": [{"name", "good", "message"}]}`, in the order in which to mend them.
    """
    connected = services.connected(task.shop_id)
    checks = [address_check(services)]
    if connected.secrets.has_rest:
        checks += rest_checks(services, connected)
        remember_statuses(services, connected)
    else:
        message = Message(
            "There is no key of the shop: refunds cannot be read, notes not written, and missed orders not fetched."
        )
        checks.append(ConnectionCheck("rest_key", good=False, message=message))
    checks.append(delivery_check(services, connected))
    with services.store.read() as connection:
        has_plugin = plugins.of_shop(connection, services.encryption, task.shop_id) is not None
    if has_plugin:
        checks.append(plugin_check(services, connected))
    return {"good": all(check.good for check in checks), "checks": [vars(check) for check in checks]}


def set_up_connection(services: Services, task: Task) -> Mapping[str, Any]:
    """What follows when a key was given: the reports that the shop lacks are made with it, and all is looked at.

    Argument: `{}`. Answer: that of `check_connection`, with the `repaired` of `repair_webhooks`, and `"taken"`: the names of the
    settings that were filled in from what the shop says of itself.
    """
    connected = services.connected(task.shop_id)
    repaired: Mapping[str, Any] = {"repaired": []}
    failed: Message | None = None
    taken: tuple[str, ...] = ()
    if connected.secrets.has_rest and all(check.good for check in rest_checks(services, connected)[:1]):
        try:
            taken = take_over_company(services, connected, by=actor_of(services, task))
            repaired = repair_webhooks(services, task)
        except FacturelayError as error:
            failed = Message(
                "The shop could not be set up to report its orders. {reason} Press “Repair the reports” to try again.",
                reason=error.message,
            )
    found = check_connection(services, task)
    if failed is not None:
        found = with_failure(found, failed)
    return {**found, **repaired, "taken": taken}


def take_over_company(services: Services, connected: ConnectedShop, *, by: Actor) -> tuple[str, ...]:
    """Fill in what the shop says of its company and nobody has typed, while it is in test; the names of those settings.

    A plugin tells more, and by itself; a key that may not read settings leaves it to the owner.
    """
    if not connected.shop.test:
        return ()
    try:
        told = services.client_of(connected).general_settings()
    except FacturelayError:
        return ()
    taken: dict[str, str] = {}

    def with_facts(shop: Shop) -> Shop:
        filled_in = take_over(shop, company_facts(shop, told))
        taken.update(filled_in.settings)
        return filled_in.shop

    update_shop(services, connected.shop.shop_id, with_facts, by=by)
    return tuple(taken)


def company_facts(shop: Shop, settings: Mapping[str, str]) -> dict[str, str]:
    """What the plugin would tell, as far as REST says it; the name is the one that the shop was given here."""
    street = f"{settings.get('woocommerce_store_address', '')} {settings.get('woocommerce_store_address_2', '')}"
    return {
        "seller.name": shop.name,
        "seller.address.street": street.strip(),
        "seller.address.postcode": settings.get("woocommerce_store_postcode", ""),
        "seller.address.city": settings.get("woocommerce_store_city", ""),
        # With a state behind it in some countries: DE:DE-BY.
        "seller.address.country": settings.get("woocommerce_default_country", "")[:2],
        "seller.website": shop.url,
    }


def with_failure(found: Mapping[str, Any], why: Message) -> Mapping[str, Any]:
    """What *found* says of the reports that are missing, with why they could not be made in place of that."""
    checks = [
        {**check, "message": why} if check["name"] == "webhooks" and not check["good"] else check
        for check in found["checks"]
    ]
    return {**found, "checks": checks}


def look_at_address(services: Services, task: Task) -> Mapping[str, Any]:
    """Whether a WooCommerce answers at the shop's address, asked before there is any key: then it asks for one.

    Argument: `{"url"}`, as it is looked at. Answer: `{"good", "message"}`; without a message where it is good.
    """
    connected = services.connected(task.shop_id)
    without_key = replace(connected, secrets=connected.secrets.with_rest_key("", ""))
    try:
        services.client_of(without_key).check()
    except KeyRefused:
        return {"good": True}
    except FacturelayError as error:
        return {"good": False, "message": error.message}
    return {"good": True}


def address_check(services: Services) -> ConnectionCheck:
    """WordPress calls few ports, and believes that it delivered when it is sent on elsewhere."""
    url = urlsplit(services.settings.public_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    if webhook_repair.is_local(services.settings.public_url):
        message = Message(
            "{public_url} is an address of this machine: only a shop on it can report its orders.",
            public_url=services.settings.public_url,
        )
        return ConnectionCheck("address", good=services.settings.allow_private_shops, message=message)
    if port not in CALLABLE_PORTS:
        message = Message(
            "WordPress calls the ports 80, 443 and 8080 only, and {public_url} is at {port}.",
            public_url=services.settings.public_url,
            port=port,
        )
        return ConnectionCheck("address", good=False, message=message)
    return ConnectionCheck(
        "address", good=True, message=Message("Shops report to {public_url}.", public_url=services.settings.public_url)
    )


def rest_checks(services: Services, connected: ConnectedShop) -> tuple[ConnectionCheck, ...]:
    """What is asked with the key. A shop that refuses it, or does not answer, is asked no more: it would say the same again."""
    try:
        found = services.client_of(connected).check()
    except FacturelayError as error:
        return (ConnectionCheck("rest_key", good=False, message=error.message),)
    return key_check(found), webhooks_check(services, connected), clock_check(services, connected)


def remember_statuses(services: Services, connected: ConnectedShop) -> None:
    """Note which order statuses the shop knows. A plugin tells them by itself, and its key may not read reports."""
    with services.store.read() as connection:
        if plugins.of_shop(connection, services.encryption, connected.shop.shop_id) is not None:
            return
    try:
        names = services.client_of(connected).order_statuses()
    except FacturelayError:
        return  # as checked above, or a key that may not read reports: those that orders came with are offered
    with services.store.write() as connection:
        order_statuses.replace_all(connection, connected.shop.shop_id, names)


def key_check(found: ShopCheck) -> ConnectionCheck:
    if not found.can_write:
        message = Message(
            "The shop's key may read but not write, so no notes are written. Make one with read/write permission."
        )
        return ConnectionCheck("rest_key", good=False, message=message)
    return ConnectionCheck(
        "rest_key",
        good=True,
        message=Message("The shop's key reads and writes; orders in the shop: {orders}.", orders=found.orders),
    )


def webhooks_check(services: Services, connected: ConnectedShop) -> ConnectionCheck:
    url, client = webhook_repair.delivery_url(services, connected), services.client_of(connected)
    try:
        webhooks = client.webhooks()
    except FacturelayError as error:
        refused = isinstance(error, KeyRefused)
        is_off = refused and webhook_repair.plugin_is_off(services, client, connected.shop.shop_id)
        message = webhook_repair.SEEN_BY_PLUGIN if is_off else error.message
        return ConnectionCheck("webhooks", good=False, message=message)
    faults = webhook_repair.find_faults(webhooks, url, has_delivered=True)
    if not faults:
        return ConnectionCheck("webhooks", good=True, message=Message("The shop reports new and changed orders here."))
    described = tuple(
        Message("{report} {fault}", report=webhook_repair.report_of(fault.topic), fault=fault.now) for fault in faults
    )
    message = Message(
        "The shop does not report its orders as it should: {faults}. “Repair the reports” sets them up anew.",
        faults=described,
    )
    return ConnectionCheck("webhooks", good=False, message=message)


def delivery_check(services: Services, connected: ConnectedShop) -> ConnectionCheck:
    with services.store.read() as connection:
        last_delivery_at = deliveries.last_delivered_at(connection, connected.shop.shop_id)
        refused = shops.signature_failures_of(connection, connected.shop.shop_id)
    if last_delivery_at is None:
        message = (
            Message(
                "The shop has reported nothing yet that counts; its messages that were signed with another secret: {count}.",
                count=refused,
            )
            if refused
            else Message("The shop has reported nothing yet.")
        )
        return ConnectionCheck("last_delivery", good=False, message=message)
    at = last_delivery_at.astimezone(connected.shop.zoneinfo)
    return ConnectionCheck(
        "last_delivery", good=True, message=Message("The shop last reported an order on {at}.", at=at)
    )


def clock_check(services: Services, connected: ConnectedShop) -> ConnectionCheck:
    try:
        theirs = services.client_of(connected).clock()
    except FacturelayError as error:
        return ConnectionCheck("clock", good=False, message=error.message)
    if theirs is None:
        return ConnectionCheck("clock", good=True, message=Message("The shop does not say what time it is."))
    off_s = round((theirs - services.now()).total_seconds())
    if abs(off_s) > MOST_CLOCKS_DIFFER_S:
        minutes = abs(off_s) // 60
        message = (
            Message(
                "The shop's clock is {minutes} min ahead of that of Facturelay; one of the two is wrong.",
                minutes=minutes,
            )
            if off_s > 0
            else Message(
                "The shop's clock is {minutes} min behind that of Facturelay; one of the two is wrong.", minutes=minutes
            )
        )
        return ConnectionCheck("clock", good=False, message=message)
    return ConnectionCheck("clock", good=True, message=Message("The clocks of the shop and of Facturelay agree."))


def plugin_check(services: Services, connected: ConnectedShop) -> ConnectionCheck:
    try:
        sync.sync_plugin(services, connected)
    except FacturelayError as error:
        return ConnectionCheck("plugin", good=False, message=error.message)
    return ConnectionCheck("plugin", good=True, message=Message("The plugin answers."))


def repair_webhooks(services: Services, task: Task) -> Mapping[str, Any]:
    """Recreate the webhooks that are missing, switched off or lead elsewhere, and fetch the orders they missed.

    Argument: `{}`. Answer: `{"repaired": [{"topic", "why"}]}`; empty where all were well.
    """
    connected = services.connected(task.shop_id)
    if not connected.secrets.has_rest:
        raise Rejected("The reports are set up with the shop's key; give it one first.", code="rest_missing")
    faults = webhook_repair.check_and_repair(services, connected, by=task.requested_by, make_missing=True)
    return {"repaired": [{"topic": fault.topic, "why": fault.why} for fault in faults]}
