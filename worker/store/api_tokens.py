"""Tokens for the API: one shop and a few scopes each. The token itself is shown once; only its SHA-256 is stored."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.store.database.rows import read_row
from worker.store.database.tables import api_tokens

PREFIX = "fr_"
MOST_TOKENS = 50
LONGEST_NAME = 80
# When a token was last used is worth a write now and then, not one for each request.
USE_RECORDED_EVERY = timedelta(minutes=5)


class Scope(StrEnum):
    DOCUMENTS_READ = "documents:read"
    ORDERS_READ = "orders:read"
    FILES_READ = "files:read"
    WEBHOOKS_WRITE = "webhooks:write"
    PAYMENTS_WRITE = "payments:write"
    REMINDERS_WRITE = "reminders:write"
    DOCUMENTS_WRITE = "documents:write"
    NOTIFICATIONS_WRITE = "notifications:write"


@dataclass(frozen=True)
class ApiToken:
    """A token without its secret. Revoked ones stay in the list."""

    token_id: int
    shop_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    used_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: Connection, *, shop_id: str, name: str, scopes: Collection[Scope], by: Actor
) -> tuple[ApiToken, str]:
    """A new token, and its secret: shown once, stored nowhere. Raises Rejected for a wrong name or no scope."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Rejected("Give the token a name of at most {most} letters.", most=LONGEST_NAME, code="token_name")
    if not scopes:
        raise Rejected("Choose at least one thing that the token may do.", code="token_scopes")
    if sum(token.revoked_at is None for token in of_shop(connection, shop_id)) >= MOST_TOKENS:
        raise Rejected("A shop has at most {most} tokens; revoke one first.", most=MOST_TOKENS, code="tokens_many")
    secret = PREFIX + secrets.token_urlsafe(32)
    new = insert(api_tokens).values(
        shop_id=shop_id,
        name=name,
        token_hash=hash_token(secret),
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        created_at=by.now,
        created_by=by.name,
    )
    row = connection.execute(new.returning(*COLUMNS)).one()
    return as_token(row), secret


def find(connection: Connection, secret: str) -> ApiToken | None:
    """The token of *secret*, unless it is revoked. Found by its hash, so the time reveals nothing about others."""
    found = select(*COLUMNS).where(api_tokens.c.token_hash == hash_token(secret), api_tokens.c.revoked_at.is_(None))
    row = connection.execute(found).one_or_none()
    return as_token(row) if row else None


def of_shop(connection: Connection, shop_id: str) -> tuple[ApiToken, ...]:
    """All tokens of a shop, oldest first."""
    rows = connection.execute(select(*COLUMNS).where(api_tokens.c.shop_id == shop_id).order_by(api_tokens.c.token_id))
    return tuple(as_token(row) for row in rows)


def revoke(connection: Connection, shop_id: str, token_id: int, *, now: datetime) -> bool:
    """End a token for good; False when this shop has no such token, or it was revoked already."""
    mine = (api_tokens.c.shop_id == shop_id, api_tokens.c.token_id == token_id, api_tokens.c.revoked_at.is_(None))
    return bool(connection.execute(update(api_tokens).where(*mine).values(revoked_at=now)).rowcount)


def revoke_all(connection: Connection, shop_id: str, *, now: datetime) -> int:
    """End all tokens of a shop that leaves."""
    mine = (api_tokens.c.shop_id == shop_id, api_tokens.c.revoked_at.is_(None))
    return connection.execute(update(api_tokens).where(*mine).values(revoked_at=now)).rowcount


def use_is_due(token: ApiToken, now: datetime) -> bool:
    return token.used_at is None or now - token.used_at >= USE_RECORDED_EVERY


def record_use(connection: Connection, token: ApiToken, now: datetime) -> None:
    """Store that the token was used now; of several at the same time only the first writes."""
    stale = or_(api_tokens.c.used_at.is_(None), api_tokens.c.used_at <= now - USE_RECORDED_EVERY)
    connection.execute(update(api_tokens).where(api_tokens.c.token_id == token.token_id, stale).values(used_at=now))


def hash_token(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


COLUMNS = tuple(api_tokens.c[name] for name in ApiToken.__dataclass_fields__)


def as_token(row: Row[Any]) -> ApiToken:
    return read_row(ApiToken, row, scopes=tuple(Scope(scope) for scope in row.scopes.split()))
