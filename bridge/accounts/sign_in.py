"""The ways in: sign in, the first set-up, an invitation, a new password; and the way out."""

import hashlib
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Connection

from bridge.accounts import passwords, second_factor
from bridge.accounts.access import ROLE_NAMES, client_group, cookie_name, current_user, guard_forms, set_cookie
from bridge.accounts.audit import record_event
from bridge.context import base_path, context, redirect_to
from bridge.errors import Refused
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message, translator
from worker.errors import InvalidValue
from worker.message import Message
from worker.store import sessions, shops, users
from worker.store.sessions import LIFETIME, OneTimeLink
from worker.store.users import Role, User

blueprint = Blueprint("sign_in", __name__)
guard_forms(blueprint)

RATE_LIMIT_PERIOD = timedelta(minutes=15)
MOST_ATTEMPTS = 10
# An office may share one address.
MOST_ATTEMPTS_OF_ADDRESS = 60
SECOND_STEP_S = 300
SECOND_STEP = "facturelay.second-step.v1"


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The form for mail address and password."""
    if current_user() is not None:
        return make_response(redirect(f"{base_path()}/"))
    return sign_in_page("sign_in", Form({"next": request.args.get("next", "")}))


@blueprint.post("/sign-in")
def submit_sign_in() -> Response:
    """Check them; a user with a second factor comes to the form for its code."""
    form = Form.from_request(request.form)
    email = form.values.get("email", "").lower()
    if is_rate_limited("mail", email, MOST_ATTEMPTS) or is_rate_limited(
        "address", client_group(), MOST_ATTEMPTS_OF_ADDRESS
    ):
        raise too_many_attempts()
    with context().store.read() as connection:
        user = users.by_email(connection, email)
    is_right_password = passwords.matches(user.password if user else None, request.form.get("password", ""))
    if user is None or not is_right_password or user.suspended_at is not None:
        record_event(
            "sign_in_failed",
            Message("Somebody could not sign in as {email_254}.", email_254=email[:254]),
            actor=email[:254],
        )
        form.errors["password"] = _("This mail address and password do not belong together.")
        return sign_in_page("sign_in", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if user.totp:
        form.values["step"] = second_step_serializer().dumps(user.user_id)
        return sign_in_page("code", form)
    return start_session(user, form)


@blueprint.post("/sign-in/code")
def submit_code() -> Response:
    """Check the code of the second factor, or a recovery code."""
    form = Form.from_request(request.form)
    try:
        user_id = int(second_step_serializer().loads(form.values.get("step", ""), max_age=SECOND_STEP_S))
    except (BadSignature, ValueError):
        form.errors["password"] = _("That took too long; sign in once more.")
        return sign_in_page("sign_in", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if is_rate_limited("code", str(user_id), MOST_ATTEMPTS):
        raise too_many_attempts()
    with context().store.read() as connection:
        user = users.find(connection, user_id)
    if user is None or user.suspended_at is not None or not user.totp:
        return redirect_to("/sign-in")
    if not second_factor.accept_code(user, form.values.get("code", ""), now=context().now()):
        record_event(
            "sign_in_failed", Message("A wrong second code was given for {email}.", email=user.email), actor=user.email
        )
        form.errors["code"] = _("This code is not right, or was used before. Codes change every 30 seconds.")
        return sign_in_page("code", form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return start_session(user, form)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session here and in the browser."""
    found = current_user()
    if found is not None:
        with context().store.write() as connection:
            sessions.end(connection, found.token)
    response = redirect_to("/sign-in")
    set_cookie(response, cookie_name(), "", max_age_s=0)
    return response


@blueprint.get("/set-up/<token>")
def set_up(token: str) -> Response:
    """The first page that anybody sees: the operator's name and password."""
    found = valid_link(token, "setup")
    return sign_in_page("set_up", Form({"email": found.email}), found=found)


@blueprint.post("/set-up/<token>")
def do_set_up(token: str) -> Response:
    return accept_invitation(token, "setup")


