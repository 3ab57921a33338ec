"""API and webhooks: tokens with which other software reads, and endpoints that are sent events."""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from flask import Response, abort, flash, request

from bridge.accounts.access import actor
from bridge.context import context, redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.frame import settings_page
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import api_access as actions
from worker.domain.webhook import WebhookEventKind, check_webhook_url
from worker.errors import Rejected
from worker.store import api_tokens, webhooks
from worker.store.api_tokens import Scope
from worker.store.webhooks import NewEndpoint

MOST_EVENTS = 10
ENDPOINT_ACTIONS = {"stop": actions.stop_endpoint, "resume": actions.resume_endpoint, "remove": actions.remove_endpoint}


ENDPOINT_NOTICES: dict[str, Callable[[str], str]] = {
    "stop": lambda url: _("{url} gets no events until you resume it.", url=url),
    "resume": lambda url: _("{url} gets events again.", url=url),
    "remove": lambda url: _("The webhook to {url} is removed.", url=url),
}


@blueprint.get("/api")
def api_access(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/api/token")
def make_token(shop_id: str) -> Response:
    """A new token; it is shown once."""
    form = Form.from_request(request.form)
    try:
        with context().store.write() as connection:
            scopes = [Scope(name) for name in checked_boxes() if name in list(Scope)]
            _made, secret = actions.create_token(connection, shop_id, form.values.get("name", ""), scopes, by=actor())
    except Rejected as error:
        form.errors["name"] = translate_message(error.message)
        return page(shop_id, form)
    return page(shop_id, Form(), token=secret)


@blueprint.post("/api/token/<int:token_id>/revoke")
def revoke_token(shop_id: str, token_id: int) -> Response:
    """End a token for good."""
    with context().store.read() as connection:
        name = next((one.name for one in api_tokens.of_shop(connection, shop_id) if one.token_id == token_id), None)
    if name is None:
        abort(HTTPStatus.NOT_FOUND)
    if not is_confirmed():
        question = _("Revoke the token “{name}”?", name=name)
        more = _("Software that uses it is shut out at once. This cannot be undone.")
        return ask(Question(question, _("Revoke"), f"/s/{shop_id}/settings/api", more, is_loss=True))
    # Whoever presses twice finds it revoked: that is what they want.
    with suppress(Rejected), context().store.write() as connection:
        actions.revoke_token(connection, shop_id, token_id, by=actor())
    flash(_("The token “{name}” no longer opens anything.", name=name), "good")
    return redirect_to(f"/s/{shop_id}/settings/api")


@blueprint.post("/api/webhook")
def add_webhook_endpoint(shop_id: str) -> Response:
    """Add a webhook endpoint; the secret that signs its events is shown once."""
    form, allow = Form.from_request(request.form), context().settings.allow_private_shops
    events = [WebhookEventKind(name) for name in checked_boxes() if name in list(WebhookEventKind)]
    url = form.read("url", lambda text: check_webhook_url(text, allow_private=allow))
    if not events:
        form.errors["url"] = _("Choose at least one event.")
    if url is None or not form.is_valid:
        return page(shop_id, form)
    try:
        with context().store.write() as connection:
            new = NewEndpoint(shop_id, url, events)
            _endpoint, secret = actions.add_endpoint(connection, context().encryption, new, by=actor())
    except Rejected as error:
        form.errors["url"] = translate_message(error.message)
        return page(shop_id, form)
    return page(shop_id, Form(), secret=secret)


@blueprint.post("/api/webhook/<int:endpoint_id>/<any(stop, resume, remove):what>")
def change_webhook_endpoint(shop_id: str, endpoint_id: int, what: str) -> Response:
    """Stop, resume or remove a webhook endpoint."""
    with context().store.read() as connection:
        endpoint = webhooks.find(connection, shop_id, endpoint_id)
        if endpoint is None:
            abort(HTTPStatus.NOT_FOUND)
    if what == "remove" and not is_confirmed():
        question = _("Remove the webhook to {url}?", url=endpoint.url)
        more = _("It gets no more events, and its secret is forgotten.")
        return ask(Question(question, _("Remove"), f"/s/{shop_id}/settings/api", more, is_loss=True))
    with context().store.write() as connection:
        ENDPOINT_ACTIONS[what](connection, endpoint, by=actor())
    flash(ENDPOINT_NOTICES[what](endpoint.url), "good")
    return redirect_to(f"/s/{shop_id}/settings/api")


def checked_boxes() -> list[str]:
    return request.form.getlist("which")


def page(shop_id: str, form: Form, *, token: str = "", secret: str = "") -> Response:
    with context().store.read() as connection:
        all_tokens = api_tokens.of_shop(connection, shop_id)
        endpoints = [
            (endpoint, webhooks.events_of(connection, endpoint.endpoint_id, limit=MOST_EVENTS))
            for endpoint in webhooks.of_shop(connection, shop_id)
        ]
    return settings_page(
        "api",
        form=form,
        token=token,
        secret=secret,
        tokens=all_tokens,
        endpoints=endpoints,
        scopes=tuple(Scope),
        scope_names={
            Scope.DOCUMENTS_READ: _("read documents"),
            Scope.ORDERS_READ: _("read orders"),
            Scope.FILES_READ: _("download PDF and XML"),
            Scope.WEBHOOKS_WRITE: _("manage webhooks"),
            Scope.PAYMENTS_WRITE: _("mark invoices paid"),
            Scope.REMINDERS_WRITE: _("stop or pass over reminders"),
            Scope.DOCUMENTS_WRITE: _(
                "issue, mail and discard documents; fetch orders, make documents of them or say that they need nothing"
            ),
            Scope.NOTIFICATIONS_WRITE: _("manage who is notified"),
        },
        events=tuple(WebhookEventKind),
        event_names={
            WebhookEventKind.ISSUED: _("a document is issued"),
            WebhookEventKind.PAID: _("a document is paid"),
            WebhookEventKind.CREDITED: _("a document is credited"),
        },
        api_url=f"{context().settings.public_url}/api/v1",
    )
