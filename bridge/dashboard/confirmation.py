"""One question before what cannot be undone, on a page of its own: what will happen, to what and to whom. It needs no script.

A form that asks comes twice: first without "confirmed", after its view has checked what was typed; then from this page, with the
same fields and "confirmed".
"""

from dataclasses import dataclass

from flask import Response, make_response, render_template, request

OWN_FIELDS = ("form_token", "confirmed")


@dataclass(frozen=True)
class Question:
    """*text* names number, amount and person. *button* says what is done, and *more* what follows from it.

    *back* is the path below our base where nothing is done.
    """

    text: str
    button: str
    back: str
    more: str = ""
    is_loss: bool = False


def is_confirmed() -> bool:
    """Whether the button of the question's own page was pressed."""
    return request.form.get("confirmed") == "1"


def ask(question: Question) -> Response:
    """The page with the question, and with all that was typed."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in OWN_FIELDS]
    return make_response(render_template("dashboard/confirm.html", question=question, typed=typed))
