"""Sales to consumers in other member states: up to 10,000 EUR a year they may carry the VAT of the seller's own country
(art. 59c of the VAT directive; art. 15 §2 and 21bis §2 of the Belgian VAT code, read 2026-11-28).
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum

from worker.domain.document import Draft, Kind
from worker.domain.money import ZERO, to_cent
from worker.domain.shop import Shop
from worker.message import Message, Money

LIMIT = Decimal("10000.00")
NEAR = Decimal("8000.00")
CURRENCY = "EUR"


class Level(IntEnum):
    """How far a seller without OSS has come."""

    BELOW = 0
    NEAR = 1
    PASSED = 2


@dataclass(frozen=True)
class DistanceSales:
    """What was sold at a distance, net in EUR by calendar year, of the documents up to *counted_to*.

    *warned* is the highest level that the owner was told of in *warned_in*.
    """

    by_year: dict[int, Decimal] = field(default_factory=dict)
    counted_to: int = 0
    warned: Level = Level.BELOW
    warned_in: int = 0

    def of(self, year: int) -> Decimal:
        return self.by_year.get(year, ZERO)

    def level(self, today: date) -> Level:
        """Passed last year counts for all of this one: both years must have stayed within the limit."""
        if max(self.of(today.year), self.of(today.year - 1)) > LIMIT:
            return Level.PASSED
        return Level.NEAR if self.of(today.year) >= NEAR else Level.BELOW


def distance_sales_of(draft: Draft) -> Decimal:
    """What *draft* adds to the turnover at a distance: net in EUR, negative for a credit note; nothing where no rate is known."""
    lines = (line.net for line in draft.lines if line.distance_sale)
    net = sum(lines, ZERO) * (-1 if draft.kind is Kind.CREDIT_NOTE else 1)
    if draft.kind not in (Kind.INVOICE, Kind.CREDIT_NOTE):
        return ZERO
    if draft.currency == CURRENCY:
        return net
    return to_cent(net / draft.exchange_rate) if draft.exchange_rate else ZERO


def is_watched(shop: Shop, today: date) -> bool:
    """Whether the limit means anything to *shop*: not while it declares in OSS, nor for tests."""
    return not shop.test and not shop.vat.uses_oss_on(today)


def warning(level: Level, sales: DistanceSales, shop: Shop, today: date) -> Message:
    """What the owner is told when *level* is reached."""
    passed_last_year = level is Level.PASSED and sales.of(today.year) <= LIMIT
    year = today.year - 1 if passed_last_year else today.year
    sold, limit = Money(sales.of(year), CURRENCY), Money(LIMIT, CURRENCY)
    if level is Level.PASSED:
        return Message(
            "{shop}: in {year} consumers in other EU countries bought for {sold}, more than {limit}. Goods and downloads for "
            "them must now carry the VAT of their country: register for the One Stop Shop (OSS), set the rates of those "
            "countries in WooCommerce, and switch OSS on in the VAT settings.",
            shop=shop.name,
            year=year,
            sold=sold,
            limit=limit,
        )
    return Message(
        "{shop}: in {year} consumers in other EU countries bought for {sold}. Above {limit} a year goods and downloads for "
        "them must carry the VAT of their country: register for the One Stop Shop (OSS) in time.",
        shop=shop.name,
        year=year,
        sold=sold,
        limit=limit,
    )
