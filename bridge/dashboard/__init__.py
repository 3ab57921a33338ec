"""The dashboard: one module and one template folder per topic. Rules and PDF rendering are in the worker."""

import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from markupsafe import Markup

from bridge.accounts import account, invitations, lost_password, passwords, sender, sign_in
from bridge.accounts.access import CurrentUser, current_user, form_cookie_name, form_token, may_change, set_cookie
from bridge.accounts.account import THEME_COOKIE, THEMES
from bridge.context import EXTENSION_NAME, Context, base_path
from bridge.dashboard import (
    accounting,
    activity,
    attention,
    document_lists,
    documents,
    drafts,
    jobs,
    labels,
    many,
    operators,
    order_story,
    orders,
    overview,
    payments,
    reminders,
    search,
    shops,
    tasks,
    team,
)
from bridge.dashboard import home as home_page
from bridge.dashboard.settings import blueprint as settings_blueprint
from bridge.dashboard.settings import pages  # noqa: F401  # each page adds itself to the blueprint
from bridge.errors import is_for_customers, is_for_programs, unreadable_text
from bridge.i18n.translate import _, install_i18n
from worker.domain import peppol
from worker.errors import Unavailable

BLUEPRINTS: tuple[Blueprint, ...] = (
    home_page.entrance,
    home_page.blueprint,
    sign_in.blueprint,
    invitations.blueprint,
    lost_password.blueprint,
    account.blueprint,
    sender.blueprint,
    overview.blueprint,
    overview.closing_blueprint,
    search.blueprint,
    attention.blueprint,
    attention.all_shops_blueprint,
    orders.blueprint,
    document_lists.blueprint,
    documents.blueprint,
    drafts.blueprint,
    many.blueprint,
    accounting.blueprint,
    payments.blueprint,
    reminders.blueprint,
    activity.blueprint,
    jobs.shop_blueprint,
    jobs.all_shops_blueprint,
    shops.blueprint,
    settings_blueprint,
    team.blueprint,
    tasks.blueprint,
    operators.blueprint,
)
# No other site's script, style, picture or frame; nothing in these pages comes from elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Blueprints that belong to another one's tab.
SECTIONS = {
    "document_lists": "documents",
    "drafts": "documents",
    "many": "documents",
    "reminders": "payments",
    "shops": "home",
    "attention": "overview",
    "all_attention": "home",
}
# Around the pages of customers.
NO_FRAME: dict[str, Any] = {"theme": "", "me": None, "shop": None, "may_change": False, "tabs": [], "section": ""}
FORM_COOKIE_LIFETIME = timedelta(days=1)


def register(app: Flask) -> None:
    """Give *app* the pages."""
    keys = [
        hashlib.sha256(f"facturelay.notices.v1:{key}".encode()).hexdigest()
        for key in context_of(app).settings.secret_keys
    ]
    # Flask's own session holds nothing but the notice that the next page shows.
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="facturelay_notice",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=context_of(app).settings.public_url.startswith("https:"),
    )
    install_i18n(app)
    app.jinja_env.globals.update(
        code_for_operators=code_for_operators,
        form_token=form_token,
        goes_by_peppol=peppol.is_required,
        mailed_to=order_story.mailed_to,
        response_name=labels.response_name,
        actor_name=labels.actor_name,
        kind_within=labels.kind_within,
        rounding_label=labels.rounding_label,
        rule_name=labels.rule_name,
        setting_name=labels.setting_name,
        shortest_password=passwords.SHORTEST,
        source_name=labels.source_name,
        state_label=labels.state_label,
        wants_other_address=order_story.wants_other_address,
        status_name=labels.status_name,
        topic_name=labels.topic_name,
        step_name=labels.step_name,
        vat_category=labels.vat_category,
        vat_reason=labels.vat_reason,
    )
    app.jinja_env.filters.update(topic_name=labels.topic_name, unbroken=labels.unbroken)
    app.before_request(know_reader)
    app.before_request(refuse_nul)
    app.after_request(page_headers_of_none)
    app.context_processor(frame)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


