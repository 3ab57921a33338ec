"""`facturelay many …`: what the ticks of the pages do, for scripts."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from worker import serializers
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.documents import DAY, with_rest_paid
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.document import BY_HAND
from worker.errors import Rejected
from worker.jobs.task import do_task
from worker.services import Services
from worker.store import drafts, tasks
from worker.store.files.temporary import TemporaryFile
from worker.store.jobs import OF_SHOP
from worker.store.queries import jobs
from worker.store.queries.jobs import JobFilter
from worker.store.tasks import Task, TaskRequest
from worker.tasks.many import MOST

# While another process has it, or what it needs does not answer, it is looked at again after so long.
LOOK_AGAIN_S = 1
DONE = {
    "issue": "issued",
    "discard": "discarded",
    "mail": "on their way to the customers",
    "paid": "marked as paid",
    "zip": "in the zip",
    "retry": "tried again",
    "dismiss": "dismissed",
    "fetch": "are being fetched again",
    "retry_order": "tried again",
    "make": "made",
    "ignore": "need nothing any more",
}


def of_items(command: Callable[..., None]) -> Callable[..., None]:
    """A shop, ids, where the state is, and JSON."""
    with_ids = click.argument("ids", metavar="ID...", type=click.IntRange(min=1), nargs=-1)(
        with_services(with_json(command))
    )
    return of_shop(with_ids)


with_send = click.option("--send", is_flag=True, help="Mail each to its customer as well.")
with_all = click.option("--all", "every", is_flag=True, help="All there are, instead of ids.")


@click.group(cls=Group)
def many() -> None:
    """Do one thing with many orders, documents, drafts or failed jobs, and say of each what became of it.

    Ids are those of `documents list --json`; for retry and dismiss of `failed-jobs`; for fetch, retry-orders, make and ignore those
    of orders in WooCommerce. What cannot be done holds up no other; the exit code is 1 where something was left.
    """


@many.command("issue")
@of_items
@with_all
@with_send
@with_rest_paid
def issue(
    services: Services, shop_id: str, ids: tuple[int, ...], *, every: bool, as_json: bool, **answer: bool | None
) -> None:
    """Give drafts their numbers, as their orders are now. Numbers cannot be taken back."""
    told(services, shop_id, "issue", ids, drafts_of if every else None, as_json=as_json, **answer)


@many.command("discard")
@of_items
@with_all
def discard(services: Services, shop_id: str, ids: tuple[int, ...], *, every: bool, as_json: bool) -> None:
    """Discard drafts. They do not come back by themselves."""
    told(services, shop_id, "discard", ids, drafts_of if every else None, as_json=as_json)


@many.command("mail")
@of_items
def mail(services: Services, shop_id: str, ids: tuple[int, ...], *, as_json: bool) -> None:
    """Mail documents to the customers of their orders, for the first time or again."""
    told(services, shop_id, "mail", ids, as_json=as_json)


@many.command("paid")
@of_items
@click.option("--on", type=DAY, help="The day they were paid (default: today).")
def paid(services: Services, shop_id: str, ids: tuple[int, ...], on: datetime | None, *, as_json: bool) -> None:
    """Mark invoices as paid."""
    latest = services.today(services.connected(shop_id).shop)
    day = on.date() if on else latest
    if day > latest:
        raise Rejected("That day is still to come.", code="day_to_come")
    told(services, shop_id, "paid", ids, as_json=as_json, on=day.isoformat())


@many.command("zip")
@of_items
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
def zip_documents(services: Services, shop_id: str, ids: tuple[int, ...], to: Path, *, as_json: bool) -> None:
    """Write documents into one zip, with tables of their amounts and payments."""
    task = done(services, TaskRequest(shop_id, "zip_documents", {"ids": named(ids)}, ACTOR))
    if task.state == "done":
        found = TemporaryFile.from_json(task.answer["file"], shop_id=shop_id)
        with to.open("wb") as target:
            target.writelines(services.archive.chunks(found.path))
    say(task, "zip", as_json=as_json)


@many.command("retry")
@of_items
@with_all
def retry(services: Services, shop_id: str, ids: tuple[int, ...], *, every: bool, as_json: bool) -> None:
    """Try failed jobs again."""
    told(services, shop_id, "retry", ids, failed_of if every else None, as_json=as_json)


@many.command("dismiss")
@of_items
@with_all
@click.option("--why", required=True, help="Why nothing is to be done; the activity keeps it.")
def dismiss(services: Services, shop_id: str, ids: tuple[int, ...], why: str, *, every: bool, as_json: bool) -> None:
    """Have failed jobs need nobody any more."""
    told(services, shop_id, "dismiss", ids, failed_of if every else None, as_json=as_json, why=why)


@many.command("fetch")
@of_items
def fetch(services: Services, shop_id: str, ids: tuple[int, ...], *, as_json: bool) -> None:
    """Read orders that came in before from the shop again, and make what is due of them.

    Of an order that never came in nothing is read here: `reconcile` finds those of a month, `backfill` makes their documents.
    """
    told(services, shop_id, "fetch", ids, as_json=as_json)


@many.command("retry-orders")
@of_items
def retry_orders(services: Services, shop_id: str, ids: tuple[int, ...], *, as_json: bool) -> None:
    """Try again what failed of orders."""
    told(services, shop_id, "retry_order", ids, as_json=as_json)


@many.command("make")
@of_items
@click.option("--kind", type=click.Choice([str(kind) for kind in BY_HAND]), required=True, help="What is made.")
@with_send
@with_rest_paid
def make(
    services: Services, shop_id: str, ids: tuple[int, ...], kind: str, *, as_json: bool, **answer: bool | None
) -> None:
    """Make a document of each order that no rule made. Numbers cannot be taken back; no order gets a second one."""
    told(services, shop_id, "make", ids, as_json=as_json, kind=kind, **answer)


@many.command("ignore")
@of_items
def ignore(services: Services, shop_id: str, ids: tuple[int, ...], *, as_json: bool) -> None:
    """Say that orders need nothing: failures are closed, their drafts discarded."""
    told(services, shop_id, "ignore", ids, as_json=as_json)


def told(
    services: Services,
    shop_id: str,
    what: str,
    ids: Sequence[int],
    all_of: Callable[[Services, str], list[int]] | None = None,
    /,
    *,
    as_json: bool,
    **argument: object,
) -> None:
    """Do it here and now, and say what became of each. *all_of* gives the ids where --all was said."""
    if all_of and ids:
        raise click.UsageError("Name the ids or say --all, not both.")
    chosen = all_at_once(all_of(services, shop_id)) if all_of else named(ids)
    asked = TaskRequest(shop_id, "do_many", {"what": what, "ids": chosen, **argument}, ACTOR)
    say(done(services, asked), what, as_json=as_json)


def done(services: Services, asked: TaskRequest) -> Task:
    """Do it as a worker would: a process that is killed meanwhile leaves the rest to one."""
    with services.store.write() as connection:
        task_id = tasks.request(connection, asked, now=services.now())
    while True:
        began = do_task(services, task_id)
        with services.store.read() as connection:
            task = tasks.find(connection, task_id)
        if task is None or task.state in ("done", "failed"):
            break
        if not began:
            time.sleep(LOOK_AGAIN_S)
    if task is None:
        raise Rejected("Nothing is known of it any more.", code="task_unknown")
    return task


def say(task: Task, what: str, *, as_json: bool) -> None:
    answer = {**serializers.task(task), "what": what}
    show(answer, as_json=as_json, text=lambda: as_text(task, answer, what))
    if answer["changed"] != answer["of"]:
        click.get_current_context().exit(1)


def as_text(task: Task, answer: Mapping[str, Any], what: str) -> str:
    if task.state == "failed":
        return str(answer["message"])
    numbers = {int(one["id"]): one["number"] for one in task.answer.get("named", ())}
    left = [
        why_left(numbers.get(item["id"]) or str(item["id"]), str(item["message"]))
        for item in answer["items"]
        if item["outcome"] == "refused"
    ]
    return "\n".join([f"{answer['changed']} of {answer['of']} {DONE[what]}.", *left])


def why_left(number: str, message: str) -> str:
    """With what it is about in front, unless the sentence begins with it."""
    return message if message.startswith(f"{number} ") else f"{number}: {message}"


def named(ids: Sequence[int]) -> list[int]:
    if not ids:
        raise click.UsageError("Name the ids, or say --all where that can be said.")
    once = list(dict.fromkeys(ids))
    if len(once) > MOST:
        raise click.UsageError(f"These are more than {MOST:,}; name so many at most, and the others after them.")
    return once


def all_at_once(ids: list[int]) -> list[int]:
    if len(ids) > MOST:
        raise click.UsageError(f"There are more than {MOST:,}: name ids instead of --all, so many at most at a time.")
    return ids


def drafts_of(services: Services, shop_id: str) -> list[int]:
    """Those that wait, the oldest first."""
    with services.store.read() as connection:
        return drafts.open_ids(connection, shop_id)


def failed_of(services: Services, shop_id: str) -> list[int]:
    """What failed, the oldest first."""
    with services.store.read() as connection:
        return list(jobs.job_ids(connection, (shop_id,), JobFilter(kinds=OF_SHOP), limit=MOST + 1))
