"""`facturelay demo | worker | scheduler | migrate`: the processes."""

import sys
from pathlib import Path

import click

from worker.cli.common import counted, show, with_services
from worker.cli.options import log_to_stderr, read_settings, with_data, with_json
from worker.errors import Rejected
from worker.processes.supervisor import prepare, refuse_other_key, stop_on_signals
from worker.queue import LONG_QUEUES, QueueName
from worker.services import Services
from worker.store.database.migrate import upgrade

DEMO_RECORDINGS = Path("tests/recordings")


@click.command()
@click.option("--once", is_flag=True, help="End after the orders, with a summary; exit 0 only when all is as expected.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON (with --once).")
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the recorded orders (default: tests/recordings of the checkout).",
)
@click.option("--port", default=0, help="Port of the demo's page (default: a free one).")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 16), help="How many workers.")
def demo(recordings: Path | None, port: int, workers: int, *, once: bool, as_json: bool) -> None:
    """Show it all on this machine: pretend shops, their customers' mailbox and the dashboard, to look at and to try."""
    # Imported here: the demo brings a mail server and a shop that no other command needs.
    from worker.demo.show import run_demo

    sys.exit(run_demo(recordings or default_recordings(), once=once, as_json=as_json, port=port, workers=workers))


def default_recordings() -> Path:
    for folder in (Path.cwd(), Path(__file__).resolve().parents[2]):
        if (folder / DEMO_RECORDINGS / "EXPECTED.json").exists():
            return folder / DEMO_RECORDINGS
    raise Rejected("The recorded orders are not here; name their folder with --recordings.", code="recordings_missing")


@click.command()
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@click.option("--max-jobs", type=click.IntRange(min=1), help="End after so many jobs; whoever runs it starts it again.")
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice([str(name) for name in QueueName]),
    help="Take work of this queue alone; may be given several times. Default: of all. Each queue needs a worker somewhere.",
)
@click.option("--urgent", "lane", flag_value="urgent", help="Take all but long work, which workers of their own do.")
@click.option(
    "--long",
    "lane",
    flag_value="long",
    help="Take long work alone: backfills, exports, and what waits for a server that is slow.",
)
@with_data
def worker(max_jobs: int | None, data: Path | None, *, burst: bool, queues: tuple[str, ...], lane: str | None) -> None:
    """Run one worker: fetches orders, issues, renders, mails and writes back."""
    # Imported here: no other process loads the PDF libraries.
    from worker.processes.rq_worker import work

    settings = prepare(read_settings(data))
    log_to_stderr(settings)
    taken = tuple(map(QueueName, queues))
    if lane is not None:
        taken = LONG_QUEUES if lane == "long" else tuple(name for name in QueueName if name not in LONG_QUEUES)
    work(settings, queues=taken, burst=burst, max_jobs=max_jobs)


@click.command()
@click.option("--once", is_flag=True, help="Enqueue once and end.")
@with_services
def scheduler(services: Services, *, once: bool) -> None:
    """Enqueue again every row that waits, and run the periodic jobs. Several may run; one acts at a time."""
    from worker.scheduler import run, run_once

    log_to_stderr(services.settings)
    if once:
        enqueued = run_once(services, holder="once")
        click.echo(
            f"Enqueued {counted(enqueued.orders, 'order', 'orders')} and {counted(enqueued.documents, 'document', 'documents')}."
        )
        return
    run(services, stop_on_signals())


@click.command()
@with_data
@with_json
def migrate(data: Path | None, *, as_json: bool) -> None:
    """Bring the database to the shape of this version. Safe to run again."""
    settings = prepare(read_settings(data))
    is_ours = upgrade(settings.database_url)
    if is_ours:
        refuse_other_key(settings)
    text = (
        "The database is up to date."
        if is_ours
        else "The database is of a later version of Facturelay, and was left as it is."
    )
    show({"migrated": is_ours}, as_json=as_json, text=lambda: text)
