"""What reconciling found: each order beside its documents, with the totals of a month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from worker import serializers
from worker.domain.document import Kind
from worker.domain.money import ZERO, written
from worker.message import Message
from worker.store.queries.order_history import DocumentDetails


class ReconciliationState(StrEnum):
    COMPLETE = "complete"  # all that is due was made, mailed and noted
    NOTHING_DUE = "nothing_due"
    KEPT = "kept"  # a draft that the shop's own rule leaves to a person
    WAITS = "waits"  # for a person, or for work that is not done yet
    MISSING = "missing"
    GONE = "gone"  # documents of an order that the shop no longer lists


@dataclass(frozen=True)
class ReconciledOrder:
    """One order. *total* is the shop's; *invoiced* is ours, less what a cancellation took back; *message* says why."""

    order_id: int
    number: str
    status: str
    placed_on: date
    currency: str
    total: Decimal
    state: ReconciliationState
    message: Message
    documents: tuple[DocumentDetails, ...] = ()

    @property
    def has_invoice(self) -> bool:
        return any(made.draft.kind is Kind.INVOICE for made in self.issued)

    @property
    def issued(self) -> tuple[DocumentDetails, ...]:
        return tuple(made for made in self.documents if made.document)

    @property
    def invoiced(self) -> Decimal:
        invoices = (made.draft.to_pay for made in self.issued if made.draft.kind is Kind.INVOICE)
        return sum(invoices, ZERO) - sum((made.draft.total for made in self.issued if is_cancellation(made)), ZERO)

    @property
    def credited(self) -> Decimal:
        """What refunds took back."""
        notes = (made for made in self.issued if made.draft.kind is Kind.CREDIT_NOTE and not is_cancellation(made))
        return sum((made.draft.total for made in notes), ZERO)


def is_cancellation(made: DocumentDetails) -> bool:
    return made.draft.cause.startswith("cancel:")


@dataclass(frozen=True)
class Total:
    """In one currency: what the shop sold in orders that have an invoice, and what our documents say of them."""

    currency: str
    ordered: Decimal
    invoiced: Decimal
    credited: Decimal


@dataclass(frozen=True)
class Reconciliation:
    """One month of one shop (`2026-11`, in the shop's zone)."""

    shop_id: str
    month: str
    rows: tuple[ReconciledOrder, ...]

    def of(self, state: ReconciliationState) -> tuple[ReconciledOrder, ...]:
        return tuple(row for row in self.rows if row.state is state)

    @property
    def is_complete(self) -> bool:
        return not self.of(ReconciliationState.MISSING)

    @property
    def totals(self) -> tuple[Total, ...]:
        found = []
        for currency in sorted({row.currency for row in self.rows if row.has_invoice}):
            of_currency = [row for row in self.rows if row.has_invoice and row.currency == currency]
            ordered = sum((row.total for row in of_currency), ZERO)
            invoiced, credited = (
                sum((row.invoiced for row in of_currency), ZERO),
                sum((row.credited for row in of_currency), ZERO),
            )
            found.append(Total(currency, ordered, invoiced, credited))
        return tuple(found)


def as_json(found: Reconciliation) -> dict[str, Any]:
    return {
        "shop": found.shop_id,
        "month": found.month,
        "ok": found.is_complete,
        "counts": {state: len(found.of(state)) for state in ReconciliationState},
        "totals": [
            {
                "currency": total.currency,
                "ordered": written(total.ordered),
                "invoiced": written(total.invoiced),
                "credited": written(total.credited),
            }
            for total in found.totals
        ],
        "orders": [row_as_json(row) for row in found.rows],
    }


def problems_as_json(found: Reconciliation) -> dict[str, Any]:
    """The same without the orders that are well: those are counted, and a shop has many."""
    well = (ReconciliationState.COMPLETE, ReconciliationState.NOTHING_DUE, ReconciliationState.KEPT)
    return {**as_json(found), "orders": [row_as_json(row) for row in found.rows if row.state not in well]}


def row_as_json(row: ReconciledOrder) -> dict[str, Any]:
    return {
        "order_id": row.order_id,
        "number": row.number,
        "status": row.status,
        "placed_on": row.placed_on.isoformat(),
        "currency": row.currency,
        "total": written(row.total),
        "state": row.state,
        "message": row.message,
        "documents": [document_as_json(made) for made in row.issued],
    }


def document_as_json(made: DocumentDetails) -> dict[str, Any]:
    fields = serializers.document(made)
    return {name: fields[name] for name in ("number", "kind", "total", "mailed_at", "noted_at")}
