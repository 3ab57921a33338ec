"""The signed-in user, and what he may do. Each blueprint of pages says once what it needs; no view checks for itself."""

import hashlib
import hmac
import secrets as random
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, g, request

from bridge.accounts.access_log import note_reader
from bridge.context import context, redirect_to
from bridge.errors import RefusalPage, Refused, unreadable_text
from bridge.i18n.translate import _, set_language
from worker.domain.actor import Actor
from worker.domain.shop import Shop
from worker.message import Message
from worker.net.sender import sender_group, sender_of
from worker.store import sessions, shops, users
from worker.store.sessions import SEEN_EVERY, Session
from worker.store.users import Role, User

ROLE_NAMES = {Role.OPERATOR: Message("operator"), Role.ADMIN: Message("admin"), Role.VIEWER: Message("viewer")}
RANK = {Role.VIEWER: 1, Role.ADMIN: 2, Role.OPERATOR: 3}
CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class CurrentUser:
    """Who is signed in. *token* is the session's, straight from the cookie."""

    user: User
    session: Session
    token: str = field(repr=False)


def current_user() -> CurrentUser | None:
    """The user who sent this request; None when nobody is signed in. Read from the database once a request."""
    if "current_user" not in g:
        g.current_user = load_current_user(request.cookies.get(cookie_name(), ""))
        if g.current_user is not None:
            set_language(g.current_user.user.language)
            note_reader(f"user {g.current_user.user.user_id}")
    found: CurrentUser | None = g.current_user
    return found


def me() -> CurrentUser:
    """The user who sent this request, on pages that need a sign-in."""
    found = current_user()
    if found is None:
        raise LookupError("this page is not guarded")
    return found


def actor() -> Actor:
    """Whoever is signed in, for the audit trail, acting now."""
    return Actor(me().user.name, context().now())


def load_current_user(token: str) -> CurrentUser | None:
    if not token:
        return None
    now = context().now()
    with context().store.read() as connection:
        found = sessions.user_of(connection, token, now=now)
    if found is None:
        return None
    user, session = found
    if now - session.seen_at > SEEN_EVERY:
        with context().store.write() as connection:
            sessions.record_use(connection, session, now=now)
    return CurrentUser(user, session, token)


def guard_shop(blueprint: Blueprint, *, to_read: Role = Role.VIEWER, to_change: Role = Role.ADMIN) -> None:
    """Let only members of the shop in the address read the blueprint's pages, and only the role *to_change* change anything.

    A shop that is not theirs answers like one that does not exist, so that nobody learns who else is here.
    """

    guard_users(blueprint)

    @blueprint.before_request
    def check() -> None:
        shop_id = str((request.view_args or {}).get("shop_id", ""))
        with context().store.read() as connection:
            role = users.role_in(connection, me().user, shop_id)
            shop = shops.settings_of(connection, shop_id) if role else None
        if role is None or shop is None:
            abort(HTTPStatus.NOT_FOUND)
        g.shop, g.role = shop, role
        needed = to_change if request.method in CHANGING_METHODS else to_read
        if RANK[role] < RANK[needed]:
            raise forbidden()


def guard_operators(blueprint: Blueprint) -> None:
    """Let only operators see the blueprint's pages; for others there is nothing at these addresses."""

    guard_users(blueprint)

    @blueprint.before_request
    def check() -> None:
        if not me().user.operator:
            abort(HTTPStatus.NOT_FOUND)
        g.role = Role.OPERATOR


def guard_users(blueprint: Blueprint) -> None:
    """Let everybody in who is signed in."""
    blueprint.before_request(redirect_to_sign_in)
    blueprint.before_request(require_form_token)


def guard_forms(blueprint: Blueprint) -> None:
    """Strangers may see the pages; what they send must come from a form of ours."""
    blueprint.before_request(require_form_token)


def redirect_to_sign_in() -> Response | None:
    if current_user() is not None:
        return None
    next_path = request.full_path.rstrip("?") if request.method == "GET" else ""
    query = f"?{urlencode({'next': next_path})}" if next_path not in ("", "/") else ""
    return redirect_to(f"/sign-in{query}")


def require_form_token() -> None:
    """Refuse a change that no form of ours asked for: another site's, or a page that was open for too long."""
    if request.method not in CHANGING_METHODS:
        return
    elsewhere = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    sent = request.form.get("form_token", "") or request.headers.get("X-Form-Token", "")
    if not elsewhere and hmac.compare_digest(sent.encode(), form_token().encode()):
        if any("\0" in f"{name}{value}" for name, value in request.form.items(multi=True)):
            raise unreadable_text()
        return
    raise Refused(
        HTTPStatus.BAD_REQUEST,
        "form_old",
        _("This page was open for too long, or did not come from here. Go back, load it again and try once more."),
        page=RefusalPage(title=_("Nothing was changed")),
    )


def forbidden() -> Refused:
    return Refused(
        HTTPStatus.FORBIDDEN,
        "role",
        _("You may look, but not change or set up anything in this shop. Ask one of its admins."),
        page=RefusalPage(title=_("Your role does not allow this")),
    )


def form_token() -> str:
    """Proof that a form is ours: follows from a cookie that other sites cannot read or set."""
    key = context().settings.secret_keys[0].encode()
    purpose = b"facturelay.form.v1:"
    return hmac.new(key, purpose + form_secret().encode(), hashlib.sha256).hexdigest()


def form_secret() -> str:
    """The session's token, or for strangers a value of their own that the answer gives them as a cookie."""
    if current_user() is not None:
        return me().token
    if "form_secret" not in g:
        g.form_secret = request.cookies.get(form_cookie_name(), "")
        if not g.form_secret:
            g.form_secret = g.new_form_secret = random.token_urlsafe(24)
    secret: str = g.form_secret
    return secret


def cookie_name() -> str:
    return host_cookie_name("facturelay")


def form_cookie_name() -> str:
    return host_cookie_name("facturelay_form")


def host_cookie_name(name: str) -> str:
    """Browsers take a __Host- cookie only over https and from this host itself."""
    return f"__Host-{name}" if is_https() else name


def is_https() -> bool:
    return urlsplit(context().settings.public_url).scheme == "https"


def set_cookie(response: Response, name: str, value: str, *, max_age_s: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age_s, secure=is_https(), httponly=True, samesite="Lax", path="/")


def shop() -> Shop:
    """The shop in the address, whose membership the guard has checked."""
    found: Shop = g.shop
    return found


def role() -> Role:
    found: Role = g.role
    return found


def may_change() -> bool:
    """Whether the user may change anything in the shop of this page."""
    return RANK[role()] >= RANK[Role.ADMIN]


def client_address() -> str:
    """The network address that a request came from. Only proxies that the operator named are believed."""
    forwarded = [one for header in request.headers.getlist("X-Forwarded-For") for one in header.split(",")]
    return sender_of(request.remote_addr or "", forwarded, context().settings.trusted_proxies)


def client_group() -> str:
    """What limits count by: of an IPv6 address its whole network."""
    return sender_group(client_address())
