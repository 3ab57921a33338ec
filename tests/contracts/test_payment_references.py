"""The plugin tells the buyer the reference that our documents ask for: both are held against one table."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.factories import a_shop
from worker.domain.mail_holds import payee_as_json
from worker.domain.party import Seller
from worker.domain.payment_reference import EarlierDigits, creditor_reference, digits_of, structured_communication

DIGITS = json.loads((Path(__file__).parent / "reference_digits.json").read_text())
CASES = json.loads((Path(__file__).parent / "payment_references.json").read_text())


@pytest.mark.parametrize(("changes", "is_named"), [({}, True), ({"test": True}, False), ({"seller": Seller()}, False)])
def test_nobody_is_asked_to_pay_in_test_or_without_an_account(changes: dict[str, object], *, is_named: bool) -> None:
    shop = replace(a_shop(), **changes)  # type: ignore[arg-type]  # any field
    assert (payee_as_json(shop) is not None) is is_named


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["shown"])
def test_a_reference_follows_from_the_order_and_the_shops_three_digits(case: dict[str, object]) -> None:
    digits = structured_communication(int(str(case["seed"])), int(str(case["order"])))
    compact = str(case["shown"]).replace(" ", "")
    assert digits_of(compact) == digits
    if compact.startswith("RF"):
        assert compact == creditor_reference(digits)


def test_an_order_keeps_the_digits_that_the_shop_had_when_it_was_placed() -> None:
    earlier = [
        EarlierDigits(digits, datetime.fromtimestamp(until, UTC)) for until, digits in DIGITS["payee"]["earlier"]
    ]
    shop = replace(a_shop(), reference_digits=DIGITS["payee"]["seed"], earlier_digits=tuple(earlier))
    told = payee_as_json(shop)
    assert told is not None
    assert {name: told[name] for name in DIGITS["payee"]} == DIGITS["payee"]
    kept = [shop.reference_digits_at(datetime.fromtimestamp(case["at"], UTC)) for case in DIGITS["placed"]]
    assert kept == [case["seed"] for case in DIGITS["placed"]]
