"""How many jobs there are: all there ever were, which the program itself never counts."""

from sqlalchemy import Connection, func, select

from worker.store.database.tables import jobs
from worker.store.jobs import JobKind


def job_counts(connection: Connection, *kinds: JobKind) -> dict[str, int]:
    """How many of *kinds* there are in each state."""
    counted = select(jobs.c.state, func.count()).where(jobs.c.kind.in_(kinds)).group_by(jobs.c.state)
    return {state: int(number) for state, number in connection.execute(counted)}
