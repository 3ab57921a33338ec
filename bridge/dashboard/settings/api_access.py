"""Programs: tokens with which they read, and the addresses that are told of what happens."""

from http import HTTPStatus

from flask import Response, abort, flash, request
from sqlalchemy import Connection

from bridge.accounts.access import me
from bridge.context import go, parts
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.forms import Form
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import _
from worker.domain.webhook import HookEvent, checked_url
from worker.errors import Rejected
from worker.store import alerts, api_tokens, audit_trail, counters, webhooks
from worker.store.api_tokens import Scope
from worker.store.audit_trail import Event

MOST_CALLS = 10


@blueprint.get("/programs")
def programs(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/programs/token")
def make_token(shop_id: str) -> Response:
    """A new token; it is shown once."""
    form = Form.sent(request.form)
    try:
        with parts().store.write() as connection:
            made, secret = api_tokens.make(
                connection,
                shop_id=shop_id,
                name=form.values.get("name", ""),
                scopes=[Scope(name) for name in ticked() if name in list(Scope)],
                by=me().user.name,
                now=parts().now(),
            )
            note(connection, shop_id, "token_made", f"The API token “{made.name}” was made: {', '.join(made.scopes)}.")
    except Rejected as error:
        form.errors["name"] = retold(error.sentence)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return page(shop_id, Form(), token=secret)


@blueprint.post("/programs/token/<int:token_id>/revoke")
def revoke_token(shop_id: str, token_id: int) -> Response:
    """End a token for good."""
    with parts().store.write() as connection:
        name = next((one.name for one in api_tokens.of_shop(connection, shop_id) if one.token_id == token_id), "")
        if api_tokens.revoke(connection, shop_id, token_id, now=parts().now()):
            note(connection, shop_id, "token_revoked", f"The API token “{name}” was revoked.")
    flash(_("The token no longer opens anything."), "good")
    return go(f"/s/{shop_id}/settings/programs")


@blueprint.post("/programs/hook")
def make_hook(shop_id: str) -> Response:
    """A new address that is told; the secret that its calls are signed with is shown once."""
    form, allow = Form.sent(request.form), parts().settings.allow_private_shops
    events = [HookEvent(name) for name in ticked() if name in list(HookEvent)]
    url = form.read("url", lambda text: checked_url(text, allow_private=allow))
    if not events:
        form.errors["url"] = _("Choose at least one thing that it is told of.")
    if url is None or not form.is_right:
        form.errors = {name: retold(sentence) for name, sentence in form.errors.items()}
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with parts().store.write() as connection:
            counters.lock(connection, shop_id)  # they are counted before one more is added
            hook, secret = webhooks.add(
                connection,
                parts().vault,
                shop_id=shop_id,
                url=url,
                events=events,
                by=me().user.name,
                now=parts().now(),
            )
            told = ", ".join(hook.events)
            note(connection, shop_id, "hook_added", f"{hook.url} is told of {told} from now on.")
    except Rejected as error:
        form.errors["url"] = retold(error.sentence)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return page(shop_id, Form(), secret=secret)


@blueprint.post("/programs/hook/<int:hook_id>/<any(stop, resume, remove):what>")
def change_hook(shop_id: str, hook_id: int, what: str) -> Response:
    """Stop an address, let it go on, or forget it."""
    now = parts().now()
    with parts().store.write() as connection:
        hook = webhooks.find(connection, shop_id, hook_id)
        if hook is None:
            abort(HTTPStatus.NOT_FOUND)
        if what == "stop":
            webhooks.stop(connection, hook_id, because=webhooks.BY_A_PERSON, now=now)
            note(connection, shop_id, "hook_stopped", f"{hook.url} is not told for now.")
        elif what == "resume":
            webhooks.go_on(connection, hook_id, now=now)
            note(connection, shop_id, "hook_resumed", f"{hook.url} is told again.")
        else:
            webhooks.remove(connection, hook)
            note(connection, shop_id, "hook_removed", f"{hook.url} is told of documents no more.")
        if not webhooks.has_failed(connection, shop_id):
            alerts.quiet(connection, shop_id, code=webhooks.ALARM, now=now)
    flash(_("Saved."), "good")
    return go(f"/s/{shop_id}/settings/programs")


def note(connection: Connection, shop_id: str, code: str, sentence: str) -> None:
    """Who opened or closed a way to the shop's documents stays on its trail."""
    audit_trail.add(connection, Event(shop_id, parts().now(), me().user.name, code, sentence))


def ticked() -> list[str]:
    return request.form.getlist("which")


def page(
    shop_id: str, form: Form, *, token: str = "", secret: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    with parts().store.read() as connection:
        all_tokens = api_tokens.of_shop(connection, shop_id)
        all_hooks = [
            (hook, webhooks.calls_of(connection, hook.hook_id, limit=MOST_CALLS))
            for hook in webhooks.of_shop(connection, shop_id)
        ]
    return settings_page(
        "programs",
        "programs",
        status=status,
        form=form,
        token=token,
        secret=secret,
        tokens=all_tokens,
        hooks=all_hooks,
        scopes=tuple(Scope),
        scope_names={
            Scope.DOCUMENTS_READ: _("read documents"),
            Scope.ORDERS_READ: _("read orders"),
            Scope.FILES_READ: _("download PDF and XML"),
            Scope.HOOKS_WRITE: _("change who is told"),
        },
        events=tuple(HookEvent),
        event_names={
            HookEvent.ISSUED: _("a document is issued"),
            HookEvent.PAID: _("a document is paid"),
            HookEvent.CREDITED: _("a document is credited"),
        },
        api_url=f"{parts().settings.public_url}/api/v1",
    )
