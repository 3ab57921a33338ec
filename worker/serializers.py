"""JSON of documents and orders: one set of names for the API, the webhooks and `--json` of the command line."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from worker.domain import peppol as peppol_rules
from worker.domain.document import Draft, Line, VatLine
from worker.domain.health import RoadHealth
from worker.domain.money import written
from worker.domain.step import MAIL, WRITE_BACK
from worker.domain.vat_check import VatCheck
from worker.message import read_message
from worker.store.audit_trail import AuditEntry
from worker.store.channels import Channel
from worker.store.database import json_codec
from worker.store.deliveries import Delivery
from worker.store.orders import StoredOrder
from worker.store.payments import Payment
from worker.store.queries.attention import Needs
from worker.store.queries.jobs import Job
from worker.store.queries.order_history import DocumentDetails, OrderHistory
from worker.store.queries.reminder_outlook import Outlook
from worker.store.register import NumberStatus
from worker.store.tasks import Task
from worker.store.vat_checks import StoredVatCheck

Json = dict[str, object]


def document(item: DocumentDetails, *, link: str | None = None) -> Json:
    """A document or a waiting draft, in one shape everywhere: what one of them does not have is null.

    *link* is the customer's; whoever has it has the files, so who tells of a document decides whether to tell it.
    """
    draft, issued, waiting = item.draft, item.document, item.stored_draft
    pdf, xml = item.file("pdf"), item.file("xml")
    return {
        "shop": item.shop_id,
        "document_id": issued.document_id if issued else None,
        "draft_id": waiting.draft_id if waiting else None,
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "kind": draft.kind,
        "number": issued.number if issued else None,
        "status": "issued" if issued else "draft",
        "cause": draft.cause,
        "created_at": instant(waiting.created_at) if waiting else None,
        "issued_on": day(issued.issued_on) if issued else None,
        "issued_at": instant(issued.issued_at) if issued else None,
        "buyer": draft.buyer.company or draft.buyer.name,
        "currency": draft.currency,
        "net": amount(draft.net),
        "vat": amount(draft.vat),
        "rounding": amount(draft.rounding),
        "total": amount(draft.total),
        "vat_lines": [vat_line(line, draft) for line in draft.vat_lines],
        "language": draft.language,
        "second_language": draft.second_language or None,
        "corrects": draft.corrects.number if draft.corrects else None,
        "deposit_invoices": [one.number for one in draft.deposit_invoices],
        "test": draft.test,
        "paid": item.is_paid,
        "paid_on": day(item.paid_on),
        "open": amount(item.open) if item.open is not None else None,
        "payments": [payment(one) for one in item.payments],
        "mailed_at": instant(item.done_at(MAIL)),
        "noted_at": instant(item.done_at(WRITE_BACK)),
        "pdf_sha256": pdf.sha256 if pdf else None,
        "xml_sha256": xml.sha256 if xml else None,
        "peppol": peppol(item),
        "problems": plain(draft.problems),
        "link": link,
    }


def reminders(outlook: Outlook) -> Json:
    """An open invoice or unpaid order with the reminder that comes next, why it does not leave, and what was sent."""
    document, draft = outlook.document, outlook.document.draft
    coming, obstacle = outlook.next, outlook.obstacle
    return {
        "document_id": document.document_id,
        "kind": draft.kind,
        "number": document.number,
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "buyer": draft.buyer.company or draft.buyer.name,
        "due_on": day(draft.payment.due_on if draft.payment else None),
        "currency": draft.currency,
        "open": amount(outlook.open),
        "next": {"kind": coming.kind, "on": day(coming.on)} if coming and not outlook.is_stopped else None,
        "held_back": str(obstacle.message) if obstacle else None,
        "stopped": outlook.is_stopped,
        "last_day": day(outlook.last_day),
        "sent": [
            {
                "kind": one.kind,
                "on": day(one.sent_on),
                "open": amount(one.open),
                "costs": amount(one.costs.costs),
                "interest": amount(one.costs.interest),
            }
            for one in outlook.sent.values()
        ],
    }


def payment(one: Payment) -> Json:
    """What came in for a document; below zero where it went back."""
    return {
        "amount": amount(one.amount),
        "paid_on": day(one.paid_on),
        "source": one.source,
        "method": one.method,
        "reference": one.reference,
        "transaction": one.outside_ref,
    }


def peppol(item: DocumentDetails) -> Json | None:
    """Its way by Peppol; null where it did not go that way (the step "transmit" says why)."""
    way = item.transmission
    if way is None:
        return None
    return {
        "state": way.state,
        "recipient": way.recipient,
        "provider": way.provider,
        "reference": way.reference,
        "sent_at": instant(way.sent_at),
        "evidence": way.evidence,
        "responses": way.responses.split(),
        "reason": way.reason,
    }


def document_content(draft: Draft) -> Json:
    """What a document says beyond the list of documents."""
    return {
        "ordered_on": day(draft.ordered_on),
        "lines": [document_line(line, draft) for line in draft.lines],
        "roundings": [
            {"rate": amount(one.rate), "category": one.category, "amount": amount(one.amount)}
            for one in draft.roundings
        ],
        "seller": plain(draft.seller),
        "buyer_details": plain(draft.buyer),
        "customer_language": draft.mail_language,
        "ship_to": plain(draft.ship_to),
        "ship_to_name": draft.ship_to_name,
        "payment": plain(draft.payment),
        "prepaid": plain(draft.prepaid),
        "to_pay": amount(draft.to_pay),
        "payment_method": draft.payment_method,
        "payment_title": draft.payment_title,
        "purchase_order": draft.purchase_order,
        "customer_note": draft.customer_note,
        "supplied_on": day(draft.supplied_on),
        "delivery": plain(draft.delivery),
        "mentions": [mention.text for mention in draft.mentions],
        "mention_details": plain(draft.mentions),
        "reason": draft.reason,
        "exchange_rate": str(draft.exchange_rate) if draft.exchange_rate is not None else None,
        "vat_eur": amount(draft.vat_eur) if draft.vat_eur is not None else None,
        "vat_check": vat_check(draft.vat_check) if draft.vat_check else None,
        "einvoice_obstacle": peppol_rules.obstacle_of(draft) or None,
        "is_copy": draft.is_copy,
    }


def order_history(found: OrderHistory, *, link_of: Callable[[DocumentDetails], str | None]) -> Json:
    """An order's whole story: what came in, what was decided and why, what was made of it and what became of that."""
    return {
        "order": order_with_results(found.order) if found.order else None,
        "treatment": plain(found.treatment),
        "deliveries": [delivery(one) for one in found.deliveries],
        "documents": [{**document(item, link=link_of(item)), "steps": steps(item)} for item in found.documents],
        "drafts": [document(item) for item in found.drafts],
        "events": [audit_entry(entry) for entry in found.audit_entries],
        "vat_checks": [stored_vat_check(one) for one in found.vat_checks],
    }


