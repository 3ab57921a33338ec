"""What the shop's rules make of an order, and why not."""

from collections.abc import Iterable

from worker.domain.assessment import assess
from worker.domain.consumer_invoice import why_none
from worker.domain.decision import Findings, Reason
from worker.domain.delivery_note import undelivered
from worker.domain.deposit_invoice import with_deposit_invoices
from worker.domain.document import KIND_TERMS, Kind, Purpose, SendMode
from worker.domain.dossier import ALREADY_MADE, Dossier
from worker.domain.draft import draft_document
from worker.domain.order import Order
from worker.domain.order_payment import is_paid_in_parts
from worker.domain.order_status import CREATED_STATUSES, DRAFT_STATUSES, status_term
from worker.domain.payment_method import Means, is_transfer
from worker.domain.rule_conditions import unmet_condition
from worker.domain.rule_words import TRIGGER_TERMS
from worker.domain.rules import Rule, Trigger
from worker.domain.sale_part import why_invoiced_elsewhere, why_not_documented
from worker.domain.shop import Shop
from worker.domain.vat_check import waiting_message
from worker.domain.vat_proof import missing_proof
from worker.message import Message

NOT_STATUS = "not_status"


def evaluate_rule(rule: Rule, dossier: Dossier, findings: Findings) -> None:
    cause = dossier.cause_of(rule.kind)
    reason = (
        dossier.already_issued(cause)
        or why_excluded(dossier)
        or why_invoiced_elsewhere(rule.kind, dossier.history)
        or why_not_in_status(rule, dossier)
        or unmet_condition(rule, dossier)
        or (why_none(dossier.order, dossier.shop) if rule.kind is Kind.INVOICE else None)
        or why_not_yet(rule, dossier)
        or why_not_delivered(rule.kind, dossier)
        or why_not_asked(rule.kind, dossier, findings)
        or invoiced_by_plugin(cause, rule, dossier)
        or already_drafted(cause, rule, dossier, findings)
        or waits_for_vies(cause, rule, dossier)
    )
    if reason:
        findings.skip(str(rule), reason)
        return
    draft = draft_document(
        dossier.order,
        dossier.shop,
        purpose=Purpose(rule.kind, cause, rule.send_mode),
        today=dossier.today,
        refunds=dossier.refunds,
    )
    findings.fire(str(rule), with_deposit_invoices(draft, dossier.order, dossier.history))


def why_excluded(dossier: Dossier) -> Reason | None:
    """Why this order makes nothing at all."""
    if dossier.status in DRAFT_STATUSES:
        return "draft_order", Message("The order is not placed yet; a checkout merely began.")
    if dossier.status == "trash":
        return "trashed", Message("The order is in the bin.")
    if dossier.order.created_at < dossier.shop.orders.since:
        since = dossier.shop.orders.since.astimezone(dossier.shop.zoneinfo)
        return "before_orders_since", Message("The order was placed before {since}, when this shop began.", since=since)
    if dossier.over and not dossier.paid:
        return "never_paid", Message(
            "The order was never paid; its status is “{status}”.", status=status_term(dossier.status)
        )
    return why_not_documented(dossier.order, dossier.history, dossier.shop)


def why_not_in_status(rule: Rule, dossier: Dossier) -> Reason | None:
    """Asked before the conditions: of an order that was never seen in the status nobody asks them."""
    if rule.trigger is not Trigger.STATUS or has_reached(rule, dossier):
        return None
    return NOT_STATUS, Message(
        "The order is not in the status “{wanted}”; its status is “{status}”.",
        wanted=status_term(rule.status),
        status=status_term(dossier.order.status),
    )


def why_not_yet(rule: Rule, dossier: Dossier) -> Reason | None:
    """Why the order has not reached the rule's trigger."""
    if dossier.over and rule.kind is not Kind.INVOICE:
        return "order_over", Message(
            "Of an order whose status is “{status}” only its invoice is still made.", status=status_term(dossier.status)
        )
    if has_reached(rule, dossier):
        return None
    trigger_name = TRIGGER_TERMS[rule.trigger]
    return f"not_{rule.trigger}", Message(
        "The order is not {trigger} yet; its status is “{status}”.",
        trigger=trigger_name,
        status=status_term(dossier.order.status),
    )


def why_not_delivered(kind: Kind, dossier: Dossier) -> Reason | None:
    """Why no delivery note can be made: nothing is left to be delivered, or what was given back is not known."""
    if kind is not Kind.DELIVERY_NOTE:
        return None
    if dossier.unread_refunds:
        return "refund_unread", Message(
            "A refund could not be read in the shop, so what must still be delivered is not known. If you know, make the "
            "delivery note by hand."
        )
    return undelivered(dossier.order, dossier.refunds).reason


def asking_last(rules: Iterable[Rule]) -> list[Rule]:
    """*rules* with those for payment requests at the end: an invoice asks for the money by itself."""
    return sorted(rules, key=lambda rule: rule.kind is Kind.PAYMENT_REQUEST)


