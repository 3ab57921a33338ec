"""Mails to the owner of a shop: what needs him now, and once a day the state of everything. HTML and text, in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage

from worker.domain.shop import Shop
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.mail.customer_mail import render
from worker.mail.mail_views import MailView, one_line
from worker.mail.mime import new_mail
from worker.mail.notice_mail import NoticeLine
from worker.message import Message

MAX_LINES = 20


@dataclass(frozen=True)
class Digest:
    """The state of a shop on *day*. *needs* are the reasons that a person must see to, *failed* and the other lists messages, *term* that of
    invoices whose last legal day is near; *register_head* is the end of the register's chain.
    """

    day: date
    issued: int
    mailed: int
    waiting: int
    drafts: int
    needs: tuple[NoticeLine, ...]
    failed: tuple[Message, ...]
    repaired: tuple[Message, ...]
    term: tuple[Message, ...]
    register_head: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened and nothing is open."""
        counts = (self.issued, self.waiting, self.drafts)
        return not any((*counts, self.needs, self.failed, self.repaired, self.term))


@dataclass(frozen=True)
class Envelope:
    """From whom, to whom, in which language and under which Message-ID a mail to an owner goes."""

    sender: str
    to: str
    message_id: str
    language: str


@dataclass(frozen=True)
class WrittenLine:
    """A line as the reader sees it."""

    text: str
    count: int = 0
    label: str = ""
    url: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[WrittenLine, ...] = ()


@dataclass(frozen=True)
class NoticeMail(MailView):
    sections: tuple[Section, ...]
    paragraphs: tuple[str, ...]

    @property
    def preview(self) -> str:
        return next((line.text for section in self.sections for line in section.lines), self.sections[0].title)


def compose_alert(shop: Shop, lines: Sequence[NoticeLine], envelope: Envelope) -> EmailMessage:
    """What needs a person now."""
    translator = Translator(envelope.language)
    _ = translator.gettext
    title = _("This needs you at {shop}:", shop=shop.name)
    told = _("You hear of each thing once, and of all that is still open in the summary of each morning.")
    mail = NoticeMail(shop, translator, (Section(title, written(lines, translator, shop)),), (told,))
    return build_message(mail, _("{shop}: something needs you", shop=shop.name), envelope)


def compose_digest(shop: Shop, digest: Digest, envelope: Envelope) -> EmailMessage:
    """The summary of a day, with the head of the register as an anchor outside the database."""
    translator = Translator(envelope.language)
    _ = translator.gettext

    def counted(number: int) -> str:
        return translator.quantity(Decimal(number))

    counts = (
        _(
            "Documents issued since the last summary: {count}. Mails sent: {mailed}.",
            count=counted(digest.issued),
            mailed=counted(digest.mailed),
        ),
        _(
            "Waiting now: {count}. Drafts that wait for you: {drafts}.",
            count=counted(digest.waiting),
            drafts=counted(digest.drafts),
        ),
    )
    sections = (
        (_("This needs you:"), digest.needs),
        (_("This failed, and is not tried again until you ask for it:"), plain(digest.failed)),
        (_("These invoices are soon due by law:"), plain(digest.term)),
        (_("This was repaired:"), plain(digest.repaired)),
    )
    paragraphs = []
    if digest.register_head:
        paragraphs.append(
            _(
                "The register of your documents ends with {head}. Keep this mail: it shows later that nothing was changed.",
                head=digest.register_head,
            )
        )
    filled = (Section(title, written(lines, translator, shop)) for title, lines in sections if lines)
    mail = NoticeMail(shop, translator, (*map(Section, counts), *filled), tuple(paragraphs))
    subject = _("{shop}: your documents, {date}", shop=shop.name, date=translator.date(digest.day))
    return build_message(mail, subject, envelope)


def plain(messages: tuple[Message, ...]) -> tuple[NoticeLine, ...]:
    return tuple(map(NoticeLine, messages))


def written(lines: Sequence[NoticeLine], translator: Translator, shop: Shop) -> tuple[WrittenLine, ...]:
    """In the reader's language, and at most so many that the mail is still read."""

    def said(message: Message) -> str:
        return one_line(translate(message, translator, zone=shop.zoneinfo))

    found = tuple(
        WrittenLine(said(one.message), one.count, said(one.label), one.url, tuple(map(said, one.examples)))
        for one in lines[:MAX_LINES]
    )
    return (*found, *((WrittenLine(f"… + {len(lines) - MAX_LINES}"),) if len(lines) > MAX_LINES else ()))


def build_message(mail: NoticeMail, subject: str, envelope: Envelope) -> EmailMessage:
    message = new_mail()
    message["From"] = Address("Facturelay", addr_spec=envelope.sender)
    message["To"] = Address("", addr_spec=envelope.to)
    message["Message-ID"] = envelope.message_id
    message["Subject"] = one_line(subject)
    message["Auto-Submitted"] = "auto-generated"
    context = {"mail": mail, "seller": mail.shop.seller, "subject": one_line(subject)}
    message.set_content(render("notice.txt", mail, context).rstrip() + "\n")
    message.add_alternative(render("notice.html", mail, context), subtype="html")
    message["Content-Language"] = mail.translator.language
    return message
