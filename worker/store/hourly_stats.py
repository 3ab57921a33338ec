"""Statistics of each hour, per shop and for all: written by the scheduler, so that a plot reads a few hundred rows and counts none."""

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from worker.domain.days import start_of_day
from worker.domain.step import MAIL
from worker.store.database.plan import unindexed
from worker.store.database.rows import insert_into
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import deliveries, documents, hourly_stats, jobs
from worker.store.jobs import OF_SHOP, JobKind

HOUR = timedelta(hours=1)
# The shop of the rows about all shops.
ALL_SHOPS = ""


@dataclass(frozen=True)
class HourlyStats:
    """One hour that begins at *hour* (aware UTC). *latency_ms*: half of the mails left faster than that after what came in.

    *documents* were issued in it, *mails* sent; *failures* are deliveries and steps given up. *latency_ms* is None where no mail left that
    something which came in led to (a person's drafts are not somebody's waiting).
    """

    hour: datetime
    documents: int = 0
    mails: int = 0
    failures: int = 0
    latency_ms: int | None = None


@dataclass(frozen=True)
class DailyStats:
    """The same of one day in a shop's zone."""

    day: date
    documents: int = 0
    failures: int = 0


# Reading


def live(connection: Connection, shops: Shops, *, now: datetime) -> tuple[HourlyStats, ...]:
    """The present hour and the one before it as they are at this moment: their rows may be some minutes old."""
    hour = whole_hour(now)
    # The row of all shops is the sum of those that were asked for.
    return tuple(of_hour[ALL_SHOPS] for of_hour in count(connection, (hour - HOUR, hour), shops))


def by_hour(
    connection: Connection, shops: Shops, *, since: datetime, until: datetime, live: Sequence[HourlyStats] = ()
) -> tuple[HourlyStats, ...]:
    """Every hour from the one of *since* to the one of *until*, oldest first; hours without a row are empty ones.

    What `live` counted stands in the place of older rows.
    """
    found = merged(rows_of(connection, shops, since=since, until=until)) | {hour.hour: hour for hour in live}
    first, last = whole_hour(since), whole_hour(until)
    every = [first + HOUR * count for count in range(int((last - first) / HOUR) + 1)]
    return tuple(found.get(hour, HourlyStats(hour)) for hour in every)


def by_day(
    connection: Connection,
    shops: Shops,
    during: tuple[datetime, datetime],
    *,
    zone: ZoneInfo,
    live: Sequence[HourlyStats] = (),
) -> tuple[DailyStats, ...]:
    """Every day in *zone* of the time *during* (both ends included), oldest first; *live* as in `by_hour`."""
    since, until = during
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    begins = [start_of_day(day, zone).astimezone(UTC) for day in days]
    hours = {hour: (made, failed) for hour, made, failed in sums_of(connection, shops, since=begins[0], until=until)}
    hours |= {one.hour: (one.documents, one.failures) for one in live}
    made: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for hour, (documents_of, failures_of) in hours.items():
        number = bisect_right(begins, hour)  # 0: before the first day, in a zone that is half an hour off
        made[number] += documents_of
        failed[number] += failures_of
    return tuple(DailyStats(day, made[number], failed[number]) for number, day in enumerate(days, 1))


def rows_of(connection: Connection, shops: Shops, *, since: datetime, until: datetime) -> list[HourlyStats]:
    columns = (hourly_stats.c[one.name] for one in fields(HourlyStats))
    query = select(*columns).where(*in_time(shops, since, until)).order_by(hourly_stats.c.hour)
    return [HourlyStats(*row) for row in connection.execute(query).all()]


def sums_of(
    connection: Connection, shops: Shops, *, since: datetime, until: datetime
) -> Sequence[Row[datetime, int, int]]:
    """Documents and failures of each hour, of several shops together."""
    summed_up = (func.sum(hourly_stats.c.documents), func.sum(hourly_stats.c.failures))
    query = select(hourly_stats.c.hour, *summed_up).where(*in_time(shops, since, until))
    return connection.execute(query.group_by(hourly_stats.c.hour)).all()


