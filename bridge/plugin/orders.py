"""What the shop's order screen asks: the documents of an order and how they fare, what a person presses there, and files to download."""

import io
import zipfile
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, make_response

from bridge.context import context
from bridge.customer.document import file_name
from bridge.errors import refusal
from bridge.plugin.connection import PluginRequest, verified_request
from worker import queue
from worker.domain.document import Document, StoredDraft
from worker.store import documents, orders, steps, tasks
from worker.store.documents import StoredFile
from worker.store.steps import Step, StepName

blueprint = Blueprint("plugin_orders", __name__)

MOST_FILES = 200
# What a person presses on the order screen, and the number that says on what.
TASK_TARGETS = {"send": "document", "issue": "draft", "retry": "order"}


@blueprint.post("/plugin/order")
def order() -> Response:
    """The documents and drafts of one order, how each fares, and why there are no others."""
    plugin_request = verified_request()
    if isinstance(plugin_request, Response):
        return plugin_request
    shop_id, order_id = plugin_request.plugin.shop_id, id_in(plugin_request, "order")
    with context().store.read() as connection:
        issued, drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
        all_steps = steps.of_documents(connection, [document.document_id for document in issued])
        all_files = documents.files_of(connection, [document.document_id for document in issued])
        fetched = orders.find(connection, shop_id, order_id)
    # An id comes back after a shop was restored from a backup; the key does not.
    key = str(plugin_request.content.get("key", ""))
    fetched_order = fetched if fetched is not None and fetched.order_key == key else None
    flags, rule_results = (fetched_order.flags, fetched_order.rule_results) if fetched_order else ((), ())
    return jsonify(
        documents=[
            document_as_json(document, all_steps.get(document.document_id, {}), all_files.get(document.document_id, ()))
            for document in issued
            if document.draft.order_key == key
        ],
        drafts=[draft_as_json(draft) for draft in drafts if draft.draft.order_key == key],
        reasons=[reason_as_json("", flag.code, flag.message) for flag in flags]
        + [reason_as_json(finding.rule, finding.code, finding.message) for finding in rule_results],
        fetched=fetched_order is not None,
    )


def document_as_json(
    document: Document, document_steps: Mapping[StepName, Step], files: tuple[StoredFile, ...]
) -> dict[str, object]:
    mail = document_steps.get(StepName.MAIL)
    failed = [step.message for step in document_steps.values() if step.state == "failed"]
    return {
        "id": document.document_id,
        "kind": str(document.draft.kind),
        "number": document.number,
        "date": document.issued_on.isoformat(),
        "total": str(document.draft.total),
        "currency": document.draft.currency,
        "test": document.draft.test,
        "files": sorted(stored.format for stored in files),
        "mail": mail.state if mail else "none",
        "mailed_at": int(mail.done_at.timestamp()) if mail and mail.done_at and mail.state == "done" else None,
        "message": mail.message if mail else "",
        "failed": failed,
    }


def draft_as_json(stored: StoredDraft) -> dict[str, object]:
    return {
        "id": stored.draft_id,
        "kind": str(stored.draft.kind),
        "total": str(stored.draft.total),
        "currency": stored.draft.currency,
        "problems": [problem.message for problem in stored.draft.problems],
    }


def reason_as_json(rule: str, code: str, message: str) -> dict[str, str]:
    """Why, as a code that the plugin has words for, and the sentence for where it has none. *rule* names what it is about."""
    kind = "credit_note" if rule.startswith(("refund", "cancel")) else rule.partition(":")[0]
    return {"kind": kind, "code": code, "message": message}


@blueprint.post("/plugin/task")
def create_task() -> Response:
    """Write down what somebody pressed on the order screen, and ring for it. The answer is asked for by its number."""
    plugin_request = verified_request()
    if isinstance(plugin_request, Response):
        return plugin_request
    kind = str(plugin_request.content.get("kind", ""))
    if kind not in TASK_TARGETS:
        return refusal(HTTPStatus.BAD_REQUEST, "request_wrong", "The plugin asks for something that is not done here.")
    argument = {f"{TASK_TARGETS[kind]}_id": id_in(plugin_request, TASK_TARGETS[kind])}
    if kind == "issue":
        argument["send"] = bool(plugin_request.content.get("send"))
    with context().store.write() as connection:
        task_id = tasks.request(
            connection,
            shop_id=plugin_request.plugin.shop_id,
            kind=f"order_screen_{kind}",
            argument=argument,
            requested_by=str(plugin_request.content.get("by", ""))[:80] or "the shop",
            now=context().now(),
        )
    context().enqueuer.enqueue(queue.RUN_TASK, task_id)
    return jsonify(task=task_id)


@blueprint.post("/plugin/task/answer")
def task_answer() -> Response:
    """What came of it so far."""
    plugin_request = verified_request()
    if isinstance(plugin_request, Response):
        return plugin_request
    with context().store.read() as connection:
        task = tasks.find(connection, id_in(plugin_request, "task"))
    if task is None or task.shop_id != plugin_request.plugin.shop_id:
        return refusal(HTTPStatus.NOT_FOUND, "task_unknown", "Nobody asked for that here.")
    return jsonify(state=task.state, code=str(task.answer.get("code", "")), message=str(task.answer.get("message", "")))


@blueprint.post("/plugin/files")
def files() -> Response:
    """The PDF files of documents, in one zip. Those that are still being made are left out, and counted."""
    plugin_request = verified_request()
    if isinstance(plugin_request, Response):
        return plugin_request
    wanted = plugin_request.content.get("documents")
    numbers = [number for number in wanted if isinstance(number, int)] if isinstance(wanted, list) else []
    if len(numbers) > MOST_FILES:
        return refusal(HTTPStatus.BAD_REQUEST, "too_many_files", f"Choose at most {MOST_FILES} documents at once.")
    with context().store.read() as connection:
        found = [documents.find(connection, number) for number in dict.fromkeys(numbers)]
        own_documents = [
            document for document in found if document and document.shop_id == plugin_request.plugin.shop_id
        ]
        stored = documents.files_of(connection, [document.document_id for document in own_documents])
    packed, missing = zip_pdf_files(own_documents, stored)
    response = make_response(packed)
    response.content_type = "application/zip"
    response.headers["X-Facturelay-Missing"] = str(missing)
    return response


def zip_pdf_files(wanted: list[Document], stored: Mapping[int, tuple[StoredFile, ...]]) -> tuple[bytes, int]:
    """A zip of the PDF files, and how many are not there yet. PDF is packed already, so nothing is pressed again."""
    content, missing = io.BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for document in wanted:
            pdf = next((file for file in stored.get(document.document_id, ()) if file.format == "pdf"), None)
            if pdf is None:
                missing += 1
                continue
            archive.writestr(file_name(document, "pdf"), context().archive.get(pdf.path, sha256=pdf.sha256))
    return content.getvalue(), missing


def id_in(plugin_request: PluginRequest, name: str) -> int:
    """A number that the plugin names; 0, which is nobody's, where it names none."""
    value: Any = plugin_request.content.get(name)
    return value if isinstance(value, int) and 0 < value < 2**63 else 0
