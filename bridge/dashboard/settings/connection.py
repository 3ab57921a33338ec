"""The line to the shop: a code for the plugin, or address and secret to copy; the REST key; and whether all of it works."""

from flask import Response, flash, request

from bridge.accounts.access import actor
from bridge.accounts.access import shop as this_shop
from bridge.context import base_path, context, redirect_to
from bridge.dashboard.actions import run_action
from bridge.dashboard.labels import topic_name
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.settings.next_step import to_next_step
from bridge.dashboard.settings.shop_facts import facts_of
from bridge.dashboard.tasks import ask_worker, finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, format_datetime, translate_message
from bridge.plugin import download
from bridge.plugin.package import own_package
from worker.actions import other_site, roads, shop_secrets
from worker.actions.shop_settings import ShopChanges
from worker.domain.settings_form import WrongSettings
from worker.errors import Rejected
from worker.store import alerts, plugins, shops, tasks
from worker.store.queries.health import KEY_ALERTS
from worker.store.tasks import Task


@blueprint.get("/connection")
def connection(shop_id: str) -> Response:
    return page(shop_id, Form({"url": this_shop().url}))


@blueprint.post("/connection/code")
def create_code(shop_id: str) -> Response:
    """Make a code for the plugin; it is shown once."""
    with context().store.write() as connection:
        code, until = shop_secrets.invite_plugin(connection, context().encryption, shop_id, by=actor())
    return page(shop_id, Form({"url": this_shop().url}), code=(code, format_datetime(until)))


@blueprint.post("/connection/secret")
def create_secret(shop_id: str) -> Response:
    """Make a webhook secret to copy by hand; it is shown once, and the one before works on."""
    made = shop_secrets.rotate_webhook_secret(context(), shop_id, by=actor())
    return page(shop_id, Form({"url": this_shop().url}), secret=made)


@blueprint.post("/connection/address")
def address(shop_id: str) -> Response:
    """The shop's own address."""
    form = Form.from_request(request.form)
    try:
        changed = change_shop(shop_id, ShopChanges(url=form.values.get("url", "")))
    except WrongSettings as error:
        form.refuse(error.messages)
        return page(shop_id, form)
    ask_worker(shop_id, "look_at_address", {"url": changed.shop.url})
    if shop_secrets.REST_KEY_WITHHELD in changed.messages:
        flash(
            _(
                "The address of the shop is saved: {url}. Its key was made for another address and was taken away: connect the shop again.",
                url=changed.shop.url,
            ),
            "attention",
        )
    else:
        flash(_("The address of the shop is saved: {url}", url=changed.shop.url), "good")
    return redirect_to(f"/s/{shop_id}/settings/connection")


@blueprint.post("/connection/key")
def key(shop_id: str) -> Response:
    """The REST key that was made in the shop by hand."""
    form = Form.from_request(request.form)
    form.values["url"] = this_shop().url
    try:
        shop_secrets.change_rest_key(
            context(),
            shop_id,
            rest_key=form.values.get("rest_key", ""),
            rest_secret=request.form.get("rest_secret", ""),
            by=actor(),
        )
    except Rejected as error:
        form.errors["rest_key"] = translate_message(error.message)
        return page(shop_id, form)
    return request_task(shop_id, "set_up_connection", {}, then=f"/s/{shop_id}/settings/connection/set-up?task=0")


@blueprint.post("/connection/no-key")
def no_key(shop_id: str) -> Response:
    """The key of a shop that moved is waited for no longer."""
    return run_action(
        lambda connection, by: shop_secrets.go_without_key(connection, context().encryption, shop_id, by=by),
        then=f"/s/{shop_id}/settings/connection",
        message=_("No key is waited for any more. Orders are read from what your shop reports."),
    )


