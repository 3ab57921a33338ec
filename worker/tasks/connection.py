"""Errands about the line between a shop and us: whether it is whole, and mending it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from worker.errors import FacturelayError, Rejected
from worker.orders import webhook_repair
from worker.plugin import sync
from worker.services import Services
from worker.store import deliveries, plugins, shops
from worker.store.shops import Connected
from worker.store.tasks import Errand
from worker.tasks.common import connected_of

# A key is signed with the time, and WooCommerce takes 15 minutes at most (contract section 2).
MOST_CLOCKS_DIFFER_S = 300
# WordPress calls only these ports on public hosts.
CALLABLE_PORTS = (80, 443, 8080)


@dataclass(frozen=True)
class Checked:
    """One line of the answer; *name* is stable: `address`, `rest_key`, `webhooks`, `heard`, `clock`, `plugin`."""

    name: str
    good: bool
    sentence: str


def check_connection(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Look whether orders reach us and whether we may ask and write. Changes nothing.

    Argument: `{}`. Answer: `{"good", "checks": [{"name", "good", "sentence"}]}`, in the order in which to mend them.
    """
    connected = connected_of(services, errand)
    checks = [address_check(services)]
    if connected.secrets.has_rest:
        checks += [one(services, connected) for one in (rest_check, webhooks_check, clock_check)]
    else:
        sentence = "There is no REST key: refunds cannot be read, notes not written, and missed orders not asked for."
        checks.append(Checked("rest_key", good=False, sentence=sentence))
    checks.append(heard_check(services, connected))
    with services.store.read() as connection:
        has_plugin = plugins.of_shop(connection, services.vault, errand.shop_id) is not None
    if has_plugin:
        checks.append(plugin_check(services, connected))
    return {"good": all(check.good for check in checks), "checks": [asdict(check) for check in checks]}


def address_check(services: Services) -> Checked:
    """WordPress calls few ports, and believes that it delivered when it is sent on elsewhere."""
    url = urlsplit(services.settings.public_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    if webhook_repair.is_local(services.settings.public_url):
        sentence = f"{services.settings.public_url} is an address of this machine: only a shop on it can deliver."
        return Checked("address", good=services.settings.allow_private_shops, sentence=sentence)
    if port not in CALLABLE_PORTS:
        sentence = f"WordPress calls the ports 80, 443 and 8080 only, and {services.settings.public_url} is at {port}."
        return Checked("address", good=False, sentence=sentence)
    return Checked("address", good=True, sentence=f"Shops deliver to {services.settings.public_url}.")


def rest_check(services: Services, connected: Connected) -> Checked:
    try:
        found = services.client_of(connected).check()
    except FacturelayError as error:
        return Checked("rest_key", good=False, sentence=f"{error.sentence.rstrip('.')}.")
    if not found.can_write:
        sentence = "The REST key may read but not write, so no notes are written. Make one with read/write permission."
        return Checked("rest_key", good=False, sentence=sentence)
    return Checked(
        "rest_key", good=True, sentence=f"The REST key reads and writes; the shop has {found.orders} orders."
    )


def webhooks_check(services: Services, connected: Connected) -> Checked:
    url = webhook_repair.delivery_url(services, connected)
    try:
        webhooks = services.client_of(connected).webhooks()
    except FacturelayError as error:
        return Checked("webhooks", good=False, sentence=f"{error.sentence.rstrip('.')}.")
    faults = webhook_repair.faults_of(webhooks, url, has_rung=True)
    if not faults:
        return Checked("webhooks", good=True, sentence="Both webhooks are active and lead here.")
    told = ", ".join(f"“{fault.topic}” {fault.why.replace('was ', 'is ').replace('had ', 'has ')}" for fault in faults)
    return Checked("webhooks", good=False, sentence=f"The webhook {told}. “Repair” makes it anew.")


def heard_check(services: Services, connected: Connected) -> Checked:
    with services.store.read() as connection:
        heard = deliveries.last_heard(connection, connected.shop.shop_id)
        refused = shops.signature_failures_of(connection, connected.shop.shop_id)
    if heard is None:
        why = f" {refused} deliveries were signed with another secret than ours." if refused else ""
        return Checked("heard", good=False, sentence=f"The shop has not rung yet.{why}")
    at = heard.astimezone(connected.shop.zoneinfo)
    return Checked("heard", good=True, sentence=f"The shop rang last on {at:%d-%m-%Y %H:%M}.")


def clock_check(services: Services, connected: Connected) -> Checked:
    try:
        theirs = services.client_of(connected).clock()
    except FacturelayError as error:
        return Checked("clock", good=False, sentence=f"{error.sentence.rstrip('.')}.")
    if theirs is None:
        return Checked("clock", good=True, sentence="The shop does not say what time it is.")
    off_s = round((theirs - services.now()).total_seconds())
    if abs(off_s) > MOST_CLOCKS_DIFFER_S:
        which = "ahead of" if off_s > 0 else "behind"
        sentence = f"The shop's clock is {abs(off_s) // 60} minutes {which} ours; one of the two machines is wrong."
        return Checked("clock", good=False, sentence=sentence)
    return Checked("clock", good=True, sentence="The shop's clock and ours agree.")


def plugin_check(services: Services, connected: Connected) -> Checked:
    try:
        sync.tick(services, connected)
    except FacturelayError as error:
        return Checked("plugin", good=False, sentence=f"{error.sentence.rstrip('.')}.")
    return Checked("plugin", good=True, sentence="The plugin answers.")


def repair_webhooks(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Make the webhooks anew that are missing, switched off or lead elsewhere, and ask for what they missed.

    Argument: `{}`. Answer: `{"repaired": [{"topic", "why"}]}`; empty where all were well.
    """
    connected = connected_of(services, errand)
    if not connected.secrets.has_rest:
        raise Rejected("Webhooks are repaired with a REST key; give the shop one first.", code="rest_missing")
    faults = webhook_repair.watch(services, connected, by=errand.asked_by, make_missing=True)
    return {"repaired": [{"topic": fault.topic, "why": fault.why} for fault in faults]}
