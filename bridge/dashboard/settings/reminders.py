"""When customers are reminded of what is open, and what is asked besides."""

from bridge.accounts.access import shop
from bridge.context import context
from bridge.dashboard.settings import fields
from bridge.dashboard.settings.fields import FieldGroup, FormField, Options, SettingsPage
from bridge.i18n.translate import _, format_amount
from worker.domain.late_costs import BUSINESS_COSTS, legal_interest
from worker.domain.reminder import DAYS_TO_PAY, Reminded


def page() -> SettingsPage:
    return SettingsPage(
        _("Reminders"),
        _(
            "Of an open invoice by bank transfer your customers are reminded by mail, with the invoice, what is open at that moment, a code for banking apps and your account; and of an order that waits for a transfer, with its payment request or confirmation. Before each mail the shop is asked whether the order is paid or cancelled. What one customer is to be reminded of kindly on one day leaves in one mail. Who gets what when stands under Payments, Reminders."
        ),
        (when(), of_consumers(), of_businesses()),
    )


def when() -> FieldGroup:
    return FieldGroup(
        _("Who, and when"),
        (
            FormField("reminders.who", _("Who is reminded"), kind="select", options=reminded()),
            FormField(
                "reminders.since",
                _("Of what falls due from this day on"),
                kind="date",
                help=_("Empty: from the day on which you begin. What is older may be long settled."),
            ),
            FormField(
                "reminders.before_due",
                _("Days before the due date"),
                kind="number",
                narrow=True,
                help=_("A word beforehand. 0: none."),
            ),
            FormField(
                "reminders.friendly",
                _("Days after it: friendly reminder"),
                kind="number",
                narrow=True,
                help=_("0: none."),
            ),
            FormField(
                "reminders.formal",
                _("Days after it: formal reminder"),
                kind="number",
                narrow=True,
                help=_(
                    "For a consumer the first reminder of the law (Book XIX of the Code of Economic Law): free, with its fixed content, and {days} days to pay. Of invoices only: an order that was not delivered is no debt yet. 0: none.",
                    days=str(DAYS_TO_PAY),
                ),
            ),
            FormField(
                "reminders.last",
                _("Days after the formal one: last reminder"),
                kind="number",
                narrow=True,
                help=_("{least} at the earliest. 0: none.", least=str(DAYS_TO_PAY + 1)),
            ),
        ),
    )


def of_consumers() -> FieldGroup:
    return FieldGroup(
        _("What consumers are asked besides"),
        (
            FormField(
                "reminders.terms",
                _("What your terms of sale say on late payment"),
                kind="area",
                help=_("Word for word. It stands in the formal and in the last reminder. Empty: nothing is asked."),
            ),
            FormField(
                "reminders.terms_since",
                _("In your terms since"),
                kind="date",
                help=_("Nothing is asked of orders from before that day."),
            ),
            FormField(
                "reminders.consumer_costs",
                _("Compensation by your terms, in EUR"),
                narrow=True,
                help=_("Write 2000 if your terms ask what the law allows. 0: none."),
            ),
            FormField(
                "reminders.consumer_interest",
                _("Interest by your terms, in percent a year"),
                narrow=True,
                help=_("Never more than the legal rate. 0: none."),
            ),
        ),
        intro=_(
            "Only what your terms of sale provide may be asked, only in the last reminder, and only as much as the law allows: up to 150 EUR open 20 EUR; up to 500 EUR 30 EUR and 10 % of what is above 150; beyond that 65 EUR and 5 % of what is above 500, at most 2,000 EUR. That is kept here whatever you enter. Let a lawyer look at your terms once."
        ),
    )


def of_businesses() -> FieldGroup:
    return FieldGroup(
        _("What businesses are asked besides"),
        (
            FormField(
                "reminders.business_costs",
                _("A flat compensation of {amount}", amount=format_amount(BUSINESS_COSTS)),
                kind="check",
            ),
            FormField(
                "reminders.business_interest", _("Interest at the legal rate, from the due date on"), kind="check"
            ),
            FormField(
                "reminders.legal_interest",
                _("Legal rates"),
                kind="area",
                help=_(
                    "One half-year a line, like 2026-07-01=10.5, as the Belgian Official Gazette publishes it; needed where we do not know it yet. It also bounds the interest of consumers."
                ),
            ),
        ),
        intro=_(
            "The law of 2 August 2002 gives you both without notice; they stand in the formal and in the last reminder to who has a VAT number."
        )
        + " "
        + known_rate(),
    )


def known_rate() -> str:
    percent = legal_interest(shop().reminders, context().now().astimezone(shop().zoneinfo).date())
    if percent is None:
        return _("We do not know the legal rate of this half-year: no interest is counted until you enter it below.")
    return _("The legal rate of this half-year is {percent} %.", percent=f"{percent.normalize():f}")


def reminded() -> Options:
    return (
        (Reminded.NOBODY, _("nobody")),
        (Reminded.CONSUMERS, _("consumers")),
        (Reminded.BUSINESSES, _("businesses")),
        (Reminded.ALL, _("consumers and businesses")),
    )


fields.PAGES["reminders"] = page
