"""What a person decides about paying online: by which account with Mollie, or by none. On the audit trail, with name and time; never the key."""

from dataclasses import replace

from worker.actions import Installation
from worker.actions.shop_secrets import lock_and_get, record
from worker.domain.actor import Actor
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message
from worker.net.mollie_key import Mode, mode_of
from worker.store import shops


def connect(installation: Installation, shop_id: str, key: str, *, by: Actor) -> None:
    """Let customers pay by the account that *key* belongs to. Whether it works, the task `check_mollie` says. Raises Rejected."""
    key = key.strip()
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        mode = fitting_mode(found.shop, key)
        after = replace(found.shop, mollie=replace(found.shop.mollie, mode=mode))
        changed = describe_changes(found.shop, after)
        shops.change(connection, after)
        if key != found.secrets.mollie_key:
            shops.change_secrets(connection, installation.encryption, shop_id, replace(found.secrets, mollie_key=key))
            changed = (*changed, Message("the key of Mollie was changed"))
        if changed:
            record(connection, shop_id, changed, by=by)


def fitting_mode(shop: Shop, key: str) -> Mode:
    """The world that *key* opens. Raises Rejected where it is no key, or not one for this shop as it is now."""
    mode = mode_of(key)
    if mode is None:
        raise Rejected(
            "This is not an API key of Mollie: it begins with live_ or test_, and you find it in your Mollie dashboard under "
            "Developers, API keys.",
            code="mollie_key_wrong",
        )
    if mode is Mode.LIVE and shop.test:
        raise Rejected(
            "This is a live key, and {shop} is in test: customers would pay real money for test documents. Give the test key "
            "(test_…), and the live key when the shop is live.",
            shop=shop.name,
            code="mollie_key_live",
        )
    if mode is Mode.TEST and not shop.test:
        raise Rejected(
            "This is a test key, and {shop} is live: customers could press the button and would pay nothing. Give the live key "
            "(live_…).",
            shop=shop.name,
            code="mollie_key_test",
        )
    return mode


def disconnect(installation: Installation, shop_id: str, *, by: Actor) -> None:
    """Offer no payment online any more, and forget the key."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        after = replace(found.shop, mollie=replace(found.shop.mollie, mode=None))
        changed = describe_changes(found.shop, after)
        shops.change(connection, after)
        shops.change_secrets(connection, installation.encryption, shop_id, replace(found.secrets, mollie_key=""))
        if changed:
            record(connection, shop_id, changed, by=by)
