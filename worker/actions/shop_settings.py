"""Storing what a person changed about a shop: under its lock, with a trail that tells from what to what. For pages and commands.

Everything here may be called by the bridge. *by* is the person's name as the trail shows it. What is wrong is told as
`Rejected`, or as `settling.WrongSettings` by field; then nothing was stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce

from sqlalchemy import Connection

from worker.actions import go_live as going_live
from worker.actions.go_live import ReadinessCheck
from worker.domain import settings_form
from worker.domain import texts as wording
from worker.domain.document import Kind
from worker.domain.numbering import apply_series_settings
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import DEFAULT_RULES, Shop
from worker.errors import Rejected
from worker.net import smtp_url as mail_server
from worker.net.smtp_url import SmtpServer
from worker.store import audit_trail, counters, shops
from worker.store.audit_trail import AuditEntry
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.shops import ConnectedShop, Secrets


def create_shop(
    store: Store, encryption: Encryption, *, name: str, url: str, allow_private: bool, by: str, now: datetime
) -> tuple[Shop, str]:
    """Make a shop in test, and return it with the secret of its webhooks: shown once, for copying. *allow_private* is the
    operator's setting. Raises WrongSettings for “name” or “url”."""
    shop = Shop(shop_id=shops.new_shop_id(), name="new", url="", orders_since=now, rules=DEFAULT_RULES, test=True)
    shop = with_url(settings_form.apply_settings(shop, {"name": name}), url, allow_private=allow_private)
    secret = shops.new_webhook_secret()
    with store.write() as connection:
        shop = shops.add(connection, encryption, shop, Secrets((secret,)), now=now)
        audit_trail.add(connection, AuditEntry(shop.shop_id, now, by, "shop_created", f"{shop.name} was made."))
    return shop, secret


def change_url(
    store: Store, encryption: Encryption, shop_id: str, url: str, *, allow_private: bool, by: str, now: datetime
) -> Shop:
    """Store another address of the shop. The errand `check_connection` says whether it answers there."""
    return update_shop(
        store, encryption, shop_id, lambda shop: with_url(shop, url, allow_private=allow_private), by=by, now=now
    )


def with_url(shop: Shop, url: str, *, allow_private: bool) -> Shop:
    try:
        return replace(shop, url=settings_form.read_shop_url(url.strip(), allow_private=allow_private))
    except ValueError as error:
        raise settings_form.WrongSettings({"url": str(error)}) from error


def update_shop(
    store: Store, encryption: Encryption, shop_id: str, transform: Callable[[Shop], Shop], *, by: str, now: datetime
) -> Shop:
    """Store what *how* makes of a shop's settings, and write on its trail what changed. What *how* raises goes through."""
    with store.write() as connection:
        counters.lock(connection, shop_id)  # one at a time: each writes all settings
        before = shops.get(connection, encryption, shop_id).shop
        after = transform(before)
        save(connection, before, after, by=by, now=now)
    return after


def save(connection: Connection, before: Shop, after: Shop, *, by: str, now: datetime) -> tuple[str, ...]:
    """Store *after* in place of *before*, with what changed on the trail; returns that. Call under the shop's lock."""
    changed = tuple(shortened(message) for message in describe_changes(before, after))
    if changed:
        shops.change(connection, after)
        record(connection, after.shop_id, changed, by=by, now=now)
    return changed


def record(connection: Connection, shop_id: str, changed: tuple[str, ...], *, by: str, now: datetime) -> None:
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "settings_changed", "; ".join(changed) + "."))


def change_settings(
    store: Store, encryption: Encryption, shop_id: str, given: Mapping[str, str], *, by: str, now: datetime
) -> Shop:
    """Store settings given as text, by the names of `domain.settling.FIELDS`; what is not named stays.

    Raises WrongSettings with a sentence for each wrong field. A page shows the fields with `domain.settling.shown`.
    """
    return update_shop(
        store, encryption, shop_id, lambda shop: settings_form.apply_settings(shop, given), by=by, now=now
    )


def change_texts(
    store: Store, encryption: Encryption, shop_id: str, texts: Mapping[str, str | None], *, by: str, now: datetime
) -> Shop:
    """Write texts by key or pattern (`mail.body/invoice/*/nl`); None goes back to the default, "" prints nothing.

    Raises WrongSettings by the given key, as `wording.with_text` and `wording.keys` say it.
    """
    return update_shop(store, encryption, shop_id, lambda shop: with_texts(shop, texts), by=by, now=now)


