"""The recordings are what a real shop sent, and a replay shows its REST API as it was."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from worker.demo.hookshot import signature
from worker.demo.orders import Payload, php_json
from worker.demo.recordings import RecordedDelivery, Scenario, load

FOLDER = Path(__file__).parent.parent / "recordings"
SCENARIOS = load(FOLDER)
DELIVERIES = [delivery for scenario in SCENARIOS for step in scenario.steps for delivery in step.deliveries]
EXPECTED = json.loads((FOLDER / "EXPECTED.json").read_text())
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("delivery", DELIVERIES, ids=lambda delivery: delivery.file)
def test_the_signature_of_every_recorded_delivery_verifies(delivery: RecordedDelivery) -> None:
    assert dict(delivery.headers)["X-WC-Webhook-Signature"] == signature(delivery.secret, delivery.body)


@pytest.mark.parametrize("delivery", DELIVERIES, ids=lambda delivery: delivery.file)
def test_the_pretend_shop_writes_json_byte_for_byte_as_php_did(delivery: RecordedDelivery) -> None:
    assert php_json(json.loads(delivery.body)) == delivery.body


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_state_after_the_last_step_is_what_rest_answered_in_the_end(scenario: Scenario) -> None:
    last = scenario.after(len(scenario.steps) - 1)

    assert {s.order_id: _comparable(s.order) for s in last} == {i: _comparable(o) for i, o in scenario.orders.items()}
    assert {s.order_id: s.refunds for s in last} == dict(scenario.refunds)


def test_a_refund_is_seen_from_the_step_that_made_it() -> None:
    scenario = BY_NAME["s20-refund-partial-lines"]

    seen = [[refund["id"] for state in scenario.after(n) for refund in state.refunds] for n in range(4)]

    assert seen == [[], [268], [269, 268], [270, 269, 268]]


def test_a_trashed_order_is_still_there_and_an_erased_one_is_not() -> None:
    scenario = BY_NAME["s24-trash-restore-delete"]

    seen = [state.order and state.order["status"] for n in range(4) for state in scenario.after(n)]

    assert seen == ["processing", "trash", "processing", None]


def test_an_order_deleted_by_force_is_gone_though_nothing_was_delivered() -> None:
    scenario = BY_NAME["s37-delete-without-trash"]

    assert [state.order for state in scenario.after(1)] == [None]


def test_every_recorded_order_has_an_expectation_and_no_other_has() -> None:
    expected = {name: {int(order_id) for order_id in orders} for name, orders in EXPECTED.items()}

    assert expected == {scenario.name: set(scenario.orders) for scenario in SCENARIOS}


@pytest.mark.parametrize("name", EXPECTED)
def test_expected_figures_add_up(name: str) -> None:
    for document in (d for order in EXPECTED[name].values() for d in order["documents"]):
        net, vat, rounding = (Decimal(document[field]) for field in ("net", "vat", "rounding"))
        assert net + vat + rounding == Decimal(document["total"])
        if document["vat_lines"] is not None:
            assert sum(Decimal(line["base"]) for line in document["vat_lines"]) == net
            assert sum(Decimal(line["vat"]) for line in document["vat_lines"]) == vat


def test_what_is_expected_of_refunds_never_exceeds_the_invoice() -> None:
    documents = EXPECTED["s20-refund-partial-lines"]["267"]["documents"]

    invoice, *credit_notes = documents

    for field in ("net", "vat", "total"):
        assert sum(Decimal(credit[field]) for credit in credit_notes) == Decimal(invoice[field])


def _comparable(order: Payload | None) -> Payload | None:
    """Without what differs by the door it was read through; WooCommerce's own metas come and go in any order."""
    if order is None:
        return None
    metas = sorted((m["key"], str(m["value"])) for m in order["meta_data"] if not m["key"].startswith("_debug_log"))
    return {**order, "meta_data": metas, "_links": None, "payment_url": None}
