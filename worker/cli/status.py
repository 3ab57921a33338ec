"""`facturelay status`"""

from dataclasses import asdict

import click

from worker.cli.common import counted, show, table, with_services
from worker.cli.options import with_json
from worker.processes import status as system_status
from worker.processes.status import Health, Report
from worker.services import Services
from worker.store.queries.queues import QueueCount
from worker.terminal import at_utc


@click.command()
@click.option(
    "--wait-idle", type=click.FloatRange(min=0), metavar="SECONDS", help="Return when nothing waits, at most so long."
)
@click.option("--check", is_flag=True, help="Ask only whether every process is there, whatever waits for a person.")
@with_services
@with_json
@click.pass_context
def status(context: click.Context, services: Services, wait_idle: float | None, *, check: bool, as_json: bool) -> None:
    """Show what waits, runs and failed, and who is alive.

    Exit 0 when every process answers and nothing needs a person (and all is idle, with --wait-idle), else 1.
    """
    found = (
        system_status.check(services)
        if wait_idle is None
        else system_status.wait_until_idle(services, seconds=wait_idle)
    )
    report = system_status.report(services)
    show({**found.as_json(), **asdict(report)}, as_json=as_json, text=lambda: as_text(found, report))
    well = found.healthy and (check or not report.needs)
    context.exit(0 if well and (wait_idle is None or found.is_idle) else 1)


def as_text(found: Health, report: Report) -> str:
    def word(good: bool, yes: str, no: str) -> str:
        return yes if good else no

    rows = [
        ("all in all", summary(found, report)),
        ("waiting", str(found.waiting)),
        ("running", str(found.running)),
        ("failed", str(found.failed)),
        ("done", str(found.done)),
        ("database", word(found.database, "answers", "does not answer")),
        (
            "Redis",
            word(
                found.redis,
                f"answers, {counted(found.queued or 0, 'job is', 'jobs are')} queued",
                f"does not answer ({found.redis_reason}); work waits in the database",
            ),
        ),
        ("workers", workers_as_text(found)),
        ("scheduler", word(found.scheduler, "runs", "does not run: start `facturelay scheduler`")),
    ]
    rows += [(f"queue {one.queue}", queue_as_text(one)) for one in found.queues]
    if report.kept_drafts:
        rows.append(("kept drafts", f"{report.kept_drafts}, by the shops' own rules"))
    waits = "".join(f"\n~ {road}" for road in (*found.rested, *report.troubles))
    return table(rows) + "".join(f"\n! {message}" for message in report.alerts) + waits


def summary(found: Health, report: Report) -> str:
    told = [] if found.healthy else ["something is down, see below"]
    if report.needs:
        told.append(f"needs you: {report.needs}")
    return "; ".join(told) or "healthy"


def workers_as_text(found: Health) -> str:
    long = f"{found.long_workers} for long work alone" if found.long_workers else ""
    if not found.workers:
        return ", ".join(filter(None, (long, "none for what is urgent: start `facturelay worker`")))
    return f"{found.workers}, and {long}" if long else str(found.workers)


def queue_as_text(one: QueueCount) -> str:
    text = f"{counted(one.waiting, 'waits', 'wait')}, {one.later} later, {one.running} being done"
    if one.paused:
        text += f"; paused since {at_utc(one.paused.since)} by {one.paused.paused_by}"
    return f"{text}; slow, so behind all others: {', '.join(one.slow_shops)}" if one.slow_shops else text
