"""Step: mail the documents of one mail group to the customer."""

from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlsplit

from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.mail import customer_mail, server_choice, smtp
from worker.mail.customer_mail import Ways
from worker.mail.server_choice import ChosenServer
from worker.plugin import sync
from worker.sending import NotNeeded, peppol_mail
from worker.sending.customer_link import link_of
from worker.sending.pdf import document_with_pdf
from worker.services import Services
from worker.shops import branding
from worker.store import documents, jobs
from worker.store.roads import RoadKind
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps


def send(services: Services, leased: LeasedSteps) -> str:
    """Mail the documents of one mail group together. Returns the Message-ID, which a repeat carries again."""
    connected = services.connected(leased.steps[0].shop_id)
    try:
        by_peppol = peppol_mail.addresses_by_peppol(services, connected.shop, leased)
    except NotNeeded:
        # The shop held its own mail back for ours.
        sync.report_mail_sent(services, leased, documents_of(services, leased), mailed=False)
        raise
    documents_with_pdfs = tuple(document_with_pdf(services, step.document_id) for step in leased.steps)
    shop = with_sender(services, connected.shop)
    message_id = leased.steps[0].detail or new_message_id(services.settings.public_url)
    with services.store.write() as connection:
        # Before the server hears of it: after a crash the same mail goes out under the same id.
        jobs.save_detail(connection, leased.lease, message_id)
    message = customer_mail.compose(
        shop,
        documents_with_pdfs,
        ways=Ways(lambda document: link_of(services, document), by_peppol),
        message_id=message_id,
        attachments=branding.attachments_of(services, shop),
    )
    mailed_documents = [document for document, _ in documents_with_pdfs]
    shop_mailed_first = sync.take_over_mail(services, leased, mailed_documents)
    if shop_mailed_first:
        raise NotNeeded(shop_mailed_first)
    try:
        send_mail(services, connected, message, recipients=customer_mail.recipients(shop, documents_with_pdfs[0][0]))
    except Rejected:
        sync.report_mail_sent(services, leased, mailed_documents, mailed=False)
        raise
    sync.report_mail_sent(services, leased, mailed_documents, mailed=True)
    return message_id


def documents_of(services: Services, leased: LeasedSteps) -> list[Document]:
    with services.store.read() as connection:
        return [documents.get(connection, step.document_id) for step in leased.steps]


def with_sender(services: Services, shop: Shop) -> Shop:
    """*shop* as it writes: from its own address, else from the operator's."""
    return replace(shop, mail=replace(shop.mail, sender=shop.mail.sender or services.settings.mail_from))


def send_mail(
    services: Services, connected: ConnectedShop, message: EmailMessage, *, recipients: Sequence[str]
) -> ChosenServer:
    """Give *message* to the shop's own mail server, else to the operator's. Returns the way it went."""
    with services.over(connected.shop.shop_id, RoadKind.MAIL):
        way = server_choice.choose_server(
            connected.secrets.smtp_url, services.settings.smtp_url, allow_private=services.settings.allow_private_shops
        )
        smtp.send(message, smtp_url=way.smtp_url, recipients=recipients, connect_to=way.connect_to)
    return way


def new_message_id(public_url: str) -> str:
    return make_msgid(domain=urlsplit(public_url).hostname or "localhost")
