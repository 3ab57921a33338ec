"""Tasks of the buttons on WooCommerce's order screen: the plugin shows the message, in the language of who pressed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.errors import Rejected
from worker.mail import customer_mail
from worker.message import Message, read_message
from worker.sending.email import addressed_to, with_sender
from worker.services import Services
from worker.store import shops
from worker.store.tasks import Task
from worker.tasks import documents, emails, many
from worker.tasks.common import actor_of


def send(services: Services, task: Task) -> Mapping[str, Any]:
    """Mail a document to its customer once more, at the address that its order has now: who presses here corrects it here, and is told
    which it is, as where the shop cannot say it is the document's own; a test goes to the shop itself.

    Argument: `{"document_id"}`. Answer: `{"code": "sent", "message"}`. Raises Rejected where neither has an address.
    """
    document_id, by = int(task.argument["document_id"]), actor_of(services, task)
    with services.store.read() as connection:
        document = document_actions.document_of(connection, task.shop_id, document_id)
        shop = shops.get_settings(connection, task.shop_id)
        shop = with_sender(connection, services, shop, is_test=document.draft.test)
    to = emails.corrected_address(services, document)
    address, *_ = customer_mail.recipients(shop, addressed_to(document, to))
    services.act(lambda connection: document_actions.send_again(connection, task.shop_id, document_id, by=by, to=to))
    message = Message("{number} is on its way to {address}.", number=document.number, address=address)
    return {"code": "sent", "message": message}


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
    """As `send`, the documents of the orders that were ticked in the list of orders.

    Argument: `{"document_ids"}`. Answer: `{"code": "sent", "message"}`, which names the first that could not be mailed. Raises
    Rejected where none could be.
    """
    ids = [int(one) for one in task.argument["document_ids"]]
    with services.store.read() as connection:  # before any of them leaves
        for document_id in ids:
            document_actions.document_of(connection, task.shop_id, document_id)
    done = many.do_many(services, replace(task, argument={"what": "mail_as_ordered", "ids": ids}))
    if not done["left"]:
        return {"code": "sent", "message": Message("Documents on their way to the customers: {count}.", count=len(ids))}
    first = done["named"][0]
    message = Message(
        "Documents on their way to the customers: {count}. Not mailed: {left}, the first of them {number}: {why}",
        count=done["changed"],
        left=done["left"],
        number=first["number"],
        why=read_message(first["message"]),
    )
    if not done["changed"]:
        raise Rejected(message, code=first["code"])
    return {"code": "sent", "message": message}
