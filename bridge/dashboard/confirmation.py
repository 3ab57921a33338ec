"""One question before what cannot be undone, on a page of its own: what will happen, to what and to whom. It needs no script.

A form that asks comes twice: first without "confirmed", after its view has checked what was typed; then from this page, with the
same fields and "confirmed".
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, request

from bridge.context import rendered

OWN_FIELDS = ("form_token", "confirmed", "once")
ONCE = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Question:
    """*text* names number, amount and person. *button* says what is done, and *more* what follows from it.

    *back* is the path below our base where nothing is done. *named*: what it names that may change until the answer, by field.
    """

    text: str
    button: str
    back: str
    more: str = ""
    is_loss: bool = False
    named: Mapping[str, str] = field(default_factory=dict)


def is_confirmed() -> bool:
    """Whether the button of the question's own page was pressed."""
    return request.form.get("confirmed") == "1"


def once() -> str:
    """What the question's own page was given: of two presses of its button, also without a script or after *back*, it is the same."""
    given = request.form.get("once", "")
    return given if ONCE.fullmatch(given) else ""


def ask(question: Question) -> Response:
    """The page with the question, and with all that was typed."""
    left_out = {*OWN_FIELDS, *question.named}
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in left_out]
    return rendered(
        "dashboard/confirm.html",
        question=question,
        typed=[*typed, *question.named.items()],
        once=secrets.token_urlsafe(16),
    )
