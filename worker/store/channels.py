"""Whom to tell besides by mail, and what each is owed: ids of alerts, kept on the row until the address took them."""

import json
import secrets as random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.domain.actor import Actor
from worker.domain.attention import Harm
from worker.domain.channel import ChannelKind
from worker.errors import Rejected
from worker.message import NO_MESSAGE, Message
from worker.net.site_address import host_of
from worker.store.database.encryption import Encryption
from worker.store.database.rows import read_row
from worker.store.database.tables import channels, memberships, users

MOST_CHANNELS = 20
SECRET_PREFIX = "fn_"  # noqa: S105  # how a secret begins, not one
ALERT = "channel_silent"  # open while one of a shop's channels does not take what it is told
ALERT_AFTER = 3  # failures in a row
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Channel:
    """One way to one person. *owed* are ids of alerts not told there yet; *failures* is how often in a row nobody took it,
    *message* why. *email* and *language* are the person's; empty where it is the shop's own.
    """

    channel_id: int
    shop_id: str
    kind: ChannelKind
    url: str = field(repr=False)
    secret: str = field(repr=False)
    threshold: Harm
    owed: tuple[int, ...]
    failures: int
    failing_since: datetime | None
    next_at: datetime
    message: Message
    told_at: datetime | None
    email: str
    language: str

    @property
    def host(self) -> str:
        return host_of(self.url)


@dataclass(frozen=True)
class NewChannel:
    """*url* is checked (`domain.webhook`). *user_id* is None for the shop's own."""

    shop_id: str
    kind: ChannelKind
    url: str
    threshold: Harm
    user_id: int | None = None


def add(connection: Connection, encryption: Encryption, new: NewChannel, *, by: Actor) -> tuple[int, str]:
    """Its id, and the secret that signs a webhook's calls: shown once, empty for the other kinds. Raises Rejected."""
    if len(of_shop(connection, encryption, new.shop_id)) >= MOST_CHANNELS:
        raise Rejected(
            "A shop notifies at most {most} addresses; remove one first.", most=MOST_CHANNELS, code="channels_many"
        )
    secret = SECRET_PREFIX + random.token_hex(32) if new.kind is ChannelKind.WEBHOOK else ""
    row = insert(channels).values(
        shop_id=new.shop_id,
        user_id=new.user_id,
        kind=new.kind,
        url=encryption.encrypt(new.url),
        secret=encryption.encrypt(secret),
        threshold=int(new.threshold),
        next_at=by.now,
        created_at=by.now,
        created_by=by.name,
    )
    return int(connection.execute(row.returning(channels.c.channel_id)).scalar_one()), secret


def of_shop(connection: Connection, encryption: Encryption, shop_id: str) -> tuple[Channel, ...]:
    """Those of a shop, the oldest first. Of people who may not see the shop any more, none."""
    return read(connection, encryption, select_channels().where(channels.c.shop_id == shop_id))


def find(connection: Connection, encryption: Encryption, shop_id: str, channel_id: int) -> Channel | None:
    mine = (channels.c.shop_id == shop_id, channels.c.channel_id == channel_id)
    return next(iter(read(connection, encryption, select_channels().where(*mine))), None)


def get(connection: Connection, encryption: Encryption, shop_id: str, channel_id: int) -> Channel:
    """The shop's channel. Raises Rejected when there is none."""
    found = find(connection, encryption, shop_id, channel_id)
    if found is None:
        raise Rejected("This channel is not there any more.", code="channel_unknown")
    return found


def select_channels() -> Select[Any]:
    member = and_(memberships.c.user_id == users.c.user_id, memberships.c.shop_id == channels.c.shop_id)
    sees_the_shop = and_(
        users.c.suspended_at.is_(None), or_(users.c.operator.is_(True), memberships.c.role.is_not(None))
    )
    return (
        select(channels, users.c.email, users.c.language)
        .select_from(channels.outerjoin(users, users.c.user_id == channels.c.user_id).outerjoin(memberships, member))
        .where(or_(channels.c.user_id.is_(None), sees_the_shop))
        .order_by(channels.c.channel_id)
    )


def read(connection: Connection, encryption: Encryption, query: Select[Any]) -> tuple[Channel, ...]:
    return tuple(as_channel(encryption, row) for row in connection.execute(query))


def owe(connection: Connection, channel: Channel, alert_ids: Collection[int]) -> None:
    """Have these alerts told there, once; in the transaction that marks them as taken care of."""
    owed = sorted({*channel.owed, *alert_ids})
    connection.execute(same(channel.channel_id).values(owed=json.dumps(owed)))


def told(connection: Connection, channel: Channel, *, now: datetime) -> None:
    """The address took what it was owed, as far as that was read with *channel*."""
    row = connection.execute(select(channels.c.owed).where(channels.c.channel_id == channel.channel_id)).one_or_none()
    left = sorted(set(json.loads(row.owed)) - set(channel.owed)) if row else []
    well = {"failures": 0, "failing_since": None, "message": NO_MESSAGE, "told_at": now, "next_at": now}
    connection.execute(same(channel.channel_id).values(owed=json.dumps(left), **well))


def nothing_owed(connection: Connection, channel: Channel) -> None:
    """What it was owed is over, or concerns it not."""
    connection.execute(same(channel.channel_id).values(owed="[]"))


def failed(connection: Connection, channel: Channel, message: Message, *, now: datetime) -> int:
    """Nobody took it: it is tried again, after a minute, two, four … up to an hour. Returns how often that happened in a row."""
    wait = min(timedelta(minutes=2 ** min(channel.failures, 6)), LONGEST_WAIT)
    failures = channel.failures + 1
    since = channel.failing_since or now
    values = {"failures": failures, "failing_since": since, "message": message, "next_at": now + wait}
    connection.execute(same(channel.channel_id).values(**values))
    return failures


def any_fails(connection: Connection, shop_id: str) -> bool:
    found = select(channels.c.channel_id).where(channels.c.shop_id == shop_id, channels.c.failures >= ALERT_AFTER)
    return connection.execute(found.limit(1)).one_or_none() is not None


def remove(connection: Connection, channel_id: int) -> None:
    connection.execute(delete(channels).where(channels.c.channel_id == channel_id))


def remove_all(connection: Connection, shop_id: str) -> None:
    """Of a shop that leaves."""
    connection.execute(delete(channels).where(channels.c.shop_id == shop_id))


def same(channel_id: int) -> Any:
    return update(channels).where(channels.c.channel_id == channel_id)


def as_channel(encryption: Encryption, row: Row[Any]) -> Channel:
    return read_row(
        Channel,
        row,
        kind=ChannelKind(row.kind),
        url=encryption.decrypt(row.url),
        secret=encryption.decrypt(row.secret),
        threshold=Harm(row.threshold),
        owed=tuple(json.loads(row.owed)),
        email=row.email or "",
        language=row.language or "",
    )
