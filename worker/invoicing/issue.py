"""Use case: an order → the documents that are due, numbered and stored in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.decision import RuleResult
from worker.domain.order_payment import paid_at, promised_reference, says_paid_whole
from worker.domain.rule_conditions import CATEGORY_UNKNOWN
from worker.domain.shop import Shop
from worker.errors import StaleAnswer, StaleFetch, Unavailable
from worker.invoicing.current_shop import reload_shop
from worker.invoicing.issue_rounds import IssueRounds, tell_of_other_plugin
from worker.invoicing.outcome import Outcome, summarize
from worker.invoicing.preflight import Preflight
from worker.invoicing.refunds_unread import unread_refunds
from worker.orders.fetch import FetchedOrder
from worker.services import Services
from worker.store import (
    audit_trail,
    counters,
    orders,
    payment_references,
    payment_shares,
    settle_orders,
    waiting_orders,
)
from worker.store.audit_trail import AuditEntry
from worker.store.orders import OrderState

# Writes down what processing led to; whether it did.
End = Callable[[Connection, Outcome], bool]


def nothing_more(_connection: Connection, _outcome: Outcome) -> bool:
    """Of whoever has no delivery to answer."""
    return False


def issue(services: Services, shop: Shop, fetched: FetchedOrder, *, end: End = nothing_more) -> Outcome:
    """Decide and issue under the shop's lock: what another worker made meanwhile is seen, so nothing is made twice.

    Raises Unavailable where the order was fetched later by another worker: what this one would decide is out of date.
    *end* writes down what it led to, in the same transaction.
    """
    preflight = Preflight(services)
    # Before the lock: deciding, printing and checking take longer than everybody else should wait.
    with services.store.read() as connection:
        before = IssueRounds(connection, services, shop, fetched, preflight)
        drafts = before.decide().drafts
    if preflight.is_needed(shop, fetched.order):
        preflight.try_all(shop, drafts)
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        refuse_stale_fetch(connection, shop, fetched)
        current = reload_shop(connection, shop)
        shop = shop if current == shop else current  # what was made of the same one need not be made again
        rounds = IssueRounds(connection, services, shop, fetched, preflight, before.expected)
        decision, order = rounds.run(), rounds.order()
        tell_of_other_plugin(services, rounds, decision)
        lowered = order.reported.lowered
        is_lowered = bool(lowered) and payment_shares.reported_of(connection, rounds.order_key).lowered < lowered
        orders.save(
            connection,
            shop.shop_id,
            fetched.order,
            OrderState(
                replace(decision, flags=(*decision.flags, *unread_refunds(fetched))),
                paid_at(order, rounds.shop),
                fetched.told_statuses,
                says_paid=says_paid_whole(fetched.order, rounds.shop),
                reported=order.reported,
            ),
            as_of=fetched.as_of,
        )
        waiting_orders.follow(connection, rounds.order_key)
        if is_lowered and payment_shares.is_any_there(connection, rounds.order_key):
            settle_orders.plan(connection, rounds.order_key, now=services.now())  # what came may be all of it now
        # The buyer was told it after the checkout: his money may come before any document.
        payment_references.promise(connection, rounds.order_key, promised_reference(fetched.order, rounds.shop))
        retry_reason = fetched.fetch_error if fetched.fetch_error and fetched.order.refunds else None
        retry_reason = retry_reason or category_unknown(decision.rule_results)
        if fetched.notice and (rounds.issued or rounds.kept or retry_reason is None):
            add_notice(connection, shop, fetched, now=services.now())
        kept = tuple(rounds.kept.values())
        said = summarize(rounds.issued, kept, decision)
        outcome = Outcome(*said, tuple(rounds.issued), kept, retry_reason)
        return replace(outcome, is_ended=end(connection, outcome))


def category_unknown(rule_results: Sequence[RuleResult]) -> Unavailable | None:
    """Why the order is looked at once more: a rule asks for categories that the shop did not say."""
    found = next((result for result in rule_results if result.code == CATEGORY_UNKNOWN), None)
    return Unavailable(found.message, code=found.code) if found else None


def add_notice(connection: Connection, shop: Shop, fetched: FetchedOrder, *, now: datetime) -> None:
    entry = AuditEntry(shop.shop_id, now, "worker", StaleAnswer.code, fetched.notice, order_id=fetched.order.order_id)
    audit_trail.add(connection, entry)


def refuse_stale_fetch(connection: Connection, shop: Shop, fetched: FetchedOrder) -> None:
    last = orders.last_fetched_at(connection, shop.shop_id, fetched.order.order_id, fetched.order.order_key)
    if last is not None and fetched.as_of < last:
        raise StaleFetch("Another look at this order saw it later than this one; it is looked at once more.")
