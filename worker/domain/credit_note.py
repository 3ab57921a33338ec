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
from worker.domain.consumer_prices import with_prices_given_back
from worker.domain.credit_balance import NO_TOTALS, CreditBalance, CreditedInvoice, credit_balance_of
from worker.domain.credit_question import amount_problems, credited_by_hand
from worker.domain.credit_selection import CreditSelection, resolve_selection
from worker.domain.credit_source import Cancellation, CreditSource
from worker.domain.credit_split import split_over_groups
from worker.domain.credit_statement import NO_STATEMENT, CreditStatement, hold_to_balance, state_refund
from worker.domain.delivery import DeliveryWish
from worker.domain.document import Document, Draft, Kind, Line, Mention, Purpose, Reference, VatLine
from worker.domain.exchange_rate import exchange_rate, exchange_rate_problem, vat_in_euro
from worker.domain.language import phrase
from worker.domain.mentions import SIMPLIFIED, legal_texts
from worker.domain.money import ZERO, to_minor_unit, total_of
from worker.domain.order import Order, Refund
from worker.domain.order_payment import has_all_come
from worker.domain.shop import Shop
from worker.domain.totals import GroupTotals, Totals, VatGroup, net_per_group, split_amount, state_totals, unit_of
from worker.errors import Rejected
from worker.message import Money


def draft_credit_note(
    source: CreditSource, credited: CreditedInvoice, order: Order, shop: Shop, *, purpose: Purpose
) -> Draft:
    """Draft the credit note of *source* against an invoice.

    A refund that takes more of one rate than is left there, because a discount shares it, is drafted as it states itself; beside it
    is the same within what is left: a person chooses.
    """
    original, remaining = credited.invoice.draft, credit_balance_of(credited.invoice, credited.credit_notes)
    taken = _taken_back(source, credited, order, remaining)
    takes_all, statement = taken.total == remaining.total, taken.statement
    lines, totals = _figures(taken, source, credited, takes_all=takes_all)
    rate = original.exchange_rate or exchange_rate(original.currency, shop)
    choice = None
    if statement.exceeded and statement.is_possible and not takes_all:
        choice = draft_credit_note(source, replace(credited, within_left=True), order, shop, purpose=purpose)
    # Money went back only where some had come in; a cancelled, unpaid invoice is balanced by its credit note.
    refunded_at = source.created_at if isinstance(source, Refund) and has_all_come(order, shop) else None
    return replace(
        _of_the_same_sale(original),
        cause=purpose.cause,
        kind=Kind.CREDIT_NOTE,
        send_mode=purpose.send_mode,
        seller=shop.seller,
        lines=lines,
        net=totals.net,
        vat=totals.vat,
        total=totals.total,
        rounding=totals.rounding,
        roundings=totals.roundings,
        vat_lines=totals.vat_lines,
        mentions=_mentions(original, lines, totals.vat_lines, shop),
        payment_title=_paid_back_by(source, original),
        paid_on=shop.day_of(refunded_at) if refunded_at else None,
        corrects=Reference(credited.invoice.document_id, credited.invoice.number, credited.invoice.issued_on),
        reason=source.reason or _default_reason(source, original),
        exchange_rate=rate,
        vat_eur=remaining.vat_eur if takes_all and remaining.vat_eur is not None else vat_in_euro(totals.vat, rate),
        problems=(
            *seller_problem(shop),
            *amount_problems(source, credited.invoice, statement, requested=taken.requested, remaining=remaining),
            *credited_by_hand(source, credited),
            *exchange_rate_problem(original.currency, totals.vat, rate),
        ),
        test=shop.test,
        within_left=choice,
        captions=wording.captions(shop, Kind.CREDIT_NOTE, paid=refunded_at is not None, language=original.language),
    )


def _of_the_same_sale(original: Draft) -> Draft:
    """What a credit note says as its invoice does: all but what was asked of the buyer, and said to him for that delivery alone."""
    return replace(
        original,
        delivery=DeliveryWish(),
        customer_note="",
        payment=None,
        prepaid=(),
        deposit_invoices=(),
        vat_check=None,
        is_copy=False,
    )


