"""An invoice, or a part of it, is taken back: refunds and cancellations become drafts of credit notes.

A credit note takes from what is left of its invoice, per category and rate, and the one that completes the sum takes
exactly the rest: an invoice and all its credit notes are nothing together, in base, VAT and rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain import mentions
from worker.domain import texts as wording
from worker.domain.assessment import quantity_and_price
from worker.domain.completeness import seller_problem
from worker.domain.credit_balance import NO_TOTALS, CreditBalance, credit_balance_of
from worker.domain.credit_selection import CreditSelection, resolve_selection
from worker.domain.document import Document, Draft, Kind, Line, Mention, Problem, Reference, SendMode, VatLine
from worker.domain.draft import (
    exchange_rate,
    exchange_rate_problem,
    vat_in_euro,
)
from worker.domain.language import phrase
from worker.domain.mentions import legal_texts
from worker.domain.money import ZERO, to_minor_unit, total_of
from worker.domain.order import LineKind, Order, OrderLine, Refund
from worker.domain.payment_request import is_paid
from worker.domain.shop import Shop
from worker.domain.totals import GroupTotals, VatGroup, net_per_group, split_amount, state_totals, unit_of, vat_on
from worker.errors import Rejected
from worker.message import Message, Money, Percent


@dataclass(frozen=True)
class Cancellation:
    """All that is left of an invoice is taken back. *reason* is printed; empty: that the order was cancelled."""

    reason: str = ""


CreditSource = Refund | Cancellation | CreditSelection


def draft_credit_note(
    source: CreditSource,
    invoice: Document,
    earlier_credit_notes: Sequence[Draft],
    order: Order,
    shop: Shop,
    *,
    cause: str,
    send_mode: SendMode,
) -> Draft:
    """Draft the credit note of *source* against *invoice*. *earlier_credit_notes* of that invoice may be in any order."""
    original = invoice.draft
    remaining = credit_balance_of(invoice, earlier_credit_notes)
    named: tuple[Line, ...] = ()
    if isinstance(source, CreditSelection) and source.lines:
        resolved = resolve_selection(source, invoice, earlier_credit_notes, remaining)
        named, groups, requested, total = resolved.lines, resolved.groups, resolved.total, resolved.total
        grosses = {group: part.gross for group, part in groups.items()}
    else:
        requested = _requested_amount(source, invoice, remaining)
        total = max(min(requested, remaining.total), ZERO)
        grosses, groups = _split_over_groups(source, original, remaining, total)
        named = _refunded_lines(source, original) if isinstance(source, Refund) else ()
    mirrored = (
        not earlier_credit_notes and total == remaining.total and (not named or isinstance(source, CreditSelection))
    )
    lines = original.lines if mirrored else _lines(source, invoice, groups, named)
    stated = _groups_to_state(groups, lines)
    totals = state_totals(stated, lines=lines, total=total, charged=grosses).of_countries(_countries_of(original))
    rate = original.exchange_rate or exchange_rate(original.currency, shop)
    # Money went back only where some had come in; a cancelled, unpaid invoice is balanced by its credit note.
    refunded_at = source.created_at if isinstance(source, Refund) and is_paid(order, shop) else None
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
        customer_language=original.customer_language,
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
        mentions=_mentions(original, lines, totals.vat_lines, shop),
        payment_method=original.payment_method,
        payment_title=original.payment_title if isinstance(source, Refund) and source.by_provider else "",
        paid_on=refunded_at.astimezone(shop.zoneinfo).date() if refunded_at else None,
        corrects=Reference(invoice.document_id, invoice.number, invoice.issued_on),
        reason=source.reason or _default_reason(source, original),
        exchange_rate=rate,
        vat_eur=remaining.vat_eur
        if total == remaining.total and remaining.vat_eur is not None
        else vat_in_euro(totals.vat, rate),
        problems=(
            *seller_problem(shop),
            *_amount_problems(source, invoice, requested=requested, remaining=remaining),
            *exchange_rate_problem(original.currency, totals.vat, rate),
        ),
        test=shop.test,
        einvoice_obstacle=original.einvoice_obstacle,
        captions=wording.captions(shop, Kind.CREDIT_NOTE, paid=refunded_at is not None, language=original.language),
    )


def _requested_amount(source: CreditSource, invoice: Document, remaining: CreditBalance) -> Decimal:
    """The amount to credit. Raises Rejected where a person wants more than is left; a refund was paid already."""
    if isinstance(source, Cancellation):
        return remaining.total
    requested = to_minor_unit(source.amount or ZERO, invoice.draft.currency)
    if isinstance(source, CreditSelection) and requested > remaining.total:
        raise Rejected(
            "{requested} cannot be credited: {remaining} is left of {number}.",
            requested=Money(requested, invoice.draft.currency),
            remaining=Money(remaining.total, invoice.draft.currency),
            number=invoice.number,
            code="more_than_remaining",
        )
    return requested


def _split_over_groups(
    source: CreditSource, original: Draft, remaining: CreditBalance, total: Decimal
) -> tuple[dict[VatGroup, Decimal], dict[VatGroup, GroupTotals]]:
    """What is credited per category and rate: the amounts asked, and base and VAT."""
    if total == remaining.total:
        return {group: part.gross for group, part in remaining.groups.items()}, dict(remaining.groups)
    refund_lines = source.lines if isinstance(source, Refund) else ()
    grosses = _gross_per_group(
        _refunded_per_group(refund_lines, original), remaining, total, unit_of(original.currency)
    )
    groups = {
        group: _group_totals_of(gross, remaining.groups[group], group[1], original.currency)
        for group, gross in grosses.items()
    }
    return grosses, groups


def _refunded_per_group(refund_lines: Iterable[OrderLine], original: Draft) -> dict[VatGroup, Decimal]:
    """What the lines of a refund take back, per group of the invoice line that they name."""
    groups = {line.order_line_id: (line.category, line.rate) for line in original.lines}
    refunded: dict[VatGroup, Decimal] = {}
    for line in refund_lines:
        group = groups.get(line.line_id)
        if group:
            refunded[group] = refunded.get(group, ZERO) + line.total + line.tax
    return {group: to_minor_unit(gross, original.currency) for group, gross in refunded.items()}


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
        part for part in (GroupTotals(base, vat_on(base, rate, currency)) for base in bases) if _fits(part, remaining)
    ]
    near = [part for part in fitting if abs(gross - part.gross) <= unit]
    if not near:
        base = _within(likely, remaining.base)
        return GroupTotals(base, _within(gross - base, remaining.vat))

    def badness(part: GroupTotals) -> tuple[Decimal, Decimal, Decimal]:
        rest = vat_on(remaining.base - part.base, rate, currency) - (remaining.vat - part.vat)
        return abs(gross - part.gross), abs(rest), part.gross

    return min(near, key=badness)


def _lines(
    source: CreditSource, invoice: Document, groups: Mapping[VatGroup, GroupTotals], named: tuple[Line, ...]
) -> tuple[Line, ...]:
    """The lines *named* by a refund or a person; where they do not make up a base, one line that names the invoice does."""
    nets = net_per_group(named)
    lines = list(named)
    for group, group_totals in groups.items():
        own = [line for line in named if (line.category, line.rate) == group]
        residue = group_totals.base - nets.get(group, ZERO)
        explained = own and abs(residue) <= unit_of(invoice.draft.currency) * (len(own) + 1)
        if not explained and (group_totals != NO_TOTALS or residue):
            lines.append(_residue_line(residue, group, source, invoice))
    return tuple(lines) or (_residue_line(ZERO, next(iter(groups)), source, invoice),) if groups else tuple(lines)


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
                vat_country=on_invoice.vat_country,
                mention=on_invoice.mention,
                distance_sale=on_invoice.distance_sale,
            )
        )
    return tuple(lines)


def _residue_line(net: Decimal, group: VatGroup, source: CreditSource, invoice: Document) -> Line:
    """One line for an amount that no line of the order explains."""
    quantity, price = quantity_and_price(net, Decimal(1))
    key = "refund_line" if isinstance(source, Refund) else "credit_line"
    text = phrase(key, invoice.draft.language).format(number=invoice.number)
    country = _countries_of(invoice.draft).get(group, "")
    # Nobody knows which lines the amount is for: it is taken off the distance sales where they were all of that rate.
    distance_sale = all(one.distance_sale for one in invoice.draft.lines if (one.category, one.rate) == group)
    line = Line(text, quantity, price, net, *group, is_product=False)
    return replace(line, vat_country=country, distance_sale=distance_sale)


def _countries_of(original: Draft) -> dict[VatGroup, str]:
    return {(row.category, row.rate): row.vat_country for row in original.vat_lines}


def _groups_to_state(groups: Mapping[VatGroup, GroupTotals], lines: Iterable[Line]) -> dict[VatGroup, GroupTotals]:
    with_lines = {(line.category, line.rate) for line in lines}
    return {group: part for group, part in groups.items() if part != NO_TOTALS or group in with_lines}


def _mentions(original: Draft, lines: Iterable[Line], vat_lines: Iterable[VatLine], shop: Shop) -> tuple[Mention, ...]:
    """The invoice's mentions for what is credited, and for Belgian VAT that of art. 4 §1 3° RD no. 4."""
    credited = {key for line in lines for key in _keys_of(line, original)}
    of_lines = {line.mention for line in original.lines}
    retained = tuple(
        said for said in original.mentions if said.key in credited or _is_of_all(said, of_lines, vat_lines)
    )
    country = shop.seller.address.country
    if country != "BE" or not any(row.vat and row.vat_country in ("", "BE") for row in vat_lines):
        return retained
    return (*retained, mentions.mention("credit_note_be", language=original.language, seller_country=country))


