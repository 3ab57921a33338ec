"""An order that another plugin invoiced is not invoiced again by itself; both the order and its owner are told."""

import pytest

from tests.support.system import System
from worker.demo.orders import Payload
from worker.demo.pretend_shop import an_order
from worker.domain.document import Kind
from worker.domain.rules import Rule
from worker.invoicing.manual import ManualDocument, issue_manual_document
from worker.store.orders import StoredOrder

NUMBER = {"_wcpdf_invoice_number": "240"}
ORDER = 1001


def invoiced_elsewhere(**more: object) -> Payload:
    return an_order(id=ORDER, metas=NUMBER, **more)  # type: ignore[arg-type]  # fields of an order


def stored(system: System) -> StoredOrder:
    order = system.trail(ORDER).order
    assert order
    return order


def test_an_order_that_another_plugin_invoiced_makes_no_invoice_and_says_which_one_it_has(system: System) -> None:
    assert system.arrives(invoiced_elsewhere()) == ()
    (finding, *_) = stored(system).rule_results
    assert finding.code == "invoiced_by_plugin"
    assert "240 by the plugin PDF Invoices & Packing Slips (WP Overnight)" in str(finding.message)


def test_an_alert_tells_that_two_plugins_make_invoices_until_one_stops(system: System) -> None:
    system.arrives(invoiced_elsewhere())
    assert system.alert_codes() == ["other_invoice_plugin"]
    system.arrives(an_order(id=ORDER + 1))
    assert system.alert_codes() == []


def test_a_person_may_invoice_it_all_the_same_and_is_told_that_there_are_two(system: System) -> None:
    system.arrives(invoiced_elsewhere())
    issue_manual_document(system.services, system.shop_id, ManualDocument(ORDER, Kind.INVOICE, False), by=system.person)
    system.arrives(invoiced_elsewhere(status="completed"))
    assert [flag.code for flag in stored(system).flags] == ["invoiced_twice"]


def test_an_invoice_of_another_plugin_after_ours_is_shown(system: System) -> None:
    system.arrives(an_order(id=ORDER))
    (_,) = system.arrives(invoiced_elsewhere())
    assert "invoiced_twice" in [flag.code for flag in stored(system).flags]


@pytest.mark.parametrize("kind", ["order_confirmation", "delivery_note"])
def test_other_documents_are_made_beside_another_plugins_invoice(system: System, kind: str) -> None:
    system.change_shop(rules=(Rule.parse(f"{kind}:paid:send"),))
    (document,) = system.arrives(invoiced_elsewhere())
    assert document.draft.kind == kind


def test_a_shop_that_tries_out_makes_test_documents_beside_another_plugin(system: System) -> None:
    system.change_shop(test=True)
    (_,) = system.arrives(invoiced_elsewhere())
    assert system.alert_codes() == []
