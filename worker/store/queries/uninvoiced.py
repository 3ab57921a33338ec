"""Orders that were paid or delivered and have no invoice, although a rule of the shop makes one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, exists, select

from worker.domain.decision import RuleResult
from worker.domain.document import Kind
from worker.store.database import json_codec
from worker.store.database.plan import unindexed
from worker.store.database.tables import documents, orders

# Why the rule that makes invoices made none, where the shop or a person wants it so: no invoice is missing there.
NOT_WANTED = ("before_orders_since", "draft_order", "trashed", "never_paid", "discarded", "consumer_without_invoice")


@dataclass(frozen=True)
class UninvoicedOrder:
    """An order whose VAT fell due at *taxable_at* (aware UTC) and that has no invoice yet."""

    order_id: int
    number: str
    taxable_at: datetime


def uninvoiced(
    connection: Connection, shop_id: str, *, since: datetime, before: datetime
) -> tuple[UninvoicedOrder, ...]:
    """The orders without an invoice whose VAT fell due between two instants (the first included), the oldest first."""
    invoice = exists().where(
        documents.c.shop_id == orders.c.shop_id,
        documents.c.order_id == orders.c.order_id,
        documents.c.order_key == orders.c.order_key,
        unindexed(documents.c.kind) == Kind.INVOICE,
        documents.c.test.is_(False),
    )
    rows = connection.execute(
        select(orders)
        .where(orders.c.shop_id == shop_id, orders.c.taxable_at >= since, orders.c.taxable_at < before, ~invoice)
        .order_by(orders.c.taxable_at, orders.c.order_id)
    )
    return tuple(
        UninvoicedOrder(row.order_id, row.order_number, row.taxable_at)
        for row in rows
        if Decimal(row.total) and is_wanted(json_codec.load(tuple[RuleResult, ...], row.rule_results))
    )


def is_wanted(rule_results: tuple[RuleResult, ...]) -> bool:
    """Whether a rule makes an invoice of the order, now or at a moment that is still to come."""
    of_invoices = [result for result in rule_results if result.rule.startswith(f"{Kind.INVOICE}:")]
    return any(
        result.fired or not (result.code in NOT_WANTED or result.code.startswith("condition_"))
        for result in of_invoices
    )
