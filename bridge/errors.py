"""What every answer has in common: its headers, and messages instead of bare errors."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, abort, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bridge.context import base_path, context, rendered
from bridge.i18n.translate import CATALOG_PACKAGE, _, dashboard_message_page, translate_message, translator
from worker.errors import DatabaseAway, FacturelayError, Unavailable
from worker.i18n import Translator
from worker.message import Message

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
# Of this host alone: what else its owner has on other names is not ours to decide.
HTTPS_FOR_S = 365 * 24 * 3600
HEADERS_BY_HTTPS = HEADERS | {"Strict-Transport-Security": f"max-age={HTTPS_FOR_S}"}
RETRY_AFTER_S = 30
# Paths whose clients are software and read JSON.
JSON_PATHS = ("/webhooks", "/hooks/", "/plugin/", "/api/", "/health", "/ready", "/metrics", "/static/")

ERROR_MESSAGES = {
    HTTPStatus.BAD_REQUEST: ("request_wrong", Message("The request could not be read; send it again.")),
    HTTPStatus.NOT_FOUND: ("page_unknown", Message("There is nothing at this address.")),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_wrong", Message("This address does not take this kind of request.")),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "body_too_large",
        Message("This is more than is taken here at once; nothing was kept. Send less at a time, or a smaller file."),
    ),
}


def register(app: Flask) -> None:
    """Give *app* its headers and its error answers."""
    app.before_request(refuse_unreadable_address)
    app.after_request(add_headers)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(FacturelayError, facturelay_error)
    app.register_error_handler(Exception, unexpected_error)


def refuse_unreadable_address() -> None:
    """Nothing is called by NUL, no page has a use for it, and no database takes it. The API says in which field it is."""
    if "\0" in request.path:
        abort(HTTPStatus.NOT_FOUND)
    if "\0" in "".join(request.args.values()) and not is_for_programs():
        raise unreadable_text()


def unreadable_text() -> "Refused":
    return Refused(
        HTTPStatus.BAD_REQUEST,
        "request_wrong",
        _("It holds a character that nobody can type. Go back and type it instead of pasting it."),
        page=RefusalPage(title=_("This could not be read")),
    )


@dataclass(frozen=True)
class RefusalPage:
    """How a refusal looks to people: its *title*, and for a visitor the *language* of a document, where one was found."""

    title: str = ""
    language: str = ""


class Refused(Exception):
    """No, and why. The error handler answers: programs get *code* and *message* in JSON, people a *page*.

    `fields` are further ones of the JSON; a page with a Retry-After among its *headers* loads again by itself.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str | Message,
        *,
        page: RefusalPage | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.page = page or RefusalPage()
        self.headers = dict(headers or {})
        self.fields: dict[str, str] = {}


def link_unknown(words: Translator | None = None) -> Refused:
    """A link that leads to no document, or to none any more: which of the two is nobody's to learn."""
    words = words or translator()
    return Refused(
        HTTPStatus.NOT_FOUND,
        "link_unknown",
        words.gettext("Check that you took over the whole link from the mail, or ask the shop for a new one."),
        page=RefusalPage(title=words.gettext("This link does not work"), language=words.language),
    )


def json_error(status: HTTPStatus, code: str, message: str | Message, **fields: str) -> Response:
    """An answer that says no, in JSON: for programs, and for the person who reads their log."""
    response = jsonify(error=code, message=message, **fields)
    response.status_code = status
    return response


@dataclass(frozen=True)
class Notice:
    """One sentence under a title."""

    title: str
    message: str


def customer_message_page(
    status: HTTPStatus, words: Translator, notice: Notice, *, reference: str = "", refresh_s: int = 0
) -> Response:
    """A small page with one sentence. Under *reference* the log has what happened; with *refresh_s* it loads again by itself."""
    return rendered(
        "customer/message.html",
        status=status,
        _=words.gettext,
        words=words,
        title=notice.title,
        message=notice.message,
        reference=reference,
        refresh_s=refresh_s,
        base=base_path(),
    )


def add_general_headers(response: Response) -> Response:
    """Complete the headers; a view that set one of them knows better."""
    for name, value in general_headers().items():
        response.headers.setdefault(name, value)
    return response


def general_headers() -> Mapping[str, str]:
    return HEADERS_BY_HTTPS if context().settings.public_url.startswith("https:") else HEADERS


def add_headers(response: Response) -> Response:
    add_general_headers(response)
    if request.endpoint == "static" and response.status_code == HTTPStatus.OK:
        response.headers["Cache-Control"] = f"public, max-age={STYLESHEET_LIFETIME_S}"
    return response


