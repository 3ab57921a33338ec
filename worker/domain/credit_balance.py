"""What is left of an invoice after its credit notes: in all, per category and rate, and of each of its lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.domain.document import Document, Draft
from worker.domain.money import ZERO, total_of
from worker.domain.totals import GroupTotals, VatGroup

NO_TOTALS = GroupTotals(ZERO, ZERO)


@dataclass(frozen=True)
class CreditedInvoice:
    """An invoice, and the credit notes against it so far in any order. *within_left*: a refund takes of no rate more than is left."""

    invoice: Document
    credit_notes: Sequence[Draft] = ()
    within_left: bool = False


@dataclass(frozen=True)
class CreditBalance:
    """What is left of an invoice after its credit notes."""

    total: Decimal
    rounding: Decimal
    groups: Mapping[VatGroup, GroupTotals]
    vat_eur: Decimal | None


@dataclass(frozen=True)
class LineBalance:
    """What is left of one line: *quantity* as printed, and *net*. An amount that no line explains lowers neither."""

    quantity: Decimal
    net: Decimal


def credit_balance_of(invoice: Document, earlier_credit_notes: Iterable[Draft]) -> CreditBalance:
    """What is left of *invoice* after *earlier_credit_notes*."""
    credit_notes = tuple(earlier_credit_notes)
    groups = {(row.category, row.rate): GroupTotals(row.base, row.vat) for row in invoice.draft.vat_lines}
    for row in (row for draft in credit_notes for row in draft.vat_lines):
        group = groups.get((row.category, row.rate), NO_TOTALS)
        groups[row.category, row.rate] = GroupTotals(group.base - row.base, group.vat - row.vat)
    in_euro = invoice.draft.vat_eur
    return CreditBalance(
        total=invoice.draft.total - total_of(draft.total for draft in credit_notes),
        rounding=invoice.draft.rounding - total_of(draft.rounding for draft in credit_notes),
        groups=groups,
        vat_eur=None if in_euro is None else in_euro - total_of(draft.vat_eur or ZERO for draft in credit_notes),
    )


def line_balances_of(invoice: Document, earlier_credit_notes: Iterable[Draft]) -> tuple[LineBalance, ...]:
    """What *earlier_credit_notes* leave of each line of *invoice*, in its order. A page offers these to be credited."""
    quantities: dict[tuple[object, ...], Decimal] = {}
    nets: dict[tuple[object, ...], Decimal] = {}
    # A line of nothing took back VAT alone: its goods stay sold.
    lines = (
        line for draft in earlier_credit_notes for line in draft.lines if line.order_line_id is not None and line.net
    )
    for line in lines:
        key = (line.order_line_id, line.category, line.rate)
        quantities[key] = quantities.get(key, Decimal(0)) + line.quantity
        nets[key] = nets.get(key, ZERO) + line.net
    keys = [(line.order_line_id, line.category, line.rate) for line in invoice.draft.lines]
    return tuple(
        LineBalance(line.quantity - quantities.get(key, Decimal(0)), line.net - nets.get(key, ZERO))
        for line, key in zip(invoice.draft.lines, keys, strict=True)
    )
