"""The rounds of one processing: each decides again what is due after what the last one made."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from worker.domain.decide import decide_documents
from worker.domain.decision import Decision, RuleResult, needs_person
from worker.domain.document import Document, Draft, History, Kind, Problem, SendMode
from worker.domain.document_money import Seen, invoices_among
from worker.domain.dossier import refund_of
from worker.domain.order import Order, OrderKey
from worker.domain.order_payment import is_paid, paid_at, status_of
from worker.domain.payment import OrderBalance
from worker.domain.settlement import excess_flags
from worker.domain.shop import Shop
from worker.invoicing.core import CoreContext
from worker.invoicing.current_shop import LONG_AGO
from worker.invoicing.issue_document import issue_draft
from worker.invoicing.preflight import Preflight
from worker.invoicing.withdrawn_drafts import DISCARDED, withdraw, withdraw_of_over, withdraw_of_restored
from worker.message import Message
from worker.orders.fetch import FetchedOrder
from worker.services import Services
from worker.store import alerts, audit_trail, drafts, order_money, orders, sales, settle_orders
from worker.store.jobs import JobEnd
from worker.store.queries import order_balance, unpaid_orders

# What one round makes can make more due: an invoice first, then the credit notes of its refunds.
MOST_ROUNDS = 5


@dataclass(frozen=True)
class Known:
    """All that a decision on a fetched order depends on."""

    order: Order
    history: History
    shop: Shop
    today: date


@dataclass(frozen=True)
class Decided:
    """What was decided on what was known."""

    known: Known
    decision: Decision


@dataclass
class IssueRounds:
    """The rounds of one processing inside one transaction: each decides again what is due after what the last one made."""

    connection: Connection
    services: Services
    shop: Shop
    fetched: FetchedOrder
    preflight: Preflight
    # What was decided before the lock, on what was read there: under it the same needs no second thought.
    expected: Decided | None = None
    issued: list[Document] = field(default_factory=list)
    # By their causes: each round stores again what waits.
    kept: dict[str, Draft] = field(default_factory=dict)
    known: History | None = None
    with_money: Order | None = None

    def run(self) -> Decision:
        mail_group = str(uuid.uuid4())
        decision = self.decide()
        fired: dict[str, RuleResult] = {}
        for _ in range(MOST_ROUNDS):
            fired |= {finding.rule: finding for finding in decision.rule_results if finding.fired}
            made = [self.issue_or_store(draft, mail_group) for draft in decision.drafts]
            if not any(made):
                break
            decision = self.decide()
        self.follow_money()
        self.discard_of_deleted_refunds()
        kept, now = self.history().drafts, self.services.now()
        withdraw_of_over(self.connection, kept, decision, now=now)
        withdraw_of_restored(self.connection, kept, status=status_of(self.order(), self.shop), now=now)
        rule_results = {finding.rule: finding for finding in decision.rule_results} | fired
        flags = decision.flags + excess_flags(self.fetched.order.number, self.balance())
        flags += unpaid_orders.flags_of(self.connection, self.shop, self.fetched.order, self.today)
        if self.fetched.refunds is None:
            flags += self.deleted_before()
        return Decision(decision.drafts, tuple(rule_results.values()), flags)

    def discard_of_deleted_refunds(self) -> None:
        """Take the drafts of refunds back that the shop no longer has: who read on that asks which goods were given back would credit them.

        WooCommerce puts the refunds of an order in the bin with it, and takes them out with it.
        """
        if self.fetched.refunds is None or self.fetched.order.status == "trash":
            return
        there = {refund.refund_id for refund in self.fetched.refunds}
        there |= {refund.refund_id for refund in self.fetched.order.refunds}
        now = self.services.now()
        for kept in self.history().drafts:
            refund_id = refund_of(kept.draft.cause)
            if kept.discarded or refund_id is None or refund_id in there:
                continue
            message = Message(
                "Refund {refund_id} was deleted in the shop: the draft of its credit note is discarded.",
                refund_id=refund_id,
            )
            withdraw(self.connection, kept, message, now=now)

    def deleted_before(self) -> tuple[Problem, ...]:
        """That refunds were deleted, as it was known when they could be read."""
        seen = orders.find(self.connection, self.shop.shop_id, self.fetched.order.order_id)
        if seen is None or seen.order_key != self.fetched.order.order_key:
            return ()
        return tuple(flag for flag in seen.flags if flag.code == "refund_deleted")

    def balance(self) -> OrderBalance | None:
        order, paid = self.order(), paid_at(self.order(), self.shop)
        unsaid_at = None if paid or order.reported.amount else self.fetched.as_of
        status = status_of(order, self.shop)
        seen = Seen(status, order.total, order.currency, paid, order.to_count, unsaid_at=unsaid_at, said=order.reported)
        return order_balance.of_documents(self.connection, self.order_key, self.history().documents, seen=seen)

    @property
    def order_key(self) -> OrderKey:
        return OrderKey(self.shop.shop_id, self.fetched.order.order_id, self.fetched.order.order_key)

    @property
    def today(self) -> date:
        return self.services.today(self.shop)

    def decide(self) -> Decision:
        known = Known(self.order(), self.history(), self.shop, self.today)
        if self.expected is None or self.expected.known != known:
            self.expected = Decided(known, self.decide_on(known))
        return self.expected.decision

    def decide_on(self, known: Known) -> Decision:
        refunds = self.fetched.refunds or ()
        decision = decide_documents(known.order, refunds, known.history, known.shop, known.today)
        if self.fetched.refunds is not None:
            return decision
        # Not having read the refunds does not mean that they were deleted.
        return Decision(
            decision.drafts, decision.rule_results, tuple(f for f in decision.flags if f.code != "refund_deleted")
        )

    def order(self) -> Order:
        """The order, with what is known of its money; read anew after each count of it."""
        if self.with_money is None:
            self.with_money = order_money.with_money(
                self.connection, self.shop, self.fetched.order, self.fetched.refunds
            )
        return self.with_money

    def history(self) -> History:
        """What was made so far; read anew after each draft that was stored."""
        if self.known is None:
            order, told = self.fetched.order, self.fetched.told_statuses
            self.known = sales.history(self.connection, self.shop, order, told_statuses=told)
        return self.known

    def issue_or_store(self, draft: Draft, mail_group: str) -> bool:
        """Issue *draft*, or store it for a person. True when it was issued."""
        waits = any(kept.draft.cause == draft.cause and needs_person(kept) for kept in self.history().drafts)
        waits = waits or self.comes_back(draft)
        draft = self.with_einvoice_problems(draft if waits else self.with_print_problem(draft))
        if draft.send_mode is SendMode.SEND and not draft.problems and not waits:
            context = CoreContext(self.connection, self.shop, self.services.now())
            if draft.kind is Kind.INVOICE:
                self.count_reported()
            before, document = self.history(), issue_draft(context, draft, mail_group=mail_group)
            self.known, self.with_money = before.with_issued(document), None  # it may be paid by a gift card
            self.issued.append(document)
            self.kept.pop(draft.cause, None)
            return True
        self.known = None
        drafts.save_draft(self.connection, self.shop.shop_id, draft, now=self.services.now())
        self.kept[draft.cause] = draft
        return False

    def comes_back(self, draft: Draft) -> bool:
        """Whether its refund was missed once, and is there again: then it is still for the person for whom it waited."""
        refund_id = refund_of(draft.cause)
        if refund_id is None:
            return False
        trail = audit_trail.of_order(self.connection, self.shop.shop_id, draft.order_id)
        gone = [entry.message.values.get("refund_id") for entry in trail if entry.code == DISCARDED]
        return str(refund_id) in map(str, gone)

    def with_print_problem(self, draft: Draft) -> Draft:
        """*draft*, with the problem that it cannot be printed: no number is taken for what nobody can be given."""
        if draft.problems:
            return draft
        problem = self.preflight.print_problem(self.shop, draft)
        if self.services.settings.templates is not None:
            self.tell_of_template(draft.kind, problem)
        return replace(draft, problems=(problem,)) if problem else draft

    def tell_of_template(self, kind: Kind, problem: Problem | None) -> None:
        """An alert while a template of the operator's prints nothing of its *kind*."""
        shop_id, code, now = self.shop.shop_id, f"cannot_print_{kind}", self.services.now()
        if problem is None or problem.asks:
            alerts.close(self.connection, shop_id, code=code, now=now)
        else:
            alerts.raise_alert(self.connection, shop_id, code=code, message=problem.message, now=now)

    def with_einvoice_problems(self, draft: Draft) -> Draft:
        """*draft*, with what an access point would refuse: what must go by Peppol takes no number before it can."""
        found = self.preflight.einvoice_problems(self.shop, draft)
        return replace(draft, problems=draft.problems + found) if found else draft

    def count_reported(self) -> None:
        """Count what the shop says came in. Of a test nothing is counted: its order may be invoiced in earnest afterwards."""
        if self.shop.test:
            return
        if order_money.count_reported(self.connection, self.shop, self.order(), now=self.services.now()):
            self.with_money = None

    def follow_money(self) -> None:
        """Once there is an invoice, what the shop says of the order's money is counted: what came in, and what it gave back."""
        order, now = self.order(), self.services.now()
        if is_paid(order, self.shop):
            end = JobEnd(code="answered", message=Message("The shop says that the order is paid."))
            settle_orders.close_failed(self.connection, self.shop.shop_id, order.order_id, end, now=now)
        invoices = invoices_among(self.history().documents)
        # What it says of an order that is in another currency than its invoice pays nothing of that: the flag asks a person.
        if invoices and invoices[-1].draft.currency == order.currency:
            self.count_reported()
            if self.fetched.refunds:
                order_money.count_refunds(self.connection, self.shop, order, self.fetched.refunds, now=now)
                self.with_money = None


def tell_of_other_plugin(services: Services, rounds: IssueRounds, decision: Decision) -> None:
    """An alert while another plugin invoices orders that would be ours; an order that is invoiced here ends it.

    Orders of long ago that are invoiced afterwards say nothing of today.
    """
    shop, order, code = rounds.shop, rounds.fetched.order, "other_invoice_plugin"
    if shop.orders.since == LONG_AGO:
        return
    if order.other_invoice and "invoiced_by_plugin" in {result.code for result in decision.rule_results}:
        message = Message(
            "{shop}: order {order} was invoiced by the plugin {plugin} as {number}, so no invoice was made of it here. Let only "
            "one of the two make invoices: switch its invoices off in WordPress, or take the rule for invoices away here.",
            shop=shop.name,
            order=order.number,
            plugin=order.other_invoice.plugin,
            number=order.other_invoice.number,
        )
        alerts.raise_alert(rounds.connection, shop.shop_id, code=code, message=message, now=services.now())
    elif any(document.draft.kind is Kind.INVOICE for document in rounds.issued):
        alerts.close(rounds.connection, shop.shop_id, code=code, now=services.now())
