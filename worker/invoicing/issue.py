"""Use case: an order → the documents that are due, numbered and stored in one transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from worker.domain.decide import decide_documents
from worker.domain.decision import Decision, RuleResult
from worker.domain.document import Document, Draft, History, Kind, Problem, SendMode
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.payment_request import is_paid
from worker.domain.shop import Shop
from worker.domain.step import planned_steps
from worker.errors import NumberingPaused, OrderGone, Rejected, ShopPaused, StaleAnswer, StaleFetch, Unavailable
from worker.invoicing.core import CoreContext
from worker.invoicing.cores import core_of
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.preflight import Preflight
from worker.invoicing.vat_checks import with_vat_check
from worker.message import Message, Money
from worker.orders.fetch import FetchedOrder, delivered_error_code, fetch
from worker.queue import SEND_DOCUMENT
from worker.services import Services
from worker.store import alerts, audit_trail, counters, drafts, orders, payments, sales, shops, steps
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import Delivery

# What one round makes can make more due: an invoice first, then the credit notes of its refunds.
MOST_ROUNDS = 5
# The source of a delivery with which a person asks for documents of old orders.
BACKFILL = "backfill"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What processing led to. *retry_reason* is why the order must be processed again."""

    code: str
    message: Message
    issued: tuple[Document, ...] = ()
    drafts: tuple[Draft, ...] = ()
    retry_reason: Unavailable | None = None


def process_order(services: Services, deliveries: Sequence[Delivery]) -> Outcome:
    """Answer all *deliveries* (of one order of one shop) by processing it once. Raises Rejected or Unavailable."""
    connected = services.connected(deliveries[0].shop_id)
    refuse_paused(connected.shop)
    if deliveries[0].order_id is None:
        return handle_error_delivery(services, connected.shop, delivered_error_code(deliveries))
    fetched = fetch(services, connected, deliveries)
    if fetched is None:
        return Outcome(OrderGone.code, Message("The shop no longer has this order; nothing is made for it."))
    # Before the lock: the bank and VIES may be slow.
    shop = with_rate(services, shop_for(connected.shop, deliveries), fetched.order.currency)
    fetched = with_vat_check(services, shop, fetched)
    try:
        outcome = issue(services, shop, fetched)
    except StaleFetch:
        if connected.secrets.has_rest:
            raise
        return Outcome(
            StaleFetch.code, Message("This was delivered late: a newer state of the order was processed already.")
        )
    for document in outcome.issued:
        services.enqueue(SEND_DOCUMENT, document.document_id)
    return outcome


def shop_for(shop: Shop, deliveries: Sequence[Delivery]) -> Shop:
    """The shop's settings for these deliveries: a backfill takes orders from before the shop was connected."""
    is_backfill = any(delivery.source == BACKFILL for delivery in deliveries)
    return shop.with_orders_since(LONG_AGO) if is_backfill else shop


def refuse_paused(shop: Shop) -> None:
    if shop.suspended:
        raise ShopPaused("This shop is paused; its orders wait until it goes on.", retry_after_s=3600)
    if shop.numbering.restored:
        raise NumberingPaused(numbering_paused_message(shop), retry_after_s=60)


def numbering_paused_message(shop: Shop) -> Message:
    restored = shop.numbering.restored
    return Message(
        "{shop} came back from a backup of {as_of}. What was issued after that is not in the register, so nothing is "
        "issued until you say where the numbers go on: facturelay register resume {shop_id}",
        shop=shop.name,
        as_of=restored.as_of.astimezone(shop.zoneinfo) if restored else "",
        shop_id=shop.shop_id,
    )


def reload_shop(connection: Connection, services: Services, shop: Shop) -> Shop:
    """The settings under the lock: what was changed since the fetch counts. The rates of this run and a backfill stay."""
    current = shops.get(connection, services.encryption, shop.shop_id).shop
    refuse_paused(current)
    since = LONG_AGO if shop.orders.since == LONG_AGO else current.orders.since
    rates = {**shop.exchange_rates, **current.exchange_rates}
    return replace(current, exchange_rates=rates).with_orders_since(since)


