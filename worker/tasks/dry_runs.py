"""Errands that say what would be: what rules would match, what becomes of the open orders. Nothing is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.domain.decide import Decision, decide_documents, evaluate_rules
from worker.domain.order import Order
from worker.domain.settings_form import read_instant, read_rules
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import LONG_AGO
from worker.services import Services
from worker.store import documents
from worker.store.tasks import Task
from worker.tasks.common import connected_of
from worker.tasks.sample_orders import last_orders
from worker.tasks.sample_orders import open_orders as fetch_open_orders

MOST_ORDERS = 50


def dry_run_rules(services: Services, task: Task) -> Mapping[str, Any]:
    """Which of the last 50 orders rules would match, each with the reason, as if nothing had been made of them yet.

    Argument: `{"rules": "invoice:paid:send\\n…"}`, one a line as the settings write them; without it the shop's own.
    Answer: `{"orders": [{"order_id", "number", "placed_at", "status", "total", "currency", "buyer", "matched", "findings": [{"rule",
    "fired", "code", "sentence"}]}], "matched": 12, "count": 50}`; the shop is asked for them, and where it
    cannot be, what it delivered serves.
    """
    connected = connected_of(services, task)
    try:
        rules = read_rules(str(task.argument["rules"])) if "rules" in task.argument else connected.shop.rules
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    shop = replace(connected.shop, rules=rules, orders_since=LONG_AGO)
    today = services.now().astimezone(shop.zoneinfo).date()
    rows = []
    for order in last_orders(services, connected, limit=MOST_ORDERS):
        rule_results = evaluate_rules(order, with_rate(services, shop, order.currency), today)
        fired = any(result.fired for result in rule_results)
        rows.append(
            {**order_as_json(order), "matched": fired, "rule_results": [vars(finding) for finding in rule_results]}
        )
    return {"orders": rows, "matched": sum(1 for row in rows if row["matched"]), "count": len(rows)}


def open_orders(services: Services, task: Task) -> Mapping[str, Any]:
    """What would become of the orders that are under way, if the shop went live now.

    Argument: `{}`, or `{"since": "2026-11-01T00:00"}`, the beginning that a person thinks of: orders placed before it make nothing by
    themselves (default: now). Answer: `{"orders": [{"order_id", "number", "placed_at", "status", "total", "currency", "buyer", "documents":
    ["invoice 22.20 EUR"], "if_included": ["…"], "sentence"}], "to_make", "count"}`, the newest 50: *due* is made by itself at the next
    look, *if_included* would be due with an earlier beginning (or a backfill), *sentence* says why nothing is.
    """
    connected = connected_of(services, task)
    since = since_of(services, task, connected.shop)
    live = replace(connected.shop, test=False)
    rows = []
    for order in fetch_open_orders(services, connected, limit=MOST_ORDERS):
        by_itself = decision_for(services, order, replace(live, orders_since=since))
        included = decision_for(services, order, replace(live, orders_since=LONG_AGO))
        reason = next((result.message for result in by_itself.rule_results if not result.fired), "")
        rows.append({
            **order_as_json(order), "documents": describe_due(by_itself), "if_included": describe_due(included),
            "message": "" if by_itself.drafts else reason,
        })  # fmt: skip
    return {"orders": rows, "to_make": sum(1 for row in rows if row["documents"]), "count": len(rows)}


def since_of(services: Services, task: Task, shop: Shop) -> datetime:
    text = str(task.argument.get("since", "")).strip()
    try:
        return read_instant(text, zone=shop.zone) if text else services.now()
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error


def decision_for(services: Services, order: Order, shop: Shop) -> Decision:
    with services.store.read() as connection:
        history = documents.history(connection, shop.shop_id, order.order_id, order.order_key)
    today = services.now().astimezone(shop.zoneinfo).date()
    return decide_documents(order, (), history, with_rate(services, shop, order.currency), today)


def describe_due(decision: Decision) -> list[str]:
    return [f"{draft.kind.replace('_', ' ')} {draft.total} {draft.currency}" for draft in decision.drafts]


def order_as_json(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "number": order.number,
        "placed_at": order.created_at.isoformat(),
        "status": order.status,
        "total": str(order.total),
        "currency": order.currency,
        "buyer": order.billing.company or order.billing.name,
    }