@blueprint.get("/connection/set-up")
def set_up(shop_id: str) -> Response:
    """After a key was saved: where all is well a shop in test goes on to its next step, and the page says what is not."""
    done = finished_task(shop_id, "set_up_connection")
    if done is None or not shop_is_ready(done):
        return redirect_to(f"/s/{shop_id}/settings/connection?task={request.args.get('task', '')}#check")
    flash(set_up_message(done), "good")
    if done.answer.get("taken"):
        flash(_("What the shop says of your company is filled in already: check it before you go on."), "good")
    return to_next_step(this_shop(), "connection")


def shop_is_ready(done: Task) -> bool:
    """Whether nothing is left to do here: that no order came in yet is not something to mend."""
    return this_shop().test and all(one["good"] or one["name"] == "last_delivery" for one in done.answer["checks"])


def set_up_message(done: Task) -> str:
    topics = [topic_name(fault["topic"]) for fault in done.answer["repaired"]]
    if not topics:
        return _("The shop is connected, and reports its orders.")
    return _("The shop is connected. From now on it reports: {topics}.", topics=", ".join(topics))


@blueprint.post("/connection/check")
def check(shop_id: str) -> Response:
    """Check whether orders reach us and whether we may read and write."""
    return request_task(shop_id, "check_connection", {}, then=f"/s/{shop_id}/settings/connection?task=0#check")


@blueprint.post("/connection/repair")
def repair(shop_id: str) -> Response:
    """Recreate the webhooks that are missing, switched off or lead elsewhere."""
    return request_task(shop_id, "repair_webhooks", {}, then=f"/s/{shop_id}/settings/connection?task=0#check")


@blueprint.post("/connection/try-now")
def try_now(shop_id: str) -> Response:
    """Ask the servers of the shop again that are left in peace because they did not answer."""
    message = _("The servers that did not answer are asked again.")
    return run_action(
        lambda connection, by: roads.try_now(connection, shop_id, by=by), then=f"/s/{shop_id}", message=message
    )


def page(shop_id: str, form: Form, *, code: tuple[str, str] | None = None, secret: str = "") -> Response:
    done = finished_task(shop_id, "set_up_connection")
    checked = done or finished_task(shop_id, "check_connection")
    repaired = done if done and done.answer["repaired"] else finished_task(shop_id, "repair_webhooks")
    with context().store.read() as connection:
        plugin = plugins.of_shop(connection, context().encryption, shop_id)
        secrets = shops.get_secrets(connection, context().encryption, shop_id)
        others, _told_at = plugins.other_invoices(connection, shop_id)
        looked = tasks.newest(connection, shop_id, "look_at_address")
        open_alerts = alerts.open_alerts(connection, shop_id)
    plugin_answers = plugin is not None and plugin.may_hold_mail(context().now())
    told = {alert.code for alert in open_alerts}
    checks = checked.answer.get("checks", ()) if checked else ()
    # Of an address that was corrected since, nothing is known.
    at_address = looked.answer.get("message") if looked and looked.argument.get("url") == this_shop().url else None
    # What was just looked at is newer than what was told before.
    key_checks = [one["good"] for one in checks if one["name"] == "rest_key"]
    key_refused = secrets.rest_key_withheld or (not all(key_checks) if key_checks else bool(told & set(KEY_ALERTS)))
    return settings_page(
        "connection",
        form=form,
        code=code,
        secret=secret,
        plugin=plugin,
        other_sites=other_site.sites_of(open_alerts),
        other_makers=() if others.beside else others.making,
        plugin_answers=plugin_answers,
        # One that just connected, or made its key anew, is tried at this moment.
        plugin_is_away=plugin is not None and not plugin_answers and plugin.check_state != "waiting",
        has_rest=secrets.has_rest,
        has_rest_key=secrets.has_rest_key,
        key_withheld=shops.key_withheld(this_shop().url) if secrets.rest_key_withheld else None,
        public_url=context().settings.public_url,
        facts=facts_of(plugin),
        plugin_version=own_package().version,
        plugin_zip=f"{base_path()}{download.PATH}",
        delivery_url=f"{context().settings.public_url}/webhooks/{shop_id}",
        checks=checks,
        key_refused=key_refused,
        at_address=at_address,
        repaired=repaired.answer.get("repaired") if repaired else None,
    )
