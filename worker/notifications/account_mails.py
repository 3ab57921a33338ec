"""Use case: mails about accounts and senders leave by the operator's server, and are tried again until they did."""

import logging
from dataclasses import replace
from datetime import timedelta
from email.utils import make_msgid
from urllib.parse import urlsplit

from worker.errors import Rejected, Unavailable
from worker.mail import account_mail, smtp
from worker.net import sender_proof
from worker.net.sender_proof import SenderProof
from worker.services import Services
from worker.store import account_mails, sessions, shops, users
from worker.store.account_mails import AccountMail, MailKind
from worker.store.sessions import NewLink
from worker.store.users import Role

# A link for a lost password lies in a mailbox that others may come to read.
LOST_FOR = timedelta(hours=1)

log = logging.getLogger(__name__)


def send_waiting(services: Services) -> None:
    """Send what is due, each once; what the server refuses for good is dropped with a line in the log."""
    if not services.settings.smtp_url:
        return
    with services.store.read() as connection:
        # There hardly ever is one, and to write is to keep all others from the database.
        if not account_mails.is_any_due(connection, now=services.now()):
            return
    with services.store.write() as connection:
        waiting = account_mails.due(connection, now=services.now())
    for mail in waiting:
        try:
            send(services, mail)
        except Unavailable as error:
            log.warning("a mail about an account waits: %s", error.message)
            with services.store.write() as connection:
                account_mails.try_later(connection, mail, now=services.now())
            continue
        except Rejected as error:
            log.warning("a mail about an account cannot be sent: %s", error.message)
        with services.store.write() as connection:
            account_mails.done(connection, mail)


def send(services: Services, mail: AccountMail) -> None:
    if mail.kind is MailKind.PASSWORD_LOST:
        with services.store.read() as connection:
            user = users.by_email(connection, mail.email)
        if user is None or user.suspended_at is not None:
            return
        mail = replace(mail, language=user.language)
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    message = account_mail.compose(
        mail,
        sender=services.settings.mail_address or f"facturelay@{host}",
        shop_name=shop_name(services, mail),
        link=link_of(services, mail),
        message_id=make_msgid(domain=host),
    )
    smtp.send(message, smtp_url=services.settings.smtp_url, recipients=(mail.email,))


def shop_name(services: Services, mail: AccountMail) -> str:
    with services.store.read() as connection:
        shop = shops.settings_of(connection, mail.argument.get("shop_id", ""))
    return shop.name if shop else ""


def link_of(services: Services, mail: AccountMail) -> str:
    """The link in the mail. One that opens an account is made here: nobody but the reader of the mailbox ever sees it."""
    public_url, argument = services.settings.public_url, mail.argument
    if mail.kind is MailKind.SENDER_PROOF:
        proof = SenderProof(argument["shop_id"], mail.email)
        return f"{public_url}/sender/{sender_proof.sign(services.settings.secret_keys, proof)}"
    if mail.kind not in (MailKind.INVITATION, MailKind.PASSWORD_LOST):
        return f"{public_url}/account"
    with services.store.write() as connection:
        if mail.kind is MailKind.PASSWORD_LOST:
            lost = NewLink("password", mail.email, Role.VIEWER, lifetime=LOST_FOR)
            return f"{public_url}/password/{sessions.create_link(connection, lost, by=services.actor(mail.email))}"
        new = NewLink("invite", mail.email, Role(argument["role"]), argument["shop_id"])
        token = sessions.create_link(connection, new, by=services.actor(argument["by"]))
    return f"{public_url}/join/{token}"
