"""What people call a shop's settings, and what may be chosen: on pages, in the activity and on the command line alike."""

from collections.abc import Mapping
from datetime import date

from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS
from worker.domain.document import KIND_TERMS, Kind, SendMode
from worker.domain.language import LANGUAGE_NAMES, NO_SECOND, OF_CUSTOMER, OF_SEAT
from worker.domain.late_costs import BUSINESS_COSTS
from worker.domain.online_payment import METHODS
from worker.domain.own_field import Holds
from worker.domain.reminder import Reminded
from worker.domain.shop import BusinessChannel, ConsumerInvoices, ConsumerPrices, DocumentedOrders, VatRegime
from worker.domain.texts import TextPart
from worker.domain.zero_reason import Mark, Untaxed
from worker.message import Message, Money
from worker.net.mollie_key import Mode

_ALWAYS = {code: Message("always {language}", language=name) for code, name in LANGUAGE_NAMES.items()}

TEXT_NAMES: dict[str, Message] = {
    TextPart.SUBJECT: Message("Subject of the mail"),
    TextPart.BODY: Message("Text of the mail"),
    TextPart.INTRO: Message("On the document, above the lines"),
    TextPart.CLOSING: Message("On the document, below the totals"),
    TextPart.TERMS: Message("On the document, small at the end"),
}
MARKS: dict[str, Message] = {
    Mark.NAME: Message("Name"),
    Mark.SKU: Message("Article number (SKU)"),
    Mark.PRODUCT: Message("Number of the product in the shop"),
    Mark.TAX_CLASS: Message("Tax class"),
}
UNTAXED: dict[str, Message] = {
    Untaxed.VOUCHER: Message("gift voucher for several things: VAT is due when it is spent"),
    Untaxed.PACKAGING: Message("deposit on packaging that comes back"),
    Untaxed.DISBURSEMENT: Message("paid in the customer's name and for his account"),
    Untaxed.TIP: Message("tip or gift for which nothing is owed"),
    Untaxed.MARGIN: Message("second-hand goods under the margin scheme"),
    Untaxed.EXEMPT: Message("exempt by art. 44"),
    Untaxed.ZERO_RATED: Message("taxed at 0 % by law, like newspapers and recovered materials"),
}
HOLDS: dict[str, Message] = {
    Holds.VAT_NUMBER: Message("VAT number"),
    Holds.PURCHASE_ORDER: Message("purchase order number"),
    Holds.PEPPOL_ADDRESS: Message("Peppol address"),
    Holds.DELIVERY_DAY: Message("delivery date"),
    Holds.DELIVERY_HOURS: Message("delivery hours"),
    Holds.PICK_UP_POINT: Message("pick-up point"),
    Holds.NOTHING: Message("none of these"),
}

