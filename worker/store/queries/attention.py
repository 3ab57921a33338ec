"""What needs a person, of one shop or of all: the oldest first, each with the message that says what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal_column, select

from worker.domain.document import Kind, Problem
from worker.message import NO_MESSAGE, Message
from worker.store.database import json_codec
from worker.store.database.shop_scope import Shops, within
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
)
from worker.store.jobs import JobKind
from worker.store.queries.document_lists import as_draft_row, open_drafts
from worker.store.queries.order_lists import failed_jobs, unanswered

MOST = 20
MOST_COUNTED = 1_000


class NeedKind(StrEnum):
    """What it is that needs somebody."""

    ALERT = "alert"
    BANK_LINES = "bank_lines"
    DRAFT = "draft"
    FLAG = "flag"
    PROCESS_ORDER = "process_order"
    SETTLE_ORDER = "settle_order"
    STEP = "step"


@dataclass(frozen=True)
class Need:
    """One thing that needs a person.

    *need_id* is the id of the alert, draft, delivery or step; for a flag it is the order's, for lines of the bank the first one's. *code* and *message* say what
    is wrong; of a draft without a problem (the shop wants drafts) both are empty. *since*: of a flag, when the order was placed.
    *document_kind* and *number* name the document that a draft would become, or a step is of.
    """

    kind: NeedKind
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
    more: int = 0  # problems or flags of the same draft or order beyond the first


@dataclass(frozen=True)
class Needs:
    """The oldest needs, and how many there are of each kind (a kind without any counts 0, a thousand may be more)."""

    oldest: tuple[Need, ...]
    counts: dict[NeedKind, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def has_more(self) -> bool:
        """Whether there are more than were counted."""
        return MOST_COUNTED in self.counts.values()


def needs(connection: Connection, shops: Shops, *, most: int = MOST) -> Needs:
    """What needs a person now: lines of the bank that wait, open drafts, deliveries, steps and settlements that failed, flags on orders, open alerts.

    A failed delivery no longer needs anybody once a later one of the same order was processed.
    """
    found = sorted(
        (need for some in OLDEST.values() for need in some(connection, shops, most)),
        key=lambda need: (need.since, need.kind, need.need_id),
    )
    return Needs(tuple(found[:most]), {kind: counted(connection, COUNTED[kind](shops)) for kind in NeedKind})


def counted(connection: Connection, query: Select[int]) -> int:
    return int(connection.execute(query).scalar_one())


def oldest_alerts(connection: Connection, shops: Shops, most: int) -> list[Need]:
    query = select(alerts).where(alerts.c.closed_at.is_(None), *within(alerts.c.shop_id, shops))
    rows = connection.execute(query.order_by(alerts.c.first_at, alerts.c.alert_id).limit(most))
    return [Need(NeedKind.ALERT, row.alert_id, row.shop_id, row.first_at, row.code, row.message) for row in rows]


def oldest_bank_lines(connection: Connection, shops: Shops, most: int) -> list[Need]:
    """One a shop, however many of its lines wait."""
    first = func.min(bank_lines.c.line_id)
    waiting = (
        select(bank_lines.c.shop_id, func.count().label("lines"), first.label("line_id"))
        .where(literal_column(LINE_WAITS), *within(bank_lines.c.shop_id, shops))
        .group_by(bank_lines.c.shop_id)
        .order_by(first)
        .limit(most)
        .subquery()
    )
    query = (
        select(waiting, bank_files.c.read_at)
        .join(bank_lines, bank_lines.c.line_id == waiting.c.line_id)
        .join(bank_files, bank_files.c.file_id == bank_lines.c.file_id)
    )
    return [
        Need(NeedKind.BANK_LINES, row.line_id, row.shop_id, row.read_at, "bank_lines_wait", lines_wait(row.lines))
        for row in connection.execute(query)
    ]


def lines_wait(lines: int) -> Message:
    if lines == 1:
        return Message("One line of the bank waits for you: say which order it pays, or put it aside.")
    return Message(
        "{count} lines of the bank wait for you: say which order each of them pays, or put it aside.", count=lines
    )


def oldest_drafts(connection: Connection, shops: Shops, most: int) -> list[Need]:
    rows = connection.execute(open_drafts(shops).order_by(drafts.c.draft_id).limit(most))
    return [
        Need(
            NeedKind.DRAFT,
            row.draft_id,
            row.shop_id,
            row.created_at,
            *first_of(row.problems),
            order_id=row.order_id,
            order_number=row.order_number,
            document_kind=row.kind,
            more=max(0, len(row.problems) - 1),
        )
        for row in map(as_draft_row, rows)
    ]


def first_of(problems: tuple[Problem, ...]) -> tuple[str, Message]:
    return (problems[0].code, problems[0].message) if problems else ("", NO_MESSAGE)


def oldest_flags(connection: Connection, shops: Shops, most: int) -> list[Need]:
    shown = (orders.c.shop_id, orders.c.order_id, orders.c.order_number, orders.c.ordered_at, orders.c.flags)
    query = select(*shown).where(literal_column(FLAGGED), *within(orders.c.shop_id, shops))
    rows = connection.execute(query.order_by(orders.c.ordered_at, orders.c.order_id).limit(most))
    found = [(row, json_codec.load(tuple[Problem, ...], row.flags)) for row in rows]
    return [
        Need(
            NeedKind.FLAG,
            row.order_id,
            row.shop_id,
            row.ordered_at,
            *first_of(flags),
            order_id=row.order_id,
            order_number=row.order_number,
            more=len(flags) - 1,
        )
        for row, flags in found
    ]


def oldest_deliveries(connection: Connection, shops: Shops, most: int) -> list[Need]:
    query = select(jobs).where(*failed_jobs(JobKind.PROCESS_ORDER, shops), unanswered())
    return oldest_of_orders(connection, query, most)


def oldest_settlements(connection: Connection, shops: Shops, most: int) -> list[Need]:
    return oldest_of_orders(connection, select(jobs).where(*failed_jobs(JobKind.SETTLE_ORDER, shops)), most)


def oldest_of_orders(connection: Connection, query: Select[Any], most: int) -> list[Need]:
    rows = connection.execute(query.order_by(jobs.c.created_at, jobs.c.job_id).limit(most))
    return [
        Need(
            NeedKind(row.kind),
            row.job_id,
            row.shop_id,
            row.created_at,
            row.code,
            row.message,
            order_id=row.order_id,
        )
        for row in rows
    ]


def oldest_steps(connection: Connection, shops: Shops, most: int) -> list[Need]:
    of_document = (documents.c.order_id, documents.c.order_number, documents.c.kind, documents.c.number)
    query = (
        select(jobs.c.job_id, jobs.c.shop_id, jobs.c.created_at, jobs.c.code, jobs.c.message)
        .add_columns(jobs.c.document_id, *of_document)
        .join_from(jobs, documents, documents.c.document_id == jobs.c.document_id)
        .where(*failed_jobs(JobKind.STEP, shops))
    )
    rows = connection.execute(query.order_by(jobs.c.created_at, jobs.c.job_id).limit(most))
    return [
        Need(
            NeedKind.STEP,
            row.job_id,
            row.shop_id,
            row.created_at,
            row.code,
            row.message,
            order_id=row.order_id,
            order_number=row.order_number,
            document_id=row.document_id,
            document_kind=Kind(row.kind),
            number=row.number,
        )
        for row in rows
    ]


OLDEST: dict[NeedKind, Callable[[Connection, Shops, int], list[Need]]] = {
    NeedKind.ALERT: oldest_alerts,
    NeedKind.BANK_LINES: oldest_bank_lines,
    NeedKind.DRAFT: oldest_drafts,
    NeedKind.FLAG: oldest_flags,
    NeedKind.PROCESS_ORDER: oldest_deliveries,
    NeedKind.SETTLE_ORDER: oldest_settlements,
    NeedKind.STEP: oldest_steps,
}


def count_of_alerts(shops: Shops) -> Select[int]:
    return number_of(alerts, alerts.c.closed_at.is_(None), *within(alerts.c.shop_id, shops))


def count_of_shops_with_bank_lines(shops: Shops) -> Select[int]:
    waiting = (literal_column(LINE_WAITS), *within(bank_lines.c.shop_id, shops))
    return select(func.count(bank_lines.c.shop_id.distinct())).where(*waiting)


def count_of_drafts(shops: Shops) -> Select[int]:
    return number_of(drafts, drafts.c.state == "open", *within(drafts.c.shop_id, shops))


def count_of_flags(shops: Shops) -> Select[int]:
    return number_of(orders, literal_column(FLAGGED), *within(orders.c.shop_id, shops))


def count_of_deliveries(shops: Shops) -> Select[int]:
    return number_of(jobs, *failed_jobs(JobKind.PROCESS_ORDER, shops), unanswered())


def count_of_settlements(shops: Shops) -> Select[int]:
    return number_of(jobs, *failed_jobs(JobKind.SETTLE_ORDER, shops))


def count_of_steps(shops: Shops) -> Select[int]:
    return number_of(jobs, *failed_jobs(JobKind.STEP, shops))


def number_of(table: Table, *where: ColumnElement[bool]) -> Select[int]:
    """How many rows of *table* there are, counted no further than MOST_COUNTED: beyond that nobody reads them one by one."""
    some = select(literal_column("1")).select_from(table).where(*where).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some)


COUNTED: dict[NeedKind, Callable[[Shops], Select[int]]] = {
    NeedKind.ALERT: count_of_alerts,
    NeedKind.BANK_LINES: count_of_shops_with_bank_lines,
    NeedKind.DRAFT: count_of_drafts,
    NeedKind.FLAG: count_of_flags,
    NeedKind.PROCESS_ORDER: count_of_deliveries,
    NeedKind.SETTLE_ORDER: count_of_settlements,
    NeedKind.STEP: count_of_steps,
}
