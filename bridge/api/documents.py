"""Documents, drafts and the register."""

from http import HTTPStatus

from flask import Response, jsonify

from bridge.api.request import ApiRequest, not_found, page_response
from bridge.context import context
from bridge.customer.document import REFRESH_S, file_response
from bridge.errors import Refused
from worker import serializers
from worker.domain.step import EINVOICE, RENDER
from worker.json_type import tell
from worker.message import Message
from worker.net import document_link
from worker.store import register
from worker.store.api_tokens import Scope
from worker.store.queries import api_documents, order_history
from worker.store.queries.api_documents import ApiDocumentFilter
from worker.store.queries.order_history import DocumentDetails

# Which step makes a file of that format.
MADE_BY = {"pdf": RENDER, "xml": EINVOICE}


def list_documents(api_request: ApiRequest) -> Response:
    wanted = ApiDocumentFilter(**api_request.filters)
    with context().store.read() as connection:
        found = api_documents.page(
            connection, api_request.shop_id, wanted, after=api_request.after, limit=api_request.limit + 1
        )
    items = [serializers.document(item, link=link_of(api_request, item)) for item in found]
    return page_response(api_request, "/documents", "documents", items, "document_id")


def get_document(api_request: ApiRequest, document_id: int) -> Response:
    with context().store.read() as connection:
        item = order_history.of_document(connection, api_request.shop_id, document_id)
        if item is None or item.document is None:
            raise not_found("document")
        corrected_by = api_documents.corrected_by(connection, item.document)
    return jsonify(serializers.whole_document(item, link=link_of(api_request, item), corrected_by=corrected_by))


def link_of(api_request: ApiRequest, item: DocumentDetails) -> str | None:
    """The customer's link: whoever has that has the file, so only a token that may have files is told."""
    if item.document is None or Scope.FILES_READ not in api_request.token.scopes:
        return None
    settings = context().settings
    # As in mails: the same all day.
    start = max(item.document.issued_at, context().now().replace(hour=0, minute=0, second=0, microsecond=0))
    return document_link.url(settings.public_url, settings.secret_keys, item.document.document_id, now=start)


def get_pdf(api_request: ApiRequest, document_id: int) -> Response:
    return stored_file(api_request, document_id, "pdf")


def get_xml(api_request: ApiRequest, document_id: int) -> Response:
    return stored_file(api_request, document_id, "xml")


def stored_file(api_request: ApiRequest, document_id: int, file_format: str) -> Response:
    with context().store.read() as connection:
        item = order_history.of_document(connection, api_request.shop_id, document_id)
    if item is None or item.document is None:
        raise not_found("document")
    stored, step = item.file(file_format), item.step(MADE_BY[file_format])
    if stored is None:
        is_being_made = step is not None and step.state in ("waiting", "running")
        raise file_being_made() if is_being_made else file_unknown(file_format)
    return file_response(item.document, stored, inline=False)


def file_being_made() -> Refused:
    message = Message("This file is being made; ask again in some seconds.")
    return Refused(HTTPStatus.NOT_FOUND, "file_being_made", message, headers={"Retry-After": str(REFRESH_S)})


def file_unknown(file_format: str) -> Refused:
    return Refused(
        HTTPStatus.NOT_FOUND, "file_unknown", Message("This document has no {format}.", format=file_format.upper())
    )


def list_drafts(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = api_documents.open_drafts(
            connection,
            api_request.shop_id,
            order_id=api_request.query.get("order_id"),
            after=api_request.after,
            limit=api_request.limit + 1,
        )
    return page_response(api_request, "/drafts", "drafts", [serializers.document(item) for item in found], "draft_id")


def get_draft(api_request: ApiRequest, draft_id: int) -> Response:
    with context().store.read() as connection:
        draft = api_documents.open_draft(connection, api_request.shop_id, draft_id)
    if draft is None:
        raise not_found("draft")
    return jsonify(serializers.document(draft))


def list_register(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = register.number_statuses(
            connection, api_request.shop_id, after=api_request.after, limit=api_request.limit + 1
        )
        head = register.head(connection, api_request.shop_id)
    items = [tell(serializers.REGISTER_ENTRY, entry) for entry in found]
    return page_response(
        api_request, "/register", "register", items, "position", head=str(head) if head.position else None
    )
