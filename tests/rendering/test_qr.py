"""The code on an unpaid document: EPC069-12 version 002."""

from dataclasses import replace
from decimal import Decimal

import pytest

from worker.domain.document import Draft, Kind
from worker.rendering.qr import payload, png
from worker.rendering.samples import UNPAID, a_draft, a_line, of_kind


def test_the_code_holds_what_a_banking_app_fills_in() -> None:
    assert payload(a_draft(payment=UNPAID)) == (
        "BCD\n002\n1\nSCT\nGKCCBEBB\nBrouwerij De Gentse Gist BV\nBE68539007547034\nEUR44.27\n\n238000001763"
    )


def test_an_account_may_be_typed_with_spaces_and_a_name_is_cut_at_seventy() -> None:
    payment = replace(UNPAID, iban="be68 5390 0754 7034", bic="", beneficiary="Jan\nPiet " + "x" * 80)
    lines = (payload(a_draft(payment=payment)) or "").split("\n")

    assert lines[4:7] == ["", "Jan Piet " + "x" * 61, "BE68539007547034"]


def test_the_seller_is_paid_where_nobody_else_is_named() -> None:
    assert "Brouwerij De Gentse Gist\n" in (payload(a_draft(payment=replace(UNPAID, beneficiary=""))) or "")


@pytest.mark.parametrize(
    "draft",
    [
        a_draft(payment=None),
        a_draft(payment=replace(UNPAID, iban="")),
        a_draft(payment=UNPAID, currency="USD"),
        a_draft(payment=UNPAID, test=True),
        a_draft(payment=UNPAID, paid_on=UNPAID.due_on),
        a_draft(payment=UNPAID, lines=(a_line(price="0"),)),
        a_draft(payment=UNPAID, lines=(a_line(quantity="1", price="999999999"),)),
        replace(of_kind(Kind.CREDIT_NOTE, "nl").draft, payment=UNPAID),
        replace(of_kind(Kind.DELIVERY_NOTE, "nl").draft, payment=UNPAID),
    ],
    ids=[
        "no request",
        "no account",
        "other money",
        "test",
        "paid",
        "nothing",
        "too much",
        "credit note",
        "delivery note",
    ],
)
def test_nothing_else_gets_a_code(draft: Draft) -> None:
    assert payload(draft) is None


def test_the_smallest_amount_gets_a_code() -> None:
    line = a_line(quantity="1", price="0.01", rate="0")

    assert payload(a_draft(payment=UNPAID, lines=(line,))) is not None
    assert a_draft(payment=UNPAID, lines=(line,)).total == Decimal("0.01")


def test_the_picture_is_the_same_every_time() -> None:
    text = payload(a_draft(payment=UNPAID)) or ""

    assert png(text) == png(text)
    assert png(text).startswith(b"\x89PNG")
