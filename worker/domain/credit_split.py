"""An amount given back, shared over the categories and rates of its invoice."""

from collections.abc import Mapping
from decimal import Decimal

from worker.domain.credit_balance import NO_TOTALS, CreditBalance
from worker.domain.credit_statement import NO_STATEMENT, CreditStatement
from worker.domain.money import MINOR_UNITS, ZERO, to_minor_unit, total_of
from worker.domain.totals import GroupTotals, VatGroup, split_amount, unit_of, vat_on


def split_over_groups(
    statement: CreditStatement, remaining: CreditBalance, total: Decimal, currency: str
) -> tuple[dict[VatGroup, Decimal], dict[VatGroup, GroupTotals]]:
    """What is credited per category and rate: the amounts asked, and base and VAT.

    What the statement says is credited as it says it, and only what it leaves open is shared. Where its lines are more than
    the refund, or more than a rate can give, it is shared within what is left.
    """
    if total == remaining.total:
        return {group: part.gross for group, part in remaining.groups.items()}, dict(remaining.groups)
    said, open_amount = statement.by_group, total - statement.placed
    if open_amount < -statement.slack or not statement.is_possible:
        return share_over_groups(statement, remaining, total, currency)
    stated = {group: said.get(group, NO_TOTALS) for group in remaining.groups}
    if said and open_amount <= statement.slack:
        grosses = {group: part.gross for group, part in stated.items()}
        return grosses, {
            group: _kept_to_rate(part, remaining.groups[group], group[1], currency) for group, part in stated.items()
        }
    rest = CreditBalance(
        remaining.total - statement.placed,
        remaining.rounding,
        {group: _less(part, stated[group]) for group, part in remaining.groups.items()},
        None,
    )
    shares, groups = share_over_groups(NO_STATEMENT, rest, open_amount, currency)
    return (
        {group: stated[group].gross + share for group, share in shares.items()},
        {group: _plus(stated[group], part) for group, part in groups.items()},
    )


def share_over_groups(
    statement: CreditStatement, remaining: CreditBalance, total: Decimal, currency: str
) -> tuple[dict[VatGroup, Decimal], dict[VatGroup, GroupTotals]]:
    """*total* within what is left: first what the statement says, and never more of a rate than is left there."""
    said = {group: part.gross for group, part in statement.by_group.items()}
    grosses = _gross_per_group(said, remaining, total, unit_of(currency))
    groups = {
        group: _group_totals_of(gross, remaining.groups[group], group[1], currency) for group, gross in grosses.items()
    }
    return grosses, groups


def _less(part: GroupTotals, taken: GroupTotals) -> GroupTotals:
    return GroupTotals(part.base - taken.base, part.vat - taken.vat)


def _plus(part: GroupTotals, more: GroupTotals) -> GroupTotals:
    return GroupTotals(part.base + more.base, part.vat + more.vat)


def _gross_per_group(
    refunded: Mapping[VatGroup, Decimal], remaining: CreditBalance, total: Decimal, unit: Decimal
) -> dict[VatGroup, Decimal]:
    """Share *total* over the groups: first what the refund's lines say, the rest in proportion to what is left."""
    room = {group: part.gross for group, part in remaining.groups.items()}
    grosses = {group: _within(refunded.get(group, ZERO), gross) for group, gross in room.items()}
    rest = total - total_of(grosses.values())
    weights = [room[group] - gross if rest > 0 else gross for group, gross in grosses.items()]
    shares = split_amount(rest, weights, unit)
    return {
        group: _within(gross + share, room[group])
        for (group, gross), share in zip(grosses.items(), shares, strict=True)
    }


def _group_totals_of(gross: Decimal, remaining: GroupTotals, rate: Decimal, currency: str) -> GroupTotals:
    """Base and VAT of *gross*, never more than *remaining*.

    VAT = round(base x rate) here as on the invoice. Where no base gives *gross*, one a cent beside it does; of those, one
    after which the rest of the invoice still matches its rate.
    """
    unit = unit_of(currency)
    likely = to_minor_unit(gross * 100 / (100 + rate), currency)
    bases = [likely + step * unit for step in (-2, -1, 0, 1, 2)]
    fitting = [
        part
        for part in (GroupTotals(base, vat_of_part(base, remaining, rate, currency)) for base in bases)
        if _fits(part, remaining)
    ]
    near = [part for part in fitting if abs(gross - part.gross) <= unit]
    if not near:
        base = _within(likely, remaining.base)
        return GroupTotals(base, _within(gross - base, remaining.vat))

    def badness(part: GroupTotals) -> tuple[Decimal, Decimal, Decimal]:
        rest = vat_on(remaining.base - part.base, rate, currency) - (remaining.vat - part.vat)
        return abs(gross - part.gross), abs(rest), part.gross

    return min(near, key=badness)


def vat_of_part(base: Decimal, remaining: GroupTotals, rate: Decimal, currency: str) -> Decimal:
    """The VAT of *base*, a part of what is *remaining* of an invoice at *rate*.

    In a currency without cents it is what leaves the rest at its rate. Were each part rounded for itself, the last credit note would
    be whole units beside its rate, and its e-invoice refused (EN 16931 BR-CO-17; seen in yen on one of ten).
    """
    if MINOR_UNITS.get(currency, 2) or not base:
        return vat_on(base, rate, currency)
    return remaining.vat - vat_on(remaining.base - base, rate, currency)


def _kept_to_rate(said: GroupTotals, remaining: GroupTotals, rate: Decimal, currency: str) -> GroupTotals:
    """*said* by the shop, by a unit otherwise where the currency has no cents; VAT that follows no rate is left as it is."""
    if MINOR_UNITS.get(currency, 2):
        return said
    kept = GroupTotals(said.base, vat_of_part(said.base, remaining, rate, currency))
    is_near = abs(kept.vat - said.vat) <= 2 * unit_of(currency)
    return kept if is_near and _fits(kept, remaining) else said


def _fits(candidate: GroupTotals, remaining: GroupTotals) -> bool:
    return candidate == GroupTotals(_within(candidate.base, remaining.base), _within(candidate.vat, remaining.vat))


def _within(amount: Decimal, bound: Decimal) -> Decimal:
    """*amount*, held between nothing and *bound*; a discount's bound is negative."""
    return min(max(amount, min(bound, ZERO)), max(bound, ZERO))
