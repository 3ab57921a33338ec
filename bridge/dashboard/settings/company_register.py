"""The company by its VAT number: name and address as VIES has them, filled in where nothing stands yet. Nothing is stored."""

from dataclasses import replace

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.accounts.rate_limit import By, seconds_to_wait
from bridge.context import redirect_to
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.form_pages import company_values, fields_page
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from bridge.plugin.vat_number import NOT_ASKED, answer_for
from worker.domain.registered_company import as_seller_fields
from worker.domain.shop import Shop
from worker.domain.vat_number import enterprise_number_of, normalise_vat_number


@blueprint.get("/company/by-number")
def back(shop_id: str) -> Response:
    """Where a browser looks again after the answer."""
    return redirect_to(f"/s/{shop_id}/settings/company")


@blueprint.post("/company/by-number")
def by_number(shop_id: str) -> Response:
    """The company's page with what VIES knows of a number; what stands there already stays."""
    given, form = request.form.get("number", ""), Form(company_values())
    number, problem = normalise_vat_number(given[:60], form.values["seller.address.country"])
    if not number:
        form.values["number"] = given
        form.errors["number"] = translate_message(problem.message) if problem else _("Type your VAT number.")
        return fields_page("company", form)
    has_asked_enough = bool(seconds_to_wait(By.VAT_NUMBERS, shop_id))
    answer = NOT_ASKED if has_asked_enough else answer_for(asking_as(shop(), number), number)
    found = {"seller.vat_number": number, "seller.enterprise_number": enterprise_number_of(number)}
    found |= as_seller_fields(answer.name, answer.address) if answer.valid else {}
    stands = {name for name in found if form.values.get(name) and name != "seller.vat_number"}
    form.values |= {name: text for name, text in found.items() if name not in stands}
    if answer.valid is False:
        flash(
            _("VIES does not know {number}. Look whether it is right; a new number may take some days.", number=number),
            "attention",
        )
    elif answer.valid is None:
        flash(_("VIES does not answer just now. Fill in name and address yourself."), "attention")
    else:
        flash(_("Name and address are as VIES has them. Check them, and save."), "good")
    return fields_page("company", form)


def asking_as(asker: Shop, number: str) -> Shop:
    """VIES wants to know who asks; a company that has not said its number yet asks by the one it asks about."""
    return asker if asker.seller.vat_number else replace(asker, seller=replace(asker.seller, vat_number=number))
