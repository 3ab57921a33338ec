"""Erase a customer's personal data: what the law allows is deleted, what it requires is listed."""

from http import HTTPStatus

from flask import Response, request

from bridge.accounts.sign_in import read_mail_address
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form


@blueprint.get("/privacy")
def privacy(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/privacy/erase")
def erase(shop_id: str) -> Response:
    """Erase what is known of one mail address."""
    form = Form.from_request(request.form)
    email = form.read("email", read_mail_address)
    if email is None:
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return request_task(shop_id, "erase_customer", {"email": email}, then=f"/s/{shop_id}/settings/privacy?task=0")


def page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    erased = finished_task(shop_id, "erase_customer")
    return settings_page("privacy", "privacy", status=status, form=form, erased=erased.answer if erased else None)
