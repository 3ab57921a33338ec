"""How it goes today, for one shop, some or all: what came, what was made, what waits and what failed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Select, func, select

from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.store import counters as numbering
from worker.store.database.plan import unindexed
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import documents, jobs, orders
from worker.store.jobs import IS_PENDING, OF_SHOP
from worker.store.steps import was_mailed


@dataclass(frozen=True)
class Today:
    """Counts. Since the day began: *orders* placed, *documents* issued, *mails* sent. Now: deliveries and steps that wait (or run)
    and that failed.
    """

    orders: int = 0
    documents: int = 0
    mails: int = 0
    waiting: int = 0
    failed: int = 0


@dataclass(frozen=True)
class NextNumber:
    """The number that the next document of *kinds* gets, as it will be printed."""

    series: str
    kinds: tuple[Kind, ...]
    number: str


def by_shop(connection: Connection, shops: Shops, *, since: datetime) -> dict[str, Today]:
    """The counts of each shop, by its id; a shop with nothing but zeros is left out. *since*: when the day began in their zone."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, query in (
        ("orders", counted(orders.c.shop_id, shops, orders.c.ordered_at >= since)),
        ("documents", counted(documents.c.shop_id, shops, documents.c.issued_at >= since)),
        ("mails", counted(jobs.c.shop_id, shops, *was_mailed(since))),
    ):
        for shop_id, number in connection.execute(query):
            found[shop_id][name] += number
    for shop_id, state, number in connection.execute(open_work(shops)):
        found[shop_id]["failed" if state == "failed" else "waiting"] += number
    return {shop_id: Today(**figures) for shop_id, figures in found.items()}


def counted(owner: ColumnElement[str], shops: Shops, *where: ColumnElement[bool]) -> Select[str, int]:
    return select(owner, func.count()).where(*where, *within(owner, shops)).group_by(unindexed(owner))


def open_work(shops: Shops) -> Select[str, str, int]:
    pending = (IS_PENDING, jobs.c.kind.in_(OF_SHOP), *within(jobs.c.shop_id, shops))
    return select(jobs.c.shop_id, jobs.c.state, func.count()).where(*pending).group_by(jobs.c.shop_id, jobs.c.state)


def add_up(some: Iterable[Today]) -> Today:
    found = list(some)
    return Today(
        **{
            name: sum(getattr(row, name) for row in found)
            for name in ("orders", "documents", "mails", "waiting", "failed")
        }
    )


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