def code_for_operators(code: str) -> Markup:
    """The code of a problem or refusal, for whoever runs the installation; an owner reads the sentence before it."""
    user = current_user()
    is_operator = user is not None and user.user.operator
    return Markup(' <span class="soft">{}</span>').format(code) if code and is_operator else Markup("")


def refuse_nul() -> None:
    """Refuse characters that no keyboard types and PostgreSQL cannot store, before any page searches or stores them."""
    if request.blueprint not in BLUEPRINT_NAMES:
        return
    sent = (request.args, request.form)
    typed = (request.path, *(text for part in sent for pair in part.items(multi=True) for text in pair))
    if any("\0" in text for text in typed):
        raise unreadable_text()


def is_no_page() -> bool:
    """Whether somebody asks for an address at which nothing is, or in a way that it does not take."""
    return request.endpoint is None and not is_for_customers() and not is_for_programs()


def know_reader() -> None:
    """Answer in the language of whoever is signed in, and in the frame with the ways back, also at a wrong address or what is refused unread."""
    if request.blueprint in BLUEPRINT_NAMES or is_no_page():
        reader()


def reader() -> CurrentUser | None:
    """Who is signed in; nobody where that cannot be asked: the page that says so needs no name."""
    with suppress(Unavailable):
        return current_user()
    return None


def context_of(app: Flask) -> Context:
    context: Context = app.extensions[EXTENSION_NAME]
    return context


def frame() -> dict[str, Any]:
    """What the frame around a page shows. Customers' pages have none of it."""
    if request.blueprint not in BLUEPRINT_NAMES and not is_no_page():
        return NO_FRAME | {"base": base_path()}
    theme = request.cookies.get(THEME_COOKIE, "")
    return {
        "base": base_path(),
        "theme": theme if theme in THEMES else "",
        "me": reader(),
        "shop": g.get("shop"),
        "may_change": "role" in g and may_change(),
        "tabs": tabs(),
        "section": "about"
        if request.endpoint == "operators.about"
        else SECTIONS.get(request.blueprint or "", request.blueprint),
    }


def tabs() -> list[tuple[str, str, str]]:
    """Name, address and words of each part that can be gone to from here."""
    user, base, shop = reader(), base_path(), g.get("shop")
    if user is None:
        return []
    if shop is not None:
        home = f"{base}/s/{shop.shop_id}"
        shop_tabs = [
            ("overview", home, _("Overview")),
            ("orders", f"{home}/orders", _("Orders")),
            ("documents", f"{home}/documents", _("Documents")),
            ("payments", f"{home}/payments", _("Payments")),
            ("accounting", f"{home}/accounting", _("Accounting")),
            ("jobs", f"{home}/jobs", _("Tasks")),
            ("activity", f"{home}/activity", _("Activity")),
        ]
        if may_change():
            shop_tabs += [("settings", f"{home}/settings/company", _("Settings")), ("team", f"{home}/team", _("Team"))]
        return shop_tabs
    if not user.user.operator:
        return []
    return [
        ("home", f"{base}/shops", _("Shops")),
        ("all_jobs", f"{base}/jobs", _("Tasks")),
        ("operators", f"{base}/users", _("Users")),
        ("about", f"{base}/about", _("About")),
    ]


def page_headers(response: Response) -> Response:
    """What pages may load, and the cookie that a stranger's form is known by."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["Vary"] = "Cookie"
    if "new_form_secret" in g:
        set_cookie(response, form_cookie_name(), g.new_form_secret, max_age_s=int(FORM_COOKIE_LIFETIME.total_seconds()))
    return response


def page_headers_of_none(response: Response) -> Response:
    if is_no_page() and reader() is not None:
        response.headers["Content-Security-Policy"] = POLICY
        return page_headers(response)
    return response


BLUEPRINT_NAMES = {blueprint.name for blueprint in BLUEPRINTS}
for _blueprint in BLUEPRINTS:
    _blueprint.after_request(page_headers)
