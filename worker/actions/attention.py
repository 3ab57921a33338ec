"""What a person decides about what needs somebody: nothing is to be done, or not before a day. One thing, or all of a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from worker.actions.orders import ignore_flags
from worker.domain.actor import Actor
from worker.domain.attention import Reason, Source
from worker.domain.attention_reasons import BY_NAME, reason_of
from worker.domain.days import start_of_day
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message
from worker.store import audit_trail, counters, jobs, set_aside
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import jobs as jobs_table
from worker.store.jobs import OF_SHOP, JobEnd
from worker.store.queries import attention
from worker.store.queries.attention import SOURCES
from worker.store.set_aside import Aside

LONGEST_WHY = 300


@dataclass(frozen=True)
class Chosen:
    """All that there is of a reason, or one thing of it."""

    reason: str
    item_id: int | None = None


def dismiss(connection: Connection, shop_id: str, chosen: Chosen, *, why: str, by: Actor) -> int:
    """Nothing is to be done: failed work is ended, flags are ignored, the rest is set aside for as long as the same is wrong.

    Returns how many. Raises Rejected without a *why*, or when nothing is there.
    """
    why = said(why)
    counters.lock(connection, shop_id)
    reason, ids = found(connection, shop_id, chosen, by=by)
    count = len(ids)
    if reason.source is Source.WORK:
        count = end_work(connection, ids, why=why, by=by)
    elif reason.source is Source.FLAG:
        for order_id in ids:
            ignore_flags(connection, shop_id, order_id, now=by.now)
    else:
        put_aside(connection, shop_id, (reason, ids), until=None, now=by.now)
    message = dismissed(reason, count=count, why=why, by=by)
    audit_trail.add(connection, AuditEntry(shop_id, by.now, by.name, "dismissed", message, order_of(reason, ids)))
    return count


def dismiss_work(connection: Connection, shop_id: str, job_id: int, *, why: str, by: Actor) -> None:
    """End one piece of work that failed, as `dismiss` does. Raises Rejected without a *why*, or when it is done meanwhile."""
    why = said(why)
    counters.lock(connection, shop_id)
    row = connection.execute(
        select(jobs_table).where(jobs_table.c.job_id == job_id, jobs_table.c.shop_id == shop_id)
    ).first()
    if row is None:
        raise needs_nobody()
    end_work(connection, (job_id,), why=why, by=by)
    reason = reason_of(Source.WORK, row.code, row.name)
    message = dismissed(reason, count=1, why=why, by=by)
    entry = AuditEntry(shop_id, by.now, by.name, "dismissed", message, row.order_id, row.document_id)
    audit_trail.add(connection, entry)


def dismissed(reason: Reason, *, count: int, why: str, by: Actor) -> Message:
    return Message(
        "{by} says of “{reason}” that nothing is to be done ({count}): {why}",
        by=by.name,
        reason=reason.sentence,
        count=count,
        why=why,
    )


def said(why: str) -> str:
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise Rejected(
            "Say in a few words why nothing is to be done; it is kept in the activity.", code="reason_missing"
        )
    return why


def end_work(connection: Connection, ids: Sequence[int], *, why: str, by: Actor) -> int:
    """Returns how many were ended: what somebody has had tried again meanwhile is being done. Raises Rejected where that is all of it."""
    end = JobEnd("skipped", "ignored", Message("{by} says: nothing to do. {why}", by=by.name, why=why))
    failed = (jobs_table.c.job_id.in_(ids), jobs_table.c.state == "failed", jobs_table.c.kind.in_(OF_SHOP))
    ended = jobs.close(connection, *failed, end=end, now=by.now)
    if not ended:
        raise needs_nobody()
    return ended


def snooze(connection: Connection, shop: Shop, chosen: Chosen, *, until: date, by: Actor) -> int:
    """Say nothing of it before the day *until* begins in the shop's zone; then it is back. What comes meanwhile is told.

    Returns how many. Raises Rejected when the day is not to come.
    """
    at = start_of_day(until, shop.zoneinfo)
    if at <= by.now:
        raise Rejected("Choose a day that is still to come.", code="day_wrong")
    reason, ids = found(connection, shop.shop_id, chosen, by=by)
    put_aside(connection, shop.shop_id, (reason, ids), until=at, now=by.now)
    message = Message(
        "{by} wants to hear of “{reason}” again on {day} ({count}).",
        by=by.name,
        reason=reason.sentence,
        day=until,
        count=len(ids),
    )
    audit_trail.add(connection, AuditEntry(shop.shop_id, by.now, by.name, "snoozed", message, order_of(reason, ids)))
    return len(ids)


def found(connection: Connection, shop_id: str, chosen: Chosen, *, by: Actor) -> tuple[Reason, tuple[int, ...]]:
    """The reason, and the ids of what is meant of what is there."""
    reason = BY_NAME.get(chosen.reason)
    there = attention.ids_of(connection, shop_id, reason, now=by.now) if reason else ()
    ids = there if chosen.item_id is None else tuple(one for one in there if one == chosen.item_id)
    if reason is None or not ids:
        raise needs_nobody()
    return reason, ids


def needs_nobody() -> Rejected:
    return Rejected("This needs nobody any more.", code="nothing_to_ignore")


def put_aside(
    connection: Connection, shop_id: str, things: tuple[Reason, Sequence[int]], *, until: datetime | None, now: datetime
) -> None:
    reason, ids = things
    of = SOURCES[reason.source]
    rows = connection.execute(select(of.item_id, of.code).where(of.shop_id == shop_id, of.item_id.in_(ids)))
    named = [(item_id, code) for item_id, code in rows]
    set_aside.put(connection, [Aside(shop_id, reason.source, item_id, code, until, now) for item_id, code in named])


def order_of(reason: Reason, ids: Sequence[int]) -> int | None:
    """Of one order's flag: on the trail of the order itself."""
    return ids[0] if reason.source is Source.FLAG and len(ids) == 1 else None
