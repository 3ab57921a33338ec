"""Mollie's call that something became of a payment: it says only which. Answered at once; the worker asks Mollie, and believes that alone."""

from flask import Blueprint, Response, make_response, request

from bridge.accounts.rate_limit import By, limit, limit_stranger, proves_itself
from bridge.context import context
from worker.net import mollie_hook
from worker.net.mollie_answer import PAYMENT_ID
from worker.queue import RUN_TASK
from worker.store import shops, tasks
from worker.store.tasks import TaskRequest

blueprint = Blueprint("mollie_hook", __name__)

LARGEST_BODY = 1_000


@blueprint.post("/hooks/mollie/<token>")
@proves_itself
def hear(token: str) -> Response:
    """200, whatever was sent: nobody learns here which shops and payments there are."""
    shop_id = mollie_hook.read(context().settings.secret_keys, token)
    if shop_id is None:
        limit_stranger()
        return make_response("")
    limit(By.DELIVERIES, shop_id)
    if 0 < (request.content_length or 0) <= LARGEST_BODY:
        payment = request.form.get("id", "")
        if PAYMENT_ID.fullmatch(payment):
            ask_about(shop_id, payment)
    return make_response("")


def ask_about(shop_id: str, payment: str) -> None:
    """Have the worker ask; once, however often Mollie calls before it did."""
    asked = TaskRequest(shop_id=shop_id, kind="follow_payment", argument={"payment": payment}, requested_by="Mollie")
    with context().store.write() as connection:
        if shops.settings_of(connection, shop_id) is None or tasks.is_waiting(connection, asked):
            return
        task_id = tasks.request(connection, asked, now=context().now())
    context().enqueuer.enqueue(RUN_TASK, task_id)
