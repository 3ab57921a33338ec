"""How it goes on each road of the installation, judged by what is known of it: for operators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.domain.health import Fault, HealthRoad, RoadHealth, RoadState
from worker.message import Message

BACKUP_LATE, BACKUP_DOWN = timedelta(days=2), timedelta(days=7)
DISK_LATE, DISK_DOWN = 0.10, 0.02


@dataclass(frozen=True)
class MachineFacts:
    """Whether the queue answers, and where not, since when the oldest work waits; until when workers and the scheduler are alive."""

    queue: bool
    waiting_since: datetime | None = None
    workers_until: datetime | None = None
    scheduler_until: datetime | None = None


@dataclass(frozen=True)
class PausedWork:
    label: Message
    since: datetime
    paused_by: str


@dataclass(frozen=True)
class InstallationFacts:
    """*free*: the share of the disk, None where it cannot be seen. The mail server is that which shops share."""

    now: datetime
    machines: MachineFacts
    paused: tuple[PausedWork, ...] = ()
    has_mail_server: bool = False
    mail_fault: Fault | None = None
    mail_heard: datetime | None = None
    free: float | None = None
    backup_at: datetime | None = None


def installation_health(facts: InstallationFacts) -> tuple[RoadHealth, ...]:
    return (
        *machine_health(facts.machines, facts.now),
        *map(paused, facts.paused),
        *([shared_mail(facts)] if facts.has_mail_server else ()),
        disk(facts),
        backup(facts),
    )


def machine_health(found: MachineFacts, now: datetime) -> tuple[RoadHealth, ...]:
    """Queue, workers and scheduler: what stands still where one of them does."""
    return (broker(found), workers(found.workers_until, now), scheduler(found.scheduler_until, now))


def broker(found: MachineFacts) -> RoadHealth:
    if found.queue:
        return RoadHealth(HealthRoad.BROKER, RoadState.WELL, None, Message("Redis answers."))
    message = Message("Redis does not answer; work waits in the database.")
    return RoadHealth(HealthRoad.BROKER, RoadState.DOWN, found.waiting_since, message)


def workers(until: datetime | None, now: datetime) -> RoadHealth:
    road = HealthRoad.WORKERS
    if until is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No worker was seen yet."))
    if until < now:
        return RoadHealth(road, RoadState.DOWN, until, Message("No worker runs."))
    return RoadHealth(road, RoadState.WELL, now, Message("Workers run."))


def scheduler(until: datetime | None, now: datetime) -> RoadHealth:
    road = HealthRoad.SWEEP
    if until is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The scheduler was not seen yet."))
    if until < now:
        message = Message("The scheduler does not run: nothing is tried again.")
        return RoadHealth(road, RoadState.DOWN, until, message)
    return RoadHealth(road, RoadState.WELL, now, Message("The scheduler runs."))


def paused(one: PausedWork) -> RoadHealth:
    message = Message(
        "{queue}: paused by {who}, nothing of it is begun until it is resumed.", queue=one.label, who=one.paused_by
    )
    return RoadHealth(HealthRoad.PAUSED, RoadState.LATE, one.since, message)


def shared_mail(facts: InstallationFacts) -> RoadHealth:
    road = HealthRoad.MAIL
    if facts.mail_fault is not None:
        return facts.mail_fault.of(road)
    if facts.mail_heard is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The installation's mail server has not answered yet."))
    return RoadHealth(road, RoadState.WELL, facts.mail_heard, Message("The installation's mail server takes mails."))


def disk(facts: InstallationFacts) -> RoadHealth:
    road, free = HealthRoad.DISK, facts.free
    if free is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("How full the disk is cannot be seen."))
    state = RoadState.DOWN if free < DISK_DOWN else RoadState.LATE if free < DISK_LATE else RoadState.WELL
    return RoadHealth(road, state, facts.now, Message("{share} % of the disk is free.", share=round(free * 100)))


def backup(facts: InstallationFacts) -> RoadHealth:
    road, at = HealthRoad.BACKUP, facts.backup_at
    if at is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No backup was made with “facturelay backup” yet."))
    age = facts.now - at
    state = RoadState.DOWN if age > BACKUP_DOWN else RoadState.LATE if age > BACKUP_LATE else RoadState.WELL
    return RoadHealth(road, state, at, Message("The last backup is of {at} UTC.", at=at))
