"""Store what a person changed about a shop: under its lock, with from what to what in the audit trail. For pages and commands.

Everything here may be called by the bridge. *by* is the person's name in the audit trail. What is wrong raises
`Rejected`, or `settings_form.WrongSettings` by field; then nothing was stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import reduce

from sqlalchemy import Connection

from worker.actions import Installation, go_live, other_site
from worker.actions.go_live import ReadinessCheck
from worker.actions.orders import PERSON
from worker.actions.shop_secrets import RestKeyChange, lock_and_get, record, refuse_closed, store_rest_key
from worker.domain import setting_readers, settings_form
from worker.domain import texts as wording
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.domain.numbering import apply_series_settings
from worker.domain.payment_reference import EarlierDigits
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import OrderSettings, Shop
from worker.errors import InvalidValue, Rejected, ShopPaused
from worker.message import Message
from worker.store import audit_trail, counters, deliveries, drafts, payment_references, reminders, roads, senders, shops
from worker.store import jobs as job_store
from worker.store.database.encryption import Encryption
from worker.store.database.tables import jobs
from worker.store.deliveries import NewDelivery
from worker.store.roads import Road, RoadKind
from worker.store.shops import Secrets

# What a new shop takes over from the one that it is to be like. Company (with its OSS), numbers given, keys and logo are each
# shop's own.
COPIED_SETTINGS = (
    "rules", "credit_notes", "shows_discounts", "factur_x", "zone", "orders.status_map", "orders.pending_is_placed", "orders.documented", "orders.own_fields", "vat.regime", "vat.sells_services",
    "vat.zero_reasons", "vat.as_charged", "vat.shipping_rate_is_right", "consumer_invoices", "consumer_prices", "payment_days", "payment_terms", "sets_orders_paid", "cancel_after_days", "waits_for_bank_files",
    "reminders.before_due", "reminders.friendly", "reminders.formal", "reminders.last", "mollie.methods", "mollie.on_invoices", "mollie.on_order_confirmations", "mollie.on_reminders",
    "branding.accent", "branding.layout", "numbering.series", "texts", "peppol.businesses",
)  # fmt: skip


# How many drafts are looked at again after a change of settings; of more, the rest waits for the next change.
MOST_DRAFTS = 200
# The plugin asks for the settings every five minutes; until it knows of other digits, it tells buyers the earlier ones.
TOLD_TO_PLUGIN_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class NumberingChanges:
    """What a person changed of the numbering, by kind. *continue_after*: the last number given elsewhere."""

    names: Mapping[Kind, str] = field(default_factory=dict)
    patterns: Mapping[Kind, str] = field(default_factory=dict)
    yearly: Mapping[Kind, bool] = field(default_factory=dict)
    continue_after: Mapping[Kind, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShopChanges:
    """What a person changed of a shop at once; None leaves a thing as it is. *settings*: text by `settings_form.FIELDS`.

    *live*: True begins with real documents, at *begin*, `orders.since` of *settings*, or now; False goes back to test. While
    a shop is *suspended* its orders wait, and nothing is lost. Another *url* takes the REST key away unless one comes along.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    numbering: NumberingChanges = NumberingChanges()
    suspended: bool | None = None
    live: bool | None = None
    begin: datetime | None = None
    rest_key: str | None = None
    rest_secret: str | None = None


@dataclass(frozen=True)
class ChangedShop:
    """*before*: as it was found under the lock; *messages*: each change as the trail has it; *checks*: what is ready and what is not, where
    the shop went live.
    """

    before: Shop
    shop: Shop
    messages: tuple[Message, ...]
    checks: tuple[ReadinessCheck, ...]


def blank_shop(*, now: datetime, test: bool = True, template: Shop | None = None) -> Shop:
    """A shop that begins *now*, with the settings of *template* that a second shop takes over; nothing is stored."""
    shop = Shop(shops.new_shop_id(), "new", "", OrderSettings(since=now), test=test)
    if template is not None:
        for name in COPIED_SETTINGS:
            shop = settings_form.with_setting(shop, name, settings_form.setting_of(template, name))
    return shop


def new_shop(shop: Shop, settings: Mapping[str, str], url: str, *, allow_private: bool) -> Shop:
    """A blank *shop* with *settings* by `settings_form.FIELDS`, at *url*; nothing is stored.

    *allow_private* is the operator's setting. Raises WrongSettings with every wrong field, “url” among them.
    """
    wrong: dict[str, Message] = {}
    try:
        shop = settings_form.apply_settings(shop, settings)
    except settings_form.WrongSettings as error:
        wrong |= error.messages
    try:
        shop = with_url(shop, url, allow_private=allow_private)
    except settings_form.WrongSettings as error:
        wrong |= error.messages
    if wrong:
        raise settings_form.WrongSettings(wrong)
    return shop


