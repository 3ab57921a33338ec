"""A request: its token, scope, rate limit, query and body. What is wrong is answered before any view runs."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from bridge.accounts.access_log import note_reader
from bridge.accounts.rate_limit import By, limit, limit_stranger, proves_itself
from bridge.api.fields import DEFAULT_PAGE, FieldError, read_fields
from bridge.api.route import Route
from bridge.context import context
from bridge.errors import Refused
from worker.errors import Unavailable
from worker.json_type import Json
from worker.message import Message
from worker.net.json_object import read_json_object
from worker.store import api_tokens
from worker.store.api_tokens import ApiToken

log = logging.getLogger(__name__)

LARGEST_BODY = 20_000
NOT_FOUND = {
    "document": Message("This shop has no document with this id."),
    "draft": Message("This shop has no draft with this id."),
    "reminders": Message("This shop has no document with this id by which somebody is to pay."),
    "order": Message("This shop has no order with this id."),
    "webhook_endpoint": Message("This shop has no webhook with this id."),
    "task": Message("Nothing with this id was asked for by this shop."),
    "file": Message("There is no file with this id, or it is not made yet."),
    "channel": Message("This shop notifies nobody under this id."),
}


@dataclass(frozen=True)
class ApiRequest:
    """A request that may be answered. All that is read for it carries *shop_id*."""

    token: ApiToken
    query: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def shop_id(self) -> str:
        return self.token.shop_id

    @property
    def after(self) -> int:
        return int(self.query.get("after", 0))

    @property
    def limit(self) -> int:
        return int(self.query.get("limit", DEFAULT_PAGE))

    @property
    def filters(self) -> dict[str, Any]:
        return {name: value for name, value in self.query.items() if name not in ("after", "limit")}


def guarded(route: Route) -> Callable[..., Response]:
    """The view of *route* behind all checks."""

    @proves_itself
    def view(**path: Any) -> Response:
        token = token_of_request()
        limit(By.TOKEN, str(token.token_id))
        note_reader(f"token {token.token_id} of shop {token.shop_id}")
        record_token_use(token)
        if route.scope is not None and route.scope not in token.scopes:
            raise scope_missing(route)
        query = read_fields(route.query, query_of_request())
        body = read_fields(route.body, content_of_request() if route.body else {})
        return route.view(ApiRequest(token, query, body), **path)

    return view


def token_of_request() -> ApiToken:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        limit_stranger()
        raise unauthorized(
            "token_missing",
            Message("Send a token of the shop in the header Authorization: Bearer fr_…"),
            'realm="facturelay"',
        )
    with context().store.read() as connection:
        token = api_tokens.find(connection, secret.strip())
    if token is None:
        limit_stranger()
        raise unauthorized(
            "token_wrong",
            Message("This token is not known here, or it was revoked. Make a new one for the shop."),
            'realm="facturelay", error="invalid_token"',
        )
    return token


def unauthorized(code: str, message: Message, challenge: str) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, code, message, headers={"WWW-Authenticate": f"Bearer {challenge}"})


def record_token_use(token: ApiToken) -> None:
    """Store when the token was used, for its owner's list. A request does not fail because that failed."""
    now = context().now()
    if not api_tokens.use_is_due(token, now):
        return
    try:
        with context().store.write() as connection:
            api_tokens.record_use(connection, token, now)
    except Unavailable:
        log.warning("The use of token %d could not be noted", token.token_id)


def scope_missing(route: Route) -> Refused:
    challenge = f'Bearer realm="facturelay", error="insufficient_scope", scope="{route.scope}"'
    message = Message("This token lacks “{scope}”; make one that has it.", scope=route.scope)
    return Refused(HTTPStatus.FORBIDDEN, "scope_missing", message, headers={"WWW-Authenticate": challenge})


def query_of_request() -> dict[str, str]:
    """The query. Raises FieldError for what is said twice: which of the two was meant?"""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise FieldError(name, Message("It is given more than once."))
    return request.args.to_dict()


def content_of_request() -> dict[str, Any]:
    """The JSON object in the body."""
    if request.mimetype != "application/json":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "type_wrong", Message("The body must be application/json."))
    body = request.stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        message = Message("A body here may be {most} bytes long.", most=LARGEST_BODY)
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", message)
    try:
        return read_json_object(body)
    except ValueError as error:
        message = Message("The body must be a JSON object of ordinary texts and numbers.")
        raise Refused(HTTPStatus.BAD_REQUEST, "json_wrong", message) from error


def page_response(
    api_request: ApiRequest, path: str, name: str, items: list[Json], key: str, **more: object
) -> Response:
    """A page of a list. *items* are one more than asked for where there is a next page; *key* is what `after` counts by."""
    shown = items[: api_request.limit]
    next_url = None
    if len(items) > api_request.limit:
        query = {**request.args.to_dict(), "limit": api_request.limit, "after": shown[-1][key]}
        # Never from the request's own host: links go where our settings say.
        next_url = f"{context().settings.public_url}/api/v1{path}?{urlencode(query)}"
    response = jsonify({name: shown, "next": next_url, **more})
    if next_url:
        response.headers["Link"] = f'<{next_url}>; rel="next"'
    return response


def not_found(what: str) -> Refused:
    """404: there is no such thing, or it is another shop's."""
    return Refused(HTTPStatus.NOT_FOUND, f"{what}_unknown", NOT_FOUND[what])
