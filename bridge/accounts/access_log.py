"""Who looked at what: a line in the log for each page or file that somebody known was shown, with ids and without what was in it (ASVS 8.3.5)."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from flask import Flask, Response, current_app, g, request

log = logging.getLogger(__name__)

PART_OF_A_PAGE = "part_of_a_page"
View = TypeVar("View", bound=Callable[..., object])


def register(app: Flask) -> None:
    app.after_request(write)


def note_reader(reader: str, **looked_at: object) -> None:
    """This request is *reader*'s; *looked_at* are ids that do not stand in its address."""
    g.reader, g.looked_at = reader, looked_at


def part_of_a_page(view: View) -> View:
    """Mark *view*: a page asks for it many times, and that page is what somebody looked at and what he is counted for."""
    setattr(view, PART_OF_A_PAGE, True)
    return view


def is_part_of_a_page() -> bool:
    """Whether this request came after a page's: for a file of its look, or what is marked so."""
    asked = request.endpoint or ""
    return asked == "static" or getattr(current_app.view_functions.get(asked), PART_OF_A_PAGE, False)


def write(response: Response) -> Response:
    if "reader" in g and response.status_code == HTTPStatus.OK and not is_part_of_a_page():
        ids = {name: value for name, value in (request.view_args or {}).items() if name not in ("token", "secret")}
        # As Python writes it: nothing in an address begins a line of its own.
        log.info("%s looked at %s %r", g.reader, request.endpoint, ids | g.looked_at)
    return response
