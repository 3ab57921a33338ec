"""What needs a person, of one shop or of all, by reason. Pages, mails, API and command line tell the same, from here."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from worker.domain.attention import KEPT_BY_RULE, Reason, Source
from worker.domain.attention_reasons import REASONS, reason_of
from worker.domain.needs import NeedGroup, Needs, merged, merged_groups
from worker.store.alerts import DOCUMENTS_WAIT
from worker.store.database.made_once import NOW
from worker.store.database.plan import unindexed
from worker.store.database.shop_scope import HowMany, Shops, given_shops, how_many, within, within_given
from worker.store.database.tables import (
    FLAGGED,
    LINE_WAITS,
    alerts,
    bank_files,
    bank_lines,
    drafts,
    jobs,
    orders,
    set_aside,
)
from worker.store.jobs import IS_PENDING, OF_SHOP, JobKind
from worker.store.queries.order_lists import unanswered

MOST_AT_ONCE = 10_000
# The alerts by which failures and documents that wait are mailed: what they stand for is counted itself.
STANDS_FOR = {"work_failed": Source.WORK, DOCUMENTS_WAIT: Source.DRAFT}


def needs(connection: Connection, shops: Shops, *, now: datetime) -> Needs:
    """What needs a person now, over all of *shops*."""
    return merged(by_shop(connection, shops, now=now).values())


def by_shop(connection: Connection, shops: Shops, *, now: datetime) -> dict[str, Needs]:
    """What needs a person in each shop; one of which nothing is to be said is left out."""
    groups: dict[str, list[NeedGroup]] = {}
    kept: dict[str, int] = {}
    for source in Source:
        for row in connection.execute(counted(source, how_many(shops)), {"now": now, **given_shops(shops)}):
            code, work = row.code, getattr(row, "work", "")
            if source is Source.DRAFT and code == KEPT_BY_RULE:
                kept[row.shop_id] = int(row.things)
                continue
            group = NeedGroup(reason_of(source, code, work), row.shop_id, int(row.things), row.since)
            groups.setdefault(row.shop_id, []).append(group)
    return {
        shop_id: Needs(
            groups=merged_groups(group for group in groups.get(shop_id, ()) if group.reason.is_counted),
            notices=merged_groups(group for group in groups.get(shop_id, ()) if not group.reason.is_counted),
            kept=kept.get(shop_id, 0),
        )
        for shop_id in {*groups, *kept}
    }


def counts(connection: Connection, *, now: datetime) -> Counter[str]:
    """How many things need a person in all shops together, by the names of their reasons."""
    found: Counter[str] = Counter()
    for source in Source:
        for row in connection.execute(counted(source, HowMany.ALL, each=False), {"now": now}):
            reason = reason_of(source, row.code, getattr(row, "work", ""))
            if reason.is_counted and not (source is Source.DRAFT and row.code == KEPT_BY_RULE):
                found[reason.name] += int(row.things)
    return found


@cache
def counted(source: Source, shops: HowMany, *, each: bool = True) -> Select[Any]:
    """How many things of a source there are, by shop (not *each*: in all of them) and code, without what a person has set aside."""
    of = SOURCES[source]
    # Else SQLite (3.53) reads all orders of a shop, taking the narrowest index that holds its id for the best one to group by.
    labels = [unindexed(of.code).label("code"), *([unindexed(of.shop_id).label("shop_id")] if each else [])]
    if source is Source.WORK:
        labels.append(jobs.c.name.label("work"))
    since = func.min(of.since, type_=of.since.type).label("since")
    query: Any = select(*labels, func.count().label("things"), since).select_from(of.table)
    mine = (*of.is_open(), *within_given(of.shop_id, shops), ~is_set_aside(of, source, NOW))
    grouped: Select[Any] = query.where(*mine).group_by(*labels)
    return grouped


@dataclass(frozen=True)
class Columns:
    """Of one source: its table, and what is asked of each alike."""

    table: FromClause
    item_id: ColumnElement[int]
    shop_id: ColumnElement[str]
    code: ColumnElement[str]
    since: ColumnElement[datetime]
    is_open: Callable[[], tuple[ColumnElement[bool], ...]]


def failed_work() -> tuple[ColumnElement[bool], ...]:
    """A failed look at an order no longer needs anybody once a later one of the same order was processed."""
    answered = and_(jobs.c.kind == JobKind.PROCESS_ORDER, not_(unanswered()))
    return IS_PENDING, jobs.c.kind.in_(OF_SHOP), jobs.c.state == "failed", not_(answered)


# Looked up for each line that waits: joined, PostgreSQL reads all files of all shops for it.
READ_AT = select(bank_files.c.read_at).where(bank_files.c.file_id == bank_lines.c.file_id).scalar_subquery()
SOURCES = {
    Source.ALERT: Columns(
        alerts, alerts.c.alert_id, alerts.c.shop_id, alerts.c.code, alerts.c.first_at,
        lambda: (alerts.c.closed_at.is_(None), alerts.c.code.not_in(STANDS_FOR)),
    ),
    Source.BANK: Columns(
        bank_lines, bank_lines.c.line_id, bank_lines.c.shop_id, bank_lines.c.state, READ_AT,
        lambda: (literal_column("bank_lines." + LINE_WAITS),),
    ),
    Source.DRAFT: Columns(
        drafts, drafts.c.draft_id, drafts.c.shop_id, drafts.c.code, drafts.c.created_at,
        lambda: (drafts.c.state == "open",),
    ),
    Source.FLAG: Columns(
        orders, orders.c.order_id, orders.c.shop_id, orders.c.flag_code, orders.c.ordered_at,
        lambda: (literal_column("orders." + FLAGGED),),
    ),
    Source.WORK: Columns(jobs, jobs.c.job_id, jobs.c.shop_id, jobs.c.code, jobs.c.created_at, failed_work),
}  # fmt: skip


def open_things(source: Source, shops: Shops, now: datetime) -> tuple[ColumnElement[bool], ...]:
    of = SOURCES[source]
    return *of.is_open(), *within(of.shop_id, shops), ~is_set_aside(of, source, now)


def is_set_aside(of: Columns, source: Source, now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    return exists().where(
        set_aside.c.shop_id == of.shop_id,
        set_aside.c.source == source,
        set_aside.c.item_id == of.item_id,
        set_aside.c.code == of.code,
        or_(set_aside.c.until.is_(None), set_aside.c.until > now),
    )


def has_reason(reason: Reason) -> ColumnElement[bool]:
    """That a thing of the reason's source is of this reason, as `reason_of` says it."""
    mine = [one for one in REASONS if one.source is reason.source]
    of = SOURCES[reason.source]
    if reason.codes:
        earlier = mine[: mine.index(reason)]
        return and_(names(of.code, reason.codes), *(not_(names(of.code, one.codes)) for one in earlier if one.codes))
    named = or_(false(), *(names(of.code, one.codes) for one in mine if one.codes))
    kept = of.code == KEPT_BY_RULE if reason.source is Source.DRAFT else false()
    return and_(not_(named), not_(kept), jobs.c.name == reason.work if reason.work else literal(True))


