"""How each line of a sale is treated for VAT: one pure table from seller, buyer, destination, VAT number, what the shop charged and
what it says of things without VAT. Where the table has no lawful answer, the document waits as a draft with a sentence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import stdnum.eu.vat

from worker.domain.document import Category, Problem
from worker.domain.mentions import legal_texts
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.place_of_supply import (
    EU,
    Supply,
    Zone,
    destination_of,
    main_supply,
    supply_of,
    told_supply,
    vat_country,
    zone_of,
)
from worker.domain.rates import is_known, known_rates
from worker.domain.shop import Shop, VatRegime
from worker.domain.vat_number import readings
from worker.domain.zero_reason import Untaxed, reason_of
from worker.message import Message, Percent

_SAID_BY_REGIME = {VatRegime.MARGIN: Untaxed.MARGIN, VatRegime.EXEMPT: Untaxed.EXEMPT}
_OUTSIDE_VAT = {
    Untaxed.VOUCHER: Message("Without VAT, and said to be a voucher that may be spent on several things"),
    Untaxed.PACKAGING: Message("Without VAT, and said to be packaging that comes back"),
    Untaxed.DISBURSEMENT: Message("Without VAT, and said to be paid in the customer's name and for his account"),
    Untaxed.TIP: Message("Without VAT, and said to be a tip or a gift"),
}
# Shipping and fees share what the goods are; but sending a voucher is a service of its own.
_SHARED_WITH_SHIPPING = (Untaxed.MARGIN, Untaxed.EXEMPT, Untaxed.ZERO_RATED)
_MOST_NAMES = 3
_DECIDED_BY_SUPPLY = (Category.INTRA_EU, Category.REVERSE_CHARGE, Category.EXPORT, Category.OUTSIDE_SCOPE)


@dataclass(frozen=True)
class Case:
    """All that decides the treatment of one line. *rate* is what the shop charged; 0 when it charged nothing."""

    zone: Zone
    supply: Supply
    rate: Decimal
    said: Untaxed | None = None  # what the shop says such a line is, for when it carries no VAT
    regime: VatRegime = VatRegime.NORMAL
    oss: bool = False  # in use on that day
    supply_told: bool = True  # by the shop or the order, not by the owner's setting alone
    electronic: bool = False  # a service that is delivered by download
    seller_country: str = "BE"
    destination: str = "BE"  # whose VAT rates apply there: FR for Monaco, XI for Northern Ireland
    on: date = date.max  # the day of supply or payment; as far ahead as may be: the rates of which no end is known
    vat_number: str = ""  # valid and normalised
    vat_number_given: str = ""
    refuted: bool = False  # VIES, or else a plugin of the shop, says that the number is not valid
    free: bool = False  # nothing to pay for the line
    names: tuple[str, ...] = ()  # the lines that it is about, for the message

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

    @property
    def business(self) -> bool:
        """Whoever has a VAT number, one of the seller's country too, is no consumer to OSS."""
        return bool(self.vat_number) and not self.refuted

    @property
    def untaxed_as(self) -> Untaxed | None:
        """What a line without VAT is: as the shop says of it, else as its regime makes of all."""
        return None if self.taxed else self.said or _SAID_BY_REGIME.get(self.regime)

    @property
    def home_rate(self) -> bool:
        return is_known(self.seller_country, self.rate, self.on)

    @property
    def destination_rate(self) -> bool:
        return self.rate in known_rates(self.destination, self.on)

    @property
    def to_consumer(self) -> bool:
        """To somebody in another member state without a VAT number."""
        return self.zone is Zone.EU and not self.business

    @property
    def distance_sale(self) -> bool:
        """Goods or an electronic service for a consumer in another member state (art. 59c of the VAT directive)."""
        return self.to_consumer and (self.supply is Supply.GOODS or self.electronic)

    @property
    def taxed_at_destination(self) -> bool:
        """Owed in the consumer's country once the seller is in OSS (art. 33 and 58 of the VAT directive)."""
        return self.oss and self.distance_sale

    @property
    def under_oss(self) -> bool:
        """The VAT is the destination's. Of a rate in both lists, other services than electronic ones carry the seller's (art. 45)."""
        return (
            self.to_consumer
            and self.oss
            and self.destination_rate
            and (self.taxed_at_destination or not self.home_rate)
        )


