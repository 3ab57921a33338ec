"""`facturelay reminders`: who is reminded of what next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from tests.cli.conftest import ShopAtHand
from tests.support.issued import a_draft
from worker.domain.document import PaymentInstructions

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_open_invoices_are_listed_with_what_comes_and_why_it_does_not(make_shop: Callable[..., ShopAtHand]) -> None:
    shop = make_shop()
    draft = replace(a_draft(238), paid_on=None, payment=PaymentInstructions(due_on=date(2999, 1, 1)))
    shop.issued(draft, now=NOW)
    shop.changed("reminders.who=all", "reminders.before_due=3")

    told = shop.facturelay("reminders", "list", shop.shop_id, "--json").json
    assert told["who"] == "all"
    assert [(one["order_id"], one["due_on"], one["next"], one["sent"]) for one in told["reminders"]] == [
        (238, "2999-01-01", {"kind": "reminder_before_due", "on": "2998-12-29"}, [])
    ]
    assert "Reminder before the due date" in shop.facturelay("reminders", "list", shop.shop_id).out


def test_reminders_are_passed_over_stopped_and_go_on_by_the_documents_number(
    make_shop: Callable[..., ShopAtHand],
) -> None:
    shop = make_shop()
    draft = replace(a_draft(238), paid_on=None, payment=PaymentInstructions(due_on=date(2999, 1, 1)))
    number = shop.issued(draft, now=NOW).number
    shop.changed("reminders.who=all", "reminders.before_due=3")

    def told(verb: str) -> tuple[str | None, bool]:
        (one,) = shop.facturelay("reminders", verb, shop.shop_id, number, "--json").json["reminders"]
        return one["next"] and one["next"]["kind"], one["stopped"]

    assert told("skip") == ("reminder_friendly", False)
    assert told("stop") == (None, True)
    assert told("resume") == ("reminder_friendly", False)
    refused = shop.facturelay("reminders", "stop", shop.shop_id, "X1")
    assert "There is no document X1 in this shop." in refused.err
