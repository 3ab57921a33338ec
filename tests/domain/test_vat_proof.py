"""What an invoice without VAT to another member state needs, by what VIES said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_order
from worker.domain.decide import decide_documents
from worker.domain.order import Order
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.vat_check import VatCheck

NUMBER = "NL123456782B90"
AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
VALID, INVALID = VatCheck(NUMBER, True, asked_at=AT), VatCheck(NUMBER, False, asked_at=AT)
SILENT = VatCheck(NUMBER, None, code="MS_UNAVAILABLE")
WAITING = replace(SILENT, waits_until=AT + timedelta(hours=24))


def sold(check: VatCheck | None, *, rate: str | None = None, **more: Any) -> Order:
    return an_order(
        a_line("100.00", rate), country="NL", paid=True, vat_number_given=NUMBER, company="B", vat_check=check, **more
    )


def outcome(order: Order, *, kept: bool = False) -> str:
    """`issued`, the code of what makes it a draft, or why there is nothing yet."""
    shop = a_shop("invoice:paid:send")
    first = decide_documents(replace(order, vat_check=VALID), (), a_history(), shop, TODAY).drafts
    decision = decide_documents(order, (), a_history(kept=first if kept else ()), shop, TODAY)
    if not decision.drafts:
        return next(finding.code for finding in decision.rule_results if not finding.fired)
    return next((problem.code for problem in decision.drafts[0].problems), "issued")


@pytest.mark.parametrize(
    ("check", "becomes"),
    [
        (VALID, "issued"),
        (INVALID, "vat_number_invalid"),
        (SILENT, "vat_number_unchecked"),
        (WAITING, "waits_for_vies"),
        (None, "vat_number_unchecked"),
        (replace(VALID, number="NL000099998B57"), "vat_number_unchecked"),  # the number was corrected since
    ],
)
def test_only_vies_own_yes_lets_an_invoice_without_vat_leave(check: VatCheck | None, becomes: str) -> None:
    assert outcome(sold(check)) == becomes


@pytest.mark.parametrize("check", [VALID, INVALID, SILENT, WAITING, None])
def test_a_sale_with_vat_needs_no_proof(check: VatCheck | None) -> None:
    assert outcome(sold(check, rate="21")) == "issued"


def test_a_draft_that_is_there_already_waits_for_its_person_and_not_for_vies() -> None:
    assert outcome(sold(WAITING), kept=True) == "vat_number_unchecked"


@pytest.mark.parametrize(
    ("check", "becomes"), [(SILENT, "issued"), (WAITING, "issued"), (INVALID, "vat_number_invalid")]
)
def test_who_treats_an_order_by_hand_answers_for_it_but_not_for_an_invalid_number(
    check: VatCheck, becomes: str
) -> None:
    by_hand = OrderTreatment(TreatmentName.INTRA_EU, "Seen on paper", "Ann", AT)
    assert outcome(sold(check, treatment=by_hand)) == becomes
