"""The things themselves that need a person for one reason, as a page lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from worker.domain.attention import Reason, Source
from worker.domain.document import Kind, Problem
from worker.message import NO_MESSAGE, Message, Money
from worker.store.database import json_codec
from worker.store.database.shop_scope import Shops
from worker.store.database.tables import alerts, bank_files, bank_lines, documents, drafts, jobs, orders
from worker.store.queries.attention import things
from worker.store.queries.document_lists import as_draft_row, open_drafts

PAGE_SIZE = 50


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
