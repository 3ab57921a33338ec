"""Mails to the owner of a shop: what needs him now, and once a day the state of everything."""

from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage

from worker.domain.shop import Shop
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.mail.mail_views import one_line
from worker.message import Message

MAX_MESSAGES = 20


@dataclass(frozen=True)
class Digest:
    """The state of a shop on *day*. The lists hold messages, *term* that of invoices whose last legal day is near; *register_head* is the end of the register's chain."""

    day: date
    issued: int
    mailed: int
    waiting: int
    drafts: int
    failed: tuple[Message, ...]
    alerts: tuple[Message, ...]
    repaired: tuple[Message, ...]
    term: tuple[Message, ...]
    register_head: str


@dataclass(frozen=True)
class Envelope:
    """From whom, to whom and under which Message-ID a mail to an owner goes."""

    sender: str
    to: str
    message_id: str


def compose_alert(shop: Shop, messages: tuple[Message, ...], envelope: Envelope) -> EmailMessage:
    """What needs a person now."""
    _ = Translator(shop.language).gettext
    text = [
        _("This needs you at {shop}:", shop=shop.name),
        bullet_list(shop, messages),
        _("You hear of each thing once, and of all that is still open in the summary of each morning."),
    ]
    subject = _("{shop}: something needs you", shop=shop.name)
    return build_message(shop, subject, text, envelope)


def compose_digest(shop: Shop, digest: Digest, envelope: Envelope) -> EmailMessage:
    """The summary of a day, with the head of the register as an anchor outside the database."""
    translator = Translator(shop.language)
    _ = translator.gettext
    text = [
        _(
            "Documents issued since the last summary: {count}. Mails sent: {mailed}.",
            count=digest.issued,
            mailed=digest.mailed,
        ),
        _("Waiting now: {count}. Drafts that wait for you: {drafts}.", count=digest.waiting, drafts=digest.drafts),
    ]
    sections = (
        (_("This needs you:"), digest.alerts),
        (_("This failed, and is not tried again until you ask for it:"), digest.failed),
        (_("These invoices are soon due by law:"), digest.term),
        (_("This was repaired:"), digest.repaired),
    )
    for title, messages in sections:
        if messages:
            text.append(f"{title}\n{bullet_list(shop, messages)}")
    if digest.register_head:
        text.append(
            _(
                "The register of your documents ends with {head}. Keep this mail: it shows later that nothing was changed.",
                head=digest.register_head,
            )
        )
    subject = _("{shop}: your documents, {date}", shop=shop.name, date=translator.date(digest.day))
    return build_message(shop, subject, text, envelope)


def bullet_list(shop: Shop, messages: tuple[Message, ...]) -> str:
    """In the shop's language, and at most so many that the mail is still read."""
    translator = Translator(shop.language)
    lines = [one_line(translate(message, translator, zone=shop.zoneinfo)) for message in messages[:MAX_MESSAGES]]
    more = [f"… + {len(messages) - MAX_MESSAGES}"] if len(messages) > MAX_MESSAGES else []
    return "\n".join(f"- {line}" for line in (*lines, *more))


def build_message(shop: Shop, subject: str, text: list[str], envelope: Envelope) -> EmailMessage:
    message = EmailMessage()
    message["From"] = Address("Facturelay", addr_spec=envelope.sender)
    message["To"] = Address("", addr_spec=envelope.to)
    message["Message-ID"] = envelope.message_id
    message["Subject"] = one_line(subject)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = Translator(shop.language).language
    message.set_content("\n\n".join(text) + "\n")
    return message
