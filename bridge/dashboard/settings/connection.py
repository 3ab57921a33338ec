"""The line to the shop: a code for the plugin, or address and secret to copy; the REST key; and whether all of it works."""

from http import HTTPStatus

from flask import Response, flash, request

from bridge.accounts.access import me
from bridge.accounts.access import shop as this_shop
from bridge.context import go, parts
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import answered, ask
from bridge.forms import Form
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import _, moment
from worker.actions import shop_settings
from worker.domain import settings_form
from worker.errors import Rejected
from worker.store import audit_trail, plugins, shops
from worker.store.audit_trail import Event


@blueprint.get("/connection")
def connection(shop_id: str) -> Response:
    return page(shop_id, Form({"url": this_shop().url}))


@blueprint.post("/connection/code")
def code(shop_id: str) -> Response:
    """Make a code for the plugin; it is shown once."""
    made, now = plugins.new_code(), parts().now()
    with parts().store.write() as connection:
        until = plugins.invite(connection, parts().vault, shop_id, made, now=now)
        audit_trail.add(connection, Event(shop_id, now, me().user.name, "invited", "A code for the plugin was made."))
    return page(shop_id, Form({"url": this_shop().url}), code=(made, moment(until)))


@blueprint.post("/connection/secret")
def secret(shop_id: str) -> Response:
    """Make a webhook secret to copy by hand; it is shown once, and the one before works on."""
    made = shop_settings.rotate_webhook_secret(
        parts().store, parts().vault, shop_id, by=me().user.name, now=parts().now()
    )
    return page(shop_id, Form({"url": this_shop().url}), secret=made)


@blueprint.post("/connection/address")
def address(shop_id: str) -> Response:
    """The shop's own address."""
    form = Form.sent(request.form)
    allow = parts().settings.allow_private_shops
    url = form.read("url", lambda text: settings_form.read_shop_url(text, allow_private=allow))
    if url is None:
        form.errors = {name: retold(sentence) for name, sentence in form.errors.items()}
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    shop_settings.rework(
        parts().store,
        parts().vault,
        shop_id,
        lambda shop: settings_form.with_value(shop, "url", url),
        by=me().user.name,
        now=parts().now(),
    )
    flash(_("Saved."), "good")
    return go(f"/s/{shop_id}/settings/connection")


@blueprint.post("/connection/key")
def key(shop_id: str) -> Response:
    """The REST key that was made in the shop by hand."""
    form = Form.sent(request.form)
    form.values["url"] = this_shop().url
    try:
        shop_settings.change_rest_key(
            parts().store,
            parts().vault,
            shop_id,
            rest_key=form.values.get("rest_key", ""),
            rest_secret=request.form.get("rest_secret", ""),
            by=me().user.name,
            now=parts().now(),
        )
    except Rejected as error:
        form.errors["rest_key"] = retold(error.sentence)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return ask(shop_id, "check_connection", {}, then=f"/s/{shop_id}/settings/connection?asked=0#check")


@blueprint.post("/connection/check")
def check(shop_id: str) -> Response:
    """Look whether orders reach us and whether we may ask and write."""
    return ask(shop_id, "check_connection", {}, then=f"/s/{shop_id}/settings/connection?asked=0#check")


@blueprint.post("/connection/repair")
def repair(shop_id: str) -> Response:
    """Make the webhooks anew that are missing, switched off or lead elsewhere."""
    return ask(shop_id, "repair_webhooks", {}, then=f"/s/{shop_id}/settings/connection?asked=0#check")


def page(
    shop_id: str,
    form: Form,
    *,
    code: tuple[str, str] | None = None,
    secret: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    checked, repaired = answered(shop_id, "check_connection"), answered(shop_id, "repair_webhooks")
    with parts().store.read() as connection:
        found = plugins.of_shop(connection, parts().vault, shop_id)
        secrets = shops.connected(connection, parts().vault, shop_id).secrets
    return settings_page(
        "connection",
        "connection",
        status=status,
        form=form,
        code=code,
        secret=secret,
        plugin=found,
        plugin_answers=found is not None and found.may_hold(parts().now()),
        has_rest=secrets.has_rest,
        public_url=parts().settings.public_url,
        delivery_url=f"{parts().settings.public_url}/webhooks/{shop_id}",
        checks=checked.answer.get("checks", ()) if checked else (),
        repaired=repaired.answer.get("repaired") if repaired else None,
    )
