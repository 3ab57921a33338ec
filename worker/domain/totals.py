"""The money recipe: per rate, base and VAT are solved from what the shop charged, so that the total is the shop's to the cent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from worker.domain.document import Category, Line, Rounding, VatLine
from worker.domain.money import MINOR_UNITS, ZERO, to_minor_unit, total_of
from worker.message import Money

VatGroup = tuple[Category, Decimal]  # what one row of the VAT table is about: category and rate


@dataclass(frozen=True)
class ChargedAmounts:
    """What the shop charged under one category and rate: unrounded, with the number of lines it comes from."""

    net: Decimal
    tax: Decimal
    lines: int


@dataclass(frozen=True)
class GroupTotals:
    """Base and VAT of one category and rate as the document states them."""

    base: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.base + self.vat


@dataclass(frozen=True)
class Totals:
    """The figures of a document; see `Draft` for how they hang together."""

    net: Decimal
    vat: Decimal
    rounding: Decimal
    total: Decimal
    roundings: tuple[Rounding, ...]
    vat_lines: tuple[VatLine, ...]

    def of_countries(self, countries: Mapping[VatGroup, str]) -> "Totals":
        """The same with the country whose VAT each group is; empty for the seller's own."""
        rows = (replace(row, vat_country=countries.get((row.category, row.rate), "")) for row in self.vat_lines)
        return replace(self, vat_lines=tuple(rows))

    def rounded_by(self, amount: Decimal) -> "Totals":
        """The same with *amount* more to pay (BT-114), which is in no base."""
        return replace(self, total=self.total + amount, rounding=self.rounding + amount) if amount else self


def unit_of(currency: str) -> Decimal:
    """The smallest amount that can be paid in *currency*."""
    return Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))


def vat_on(base: Decimal, rate: Decimal, currency: str) -> Decimal:
    """VAT of *rate* percent on *base*: rounded once, on the sum per rate, never per line (FPS Finance on RD 8-7-2025)."""
    return to_minor_unit(base * rate / 100, currency) + ZERO  # -0.00 becomes 0.00


def base_of(gross: Decimal, rate: Decimal, currency: str) -> Decimal | None:
    """The base whose VAT gives exactly *gross*; None for the 17 % of amounts at 21 % (15.01) that no base can give."""
    likely = gross - to_minor_unit(gross * rate / (100 + rate), currency)
    unit = unit_of(currency)
    for base in (likely, likely - unit, likely + unit):
        if base + vat_on(base, rate, currency) == gross:
            return base
    return None


def add_up(
    charged: Mapping[VatGroup, ChargedAmounts],
    *,
    lines: Iterable[Line],
    total: Money,
    distribute_difference: bool = True,
    as_charged: bool = False,
) -> Totals:
    """Solve every group so that bases + VAT + rounding are *total*.

    What the groups' sums miss of *total* is spread over them: the shop has more decimals than it shows, and its total
    is right where the sum of its rounded lines is not. Without *distribute_difference* it stays one payable rounding
    (BT-114): for totals that the shop rounded as a whole, and for differences that no rounding explains. *as_charged*:
    VAT may be a cent beside base x rate, as it is in prices that include it, so that no rounding is needed to pay.
    """
    currency, lines = total.currency, tuple(lines)
    nets = net_per_group(lines)
    grosses = {group: to_minor_unit(sums.net + sums.tax, currency) for group, sums in charged.items()}
    targets = (
        _distribute_difference(total.amount, grosses, charged, unit_of(currency)) if distribute_difference else grosses
    )
    groups: dict[VatGroup, GroupTotals] = {}
    open_amount = total.amount - total_of(targets.values())
    for group, gross in targets.items():
        groups[group] = (
            _keep_group(gross, to_minor_unit(charged[group].tax, currency), group[1], currency)
            if as_charged
            else _solve_group(gross, group[1], currency, open_amount=open_amount, net=nets.get(group, ZERO))
        )
        open_amount += gross - groups[group].gross
    return state_totals(groups, lines=lines, total=total.amount, charged=grosses)


