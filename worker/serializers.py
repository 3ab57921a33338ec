"""What programs are told: one set of names for the API, the webhooks and `--json` of the command line."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from worker.domain.document import Draft, Line, StoredDraft, VatLine
from worker.store.database import json_codec
from worker.store.deliveries import Delivery
from worker.store.orders import StoredOrder
from worker.store.queries.api_documents import DocumentSummary
from worker.store.register import NumberStatus
from worker.store.steps import Step, StepName

Json = dict[str, object]


def of_document(summary: DocumentSummary) -> Json:
    """All that needs no look at the document's snapshot."""
    return {
        "shop": summary.shop_id,
        "document_id": summary.document_id,
        "order_id": summary.order_id,
        "order_number": summary.order_number,
        "kind": summary.kind,
        "number": summary.number,
        "status": "issued",
        "cause": summary.cause,
        "issued_on": day(summary.issued_on),
        "issued_at": instant(summary.issued_at),
        "buyer": summary.buyer,
        "currency": summary.currency,
        "net": amount(summary.net),
        "vat": amount(summary.vat),
        "rounding": amount(summary.total - summary.net - summary.vat),
        "total": amount(summary.total),
        "language": summary.language,
        "corrects": summary.corrects,
        "test": summary.test,
        "paid": summary.is_paid,
        "paid_on": day(summary.paid_on),
        "mailed_at": instant(summary.mailed_at),
        "noted_at": instant(summary.noted_at),
        "pdf_sha256": summary.sha256.get("pdf"),
    }


def of_content(draft: Draft) -> Json:
    """What a document says beyond its summary, from its snapshot."""
    return {
        "vat_lines": [of_vat_line(line) for line in draft.vat_lines],
        "lines": [of_line(line) for line in draft.lines],
        "seller": plain(draft.seller),
        "buyer_details": plain(draft.buyer),
        "payment": plain(draft.payment),
        "payment_method": draft.payment_method,
        "supplied_on": day(draft.supplied_on),
        "mentions": [mention.text for mention in draft.mentions],
        "reason": draft.reason,
        "vat_eur": amount(draft.vat_eur) if draft.vat_eur is not None else None,
        "problems": plain(draft.problems),
    }


def of_draft(kept: StoredDraft) -> Json:
    """A draft that waits for a person: no number yet, and why not."""
    draft = kept.draft
    return {
        "shop": kept.shop_id,
        "draft_id": kept.draft_id,
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "kind": draft.kind,
        "status": "draft",
        "cause": draft.cause,
        "created_at": instant(kept.created_at),
        "buyer": draft.buyer.company or draft.buyer.name,
        "currency": draft.currency,
        "net": amount(draft.net),
        "vat": amount(draft.vat),
        "rounding": amount(draft.rounding),
        "total": amount(draft.total),
        "vat_lines": [of_vat_line(line) for line in draft.vat_lines],
        "language": draft.language,
        "corrects": draft.corrects.number if draft.corrects else None,
        "test": draft.test,
        "problems": plain(draft.problems),
    }


def of_vat_line(line: VatLine) -> Json:
    return {"rate": amount(line.rate), "category": line.category, "base": amount(line.base), "vat": amount(line.vat)}


def of_line(line: Line) -> Json:
    return {
        "description": line.description,
        "sku": line.sku,
        "details": list(line.details),
        "quantity": str(line.quantity),
        "unit_price": str(line.unit_price),
        "net": amount(line.net),
        "rate": amount(line.rate),
        "category": line.category,
    }


def of_steps(steps: Iterable[Step]) -> list[Json]:
    """In the order in which a document walks through them."""
    return [
        {
            "step": step.name,
            "state": step.state,
            "attempts": step.attempts,
            "code": step.code,
            "message": step.message,
            "detail": step.detail,
            "done_at": instant(step.done_at),
        }
        for step in sorted(steps, key=lambda step: list(StepName).index(step.name))
    ]


def of_delivery(delivery: Delivery) -> Json:
    return {
        "id": delivery.delivery_id,
        "source": delivery.source,
        "topic": delivery.topic,
        "received_at": instant(delivery.received_at),
        "sha256": delivery.body_sha256,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "code": delivery.code,
        "message": delivery.message,
    }


def of_order(seen: StoredOrder) -> Json:
    """An order as last seen. Its key stays out: in the shop it opens the order to whoever has it."""
    return {
        "shop": seen.shop_id,
        "order_id": seen.order_id,
        "order_number": seen.order_number,
        "status": seen.status,
        "currency": seen.currency,
        "total": str(seen.total),
        "buyer": seen.buyer,
        "ordered_at": instant(seen.ordered_at),
        "paid_at": instant(seen.paid_at),
        "fetched_at": instant(seen.fetched_at),
        "flags": plain(seen.flags),
    }


def of_number_status(line: NumberStatus) -> Json:
    """One number of the register with what became of it."""
    amounts = {name: amount(getattr(line, name)) for name in ("net", "vat", "total")}
    fields: Json = {name: value for name, value in vars(line).items() if name != "shop_id"}
    return {"shop": line.shop_id, **fields, "issued_on": day(line.issued_on), **amounts}


def plain(value: object) -> object:
    """A value of the domain as JSON has it."""
    return json.loads(json_codec.dump(value))


def amount(value: Decimal) -> str:
    return f"{value:.2f}"


def instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None