@dataclass(frozen=True)
class NewShop:
    """A shop to be, what only it and we know, and how its numbers begin."""

    shop: Shop
    secrets: Secrets
    numbering: NumberingChanges = NumberingChanges()


def add_shop(connection: Connection, encryption: Encryption, new: NewShop, *, by: Actor) -> Shop:
    """Store a new shop and return it with its seed and its numbering. Raises Rejected for wrong numbering."""
    stored = shops.add(connection, encryption, new.shop, new.secrets, now=by.now)
    shop = with_numbering(connection, stored, new.numbering, now=by.now)
    shops.change(connection, shop)
    vouch_for_senders(connection, shop, before=None, by=by)
    audit_trail.note(connection, shop.shop_id, "shop_created", Message("{name} was made.", name=shop.name), by=by)
    return shop


def change_shop(installation: Installation, shop_id: str, changes: ShopChanges, *, by: Actor) -> ChangedShop:
    """Store all of *changes*, or none when one is wrong: raises Rejected, or WrongSettings by field."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        shop = settings_form.apply_settings(found.shop, changes.settings)
        if changes.url is not None:
            shop = with_url(shop, changes.url, allow_private=installation.settings.allow_private_shops)
        if changes.suspended is False or changes.live:
            refuse_closed(shop)
        if changes.suspended is not None:
            shop = replace(shop, suspended=changes.suspended)
        shop = with_first_reminded_day(with_numbering(connection, shop, changes.numbering, now=by.now), now=by.now)
        checks: tuple[ReadinessCheck, ...] = ()
        if changes.live is False:
            shop = replace(shop, test=True)
        if changes.live and shop.test:
            shop, checks = gone_live(connection, shop, installation, changes, now=by.now)
        messages = (
            *describe_changes(found.shop, shop),
            *store_rest_key(
                connection,
                installation.encryption,
                found,
                RestKeyChange(changes.rest_key, changes.rest_secret, shop.url),
                now=by.now,
            ),
        )
        if messages:
            if shop.reference_digits != found.shop.reference_digits:
                shop = with_digits(connection, found.shop, shop, now=by.now)
            shops.change(connection, shop)
            if shop.url != found.shop.url:  # what did not answer was at another address
                roads.forget(connection, Road(shop_id, RoadKind.REST), now=by.now)
                other_site.take_in(connection, shop, now=by.now)
            record(connection, shop_id, messages, by=by)
            look_again(connection, found.shop, shop, now=by.now)
    return ChangedShop(found.shop, shop, messages, checks)


def look_again(connection: Connection, before: Shop, shop: Shop, *, now: datetime) -> None:
    """At what waits and may be otherwise by the settings as they are now."""
    if before.suspended and not shop.suspended:
        job_store.come_at_once(connection, jobs.c.shop_id == shop.shop_id, code=ShopPaused.code, now=now)
    if what_reminds(shop) != what_reminds(before):
        reminders.look_at_shop(connection, shop.shop_id, now=now)
    if what_decides(shop) != what_decides(before):
        look_at_drafts_again(connection, shop.shop_id, now=now)


def with_digits(connection: Connection, before: Shop, shop: Shop, *, now: datetime) -> Shop:
    """Let the references of orders to come begin anew; those that were placed keep theirs, which their buyers may have been told.

    Raises WrongSettings where those of another shop here begin so.
    """
    try:
        shops.refuse_taken_digits(connection, shop)
    except Rejected as error:
        raise settings_form.WrongSettings({"reference_digits": error.message}) from error
    if before.test and not payment_references.any_begins_with(connection, shop.shop_id, before.reference_digits):
        return shop  # nobody was told any; of a real shop's orders the plugin may have told one that is not fetched yet
    earlier = EarlierDigits(before.reference_digits, now + TOLD_TO_PLUGIN_WITHIN)
    return replace(shop, earlier_digits=(*before.earlier_digits, earlier))


def with_first_reminded_day(shop: Shop, *, now: datetime) -> Shop:
    """Who begins to remind does so of what falls due from today on, unless he names another day: what is older may be long settled."""
    if not shop.reminders.is_on or shop.reminders.since is not None:
        return shop
    return replace(shop, reminders=replace(shop.reminders, since=shop.day_of(now)))


def what_decides(shop: Shop) -> tuple[object, ...]:
    """The settings by which a draft may have a problem, or none."""
    return shop.vat, shop.seller, shop.exchange_rates, shop.payment_terms, shop.orders, shop.peppol


def what_reminds(shop: Shop) -> tuple[object, ...]:
    """The settings by which it is decided when somebody is reminded."""
    return shop.reminders, shop.suspended, shop.cancel_after_days, shop.waits_for_bank_files


def look_at_drafts_again(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """Process the orders of drafts with a problem once more: the settings may say now what was asked. The scheduler enqueues."""
    for order_id in drafts.orders_with_problems(connection, shop_id, limit=MOST_DRAFTS):
        deliveries.add(
            connection,
            NewDelivery(shop_id=shop_id, source=PERSON, topic="order.updated", order_id=order_id, body=b""),
            now=now,
        )


def gone_live(
    connection: Connection, shop: Shop, installation: Installation, changes: ShopChanges, *, now: datetime
) -> tuple[Shop, tuple[ReadinessCheck, ...]]:
    checks = go_live.checklist(connection, shop, installation, now=now)
    if changes.begin is not None:
        shop = shop.with_orders_since(changes.begin)
    is_chosen = changes.begin is not None or "orders.since" in changes.settings
    live = go_live.make_live(shop, checks, since=shop.orders.since if is_chosen else now)
    payment_references.promise_to_waiting(connection, live)
    return live, checks


def with_url(shop: Shop, url: str, *, allow_private: bool) -> Shop:
    try:
        return replace(shop, url=setting_readers.read_shop_url(url.strip(), allow_private=allow_private))
    except InvalidValue as error:
        raise settings_form.WrongSettings({"url": error.message}) from error


def update_shop(installation: Installation, shop_id: str, transform: Callable[[Shop], Shop], *, by: Actor) -> Shop:
    """Store what *transform* makes of a shop's settings, and record what changed. What *transform* raises goes through."""
    with installation.store.write() as connection:
        counters.lock(connection, shop_id)  # one at a time: each writes all settings
        before = shops.get(connection, installation.encryption, shop_id).shop
        after = transform(before)
        save(connection, before, after, by=by)
    return after


