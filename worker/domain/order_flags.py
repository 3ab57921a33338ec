"""What the owner of an order must be shown: nothing is made or stopped by it."""

from collections.abc import Iterator

from worker.domain.assessment import assess
from worker.domain.consumer_invoice import why_none
from worker.domain.credit_balance import credit_balance_of
from worker.domain.decision import Findings
from worker.domain.document import Document, Kind, Problem
from worker.domain.dossier import Dossier
from worker.domain.legal_term import late_invoice
from worker.domain.order import Order, OtherInvoice
from worker.domain.order_changes import changes_after_invoice
from worker.domain.order_payment import was_taken_back
from worker.domain.order_status import status_term
from worker.domain.rule_conditions import unmet_condition
from worker.domain.rules_due import NOT_STATUS
from worker.domain.sale_part import sale_part_flags
from worker.message import Message, Money


def flags_of(dossier: Dossier, findings: Findings) -> tuple[Problem, ...]:
    invoice = dossier.latest_invoice()
    flags: list[Problem] = []
    if invoice and not (dossier.history.credit_notes_of(invoice) and findings.fully_credited(invoice)):
        flags += changes_after_invoice(invoice, dossier.order, dossier.shop)
    flags += deleted_refunds(dossier)
    is_invoiced = bool(invoice) or findings.makes(Kind.INVOICE)
    flags += sale_part_flags(dossier.order, dossier.refunds, dossier.history, dossier.shop, is_invoiced=is_invoiced)
    if invoice and dossier.order.other_invoice and not dossier.shop.test and not findings.fully_credited(invoice):
        flags.append(invoiced_twice(invoice, dossier.order.other_invoice, dossier.order))
    if is_invoiced:
        held = {problem.code for draft in findings.drafts for problem in draft.problems}
        flags += (flag for flag in assess(dossier.order, dossier.shop).flags if flag.code not in held)
    if not is_invoiced:
        flags += missed_status(dossier, findings)
    if invoice:
        flags += late_invoice(dossier.order, invoice, dossier.shop)
    if invoice and was_taken_back(dossier.order, dossier.shop) and not findings.fully_credited(invoice):
        flags.append(money_taken_back(invoice, dossier.order))
    if (
        invoice
        and dossier.status == "cancelled"
        and dossier.paid
        and credit_balance_of(invoice, findings.credit_notes_of(invoice)).total
    ):
        message = Message(
            "Order {number} is cancelled, but it was paid and {invoice} stands: refund it.",
            number=dossier.order.number,
            invoice=invoice.number,
        )
        flags.append(Problem("cancelled_but_paid", message))
    return tuple(flags)


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
        "{invoice} is open again: ask the customer to pay, or credit it. If you put the order on hold yourself, ignore this.",
        number=order.number,
        status=status_term(order.status),
        invoice=invoice.number,
    )
    return Problem("money_taken_back", message)


def missed_status(dossier: Dossier, findings: Findings) -> Iterator[Problem]:
    """A completed order for which only rules of a status make the invoice, and that nobody saw while it was in it: it went on too
    fast, or the shop was away.
    """
    order, shop, cause = dossier.order, dossier.shop, dossier.cause_of(Kind.INVOICE)
    rules = [rule for rule in shop.rules if rule.kind is Kind.INVOICE and not unmet_condition(rule, dossier)]
    said = {result.rule: result.code for result in findings.rule_results}
    if dossier.status != "completed" or not rules or {said.get(str(rule)) for rule in rules} != {NOT_STATUS}:
        return
    if dossier.history.has(cause) or why_none(order, shop) or (order.other_invoice and not shop.test):
        return
    message = Message(
        "Order {number} is completed and has no invoice: it was not seen while it was in the status “{status}”, in which your "
        "rule makes one. Make its invoice on the page of the order, unless it needs none.",
        number=order.number,
        status=status_term(rules[0].status),
    )
    yield Problem("status_missed", message)


def deleted_refunds(dossier: Dossier) -> Iterator[Problem]:
    for document in dossier.credited_and_deleted():
        message = Message(
            "Refund {refund_id} of order {number} was deleted in the shop, but {credit_note} credits its {total}.",
            refund_id=document.draft.cause.split(":")[1],
            number=dossier.order.number,
            credit_note=document.number,
            total=Money(document.draft.total, document.draft.currency),
        )
        yield Problem("refund_deleted", message)
