"""`facturelay queue …`: work of one kind held back for all shops, while a mail server is moved for example."""

import click

from worker.cli.common import ACTOR, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.queue import QueueName
from worker.services import Services
from worker.store import paused_queues
from worker.store.paused_queues import QUEUE_LABELS

of_queue = click.argument("name", metavar="QUEUE", type=click.Choice([str(queue) for queue in QUEUE_LABELS]))


@click.group(cls=Group)
def queue() -> None:
    """Pause a queue of all shops, and resume it: what waits in it waits on.

    Queues: mail, pdf, orders, calls, tasks, bulk; `facturelay status` says what waits in each. Deliveries are stored whatever is paused.
    """


@queue.command("pause")
@of_queue
@with_services
@with_json
def pause(services: Services, name: str, *, as_json: bool) -> None:
    """Begin nothing more of QUEUE; what a worker has begun it ends."""
    with services.store.write() as connection:
        is_new = paused_queues.pause(connection, QueueName(name), by=services.actor(ACTOR))
    text = f"{name} is paused." if is_new else f"{name} was paused already."
    show({"queue": name, "paused": True, "changed": is_new}, as_json=as_json, text=lambda: text)


@queue.command("resume")
@of_queue
@with_services
@with_json
def resume(services: Services, name: str, *, as_json: bool) -> None:
    """Go on with QUEUE; the scheduler enqueues what waited."""
    with services.store.write() as connection:
        was_paused = paused_queues.resume(connection, QueueName(name), by=services.actor(ACTOR))
    text = f"{name} goes on." if was_paused else f"{name} was not paused."
    show({"queue": name, "paused": False, "changed": was_paused}, as_json=as_json, text=lambda: text)
