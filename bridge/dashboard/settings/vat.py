"""How the company is registered for VAT, and what is charged to whom."""

from bridge.accounts.access import shop
from bridge.context import context
from bridge.dashboard.labels import in_words
from bridge.dashboard.settings import zero_reasons
from bridge.dashboard.settings.fields import FieldGroup, FormField, SettingsPage
from bridge.i18n.translate import _, format_amount
from worker.domain.distance_sales import LIMIT, is_watched
from worker.domain.setting_names import MARKS, UNTAXED
from worker.store import distance_sales


def page() -> SettingsPage:
    return SettingsPage(
        _("VAT"),
        _("How the company is registered. When in doubt, ask your accountant."),
        (
            registration(),
            consumers_abroad(),
            without_vat(),
            consumers_at_home(),
            foreign_numbers(),
            businesses_abroad(),
            cents_and_currencies(),
        ),
    )


def registration() -> FieldGroup:
    return FieldGroup(
        _("Registration"),
        (
            FormField("vat.regime"),
            FormField(
                "vat.sells_services",
                help=_("Counts only where neither the shop's product nor the order itself shows what was sold."),
            ),
        ),
    )


def consumers_abroad() -> FieldGroup:
    return FieldGroup(
        _("Consumers in other EU countries"),
        (
            FormField(
                "vat.oss",
                help=_(
                    "Then goods and downloads carry the VAT of the customer's country. Without it they carry your own, which is right up to 10,000 EUR a year over all other EU countries together."
                ),
            ),
            FormField(
                "vat.oss_since",
                kind="date",
                help=_("The first day of the registration; empty when it holds for every order."),
            ),
        ),
        intro=distance_sales_so_far(),
    )


def distance_sales_so_far() -> str:
    """How near the shop is to the limit up to which consumers abroad pay its own VAT; nothing where that means nothing to it."""
    today = context().today(shop())
    if not is_watched(shop(), today):
        return ""
    with context().store.read() as connection:
        sales = distance_sales.find(connection, shop().shop_id)
    return _(
        "Consumers in other EU countries bought goods and downloads for {now} in {year}, and for {before} in {year_before}, VAT not included. When either passes {limit}, they must pay the VAT of their own country.",
        now=format_amount(sales.of(today.year)),
        year=str(today.year),
        before=format_amount(sales.of(today.year - 1)),
        year_before=str(today.year - 1),
        limit=format_amount(LIMIT),
    )


def without_vat() -> FieldGroup:
    return FieldGroup(
        _("What is sold without VAT"),
        (
            FormField(
                zero_reasons.SETTING,
                kind="reasons",
                help=_(
                    "Say by what such a thing is recognised, and what it is. A * in a name or number stands for any text. What is not here makes an order with something untaxed wait as a draft. Empty a line to take it away; more empty lines come when you save."
                ),
                options=(("", _("choose …")), *in_words(UNTAXED)),
                words=in_words(MARKS),
            ),
        ),
    )


def consumers_at_home() -> FieldGroup:
    return FieldGroup(
        _("Consumers at home"),
        (
            FormField(
                "consumer_invoices",
                help=_(
                    "Only in Belgium, and for sales to consumers declared in OSS; businesses, exports and consumers abroad without OSS get a full invoice. Goods like vehicles, instalment sales and goods for a business need one too. Sales without an invoice belong in your book of receipts. Let your accountant choose; a full invoice is always right."
                ),
            ),
            FormField(
                "vat.shipping_rate_is_right",
                help=_(
                    "Otherwise you are told of shipping at a higher rate than all of the goods, and an order with shipping at a lower one waits as a draft: shipping with goods is taxed as the goods are. Ask your accountant before you choose this."
                ),
            ),
        ),
    )


def foreign_numbers() -> FieldGroup:
    return FieldGroup(
        _("VAT numbers of your own in other countries"),
        (
            FormField(
                "vat.foreign_numbers",
                kind="area",
                help=_(
                    "One a line, with the country and the day it began, like GB = GB123456789 since 2024-01-01. The VAT of that country is then right on sales there; the document states the number, and the exports say whose VAT it is. Without a number here such an order waits as a draft."
                ),
            ),
        ),
    )


def businesses_abroad() -> FieldGroup:
    return FieldGroup(
        _("Businesses in other EU countries"),
        (
            FormField(
                "vat.vies_wait_hours",
                kind="number",
                help=_(
                    "A sale without VAT to a business in another member state is invoiced once VIES confirms its VAT number. VIES is asked again by itself; after these hours a draft waits for you. 0: a draft at once."
                ),
            ),
        ),
    )


def cents_and_currencies() -> FieldGroup:
    return FieldGroup(
        _("Cents and currencies"),
        (
            FormField(
                "vat.as_charged",
                help=_(
                    "Otherwise their VAT is base times rate, and a rounding line shows where the cent went. Consumers always see the VAT that they were charged."
                ),
            ),
            FormField(
                "exchange_rates",
                kind="rates",
                help=_(
                    "One a line: units of the currency for 1 EUR, like USD=1.0831. Without one the European Central Bank's rate is used."
                ),
            ),
        ),
    )
