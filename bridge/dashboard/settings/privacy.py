"""A shopper asks to be forgotten: what the law lets go is erased, what it wants kept is named."""

from http import HTTPStatus

from flask import Response, request

from bridge.accounts.sign_in import mail_address
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import answered, ask
from bridge.forms import Form


@blueprint.get("/privacy")
def privacy(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/privacy/erase")
def erase(shop_id: str) -> Response:
    """Erase what is known of one mail address."""
    form = Form.sent(request.form)
    email = form.read("email", mail_address)
    if email is None:
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return ask(shop_id, "erase_shopper", {"email": email}, then=f"/s/{shop_id}/settings/privacy?asked=0")


def page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    erased = answered(shop_id, "erase_shopper")
    return settings_page("privacy", "privacy", status=status, form=form, erased=erased.answer if erased else None)
