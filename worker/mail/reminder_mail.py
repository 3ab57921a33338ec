"""What a reminder of an open invoice says. That of a consumer's formal reminder is fixed by art. XIX.2 §3 of the Code of Economic Law."""

import io
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage

import segno

from worker.domain.document import Document
from worker.domain.late_costs import is_business
from worker.domain.money import ZERO
from worker.domain.online_payment import is_offered
from worker.domain.reminder import DAYS_TO_PAY, ReminderKind, pay_by
from worker.domain.shop import Shop
from worker.domain.transfer_code import transfer_code
from worker.i18n import Translator, title, titled_file_stem
from worker.i18n.formats import format_enterprise_number
from worker.mail.customer_mail import new_message, put_copies, recipients, render
from worker.mail.mail_views import MailView, one_line
from worker.store.reminders import StoredReminder

QR_CID = "transfer"
# A consumer is told what he bought; of a long order the first lines.
MOST_NAMED, LONGEST_NAME = 5, 80


@dataclass(frozen=True)
class ReminderView:
    """A reminder of *document*, whose page is behind *link*, and the *formal* one before it, where one left."""

    document: Document
    link: str
    reminder: StoredReminder
    formal: StoredReminder | None = None


@dataclass(frozen=True)
class ReminderMail(MailView):
    """What the templates see."""

    view: ReminderView

    @property
    def document(self) -> Document:
        return self.view.document

    @property
    def reminder(self) -> StoredReminder:
        return self.view.reminder

    @property
    def name(self) -> str:
        return f"{title(self.document.draft.kind, self.translator)} {self.document.number}"

    @property
    def number(self) -> str:
        return self.document.number

    @property
    def asked(self) -> Decimal:
        """What is open, with what is asked besides."""
        return self.reminder.open + self.reminder.costs.total

    def money(self, amount: Decimal) -> str:
        return self.translator.amount(amount, self.reminder.currency)

    @property
    def due(self) -> str:
        payment = self.document.draft.payment
        return self.translator.date(payment.due_on) if payment and payment.due_on else ""

    @property
    def subject(self) -> str:
        _ = self.translator.gettext
        match self.reminder.kind:
            case ReminderKind.BEFORE_DUE:
                return _("Invoice {number} is to be paid by {date}", number=self.number, date=self.due)
            case ReminderKind.FRIENDLY:
                return _("Is invoice {number} still to be paid?", number=self.number)
            case ReminderKind.FORMAL:
                return _("Reminder: invoice {number} is not paid", number=self.number)
            case ReminderKind.LAST:
                return _("Last reminder: invoice {number} is not paid", number=self.number)

    @property
    def paragraphs(self) -> tuple[str, ...]:
        buyer = one_line(self.document.draft.buyer.name)
        hello = self.translator.gettext("Hello {name},", name=buyer) if buyer else self.translator.gettext("Hello,")
        return (hello, *(text for text in SAID[self.reminder.kind](self) if text))

    @property
    def closing(self) -> str:
        if self.reminder.kind in (ReminderKind.BEFORE_DUE, ReminderKind.FRIENDLY):
            return self.translator.gettext("Have you paid already? Then you need not do anything, and thank you.")
        return self.translator.gettext(
            "Have you paid already, or is something wrong with the order or the amount? Answer this mail, and we look at it together."
        )

    @property
    def creditor(self) -> str:
        """The creditor's name and enterprise number (art. XIX.2 §3 2°); empty on a mail that is no formal one."""
        seller = self.document.draft.seller
        known = seller.enterprise_number or seller.vat_number.removeprefix("BE")
        if self.reminder.kind not in (ReminderKind.FORMAL, ReminderKind.LAST) or not known:
            return ""
        name, number = f"{seller.name} {seller.legal_form}".strip(), format_enterprise_number(known)
        return self.translator.gettext("{seller}, enterprise number {number}.", seller=name, number=number)

    @property
    def terms(self) -> str:
        """The clause by which something is asked or announced besides."""
        announced = self.reminder.announced.costs + self.reminder.announced.percent
        asked = self.reminder.costs.total if not is_business(self.document.draft) else ZERO
        return one_line(self.shop.reminders.terms) if announced + asked else ""

    @property
    def code(self) -> str:
        """The text of the QR code; empty where none can be."""
        return transfer_code(self.document.draft, self.asked)

    @property
    def code_cid(self) -> str:
        return QR_CID if self.code else ""

    @property
    def pays_online(self) -> bool:
        """On our own page, which asks what is open; not where more than that is asked."""
        wanted = self.shop.mollie.on_reminders and is_offered(self.document.draft, self.shop)
        return wanted and not self.reminder.costs.total

    @property
    def button(self) -> tuple[str, str]:
        says = self.translator.gettext("Pay online") if self.pays_online else self.translator.gettext("View it online")
        return says, self.view.link


