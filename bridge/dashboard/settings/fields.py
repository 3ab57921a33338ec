"""Pages that are a form and nothing else: company, orders, VAT. Field names are those of `domain.settings_form.FIELDS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from babel import Locale
from flask import Response, abort, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.labels import Options, in_words, setting_choices, setting_name
from bridge.dashboard.settings import TOPICS, blueprint, change_shop, own_statuses
from bridge.dashboard.settings.next_step import next_step
from bridge.forms import Form
from bridge.i18n.translate import _, format_amount, rates_from_figures, translator
from worker.actions.shop_settings import ShopChanges
from worker.domain import settings_form
from worker.domain.completeness import missing_of_seller
from worker.domain.distance_sales import LIMIT, is_watched
from worker.domain.setting_names import CHOICES, MARKS, UNTAXED
from worker.domain.settings_form import CHECKBOX, FIELDS, WrongSettings
from worker.domain.shop import Shop
from worker.domain.vat_number import enterprise_number_of, normalise_vat_number
from worker.domain.zero_reason import Mark
from worker.message import NO_MESSAGE, Message
from worker.store import distance_sales, plugins


@dataclass(frozen=True)
class FormField:
    """One field of a form: the setting's name, and its kind of input where that does not follow from the setting."""

    name: str
    kind: str = ""
    help: str = ""
    options: Options = ()
    words: Options = ()  # what may be typed, and what it means, below the field
    needed: bool = False
    narrow: bool = False  # shares its line with the narrow one beside it

    @property
    def label(self) -> str:
        return setting_name(self.name)

    @property
    def input(self) -> str:
        if self.kind:
            return self.kind
        if FIELDS[self.name] is CHECKBOX:
            return "check"
        return "select" if self.name in CHOICES else "text"

    @property
    def choices(self) -> Options:
        return self.options or (setting_choices(self.name) if self.name in CHOICES else ())


@dataclass(frozen=True)
class FieldGroup:
    """Fields under one heading."""

    title: str
    fields: tuple[FormField, ...]
    intro: str = ""
    folded: str = ""
    """What is behind the fold, where the group is folded until it is asked for."""


