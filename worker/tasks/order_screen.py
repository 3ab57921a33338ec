"""Errands that the buttons on WooCommerce's order screen ask for: the plugin shows the sentence, and tells by the code."""

from collections.abc import Mapping
from typing import Any

from worker.actions import documents as deciding
from worker.queue import DELIVER, LOOK_AT_ORDER
from worker.services import Services
from worker.store.tasks import Errand
from worker.tasks import documents


def send(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Mail a document to its customer once more.

    Argument: `{"document_id"}`. Answer: `{"code": "sent", "sentence"}`.
    """
    document_id = int(errand.argument["document_id"])
    with services.store.write() as connection:
        document = deciding.send_again(connection, errand.shop_id, document_id, by=errand.asked_by, now=services.now())
    services.ring(DELIVER, document_id)
    return {"code": "sent", "sentence": f"{document.number} is on its way to the customer."}


def issue(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Issue a draft.

    Argument: `{"draft_id", "send": true}`; without "send" it is not mailed. Answer: `{"code": "issued", "sentence"}`.
    """
    (document,) = documents.issue_draft(services, errand)["documents"]
    return {"code": "issued", "sentence": f"{document['number']} was issued."}


def retry(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Try again what failed for an order.

    Argument: `{"order_id"}`. Answer: `{"code", "sentence"}`, with the code `tried_again` or `nothing_failed`.
    """
    order_id = int(errand.argument["order_id"])
    with services.store.write() as connection:
        again = deciding.retry_order(connection, errand.shop_id, order_id, by=errand.asked_by, now=services.now())
    if not again.count:
        return {"code": "nothing_failed", "sentence": "Nothing of this order waits to be tried again."}
    for look_id in again.looks[:1]:
        services.ring(LOOK_AT_ORDER, look_id)
    for made in set(again.documents):
        services.ring(DELIVER, made)
    return {"code": "tried_again", "sentence": "What failed is tried again."}