def _keys_of(line: Line, original: Draft) -> tuple[str, ...]:
    """The sentences of a credited line: its own, or of an amount that no line explains all those at its rate."""
    if line.mention or line.order_line_id is not None:
        return (line.mention,)
    return tuple(one.mention for one in original.lines if (one.category, one.rate) == (line.category, line.rate))


def _is_of_all(said: Mention, of_lines: Iterable[str], vat_lines: Iterable[VatLine]) -> bool:
    """A sentence that no line of the invoice names, as on those from before lines named theirs: by its category."""
    legal = legal_texts().get(said.key)
    if said.key in of_lines or legal is None:
        return False
    return legal.category is None or legal.category in {row.category for row in vat_lines}


def _amount_problems(
    source: CreditSource, invoice: Document, *, requested: Decimal, remaining: CreditBalance
) -> tuple[Problem, ...]:
    currency = invoice.draft.currency
    # A shop that counts in tenths of a cent refunds 0.016 twice of 0.032: each rounds up, and together they are a cent more.
    rounded_up = isinstance(source, Refund) and source.amount < requested <= remaining.total + unit_of(currency)
    if requested > remaining.total and not rounded_up:
        message = Message(
            "{requested} is refunded, but {total} is left of {number} ({invoice_total}); the credit note stops there.",
            requested=Money(requested, currency),
            total=Money(remaining.total, currency),
            number=invoice.number,
            invoice_total=Money(invoice.draft.total, currency),
        )
        return (Problem("more_than_remaining", message),)
    if not isinstance(source, Refund):
        return ()
    named = total_of(line.total + line.tax for line in source.lines)
    if named - requested > unit_of(currency) * (len(source.lines) + 1):
        message = Message(
            "Refund {refund_id} gives back {requested}, but its lines are {named}.",
            refund_id=source.refund_id,
            requested=Money(requested, currency),
            named=Money(named, currency),
        )
        return (Problem("does_not_add_up", message),)
    if requested < remaining.total:
        return _questions(source, invoice, unnamed=requested - named, remaining=remaining)
    return ()


