"""The law gives an invoice until the 15th of the month after delivery or payment."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.support.factories import a_shop, an_order, issued
from worker.domain.decide import decide_documents
from worker.domain.document import Document, History, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.legal_term import last_day
from worker.domain.order import Order


def at(day: int, month: int = 10) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def invoice_of(order: Order, issued_on: date) -> Document:
    draft = draft_document(
        order, a_shop(), today=issued_on, purpose=Purpose(Kind.INVOICE, f"order:{order.order_id}:invoice:1")
    )
    return replace(issued(draft), issued_on=issued_on)


def flags_of(order: Order, issued_on: date) -> list[str]:
    invoice = invoice_of(order, issued_on)
    decision = decide_documents(order, (), History((invoice,)), a_shop(), issued_on)
    return [flag.code for flag in decision.flags]


@pytest.mark.parametrize(
    ("taxable_on", "last"),
    [
        (date(2026, 10, 1), date(2026, 11, 15)),
        (date(2026, 10, 31), date(2026, 11, 15)),
        (date(2026, 12, 31), date(2027, 1, 15)),
        (date(2028, 1, 31), date(2028, 2, 15)),
    ],
)
def test_the_last_day_is_the_15th_of_the_next_month(taxable_on: date, last: date) -> None:
    assert last_day(taxable_on, "BE") == last


def test_where_we_know_no_term_there_is_none() -> None:
    assert last_day(date(2026, 10, 1), "DE") is None


def test_vat_falls_due_with_delivery_or_payment_whichever_is_first() -> None:
    assert an_order(paid_at=at(3), completed_at=at(2)).taxable_at == at(2)
    assert an_order(paid_at=at(3), completed_at=None).taxable_at == at(3)
    assert an_order(paid_at=None, completed_at=None).taxable_at is None


def test_an_invoice_after_the_term_says_so_and_one_on_the_last_day_does_not() -> None:
    order = an_order(paid_at=at(2))
    assert "invoice_late" in flags_of(order, date(2026, 11, 16))
    assert "invoice_late" not in flags_of(order, date(2026, 11, 15))


def test_an_invoice_of_what_is_neither_paid_nor_delivered_is_never_late() -> None:
    assert "invoice_late" not in flags_of(an_order(), date(2027, 11, 16))
