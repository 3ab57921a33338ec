"""What needs a person, of one shop or of all, by reason. Pages, mails, API and command line tell the same, from here."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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
from worker.domain.document import Kind, Problem
from worker.domain.health import RoadHealth
from worker.message import NO_MESSAGE, Message, Money
from worker.store.alerts import DOCUMENTS_WAIT
from worker.store.database import json_codec
from worker.store.database.made_once import NOW
from worker.store.database.shop_scope import HowMany, Shops, given_shops, how_many, within, within_given
from worker.store.database.tables import (
    FLAGGED,
    LINE_WAITS,
    alerts,
    bank_files,
    bank_lines,
    documents,
    drafts,
    jobs,
    orders,
    set_aside,
)
from worker.store.jobs import IS_PENDING, OF_SHOP, JobKind
from worker.store.queries.document_lists import as_draft_row, open_drafts
from worker.store.queries.order_lists import unanswered

PAGE_SIZE = 50
MOST_AT_ONCE = 10_000
# The alerts by which failures and documents that wait are mailed: what they stand for is counted itself.
STANDS_FOR = {"work_failed": Source.WORK, DOCUMENTS_WAIT: Source.DRAFT}


@dataclass(frozen=True)
class Need:
    """One thing that needs a person.

    *need_id* is the id of the alert, draft or job; for a flag it is the order's. *code* and *message* say what is wrong.
    *since*: of a flag, when the order was placed. *document_kind* and *number* name the document that a draft would become,
    or failed work is of. *work* is the job's name.
    """

    source: Source
    need_id: int
    shop_id: str
    since: datetime
    code: str
    message: Message
    order_id: int | None = None
    order_number: str = ""
    document_id: int | None = None
    document_kind: Kind | None = None
    number: str = ""
    work: str = ""
    more: int = 0  # problems or flags of the same draft or order beyond the first


@dataclass(frozen=True)
class NeedGroup:
    """Things of one shop that need a person for the same reason; *since* the oldest of them is there.

    *shops* counts those of a group that was merged over all shops; its *shop_id* is empty then.
    """

    reason: Reason
    shop_id: str
    count: int
    since: datetime
    shops: int = 1


@dataclass(frozen=True)
class Needs:
    """The *groups* that a person must see to, the most harmful first; *notices* only inform. *kept* are the drafts that the
    shops' own rules keep. Neither of the two is counted."""

    groups: tuple[NeedGroup, ...] = ()
    notices: tuple[NeedGroup, ...] = ()
    kept: int = 0

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups)

    def untold(self, roads: Iterable[RoadHealth]) -> tuple[RoadHealth, ...]:
        """Those of *roads* that no alert among these tells of."""
        told = {group.reason for group in self.groups}
        return tuple(one for one in roads if not (one.alert and reason_of(Source.ALERT, one.alert) in told))


@dataclass(frozen=True)
class Part:
    """*size* things from number *first* (1 is the oldest) on."""

    first: int = 1
    size: int = PAGE_SIZE


WHOLE_PAGE = Part()


@dataclass(frozen=True)
class NeedPage:
    """The things of one reason from number *first* (1 is the oldest), out of *total*."""

    rows: tuple[Need, ...]
    first: int
    total: int


def needs(connection: Connection, shops: Shops, *, now: datetime) -> Needs:
    """What needs a person now, over all of *shops*."""
    return merged(by_shop(connection, shops, now=now).values())


def merged(some: Iterable[Needs]) -> Needs:
    found = list(some)
    return Needs(
        groups=merged_groups(group for one in found for group in one.groups),
        notices=merged_groups(group for one in found for group in one.notices),
        kept=sum(one.kept for one in found),
    )


def merged_groups(groups: Iterable[NeedGroup]) -> tuple[NeedGroup, ...]:
    by_reason: dict[str, NeedGroup] = {}
    for group in groups:
        other = by_reason.get(group.reason.name)
        by_reason[group.reason.name] = both(other, group) if other else group
    return tuple(sorted(by_reason.values(), key=worst_first))


def both(one: NeedGroup, other: NeedGroup) -> NeedGroup:
    same_shop = one.shop_id == other.shop_id
    return replace(
        one,
        shop_id=one.shop_id if same_shop else "",
        count=one.count + other.count,
        since=min(one.since, other.since),
        shops=one.shops if same_shop else one.shops + other.shops,
    )


def worst_first(group: NeedGroup) -> tuple[int, datetime, str]:
    return group.reason.harm, group.since, group.reason.name


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
    labels = [of.code.label("code"), *([of.shop_id.label("shop_id")] if each else [])]
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