def vat_check(check: VatCheck) -> Json:
    """What VIES said of the buyer's VAT number; *valid* is null where it could not say, and *code* is why."""
    return {
        "number": check.number,
        "valid": check.valid,
        "code": check.code,
        "asked_at": instant(check.asked_at),
        "requester": check.requester,
        "request_identifier": check.request_identifier,
        "name": check.name,
        "address": check.address,
    }


def stored_vat_check(stored: StoredVatCheck) -> Json:
    """The same with VIES's answer as it came, and its hash."""
    return {**vat_check(stored.check), "answer": stored.answer, "answer_sha256": stored.answer_sha256}


def vat_line(line: VatLine, draft: Draft) -> Json:
    return {
        "rate": amount(line.rate),
        "category": line.category,
        "base": amount(line.base),
        "vat": amount(line.vat),
        "vat_country": draft.vat_country_of(line),
    }


def document_line(line: Line, draft: Draft) -> Json:
    return {
        "description": line.description,
        "sku": line.sku,
        "details": list(line.details),
        "quantity": str(line.quantity),
        "unit_price": str(line.unit_price),
        "net": amount(line.net),
        "gross": None if line.gross is None else amount(line.gross),
        "rate": amount(line.rate),
        "category": line.category,
        "vat_country": draft.vat_country_of(line),
        "mention": line.mention,
    }


def steps(item: DocumentDetails) -> list[Json]:
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
        for step in item.steps
    ]


def audit_entry(entry: AuditEntry) -> Json:
    """What happened, and by whom; from which network address stays out."""
    return {
        "shop_id": entry.shop_id,
        "at": instant(entry.at),
        "actor": entry.actor,
        "code": entry.code,
        "message": entry.message,
        "order_id": entry.order_id,
        "document_id": entry.document_id,
    }