@blueprint.get("/join/<token>")
def join(token: str) -> Response:
    """An invitation. Who has an account already only says yes."""
    found = valid_link(token, "invite")
    return sign_in_page(
        "join", Form({"email": found.email}), found=found, known=has_account(found.email), shop=shop_name(found)
    )


@blueprint.post("/join/<token>")
def do_join(token: str) -> Response:
    return accept_invitation(token, "invite")


@blueprint.get("/password/<token>")
def new_password(token: str) -> Response:
    """A new password for who forgot the old one."""
    found = valid_link(token, "password")
    return sign_in_page("password", Form({"email": found.email}), found=found)


@blueprint.post("/password/<token>")
def set_new_password(token: str) -> Response:
    found = valid_link(token, "password")
    form = Form.from_request(request.form)
    password = read_new_password(form, found.email)
    if password is None:
        return sign_in_page("password", form, HTTPStatus.UNPROCESSABLE_ENTITY, found=found)
    with context().store.write() as connection:
        user = users.by_email(connection, found.email)
        if user is None or not sessions.use_link(connection, found, now=context().now()):
            raise dead_link()
        users.change(connection, user.user_id, password=passwords.hashed(password))
        sessions.end_all(connection, user.user_id)
    record_event("password_changed", Message("{email} chose a new password.", email=found.email), actor=found.email)
    flash(_("Your password is changed. Sign in with it."), "good")
    return redirect_to("/sign-in")


def accept_invitation(token: str, purpose: str) -> Response:
    """Make the user that a link is for, or let one that is there into the shop, and sign in."""
    found = valid_link(token, purpose)
    form = Form.from_request(request.form)
    template = "set_up" if purpose == "setup" else "join"
    if has_account(found.email) and purpose == "invite":
        return add_member(found)
    email = found.email or form.read("email", read_mail_address) or ""
    name = form.text("name", needed=_("Fill in your name."), longest=100)
    password = read_new_password(form, email)
    if not form.is_valid or password is None:
        values = {"found": found, "known": False, "shop": shop_name(found)}
        return sign_in_page(template, form, HTTPStatus.UNPROCESSABLE_ENTITY, **values)
    with context().store.write() as connection:
        if not sessions.use_link(connection, found, now=context().now()):
            raise dead_link()
        user = create_user(connection, found, email=email, name=name, password=password)
    record_event(
        "user_created",
        Message("{email} joined as {role}.", email=user.email, role=ROLE_NAMES[found.role]),
        actor=user.name,
        shop_id=found.shop_id,
    )
    return start_session(user, form)


def create_user(connection: Connection, link: OneTimeLink, *, email: str, name: str, password: str) -> User:
    user_id = users.add(
        connection,
        email=email,
        name=name,
        password=passwords.hashed(password),
        language=translator().language,
        operator=link.role is Role.OPERATOR,
        now=context().now(),
    )
    if link.shop_id is not None:
        users.give_role(connection, user_id, link.shop_id, link.role)
    user = users.find(connection, user_id)
    if user is None:
        raise LookupError(f"user {user_id} was just made")
    return user


def add_member(link: OneTimeLink) -> Response:
    """Somebody who has an account joins one more shop: only signed in as the one who was invited."""
    signed_in = current_user()
    if signed_in is None or signed_in.user.email != link.email:
        return redirect_to(f"/sign-in?next={request.path}")
    with context().store.write() as connection:
        if not sessions.use_link(connection, link, now=context().now()):
            raise dead_link()
        if link.shop_id is None:
            users.change(connection, signed_in.user.user_id, operator=True)
        # An invitation never lowers a role: the last admin who is invited as viewer stays an admin.
        elif users.roles_of(connection, signed_in.user.user_id).get(link.shop_id) is not Role.ADMIN:
            users.give_role(connection, signed_in.user.user_id, link.shop_id, link.role)
    record_event(
        "joined",
        Message("{email} joined as {role}.", email=link.email, role=ROLE_NAMES[link.role]),
        actor=signed_in.user.name,
        shop_id=link.shop_id,
    )
    return redirect_to("/")


