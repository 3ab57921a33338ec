"""The part of the payment page about paying online: the key of the shop's account with Mollie, a test of it, where the button stands."""

from collections.abc import Mapping

from flask import Response, flash, request

from bridge.accounts.access import actor, shop
from bridge.context import context, redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.settings import blueprint, change_shop, payment
from bridge.dashboard.settings.payment import PLACES, as_online_form
from bridge.dashboard.tasks import request_task
from bridge.forms import Form
from bridge.i18n.translate import _
from worker.actions import online_payment as actions
from worker.actions.shop_settings import ShopChanges
from worker.domain.online_payment import METHODS
from worker.domain.settings_form import WrongSettings
from worker.errors import Rejected
from worker.message import Message

CHECKED = "/settings/payment?task=0#online"


@blueprint.post("/payment/mollie/connect")
def connect_mollie(shop_id: str) -> Response:
    """Store the key, and try it."""
    try:
        actions.connect(context(), shop_id, request.form.get("mollie_key", ""), by=actor())
    except Rejected as error:
        return with_errors(shop_id, {"mollie_key": error.message}, as_online_form())
    return request_task(shop_id, "check_mollie", {}, then=f"/s/{shop_id}{CHECKED}")


@blueprint.post("/payment/mollie/check")
def check_mollie(shop_id: str) -> Response:
    """Try the key."""
    return request_task(shop_id, "check_mollie", {}, then=f"/s/{shop_id}{CHECKED}")


@blueprint.post("/payment/mollie/disconnect")
def disconnect_mollie(shop_id: str) -> Response:
    """Forget the key."""
    if not is_confirmed():
        question = _("Forget the Mollie key of {shop}?", shop=shop().name)
        more = _(
            "Documents then show no button to pay online, and a payment that a customer is making at this moment is not seen here."
        )
        return ask(Question(question, _("Forget the key"), f"/s/{shop_id}/settings/payment#online", more, is_loss=True))
    actions.disconnect(context(), shop_id, by=actor())
    flash(_("The key is forgotten. Documents show no button to pay online any more."), "good")
    return redirect_to(f"/s/{shop_id}/settings/payment#online")


@blueprint.post("/payment/mollie/choices")
def save_online_choices(shop_id: str) -> Response:
    """Where the button stands, what it offers, and the second code."""
    form = Form.from_request(request.form)
    given = {
        **{name: "1" if form.is_checked(name) else "" for name in PLACES},
        "mollie.methods": "\n".join(name for name in METHODS if form.is_checked(f"method.{name}")),
        "bancontact_profile": form.values.get("bancontact_profile", ""),
    }
    try:
        change_shop(shop_id, ShopChanges(given))
    except WrongSettings as error:
        return with_errors(shop_id, error.messages, form)
    flash(_("Where customers pay online is saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/payment#online")


def with_errors(shop_id: str, errors: Mapping[str, Message], form: Form) -> Response:
    form.refuse(errors)
    return payment.page(shop_id, online=form)
