"""The period of VAT: when the invoice was issued, unless payment or the end of its term came first."""

from datetime import date

import pytest

from worker.domain.document import Category, Kind
from worker.domain.tax_point import SaleDays, tax_point

S, K = Category.STANDARD, Category.INTRA_EU
ISSUED = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("kind", "category", "supplied_on", "paid_on", "day"),
    [
        (Kind.INVOICE, S, None, None, ISSUED),
        (Kind.INVOICE, S, None, date(2026, 10, 2), date(2026, 10, 2)),
        (Kind.INVOICE, S, None, date(2026, 12, 1), ISSUED),
        (Kind.INVOICE, S, date(2026, 11, 3), None, ISSUED),
        (Kind.INVOICE, S, date(2026, 10, 31), None, date(2026, 11, 15)),
        (Kind.INVOICE, S, date(2026, 10, 31), date(2026, 11, 20), date(2026, 11, 15)),
        (Kind.INVOICE, K, None, date(2026, 10, 2), ISSUED),
        (Kind.INVOICE, K, date(2026, 9, 30), date(2026, 9, 1), date(2026, 10, 15)),
        (Kind.CREDIT_NOTE, S, date(2026, 10, 1), date(2026, 10, 2), ISSUED),
    ],
)
def test_vat_falls_due_on_the_first_of_its_days(
    kind: Kind, category: str, supplied_on: date | None, paid_on: date | None, day: date
) -> None:
    found = tax_point(
        kind, category, SaleDays(issued_on=ISSUED, supplied_on=supplied_on, paid_on=paid_on), seller_country="BE"
    )
    assert found == day
