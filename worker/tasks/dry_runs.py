"""Errands that say what would be: what rules would match, what becomes of the open orders. Nothing is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.domain.decide import Verdict, documents_due, matched
from worker.domain.order import Order
from worker.domain.settings_form import read_instant, read_rules
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import LONG_AGO
from worker.services import Services
from worker.store import documents
from worker.store.tasks import Errand
from worker.tasks.common import connected_of
from worker.tasks.sample_orders import last_orders
from worker.tasks.sample_orders import open_orders as under_way

MOST_ORDERS = 50


def dry_run_rules(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Which of the last 50 orders rules would match, each with the reason, as if nothing had been made of them yet.

    Argument: `{"rules": "invoice:paid:send\\n…"}`, one a line as the settings write them; without it the shop's own.
    Answer: `{"orders": [{"order_id", "number", "placed_at", "status", "total", "currency", "buyer", "matched", "findings": [{"rule",
    "fired", "code", "sentence"}]}], "matched": 12, "count": 50}`; the shop is asked for them, and where it
    cannot be, what it delivered serves.
    """
    connected = connected_of(services, errand)
    try:
        rules = read_rules(str(errand.argument["rules"])) if "rules" in errand.argument else connected.shop.rules
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error
    shop = replace(connected.shop, rules=rules, orders_since=LONG_AGO)
    today = services.now().astimezone(shop.zoneinfo).date()
    rows = []
    for order in last_orders(services, connected, limit=MOST_ORDERS):
        findings = matched(order, with_rate(services, shop, order.currency), today)
        fired = any(finding.fired for finding in findings)
        rows.append({**named(order), "matched": fired, "findings": [vars(finding) for finding in findings]})
    return {"orders": rows, "matched": sum(1 for row in rows if row["matched"]), "count": len(rows)}


def open_orders(services: Services, errand: Errand) -> Mapping[str, Any]:
    """What would become of the orders that are under way, if the shop went live now.

    Argument: `{}`, or `{"since": "2026-11-01T00:00"}`, the beginning that a person thinks of: orders placed before it make nothing by
    themselves (default: now). Answer: `{"orders": [{"order_id", "number", "placed_at", "status", "total", "currency", "buyer", "due":
    ["invoice 22.20 EUR"], "if_included": ["…"], "sentence"}], "to_make", "count"}`, the newest 50: *due* is made by itself at the next
    look, *if_included* would be due with an earlier beginning (or a backfill), *sentence* says why nothing is.
    """
    connected = connected_of(services, errand)
    since = since_of(services, errand, connected.shop)
    live = replace(connected.shop, test=False)
    rows = []
    for order in under_way(services, connected, limit=MOST_ORDERS):
        by_itself = verdict_of(services, order, replace(live, orders_since=since))
        included = verdict_of(services, order, replace(live, orders_since=LONG_AGO))
        reason = next((finding.sentence for finding in by_itself.findings if not finding.fired), "")
        rows.append({
            **named(order), "due": due_of(by_itself), "if_included": due_of(included),
            "sentence": "" if by_itself.due else reason,
        })  # fmt: skip
    return {"orders": rows, "to_make": sum(1 for row in rows if row["due"]), "count": len(rows)}


def since_of(services: Services, errand: Errand, shop: Shop) -> datetime:
    text = str(errand.argument.get("since", "")).strip()
    try:
        return read_instant(text, zone=shop.zone) if text else services.now()
    except ValueError as error:
        raise Rejected(str(error), code="option_wrong") from error


def verdict_of(services: Services, order: Order, shop: Shop) -> Verdict:
    with services.store.read() as connection:
        history = documents.history(connection, shop.shop_id, order.order_id, order.order_key)
    today = services.now().astimezone(shop.zoneinfo).date()
    return documents_due(order, (), history, with_rate(services, shop, order.currency), today)


def due_of(verdict: Verdict) -> list[str]:
    return [f"{draft.kind.replace('_', ' ')} {draft.total} {draft.currency}" for draft in verdict.due]


def named(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "number": order.number,
        "placed_at": order.created_at.isoformat(),
        "status": order.status,
        "total": str(order.total),
        "currency": order.currency,
        "buyer": order.billing.company or order.billing.name,
    }
