"""Tasks: what a page has the worker do. A row, a job, and a page that waits for the answer."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, jsonify, request

from bridge.accounts.access import forbidden, guard_shop, may_change, me
from bridge.accounts.sign_in import safe_next_path
from bridge.context import base_path, context, enqueue_task, redirect_to, rendered
from bridge.customer.document import PDF_POLICY as CUSTOMER_PDF_POLICY
from bridge.forms import Form, parse_whole_number
from bridge.i18n.translate import _, _n, format_amount, kind_name, translate_message
from bridge.page_picture import picture
from worker.domain.document import Kind
from worker.domain.draft_problems import REST_CHARGED
from worker.store import documents, tasks
from worker.store.files.temporary import TemporaryFile
from worker.store.tasks import Task, TaskRequest, file_of

blueprint = Blueprint("tasks", __name__, url_prefix="/s/<shop_id>/tasks")
guard_shop(blueprint)

# As on customers' pages, but in a frame of ours: a page shows the PDF it previews.
PDF_POLICY = CUSTOMER_PDF_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
# Nothing may end the header, and a header has no letters but Latin ones.
UNSAFE_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]")
# Without a script the waiting page reloads.
REFRESH_S = 1
# What makes an invoice, for which a person may be asked whether the rest of its order was paid too.
INVOICING = ("credit", "issue_draft", "make_document")


def issued_message(task: Task) -> str:
    """Each document that a task issued, by kind, number and amount; a delivery note owes none."""
    return " ".join(map(issued_sentence, task.answer.get("documents", ())))


def issued_sentence(made: Mapping[str, Any]) -> str:
    kind, number = kind_name(made["kind"]), made["number"]
    if made["kind"] == Kind.DELIVERY_NOTE:
        return _("{kind} {number} is issued.", kind=kind, number=number)
    amount = format_amount(made["total"], made["currency"])
    return _("{kind} {number} of {amount} is issued.", kind=kind, number=number, amount=amount)


def mailed_message(task: Task) -> str:
    with context().store.read() as connection:
        document = documents.find(connection, int(task.argument["document_id"]))
    number = document.number if document else ""
    return _("{number} was mailed to {address}.", number=number, address=task.answer["to"])


def retried_message(task: Task) -> str:
    count = int(task.answer.get("retried", 0))
    return _n("One thing that failed is tried again.", "{count} things that failed are tried again.", count)


# Whether the rest of an order that was changed after it was paid was paid too; nothing where that was not asked.
REST_PAID = {"1": True, "0": False}

# Notice when a task is done; pages that are not listed show the answer themselves.
DONE_MESSAGES: dict[str, Callable[[Task], str]] = {
    "credit": issued_message,
    "issue_draft": issued_message,
    "save_attachment": lambda _task: _("It is attached to each mail from now on."),
    "save_logo": lambda _task: _("The logo stands on documents issued from now on."),
    "close_shop": lambda _task: _("The shop is closed. What the law requires is kept."),
    "make_document": issued_message,
    "retry_failed": retried_message,
    "try_channel": lambda _task: _("The test was taken; see whether it arrived."),
    "send_again": mailed_message,
}


def request_task(shop_id: str, kind: str, argument: Mapping[str, Any], *, then: str, refused: str = "") -> Response:
    """Have the worker do *kind*, and redirect to *then* (a path below our base) when it is done, or to *refused* when it is not:
    the form, which shows what was typed (`refused_task`).

    `task=0` in either becomes the task's id, for a page that shows the answer. A script that asks for JSON gets the
    address of the task's state.
    """
    task_id = ask_worker(shop_id, kind, argument)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(state=f"{base_path()}/s/{shop_id}/tasks/{task_id}/state")
    return redirect_to(f"/s/{shop_id}/tasks/{task_id}?{where_next(then, refused)}")


def ask_worker(shop_id: str, kind: str, argument: Mapping[str, Any]) -> int:
    """Have it done for whoever is signed in; the task's id. Nobody waits for it here."""
    return enqueue_task(TaskRequest(shop_id, kind, argument, me().user.name))


def where_next(then: str, refused: str) -> str:
    return urlencode({"then": then} | ({"refused": refused} if refused else {}))


