"""One shop at a glance."""

from flask import Blueprint, Response, make_response, render_template

from bridge.auth.who import guard_shop

blueprint = Blueprint("overview", __name__, url_prefix="/s/<shop_id>")
guard_shop(blueprint)


@blueprint.get("")
def overview(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read it
    """What needs somebody, what came in today, and how it is all doing."""
    return make_response(render_template("dashboard/overview/shop.html"))
