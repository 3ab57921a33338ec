"""The ways in: sign in, the first set-up, an invitation, a new password; and the way out."""

import hashlib
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Connection

from bridge.accounts import passwords, second_factor
from bridge.accounts.access import address, asker, cookie_name, guard_forms, set_cookie
from bridge.context import base_path, go, parts
from bridge.forms import Form
from bridge.i18n.translate import _, say_page, words
from worker.store import sessions, shops, sign_in_log, users
from worker.store.sessions import LIFETIME, Pass
from worker.store.sign_in_log import Act
from worker.store.users import Role, User

blueprint = Blueprint("doors", __name__)
guard_forms(blueprint)

TRIES_WITHIN = timedelta(minutes=15)
MOST_TRIES = 10
# Many people may share the address of one office.
MOST_TRIES_OF_ADDRESS = 60
SECOND_STEP_S = 300
SECOND_STEP = "facturelay.second-step.v1"


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """Ask for mail address and password."""
    if asker() is not None:
        return make_response(redirect(f"{base_path()}/"))
    return door("sign_in", Form({"next": request.args.get("next", "")}))


@blueprint.post("/sign-in")
def try_sign_in() -> Response:
    """Check them; who has a second factor is asked for its code next."""
    form = Form.sent(request.form)
    email = form.values.get("email", "").lower()
    if too_often("mail", email, MOST_TRIES) or too_often("address", address(), MOST_TRIES_OF_ADDRESS):
        return slow_down()
    with parts().store.read() as connection:
        user = users.by_email(connection, email)
    fits = passwords.fits(user.password if user else None, request.form.get("password", ""))
    if user is None or not fits or user.suspended_at is not None:
        note("sign_in_failed", f"Somebody could not sign in as {email[:254]}.", actor=email[:254])
        form.errors["password"] = _("This mail address and password do not belong together.")
        return door("sign_in", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if user.totp:
        form.values["step"] = second_step().dumps(user.user_id)
        return door("code", form)
    return let_in(user, form)


@blueprint.post("/sign-in/code")
def try_code() -> Response:
    """Check the code of the second factor, or a recovery code."""
    form = Form.sent(request.form)
    try:
        user_id = int(second_step().loads(form.values.get("step", ""), max_age=SECOND_STEP_S))
    except (BadSignature, ValueError):
        form.errors["password"] = _("That took too long; sign in once more.")
        return door("sign_in", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if too_often("code", str(user_id), MOST_TRIES):
        return slow_down()
    with parts().store.read() as connection:
        user = users.find(connection, user_id)
    if user is None or user.suspended_at is not None or not user.totp:
        return go("/sign-in")
    if not second_factor.accepted(user, form.values.get("code", ""), now=parts().now()):
        note("sign_in_failed", f"A wrong second code was given for {user.email}.", actor=user.email)
        form.errors["code"] = _("This code is not right, or was used before. Codes change every 30 seconds.")
        return door("code", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return let_in(user, form)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session here and in the browser."""
    found = asker()
    if found is not None:
        with parts().store.write() as connection:
            sessions.end(connection, found.token)
    response = go("/sign-in")
    set_cookie(response, cookie_name(), "", max_age_s=0)
    return response


@blueprint.get("/set-up/<token>")
def set_up(token: str) -> Response:
    """The first page that anybody sees: the operator's name and password."""
    found = valid_pass(token, "setup")
    return door("set_up", Form({"email": found.email}), found=found) if isinstance(found, Pass) else found


@blueprint.post("/set-up/<token>")
def do_set_up(token: str) -> Response:
    return take_pass(token, "setup")


@blueprint.get("/join/<token>")
def join(token: str) -> Response:
    """An invitation. Who has an account already only says yes."""
    found = valid_pass(token, "invite")
    if not isinstance(found, Pass):
        return found
    return door("join", Form({"email": found.email}), found=found, known=is_known(found.email), shop=shop_name(found))


@blueprint.post("/join/<token>")
def do_join(token: str) -> Response:
    return take_pass(token, "invite")


@blueprint.get("/password/<token>")
def new_password(token: str) -> Response:
    """A new password for who forgot the old one."""
    found = valid_pass(token, "password")
    return door("password", Form({"email": found.email}), found=found) if isinstance(found, Pass) else found


@blueprint.post("/password/<token>")
def set_new_password(token: str) -> Response:
    found = valid_pass(token, "password")
    if not isinstance(found, Pass):
        return found
    form = Form.sent(request.form)
    password = new_password_of(form, found.email)
    if password is None:
        return door("password", form, HTTPStatus.UNPROCESSABLE_ENTITY, found=found)
    with parts().store.write() as connection:
        user = users.by_email(connection, found.email)
        if user is None or not sessions.use_pass(connection, found, now=parts().now()):
            return pass_over()
        users.change(connection, user.user_id, password=passwords.hashed(password))
        sessions.end_all(connection, user.user_id)
    note("password_changed", f"{found.email} chose a new password.", actor=found.email)
    flash(_("Your password is changed. Sign in with it."), "good")
    return go("/sign-in")


def take_pass(token: str, purpose: str) -> Response:
    """Make the user that a link is for, or let one that is there into the shop, and sign in."""
    found = valid_pass(token, purpose)
    if not isinstance(found, Pass):
        return found
    form = Form.sent(request.form)
    template = "set_up" if purpose == "setup" else "join"
    if is_known(found.email) and purpose == "invite":
        return let_member_in(found)
    email = found.email or form.read("email", mail_address) or ""
    name = form.text("name", needed=_("Fill in your name."), longest=100)
    password = new_password_of(form, email)
    if not form.is_right or password is None:
        values = {"found": found, "known": False, "shop": shop_name(found)}
        return door(template, form, HTTPStatus.UNPROCESSABLE_ENTITY, **values)
    with parts().store.write() as connection:
        if not sessions.use_pass(connection, found, now=parts().now()):
            return pass_over()
        user = make_user(connection, found, email=email, name=name, password=password)
    note("user_made", f"{user.email} joined as {found.role}.", actor=user.name, shop_id=found.shop_id)
    return let_in(user, form)


def make_user(connection: Connection, found: Pass, *, email: str, name: str, password: str) -> User:
    user_id = users.add(
        connection,
        email=email,
        name=name,
        password=passwords.hashed(password),
        language=words().language,
        operator=found.role is Role.OPERATOR,
        now=parts().now(),
    )
    if found.shop_id is not None:
        users.give_role(connection, user_id, found.shop_id, found.role)
    user = users.find(connection, user_id)
    if user is None:
        raise LookupError(f"user {user_id} was just made")
    return user


def let_member_in(found: Pass) -> Response:
    """Somebody who has an account joins one more shop: only signed in as the one who was invited."""
    mine = asker()
    if mine is None or mine.user.email != found.email:
        return go(f"/sign-in?next={request.path}")
    with parts().store.write() as connection:
        if not sessions.use_pass(connection, found, now=parts().now()):
            return pass_over()
        if found.shop_id is None:
            users.change(connection, mine.user.user_id, operator=True)
        # An invitation takes nothing away: the last admin who is invited to look stays an admin.
        elif users.roles_of(connection, mine.user.user_id).get(found.shop_id) is not Role.ADMIN:
            users.give_role(connection, mine.user.user_id, found.shop_id, found.role)
    note("joined", f"{found.email} joined as {found.role}.", actor=mine.user.name, shop_id=found.shop_id)
    return go("/")


def let_in(user: User, form: Form) -> Response:
    """Open a session and go where the visitor wanted to go."""
    now = parts().now()
    with parts().store.write() as connection:
        sessions.forget_tries(connection, try_name("mail", user.email), try_name("code", str(user.user_id)))
        token = sessions.begin(connection, user.user_id, agent=request.headers.get("User-Agent", ""), now=now)
        users.change(connection, user.user_id, signed_in_at=now)
    note("signed_in", f"{user.email} signed in.", actor=user.name)
    response = go(wanted(form.values.get("next", "")))
    set_cookie(response, cookie_name(), token, max_age_s=int(LIFETIME.total_seconds()))
    return response


def wanted(path: str) -> str:
    """A path of ours, or the front page: nobody is sent elsewhere by a link to our own sign-in."""
    base = base_path()
    if base and path.startswith(f"{base}/"):
        path = path.removeprefix(base)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if safe else "/"


def valid_pass(token: str, purpose: str) -> Pass | Response:
    with parts().store.read() as connection:
        found = sessions.find_pass(connection, token, purpose)
        too_late = purpose == "setup" and users.has_any(connection)
    if found is None or too_late or not found.is_valid(parts().now()):
        return pass_over()
    return found


def pass_over() -> Response:
    return say_page(
        HTTPStatus.GONE,
        _("This link does not work any more"),
        _("It has been used, or is too old. Ask for a new one where it came from."),
        code="link_over",
    )


def is_known(email: str) -> bool:
    with parts().store.read() as connection:
        return bool(email) and users.by_email(connection, email) is not None


def shop_name(found: Pass) -> str:
    """The shop that somebody is invited to, as a sentence names it; empty for all shops."""
    if found.shop_id is None:
        return ""
    with parts().store.read() as connection:
        shop = shops.settings_of(connection, found.shop_id)
    return shop.name if shop else ""


def new_password_of(form: Form, email: str) -> str | None:
    """The new password, typed twice the same; otherwise a sentence in the form."""
    password = request.form.get("password", "")
    try:
        passwords.checked(password, email=email)
    except ValueError as error:
        form.errors["password"] = str(error)
        return None
    if password != request.form.get("again", ""):
        form.errors["again"] = _("The two passwords differ.")
        return None
    return password


def mail_address(text: str) -> str:
    """Read a mail address. Raises ValueError with a sentence."""
    name, at, host = text.strip().lower().rpartition("@")
    if not (at and name and "." in host.strip(".") and len(text) <= 254) or any(c.isspace() for c in text.strip()):
        raise ValueError(_("This is not a mail address; write it like name@example.com."))
    return f"{name}@{host}"


def too_often(what: str, name: str, most: int) -> bool:
    with parts().store.write() as connection:
        counted = sessions.count_try(connection, try_name(what, name), within=TRIES_WITHIN, now=parts().now())
    return counted > most


def forget_tries(what: str, name: str) -> None:
    with parts().store.write() as connection:
        sessions.forget_tries(connection, try_name(what, name))


def try_name(what: str, name: str) -> str:
    """What tries are counted under; whom somebody tried to be is nobody's to read."""
    return f"{what}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def slow_down() -> Response:
    response = say_page(
        HTTPStatus.TOO_MANY_REQUESTS,
        _("Too many tries"),
        _("A password or a code was wrong too often. Wait a quarter of an hour and try again."),
        code="too_many_tries",
    )
    response.headers["Retry-After"] = str(int(TRIES_WITHIN.total_seconds()))
    return response


def second_step() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(parts().settings.secret_keys)), salt=SECOND_STEP)


def note(code: str, sentence: str, *, actor: str, shop_id: str | None = None) -> None:
    act = Act(parts().now(), actor, code, sentence, shop_id, address())
    with parts().store.write() as connection:
        sign_in_log.add(connection, act)


def door(template: str, form: Form, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response:
    return make_response(render_template(f"dashboard/door/{template}.html", form=form, **values), status)
