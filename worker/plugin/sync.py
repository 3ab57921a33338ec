"""Sync with a shop's plugin: which documents exist, which of WooCommerce's mails we take over, which it releases.

Never two mails: before we mail in place of WooCommerce, the shop hands that mail over to us, or says that it left already.
Never none: a mail that we do not take over in time, the shop sends by itself.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from worker.domain.document import Document
from worker.domain.mail_holds import settings_for_plugin
from worker.domain.order import Order
from worker.domain.step import MAIL
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.message import NO_MESSAGE, Message
from worker.net import order_link
from worker.plugin.client import PLUGIN_OFF, PluginClient
from worker.services import Services
from worker.store import documents, orders, own_mails, plugins, shops, steps
from worker.store.orders import StoredOrder
from worker.store.plugins import Plugin, PluginCheck
from worker.store.roads import RoadKind
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps, Step
from worker.woocommerce import own_mail_note

log = logging.getLogger(__name__)

MOST_SYNCED_AT_ONCE = 100
# A step that a person requested later has nothing to do with a mail of then.
SAME_INSTANT = timedelta(seconds=1)
# From asking for the shop's mail until a mail server has ours. The shop gives it REPLACING_S (HeldMails.php), the answer's way included.
TAKEN_OVER_S = 90.0
# A plugin whose files are being replaced is away for seconds, and knows afterwards which mails it held.
SURELY_OFF_AFTER = timedelta(minutes=1)
OWN_MAIL_LEAVES = Message(
    "The shop sends its own mail for this, with a link to the documents: so you chose in WooCommerce, that of Facturelay was not ready "
    "within ten minutes, or the plugin was switched off. A second one would only confuse; “Mail it again” mails the documents all the same."
)
# One write a minute is enough to know that a shop answers.
LAST_RESPONSE_EVERY = timedelta(minutes=1)


# What whoever runs the shop can do in WordPress; of a key that a person made by hand other messages speak.
REMEDIES = {
    "rest_key_refused": Message(
        "Your shop does not let Facturelay read its orders. A firewall or security plugin may be blocking it; allow /wp-json/wc/ there "
        "and try again."
    ),
    "rest_not_found": Message(
        "Facturelay does not find the orders of your shop. Check that Settings > Permalinks is not on “Plain”."
    ),
    "shop_redirects": Message(
        "Your shop sends Facturelay on to another address. Check both addresses under Settings > General."
    ),
    "private_address": Message(
        "Your shop is inside a private network, where Facturelay does not call. Whoever runs Facturelay can allow it."
    ),
    "shop_unreachable": Message("Facturelay cannot reach your shop. A firewall may be blocking it."),
}


def check(services: Services, plugin_id: int) -> None:
    """Try what a plugin gave us: its REST key, and its signed route. What comes of it is on the plugin's row."""
    both = find_plugin_and_shop(services, plugin_id)
    if both is None:
        return
    found, connected = both
    try:
        code, message = check_key_and_route(services, connected)
    except FacturelayError as error:
        message = REMEDIES.get(error.code, error.message)
        save_check(services, found, state="failed", code=error.code, message=message)
        return
    save_check(services, found, state="done", code=code, message=message)


def find_plugin_and_shop(services: Services, plugin_id: int) -> tuple[Plugin, ConnectedShop] | None:
    """A plugin and its shop; None where it was disconnected meanwhile."""
    with services.store.read() as connection:
        found = plugins.find(connection, services.encryption, plugin_id)
        return (found, shops.get(connection, services.encryption, found.shop_id)) if found else None


def check_key_and_route(services: Services, connected: ConnectedShop) -> tuple[str, Message]:
    """A code and a message where all is well but one thing. Raises what is wrong."""
    if not services.client_of(connected).check().can_write:
        raise Rejected(
            "The shop's key may read but not write; connect again as an administrator.", code="rest_key_reads"
        )
    try:
        sync_plugin(services, connected)
    except Unavailable as error:
        return error.code, Message(
            "{message} Documents are made and mailed; the shop keeps sending its own mails too.", message=error.message
        )
    return "connected", NO_MESSAGE


def save_check(services: Services, found: Plugin, *, state: str, code: str, message: Message) -> None:
    with services.store.write() as connection:
        plugins.record_check(connection, found.plugin_id, PluginCheck(state, code, message), now=services.now())


def sync_plugin(services: Services, connected: ConnectedShop) -> None:
    """Have the shop release the mails that are due, should its own cron not run, and send it what it does not know.

    That is the documents, and the shop's state here: one that just went live holds mails from now on.
    """
    found = plugin_of(services, connected.shop.shop_id)
    if found is None:
        return
    may_hold = found.may_hold_mail(services.now())
    send_settings(services, connected, found, may_hold=may_hold)
    if not may_hold:
        # It has answered: an order that comes before the next sync would be mailed by both.
        send_settings(services, connected, found, may_hold=True)
    sync_documents(services, found)


