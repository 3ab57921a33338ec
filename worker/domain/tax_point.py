"""The day on which VAT falls due, and so the period in which it is declared (art. 17 of the VAT code, read 2026-11)."""

from dataclasses import dataclass
from datetime import date

from worker.domain.document import Category, Kind
from worker.domain.legal_term import LAST_DAY, next_month


@dataclass(frozen=True)
class SaleDays:
    """The days that may make VAT due."""

    issued_on: date
    supplied_on: date | None = None
    paid_on: date | None = None


def tax_point(kind: Kind, category: str, days: SaleDays, *, seller_country: str) -> date:
    """When the VAT of a document fell due: when it was issued, or before when it was paid or its term ended.

    Payment in advance makes nothing due of an intra-EU supply (§3), and what is taken back goes off when that is said.
    """
    if kind is Kind.CREDIT_NOTE:
        return days.issued_on
    candidates = [days.issued_on]
    if days.supplied_on is not None:
        candidates.append(next_month(days.supplied_on).replace(day=LAST_DAY.get(seller_country, 15)))
    if days.paid_on is not None and category != Category.INTRA_EU:
        candidates.append(days.paid_on)
    return min(candidates)
