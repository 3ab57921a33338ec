"""Step: mail the documents of one mail group to the customer."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection

from worker import branding
from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.domain.step import MAIL_UNSURE
from worker.errors import FacturelayError, Rejected, TakesLong, Unavailable
from worker.mail import customer_mail, server_choice, smtp
from worker.mail.customer_mail import Ways
from worker.mail.server_choice import ChosenServer
from worker.message import Message
from worker.net.talk import talk
from worker.plugin import sync
from worker.sending import Done, NotNeeded, peppol_mail
from worker.sending.customer_link import link_of
from worker.sending.pdf import pdf_of
from worker.services import Services
from worker.store import audit_trail, document_files, documents, jobs, senders, shops, transmissions, users
from worker.store.audit_trail import AuditEntry
from worker.store.queries import document_money
from worker.store.roads import SERVER_REFUSES, SHARED_MAIL, Road, RoadKind
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps

MAIL_LIMIT = "mail_limit"


def send(services: Services, leased: LeasedSteps) -> Done:
    """Mail the documents of one mail group together. What to remember is the Message-ID, which a repeat carries again."""
    try:
        with services.store.read() as connection:
            connected = shops.get(connection, services.encryption, leased.steps[0].shop_id)
            mailed = [documents.get(connection, step.document_id) for step in leased.steps]
            shops_mail = sync.shops_mail_of(connection, services, leased, mailed)
            by_peppol = peppol_mail.ways_by_peppol(connection, connected.shop, leased, mailed, now=services.now())
            outbox = outbox_of(connection, services, connected, is_test=mailed[0].draft.test)
            said = [
                addressed_to(money.now, step.mail_to)
                for money, step in zip(document_money.of_documents(connection, mailed), leased.steps, strict=True)
            ]
            stored = [document_files.file_of(connection, one.document_id, "pdf") for one in mailed]
            links = {one.document_id: link_of(connection, services, one) for one in mailed}
    except NotNeeded:
        # The shop held its own mail back for ours.
        sync.report_mail_sent(services, shops_mail, mailed=False)
        raise
    pdfs = [pdf_of(services, document, file) for document, file in zip(mailed, stored, strict=True)]
    message_id = message_id_of(services, leased)
    message = customer_mail.compose(
        outbox.shop,
        tuple(zip(said, pdfs, strict=True)),
        ways=Ways(lambda document: links[document.document_id], by_peppol),
        message_id=message_id,
        attachments=branding.attachments_of(services, outbox.shop),
    )

    def begin(connection: Connection) -> None:
        begin_mail(connection, leased, message_id, now=services.now())
        if by_peppol:
            transmissions.mark_told(connection, by_peppol, now=services.now())

    try:
        # The shop counts from its answer, and sends its own mail when ours took too long.
        with talk(sync.TAKEN_OVER_S, most_bytes=sys.maxsize):
            shop_mails = sync.take_over_mail(services, shops_mail)
            if shop_mails:
                raise NotNeeded(shop_mails)
            recipients = customer_mail.recipients(outbox.shop, said[0])
            send_mail(services, outbox, message, recipients=recipients, begin=begin)
    except Rejected:
        sync.report_mail_sent(services, shops_mail, mailed=False)
        raise
    return Done(message_id, partial(sync.report_mail_sent, services, shops_mail, mailed=True))


def addressed_to(document: Document, to: str) -> Document:
    """*document* as it is mailed to another address than the one on it, where there is one."""
    draft = document.draft
    return replace(document, draft=replace(draft, buyer=replace(draft.buyer, email=to))) if to else document


def message_id_of(services: Services, leased: LeasedSteps) -> str:
    """That of the last try, which may have arrived, so that mailboxes know the mail again; a new one for a first."""
    return leased.steps[0].detail or new_message_id(services.settings.public_url)


def new_message_id(public_url: str) -> str:
    return make_msgid(domain=urlsplit(public_url).hostname or "localhost")


def begin_mail(connection: Connection, leased: LeasedSteps, message_id: str, *, now: datetime) -> None:
    """Write down that a mail may have left from now on, until it is done or the server says no, and where it may have left before.

    Raises Unavailable where another mails it.
    """
    if not jobs.begin(connection, leased.lease, code=MAIL_UNSURE, detail=message_id):
        raise Unavailable("It took longer than it may, and was broken off; it is tried again.", code="took_too_long")
    if leased.steps[0].code != MAIL_UNSURE:
        return
    for step in leased.steps:
        document = documents.get(connection, step.document_id)
        message = Message(
            "The mail with {number} may arrive twice: Facturelay stopped, or the connection broke, while the mail server was "
            "taking it. It is sent again, as the same mail, so that it surely arrives.",
            number=document.number,
        )
        order_id = document.draft.order_id
        entry = AuditEntry(step.shop_id, now, "worker", "mailed_again", message, order_id, step.document_id)
        audit_trail.add(connection, entry)


@dataclass(frozen=True)
class Allowance:
    """How many mails of a day (UTC) a shop may send by the operator's mail server: *most*, or as many as it likes where that is 0.
    *used*: how many were, when that was asked.
    """

    shop: Shop
    now: datetime
    most: int
    used: int = 0

    @property
    def day(self) -> date:
        return self.now.astimezone(UTC).date()

    def refuse_above(self, count: int) -> None:
        """Raises Unavailable for the mail that is one too many: it leaves tomorrow."""
        if not self.most or count <= self.most:
            return
        tomorrow = datetime.combine(self.day + timedelta(days=1), time(), UTC)
        raise Unavailable(
            "{name} has sent as many mails as it may on one day by this installation's mail server ({most}); the rest leaves "
            "tomorrow. A mail server of the shop's own has no such limit.",
            name=self.shop.name,
            most=self.most,
            code=MAIL_LIMIT,
            retry_after_s=int((tomorrow - self.now).total_seconds()) + 1,
        )


@dataclass(frozen=True)
class Outbox:
    """How the mails of *shop* leave, which has its sender in it: by its own server, or by the operator's, from the shop's own address
    where that *is_proved*, within an *allowance*.
    """

    shop: Shop
    smtp_url: str = field(default="", repr=False)
    allowance: Allowance | None = None
    is_proved: bool = True


def outbox_of(connection: Connection, services: Services, connected: ConnectedShop, *, is_test: bool = False) -> Outbox:
    """Raises Rejected where the shop has no address to write from."""
    settings, own_url = services.settings, connected.secrets.smtp_url
    shop = with_sender(connection, services, connected.shop, is_test=is_test)
    address = customer_mail.from_mailbox(shop).addr_spec
    if own_url or not settings.smtp_url:
        return Outbox(shop, own_url)
    allowance = Allowance(shop, services.now(), settings.mails_per_day)
    if allowance.most:
        allowance = replace(allowance, used=senders.mails_of(connection, shop.shop_id, day=allowance.day))
    is_proved = address == settings.mail_address or senders.is_proved(connection, shop.shop_id, address)
    return Outbox(shop, allowance=allowance, is_proved=is_proved)


def with_sender(connection: Connection, services: Services, shop: Shop, *, is_test: bool = False) -> Shop:
    """*shop* as it writes: from its own address, else from the operator's. What is a test goes back to that address: of a shop in test
    without one, and of a test document that it mails later, it is its owner's, never the operator's.
    """
    owner = users.owner(connection, shop.shop_id) if shop.test or is_test else ""
    sender = shop.writes_from(owner or services.settings.mail_from)
    return replace(shop, mail=replace(shop.mail, sender=sender))


def at_once(_connection: Connection) -> None:
    """Nothing is written down before the mail is given."""


def send_mail(
    services: Services,
    outbox: Outbox,
    message: EmailMessage,
    *,
    recipients: Sequence[str],
    begin: Callable[[Connection], None] = at_once,
) -> ChosenServer:
    """Give *message* to the shop's own mail server, else to the operator's. Returns the way it went.

    By the operator's it goes under an address that the shop has proved or under the operator's own, and only so many a day.
    *begin* writes down that it begins, when the server waits for the mail; until then it surely has not left.
    """
    shop_id, allowance = outbox.shop.shop_id, outbox.allowance
    if not outbox.is_proved:
        put_on_operators_sender(message, outbox.shop, services.settings.mail_address)
    if allowance:
        allowance.refuse_above(allowance.used + 1)
    begun = False

    def begin_counted() -> None:
        nonlocal begun
        with services.store.write() as connection:
            if allowance:
                allowance.refuse_above(senders.count_mail(connection, shop_id, day=allowance.day))
            begin(connection)
        begun = True

    try:
        return hand_over(services, outbox, message, recipients, begin_counted)
    except (FacturelayError, TakesLong):
        if begun and allowance:
            with services.store.write() as connection:
                senders.take_back(connection, shop_id, day=allowance.day)
        raise


def hand_over(
    services: Services, outbox: Outbox, message: EmailMessage, recipients: Sequence[str], begin: Callable[[], None]
) -> ChosenServer:
    """By the shop's own server, or by that which all shops share: then nobody else tries a server that one found silent."""
    is_own = bool(outbox.smtp_url)
    road = Road(outbox.shop.shop_id, RoadKind.MAIL) if is_own else SHARED_MAIL
    with services.roads.over(road, later=True), nullcontext() if is_own else waits_for_operator():
        way = server_choice.choose_server(
            outbox.smtp_url, services.settings.smtp_url, allow_private=services.settings.allow_private_shops
        )
        with smtp.ready(message, smtp_url=way.smtp_url, recipients=recipients, connect_to=way.connect_to) as give:
            begin()
            give()
    return way


@contextmanager
def waits_for_operator() -> Iterator[None]:
    """What is wrong with the server that shops share is put right by the operator, and fails no mail of theirs meanwhile."""
    try:
        yield
    except Rejected as error:
        if error.code in SERVER_REFUSES:
            raise Unavailable(error.message, code=error.code) from error
        raise


def put_on_operators_sender(message: EmailMessage, shop: Shop, operators: str) -> None:
    """Write the *operators* address in From in place of the shop's own; answers go to the shop.

    Raises Rejected where the operator has none.
    """
    before = message["From"].addresses[0]
    if not operators:
        raise Rejected(
            "{name} may not write from {address} by this mail server yet. Prove the address in the settings under Mail, or give "
            "the shop its own mail server.",
            name=shop.name,
            address=before.addr_spec,
            code="mail_sender_unproved",
        )
    if "Reply-To" not in message:
        message["Reply-To"] = before
    del message["From"]
    message["From"] = Address(before.display_name, addr_spec=operators)
