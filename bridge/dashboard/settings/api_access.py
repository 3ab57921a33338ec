"""API and webhooks: tokens with which other software reads, and endpoints that are sent events."""

from http import HTTPStatus

from flask import Response, abort, flash, request

from bridge.accounts.access import me
from bridge.accounts.audit import record
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.domain.actor import Actor
from worker.domain.webhook import WebhookEventKind, check_webhook_url
from worker.errors import Rejected
from worker.message import Message
from worker.store import alerts, api_tokens, counters, webhooks
from worker.store.api_tokens import Scope
from worker.store.webhooks import NewEndpoint

MOST_EVENTS = 10


@blueprint.get("/api")
def api_access(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/api/token")
def make_token(shop_id: str) -> Response:
    """A new token; it is shown once."""
    form = Form.from_request(request.form)
    try:
        with context().store.write() as connection:
            made, secret = api_tokens.create(
                connection,
                shop_id=shop_id,
                name=form.values.get("name", ""),
                scopes=[Scope(name) for name in checked_boxes() if name in list(Scope)],
                by=Actor(me().user.name, context().now()),
            )
            message = Message(
                "The API token “{name}” was made: {scopes}.", name=made.name, scopes=", ".join(made.scopes)
            )
            record(connection, "token_created", message, actor=me().user.name, shop_id=shop_id)
    except Rejected as error:
        form.errors["name"] = translate_message(error.message)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return page(shop_id, Form(), token=secret)


@blueprint.post("/api/token/<int:token_id>/revoke")
def revoke_token(shop_id: str, token_id: int) -> Response:
    """End a token for good."""
    with context().store.write() as connection:
        name = next((one.name for one in api_tokens.of_shop(connection, shop_id) if one.token_id == token_id), "")
        if api_tokens.revoke(connection, shop_id, token_id, now=context().now()):
            record(
                connection,
                "token_revoked",
                Message("The API token “{name}” was revoked.", name=name),
                actor=me().user.name,
                shop_id=shop_id,
            )
    flash(_("The token no longer opens anything."), "good")
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
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with context().store.write() as connection:
            counters.lock(connection, shop_id)  # they are counted before one more is added
            endpoint, secret = webhooks.add(
                connection,
                context().encryption,
                NewEndpoint(shop_id=shop_id, url=url, events=events),
                by=Actor(me().user.name, context().now()),
            )
            event_names = ", ".join(endpoint.events)
            record(
                connection,
                "webhook_added",
                Message("A webhook to {url} was added: {event_names}.", url=endpoint.url, event_names=event_names),
                actor=me().user.name,
                shop_id=shop_id,
            )
    except Rejected as error:
        form.errors["url"] = translate_message(error.message)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return page(shop_id, Form(), secret=secret)


@blueprint.post("/api/webhook/<int:endpoint_id>/<any(stop, resume, remove):what>")
def change_webhook_endpoint(shop_id: str, endpoint_id: int, what: str) -> Response:
    """Stop, resume or remove a webhook endpoint."""
    now = context().now()
    with context().store.write() as connection:
        endpoint = webhooks.find(connection, shop_id, endpoint_id)
        if endpoint is None:
            abort(HTTPStatus.NOT_FOUND)
        if what == "stop":
            webhooks.stop(connection, endpoint_id, message=webhooks.BY_A_PERSON, now=now)
            record(
                connection,
                "webhook_stopped",
                Message("The webhook to {url} was stopped.", url=endpoint.url),
                actor=me().user.name,
                shop_id=shop_id,
            )
        elif what == "resume":
            webhooks.resume(connection, endpoint_id, now=now)
            record(
                connection,
                "webhook_resumed",
                Message("The webhook to {url} was resumed.", url=endpoint.url),
                actor=me().user.name,
                shop_id=shop_id,
            )
        else:
            webhooks.remove(connection, endpoint)
            record(
                connection,
                "webhook_removed",
                Message("The webhook to {url} was removed.", url=endpoint.url),
                actor=me().user.name,
                shop_id=shop_id,
            )
        if not webhooks.has_failed(connection, shop_id):
            alerts.close(connection, shop_id, code=webhooks.ALERT, now=now)
    flash(_("Saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/api")


def checked_boxes() -> list[str]:
    return request.form.getlist("which")


def page(
    shop_id: str, form: Form, *, token: str = "", secret: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    with context().store.read() as connection:
        all_tokens = api_tokens.of_shop(connection, shop_id)
        endpoints = [
            (hook, webhooks.events_of(connection, hook.endpoint_id, limit=MOST_EVENTS))
            for hook in webhooks.of_shop(connection, shop_id)
        ]
    return settings_page(
        "api_access",
        "api",
        status=status,
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
        },
        events=tuple(WebhookEventKind),
        event_names={
            WebhookEventKind.ISSUED: _("a document is issued"),
            WebhookEventKind.PAID: _("a document is paid"),
            WebhookEventKind.CREDITED: _("a document is credited"),
        },
        api_url=f"{context().settings.public_url}/api/v1",
    )