def in_time(shops: Shops, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = (hourly_stats.c.shop_id == ALL_SHOPS,) if shops is None else within(hourly_stats.c.shop_id, shops)
    return *mine, hourly_stats.c.hour >= whole_hour(since), hourly_stats.c.hour <= until


def merged(rows: Iterable[HourlyStats]) -> dict[datetime, HourlyStats]:
    """One row an hour, where several shops have one each."""
    gathered: dict[datetime, list[HourlyStats]] = {}
    for row in rows:
        gathered.setdefault(row.hour, []).append(row)
    return {hour: some[0] if len(some) == 1 else together(hour, some) for hour, some in gathered.items()}


def together(hour: datetime, some: Sequence[HourlyStats]) -> HourlyStats:
    made, mails, failed = (sum(getattr(row, name) for row in some) for name in ("documents", "mails", "failures"))
    return HourlyStats(hour, made, mails, failed, median_latency(some))


def median_latency(some: Iterable[HourlyStats]) -> int | None:
    """The median latency of mails, as far as medians of hours allow."""
    known = sorted((hour.latency_ms, hour.mails) for hour in some if hour.latency_ms is not None)
    half, passed = sum(mails for _, mails in known) / 2, 0
    for latency_ms, mails in known:
        passed += mails
        if passed >= half:
            return latency_ms
    return None


# Writing


def last_hour(connection: Connection) -> datetime | None:
    """The last hour that has a row for all shops; None before the first."""
    return connection.execute(select(func.max(hourly_stats.c.hour)).where(hourly_stats.c.shop_id == ALL_SHOPS)).scalar()


def write(connection: Connection, counted: Mapping[str, HourlyStats]) -> None:
    """Put the rows of one hour, by shop, in place of those before."""
    rows = [{"shop_id": shop_id, **vars(hour)} for shop_id, hour in counted.items()]
    new = insert_into(connection, hourly_stats)
    changed = {name: new.excluded[name] for name in ("documents", "mails", "failures", "latency_ms")}
    connection.execute(new.on_conflict_do_update(index_elements=["shop_id", "hour"], set_=changed), rows)


Key = tuple[datetime, str]  # an hour and a shop


def count(connection: Connection, hours: Sequence[datetime], shops: Shops = None) -> tuple[dict[str, HourlyStats], ...]:
    """What happened in each of *hours*, which follow each other, by shop; there is always a row for all shops. A few queries by time."""
    end = hours[-1] + HOUR
    ended = (between(jobs.c.done_at, hours[0], end), *within(jobs.c.shop_id, shops))
    issued = (between(documents.c.issued_at, hours[0], end), *within(documents.c.shop_id, shops))
    failed = (jobs.c.kind.in_(OF_SHOP), jobs.c.state == "failed", *ended)
    mailed = (jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL, jobs.c.state == "done", *ended)
    made = counted(connection, hours, documents.c.issued_at, documents.c.shop_id, issued)
    failures = counted(connection, hours, jobs.c.done_at, jobs.c.shop_id, failed)
    mails = gathered_by_hour(latencies(connection, mailed))
    found: dict[datetime, dict[str, HourlyStats]] = {hour: {} for hour in hours}
    for hour, shop_id in {*made, *failures, *mails, *((hour, ALL_SHOPS) for hour in hours)}:
        some = mails.get((hour, shop_id), [])
        key = (hour, shop_id)
        found[hour][shop_id] = HourlyStats(hour, made[key], len(some), failures[key], median(some))
    return tuple(found.values())


def counted(
    connection: Connection,
    hours: Sequence[datetime],
    at: ColumnElement[datetime],
    owner: ColumnElement[str],
    where: Iterable[ColumnElement[bool]],
) -> Counter[Key]:
    """How many rows there are of each hour and shop."""
    which = case(*((at < hour + HOUR, number) for number, hour in enumerate(hours)))
    query = select(which, owner, func.count()).where(*where).group_by(which, unindexed(owner))
    found: Counter[Key] = Counter()
    for number, shop_id, things in connection.execute(query):
        for key in (shop_id, ALL_SHOPS):
            found[hours[number], key] += int(things)
    return found


def between(column: ColumnElement[Any], begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(column >= begin, column < end)


def latencies(
    connection: Connection, mailed: tuple[ColumnElement[bool], ...]
) -> Iterator[tuple[datetime, str, timedelta | None]]:
    """When each mail left, of which shop, and the time from what came in to it; None where nothing came in that led to it.

    What led to a document is the delivery that was processed when it was issued: received before, finished after. Of several
    deliveries that were answered together, the first has waited longest.
    """
    look = jobs.alias("look")
    came_in = (
        select(func.min(unindexed(deliveries.c.received_at), type_=deliveries.c.received_at.type))
        .join_from(deliveries, look, look.c.job_id == deliveries.c.delivery_id)
        .where(
            deliveries.c.shop_id == documents.c.shop_id,
            deliveries.c.order_id == documents.c.order_id,
            unindexed(deliveries.c.received_at) <= documents.c.issued_at,
            look.c.done_at >= documents.c.issued_at,
        )
        .scalar_subquery()
    )
    rows = connection.execute(
        select(jobs.c.shop_id, jobs.c.done_at, came_in.label("came_in"))
        .join_from(jobs, documents, documents.c.document_id == jobs.c.document_id)
        .where(*mailed)
    )
    for row in rows:
        yield row.done_at, row.shop_id, row.done_at - row.came_in if row.came_in is not None else None


def gathered_by_hour(found: Iterable[tuple[datetime, str, timedelta | None]]) -> dict[Key, list[timedelta | None]]:
    gathered: dict[Key, list[timedelta | None]] = {}
    for at, shop_id, latency in found:
        for key in (shop_id, ALL_SHOPS):
            gathered.setdefault((whole_hour(at), key), []).append(latency)
    return gathered


def median(some: Iterable[timedelta | None]) -> int | None:
    known = [latency // timedelta(milliseconds=1) for latency in some if latency is not None]
    return min(statistics.median_low(known), 2**31 - 1) if known else None


def whole_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
