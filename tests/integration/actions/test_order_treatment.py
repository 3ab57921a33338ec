"""An order that could not be issued goes out when a person says what it is, and the trail tells who said so."""

from decimal import Decimal

import pytest

from tests.support.system import System
from worker.actions import order_treatment, shop_settings
from worker.actions.shop_settings import ShopChanges
from worker.demo.orders import an_order
from worker.domain.actor import Actor
from worker.domain.order_treatment import TreatmentName
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer
from worker.store.order_treatments import TreatmentChange
from worker.store.queries import sales_journal

RENOVATION = ("Renovatie badkamer", "BAD-1", 1, "900.00", None)


def treat(system: System, name: TreatmentName | None, reason: str = "renovatie, attest ontvangen") -> None:
    with system.services.store.write() as connection:
        change = TreatmentChange(name, reason, "Els", system.clock.now)
        order_treatment.treat_order(connection, system.shop_id, 7, change)
    system.work()


@pytest.fixture
def waiting(system: System) -> System:
    system.arrives(
        an_order(
            id=7, lines=(RENOVATION,), shipping=None, company="Bouw BV", metas={"_billing_vat_number": "BE0403170701"}
        )
    )
    assert system.numbers(7) == ["draft"]
    return system


def test_the_draft_is_drawn_up_anew_and_can_be_issued(waiting: System) -> None:
    treat(waiting, TreatmentName.CO_CONTRACTOR)
    stored = waiting.documents(7)[0].stored_draft
    assert stored is not None
    assert stored.draft.problems == ()
    document = manual.issue_waiting_draft(
        waiting.services, stored.draft_id, IssueAnswer(send=True), by=waiting.services.actor("Els")
    )
    assert [said.key for said in document.draft.mentions] == ["co_contractor"]
    day = document.issued_on
    with waiting.services.store.read() as connection:
        rows = sales_journal.journal(connection, waiting.shop_id, since=day, until=day).rows
    assert [(row.category, row.reason, row.base) for row in rows] == [("AE", "co_contractor", Decimal("900.00"))]


def test_the_history_says_who_said_it_and_why(waiting: System) -> None:
    treat(waiting, TreatmentName.CO_CONTRACTOR)
    story = waiting.trail(7)
    assert story.treatment is not None
    assert (story.treatment.name, story.treatment.by) == (TreatmentName.CO_CONTRACTOR, "Els")
    assert any(entry.actor == "Els" and "renovatie" in str(entry.message) for entry in story.audit_entries)


def test_what_was_said_can_be_taken_back(waiting: System) -> None:
    treat(waiting, TreatmentName.CO_CONTRACTOR)
    treat(waiting, None, "")
    assert waiting.trail(7).treatment is None
    assert waiting.documents(7)[0].draft.problems


def test_a_treatment_needs_a_reason(waiting: System) -> None:
    with pytest.raises(Rejected, match="Say why"):
        treat(waiting, TreatmentName.DIPLOMAT, "  ")


def test_there_must_be_something_to_take_back(waiting: System) -> None:
    with pytest.raises(Rejected, match="as the shop's settings say"):
        treat(waiting, None, "")


def test_a_draft_in_order_says_so_and_not_that_its_rule_left_it(waiting: System) -> None:
    treat(waiting, TreatmentName.CO_CONTRACTOR)
    said = [str(delivery.message) for delivery in waiting.trail(7).deliveries]
    assert "nothing stands in its way any more" in said[-1]


def test_when_the_settings_say_what_was_asked_the_draft_is_drawn_up_anew_by_itself(waiting: System) -> None:
    assert "no_tax_charged" in {problem.code for problem in waiting.documents(7)[0].draft.problems}
    changes = ShopChanges(settings={"vat.zero_reasons": "sku BAD-1 = exempt"})
    shop_settings.change_shop(waiting.services, waiting.shop_id, changes, by=Actor("Els", waiting.clock.now))
    waiting.work()
    codes = {problem.code for problem in waiting.documents(7)[0].draft.problems}
    assert "no_tax_charged" not in codes


def test_a_change_that_decides_nothing_looks_at_no_order_again(waiting: System) -> None:
    before = len(waiting.trail(7).deliveries)
    changes = ShopChanges(settings={"branding.accent": "#123456"})
    shop_settings.change_shop(waiting.services, waiting.shop_id, changes, by=Actor("Els", waiting.clock.now))
    assert len(waiting.trail(7).deliveries) == before
