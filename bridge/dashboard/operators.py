"""For operators: who may sign in, and what they did."""

from http import HTTPStatus
from importlib.metadata import version

from flask import Blueprint, Response, abort, flash, request

from bridge.accounts.access import actor, guard_operators, me
from bridge.accounts.audit import record_event, tell
from bridge.accounts.invitations import link_to_join
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import _
from worker import queue
from worker.domain.health import ROAD_LABELS, STATE_LABELS
from worker.message import Message
from worker.store import plugins as plugins_store
from worker.store import sessions
from worker.store import users as users_store
from worker.store.account_mails import MailKind
from worker.store.database.pagination import PageRequest
from worker.store.queries import activity, health
from worker.store.sessions import NewLink
from worker.store.users import Role, User

blueprint = Blueprint("operators", __name__)
guard_operators(blueprint)


@blueprint.get("/users")
def list_users() -> Response:
    return users_page(Form())


@blueprint.post("/users/invite")
def invite() -> Response:
    """Make a link by which somebody becomes an operator; it is shown once, to be handed over."""
    form = Form.from_request(request.form)
    email = form.read("email", read_mail_address)
    if email is None:
        return users_page(form)
    link = link_to_join(email, Role.OPERATOR)
    record_event("invited", Message("{email} was invited as operator.", email=email))
    return users_page(Form(), link=(email, link))


@blueprint.post("/users/withdraw")
def withdraw() -> Response:
    """End an invitation before it is used."""
    with context().store.write() as connection:
        email = sessions.withdraw_link(connection, request.form.get("token_hash", ""), shop_id=None)
    if email is not None:
        record_event("withdrawn", Message("The invitation of {email} was withdrawn.", email=email))
    return back()


@blueprint.post("/users/<int:user_id>/password")
def password_link(user_id: int) -> Response:
    """Make a link by which somebody chooses a new password."""
    user = user_or_404(user_id)
    if user.user_id == me().user.user_id:
        return refuse_own_account()
    with context().store.write() as connection:
        token = sessions.create_link(
            connection, NewLink(purpose="password", email=user.email, role=Role.VIEWER), by=actor()
        )
    record_event("password_link", Message("A link for a new password of {email} was made.", email=user.email))
    return users_page(Form(), link=(user.email, f"{context().settings.public_url}/password/{token}"))


@blueprint.post("/users/<int:user_id>/suspend")
def suspend(user_id: int) -> Response:
    """Suspend a user, or end the suspension."""
    user, is_resumed = user_or_404(user_id), bool(request.form.get("resume"))
    if user.user_id == me().user.user_id:
        flash(_("You cannot suspend yourself."), "refused")
        return back()
    with context().store.write() as connection:
        users_store.change(connection, user.user_id, suspended_at=None if is_resumed else context().now())
        sessions.end_all(connection, user.user_id)
    if is_resumed:
        record_event("user_resumed", Message("{email} may sign in again.", email=user.email))
    else:
        record_event("user_suspended", Message("{email} may not sign in any more.", email=user.email))
    return back()


@blueprint.post("/users/<int:user_id>/second-factor")
def reset_second_factor(user_id: int) -> Response:
    """Somebody lost phone and recovery codes."""
    user = user_or_404(user_id)
    if user.user_id == me().user.user_id:
        return refuse_own_account()
    if not is_confirmed():
        question = _("Take the second step of {email} away?", email=user.email)
        more = _("They then sign in with the password alone, until they set up a new one.")
        return ask(Question(question, _("Take the second step away"), "/users", more, is_loss=True))
    with context().store.write() as connection:
        users_store.change(connection, user.user_id, totp="", recovery="[]")
        sessions.end_all(connection, user.user_id)
        tell(connection, user, MailKind.SECOND_FACTOR_OFF)
    record_event("second_factor_off", Message("The second step of {email} was taken away.", email=user.email))
    flash(_("{email} signs in with the password alone until a new second step is set up.", email=user.email), "good")
    return back()


@blueprint.post("/users/<int:user_id>/remove")
def remove(user_id: int) -> Response:
    """Forget somebody; what he did stays on the trails."""
    user = user_or_404(user_id)
    with context().store.read() as connection:
        if user.operator and not users_store.other_operators(connection, user.user_id):
            flash(_("The last operator stays: somebody must be able to let others in."), "refused")
            return back()
    if not is_confirmed():
        question = _("Remove {email} for good?", email=user.email)
        more = _("They can no longer sign in. This cannot be undone; what they did stays in the activity.")
        return ask(Question(question, _("Remove"), "/users", more, is_loss=True))
    with context().store.write() as connection:
        users_store.remove(connection, user.user_id)
    record_event("user_removed", Message("{email} was removed.", email=user.email))
    flash(_("{email} can no longer sign in.", email=user.email), "good")
    return back()


@blueprint.get("/about")
def about() -> Response:
    """Versions and settings of the installation, and of each shop's plugin. No secret is shown."""
    settings = context().settings
    with context().store.read() as connection:
        names = {shop.shop_id: shop.name for shop in users_store.shops_of(connection, me().user)}
        plugins = plugins_store.versions(connection)
        installation = health.of_installation(connection, health.look(connection, settings), now=context().now())
    facts = [
        (_("Version"), version("facturelay")),
        (_("Address"), settings.public_url),
        (_("Database"), "SQLite" if context().store.is_sqlite else "PostgreSQL"),
        (_("Redis"), _("answers") if queue.redis_answers(settings.redis_url) else _("does not answer")),
        (
            _("Mail server of this installation"),
            _("set") if settings.smtp_url else _("none: only shops with their own server send mail"),
        ),
        (_("Trouble is mailed to"), settings.operator_mail or _("nobody: set FACTURELAY_OPERATOR_MAIL")),
        (_("Shops on private addresses"), _("allowed") if settings.allow_private_shops else _("refused")),
        (_("Templates of your own"), str(settings.templates) if settings.templates else "–"),
    ]
    return rendered(
        "dashboard/operators/about.html",
        facts=facts,
        plugins=plugins,
        names=names,
        installation=installation,
        road_labels=ROAD_LABELS,
        state_labels=STATE_LABELS,
    )


def refuse_own_account() -> Response:
    """An open session on somebody's desk must not be enough to change its owner's password and second step."""
    flash(_("Change your own password and second step on your account's page; it asks for your password."), "refused")
    return back()


def user_or_404(user_id: int) -> User:
    with context().store.read() as connection:
        user = users_store.find(connection, user_id)
    return user if user is not None else abort(HTTPStatus.NOT_FOUND)


def users_page(form: Form, *, link: tuple[str, str] | None = None) -> Response:
    now = context().now()
    with context().store.read() as connection:
        users = users_store.every(connection)
        shops = {found.shop_id: found.name for found in users_store.shops_of(connection, me().user)}
        roles = {user.user_id: users_store.roles_of(connection, user.user_id) for user in users}
        invites = sessions.open_invites(connection, shop_id=None, now=now)
        done = activity.audit_trail_page(connection, None, PageRequest(size=50), access=True)
    return rendered(
        "dashboard/operators/users.html",
        status=form.status,
        form=form,
        users=users,
        roles=roles,
        shop_names=shops,
        invites=invites,
        events=done.rows,
        link=link,
    )


def back() -> Response:
    return redirect_to("/users")
