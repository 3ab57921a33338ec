"""What is odd about a credit note's amount, and what only a person knows of it: each with both ways out."""

from collections.abc import Mapping
from decimal import Decimal

from worker.domain.credit_balance import NO_TOTALS, CreditBalance, CreditedInvoice
from worker.domain.credit_source import CreditSource
from worker.domain.credit_split import share_over_groups
from worker.domain.credit_statement import CreditStatement
from worker.domain.document import Document, Draft, Problem
from worker.domain.money import to_minor_unit, total_of
from worker.domain.order import Refund
from worker.domain.totals import GroupTotals, VatGroup, unit_of
from worker.message import Message, Money, Percent, Value

# How the cause of a credit note begins that a person made.
BY_HAND = "credit:"
MORE_THAN_RATE_REMAINING = "more_than_rate_remaining"


def amount_problems(
    source: CreditSource, invoice: Document, statement: CreditStatement, *, requested: Decimal, remaining: CreditBalance
) -> tuple[Problem, ...]:
    """Why the credit note of *source* waits: *requested* is what it gives back, *statement* what its lines say of that."""
    currency = invoice.draft.currency
    # A shop that counts in tenths of a cent refunds 0.016 twice of 0.032: each rounds up, and together they are a cent more.
    rounded_up = isinstance(source, Refund) and source.amount < requested <= remaining.total + unit_of(currency)
    if requested > remaining.total and not rounded_up:
        message = Message(
            "{requested} is refunded, but {total} is left of {number} ({invoice_total}); the credit note stops there. Issue it if "
            "that is right; if not, discard it and credit {number} by hand.",
            requested=Money(requested, currency),
            total=Money(remaining.total, currency),
            number=invoice.number,
            invoice_total=Money(invoice.draft.total, currency),
        )
        return (Problem("more_than_remaining", message, asks=remaining.total > 0),)
    if not isinstance(source, Refund):
        return ()
    if statement.named - requested > statement.slack:
        message = Message(
            "Refund {refund_id} gives back {requested}, but its lines are {named}. Issue this draft to credit {requested}, or discard "
            "it and credit {number} by hand.",
            refund_id=source.refund_id,
            requested=Money(requested, currency),
            named=Money(statement.named, currency),
            number=invoice.number,
        )
        return (Problem("does_not_add_up", message, asks=True),)
    if any(statement.not_invoiced):
        return _not_invoiced(source, invoice, statement)
    if requested == remaining.total:
        return _overdrawn(source, invoice, statement)
    return (
        *(_exceeded(source, invoice, statement, remaining) or _overdrawn(source, invoice, statement)),
        *_questions(source, invoice, requested - statement.placed, statement.slack, remaining),
    )


def credited_by_hand(source: CreditSource, credited: CreditedInvoice) -> tuple[Problem, ...]:
    """Whether a refund is what a person credited before as an amount, of which no line tells."""
    by_hand = total_of(note.total for note in credited.credit_notes if is_amount_by_hand(note))
    if not by_hand or not isinstance(source, Refund):
        return ()
    invoice, currency = credited.invoice, credited.invoice.draft.currency
    message = Message(
        "Refund {refund_id} gives back {requested}, and {by_hand} of {invoice} was credited by hand before, as an amount without goods. "
        "If that is the same money, discard this draft; if not, issue it.",
        refund_id=source.refund_id,
        requested=Money(to_minor_unit(source.amount, currency), currency),
        by_hand=Money(by_hand, currency),
        invoice=invoice.number,
    )
    return (Problem("credited_by_hand", message, asks=True),)


def is_amount_by_hand(note: Draft) -> bool:
    return note.cause.startswith(BY_HAND) and all(line.order_line_id is None for line in note.lines)


