"""Who looked at what: a line in the log for each answer to somebody known, with ids and without what was in it (ASVS 8.3.5)."""

import logging
from http import HTTPStatus

from flask import Flask, Response, g, request

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    app.after_request(write)


def note_reader(reader: str, **looked_at: object) -> None:
    """This request is *reader*'s; *looked_at* are ids that do not stand in its address."""
    g.reader, g.looked_at = reader, looked_at


def write(response: Response) -> Response:
    if "reader" in g and response.status_code == HTTPStatus.OK:
        ids = {name: value for name, value in (request.view_args or {}).items() if name not in ("token", "secret")}
        # As Python writes it: nothing in an address begins a line of its own.
        log.info("%s looked at %s %r", g.reader, request.endpoint, ids | g.looked_at)
    return response