def handle_error_delivery(services: Services, shop: Shop, code: str) -> Outcome:
    """Take in a signed error body: WooCommerce delivers it in place of an order (docs/woocommerce-contract.md §4)."""
    if code in ("", "woocommerce_rest_shop_order_invalid_id"):
        return Outcome(OrderGone.code, Message("The shop announced an order that it no longer has."))
    message = Message(
        "{shop}: WooCommerce may no longer read its own orders for us ({error_code}), because the person "
        "who made the webhooks lost the right to. Make them again as an administrator.",
        shop=shop.name,
        error_code=code,
    )
    with services.store.write() as connection:
        alerts.raise_alert(connection, shop.shop_id, code="webhook_owner", message=message, now=services.now())
    return Outcome("webhook_owner", message)


def issue(services: Services, shop: Shop, fetched: FetchedOrder) -> Outcome:
    """Decide and issue under the shop's lock: what another worker made meanwhile is seen, so nothing is made twice.

    Raises Unavailable where the order was fetched later by another worker: what this one would decide is out of date.
    """
    preflight = Preflight(services)
    if preflight.is_needed(shop, fetched.order):
        # Before the lock: printing and checking take longer than everybody else should wait.
        with services.store.read() as connection:
            expected = IssueRounds(connection, services, shop, fetched, preflight).decide().drafts
        preflight.try_all(shop, expected)
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        refuse_stale_fetch(connection, shop, fetched)
        rounds = IssueRounds(connection, services, reload_shop(connection, services, shop), fetched, preflight)
        decision = rounds.run()
        flags = (*decision.flags, *unread_refunds(fetched))
        tell_of_other_plugin(services, rounds, decision)
        orders.save(
            connection,
            shop.shop_id,
            fetched.order,
            rule_results=decision.rule_results,
            flags=flags,
            as_of=fetched.as_of,
        )
        retry_reason = fetched.fetch_error if fetched.fetch_error and fetched.order.refunds else None
        if fetched.notice and (rounds.issued or rounds.drafts or retry_reason is None):
            add_notice(connection, shop, fetched, now=services.now())
    return Outcome(*summarize(rounds, decision.rule_results), tuple(rounds.issued), tuple(rounds.drafts), retry_reason)


def add_notice(connection: Connection, shop: Shop, fetched: FetchedOrder, *, now: datetime) -> None:
    entry = AuditEntry(shop.shop_id, now, "worker", StaleAnswer.code, fetched.notice, order_id=fetched.order.order_id)
    audit_trail.add(connection, entry)


def refuse_stale_fetch(connection: Connection, shop: Shop, fetched: FetchedOrder) -> None:
    last = orders.last_fetched_at(connection, shop.shop_id, fetched.order.order_id, fetched.order.order_key)
    if last is not None and fetched.as_of < last:
        raise StaleFetch("Another look at this order saw it later than this one; it is looked at once more.")


@dataclass
class IssueRounds:
    """The rounds of one processing inside one transaction: each decides again what is due after what the last one made."""

    connection: Connection
    services: Services
    shop: Shop
    fetched: FetchedOrder
    preflight: Preflight
    issued: list[Document] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)

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
        self.mark_paid()
        rule_results = {finding.rule: finding for finding in decision.rule_results} | fired
        return Decision(decision.drafts, tuple(rule_results.values()), decision.flags)

    def decide(self) -> Decision:
        order = self.fetched.order
        today = self.services.now().astimezone(self.shop.zoneinfo).date()
        decision = decide_documents(order, self.fetched.refunds or (), self.history(), self.shop, today)
        if self.fetched.refunds is not None:
            return decision
        # Not having read the refunds does not mean that they were deleted.
        return Decision(
            decision.drafts, decision.rule_results, tuple(f for f in decision.flags if f.code != "refund_deleted")
        )

    def history(self) -> History:
        return sales.history(self.connection, self.shop.shop_id, self.fetched.order)

    def issue_or_store(self, draft: Draft, mail_group: str) -> bool:
        """Issue *draft*, or store it for a person. True when it was issued."""
        waits = any(kept.draft.cause == draft.cause for kept in self.history().drafts)
        draft = self.with_einvoice_problems(draft if waits else self.with_print_problem(draft))
        if draft.send_mode is SendMode.SEND and not draft.problems and not waits:
            self.issued.append(issue_draft(self.connection, self.services, self.shop, draft, mail_group=mail_group))
            return True
        drafts.save_draft(self.connection, self.shop.shop_id, draft, now=self.services.now())
        self.drafts.append(draft)
        return False

    def with_print_problem(self, draft: Draft) -> Draft:
        """*draft*, with the problem of a template that cannot print it: no number is taken for what nobody can be given."""
        if draft.problems or self.services.settings.templates is None:
            return draft
        problem = self.preflight.print_problem(self.shop, draft)
        shop_id, code, now = self.shop.shop_id, f"cannot_print_{draft.kind}", self.services.now()
        if problem is None:
            alerts.close(self.connection, shop_id, code=code, now=now)
            return draft
        alerts.raise_alert(self.connection, shop_id, code=code, message=problem.message, now=now)
        return replace(draft, problems=(problem,))

    def with_einvoice_problems(self, draft: Draft) -> Draft:
        """*draft*, with what an access point would refuse: what must go by Peppol takes no number before it can."""
        return replace(draft, problems=draft.problems + self.preflight.einvoice_problems(draft))

    def mark_paid(self) -> None:
        """When the order is paid, its invoices are."""
        order = self.fetched.order
        if not is_paid(order, self.shop):
            return
        receipt = Receipt(
            paid_on=(order.paid_at or self.services.now()).astimezone(self.shop.zoneinfo).date(),
            source=PaymentSource.ORDER,
            by="order",
            method=order.payment_method,
            reference=order.transaction_id,
        )
        invoices = [made.document_id for made in self.history().documents if made.draft.kind is Kind.INVOICE]
        for document_id, balance in payments.balances(self.connection, invoices).items():
            if not balance.is_paid:
                payments.pay_in_full(self.connection, document_id, receipt, now=self.services.now())


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


