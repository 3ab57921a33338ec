"""For operators: all shops with their health, a new one, pausing one, and letting one leave."""

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, render_template, request

from bridge.accounts.access import guard_operators, me
from bridge.accounts.sign_in import mail_address, note
from bridge.context import go, parts
from bridge.dashboard.tasks import answered
from bridge.forms import Form
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import NAMES, _
from worker.domain import settings_form
from worker.domain.shop import Shop
from worker.store import audit_trail, sessions, shops, users
from worker.store.audit_trail import Event
from worker.store.shops import Secrets
from worker.store.users import Role

blueprint = Blueprint("shops", __name__, url_prefix="/shops")
guard_operators(blueprint)


# What a new shop takes over from the one that it is to be like. Company, numbers given, keys and logo are each shop's own.
TAKEN_OVER = (
    "rules", "credit_notes", "zone", "status_map", "pending_counts", "vat_regime", "sells_services", "oss",
    "vat_as_charged", "payment_days", "accent", "layout", "texts",
)  # fmt: skip


@blueprint.get("/new")
def new(form: Form | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    with parts().store.read() as connection:
        there = users.shops_of(connection, me().user)
    content = render_template(
        "dashboard/shops/new.html",
        form=form or Form(),
        languages=NAMES.items(),
        patterns=[("", _("the usual settings")), *((one.shop_id, one.name) for one in there)],
    )
    return make_response(content, status)


@blueprint.post("/new")
def make() -> Response:
    """Make a shop in test; its owner, if one is named, gets a link to join it."""
    form = Form.sent(request.form)
    allow = parts().settings.allow_private_shops
    name = form.text("name", needed=_("A shop needs a name."), longest=100)
    url = form.read("url", lambda text: settings_form.read_shop_url(text, allow_private=allow))
    email = form.read("email", mail_address) if form.values.get("email") else ""
    form.errors = {field: retold(sentence) for field, sentence in form.errors.items()}
    if not form.is_right or url is None:
        return new(form, HTTPStatus.UNPROCESSABLE_ENTITY)
    now, by = parts().now(), me().user.name
    language = form.values.get("language", "nl")
    made = Shop(
        shops.new_shop_id(), name, url, orders_since=now, test=True, language=language if language in NAMES else "nl"
    )
    with parts().store.write() as connection:
        pattern = shops.settings_of(connection, form.values.get("like", ""))
        if pattern is not None:
            made = replace(made, **{name: getattr(pattern, name) for name in TAKEN_OVER}, series=pattern.series)
        shops.add(connection, parts().vault, made, Secrets((shops.new_webhook_secret(),)), now=now)
        audit_trail.add(connection, Event(made.shop_id, now, by, "shop_made", f"{made.name} was made."))
        token = (
            sessions.make_pass(
                connection, "invite", email=email, role=Role.ADMIN, shop_id=made.shop_id, made_by=by, now=now
            )
            if email
            else ""
        )
    note("shop_made", f"{made.name} was made.", actor=by, shop_id=made.shop_id)
    if token:
        link = f"{parts().settings.public_url}/join/{token}"
        flash(_("Hand this link to {email}; it works once: {link}", email=email or "", link=link), "good")
    return go(f"/s/{made.shop_id}/settings/company")


@blueprint.get("/<shop_id>/leave")
def leaving(shop_id: str) -> Response:
    """What letting a shop leave means, before it is done."""
    with parts().store.read() as connection:
        shop = shops.settings_of(connection, shop_id)
        members = users.members(connection, shop_id)
    if shop is None:
        return go("/shops")
    left = answered(shop_id, "leave")
    content = render_template(
        "dashboard/shops/leave.html", leaver=shop, members=members, left=left.answer if left else None
    )
    return make_response(content)
