"""The credit notes that refunds and a cancellation ask for, and why there are none."""

from dataclasses import replace

from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.decision import Findings, Reason
from worker.domain.document import Document, Draft, History, Kind, Problem, Purpose, SendMode, cause_of_cancellation
from worker.domain.dossier import Dossier, generation_of
from worker.domain.money import total_of
from worker.domain.order import Refund
from worker.domain.rules_due import why_excluded
from worker.message import Message, Money


def evaluate_credit_notes(dossier: Dossier, findings: Findings) -> None:
    exclusion = why_excluded(dossier)
    if exclusion and exclusion[0] in ("draft_order", "trashed"):
        findings.skip("credit_note", exclusion)
        evaluate_cancellation(dossier, findings)
        return
    for refund_id in dossier.unread_refunds:
        message = Message(
            "Refund {refund_id} could not be read in the shop, so there is no credit note of it yet. Press “Fetch the order again” on the page of the order.",
            refund_id=refund_id,
        )
        findings.skip(f"refund:{refund_id}", ("refund_unread", message))
    for refund in sorted(dossier.refunds, key=lambda refund: (refund.created_at, refund.refund_id)):
        evaluate_refund(refund, dossier, findings)
    evaluate_cancellation(dossier, findings)
    if not dossier.order.refunds and not dossier.refunds and dossier.status != "cancelled":
        findings.skip("credit_note", ("no_refund", Message("Nothing was refunded or cancelled.")))


def evaluate_refund(refund: Refund, dossier: Dossier, findings: Findings) -> None:
    rule = f"refund:{refund.refund_id}"
    invoice = dossier.latest_invoice()
    if findings.makes(Kind.INVOICE):
        findings.skip(rule, ("after_invoice", Message("The credit note follows when the invoice is issued.")))
    elif invoice is None or dossier.is_cancelled(invoice):
        nothing = ("no_invoice", Message("No invoice was issued for the order, so there is nothing to credit."))
        findings.skip(rule, dossier.already_issued(rule) or nothing)
    elif not refund.amount:
        findings.skip(
            rule,
            (
                "nothing_refunded",
                Message("The refund is of {amount}.", amount=Money(refund.amount, dossier.order.currency)),
            ),
        )
    else:
        draft_refund(refund, invoice, dossier, findings)


def draft_refund(refund: Refund, invoice: Document, dossier: Dossier, findings: Findings) -> None:
    rule = f"refund:{refund.refund_id}"
    cause = cause_of_refund(refund, invoice, dossier.history)
    reason = dossier.already_issued(cause) or dossier.draft_discarded(cause) or findings.fully_credited(invoice)
    if reason:
        findings.skip(rule, reason)
        return
    draft = draft_credit_note(
        refund,
        CreditedInvoice(invoice, findings.credit_notes_of(invoice)),
        dossier.order,
        dossier.shop,
        purpose=Purpose(Kind.CREDIT_NOTE, cause, dossier.shop.credit_notes),
    )
    findings.fire(rule, after_earlier(after_deleted(draft, refund, invoice, dossier), findings))


def after_deleted(draft: Draft, refund: Refund, invoice: Document, dossier: Dossier) -> Draft:
    """*draft* asks a person where a refund was deleted after it was credited: this one may stand in its place."""
    of_invoice = dossier.history.credit_notes_of(invoice)
    deleted = [document for document in dossier.credited_and_deleted() if document in of_invoice]
    if not deleted:
        return draft
    message = Message(
        "Refund {refund_id} of {amount} came after a refund was deleted that {credit_note} credits ({credited}). If it stands in "
        "its place, only the difference must still be credited: discard this draft, and credit that on the invoice's page. If it "
        "comes on top, issue this draft of {total}.",
        refund_id=refund.refund_id,
        amount=Money(refund.amount, draft.currency),
        credit_note=", ".join(document.number for document in deleted),
        credited=Money(total_of(document.draft.total for document in deleted), draft.currency),
        total=Money(draft.total, draft.currency),
    )
    # That it stops at what is left is the same question.
    others = (problem for problem in draft.problems if problem.code != "more_than_remaining")
    return replace(draft, problems=(*others, Problem("refund_replaced", message, asks=True)))


def after_earlier(draft: Draft, findings: Findings) -> Draft:
    """*draft* waits for a credit note before it that waits: what that one will take from which rate is not known yet."""
    if not any(earlier.kind is Kind.CREDIT_NOTE and earlier.problems for earlier in findings.drafts):
        return draft
    message = Message(
        "The credit note of an earlier refund of order {number} waits: issue or discard that one first.",
        number=draft.order_number,
    )
    return replace(draft, problems=(*draft.problems, Problem("earlier_refund_waits", message)))


def cause_of_refund(refund: Refund, invoice: Document, history: History) -> str:
    """`refund:301`; `refund:301:2` where it was credited on an invoice that a second one replaced since.

    WooCommerce does not lower an order's total by its refunds, so the new invoice is of the whole order again.
    """
    cause = f"refund:{refund.refund_id}"
    first = next((known for known in history.documents if known.draft.cause == cause), None)
    of_another = first and first.draft.corrects and first.draft.corrects.document_id != invoice.document_id
    return f"{cause}:{generation_of(invoice)}" if of_another else cause


def evaluate_cancellation(dossier: Dossier, findings: Findings) -> None:
    """A cancelled order's unpaid invoice is taken back by a credit note that waits as a draft; so it does once the order is in the bin."""
    invoice = dossier.latest_invoice()
    if invoice is None:
        return
    cause = cause_of_cancellation(invoice)
    waits = any(kept.draft.cause == cause and not kept.discarded for kept in dossier.history.drafts)
    if dossier.status != "cancelled" and not (dossier.status == "trash" and waits):
        return
    reason = (
        dossier.already_issued(cause) or why_not_cancelled(invoice, dossier, findings) or dossier.draft_discarded(cause)
    )
    if reason:
        findings.skip(cause, reason)
        return
    draft = draft_credit_note(
        Cancellation(),
        CreditedInvoice(invoice, findings.credit_notes_of(invoice)),
        dossier.order,
        dossier.shop,
        purpose=Purpose(Kind.CREDIT_NOTE, cause, SendMode.DRAFT),
    )
    findings.fire(cause, draft)


def why_not_cancelled(invoice: Document, dossier: Dossier, findings: Findings) -> Reason | None:
    if findings.fully_credited(invoice) or not dossier.paid:
        return findings.fully_credited(invoice)
    return "not_refunded", Message(
        "The order was paid; refund it in the shop, and {number} is credited by that.", number=invoice.number
    )