def send_settings(services: Services, connected: ConnectedShop, found: Plugin, *, may_hold: bool) -> None:
    settings = services.settings
    can_mail = bool(connected.secrets.smtp_url or settings.smtp_url) and may_hold
    links = order_link.settings_for_plugin(settings.public_url, settings.secret_keys, found.shop_id)
    with services.store.read() as connection:
        # The call that said so at the time may not have arrived; the shop waits for it no longer than for the mail.
        mailed = plugins.mailed_since(connection, found.shop_id, services.now() - plugins.MAILED_WITHIN)
    told = {**settings_for_plugin(connected.shop, can_mail=can_mail), "order_links": links, "mailed": mailed}
    call_plugin(services, found, "sync", told)


def sync_after_settings(services: Services, plugin_id: int) -> None:
    """Sync at once after settings changed. Never fails: what could not be sent now, the next sync sends."""
    both = find_plugin_and_shop(services, plugin_id)
    if both is None:
        return
    try:
        sync_plugin(services, both[1])
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of its settings: %s", both[0].shop_id, error.message)


def sync_after_processing(services: Services, shop_id: str, order_id: int | None) -> None:
    """Sync after an order was processed. Never fails: what could not be sent now, the next sync sends."""
    found = plugin_of(services, shop_id)
    if found is None or order_id is None or not found.must_ask_about_mail(services.now()):
        return
    try:
        sync_documents(services, found)
        release_order_mails(services, found, order_id)
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of order %d: %s", shop_id, order_id, error.message)


def sync_documents(services: Services, found: Plugin) -> None:
    """Send the shop the documents it does not know, oldest first, so that it can show links to them."""
    with services.store.read() as connection:
        unsynced = plugins.unsynced(connection, found, limit=MOST_SYNCED_AT_ONCE)
    if not unsynced:
        return
    call_plugin(services, found, "documents", {"documents": [document_as_json(document) for document in unsynced]})
    with services.store.write() as connection:
        plugins.mark_synced(connection, found.plugin_id, unsynced[-1].document_id)


def document_as_json(document: Document) -> dict[str, object]:
    draft = document.draft
    return {
        "id": document.document_id,
        "order": draft.order_id,
        "key": draft.order_key,
        "kind": str(draft.kind),
        "number": document.number,
        "date": document.issued_on.isoformat(),
        "total": str(draft.total),
        "currency": draft.currency,
        "test": draft.test,
    }


def release_order_mails(services: Services, found: Plugin, order_id: int) -> None:
    """Release the mails of an order for which none of ours will go out.

    Only those held while the order was as fetched: a mail of a later status is decided when that is processed.
    """
    with services.store.read() as connection:
        seen = orders.find(connection, found.shop_id, order_id)
        made, _ = documents.listing(connection, shop_id=found.shop_id, order_id=order_id)
        mails = mail_steps(steps.of_documents(connection, [document.document_id for document in made]).values())
        if any(step.state in ("waiting", "running") for step in mails):
            return
    status = seen.status if seen else ""
    refunds = sorted(refunds_seen(seen)) if seen else []
    call_plugin(services, found, "release", {"order": order_id, "status": status, "refunds": refunds})


def mail_steps(of_documents: Iterable[Mapping[str, Step]]) -> Iterator[Step]:
    return (named[MAIL] for named in of_documents if MAIL in named)


def refunds_seen(seen: StoredOrder) -> set[int]:
    """The refunds that were decided on, whatever the result."""
    return refunds_in(result.rule for result in seen.rule_results)


def refunds_in(causes: Iterable[str]) -> set[int]:
    """The refunds that causes like `refund:301` and `refund:301:2` name."""
    parts = (cause.split(":") for cause in causes)
    return {int(part[1]) for part in parts if part[0] == "refund" and part[1].isdigit()}


@dataclass
class ShopsMail:
    """The shop's own mail about *documents*, in whose place ours goes. Its *plugin* *may_hold* it; where not, *left* says that it left.

    A mail that a person requested later is in no other's place.
    """

    leased: LeasedSteps
    documents: Sequence[Document]
    plugin: Plugin | None = None
    may_hold: bool = False
    left: Message = NO_MESSAGE

    def tell(self, services: Services, found: Plugin, stage: str) -> dict[str, Any]:
        answer = call_plugin(services, found, "mailed", {**mail_as_json(self.leased, self.documents), "stage": stage})
        self.plugin = replace(found, last_response_at=services.now())
        return answer


def shops_mail_of(
    connection: Connection, services: Services, leased: LeasedSteps, documents: Sequence[Document]
) -> ShopsMail:
    """As it is now; a plugin that may hold it is the one who knows."""
    if requested_later(leased, documents):
        return ShopsMail(leased, documents)
    plugin, now = plugins.of_shop(connection, services.encryption, documents[0].shop_id), services.now()
    may_hold = plugin is not None and plugin.must_ask_about_mail(now)
    left = NO_MESSAGE if may_hold else own_mail_left(connection, documents, now=now)
    return ShopsMail(leased, documents, plugin, may_hold, left)


