"""`facturelay up | bridge`: what is waited for. Nothing heavy is imported here before the bridge loads."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

import click

from worker.cli.options import log_to_stderr, read_settings, with_data
from worker.processes.bridge import address
from worker.processes.supervisor import (
    Supervisor,
    begin_no_second_bridge,
    load_bridge,
    prepare,
    start_workers,
    stop_on_signals,
    wait_until_answered,
    web_server,
)
from worker.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, help="Port; WordPress calls only 80, 443 and 8080 on public hosts."
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many workers for urgent work. For long work (backfills, exports, servers that hang) there are others beside them.",
)
@with_data
def up(host: str, port: int, workers: int, data: Path | None) -> None:
    """Run everything on this machine: bridge, workers, scheduler, and a broker where no REDIS_URL is set."""
    settings = prepare(settings_for_up(data, host=host, port=port))
    log_to_stderr(settings)
    # As Ctrl-C: until it runs, whatever it waits for is given up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begin_no_second_bridge()
    supervisor = Supervisor(settings.environment_of_processes())
    with supervisor.stopped_on_error():
        embedded_broker = not os.environ.get("REDIS_URL")
        bridge = load_bridge(supervisor, settings, host=host, port=port, embedded_broker=embedded_broker)
        # Imported here: the bridge, which needs most of it too, loads meanwhile.
        from worker.processes.set_up_link import set_up_link
        from worker.services import Services

        services = Services(settings)
        with closing(services.store):
            set_up = set_up_link(services)
        wait_until_answered(bridge, host, port)
        stop = stop_on_signals()
        print_addresses(settings, workers=workers, set_up=set_up)
        start_workers(supervisor, workers)
    try:
        supervisor.keep_running(stop)
    finally:
        click.echo("Stopping; the work at hand is finished first.", err=True)
        supervisor.stop()


def settings_for_up(data: Path | None, *, host: str, port: int) -> Settings:
    if os.environ.get("FACTURELAY_PUBLIC_URL"):
        return read_settings(data)
    return read_settings(data, FACTURELAY_PUBLIC_URL=address(host, port))


def print_addresses(settings: Settings, *, workers: int, set_up: str | None) -> None:
    click.echo(f"Facturelay answers at {settings.public_url} ({workers} worker{'s' if workers > 1 else ''}).")
    if set_up:
        click.echo(f"Set it up in a browser (this link works once, for a day):\n  {set_up}")
    click.echo(f"Everything it keeps is in {settings.data}; its secret key is the file secret-key there.")
    if not settings.smtp_url:
        click.echo(
            "No mail leaves yet: set FACTURELAY_SMTP_URL, like smtp+starttls://user:password@mail.example.com:587"
        )
    click.echo("Stop with Ctrl-C.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port to listen on.")
@with_data
def bridge(host: str, port: int, data: Path | None) -> None:
    """Run the bridge: receives the shop's deliveries and serves the links."""
    settings = prepare(read_settings(data))
    # In place of this process, so that signals reach gunicorn itself.
    environment = settings.environment_of_processes()
    os.execve(sys.executable, web_server(host, port), environment)  # noqa: S606  # our own interpreter, no shell