def _not_invoiced(refund: Refund, invoice: Document, statement: CreditStatement) -> tuple[Problem, ...]:
    lines = tuple(
        Message(
            "“{description}” of {amount}",
            description=line.name,
            amount=Money(to_minor_unit(line.total + line.tax, invoice.draft.currency), invoice.draft.currency),
        )
        for line in statement.not_invoiced
    )
    message = Message(
        "Refund {refund_id} gives back what is not on {invoice}: {lines}. If it came onto order {number} later, credit {invoice} "
        "and issue it again, so that it is invoiced before it is credited; issue this draft only if it is for what {invoice} holds.",
        refund_id=refund.refund_id,
        invoice=invoice.number,
        lines=lines,
        number=invoice.draft.order_number,
    )
    return (Problem("refunded_line_not_invoiced", message, asks=True),)


def _exceeded(
    refund: Refund, invoice: Document, statement: CreditStatement, remaining: CreditBalance
) -> tuple[Problem, ...]:
    """The refund takes more of one rate than is left there: as it says, or within what is left, with the figures of both."""
    if not statement.exceeded:
        return ()
    currency = invoice.draft.currency
    total = min(to_minor_unit(refund.amount, currency), remaining.total)
    _, within = share_over_groups(statement, remaining, total, currency)
    figures: dict[str, Value] = {
        "refund_id": refund.refund_id,
        "invoice": invoice.number,
        "left": _figures({group: remaining.groups.get(group, NO_TOTALS) for group in statement.exceeded}, currency),
        "stated": _figures(statement.by_group, currency),
        "within": _figures(within, currency),
    }
    if statement.is_possible:
        message = Message(
            "Refund {refund_id} gives back more at one VAT rate than is left there of {invoice} ({left}), because a discount shares "
            "that rate. As the refund states it, it is {stated}; within what is left it is {within}. Issue the one that is right: with "
            "the first the discount stays with the goods that were kept, with the second it went with those that came back.",
            **figures,
        )
    else:
        message = Message(
            "Refund {refund_id} states {stated}, but of {invoice} there is left {left}. Within what is left it is {within}: issue "
            "this draft for that. If it is for other goods, discard this draft and credit those on the invoice's page.",
            **figures,
        )
    return (Problem(MORE_THAN_RATE_REMAINING, message, asks=True),)


def _overdrawn(refund: Refund, invoice: Document, statement: CreditStatement) -> tuple[Problem, ...]:
    """The refund takes back what was credited before, and other goods of that rate would hide it."""
    if not statement.overdrawn:
        return ()
    currency = invoice.draft.currency
    lines = tuple(
        Message(
            "“{description}” {net}, of which {left} is left",
            description=line.description,
            net=Money(line.net, currency),
            left=Money(line.left, currency),
        )
        for line in statement.overdrawn
    )
    message = Message(
        "Refund {refund_id} gives back more of a line than is left of it on {invoice} (without VAT): {lines}. If that is credited "
        "already, discard this draft; if other goods came back, discard it and credit those on the invoice's page. Issue it only "
        "if that much was given back for that line.",
        refund_id=refund.refund_id,
        invoice=invoice.number,
        lines=lines,
    )
    return (Problem("more_than_line_remaining", message, asks=True),)


def _figures(groups: Mapping[VatGroup, GroupTotals], currency: str) -> tuple[Message, ...]:
    return tuple(
        Message(
            "{base} + {vat} VAT at {rate}",
            base=Money(part.base, currency),
            vat=Money(part.vat, currency),
            rate=Percent(group[1]),
        )
        for group, part in groups.items()
        if part != NO_TOTALS or len(groups) == 1
    )


def _questions(
    refund: Refund, invoice: Document, unnamed: Decimal, slack: Decimal, remaining: CreditBalance
) -> tuple[Problem, ...]:
    """What only a person knows of a refund of a part of *invoice*: for which goods it is, and what became of a gift card."""
    original = invoice.draft
    currency = original.currency
    by_card = original.by_card
    if by_card and refund.amount == original.total - by_card:
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
    if len(rates) < 2 or unnamed <= slack:
        return ()
    figures = tuple(
        Message(
            "{vat} if all of it is at {rate}",
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
