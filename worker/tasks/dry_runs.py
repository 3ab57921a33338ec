"""Tasks that say what would be: which rules would match, what would become of the open orders. Nothing is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.domain.decide import decide_documents, evaluate_rules
from worker.domain.decision import Decision
from worker.domain.document import planned_document
from worker.domain.order import Order
from worker.domain.setting_readers import read_instant, read_rules
from worker.domain.shop import Shop
from worker.errors import InvalidValue, Rejected
from worker.invoicing.current_shop import LONG_AGO
from worker.invoicing.exchange_rates import with_rate
from worker.message import NO_MESSAGE, Message
from worker.orders.products import with_learnt_products
from worker.services import Services
from worker.store import order_money, sales
from worker.store.tasks import Task
from worker.tasks.sample_orders import last_orders
from worker.tasks.sample_orders import open_orders as fetch_open_orders

MOST_ORDERS = 50


def dry_run_rules(services: Services, task: Task) -> Mapping[str, Any]:
    """Which of the last 50 orders rules would match, each with the reason, as if nothing had been made of them yet.

    Argument: `{"rules": "invoice:paid:send\\n…"}`, one a line as the settings write them; without it the shop's own.
    Answer: `{"orders": [{"order_id", "number", "placed_at", "status", "total", "currency", "buyer", "matched", "rule_results": [{"rule",
    "fired", "code", "message"}]}], "matched": 12, "count": 50}`; the orders are fetched from the shop, or, where that fails,
    read from what it delivered.
    """
    connected = services.connected(task.shop_id)
    try:
        rules = read_rules(str(task.argument["rules"])) if "rules" in task.argument else connected.shop.rules
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error
    shop = replace(connected.shop, rules=rules).with_orders_since(LONG_AGO)
    today = services.today(shop)
    rows = []
    orders = last_orders(services, connected, limit=MOST_ORDERS)
    if any(rule.categories for rule in rules):
        orders = with_learnt_products(services, connected, orders)
    for order in orders:
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
    ["invoice 22.20 EUR"], "if_included": ["…"], "message"}], "to_make", "count"}`, the newest 50: *documents* are made by themselves
    when the order is next processed, *if_included* with an earlier beginning (or a backfill), *message* says why nothing is.
    """
    connected = services.connected(task.shop_id)
    since = since_of(services, task, connected.shop)
    live = replace(connected.shop, test=False)
    rows = []
    for order in fetch_open_orders(services, connected, limit=MOST_ORDERS):
        by_itself = decision_for(services, order, live.with_orders_since(since))
        included = decision_for(services, order, live.with_orders_since(LONG_AGO))
        reason = next((result.message for result in by_itself.rule_results if not result.fired), "")
        rows.append({
            **order_as_json(order), "documents": describe_due(by_itself), "if_included": describe_due(included),
            "message": NO_MESSAGE if by_itself.drafts else reason,
        })  # fmt: skip
    return {"orders": rows, "to_make": sum(1 for row in rows if row["documents"]), "count": len(rows)}


def since_of(services: Services, task: Task, shop: Shop) -> datetime:
    text = str(task.argument.get("since", "")).strip()
    try:
        return read_instant(text, zone=shop.zone) if text else services.now()
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error


def decision_for(services: Services, order: Order, shop: Shop) -> Decision:
    with services.store.read() as connection:
        history = sales.history(connection, shop, order)
        order = order_money.with_money(connection, shop, order, ())
    today = services.today(shop)
    return decide_documents(order, (), history, with_rate(services, shop, order.currency), today)


def describe_due(decision: Decision) -> list[Message]:
    return [planned_document(draft) for draft in decision.drafts]


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
