"""A page of settings with the list of topics beside it."""

from flask import Response

from bridge.accounts.access import shop
from bridge.context import context, rendered
from bridge.dashboard.settings import TOPICS
from bridge.dashboard.settings.next_step import next_step
from bridge.forms import Form


def settings_page(topic: str, *, form: Form, template: str = "", **values: object) -> Response:
    """*template*: its own name, where it is not that of the topic."""
    with context().store.read() as connection:
        following = next_step(connection, shop())
    return rendered(
        f"dashboard/settings/{template or topic.replace('-', '_')}.html",
        status=form.status,
        topics=TOPICS,
        topic=topic,
        next_step=following,
        form=form,
        **values,
    )
