"""Mails about accounts and addresses that wait to leave by the operator's server; each is a row until it left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.store.database.rows import read_row
from worker.store.database.tables import account_mails

# After so long nobody waits for it any more.
KEPT_FOR = timedelta(days=1)
LONGEST_WAIT = timedelta(hours=1)
MOST_AT_ONCE = 20


class MailKind(StrEnum):
    """What is told, and in `argument` what it needs."""

    INVITATION = "invitation"  # shop_id, role, by
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a kind of mail
    PASSWORD_RESET = "password_reset"  # noqa: S105  # likewise
    PASSWORD_LOST = "password_lost"  # noqa: S105  # likewise; perhaps for nobody: who it is for is looked up when it leaves
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SENDER_PROOF = "sender_proof"  # shop_id


@dataclass(frozen=True)
class AccountMail:
    """*argument* holds no secret: a link is made when the mail leaves. *language* is that of who reads it."""

    mail_id: int
    kind: MailKind
    email: str
    language: str
    argument: Mapping[str, str]
    attempts: int


def plan(connection: Connection, kind: MailKind, email: str, *, language: str, now: datetime, **argument: str) -> None:
    """Have a mail sent, once what is being done is committed."""
    connection.execute(
        insert(account_mails).values(
            kind=kind, email=email, language=language, argument=json.dumps(argument), created_at=now, next_at=now
        )
    )


def is_any_due(connection: Connection, *, now: datetime) -> bool:
    """Whether one is to be sent now, or is too old for it."""
    query = select(account_mails.c.mail_id).where(or_(account_mails.c.next_at <= now, is_old(now))).limit(1)
    return connection.execute(query).first() is not None


def due(connection: Connection, *, now: datetime) -> tuple[AccountMail, ...]:
    """Those to be sent now; deletes those that are too old for it."""
    connection.execute(delete(account_mails).where(is_old(now)))
    query = (
        select(account_mails)
        .where(account_mails.c.next_at <= now)
        .order_by(account_mails.c.next_at)
        .limit(MOST_AT_ONCE)
    )
    return tuple(map(as_mail, connection.execute(query)))


def is_old(now: datetime) -> ColumnElement[bool]:
    return account_mails.c.created_at < now - KEPT_FOR


def as_mail(row: Row[Any]) -> AccountMail:
    return read_row(AccountMail, row, kind=MailKind(row.kind), argument=json.loads(row.argument))


def is_waiting(connection: Connection, kind: MailKind, email: str, *, shop_id: str) -> bool:
    """Whether one of the shop's own waits: what another shop asks for the same address is nothing to it."""
    return any(mail.email == email for mail in waiting(connection, kind, shop_id=shop_id))


def waiting(connection: Connection, kind: MailKind, *, shop_id: str) -> tuple[AccountMail, ...]:
    """Those of a shop that have not left yet."""
    rows = connection.execute(
        select(account_mails).where(account_mails.c.kind == kind).order_by(account_mails.c.mail_id)
    )
    return tuple(mail for mail in map(as_mail, rows) if mail.argument.get("shop_id") == shop_id)


def done(connection: Connection, mail: AccountMail) -> None:
    connection.execute(delete(account_mails).where(account_mails.c.mail_id == mail.mail_id))


def try_later(connection: Connection, mail: AccountMail, *, now: datetime) -> None:
    """Doubling, from ten seconds to an hour."""
    wait = min(timedelta(seconds=10 * 2 ** min(mail.attempts, 10)), LONGEST_WAIT)
    same = update(account_mails).where(account_mails.c.mail_id == mail.mail_id)
    connection.execute(same.values(attempts=mail.attempts + 1, next_at=now + wait))
