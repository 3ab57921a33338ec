"""Store the secrets of a shop: REST key, webhook secret, the code of its plugin, mail server. The audit trail says that they changed, and nothing else."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from worker.actions import Installation, refused_work
from worker.domain.actor import Actor
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message
from worker.net import smtp_url as mail_server
from worker.net.site_address import may_have_keys_of
from worker.net.smtp_url import SmtpServer
from worker.store import audit_trail, counters, plugins, shops
from worker.store.database.encryption import Encryption
from worker.store.shops import ConnectedShop, Secrets


def record(connection: Connection, shop_id: str, changed: tuple[Message, ...], *, by: Actor) -> None:
    audit_trail.note(connection, shop_id, "settings_changed", Message("{changes}.", changes=changed), by=by)


def change_rest_key(installation: Installation, shop_id: str, *, rest_key: str, rest_secret: str, by: Actor) -> None:
    """Store the WooCommerce REST key (`ck_…`) and its secret (`cs_…`). The task `check_connection` says whether they work.
    Raises Rejected for what is neither, and for nothing: the key that is there goes on.
    """
    rest_key, rest_secret = rest_key.strip(), rest_secret.strip()
    if not (rest_key.startswith("ck_") and rest_secret.startswith("cs_")):
        raise Rejected(
            "The key of the shop has two parts: consumer key (ck_…) and secret (cs_…).", code="rest_key_half"
        )
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        change = RestKeyChange(rest_key, rest_secret)
        changed = store_rest_key(connection, installation.encryption, found, change, now=by.now)
        if changed:
            record(connection, shop_id, changed, by=by)


def go_without_key(connection: Connection, encryption: Encryption, shop_id: str, *, by: Actor) -> None:
    """No key is waited for any more: what its shop reports is all that is known of its orders."""
    found = lock_and_get(connection, encryption, shop_id)
    changed = store_rest_key(connection, encryption, found, RestKeyChange("", ""), now=by.now)
    if changed:
        record(connection, shop_id, changed, by=by)


@dataclass(frozen=True)
class RestKeyChange:
    """A new REST key and its secret, and the address that the shop has from now on; None leaves a part as it is."""

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    new_url: str = ""


def store_rest_key(
    connection: Connection, encryption: Encryption, found: ConnectedShop, change: RestKeyChange, *, now: datetime
) -> tuple[Message, ...]:
    """Store a new REST key where one was given; return what the audit trail may say of it. Call under the shop's lock.

    Where the shop moves to another site, what is never shown to anybody is not sent there either: the key is
    taken away unless it is given anew, and a webhook made there gets a secret of its own.
    """
    moves = bool(change.new_url) and not may_have_keys_of(change.new_url, found.shop.url)
    old = found.secrets
    if change.key:
        refuse_closed(found.shop)
    kept = secrets_for_another_site(old) if moves else old
    new = kept
    if change.key is not None or change.secret is not None:
        new = kept.with_rest_key(
            kept.rest_key if change.key is None else change.key,
            kept.rest_secret if change.secret is None else change.secret,
        )
    if new == old:
        return ()
    shops.change_secrets(connection, encryption, found.shop.shop_id, new)
    if not new.has_rest:
        refused_work.try_again(connection, found.shop.shop_id, now=now)  # without it, or left
    return tuple(
        message
        for message, told in (
            (Message("the shop's key was changed"), new.has_rest_key),
            (REST_KEY_WITHHELD, moves and old.has_rest_key and not new.has_rest_key),
            (Message("the shop's key was taken away"), not moves and not new.has_rest_key),
            (Message("the secret that the shop signs with was replaced"), moves),
        )
        if told
    )


# Whoever changes the address may not be whoever typed the key.
REST_KEY_WITHHELD = Message(
    "the shop's key was taken away, as it was given for another address: connect the shop again"
)


def secrets_for_another_site(secrets: Secrets) -> Secrets:
    """*secrets* without those that would be sent there; the webhook secret from before still verifies what it signed."""
    webhook_secrets = (shops.new_webhook_secret(), *secrets.webhook_secrets[:1])
    return replace(
        secrets, webhook_secrets=webhook_secrets, rest_key="", rest_secret="", rest_key_withheld=secrets.has_rest
    )


def rotate_webhook_secret(installation: Installation, shop_id: str, *, secret: str = "", by: Actor) -> str:
    """Give the shop a new webhook secret (made here when none is given) and return it: shown once, for copying.

    The one before still verifies until the next time."""
    secret = secret or shops.new_webhook_secret()
    with installation.store.write() as connection:
        refuse_closed(lock_and_get(connection, installation.encryption, shop_id).shop)
        shops.rotate_webhook_secret(connection, installation.encryption, shop_id, secret)
        message = Message(
            "The secret that the shop signs with was replaced; the one before it works until the next time."
        )
        audit_trail.note(connection, shop_id, "secret_rotated", message, by=by)
    return secret


def invite_plugin(connection: Connection, encryption: Encryption, shop_id: str, *, by: Actor) -> tuple[str, datetime]:
    """A code with which the shop's plugin may connect, shown once, and when it expires. Earlier codes of the shop end here."""
    refuse_closed(lock_and_get(connection, encryption, shop_id).shop)
    code = plugins.new_code()
    expires_at = plugins.invite(connection, encryption, shop_id, code, now=by.now)
    audit_trail.note(connection, shop_id, "plugin_invited", Message("A code for the plugin was made."), by=by)
    return code, expires_at


