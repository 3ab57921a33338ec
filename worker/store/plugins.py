"""Invites and plugins: with which code a shop's plugin may connect, and what we know of it since."""

import hashlib
import json
import secrets as random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from worker.domain.document import Document
from worker.domain.other_invoices import OtherInvoices, from_report
from worker.domain.shop import Shop
from worker.domain.shop_facts import ShopFacts
from worker.domain.step import MAIL
from worker.message import NO_MESSAGE, Message
from worker.net.request_signature import TOLERANCE_S
from worker.net.site_address import admin_address
from worker.store import steps
from worker.store.database import json_codec
from worker.store.database.encryption import Encryption
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import insert_into, read_row
from worker.store.database.tables import documents, invites, jobs, plugin_nonces, plugins
from worker.store.documents import as_document

# No letter or digit that looks like another one.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20
INVITE_LIFETIME = timedelta(days=7)
# The scheduler syncs every two minutes.
RESPONSE_WITHIN = timedelta(minutes=6)
# A clock may be off by TOLERANCE_S either way, so a request is fresh for twice as long at most.
NONCES_KEPT_FOR = timedelta(seconds=3 * TOLERANCE_S)
# The shop may have missed that our mail left, and is told so again for this long.
MAILED_WITHIN = timedelta(hours=1)
# Its last heartbeat counts for ten minutes, and what it held then it lets go of after ten, or a taken mail after 25.
MAY_HOLD_FOR = timedelta(minutes=40)
# Made once: a statement costs more to build than to run.
OF_SHOP = made_once(select(plugins).where(*given(plugins.c.shop_id)))


@dataclass(frozen=True)
class Invite:
    """Permission to connect one shop, once. Both sides sign with *signing_key*, which follows from the code."""

    code_hash: str
    shop_id: str
    signing_key: str = field(repr=False)
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Plugin:
    """A shop's plugin. *last_response_at*: when it last answered a call of ours; *synced_document_id* is the last document it knows."""

    plugin_id: int
    shop_id: str
    secret: str = field(repr=False)
    site: str
    version: str
    heartbeat_at: datetime | None
    check_state: str
    check_code: str
    check_message: Message
    last_response_at: datetime | None
    synced_document_id: int
    facts: ShopFacts = ShopFacts()

    def may_hold_mail(self, now: datetime) -> bool:
        """Whether the shop may hold mails for us: only while we can tell it what became of them."""
        return self.last_response_at is not None and now - self.last_response_at <= RESPONSE_WITHIN

    def must_ask_about_mail(self, now: datetime) -> bool:
        """Whether the shop may be holding a mail that ours would be the second of, even if it stopped answering meanwhile."""
        return self.last_response_at is not None and now - self.last_response_at <= MAY_HOLD_FOR


