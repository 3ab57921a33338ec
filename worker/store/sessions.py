"""Signing in: sessions, one-time links, and how often somebody tried. Of tokens only hashes are stored."""

import hashlib
import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from worker.domain.actor import Actor
from worker.store.database.rows import insert_into, read_row
from worker.store.database.tables import one_time_links, rate_limits, sessions, users
from worker.store.users import Role, User, as_user

LIFETIME = timedelta(days=14)
IDLE = timedelta(hours=24)
# Storing each page view would make every read a write.
SEEN_EVERY = timedelta(minutes=5)
LINK_LIFETIMES = {"setup": timedelta(days=1), "invite": timedelta(days=7), "password": timedelta(hours=2)}


@dataclass(frozen=True)
class Session:
    """One browser in which somebody is signed in."""

    token_hash: str
    user_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str


@dataclass(frozen=True)
class OneTimeLink:
    """A one-time link: to set Facturelay up, to join a shop, or to choose a new password."""

    token_hash: str
    purpose: str
    email: str
    shop_id: str | None
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None

    @property
    def is_asked_by_mail(self) -> bool:
        """Whether its owner asked for it himself: then it proves that he reads his mail, and nothing more."""
        return self.purpose == "password" and self.created_by == self.email

    def is_valid(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def begin(connection: Connection, user_id: int, *, agent: str, now: datetime) -> str:
    """Open a session and return its token, which is stored nowhere but in the browser."""
    token = random.token_urlsafe(32)
    connection.execute(
        insert(sessions).values(
            token_hash=hash_token(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME,
            agent=agent[:200],
        )
    )
    connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    return token


def user_of(connection: Connection, token: str, *, now: datetime) -> tuple[User, Session] | None:
    """Who holds *token*; None where the session ended, was idle too long, or its user may not sign in any more."""
    row = connection.execute(
        select(users, sessions.c.token_hash, sessions.c.created_at.label("begun_at"), sessions.c.seen_at)
        .add_columns(sessions.c.expires_at, sessions.c.agent)
        .join(sessions, sessions.c.user_id == users.c.user_id)
        .where(sessions.c.token_hash == hash_token(token))
    ).one_or_none()
    if row is None or row.suspended_at is not None or now >= row.expires_at or now >= row.seen_at + IDLE:
        return None
    session = Session(row.token_hash, row.user_id, row.begun_at, row.seen_at, row.expires_at, row.agent)
    return as_user(row), session


def record_use(connection: Connection, session: Session, *, now: datetime) -> None:
    """Write down that a session is still used."""
    connection.execute(update(sessions).where(sessions.c.token_hash == session.token_hash).values(seen_at=now))


def end(connection: Connection, token: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.token_hash == hash_token(token)))


def end_all(connection: Connection, user_id: int, *, but: str = "") -> int:
    """End every session of a user except the one whose token hashes to *but*. Returns how many ended."""
    gone = delete(sessions).where(sessions.c.user_id == user_id, sessions.c.token_hash != but)
    return connection.execute(gone).rowcount


def sessions_of(connection: Connection, user_id: int) -> tuple[Session, ...]:
    """Where a user is signed in, the last used first."""
    rows = connection.execute(select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.seen_at.desc()))
    return tuple(read_row(Session, row) for row in rows)


@dataclass(frozen=True)
class NewLink:
    """For what (`setup`, `invite`, `password`), for whom, and into which shop; None: into all."""

    purpose: str
    email: str
    role: Role
    shop_id: str | None = None
    lifetime: timedelta | None = None  # None: what is usual for it


def create_link(connection: Connection, new: NewLink, *, by: Actor) -> str:
    """Make a one-time link's token; an earlier one for the same purpose, person and shop ends here."""
    purpose, shop_id, email = new.purpose, new.shop_id, new.email.strip().lower()
    same = (one_time_links.c.purpose == purpose, one_time_links.c.email == email, one_time_links.c.used_at.is_(None))
    connection.execute(delete(one_time_links).where(*same, one_time_links.c.shop_id == shop_id))
    token = random.token_urlsafe(32)
    connection.execute(
        insert(one_time_links).values(
            token_hash=hash_token(token),
            purpose=purpose,
            email=email,
            shop_id=shop_id,
            role=new.role,
            created_by=by.name,
            created_at=by.now,
            expires_at=by.now + (new.lifetime or LINK_LIFETIMES[purpose]),
        )
    )
    return token


def find_link(connection: Connection, token: str, purpose: str) -> OneTimeLink | None:
    row = connection.execute(
        select(one_time_links).where(
            one_time_links.c.token_hash == hash_token(token), one_time_links.c.purpose == purpose
        )
    ).one_or_none()
    return as_link(row) if row is not None else None


def use_link(connection: Connection, link: OneTimeLink, *, now: datetime) -> bool:
    """Take a link; False when somebody else was quicker."""
    taken = update(one_time_links).where(
        one_time_links.c.token_hash == link.token_hash, one_time_links.c.used_at.is_(None)
    )
    return bool(connection.execute(taken.values(used_at=now)).rowcount)


def open_invites(connection: Connection, *, shop_id: str | None, now: datetime) -> tuple[OneTimeLink, ...]:
    """Invitations that nobody has used yet, of one shop or of none."""
    return _open_invites(connection, one_time_links.c.shop_id == shop_id, now=now)


def every_open_invite(connection: Connection, *, now: datetime) -> tuple[OneTimeLink, ...]:
    """Invitations that nobody has used yet, of any shop and of none, by mail address."""
    return _open_invites(connection, now=now)


def _open_invites(connection: Connection, *of: ColumnElement[bool], now: datetime) -> tuple[OneTimeLink, ...]:
    waiting = (one_time_links.c.used_at.is_(None), one_time_links.c.expires_at > now)
    found = select(one_time_links).where(*of, one_time_links.c.purpose == "invite", *waiting)
    return tuple(as_link(row) for row in connection.execute(found.order_by(one_time_links.c.email)))


def withdraw_link(connection: Connection, token_hash: str, *, shop_id: str | None) -> str | None:
    """End a link before it is used. Returns whom it was for; None where there is none like that."""
    gone = delete(one_time_links).where(
        one_time_links.c.token_hash == token_hash,
        one_time_links.c.shop_id == shop_id,
        one_time_links.c.used_at.is_(None),
    )
    email: str | None = connection.execute(gone.returning(one_time_links.c.email)).scalar()
    return email


def count_attempt(connection: Connection, name: str, *, within: timedelta, now: datetime) -> int:
    """Count one more try under *name* and return how many there were; the count begins again *within* a time after the first."""
    # Of everybody: whoever makes up names is not to fill the table.
    connection.execute(delete(rate_limits).where(rate_limits.c.began_at < now - within))
    statement = insert_into(connection, rate_limits).values(name=name, began_at=now, times=1)
    counted = statement.on_conflict_do_update(index_elements=["name"], set_={"times": rate_limits.c.times + 1})
    return int(connection.execute(counted.returning(rate_limits.c.times)).scalar_one())


def reset_attempts(connection: Connection, *names: str) -> None:
    """Somebody got in: what was tried before does not count against him."""
    connection.execute(delete(rate_limits).where(rate_limits.c.name.in_(names)))


def as_link(row: Row[Any]) -> OneTimeLink:
    return read_row(OneTimeLink, row, role=Role(row.role))