def change_mail_server(installation: Installation, shop_id: str, server: SmtpServer | None, *, by: Actor) -> bool:
    """Send the shop's mail by a server of its own; None: by the operator's. False when it was so already.

    A form that leaves the password empty means the one that is there: pass `with_password`. Raises Rejected for a server
    that would send the password unencrypted. Whether it leads into a private network, and takes mail, the task `test_mail`
    says: each mail checks that again.
    """
    smtp_url = (
        mail_server.check_smtp_url(
            mail_server.format_smtp_url(server), allow_private=installation.settings.allow_private_shops
        )
        if server
        else ""
    )
    return change_smtp_url(installation, shop_id, smtp_url, by=by)


def change_smtp_url(installation: Installation, shop_id: str, smtp_url: str, *, by: Actor) -> bool:
    """Store a mail server's address that was checked; empty: the operator's. False when it was so already."""
    with installation.store.write() as connection:
        secrets = lock_and_get(connection, installation.encryption, shop_id).secrets
        if secrets.smtp_url == smtp_url:
            return False
        shops.change_secrets(connection, installation.encryption, shop_id, replace(secrets, smtp_url=smtp_url))
        message = (
            Message("The shop has a mail server of its own.")
            if smtp_url
            else Message("The operator's mail server is used.")
        )
        audit_trail.note(connection, shop_id, "settings_changed", message, by=by)
    return True


def mail_server_of(secrets: Secrets) -> SmtpServer | None:
    """The shop's own mail server, to show in a form (never its password); None where the operator's is used."""
    return mail_server.parse_smtp_url(secrets.smtp_url) if secrets.smtp_url else None


def with_password(server: SmtpServer, secrets: Secrets) -> SmtpServer:
    """*server* with the password that is stored, where none was typed and user and host are the same."""
    stored = mail_server_of(secrets)
    same = stored is not None and (stored.host, stored.username) == (server.host, server.username)
    return replace(server, password=stored.password) if stored and same and not server.password else server


def refuse_closed(shop: Shop) -> None:
    """Nothing lets a shop in again that left: its orders would come in, and never be treated."""
    if shop.closed:
        raise Rejected("{shop} is closed for good: make a new shop instead.", shop=shop.name, code="shop_closed")


def lock_and_get(connection: Connection, encryption: Encryption, shop_id: str) -> ConnectedShop:
    counters.lock(connection, shop_id)
    return shops.get(connection, encryption, shop_id)