def save(connection: Connection, before: Shop, after: Shop, *, by: Actor) -> None:
    """Store *after* in place of *before*, with what changed on the trail. Call under the shop's lock."""
    changed = describe_changes(before, after)
    if changed:
        shops.change(connection, after)
        record(connection, after.shop_id, changed, by=by)


def change_texts(installation: Installation, shop_id: str, texts: Mapping[str, str | None], *, by: Actor) -> Shop:
    """Write texts by key or pattern (`mail.body/invoice/*/nl`); None goes back to the default, "" prints nothing.

    Raises WrongSettings by the given key, with the message of `texts.with_text` or `texts.matching_keys`.
    """
    return update_shop(installation, shop_id, lambda shop: with_texts(shop, texts), by=by)


def with_texts(shop: Shop, texts: Mapping[str, str | None]) -> Shop:
    """*shop* with its own texts as `change_texts` takes them; nothing is stored."""
    wrong: dict[str, Message] = {}
    for pattern, text in texts.items():
        try:
            keys = wording.matching_keys(pattern)
            if text is None:
                shop = reduce(wording.without_text, keys, shop)
            else:
                for key in keys:
                    shop = wording.with_text(shop, key, text)
        except InvalidValue as error:
            wrong[pattern] = error.message
    if wrong:
        raise settings_form.WrongSettings(wrong)
    return shop


# Numbers


def with_numbering(connection: Connection, shop: Shop, changes: NumberingChanges, *, now: datetime) -> Shop:
    """*shop* with other numbers; its counters are set in this transaction, the shop itself is not stored yet."""
    if changes == NumberingChanges():
        return shop
    try:
        wanted = apply_series_settings(
            shop.numbering.series, names=changes.names, patterns=changes.patterns, yearly=changes.yearly
        )
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error
    today = shop.day_of(now)
    return counters.change_series(connection, shop, wanted, continue_after=changes.continue_after, today=today)


def parse_last_number(text: str) -> int:
    """The number to continue after, as typed. Raises ValueError with a message."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidValue("“{text}” is not a number to continue after; write it like invoice=115.", text=text)
    return int(text)


# Secrets: the audit trail says that they changed, and nothing else


def vouch_for_senders(connection: Connection, shop: Shop, *, before: Shop | None, by: Actor) -> None:
    """An operator filled these addresses in, so the shop may write from them: those that *before* had not."""
    for address in addresses_of(shop) - (addresses_of(before) if before else set()):
        senders.prove(connection, shop.shop_id, address, by=by.name, now=by.now)


def addresses_of(shop: Shop) -> set[str]:
    return {address for address in (parseaddr(shop.mail.sender)[1], shop.seller.email) if address}
