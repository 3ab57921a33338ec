"""`facturelay user …`: who may sign in to the pages."""

from collections.abc import Callable, Mapping

import click

from worker.cli.common import ACTOR, SHOP, show, table, with_new_services, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.message import Message
from worker.processes.set_up_link import set_up_link
from worker.services import Services
from worker.store import account_mails, audit_trail, sessions, shops
from worker.store import users as user_store
from worker.store.account_mails import MailKind
from worker.store.audit_trail import AuditEntry
from worker.store.sessions import NewLink, OneTimeLink
from worker.store.users import Role, User
from worker.terminal import at_utc

EVERYTHING = "everything"


@click.group(cls=Group)
def user() -> None:
    """Let people in to the pages, and keep them out."""


@user.command("set-up")
@with_new_services
@with_json
def set_up(services: Services, *, as_json: bool) -> None:
    """Print the link by which the first operator sets up a name and a password. Works once, for a day."""
    link = set_up_link(services)
    if link is None:
        raise Rejected("Somebody can sign in already; `facturelay user add` lets others in.", code="set_up_done")
    show({"link": link}, as_json=as_json, text=lambda: f"Open this link within a day; it works once:\n{link}")


@user.command("add")
@click.argument("email")
@click.option(
    "--shop",
    "shop_id",
    metavar="SHOP",
    type=SHOP,
    help="The shop that they may see; without it they see all (operator).",
)
@click.option("--viewer", is_flag=True, help="They may look and download, not change anything (with --shop).")
@with_new_services
@with_json
def add(services: Services, email: str, shop_id: str | None, *, viewer: bool, as_json: bool) -> None:
    """Invite somebody: prints a link by which they choose name and password. Works once, for a week."""
    if viewer and shop_id is None:
        raise Rejected("A viewer belongs to a shop; name it with --shop.", code="shop_missing")
    role = Role.OPERATOR if shop_id is None else Role.VIEWER if viewer else Role.ADMIN
    if "@" not in email:
        raise Rejected(
            "“{email}” is not a mail address; write it like name@example.com.", email=email, code="email_wrong"
        )
    with services.store.write() as connection:
        if shop_id is not None:
            shops.get(connection, services.encryption, shop_id)
        token = sessions.create_link(
            connection,
            NewLink(purpose="invite", email=email, role=role, shop_id=shop_id),
            by=Actor(ACTOR, services.now()),
        )
        audit_trail.add(
            connection,
            AuditEntry(
                shop_id,
                services.now(),
                ACTOR,
                "invited",
                Message("{email} was invited as {role}.", email=email, role=role),
            ),
        )
    link = f"{services.settings.public_url}/join/{token}"
    show(
        {"email": email, "role": role, "link": link},
        as_json=as_json,
        text=lambda: f"Hand this link to {email}; it works once, within a week:\n{link}",
    )


@user.command("list")
@with_services
@with_json
def list_users(services: Services, *, as_json: bool) -> None:
    """List who may sign in, and whom an invitation waits for."""
    with services.store.read() as connection:
        users = user_store.every(connection)
        roles = {one.user_id: user_store.roles_of(connection, one.user_id) for one in users}
        invited = sessions.every_open_invite(connection, now=services.now())
        names = {shop.shop_id: shop.name for shop in shops.every(connection)}
    value = [
        {
            "email": one.email,
            "name": one.name,
            "operator": one.operator,
            "shops": roles[one.user_id],
            "suspended": one.suspended_at is not None,
            "second_factor": bool(one.totp),
        }
        for one in users
    ]
    value += [
        {"email": one.email, "operator": one.shop_id is None, "shops": shops_of(one), "invited_until": one.expires_at}
        for one in invited
    ]
    rows = [
        ("mail address", "name", "may"),
        *((one.email, one.name, describe_roles(one, roles[one.user_id], names)) for one in users),
        *((one.email, "", describe_invitation(one, names)) for one in invited),
    ]
    show(
        value,
        as_json=as_json,
        text=lambda: table(rows) if len(rows) > 1 else "Nobody yet; `facturelay user set-up` begins.",
    )


def describe_roles(one: User, roles: Mapping[str, Role], names: Mapping[str, str]) -> str:
    if one.suspended_at is not None:
        return "suspended"
    return EVERYTHING if one.operator else ", ".join(f"{role} of {names[shop_id]}" for shop_id, role in roles.items())


def shops_of(link: OneTimeLink) -> dict[str, Role]:
    return {link.shop_id: link.role} if link.shop_id is not None else {}


def describe_invitation(link: OneTimeLink, names: Mapping[str, str]) -> str:
    may = EVERYTHING if link.shop_id is None else f"{link.role} of {names[link.shop_id]}"
    return f"{may}; invited, until {at_utc(link.expires_at)}"


@user.command("password")
@click.argument("email")
@with_services
@with_json
def password(services: Services, email: str, *, as_json: bool) -> None:
    """Print a link by which somebody chooses a new password. Works once, for two hours."""
    one = find_user(services, email)
    with services.store.write() as connection:
        token = sessions.create_link(
            connection, NewLink(purpose="password", email=one.email, role=Role.VIEWER), by=Actor(ACTOR, services.now())
        )
    link = f"{services.settings.public_url}/password/{token}"
    show({"link": link}, as_json=as_json, text=lambda: f"Open this link within two hours; it works once:\n{link}")


@user.command("reset-second-factor")
@click.argument("email")
@with_services
@with_json
def reset_second_factor(services: Services, email: str, *, as_json: bool) -> None:
    """Let somebody who lost phone and recovery codes sign in with the password alone."""

    def reset(services: Services, one: User) -> Message:
        with services.store.write() as connection:
            user_store.change(connection, one.user_id, totp="", recovery="[]")
            sessions.end_all(connection, one.user_id)
            if services.settings.smtp_url:
                account_mails.plan(
                    connection, MailKind.SECOND_FACTOR_OFF, one.email, language=one.language, now=services.now()
                )
        return Message("{email} signs in with the password alone now.", email=one.email)

    text = change_user(services, email, reset, code="second_factor_off")
    show({"email": email, "second_factor": False}, as_json=as_json, text=lambda: text)


@user.command("remove")
@click.argument("email")
@with_services
@with_json
def remove(services: Services, email: str, *, as_json: bool) -> None:
    """Let somebody no longer in. What they did stays on the trails."""

    def remove_user(services: Services, one: User) -> Message:
        with services.store.write() as connection:
            if one.operator and not user_store.other_operators(connection, one.user_id):
                raise Rejected("The last operator stays: invite another one first.", code="last_operator")
            user_store.remove(connection, one.user_id)
        return Message("{email} can no longer sign in.", email=one.email)

    text = change_user(services, email, remove_user, code="user_removed")
    show({"email": email, "removed": True}, as_json=as_json, text=lambda: text)


def change_user(services: Services, email: str, what: Callable[[Services, User], Message], *, code: str) -> str:
    """What is said of it."""
    message = what(services, find_user(services, email))
    with services.store.write() as connection:
        audit_trail.add(connection, AuditEntry(None, services.now(), ACTOR, code, message))
    return str(message)


def find_user(services: Services, email: str) -> User:
    with services.store.read() as connection:
        one = user_store.by_email(connection, email)
    if one is None:
        raise Rejected(
            "Nobody signs in as {email}; `facturelay user list` shows who does.", email=email, code="user_unknown"
        )
    return one
