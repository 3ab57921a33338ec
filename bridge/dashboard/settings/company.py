"""Who sells: what stands on every document, and how documents look."""

from babel import Locale

from bridge.accounts.access import shop
from bridge.dashboard.labels import Options
from bridge.dashboard.settings.fields import FieldGroup, FormField, SettingsPage
from bridge.i18n.translate import _, translator
from worker.domain.completeness import missing_of_seller


def page() -> SettingsPage:
    return SettingsPage(
        _("Company"),
        _(
            "What stands on every document. The law wants name, address, VAT number and account of the seller, and of a company its legal form and register; without them orders wait as drafts."
        ),
        (on_documents(), where_reached(), of_the_shop()),
    )


def on_documents() -> FieldGroup:
    return FieldGroup(
        _("On your documents"),
        (
            FormField("seller.name", help=help_of_name(), needed=True),
            FormField("seller.legal_form", help=_("Like BV or SRL."), narrow=True),
            FormField("seller.register", help=_("Like RPR Gent or RPM Bruxelles."), narrow=True),
            FormField(
                "seller.sole_trader",
                help=_("A natural person, who has no legal form and stands in no register of legal persons."),
            ),
            FormField("seller.address.street", needed=True),
            FormField("seller.address.postcode", needed=True, narrow=True),
            FormField("seller.address.city", needed=True, narrow=True),
            FormField("seller.address.country", kind="select", options=countries(), needed=True),
            FormField("seller.vat_number", help=_("With its country, like BE0123456749."), narrow=True),
            FormField("seller.enterprise_number", help=_("Empty: follows from the VAT number."), narrow=True),
            FormField(
                "seller.iban",
                help=_("The law wants it on every document; unpaid invoices say where to pay, with a QR code."),
                narrow=True,
            ),
            FormField("seller.bic", narrow=True),
        ),
    )


def help_of_name() -> str:
    """What the legal name is; on the roads of the first run that of the shop was put there, and they need not be one."""
    told = _(
        "As the company is registered (in Belgium in the KBO/BCE), without its legal form. The shop may have another name."
    )
    if shop().test and shop().seller.name == shop().name:
        told += " " + _("This is the name of the shop: check it before you go live.")
    return told


def countries() -> Options:
    """Every country by its name, in the reader's language."""
    territories = Locale.parse(translator().language).territories
    named = sorted(
        (str(name), code)
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "UN", "EZ", "XA", "XB", "QO")
    )
    return (("", "–"), *((code, name) for name, code in named))


def where_reached() -> FieldGroup:
    return FieldGroup(
        _("Where customers reach you"),
        (FormField("seller.email", kind="email"), FormField("seller.phone", kind="tel"), FormField("seller.website")),
    )


def of_the_shop() -> FieldGroup:
    return FieldGroup(
        _("The shop"),
        (
            FormField("name", needed=True),
            FormField("language", help=_("Otherwise a customer's language follows from the order and the address.")),
            FormField(
                "business_language",
                help=_(
                    "In Flanders and Wallonia the law wants that of the region, whoever the customer is: an invoice in another is void. The mail with it is in the customer's."
                ),
            ),
            FormField(
                "second_language",
                help=_(
                    "Title, column heads, totals and legal sentences then stand in both. The first stays the one that the law wants."
                ),
            ),
            FormField(
                "consumer_prices",
                help=_(
                    "With VAT, the price without it stands small below, as an invoice needs it. Documents for businesses always show prices without VAT."
                ),
            ),
            FormField("shows_discounts", help=_("The amounts stay those after the discount.")),
            FormField(
                "factur_x",
                help=_(
                    "Their bookkeeping reads such a PDF by itself. It is checked against the official rules of Factur-X; as PDF/A-3 it is made by the book, but no independent program has certified that."
                ),
            ),
            FormField("zone", help=_("Dates on documents are dates there, like Europe/Brussels.")),
        ),
        # On the first run nothing here needs an answer, and a third of the page's words stood before Save.
        folded=_("The shop: its name, languages, prices and time zone") if missing_of_seller(shop()) else "",
    )
