"""Pages that are a form and nothing else: company, orders, VAT, reminders."""

from collections.abc import Mapping

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import (
    blueprint,
    change_shop,
    company,
    orders,
    own_statuses,
    reminders,
    vat,
    zero_reasons,
)
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.settings.next_step import to_next_step
from bridge.forms import Form
from bridge.i18n.translate import _, rates_from_figures
from worker.actions.shop_settings import ShopChanges
from worker.domain import settings_form
from worker.domain.completeness import missing_of_seller
from worker.domain.settings_form import WrongSettings
from worker.domain.vat_number import enterprise_number_of, normalise_vat_number
from worker.message import NO_MESSAGE, Message
from worker.store import plugins

PAGES = {"company": company.page, "orders": orders.page, "vat": vat.page, "reminders": reminders.page}
ADDRESS = f"/<any({', '.join(PAGES)}):topic>"

# Chosen beforehand where nobody has chosen yet.
USUAL_COUNTRY = "BE"


@blueprint.get(ADDRESS)
def form_page(shop_id: str, topic: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    values = company_values()
    fields = values | zero_reasons.as_fields(values[zero_reasons.SETTING])
    if topic == "orders":
        fields |= own_statuses.as_fields(values[own_statuses.SETTING])
    return fields_page(topic, Form(fields))


def company_values() -> dict[str, str]:
    """All settings as text, with the country that most shops are in where none was said."""
    values = settings_form.settings_as_text(shop())
    values["seller.address.country"] = values["seller.address.country"] or USUAL_COUNTRY
    return values


@blueprint.post(ADDRESS)
def save(shop_id: str, topic: str) -> Response:
    """Store what was typed, all of it or none."""
    form, page = Form.from_request(request.form), PAGES[topic]()
    given = {asked.name: form.values.get(asked.name, "") for asked in page.fields}
    for asked in page.fields:
        if asked.kind == "rates":
            given[asked.name] = form.read(asked.name, rates_from_figures) or ""
    if zero_reasons.SETTING in given:
        given[zero_reasons.SETTING] = zero_reasons.as_text(form)
    if own_statuses.SETTING in given:
        given[own_statuses.SETTING] = own_statuses.as_text(form)
    if "seller.vat_number" in given:
        given["seller.enterprise_number"] = given["seller.enterprise_number"] or follows_from(given)
    try:
        if form.errors:
            settings_form.apply_settings(shop(), given)  # says what else is wrong
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


def fields_page(topic: str, form: Form) -> Response:
    # Of what is stored: a form that comes back has its own messages.
    missing = missing_of_seller(shop()) if topic == "company" and request.method == "GET" else ()
    return settings_page(
        topic,
        template="fields",
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
