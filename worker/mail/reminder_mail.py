"""What a reminder says: of open invoices, and of orders that wait for a transfer without one.

What a consumer's formal reminder says is fixed by art. XIX.2 §3 of the Code of Economic Law.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage

import segno

from worker.domain.document import ASKING, Document
from worker.domain.late_costs import is_business
from worker.domain.money import ZERO, total_of
from worker.domain.online_payment import is_offered
from worker.domain.reminder import DAYS_TO_PAY, ReminderKind, pay_by
from worker.domain.shop import Shop
from worker.domain.transfer_code import transfer_code
from worker.i18n import Translator, title
from worker.i18n.formats import format_enterprise_number, format_reference
from worker.mail.customer_mail import attach_pdfs, new_message, put_copies, recipients, render
from worker.mail.mail_views import MailView, one_line
from worker.store.reminders import StoredReminder

QR_CID = "transfer"
# A consumer is told what he bought; of a long order the first lines.
MOST_NAMED, LONGEST_NAME = 5, 80


@dataclass(frozen=True)
class ReminderView:
    """A reminder of *document*, whose page is behind *link*, and the *formal* one before it, where one left.

    *last_day*: the last on which an order can be paid that is then cancelled by itself.
    """

    document: Document
    link: str
    reminder: StoredReminder
    formal: StoredReminder | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class ReminderMail(MailView):
    """What the templates see: one document, or (*together*) several of one buyer, of which this is the first."""

    view: ReminderView
    together: tuple[ReminderView, ...] = ()
    place: int = 0

    @property
    def each(self) -> tuple["ReminderMail", ...]:
        """Every document of the mail, as if it were alone."""
        views = enumerate(self.together or (self.view,))
        return tuple(ReminderMail(self.shop, self.translator, view, place=place) for place, view in views)

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
    def order(self) -> str:
        return self.document.draft.order_number

    @property
    def is_order(self) -> bool:
        """Whether there is no invoice yet: its buyer knows the order, and owes nothing while it is not delivered."""
        return self.document.draft.kind in ASKING

    @property
    def is_due(self) -> bool:
        payment = self.document.draft.payment
        return bool(payment and payment.due_on and payment.due_on < self.reminder.sent_on)

    @property
    def asked(self) -> Decimal:
        """What is open, with what is asked besides."""
        return total_of(view.reminder.open + view.reminder.costs.total for view in self.together or (self.view,))

    def money(self, amount: Decimal) -> str:
        return self.translator.amount(amount, self.reminder.currency)

    @property
    def due(self) -> str:
        payment = self.document.draft.payment
        return self.translator.date(payment.due_on) if payment and payment.due_on else ""

    @property
    def named(self) -> str:
        """The numbers of all its documents, of many the first."""
        numbers = [view.document.number for view in self.together]
        return some_of(numbers, self.translator)

    @property
    def subject(self) -> str:
        _ = self.translator.gettext
        if self.together:
            return _("Still to be paid: {numbers}", numbers=self.named)
        match self.reminder.kind:
            case ReminderKind.BEFORE_DUE | ReminderKind.FRIENDLY if self.is_order:
                if self.is_due:
                    return _("Is order {order} still to be paid?", order=self.order)
                return _("Order {order} is to be paid by {date}", order=self.order, date=self.due)
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
        said = of_several(self) if self.together else SAID[self.reminder.kind](self)
        return (hello, *(text for text in said if text))

    @property
    def facts(self) -> tuple[str, ...]:
        """What stands below the name of one of several documents."""
        _, payment = self.translator.gettext, self.document.draft.payment
        said = [] if self.number == self.order else [_("Order {number}", number=self.order)]
        said += [_("to be paid by {date}", date=self.due)] if self.due else []
        if payment and payment.reference:
            said.append(_("communication {reference}", reference=format_reference(payment.reference)))
        return tuple(said)

    @property
    def cancelled(self) -> str:
        """On which day an order is cancelled that is not paid until then; empty where nobody does so."""
        if self.view.last_day is None:
            return ""
        return self.translator.gettext(
            "Order {order} will be cancelled on {date} if it is not paid before that day. Do you no longer want it? Then you need not do anything.",
            order=self.order,
            date=self.translator.date(self.view.last_day + timedelta(days=1)),
        )

    @property
    def closing(self) -> str:
        if self.reminder.kind in (ReminderKind.BEFORE_DUE, ReminderKind.FRIENDLY):
            return self.translator.gettext(
                "Have you paid already? Then you need not do anything, and thank you. Is something wrong, or would you rather not be reminded? Answer this mail."
            )
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
        name, number = seller.full_name, format_enterprise_number(known)
        return self.translator.gettext("{seller}, enterprise number {number}.", seller=name, number=number)

    @property
    def terms(self) -> str:
        """The clause by which something is asked or announced besides."""
        announced = self.reminder.announced.costs + self.reminder.announced.percent
        asked = self.reminder.costs.total if not is_business(self.document.draft) else ZERO
        return one_line(self.shop.reminders.terms) if announced + asked else ""

    @property
    def code(self) -> str:
        """The text of the QR code; empty where none can be, as for several documents: each is paid under its own reference."""
        return "" if self.together else transfer_code(self.document.draft, self.asked)

    @property
    def code_cid(self) -> str:
        return f"{QR_CID}{self.place or ''}" if self.code else ""

    @property
    def pays_online(self) -> bool:
        """On our own page, which asks what is open; not where more than that is asked."""
        wanted = self.shop.mollie.on_reminders and is_offered(self.document.draft, self.shop)
        return wanted and not self.reminder.costs.total

    @property
    def button(self) -> tuple[str, str]:
        says = self.translator.gettext("Pay online") if self.pays_online else self.translator.gettext("View it online")
        return says, self.view.link


def kindly(mail: ReminderMail) -> tuple[str, ...]:
    """What is said before the due date, and first after it."""
    _ = mail.translator.gettext
    values = {"number": mail.number, "order": mail.order, "date": mail.due, "open": mail.money(mail.reminder.open)}
    if mail.is_order and mail.is_due:
        said = _(
            "Your order {order} was to be paid by {date}, and {open} of it is still open. Perhaps it escaped your attention. Will you pay it in the coming days?",
            **values,
        )
    elif mail.is_order:
        said = _("Your order {order} is to be paid by {date}. Of it {open} is still open.", **values)
    elif mail.reminder.kind is ReminderKind.BEFORE_DUE:
        said = _(
            "Invoice {number} for your order {order} is to be paid by {date}. Of it {open} is still open.", **values
        )
    else:
        said = _(
            "Invoice {number} for your order {order} was to be paid by {date}, and {open} of it is still open. Perhaps it escaped your attention. Will you pay it in the coming days?",
            **values,
        )
    return said, mail.cancelled


def of_several(mail: ReminderMail) -> tuple[str, ...]:
    _ = mail.translator.gettext
    return (
        _("{open} is still open with us. Perhaps it escaped your attention.", open=mail.money(mail.asked))
        if any(one.is_due for one in mail.each)
        else _("{open} is soon to be paid to us.", open=mail.money(mail.asked)),
        _("Please pay each amount with its own communication, so that we know at once what you paid."),
        *(one.cancelled for one in mail.each),
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
    ReminderKind.BEFORE_DUE: kindly,
    ReminderKind.FRIENDLY: kindly,
    ReminderKind.FORMAL: formal,
    ReminderKind.LAST: last,
}


def bought(mail: ReminderMail) -> str:
    """What the debt is for, in the words of the invoice (art. XIX.2 §3 3°)."""
    names = [one_line(line.description)[:LONGEST_NAME] for line in mail.document.draft.lines if line.is_product]
    return some_of(names, mail.translator) or mail.name


def some_of(names: Sequence[str], translator: Translator) -> str:
    """All of *names*, of many the first."""
    named, more = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    return named if more <= 0 else translator.gettext("{names} and {count} more", names=named, count=str(more))


def compose(shop: Shop, views: Sequence[ReminderView], pdfs: Sequence[bytes], *, message_id: str) -> EmailMessage:
    """Write the reminder of some documents of one buyer, in the language of the first, with all of them attached (*pdfs*).

    Raises `Rejected` where an address is missing or invalid.
    """
    document, draft = views[0].document, views[0].document.draft
    translator = Translator(draft.mail_language)
    mail = ReminderMail(shop, translator, views[0], tuple(views) if len(views) > 1 else ())
    message = new_message(shop, draft.buyer, recipients(shop, document)[0], message_id=message_id)
    put_copies(message, shop, document)
    subject = one_line(mail.subject)
    message["Subject"] = subject
    context = {"mail": mail, "draft": draft, "seller": draft.seller, "subject": subject}
    message.set_content(render("reminder.txt", mail, context))
    message.add_alternative(render("reminder.html", mail, context), subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]  # of a message with alternatives it is a list
    for one in mail.each:
        if one.code:
            html.add_related(picture_of(one.code), maintype="image", subtype="png", cid=f"<{one.code_cid}>")  # type: ignore[union-attr]
    attach_pdfs(message, zip((view.document for view in views), pdfs, strict=True))
    message["Content-Language"] = translator.language  # last: adding parts moves every Content- header into the first
    return message


def picture_of(text: str) -> bytes:
    """A QR code as a PNG, black on white, at the error level of the guideline (EPC069-12)."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(drawn, kind="png", scale=5, border=4, light="#fff")
    return drawn.getvalue()
