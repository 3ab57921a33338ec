"""How long documents are kept; and erasing a customer: what the law allows is deleted, what it requires is listed."""

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import _
from worker.actions.shop_settings import ShopChanges
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import YEARS_KEPT


@blueprint.get("/privacy")
def privacy(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/privacy")
def keep(shop_id: str) -> Response:
    """Store how many years documents are kept."""
    form = Form.from_request(request.form)
    try:
        change_shop(shop_id, ShopChanges({"years_kept": form.values.get("years_kept", "")}))
    except WrongSettings as error:
        form.refuse(error.messages)
        return page(shop_id, form)
    flash(_("Documents are kept for {years} years after their own.", years=form.values["years_kept"]), "good")
    return redirect_to(f"/s/{shop_id}/settings/privacy")


@blueprint.post("/privacy/erase")
def erase(shop_id: str) -> Response:
    """Erase what is known of one mail address."""
    form = Form.from_request(request.form)
    email = form.read("email", read_mail_address)
    if email is None:
        return page(shop_id, form)
    if not is_confirmed():
        question = _("Erase what is known of {email}?", email=email)
        return ask(Question(question, _("Erase"), f"/s/{shop_id}/settings/privacy", what_goes(), is_loss=True))
    return request_task(shop_id, "erase_customer", {"email": email}, then=f"/s/{shop_id}/settings/privacy?task=0")


def what_goes() -> str:
    """What is said above the button, and asked once more."""
    return _(
        "What came in of this customer, drafts, and the addresses to which documents were mailed in place of their own are erased; issued documents are kept as long as the law wants. This cannot be undone."
    )


def page(shop_id: str, form: Form) -> Response:
    form.values.setdefault("years_kept", str(shop().years_kept))
    return settings_page(
        "privacy",
        form=form,
        what_goes=what_goes(),
        erased=erased.answer if (erased := finished_task(shop_id, "erase_customer")) else None,
        years=tuple((years, _("{years} years", years=years)) for years in YEARS_KEPT),
    )
