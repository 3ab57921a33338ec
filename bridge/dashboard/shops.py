"""For operators: all shops with their status; add, pause and close one."""

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, request

from bridge.accounts.access import actor, guard_operators, me
from bridge.accounts.invitations import link_to_join
from bridge.context import base_path, context, redirect_to, rendered
from bridge.dashboard.tasks import ask_worker, finished_task
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import _, translate_message
from worker.actions import shop_settings
from worker.actions.shop_settings import NewShop
from worker.domain import setting_readers
from worker.domain.language import LANGUAGE_NAMES
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.store import shops, users
from worker.store.shops import Secrets
from worker.store.users import Role

blueprint = Blueprint("shops", __name__, url_prefix="/shops")
guard_operators(blueprint)


@blueprint.get("/new")
def new(form: Form | None = None) -> Response:
    form = form or Form()
    with context().store.read() as connection:
        there = users.shops_of(connection, me().user)
    return rendered(
        "dashboard/shops/new.html",
        status=form.status,
        form=form,
        languages=LANGUAGE_NAMES.items(),
        patterns=[("", _("the usual settings")), *((one.shop_id, one.name) for one in there)],
    )


@blueprint.post("/new")
def create_shop() -> Response:
    """Make a shop in test; its owner, if another one than who makes it, gets a link to join it."""
    form = Form.from_request(request.form)
    allow = context().settings.allow_private_shops
    name = form.text("name", needed=_("A shop needs a name."), longest=100)
    url = form.read("url", lambda text: setting_readers.read_shop_url(text, allow_private=allow))
    email = form.read("email", read_mail_address) if form.values.get("email") else ""
    seed = form.read("references", setting_readers.read_first_digits) if form.values.get("references") else 0
    if not form.is_valid or url is None:
        return new(form)
    language = form.values.get("language", "nl")
    given = {
        "name": name,
        "language": language if language in LANGUAGE_NAMES else "nl",
        **{setting: form.values.get(setting, "") for setting in ("vat.oss", "vat.oss_since")},
    }
    try:
        blank = blank_like(form.values.get("like", ""))
        shop = shop_settings.new_shop(blank, given, url, allow_private=allow)
    except WrongSettings as error:
        form.refuse(error.messages)
        return new(form)
    new_shop = NewShop(replace(shop, reference_digits=seed or 0), Secrets((shops.new_webhook_secret(),)))
    try:
        with context().store.write() as connection:
            shop = shop_settings.add_shop(connection, context().encryption, new_shop, by=actor())
    except Rejected as error:
        form.errors["references"] = translate_message(error.message)
        return new(form)
    ask_worker(shop.shop_id, "look_at_address", {"url": shop.url})
    if email and email != me().user.email:
        link = link_to_join(email, Role.ADMIN, shop_id=shop.shop_id)
        flash(_("Hand this link to {email}; it works once: {link}", email=email, link=link), "good")
        return redirect_to(f"/s/{shop.shop_id}/settings/connection")
    # Whoever connects it now needs a code next: the same form goes on to where one is made, and is shown that once.
    return make_response(
        redirect(f"{base_path()}/s/{shop.shop_id}/settings/connection/code", HTTPStatus.TEMPORARY_REDIRECT)
    )


def blank_like(shop_id: str) -> Shop:
    """A shop without name and address, with the settings of another one where *shop_id* names it."""
    with context().store.read() as connection:
        template = shops.settings_of(connection, shop_id)
    return shop_settings.blank_shop(now=context().now(), template=template)


@blueprint.get("/<shop_id>/close")
def closing_page(shop_id: str) -> Response:
    """What closing a shop means, before it is done."""
    with context().store.read() as connection:
        shop = shops.settings_of(connection, shop_id)
    if shop is None:
        return redirect_to("/shops")
    closed = finished_task(shop_id, "close_shop")
    return rendered("dashboard/shops/close.html", leaver=shop, left=closed.answer if closed else None)