@dataclass(frozen=True)
class SettingsPage:
    """A page of settings."""

    title: str
    intro: str
    groups: tuple[FieldGroup, ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        return tuple(asked for group in self.groups for asked in group.fields)


def help_of_name() -> str:
    """What the legal name is; on the roads of the first run that of the shop was put there, and they need not be one."""
    told = _(
        "As the company is registered (in Belgium in the KBO/BCE), without its legal form. The shop may have another name."
    )
    if shop().test and shop().seller.name == shop().name:
        told += " " + _("This is the name of the shop: check it before you go live.")
    return told


def company() -> SettingsPage:
    return SettingsPage(
        _("Company"),
        _(
            "What stands on every document. The law wants name, address, VAT number and account of the seller, and of a company its legal form and register; without them orders wait as drafts."
        ),
        (
            FieldGroup(
                _("On your documents"),
                (
                    FormField("seller.name", help=help_of_name(), needed=True),
                    FormField("seller.legal_form", help=_("Like BV or SRL."), narrow=True),
                    FormField(
                        "seller.register",
                        help=_("Like RPR Gent or RPM Bruxelles."),
                        narrow=True,
                    ),
                    FormField(
                        "seller.sole_trader",
                        help=_("A natural person, who has no legal form and stands in no register of legal persons."),
                    ),
                    FormField("seller.address.street", needed=True),
                    FormField("seller.address.postcode", needed=True, narrow=True),
                    FormField("seller.address.city", needed=True, narrow=True),
                    FormField("seller.address.country", kind="select", options=countries(), needed=True),
                    FormField(
                        "seller.vat_number",
                        help=_("With its country, like BE0123456749."),
                        narrow=True,
                    ),
                    FormField(
                        "seller.enterprise_number",
                        help=_("Empty: follows from the VAT number."),
                        narrow=True,
                    ),
                    FormField(
                        "seller.iban",
                        help=_("The law wants it on every document; unpaid invoices say where to pay, with a QR code."),
                        narrow=True,
                    ),
                    FormField("seller.bic", narrow=True),
                ),
            ),
            FieldGroup(
                _("Where customers reach you"),
                (
                    FormField("seller.email", kind="email"),
                    FormField("seller.phone", kind="tel"),
                    FormField("seller.website"),
                ),
            ),
            FieldGroup(
                _("The shop"),
                (
                    FormField("name", needed=True),
                    FormField(
                        "language", help=_("Otherwise a customer's language follows from the order and the address.")
                    ),
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
            ),
        ),
    )


def orders() -> SettingsPage:
    return SettingsPage(
        _("Which orders count"),
        _("What is made of the orders that count is said by the rules."),
        (
            FieldGroup(
                _("Orders"),
                (
                    FormField(
                        "orders.since",
                        kind="datetime-local",
                        help=_("Older ones make nothing by themselves; they can be invoiced afterwards."),
                    ),
                    FormField(
                        "orders.pending_is_placed",
                        help=_("Off is right for most shops: who is at the payment page has such an order too."),
                    ),
                    FormField(
                        "orders.documented",
                        help=_(
                            "Dokan, MultiVendorX and YITH Multi Vendor make them. Main order and suborders are one sale: never both are invoiced."
                        ),
                    ),
                    FormField(
                        "orders.status_map",
                        kind="statuses",
                        help=_("One a line, with what it stands for, like await-ship=processing."),
                        options=own_statuses.meanings(),
                    ),
                ),
            ),
            FieldGroup(
                _("Crediting"),
                (FormField("credit_notes"),),
            ),
        ),
    )


def vat() -> SettingsPage:
    return SettingsPage(
        _("VAT"),
        _("How the company is registered. When in doubt, ask your accountant."),
        (
            FieldGroup(
                _("Registration"),
                (
                    FormField("vat.regime"),
                    FormField(
                        "vat.sells_services",
                        help=_(
                            "Counts only where neither the shop's product nor the order itself shows what was sold."
                        ),
                    ),
                ),
            ),
            FieldGroup(
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
            ),
            FieldGroup(
                _("What is sold without VAT"),
                (
                    FormField(
                        REASONS,
                        kind="reasons",
                        help=_(
                            "Say by what such a thing is recognised, and what it is. A * in a name or number stands for any text. What is not here makes an order with something untaxed wait as a draft. Empty a line to take it away; more empty lines come when you save."
                        ),
                        options=(("", _("choose …")), *in_words(UNTAXED)),
                        words=in_words(MARKS),
                    ),
                ),
            ),
            FieldGroup(
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
            ),
            FieldGroup(
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
            ),
            FieldGroup(
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
            ),
            FieldGroup(
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
            ),
        ),
    )


# What is sold without VAT is asked for in lines of three fields each.
REASONS, SPARE_LINES, MOST_LINES = "vat.zero_reasons", 3, 200


def reasons_as_fields(text: str) -> dict[str, str]:
    """The fields of the lines that say why something is sold without VAT, with some empty ones."""
    reasons = [(one.mark, one.value, one.what) for one in settings_form.read_zero_reasons(text)]
    lines = [*reasons, *(((Mark.NAME, "", ""),) * SPARE_LINES)]
    return {
        f"{REASONS}-{part}-{number}": str(value)
        for number, line in enumerate(lines)
        for part, value in zip(("mark", "value", "what"), line, strict=True)
    }


def reasons_as_text(form: Form) -> str:
    """What those fields say, as `settings_form` reads it. A line without a reason is an error of the form."""
    found = []
    for number in range(MOST_LINES):
        mark, value, what = (form.values.get(f"{REASONS}-{part}-{number}", "") for part in ("mark", "value", "what"))
        if value and not what:
            form.errors[REASONS] = _("Choose what “{value}” is.", value=value)
        elif value:
            found.append(f"{mark} {value} = {what}")
    return "\n".join(found)


# Chosen beforehand where nobody has chosen yet.
USUAL_COUNTRY = "BE"

PAGES: dict[str, Callable[[], SettingsPage]] = {"company": company, "orders": orders, "vat": vat}


def countries() -> Options:
    """Every country by its name, in the reader's language."""
    territories = Locale.parse(translator().language).territories
    named = sorted(
        (str(name), code)
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "UN", "EZ", "XA", "XB", "QO")
    )
    return (("", "–"), *((code, name) for name, code in named))


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


@blueprint.get("/<any(company, orders, vat, reminders):topic>")
def form_page(shop_id: str, topic: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    values = company_values()
    fields = values | reasons_as_fields(values[REASONS])
    if topic == "orders":
        fields |= own_statuses.as_fields(values[own_statuses.SETTING])
    return fields_page(topic, Form(fields))


def company_values() -> dict[str, str]:
    """All settings as text, with the country that most shops are in where none was said."""
    values = settings_form.settings_as_text(shop())
    values["seller.address.country"] = values["seller.address.country"] or USUAL_COUNTRY
    return values


@blueprint.post("/<any(company, orders, vat, reminders):topic>")
def save(shop_id: str, topic: str) -> Response:
    """Store what was typed, all of it or none."""
    form, page = Form.from_request(request.form), PAGES[topic]()
    given = {asked.name: form.values.get(asked.name, "") for asked in page.fields}
    given |= {asked.name: rates_from_figures(given[asked.name]) for asked in page.fields if asked.kind == "rates"}
    if REASONS in given:
        given[REASONS] = reasons_as_text(form)
    if own_statuses.SETTING in given:
        given[own_statuses.SETTING] = own_statuses.as_text(form)
    if "seller.vat_number" in given:
        given["seller.enterprise_number"] = given["seller.enterprise_number"] or follows_from(given)
    try:
        if form.errors:
            raise WrongSettings({})
        saved = change_shop(shop_id, ShopChanges(given)).shop
    except WrongSettings as error:
        form.refuse(error.messages)
        return fields_page(topic, form)
    flash(_("Saved: {what}.", what=page.title), "good")
    if topic == "company" and not missing_of_seller(saved):
        return to_next_step(saved, topic)
    return redirect_to(f"/s/{shop_id}/settings/{topic}")


def follows_from(given: Mapping[str, str]) -> str:
    """The enterprise number, which a Belgian company has typed already: it is in its VAT number."""
    number, _problem = normalise_vat_number(given["seller.vat_number"], given["seller.address.country"].upper())
    return enterprise_number_of(number) if given["seller.address.country"].upper() == "BE" else ""


@blueprint.get("/next")
def go_on(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """Where the plugin leads to once it is connected."""
    return to_next_step(shop(), "go-live")


def to_next_step(stored: Shop, otherwise: str) -> Response:
    """To what a shop in test needs next before its first real invoice; one that is live stays at the page *otherwise*."""
    with context().store.read() as connection:
        following = next_step(connection, stored)
    return redirect_to(f"/s/{stored.shop_id}/settings/{following.page if following else otherwise}")


def fields_page(topic: str, form: Form) -> Response:
    # Of what is stored: a form that comes back has its own messages.
    missing = missing_of_seller(shop()) if topic == "company" and request.method == "GET" else ()
    return settings_page(
        "fields",
        topic,
        page=PAGES[topic](),
        form=form,
        missing=Message("Still missing here: {missing}.", missing=missing) if missing else NO_MESSAGE,
        taken=taken_over(topic),
        status_names=own_statuses.own_names() if topic == "orders" else {},
    )


def taken_over(topic: str) -> bool:
    """Whether the company was filled in from the shop and is still to be looked at."""
    if topic != "company" or not shop().test:
        return False
    with context().store.read() as connection:
        plugin = plugins.of_shop(connection, context().encryption, shop().shop_id)
    return plugin is not None and bool(plugin.facts.taken)


def settings_page(template: str, topic: str, *, form: Form, **values: object) -> Response:
    """A page of settings with the list of topics beside it."""
    if topic not in {one.name for one in TOPICS}:
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        following = next_step(connection, shop())
    return rendered(
        f"dashboard/settings/{template}.html",
        status=form.status,
        topics=TOPICS,
        topic=topic,
        next_step=following,
        form=form,
        **values,
    )
