"""Use case: what scripts and pages ask of the past: documents with all that became of them, and the trail of an order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.domain.document import Document, Draft, StoredDraft
from worker.errors import Rejected
from worker.net import document_link
from worker.serializers import amount, of_vat_line
from worker.services import Services
from worker.store import audit_trail, documents, orders, steps
from worker.store import deliveries as delivery_store
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import Delivery
from worker.store.documents import Mark, StoredFile
from worker.store.orders import StoredOrder
from worker.store.steps import Step, StepName

# A statement takes only so many parameters: 65,535 on PostgreSQL.
MOST_IDS = 5_000


@dataclass(frozen=True)
class ListedDocument:
    """A document or a waiting draft, with what became of it."""

    shop_id: str
    draft: Draft
    document: Document | None = None
    stored_draft: StoredDraft | None = None
    steps: tuple[Step, ...] = ()
    marks: tuple[Mark, ...] = ()
    files: tuple[StoredFile, ...] = ()
    link: str = ""

    def done_at(self, name: StepName) -> datetime | None:
        return next((step.done_at for step in self.steps if step.name is name and step.state == "done"), None)


@dataclass(frozen=True)
class OrderHistory:
    """One order's whole story."""

    seen: StoredOrder | None
    deliveries: tuple[Delivery, ...]
    documents: tuple[ListedDocument, ...]
    events: tuple[AuditEntry, ...]


def list_documents(
    services: Services, *, shop_id: str | None = None, order_id: int | None = None
) -> tuple[ListedDocument, ...]:
    """Documents first, oldest first, then the drafts that wait."""
    with services.store.read() as connection:
        stored_documents, drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
        all_steps: dict[int, dict[StepName, Step]] = {}
        all_marks: dict[int, dict[str, Mark]] = {}
        all_files: dict[int, tuple[StoredFile, ...]] = {}
        for some in batched([document.document_id for document in stored_documents], MOST_IDS):
            all_steps |= steps.of_documents(connection, some)
            all_marks |= documents.marks_of(connection, some)
            all_files |= documents.files_of(connection, some)
    settings = services.settings
    issued = tuple(
        ListedDocument(
            shop_id=document.shop_id,
            draft=document.draft,
            document=document,
            steps=tuple(all_steps.get(document.document_id, {}).values()),
            marks=tuple(all_marks.get(document.document_id, {}).values()),
            files=all_files.get(document.document_id, ()),
            link=document_link.url(
                settings.public_url, settings.secret_keys, document.document_id, now=document.issued_at
            ),
        )
        for document in stored_documents
    )
    return issued + tuple(
        ListedDocument(shop_id=draft.shop_id, draft=draft.draft, stored_draft=draft) for draft in drafts
    )


def batched(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def get_order_history(services: Services, shop_id: str, order_id: int) -> OrderHistory:
    """Everything about one order. Raises Rejected when nothing is known of it."""
    with services.store.read() as connection:
        seen = orders.find(connection, shop_id, order_id)
        deliveries = delivery_store.of_order(connection, shop_id, order_id)
        events = audit_trail.of_order(connection, shop_id, order_id)
    if seen is None and not deliveries:
        raise Rejected(f"Nothing was heard of order {order_id} of this shop yet.", code="order_unknown")
    return OrderHistory(seen, deliveries, list_documents(services, shop_id=shop_id, order_id=order_id), events)


def as_json(item: ListedDocument) -> dict[str, object]:
    """The object that `documents list --json` prints: amounts as strings with two decimals, instants in ISO 8601, UTC."""
    draft, document = item.draft, item.document
    mailed_at, noted_at = item.done_at(StepName.MAIL), item.done_at(StepName.WRITE_BACK)
    pdf = next((stored for stored in item.files if stored.format == "pdf"), None)
    paid = next((mark for mark in item.marks if mark.mark == "paid"), None)
    return {
        "shop": item.shop_id,
        "document_id": document.document_id if document else None,
        "draft_id": item.stored_draft.draft_id if item.stored_draft else None,
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "kind": draft.kind,
        "number": document.number if document else None,
        "status": "issued" if document else "draft",
        "paid": paid is not None,
        "cause": draft.cause,
        "issued_on": document.issued_on.isoformat() if document else None,
        "currency": draft.currency,
        "net": amount(draft.net),
        "vat": amount(draft.vat),
        "rounding": amount(draft.rounding),
        "total": amount(draft.total),
        "vat_lines": [of_vat_line(line) for line in draft.vat_lines],
        "language": draft.language,
        "corrects": draft.corrects.number if draft.corrects else None,
        "test": draft.test,
        "mailed_at": mailed_at.isoformat() if mailed_at else None,
        "noted_at": noted_at.isoformat() if noted_at else None,
        "pdf_sha256": pdf.sha256 if pdf else None,
        "link": item.link or None,
        "problems": [{"code": problem.code, "message": problem.message} for problem in draft.problems],
    }
