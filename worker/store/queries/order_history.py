"""The story of an order: what came in, what was decided, what was made of it and what became of that. Told alike to pages and programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from sqlalchemy import Connection

from worker.domain import document_money
from worker.domain.document import ASKING, Document, Draft, Kind, StoredDraft
from worker.domain.document_money import DocumentMoney
from worker.domain.money import ZERO
from worker.domain.order_treatment import OrderTreatment
from worker.domain.payment import Balance
from worker.domain.reported_money import went_back
from worker.domain.step import MAIL, STEPS, TRANSMIT
from worker.errors import Rejected
from worker.message import Message
from worker.store import (
    audit_trail,
    deliveries,
    document_balances,
    document_files,
    document_links,
    documents,
    order_treatments,
    orders,
    payment_attempts,
    payment_rows,
    settle_orders,
    steps,
    transmissions,
    vat_checks,
)
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import Delivery
from worker.store.document_files import StoredFile
from worker.store.document_links import LinkRevocation
from worker.store.orders import StoredOrder
from worker.store.payment_rows import Payment
from worker.store.queries import document_money as read_money
from worker.store.steps import Step
from worker.store.transmissions import Transmission
from worker.store.vat_checks import StoredVatCheck


@dataclass(frozen=True)
class DocumentDetails:
    """An issued document or a waiting draft, with what became of it. *steps* are in the order in which they are done."""

    shop_id: str
    draft: Draft
    document: Document | None = None
    stored_draft: StoredDraft | None = None
    steps: tuple[Step, ...] = ()
    balance: Balance | None = None
    payments: tuple[Payment, ...] = ()  # its shares of what came in
    came_of_test: tuple[Decimal, date] | None = None  # which is among no payments, and when
    revocation: LinkRevocation | None = None
    files: tuple[StoredFile, ...] = ()
    transmission: Transmission | None = None  # its way by Peppol
    by_order: DocumentMoney | None = (
        None  # of a confirmation or payment request: what is asked of it by its order's money
    )

    @cached_property
    def money(self) -> DocumentMoney | None:
        """Of an invoice; None for all else: what is open of an order is not to be added up twice."""
        if self.document is None or self.balance is None or self.draft.kind is not Kind.INVOICE:
            return None
        if self.draft.test:
            return document_money.of_test(self.document, self.balance, self.came_of_test)
        return document_money.of_invoice(self.document, self.balance, went_back=went_back(self.payments))

    @property
    def is_paid(self) -> bool:
        return self.paid_on is not None

    @property
    def paid_on(self) -> date | None:
        """Of what asks for money: when all that it asks had come."""
        money = self.money or self.by_order
        return money.paid_on if money else None

    @property
    def is_owed(self) -> bool:
        """Whether a confirmation or payment request still asks for money."""
        return self.by_order is not None and self.by_order.is_owed

    @property
    def open(self) -> Decimal | None:
        """What is still to be paid of an invoice; below zero where it is to be given back. None for all else."""
        return self.money.open if self.money else None

    @property
    def credited(self) -> Decimal:
        """What credit notes took back of an invoice."""
        return self.money.credited if self.money else ZERO

    @property
    def is_credited(self) -> bool:
        """Whether that is all of it."""
        return bool(self.credited) and self.credited >= self.draft.total

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def done_at(self, name: str) -> datetime | None:
        step = self.step(name)
        return step.done_at if step is not None and step.state == "done" else None

    @property
    def was_told_of_loss(self) -> bool:
        """Whether the buyer was mailed after it turned out not to have arrived by Peppol."""
        lost, mailed = self.step(TRANSMIT), self.done_at(MAIL)
        return bool(lost and lost.done_at and mailed and mailed > lost.done_at)

    def file(self, file_format: str) -> StoredFile | None:
        return next((stored for stored in self.files if stored.format == file_format), None)


@dataclass(frozen=True)
class OrderHistory:
    """One order's whole story, oldest first in each part. *order* is None while it was not fetched yet."""

    order_id: int
    order: StoredOrder | None
    deliveries: tuple[Delivery, ...]
    documents: tuple[DocumentDetails, ...]
    drafts: tuple[DocumentDetails, ...]
    audit_entries: tuple[AuditEntry, ...]
    treatment: OrderTreatment | None = None  # what a person said of its VAT
    vat_checks: tuple[StoredVatCheck, ...] = ()
    not_settled: Message | None = None  # why it could not be set paid in the shop

    @property
    def items(self) -> tuple[DocumentDetails, ...]:
        """The documents, then the drafts that wait."""
        return self.documents + self.drafts

    @property
    def has_failed(self) -> bool:
        states = [delivery.state for delivery in self.deliveries]
        states += [step.state for item in self.documents for step in item.steps]
        return "failed" in states or self.not_settled is not None


