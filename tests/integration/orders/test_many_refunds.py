"""An order with more refunds than fit on one page of the shop's list."""

from decimal import Decimal

import pytest

from tests.support.system import START, System
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind
from worker.jobs.order import process_delivery

pytestmark = pytest.mark.each_database


@pytest.mark.usefixtures("pages_of_ten")
def test_each_refund_gets_its_credit_note(system: System) -> None:
    order = an_order(id=238, created=START)
    system.shop.place(order)
    for n in range(12):
        system.shop.refund(238, a_refund(order, id=1000 + n, amount="0.10"))
    process_delivery(system.services, system.receive(system.shop.order(238) or {}))
    credited = [item.draft.total for item in system.documents(238) if item.draft.kind is Kind.CREDIT_NOTE]
    assert (len(credited), sum(credited)) == (12, Decimal("1.20"))
    assert all(item.document for item in system.documents(238))
