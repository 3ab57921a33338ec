"""How customers pay: the days they have, and what each of the shop's payment methods means for what is paid."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.labels import Options, setting_choices
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task
from bridge.forms import Form
from bridge.i18n.translate import _
from worker.actions.shop_settings import ShopChanges
from worker.domain.online_payment import why_not
from worker.domain.payment_method import Means, PaymentTerms, known_method
from worker.domain.settings_form import WrongSettings, settings_as_text
from worker.store import payment_methods

MOST_METHODS = 200
PLACES = ("mollie.on_invoices", "mollie.on_order_confirmations", "mollie.on_reminders")
DAYS = ("payment_days", "cancel_after_days")
REFERENCES = "reference_digits"
CHOICES = ("sets_orders_paid", "waits_for_bank_files")
AS_THE_SHOP, PAID, ON_ACCOUNT = "", "paid", "on_account"


@blueprint.get("/payment")
def payment(shop_id: str) -> Response:
    return page(shop_id)


def as_stored(titles: Mapping[str, str]) -> Form:
    """*titles*: of the methods that orders came with."""
    values = {name: str(getattr(shop(), name)) for name in DAYS}
    values[REFERENCES] = settings_as_text(shop())[REFERENCES]
    values |= {name: "yes" for name in CHOICES if getattr(shop(), name)}
    for number, (method, terms) in enumerate(methods_of(titles).items()):
        values |= {f"method-{number}": method, **as_fields(terms, number)}
    return Form(values)


@blueprint.post("/payment")
def save_payment(shop_id: str) -> Response:
    """Store what was chosen of each method, all of it or none."""
    form = Form.from_request(request.form)
    chosen = [terms_as_text(form, number) for number in range(MOST_METHODS) if f"method-{number}" in form.values]
    given = {
        **{name: form.values.get(name, "") for name in (*DAYS, REFERENCES)},
        **{name: form.values.get(name, "") for name in CHOICES},
        "payment_terms": "\n".join(text for text in chosen if text),
    }
    try:
        change_shop(shop_id, ShopChanges(given))
    except WrongSettings as error:
        form.refuse(error.messages)
        return page(shop_id, form)
    flash(_("How orders are paid is saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/payment")


def methods_of(titles: Mapping[str, str]) -> dict[str, PaymentTerms | None]:
    """The methods that orders came with, and those that were given terms before any order did."""
    return {method: shop().payment_terms.get(method) for method in (*titles, *shop().payment_terms)}


def as_fields(terms: PaymentTerms | None, number: int) -> dict[str, str]:
    if terms is None:
        return {f"means-{number}": AS_THE_SHOP}
    if terms.days is None:
        return {f"means-{number}": PAID}
    return {f"means-{number}": ON_ACCOUNT, f"days-{number}": str(terms.days)}


def terms_as_text(form: Form, number: int) -> str:
    """As `settings_form` reads it: `klarna=paid`, `invoice_gateway=30 days`; nothing where the shop's word counts."""
    method = form.values.get(f"method-{number}", "")
    match form.values.get(f"means-{number}"):
        case "paid":
            return f"{method}=paid"
        case "on_account":
            return f"{method}={form.values.get(f'days-{number}') or form.values.get('payment_days', '')} days"
    return ""


def page(shop_id: str, form: Form | None = None, *, online: Form | None = None) -> Response:
    """*form*, and *online* of the part about paying online, where they are not as stored."""
    with context().store.read() as connection:
        titles = payment_methods.of_shop(connection, shop_id)
    rows = [
        (number, method, titles.get(method, ""), usual(method, titles.get(method, "")))
        for number, method in enumerate(methods_of(titles))
    ]
    response = settings_page(
        "payment",
        form=form or as_stored(titles),
        rows=rows,
        meanings=meanings(),
        online=online or as_online_form(),
        **online_part(shop_id),
    )
    if online is not None:
        response.status_code = online.status
    return response


def usual(method: str, title: str) -> str:
    """What an order of *method* is where the owner says nothing."""
    known = known_method(method, title)
    if known is not None and known.on_account:
        return _("Usual: sold on account.")
    if known is not None and known.means is not Means.TRANSFER:
        return _("Usual: paid when the shop dates its payment or completes it.")
    return _("Usual: paid when the shop dates its payment; completed alone is not paid.")


def meanings() -> Options:
    return (
        (AS_THE_SHOP, _("as usual for this method")),
        (ON_ACCOUNT, _("sold on account: open until you say that it is paid")),
        (PAID, _("paid, when the shop dates its payment or completes it")),
    )


# Paying online (what is done there: `bridge.dashboard.settings.mollie`)


def online_part(shop_id: str) -> dict[str, Any]:
    checked = finished_task(shop_id, "check_mollie")
    return {
        "mode": shop().mollie.mode,
        "why_not": why_not(shop()),
        "methods": setting_choices("mollie.methods"),
        "checks": checked.answer.get("checks", ()) if checked else (),
    }


def as_online_form() -> Form:
    stored = settings_as_text(shop())
    chosen = {f"method.{name}": "1" for name in shop().mollie.methods}
    return Form({**{name: stored[name] for name in (*PLACES, "bancontact_profile")}, **chosen})
