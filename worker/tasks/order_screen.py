"""Tasks of the buttons on WooCommerce's order screen: the plugin shows the message, in the language of who pressed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.domain.document import Document
from worker.domain.step import SENT_ELSEWHERE
from worker.errors import FacturelayError
from worker.invoicing.manual import fetch_now
from worker.mail import customer_mail
from worker.message import Message
from worker.services import Services
from worker.store import steps
from worker.store.jobs import JobEnd
from worker.store.tasks import Task
from worker.tasks import documents, emails
from worker.tasks.common import actor_of


def send(services: Services, task: Task) -> Mapping[str, Any]:
    """Mail a document to its customer once more, at the address that its order has now: who presses here corrects it here.

    Argument: `{"document_id"}`. Answer: `{"code": "sent", "message"}`. Raises Rejected where neither has an address.
    """
    document_id = int(task.argument["document_id"])
    with services.store.read() as connection:
        document = document_actions.document_of(connection, task.shop_id, document_id)
    address = address_now(services, document)
    if address and address != document.draft.buyer.email:
        answer = emails.send_again(services, replace(task, argument={"document_id": document_id, "to": address}))
        message = Message("{number} was mailed to {address}.", number=document.number, address=answer["to"])
        end = JobEnd(code=SENT_ELSEWHERE, message=message)
        with services.store.write() as connection:  # one that waits would go to the address that was corrected
            steps.close_mail(connection, document_id, end, state="waiting", now=services.now())
        return {"code": "sent", "message": message}
    customer_mail.recipients(services.connected(task.shop_id).shop, document)
    by = actor_of(services, task)
    services.act(lambda connection: document_actions.send_again(connection, task.shop_id, document_id, by=by))
    return {"code": "sent", "message": Message("{number} is on its way to the customer.", number=document.number)}


def address_now(services: Services, document: Document) -> str:
    """The customer's mail address as the shop has it now; the document's own where the order cannot be read, or is another one."""
    try:
        order = fetch_now(services, services.connected(document.shop_id), document.draft.order_id).order
    except FacturelayError:
        return document.draft.buyer.email
    return order.billing.email if order.order_key == document.draft.order_key else document.draft.buyer.email


def issue(services: Services, task: Task) -> Mapping[str, Any]:
    """Issue a draft.

    Argument: `{"draft_id", "send": true}`; without "send" it is not mailed. Answer: `{"code": "issued", "message"}`.
    """
    (document,) = documents.issue_draft(services, task)["documents"]
    return {"code": "issued", "message": Message("{number} was issued.", number=document["number"])}


def retry(services: Services, task: Task) -> Mapping[str, Any]:
    """Try again what failed for an order.

    Argument: `{"order_id"}`. Answer: `{"code", "message"}`, with the code `tried_again` or `nothing_failed`.
    """
    order_id = int(task.argument["order_id"])
    by = actor_of(services, task)
    again = services.act(lambda connection: order_actions.retry_order(connection, task.shop_id, order_id, by=by))
    if not again.count:
        return {"code": "nothing_failed", "message": Message("Nothing of this order waits to be tried again.")}
    return {"code": "tried_again", "message": Message("What failed is tried again.")}


def send_all(services: Services, task: Task) -> Mapping[str, Any]:
    """Mail documents to their customers once more, those of the orders that were ticked in the list of orders.

    Argument: `{"document_ids"}`. Answer: `{"code": "sent", "message"}`; one that is being mailed at this moment is left alone.
    """
    ids, by = [int(one) for one in task.argument["document_ids"]], actor_of(services, task)
    # One transaction: where the worker dies, none of them has left, and all of them do when the task is run again.
    sent = services.act(lambda connection: document_actions.send_many_again(connection, task.shop_id, ids, by=by)).count
    if sent == len(ids):
        return {"code": "sent", "message": Message("Documents on their way to the customers: {count}.", count=sent)}
    message = Message(
        "Documents on their way to the customers: {count}. Already being mailed: {under_way}.",
        count=sent,
        under_way=len(ids) - sent,
    )
    return {"code": "sent", "message": message}
