"""An invoice, or a part of it, is taken back: refunds and cancellations become drafts of credit notes.

A credit note takes from what is left of its invoice, per category and rate, and the one that completes the sum takes
exactly the rest: an invoice and all its credit notes are nothing together, in base, VAT and rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.domain import mentions
from worker.domain import texts as wording
from worker.domain.credit_balance import NOTHING, Left, left_of
from worker.domain.credit_selection import Chosen, picked
from worker.domain.document import Document, Draft, Kind, Line, Mention, Problem, Reference, SendMode
from worker.domain.draft import (
    exchange_rate,
    exchange_rate_problem,
    is_paid,
    quantity_and_price,
    seller_problem,
    vat_in_euro,
)
from worker.domain.language import word
from worker.domain.mentions import legal_texts
from worker.domain.money import ZERO, to_minor_unit, total_of
from worker.domain.order import LineKind, Order, OrderLine, Refund
from worker.domain.shop import Shop
from worker.domain.totals import Group, Part, net_per_group, split, state, unit_of, vat_on
from worker.errors import Rejected


@dataclass(frozen=True)
class Cancellation:
    """All that is left of an invoice is taken back. *reason* is printed; empty: that the order was cancelled."""

    reason: str = ""


Credited = Refund | Cancellation | Chosen


def draft_credit_note(
    credited: Credited,
    invoice: Document,
    already: Sequence[Draft],
    order: Order,
    shop: Shop,
    *,
    cause: str,
    send_mode: SendMode,
) -> Draft:
    """Draft the credit note of *credited* against *invoice*; *already* are its credit notes so far, in any order."""
    original = invoice.draft
    left = left_of(invoice, already)
    named: tuple[Line, ...] = ()
    if isinstance(credited, Chosen) and credited.picks:
        found = picked(credited, invoice, already, left)
        named, parts, asked, total = found.lines, found.parts, found.total, found.total
        grosses = {group: part.gross for group, part in parts.items()}
    else:
        asked = _asked(credited, invoice, left)
        total = max(min(asked, left.total), ZERO)
        grosses, parts = _parts(credited, original, left, total)
        named = _refunded_lines(credited, original) if isinstance(credited, Refund) else ()
    mirrored = not already and total == left.total and (not named or isinstance(credited, Chosen))
    lines = original.lines if mirrored else _lines(credited, invoice, parts, named)
    stated = _worth_stating(parts, lines)
    totals = state(stated, lines=lines, total=total, charged=grosses)
    rate = original.exchange_rate or exchange_rate(original.currency, shop)
    # Money went back only where some had come in; a cancelled, unpaid invoice is settled by its credit note.
    refunded_at = credited.created_at if isinstance(credited, Refund) and is_paid(order, shop) else None
    return Draft(
        cause=cause,
        kind=Kind.CREDIT_NOTE,
        send_mode=send_mode,
        order_id=original.order_id,
        order_key=original.order_key,
        order_number=original.order_number,
        ordered_on=original.ordered_on,
        currency=original.currency,
        language=original.language,
        seller=shop.seller,
        buyer=original.buyer,
        lines=lines,
        net=totals.net,
        vat=totals.vat,
        total=totals.total,
        rounding=totals.rounding,
        roundings=totals.roundings,
        vat_lines=totals.vat_lines,
        ship_to=original.ship_to,
        ship_to_name=original.ship_to_name,
        supplied_on=original.supplied_on,
        mentions=_mentions(original, stated, totals.vat, shop),
        payment_method=original.payment_method,
        payment_title=original.payment_title,
        paid_on=refunded_at.astimezone(shop.zoneinfo).date() if refunded_at else None,
        corrects=Reference(invoice.document_id, invoice.number, invoice.issued_on),
        reason=credited.reason or _own_reason(credited, original),
        exchange_rate=rate,
        vat_eur=left.vat_eur if total == left.total and left.vat_eur is not None else vat_in_euro(totals.vat, rate),
        problems=(
            *seller_problem(shop),
            *_amount_problems(credited, invoice, asked=asked, left=left),
            *exchange_rate_problem(original.currency, totals.vat, rate),
        ),
        test=shop.test,
        einvoice_obstacle=original.einvoice_obstacle,
        captions=wording.captions(shop, Kind.CREDIT_NOTE, paid=refunded_at is not None, language=original.language),
    )


def _asked(credited: Credited, invoice: Document, left: Left) -> Decimal:
    """The amount to give back. Raises Rejected where a person asks for more than there is; a refund was given already."""
    if isinstance(credited, Cancellation):
        return left.total
    asked = to_minor_unit(credited.amount or ZERO, invoice.draft.currency)
    if isinstance(credited, Chosen) and asked > left.total:
        raise Rejected(
            f"{asked} {invoice.draft.currency} cannot be credited: {left.total} {invoice.draft.currency} is left of "
            f"{invoice.number}.",
            code="more_than_left",
        )
    return asked


def _parts(
    credited: Credited, original: Draft, left: Left, total: Decimal
) -> tuple[dict[Group, Decimal], dict[Group, Part]]:
    """What is credited per category and rate: the amounts asked, and base and VAT."""
    if total == left.total:
        return {group: part.gross for group, part in left.parts.items()}, dict(left.parts)
    refund_lines = credited.lines if isinstance(credited, Refund) else ()
    grosses = _grosses(_taken_back(refund_lines, original), left, total, unit_of(original.currency))
    parts = {group: _part_of(gross, left.parts[group], group[1], original.currency) for group, gross in grosses.items()}
    return grosses, parts


def _taken_back(refund_lines: Iterable[OrderLine], original: Draft) -> dict[Group, Decimal]:
    """What the lines of a refund take back, per group of the invoice line that they name."""
    groups = {line.order_line_id: (line.category, line.rate) for line in original.lines}
    taken: dict[Group, Decimal] = {}
    for line in refund_lines:
        group = groups.get(line.line_id)
        if group:
            taken[group] = taken.get(group, ZERO) + line.total + line.tax
    return {group: to_minor_unit(gross, original.currency) for group, gross in taken.items()}


def _grosses(taken: Mapping[Group, Decimal], left: Left, total: Decimal, unit: Decimal) -> dict[Group, Decimal]:
    """Share *total* over the groups: first what the refund's lines say, the rest in proportion to what is left."""
    room = {group: part.gross for group, part in left.parts.items()}
    grosses = {group: _within(taken.get(group, ZERO), gross) for group, gross in room.items()}
    rest = total - total_of(grosses.values())
    weights = [room[group] - gross if rest > 0 else gross for group, gross in grosses.items()]
    shares = split(rest, weights, unit)
    return {
        group: _within(gross + share, room[group])
        for (group, gross), share in zip(grosses.items(), shares, strict=True)
    }