def issue_draft(
    connection: Connection,
    services: Services,
    shop: Shop,
    draft: Draft,
    *,
    mail_group: str,
    step_names: Sequence[str] | None = None,
    by: str = "worker",
    document_id: int | None = None,
) -> Document:
    """Number and store *draft*, and plan what follows: *step_names*, or every step that is wanted for it. The transaction must hold the shop's lock.

    *document_id* is for a document that had one before the database was lost.
    """
    now = services.now()
    document = core_of(CoreContext(connection, shop, now, document_id)).issue(draft)
    steps.plan(
        connection,
        shop_id=shop.shop_id,
        document_id=document.document_id,
        names=planned_steps(shop, draft) if step_names is None else step_names,
        mail_group=mail_group,
        now=now,
    )
    drafts.end_draft(connection, shop.shop_id, cause=draft.cause, order_key=draft.order_key, state="issued", now=now)
    audit_trail.add(
        connection,
        AuditEntry(
            shop_id=shop.shop_id,
            at=now,
            actor=by,
            code="issued",
            message=Message(
                "{number} was issued: {total}.", number=document.number, total=Money(draft.total, draft.currency)
            ),
            order_id=draft.order_id,
            document_id=document.document_id,
        ),
    )
    return document


def unread_refunds(fetched: FetchedOrder) -> tuple[Problem, ...]:
    """The order's refunds that no credit note can be made of, with why."""
    if fetched.unread:
        return tuple(unread_refund(fetched, error) for error in fetched.unread)
    if fetched.refunds is not None or not fetched.order.refunds:
        return ()
    return (
        Problem(
            "refunds_unread",
            Message(
                "Order {number} has refunds, but the shop's REST key is needed to read them; no credit note is "
                "made until it works.",
                number=fetched.order.number,
            ),
        ),
    )


def unread_refund(fetched: FetchedOrder, error: Rejected) -> Problem:
    message = Message(
        "No credit note is made of a refund of order {number}: {reason}.",
        number=fetched.order.number,
        reason=error.message,
    )
    return Problem("refund_unread", message)


def summarize(rounds: IssueRounds, rule_results: tuple[RuleResult, ...]) -> tuple[str, Message]:
    """A code and one message on the whole outcome, for the delivery and the audit trail."""
    made = [Message("{number} was issued.", number=document.number) for document in rounds.issued]
    made += [Message("A draft waits: {reason}", reason=draft_reason(draft)) for draft in rounds.drafts]
    if made:
        code = "issued" if rounds.issued else "draft_stored"
        return code, made[0] if len(made) == 1 else Message("{outcomes}", outcomes=tuple(made))
    reason = next((f for f in rule_results if not f.fired), None)
    return (reason.code, reason.message) if reason else ("nothing_due", Message("Nothing is due for this order."))


def draft_reason(draft: Draft) -> Message:
    if draft.problems:
        return draft.problems[0].message
    if draft.send_mode is SendMode.DRAFT:
        return Message("its rule leaves it to you to issue.")
    return Message("nothing stands in its way any more; issue it, or discard it.")
