"""The ways to a shop's servers. One on which nobody answers is left in peace for growing minutes: its work waits, and holds no worker.

A row is a road that fails; the first answer deletes it. So everything knows of it: workers, scheduler, pages and the API.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, true, update

from worker.errors import Rejected, RoadRested, TakesLong, Unavailable
from worker.message import Message
from worker.net.talk import is_in_haste
from worker.queue import QueueName
from worker.store.database.engine import Store
from worker.store.database.rows import insert_into
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import jobs, roads, roads_heard
from worker.store.jobs import come_at_once

REST_AFTER = 3  # failures in a row
RESTS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
# The first call after a rest is a probe, and others wait for what becomes of it: longer than any call may take.
PROBE_FOR = timedelta(seconds=90)
# For so long a process believes that a road is well, without asking the database before each call.
BELIEVED_S = 2.0
# That somebody answers is written no more often than this.
HEARD_EVERY_S = 300.0
# What the operator must put right at the mail server that shops share: their mails wait for it.
SERVER_REFUSES = ("mail_login_refused", "mail_certificate", "mail_server_setting", "mail_server_refuses")
# That nobody answered, or nothing of use: not that the answer was no.
SILENT_CODES = frozenset(
    {
        "shop_slow",
        "shop_unreachable",
        "shop_certificate",
        "shop_busy",
        "answer_cut",
        "plugin_silent",
        "mail_server_unreachable",
        "mail_unsure",
        *SERVER_REFUSES,
        "receiver_slow",
        "receiver_away",
        "certificate_wrong",
    }
)


class RoadKind(StrEnum):
    REST = "rest"
    PLUGIN = "plugin"
    MAIL = "mail"
    SHARED_MAIL = "shared_mail"
    WEBHOOKS = "webhooks"


LABELS = {
    RoadKind.REST: Message("The shop"),
    RoadKind.PLUGIN: Message("The shop's plugin"),
    RoadKind.MAIL: Message("The mail server"),
    RoadKind.SHARED_MAIL: Message("The mail server of this installation"),
    RoadKind.WEBHOOKS: Message("The program that you notify"),
}


@dataclass(frozen=True)
class Road:
    """*target* tells several of one kind apart: the endpoint of webhooks. *shop_id* is empty where all shops share it."""

    shop_id: str
    kind: RoadKind
    target: str = ""


@dataclass(frozen=True)
class Failure:
    """A call that nobody answered; *of_probe*: the one that a rested road is tried by."""

    at: datetime
    message: Message
    of_probe: bool = False
    longest_rest: timedelta = RESTS[-1]


@dataclass(frozen=True)
class FailingRoad:
    """A road on which nobody answers. *rested_until* is None before it failed often enough; *message* is of the last try."""

    road: Road
    failures: int
    failing_since: datetime
    rested_until: datetime | None
    message: Message

    @property
    def label(self) -> Message:
        return LABELS[self.road.kind]

    def is_rested(self, now: datetime) -> bool:
        return self.rested_until is not None and self.rested_until > now


# The operator's mail server: what one shop finds out counts for all that write by it.
SHARED_MAIL = Road("", RoadKind.SHARED_MAIL)


def failing(connection: Connection, of: Shops) -> tuple[FailingRoad, ...]:
    """The roads of these shops that failed often enough to be rested, longest failing first; also those that shops share."""
    return tuple(one for one in every_failing(connection, of) if one.rested_until is not None)


def every_failing(connection: Connection, of: Shops) -> tuple[FailingRoad, ...]:
    """The roads of these shops, and those that shops share, that failed at least once; longest failing first."""
    which = or_(roads.c.shop_id == SHARED_MAIL.shop_id, and_(true(), *within(roads.c.shop_id, of)))
    rows = connection.execute(select(roads).where(which).order_by(roads.c.failing_since))
    return tuple(as_failing(row) for row in rows)


def every_heard(connection: Connection, of: Shops) -> dict[Road, datetime]:
    """When somebody last answered on each road of these shops, and on those that shops share, to some minutes."""
    which = or_(roads_heard.c.shop_id == SHARED_MAIL.shop_id, and_(true(), *within(roads_heard.c.shop_id, of)))
    rows = connection.execute(select(roads_heard).where(which))
    return {Road(row.shop_id, RoadKind(row.kind)): row.heard_at for row in rows}


def find(connection: Connection, road: Road) -> FailingRoad | None:
    row = connection.execute(select(roads).where(*is_road(road))).one_or_none()
    return as_failing(row) if row is not None else None


def try_now(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """End the rest of all roads that a shop uses, because a person asks: what waits for them comes at once, the first as a probe."""
    rested = (roads.c.shop_id.in_((shop_id, SHARED_MAIL.shop_id)), roads.c.rested_until > now)
    connection.execute(update(roads).where(*rested).values(rested_until=now))
    release(connection, shop_id, now=now)


def release(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """Let what waits for a road of a shop come at once; an empty *shop_id*: the mails of all shops."""
    whose = jobs.c.shop_id == shop_id if shop_id else jobs.c.queue == QueueName.MAIL
    come_at_once(connection, whose, code=RoadRested.code, now=now)


def claim_probe(connection: Connection, road: Road, *, now: datetime, until: datetime) -> bool:
    """Whether the caller may try a road whose rest is over. One may; the next one *until* nothing came of it."""
    over = (*is_road(road), roads.c.rested_until <= now)
    return bool(connection.execute(update(roads).where(*over).values(rested_until=until)).rowcount)


def record_failure(connection: Connection, road: Road, failure: Failure) -> None:
    """One more call that nobody answered. Calls that began before the rest, and end in it, say nothing new."""
    known, now = find(connection, road), failure.at
    if known is not None and known.is_rested(now) and not failure.of_probe:
        return
    failures = (known.failures if known else 0) + 1
    rested_until = rest_until(failures, now, failure.longest_rest)
    values = {"failures": failures, "rested_until": rested_until, "message": failure.message}
    key = {"shop_id": road.shop_id, "kind": road.kind, "target": road.target}
    new = insert_into(connection, roads).values(**key, **values, failing_since=now)
    connection.execute(new.on_conflict_do_update(index_elements=list(key), set_=values))


def forget(connection: Connection, road: Road, *, now: datetime) -> None:
    """That nobody answered counts no more: somebody does, or it leads elsewhere now. What waits for it comes at once."""
    connection.execute(delete(roads).where(*is_road(road)))
    release(connection, road.shop_id, now=now)


def record_heard(connection: Connection, road: Road, *, now: datetime) -> None:
    """Somebody answered on a road."""
    heard = insert_into(connection, roads_heard).values(shop_id=road.shop_id, kind=road.kind, heard_at=now)
    connection.execute(heard.on_conflict_do_update(index_elements=["shop_id", "kind"], set_={"heard_at": now}))


def rest_until(failures: int, now: datetime, longest: timedelta) -> datetime | None:
    rest = failures - REST_AFTER
    return None if rest < 0 else now + min(longest, RESTS[min(rest, len(RESTS) - 1)])


def is_road(road: Road) -> tuple[ColumnElement[bool], ...]:
    return roads.c.shop_id == road.shop_id, roads.c.kind == road.kind, roads.c.target == road.target


def as_failing(row: Row[Any]) -> FailingRoad:
    road = Road(row.shop_id, RoadKind(row.kind), row.target)
    return FailingRoad(road, row.failures, row.failing_since, row.rested_until, row.message)


@dataclass
class Roads:
    """What every call of a shop's server goes through."""

    store: Store
    now: Callable[[], datetime]
    longest: timedelta = RESTS[-1]
    believed: dict[Road, float] = field(default_factory=dict)
    heard: dict[Road, float] = field(default_factory=dict)

    @contextmanager
    def over(self, road: Road, *, later: bool = False) -> Iterator[None]:
        """Call over *road*, and remember whether somebody answers. Raises RoadRested, an Unavailable, without calling.

        *later*: it may be called later as well. Then urgent work does not try a road that fails: TakesLong.
        """
        known = self.enter(road, later=later)
        try:
            yield
        except Unavailable as error:
            if error.code in SILENT_CODES:
                self.failed(road, error.message, is_probe=known is not None and known.rested_until is not None)
            else:
                self.answered(road, known)
            raise
        except Rejected:
            self.answered(road, known)
            raise
        self.answered(road, known)

    def enter(self, road: Road, *, later: bool = False) -> FailingRoad | None:
        if time.monotonic() - self.believed.get(road, -BELIEVED_S) < BELIEVED_S:
            return None
        with self.store.read() as connection:
            known = find(connection, road)
        now = self.now()
        if known is not None and not known.is_rested(now) and later and is_in_haste():
            raise TakesLong
        if known is None or known.rested_until is None:
            return known
        if not known.is_rested(now):
            with self.store.write() as connection:
                if claim_probe(connection, road, now=now, until=now + min(PROBE_FOR, self.longest)):
                    return known
        raise rested(known, now)

    def failed(self, road: Road, message: Message, *, is_probe: bool) -> None:
        self.believed.pop(road, None)
        failure = Failure(self.now(), message, is_probe, self.longest)
        with self.store.write() as connection:
            record_failure(connection, road, failure)

    def answered(self, road: Road, known: FailingRoad | None) -> None:
        is_news = time.monotonic() - self.heard.get(road, -HEARD_EVERY_S) >= HEARD_EVERY_S
        if known is not None or is_news:
            with self.store.write() as connection:
                record_heard(connection, road, now=self.now())
                if known is not None:
                    forget(connection, road, now=self.now())
            self.heard[road] = time.monotonic()
        self.believed[road] = time.monotonic()


def rested(known: FailingRoad, now: datetime) -> RoadRested:
    until = max(known.rested_until or now, now + timedelta(seconds=10))
    message = Message(
        "{road} did not answer, tried in a row: {count}; it is left in peace until {until}. What waits for it goes on by "
        "itself then; “Try now” on the page of the shop asks at once.",
        road=known.label,
        count=known.failures,
        until=until,
    )
    return RoadRested(message, retry_after_s=round((until - now).total_seconds()) + 1)
