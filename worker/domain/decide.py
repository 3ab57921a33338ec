"""Which documents must exist for an order, and why the others do not: one pure function of the order and what is there.

Decided from the order as it is now, never from what was received first: late, doubled or missed deliveries change nothing.
"""

from dataclasses import replace
from datetime import date

from worker.domain.credit_balance import CreditedInvoice, credit_balance_of
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_notes_due import evaluate_credit_notes
from worker.domain.credit_source import Cancellation
from worker.domain.decision import Decision, Findings, RuleResult
from worker.domain.delivery_note import undelivered
from worker.domain.deposit_invoice import with_deposit_invoices
from worker.domain.document import KIND_TERMS, Document, Draft, History, Kind, Purpose, cause_of_cancellation
from worker.domain.dossier import Dossier, generation_of
from worker.domain.draft import draft_document
from worker.domain.language import phrase
from worker.domain.order import Order, Refund
from worker.domain.order_flags import flags_of
from worker.domain.order_status import DRAFT_STATUSES
from worker.domain.rules_due import asking_last, evaluate_rule, why_not_asked
from worker.domain.sale_part import why_invoiced_elsewhere
from worker.domain.shop import Shop
from worker.errors import Rejected


def decide_documents(order: Order, refunds: tuple[Refund, ...], history: History, shop: Shop, today: date) -> Decision:
    """Decide on *order*. *history* is of this order alone, by id and key; *today* is the date in the shop's zone.

    An invoice goes before the credit notes against it: those are due in the next round, after it was issued. A stored draft
    that waits is drafted again, so that it can be refreshed; a discarded one is not.
    """
    dossier, findings = Dossier(order, refunds, history, shop, today), Findings(history)
    for rule in asking_last(shop.rules):
        evaluate_rule(rule, dossier, findings)
    evaluate_credit_notes(dossier, findings)
    return Decision(tuple(findings.drafts), tuple(findings.rule_results), flags_of(dossier, findings))


def draft_reissue(order: Order, invoice: Document, history: History, shop: Shop, today: date) -> tuple[Draft, Draft]:
    """“Credit and issue again”: the credit note of all that is left of *invoice*, and the invoice of *order* as it is now."""
    credit_notes = tuple(document.draft for document in history.credit_notes_of(invoice))
    if credit_notes and not credit_balance_of(invoice, credit_notes).total:
        raise Rejected(
            "Nothing is left of {number}: it has been credited in full.",
            number=invoice.number,
            code="nothing_remaining",
        )
    language = invoice.draft.language
    credit_note = draft_credit_note(
        Cancellation(phrase("replaced", language).format(number=invoice.number)),
        CreditedInvoice(invoice, credit_notes),
        order,
        shop,
        purpose=Purpose(Kind.CREDIT_NOTE, cause_of_cancellation(invoice)),
    )
    again = draft_document(
        order,
        shop,
        today=today,
        purpose=Purpose(Kind.INVOICE, f"order:{order.order_id}:{Kind.INVOICE}:{generation_of(invoice) + 1}"),
    )
    return credit_note, with_deposit_invoices(again, order, history)


def evaluate_rules(order: Order, shop: Shop, today: date) -> tuple[RuleResult, ...]:
    """What the shop's rules say of *order*, each with its reason, as if nothing had been made of it yet. A dry run."""
    # Whether refunds can be read is no matter of the rules.
    dossier = Dossier(replace(order, refunds=()), (), History(), shop, today)
    findings = Findings(History())
    for rule in asking_last(shop.rules):
        evaluate_rule(rule, dossier, findings)
    return tuple(findings.rule_results)


def draft_manually(kind: Kind, dossier: Dossier) -> Draft:
    """The document of *kind* that no rule made: a person wants it, whatever the trigger. Raises Rejected where it exists."""
    order, history = dossier.order, dossier.history
    if kind is Kind.CREDIT_NOTE:
        raise Rejected("A credit note belongs to an invoice: credit the invoice.", code="not_by_hand")
    cause = dossier.cause_of(kind)
    issued = dossier.already_issued(cause)
    if issued:
        raise Rejected(
            "Order {number} has its {kind}. {reason}",
            number=order.number,
            kind=KIND_TERMS[kind],
            reason=issued[1],
            code=issued[0],
        )
    if any(kept.draft.cause == cause and not kept.discarded for kept in history.drafts):
        raise Rejected(
            "A draft of it waits for order {number}: issue that one.", number=order.number, code="draft_waits"
        )
    elsewhere = why_invoiced_elsewhere(kind, history)
    if elsewhere:
        raise Rejected(elsewhere[1], code=elsewhere[0])
    if dossier.status in (*DRAFT_STATUSES, "trash"):
        raise Rejected("Order {number} is not placed, or in the bin.", number=order.number, code="draft_order")
    nothing = undelivered(order, dossier.refunds).reason if kind is Kind.DELIVERY_NOTE else why_not_asked(kind, dossier)
    if nothing:
        raise Rejected(nothing[1], code=nothing[0])
    draft = draft_document(
        order, dossier.shop, today=dossier.today, refunds=dossier.refunds, purpose=Purpose(kind, cause)
    )
    return with_deposit_invoices(draft, order, history)
