"""What every answer has in common: its headers, and sentences instead of bare errors."""

import contextlib
import logging
import secrets
import time
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bridge.context import base_path, parts
from bridge.i18n.phrases import LANGUAGES, Words
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import _, say_page
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
MACHINES = ("/webhooks", "/plugin/", "/api/", "/health", "/ready", "/metrics", "/static/")
LONGEST_FAREWELL_S = 5

SENTENCES = {
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
    app.after_request(let_the_sender_finish)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(FacturelayError, own_error)
    app.register_error_handler(Exception, unexpected_error)


def refusal(status: HTTPStatus, code: str, message: str) -> Response:
    """An answer that says no, in JSON: for programs, and for the person who reads their log."""
    response = jsonify(error=code, message=message)
    response.status_code = status
    return response


def message_page(
    status: HTTPStatus, words: Words, what: str, *, code: str = "", refresh_s: int = 0, **values: str
) -> Response:
    """A small page with the title and the sentence of *what*. *code* is for support; *refresh_s* looks again by itself."""
    title, sentence = words.say(f"{what}_title"), words.say(what, **values)
    page = render_template(
        "message.html", words=words, title=title, sentence=sentence, code=code, refresh_s=refresh_s, base=base_path()
    )
    return make_response(page, status)


def words_of_visitor() -> Words:
    """The language that the browser asks for; English where it asks for none of ours."""
    return Words(request.accept_languages.best_match(LANGUAGES) or "en")


def add_headers(response: Response) -> Response:
    """Complete the headers; a view that set one of them knows better."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code == HTTPStatus.OK:
        response.headers["Cache-Control"] = f"public, max-age={STYLESHEET_LIFETIME_S}"
    return response


def let_the_sender_finish(response: Response) -> Response:
    """Read away what a refused sender still has to say. Closing on it would show it a broken connection, not our answer."""
    # Bad requests are read to their end, or to where the sender fell silent. And only where the server marks the end of the
    # body: elsewhere this would wait for more for ever.
    if response.status_code <= HTTPStatus.BAD_REQUEST or not request.environ.get("wsgi.input_terminated"):
        return response
    rest, until = request.environ["wsgi.input"], time.monotonic() + LONGEST_FAREWELL_S
    left = 2 * parts().settings.max_body_bytes
    with contextlib.suppress(OSError):
        while left > 0 and time.monotonic() < until and (piece := rest.read(65_536)):
            left -= len(piece)
    return response


def http_error(error: HTTPException) -> AnyResponse:
    """What routing and reading a request refuse: no such address, wrong method, body too large."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code, message = SENTENCES.get(status, SENTENCES[HTTPStatus.BAD_REQUEST])
    if is_for_shoppers():
        response = message_page(status, words_of_visitor(), "unknown")
    elif is_for_machines():
        response = refusal(status, code, message)
    else:
        response = refusing_page(status, code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def own_error(error: FacturelayError) -> Response:
    """What our own code raised: later (503), or not like this (422)."""
    passing = isinstance(error, Unavailable)
    status = HTTPStatus.SERVICE_UNAVAILABLE if passing else HTTPStatus.UNPROCESSABLE_ENTITY
    log.warning("%s %s: %s (%s)", request.method, request.endpoint, error.sentence, error.code)
    if not is_for_shoppers() and not is_for_machines():
        response = say_page(
            status,
            _("This cannot be done now") if passing else _("This cannot be done"),
            retold(error.sentence),
            code=error.code,
        )
    elif is_for_shoppers():
        # The sentence speaks to the owner, of files and settings; a visitor gets the code, and can pass that on.
        response = message_page(status, words_of_visitor(), "away" if passing else "broken", code=error.code)
    else:
        response = refusal(status, error.code, error.sentence)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s or RETRY_AFTER_S)
    return response


def unexpected_error(error: Exception) -> Response:
    """A bug. The log has the details, under a code that the answer names too."""
    code = secrets.token_hex(4)
    # The endpoint, not the path: a path may hold a link's token.
    log.error("Unexpected error %s in %s %s", code, request.method, request.endpoint, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if is_for_shoppers():
        return message_page(status, words_of_visitor(), "broken", code=code)
    if not is_for_machines():
        sentence = _(
            "Nothing was lost. Go back and try again; if it goes on, give the code below to whoever runs Facturelay."
        )
        return say_page(status, _("Something went wrong here"), sentence, code=code)
    return refusal(
        status,
        "unexpected",
        f"Something went wrong here that should not. The log has the details under the code {code}.",
    )


def refusing_page(status: HTTPStatus, code: str) -> Response:
    """What routing refuses, for people on the dashboard's pages."""
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        sentence = _("This is more than is taken here at once; nothing was kept.")
    elif status is HTTPStatus.NOT_FOUND:
        sentence = _("There is nothing at this address, or it is not yours to see.")
    else:
        sentence = _("This address does not take this kind of request.")
    return say_page(status, _("This does not work"), sentence, code=code)


def is_for_shoppers() -> bool:
    return request.path.startswith(("/d/", "/plugin/d/"))


def is_for_machines() -> bool:
    return request.path.startswith(MACHINES)
