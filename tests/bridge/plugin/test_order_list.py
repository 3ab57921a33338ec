"""What the shop's list of orders may ask of the bridge: how the documents of a page fare, and to mail those of ticked orders."""

import pytest

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.plugin_requests import ask, code_of
from worker.store import tasks


def test_a_page_of_orders_is_told_how_their_documents_fare(connected: BridgeApp) -> None:
    document = connected.issue()
    draft = document.draft
    named = [{"order": draft.order_id, "key": draft.order_key}, {"order": 99, "key": "wc_order_99"}]

    told = ask(connected, "orders", {"orders": named}).get_json()

    state = {"id": document.document_id, "mail": "none", "mailed_at": None, "peppol": "none"}
    assert told == {
        "orders": {str(draft.order_id): {"documents": [state], "drafts": 0}, "99": {"documents": [], "drafts": 0}}
    }


def test_an_order_with_the_same_number_and_another_key_has_no_documents(connected: BridgeApp) -> None:
    order_id = connected.issue().draft.order_id

    told = ask(connected, "orders", {"orders": [{"order": order_id, "key": "wc_order_other"}]}).get_json()

    assert told["orders"][str(order_id)]["documents"] == []


@pytest.mark.parametrize("named", [7, ["x"], [{"order": "1", "key": "k"}], [{"order": 1, "key": 1}], [{}] * 101])
def test_what_names_no_orders_is_refused(connected: BridgeApp, named: object) -> None:
    assert code_of(ask(connected, "orders", {"orders": named})) == (400, "request_wrong")


def test_mailing_the_documents_of_ticked_orders_becomes_one_task(connected: BridgeApp) -> None:
    answer = ask(connected, "send", {"documents": [8, 9, 8], "by": "An Peeters"}).get_json()

    with connected.store.read() as connection:
        found = tasks.find(connection, answer["task"])
    assert found is not None
    assert (found.shop_id, found.kind, found.requested_by, found.requested_at) == (
        SHOP,
        "order_list_send",
        "An Peeters (WooCommerce)",
        NOW,
    )
    assert found.argument == {"document_ids": [8, 9]}


def test_too_many_documents_at_once_and_none_are_refused(connected: BridgeApp) -> None:
    assert code_of(ask(connected, "send", {"documents": list(range(1, 202))})) == (400, "too_many_files")
    assert code_of(ask(connected, "send", {"documents": []})) == (400, "request_wrong")
