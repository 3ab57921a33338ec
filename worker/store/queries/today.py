"""How it goes today, for one shop, some or all: what came, what was made, what waits and what failed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select

from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.store import counters
from worker.store.database.column_types import Instant
from worker.store.database.plan import unindexed
from worker.store.database.shop_scope import HowMany, Shops, given_shops, how_many, within_given
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
    given = {"since": since, **given_shops(shops)}
    for name in COUNTED:
        for shop_id, number in connection.execute(counted(name, how_many(shops)), given):
            found[shop_id][name] += number
    for shop_id, state, number in connection.execute(open_work(how_many(shops)), given_shops(shops)):
        found[shop_id]["failed" if state == "failed" else "waiting"] += number
    return {shop_id: Today(**figures) for shop_id, figures in found.items()}


SINCE: BindParameter[Any] = bindparam("since", type_=Instant())
COUNTED = {
    "orders": (orders.c.shop_id, (orders.c.ordered_at >= SINCE,)),
    "documents": (documents.c.shop_id, (documents.c.issued_at >= SINCE,)),
    "mails": (jobs.c.shop_id, was_mailed(SINCE)),
}


@cache
def counted(name: str, shops: HowMany) -> Select[str, int]:
    owner, where = COUNTED[name]
    return select(owner, func.count()).where(*where, *within_given(owner, shops)).group_by(unindexed(owner))


@cache
def open_work(shops: HowMany) -> Select[str, str, int]:
    pending = (IS_PENDING, jobs.c.kind.in_(OF_SHOP), *within_given(jobs.c.shop_id, shops))
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
    coming = counters.next_numbers(connection, shop, today=day)
    of_series: dict[str, list[Kind]] = {}
    for kind in coming:
        of_series.setdefault(shop.numbering.series[kind].name, []).append(kind)
    return tuple(NextNumber(name, tuple(kinds), coming[kinds[0]]) for name, kinds in of_series.items())