def start_session(user: User, form: Form) -> Response:
    """Open a session and redirect to the page the visitor came for."""
    now = context().now()
    with context().store.write() as connection:
        sessions.reset_attempts(
            connection, rate_limit_key("mail", user.email), rate_limit_key("code", str(user.user_id))
        )
        token = sessions.begin(connection, user.user_id, agent=request.headers.get("User-Agent", ""), now=now)
        users.change(connection, user.user_id, signed_in_at=now)
    record_event("signed_in", Message("{email} signed in.", email=user.email), actor=user.name)
    response = redirect_to(safe_next_path(form.values.get("next", "")))
    set_cookie(response, cookie_name(), token, max_age_s=int(LIFETIME.total_seconds()))
    return response


def safe_next_path(path: str) -> str:
    """A path of ours, or the front page: nobody is sent elsewhere by a link to our own sign-in."""
    base = base_path()
    if base and path.startswith(f"{base}/"):
        path = path.removeprefix(base)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if safe else "/"


def valid_link(token: str, purpose: str) -> OneTimeLink:
    with context().store.read() as connection:
        found = sessions.find_link(connection, token, purpose)
        too_late = purpose == "setup" and users.has_any(connection)
    if found is None or too_late or not found.is_valid(context().now()):
        raise dead_link()
    return found


def dead_link() -> Refused:
    return Refused(
        HTTPStatus.GONE,
        "link_over",
        _("It has been used, or is too old. Ask for a new one where it came from."),
        title=_("This link does not work any more"),
    )


def has_account(email: str) -> bool:
    with context().store.read() as connection:
        return bool(email) and users.by_email(connection, email) is not None


def shop_name(link: OneTimeLink) -> str:
    """The shop of an invitation, as a phrase within a message; empty for all shops."""
    if link.shop_id is None:
        return ""
    with context().store.read() as connection:
        shop = shops.settings_of(connection, link.shop_id)
    return shop.name if shop else ""


def read_new_password(form: Form, email: str) -> str | None:
    """The new password, typed twice the same; None with a message in the form otherwise."""
    password = request.form.get("password", "")
    try:
        passwords.check_strength(password, email=email)
    except InvalidValue as error:
        form.errors["password"] = translate_message(error.message)
        return None
    if password != request.form.get("again", ""):
        form.errors["again"] = _("The two passwords differ.")
        return None
    return password


def read_mail_address(text: str) -> str:
    """Read a mail address. Raises ValueError with a message for the form."""
    name, at, host = text.strip().lower().rpartition("@")
    if not (at and name and "." in host.strip(".") and len(text) <= 254) or any(c.isspace() for c in text.strip()):
        raise InvalidValue("This is not a mail address; write it like name@example.com.")
    return f"{name}@{host}"


def is_rate_limited(what: str, name: str, most: int) -> bool:
    with context().store.write() as connection:
        attempts = sessions.count_attempt(
            connection, rate_limit_key(what, name), within=RATE_LIMIT_PERIOD, now=context().now()
        )
    return attempts > most


def reset_rate_limit(what: str, name: str) -> None:
    with context().store.write() as connection:
        sessions.reset_attempts(connection, rate_limit_key(what, name))


def rate_limit_key(what: str, name: str) -> str:
    """What tries are counted under; whom somebody tried to be is nobody's to read."""
    return f"{what}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def too_many_attempts() -> Refused:
    return Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_attempts",
        _("A password or a code was wrong too often. Wait a quarter of an hour and try again."),
        title=_("Too many attempts"),
        headers={"Retry-After": str(int(RATE_LIMIT_PERIOD.total_seconds()))},
    )


def second_step_serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(context().settings.secret_keys)), salt=SECOND_STEP)


def sign_in_page(template: str, form: Form, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response:
    return make_response(render_template(f"dashboard/sign_in/{template}.html", form=form, **values), status)