@dataclass(frozen=True)
class _TakenBack:
    """What is credited, *charged* and stated per category and rate; *requested* may be more than the *total*, which is what is left.

    *lines* are those that a person or a refund names, and *statement* is what the refund says of itself.
    """

    requested: Decimal
    total: Decimal
    charged: Mapping[VatGroup, Decimal]
    groups: Mapping[VatGroup, GroupTotals]
    lines: tuple[Line, ...] = ()
    statement: CreditStatement = NO_STATEMENT


def _taken_back(source: CreditSource, credited: CreditedInvoice, order: Order, remaining: CreditBalance) -> _TakenBack:
    if isinstance(source, CreditSelection) and source.lines:
        chosen = resolve_selection(source, credited, remaining)
        charged = {group: part.gross for group, part in chosen.groups.items()}
        return _TakenBack(chosen.total, chosen.total, charged, chosen.groups, chosen.lines)
    invoice, statement = credited.invoice, NO_STATEMENT
    requested = _requested_amount(source, invoice, remaining)
    total = max(min(requested, remaining.total), ZERO)
    if isinstance(source, Refund):
        held = hold_to_balance(state_refund(source, invoice.draft, order), credited, remaining)
        statement = replace(held, exceeded=(), is_possible=False) if credited.within_left else held
    charged, groups = split_over_groups(statement, remaining, total, invoice.draft.currency)
    return _TakenBack(requested, total, charged, groups, statement.lines, statement)


def _figures(
    taken: _TakenBack, source: CreditSource, credited: CreditedInvoice, *, takes_all: bool
) -> tuple[tuple[Line, ...], Totals]:
    """The lines and totals: the invoice's own where it is taken back as a whole."""
    original = credited.invoice.draft
    is_mirror = takes_all and not credited.credit_notes and (not taken.lines or isinstance(source, CreditSelection))
    lines = original.lines if is_mirror else _lines(source, credited, taken.groups, taken.lines)
    stated = _groups_to_state(taken.groups, lines)
    if not is_mirror and original.lines and all(line.gross is not None for line in original.lines):
        lines = with_prices_given_back(lines, stated, Money(taken.total, original.currency))
    totals = state_totals(stated, lines=lines, total=taken.total, charged=taken.charged)
    return lines, totals.of_countries(_countries_of(original))


def _paid_back_by(source: CreditSource, original: Draft) -> str:
    """How the money went back: only what a provider gave back names its method."""
    by_provider = isinstance(source, Refund) and source.by_provider
    return (original.payment_title or original.payment_method) if by_provider else ""


def _requested_amount(source: CreditSource, invoice: Document, remaining: CreditBalance) -> Decimal:
    """The amount to credit. Raises Rejected where a person wants more than is left; a refund was paid already."""
    if isinstance(source, Cancellation):
        return remaining.total
    if isinstance(source, CreditSelection):
        return amount_within(source, invoice, remaining)
    return to_minor_unit(source.amount or ZERO, invoice.draft.currency)


def amount_within(selection: CreditSelection, invoice: Document, remaining: CreditBalance) -> Decimal:
    """The amount that a person credits. Raises Rejected where more is wanted than is left, or a part of a cent."""
    requested = to_minor_unit(selection.amount or ZERO, invoice.draft.currency)
    if selection.amount and requested != selection.amount:
        raise Rejected(
            "{amount} cannot be credited: {currency} has no decimals so small.",
            amount=selection.amount,
            currency=invoice.draft.currency,
            code="credit_unclear",
        )
    if requested > remaining.total:
        raise Rejected(
            "{requested} cannot be credited: {remaining} is left of {number}.",
            requested=Money(requested, invoice.draft.currency),
            remaining=Money(remaining.total, invoice.draft.currency),
            number=invoice.number,
            code="more_than_remaining",
        )
    return requested


def _lines(
    source: CreditSource, credited: CreditedInvoice, groups: Mapping[VatGroup, GroupTotals], named: tuple[Line, ...]
) -> tuple[Line, ...]:
    """The lines *named* by a refund or a person; where they do not make up a base, lines that name the invoice do."""
    nets = net_per_group(named)
    lines = list(named)
    for group, group_totals in groups.items():
        own = [line for line in named if (line.category, line.rate) == group]
        residue = group_totals.base - nets.get(group, ZERO)
        if own and abs(residue) <= unit_of(credited.invoice.draft.currency) * (len(own) + 1):
            own, residue = [replace(own[0], net=own[0].net + residue), *own[1:]], ZERO  # it was rounded
        if own or group_totals != NO_TOTALS or residue:
            lines += _residue_lines(residue, group, source, credited, own)
    if lines or not groups:
        return tuple(lines)
    return (_residue_line(ZERO, next(iter(groups)), source, credited.invoice),)


