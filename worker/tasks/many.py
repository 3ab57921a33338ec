"""The same done with many that a person ticked: orders, documents, drafts, failed work. What could not be done is named, with why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from worker.actions import Retried, attention
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.errors import DatabaseAway, FacturelayError, Rejected, Unavailable
from worker.message import plain_message
from worker.services import Services
from worker.store import documents as stored_documents
from worker.store import orders as stored_orders
from worker.store import tasks
from worker.store.database.tables import jobs
from worker.store.jobs import OF_SHOP, JobKind, put_behind
from worker.store.tasks import Task
from worker.tasks import documents, emails
from worker.tasks.common import Progress, Unfinished, actor_of, day_of

MOST = 10_000
# Of those that could not be done so many are named; the rest is counted.
MOST_NAMED = 500


@dataclass(frozen=True)
class Outcome:
    """How far it is: of *of* the first *done* were tried, *changed* of them with success. *left* are the others."""

    of: int
    done: int = 0
    changed: int = 0
    left: int = 0
    named: list[dict[str, Any]] = field(default_factory=list)

    def with_changed(self) -> "Outcome":
        return replace(self, done=self.done + 1, changed=self.changed + 1)

    def with_left(self, item_id: int, number: str, why: FacturelayError) -> "Outcome":
        one = {"id": item_id, "number": number, "code": why.code, "message": plain_message(why.message)}
        named = [*self.named, one][:MOST_NAMED]
        return replace(self, done=self.done + 1, left=self.left + 1, named=named)

    @property
    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


# Called with the connection of its transaction and whoever does it.
Store = Callable[[Connection, Actor], Retried]


@dataclass(frozen=True)
class Way:
    """One thing that can be done with many: *act* does it with the rows alone, or *ask* asks the shop, and repeats nothing; what it
    returns is done with the rows afterwards.

    *number*: what a person knows the item by; nothing where it is another shop's, as a program may name any.
    """

    number: Callable[[Connection, Task, int], str]
    act: Callable[[Connection, Task, int, Actor], Retried | None] | None = None
    ask: Callable[[Services, Task, int], Store | None] | None = None


def do_many(services: Services, task: Task) -> Mapping[str, Any]:
    """Do one thing with many, one after the other; what cannot be done holds up no other.

    Argument: `{"what", "ids"}`: *what* is a name of `WAYS`, *ids* are those of orders, documents, drafts or jobs, 10,000 at most. For
    "issue" and "make" `"send": true` and `"rest_paid"` as of `issue_draft`, which concerns those of which it is asked, for "make" `"kind"`, for "paid" `"on"` (a day), for "dismiss" `"why"`. Answer: `{"of", "done", "changed", "left", "named": [{"id",
    "number", "code", "message"}]}`; *named* are the first 500 of those that were left. Each is stored as done in the transaction that does
    it: where a worker dies, the next one begins with the one after.
    """
    ids = [int(one) for one in task.argument["ids"]][:MOST]
    outcome = Outcome(
        len(ids), **{name: task.answer[name] for name in ("done", "changed", "left", "named") if name in task.answer}
    )
    progress = Progress(services, task)
    for item_id in ids[outcome.done :]:
        outcome = do_one(services, task, item_id, outcome)
        progress.began()
        if progress.is_over_time and outcome.done < outcome.of:
            raise Unfinished(outcome.as_json)
    return outcome.as_json


def way_of(task: Task) -> Way:
    what = str(task.argument["what"])
    if what not in WAYS:
        raise Rejected("“{what}” is nothing that can be done with many.", what=what, code="option_wrong")
    return WAYS[what]


def do_one(services: Services, task: Task, item_id: int, outcome: Outcome) -> Outcome:
    """How far it is afterwards. Raises Unavailable where that cannot be stored: this one is not counted then, and the next try begins
    with it."""
    way, by, again = way_of(task), actor_of(services, task), None
    after = outcome.with_changed()
    try:
        store = ask_shop(services, task, item_id)
        with services.store.write() as connection:
            if store:
                again = store(connection, by)
            elif way.act:
                again = way.act(connection, task, item_id, by)
            tasks.report_progress(connection, task.task_id, after.as_json)
    except Rejected as error:
        return count_left(services, task, item_id, outcome, error)
    for job, row_id in again.jobs if again else ():
        services.enqueue(job, row_id)
    return after


def ask_shop(services: Services, task: Task, item_id: int) -> Store | None:
    """Do what *ask* of its way does. Raises Rejected also where a shop does not answer: that holds up no other, and whoever asked sees
    what waits for it. Whether something was made before the database went away only the next try finds."""
    ask = way_of(task).ask
    try:
        return ask(services, task, item_id) if ask else None
    except DatabaseAway:
        raise
    except Unavailable as error:
        raise Rejected(error.message, code=error.code) from error


def count_left(services: Services, task: Task, item_id: int, outcome: Outcome, why: FacturelayError) -> Outcome:
    with services.store.write() as connection:
        after = outcome.with_left(item_id, way_of(task).number(connection, task, item_id), why)
        tasks.report_progress(connection, task.task_id, after.as_json)
    return after


def number_of_document(connection: Connection, task: Task, document_id: int) -> str:
    found = stored_documents.of_shop(connection, task.shop_id, document_id)
    return found.number if found else ""


def number_of_draft(connection: Connection, task: Task, draft_id: int) -> str:
    try:
        return document_actions.draft_of(connection, task.shop_id, draft_id).draft.order_number
    except Rejected:
        return ""


def number_of_job(connection: Connection, task: Task, job_id: int) -> str:
    mine = (jobs.c.job_id == job_id, jobs.c.shop_id == task.shop_id)
    found = connection.execute(select(jobs.c.document_id, jobs.c.order_id).where(*mine)).first()
    if found is None:
        return ""
    return number_of_document(connection, task, found.document_id) if found.document_id else str(found.order_id or "")


def number_of_order(connection: Connection, task: Task, order_id: int) -> str:
    found = stored_orders.find(connection, task.shop_id, order_id)
    return found.order_number if found else str(order_id)


def issue(services: Services, task: Task, draft_id: int) -> None:
    """Issued before counts as issued: a worker may have died between the two."""
    argument = {name: task.argument[name] for name in ("send", "rest_paid") if name in task.argument}
    one = replace(task, argument={**argument, "draft_id": draft_id, "of_many": True})
    documents.issue_draft(services, one)


def make(services: Services, task: Task, order_id: int) -> None:
    """Made by this task before counts as made."""
    kind = Kind(task.argument["kind"])
    one = replace(task, argument={**task.argument, "order_id": order_id, "of_many": True})
    try:
        documents.make_document(services, one)
    except Rejected:
        with services.store.read() as connection:
            made, _ = stored_documents.listing(connection, shop_id=task.shop_id, order_id=order_id)
        if not any(one.draft.kind is kind and one.issued_at >= task.requested_at for one in made):
            raise


def fetch(connection: Connection, task: Task, order_id: int, by: Actor) -> Retried:
    return order_actions.process_one_of_many(connection, task.shop_id, order_id, by=by)


def ignore(connection: Connection, task: Task, order_id: int, by: Actor) -> None:
    order_actions.ignore_order(connection, task.shop_id, order_id, by=by)


def retry_order(connection: Connection, task: Task, order_id: int, by: Actor) -> Retried:
    again = order_actions.retry_order(connection, task.shop_id, order_id, by=by, of_many=True)
    if not again.jobs:
        raise Rejected("Nothing of this order has failed.", code="nothing_to_retry")
    return again


def discard(connection: Connection, task: Task, draft_id: int, by: Actor) -> None:
    document_actions.discard_draft(connection, task.shop_id, draft_id, by=by)


def mail(connection: Connection, task: Task, document_id: int, by: Actor) -> Retried:
    return document_actions.send_again(connection, task.shop_id, document_id, by=by)


def mail_as_ordered(services: Services, task: Task, document_id: int) -> Store:
    with services.store.read() as connection:
        document = document_actions.document_of(connection, task.shop_id, document_id)
    to = emails.corrected_address(services, document)
    return lambda connection, by: document_actions.send_again(connection, task.shop_id, document_id, by=by, to=to)


def mark_paid(connection: Connection, task: Task, document_id: int, by: Actor) -> None:
    marked = document_actions.mark_one_of_many(connection, task.shop_id, document_id, on=day_of(task, "on"), by=by)
    if not marked.changed:
        raise Rejected(marked.message, code=marked.code)


def retry(connection: Connection, task: Task, job_id: int, by: Actor) -> Retried:
    """What is new goes first."""
    job = failed_job(connection, task.shop_id, job_id)
    if job.kind == JobKind.PROCESS_ORDER:
        return order_actions.retry_delivery(connection, task.shop_id, job_id, by=by, of_many=True)
    if job.kind == JobKind.SETTLE_ORDER:
        again = order_actions.retry_settlement(connection, task.shop_id, job_id, by=by)
    else:
        again = document_actions.retry_step(connection, task.shop_id, job.document_id, job.name, by=by)
    put_behind(connection, job_id)
    return again


def dismiss(connection: Connection, task: Task, job_id: int, by: Actor) -> None:
    failed_job(connection, task.shop_id, job_id)
    attention.dismiss_work(connection, task.shop_id, job_id, why=str(task.argument.get("why", "")), by=by)


def failed_job(connection: Connection, shop_id: str, job_id: int) -> Any:
    """The job's row. Raises Rejected where it did not fail, or is not this shop's."""
    shown = (jobs.c.kind, jobs.c.name, jobs.c.document_id)
    mine = (jobs.c.job_id == job_id, jobs.c.shop_id == shop_id, jobs.c.state == "failed")
    found = connection.execute(select(*shown).where(*mine, jobs.c.kind.in_(OF_SHOP))).first()
    if found is None:
        raise Rejected("This has been done or dismissed meanwhile.", code="nothing_to_retry")
    return found


WAYS = {
    "discard": Way(number_of_draft, discard),
    "dismiss": Way(number_of_job, dismiss),
    "fetch": Way(number_of_order, fetch),
    "ignore": Way(number_of_order, ignore),
    "issue": Way(number_of_draft, ask=issue),
    "mail": Way(number_of_document, mail),
    "mail_as_ordered": Way(number_of_document, ask=mail_as_ordered),
    "make": Way(number_of_order, ask=make),
    "paid": Way(number_of_document, mark_paid),
    "retry": Way(number_of_job, retry),
    "retry_order": Way(number_of_order, retry_order),
}
