"""The way in and out: password, second factor, session."""

from flask import Blueprint, Response, make_response, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bridge.accounts import passwords, second_factor
from bridge.accounts.access import client_group, cookie_name, current_user, guard_forms, set_cookie
from bridge.accounts.attempts import (
    MOST_ATTEMPTS,
    has_tried_too_often,
    is_rate_limited,
    rate_limit_key,
    too_many_attempts,
)
from bridge.accounts.audit import record_event
from bridge.accounts.known_browser import known_browser, remember_browser
from bridge.context import base_path, context, redirect_to, rendered
from bridge.forms import Form
from bridge.i18n.translate import _
from worker.message import Message
from worker.net.signer import timed_signer
from worker.store import sessions, users
from worker.store.sessions import LIFETIME
from worker.store.users import User

blueprint = Blueprint("sign_in", __name__)
guard_forms(blueprint)

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
    with context().store.read() as connection:
        user = users.by_email(connection, email)
    if has_tried_too_often(email, browser=known_browser(user)):
        raise too_many_attempts()
    is_right_password = passwords.matches(
        user.password if user else None, request.form.get("password", ""), context().encryption
    )
    if user is None or not is_right_password or user.suspended_at is not None:
        record_event(
            "sign_in_failed",
            Message("Somebody could not sign in as {email_254}.", email_254=email[:254]),
            actor=email[:254],
        )
        form.errors["password"] = _("This mail address and password do not belong together.")
        return sign_in_page("sign_in", form)
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
        return sign_in_page("sign_in", form)
    with context().store.read() as connection:
        user = users.find(connection, user_id)
    # Whoever knows the password and tries codes keeps out only himself.
    if is_rate_limited("code", known_browser(user) or str(user_id), MOST_ATTEMPTS):
        raise too_many_attempts()
    if user is None or user.suspended_at is not None or not user.totp:
        return redirect_to("/sign-in")
    if not second_factor.accept_code(user, form.values.get("code", ""), now=context().now()):
        record_event(
            "sign_in_failed", Message("A wrong second code was given for {email}.", email=user.email), actor=user.email
        )
        form.errors["code"] = _("This code is not right, or was used before. Codes change every 30 seconds.")
        return sign_in_page("code", form)
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


def start_session(user: User, form: Form) -> Response:
    """Open a session and redirect to the page the visitor came for."""
    now = context().now()
    with context().store.write() as connection:
        browser = known_browser(user)
        sessions.reset_attempts(
            connection,
            rate_limit_key("mail", f"{client_group()} {user.email}"),
            rate_limit_key("browser", browser),
            rate_limit_key("code", browser or str(user.user_id)),
        )
        token = sessions.begin(connection, user.user_id, agent=request.headers.get("User-Agent", ""), now=now)
        users.change(connection, user.user_id, signed_in_at=now)
    record_event("signed_in", Message("{email} signed in.", email=user.email), actor=user.name)
    response = redirect_to(safe_next_path(form.values.get("next", "")))
    set_cookie(response, cookie_name(), token, max_age_s=int(LIFETIME.total_seconds()))
    remember_browser(response, user)
    return response


def safe_next_path(path: str) -> str:
    """A path of ours, or the front page: nobody is sent elsewhere by a link to our own sign-in."""
    base = base_path()
    if base and path.startswith(f"{base}/"):
        path = path.removeprefix(base)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if safe else "/"


def second_step_serializer() -> URLSafeTimedSerializer:
    return timed_signer(context().settings.secret_keys, SECOND_STEP)


def sign_in_page(template: str, form: Form, **values: object) -> Response:
    has_mail = bool(context().settings.smtp_url)
    return rendered(f"dashboard/sign_in/{template}.html", status=form.status, form=form, has_mail=has_mail, **values)
