"""Use case: send one test mail and say in plain words what came of it."""

from dataclasses import dataclass

from worker.errors import FacturelayError
from worker.mail import customer_mail, diagnosis
from worker.net.email_address import ADDRESS
from worker.sending.steps import hand_over, new_message_id, writing
from worker.services import Services
from worker.store import shops


@dataclass(frozen=True)
class Tried:
    """*taken*: a server accepted the mail. *sentence* says what happened, *hints* what it means and what to do."""

    taken: bool
    code: str
    sentence: str
    hints: tuple[str, ...]


def try_mail(services: Services, shop_id: str, *, to: str = "") -> Tried:
    """Send a test mail to *to*, or to the shop's own address. Raises Rejected when there is no such shop."""
    with services.store.read() as connection:
        connected = shops.connected(connection, services.vault, shop_id)
    shop = writing(services, connected.shop)
    try:
        sender = customer_mail.own_address(shop)
        to = to or sender
        if not ADDRESS.fullmatch(to):
            return Tried(False, "mail_no_address", f"“{to}” is not a mail address.", ())
        message = customer_mail.compose_test(shop, to=to, message_id=new_message_id(services.settings.public_url))
        way = hand_over(services, connected, message, recipients=(to,))
    except FacturelayError as error:
        return Tried(False, error.code, error.sentence, diagnosis.hints(error.code))
    whose = "the shop's own server" if way.is_own else "the operator's server"
    encrypted = (
        "unencrypted" if way.server.scheme == "smtp" else "over an encrypted connection whose certificate is valid"
    )
    signed_in = f", signed in as {way.server.username}" if way.server.username else ""
    sentence = f"{way.server.host} ({whose}) took the mail from {sender} to {to}, {encrypted}{signed_in}."
    return Tried(True, "mail_taken", sentence, diagnosis.about_sender(sender, way.server))