def refused(error: Refused) -> Response:
    """What a view refuses: the same no for programs, visitors and people at the dashboard."""
    if is_for_customers():
        words = Translator(error.page.language, package=CATALOG_PACKAGE) if error.page.language else translator()
        response = customer_message_page(error.status, words, Notice(error.page.title, as_text(error.message)))
    elif is_for_programs():
        response = json_error(error.status, error.code, error.message, **error.fields)
    else:
        response = dashboard_message_page(error.status, error.page.title, as_text(error.message), code=error.code)
    response.headers.update(error.headers)
    load_again(response)
    return response


def load_again(response: Response) -> None:
    """A page that says to wait loads again by itself after that time; what somebody sent is theirs to send again."""
    if "Retry-After" in response.headers and request.method == "GET" and not is_for_programs():
        response.headers["Refresh"] = response.headers["Retry-After"]


def as_text(message: str | Message) -> str:
    return translate_message(message) if isinstance(message, Message) else message


def http_error(error: HTTPException) -> AnyResponse:
    """What routing and reading a request refuse: no such address, wrong method, body too large."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code, message = ERROR_MESSAGES.get(status, ERROR_MESSAGES[HTTPStatus.BAD_REQUEST])
    if is_for_customers():
        unknown = link_unknown()
        response = customer_message_page(status, translator(), Notice(unknown.page.title, as_text(unknown.message)))
    elif is_for_programs():
        response = json_error(status, code, message)
    else:
        # A page is asked for by people: what is there may be another's to see.
        unseen = _("There is nothing at this address, or it is not yours to see.")
        text = unseen if status is HTTPStatus.NOT_FOUND else as_text(message)
        response = dashboard_message_page(status, _("This does not work"), text, code=code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def facturelay_error(error: FacturelayError) -> Response:
    """What our own code raised: later (503), or not like this (422)."""
    is_temporary = isinstance(error, Unavailable)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_temporary else HTTPStatus.UNPROCESSABLE_ENTITY
    reference = new_reference()
    log.warning("%s %s: %s (%s, reference %s)", request.method, request.endpoint, error.for_log, error.code, reference)
    if not is_for_customers() and not is_for_programs():
        response = dashboard_message_page(
            status,
            _("This cannot be done now") if is_temporary else _("This cannot be done"),
            what_to_do(error),
            code=error.code,
            reference=reference,
        )
    elif is_for_customers():
        # The sentence speaks to the owner, of files and settings; a visitor gets the reference, and can pass that on.
        response = (away_page if is_temporary else broken_page)(status, reference=reference)
    else:
        response = json_error(status, error.code, error.message)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s or RETRY_AFTER_S)
        load_again(response)
    return response


def what_to_do(error: FacturelayError) -> str:
    """Its sentence; of what somebody sent nothing is tried again, though that sentence says so."""
    if isinstance(error, DatabaseAway) and request.method != "GET":
        return _(
            "Nobody can say yet whether what you sent was kept. Go back and look in a minute, before you send it again."
        )
    return translate_message(error.message)


def unexpected_error(error: Exception) -> Response:
    """A bug. The log has the details, under a reference that the answer names too."""
    code = new_reference()
    # The endpoint, not the path: a path may hold a link's token.
    log.error("Unexpected error %s in %s %s", code, request.method, request.endpoint, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if is_for_customers():
        return broken_page(status, reference=code)
    if not is_for_programs():
        g.setdefault("current_user", None)  # where the bug is in finding out who asks, the page does without
        message = _(
            "Nothing was lost. Go back and try again; if it goes on, give the reference below to whoever runs Facturelay."
        )
        return dashboard_message_page(status, _("Something went wrong here"), message, reference=code)
    return json_error(
        status,
        "unexpected",
        Message("Something went wrong here that should not. The log has the details under the code {code}.", code=code),
    )


def new_reference() -> str:
    """By which the log is searched for what a person saw."""
    return secrets.token_hex(4)


def away_page(status: HTTPStatus, *, reference: str) -> Response:
    message = _("This page cannot be shown right now. Try again in a minute.")
    return customer_message_page(
        status, translator(), Notice(_("Not reachable right now"), message), reference=reference
    )


def broken_page(status: HTTPStatus, *, reference: str) -> Response:
    """Something is wrong here, for a visitor who cannot mend it but can pass *reference* on."""
    message = _("Try again later. If it still does not work then, give the shop the reference below.")
    return customer_message_page(
        status, translator(), Notice(_("This cannot be shown right now"), message), reference=reference
    )


def is_for_customers() -> bool:
    return request.path.startswith(("/d/", "/o/", "/plugin/d/"))


def is_for_programs() -> bool:
    return request.path.startswith(JSON_PATHS)
