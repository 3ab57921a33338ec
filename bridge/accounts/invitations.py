"""What a one-time link opens: the first set-up, an invitation, a new password."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, request
from sqlalchemy import Connection

from bridge.accounts import passwords
from bridge.accounts.access import ROLE_NAMES, actor, current_user, guard_forms
from bridge.accounts.audit import record_event, tell
from bridge.accounts.sign_in import sign_in_page, start_session
from bridge.context import context, redirect_to
from bridge.errors import RefusalPage, Refused
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import _, translate_message, translator
from worker.errors import InvalidValue
from worker.message import Message
from worker.store import sessions, shops, users
from worker.store.account_mails import MailKind
from worker.store.sessions import NewLink, OneTimeLink
from worker.store.users import NewUser, Role, User

blueprint = Blueprint("invitations", __name__)
guard_forms(blueprint)


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
        return sign_in_page("password", form, found=found)
    with context().store.write() as connection:
        user = users.by_email(connection, found.email)
        if user is None or not sessions.use_link(connection, found, now=context().now()):
            raise dead_link()
        users.change(connection, user.user_id, password=passwords.as_stored(password, context().encryption))
        # By a link of the operator's also without the second step: somebody else may have been here first, with one of his own.
        # Who only reads the owner's mail does not get past it.
        if not found.is_asked_by_mail:
            users.change(connection, user.user_id, totp="", recovery="[]")
        sessions.end_all(connection, user.user_id)
        tell(connection, user, MailKind.PASSWORD_CHANGED if found.is_asked_by_mail else MailKind.PASSWORD_RESET)
    record_event("password_changed", Message("{email} chose a new password.", email=found.email), actor=found.email)
    flash(_("Your password is changed. Sign in with it."), "good")
    return redirect_to("/sign-in")


def link_to_join(email: str, role: Role, *, shop_id: str | None = None) -> str:
    """The address at which *email* joins, once."""
    link = NewLink(purpose="invite", email=email, role=role, shop_id=shop_id)
    with context().store.write() as connection:
        token = sessions.create_link(connection, link, by=actor())
    return f"{context().settings.public_url}/join/{token}"


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
        return sign_in_page(template, form, **values)
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
        NewUser(
            email=email,
            name=name,
            password=passwords.as_stored(password, context().encryption),
            language=translator().language,
            operator=link.role is Role.OPERATOR,
        ),
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
        page=RefusalPage(title=_("This link does not work any more")),
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
