"""What the shop's list of orders shows: how the documents of a page of orders fare, and mailing those of the ticked ones."""

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify

from bridge.accounts.access_log import note_reader
from bridge.context import context
from bridge.plugin.orders import MOST_FILES, enqueued, too_many_files
from bridge.plugin.signed_request import PluginRequest, as_id, signed, text_in, unreadable
from worker.domain.step import MAIL, TRANSMIT
from worker.store import steps
from worker.store.queries.order_lists import documents_of, drafts_of
from worker.store.steps import Step

blueprint = Blueprint("plugin_order_list", __name__)

# WordPress lets a person list 999 orders on one page; the plugin asks a hundred at a time.
MOST_ORDERS = 100


@dataclass(frozen=True)
class NamedOrder:
    """An order as the shop names it: an id comes back after a shop was restored from a backup, the key does not."""

    order_id: int
    key: str


@blueprint.post("/plugin/orders")
@signed
def orders(plugin_request: PluginRequest) -> Response:
    """How the documents of the given orders fare, by order id: `documents` (id, mail, mailed_at, peppol) and `drafts` that wait."""
    shop_id, named = plugin_request.plugin.shop_id, named_orders(plugin_request)
    note_reader(f"the plugin of shop {shop_id}", orders=[one.order_id for one in named])
    pairs = [(shop_id, one.order_id) for one in named]
    with context().store.read() as connection:
        made, waiting = documents_of(connection, pairs), drafts_of(connection, pairs)
        found = {one.order_id: made.get((shop_id, one.order_id, one.key), ()) for one in named}
        ids = [document.document_id for documents in found.values() for document in documents]
        all_steps = steps.of_documents(connection, ids)
    return jsonify(
        orders={
            str(one.order_id): {
                "documents": [
                    document_state(document.document_id, all_steps.get(document.document_id, {}))
                    for document in found[one.order_id]
                ],
                "drafts": waiting.get((shop_id, one.order_id, one.key), 0),
            }
            for one in named
        }
    )


def named_orders(plugin_request: PluginRequest) -> list[NamedOrder]:
    """The orders that the plugin names, each once."""
    given = plugin_request.content.get("orders", [])
    if not isinstance(given, list) or len(given) > MOST_ORDERS or not all(isinstance(one, dict) for one in given):
        raise unreadable()
    return list(dict.fromkeys(NamedOrder(as_id(one.get("order", 0)), text_in(one, "key")) for one in given))


def document_state(document_id: int, done: dict[str, Step]) -> dict[str, object]:
    """States as a step has them: waiting, running, done, failed; none where nothing of the kind was asked for."""
    mail, peppol = done.get(MAIL), done.get(TRANSMIT)
    return {
        "id": document_id,
        "mail": mail.state if mail else "none",
        "mailed_at": int(mail.done_at.timestamp()) if mail and mail.state == "done" and mail.done_at else None,
        "peppol": peppol.state if peppol else "none",
    }


@blueprint.post("/plugin/send")
@signed
def send(plugin_request: PluginRequest) -> Response:
    """Enqueue mailing `documents` to their customers. The answer is asked for by its number, as that of every task."""
    document_ids = plugin_request.ids("documents")
    if len(document_ids) > MOST_FILES:
        raise too_many_files()
    if not document_ids:
        raise unreadable()
    return enqueued(plugin_request, "order_list_send", {"document_ids": document_ids})
