"""What every answer has in common: its headers, and sentences instead of bare errors."""

import contextlib
import logging
import secrets
import time
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bridge.context import base_path, context
from bridge.i18n.phrases import LANGUAGES, Phrases
from bridge.i18n.stored_messages import translate_message
from bridge.i18n.translate import _, dashboard_message_page
from worker.errors import FacturelayError, Unavailable

log = logging.getLogger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
STYLESHEET_LIFETIME_S = 600
RETRY_AFTER_S = 30
# Who asks here is a program, and reads JSON.
JSON_PATHS = ("/webhooks", "/plugin/", "/api/", "/health", "/ready", "/metrics", "/static/")
DRAIN_TIMEOUT_S = 5

ERROR_MESSAGES = {
    HTTPStatus.BAD_REQUEST: ("request_wrong", "The request could not be read; send it again."),
    HTTPStatus.NOT_FOUND: ("page_unknown", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_wrong", "This address does not take this kind of request."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "body_too_large",
        "This is more than is taken here at once; nothing was kept.",
    ),
}


def register(app: Flask) -> None:
    """Give *app* its headers and its error answers."""
    app.after_request(add_headers)
    app.after_request(drain_request_body)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(FacturelayError, facturelay_error)
    app.register_error_handler(Exception, unexpected_error)


def refusal(status: HTTPStatus, code: str, message: str) -> Response:
    """An answer that says no, in JSON: for programs, and for the person who reads their log."""
    response = jsonify(error=code, message=message)
    response.status_code = status
    return response


def message_page(
    status: HTTPStatus, phrases: Phrases, key: str, *, code: str = "", refresh_s: int = 0, **values: str
) -> Response:
    """A small page with the title and the sentence of *what*. *code* is for support; *refresh_s* looks again by itself."""
    title, message = phrases.get(f"{key}_title"), phrases.get(key, **values)
    page = render_template(
        "customer/message.html",
        phrases=phrases,
        title=title,
        message=message,
        code=code,
        refresh_s=refresh_s,
        base=base_path(),
    )
    return make_response(page, status)


def phrases_of_visitor() -> Phrases:
    """The language that the browser asks for; English where it asks for none of ours."""
    return Phrases(request.accept_languages.best_match(LANGUAGES) or "en")


def add_headers(response: Response) -> Response:
    """Complete the headers; a view that set one of them knows better."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code == HTTPStatus.OK:
        response.headers["Cache-Control"] = f"public, max-age={STYLESHEET_LIFETIME_S}"
    return response


def drain_request_body(response: Response) -> Response:
    """Read away what a refused sender still has to say. Closing on it would show it a broken connection, not our answer."""
    # Bad requests are read to their end, or to where the sender fell silent. And only where the server marks the end of the
    # body: elsewhere this would wait for more for ever.
    if response.status_code <= HTTPStatus.BAD_REQUEST or not request.environ.get("wsgi.input_terminated"):
        return response
    body, deadline = request.environ["wsgi.input"], time.monotonic() + DRAIN_TIMEOUT_S
    remaining = 2 * context().settings.max_body_bytes
    with contextlib.suppress(OSError):
        while remaining > 0 and time.monotonic() < deadline and (piece := body.read(65_536)):
            remaining -= len(piece)
    return response


def http_error(error: HTTPException) -> AnyResponse:
    """What routing and reading a request refuse: no such address, wrong method, body too large."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code, message = ERROR_MESSAGES.get(status, ERROR_MESSAGES[HTTPStatus.BAD_REQUEST])
    if is_for_customers():
        response = message_page(status, phrases_of_visitor(), "unknown")
    elif is_for_programs():
        response = refusal(status, code, message)
    else:
        response = http_error_page(status, code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def facturelay_error(error: FacturelayError) -> Response:
    """What our own code raised: later (503), or not like this (422)."""
    is_temporary = isinstance(error, Unavailable)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_temporary else HTTPStatus.UNPROCESSABLE_ENTITY
    log.warning("%s %s: %s (%s)", request.method, request.endpoint, error.message, error.code)
    if not is_for_customers() and not is_for_programs():
        response = dashboard_message_page(
            status,
            _("This cannot be done now") if is_temporary else _("This cannot be done"),
            translate_message(error.message),
            code=error.code,
        )
    elif is_for_customers():
        # The sentence speaks to the owner, of files and settings; a visitor gets the code, and can pass that on.
        response = message_page(status, phrases_of_visitor(), "away" if is_temporary else "broken", code=error.code)
    else:
        response = refusal(status, error.code, error.message)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s or RETRY_AFTER_S)
    return response


def unexpected_error(error: Exception) -> Response:
    """A bug. The log has the details, under a code that the answer names too."""
    code = secrets.token_hex(4)
    # The endpoint, not the path: a path may hold a link's token.
    log.error("Unexpected error %s in %s %s", code, request.method, request.endpoint, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if is_for_customers():
        return message_page(status, phrases_of_visitor(), "broken", code=code)
    if not is_for_programs():
        message = _(
            "Nothing was lost. Go back and try again; if it goes on, give the code below to whoever runs Facturelay."
        )
        return dashboard_message_page(status, _("Something went wrong here"), message, code=code)
    return refusal(
        status,
        "unexpected",
        f"Something went wrong here that should not. The log has the details under the code {code}.",
    )


def http_error_page(status: HTTPStatus, code: str) -> Response:
    """What routing refuses, for people on the dashboard's pages."""
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        message = _("This is more than is taken here at once; nothing was kept.")
    elif status is HTTPStatus.NOT_FOUND:
        message = _("There is nothing at this address, or it is not yours to see.")
    else:
        message = _("This address does not take this kind of request.")
    return dashboard_message_page(status, _("This does not work"), message, code=code)


def is_for_customers() -> bool:
    return request.path.startswith(("/d/", "/plugin/d/"))


def is_for_programs() -> bool:
    return request.path.startswith(JSON_PATHS)
