"""What reconciling found: each order beside its documents, with the totals of a month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from worker import serializers
from worker.domain.document import Kind
from worker.domain.money import ZERO, written
from worker.domain.step import MAIL, WRITE_BACK
from worker.message import Message
from worker.store.queries.order_history import DocumentDetails


class ReconciliationState(StrEnum):
    COMPLETE = "complete"  # all that is due was made, mailed and noted
    NOTHING_DUE = "nothing_due"
    KEPT = "kept"  # a draft that the shop's own rule leaves to a person
    WAITS = "waits"  # for a person, or for work that is not done yet
    MISSING = "missing"
    FAILED = "failed"  # the documents are there, but something of them did not succeed, such as the mail
    GONE = "gone"  # documents of an order that the shop no longer lists


# What somebody must look at, the worst first.
NOT_WELL = (
    ReconciliationState.MISSING,
    ReconciliationState.FAILED,
    ReconciliationState.WAITS,
    ReconciliationState.GONE,
)
# So many of each are kept, with what they lack. Who has more of them has one trouble, not a thousand.
MOST_ROWS = 1000


@dataclass(frozen=True)
class MadeDocument:
    """What a comparison keeps of a document, or of a draft that waits, which has no number."""

    number: str
    kind: Kind
    currency: str
    total: Decimal
    charged: Decimal  # less what gift cards paid, which is no part of the shop's total
    is_cancellation: bool
    mailed_at: datetime | None
    noted_at: datetime | None


def as_made(made: DocumentDetails) -> MadeDocument:
    draft = made.draft
    return MadeDocument(
        made.document.number if made.document else "",
        draft.kind,
        draft.currency,
        draft.total,
        draft.total - draft.by_card,
        draft.cause.startswith("cancel:"),
        made.done_at(MAIL),
        made.done_at(WRITE_BACK),
    )


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
    documents: tuple[MadeDocument, ...] = ()

    @property
    def has_invoice(self) -> bool:
        return any(made.kind is Kind.INVOICE for made in self.issued)

    @property
    def issued(self) -> tuple[MadeDocument, ...]:
        return tuple(made for made in self.documents if made.number)

    @property
    def comparable(self) -> tuple[MadeDocument, ...]:
        """The documents in the currency that the order has now."""
        return tuple(made for made in self.issued if made.currency == self.currency)

    @property
    def invoiced(self) -> Decimal:
        invoices = (made.charged for made in self.comparable if made.kind is Kind.INVOICE)
        return sum(invoices, ZERO) - sum((made.total for made in self.comparable if made.is_cancellation), ZERO)

    @property
    def credited(self) -> Decimal:
        """What refunds took back."""
        notes = (made for made in self.comparable if made.kind is Kind.CREDIT_NOTE and not made.is_cancellation)
        return sum((made.total for made in notes), ZERO)


@dataclass(frozen=True)
class Total:
    """In one currency: what the shop sold in orders that have an invoice, and what our documents say of them."""

    currency: str
    ordered: Decimal
    invoiced: Decimal
    credited: Decimal


@dataclass(frozen=True)
class Reconciliation:
    """One month of one shop (`2026-11`, in the shop's zone), added up. *rows* are the orders that are not well, the worst first, a thousand
    of each state at most; *unmade* the ids of all that are missing and of which nothing was made."""

    shop_id: str
    month: str
    counts: Mapping[ReconciliationState, int]
    totals: tuple[Total, ...]
    rows: tuple[ReconciledOrder, ...]
    unmade: tuple[int, ...]

    def of(self, state: ReconciliationState) -> tuple[ReconciledOrder, ...]:
        return tuple(row for row in self.rows if row.state is state)

    @property
    def orders(self) -> int:
        return sum(self.counts.values())

    @property
    def missing(self) -> int:
        return self.counts[ReconciliationState.MISSING]

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.counts[ReconciliationState.FAILED]


@dataclass
class Tally:
    """Adds orders up, one after another: a month of a large shop need not fit in memory."""

    counts: dict[ReconciliationState, int] = field(default_factory=lambda: dict.fromkeys(ReconciliationState, 0))
    sums: dict[str, tuple[Decimal, Decimal, Decimal]] = field(default_factory=dict)
    rows: list[ReconciledOrder] = field(default_factory=list)
    unmade: list[int] = field(default_factory=list)

    def add(self, row: ReconciledOrder) -> None:
        self.counts[row.state] += 1
        if row.has_invoice:
            ordered, invoiced, credited = self.sums.get(row.currency, (ZERO, ZERO, ZERO))
            self.sums[row.currency] = (ordered + row.total, invoiced + row.invoiced, credited + row.credited)
        if row.state is ReconciliationState.MISSING and not row.documents:
            self.unmade.append(row.order_id)
        if row.state in NOT_WELL and self.counts[row.state] <= MOST_ROWS:
            self.rows.append(row)

    def result(self, shop_id: str, month: str) -> Reconciliation:
        totals = tuple(Total(currency, *sums) for currency, sums in sorted(self.sums.items()))
        rows = sorted(self.rows, key=lambda row: NOT_WELL.index(row.state))
        return Reconciliation(shop_id, month, self.counts, totals, tuple(rows), tuple(self.unmade))


def as_json(found: Reconciliation) -> dict[str, Any]:
    """Of the orders those that are not well: the others are counted, and a shop has many."""
    return {
        "shop": found.shop_id,
        "month": found.month,
        "ok": found.is_complete,
        "counts": found.counts,
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


def document_as_json(made: MadeDocument) -> dict[str, Any]:
    return {
        "number": made.number,
        "kind": made.kind,
        "total": written(made.total),
        "mailed_at": serializers.instant(made.mailed_at),
        "noted_at": serializers.instant(made.noted_at),
    }