# Each setting by the names of `settings_form.FIELDS`, and those that are set in other ways.
SETTING_NAMES = {
    "name": Message("Name of the shop"),
    "url": Message("Address of the shop"),
    "test": Message("Test mode"),
    "suspended": Message("Paused"),
    "closed": Message("Closed"),
    "seller.name": Message("Legal name of the company"),
    "seller.legal_form": Message("Legal form"),
    "seller.register": Message("Register of legal persons"),
    "seller.sole_trader": Message("Sole trader"),
    "seller.address.street": Message("Street and number"),
    "seller.address.street_2": Message("Second line of the street"),
    "seller.address.postcode": Message("Postcode"),
    "seller.address.city": Message("City"),
    "seller.address.state": Message("Province or state"),
    "seller.address.country": Message("Country"),
    "seller.vat_number": Message("VAT number of the company"),
    "seller.enterprise_number": Message("Enterprise number (KBO/BCE)"),
    "seller.iban": Message("Account number (IBAN)"),
    "seller.bic": Message("BIC of the bank"),
    "seller.email": Message("Mail address"),
    "seller.phone": Message("Phone"),
    "seller.website": Message("Website"),
    "language": Message("Language where an order tells none"),
    "business_language": Message("Language of invoices to businesses"),
    "second_language": Message("Second language on the same document"),
    "consumer_prices": Message("Prices on documents for consumers"),
    "consumer_invoices": Message("What a consumer gets where the law leaves the choice"),
    "shows_discounts": Message("Say below each line what a coupon took off it"),
    "factur_x": Message("Put the figures into the PDF for businesses in Germany and France (Factur-X, ZUGFeRD)"),
    "zone": Message("Time zone"),
    "rules": Message("Rules"),
    "credit_notes": Message("Credit notes for refunds"),
    "orders.since": Message("Orders placed since"),
    "orders.pending_is_placed": Message("An order that is only “pending payment” counts as placed"),
    "orders.documented": Message("Where each vendor of a marketplace gets an order too"),
    "orders.status_map": Message("Order statuses of your own"),
    "orders.own_fields": Message("Fields of your checkout"),
    "vat.regime": Message("VAT scheme"),
    "vat.sells_services": Message("Sells services, not goods"),
    "vat.oss": Message("The company declares consumers in other EU countries in the One Stop Shop (OSS)"),
    "vat.oss_since": Message("OSS since"),
    "vat.zero_reasons": Message("Things without VAT, and why"),
    "vat.shipping_rate_is_right": Message("Shipping and costs rightly have a VAT rate of their own"),
    "vat.foreign_numbers": Message("Your VAT numbers abroad"),
    "vat.vies_wait_hours": Message("Hours that an invoice waits when VIES does not answer"),
    "vat.as_charged": Message(
        "Keep VAT as WooCommerce charged it on invoices to businesses too, where that is within a cent"
    ),
    "exchange_rates": Message("Exchange rates of your own"),
    "payment_days": Message("Days until an unpaid invoice is due"),
    "payment_terms": Message("What each payment method means"),
    "cancel_after_days": Message("Cancel an order that is not paid after so many days"),
    "sets_orders_paid": Message("Set an order paid in the shop once all of its money is counted here"),
    "waits_for_bank_files": Message(
        "Remind nobody and cancel no order while the newest file of the bank is older than five days"
    ),
    "reference_digits": Message("First three digits of the payment references"),
    "mollie.mode": Message("Account with Mollie"),
    "mollie.methods": Message("What customers can pay online with"),
    "mollie.on_invoices": Message("“Pay online” on invoices"),
    "mollie.on_order_confirmations": Message("“Pay online” on order confirmations"),
    "mollie.on_reminders": Message("“Pay online” on reminders"),
    "bancontact_profile": Message("Profile id of Bancontact Pro"),
    "reminders.who": Message("Who is reminded"),
    "reminders.since": Message("Reminders of what falls due from this day on"),
    "reminders.before_due": Message("Reminder beforehand: days before the due date"),
    "reminders.friendly": Message("Friendly reminder: days after the due date"),
    "reminders.formal": Message("Formal reminder: days after the due date"),
    "reminders.last": Message("Last reminder: days after the formal one"),
    "reminders.terms": Message("What your terms of sale say on late payment"),
    "reminders.terms_since": Message("In your terms of sale since"),
    "reminders.consumer_costs": Message("Compensation by your terms (€)"),
    "reminders.consumer_interest": Message("Interest by your terms, in percent a year"),
    "reminders.business_costs": Message(
        "A flat compensation of {amount} from businesses", amount=Money(BUSINESS_COSTS, "EUR")
    ),
    "reminders.business_interest": Message("Interest from businesses at the legal rate, from the due date on"),
    "reminders.legal_interest": Message("Legal rates of interest"),
    "peppol.sender": Message("Access point"),
    "peppol.company": Message("Company id at the access point"),
    "peppol.sandbox": Message("This is a key of a test environment"),
    "peppol.businesses": Message("Businesses get e-invoices"),
    "peppol.vouched_for": Message("Address on Peppol by the operator's account"),
    "mail.sender": Message("Sender of mails"),
    "mail.reply_to": Message("Answers to mails go to"),
    "mail.cc": Message("Copy of mails to"),
    "mail.bcc": Message("Hidden copy of mails to"),
    "mail.attachment": Message("Attached to each mail"),
    "branding.layout": Message("Layout of documents"),
    "branding.accent": Message("Colour of title and rules"),
    "branding.logo": Message("Logo"),
    "terms": Message("On the document, small at the end"),
    "years_kept": Message("Years that documents are kept after their own"),
    "numbering.series": Message("Numbers"),
    "numbering.continued_after": Message("Last number given elsewhere"),
    "numbering.restored": Message("Restored from a backup"),
    "numbering.lost_numbers": Message("Numbers lost with what the backup did not have"),
    "numbering.core": Message("Who gives the numbers"),
}

