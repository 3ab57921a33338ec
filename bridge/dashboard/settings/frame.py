"""A page of settings with the list of topics beside it."""

from http import HTTPStatus

from flask import Response, abort

from bridge.accounts.access import shop
from bridge.context import context, rendered
from bridge.dashboard.settings import TOPICS
from bridge.dashboard.settings.next_step import next_step
from bridge.forms import Form


def settings_page(template: str, topic: str, *, form: Form, **values: object) -> Response:
    if topic not in {one.name for one in TOPICS}:
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        following = next_step(connection, shop())
    return rendered(
        f"dashboard/settings/{template}.html",
        status=form.status,
        topics=TOPICS,
        topic=topic,
        next_step=following,
        form=form,
        **values,
    )
