"""Who belongs to a shop: invite, change a role, let go."""

from flask import Blueprint, Response, flash, request
from sqlalchemy import Connection

from bridge.accounts.access import ROLE_NAMES, actor, guard_shop, me, shop
from bridge.accounts.attempts import is_rate_limited
from bridge.accounts.audit import record_event
from bridge.accounts.invitations import link_to_join
from bridge.context import base_path, context, redirect_to, rendered
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import _
from worker.actions import shop_mails
from worker.errors import InvalidValue
from worker.message import Message
from worker.store import account_mails, counters, sessions, users
from worker.store.account_mails import MailKind
from worker.store.database.pagination import PageRequest
from worker.store.queries import activity
from worker.store.users import Role

blueprint = Blueprint("team", __name__, url_prefix="/s/<shop_id>/team")
guard_shop(blueprint, to_read=Role.ADMIN)

ROLES = (Role.ADMIN, Role.VIEWER)
# To one address within a quarter of an hour.
MOST_INVITATIONS = 3


@blueprint.get("")
def team(shop_id: str) -> Response:
    return page(shop_id)


@blueprint.post("/invite")
def invite(shop_id: str) -> Response:
    """Let somebody join by a link that only the reader of the mailbox sees.

    Shown to whoever invites, it would let him make an account under somebody else's address, with a password and a second
    step of his own. An operator, who may do that anyway, sees it; so does everybody where no mail can leave.
    """
    form = Form.from_request(request.form)
    email, role = form.read("email", read_mail_address), form.read("role", shop_role)
    if email is None or role is None:
        return page(shop_id, form)
    if is_mailed():
        return mail_invitation(shop_id, email, role)
    link = link_to_join(email, role, shop_id=shop_id)
    record_invitation(shop_id, email, role)
    return page(shop_id, link=(email, link))


def is_mailed() -> bool:
    return bool(context().settings.smtp_url) and not me().user.operator


def mail_invitation(shop_id: str, email: str, role: Role) -> Response:
    # Nobody's mailbox is filled by pressing again.
    if is_rate_limited("invitation", f"{shop_id} {email}", MOST_INVITATIONS):
        flash(_("{email} was invited often enough just now. Wait a quarter of an hour.", email=email), "refused")
        return back(shop_id)
    with context().store.write() as connection:
        shop_mails.plan(connection, context().settings, shop(), (MailKind.INVITATION, email), by=actor(), role=role)
    record_invitation(shop_id, email, role)
    flash(_("The invitation is on its way to {email}; it works once, within a week.", email=email), "good")
    return back(shop_id)


def record_invitation(shop_id: str, email: str, role: Role) -> None:
    message = Message("{email} was invited as {role}.", email=email, role=ROLE_NAMES[role])
    record_event("invited", message, shop_id=shop_id)


@blueprint.post("/withdraw")
def withdraw(shop_id: str) -> Response:
    """End an invitation before it is used."""
    with context().store.write() as connection:
        email = sessions.withdraw_link(connection, request.form.get("token_hash", ""), shop_id=shop_id)
    if email is not None:
        record_event("withdrawn", Message("The invitation of {email} was withdrawn.", email=email), shop_id=shop_id)
    return back(shop_id)


@blueprint.post("/<int:user_id>/role")
def change_role(shop_id: str, user_id: int) -> Response:
    """Make an admin a viewer, or the other way round."""
    role = Form.from_request(request.form).read("role", shop_role)
    member = next((one for one in members(shop_id) if one.user.user_id == user_id), None)
    if role is None or member is None:
        return back(shop_id)
    with context().store.write() as connection:
        counters.lock(connection, shop_id)  # two who make each other viewers at one moment leave one of them
        is_refused = role is not Role.ADMIN and is_last_admin(connection, shop_id, user_id)
        if not is_refused:
            users.give_role(connection, user_id, shop_id, role)
    if is_refused:
        return last_admin(shop_id)
    record_event(
        "role_changed",
        Message("{email} is now {role}.", email=member.user.email, role=ROLE_NAMES[role]),
        shop_id=shop_id,
    )
    return back(shop_id)


@blueprint.post("/<int:user_id>/remove")
def remove(shop_id: str, user_id: int) -> Response:
    """Let somebody no longer into this shop."""
    member = next((one for one in members(shop_id) if one.user.user_id == user_id), None)
    if not is_confirmed():
        with context().store.read() as connection:
            is_refused = is_last_admin(connection, shop_id, user_id)
    else:
        with context().store.write() as connection:
            counters.lock(connection, shop_id)
            is_refused = is_last_admin(connection, shop_id, user_id)
            if not is_refused:
                users.take_role(connection, user_id, shop_id)
    if is_refused:
        return last_admin(shop_id)
    if member is not None and not is_confirmed():
        question = _("Remove {email} from {shop}?", email=member.user.email, shop=shop().name)
        more = _("They then no longer see this shop. What they did stays in its history.")
        return ask(Question(question, _("Remove"), f"/s/{shop_id}/team", more, is_loss=True))
    if member is not None:
        message = Message("{email} does not belong to the shop any more.", email=member.user.email)
        record_event("member_removed", message, shop_id=shop_id)
        flash(_("{email} does not see this shop any more.", email=member.user.email), "good")
    return back(shop_id)


def shop_role(text: str) -> Role:
    if text not in ROLES:
        raise InvalidValue("Choose admin or viewer.")
    return Role(text)


def members(shop_id: str) -> tuple[users.Member, ...]:
    with context().store.read() as connection:
        return users.members(connection, shop_id)


def is_last_admin(connection: Connection, shop_id: str, user_id: int) -> bool:
    """Operators can always repair it; a shop whose own last admin locks himself out cannot. Call under the shop's lock."""
    admins = [one.user.user_id for one in users.members(connection, shop_id) if one.role is Role.ADMIN]
    return admins == [user_id] and not me().user.operator


def last_admin(shop_id: str) -> Response:
    flash(_("The last admin stays: somebody must be able to let others in."), "refused")
    return back(shop_id)


def page(shop_id: str, form: Form | None = None, *, link: tuple[str, str] | None = None) -> Response:
    """The team; a shop of nobody is for its owner to be invited to, who may change everything."""
    now, belonging = context().now(), members(shop_id)
    with context().store.read() as connection:
        invites = sessions.open_invites(connection, shop_id=shop_id, now=now)
        unsent = account_mails.waiting(connection, MailKind.INVITATION, shop_id=shop_id)
        done = activity.audit_trail_page(connection, (shop_id,), PageRequest(size=30), access=True)
    form = form or Form({"role": Role.VIEWER if belonging or invites or unsent else Role.ADMIN})
    return rendered(
        "dashboard/team.html",
        status=form.status,
        form=form,
        members=belonging,
        invites=invites,
        unsent=unsent,
        has_mail_server=bool(context().settings.smtp_url),
        events=done.rows,
        link=link,
        is_mailed=is_mailed(),
        role_names={Role.ADMIN: _("admin: may change everything"), Role.VIEWER: _("viewer: may look and download")},
        home=f"{base_path()}/s/{shop().shop_id}/team",
    )


def back(shop_id: str) -> Response:
    return redirect_to(f"/s/{shop_id}/team")
