"""When customers are reminded of what is open, and what is asked besides."""

from bridge.accounts.access import shop
from bridge.context import context
from bridge.dashboard.settings.fields import FieldGroup, FormField, SettingsPage
from bridge.i18n.translate import _, format_date, translator
from worker.domain.late_costs import latest_rates
from worker.domain.reminder import DAYS_TO_PAY

# Invoices that have been late for longer are settled, or with a lawyer.
HALF_YEARS_SHOWN = 4


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
            FormField("reminders.who"),
            FormField(
                "reminders.since",
                kind="date",
                help=_("Empty: from the day on which you begin. What is older may be long settled."),
            ),
            FormField("reminders.before_due", kind="number", narrow=True, help=_("A word beforehand. 0: none.")),
            FormField("reminders.friendly", kind="number", narrow=True, help=_("0: none.")),
            FormField(
                "reminders.formal",
                kind="number",
                narrow=True,
                help=_(
                    "For a consumer the first reminder of the law (Book XIX of the Code of Economic Law): free, with its fixed content, and {days} days to pay. Of invoices only: an order that was not delivered is no debt yet. 0: none.",
                    days=str(DAYS_TO_PAY),
                ),
            ),
            FormField(
                "reminders.last",
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
                kind="area",
                help=_("Word for word. It stands in the formal and in the last reminder. Empty: nothing is asked."),
            ),
            FormField("reminders.terms_since", kind="date", help=_("Nothing is asked of orders from before that day.")),
            FormField(
                "reminders.consumer_costs",
                kind="amount",
                narrow=True,
                help=_("Write 2000 if your terms ask what the law allows. 0: none."),
            ),
            FormField(
                "reminders.consumer_interest",
                kind="amount",
                narrow=True,
                help=_("Never more than the legal rate. 0: none."),
            ),
        ),
        intro=_(
            "Only what your terms of sale provide may be asked, only in the last reminder, and only as much as the law allows: up to €150 open, €20; up to €500, €30 and 10 % of what is above €150; beyond that, €65 and 5 % of what is above €500, at most €2,000. That is kept here whatever you enter. Let a lawyer look at your terms once."
        ),
    )


def of_businesses() -> FieldGroup:
    return FieldGroup(
        _("What businesses are asked besides"),
        (
            FormField("reminders.business_costs"),
            FormField("reminders.business_interest"),
            FormField(
                "reminders.legal_interest",
                kind="rates",
                help=_(
                    "One half-year a line, like 2026-07-01=10.5, as the Belgian Official Gazette publishes it; needed where it is not known here yet. It also bounds the interest of consumers."
                ),
            ),
        ),
        intro=_(
            "The law of 2 August 2002 gives you both without notice; they stand in the formal and in the last reminder to who has a VAT number."
        )
        + " "
        + known_rates(),
    )


def known_rates() -> str:
    """By which an invoice that is late for long is counted, each half-year at its own; and which of them is missing."""
    today = context().today(shop())
    rates = latest_rates(shop().reminders, today, count=HALF_YEARS_SHOWN)
    known = [
        _("{rate} from {day}", rate=translator().percent(percent), day=format_date(day))
        for day, percent in rates.items()
        if percent is not None
    ]
    missing = [format_date(day) for day, percent in rates.items() if percent is None]
    said = [_("Counted at the legal rates: {rates}.", rates=", ".join(known))] if known else []
    if missing:
        said.append(
            _(
                "The rate of the half-year from {days} is not known here: no interest is counted for its days until you enter it below.",
                days=", ".join(missing),
            )
        )
    return " ".join(said)
