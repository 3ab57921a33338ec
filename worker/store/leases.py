"""Leases: one holder at a time for a named duty, such as being the scheduler; and the heartbeats of processes."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from worker.store.database.made_once import made_once
from worker.store.database.tables import leases

# How the leases of workers begin: each worker that is there holds one. Those of the second kind take long work alone.
WORKER, LONG_WORKER = "worker ", "long worker "
# The lease of the scheduler that acts.
SCHEDULER = "scheduler"
# Made once: a statement costs more to build than to run.
THERE = made_once(select(leases.c.name).where(leases.c.until >= bindparam("now")))


def acquire(connection: Connection, name: str, holder: str, *, now: datetime, lease_for: timedelta) -> bool:
    """Take or extend the lease *name*; False while someone else holds it (`is_held`)."""
    over = or_(leases.c.holder == holder, leases.c.until < now, leases.c.until > now + 2 * lease_for)
    mine = update(leases).where(leases.c.name == name, over)
    if connection.execute(mine.values(holder=holder, until=now + lease_for)).rowcount:
        return True
    try:
        with connection.begin_nested():
            connection.execute(insert(leases).values(name=name, holder=holder, until=now + lease_for))
    except IntegrityError:
        return False
    return True


def is_held(until: datetime | None, *, now: datetime, lease_for: timedelta) -> bool:
    """Whether a lease runs. Nobody holds one for longer than *lease_for*: one that ends far later was taken while a clock was ahead."""
    return until is not None and now <= until <= now + 2 * lease_for


def release(connection: Connection, name: str, holder: str, *, now: datetime) -> None:
    connection.execute(update(leases).where(leases.c.name == name, leases.c.holder == holder).values(until=now))


def held_until(connection: Connection, name: str) -> datetime | None:
    return connection.execute(select(leases.c.until).where(leases.c.name == name)).scalar_one_or_none()


def workers_there(connection: Connection, *, now: datetime) -> tuple[int, int]:
    """How many workers of either kind are there: those for urgent work, and those that take long work alone."""
    return count_workers(connection.execute(THERE, {"now": now}).scalars().all())


def count_workers(names: Collection[str]) -> tuple[int, int]:
    """The same, of the leases that run by their names."""
    return sum(name.startswith(WORKER) for name in names), sum(name.startswith(LONG_WORKER) for name in names)


def last_held(connection: Connection) -> tuple[datetime | None, datetime | None]:
    """Until when the worker that was heard last counts as there, and until when a scheduler does; None where none was heard within a day."""
    held = func.max(leases.c.until, type_=leases.c.until.type)
    found = select(held.filter(leases.c.name.startswith(WORKER)), held.filter(leases.c.name == SCHEDULER))
    worker, scheduler = connection.execute(found).one()
    return worker, scheduler


def delete_expired(connection: Connection, *, before: datetime) -> None:
    """Forget the workers that were gone before then."""
    connection.execute(
        delete(leases).where(or_(*map(leases.c.name.startswith, (WORKER, LONG_WORKER))), leases.c.until < before)
    )
