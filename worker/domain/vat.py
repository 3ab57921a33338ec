"""How a sale is treated for VAT: one pure table from seller, buyer, destination, VAT number and what the shop charged."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import stdnum.eu.vat

from worker.domain.document import Category, Problem
from worker.domain.mentions import legal_texts
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.order_treatment import OrderTreatment
from worker.domain.place_of_supply import EU, Supply, Zone, destination_of, main_supply, supply_of, vat_country, zone_of
from worker.domain.rates import is_known, known_rates
from worker.domain.shop import Shop, VatRegime
from worker.domain.vat_number import readings
from worker.message import Message, Percent

_ZERO_RATE_WORDS = frozenset({"zero", "nul", "null", "0", "nultarief", "nulltarif", "nullsatz"})


@dataclass(frozen=True)
class Case:
    """All that decides the treatment of one line. *rate* is what the shop charged; 0 when it charged nothing."""

    zone: Zone
    supply: Supply
    rate: Decimal
    regime: VatRegime = VatRegime.NORMAL
    oss: bool = True
    seller_country: str = "BE"
    destination: str = "BE"  # whose VAT rates apply there: FR for Monaco, XI for Northern Ireland
    on: date = date.max  # the day of supply or payment; as far ahead as may be: the rates of which no end is known
    vat_number: str = ""  # valid and normalised
    vat_number_given: str = ""
    zero_on_purpose: bool = False  # a 0 % rate or a zero-rate tax class, chosen by the shop
    beside_taxed: bool = False  # other lines of the order carry VAT
    free: bool = False  # nothing to pay for the line

    @property
    def taxed(self) -> bool:
        return self.rate != 0

    @property
    def foreign_business(self) -> bool:
        """A business registered in another member state; Northern Ireland's XI counts for goods alone."""
        prefix = self.vat_number[:2]
        if prefix in ("", vat_prefix(self.seller_country)) or self.seller_country not in EU:
            return False
        return prefix != "XI" or self.supply is Supply.GOODS


@dataclass(frozen=True)
class Treatment:
    """The answer for one line. *reason* names the row of the table; *mention* is a key of `mentions.toml` or empty."""

    category: Category
    rate: Decimal
    reason: str
    mention: str = ""
    problem: Problem | None = None  # makes the document wait as a draft
    flag: Problem | None = None  # shown, stops nothing


@dataclass(frozen=True)
class _TreatmentRow:
    reason: str
    when: Callable[[Case], bool]
    category: Category
    mention: str = ""
    problem: Callable[[Case], Message] | None = None
    flag: Callable[[Case], Message] | None = None


_NO_TAX = "no_tax_charged"