def before_due(mail: ReminderMail) -> tuple[str, ...]:
    return (
        mail.translator.gettext(
            "Invoice {number} for your order {order} is to be paid by {date}. Of it {open} is still open.",
            number=mail.number,
            order=mail.document.draft.order_number,
            date=mail.due,
            open=mail.money(mail.reminder.open),
        ),
    )


def friendly(mail: ReminderMail) -> tuple[str, ...]:
    return (
        mail.translator.gettext(
            "Invoice {number} for your order {order} was to be paid by {date}, and {open} of it is still open. Perhaps it escaped your attention. Will you pay it in the coming days?",
            number=mail.number,
            order=mail.document.draft.order_number,
            date=mail.due,
            open=mail.money(mail.reminder.open),
        ),
    )


def formal(mail: ReminderMail) -> tuple[str, ...]:
    return of_business(mail) if is_business(mail.document.draft) else of_consumer(mail)


def of_consumer(mail: ReminderMail) -> tuple[str, ...]:
    _, draft = mail.translator.gettext, mail.document.draft
    return (
        _(
            "For {what} (your order {order} of {ordered_on}, invoice {number}), {open} is still open. It was due on {date}.",
            what=bought(mail),
            order=draft.order_number,
            ordered_on=mail.translator.date(draft.ordered_on),
            number=mail.number,
            open=mail.money(mail.reminder.open),
            date=mail.due,
        ),
        _(
            "Please pay within {days} calendar days, counted from the day after this mail: by {date} at the latest. This reminder is free of charge.",
            days=str(DAYS_TO_PAY),
            date=mail.translator.date(pay_by(mail.reminder.sent_on)),
        ),
        announced_of(mail),
    )


def announced_of(mail: ReminderMail) -> str:
    """What is asked of a consumer who lets the days pass (art. XIX.2 §3 1°)."""
    _, announced = mail.translator.gettext, mail.reminder.announced
    costs, percent = mail.money(announced.costs), mail.translator.percent(announced.percent)
    if announced.costs and announced.percent:
        return _(
            "If you do not, we claim under our terms a compensation of {costs}, and interest at {percent} a year on what is still open.",
            costs=costs,
            percent=percent,
        )
    if announced.costs:
        return _("If you do not, we claim under our terms a compensation of {costs}.", costs=costs)
    if announced.percent:
        return _(
            "If you do not, we claim under our terms interest at {percent} a year on what is still open.",
            percent=percent,
        )
    return ""


def of_business(mail: ReminderMail) -> tuple[str, ...]:
    _ = mail.translator.gettext
    return (
        _(
            "Invoice {number} for your order {order} was due on {date}, and {open} of it is still open.",
            number=mail.number,
            order=mail.document.draft.order_number,
            date=mail.due,
            open=mail.money(mail.reminder.open),
        ),
        by_law_of_2002(mail),
        _(
            "Please pay {amount} by {date} at the latest.",
            amount=mail.money(mail.asked),
            date=mail.translator.date(pay_by(mail.reminder.sent_on)),
        ),
    )


