"""Work: what waits, runs and has failed, from our rows and from Redis side by side; one or all of a kind tried again."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, make_response, render_template, request

from bridge.accounts.access import guard_operators, guard_shop, me
from bridge.context import go, parts
from bridge.dashboard.actions import do
from bridge.dashboard.pagination import neighbours, place
from bridge.dashboard.tasks import ask
from bridge.i18n.translate import _
from worker import queue
from worker.actions import documents
from worker.actions.documents import LOOK
from worker.store import users
from worker.store.database.shop_scope import Shops
from worker.store.queries import jobs as work
from worker.store.queries.jobs import JobFilter, JobKind
from worker.store.steps import StepName

of_shop = Blueprint("work", __name__, url_prefix="/s/<shop_id>/work")
guard_shop(of_shop)
of_all = Blueprint("all_work", __name__, url_prefix="/work")
guard_operators(of_all)

STATES = ("failed", "waiting", "running")


@of_shop.get("")
def shop_work(shop_id: str) -> Response:
    return page((shop_id,))


@of_all.get("")
def all_work() -> Response:
    """Of all shops, with the workers."""
    return page(None)


def page(shops: Shops) -> Response:
    wanted = JobFilter(
        state=request.args["state"] if request.args.get("state") in STATES else "failed",
        kind=JobKind(request.args["kind"]) if request.args.get("kind") in list(JobKind) else None,
        name=request.args.get("name") or None,
        code=request.args.get("code") or None,
    )
    with parts().store.read() as connection:
        jobs = work.jobs_page(connection, shops, wanted, place())
        content = render_template(
            "dashboard/work.html",
            page=jobs,
            wanted=wanted,
            states=STATES,
            counts=work.job_counts(connection, shops),
            groups=work.job_groups(connection, shops, wanted.state),
            names={one.shop_id: one.name for one in users.shops_of(connection, me().user)} if shops is None else {},
            seen=queue.seen(parts().settings.redis_url) if shops is None else None,
            is_all=shops is None,
            look=LOOK,
            **neighbours(jobs),
        )
    return make_response(content)


@of_shop.post("/retry")
def retry_all(shop_id: str) -> Response:
    """Try again all that failed for one reason, thousands at a time."""
    what, code = request.form.get("what", ""), request.form.get("code", "")
    if what not in (LOOK, *StepName):
        abort(HTTPStatus.BAD_REQUEST)
    return ask(shop_id, "retry_failed", {"what": what, "code": code}, then=f"/s/{shop_id}/work")


@of_shop.post("/retry/<any(look, step):kind>/<int:job_id>")
def retry_one(shop_id: str, kind: str, job_id: int) -> Response:
    """Try one piece of work again, now."""
    by, now = me().user.name, parts().now()
    if kind == LOOK:
        return do(
            lambda connection: documents.retry_delivery(connection, shop_id, job_id, by=by, now=now),
            then=f"/s/{shop_id}/work",
            said=_("It is tried again."),
        )
    step = request.form.get("step", "")
    if step not in list(StepName):
        abort(HTTPStatus.BAD_REQUEST)
    return do(
        lambda connection: documents.retry_step(connection, shop_id, job_id, StepName(step), by=by, now=now),
        then=f"/s/{shop_id}/work",
        said=_("It is tried again."),
    )


@of_all.post("/retry")
def retry_everywhere() -> Response:
    """Try again all that failed for one reason, in every shop that has it."""
    what, code = request.form.get("what", ""), request.form.get("code", "")
    if what not in (LOOK, *StepName):
        abort(HTTPStatus.BAD_REQUEST)
    with parts().store.read() as connection:
        shops = [one.shop_id for one in users.shops_of(connection, me().user)]
        wanted = JobFilter(
            "failed", JobKind.LOOK if what == LOOK else JobKind.STEP, None if what == LOOK else what, code
        )
        having = [shop_id for shop_id in shops if work.job_ids(connection, (shop_id,), wanted, limit=1)]
    for shop_id in having:
        ask(shop_id, "retry_failed", {"what": what, "code": code}, then="/work")
    flash(_("What failed is tried again."), "good")
    return go("/work")
