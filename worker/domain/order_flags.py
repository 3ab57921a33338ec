"""What the owner of an order must be shown: nothing is made or stopped by it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from worker.domain.assessment import assess
from worker.domain.consumer_invoice import why_none
from worker.domain.credit_balance import credit_balance_of
from worker.domain.decision import Findings
from worker.domain.document import KIND_TERMS, Document, Kind, Problem
from worker.domain.dossier import Dossier
from worker.domain.legal_term import late_invoice
from worker.domain.order import Order, OtherInvoice
from worker.domain.order_changes import asks_another_total, changes_after_invoice
from worker.domain.order_payment import costs_more, says_paid, was_put_back
from worker.domain.order_status import status_term
from worker.domain.rule_conditions import unmet_condition
from worker.domain.rules import Rule
from worker.domain.rules_due import NOT_STATUS, why_not_delivered
from worker.domain.sale_part import sale_part_flags
from worker.domain.settlement import EXCESS
from worker.message import Message, Money

STATUS_MISSED = "status_missed"
CANCELLED_BUT_PAID = "cancelled_but_paid"
IN_BIN = "in_bin_but_invoiced"
# Whoever says that it needs nothing says that the money is there.
TAKEN_BACK = "money_taken_back"


def flags_of(dossier: Dossier, findings: Findings) -> tuple[Problem, ...]:
    invoice = dossier.latest_invoice()
    flags: list[Problem] = []
    if invoice and not (dossier.history.credit_notes_of(invoice) and findings.fully_credited(invoice)):
        flags += changes_after_invoice(invoice, dossier.order, dossier.shop) or not_all_came(invoice, dossier)
    flags += deleted_refunds(dossier)
    is_invoiced = bool(invoice) or findings.makes(Kind.INVOICE)
    flags += sale_part_flags(dossier.order, dossier.refunds, dossier.history, dossier.shop, is_invoiced=is_invoiced)
    if invoice and dossier.order.other_invoice and not dossier.shop.test and not findings.fully_credited(invoice):
        flags.append(invoiced_twice(invoice, dossier.order.other_invoice, dossier.order))
    if is_invoiced:
        held = {problem.code for draft in findings.drafts for problem in draft.problems}
        order = as_invoiced(dossier.order, invoice)
        flags += (flag for flag in assess(order, dossier.shop).flags if flag.code not in held)
    flags += missed_statuses(dossier, findings)
    if invoice:
        flags += late_invoice(dossier.order, invoice, dossier.shop)
    if invoice and was_put_back(dossier.order, dossier.shop) and not findings.fully_credited(invoice):
        flags.append(money_taken_back(invoice, dossier.order))
    if invoice and credit_balance_of(invoice, findings.credit_notes_of(invoice)).total:
        flags += given_up(invoice, dossier)
    return tuple(flags)


def given_up(invoice: Document, dossier: Dossier) -> Iterator[Problem]:
    """The shop gave the order up, and *invoice* stands."""
    if dossier.status == "cancelled" and dossier.paid:
        message = Message(
            "Order {number} is cancelled, but it was paid and {invoice} stands. Refund it in WooCommerce: the credit note follows by itself.",
            number=dossier.order.number,
            invoice=invoice.number,
        )
        yield Problem(CANCELLED_BUT_PAID, message)
    if dossier.status == "trash" and not invoice.draft.test:
        message = Message(
            "Order {number} is in the bin of the shop, and {invoice} stands: its VAT is due. If there was no sale, credit {invoice}; if "
            "there was, leave it, and press “This order needs nothing”.",
            number=dossier.order.number,
            invoice=invoice.number,
        )
        yield Problem(IN_BIN, message)


def deleted_but_invoiced(number: str, invoice: Document) -> Problem:
    """The shop deleted order *number* for good, also past its bin, and *invoice* stands."""
    message = Message(
        "Order {number} is deleted from the shop, and {invoice} stands: its VAT is due. If there was no sale, credit {invoice}; if "
        "there was, leave it, and press “This order needs nothing”.",
        number=number,
        invoice=invoice.number,
    )
    return Problem(IN_BIN, message)


def first_to_do(flags: Sequence[Problem]) -> tuple[Problem, ...]:
    """*flags* without what is to be given back, while the order asks another total than its invoice: what came may be for that."""
    waits = any(map(asks_another_total, flags))
    return tuple(flag for flag in flags if not (waits and flag.code == EXCESS))


def needs_nothing(flag: Problem, ignored: Iterable[Problem]) -> bool:
    """Whether a person said it of *flag* itself, or of the same invoice while its order was cancelled and not yet in the bin."""
    of_invoice = {one.message.values["invoice"] for one in ignored if one.code == CANCELLED_BUT_PAID}
    return flag in ignored or (flag.code == IN_BIN and flag.message.values["invoice"] in of_invoice)


def not_all_came(invoice: Document, dossier: Dossier) -> tuple[Problem, ...]:
    """That the shop says paid of what the order cost before, and *invoice* asks more. It is over once the rest came in."""
    order = dossier.order
    went_back = (
        order.paid_total == 0 and order.came_on is not None
    )  # of that its own alert tells, or who took it back knows
    if went_back or not (says_paid(order, dossier.shop) and costs_more(order)) or order.came_in >= order.total:
        return ()
    message = Message(
        "Order {number} was changed after it was paid: {came} came in, and it asks {total} now. If a plugin of the "
        "shop charged the rest (an upsell), mark {invoice} as paid; if not, ask the customer for it, and mark {invoice} as "
        "paid once it came.",
        number=order.number,
        came=Money(order.came_in, order.currency),
        total=Money(order.total, order.currency),
        invoice=invoice.number,
    )
    return (Problem("costs_more", message),)


def as_invoiced(order: Order, invoice: Document | None) -> Order:
    """*order* with what VIES said when it was invoiced: who only looks at it again asks nothing of VIES."""
    check = invoice.draft.vat_check if invoice else None
    return replace(order, vat_check=check) if check and order.vat_check is None else order


def invoiced_twice(invoice: Document, other: OtherInvoice, order: Order) -> Problem:
    message = Message(
        "Order {number} has two invoices: {invoice}, and {other} of the plugin {plugin}. VAT on both is due twice: credit one "
        "of them, and let only one program make invoices.",
        number=order.number,
        invoice=invoice.number,
        other=other.number,
        plugin=other.plugin,
    )
    return Problem("invoiced_twice", message)


def money_taken_back(invoice: Document, order: Order) -> Problem:
    message = Message(
        "Order {number} was paid, but the shop put it back to “{status}”: was the money taken back (a chargeback)? Then "
        "{invoice} is open again: ask the customer to pay, or credit it. If you put the order on hold yourself and have the money, "
        "say that nothing is to be done: then it counts as paid.",
        number=order.number,
        status=status_term(order.status),
        invoice=invoice.number,
    )
    return Problem(TAKEN_BACK, message)


def missed_statuses(dossier: Dossier, findings: Findings) -> Iterator[Problem]:
    """The documents that only rules of a status make, of an order that may have passed it and that nobody saw while it was in it:
    it went on too fast, or the shop was away.
    """
    rules = [rule for rule in dossier.shop.rules if not unmet_condition(rule, dossier)]
    said = {result.rule: result.code for result in findings.rule_results}
    for kind in dict.fromkeys(rule.kind for rule in rules):
        its_rules = [rule for rule in rules if rule.kind is kind]
        if {said.get(str(rule)) for rule in its_rules} != {NOT_STATUS} or not may_be_owed(kind, dossier, findings):
            continue
        for rule in [one for one in its_rules if may_have_passed(one, dossier)][:1]:
            yield Problem(STATUS_MISSED, missed_message(rule, dossier))


def missed_message(rule: Rule, dossier: Dossier) -> Message:
    """Says for certain that the status was passed only where the shop's other orders prove it. *send_mode* is the rule's: the
    document is made by hand as it would have been.
    """
    values: dict[str, str | Message] = {
        "number": dossier.order.number,
        "kind": KIND_TERMS[rule.kind],
        "status": status_term(rule.status),
        "send_mode": rule.send_mode.value,
    }
    if not dossier.over and rule.status in dossier.history.passed_statuses:
        return Message(
            "Order {number} has no {kind}: it has passed the status “{status}”, in which your rule makes one, and was not seen "
            "while it was in it. Make it now, unless the order needs none.",
            **values,
        )
    return Message(
        "Order {number} has no {kind}: it was not seen in the status “{status}”, in which your rule makes one. Make it now, "
        "unless the order needs none.",
        **values,
    )


def missed_kind(flag: Problem) -> Kind:
    """Of which kind the document is that a flag of `STATUS_MISSED` misses."""
    return next(kind for kind in Kind if KIND_TERMS[kind] == flag.message.values["kind"])


def still_missed(flags: Iterable[Problem], made: Kind) -> tuple[Problem, ...]:
    """The flags of `STATUS_MISSED` that stay after a document of the kind *made* was made."""
    answered = (made, Kind.ORDER_CONFIRMATION) if made is Kind.INVOICE else (made,)
    return tuple(flag for flag in flags if flag.code == STATUS_MISSED and missed_kind(flag) not in answered)


def may_have_passed(rule: Rule, dossier: Dossier) -> bool:
    """Whether the status of *rule*, in which the order was not seen, may lie behind it: the shop's other orders say so, or it has
    ended without an invoice. Other documents many an order does without.
    """
    history, has_ended = dossier.history, dossier.over or dossier.status == "completed"
    is_open = rule.kind is Kind.INVOICE and has_ended and rule.status not in history.coming_statuses
    return rule.status in history.passed_statuses or is_open


def may_be_owed(kind: Kind, dossier: Dossier, findings: Findings) -> bool:
    """Of an order that is over only the invoice is: its money came. Nor is there anything owed that exists or was thrown away, nor
    a confirmation of what is invoiced.
    """
    order, shop = dossier.order, dossier.shop
    if dossier.history.has(dossier.cause_of(kind)):
        return False
    if kind is not Kind.INVOICE:
        is_confirmed = kind is Kind.ORDER_CONFIRMATION and (dossier.latest_invoice() or findings.makes(Kind.INVOICE))
        return not (dossier.over or is_confirmed or why_not_delivered(kind, dossier))
    return not (dossier.latest_invoice() or why_none(order, shop) or (order.other_invoice and not shop.test))


def deleted_refunds(dossier: Dossier) -> Iterator[Problem]:
    for document in dossier.credited_and_deleted():
        message = Message(
            "Refund {refund_id} of order {number} was deleted in the shop, but {credit_note} credits its {total}. The credit note stays: make the refund again in WooCommerce if the money was given back; if not, ask your accountant how to invoice that amount again.",
            refund_id=document.draft.cause.split(":")[1],
            number=dossier.order.number,
            credit_note=document.number,
            total=Money(document.draft.total, document.draft.currency),
        )
        yield Problem("refund_deleted", message)
