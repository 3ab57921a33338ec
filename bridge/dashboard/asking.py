"""Errands: what a page asks the worker for. A row, a ring, and a page that waits for the answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, jsonify, make_response, redirect, render_template, request

from bridge.auth.doors import wanted
from bridge.auth.who import guard_shop, me
from bridge.parts import base_path, parts
from bridge.speaking import _
from worker.queue import RUN_ERRAND
from worker.store import errands
from worker.store.errands import Errand

blueprint = Blueprint("asking", __name__, url_prefix="/s/<shop_id>/asked")
guard_shop(blueprint)

# Without a script the waiting page looks again by itself.
REFRESH_S = 1


def ask(shop_id: str, kind: str, argument: Mapping[str, Any], *, then: str) -> Response:
    """Have the worker do *kind*, and go on to *then* (a path below our base) when it is done."""
    now = parts().now()
    with parts().store.write() as connection:
        errand_id = errands.ask(
            connection, shop_id=shop_id, kind=kind, argument=argument, asked_by=me().user.name, now=now
        )
    parts().ringer.ring(RUN_ERRAND, errand_id)
    return make_response(redirect(f"{base_path()}{waiting_page(shop_id, errand_id, then=then)}", HTTPStatus.SEE_OTHER))


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
    sentence = str(errand.answer.get("sentence", ""))
    if errand.state == "failed":
        flash(sentence, "refused")
    else:
        flash(sentence or _("Done."), "good")
    return make_response(redirect(f"{base_path()}{with_errand(then, errand_id)}", HTTPStatus.SEE_OTHER))


def with_errand(then: str, errand_id: int) -> str:
    """Let the page that *then* names find the answer, where it asks for it."""
    return then.replace("asked=0", f"asked={errand_id}")


@blueprint.get("/<int:errand_id>/state")
def state(shop_id: str, errand_id: int) -> Response:
    """How far it is, for the waiting page's script."""
    errand = errand_of(shop_id, errand_id)
    then = wanted(request.args.get("then", f"/s/{shop_id}"))
    return jsonify(
        ready=is_finished(errand),
        address=f"{base_path()}{waiting_page(shop_id, errand_id, then=then)}",
        done=errand.answer.get("done", 0),
        of=errand.answer.get("of", 0),
    )


def is_finished(errand: Errand) -> bool:
    return errand.state in ("done", "failed")


def errand_of(shop_id: str, errand_id: int) -> Errand:
    """The errand, where it is this shop's."""
    with parts().store.read() as connection:
        errand = errands.get(connection, errand_id)
    if errand is None or errand.shop_id != shop_id:
        abort(HTTPStatus.NOT_FOUND)
    return errand


def answer_of(shop_id: str, kind: str) -> Mapping[str, Any] | None:
    """The finished answer that `?asked=` of this request names; None without one of this kind."""
    number = request.args.get("asked", "")
    if not number.isdigit() or len(number) > 18:
        return None
    with parts().store.read() as connection:
        errand = errands.get(connection, int(number))
    fits = errand is not None and errand.shop_id == shop_id and errand.kind == kind and errand.state == "done"
    return errand.answer if errand is not None and fits else None
