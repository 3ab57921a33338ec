"""An order's lines, each looked up in the table of treatments (`treatment_table`), and what one line's answer changes for others."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from worker.domain.document import Category, Problem
from worker.domain.foreign_number import number_in
from worker.domain.mentions import legal_texts
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.place_of_supply import (
    Supply,
    Zone,
    destination_of,
    is_admission,
    is_number_from_elsewhere,
    is_partly_picked_up,
    is_picked_up,
    main_supply,
    supply_of,
    told_supply,
    vat_country,
    zone_of,
)
from worker.domain.shop import Shop
from worker.domain.treatment import Case, Treatment
from worker.domain.treatment_table import OUTSIDE_VAT, TreatmentRow, filled, names, row_of
from worker.domain.vat_check import SUPPOSED, VatCheck
from worker.domain.vat_number import normalise_vat_number
from worker.domain.vat_proof import number_abroad
from worker.domain.zero_reason import Untaxed, reason_of
from worker.message import Message, Percent

# Shipping and fees share what the goods are; but sending a voucher is a service of its own.
_SHARED_WITH_SHIPPING = (Untaxed.MARGIN, Untaxed.EXEMPT, Untaxed.ZERO_RATED)
_DECIDED_BY_SUPPLY = (Category.INTRA_EU, Category.REVERSE_CHARGE, Category.EXPORT, Category.OUTSIDE_SCOPE)

Treated = tuple[Treatment, ...]  # of the lines of an order, in its order


def treat(case: Case) -> Treatment:
    """Find *case* in the table; every case has an answer."""
    row = row_of(case)
    flag = (case.confirmed and row.flag_if_confirmed) or row.flag
    return Treatment(
        category=row.category,
        rate=case.rate,
        reason=row.reason,
        mention=row.mention,
        vat_country=case.destination if row.reason in ("oss", "foreign_number") else "",
        seller_number=case.seller_number if row.reason == "foreign_number" else "",
        distance_sale=case.distance_sale and row.category in (Category.STANDARD, Category.ZERO_RATED),
        problem=Problem(row.reason, filled(row.problem, case), asks=row.asks) if row.problem else None,
        flag=Problem(row.reason, filled(flag, case)) if flag else _supply_flag(case, row),
    )


def treat_lines(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> Treated:
    """Treat every line of *order*; *rates* are what the shop charged on each, in the order of its lines."""
    answers = _by_answer(order, shop, rates)
    if answers is None:
        return _by_place(order, shop, rates)
    business, consumer = answers
    if _says(business) != _says(consumer):
        return _while_vies_is_silent(order, business, consumer)
    # Who may turn out to be a consumer counts as one for the limit of sales at a distance: told too early is better than too late.
    return tuple(replace(one, distance_sale=two.distance_sale) for one, two in zip(business, consumer, strict=True))


def counts_buyer(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> Message | None:
    """As what the buyer counts while VIES has not said whether his number is valid; None where that makes no difference."""
    answers = _by_answer(order, shop, rates)
    if answers is None or _says(answers[0]) == _says(answers[1]):
        return None
    is_business = _while_vies_is_silent(order, *answers) is answers[0]
    return Message("as a business") if is_business else Message("as a consumer")


def _by_answer(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> tuple[Treated, Treated] | None:
    """*order* as if VIES confirms the buyer's number, and as if it calls it invalid; None where it has nothing to say."""
    number, check = number_abroad(order, shop), order.vat_check
    if not number or (check is not None and check.number == number and check.is_answer):
        return None
    valid, invalid = (
        _by_place(replace(order, vat_check=VatCheck(number, answer, code=SUPPOSED)), shop, rates)
        for answer in (True, False)
    )
    return valid, invalid


def _while_vies_is_silent(order: Order, business: Treated, consumer: Treated) -> Treated:
    """What fits; where both do, the word of a plugin of the shop counts."""
    if order.vat_number_shop_says == "invalid":
        return _fitting(consumer, business)
    return _fitting(business, consumer)