def by_law_of_2002(mail: ReminderMail) -> str:
    """What a business owes besides, of right and without notice."""
    _, costs = mail.translator.gettext, mail.reminder.costs
    if costs.costs and costs.interest:
        return _(
            "The law of 2 August 2002 on late payment in commercial transactions adds a flat compensation of {costs}, and interest, which is {interest} up to today.",
            costs=mail.money(costs.costs),
            interest=mail.money(costs.interest),
        )
    if costs.costs:
        return _(
            "The law of 2 August 2002 on late payment in commercial transactions adds a flat compensation of {costs}.",
            costs=mail.money(costs.costs),
        )
    if costs.interest:
        return _(
            "The law of 2 August 2002 on late payment in commercial transactions adds interest, which is {interest} up to today.",
            interest=mail.money(costs.interest),
        )
    return ""


def last(mail: ReminderMail) -> tuple[str, ...]:
    _, costs = mail.translator.gettext, mail.reminder.costs
    formal_on = mail.view.formal.sent_on if mail.view.formal else mail.reminder.sent_on
    business = is_business(mail.document.draft)
    return (
        _(
            "On {day} we reminded you of invoice {number} for your order {order}. Its term is over, and {open} of it is still open.",
            day=mail.translator.date(formal_on),
            number=mail.number,
            order=mail.document.draft.order_number,
            open=mail.money(mail.reminder.open),
        ),
        by_law_of_2002(mail)
        if business
        else _("We now claim what our terms provide and we told you then.")
        if costs.total
        else "",
        _("Please pay {amount} now.", amount=mail.money(mail.asked)),
    )


SAID = {
    ReminderKind.BEFORE_DUE: before_due,
    ReminderKind.FRIENDLY: friendly,
    ReminderKind.FORMAL: formal,
    ReminderKind.LAST: last,
}


def bought(mail: ReminderMail) -> str:
    """What the debt is for, in the words of the invoice (art. XIX.2 §3 3°)."""
    names = [one_line(line.description)[:LONGEST_NAME] for line in mail.document.draft.lines if line.is_product]
    named = ", ".join(names[:MOST_NAMED]) or mail.name
    more = len(names) - MOST_NAMED
    return named if more <= 0 else mail.translator.gettext("{names} and {count} more", names=named, count=str(more))


def compose(shop: Shop, view: ReminderView, pdf: bytes, *, message_id: str) -> EmailMessage:
    """Write the reminder, in the language of its customer, with the invoice attached. Raises `Rejected` where an address is missing or invalid."""
    document, draft = view.document, view.document.draft
    translator = Translator(draft.mail_language)
    mail = ReminderMail(shop, translator, view)
    message = new_message(shop, draft.buyer, recipients(shop, document)[0], message_id=message_id)
    put_copies(message, shop, document)
    subject = one_line(mail.subject)
    message["Subject"] = subject
    context = {"mail": mail, "draft": draft, "seller": draft.seller, "subject": subject}
    message.set_content(render("reminder.txt", mail, context))
    message.add_alternative(render("reminder.html", mail, context), subtype="html")
    if mail.code:
        html = message.get_payload()[1]  # type: ignore[index]  # of a message with alternatives it is a list
        html.add_related(picture_of(mail.code), maintype="image", subtype="png", cid=f"<{QR_CID}>")  # type: ignore[union-attr]
    words = Translator(draft.language)
    name = f"{titled_file_stem(draft.kind, document.number, words)}.pdf"
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    message["Content-Language"] = translator.language  # last: adding parts moves every Content- header into the first
    return message


def picture_of(text: str) -> bytes:
    """A QR code as a PNG, black on white, at the error level of the guideline (EPC069-12)."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(drawn, kind="png", scale=5, border=4, light="#fff")
    return drawn.getvalue()
