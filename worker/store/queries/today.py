"""How it goes today, for one shop, some or all: what came, what was made, what waits and what failed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Select, func, select

from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.store import counters as numbering
from worker.store.database.plan import unindexed
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import alerts, documents, drafts, jobs, orders
from worker.store.jobs import IS_PENDING, OF_SHOP
from worker.store.steps import was_mailed


@dataclass(frozen=True)
class Today:
    """Counts. Since the day began: *orders* placed, *documents* issued, *mails* sent. Now: deliveries and steps that wait (or run)
    and that failed, open drafts, open alerts. *oldest_waiting_at*: since when the oldest waits; None: nothing does.
    """

    orders: int = 0
    documents: int = 0
    mails: int = 0
    waiting: int = 0
    failed: int = 0
    drafts: int = 0
    alerts: int = 0
    oldest_waiting_at: datetime | None = None


@dataclass(frozen=True)
class NextNumber:
    """The number that the next document of *kinds* gets, as it will be printed."""

    series: str
    kinds: tuple[Kind, ...]
    number: str


def by_shop(connection: Connection, shops: Shops, *, since: datetime) -> dict[str, Today]:
    """The counts of each shop, by its id; a shop with nothing but zeros is left out. *since*: when the day began in their zone."""
    found: dict[str, Today] = {}
    for name, shop_id, number in counts(connection, shops, since):
        row = found.get(shop_id, Today())
        found[shop_id] = replace(row, **{name: getattr(row, name) + number})
    for shop_id, at in oldest_waiting(connection, shops):
        row = found.get(shop_id, Today())
        found[shop_id] = replace(row, oldest_waiting_at=min(at, row.oldest_waiting_at or at))
    return found


def counts(connection: Connection, shops: Shops, since: datetime) -> list[tuple[str, str, int]]:
    """Each figure by its name, of each shop by its id."""
    work = (IS_PENDING, jobs.c.kind.in_(OF_SHOP))
    queries = {
        "orders": [counted(orders.c.shop_id, shops, orders.c.ordered_at >= since)],
        "documents": [counted(documents.c.shop_id, shops, documents.c.issued_at >= since)],
        "mails": [counted(jobs.c.shop_id, shops, *was_mailed(since))],
        "waiting": [counted(jobs.c.shop_id, shops, *work, jobs.c.state.in_(("waiting", "running")))],
        "failed": [counted(jobs.c.shop_id, shops, *work, jobs.c.state == "failed")],
        "drafts": [counted(drafts.c.shop_id, shops, drafts.c.state == "open")],
        "alerts": [counted(alerts.c.shop_id, shops, alerts.c.closed_at.is_(None))],
    }
    return [
        (name, shop_id, int(number))
        for name, some in queries.items()
        for query in some
        for shop_id, number in connection.execute(query)
    ]


def counted(owner: ColumnElement[str], shops: Shops, *where: ColumnElement[bool]) -> Select[str, int]:
    return select(owner, func.count()).where(*where, *within(owner, shops)).group_by(unindexed(owner))


def oldest_waiting(connection: Connection, shops: Shops) -> list[tuple[str, datetime]]:
    oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
    waiting = (IS_PENDING, jobs.c.state == "waiting", jobs.c.kind.in_(OF_SHOP))
    query = select(jobs.c.shop_id, oldest).where(*waiting, *within(jobs.c.shop_id, shops)).group_by(jobs.c.shop_id)
    return [(shop_id, since) for shop_id, since in connection.execute(query)]


def add_up(some: Iterable[Today]) -> Today:
    found = list(some)
    waiting = [row.oldest_waiting_at for row in found if row.oldest_waiting_at is not None]
    names = ("orders", "documents", "mails", "waiting", "failed", "drafts", "alerts")
    totals = {name: sum(getattr(row, name) for row in found) for name in names}
    return Today(**totals, oldest_waiting_at=min(waiting, default=None))


def next_numbers(connection: Connection, shop: Shop, *, day: date) -> tuple[NextNumber, ...]:
    """What the next document of each series is called if it is issued on *day* (in the shop's zone)."""
    kinds: dict[str, list[Kind]] = {}
    # In the order in which an order goes through them; shops are stored by the names of their kinds.
    ordered = {kind: shop.numbering.series[kind] for kind in Kind if kind in shop.numbering.series}
    for kind, series in ordered.items():
        kinds.setdefault(series.name, []).append(kind)
    counters = {counter.series: counter for counter in numbering.counters(connection, shop.shop_id)}
    named = {series.name: series for series in ordered.values()}
    return tuple(
        NextNumber(name, tuple(kinds[name]), numbering.upcoming(series, counters.get(name), today=day).number)
        for name, series in named.items()
    )