def new_code() -> str:
    """A code as a person reads it out: ABCDE-FGHJK-…"""
    letters = "".join(random.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(letters[at : at + 5] for at in range(0, CODE_LENGTH, 5))


def code_hash(code: str) -> str:
    return derive(code, "find")


def signing_key(code: str) -> str:
    return derive(code, "sign")


def derive(code: str, purpose: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(f"facturelay.invite.v1:{purpose}:{letters}".encode()).hexdigest()


def invite(connection: Connection, encryption: Encryption, shop_id: str, code: str, *, now: datetime) -> datetime:
    """Let the plugin of *shop_id* connect with *code*; earlier codes of the shop end here. Returns when it expires."""
    connection.execute(delete(invites).where(invites.c.shop_id == shop_id, invites.c.used_at.is_(None)))
    expires_at = now + INVITE_LIFETIME
    connection.execute(
        insert(invites).values(
            code_hash=code_hash(code),
            shop_id=shop_id,
            signing_key=encryption.encrypt(signing_key(code)),
            created_at=now,
            expires_at=expires_at,
        )
    )
    return expires_at


def find_invite(connection: Connection, encryption: Encryption, hashed: str) -> Invite | None:
    row = connection.execute(select(invites).where(invites.c.code_hash == hashed)).one_or_none()
    if row is None:
        return None
    return Invite(row.code_hash, row.shop_id, encryption.decrypt(row.signing_key), row.expires_at, row.used_at)


def use_invite(connection: Connection, hashed: str, *, now: datetime) -> bool:
    """Take the invite; False when somebody else was quicker."""
    taken = update(invites).where(invites.c.code_hash == hashed, invites.c.used_at.is_(None)).values(used_at=now)
    return bool(connection.execute(taken).rowcount)


@dataclass(frozen=True)
class NewPlugin:
    """A plugin that just connected: the secret agreed on, its shop's address, its version, and what the shop said of itself."""

    shop_id: str
    secret: str = field(repr=False)
    site: str
    version: str
    facts: ShopFacts = ShopFacts()


@dataclass(frozen=True)
class PluginCheck:
    """What came of checking a plugin: *state* is `waiting`, `done` or `failed`, the rest says why."""

    state: str
    code: str = ""
    message: Message = NO_MESSAGE


def connect(connection: Connection, encryption: Encryption, new: NewPlugin, *, now: datetime) -> int:
    """Store a plugin that just connected, in place of the shop's earlier one. Returns its id."""
    connection.execute(delete(plugins).where(plugins.c.shop_id == new.shop_id))
    result = connection.execute(
        insert(plugins)
        .values(
            shop_id=new.shop_id,
            secret=encryption.encrypt(new.secret),
            site=new.site,
            version=new.version,
            facts=json_codec.dump(new.facts),
            connected_at=now,
            check_state="waiting",
        )
        .returning(plugins.c.plugin_id)
    )
    return int(result.scalar_one())


def use_nonce(connection: Connection, shop_id: str, nonce: str, *, now: datetime) -> bool:
    """Take the nonce of a request; False when it was used before. Those too old to be taken for fresh are forgotten."""
    connection.execute(delete(plugin_nonces).where(plugin_nonces.c.seen_at < now - NONCES_KEPT_FOR))
    new = (
        insert_into(connection, plugin_nonces)
        .values(shop_id=shop_id, nonce=nonce, seen_at=now)
        .on_conflict_do_nothing()
    )
    return connection.execute(new.returning(plugin_nonces.c.nonce)).first() is not None


def disconnect(connection: Connection, shop_id: str) -> None:
    connection.execute(delete(plugins).where(plugins.c.shop_id == shop_id))


def shut_out(connection: Connection, shop_id: str) -> None:
    """No plugin is the shop's any more, and no code lets one in: it would give us keys anew by itself."""
    disconnect(connection, shop_id)
    connection.execute(delete(invites).where(invites.c.shop_id == shop_id))


def of_shop(connection: Connection, encryption: Encryption, shop_id: str) -> Plugin | None:
    row = connection.execute(OF_SHOP, {"shop_id": shop_id}).one_or_none()
    return as_plugin(row, encryption) if row is not None else None


def versions(connection: Connection) -> tuple[tuple[str, str, datetime | None], ...]:
    """Shop, version and last heartbeat of every plugin."""
    rows = connection.execute(
        select(plugins.c.shop_id, plugins.c.version, plugins.c.heartbeat_at).order_by(plugins.c.plugin_id)
    )
    return tuple((row.shop_id, row.version, row.heartbeat_at) for row in rows)


def find(connection: Connection, encryption: Encryption, plugin_id: int) -> Plugin | None:
    row = connection.execute(select(plugins).where(plugins.c.plugin_id == plugin_id)).one_or_none()
    return as_plugin(row, encryption) if row is not None else None


def record_heartbeat(
    connection: Connection, plugin_id: int, *, version: str, report: dict[str, object], now: datetime
) -> None:
    connection.execute(
        update(plugins)
        .where(plugins.c.plugin_id == plugin_id)
        .values(heartbeat_at=now, version=version, last_report=json.dumps(report))
    )


def move(connection: Connection, plugin_id: int, site: str, *, now: datetime) -> None:
    """The plugin is called at *site* from now on. It just spoke from there: it is asked which mails the shop sent meanwhile before ours
    leave, however long the shop was nowhere.
    """
    values = {"site": site, "last_response_at": now}
    connection.execute(update(plugins).where(plugins.c.plugin_id == plugin_id).values(values))


def other_invoices(connection: Connection, shop_id: str) -> tuple[OtherInvoices, datetime | None]:
    """What the shop's plugin told of other plugins that make invoices, and when; nothing where there is no plugin."""
    report, told_at = last_report(connection, shop_id)
    return from_report(report.get("others")), told_at


def admin_of(connection: Connection, shop: Shop) -> str:
    """Where *shop* is administered, ending in /."""
    report, _told_at = last_report(connection, shop.shop_id)
    return admin_address(report.get("admin"), shop.url)


def last_report(connection: Connection, shop_id: str) -> tuple[Mapping[str, Any], datetime | None]:
    """What the last heartbeat of the shop's plugin said, and when; nothing where there is no plugin."""
    told = select(plugins.c.last_report, plugins.c.heartbeat_at).where(plugins.c.shop_id == shop_id)
    row = connection.execute(told).one_or_none()
    return (json.loads(row.last_report), row.heartbeat_at) if row else ({}, None)


def record_check(connection: Connection, plugin_id: int, check: PluginCheck, *, now: datetime) -> None:
    connection.execute(
        update(plugins)
        .where(plugins.c.plugin_id == plugin_id)
        .values(check_state=check.state, check_code=check.code, check_message=check.message, checked_at=now)
    )


def request_check(connection: Connection, plugin_id: int) -> None:
    connection.execute(update(plugins).where(plugins.c.plugin_id == plugin_id).values(check_state="waiting"))


def record_response(connection: Connection, plugin_id: int, at: datetime) -> None:
    connection.execute(update(plugins).where(plugins.c.plugin_id == plugin_id).values(last_response_at=at))


def switch_off(connection: Connection, plugin: Plugin, *, now: datetime) -> None:
    """It holds no mail until it answers again: what waits to ask it about a mail is mailed now."""
    connection.execute(update(plugins).where(plugins.c.plugin_id == plugin.plugin_id).values(last_response_at=None))
    steps.wake_all(connection, plugin.shop_id, MAIL, now=now)


def groups_being_mailed(connection: Connection, shop_id: str, mail_groups: Collection[str]) -> tuple[str, ...]:
    """Those of *mail_groups* whose mail left or will leave by us."""
    ours = ("waiting", "running", "done")
    found = connection.execute(
        select(jobs.c.group_id)
        .where(jobs.c.shop_id == shop_id, steps.IS_STEP, jobs.c.name == MAIL, jobs.c.state.in_(ours))
        .where(jobs.c.group_id.in_(mail_groups))
        .distinct()
        .order_by(jobs.c.group_id)
    )
    return tuple(found.scalars())


def mark_synced(connection: Connection, plugin_id: int, document_id: int) -> None:
    """The shop knows every document up to *document_id*."""
    connection.execute(
        update(plugins)
        .where(plugins.c.plugin_id == plugin_id, plugins.c.synced_document_id < document_id)
        .values(synced_document_id=document_id)
    )


def unsynced(connection: Connection, plugin: Plugin, *, limit: int) -> tuple[Document, ...]:
    """The oldest documents that the shop does not know yet."""
    rows = connection.execute(
        select(documents)
        .where(documents.c.shop_id == plugin.shop_id, documents.c.document_id > plugin.synced_document_id)
        .order_by(documents.c.document_id)
        .limit(limit)
    )
    return tuple(as_document(row) for row in rows)


def mailed_since(connection: Connection, shop_id: str, since: datetime) -> tuple[str, ...]:
    """The mail groups of mails that left since then: the shop may have missed that they did."""
    found = connection.execute(
        select(jobs.c.group_id)
        .where(jobs.c.shop_id == shop_id, *steps.was_mailed(since))
        .distinct()
        .order_by(jobs.c.group_id)
    )
    return tuple(found.scalars())


def as_plugin(row: Row[Any], encryption: Encryption) -> Plugin:
    return read_row(Plugin, row, secret=encryption.decrypt(row.secret), facts=json_codec.load(ShopFacts, row.facts))