def find(connection: Connection, shop_id: str, order_id: int) -> OrderHistory | None:
    """Everything about one order; None where nothing is known of it."""
    order = orders.find(connection, shop_id, order_id)
    delivered = deliveries.of_order(connection, shop_id, order_id)
    issued, drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    if order is None and not (delivered or issued or drafts):
        return None
    return OrderHistory(
        order_id=order_id,
        order=order,
        deliveries=delivered,
        documents=details(connection, issued),
        drafts=tuple(draft_details(draft) for draft in drafts),
        audit_entries=audit_trail.of_order(connection, shop_id, order_id),
        treatment=order_treatments.find(connection, shop_id, order_id),
        vat_checks=vat_checks.of_order(connection, shop_id, order_id),
        not_settled=settle_orders.failure_of(connection, shop_id, order_id),
    )


def get(connection: Connection, shop_id: str, order_id: int) -> OrderHistory:
    """Everything about one order. Raises Rejected when nothing is known of it."""
    found = find(connection, shop_id, order_id)
    if found is None:
        raise Rejected(
            "Nothing was received for order {order_id} of this shop yet.", order_id=order_id, code="order_unknown"
        )
    return found


def of_document(connection: Connection, shop_id: str, document_id: int) -> DocumentDetails | None:
    """A document of this shop; None when there is none, or it is another shop's."""
    found = documents.of_shop(connection, shop_id, document_id)
    return details(connection, (found,))[0] if found else None


def listing(
    connection: Connection, *, shop_id: str | None = None, order_id: int | None = None
) -> tuple[DocumentDetails, ...]:
    """The documents of all shops or one, of all orders or one, oldest first; then the drafts that wait."""
    issued, drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    return details(connection, issued) + tuple(draft_details(draft) for draft in drafts)


def details(connection: Connection, issued: Sequence[Document]) -> tuple[DocumentDetails, ...]:
    """What became of *issued*, in their order."""
    if not issued:
        return ()
    ids = [document.document_id for document in issued]
    tests = [document.document_id for document in issued if document.draft.test]
    all_steps = steps.of_documents(connection, ids)
    balances = document_balances.of_documents(connection, ids)
    paid = payment_rows.of_documents(connection, ids)
    came_of_tests = payment_attempts.paid_of(connection, tests) if tests else {}
    revocations = document_links.of_documents(connection, ids)
    all_files = document_files.files_of(connection, ids)
    ways = transmissions.of_documents(connection, ids)
    asking = read_money.of_documents(connection, [one for one in issued if one.draft.kind in ASKING])
    by_order = {money.document.document_id: money for money in asking}
    return tuple(
        DocumentDetails(
            shop_id=document.shop_id,
            draft=document.draft,
            document=document,
            steps=in_order(all_steps.get(document.document_id, {})),
            balance=balances[document.document_id],
            payments=paid.get(document.document_id, ()),
            came_of_test=came_of_tests.get(document.document_id),
            revocation=revocations.get(document.document_id),
            files=all_files.get(document.document_id, ()),
            transmission=ways.get(document.document_id),
            by_order=by_order.get(document.document_id),
        )
        for document in issued
    )


def in_order(of_one: Mapping[str, Step]) -> tuple[Step, ...]:
    return tuple(of_one[name] for name in STEPS if name in of_one)


def draft_details(draft: StoredDraft) -> DocumentDetails:
    return DocumentDetails(shop_id=draft.shop_id, draft=draft.draft, stored_draft=draft)
