"""Use case: send one test mail and say in plain words what came of it."""

from dataclasses import dataclass

from worker.errors import FacturelayError
from worker.mail import customer_mail, diagnosis
from worker.message import Message
from worker.net.email_address import EMAIL_ADDRESS
from worker.sending.email import new_message_id, outbox_of, send_mail
from worker.services import Services


@dataclass(frozen=True)
class MailTestResult:
    """*accepted*: a server took the mail. *message* says what happened, *hints* what it means and what to do;
    *operator_hints* is for whoever runs the installation.
    """

    accepted: bool
    code: str
    message: Message
    hints: tuple[Message, ...] = ()
    operator_hints: tuple[Message, ...] = ()


def send_test_email(services: Services, shop_id: str, *, to: str = "") -> MailTestResult:
    """Send a test mail to *to*, or to the shop's own address. Raises Rejected when there is no such shop."""
    connected = services.connected(shop_id)
    try:
        with services.store.read() as connection:
            outbox = outbox_of(connection, services, connected)
        shop = outbox.shop
        sender = customer_mail.sender_address(shop)
        to = to or sender
        if not EMAIL_ADDRESS.fullmatch(to):
            return MailTestResult(False, "mail_no_address", Message("“{to}” is not a mail address.", to=to))
        message = customer_mail.compose_test(shop, to=to, message_id=new_message_id(services.settings.public_url))
        way = send_mail(services, outbox, message, recipients=(to,))
    except FacturelayError as error:
        found = diagnosis.hints(error.code), diagnosis.operator_hints(error.code)
        return MailTestResult(False, error.code, error.message, *found)
    whose = Message("the shop's own server") if way.is_own else Message("the operator's server")
    encrypted = (
        Message("unencrypted")
        if way.server.scheme == "smtp"
        else Message("over an encrypted connection whose certificate is valid")
    )
    if way.server.username:
        encrypted = Message("{encrypted}, signed in as {username}", encrypted=encrypted, username=way.server.username)
    text = Message(
        "{host} ({whose}) took the mail from {sender} to {to}, {encrypted}.",
        host=way.server.host,
        whose=whose,
        sender=message["From"].addresses[0].addr_spec,
        to=to,
        encrypted=encrypted,
    )
    arrival = diagnosis.arrival_hints(sender, way.server, is_own=way.is_own)
    more = tuple(one for one in diagnosis.sender_hints(sender, way.server) if one not in arrival)
    return MailTestResult(True, "mail_accepted", text, arrival, more)
