"""Who is notified besides by mail: a webhook, ntfy or Slack for each person, from which harm on, each with a button that tries it."""

from http import HTTPStatus

from flask import Response, abort, flash, request

from bridge.accounts.access import actor, me
from bridge.context import context, redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import request_task
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import channels as actions
from worker.domain.attention import Harm
from worker.domain.channel import THRESHOLDS, ChannelKind
from worker.domain.webhook import check_webhook_url
from worker.errors import Rejected
from worker.net.site_address import host_of
from worker.store import channels
from worker.store.channels import Channel, NewChannel


@blueprint.get("/notifications")
def notifications(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/notifications")
def add_channel(shop_id: str) -> Response:
    """Add a channel for whoever is signed in; the secret of a webhook is shown once."""
    form, allow = Form.from_request(request.form), context().settings.allow_private_shops
    kind, harm = form.values.get("kind", ""), form.values.get("threshold", "")
    if kind not in list(ChannelKind) or harm not in [str(int(one)) for one in Harm]:
        abort(HTTPStatus.BAD_REQUEST)
    url = form.read("url", lambda text: check_webhook_url(text, allow_private=allow))
    if url is None:
        return page(shop_id, form)
    new = NewChannel(shop_id, ChannelKind(kind), url, Harm(int(harm)), me().user.user_id)
    try:
        with context().store.write() as connection:
            _channel_id, secret = actions.add_channel(connection, context().encryption, new, by=actor())
    except Rejected as error:
        form.errors["url"] = translate_message(error.message)
        return page(shop_id, form)
    if secret:
        return page(shop_id, Form(), secret=secret)
    flash(_("{host} is told from now on. Press “Try it” to see whether it arrives.", host=host_of(new.url)), "good")
    return redirect_to(f"/s/{shop_id}/settings/notifications")


@blueprint.post("/notifications/<int:channel_id>/remove")
def remove_channel(shop_id: str, channel_id: int) -> Response:
    channel = channel_or_404(shop_id, channel_id)
    if not is_confirmed():
        question = _("Notify {host} no longer?", host=channel.host)
        back = f"/s/{shop_id}/settings/notifications"
        return ask(Question(question, _("Remove"), back, _("Its secret is forgotten."), is_loss=True))
    with context().store.write() as connection:
        actions.remove_channel(connection, channel, by=actor())
    flash(_("{host} is no longer notified.", host=channel.host), "good")
    return redirect_to(f"/s/{shop_id}/settings/notifications")


@blueprint.post("/notifications/<int:channel_id>/try")
def try_channel(shop_id: str, channel_id: int) -> Response:
    """Send a test there, and say what came of it."""
    channel = channel_or_404(shop_id, channel_id)
    then = f"/s/{shop_id}/settings/notifications"
    return request_task(shop_id, "try_channel", {"channel_id": channel.channel_id}, then=then)


def channel_or_404(shop_id: str, channel_id: int) -> Channel:
    with context().store.read() as connection:
        found = channels.find(connection, context().encryption, shop_id, channel_id)
    return found or abort(HTTPStatus.NOT_FOUND)


def page(shop_id: str, form: Form, *, secret: str = "") -> Response:
    form.values.setdefault("threshold", str(int(Harm.DECISION)))
    with context().store.read() as connection:
        found = channels.of_shop(connection, context().encryption, shop_id)
    return settings_page(
        "notifications",
        form=form,
        secret=secret,
        channels=found,
        kinds=list(kind_names().items()),
        kind_names=kind_names(),
        thresholds=[(str(int(harm)), translate_message(words)) for harm, words in THRESHOLDS.items()],
        threshold_words=THRESHOLDS,
        can_mail=bool(context().settings.smtp_url),
    )


def kind_names() -> dict[ChannelKind, str]:
    return {
        ChannelKind.NTFY: _("a message on the phone (ntfy)"),
        ChannelKind.SLACK: _("a channel in Slack, Mattermost or the like"),
        ChannelKind.WEBHOOK: _("another program (signed)"),
    }