def _part_of(gross: Decimal, left: Part, rate: Decimal, currency: str) -> Part:
    """Base and VAT of *gross*, never more than *left*.

    VAT = round(base x rate) here as on the invoice. Where no base gives *gross*, one a cent beside it does; of those the
    one is taken after which the rest of the invoice too keeps to its rate.
    """
    unit = unit_of(currency)
    likely = to_minor_unit(gross * 100 / (100 + rate), currency)
    bases = [likely + step * unit for step in (-2, -1, 0, 1, 2)]
    fitting = [part for part in (Part(base, vat_on(base, rate, currency)) for base in bases) if _fits(part, left)]
    near = [part for part in fitting if abs(gross - part.gross) <= unit]
    if not near:
        base = _within(likely, left.base)
        return Part(base, _within(gross - base, left.vat))

    def badness(part: Part) -> tuple[Decimal, Decimal, Decimal]:
        rest = vat_on(left.base - part.base, rate, currency) - (left.vat - part.vat)
        return abs(gross - part.gross), abs(rest), part.gross

    return min(near, key=badness)


def _lines(
    credited: Credited, invoice: Document, parts: Mapping[Group, Part], named: tuple[Line, ...]
) -> tuple[Line, ...]:
    """The lines *named* by a refund or a person; where they do not make up a base, one line that names the invoice does."""
    nets = net_per_group(named)
    lines = list(named)
    for group, part in parts.items():
        own = [line for line in named if (line.category, line.rate) == group]
        residue = part.base - nets.get(group, ZERO)
        explained = own and abs(residue) <= unit_of(invoice.draft.currency) * (len(own) + 1)
        if not explained and (part != NOTHING or residue):
            lines.append(_sum_line(residue, group, credited, invoice))
    return tuple(lines) or (_sum_line(ZERO, next(iter(parts)), credited, invoice),) if parts else tuple(lines)


