"""Users: operators see every shop, admins and viewers the shops they belong to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import Row

from worker.store.database.rows import read_row
from worker.store.database.tables import channels, memberships, sessions, shops, users


class Role(StrEnum):
    """What somebody may do: an operator everything, an admin everything in his shops, a viewer read and download."""

    OPERATOR = "operator"
    ADMIN = "admin"
    VIEWER = "viewer"


@dataclass(frozen=True)
class User:
    """*password* is werkzeug's hash; *totp* the encrypted seed of the second factor, empty without one."""

    user_id: int
    email: str
    name: str
    password: str = field(repr=False)
    language: str
    operator: bool
    totp: str = field(repr=False)
    totp_step: int
    recovery: str = field(repr=False)
    created_at: datetime
    signed_in_at: datetime | None
    suspended_at: datetime | None


@dataclass(frozen=True)
class Member:
    """Somebody with a role in one shop."""

    user: User
    role: Role


@dataclass(frozen=True)
class ShopName:
    """A shop as a list or a menu names it."""

    shop_id: str
    name: str
    url: str

    def is_like(self, typed: str) -> bool:
        """Whether its name or address has *typed* in it."""
        return typed.lower() in f"{self.name} {self.url}".lower()


@dataclass(frozen=True)
class NewUser:
    """A user to be; *password* is hashed."""

    email: str
    name: str
    password: str = field(repr=False)
    language: str
    operator: bool


def add(connection: Connection, user: NewUser, *, now: datetime) -> int:
    """Store a new user and return the id. *email* is stored in lower case. Raises IntegrityError for one that is there."""
    new = insert(users).values(**{**vars(user), "email": user.email.lower()}, created_at=now)
    return int(connection.execute(new.returning(users.c.user_id)).scalar_one())


def find(connection: Connection, user_id: int) -> User | None:
    row = connection.execute(select(users).where(users.c.user_id == user_id)).one_or_none()
    return as_user(row) if row is not None else None


def by_email(connection: Connection, email: str) -> User | None:
    row = connection.execute(select(users).where(users.c.email == email.strip().lower())).one_or_none()
    return as_user(row) if row is not None else None


def every(connection: Connection) -> tuple[User, ...]:
    return tuple(as_user(row) for row in connection.execute(select(users).order_by(users.c.email)))


def has_any(connection: Connection) -> bool:
    """Whether anybody can sign in at all; before that there is only the set-up link."""
    return connection.execute(select(users.c.user_id).limit(1)).first() is not None


def other_operators(connection: Connection, user_id: int) -> int:
    """How many operators there are beside this one: the last one may not go."""
    query = (
        select(func.count())
        .select_from(users)
        .where(users.c.operator.is_(True), users.c.suspended_at.is_(None), users.c.user_id != user_id)
    )
    return int(connection.execute(query).scalar_one())


def change(connection: Connection, user_id: int, **values: object) -> None:
    """Set columns of a user: name, language, password, totp, totp_step, recovery, operator, suspended_at, signed_in_at."""
    connection.execute(update(users).where(users.c.user_id == user_id).values(**values))


def use_totp_step(connection: Connection, user_id: int, step: int) -> bool:
    """Take a code's time step; False when this or a later one was used already: no code works twice."""
    taken = update(users).where(users.c.user_id == user_id, users.c.totp_step < step).values(totp_step=step)
    return bool(connection.execute(taken).rowcount)


def use_recovery(connection: Connection, user_id: int, *, before: str, after: str) -> bool:
    """Replace the list of recovery codes; False when it changed meanwhile."""
    taken = update(users).where(users.c.user_id == user_id, users.c.recovery == before).values(recovery=after)
    return bool(connection.execute(taken).rowcount)


def role_in(connection: Connection, user: User, shop_id: str) -> Role | None:
    """The role in one shop; None where the shop is nobody's, or not this user's."""
    if user.operator:
        known = connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id)).first()
        return Role.OPERATOR if known else None
    found = connection.execute(
        select(memberships.c.role).where(memberships.c.user_id == user.user_id, memberships.c.shop_id == shop_id)
    ).scalar()
    return Role(found) if found else None


def language_of(connection: Connection, email: str) -> str:
    """The language in which the account with this address reads; empty where there is none."""
    found = select(users.c.language).where(users.c.email == email.lower())
    return connection.execute(found).scalar() or ""


def shops_of(connection: Connection, user: User) -> tuple[ShopName, ...]:
    """The shops that a user sees, by name."""
    query = select(shops.c.shop_id, shops.c.name, shops.c.url).order_by(func.lower(shops.c.name), shops.c.created_at)
    if not user.operator:
        mine = select(memberships.c.shop_id).where(memberships.c.user_id == user.user_id)
        query = query.where(shops.c.shop_id.in_(mine))
    return tuple(ShopName(row.shop_id, row.name, row.url) for row in connection.execute(query))


def members(connection: Connection, shop_id: str) -> tuple[Member, ...]:
    """Who belongs to a shop, by mail address. Operators see it without belonging to it."""
    rows = connection.execute(
        select(users, memberships.c.role)
        .join(memberships, memberships.c.user_id == users.c.user_id)
        .where(memberships.c.shop_id == shop_id)
        .order_by(users.c.email)
    )
    return tuple(Member(as_user(row), Role(row.role)) for row in rows)


def roles_of(connection: Connection, user_id: int) -> dict[str, Role]:
    """A user's role in each shop, by the shop's id."""
    rows = connection.execute(select(memberships.c.shop_id, memberships.c.role).where(memberships.c.user_id == user_id))
    return {row.shop_id: Role(row.role) for row in rows}


def owner(connection: Connection, shop_id: str) -> str:
    """The mail address of the shop's owner: of those who may change it and sign in, who came into it first. Empty where nobody did."""
    mine = (memberships.c.shop_id == shop_id, memberships.c.role == Role.ADMIN, users.c.suspended_at.is_(None))
    query = select(users.c.email).join(memberships, memberships.c.user_id == users.c.user_id).where(*mine)
    return connection.execute(query.order_by(memberships.c.place, users.c.user_id).limit(1)).scalar() or ""


def give_role(connection: Connection, user_id: int, shop_id: str, role: Role) -> None:
    """Let a user into a shop, or change the role there: his place among its people stays."""
    of_shop = memberships.c.shop_id == shop_id
    place = connection.execute(select(memberships.c.place).where(of_shop, memberships.c.user_id == user_id)).scalar()
    if place is None:
        place = 1 + (connection.execute(select(func.max(memberships.c.place)).where(of_shop)).scalar() or 0)
    take_role(connection, user_id, shop_id)
    connection.execute(insert(memberships).values(user_id=user_id, shop_id=shop_id, role=role, place=place))


def take_role(connection: Connection, user_id: int, shop_id: str) -> None:
    """Let a user no longer into a shop."""
    gone = delete(memberships).where(memberships.c.user_id == user_id, memberships.c.shop_id == shop_id)
    connection.execute(gone)


def remove(connection: Connection, user_id: int) -> None:
    """Forget a user. What he did stays on the trails, under his name."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
    connection.execute(delete(memberships).where(memberships.c.user_id == user_id))
    connection.execute(delete(channels).where(channels.c.user_id == user_id))
    connection.execute(delete(users).where(users.c.user_id == user_id))


def as_user(row: Row[Any]) -> User:
    return read_row(User, row)