@dataclass(frozen=True)
class Treatment:
    """The answer for one line. *reason* names the row of the table; *mention* is a key of `mentions.toml` or empty.

    *vat_country* is whose VAT it is where it is not the seller's own.
    """

    category: Category
    rate: Decimal
    reason: str
    mention: str = ""
    vat_country: str = ""
    distance_sale: bool = False
    problem: Problem | None = None  # makes the document wait as a draft
    flag: Problem | None = None  # shown, stops nothing


@dataclass(frozen=True)
class TreatmentRow:
    """One row of the table: for which lines it holds, and what follows for them."""

    reason: str  # the code of its problem, too
    case: Message  # what it is about, for the accountant's page
    when: Callable[[Case], bool]
    category: Category
    mention: str = ""
    problem: Callable[[Case], Message] | None = None
    flag: Callable[[Case], Message] | None = None


def _is_said_to_be(what: Untaxed) -> Callable[[Case], bool]:
    return lambda case: case.untaxed_as is what


# First match wins, and every case has a match: a test goes through all of them.
TREATMENTS = (
    TreatmentRow(
        "vat_not_allowed",
        Message("VAT was charged by a small business under the franchise scheme"),
        lambda case: case.regime is VatRegime.SMALL_BUSINESS and case.taxed,
        Category.STANDARD,
        problem=lambda case: Message(
            "The shop charged {rate} VAT, but a small business under the franchise scheme may show no VAT. "
            "Switch taxes off in WooCommerce, or change the VAT regime of the shop.",
            rate=Percent(case.rate),
        ),
    ),
    TreatmentRow(
        "small_business",
        Message("Sold by a small business under the franchise scheme"),
        lambda case: case.regime is VatRegime.SMALL_BUSINESS,
        Category.EXEMPT,
        mention="small_business",
    ),
    # What the shop says a thing without VAT is. What is outside VAT is so wherever the buyer is; E, as EN 16931 lets O stand
    # only alone and Z takes no reason.
    *(
        TreatmentRow(what, words, _is_said_to_be(what), Category.EXEMPT, mention=what)
        for what, words in _OUTSIDE_VAT.items()
    ),
    TreatmentRow(
        "margin",
        Message("Without VAT, and said to be second-hand goods under the margin scheme; not sent outside the EU"),
        lambda case: case.untaxed_as is Untaxed.MARGIN and case.zone is not Zone.OUTSIDE,
        Category.EXEMPT,
        mention="margin",
    ),
    TreatmentRow(
        "exempt",
        Message("Without VAT, and said to be exempt by article 44; not sold outside the EU"),
        lambda case: case.untaxed_as is Untaxed.EXEMPT and case.zone is not Zone.OUTSIDE,
        Category.EXEMPT,
        mention="exempt",
    ),
    # The seller's own 0 %: to a consumer abroad as long as the seller's VAT is owed on what he buys.
    TreatmentRow(
        "zero_rated",
        Message("Without VAT, and said to be goods that the law taxes at 0 %"),
        lambda case: (
            case.untaxed_as is Untaxed.ZERO_RATED
            and (
                case.zone is Zone.DOMESTIC
                or (case.zone is Zone.EU and not case.foreign_business and not case.taxed_at_destination)
            )
        ),
        Category.ZERO_RATED,
        mention="zero_rated",
    ),
    # What the shop taxed, stays taxed: VAT that is mentioned is due (art. 51 §1 3° of the VAT code). But it must be somebody's.
    TreatmentRow(
        "rate_unknown",
        Message("VAT at a rate that the seller's country does not have, on a sale within that country"),
        lambda case: case.taxed and case.zone is Zone.DOMESTIC and not case.home_rate,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT was charged on {lines}, but {country} has no such rate. Correct the tax rates in WooCommerce and "
            "recalculate the order.",
            rate=Percent(case.rate),
            lines=_names(case),
            country=case.seller_country,
        ),
    ),
    TreatmentRow(
        "domestic",
        Message("VAT charged on a sale within the seller's country"),
        lambda case: case.taxed and case.zone is Zone.DOMESTIC,
        Category.STANDARD,
    ),
    TreatmentRow(
        "vat_eu_business_taxed",
        Message("VAT of the seller's country, charged to a business with a valid VAT number of another member state"),
        lambda case: case.taxed and case.zone is Zone.EU and case.foreign_business and case.business and case.home_rate,
        Category.STANDARD,
        flag=lambda case: Message(
            "The shop charged {rate} VAT to a business in another member state with the valid VAT number "
            "{vat_number}; without VAT would have been possible.",
            rate=Percent(case.rate),
            vat_number=case.vat_number,
        ),
    ),
    TreatmentRow(
        "foreign_rate",
        Message("VAT of another country, charged to a business with a valid VAT number"),
        lambda case: case.taxed and case.zone is Zone.EU and case.business and not case.home_rate,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT was charged on {lines}, which is no rate of {country}, to a business with the valid VAT number "
            "{vat_number}; the One Stop Shop (OSS) is for consumers. Charge the VAT of {country}; or none, where the number is one "
            "of another member state.",
            rate=Percent(case.rate),
            lines=_names(case),
            country=case.seller_country,
            vat_number=case.vat_number,
        ),
    ),
    TreatmentRow(
        "oss",
        Message("VAT of the consumer's country, charged by a seller who uses the One Stop Shop (OSS)"),
        lambda case: case.taxed and case.under_oss,
        Category.STANDARD,
        mention="oss",
    ),
    TreatmentRow(
        "home_rate_under_oss",
        Message(
            "VAT of the seller's country, charged to a consumer abroad by a seller who uses the One Stop Shop (OSS)"
        ),
        lambda case: case.taxed and case.taxed_at_destination and case.home_rate,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT was charged on {lines}, but a seller in the One Stop Shop (OSS) owes the VAT of {destination} on "
            "it. Add the rates of {destination} in WooCommerce and recalculate the order; or correct in the VAT settings "
            "whether and since when OSS is used.",
            rate=Percent(case.rate),
            lines=_names(case),
            destination=_destination(case),
        ),
    ),
    TreatmentRow(
        "eu_consumer",
        Message("VAT of the seller's country, charged to a consumer in another member state"),
        lambda case: case.taxed and case.zone is Zone.EU and case.home_rate,
        Category.STANDARD,
    ),
    TreatmentRow(
        "foreign_rate",
        Message("VAT of the consumer's country, charged by a seller who does not use the One Stop Shop (OSS)"),
        lambda case: case.taxed and case.zone is Zone.EU and case.destination_rate,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT of {destination} was charged on {lines}, but on the day of the order the shop did not use the One "
            "Stop Shop (OSS). Charge the VAT of {country}; or, where the company declares OSS, say so in the VAT settings.",
            rate=Percent(case.rate),
            lines=_names(case),
            destination=_destination(case),
            country=case.seller_country,
        ),
    ),
    TreatmentRow(
        "rate_unknown",
        Message("VAT at a rate of neither the seller's nor the consumer's country"),
        lambda case: case.taxed and case.zone is Zone.EU,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT was charged on {lines}, a rate of neither {country} nor {destination}. Correct the tax rates in "
            "WooCommerce and recalculate the order.",
            rate=Percent(case.rate),
            lines=_names(case),
            destination=_destination(case),
            country=case.seller_country,
        ),
    ),
    TreatmentRow(
        "foreign_rate",
        Message("VAT of a country outside the EU"),
        lambda case: case.taxed and not case.home_rate,
        Category.STANDARD,
        problem=lambda case: Message(
            "{rate} VAT was charged on {lines} to {destination}, which is no rate of {country}. The VAT of a country outside "
            "the EU needs a VAT number of the seller's there. Sell without VAT, or charge the VAT of {country}.",
            rate=Percent(case.rate),
            lines=_names(case),
            destination=_destination(case),
            country=case.seller_country,
        ),
    ),
    TreatmentRow(
        "vat_export_taxed",
        Message("VAT of the seller's country, charged on goods that leave the EU"),
        lambda case: case.taxed and case.supply is Supply.GOODS,
        Category.STANDARD,
        flag=lambda case: Message(
            "The shop charged {rate} VAT on goods that leave the EU; without VAT would have been possible.",
            rate=Percent(case.rate),
        ),
    ),
    TreatmentRow(
        "outside_taxed",
        Message("VAT of the seller's country, charged on a service to a customer outside the EU"),
        lambda case: case.taxed,
        Category.STANDARD,
    ),
    # From here on no VAT was charged, and the shop does not say why.
    TreatmentRow(
        "free", Message("Without VAT, because nothing is asked for it"), lambda case: case.free, Category.ZERO_RATED
    ),
    TreatmentRow(
        "intra_eu",
        Message("Without VAT: goods to a business with a valid VAT number of another member state"),
        lambda case: case.zone is Zone.EU and case.supply is Supply.GOODS and case.foreign_business,
        Category.INTRA_EU,
        mention="intra_eu",
    ),
    TreatmentRow(
        "reverse_charge",
        Message("Without VAT: a service to a business with a valid VAT number of another member state"),
        lambda case: case.zone is Zone.EU and case.foreign_business,
        Category.REVERSE_CHARGE,
        mention="reverse_charge",
    ),
    TreatmentRow(
        "export",
        Message("Without VAT: goods that leave the EU"),
        lambda case: case.zone is Zone.OUTSIDE and case.supply is Supply.GOODS,
        Category.EXPORT,
        mention="export",
    ),
    TreatmentRow(
        "outside_scope",
        Message("Without VAT: a service to a customer outside the EU"),
        lambda case: case.zone is Zone.OUTSIDE,
        Category.OUTSIDE_SCOPE,
        mention="outside_scope",
    ),
    TreatmentRow(
        "no_tax_charged",
        Message("Without VAT, to another member state, with a VAT number that is not valid"),
        lambda case: case.zone is Zone.EU and bool(case.vat_number_given) and not case.vat_number,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged on {lines}, but “{vat_number}” is not a valid VAT number, so the sale to {destination} is "
            "not exempt. Correct the number in the order, or charge VAT.",
            lines=_names(case),
            vat_number=case.vat_number_given,
            destination=_destination(case),
        ),
    ),
    TreatmentRow(
        "no_tax_charged",
        Message("Without VAT, to a consumer in another member state, and nothing says why"),
        lambda case: case.zone is Zone.EU,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged on {lines}, sold to {destination} without a VAT number of another member state. Add the "
            "customer's number to the order, charge VAT, or say why it carries none: in the VAT settings for all such lines, or on "
            "the order's page for this order.",
            lines=_names(case),
            destination=_destination(case),
        ),
    ),
    TreatmentRow(
        "no_tax_charged",
        Message("Without VAT, within the seller's country, and nothing says why"),
        lambda case: case.zone is Zone.DOMESTIC,
        Category.ZERO_RATED,
        problem=lambda case: Message(
            "No VAT was charged on {lines}, though it is supplied in {country}, the seller's own country. Charge VAT, or say why "
            "it carries none: in the VAT settings for all such lines (a gift voucher, a deposit, zero-rated goods …), or on the "
            "order's page for this order.",
            lines=_names(case),
            country=_destination(case),
        ),
    ),
)


