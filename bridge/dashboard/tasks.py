"""Errands: what a page asks the worker for. A row, a ring, and a page that waits for the answer."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, jsonify, make_response, render_template, request

from bridge.accounts.access import forbidden, guard_shop, may_act, me
from bridge.accounts.sign_in import wanted
from bridge.context import base_path, go, parts
from bridge.customer.document import PDF_POLICY as SHOPPERS_PDF_POLICY
from bridge.forms import whole
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import _
from worker.queue import RUN_ERRAND
from worker.store import tasks
from worker.store.files.temporary import FleetingFile
from worker.store.tasks import Errand

blueprint = Blueprint("asking", __name__, url_prefix="/s/<shop_id>/asked")
guard_shop(blueprint)

# As for shoppers, but in a frame of ours: a page shows the PDF that it speaks of.
PDF_POLICY = SHOPPERS_PDF_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
# Nothing may end the header, and a header has no letters but Latin ones.
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
# Without a script the waiting page looks again by itself.
REFRESH_S = 1


# What is said when an errand is done; the pages of the others show their answer themselves.
SAID: dict[str, Callable[[], str]] = {
    "credit": lambda: _("The credit note is issued."),
    "issue_draft": lambda: _("It is issued."),
    "keep_enclosed": lambda: _("It rides along with each mail from now on."),
    "keep_logo": lambda: _("The logo stands on documents issued from now on."),
    "leave": lambda: _("The shop has left. What the law wants kept is kept."),
    "make_document": lambda: _("The document is made."),
    "retry_failed": lambda: _("What failed is tried again."),
    "send_again": lambda: _("It is mailed."),
}


def ask(shop_id: str, kind: str, argument: Mapping[str, Any], *, then: str) -> Response:
    """Have the worker do *kind*, and go on to *then* (a path below our base) when it is done.

    `asked=0` in *then* becomes the errand's id, for a page that shows the answer. A script that asks for JSON gets the
    address at which to look how far it is.
    """
    now = parts().now()
    with parts().store.write() as connection:
        errand_id = tasks.ask(
            connection, shop_id=shop_id, kind=kind, argument=argument, asked_by=me().user.name, now=now
        )
    parts().ringer.ring(RUN_ERRAND, errand_id)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(state=f"{base_path()}/s/{shop_id}/asked/{errand_id}/state")
    return go(waiting_page(shop_id, errand_id, then=then))


def waiting_page(shop_id: str, errand_id: int, *, then: str) -> str:
    return f"/s/{shop_id}/asked/{errand_id}?{urlencode({'then': then})}"


@blueprint.get("/<int:errand_id>")
def wait(shop_id: str, errand_id: int) -> Response:
    """Wait; once the answer is there, go where the question came from and say it."""
    errand = errand_of(shop_id, errand_id)
    then = wanted(request.args.get("then", f"/s/{shop_id}"))
    if not is_finished(errand):
        state_url = f"{base_path()}/s/{shop_id}/asked/{errand_id}/state?{urlencode({'then': then})}"
        return make_response(
            render_template("dashboard/waiting.html", errand=errand, state_url=state_url, refresh_s=REFRESH_S)
        )
    if errand.state == "failed":
        flash(retold(str(errand.answer.get("sentence", ""))), "refused")
    elif errand.kind in SAID:
        flash(SAID[errand.kind](), "good")
    return go(then.replace("asked=0", f"asked={errand_id}"))


@blueprint.get("/<int:errand_id>/state")
def state(shop_id: str, errand_id: int) -> Response:
    """How far it is, for the waiting page's script."""
    errand = errand_of(shop_id, errand_id)
    then = wanted(request.args.get("then", f"/s/{shop_id}"))
    has_file = errand.state == "done" and "file" in errand.answer
    return jsonify(
        ready=is_finished(errand),
        address=f"{base_path()}{waiting_page(shop_id, errand_id, then=then)}",
        done=errand.answer.get("done", 0),
        of=errand.answer.get("of", 0),
        file=f"{base_path()}/s/{shop_id}/asked/{errand_id}/file" if has_file else "",
        sentence=retold(str(errand.answer.get("sentence", ""))) if errand.state == "failed" else "",
    )


@blueprint.get("/<int:errand_id>/file")
def file(shop_id: str, errand_id: int) -> Response:
    """The file that an answer names: a preview to look at, a zip to download."""
    errand = errand_of(shop_id, errand_id)
    if errand.state != "done" or "file" not in errand.answer:
        abort(HTTPStatus.NOT_FOUND)
    # The settings are in it, which a viewer does not see.
    if errand.kind == "export_shop" and not may_act():
        return forbidden()
    found = FleetingFile.from_json(errand.answer["file"], shop_id=shop_id)
    is_pdf = found.name.endswith(".pdf")
    response = Response(parts().archive.pieces(found.path), mimetype="application/pdf" if is_pdf else "application/zip")
    disposition = "inline" if is_pdf and not request.args.get("download") else "attachment"
    name = NOT_IN_A_NAME.sub("-", found.name)
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def is_finished(errand: Errand) -> bool:
    return errand.state in ("done", "failed")


def errand_of(shop_id: str, errand_id: int) -> Errand:
    """The errand, where it is this shop's."""
    with parts().store.read() as connection:
        errand = tasks.of_shop(connection, shop_id, errand_id)
    if errand is None:
        abort(HTTPStatus.NOT_FOUND)
    return errand


def answered(shop_id: str, kind: str) -> Errand | None:
    """The finished errand that `?asked=` of this request names; None without one of this kind."""
    number = whole(request.args.get("asked", ""))
    if number is None:
        return None
    with parts().store.read() as connection:
        errand = tasks.of_shop(connection, shop_id, number)
    fits = errand is not None and errand.kind == kind and errand.state == "done"
    return errand if fits else None