@blueprint.get("/<int:task_id>")
def wait(shop_id: str, task_id: int) -> Response:
    """Wait; once the answer is there, go where the question came from and say it."""
    task = task_or_404(shop_id, task_id)
    then = safe_next_path(request.args.get("then", f"/s/{shop_id}"))
    refused = safe_next_path(request.args.get("refused", then))
    if not is_finished(task):
        state_url = (
            f"{base_path()}/s/{shop_id}/tasks/{task_id}/state?{where_next(then, request.args.get('refused', ''))}"
        )
        return rendered("dashboard/task.html", task=task, state_url=state_url, refresh_s=REFRESH_S)
    if asks_for_rest(task):
        going = where_next(then, refused)
        return rendered("dashboard/rest.html", task=task, going=going, back=refused)
    if task.state == "failed":
        flash(translate_message(task.answer.get("message")), "refused")
        then = refused
    elif task.kind in DONE_MESSAGES:
        flash(DONE_MESSAGES[task.kind](task), "good")
    return redirect_to(then.replace("task=0", f"task={task_id}"))


def asks_for_rest(task: Task) -> bool:
    """Whether it was refused because nobody had said whether the rest of its order was paid too."""
    return task.kind in INVOICING and task.state == "failed" and task.answer.get("code") == REST_CHARGED


@blueprint.post("/<int:task_id>/rest")
def say_of_rest(shop_id: str, task_id: int) -> Response:
    """The same once more, with what a person says of the rest."""
    task = task_or_404(shop_id, task_id)
    if not asks_for_rest(task):
        abort(HTTPStatus.NOT_FOUND)
    then = safe_next_path(request.args.get("then", f"/s/{shop_id}"))
    refused = safe_next_path(request.args.get("refused", then))
    rest_paid = REST_PAID.get(Form.from_request(request.form).values.get("rest_paid", ""))
    if rest_paid is None:
        return redirect_to(f"/s/{shop_id}/tasks/{task_id}?{where_next(then, refused)}")
    return request_task(shop_id, task.kind, {**task.argument, "rest_paid": rest_paid}, then=then, refused=refused)


@blueprint.get("/<int:task_id>/state")
def state(shop_id: str, task_id: int) -> Response:
    """How far it is, for the waiting page's script."""
    task = task_or_404(shop_id, task_id)
    then = safe_next_path(request.args.get("then", f"/s/{shop_id}"))
    return jsonify(
        ready=is_finished(task),
        address=f"{base_path()}/s/{shop_id}/tasks/{task_id}?{where_next(then, request.args.get('refused', ''))}",
        done=task.answer.get("done", 0),
        of=task.answer.get("of", 0),
        preview=addresses_of_preview(shop_id, task_id) if is_preview(task) else None,
        message=translate_message(task.answer.get("message")) if task.state == "failed" else "",
    )


@blueprint.get("/<int:task_id>/file")
def file(shop_id: str, task_id: int) -> Response:
    """The file that an answer names: a preview, a zip to download."""
    task = task_or_404(shop_id, task_id)
    found = file_of(task, now=context().now())
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    # The settings are in it, which a viewer does not see.
    if task.kind == "export_shop" and not may_change():
        raise forbidden()
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


@blueprint.get("/<int:task_id>/pages.webp")
def page_picture(shop_id: str, task_id: int) -> Response:
    """The pages of a preview as a picture. Of no other task: what people upload is not drawn."""
    task = task_or_404(shop_id, task_id)
    if not is_preview(task):
        abort(HTTPStatus.NOT_FOUND)
    return picture(TemporaryFile.from_json(task.answer["file"], shop_id=shop_id), "pages")


def addresses_of_preview(shop_id: str, task_id: int) -> dict[str, str]:
    """Where the PDF of a preview is, and its picture."""
    here = f"{base_path()}/s/{shop_id}/tasks/{task_id}"
    return {"file": f"{here}/file", "picture": f"{here}/pages.webp"}


def is_preview(task: Task) -> bool:
    return task.kind == "preview" and task.state == "done"


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
    return named_task(shop_id, kind, "done")


def refused_task(shop_id: str, kind: str) -> Task | None:
    """The same of one that was refused: its argument is what was typed."""
    return named_task(shop_id, kind, "failed")


def named_task(shop_id: str, kind: str, state: str) -> Task | None:
    number = parse_whole_number(request.args.get("task", ""))
    if number is None:
        return None
    with context().store.read() as connection:
        task = tasks.of_shop(connection, shop_id, number)
    fits = task is not None and task.kind == kind and task.state == state
    return task if fits else None