def _questions(refund: Refund, invoice: Document, *, unnamed: Decimal, remaining: CreditBalance) -> tuple[Problem, ...]:
    """What only a person knows of a refund of a part of *invoice*: for which goods it is, and what became of a gift card."""
    original = invoice.draft
    currency = original.currency
    by_card = original.total - original.to_pay
    if by_card and refund.amount == original.to_pay:
        message = Message(
            "Refund {refund_id} gives back all the money of order {number}, but {by_card} of it was paid by gift card. If that was "
            "given back too, credit all of {invoice} and discard this draft; if not, issue it.",
            refund_id=refund.refund_id,
            number=original.order_number,
            by_card=Money(by_card, currency),
            invoice=invoice.number,
        )
        return (Problem("gift_card_refund", message, asks=True),)
    rates = sorted({rate for (_, rate), part in remaining.groups.items() if part.gross > 0}, reverse=True)
    if len(rates) < 2 or unnamed <= unit_of(currency) * (len(refund.lines) + 1):
        return ()
    figures = tuple(
        Message(
            "{vat} at {rate}",
            vat=Money(to_minor_unit(unnamed * rate / (100 + rate), currency), currency),
            rate=Percent(rate),
        )
        for rate in rates
    )
    message = Message(
        "Refund {refund_id} does not say which goods {amount} of it is for, and {invoice} has several VAT rates: the VAT in it is "
        "{figures}. Credit those goods on the invoice's page and discard this draft, or issue it to share the amount in proportion.",
        refund_id=refund.refund_id,
        amount=Money(unnamed, currency),
        invoice=invoice.number,
        figures=figures,
    )
    return (Problem("refund_of_which_goods", message, asks=True),)


def _default_reason(source: CreditSource, original: Draft) -> str:
    if not isinstance(source, Cancellation):
        return ""
    return phrase("order_cancelled", original.language).format(order=original.order_number)


def _fits(candidate: GroupTotals, remaining: GroupTotals) -> bool:
    return candidate == GroupTotals(_within(candidate.base, remaining.base), _within(candidate.vat, remaining.vat))


def _within(amount: Decimal, bound: Decimal) -> Decimal:
    """*amount*, held between nothing and *bound*; a discount's bound is negative."""
    return min(max(amount, min(bound, ZERO)), max(bound, ZERO))
