"""Documents, drafts and the register."""

from http import HTTPStatus

from flask import Response, jsonify, make_response, request

from bridge.api.request import Asking, page, unknown
from bridge.context import parts
from bridge.customer.document import MEDIA_TYPES, REFRESH_S, file_name
from bridge.errors import refusal
from worker import serializers
from worker.net import document_link
from worker.serializers import Json
from worker.store import documents, register, steps
from worker.store.api_tokens import Scope
from worker.store.queries import api_documents
from worker.store.queries.api_documents import Summary, Wanted
from worker.store.steps import StepName


def list_documents(asking: Asking) -> Response:
    wanted = Wanted(**asking.filters)
    with parts().store.read() as connection:
        found = api_documents.page(connection, asking.shop_id, wanted, after=asking.after, limit=asking.limit + 1)
    items = [with_link(asking, summary) for summary in found]
    return page(asking, "/documents", "documents", items, "document_id")


def get_document(asking: Asking, document_id: int) -> Response:
    with parts().store.read() as connection:
        summary = api_documents.one(connection, asking.shop_id, document_id)
        if summary is None:
            return unknown("document")
        document = documents.get(connection, document_id)
        made = steps.of_document(connection, document_id)
        corrected_by = api_documents.corrected_by(connection, asking.shop_id, summary)
    content = serializers.of_content(document.draft)
    return jsonify(
        {
            **with_link(asking, summary),
            **content,
            "corrected_by": list(corrected_by),
            "steps": serializers.of_steps(made.values()),
        }
    )


def with_link(asking: Asking, summary: Summary) -> Json:
    """A document with the shopper's link: whoever has that has the file, so only a token that may have files is told."""
    told = serializers.of_document(summary)
    if Scope.FILES_READ not in asking.token.scopes:
        return {**told, "link": None}
    settings = parts().settings
    # As in mails: the same all day.
    start = max(summary.issued_at, parts().now().replace(hour=0, minute=0, second=0, microsecond=0))
    return {
        **told,
        "link": document_link.url(settings.public_url, settings.secret_keys, summary.document_id, now=start),
    }


def get_pdf(asking: Asking, document_id: int) -> Response:
    return stored_file(asking, document_id, "pdf")


def get_xml(asking: Asking, document_id: int) -> Response:
    return stored_file(asking, document_id, "xml")


def stored_file(asking: Asking, document_id: int, file_format: str) -> Response:
    """The bytes as stored; 304 for whoever has them already: they never change."""
    with parts().store.read() as connection:
        document = documents.find(connection, document_id)
        if document is None or document.shop_id != asking.shop_id:
            return unknown("document")
        stored = documents.file_of(connection, document_id, file_format)
        render = steps.of_document(connection, document_id).get(StepName.RENDER)
    if stored is None:
        is_being_made = file_format == "pdf" and render is not None and render.state in ("waiting", "running")
        return being_made() if is_being_made else no_file(file_format)
    # Asked first: who has the bytes need not have them read again.
    if request.if_none_match.contains(stored.sha256):
        response = make_response(b"", HTTPStatus.NOT_MODIFIED)
    else:
        response = make_response(parts().archive.get(stored.path, sha256=stored.sha256))
    response.content_type = MEDIA_TYPES[file_format]
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(document, file_format)}"'
    response.set_etag(stored.sha256)
    return response


def being_made() -> Response:
    response = refusal(HTTPStatus.NOT_FOUND, "file_being_made", "This file is being made; ask again in some seconds.")
    response.headers["Retry-After"] = str(REFRESH_S)
    return response


def no_file(file_format: str) -> Response:
    return refusal(HTTPStatus.NOT_FOUND, "file_unknown", f"This document has no {file_format.upper()}.")


def list_drafts(asking: Asking) -> Response:
    with parts().store.read() as connection:
        found = api_documents.open_drafts(
            connection,
            asking.shop_id,
            order_id=asking.query.get("order_id"),
            after=asking.after,
            limit=asking.limit + 1,
        )
    return page(asking, "/drafts", "drafts", [serializers.of_draft(kept) for kept in found], "draft_id")


def get_draft(asking: Asking, draft_id: int) -> Response:
    with parts().store.read() as connection:
        kept = api_documents.open_draft(connection, asking.shop_id, draft_id)
    return unknown("draft") if kept is None else jsonify(serializers.of_draft(kept))


def list_register(asking: Asking) -> Response:
    with parts().store.read() as connection:
        found = register.fates(connection, asking.shop_id, after=asking.after, limit=asking.limit + 1)
        head = register.head(connection, asking.shop_id)
    items = [serializers.of_fate(fate) for fate in found]
    return page(asking, "/register", "register", items, "position", head=str(head) if head.position else None)