def state_totals(
    groups: Mapping[VatGroup, GroupTotals],
    *,
    lines: Iterable[Line],
    total: Decimal,
    charged: Mapping[VatGroup, Decimal],
) -> Totals:
    """The totals of *groups*: roundings bring the lines of each group to its base, BT-114 brings the sum to *total*."""
    nets = net_per_group(lines)
    net = total_of(part.base for part in groups.values())
    vat = total_of(part.vat for part in groups.values())
    residues = {group: part.base - nets.get(group, ZERO) for group, part in groups.items()}
    return Totals(
        net=net,
        vat=vat,
        rounding=total - net - vat,
        total=total,
        roundings=tuple(Rounding(*group, residue) for group, residue in residues.items() if residue),
        vat_lines=tuple(VatLine(*group, part.base, part.vat, charged[group]) for group, part in groups.items()),
    )


def net_per_group(lines: Iterable[Line]) -> dict[VatGroup, Decimal]:
    nets: dict[VatGroup, Decimal] = {}
    for line in lines:
        group = (line.category, line.rate)
        nets[group] = nets.get(group, ZERO) + line.net
    return nets


def split_amount(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Split *amount* in proportion to *weights*, in whole *unit*s; the parts are *amount* together (largest remainders)."""
    whole = sum(weights, Decimal(0))
    if not whole:
        return [amount, *[ZERO] * (len(weights) - 1)] if weights else []
    exact = [amount * weight / whole for weight in weights]
    parts = [(share / unit).to_integral_value(ROUND_FLOOR) * unit for share in exact]
    missing = int((amount - sum(parts, Decimal(0))) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda index: exact[index] - parts[index], reverse=True)
    for index in by_remainder[:missing]:
        parts[index] += unit
    return parts


def _distribute_difference(
    total: Decimal, grosses: dict[VatGroup, Decimal], charged: Mapping[VatGroup, ChargedAmounts], unit: Decimal
) -> dict[VatGroup, Decimal]:
    missing = total - total_of(grosses.values())
    shares = split_amount(missing, [Decimal(sums.lines) for sums in charged.values()], unit)
    return {group: gross + share for (group, gross), share in zip(grosses.items(), shares, strict=True)}


def _keep_group(gross: Decimal, tax: Decimal, rate: Decimal, currency: str) -> GroupTotals:
    """What the shop charged; where that is no VAT of its rate, the VAT that is in *gross*."""
    if not _is_explained(gross, tax, rate, currency):
        tax = to_minor_unit(gross * rate / (100 + rate), currency)
    return GroupTotals(gross - tax, tax)


def _is_explained(gross: Decimal, tax: Decimal, rate: Decimal, currency: str) -> bool:
    """Whether the VAT that the shop charged is that of its rate, but for a cent of rounding."""
    return abs(tax - vat_on(gross - tax, rate, currency)) <= unit_of(currency)


def _solve_group(gross: Decimal, rate: Decimal, currency: str, *, open_amount: Decimal, net: Decimal) -> GroupTotals:
    """Of an amount that no base gives, the base a cent beside it: what other groups left decides on which side, else the *net* of the
    lines, which then needs no rounding that the payable rounding takes back."""
    base, unit = base_of(gross, rate, currency), unit_of(currency)
    if base is None:
        beside = (base_of(gross - unit, rate, currency), base_of(gross + unit, rate, currency))
        if open_amount:
            base = beside[open_amount > 0]
        else:
            base = min((one for one in beside if one is not None), key=lambda one: abs(one - net), default=None)
    if base is None:
        base = to_minor_unit(gross * 100 / (100 + rate), currency)  # a rate above 100 %: the rest is payable rounding
    return GroupTotals(base, vat_on(base, rate, currency))