def why_not_asked(kind: Kind, dossier: Dossier, findings: Findings | None = None) -> Reason | None:
    """Why no payment request can be made: the order does not wait for its money, or somebody else asks for it."""
    if kind is not Kind.PAYMENT_REQUEST:
        return None
    order, invoice = dossier.order, dossier.latest_invoice()
    if invoice:
        return "is_invoiced", Message(
            "The order has its invoice {invoice}, which says what is to be paid.", invoice=invoice.number
        )
    if findings and findings.makes(Kind.INVOICE):
        return "is_invoiced", Message("The order gets its invoice now, which says what is to be paid.")
    if dossier.status not in ("on-hold", "pending") or order.paid_at is not None:
        return "not_waiting", Message(
            "The order does not wait for its first payment; its status is “{status}”.", status=status_term(order.status)
        )
    if is_paid_in_parts(order) or order.deposit is not None:
        return "paid_in_parts", Message(
            "The order is paid in parts by a plugin of the shop, which asks for the parts itself."
        )
    return why_not_payable(dossier)


def why_not_payable(dossier: Dossier) -> Reason | None:
    """Why the buyer could not pay by it: nothing is left to pay, or the money takes a way of its own."""
    purpose = Purpose(Kind.PAYMENT_REQUEST, "none")
    asked = draft_document(dossier.order, dossier.shop, purpose=purpose, today=dossier.today).payment
    if asked is None:
        return "nothing_to_pay", Message("Nothing is left to pay of the order.")
    if asked.means is Means.TRANSFER or (asked.means is Means.ONLINE and dossier.order.pay_url):
        return None
    return "paid_otherwise", Message(
        "The order is paid by “{method}”, so the customer has nothing to pay by a payment request.",
        method=dossier.order.payment_title or dossier.order.payment_method,
    )


def has_reached(rule: Rule, dossier: Dossier) -> bool:
    """Whether the order is at the rule's trigger or beyond. "processing" alone is not paid: cash on delivery is not.

    A status that the shop names is reached by an order that was seen in it, whatever the rules were then: nobody knows which
    statuses come after it.
    """
    over_but_paid = dossier.over and dossier.paid
    match rule.trigger:
        case Trigger.CREATED:
            waiting = dossier.status == "pending" and waits_for_customer(dossier.order, dossier.shop)
            return dossier.status in CREATED_STATUSES or waiting or dossier.counts_as_paid
        case Trigger.PAID:
            return dossier.counts_as_paid
        case Trigger.PROCESSING:
            return dossier.status in ("processing", "completed") or over_but_paid
        case Trigger.COMPLETED:
            return dossier.status == "completed" or (over_but_paid and dossier.order.completed_at is not None)
        case Trigger.STATUS:
            return rule.status in (dossier.order.status, *dossier.history.seen_statuses)


def waits_for_customer(order: Order, shop: Shop) -> bool:
    """Whether an order that is “pending” was placed all the same: staff made it, or a subscription that is renewed by hand.

    Where a gateway charges the renewal it does so within seconds, and tries again later: nobody is to pay that by himself.
    """
    by_hand = order.created_via == "subscription" and is_transfer(order.payment_method)
    return order.created_via == "admin" or by_hand or shop.orders.pending_is_placed


def invoiced_by_plugin(cause: str, rule: Rule, dossier: Dossier) -> Reason | None:
    """Another plugin's invoice: VAT that two invoices mention is due twice. Test documents are no invoices."""
    other = dossier.order.other_invoice
    stored = any(kept.draft.cause == cause for kept in dossier.history.drafts)
    if rule.kind is not Kind.INVOICE or other is None or dossier.shop.test or stored:
        return None
    return "invoiced_by_plugin", Message(
        "The order is invoiced already, as {number} by the plugin {plugin}. If that is not so, make the invoice by hand.",
        number=other.number,
        plugin=other.plugin,
    )


def waits_for_vies(cause: str, rule: Rule, dossier: Dossier) -> Reason | None:
    """An invoice that would go out by itself waits while VIES does not answer; a draft that is there is a person's already."""
    check = dossier.order.vat_check
    if rule.kind is not Kind.INVOICE or rule.send_mode is not SendMode.SEND or not (check and check.waits_until):
        return None
    stored = any(kept.draft.cause == cause for kept in dossier.history.drafts)
    assessed = assess(dossier.order, dossier.shop)
    if stored or not missing_proof(dossier.order, dossier.shop, assessed.lines, counts_buyer=assessed.counts_buyer):
        return None
    return "waits_for_vies", waiting_message(check)


def already_drafted(cause: str, rule: Rule, dossier: Dossier, findings: Findings) -> Reason | None:
    """Why *rule* must not make what another one makes, or what a person threw away."""
    if any(draft.cause == cause for draft in findings.drafts):
        return ALREADY_MADE, Message("An earlier rule makes the {kind}.", kind=KIND_TERMS[rule.kind])
    return dossier.draft_discarded(cause)
