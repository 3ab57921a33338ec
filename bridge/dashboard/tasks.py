"""Tasks: what a page has the worker do. A row, a job, and a page that waits for the answer."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, jsonify, make_response, render_template, request

from bridge.accounts.access import forbidden, guard_shop, may_change, me
from bridge.accounts.sign_in import safe_next_path
from bridge.context import base_path, context, redirect_to
from bridge.customer.document import PDF_POLICY as CUSTOMER_PDF_POLICY
from bridge.forms import parse_whole_number
from bridge.i18n.translate import _, translate_message
from worker.queue import RUN_TASK
from worker.store import tasks
from worker.store.files.temporary import TemporaryFile
from worker.store.tasks import Task, TaskRequest

blueprint = Blueprint("tasks", __name__, url_prefix="/s/<shop_id>/tasks")
guard_shop(blueprint)

# As on customers' pages, but in a frame of ours: a page shows the PDF it previews.
PDF_POLICY = CUSTOMER_PDF_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
# Nothing may end the header, and a header has no letters but Latin ones.
UNSAFE_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]")
# Without a script the waiting page reloads.
REFRESH_S = 1


# Notice when a task is done; pages that are not listed show the answer themselves.
DONE_MESSAGES: dict[str, Callable[[], str]] = {
    "credit": lambda: _("The credit note is issued."),
    "issue_draft": lambda: _("It is issued."),
    "save_attachment": lambda: _("It is attached to each mail from now on."),
    "save_logo": lambda: _("The logo stands on documents issued from now on."),
    "close_shop": lambda: _("The shop is closed. What the law requires is kept."),
    "make_document": lambda: _("The document is made."),
    "retry_failed": lambda: _("What failed is tried again."),
    "try_channel": lambda: _("The test was taken; see whether it arrived."),
    "send_again": lambda: _("It is mailed."),
}


def request_task(shop_id: str, kind: str, argument: Mapping[str, Any], *, then: str) -> Response:
    """Have the worker do *kind*, and redirect to *then* (a path below our base) when it is done.

    `task=0` in *then* becomes the task's id, for a page that shows the answer. A script that asks for JSON gets the
    address of the task's state.
    """
    now = context().now()
    with context().store.write() as connection:
        task_id = tasks.request(
            connection, TaskRequest(shop_id=shop_id, kind=kind, argument=argument, requested_by=me().user.name), now=now
        )
    context().enqueuer.enqueue(RUN_TASK, task_id)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(state=f"{base_path()}/s/{shop_id}/tasks/{task_id}/state")
    return redirect_to(waiting_path(shop_id, task_id, then=then))


def waiting_path(shop_id: str, task_id: int, *, then: str) -> str:
    return f"/s/{shop_id}/tasks/{task_id}?{urlencode({'then': then})}"


@blueprint.get("/<int:task_id>")
def wait(shop_id: str, task_id: int) -> Response:
    """Wait; once the answer is there, go where the question came from and say it."""
    task = task_or_404(shop_id, task_id)
    then = safe_next_path(request.args.get("then", f"/s/{shop_id}"))
    if not is_finished(task):
        state_url = f"{base_path()}/s/{shop_id}/tasks/{task_id}/state?{urlencode({'then': then})}"
        return make_response(
            render_template("dashboard/task.html", task=task, state_url=state_url, refresh_s=REFRESH_S)
        )
    if task.state == "failed":
        flash(translate_message(task.answer.get("message")), "refused")
    elif task.kind in DONE_MESSAGES:
        flash(DONE_MESSAGES[task.kind](), "good")
    return redirect_to(then.replace("task=0", f"task={task_id}"))


@blueprint.get("/<int:task_id>/state")
def state(shop_id: str, task_id: int) -> Response:
    """How far it is, for the waiting page's script."""
    task = task_or_404(shop_id, task_id)
    then = safe_next_path(request.args.get("then", f"/s/{shop_id}"))
    has_file = task.state == "done" and "file" in task.answer
    return jsonify(
        ready=is_finished(task),
        address=f"{base_path()}{waiting_path(shop_id, task_id, then=then)}",
        done=task.answer.get("done", 0),
        of=task.answer.get("of", 0),
        file=f"{base_path()}/s/{shop_id}/tasks/{task_id}/file" if has_file else "",
        message=translate_message(task.answer.get("message")) if task.state == "failed" else "",
    )


@blueprint.get("/<int:task_id>/file")
def file(shop_id: str, task_id: int) -> Response:
    """The file that an answer names: a preview, a zip to download."""
    task = task_or_404(shop_id, task_id)
    if task.state != "done" or "file" not in task.answer:
        abort(HTTPStatus.NOT_FOUND)
    # The settings are in it, which a viewer does not see.
    if task.kind == "export_shop" and not may_change():
        raise forbidden()
    found = TemporaryFile.from_json(task.answer["file"], shop_id=shop_id)
    is_pdf = found.name.endswith(".pdf")
    response = Response(
        context().archive.chunks(found.path), mimetype="application/pdf" if is_pdf else "application/zip"
    )
    disposition = "inline" if is_pdf and not request.args.get("download") else "attachment"
    name = UNSAFE_IN_FILE_NAME.sub("-", found.name)
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def is_finished(task: Task) -> bool:
    return task.state in ("done", "failed")


def task_or_404(shop_id: str, task_id: int) -> Task:
    """The task, where it is this shop's."""
    with context().store.read() as connection:
        task = tasks.of_shop(connection, shop_id, task_id)
    if task is None:
        abort(HTTPStatus.NOT_FOUND)
    return task


def finished_task(shop_id: str, kind: str) -> Task | None:
    """The finished task that `?task=` of this request names; None when there is none of this kind."""
    number = parse_whole_number(request.args.get("task", ""))
    if number is None:
        return None
    with context().store.read() as connection:
        task = tasks.of_shop(connection, shop_id, number)
    fits = task is not None and task.kind == kind and task.state == "done"
    return task if fits else None
