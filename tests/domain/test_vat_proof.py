"""What an invoice without VAT to another member state needs, by what VIES said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_address, an_order, drafted, shipping
from worker.domain.assessment import assess
from worker.domain.decide import decide_documents
from worker.domain.document import Draft
from worker.domain.order import Order
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.shop import VatSettings
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


def outcome(order: Order, *, kept: bool = False, vat: VatSettings | None = None) -> str:
    """`issued`, the code of what makes it a draft, or why there is nothing yet."""
    shop = a_shop("invoice:paid:send", vat=vat or VatSettings())
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


OSS = VatSettings(oss=True)
SILENCES = (SILENT, WAITING, replace(SILENT, code="not_configured"), replace(VALID, number="NL000099998B57"), None)


@pytest.mark.parametrize(
    ("check", "becomes"),
    [
        (VALID, "issued"),
        (INVALID, "issued"),
        (SILENT, "vat_number_unchecked"),
        (WAITING, "waits_for_vies"),
        (replace(SILENT, code="not_configured"), "vat_number_unchecked"),
        (replace(SILENT, code="INVALID_INPUT"), "issued"),
        (None, "vat_number_unchecked"),
    ],
)
def test_a_sale_with_vat_waits_too_where_the_number_decides_whose_vat_it_is(
    check: VatCheck | None, becomes: str
) -> None:
    assert outcome(sold(check, rate="21"), vat=OSS) == becomes


@pytest.mark.parametrize(("check", "becomes"), [(SILENT, "issued"), (WAITING, "waits_for_vies"), (VALID, "issued")])
def test_the_shops_own_word_that_a_number_is_invalid_counts_once_vies_was_waited_for(
    check: VatCheck, becomes: str
) -> None:
    assert outcome(sold(check, rate="21", vat_number_shop_says="invalid"), vat=OSS) == becomes


def stated(draft: Draft) -> tuple[object, ...]:
    """What an invoice that leaves by itself says of VAT; nothing where a person is asked first."""
    if draft.problems:
        return ()
    lines = [(one.category, one.rate, one.vat_country) for one in draft.lines]
    return lines, draft.vat_lines, draft.mentions


@pytest.mark.parametrize("oss", [False, True])
@pytest.mark.parametrize("rate", ["21", "20", "19", "12", "9", "6", None])
@pytest.mark.parametrize("country", ["NL", "FR", "BE", "US"])
@pytest.mark.parametrize("method", ["flat_rate", "local_pickup"])
def test_what_leaves_while_vies_is_silent_is_what_would_leave_whatever_it_says(
    method: str, country: str, rate: str | None, oss: bool
) -> None:
    carried = replace(shipping("5.00", rate), method=method)
    to = an_address(country, postcode="1011 AB")
    order = an_order(
        a_line("100.00", rate), carried, country="NL", ship_to=to, paid=True, vat_number_given=NUMBER, vat_check=None
    )
    shop = a_shop(vat=VatSettings(oss=oss))
    for check in SILENCES:
        draft = drafted(replace(order, vat_check=check), shop)
        for answer in (VALID, INVALID):
            assert draft.problems or stated(draft) == stated(drafted(replace(order, vat_check=answer), shop))
        said = [*draft.problems, *assess(replace(order, vat_check=check), shop).flags]
        assert not any("the valid VAT number" in str(one.message) for one in said)


def test_while_vies_is_silent_a_sale_counts_as_one_at_a_distance() -> None:
    for check in (SILENT, INVALID, VALID):
        (line,) = drafted(sold(check, rate="21"), a_shop()).lines
        assert line.distance_sale is not bool(check.valid)


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
