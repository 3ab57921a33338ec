"""Work: what waits, runs and has failed, from our rows and from Redis side by side; one or all of a kind tried again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, request

from bridge.accounts.access import actor, guard_operators, guard_shop, me
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.labels import step_name
from bridge.dashboard.pagination import address, days_asked, page_request, shops_asked, sortable, typed
from bridge.dashboard.tasks import request_task
from bridge.i18n.translate import _, _n, translate_message, zone
from worker.actions import documents
from worker.actions import orders as order_actions
from worker.domain.attention import Source
from worker.domain.attention_reasons import reason_of
from worker.domain.step import STEPS
from worker.message import Message
from worker.queue import QueueName
from worker.queue import status as queue_status
from worker.store import orders as order_store
from worker.store import paused_queues, roads, users
from worker.store.database.shop_scope import Shops
from worker.store.jobs import OF_ORDERS, OF_SHOP, JobKind
from worker.store.paused_queues import QUEUE_LABELS
from worker.store.queries import jobs as job_queries
from worker.store.queries.jobs import JobFilter, JobGroup
from worker.store.queries.queues import queue_counts
from worker.store.users import ShopName

shop_blueprint = Blueprint("jobs", __name__, url_prefix="/s/<shop_id>/jobs")
guard_shop(shop_blueprint)
all_shops_blueprint = Blueprint("all_jobs", __name__, url_prefix="/jobs")
guard_operators(all_shops_blueprint)

STATES = ("failed", "waiting", "running")
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
RETRY_OF_ORDERS: dict[str, Callable[..., object]] = {
    JobKind.PROCESS_ORDER: order_actions.retry_delivery,
    JobKind.SETTLE_ORDER: order_actions.retry_settlement,
}


@shop_blueprint.get("")
def shop_jobs(shop_id: str) -> Response:
    return page((shop_id,))


@all_shops_blueprint.get("")
def all_jobs() -> Response:
    """Of all shops, or of those that are asked for, with the workers."""
    with context().store.read() as connection:
        mine = users.shops_of(connection, me().user)
    return page(shops_asked(mine), of_all=mine)


def page(shops: Shops, *, of_all: Sequence[ShopName] | None = None) -> Response:
    wanted, is_all = job_filter(), of_all is not None
    with context().store.read() as connection:
        jobs = job_queries.jobs_page(connection, shops, wanted, page_request())
        return rendered(
            "dashboard/jobs.html",
            page=jobs,
            numbers=order_store.numbers(connection, [(job.shop_id, job.order_id) for job in jobs.rows]),
            wanted=wanted,
            states=STATES,
            counts=job_queries.job_counts(connection, shops),
            groups=job_queries.job_groups(connection, shops, wanted.state),
            names={one.shop_id: one.name for one in of_all or ()},
            seen=queue_status.status(context().settings.redis_url) if is_all else None,
            queues=queue_counts(connection, paused_queues.every(connection), now=context().now()) if is_all else (),
            queue_labels=QUEUE_LABELS,
            age=age,
            reason_of_group=reason_of_group,
            rested=roads.failing(connection, None) if is_all else (),
            is_all=is_all,
            **sortable(jobs, ("since", "work", "why", *(["shop"] if is_all else []), "attempts"), rising=True),
        )


def job_filter() -> JobFilter:
    """The filters in the address; those that cannot be read are ignored, but for a day."""
    return JobFilter(
        state=request.args["state"] if request.args.get("state") in STATES else "failed",
        kind=JobKind(request.args["kind"]) if request.args.get("kind") in list(JobKind) else None,
        name=request.args.get("name") or None,
        code=request.args.get("code") or None,
        asked=days_asked(zone()),
        typed=typed(),
    )


def reason_of_group(group: JobGroup) -> Message | None:
    """What several jobs that failed have in common; None where the sentence of one is that of all."""
    if group.count == 1 or group.kind not in OF_SHOP:
        return None
    return reason_of(Source.WORK, group.code, group.name).sentence


def age(since: datetime | None) -> str:
    """How long ago that was, in the unit that one reads: 40 s, 3 min, 2 h, 4 d."""
    if since is None:
        return "–"
    seconds = max(0, int((context().now() - since).total_seconds()))
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 2 * size), (1, "s"))
    return f"{seconds // size}\N{NO-BREAK SPACE}{unit}"


@shop_blueprint.post("/retry")
def retry_all(shop_id: str) -> Response:
    """Try again all that failed for one reason, thousands at a time."""
    what, code = request.form.get("what", ""), request.form.get("code", "")
    if what not in (*OF_ORDERS, *STEPS):
        abort(HTTPStatus.BAD_REQUEST)
    return request_task(shop_id, "retry_failed", {"what": what, "code": code}, then=f"/s/{shop_id}/jobs")


@shop_blueprint.post("/retry/<any(process_order, settle_order, step):kind>/<int:job_id>")
def retry_one(shop_id: str, kind: str, job_id: int) -> Response:
    """Try one piece of work again, now."""
    if kind in RETRY_OF_ORDERS:
        return run_action(
            lambda connection, by: RETRY_OF_ORDERS[kind](connection, shop_id, job_id, by=by),
            then=f"/s/{shop_id}/jobs",
            message=_("The order is tried again."),
        )
    step = request.form.get("step", "")
    if step not in STEPS:
        abort(HTTPStatus.BAD_REQUEST)
    return run_action(
        lambda connection, by: documents.retry_step(connection, shop_id, job_id, step, by=by),
        then=f"/s/{shop_id}/jobs",
        message=_("“{step}” of that document is tried again.", step=step_name(step)),
    )


@all_shops_blueprint.post("/retry")
def retry_everywhere() -> Response:
    """Try again all that failed for one reason, in every shop that has it."""
    what, code = request.form.get("what", ""), request.form.get("code", "")
    if what not in (*OF_ORDERS, *STEPS):
        abort(HTTPStatus.BAD_REQUEST)
    with context().store.read() as connection:
        mine = users.shops_of(connection, me().user)
        asked = shops_asked(mine)
        shops = [one.shop_id for one in mine if asked is None or one.shop_id in asked]
        wanted = JobFilter("failed", JobKind(what) if what in OF_ORDERS else JobKind.STEP, what, code)
        affected_shops = [shop_id for shop_id in shops if job_queries.job_ids(connection, (shop_id,), wanted, limit=1)]
    for shop_id in affected_shops:
        request_task(shop_id, "retry_failed", {"what": what, "code": code}, then="/jobs")
    message = _n(
        "What failed for this reason is tried again in one shop.",
        "What failed for this reason is tried again in {count} shops.",
        len(affected_shops),
    )
    flash(message, "good")
    return redirect_to(f"/jobs{address(what='', code='')}")


@all_shops_blueprint.post("/queues/<name>/pause")
def pause_queue(name: str) -> Response:
    """Begin nothing more of it, in any shop."""
    queue = queue_or_404(name)
    label = translate_message(QUEUE_LABELS[queue])
    if not is_confirmed():
        more = _(
            "This is so for all shops. What waits is kept, and done once you resume it; what comes in is still stored."
        )
        return ask(Question(_("Pause “{queue}”?", queue=label), _("Pause"), "/jobs", more))
    with context().store.write() as connection:
        paused_queues.pause(connection, queue, by=actor())
    flash(_("“{queue}” is paused.", queue=label), "good")
    return redirect_to("/jobs#workers")


@all_shops_blueprint.post("/queues/<name>/resume")
def resume_queue(name: str) -> Response:
    queue = queue_or_404(name)
    with context().store.write() as connection:
        paused_queues.resume(connection, queue, by=actor())
    flash(_("“{queue}” goes on.", queue=translate_message(QUEUE_LABELS[queue])), "good")
    return redirect_to("/jobs#workers")


def queue_or_404(name: str) -> QueueName:
    return next((queue for queue in QUEUE_LABELS if queue == name), None) or abort(HTTPStatus.NOT_FOUND)
