"""Statistics of each hour, per shop and for all: written by the scheduler, so that a plot reads a few hundred rows and counts none."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, select

from worker.domain.step import MAIL
from worker.store.database.plan import unindexed
from worker.store.database.rows import insert_into
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import deliveries, documents, hourly_stats, jobs, orders
from worker.store.jobs import OF_SHOP, JobKind

HOUR = timedelta(hours=1)
# The shop of the rows about all shops.
ALL_SHOPS = ""


@dataclass(frozen=True)
class HourlyStats:
    """One hour that begins at *hour* (aware UTC). *latency_ms*: half of the mails left faster than that after what came in.

    *orders* were placed in it, *documents* issued, *mails* sent; *failures* are deliveries and steps given up. *latency_ms* is
    None where no mail left that something which came in led to (a person's drafts are not somebody's waiting).
    """

    hour: datetime
    orders: int = 0
    documents: int = 0
    mails: int = 0
    failures: int = 0
    latency_ms: int | None = None


@dataclass(frozen=True)
class DailyStats:
    """The same of one day in a shop's zone. *latency_ms* is the middle of its hours' latencies, each as often as it mailed."""

    day: date
    orders: int = 0
    documents: int = 0
    mails: int = 0
    failures: int = 0
    latency_ms: int | None = None


# Reading


def live(connection: Connection, shops: Shops, *, now: datetime) -> tuple[HourlyStats, ...]:
    """The present hour and the one before it as they are at this moment: their rows may be some minutes old."""
    # The row of all shops is the sum of those that were asked for.
    return tuple(count(connection, hour, shops)[ALL_SHOPS] for hour in (whole_hour(now) - HOUR, whole_hour(now)))


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
    gathered: dict[date, list[HourlyStats]] = {
        first + timedelta(days=count): [] for count in range((last - first).days + 1)
    }
    begin = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)
    counted_live = {hour.hour for hour in live}
    stored = rows_of(connection, shops, since=begin, until=until)
    for hour in (*(row for row in stored if row.hour not in counted_live), *(row for row in live if row.hour >= begin)):
        gathered[hour.hour.astimezone(zone).date()].append(hour)
    return tuple(as_day(day, of_day) for day, of_day in gathered.items())


def rows_of(connection: Connection, shops: Shops, *, since: datetime, until: datetime) -> list[HourlyStats]:
    mine = (hourly_stats.c.shop_id == ALL_SHOPS,) if shops is None else within(hourly_stats.c.shop_id, shops)
    columns = (hourly_stats.c[one.name] for one in fields(HourlyStats))
    query = select(*columns).where(*mine, hourly_stats.c.hour >= whole_hour(since), hourly_stats.c.hour <= until)
    # Some hundreds of them on each overview: in order, not by their names.
    return [HourlyStats(*row) for row in connection.execute(query.order_by(hourly_stats.c.hour)).all()]


def merged(rows: Iterable[HourlyStats]) -> dict[datetime, HourlyStats]:
    """One row an hour, where several shops have one each."""
    gathered: dict[datetime, list[HourlyStats]] = {}
    for row in rows:
        gathered.setdefault(row.hour, []).append(row)
    return {
        hour: some[0] if len(some) == 1 else HourlyStats(hour, **summed(some), latency_ms=median_latency(some))
        for hour, some in gathered.items()
    }


def as_day(day: date, of_day: list[HourlyStats]) -> DailyStats:
    return DailyStats(day, **summed(of_day), latency_ms=median_latency(of_day))


def summed(some: list[HourlyStats]) -> dict[str, int]:
    return {name: sum(getattr(hour, name) for hour in some) for name in ("orders", "documents", "mails", "failures")}


def median_latency(some: list[HourlyStats]) -> int | None:
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
    changed = {name: new.excluded[name] for name in ("orders", "documents", "mails", "failures", "latency_ms")}
    connection.execute(new.on_conflict_do_update(index_elements=["shop_id", "hour"], set_=changed), rows)


def count(connection: Connection, hour: datetime, shops: Shops = None) -> dict[str, HourlyStats]:
    """What happened from *hour* to the next one, by shop; there is always a row for all shops. A few queries by time."""
    end = hour + HOUR
    found: dict[str, HourlyStats] = {}
    done = between(jobs.c.done_at, hour, end)
    failed = (jobs.c.kind.in_(OF_SHOP), jobs.c.state == "failed", done)
    mailed = (jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL, jobs.c.state == "done", done)
    for name, owner, where in (
        ("orders", orders.c.shop_id, (between(orders.c.ordered_at, hour, end),)),
        ("documents", documents.c.shop_id, (between(documents.c.issued_at, hour, end),)),
        ("mails", jobs.c.shop_id, mailed),
        ("failures", jobs.c.shop_id, failed),
    ):
        for shop_id, number in connection.execute(
            select(owner, func.count()).where(*where, *within(owner, shops)).group_by(unindexed(owner))
        ):
            for key in (shop_id, ALL_SHOPS):
                row = found.setdefault(key, HourlyStats(hour))
                found[key] = replace(row, **{name: getattr(row, name) + int(number)})
    for shop_id, latency_ms in medians(latencies(connection, (*mailed, *within(jobs.c.shop_id, shops)))):
        found[shop_id] = replace(found[shop_id], latency_ms=latency_ms)
    return {ALL_SHOPS: HourlyStats(hour)} | found


def between(column: ColumnElement[Any], begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(column >= begin, column < end)


def latencies(connection: Connection, mailed: tuple[ColumnElement[bool], ...]) -> Iterator[tuple[str, timedelta]]:
    """Shop and time from what came in to the mail, for each mail that something which came in led to.

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
        if row.came_in is not None:
            yield row.shop_id, row.done_at - row.came_in


def medians(found: Iterable[tuple[str, timedelta]]) -> Iterator[tuple[str, int]]:
    gathered: dict[str, list[int]] = {}
    for shop_id, latency in found:
        for key in (shop_id, ALL_SHOPS):
            gathered.setdefault(key, []).append(latency // timedelta(milliseconds=1))
    for shop_id, some in gathered.items():
        yield shop_id, min(statistics.median_low(some), 2**31 - 1)


def whole_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