def with_texts(shop: Shop, texts: Mapping[str, str | None]) -> Shop:
    """*shop* with its own words as `change_texts` takes them; nothing is stored."""
    wrong: dict[str, str] = {}
    for pattern, text in texts.items():
        try:
            keys = wording.matching_keys(pattern)
            if text is None:
                shop = reduce(wording.without_text, keys, shop)
            else:
                for key in keys:
                    shop = wording.with_text(shop, key, text)
        except ValueError as error:
            wrong[pattern] = str(error)
    if wrong:
        raise settings_form.WrongSettings(wrong)
    return shop


# Numbers


def change_numbers(
    store: Store,
    encryption: Encryption,
    shop_id: str,
    *,
    names: Mapping[Kind, str] | None = None,
    patterns: Mapping[Kind, str] | None = None,
    yearly: Mapping[Kind, bool] | None = None,
    continue_after: Mapping[Kind, int] | None = None,
    by: str,
    now: datetime,
) -> Shop:
    """Store how documents are numbered: the series a kind counts in, its pattern, whether it starts anew each year, and
    the last number given elsewhere. Give only what a person changed. Raises Rejected with a sentence."""
    with store.write() as connection:
        counters.lock(connection, shop_id)
        before = shops.get(connection, encryption, shop_id).shop
        after = with_numbering(
            connection,
            before,
            names=names or {},
            patterns=patterns or {},
            yearly=yearly or {},
            continue_after=continue_after or {},
            now=now,
        )
        save(connection, before, after, by=by, now=now)
    return after


def with_numbering(
    connection: Connection,
    shop: Shop,
    *,
    names: Mapping[Kind, str],
    patterns: Mapping[Kind, str],
    yearly: Mapping[Kind, bool],
    continue_after: Mapping[Kind, int],
    now: datetime,
) -> Shop:
    """*shop* with other numbers; its counters are set in this transaction, the shop itself is not stored yet."""
    if not (names or patterns or yearly or continue_after):
        return shop
    try:
        wanted = apply_series_settings(shop.series, names=names, patterns=patterns, yearly=yearly)
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    today = now.astimezone(shop.zoneinfo).date()
    return counters.change_series(connection, shop, wanted, continue_after=continue_after, today=today)


def parse_last_number(text: str) -> int:
    """The number to continue after, as typed. Raises ValueError with a sentence."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"“{text}” is not a number to continue after; write it like invoice=115")
    return int(text)


# Secrets: the trail learns that they changed, and nothing else


def change_rest_key(
    store: Store, encryption: Encryption, shop_id: str, *, rest_key: str, rest_secret: str, by: str, now: datetime
) -> None:
    """Store the WooCommerce REST key (`ck_…`) and its secret (`cs_…`); empty takes them away. The errand
    `check_connection` says whether they work."""
    rest_key, rest_secret = rest_key.strip(), rest_secret.strip()
    if bool(rest_key) != bool(rest_secret):
        raise Rejected("The REST key has two parts: consumer key (ck_…) and secret (cs_…).", code="rest_key_half")
    with store.write() as connection:
        found = lock_and_get(connection, encryption, shop_id)
        changed = store_rest_key(connection, encryption, found, rest_key=rest_key, rest_secret=rest_secret)
        if changed:
            record(connection, shop_id, changed, by=by, now=now)


def store_rest_key(
    connection: Connection,
    encryption: Encryption,
    found: ConnectedShop,
    *,
    rest_key: str | None,
    rest_secret: str | None,
) -> tuple[str, ...]:
    """Store a new REST key where one was given; what the trail may know of it. Call under the shop's lock."""
    old = found.secrets
    new = replace(
        old,
        rest_key=old.rest_key if rest_key is None else rest_key,
        rest_secret=old.rest_secret if rest_secret is None else rest_secret,
    )
    if new == old:
        return ()
    shops.change_secrets(connection, encryption, found.shop.shop_id, new)
    return ("the REST key was changed" if new.has_rest else "the REST key was taken away",)