# What a setting may be, by what is stored; each in the order in which a page offers it.
CHOICES: dict[str, Mapping[str, Message | str]] = {
    "language": LANGUAGE_NAMES,
    "business_language": {
        OF_SEAT: Message("as the law wants, by the postcode of the company"),
        OF_CUSTOMER: Message("the customer's"),
        **_ALWAYS,
    },
    "second_language": {
        NO_SECOND: Message("none"),
        OF_CUSTOMER: Message("the customer's, where it is another"),
        **_ALWAYS,
    },
    "consumer_invoices": {
        ConsumerInvoices.FULL: Message("a full invoice"),
        ConsumerInvoices.SIMPLIFIED: Message("a simplified invoice up to 100 EUR without VAT"),
        ConsumerInvoices.NONE: Message("no invoice, unless made by hand for who asks"),
    },
    "consumer_prices": {
        ConsumerPrices.AS_ENTERED: Message("with VAT, where the shop enters its prices with VAT"),
        ConsumerPrices.WITH_VAT: Message("always with VAT"),
        ConsumerPrices.WITHOUT_VAT: Message("without VAT"),
    },
    "credit_notes": {
        SendMode.SEND: Message("are issued and mailed at once"),
        SendMode.DRAFT: Message("wait as drafts for a person"),
    },
    "orders.documented": {
        DocumentedOrders.MAIN: Message("documents of the main order, which the customer paid"),
        DocumentedOrders.SUBORDERS: Message("documents of the suborders, one for each vendor"),
    },
    "vat.regime": {
        VatRegime.NORMAL: Message("ordinary: VAT is charged"),
        VatRegime.SMALL_BUSINESS: Message("small business, exempt (franchise)"),
        VatRegime.MARGIN: Message("margin scheme"),
        VatRegime.EXEMPT: Message("exempt by art. 44"),
    },
    "reminders.who": {
        Reminded.NOBODY: Message("nobody"),
        Reminded.CONSUMERS: Message("consumers"),
        Reminded.BUSINESSES: Message("businesses"),
        Reminded.ALL: Message("consumers and businesses"),
    },
    "peppol.sender": {
        **{name: provider.label for name, provider in PROVIDERS.items()},
        OPERATORS: Message("the account of whoever runs Facturelay"),
        ELSEWHERE: Message("another system sends them"),
    },
    "peppol.businesses": {
        BusinessChannel.PEPPOL_AND_MAIL: Message("by Peppol, and by mail with the PDF as a copy"),
        BusinessChannel.PEPPOL: Message("by Peppol alone; by mail whoever cannot receive it there"),
        BusinessChannel.MAIL: Message("by mail outside Belgium; in Belgium by Peppol and mail"),
    },
    "mollie.mode": {Mode.TEST: Message("with test money"), Mode.LIVE: Message("with real money")},
    "mollie.methods": {**METHODS, "creditcard": Message("Card")},
    "branding.layout": {"ledger": Message("Classic"), "letter": Message("For window envelopes")},
    "orders.own_fields": HOLDS,
    "numbering.core": {"builtin": "Facturelay"},
}


def name_within(setting: str, inner: str) -> Message:
    """What one entry of a setting with several is called: of a payment method, a currency, a kind of document, a text."""
    if setting == "texts":
        part, kind, state, language = inner.split("/")
        return Message(
            "{text} ({kind}, {state}, {language})",
            text=TEXT_NAMES[TextPart(part)],
            kind=KIND_TERMS[Kind(kind)],
            state=Message("paid") if state == "paid" else Message("not paid"),
            language=LANGUAGE_NAMES[language],
        )
    return Message("{setting} ({which})", setting=SETTING_NAMES[setting], which=_entry(setting, inner))


def _entry(setting: str, inner: str) -> str | date | Message:
    match setting:
        case "numbering.series":
            return KIND_TERMS[Kind(inner)]
        case "reminders.legal_interest":
            return date.fromisoformat(inner)
    return inner.replace(":", " ")  # of a series and its year: invoice:2026
