"""For operators: who may sign in, and what they did."""

from http import HTTPStatus
from importlib.metadata import version

from flask import Blueprint, Response, abort, flash, make_response, render_template, request

from bridge.accounts.access import guard_operators, me
from bridge.accounts.sign_in import mail_address, note
from bridge.context import go, parts
from bridge.forms import Form
from bridge.health import redis_answers
from bridge.i18n.translate import _
from worker.store import plugins as plugin
from worker.store import sessions, sign_in_log
from worker.store import users as people
from worker.store.users import Role, User

blueprint = Blueprint("operators", __name__)
guard_operators(blueprint)


@blueprint.get("/people")
def everybody() -> Response:
    return people_page(Form())


@blueprint.post("/people/invite")
def invite() -> Response:
    """Make a link by which somebody becomes an operator; it is shown once, to be handed over."""
    form = Form.sent(request.form)
    email = form.read("email", mail_address)
    if email is None:
        return people_page(form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with parts().store.write() as connection:
        token = sessions.make_pass(
            connection, "invite", email=email, role=Role.OPERATOR, made_by=me().user.name, now=parts().now()
        )
    note("invited", f"{email} was invited as operator.", actor=me().user.name)
    return people_page(Form(), link=(email, f"{parts().settings.public_url}/join/{token}"))


@blueprint.post("/people/withdraw")
def withdraw() -> Response:
    """End an invitation before it is used."""
    with parts().store.write() as connection:
        email = sessions.withdraw_pass(connection, request.form.get("token_hash", ""), shop_id=None)
    if email is not None:
        note("withdrawn", f"The invitation of {email} was withdrawn.", actor=me().user.name)
    return back()


@blueprint.post("/people/<int:user_id>/password")
def password_link(user_id: int) -> Response:
    """Make a link by which somebody chooses a new password."""
    user = user_or_404(user_id)
    if user.user_id == me().user.user_id:
        return for_yourself()
    with parts().store.write() as connection:
        token = sessions.make_pass(
            connection, "password", email=user.email, role=Role.VIEWER, made_by=me().user.name, now=parts().now()
        )
    note("password_link", f"A link for a new password of {user.email} was made.", actor=me().user.name)
    return people_page(Form(), link=(user.email, f"{parts().settings.public_url}/password/{token}"))


@blueprint.post("/people/<int:user_id>/suspend")
def suspend(user_id: int) -> Response:
    """Keep somebody out, or let him in again."""
    user, again = user_or_404(user_id), bool(request.form.get("resume"))
    if user.user_id == me().user.user_id:
        flash(_("You cannot suspend yourself."), "refused")
        return back()
    with parts().store.write() as connection:
        people.change(connection, user.user_id, suspended_at=None if again else parts().now())
        sessions.end_all(connection, user.user_id)
    if again:
        note("user_resumed", f"{user.email} may sign in again.", actor=me().user.name)
    else:
        note("user_suspended", f"{user.email} may not sign in any more.", actor=me().user.name)
    return back()


@blueprint.post("/people/<int:user_id>/second-factor")
def reset_second_factor(user_id: int) -> Response:
    """Somebody lost phone and recovery codes."""
    user = user_or_404(user_id)
    if user.user_id == me().user.user_id:
        return for_yourself()
    with parts().store.write() as connection:
        people.change(connection, user.user_id, totp="", recovery="[]")
        sessions.end_all(connection, user.user_id)
    note("second_factor_off", f"The second factor of {user.email} was taken away.", actor=me().user.name)
    flash(_("{email} signs in with the password alone until a new second step is set up.", email=user.email), "good")
    return back()


@blueprint.post("/people/<int:user_id>/remove")
def remove(user_id: int) -> Response:
    """Forget somebody; what he did stays on the trails."""
    user = user_or_404(user_id)
    with parts().store.write() as connection:
        if user.operator and not people.other_operators(connection, user.user_id):
            flash(_("The last operator stays: somebody must be able to let others in."), "refused")
            return back()
        people.remove(connection, user.user_id)
    note("user_removed", f"{user.email} was removed.", actor=me().user.name)
    flash(_("{email} can no longer sign in.", email=user.email), "good")
    return back()


@blueprint.get("/about")
def about() -> Response:
    """Versions and settings of the house, and of each shop's plugin. No secret is shown."""
    settings = parts().settings
    with parts().store.read() as connection:
        names = {shop.shop_id: shop.name for shop in people.shops_of(connection, me().user)}
        plugins = plugin.versions(connection)
    facts = [
        (_("Version"), version("facturelay")),
        (_("Address"), settings.public_url),
        (_("Database"), "SQLite" if parts().store.is_sqlite else "PostgreSQL"),
        (_("Redis"), _("answers") if redis_answers(settings.redis_url) else _("does not answer")),
        (
            _("Mail server of the house"),
            _("set") if settings.smtp_url else _("none: only shops with their own server send mail"),
        ),
        (_("Trouble is mailed to"), settings.operator_mail or _("nobody: set FACTURELAY_OPERATOR_MAIL")),
        (_("Shops on private addresses"), _("allowed") if settings.allow_private_shops else _("refused")),
        (_("Templates of your own"), str(settings.templates) if settings.templates else _("none")),
    ]
    content = render_template("dashboard/operators/about.html", facts=facts, plugins=plugins, names=names)
    return make_response(content)


def for_yourself() -> Response:
    """An open session on somebody's desk must not be enough to change its owner's password and second step."""
    flash(_("Change your own password and second step on your account's page; it asks for your password."), "refused")
    return back()


def user_or_404(user_id: int) -> User:
    with parts().store.read() as connection:
        user = people.find(connection, user_id)
    return user if user is not None else abort(HTTPStatus.NOT_FOUND)


def people_page(form: Form, *, link: tuple[str, str] | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    now = parts().now()
    with parts().store.read() as connection:
        users = people.every(connection)
        shops = {found.shop_id: found.name for found in people.shops_of(connection, me().user)}
        roles = {user.user_id: people.roles_of(connection, user.user_id) for user in users}
        invites = sessions.open_passes(connection, purpose="invite", shop_id=None, now=now)
        done = sign_in_log.latest(connection, limit=50)
    content = render_template(
        "dashboard/operators/people.html",
        form=form,
        users=users,
        roles=roles,
        shop_names=shops,
        invites=invites,
        acts=done,
        link=link,
    )
    return make_response(content, status)


def back() -> Response:
    return go("/people")