def treat(case: Case) -> Treatment:
    """Find *case* in the table; every case has an answer."""
    row = _row_of(case)
    return Treatment(
        category=row.category,
        rate=case.rate,
        reason=row.reason,
        mention=row.mention,
        vat_country=case.destination if row.reason == "oss" else "",
        distance_sale=case.distance_sale and row.category in (Category.STANDARD, Category.ZERO_RATED),
        problem=Problem(row.reason, row.problem(case)) if row.problem else None,
        flag=Problem(row.reason, row.flag(case)) if row.flag else _supply_flag(case, row),
    )


def treat_lines(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> tuple[Treatment, ...]:
    """Treat every line of *order*; *rates* are what the shop charged on each, in the order of its lines."""
    treated = [treat(case) for case in _with_names(_cases(order, shop, rates))]
    if order.treatment is not None:
        treated = [_by_hand(order.treatment, one) for one in treated]
    treated = _outside_scope_only_alone(treated)
    return tuple(_join_free_lines(order.lines, treated))


def shared_rate_problem(treated: Iterable[Treatment], seller_country: str) -> tuple[Problem, ...]:
    """Whether two countries' VAT stands at one rate: on a document that is one sum, of which nobody can say whose it is."""
    countries: dict[tuple[Category, Decimal], str] = {}
    for one in treated:
        other = countries.setdefault((one.category, one.rate), one.vat_country)
        if other != one.vat_country:
            message = Message(
                "{rate} is charged for {one} and for {other} on this order, which no document can tell apart. Split it into an "
                "order for each.",
                rate=Percent(one.rate),
                one=one.vat_country or seller_country,
                other=other or seller_country,
            )
            return (Problem("two_vat_countries", message),)
    return ()


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


def _row_of(case: Case) -> TreatmentRow:
    return next(row for row in TREATMENTS if row.when(case))


def _supply_flag(case: Case, row: TreatmentRow) -> Problem | None:
    """Between these it is the supply that decides: what only the owner's setting says is shown to a person."""
    if case.supply_told or row.category not in _DECIDED_BY_SUPPLY:
        return None
    counts_as = Message("goods") if case.supply is Supply.GOODS else Message("a service")
    return Problem(
        "supply_unknown",
        Message(
            "Neither the shop's product nor the order shows whether {lines} was sent to the customer; by the VAT settings it "
            "counts as {supply}. If that is wrong, say on the order's page how the order is treated. A REST key that may read "
            "products tells it by itself.",
            lines=_names(case),
            supply=counts_as,
        ),
    )


def _cases(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> list[Case]:
    seller_country = shop.seller.address.country
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country or seller_country)
    main, said = main_supply(order, shop), _said_of_lines(order, shop, rates)
    on = (order.taxable_at or order.created_at).astimezone(shop.zoneinfo).date()
    cases = []
    for line, rate, what in zip(order.lines, rates, said, strict=True):
        supply = supply_of(line, order, shop) if line.kind is LineKind.PRODUCT else main
        address = destination_of(order, supply)
        cases.append(
            Case(
                zone=zone_of(address, seller_country, supply),
                supply=supply,
                rate=rate,
                said=what,
                regime=shop.vat.regime,
                oss=shop.vat.uses_oss_on(on),
                supply_told=line.kind is not LineKind.PRODUCT or told_supply(line, order) is not None,
                electronic=supply is Supply.SERVICE and _is_downloaded(line, order),
                seller_country=seller_country,
                destination=vat_country(address, supply) or seller_country,
                on=on,
                vat_number=number,
                vat_number_given=order.vat_number_given,
                refuted=_is_refuted(number, order),
                free=line.total == 0,
                names=(line.name,),
            )
        )
    return cases


def _is_downloaded(line: OrderLine, order: Order) -> bool:
    """Whether *line* is delivered by download; a fee is, where all that it comes with is."""
    products = [other for other in order.lines if other.kind is LineKind.PRODUCT]
    concerned = [line] if line.kind is LineKind.PRODUCT else products
    return bool(concerned) and all(one.downloadable for one in concerned)


def _is_refuted(number: str, order: Order) -> bool:
    check = order.vat_check
    if check is not None and check.number == number and check.valid is not None:
        return not check.valid
    return order.vat_number_shop_says == "invalid"


def _said_of_lines(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> list[Untaxed | None]:
    """What the shop says of each line; shipping and fees without a word of their own are as the goods that they belong to."""
    own = [reason_of(line, shop.vat.zero_reasons) for line in order.lines]
    goods = [
        (line, what if not rate else None)
        for line, rate, what in zip(order.lines, rates, own, strict=True)
        if line.kind is LineKind.PRODUCT and line.total
    ]
    return [
        what or (None if line.kind is LineKind.PRODUCT else _said_of_goods(line, goods))
        for line, what in zip(order.lines, own, strict=True)
    ]


def _said_of_goods(line: OrderLine, goods: list[tuple[OrderLine, Untaxed | None]]) -> Untaxed | None:
    """The one thing that all goods at the rate of *line* are said to be; at no rate at all, all goods of the order."""
    rate_ids = {tax.rate_id for tax in line.taxes}
    said = {what for one, what in goods if not rate_ids or rate_ids & {tax.rate_id for tax in one.taxes}}
    what = said.pop() if len(said) == 1 else None
    return what if what in _SHARED_WITH_SHIPPING else None


def _with_names(cases: list[Case]) -> list[Case]:
    """*cases* of which those with the same answer name all its lines, so that it is said once."""
    keys = [(id(_row_of(case)), case.destination, case.rate) for case in cases]
    named: dict[tuple[int, str, Decimal], tuple[str, ...]] = {}
    for key, case in zip(keys, cases, strict=True):
        named[key] = (*named.get(key, ()), *case.names)
    return [replace(case, names=named[key]) for key, case in zip(keys, cases, strict=True)]


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


def category_by_hand(name: TreatmentName) -> Category:
    """The category of what a person calls *name*: that of its sentence; Z alone takes no reason (EN 16931 BR-Z-10)."""
    return legal_texts()[name].category or Category.ZERO_RATED


def _by_hand(given: OrderTreatment, treated: Treatment) -> Treatment:
    """A line without VAT as a person said; what was taxed stays taxed, and what is free or outside VAT needs no reason."""
    if treated.rate or treated.reason == "free" or treated.reason in _OUTSIDE_VAT:
        return treated
    return replace(
        treated, category=category_by_hand(given.name), reason="by_hand", mention=given.name, problem=None, flag=None
    )


def _names(case: Case) -> str:
    names = [f"“{name}”" for name in dict.fromkeys(case.names)]
    return ", ".join((*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])))


def _destination(case: Case) -> str | Message:
    return (
        Message("Northern Ireland") if case.destination == "XI" else case.destination or Message("an unknown country")
    )


def _member_prefix(prefix: str) -> bool:
    return prefix in ("EL", "XI") or (prefix in EU and prefix != "GR")