def names(code: ColumnElement[str], codes: tuple[str, ...]) -> ColumnElement[bool]:
    whole = [one for one in codes if not one.endswith("*")]
    begun = [code.startswith(one[:-1], autoescape=True) for one in codes if one.endswith("*")]
    return or_(code.in_(whole), *begun)


def waiting_documents(connection: Connection, shop_id: str, *, now: datetime) -> tuple[int, datetime | None]:
    """How many documents of a shop wait because something is wrong with them, and when the last of them came to wait for what it waits for."""
    of = SOURCES[Source.DRAFT]
    waits = (*open_things(Source.DRAFT, (shop_id,), now), of.code != KEPT_BY_RULE)
    newest = func.max(drafts.c.changed_at, type_=drafts.c.changed_at.type)
    count, last = connection.execute(select(func.count(), newest).select_from(of.table).where(*waits)).one()
    return int(count), last


def ids_of(connection: Connection, shop_id: str, reason: Reason, *, now: datetime) -> tuple[int, ...]:
    """The ids of the things of one reason in a shop, the oldest first; of very many the first ten thousand."""
    return tuple(connection.execute(things(reason, (shop_id,), now).limit(MOST_AT_ONCE)).scalars())


def failures_of(connection: Connection, shop_id: str, reason: Reason, *, now: datetime) -> tuple[tuple[str, str], ...]:
    """The names of jobs, each with a code, that failed for this reason."""
    query = things(reason, (shop_id,), now).order_by(None).with_only_columns(jobs.c.name, jobs.c.code).distinct()
    return tuple(sorted((name, code) for name, code in connection.execute(query)))


def things(reason: Reason, shops: Shops, now: datetime) -> Select[Any]:
    of = SOURCES[reason.source]
    query = select(of.item_id).select_from(of.table).where(*open_things(reason.source, shops, now), has_reason(reason))
    return query.order_by(of.since, of.item_id)
