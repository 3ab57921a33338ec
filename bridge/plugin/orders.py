"""What the shop's order screen asks: the documents of an order and how they fare, what a person presses there, and files to download."""

import io
import zipfile
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, make_response

from bridge.context import parts
from bridge.customer.document import file_name
from bridge.errors import refusal
from bridge.plugin.connection import Asking, asked
from worker import queue
from worker.domain.document import Document, KeptDraft
from worker.store import documents, orders, steps, tasks
from worker.store.documents import StoredFile
from worker.store.steps import Step, StepName

blueprint = Blueprint("plugin_orders", __name__)

MOST_FILES = 200
# What a person presses on the order screen, and the number that says on what.
ERRANDS = {"send": "document", "issue": "draft", "retry": "order"}


@blueprint.post("/plugin/order")
def order() -> Response:
    """The documents and drafts of one order, how each fares, and why there are no others."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    shop_id, order_id = asking.plugin.shop_id, number_in(asking, "order")
    with parts().store.read() as connection:
        made, kept = documents.listing(connection, shop_id=shop_id, order_id=order_id)
        all_steps = steps.of_documents(connection, [document.document_id for document in made])
        all_files = documents.files_of(connection, [document.document_id for document in made])
        seen = orders.find(connection, shop_id, order_id)
    # An id comes back after a shop was restored from a backup; the key does not.
    key = str(asking.content.get("key", ""))
    known = seen if seen is not None and seen.order_key == key else None
    flags, findings = (known.flags, known.findings) if known else ((), ())
    return jsonify(
        documents=[
            told(document, all_steps.get(document.document_id, {}), all_files.get(document.document_id, ()))
            for document in made
            if document.draft.order_key == key
        ],
        drafts=[told_draft(draft) for draft in kept if draft.draft.order_key == key],
        reasons=[told_reason("", flag.code, flag.sentence) for flag in flags]
        + [told_reason(finding.rule, finding.code, finding.sentence) for finding in findings],
        seen=known is not None,
    )


def told(document: Document, of_document: Mapping[StepName, Step], files: tuple[StoredFile, ...]) -> dict[str, object]:
    mail = of_document.get(StepName.MAIL)
    failed = [step.reason for step in of_document.values() if step.state == "failed"]
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
        "sentence": mail.reason if mail else "",
        "failed": failed,
    }


def told_draft(kept: KeptDraft) -> dict[str, object]:
    return {
        "id": kept.draft_id,
        "kind": str(kept.draft.kind),
        "total": str(kept.draft.total),
        "currency": kept.draft.currency,
        "problems": [problem.sentence for problem in kept.draft.problems],
    }


def told_reason(rule: str, code: str, sentence: str) -> dict[str, str]:
    """Why, as a code that the plugin has words for, and the sentence for where it has none. *rule* names what it is about."""
    about = "credit_note" if rule.startswith(("refund", "cancel")) else rule.partition(":")[0]
    return {"kind": about, "code": code, "sentence": sentence}


@blueprint.post("/plugin/errand")
def errand() -> Response:
    """Write down what somebody pressed on the order screen, and ring for it. The answer is asked for by its number."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    kind = str(asking.content.get("kind", ""))
    if kind not in ERRANDS:
        return refusal(HTTPStatus.BAD_REQUEST, "request_wrong", "The plugin asks for something that is not done here.")
    argument = {f"{ERRANDS[kind]}_id": number_in(asking, ERRANDS[kind])}
    if kind == "issue":
        argument["send"] = bool(asking.content.get("send"))
    with parts().store.write() as connection:
        errand_id = tasks.ask(
            connection,
            shop_id=asking.plugin.shop_id,
            kind=f"order_screen_{kind}",
            argument=argument,
            asked_by=str(asking.content.get("by", ""))[:80] or "the shop",
            now=parts().now(),
        )
    parts().ringer.ring(queue.RUN_ERRAND, errand_id)
    return jsonify(errand=errand_id)


@blueprint.post("/plugin/errand/answer")
def errand_answer() -> Response:
    """What came of it so far."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    with parts().store.read() as connection:
        found = tasks.get(connection, number_in(asking, "errand"))
    if found is None or found.shop_id != asking.plugin.shop_id:
        return refusal(HTTPStatus.NOT_FOUND, "errand_unknown", "Nobody asked for that here.")
    return jsonify(
        state=found.state, code=str(found.answer.get("code", "")), sentence=str(found.answer.get("sentence", ""))
    )


@blueprint.post("/plugin/files")
def files() -> Response:
    """The PDF files of documents, in one zip. Those that are still being made are left out, and counted."""
    asking = asked()
    if isinstance(asking, Response):
        return asking
    wanted = asking.content.get("documents")
    numbers = [number for number in wanted if isinstance(number, int)] if isinstance(wanted, list) else []
    if len(numbers) > MOST_FILES:
        return refusal(HTTPStatus.BAD_REQUEST, "too_many_files", f"Choose at most {MOST_FILES} documents at once.")
    with parts().store.read() as connection:
        found = [documents.find(connection, number) for number in dict.fromkeys(numbers)]
        mine = [document for document in found if document and document.shop_id == asking.plugin.shop_id]
        stored = documents.files_of(connection, [document.document_id for document in mine])
    packed, missing = pack(mine, stored)
    response = make_response(packed)
    response.content_type = "application/zip"
    response.headers["X-Facturelay-Missing"] = str(missing)
    return response


def pack(wanted: list[Document], stored: Mapping[int, tuple[StoredFile, ...]]) -> tuple[bytes, int]:
    """A zip of the PDF files, and how many are not there yet. PDF is packed already, so nothing is pressed again."""
    content, missing = io.BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for document in wanted:
            pdf = next((file for file in stored.get(document.document_id, ()) if file.format == "pdf"), None)
            if pdf is None:
                missing += 1
                continue
            archive.writestr(file_name(document, "pdf"), parts().archive.get(pdf.path, sha256=pdf.sha256))
    return content.getvalue(), missing


def number_in(asking: Asking, name: str) -> int:
    """A number that the plugin names; 0, which is nobody's, where it names none."""
    value: Any = asking.content.get(name)
    return value if isinstance(value, int) and 0 < value < 2**63 else 0
