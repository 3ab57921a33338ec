"""What the shop's order screen requests: the documents of an order with their state, tasks of its buttons, and files to download."""

import io
import zipfile
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response

from bridge.accounts.access_log import note_reader
from bridge.context import context, enqueue_task
from bridge.errors import Refused
from bridge.i18n.translate import translate_message
from bridge.plugin.signed_request import PluginRequest, signed
from worker.domain.document import Document, StoredDraft, free_name
from worker.domain.step import MAIL, TRANSMIT
from worker.message import Message
from worker.store import document_files, documents, tasks
from worker.store.document_files import StoredFile
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.tasks import TaskRequest

blueprint = Blueprint("plugin_orders", __name__)

MOST_FILES = 200
# The buttons of the order screen, and the id that says on what.
TASK_TARGETS = {"send": "document", "issue": "draft", "retry": "order"}


@blueprint.post("/plugin/order")
@signed
def order(plugin_request: PluginRequest) -> Response:
    """The documents and drafts of one order, how each fares, and why there are no others."""
    note_reader(f"the plugin of shop {plugin_request.plugin.shop_id}", order=plugin_request.id("order"))
    with context().store.read() as connection:
        found = order_history.find(connection, plugin_request.plugin.shop_id, plugin_request.id("order"))
    # An id comes back after a shop was restored from a backup; the key does not.
    key = plugin_request.text("key")
    items = [item for item in found.items if item.draft.order_key == key] if found else []
    fetched = found.order if found and found.order and found.order.order_key == key else None
    flags, rule_results = (fetched.flags, fetched.rule_results) if fetched else ((), ())
    return jsonify(
        documents=[document_as_json(item, item.document) for item in items if item.document],
        drafts=[draft_as_json(item.stored_draft) for item in items if item.stored_draft],
        reasons=[reason_as_json("", flag.code, flag.message) for flag in flags]
        + [reason_as_json(finding.rule, finding.code, finding.message) for finding in rule_results],
        fetched=fetched is not None,
    )


def document_as_json(item: DocumentDetails, document: Document) -> dict[str, object]:
    mail, mailed_at = item.step(MAIL), item.done_at(MAIL)
    return {
        "id": document.document_id,
        "kind": str(item.draft.kind),
        "number": document.number,
        "date": document.issued_on.isoformat(),
        "total": str(item.draft.total),
        "currency": item.draft.currency,
        "test": item.draft.test,
        "files": sorted(stored.format for stored in item.files),
        "mail": mail.state if mail else "none",
        "mailed_at": int(mailed_at.timestamp()) if mailed_at else None,
        "message": mail.message if mail else "",
        "peppol": peppol_as_json(item),
        "failed": [step.message for step in item.steps if step.state == "failed" and step.name != TRANSMIT],
    }


def peppol_as_json(item: DocumentDetails) -> dict[str, object] | None:
    """Where it went by Peppol and when, or why it did not, or not yet."""
    step, way = item.step(TRANSMIT), item.transmission
    if way is not None and way.is_sent:
        return {
            "address": way.recipient,
            "sent_at": int(way.sent_at.timestamp()) if way.sent_at else None,
            "message": "",
        }
    if step and step.message:
        return {"address": "", "sent_at": None, "failed": step.state == "failed", "message": step.message}
    return None


def draft_as_json(stored: StoredDraft) -> dict[str, object]:
    return {
        "id": stored.draft_id,
        "kind": str(stored.draft.kind),
        "total": str(stored.draft.total),
        "currency": stored.draft.currency,
        "problems": [problem.message for problem in stored.draft.problems],
    }


def reason_as_json(rule: str, code: str, message: Message) -> dict[str, object]:
    """Why, in a message for the owner; the code is for support. *rule* names what it is about."""
    kind = "credit_note" if rule.startswith(("refund", "cancel")) else rule.partition(":")[0]
    return {"kind": kind, "code": code, "message": message}


@blueprint.post("/plugin/task")
@signed
def create_task(plugin_request: PluginRequest) -> Response:
    """Write down what somebody pressed on the order screen, and enqueue it. The answer is asked for by its number."""
    kind = plugin_request.text("kind")
    if kind not in TASK_TARGETS:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "request_wrong", Message("The plugin asks for something that is not done here.")
        )
    argument = {f"{TASK_TARGETS[kind]}_id": plugin_request.id(TASK_TARGETS[kind])}
    if kind == "issue":
        argument["send"] = plugin_request.is_set("send")
    return enqueued(plugin_request, f"order_screen_{kind}", argument)


def enqueued(plugin_request: PluginRequest, kind: str, argument: Mapping[str, object]) -> Response:
    """The number of the task, by which its answer is asked for."""
    by = person_in_the_shop(plugin_request.text("by", longest=80))
    return jsonify(task=enqueue_task(TaskRequest(plugin_request.plugin.shop_id, kind, argument, by)))


def person_in_the_shop(name: str) -> str:
    """Who pressed, as the plugin says. Whoever has its key can name anybody: the trail says where the name comes from."""
    printed = "".join(letter for letter in name if letter.isprintable()).strip()
    return f"{printed} (WooCommerce)" if printed else "WooCommerce"


@blueprint.post("/plugin/task/answer")
@signed
def task_answer(plugin_request: PluginRequest) -> Response:
    """What came of it so far."""
    with context().store.read() as connection:
        task = tasks.of_shop(connection, plugin_request.plugin.shop_id, plugin_request.id("task"))
    if task is None:
        raise Refused(HTTPStatus.NOT_FOUND, "task_unknown", Message("Nobody asked for that here."))
    message = translate_message(task.answer.get("message"))
    return jsonify(state=task.state, code=str(task.answer.get("code", "")), message=message)


@blueprint.post("/plugin/files")
@signed
def files(plugin_request: PluginRequest) -> Response:
    """The PDF files of documents, in one zip. Those that are still being made are left out, and counted."""
    numbers = plugin_request.ids("documents")
    if len(numbers) > MOST_FILES:
        raise too_many_files()
    with context().store.read() as connection:
        found = [documents.of_shop(connection, plugin_request.plugin.shop_id, number) for number in numbers]
        own_documents = [document for document in found if document]
        stored = document_files.files_of(connection, [document.document_id for document in own_documents])
    looked_at = [document.document_id for document in own_documents]
    note_reader(f"the plugin of shop {plugin_request.plugin.shop_id}", documents=looked_at)
    packed, missing = zip_pdf_files(own_documents, stored)
    response = make_response(packed)
    response.content_type = "application/zip"
    response.headers["X-Facturelay-Missing"] = str(missing)
    return response


def too_many_files() -> Refused:
    message = Message("Choose at most {most} documents at once.", most=MOST_FILES)
    return Refused(HTTPStatus.BAD_REQUEST, "too_many_files", message)


def zip_pdf_files(wanted: list[Document], stored: Mapping[int, tuple[StoredFile, ...]]) -> tuple[bytes, int]:
    """A zip of the PDF files, and how many are not there yet. PDF is packed already, so nothing is pressed again."""
    content, missing = io.BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for document in wanted:
            pdf = next((file for file in stored.get(document.document_id, ()) if file.format == "pdf"), None)
            if pdf is None:
                missing += 1
                continue
            name = free_name(document.file_name("pdf"), archive.namelist())
            archive.writestr(name, context().archive.get(pdf.path, sha256=pdf.sha256))
    return content.getvalue(), missing