def delivery(received: Delivery) -> Json:
    return {
        "id": received.delivery_id,
        "source": received.source,
        "topic": received.topic,
        "received_at": instant(received.received_at),
        "sha256": received.body_sha256,
        "state": received.state,
        "attempts": received.attempts,
        "code": received.code,
        "message": received.message,
    }


def order(seen: StoredOrder) -> Json:
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


def order_with_results(seen: StoredOrder) -> Json:
    """An order with what each rule said of it."""
    return {**order(seen), "rule_results": plain(seen.rule_results)}


def number_status(line: NumberStatus) -> Json:
    """One number of the register with what became of it."""
    amounts = {name: amount(getattr(line, name)) for name in ("net", "vat", "total")}
    fields: Json = {name: value for name, value in vars(line).items() if name != "shop_id"}
    return {"shop": line.shop_id, **fields, "issued_on": day(line.issued_on), **amounts}


def plain(value: object) -> object:
    """A value of the domain as JSON has it."""
    return json_codec.plain(value, lambda message: message)


def amount(value: Decimal) -> str:
    return written(value)


def instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


# What needs a person, and how it goes


def needs(found: Needs) -> Json:
    """By reason, the worst first. *count* is of all of them; drafts kept by a rule and what only informs are not in it."""
    return {
        "count": found.total,
        "kept_drafts": found.kept,
        "reasons": [
            {
                "reason": group.reason.name,
                "harm": group.reason.harm.name.lower(),
                "count": group.count,
                "since": instant(group.since),
                "message": str(group.reason.sentence),
            }
            for group in found.groups
        ],
    }


def road(found: RoadHealth) -> Json:
    return {
        "road": found.road,
        "state": found.state,
        "since": instant(found.since),
        "message": str(found.message),
    }


def task(found: Task) -> Json:
    """What was asked for and only the worker can do: how far it is, and of each of many (`ids` of its argument) what became of it.

    An item waits, was done, or was refused with a code and a message. Where the whole was given up, or more were refused than are
    named, nobody wrote down which were done: they are unknown, and asking again does nothing twice.
    """
    answer, ids = found.answer, [int(one) for one in found.argument.get("ids", ())]
    is_failed, is_done = found.state == "failed", found.state == "done"
    done = int(answer.get("done", len(ids) if is_done else 0))
    refused = {int(one["id"]): one for one in answer.get("named", ())}
    rest = "unknown" if len(refused) < int(answer.get("left", 0)) else "done"
    items: list[Json] = []
    for place, item_id in enumerate(ids):
        why = refused.get(item_id)
        outcome = "refused" if why else "unknown" if is_failed else "waiting" if place >= done else rest
        said = {"code": why["code"], "message": read_message(why["message"])} if why else {"code": "", "message": ""}
        items.append({"id": item_id, "outcome": outcome, **said})
    return {
        "task_id": found.task_id,
        "what": str(found.argument.get("what", found.kind)),
        "state": found.state,
        "of": len(ids),
        "done": done,
        "changed": int(answer.get("changed", sum(item["outcome"] == "done" for item in items))),
        "code": str(answer.get("code", "")) if is_failed else "",
        "message": read_message(answer["message"]) if is_failed and answer.get("message") else "",
        "items": items,
        "has_file": is_done and "file" in answer,
    }


def failed_job(job: Job) -> Json:
    """Work of a shop that failed. *work* is its name; *number* of the document that it is about."""
    return {
        "job_id": job.job_id,
        "work": job.name,
        "order_id": job.order_id,
        "document_id": job.document_id,
        "number": job.number,
        "since": instant(job.since),
        "attempts": job.attempts,
        "code": job.code,
        "message": job.message,
    }


def channel(one: Channel) -> Json:
    """Where it leads is told by its host alone: who knows the whole address may write there."""
    return {
        "channel_id": one.channel_id,
        "kind": one.kind,
        "host": one.host,
        "for": one.email or None,
        "from": one.threshold.name.lower(),
        "owed": len(one.owed),
        "failures": one.failures,
        "failing_since": instant(one.failing_since),
        "message": one.message,
        "told_at": instant(one.told_at),
    }