SOURCES = {
    Source.ALERT: Columns(
        alerts, alerts.c.alert_id, alerts.c.shop_id, alerts.c.code, alerts.c.first_at,
        lambda: (alerts.c.closed_at.is_(None), alerts.c.code.not_in(STANDS_FOR)),
    ),
    Source.BANK: Columns(
        bank_lines.join(bank_files, bank_files.c.file_id == bank_lines.c.file_id), bank_lines.c.line_id, bank_lines.c.shop_id,
        bank_lines.c.state, bank_files.c.read_at, lambda: (literal_column("bank_lines." + LINE_WAITS),),
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


def page(connection: Connection, shops: Shops, reason: Reason, *, now: datetime, part: Part = WHOLE_PAGE) -> NeedPage:
    """The things of one reason, the oldest first."""
    query = things(reason, shops, now)
    total = int(connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one())
    rows = READ[reason.source](connection, query.limit(part.size).offset(max(0, part.first - 1)))
    return NeedPage(tuple(rows), part.first, total)


def read_alerts(connection: Connection, query: Select[Any]) -> list[Need]:
    rows = connection.execute(query.with_only_columns(*alerts.c))
    return [Need(Source.ALERT, row.alert_id, row.shop_id, row.first_at, row.code, row.message) for row in rows]


def read_bank_lines(connection: Connection, query: Select[Any]) -> list[Need]:
    shown = (
        bank_lines.c.line_id,
        bank_lines.c.shop_id,
        bank_lines.c.amount,
        bank_lines.c.currency,
        bank_lines.c.booked_on,
    )
    rows = connection.execute(query.with_only_columns(*shown, bank_lines.c.state, bank_files.c.read_at))
    return [
        Need(
            Source.BANK,
            row.line_id,
            row.shop_id,
            row.read_at,
            row.state,
            Message("{amount} of {day}.", amount=Money(row.amount, row.currency), day=row.booked_on),
        )
        for row in rows
    ]


def read_drafts(connection: Connection, query: Select[Any]) -> list[Need]:
    shown = (*open_drafts(None).selected_columns, drafts.c.code)
    found = [(row.code, as_draft_row(row)) for row in connection.execute(query.with_only_columns(*shown))]
    return [
        Need(
            Source.DRAFT,
            row.draft_id,
            row.shop_id,
            row.created_at,
            *told(code, row.problems),
            order_id=row.order_id,
            order_number=row.order_number,
            document_kind=row.kind,
            more=max(0, len(row.problems) - 1),
        )
        for code, row in found
    ]


def told(code: str, problems: tuple[Problem, ...]) -> tuple[str, Message]:
    """The code of the worst of *problems* with its sentence."""
    return code, next(
        (one.message for one in problems if one.code == code), problems[0].message if problems else NO_MESSAGE
    )


def read_flags(connection: Connection, query: Select[Any]) -> list[Need]:
    shown = (
        orders.c.shop_id,
        orders.c.order_id,
        orders.c.order_number,
        orders.c.ordered_at,
        orders.c.flags,
        orders.c.flag_code,
    )
    found = [
        (row, json_codec.load(tuple[Problem, ...], row.flags))
        for row in connection.execute(query.with_only_columns(*shown))
    ]
    return [
        Need(
            Source.FLAG,
            row.order_id,
            row.shop_id,
            row.ordered_at,
            *told(row.flag_code, flags),
            order_id=row.order_id,
            order_number=row.order_number,
            more=len(flags) - 1,
        )
        for row, flags in found
    ]


def read_work(connection: Connection, query: Select[Any]) -> list[Need]:
    of_document = (documents.c.order_number, documents.c.kind.label("document_kind"), documents.c.number)
    order_id = func.coalesce(jobs.c.order_id, documents.c.order_id).label("order_of")
    shown = (
        jobs.c.job_id,
        jobs.c.shop_id,
        jobs.c.created_at,
        jobs.c.code,
        jobs.c.message,
        jobs.c.name,
        jobs.c.document_id,
    )
    joined = query.with_only_columns(*shown, order_id, *of_document).select_from(
        jobs.outerjoin(documents, documents.c.document_id == jobs.c.document_id)
    )
    return [as_work(row) for row in connection.execute(joined)]


def as_work(row: Any) -> Need:
    return Need(
        Source.WORK,
        row.job_id,
        row.shop_id,
        row.created_at,
        row.code,
        row.message,
        order_id=row.order_of,
        order_number=row.order_number or "",
        document_id=row.document_id,
        document_kind=Kind(row.document_kind) if row.document_kind else None,
        number=row.number or "",
        work=row.name,
    )


READ: dict[Source, Callable[[Connection, Select[Any]], list[Need]]] = {
    Source.ALERT: read_alerts,
    Source.BANK: read_bank_lines,
    Source.DRAFT: read_drafts,
    Source.FLAG: read_flags,
    Source.WORK: read_work,
}
