"""Which documents must exist for an order, and why the others do not: one pure function of the order and what is there.

Decided from the order as it is now, never from what was received first: late, doubled or missed deliveries change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from worker.domain.assessment import assess
from worker.domain.credit_balance import credit_balance_of
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.document import KIND_TERMS, Document, Draft, History, Kind, Problem, SendMode
from worker.domain.draft import draft_document
from worker.domain.language import phrase
from worker.domain.legal_term import late_invoice
from worker.domain.money import total_of
from worker.domain.order import Order, OtherInvoice, Refund
from worker.domain.party import Address
from worker.domain.payment_request import counts_as_paid, is_paid, status_of, was_taken_back
from worker.domain.rules import BuyerFilter, Rule, Trigger
from worker.domain.sale_part import sale_part_flags, why_invoiced_elsewhere, why_not_documented
from worker.domain.shop import Shop
from worker.domain.vat_check import waiting_message
from worker.domain.vat_proof import missing_proof
from worker.errors import Rejected
from worker.message import Message, Money, Percent

_DRAFT_STATUSES = ("checkout-draft", "auto-draft")
_OVER_STATUSES = ("cancelled", "failed", "refunded")
_CREATED_STATUSES = ("on-hold", "processing", "completed")
_TRIGGER_NAMES = {
    Trigger.CREATED: Message("placed"),
    Trigger.PAID: Message("paid"),
    Trigger.PROCESSING: Message("in processing"),
    Trigger.COMPLETED: Message("completed"),
}
_BUYER_TERMS = {
    BuyerFilter.EVERYONE: Message("everyone"),
    BuyerFilter.BUSINESS: Message("business"),
    BuyerFilter.CONSUMER: Message("consumer"),
}

# WooCommerce's own statuses; those of plugins are shown as they are.
_STATUS_TERMS = {
    "pending": Message("pending"),
    "on-hold": Message("on-hold"),
    "processing": Message("processing"),
    "completed": Message("completed"),
    "cancelled": Message("cancelled"),
    "refunded": Message("refunded"),
    "failed": Message("failed"),
}


@dataclass(frozen=True)
class RuleResult:
    """Why a rule made a document or none. *rule* is `invoice:paid:send`, `refund:301`, `cancel:F2026-00042` or `credit_note`."""

    rule: str
    fired: bool
    code: str
    message: Message


@dataclass(frozen=True)
class Decision:
    """What is due, why the rest is not, and what its owner must be shown."""

    drafts: tuple[Draft, ...] = ()
    rule_results: tuple[RuleResult, ...] = ()
    flags: tuple[Problem, ...] = ()


def decide_documents(order: Order, refunds: tuple[Refund, ...], history: History, shop: Shop, today: date) -> Decision:
    """Decide on *order*. *history* is of this order alone, by id and key; *today* is the date in the shop's zone.

    An invoice goes before the credit notes against it: those are due in the next round, after it was issued. A stored draft
    that waits is drafted again, so that it can be refreshed; a discarded one is not.
    """
    decider = _Decider(order, refunds, history, shop, today)
    for rule in shop.rules:
        decider.evaluate_rule(rule)
    decider.evaluate_credit_notes()
    return Decision(tuple(decider.drafts), tuple(decider.rule_results), decider.flags())


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
        invoice,
        credit_notes,
        order,
        shop,
        cause=f"cancel:{invoice.number}",
        send_mode=SendMode.SEND,
    )
    again = draft_document(
        Kind.INVOICE,
        order,
        shop,
        cause=f"order:{order.order_id}:{Kind.INVOICE}:{_generation(invoice) + 1}",
        send_mode=SendMode.SEND,
        today=today,
    )
    return credit_note, again


def evaluate_rules(order: Order, shop: Shop, today: date) -> tuple[RuleResult, ...]:
    """What the shop's rules say of *order*, each with its reason, as if nothing had been made of it yet. A dry run."""
    decider = _Decider(order, (), History(), shop, today)
    for rule in shop.rules:
        decider.evaluate_rule(rule)
    return tuple(decider.rule_results)


