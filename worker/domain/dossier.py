"""All that is known of one order when it is decided on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from worker.domain.credit_balance import credit_balance_of
from worker.domain.decision import Reason
from worker.domain.document import Document, History, Kind
from worker.domain.order import Order, Refund
from worker.domain.order_payment import counts_as_paid, is_paid, status_of
from worker.domain.order_status import DISCARDED, OVER_STATUSES
from worker.domain.shop import Shop
from worker.message import Message

# The code of a reason: what a rule asks is there already.
ALREADY_MADE = "already_made"


@dataclass(frozen=True)
class Dossier:
    """An order, what became of it in the shop (*refunds*) and here (*history*). *today* is the date in the shop's zone."""

    order: Order
    refunds: tuple[Refund, ...]
    history: History
    shop: Shop
    today: date

    @cached_property
    def status(self) -> str:
        return status_of(self.order, self.shop)

    @cached_property
    def paid(self) -> bool:
        return is_paid(self.order, self.shop)

    @property
    def over(self) -> bool:
        return self.status in OVER_STATUSES

    @cached_property
    def counts_as_paid(self) -> bool:
        return self.paid if self.over else counts_as_paid(self.order, self.shop)

    @property
    def unread_refunds(self) -> tuple[int, ...]:
        """The refunds that the order names and that could not be read."""
        known = {refund.refund_id for refund in self.refunds}
        return tuple(one.refund_id for one in self.order.refunds if one.refund_id not in known)

    def cause_of(self, kind: Kind) -> str:
        return f"order:{self.order.order_id}:{kind}:{self.generation() if kind is Kind.INVOICE else 1}"

    def already_issued(self, cause: str) -> Reason | None:
        document = next((known for known in self.history.documents if known.draft.cause == cause), None)
        return (ALREADY_MADE, Message("It exists: {number}.", number=document.number)) if document else None

    def draft_discarded(self, cause: str) -> Reason | None:
        thrown_away = any(kept.discarded for kept in self.history.drafts if kept.draft.cause == cause)
        return ("discarded", DISCARDED) if thrown_away else None

    def latest_invoice(self) -> Document | None:
        """The latest invoice of the order."""
        invoices = [document for document in self.history.documents if document.draft.kind is Kind.INVOICE]
        return max(invoices, key=generation_of, default=None)

    def generation(self) -> int:
        """The number of the order's next invoice, from 1: the second follows when the first was credited whole."""
        invoice = self.latest_invoice()
        if invoice is None:
            return 1
        return generation_of(invoice) + (1 if self.is_cancelled(invoice) else 0)

    def is_cancelled(self, invoice: Document) -> bool:
        """Whether *invoice* was cancelled or replaced; refunds alone, however many, do not count."""
        credit_notes = self.history.credit_notes_of(invoice)
        whole = not credit_balance_of(invoice, (document.draft for document in credit_notes)).total
        return whole and any(document.draft.cause.startswith("cancel:") for document in credit_notes)

    def credited_and_deleted(self) -> Iterator[Document]:
        """The credit notes of refunds that the shop no longer has."""
        there = {refund.refund_id for refund in self.refunds} | {refund.refund_id for refund in self.order.refunds}
        for document in self.history.documents:
            if refund_of(document.draft.cause) not in {None, *there}:
                yield document


def refund_of(cause: str) -> int | None:
    """301 of `refund:301` and `refund:301:2`."""
    name, _, rest = cause.partition(":")
    refund_id = rest.partition(":")[0]
    return int(refund_id) if name == "refund" and refund_id.isdigit() else None


def generation_of(invoice: Document) -> int:
    """1 of `order:238:invoice:1`."""
    last = invoice.draft.cause.rpartition(":")[2]
    return int(last) if last.isdigit() else 1