def take_over_mail(services: Services, mail: ShopsMail) -> Message:
    """Claim the shop's mail before ours goes. Returns an empty message when ours may go, else why it may not. Raises Unavailable."""
    found, documents = mail.plugin, mail.documents
    if found is None:
        return mail.left
    if not mail.may_hold:
        return mail.left or own_mail_noted(services, documents)
    try:
        answer = mail.tell(services, found, "before")
    except Unavailable as error:
        if error.code != PLUGIN_OFF or services.now() - documents[0].issued_at < SURELY_OFF_AFTER:
            raise
        with services.store.read() as connection:
            left = own_mail_left(connection, documents, now=services.now())
        return left or own_mail_noted(services, documents)
    return OWN_MAIL_LEAVES if answer.get("late") else NO_MESSAGE


def own_mail_left(connection: Connection, documents: Sequence[Document], *, now: datetime) -> Message:
    """Why *documents* are not mailed: the shop's own mails for all of them left when its plugin went. Empty where they did not."""
    about = documents[0].draft
    led_to = own_mails.kinds_mailed(connection, documents[0].shop_id, about.order_id, refunds_of(documents), now=now)
    return OWN_MAIL_LEAVES if kinds_of(documents) <= led_to else NO_MESSAGE


def own_mail_noted(services: Services, documents: Sequence[Document]) -> Message:
    """The same by what the plugin noted at the order, as nobody here answered when it went."""
    about, since = documents[0], services.now() - own_mails.COUNTS_FOR
    connected = services.connected(about.shop_id)
    if not connected.secrets.has_rest:
        return NO_MESSAGE
    try:
        order = services.client_of(connected).order(about.draft.order_id)
        led_to = own_mail_note.kinds_mailed(order, refunds_of(documents), since=since)
    except FacturelayError:
        # Two mails are better than none.
        return NO_MESSAGE
    return OWN_MAIL_LEAVES if kinds_of(documents) <= led_to else NO_MESSAGE


def report_mail_sent(services: Services, mail: ShopsMail, *, mailed: bool) -> None:
    """Report to the shop that our mail left in place of its own, or that it will not. Never fails: the heartbeat repeats it."""
    if mail.plugin is None or not mail.may_hold:
        return
    shop_id = mail.plugin.shop_id
    try:
        mail.tell(services, mail.plugin, "after" if mailed else "never")
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of a mail: %s", shop_id, error.message)
    except Exception:
        # Our mail has left: whatever goes wrong now, it must not be sent again.
        log.exception("the plugin of shop %s was not told of a mail", shop_id)


def set_paid(services: Services, found: Plugin, order: Order, *, transaction: str) -> str:
    """Have the plugin set *order* paid, if it is still as it was fetched. What came of it: paid, was_paid, changed, refused, not_allowed."""
    content: dict[str, object] = {
        "order": order.order_id,
        "key": order.order_key,
        "status": order.status,
        "total": str(order.total),
        "currency": order.currency,
        "transaction": transaction,
    }
    return str(call_plugin(services, found, "payment", content).get("result", ""))


def mail_as_json(leased: LeasedSteps, documents: Sequence[Document]) -> dict[str, object]:
    return {
        "order": documents[0].draft.order_id,
        "mail_group": leased.steps[0].mail_group,
        "kinds": sorted(kinds_of(documents)),
        "refunds": sorted(refunds_of(documents)),
    }


def kinds_of(documents: Sequence[Document]) -> set[str]:
    return {str(document.draft.kind) for document in documents}


def refunds_of(documents: Sequence[Document]) -> set[int]:
    return refunds_in(document.draft.cause for document in documents)


def requested_later(leased: LeasedSteps, documents: Sequence[Document]) -> bool:
    """Whether a person requested this mail, some time after the documents were made."""
    return any(
        step.created_at - document.issued_at > SAME_INSTANT
        for step, document in zip(leased.steps, documents, strict=True)
    )


def plugin_of(services: Services, shop_id: str) -> Plugin | None:
    with services.store.read() as connection:
        return plugins.of_shop(connection, services.encryption, shop_id)


def call_plugin(services: Services, found: Plugin, verb: str, content: dict[str, object]) -> dict[str, Any]:
    """Call the plugin, and store on its row that it answers: a shop that cannot be reached must hold nothing."""
    client = PluginClient(
        found.site, found.secret, allow_private=services.settings.allow_private_shops, now=services.now
    )
    with closing(client), services.over(found.shop_id, RoadKind.PLUGIN):
        answer = client.call(verb, content)
    now = services.now()
    if found.last_response_at is None or now - found.last_response_at > LAST_RESPONSE_EVERY:
        with services.store.write() as connection:
            plugins.record_response(connection, found.plugin_id, now)
    return answer
