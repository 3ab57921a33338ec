"""Prices as consumers paid them: what each line of a document cost with the VAT in it.

Only paper shows them. The price without VAT stands below, as an invoice needs it (art. 226 (8) of the VAT directive, art. 5 §1
9° RD no. 1); e-invoices are always without.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain.document import Draft, Line
from worker.domain.money import to_minor_unit, total_of
from worker.domain.order import Order
from worker.domain.shop import ConsumerPrices, Shop
from worker.domain.totals import GroupTotals, Totals, VatGroup, split_amount, unit_of
from worker.message import Money


def is_of_consumer(order: Order) -> bool:
    """Whether nobody makes an e-invoice of *order*: its buyer is no business, and asks for none."""
    return not (order.is_business or order.peppol_address_given)


def with_prices_paid(lines: tuple[Line, ...], order: Order, shop: Shop, totals: Totals) -> tuple[Line, ...]:
    """*lines*, made of those of *order*, with what was paid for each; as they were where that is not shown, or adds up to another total."""
    grosses = [to_minor_unit(line.total + line.tax, order.currency) for line in order.lines]
    if not _shows_prices_paid(order, shop) or totals.rounding or total_of(grosses) != totals.total:
        return lines
    return tuple(replace(line, gross=gross) for line, gross in zip(lines, grosses, strict=True))


def states_prices_paid(draft: Draft) -> bool:
    """Whether each line of *draft* says what was paid for it with VAT; together they are the total."""
    grosses = [line.gross for line in draft.lines if line.gross is not None]
    return len(grosses) == len(draft.lines) and total_of(grosses) == draft.total


@dataclass(frozen=True)
class StatedAmounts:
    """What each line costs as a document states it, and what then still leads to its total."""

    of_lines: tuple[Decimal, ...]
    vat: Decimal
    rounding: Decimal


def stated_amounts(draft: Draft) -> StatedAmounts:
    """With VAT where the document's prices are the ones that were paid, else without it and the VAT apart."""
    if states_prices_paid(draft):
        return StatedAmounts(tuple(line.gross or Decimal(0) for line in draft.lines), Decimal(0), Decimal(0))
    nets = tuple(line.net for line in draft.lines)
    return StatedAmounts(nets, draft.vat, draft.total - draft.vat - total_of(nets))


def with_prices_given_back(
    lines: tuple[Line, ...], groups: Mapping[VatGroup, GroupTotals], total: Money
) -> tuple[Line, ...]:
    """The *lines* of a credit note, each with its part in what is given back of its category and rate; with none where those add up
    to another *total*."""
    if total_of(totals.gross for totals in groups.values()) != total.amount:
        return tuple(replace(line, gross=None) for line in lines)
    found = list(lines)
    for group, totals in groups.items():
        own = [place for place, line in enumerate(lines) if (line.category, line.rate) == group]
        shares = split_amount(totals.gross, [lines[place].net for place in own], unit_of(total.currency))
        for place, share in zip(own, shares, strict=True):
            found[place] = replace(lines[place], gross=share)
    return tuple(found)


def _shows_prices_paid(order: Order, shop: Shop) -> bool:
    if not is_of_consumer(order) or shop.consumer_prices is ConsumerPrices.WITHOUT_VAT:
        return False
    return order.prices_include_tax or shop.consumer_prices is ConsumerPrices.WITH_VAT