def draft_manually(kind: Kind, order: Order, history: History, shop: Shop, today: date) -> Draft:
    """The document of *kind* that no rule made: a person wants it, whatever the trigger. Raises Rejected where it exists."""
    decider = _Decider(order, (), history, shop, today)
    if kind is Kind.CREDIT_NOTE:
        raise Rejected("A credit note belongs to an invoice: credit the invoice.", code="not_by_hand")
    cause = decider.cause_of(kind)
    issued = decider.already_issued(cause)
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
    if decider.status in (*_DRAFT_STATUSES, "trash"):
        raise Rejected("Order {number} is not placed, or in the trash.", number=order.number, code="draft_order")
    return draft_document(kind, order, shop, cause=cause, send_mode=SendMode.SEND, today=today)


@dataclass
class _Decider:
    """One decision on one order; the lists grow as the rules are evaluated in their order."""

    order: Order
    refunds: tuple[Refund, ...]
    history: History
    shop: Shop
    today: date
    drafts: list[Draft] = field(default_factory=list)
    rule_results: list[RuleResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.status = status_of(self.order, self.shop)
        self.paid = is_paid(self.order, self.shop)
        over = self.status in _OVER_STATUSES
        self.counts_as_paid = self.paid if over else counts_as_paid(self.order, self.shop)

    # Rules

    def evaluate_rule(self, rule: Rule) -> None:
        cause = self.cause_of(rule.kind)
        reason = (
            self.already_issued(cause)
            or self.why_excluded()
            or why_invoiced_elsewhere(rule.kind, self.history)
            or self.unmet_condition(rule)
            or self.why_not_yet(rule)
            or self.invoiced_by_plugin(cause, rule)
            or self.already_drafted(cause, rule)
            or self.waits_for_vies(cause, rule)
        )
        if reason:
            self.skip(str(rule), reason)
            return
        draft = draft_document(
            rule.kind, self.order, self.shop, cause=cause, send_mode=rule.send_mode, today=self.today
        )
        self.fire(str(rule), draft)

    def why_excluded(self) -> tuple[str, Message] | None:
        """Why this order makes nothing at all."""
        if self.status in _DRAFT_STATUSES:
            return "draft_order", Message("The order is not placed yet; a checkout merely began.")
        if self.status == "trash":
            return "trashed", Message("The order is in the trash.")
        if self.order.created_at < self.shop.orders.since:
            since = self.shop.orders.since.astimezone(self.shop.zoneinfo)
            return "before_orders_since", Message(
                "The order was placed before {since}, when this shop began.", since=since
            )
        if self.status in _OVER_STATUSES and not self.paid:
            return "never_paid", Message("The order is {status} and was never paid.", status=status_term(self.status))
        return why_not_documented(self.order, self.history, self.shop)

    def unmet_condition(self, rule: Rule) -> tuple[str, Message] | None:
        """The first of the rule's conditions that the order does not meet."""
        billing = self.order.billing
        business = bool(billing.company or self.order.vat_number_given)
        country = billing.address.country
        if rule.buyer is not BuyerFilter.EVERYONE and business != (rule.buyer is BuyerFilter.BUSINESS):
            buyer = _BUYER_TERMS[BuyerFilter.BUSINESS if business else BuyerFilter.CONSUMER]
            return "condition_buyer", Message(
                "The rule is for a {wanted}; the buyer is a {buyer}.", wanted=_BUYER_TERMS[rule.buyer], buyer=buyer
            )
        if rule.payment_methods and self.order.payment_method not in rule.payment_methods:
            return "condition_payment_method", Message(
                "The rule is not for the payment method “{method}”.",
                method=self.order.payment_method or Message("none"),
            )
        if rule.countries and country not in rule.countries:
            return "condition_country", Message(
                "The rule is not for customers in {country}.", country=country or Message("no country")
            )
        if rule.minimum_total is not None and self.order.total < rule.minimum_total:
            return "condition_minimum_total", Message(
                "The order's {total} is less than the rule's {minimum_total}.",
                total=Money(self.order.total, self.order.currency),
                minimum_total=Money(rule.minimum_total, self.order.currency),
            )
        return None

    def why_not_yet(self, rule: Rule) -> tuple[str, Message] | None:
        """Why the order has not reached the rule's trigger."""
        if self.status in _OVER_STATUSES and rule.kind is not Kind.INVOICE:
            return "order_over", Message(
                "The order is {status}; only its invoice is still made.", status=status_term(self.status)
            )
        if self.has_reached(rule.trigger):
            return None
        trigger_name = _TRIGGER_NAMES[rule.trigger]
        return f"not_{rule.trigger}", Message(
            "The order is not {trigger} yet; its status is “{status}”.",
            trigger=trigger_name,
            status=status_term(self.order.status),
        )

    def has_reached(self, trigger: Trigger) -> bool:
        """Whether the order is at *trigger* or beyond. "processing" alone is not paid: cash on delivery is not."""
        over_but_paid = self.status in _OVER_STATUSES and self.paid
        match trigger:
            case Trigger.CREATED:
                by_staff = self.order.created_via == "admin" or self.shop.orders.pending_is_placed
                waiting = self.status == "pending" and by_staff
                return self.status in _CREATED_STATUSES or waiting or self.counts_as_paid
            case Trigger.PAID:
                return self.counts_as_paid
            case Trigger.PROCESSING:
                return self.status in ("processing", "completed") or over_but_paid
            case Trigger.COMPLETED:
                return self.status == "completed" or (over_but_paid and self.order.completed_at is not None)

    def invoiced_by_plugin(self, cause: str, rule: Rule) -> tuple[str, Message] | None:
        """Another plugin's invoice: VAT that two invoices mention is due twice. Test documents are no invoices."""
        other = self.order.other_invoice
        stored = any(kept.draft.cause == cause for kept in self.history.drafts)
        if rule.kind is not Kind.INVOICE or other is None or self.shop.test or stored:
            return None
        return "invoiced_by_plugin", Message(
            "The order is invoiced already, as {number} by the plugin {plugin}. If that is not so, make the invoice by hand.",
            number=other.number,
            plugin=other.plugin,
        )

    def already_issued(self, cause: str) -> tuple[str, Message] | None:
        document = next((known for known in self.history.documents if known.draft.cause == cause), None)
        return ("already_made", Message("It exists: {number}.", number=document.number)) if document else None

    def draft_discarded(self, cause: str) -> tuple[str, Message] | None:
        thrown_away = any(kept.discarded for kept in self.history.drafts if kept.draft.cause == cause)
        return ("discarded", Message("Its draft was discarded.")) if thrown_away else None

    def waits_for_vies(self, cause: str, rule: Rule) -> tuple[str, Message] | None:
        """An invoice that would go out by itself waits while VIES does not answer; a draft that is there is a person's already."""
        check = self.order.vat_check
        if rule.kind is not Kind.INVOICE or rule.send_mode is not SendMode.SEND or not (check and check.waits_until):
            return None
        stored = any(kept.draft.cause == cause for kept in self.history.drafts)
        if stored or not missing_proof(self.order, self.shop, assess(self.order, self.shop).lines):
            return None
        return "waits_for_vies", waiting_message(check)

    def already_drafted(self, cause: str, rule: Rule) -> tuple[str, Message] | None:
        """Why *rule* must not make what another one makes, or what a person threw away."""
        if any(draft.cause == cause for draft in self.drafts):
            return "already_made", Message("An earlier rule makes the {kind}.", kind=KIND_TERMS[rule.kind])
        return self.draft_discarded(cause)

    def cause_of(self, kind: Kind) -> str:
        return f"order:{self.order.order_id}:{kind}:{self.generation() if kind is Kind.INVOICE else 1}"

    # Invoices and what takes them back

    def latest_invoice(self) -> Document | None:
        """The latest invoice of the order."""
        invoices = [document for document in self.history.documents if document.draft.kind is Kind.INVOICE]
        return max(invoices, key=_generation, default=None)

    def generation(self) -> int:
        """The number of the order's next invoice, from 1: the second follows when the first was credited whole."""
        invoice = self.latest_invoice()
        if invoice is None:
            return 1
        return _generation(invoice) + (1 if self.is_cancelled(invoice) else 0)

    def is_cancelled(self, invoice: Document) -> bool:
        """Whether *invoice* was cancelled or replaced; refunds alone, however many, do not count."""
        credit_notes = self.history.credit_notes_of(invoice)
        whole = not credit_balance_of(invoice, (document.draft for document in credit_notes)).total
        return whole and any(document.draft.cause.startswith("cancel:") for document in credit_notes)

    def evaluate_credit_notes(self) -> None:
        exclusion = self.why_excluded()
        if exclusion and exclusion[0] in ("draft_order", "trashed"):
            self.skip("credit_note", exclusion)
            return
        known = {refund.refund_id for refund in self.refunds}
        unread = [summary.refund_id for summary in self.order.refunds if summary.refund_id not in known]
        for refund_id in unread:
            message = Message(
                "Refund {refund_id} could not be read in the shop; its lines are needed.", refund_id=refund_id
            )
            self.skip(f"refund:{refund_id}", ("refund_unread", message))
        for refund in sorted(self.refunds, key=lambda refund: (refund.created_at, refund.refund_id)):
            self.evaluate_refund(refund)
        self.evaluate_cancellation()
        if not self.order.refunds and not self.refunds and self.status != "cancelled":
            self.skip("credit_note", ("no_refund", Message("Nothing was refunded or cancelled.")))

    def evaluate_refund(self, refund: Refund) -> None:
        rule = f"refund:{refund.refund_id}"
        invoice = self.latest_invoice()
        if any(draft.kind is Kind.INVOICE for draft in self.drafts):
            self.skip(rule, ("after_invoice", Message("The credit note follows when the invoice is issued.")))
        elif invoice is None or self.is_cancelled(invoice):
            nothing = ("no_invoice", Message("No invoice was issued for the order, so there is nothing to credit."))
            self.skip(rule, self.already_issued(rule) or nothing)
        elif not refund.amount:
            self.skip(
                rule,
                (
                    "nothing_refunded",
                    Message("The refund is of {amount}.", amount=Money(refund.amount, self.order.currency)),
                ),
            )
        else:
            self.draft_refund(refund, invoice, rule)

    def draft_refund(self, refund: Refund, invoice: Document, rule: str) -> None:
        cause = self.cause_of_refund(refund, invoice)
        reason = self.already_issued(cause) or self.draft_discarded(cause) or self.fully_credited(invoice)
        if reason:
            self.skip(rule, reason)
            return
        draft = draft_credit_note(
            refund,
            invoice,
            self.credit_notes_of(invoice),
            self.order,
            self.shop,
            cause=cause,
            send_mode=self.shop.credit_notes,
        )
        self.fire(rule, self.after_earlier(self.after_deleted(draft, refund, invoice)))

    def after_deleted(self, draft: Draft, refund: Refund, invoice: Document) -> Draft:
        """*draft* asks a person where a refund was deleted after it was credited: this one may stand in its place."""
        of_invoice = self.history.credit_notes_of(invoice)
        deleted = [document for document in self.credited_and_deleted() if document in of_invoice]
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

    def after_earlier(self, draft: Draft) -> Draft:
        """*draft* waits for a credit note before it that waits: what that one will take from which rate is not known yet."""
        if not any(earlier.kind is Kind.CREDIT_NOTE and earlier.problems for earlier in self.drafts):
            return draft
        message = Message(
            "The credit note of an earlier refund of order {number} waits: issue or discard that one first.",
            number=self.order.number,
        )
        return replace(draft, problems=(*draft.problems, Problem("earlier_refund_waits", message)))

    def cause_of_refund(self, refund: Refund, invoice: Document) -> str:
        """`refund:301`; `refund:301:2` where it was credited on an invoice that a second one replaced since.

        WooCommerce does not lower an order's total by its refunds, so the new invoice is of the whole order again.
        """
        cause = f"refund:{refund.refund_id}"
        first = next((known for known in self.history.documents if known.draft.cause == cause), None)
        of_another = first and first.draft.corrects and first.draft.corrects.document_id != invoice.document_id
        return f"{cause}:{_generation(invoice)}" if of_another else cause

    def evaluate_cancellation(self) -> None:
        """A cancelled order's unpaid invoice is taken back by a credit note that waits as a draft."""
        invoice = self.latest_invoice()
        if self.status != "cancelled" or invoice is None:
            return
        cause = f"cancel:{invoice.number}"
        reason = self.already_issued(cause) or self.why_not_cancelled(invoice) or self.draft_discarded(cause)
        if reason:
            self.skip(cause, reason)
            return
        draft = draft_credit_note(
            Cancellation(),
            invoice,
            self.credit_notes_of(invoice),
            self.order,
            self.shop,
            cause=cause,
            send_mode=SendMode.DRAFT,
        )
        self.fire(cause, draft)

    def why_not_cancelled(self, invoice: Document) -> tuple[str, Message] | None:
        if self.fully_credited(invoice) or not self.paid:
            return self.fully_credited(invoice)
        return "not_refunded", Message(
            "The order was paid; refund it in the shop, and {number} is credited by that.", number=invoice.number
        )

    def fully_credited(self, invoice: Document) -> tuple[str, Message] | None:
        """Nothing is left, for instance after a credit by hand: a credit note of 0.00 is not made."""
        if credit_balance_of(invoice, self.credit_notes_of(invoice)).total > 0:
            return None
        return "nothing_remaining", Message("Nothing is left of {number} to credit.", number=invoice.number)

    def credit_notes_of(self, invoice: Document) -> tuple[Draft, ...]:
        """Issued, and due in this decision."""
        issued = tuple(document.draft for document in self.history.credit_notes_of(invoice))
        return (*issued, *(draft for draft in self.drafts if draft.kind is Kind.CREDIT_NOTE))

    # What its owner must be shown

    def flags(self) -> tuple[Problem, ...]:
        invoice = self.latest_invoice()
        flags: list[Problem] = []
        if invoice and not (self.history.credit_notes_of(invoice) and self.fully_credited(invoice)):
            flags += _changes_after_invoice(invoice, self.order, self.shop)
        flags += self.deleted_refunds()
        is_invoiced = bool(invoice) or any(draft.kind is Kind.INVOICE for draft in self.drafts)
        flags += sale_part_flags(self.order, self.refunds, self.history, self.shop, is_invoiced=is_invoiced)
        if invoice and self.order.other_invoice and not self.shop.test and not self.fully_credited(invoice):
            flags.append(self.invoiced_twice(invoice, self.order.other_invoice))
        if is_invoiced:
            held = {problem.code for draft in self.drafts for problem in draft.problems}
            flags += (flag for flag in assess(self.order, self.shop).flags if flag.code not in held)
        if invoice:
            flags += late_invoice(self.order, invoice, self.shop)
        if invoice and was_taken_back(self.order, self.shop) and not self.fully_credited(invoice):
            flags.append(self.money_taken_back(invoice))
        if (
            invoice
            and self.status == "cancelled"
            and self.paid
            and credit_balance_of(invoice, self.credit_notes_of(invoice)).total
        ):
            message = Message(
                "Order {number} is cancelled, but it was paid and {invoice} stands: refund it.",
                number=self.order.number,
                invoice=invoice.number,
            )
            flags.append(Problem("cancelled_but_paid", message))
        return tuple(flags)

    def invoiced_twice(self, invoice: Document, other: OtherInvoice) -> Problem:
        message = Message(
            "Order {number} has two invoices: {invoice}, and {other} of the plugin {plugin}. VAT on both is due twice: credit one "
            "of them, and let only one program make invoices.",
            number=self.order.number,
            invoice=invoice.number,
            other=other.number,
            plugin=other.plugin,
        )
        return Problem("invoiced_twice", message)

    def money_taken_back(self, invoice: Document) -> Problem:
        message = Message(
            "Order {number} was paid, but the shop put it back to “{status}”: was the money taken back (a chargeback)? Then "
            "{invoice} is open again: ask the customer to pay, or credit it. If you put the order on hold yourself, ignore this.",
            number=self.order.number,
            status=status_term(self.order.status),
            invoice=invoice.number,
        )
        return Problem("money_taken_back", message)

    def deleted_refunds(self) -> Iterable[Problem]:
        for document in self.credited_and_deleted():
            message = Message(
                "Refund {refund_id} of order {number} was deleted in the shop, but {credit_note} credits its {total}.",
                refund_id=document.draft.cause.split(":")[1],
                number=self.order.number,
                credit_note=document.number,
                total=Money(document.draft.total, document.draft.currency),
            )
            yield Problem("refund_deleted", message)

    def credited_and_deleted(self) -> Iterable[Document]:
        """The credit notes of refunds that the shop no longer has."""
        there = {refund.refund_id for refund in self.refunds} | {refund.refund_id for refund in self.order.refunds}
        for document in self.history.documents:
            name, _, rest = document.draft.cause.partition(":")
            refund_id = rest.partition(":")[0]
            if name == "refund" and refund_id.isdigit() and int(refund_id) not in there:
                yield document

    # Writing down

    def skip(self, rule: str, reason: tuple[str, Message]) -> None:
        self.rule_results.append(RuleResult(rule, False, *reason))

    def fire(self, rule: str, draft: Draft) -> None:
        waits = any(kept.draft.cause == draft.cause for kept in self.history.drafts)
        self.drafts.append(draft)
        kind = KIND_TERMS[draft.kind]
        if waits:
            self.rule_results.append(
                RuleResult(rule, True, "draft_waits", Message("A draft of the {kind} waits for a person.", kind=kind))
            )
        else:
            self.rule_results.append(RuleResult(rule, True, "fired", Message("The {kind} is due.", kind=kind)))


def status_term(status: str) -> str | Message:
    return _STATUS_TERMS.get(status, status)


def _generation(invoice: Document) -> int:
    """1 of `order:238:invoice:1`."""
    last = invoice.draft.cause.rpartition(":")[2]
    return int(last) if last.isdigit() else 1


def _changes_after_invoice(invoice: Document, order: Order, shop: Shop) -> tuple[Problem, ...]:
    """What the order says otherwise than its invoice. Settings changed since do not count: only what comes from the shop."""
    now = draft_document(
        Kind.INVOICE, order, shop, cause=invoice.draft.cause, send_mode=SendMode.SEND, today=invoice.issued_on
    )
    differences = [
        compared for compared in _compared(invoice.draft, now) if compared.values["before"] != compared.values["after"]
    ]
    differences += _different_address(invoice.draft.buyer.address, now.buyer.address)
    differences += _different_lines(invoice.draft, now)
    if not differences:
        return ()
    message = Message(
        "Order {number} changed after {invoice}: {differences}.",
        number=order.number,
        invoice=invoice.number,
        differences=tuple(differences),
    )
    return (Problem("changed_after_invoice", message),)


def _compared(before: Draft, after: Draft) -> Sequence[Message]:
    """What both say, each with its value *before* and *after*."""
    rates = sorted({row.rate for row in (*before.vat_lines, *after.vat_lines)})
    was, is_now = before.buyer, after.buyer
    return (
        Message(
            "total {before} → {after}",
            before=Money(before.total, before.currency),
            after=Money(after.total, after.currency),
        ),
        *(
            Message(
                "charged at {rate} {before} → {after}",
                rate=Percent(rate),
                before=Money(_charged(before, rate), before.currency),
                after=Money(_charged(after, rate), after.currency),
            )
            for rate in rates
        ),
        Message("name {before} → {after}", before=_or_empty(was.name), after=_or_empty(is_now.name)),
        Message("company {before} → {after}", before=_or_empty(was.company), after=_or_empty(is_now.company)),
        Message(
            "VAT number {before} → {after}",
            before=_or_empty(was.vat_number_given),
            after=_or_empty(is_now.vat_number_given),
        ),
    )


def _different_address(before: Address, after: Address) -> list[Message]:
    """Compared as a whole: what moves from one field to another, or changes its letter case, is no other address."""
    was, is_now = _in_one_line(before), _in_one_line(after)
    if _words(was) == _words(is_now):
        return []
    return [Message("address {before} → {after}", before=_or_empty(was), after=_or_empty(is_now))]


def _in_one_line(address: Address) -> str:
    town = f"{address.postcode} {address.city}".strip()
    return ", ".join(part for part in (address.street, address.street_2, town, address.state, address.country) if part)


def _words(text: str) -> list[str]:
    return text.casefold().replace(",", " ").split()


def _or_empty(text: str) -> str | Message:
    return text or Message("empty")


def _charged(draft: Draft, rate: Decimal) -> Decimal:
    return sum((row.charged for row in draft.vat_lines if row.rate == rate), Decimal("0.00"))


def _different_lines(before: Draft, after: Draft) -> list[Message]:
    """Lines that went, came or changed, told by their name, quantity and net."""
    was, is_now = (
        Counter((line.quantity, line.description, Money(line.net, draft.currency)) for line in draft.lines)
        for draft in (before, after)
    )
    return [
        *(
            Message("without {quantity} x “{description}” {amount}", quantity=quantity, description=name, amount=net)
            for quantity, name, net in (was - is_now).elements()
        ),
        *(
            Message("with {quantity} x “{description}” {amount}", quantity=quantity, description=name, amount=net)
            for quantity, name, net in (is_now - was).elements()
        ),
    ]