def _residue_lines(
    residue: Decimal, group: VatGroup, source: CreditSource, credited: CreditedInvoice, named: Sequence[Line]
) -> list[Line]:
    """An amount that no line of the order explains: shared over the reasons of its lines by what is left of each, for the journal.

    What completes the invoice leaves nothing of any reason, also where an earlier amount was shared otherwise than its goods.
    """
    invoice = credited.invoice
    left = _base_by_mention(invoice.draft, group)
    nets = [(line.mention, line.net) for line in named]
    for mention, net in (
        *nets,
        *(pair for note in credited.credit_notes for pair in _base_by_mention(note, group).items()),
    ):
        left[mention] = left.get(mention, ZERO) - net
    if len(left) < 2:
        mention = next(iter(left), "")
        return [] if named and not residue else [_residue_line(residue, group, source, invoice, mention=mention)]
    shares: Iterable[Decimal] = left.values()
    if residue != total_of(shares):
        shares = split_amount(residue, [max(net, ZERO) for net in shares], unit_of(invoice.draft.currency))
    parts = [(mention, share) for mention, share in zip(left, shares, strict=True) if share]
    return [_residue_line(share, group, source, invoice, mention=mention) for mention, share in parts]


def _base_by_mention(draft: Draft, group: VatGroup) -> dict[str, Decimal]:
    """What *draft* says at a category and rate by the sentences of its lines; the first takes what was rounded, as in the journal."""
    nets: dict[str, Decimal] = {}
    for line in draft.lines:
        if (line.category, line.rate) == group:
            nets[line.mention] = nets.get(line.mention, ZERO) + line.net
    base = total_of(row.base for row in draft.vat_lines if (row.category, row.rate) == group)
    for first in list(nets)[:1]:
        nets[first] += base - total_of(nets.values())
    return nets


def _residue_line(net: Decimal, group: VatGroup, source: CreditSource, invoice: Document, *, mention: str = "") -> Line:
    """One line for an amount that no line of the order explains; of those lines alone that have the same *mention*."""
    quantity, price = quantity_and_price(net, Decimal(1))
    key = "refund_line" if isinstance(source, Refund) else "credit_line"
    text = phrase(key, invoice.draft.language).format(number=invoice.number)
    country = _countries_of(invoice.draft).get(group, "")
    # Nobody knows which lines the amount is for: it is taken off the distance sales where they were all of that rate.
    alike = (one for one in invoice.draft.lines if (one.category, one.rate) == group and mention in ("", one.mention))
    line = Line(text, quantity, price, net, *group, is_product=False, mention=mention)
    return replace(line, vat_country=country, distance_sale=all(one.distance_sale for one in alike))


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
    languages = {"language": original.language, "second": original.second_language}
    return (*retained, mentions.mention("credit_note_be", **languages, seller_country=country))


def _keys_of(line: Line, original: Draft) -> tuple[str, ...]:
    """The sentences of a credited line: its own, or of an amount that no line explains all those at its rate."""
    if line.mention or line.order_line_id is not None:
        return (line.mention,)
    return tuple(one.mention for one in original.lines if (one.category, one.rate) == (line.category, line.rate))


def _is_of_all(said: Mention, of_lines: Iterable[str], vat_lines: Iterable[VatLine]) -> bool:
    """A sentence that no line of the invoice names, as on those from before lines named theirs: by its category."""
    legal = legal_texts().get(said.key)
    if said.key in of_lines or said.key == SIMPLIFIED or legal is None:
        return False
    return legal.category is None or legal.category in {row.category for row in vat_lines}


def _default_reason(source: CreditSource, original: Draft) -> str:
    if not isinstance(source, Cancellation):
        return ""
    return phrase("order_cancelled", original.language).format(order=original.order_number)
