"""The status of one shop, for its owner's daily mail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from worker.domain.document import of_document
from worker.errors import NumberingPaused, ShopPaused
from worker.message import NO_MESSAGE, Message
from worker.store.alerts import DOCUMENTS_WAIT
from worker.store.database.tables import alerts, documents, drafts, jobs
from worker.store.jobs import IS_PENDING, OF_ORDERS, OF_SHOP, JobKind
from worker.store.steps import was_mailed

# Why looks wait for a person who knows: a paused shop, numbers held after a restore.
PAUSED_CODES = (ShopPaused.code, NumberingPaused.code)


@dataclass(frozen=True)
class ShopStatus:
    """Counts, and the messages of what failed and of what was repaired since an instant."""

    issued: int
    mailed: int
    waiting: int
    drafts: int
    failed: tuple[Message, ...]
    repaired: tuple[Message, ...]


def of(connection: Connection, shop_id: str, *, since: datetime) -> ShopStatus:
    return ShopStatus(
        issued=count(connection, documents.c.shop_id == shop_id, documents.c.issued_at >= since),
        mailed=count(connection, jobs.c.shop_id == shop_id, *was_mailed(since)),
        waiting=count(connection, *work_of(shop_id, "waiting")),
        drafts=count(connection, drafts.c.shop_id == shop_id, drafts.c.state == "open"),
        failed=failures(connection, shop_id, since=since),
        repaired=repairs(connection, shop_id, since=since),
    )


def repairs(connection: Connection, shop_id: str, *, since: datetime) -> tuple[Message, ...]:
    """What was wrong and is no more. That documents wait no more is no repair: a person may have thrown them away."""
    closed = (alerts.c.shop_id == shop_id, alerts.c.closed_at >= since, alerts.c.code != DOCUMENTS_WAIT)
    return distinct_messages(connection, select(alerts.c.message).where(*closed))


def count(connection: Connection, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).where(*where)).scalar_one())


def work_of(shop_id: str, state: str) -> tuple[ColumnElement[bool], ...]:
    """That a job is a look at an order of this shop or settles it, or a step of its documents, in this state."""
    work = jobs.c.kind.in_(OF_SHOP)
    return IS_PENDING, jobs.c.shop_id == shop_id, work, jobs.c.state == state


def failures(connection: Connection, shop_id: str, *, since: datetime) -> tuple[Message, ...]:
    """Of looks and of steps; a step's sentence needs the document's number to be understood."""
    failed = (*work_of(shop_id, "failed"), jobs.c.done_at >= since)
    of_orders = select(jobs.c.message).where(*failed, jobs.c.kind.in_(OF_ORDERS))
    failed_steps = (
        select(documents.c.number, jobs.c.message)
        .join_from(jobs, documents, jobs.c.document_id == documents.c.document_id)
        .where(*failed, jobs.c.kind == JobKind.STEP)
    )
    of_steps = (of_document(row.number, row.message) for row in connection.execute(failed_steps))
    return (*distinct_messages(connection, of_orders), *dict.fromkeys(of_steps))


def overdue(connection: Connection, shop_id: str, *, since: datetime) -> tuple[int, Message]:
    """How many looks and steps could have been done since then and are not, and why the oldest one is not."""
    # A look that was put off, by a backfill say, is not late.
    put_off = and_(jobs.c.kind == JobKind.PROCESS_ORDER, jobs.c.next_at >= since, jobs.c.attempts == 0)
    late = connection.execute(
        select(jobs.c.message)
        .where(*work_of(shop_id, "waiting"), jobs.c.created_at < since, ~put_off)
        .where(or_(jobs.c.kind == JobKind.STEP, jobs.c.code.not_in(PAUSED_CODES)))
        .order_by(jobs.c.created_at)
    )
    messages = late.scalars().all()
    return len(messages), (messages[0] if messages else NO_MESSAGE)


def distinct_messages(connection: Connection, query: Select[Message]) -> tuple[Message, ...]:
    return tuple(dict.fromkeys(connection.execute(query).scalars()))
