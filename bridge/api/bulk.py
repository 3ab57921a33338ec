"""The same done with many: the tasks of the pages' ticks, asked for by a program. Each item is answered for."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify

from bridge.api.fields import FieldError
from bridge.api.request import ApiRequest, not_found, page_response
from bridge.api.webhooks import actor
from bridge.context import context, enqueue_task
from worker import serializers
from worker.json_type import tell
from worker.message import Message
from worker.store import tasks
from worker.store.jobs import OF_SHOP
from worker.store.queries import jobs, ticked
from worker.store.queries.jobs import JobFilter
from worker.store.tasks import Task, TaskRequest

OF_MANY = ("do_many", "zip_documents")


def do_many(api_request: ApiRequest) -> Response:
    """Have it done, one after the other, by the worker."""
    body = api_request.body
    if body["what"] == "dismiss" and not body.get("why", "").strip():
        raise FieldError("why", Message("Say in a few words why nothing is to be done."))
    if body["what"] == "make" and "kind" not in body:
        raise FieldError("kind", Message("Say which kind of document is to be made."))
    argument = {
        "what": body["what"],
        "ids": unique(body["ids"]),
        "send": body.get("send", False),
        "why": body.get("why", ""),
        "kind": body.get("kind", ""),
        "rest_paid": body.get("rest_paid"),
    }
    return asked_for(api_request, "do_many", argument)


def zip_documents(api_request: ApiRequest) -> Response:
    ids = unique(api_request.body["documents"])
    with context().store.read() as connection:
        known = ticked.of_documents(connection, api_request.shop_id, ids).ids
    for document_id in ids:
        if document_id not in known:
            raise FieldError("documents", Message("This shop has no document {document_id}.", document_id=document_id))
    return asked_for(api_request, "zip_documents", {"ids": ids})


def get_task(api_request: ApiRequest, task_id: int) -> Response:
    return task_response(task_of(api_request, task_id, OF_MANY))


def get_task_file(api_request: ApiRequest, task_id: int) -> Response:
    """The zip, for three days."""
    task = task_of(api_request, task_id, OF_MANY)
    found = tasks.file_of(task, now=context().now())
    if found is None:
        raise not_found("file")
    response = Response(context().archive.chunks(found.path), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{task_id}.zip"'
    response.headers["Content-Length"] = str(found.size)
    response.set_etag(found.sha256)
    return response


def task_response(task: Task) -> Response:
    return jsonify({**serializers.task(task), "has_file": tasks.file_of(task, now=context().now()) is not None})


def list_failed_jobs(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        ids = jobs.job_ids(
            connection,
            (api_request.shop_id,),
            JobFilter(kinds=OF_SHOP),
            above=api_request.after,
            limit=api_request.limit + 1,
        )
        found = jobs.of_ids(connection, ids)
    return page_response(
        api_request, "/failed-jobs", "jobs", [tell(serializers.FAILED_JOB, one) for one in found], "job_id"
    )


def asked_for(api_request: ApiRequest, kind: str, argument: Mapping[str, Any], *, path: str = "tasks") -> Response:
    """Written down for the worker; where to look for what became of it."""
    task_id = enqueue_task(TaskRequest(api_request.shop_id, kind, argument, actor(api_request).name))
    with context().store.read() as connection:
        found = tasks.find(connection, task_id)
    response = task_response(found) if found else jsonify({})
    response.status_code = HTTPStatus.ACCEPTED
    response.headers["Location"] = f"{context().settings.public_url}/api/v1/{path}/{task_id}"
    return response


def task_of(api_request: ApiRequest, task_id: int, kinds: Sequence[str]) -> Task:
    with context().store.read() as connection:
        found = tasks.of_shop(connection, api_request.shop_id, task_id)
    if found is None or found.kind not in kinds:
        raise not_found("task")
    return found


def unique(ids: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(ids))