# First match wins, and every case has a match: a test goes through all of them.
_TABLE = (
    _TreatmentRow(
        "small_business_taxed",
        lambda case: case.regime is VatRegime.SMALL_BUSINESS and case.taxed,
        Category.STANDARD,
        problem=lambda case: Message(
            "The shop charged {rate} VAT, but a small business under the franchise scheme may show no VAT. "
            "Switch taxes off in WooCommerce, or change the VAT regime of the shop.",
            rate=Percent(case.rate),
        ),
    ),
    _TreatmentRow(
        "small_business",
        lambda case: case.regime is VatRegime.SMALL_BUSINESS,
        Category.EXEMPT,
        mention="small_business",
    ),
    _TreatmentRow(
        "margin", lambda case: case.regime is VatRegime.MARGIN and not case.taxed, Category.EXEMPT, mention="margin"
    ),
    _TreatmentRow(
        "exempt", lambda case: case.regime is VatRegime.EXEMPT and not case.taxed, Category.EXEMPT, mention="exempt"
    ),
    # What the shop taxed, stays taxed: VAT that is mentioned is due (art. 51 §1 3° of the VAT code).
    _TreatmentRow("domestic", lambda case: case.taxed and case.zone is Zone.DOMESTIC, Category.STANDARD),
    _TreatmentRow(
        "eu_business_taxed",
        lambda case: case.taxed and case.zone is Zone.EU and case.foreign_business,
        Category.STANDARD,
        flag=lambda case: Message(
            "The shop charged {rate} VAT to a business in another member state with the valid VAT number "
            "{vat_number}; without VAT would have been possible.",
            rate=Percent(case.rate),
            vat_number=case.vat_number,
        ),
    ),
    _TreatmentRow(
        "oss",
        lambda case: (
            case.taxed and case.zone is Zone.EU and case.oss and case.rate in known_rates(case.destination, case.on)
        ),
        Category.STANDARD,
        mention="oss",
    ),
    _TreatmentRow("eu_consumer", lambda case: case.taxed and case.zone is Zone.EU, Category.STANDARD),
    _TreatmentRow(
        "export_taxed",
        lambda case: case.taxed and case.supply is Supply.GOODS,
        Category.STANDARD,
        flag=lambda case: Message(
            "The shop charged {rate} VAT on goods that leave the EU; without VAT would have been possible.",
            rate=Percent(case.rate),
        ),
    ),
    _TreatmentRow("outside_taxed", lambda case: case.taxed, Category.STANDARD),
    # From here on no VAT was charged.
    _TreatmentRow("free", lambda case: case.free, Category.ZERO_RATED),
    _TreatmentRow("zero_rated", lambda case: case.beside_taxed and case.zero_on_purpose, Category.ZERO_RATED),
    # EN 16931 lets O stand only alone, and Z takes no reason: so E, with one.
    _TreatmentRow("untaxed", lambda case: case.beside_taxed, Category.EXEMPT, mention="untaxed"),
    _TreatmentRow(
        "intra_eu",
        lambda case: case.zone is Zone.EU and case.supply is Supply.GOODS and case.foreign_business,
        Category.INTRA_EU,
        mention="intra_eu",
    ),
    _TreatmentRow(
        "reverse_charge",
        lambda case: case.zone is Zone.EU and case.foreign_business,
        Category.REVERSE_CHARGE,
        mention="reverse_charge",
    ),
    _TreatmentRow(
        "export",
        lambda case: case.zone is Zone.OUTSIDE and case.supply is Supply.GOODS,
        Category.EXPORT,
        mention="export",
    ),
    _TreatmentRow(
        "outside_scope", lambda case: case.zone is Zone.OUTSIDE, Category.OUTSIDE_SCOPE, mention="outside_scope"
    ),
    _TreatmentRow("zero_rated", lambda case: case.zero_on_purpose, Category.ZERO_RATED),
    _TreatmentRow(
        _NO_TAX,
        lambda case: case.zone is Zone.EU and bool(case.vat_number_given) and not case.vat_number,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged, but “{vat_number}” is not a valid VAT number, so the sale to {destination} is not "
            "exempt. Correct the number in the order, or charge VAT.",
            vat_number=case.vat_number_given,
            destination=_destination(case),
        ),
    ),
    _TreatmentRow(
        _NO_TAX,
        lambda case: case.zone is Zone.EU,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged on a sale to {destination} without a VAT number of another member state. Add "
            "the customer's number to the order, or charge VAT.",
            destination=_destination(case),
        ),
    ),
    _TreatmentRow(
        _NO_TAX,
        lambda case: case.zone is Zone.DOMESTIC,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged although the supply takes place in {destination}, the seller's own country. "
            "Charge VAT, use a zero-rate tax class, or change the VAT regime of the shop.",
            destination=_destination(case),
        ),
    ),
)


def treat(case: Case) -> Treatment:
    """Find *case* in the table; every case has an answer."""
    row = next(row for row in _TABLE if row.when(case))
    return Treatment(
        category=row.category,
        rate=case.rate,
        reason=row.reason,
        mention=row.mention,
        problem=Problem(row.reason if row.reason == _NO_TAX else "vat_not_allowed", row.problem(case))
        if row.problem
        else None,
        flag=Problem(f"vat_{row.reason}", row.flag(case)) if row.flag else _rate_flag(case, row),
    )


