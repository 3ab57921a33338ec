"""For operators: all shops with their health, a new one, pausing one, and letting one leave."""

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, render_template, request

from bridge.accounts.access import guard_operators, me
from bridge.accounts.sign_in import read_mail_address, record_event
from bridge.context import context, redirect_to
from bridge.dashboard.tasks import finished_task
from bridge.forms import Form
from bridge.i18n.stored_messages import translate_message
from bridge.i18n.translate import LANGUAGE_NAMES, _
from worker.domain import settings_form
from worker.domain.shop import Shop
from worker.store import audit_trail, sessions, shops, users
from worker.store.audit_trail import AuditEntry
from worker.store.shops import Secrets
from worker.store.users import Role

blueprint = Blueprint("shops", __name__, url_prefix="/shops")
guard_operators(blueprint)


# What a new shop takes over from the one that it is to be like. Company, numbers given, keys and logo are each shop's own.
COPIED_SETTINGS = (
    "rules", "credit_notes", "zone", "status_map", "pending_counts", "vat_regime", "sells_services", "oss",
    "vat_as_charged", "payment_days", "accent", "layout", "texts",
)  # fmt: skip


@blueprint.get("/new")
def new(form: Form | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    with context().store.read() as connection:
        there = users.shops_of(connection, me().user)
    content = render_template(
        "dashboard/shops/new.html",
        form=form or Form(),
        languages=LANGUAGE_NAMES.items(),
        patterns=[("", _("the usual settings")), *((one.shop_id, one.name) for one in there)],
    )
    return make_response(content, status)


@blueprint.post("/new")
def create_shop() -> Response:
    """Make a shop in test; its owner, if one is named, gets a link to join it."""
    form = Form.from_request(request.form)
    allow = context().settings.allow_private_shops
    name = form.text("name", needed=_("A shop needs a name."), longest=100)
    url = form.read("url", lambda text: settings_form.read_shop_url(text, allow_private=allow))
    email = form.read("email", read_mail_address) if form.values.get("email") else ""
    form.errors = {field: translate_message(message) for field, message in form.errors.items()}
    if not form.is_valid or url is None:
        return new(form, HTTPStatus.UNPROCESSABLE_ENTITY)
    now, by = context().now(), me().user.name
    language = form.values.get("language", "nl")
    shop = Shop(
        shops.new_shop_id(),
        name,
        url,
        orders_since=now,
        test=True,
        language=language if language in LANGUAGE_NAMES else "nl",
    )
    with context().store.write() as connection:
        template = shops.settings_of(connection, form.values.get("like", ""))
        if template is not None:
            shop = replace(shop, **{name: getattr(template, name) for name in COPIED_SETTINGS}, series=template.series)
        shops.add(connection, context().encryption, shop, Secrets((shops.new_webhook_secret(),)), now=now)
        audit_trail.add(connection, AuditEntry(shop.shop_id, now, by, "shop_created", f"{shop.name} was made."))
        token = (
            sessions.create_link(
                connection, "invite", email=email, role=Role.ADMIN, shop_id=shop.shop_id, created_by=by, now=now
            )
            if email
            else ""
        )
    record_event("shop_created", f"{shop.name} was made.", actor=by, shop_id=shop.shop_id)
    if token:
        link = f"{context().settings.public_url}/join/{token}"
        flash(_("Hand this link to {email}; it works once: {link}", email=email or "", link=link), "good")
    return redirect_to(f"/s/{shop.shop_id}/settings/company")


@blueprint.get("/<shop_id>/close")
def closing_page(shop_id: str) -> Response:
    """What letting a shop leave means, before it is done."""
    with context().store.read() as connection:
        shop = shops.settings_of(connection, shop_id)
        members = users.members(connection, shop_id)
    if shop is None:
        return redirect_to("/shops")
    closed = finished_task(shop_id, "close_shop")
    content = render_template(
        "dashboard/shops/close.html", leaver=shop, members=members, left=closed.answer if closed else None
    )
    return make_response(content)