def _by_place(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> Treated:
    if not is_partly_picked_up(order):
        return _treated(order, shop, rates, picked_up=is_picked_up(order))
    sent, fetched = _both_ways(order, shop, rates)
    if _says(sent) != _says(fetched):
        return _fitting(fetched, sent)
    return fetched if any(one.problem for one in fetched) else sent


def partly_picked_up_question(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> tuple[Problem, ...]:
    """What to ask where one package is fetched, another is sent, and the VAT differs: an order does not say what is in which."""
    if not is_partly_picked_up(order):
        return ()
    sent, fetched = _both_ways(order, shop, rates)
    if _says(sent) == _says(fetched):
        return ()
    as_fetched = Message("as if the customer picks up all of it")
    message = Message(
        "One part of order {number} is picked up at the shop and another is sent, and the VAT on them differs. Make an order of each "
        "in WooCommerce. Issued as it is, the VAT is stated {reading}.",
        number=order.number,
        reading=as_fetched if _fitting(fetched, sent) is fetched else Message("as if all of it is sent"),
    )
    return (Problem("partly_picked_up", message, asks=True),)


def _both_ways(order: Order, shop: Shop, rates: tuple[Decimal, ...]) -> tuple[Treated, Treated]:
    """*order* as if all of it is sent, and as if all of it is picked up."""
    sent, fetched = (_treated(order, shop, rates, picked_up=picked_up) for picked_up in (False, True))
    return sent, fetched


def _fitting(first: Treated, second: Treated) -> Treated:
    """Which of two readings fits what the shop charged: the first, unless only the second goes without a correction."""
    wrong, other_wrong = (any(map(_is_wrong, reading)) for reading in (first, second))
    return second if wrong and not other_wrong else first


def _says(reading: Treated) -> list[tuple[object, ...]]:
    """What a document says of *reading*, and whether something must be corrected first."""
    return [
        (one.category, one.rate, one.mention, one.vat_country, one.seller_number, _is_wrong(one)) for one in reading
    ]


def _is_wrong(treated: Treatment) -> bool:
    return treated.problem is not None and not treated.problem.asks


def _treated(order: Order, shop: Shop, rates: tuple[Decimal, ...], *, picked_up: bool) -> Treated:
    treated = _answers(_cases(order, shop, rates, picked_up=picked_up), order)
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


def _supply_flag(case: Case, row: TreatmentRow) -> Problem | None:
    """Between these it is the supply that decides: what only the owner's setting says is shown to a person."""
    if case.supply_told or row.category not in _DECIDED_BY_SUPPLY:
        return None
    counts_as = Message("goods") if case.supply is Supply.GOODS else Message("a service")
    return Problem(
        "supply_unknown",
        Message(
            "Neither the shop's product nor the order shows whether {lines} was sent to the customer; by the VAT settings it "
            "counts as {supply}. If that is wrong, say on the order's page how the order is treated. A key of the shop that may read "
            "products tells it by itself.",
            lines=names(case),
            supply=counts_as,
        ),
    )


def _cases(order: Order, shop: Shop, rates: tuple[Decimal, ...], *, picked_up: bool) -> list[Case]:
    seller_country = shop.seller.address.country
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country or seller_country)
    main, said = main_supply(order, shop), _said_of_lines(order, shop, rates)
    on = shop.day_of(order.taxable_at or order.created_at)
    asks = any(line.total > 0 and not line.taxes and what is None for line, what in zip(order.lines, said, strict=True))
    cases = []
    for line, rate, what in zip(order.lines, rates, said, strict=True):
        supply = supply_of(line, order, shop) if line.kind is LineKind.PRODUCT else main
        address = destination_of(order, supply, picked_up=picked_up)
        zone = zone_of(address, seller_country, supply)
        is_fetched = picked_up and supply is Supply.GOODS and zone is Zone.DOMESTIC
        destination = vat_country(address, supply) or (seller_country if zone is Zone.DOMESTIC else "")
        cases.append(
            Case(
                zone=zone,
                supply=supply,
                rate=rate,
                said=what,
                regime=shop.vat.regime,
                oss=shop.vat.uses_oss_on(on),
                supply_told=line.kind is not LineKind.PRODUCT or told_supply(line, order) is not None,
                electronic=supply is Supply.SERVICE and _is_downloaded(line, order),
                admission=supply is Supply.SERVICE and is_admission(line, order),
                number_elsewhere=is_number_from_elsewhere(number, order.billing.address),
                seller_country=seller_country,
                destination=destination,
                seller_number=number_in(shop.vat.foreign_numbers, destination, on),
                on=on,
                vat_number=number,
                vat_number_given=order.vat_number_given,
                refuted=_is_refuted(number, order),
                confirmed=_is_confirmed(number, order),
                names_company=bool(order.billing.company),
                taken_to=zone_of(order.billing.address, seller_country, supply) if is_fetched else None,
                fetched_abroad=picked_up and supply is Supply.GOODS and zone is Zone.EU,
                free=line.total == 0,
                reduction=line.total < 0 and not (asks and _is_share(line, order)),
            )
        )
    return cases


def _is_downloaded(line: OrderLine, order: Order) -> bool:
    """Whether *line* is delivered by download; a fee is, where all that it comes with is."""
    products = [other for other in order.lines if other.kind is LineKind.PRODUCT]
    concerned = [line] if line.kind is LineKind.PRODUCT else products
    return bool(concerned) and all(one.downloadable for one in concerned)


def _is_confirmed(number: str, order: Order) -> bool:
    check = order.vat_check
    return bool(check and check.number == number and check.valid and check.code != SUPPOSED)


def _is_refuted(number: str, order: Order) -> bool:
    check = order.vat_check
    if check is not None and check.number == number and check.is_answer:
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
    said = [
        what or (None if line.kind is LineKind.PRODUCT else _said_of_goods(line, goods))
        for line, what in zip(order.lines, own, strict=True)
    ]
    untaxed = {what for line, what in zip(order.lines, said, strict=True) if line.total > 0 and not line.taxes}
    share = untaxed.pop() if len(untaxed) == 1 else None
    return [share if share and _is_share(line, order) else what for line, what in zip(order.lines, said, strict=True)]


def _is_share(line: OrderLine, order: Order) -> bool:
    """Whether *line* is what a discount with VAT takes off what is sold without it: it is what all of that is said to be."""
    is_untaxed = line.total < 0 and not line.taxes and bool(line.line_id)
    return is_untaxed and any(other.taxes and other.line_id == line.line_id for other in order.lines)


def _said_of_goods(line: OrderLine, goods: list[tuple[OrderLine, Untaxed | None]]) -> Untaxed | None:
    """The one thing that all goods at the rate of *line* are said to be; at no rate at all, all goods of the order."""
    rate_ids = {tax.rate_id for tax in line.taxes}
    said = {what for one, what in goods if not rate_ids or rate_ids & {tax.rate_id for tax in one.taxes}}
    what = said.pop() if len(said) == 1 else None
    return what if what in _SHARED_WITH_SHIPPING else None


def _answers(cases: list[Case], order: Order) -> list[Treatment]:
    """The answer to each of *cases*, the same to equal ones. Those with the same answer name all its lines, so that it is said once.

    What a discount takes off them is none: it follows whatever they are said to be.
    """
    keys = {case: (id(row_of(case)), case.destination, case.rate) for case in dict.fromkeys(cases)}
    named: dict[tuple[int, str, Decimal], tuple[str, ...]] = {}
    for case, line in zip(cases, order.lines, strict=True):
        others = named.get(keys[case], ())
        named[keys[case]] = others if others and _is_share(line, order) else (*others, line.name)
    answers = {case: treat(replace(case, names=named[key])) for case, key in keys.items()}
    return [answers[case] for case in cases]


def _join_free_lines(lines: tuple[OrderLine, ...], treated: list[Treatment]) -> list[Treatment]:
    """A free line (free shipping has no tax entry at all) joins the order's largest group: it changes no amount.

    One with a tax entry of 0 % stays Z, except beside O, which bears no other category (EN 16931 BR-O-11).
    """
    paid = [(abs(line.total), treatment) for line, treatment in zip(lines, treated, strict=True) if line.total]
    if not paid:
        return treated
    main = max(paid, key=lambda pair: pair[0])[1]
    return [
        replace(main, problem=None, flag=None)
        if line.total == 0
        and (not line.taxes or (treatment.reason == "free" and main.category is Category.OUTSIDE_SCOPE))
        else treatment
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
    if treated.rate or treated.reason == "free" or treated.reason in OUTSIDE_VAT:
        return treated
    return replace(
        treated, category=category_by_hand(given.name), reason="by_hand", mention=given.name, problem=None, flag=None
    )