def treat_lines(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> tuple[Treatment, ...]:
    """Treat every line of *order*; *rates* are what the shop charged on each, in the order of its lines."""
    treated = [treat(case) for case in _cases(order, shop, rates)]
    if order.treatment is not None:
        treated = [_by_hand(order.treatment, one) for one in treated]
    treated = _outside_scope_only_alone(treated)
    return tuple(_join_free_lines(order.lines, treated))


def normalise_vat_number(given: str, country: str) -> tuple[str, Problem | None]:
    """Normalise *given* ("be 0403.170.701", "BTW 403170701"): (number with prefix, None), or ("", why it is wrong).

    A customer outside the EU gives a number of his own country, which decides nothing here: ("", None).
    """
    meant = ["EL" + one[2:] if one.startswith("GR") else one for one in readings(given)]
    if not meant:
        return "", None
    prefix = vat_prefix(country)
    for candidate in (candidate for one in meant for candidate in (one, prefix + one)):
        if _member_prefix(candidate[:2]) and stdnum.eu.vat.is_valid(candidate):
            return str(stdnum.eu.vat.validate(candidate)), None
    if not prefix and not _member_prefix(meant[0][:2]):
        return "", None
    return "", Problem("vat_number_wrong", Message("“{number}” is not a valid VAT number.", number=given.strip()))


def vat_prefix(country: str) -> str:
    """The prefix of VAT numbers of *country*: EL for Greece, XI for Northern Ireland; empty outside the EU."""
    if country == "XI":
        return "XI"
    return "EL" if country == "GR" else country if country in EU else ""


def _cases(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> list[Case]:
    seller_country = shop.seller.address.country
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country or seller_country)
    main, any_taxed = main_supply(order, shop), any(rates)
    on = order.taxable_at.astimezone(shop.zoneinfo).date()
    cases = []
    for line, rate in zip(order.lines, rates, strict=True):
        supply = supply_of(line, order, shop) if line.kind is LineKind.PRODUCT else main
        address = destination_of(order, supply)
        cases.append(
            Case(
                zone=zone_of(address, seller_country, supply),
                supply=supply,
                rate=rate,
                regime=shop.vat.regime,
                oss=shop.vat.oss,
                seller_country=seller_country,
                destination=vat_country(address, supply) or seller_country,
                on=on,
                vat_number=number,
                vat_number_given=order.vat_number_given,
                zero_on_purpose=_zero_on_purpose(line, order),
                beside_taxed=any_taxed,
                free=line.total == 0,
            )
        )
    return cases


def _zero_on_purpose(line: OrderLine, order: Order) -> bool:
    """Whether the shop itself chose 0 %: a rate of 0 % on the line, or a tax class that says zero."""
    zero_rates = {rate.rate_id for rate in order.tax_rates if rate.percent == 0}
    if any(tax.rate_id in zero_rates for tax in line.taxes):
        return True
    return not _ZERO_RATE_WORDS.isdisjoint(re.split(r"[^a-z0-9]+", line.tax_class.lower()))


def _join_free_lines(lines: tuple[OrderLine, ...], treated: list[Treatment]) -> list[Treatment]:
    """A free line (free shipping has no tax entry at all) joins the order's largest group: it changes no amount."""
    paid = [(abs(line.total), treatment) for line, treatment in zip(lines, treated, strict=True) if line.total]
    if not paid:
        return treated
    main = max(paid, key=lambda pair: pair[0])[1]
    return [
        replace(main, problem=None, flag=None) if line.total == 0 and not line.taxes else treatment
        for line, treatment in zip(lines, treated, strict=True)
    ]


def _outside_scope_only_alone(treated: list[Treatment]) -> list[Treatment]:
    """O may not stand beside another category (EN 16931 BR-O-11): there it becomes E, with the same mention."""
    counted = {one.category for one in treated if one.reason != "free"}
    if counted <= {Category.OUTSIDE_SCOPE}:
        return treated
    return [
        replace(one, category=Category.EXEMPT, mention="outside_scope_beside")
        if one.category is Category.OUTSIDE_SCOPE
        else one
        for one in treated
    ]


def _by_hand(given: OrderTreatment, treated: Treatment) -> Treatment:
    """A line without VAT as a person said; what was taxed stays taxed, and what is free needs no reason."""
    if treated.rate or treated.reason == "free":
        return treated
    category = legal_texts()[given.name].category or treated.category
    return replace(treated, category=category, reason="by_hand", mention=given.name, problem=None, flag=None)


def _rate_flag(case: Case, row: _TreatmentRow) -> Problem | None:
    if row.category is not Category.STANDARD or row.problem:
        return None
    if is_known(case.seller_country, case.rate, case.on) or is_known(case.destination, case.rate, case.on):
        return None
    message = Message(
        "{rate} is not a VAT rate that is known for {destination}; check the tax settings of the shop.",
        rate=Percent(case.rate),
        destination=_destination(case),
    )
    return Problem("rate_unknown", message)


def _destination(case: Case) -> str | Message:
    return case.destination or Message("an unknown country")


def _member_prefix(prefix: str) -> bool:
    return prefix in ("EL", "XI") or (prefix in EU and prefix != "GR")