def _refunded_lines(refund: Refund, original: Draft) -> tuple[Line, ...]:
    """The refund's lines in the words, category and rate of the invoice's; a line that the invoice lacks is left out."""
    invoiced = {line.order_line_id: line for line in original.lines}
    lines = []
    for line in refund.lines:
        on_invoice = invoiced.get(line.line_id)
        if on_invoice is None or not (line.total or line.tax):
            continue
        net = to_minor_unit(line.total, original.currency)
        quantity, price = quantity_and_price(net, line.quantity)
        lines.append(
            Line(
                description=on_invoice.description,
                quantity=quantity,
                unit_price=price,
                net=net,
                category=on_invoice.category,
                rate=on_invoice.rate,
                sku=on_invoice.sku,
                details=on_invoice.details,
                order_line_id=line.line_id,
                is_product=line.kind is LineKind.PRODUCT,
            )
        )
    return tuple(lines)


def _sum_line(net: Decimal, group: Group, credited: Credited, invoice: Document) -> Line:
    """One line for an amount that no line of the order explains."""
    quantity, price = quantity_and_price(net, Decimal(1))
    key = "refund_line" if isinstance(credited, Refund) else "credit_line"
    text = word(key, invoice.draft.language).format(number=invoice.number)
    return Line(text, quantity, price, net, *group, is_product=False)


def _worth_stating(parts: Mapping[Group, Part], lines: Iterable[Line]) -> dict[Group, Part]:
    with_lines = {(line.category, line.rate) for line in lines}
    return {group: part for group, part in parts.items() if part != NOTHING or group in with_lines}


def _mentions(original: Draft, parts: Iterable[Group], vat: Decimal, shop: Shop) -> tuple[Mention, ...]:
    """What the invoice said of these categories, and for Belgian VAT the sentence of art. 4 §1 3° RD no. 4."""
    categories = {None, *(category for category, _ in parts)}
    texts = legal_texts()
    kept = tuple(said for said in original.mentions if said.key in texts and texts[said.key].category in categories)
    country = shop.seller.address.country
    if country != "BE" or not vat or any(said.key == "oss" for said in kept):
        return kept
    return (*kept, mentions.mention("credit_note_be", language=original.language, seller_country=country))


def _amount_problems(credited: Credited, invoice: Document, *, asked: Decimal, left: Left) -> tuple[Problem, ...]:
    currency = invoice.draft.currency
    # A shop that counts in tenths of a cent refunds 0.016 twice of 0.032: each rounds up, and together they are a cent more.
    rounded_up = isinstance(credited, Refund) and credited.amount < asked <= left.total + unit_of(currency)
    if asked > left.total and not rounded_up:
        sentence = (
            f"{asked} {currency} is refunded, but {left.total} {currency} is left of {invoice.number}"
            f" ({invoice.draft.total} {currency}); the credit note stops there."
        )
        return (Problem("more_than_left", sentence),)
    if not isinstance(credited, Refund):
        return ()
    named = total_of(line.total + line.tax for line in credited.lines)
    if named - asked > unit_of(currency) * (len(credited.lines) + 1):
        sentence = f"Refund {credited.refund_id} gives back {asked} {currency}, but its lines are {named} {currency}."
        return (Problem("does_not_add_up", sentence),)
    return ()


def _own_reason(credited: Credited, original: Draft) -> str:
    if not isinstance(credited, Cancellation):
        return ""
    return word("order_cancelled", original.language).format(order=original.order_number)


def _fits(part: Part, left: Part) -> bool:
    return part == Part(_within(part.base, left.base), _within(part.vat, left.vat))


def _within(amount: Decimal, bound: Decimal) -> Decimal:
    """*amount*, held between nothing and *bound*; a discount's bound is negative."""
    return min(max(amount, min(bound, ZERO)), max(bound, ZERO))
