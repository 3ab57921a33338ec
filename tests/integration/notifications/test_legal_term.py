"""An order that was paid last month and has no invoice is told before the law's last day."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.rules import Rule
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer
from worker.notifications import alerts, legal_term
from worker.store import alerts as stored_alerts

DRAFT_RULE = Rule.parse("invoice:paid:draft")
PAID_AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def late(system: System) -> System:
    """A shop whose invoices wait as drafts, with an order paid on 24 November."""
    system.change_shop(rules=(DRAFT_RULE,))
    system.arrives(an_order(id=7, number="1007", created=PAID_AT))
    return system


def on(system: System, month: int, day: int) -> str:
    """What is open as an alert of the term on this day, in English."""
    system.clock.now = datetime(2026, month, day, 9, tzinfo=UTC)
    legal_term.alert_uninvoiced(system.services, system.connected)
    with system.services.store.read() as connection:
        alert = stored_alerts.find(connection, system.shop_id, legal_term.CODE)
    return str(alert.message) if alert else ""


def summary(system: System) -> tuple[str, ...]:
    system.mailbox.clear()
    alerts.digest_daily(system.services, system.connected)
    return tuple(mail.text for mail in system.mailbox.messages())


def test_the_alert_comes_on_the_13th_and_names_the_order_and_the_last_day(late: System) -> None:
    assert on(late, 12, 12) == ""
    said = on(late, 12, 13)
    assert "1007" in said
    assert "15-12-2026" in said


def test_the_summary_says_it_from_the_10th(late: System) -> None:
    on(late, 12, 9)
    assert not any("1007" in text for text in summary(late))
    on(late, 12, 10)
    assert any("1007" in text and "15 dec 2026" in text for text in summary(late))


def test_the_alert_stays_after_the_term_and_closes_when_the_invoice_is_there(late: System) -> None:
    assert on(late, 12, 20)
    stored = late.documents(7)[0].stored_draft
    assert stored is not None
    manual.issue_waiting_draft(late.services, stored.draft_id, IssueAnswer(send=False), by=late.services.actor("Els"))
    assert on(late, 12, 20) == ""


def test_a_shop_that_makes_no_invoice_for_this_buyer_is_left_in_peace(late: System) -> None:
    late.change_shop(rules=(Rule.parse("invoice:paid:draft:buyer=business"),))
    late.arrives(an_order(id=8, number="1008", created=PAID_AT))
    said = on(late, 12, 13)
    assert "1007" in said
    assert "1008" not in said


def test_a_test_shop_and_a_seller_in_a_country_without_a_known_term_are_left_in_peace(late: System) -> None:
    shop = late.connected.shop
    late.change_shop(seller=replace(shop.seller, address=replace(shop.seller.address, country="DE")))
    assert on(late, 12, 13) == ""
