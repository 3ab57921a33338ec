"""Your account: name, language, password, second factor, and where you are signed in."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, request

from bridge.accounts import passwords, second_factor
from bridge.accounts.access import guard_users, me, set_cookie
from bridge.accounts.attempts import MOST_ATTEMPTS, is_rate_limited, reset_rate_limit, too_many_attempts
from bridge.accounts.audit import record_event, tell
from bridge.accounts.invitations import read_new_password
from bridge.context import context, redirect_to, rendered
from bridge.forms import Form
from bridge.i18n.translate import _, set_language
from worker.domain.language import LANGUAGE_NAMES
from worker.message import Message
from worker.store import sessions as sessions_store
from worker.store import users
from worker.store.account_mails import MailKind

blueprint = Blueprint("account", __name__)
guard_users(blueprint)

THEMES = ("", "light", "dark")
THEME_COOKIE = "facturelay_theme"
YEAR_S = 365 * 24 * 3600


@blueprint.get("/account")
def account() -> Response:
    user = me().user
    return page(Form({"name": user.name, "language": user.language}))


@blueprint.post("/account")
def change() -> Response:
    """Name, language and theme."""
    form = Form.from_request(request.form)
    name = form.text("name", needed=_("Fill in your name."), longest=100)
    language = form.values.get("language", "")
    theme = form.values.get("theme", "")
    if not form.is_valid or language not in LANGUAGE_NAMES or theme not in THEMES:
        return page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
    with context().store.write() as connection:
        users.change(connection, me().user.user_id, name=name, language=language)
    set_language(language)
    flash(_("Your account is saved, {name}.", name=name), "good")
    response = back()
    set_cookie(response, THEME_COOKIE, theme, max_age_s=YEAR_S if theme else 0)
    return response


@blueprint.post("/account/password")
def change_password() -> Response:
    """A new password; every other session ends."""
    form, user = Form.from_request(request.form), me().user
    form.values |= {"name": user.name, "language": user.language}
    if is_rate_limited("old", str(user.user_id), MOST_ATTEMPTS):
        raise too_many_attempts()
    if not is_present_password():
        form.errors["old"] = _("This is not your current password.")
    password = read_new_password(form, user.email)
    if not form.is_valid or password is None:
        return page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
    with context().store.write() as connection:
        users.change(connection, user.user_id, password=passwords.as_stored(password, context().encryption))
        sessions_store.end_all(connection, user.user_id, but=me().session.token_hash)
        tell(connection, user, MailKind.PASSWORD_CHANGED)
    record_event("password_changed", Message("{email} chose a new password.", email=user.email))
    flash(_("Your password is changed, and you are signed out everywhere else."), "good")
    return back()


@blueprint.post("/account/sessions")
def end_other_sessions() -> Response:
    """Sign out everywhere else."""
    with context().store.write() as connection:
        ended = sessions_store.end_all(connection, me().user.user_id, but=me().session.token_hash)
    record_event("sessions_ended", Message("{email} signed out everywhere else.", email=me().user.email))
    flash(_("You are signed out everywhere else.") if ended else _("You were signed in nowhere else."), "good")
    return back()


@blueprint.get("/account/second-factor")
def second_factor_form() -> Response:
    """Show a fresh seed; nothing is stored until a code proves that an app has it."""
    if me().user.totp:
        return back()
    return second_factor_page(second_factor.new_seed(), Form())


@blueprint.post("/account/second-factor")
def enable_second_factor() -> Response:
    """Store the seed once its first code is right, and show the recovery codes: this once."""
    form, user = Form.from_request(request.form), me().user
    seed = form.values.get("seed", "")
    usable = second_factor.is_seed(seed)
    step = second_factor.time_step_of(seed, form.values.get("code", ""), now=context().now()) if usable else None
    if user.totp or step is None:
        form.errors["code"] = _(
            "This code is not right. Look at the app's newest one, and check the clock of your phone."
        )
        return second_factor_page(seed if usable else second_factor.new_seed(), form, HTTPStatus.UNPROCESSABLE_ENTITY)
    codes = second_factor.new_recovery_codes()
    with context().store.write() as connection:
        users.change(
            connection,
            user.user_id,
            totp=context().encryption.encrypt(seed),
            totp_step=step,
            recovery=second_factor.as_stored(codes),
        )
        tell(connection, user, MailKind.SECOND_FACTOR_ON)
    record_event("second_factor_on", Message("{email} switched the second step on.", email=user.email))
    return rendered("dashboard/account/recovery.html", codes=codes)


@blueprint.post("/account/second-factor/off")
def disable_second_factor() -> Response:
    """Password again: an open session on somebody's desk must not be enough."""
    user = me().user
    if is_rate_limited("old", str(user.user_id), MOST_ATTEMPTS):
        raise too_many_attempts()
    if not is_present_password():
        form = Form(
            {"name": user.name, "language": user.language}, {"old_second": _("This is not your current password.")}
        )
        return page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
    with context().store.write() as connection:
        users.change(connection, user.user_id, totp="", recovery="[]")
        tell(connection, user, MailKind.SECOND_FACTOR_OFF)
    record_event("second_factor_off", Message("{email} switched the second step off.", email=user.email))
    flash(_("The second step is off."), "good")
    return back()


def is_present_password() -> bool:
    """Whether the present password was typed; who knows it has tried nothing."""
    if not passwords.matches(me().user.password, request.form.get("old", ""), context().encryption):
        return False
    reset_rate_limit("old", str(me().user.user_id))
    return True


BROWSERS = (("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """Browser and operating system by their common names, or the raw User-Agent."""
    known = [next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, known)) or agent or _("unknown browser")


def page(form: Form, status: HTTPStatus = HTTPStatus.OK) -> Response:
    with context().store.read() as connection:
        sessions = sessions_store.sessions_of(connection, me().user.user_id)
    return rendered(
        "dashboard/account/account.html",
        status=status,
        form=form,
        sessions=[(browser_name(session.agent), session) for session in sessions],
        mine=me().session.token_hash,
        has_second=bool(me().user.totp),
        theme=request.cookies.get(THEME_COOKIE, ""),
    )


def second_factor_page(seed: str, form: Form, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return rendered(
        "dashboard/account/second_factor.html",
        status=status,
        form=form,
        seed=seed,
        qr=second_factor.qr(seed, me().user.email),
    )


def back() -> Response:
    return redirect_to("/account")
