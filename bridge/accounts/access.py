"""Who is asking, and what they may do. Each blueprint of pages says once what it needs; no view asks for itself."""

import hashlib
import hmac
import ipaddress
import secrets as random
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, g, request

from bridge.context import go, parts
from bridge.i18n.translate import _, say_page, speak
from worker.domain.shop import Shop
from worker.store import sessions, shops, users
from worker.store.sessions import SEEN_EVERY, Session
from worker.store.users import Role, User

RANK = {Role.VIEWER: 1, Role.ADMIN: 2, Role.OPERATOR: 3}
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Asker:
    """Who is signed in. *token* is the session's, straight from the cookie."""

    user: User
    session: Session
    token: str = field(repr=False)


def asker() -> Asker | None:
    """Who sent this request; None for a stranger. Looked up once a request."""
    if "asker" not in g:
        g.asker = look_up(request.cookies.get(cookie_name(), ""))
        if g.asker is not None:
            speak(g.asker.user.language)
    found: Asker | None = g.asker
    return found


def me() -> Asker:
    """Who sent this request, on pages that only people who are signed in see."""
    found = asker()
    if found is None:
        raise LookupError("this page is not guarded")
    return found


def look_up(token: str) -> Asker | None:
    if not token:
        return None
    now = parts().now()
    with parts().store.read() as connection:
        found = sessions.user_of(connection, token, now=now)
    if found is None:
        return None
    user, session = found
    if now - session.seen_at > SEEN_EVERY:
        with parts().store.write() as connection:
            sessions.seen(connection, session, now=now)
    return Asker(user, session, token)


def guard_shop(blueprint: Blueprint, *, look: Role = Role.VIEWER, act: Role = Role.ADMIN) -> None:
    """Let only members of the shop in the address see the blueprint's pages, and only *act* change anything.

    A shop that is not theirs answers like one that does not exist, so that nobody learns who else is here.
    """

    @blueprint.before_request
    def check() -> Response | None:
        stranger = sign_in_first() or wrong_form()
        if stranger is not None:
            return stranger
        shop_id = str((request.view_args or {}).get("shop_id", ""))
        with parts().store.read() as connection:
            role = users.role_in(connection, me().user, shop_id)
            shop = shops.settings_of(connection, shop_id) if role else None
        if role is None or shop is None:
            abort(HTTPStatus.NOT_FOUND)
        needed = act if request.method in CHANGES else look
        if RANK[role] < RANK[needed]:
            return forbidden()
        g.shop, g.role = shop, role
        return None


def guard_operators(blueprint: Blueprint) -> None:
    """Let only operators see the blueprint's pages; for others there is nothing at these addresses."""

    @blueprint.before_request
    def check() -> Response | None:
        stranger = sign_in_first() or wrong_form()
        if stranger is not None:
            return stranger
        if not me().user.operator:
            abort(HTTPStatus.NOT_FOUND)
        g.role = Role.OPERATOR
        return None


def guard_people(blueprint: Blueprint) -> None:
    """Let everybody in who is signed in."""
    blueprint.before_request(lambda: sign_in_first() or wrong_form())


def guard_forms(blueprint: Blueprint) -> None:
    """Strangers may see the pages; what they send must come from a form of ours."""
    blueprint.before_request(wrong_form)


def sign_in_first() -> Response | None:
    if asker() is not None:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    query = f"?{urlencode({'next': wanted})}" if wanted not in ("", "/") else ""
    return go(f"/sign-in{query}")


def wrong_form() -> Response | None:
    """The answer to a change that no form of ours asked for: another site's, or a page that was open for too long."""
    if request.method not in CHANGES:
        return None
    elsewhere = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    sent = request.form.get("form_token", "") or request.headers.get("X-Form-Token", "")
    if not elsewhere and hmac.compare_digest(sent.encode(), form_token().encode()):
        return None
    return say_page(
        HTTPStatus.BAD_REQUEST,
        _("Nothing was changed"),
        _("This page was open for too long, or did not come from here. Go back, load it again and try once more."),
        code="form_old",
    )


def forbidden() -> Response:
    return say_page(
        HTTPStatus.FORBIDDEN,
        _("Your role does not allow this"),
        _("You may look, but not change or set up anything in this shop. Ask one of its admins."),
        code="role",
    )


def form_token() -> str:
    """Proof that a form is ours: follows from a cookie that other sites cannot read or set."""
    key = parts().settings.secret_keys[0].encode()
    purpose = b"facturelay.form.v1:"
    return hmac.new(key, purpose + form_secret().encode(), hashlib.sha256).hexdigest()


def form_secret() -> str:
    """The session's token, or for strangers a value of their own that the answer gives them as a cookie."""
    if asker() is not None:
        return me().token
    if "form_secret" not in g:
        g.form_secret = request.cookies.get(form_cookie_name(), "")
        if not g.form_secret:
            g.form_secret = g.new_form_secret = random.token_urlsafe(24)
    secret: str = g.form_secret
    return secret


def cookie_name() -> str:
    return named("facturelay")


def form_cookie_name() -> str:
    return named("facturelay_form")


def named(name: str) -> str:
    """Browsers take a __Host- cookie only over https and from this host itself."""
    return f"__Host-{name}" if is_https() else name


def is_https() -> bool:
    return urlsplit(parts().settings.public_url).scheme == "https"


def set_cookie(response: Response, name: str, value: str, *, max_age_s: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age_s, secure=is_https(), httponly=True, samesite="Lax", path="/")


def shop() -> Shop:
    """The shop in the address, whose membership the guard has checked."""
    found: Shop = g.shop
    return found


def role() -> Role:
    found: Role = g.role
    return found


def may_act() -> bool:
    """Whether who is asking may change anything in the shop at hand."""
    return RANK[role()] >= RANK[Role.ADMIN]


def address() -> str:
    """The network address that a request came from. A proxy on this machine or its private network is believed."""
    last = request.remote_addr or ""
    try:
        near = ipaddress.ip_address(last)
    except ValueError:
        return ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if forwarded and (near.is_loopback or near.is_private):
        try:
            return str(ipaddress.ip_address(forwarded))
        except ValueError:
            return last
    return last