def rotate_webhook_secret(
    store: Store, encryption: Encryption, shop_id: str, *, secret: str = "", by: str, now: datetime
) -> str:
    """Give the shop a new webhook secret (made here when none is given) and return it: shown once, for copying.

    The one before still verifies until the next time."""
    secret = secret or shops.new_webhook_secret()
    with store.write() as connection:
        lock_and_get(connection, encryption, shop_id)
        shops.rotate_webhook_secret(connection, encryption, shop_id, secret)
        message = "The webhook secret was replaced; the one before it works until the next time."
        audit_trail.add(connection, AuditEntry(shop_id, now, by, "secret_rotated", message))
    return secret


def change_mail_server(
    store: Store,
    encryption: Encryption,
    shop_id: str,
    server: SmtpServer | None,
    *,
    allow_private: bool,
    by: str,
    now: datetime,
) -> bool:
    """Let the shop's mail leave by a server of its own; None: by the operator's. False when it was so already.

    A form that leaves the password empty means the one that is there: pass `with_password`. Raises Rejected for a server
    that would tell the password to all. Whether it leads into a private network, and takes mail, the errand `test_mail`
    says: each mail checks that anew.
    """
    smtp_url = (
        mail_server.check_smtp_url(mail_server.format_smtp_url(server), allow_private=allow_private) if server else ""
    )
    return change_smtp_url(store, encryption, shop_id, smtp_url, by=by, now=now)


def change_smtp_url(
    store: Store, encryption: Encryption, shop_id: str, smtp_url: str, *, by: str, now: datetime
) -> bool:
    """Store a mail server's address that was checked; empty: the operator's. False when it was so already."""
    with store.write() as connection:
        secrets = lock_and_get(connection, encryption, shop_id).secrets
        if secrets.smtp_url == smtp_url:
            return False
        shops.change_secrets(connection, encryption, shop_id, replace(secrets, smtp_url=smtp_url))
        message = "The shop has a mail server of its own." if smtp_url else "The operator's mail server is used."
        audit_trail.add(connection, AuditEntry(shop_id, now, by, "settings_changed", message))
    return True


def mail_server_of(secrets: Secrets) -> SmtpServer | None:
    """The shop's own mail server, to show in a form (never its password); None where the operator's is used."""
    return mail_server.parse_smtp_url(secrets.smtp_url) if secrets.smtp_url else None


def with_password(server: SmtpServer, secrets: Secrets) -> SmtpServer:
    """*server* with the password that is stored, where none was typed and user and host are the same."""
    stored = mail_server_of(secrets)
    same = stored is not None and (stored.host, stored.username) == (server.host, server.username)
    return replace(server, password=stored.password) if stored and same and not server.password else server


# Pause, test and live


def suspend(store: Store, encryption: Encryption, shop_id: str, *, suspended: bool, by: str, now: datetime) -> Shop:
    """Pause a shop, or let it go on: while it is paused its orders wait, and nothing is lost."""
    return update_shop(store, encryption, shop_id, lambda shop: replace(shop, suspended=suspended), by=by, now=now)


def back_to_test(store: Store, encryption: Encryption, shop_id: str, *, by: str, now: datetime) -> Shop:
    return update_shop(store, encryption, shop_id, lambda shop: replace(shop, test=True), by=by, now=now)


def go_live(
    store: Store,
    encryption: Encryption,
    shop_id: str,
    *,
    smtp_url: str,
    mail_from: str,
    since: datetime | None = None,
    by: str,
    now: datetime,
) -> tuple[Shop, tuple[ReadinessCheck, ...]]:
    """Begin with real documents. *since*: an earlier beginning that a person chose; orders placed before it make none.

    *smtp_url* and *mail_from* are the operator's settings of those names. Raises Rejected with the first thing that is
    needed and missing; `store.going_live.checklist` shows all of them before.
    """
    with store.write() as connection:
        counters.lock(connection, shop_id)
        before = shops.get(connection, encryption, shop_id).shop
        checks = going_live.checklist(connection, before, smtp_url=smtp_url, mail_from=mail_from, now=now)
        if not before.test:
            return before, checks
        begins = before if since is None else replace(before, orders_since=since)
        after = going_live.make_live(begins, checks, since=since or now)
        save(connection, before, after, by=by, now=now)
    return after, checks


def lock_and_get(connection: Connection, encryption: Encryption, shop_id: str) -> ConnectedShop:
    counters.lock(connection, shop_id)
    return shops.get(connection, encryption, shop_id)


def shortened(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
