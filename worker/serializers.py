"""JSON of documents and orders: one set of names for the API, the webhooks and `--json` of the command line.

Each table below is all there is to know of a field: its name, type and meaning, and where its value is read.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from worker.domain import peppol as peppol_rules
from worker.domain.access_point import RESPONSES
from worker.domain.attention import Harm
from worker.domain.attention_reasons import REASONS
from worker.domain.channel import ChannelKind
from worker.domain.document import ASKING, Category, Draft, Kind, Line, VatLine
from worker.domain.health import HealthRoad, RoadHealth, RoadState
from worker.domain.money import written
from worker.domain.needs import NeedGroup, Needs
from worker.domain.payment import PaymentSource
from worker.domain.payment_method import Means
from worker.domain.reminder import ReminderKind
from worker.domain.shop import Shop
from worker.domain.step import MAIL, STEPS, WRITE_BACK
from worker.domain.vat_check import VatCheck
from worker.domain.webhook import WebhookEventKind
from worker.json_type import Field, Fields, Json, JsonType, array_of, named, nullable, object_of, one_of, tell
from worker.message import read_message
from worker.store.audit_trail import AuditEntry
from worker.store.channels import Channel
from worker.store.deliveries import Delivery
from worker.store.orders import StoredOrder
from worker.store.payment_rows import Payment
from worker.store.queries.jobs import Job
from worker.store.queries.order_history import DocumentDetails, OrderHistory
from worker.store.queries.reminder_outlook import Outlook
from worker.store.register import NumberStatus
from worker.store.reminders import StoredReminder
from worker.store.roads import FailingRoad, RoadKind
from worker.store.steps import Step
from worker.store.tasks import Task
from worker.store.transmissions import Transmission
from worker.store.vat_checks import StoredVatCheck
from worker.store.webhooks import WebhookEndpoint, WebhookEvent

OfVat = TypeVar("OfVat", Line, VatLine)


def instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


TEXT = JsonType({"type": "string"})
URI = JsonType({"type": "string", "format": "uri"})
BOOLEAN = JsonType({"type": "boolean"})
INTEGER = JsonType({"type": "integer"})
AMOUNT = JsonType({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}, written)
NUMBER = JsonType({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}, str)
DAY = JsonType({"type": "string", "format": "date"}, date.isoformat)
INSTANT = JsonType({"type": "string", "format": "date-time"}, instant)
SHA256 = JsonType({"type": "string", "pattern": "^[0-9a-f]{64}$"})
NOTHING: Field[Any] = JsonType({"type": "null"}).read(lambda _: None)
STATE = one_of(("waiting", "running", "done", "failed", "skipped"))
HARM = one_of(harm.name.lower() for harm in Harm)


# A document or a draft

PROBLEM = object_of({"code": TEXT, "message": TEXT, "asks": BOOLEAN})
PROBLEMS = array_of(named("Problem", PROBLEM))
VAT_COUNTRY = TEXT.means("Whose VAT it is: the seller's country, or under OSS the buyer's.")
VAT_LINE: Fields[VatLine] = {
    "rate": AMOUNT,
    "category": one_of(Category),
    "base": AMOUNT,
    "vat": AMOUNT,
    "vat_country": VAT_COUNTRY,
}
# What came in for a document; below zero where it went back.
PAYMENT: Fields[Payment] = {
    "amount": AMOUNT,
    "paid_on": DAY,
    "source": one_of(PaymentSource),
    "method": TEXT,
    "reference": TEXT,
    "transaction": nullable(TEXT).read(lambda one: one.outside_ref),
}
PEPPOL: Fields[Transmission] = {
    "state": one_of(("open", "unknown", "accepted", "delivered", "failed")),
    "recipient": TEXT.means("The buyer's Peppol address, like 0208:0403170701."),
    "provider": TEXT,
    "reference": TEXT.means("The document's id with the access point."),
    "sent_at": nullable(INSTANT),
    "evidence": TEXT.means("Ids of the message on the network."),
    "responses": array_of(one_of(RESPONSES))
    .means("What the buyer answered (Invoice Response, UNCL 4343), oldest first.")
    .read(lambda way: way.responses.split()),
    "reason": TEXT.means("Why it failed, in the access point's words."),
}
# What documents and drafts share; what only one of them has is null on the other.
DOCUMENT_OR_DRAFT: Fields[DocumentDetails] = {
    "shop": TEXT.read(lambda item: item.shop_id),
    "document_id": NOTHING,
    "draft_id": NOTHING,
    "order_id": INTEGER.read(lambda item: item.draft.order_id),
    "order_number": TEXT.read(lambda item: item.draft.order_number),
    "kind": one_of(Kind).read(lambda item: item.draft.kind),
    "number": NOTHING,
    "status": NOTHING,
    "cause": TEXT.read(lambda item: item.draft.cause),
    "created_at": NOTHING,
    "issued_on": NOTHING,
    "issued_at": NOTHING,
    "buyer": TEXT.read(lambda item: item.draft.buyer.company or item.draft.buyer.name),
    "currency": TEXT.read(lambda item: item.draft.currency),
    "net": AMOUNT.read(lambda item: item.draft.net),
    "vat": AMOUNT.read(lambda item: item.draft.vat),
    "rounding": AMOUNT.read(lambda item: item.draft.rounding),
    "total": AMOUNT.read(lambda item: item.draft.total),
    "vat_lines": array_of(object_of(VAT_LINE)).read(lambda item: with_countries(item.draft.vat_lines, item.draft)),
    "language": TEXT.read(lambda item: item.draft.language),
    "second_language": nullable(TEXT)
    .means("In which titles and legal sentences stand a second time.")
    .read(lambda item: item.draft.second_language or None),
    "corrects": nullable(TEXT).read(lambda item: item.draft.corrects.number if item.draft.corrects else None),
    "deposit_invoices": array_of(TEXT)
    .means("On the invoice of a balance: the numbers of the invoices of its deposit.")
    .read(lambda item: [one.number for one in item.draft.deposit_invoices]),
    "test": BOOLEAN.read(lambda item: item.draft.test),
    "paid": BOOLEAN.means(
        "Of an invoice: whether all of it came. Of an order confirmation or payment request: whether all that it asked came, by whatever "
        "way its order was paid. False of all else. `updated_since` finds invoices that were paid since, and no confirmations or requests."
    ).read(lambda item: item.is_paid),
    "paid_on": nullable(DAY).means("The day on which the last of it came."),
    "open": nullable(AMOUNT).means(
        "Of an invoice: what is still to be paid; below zero, what is to be given back. Null of all else, also where `paid` is false: an "
        "order's confirmation and its invoice ask for the same money."
    ),
    "payments": array_of(object_of(PAYMENT)),
    "mailed_at": nullable(INSTANT).read(lambda item: item.done_at(MAIL)),
    "noted_at": nullable(INSTANT).read(lambda item: item.done_at(WRITE_BACK)),
    "pdf_sha256": nullable(SHA256).read(lambda item: sha256_of(item, "pdf")),
    "xml_sha256": nullable(SHA256).read(lambda item: sha256_of(item, "xml")),
    # Null where it did not go that way: the step "transmit" says why.
    "peppol": nullable(object_of(PEPPOL)).read(lambda item: item.transmission),
    "problems": PROBLEMS.read(lambda item: item.draft.problems),
    # The customer's. Whoever has it has the files, so who tells of a document decides whether to tell it.
    "link": nullable(URI).read(lambda _: None),
}
DOCUMENT: Fields[DocumentDetails] = {
    **DOCUMENT_OR_DRAFT,
    "document_id": INTEGER.read(lambda item: item.document and item.document.document_id),
    "number": TEXT.read(lambda item: item.document and item.document.number),
    "status": one_of(("issued",)).read(lambda _: "issued"),
    "issued_on": DAY.read(lambda item: item.document and item.document.issued_on),
    "issued_at": INSTANT.read(lambda item: item.document and item.document.issued_at),
}
DRAFT: Fields[DocumentDetails] = {
    **DOCUMENT_OR_DRAFT,
    "draft_id": INTEGER.read(lambda item: item.stored_draft and item.stored_draft.draft_id),
    "status": one_of(("draft",)).read(lambda _: "draft"),
    "created_at": INSTANT.read(lambda item: item.stored_draft and item.stored_draft.created_at),
}


def document(item: DocumentDetails, *, link: str | None = None) -> Json:
    """A document or a waiting draft."""
    return {**tell(DOCUMENT if item.document else DRAFT, item), "link": link}


def sha256_of(item: DocumentDetails, file_format: str) -> str | None:
    stored = item.file(file_format)
    return stored.sha256 if stored else None


def with_countries(lines: Iterable[OfVat], draft: Draft) -> list[OfVat]:
    return [replace(line, vat_country=draft.vat_country_of(line)) for line in lines]


# What a document says beyond the list of documents

ADDRESS = object_of(dict.fromkeys(("street", "street_2", "postcode", "city", "state", "country"), TEXT))
SELLER = object_of(
    {
        "name": TEXT,
        "legal_form": TEXT,
        "address": ADDRESS,
        "vat_number": TEXT,
        "enterprise_number": TEXT,
        "register": TEXT,
        "email": TEXT,
        "phone": TEXT,
        "website": TEXT,
        "iban": TEXT,
        "bic": TEXT,
        "sole_trader": BOOLEAN,
    }
)
BUYER = object_of(
    {
        "name": TEXT,
        "company": TEXT,
        "address": ADDRESS,
        "email": TEXT,
        "phone": TEXT,
        "vat_number": TEXT,
        "vat_number_given": TEXT,
        "peppol_address": TEXT,
    }
)
LINE = object_of(
    {
        "description": TEXT,
        "sku": TEXT,
        "details": array_of(TEXT),
        "quantity": NUMBER,
        "unit_price": NUMBER,
        "net": AMOUNT,
        "gross": nullable(AMOUNT).means("With VAT, where the paper shows prices so; those of all lines are the total."),
        "rate": AMOUNT,
        "category": one_of(Category),
        "vat_country": VAT_COUNTRY,
        "mention": TEXT.means("The reason for no VAT, or oss; empty for the seller's own VAT."),
    }
)
PAYMENT_INSTRUCTIONS = object_of(
    {
        "reference": TEXT,
        "iban": TEXT,
        "bic": TEXT,
        "beneficiary": TEXT,
        "due_on": nullable(DAY),
        "pay_url": TEXT,
        "means": one_of(Means),
        "provider": TEXT,
    }
)
DELIVERY_WISH = object_of({"day": nullable(DAY), "hours": TEXT, "pick_up_point": TEXT})
VAT_CHECK: Fields[VatCheck] = {
    "number": TEXT,
    # Null where VIES could not say; *code* is why.
    "valid": nullable(BOOLEAN),
    "code": TEXT,
    "asked_at": nullable(INSTANT),
    "requester": TEXT,
    "request_identifier": TEXT,
    "name": TEXT,
    "address": TEXT,
}
CONTENT: Fields[Draft] = {
    "ordered_on": DAY,
    "lines": array_of(LINE).read(lambda draft: with_countries(draft.lines, draft)),
    "roundings": array_of(object_of({"rate": AMOUNT, "category": one_of(Category), "amount": AMOUNT})),
    "seller": SELLER,
    "buyer_details": BUYER.read(lambda draft: draft.buyer),
    "customer_language": TEXT.means("In which the customer is written to.").read(lambda draft: draft.mail_language),
    "ship_to": nullable(ADDRESS),
    "ship_to_name": TEXT,
    "payment": nullable(PAYMENT_INSTRUCTIONS),
    "prepaid": array_of(
        object_of(
            {"amount": NUMBER, "name": TEXT, "code": TEXT, "deposit": BOOLEAN, "received": BOOLEAN, "refunded": BOOLEAN}
        )
    ),
    "to_pay": AMOUNT,
    "payment_method": TEXT,
    "payment_title": TEXT.means("The payment method as the customer saw it."),
    "purchase_order": TEXT.means("The buyer's own number or reference for the order; empty without one."),
    "customer_note": TEXT,
    "supplied_on": nullable(DAY),
    "delivery": DELIVERY_WISH.means(
        "The day and hours that were chosen, and the point where the parcel waits, as the order says."
    ),
    "mentions": array_of(TEXT).read(lambda draft: [mention.text for mention in draft.mentions]),
    "mention_details": array_of(object_of({"key": TEXT, "text": TEXT, "second": TEXT}))
    .means("The same, with their keys and what stands in the second language.")
    .read(lambda draft: draft.mentions),
    "reason": TEXT,
    "exchange_rate": nullable(NUMBER).means("Units of the currency for 1 EUR."),
    "vat_eur": nullable(AMOUNT),
    "vat_check": nullable(object_of(VAT_CHECK)),
    "einvoice_obstacle": nullable(TEXT)
    .means("Why it can be a PDF only.")
    .read(lambda draft: peppol_rules.obstacle_of(draft) or None),
    "is_copy": BOOLEAN.means("Another system sends the e-invoice; the PDF is a copy of it."),
}
STEP: Fields[Step] = {
    "step": one_of(STEPS).read(lambda step: step.name),
    "state": STATE,
    "attempts": INTEGER,
    "code": TEXT,
    "message": TEXT,
    "detail": TEXT,
    "done_at": nullable(INSTANT),
}
STEPS_DONE = array_of(object_of(STEP))
WHOLE_DOCUMENT = object_of({**DOCUMENT, **CONTENT, "corrected_by": array_of(TEXT), "steps": STEPS_DONE})


def whole_document(item: DocumentDetails, *, link: str | None, corrected_by: Iterable[str]) -> Json:
    """A document with all that it says. *corrected_by* are the numbers of its credit notes."""
    told = {**document(item, link=link), **tell(CONTENT, item.draft)}
    return {**told, "corrected_by": list(corrected_by), "steps": STEPS_DONE.write(item.steps)}


# Every number with what became of it

REGISTER_ENTRY: Fields[NumberStatus] = {
    "shop": TEXT.read(lambda line: line.shop_id),
    "position": INTEGER,
    "number": TEXT,
    "kind": one_of(Kind),
    "series": TEXT,
    "sequence": INTEGER,
    "issued_on": DAY,
    "order_number": TEXT,
    "buyer": TEXT,
    "currency": TEXT,
    "net": AMOUNT,
    "vat": AMOUNT,
    "total": AMOUNT,
    "corrects": TEXT,
    "status": one_of(("issued", "paid", "credited", "partly credited")),
    "snapshot_sha256": SHA256,
    "previous_hash": SHA256,
    "hash": SHA256,
}


# Orders

# As last seen. Its key stays out: in the shop it opens the order to whoever has it.
ORDER: Fields[StoredOrder] = {
    "shop": TEXT.read(lambda seen: seen.shop_id),
    "order_id": INTEGER,
    "order_number": TEXT,
    "status": TEXT,
    "currency": TEXT,
    "total": NUMBER,
    "buyer": TEXT,
    "ordered_at": INSTANT,
    "paid_at": nullable(INSTANT),
    "fetched_at": INSTANT,
    "flags": PROBLEMS,
}
RULE_RESULT = object_of({"rule": TEXT, "fired": BOOLEAN, "code": TEXT, "message": TEXT})
WHOLE_ORDER: Fields[StoredOrder] = {**ORDER, "rule_results": array_of(RULE_RESULT)}
DELIVERY: Fields[Delivery] = {
    "id": INTEGER.read(lambda received: received.delivery_id),
    "source": TEXT,
    "topic": TEXT,
    "received_at": INSTANT,
    "sha256": SHA256.read(lambda received: received.body_sha256),
    "state": STATE,
    "attempts": INTEGER,
    "code": TEXT,
    "message": TEXT,
}
# From which network address stays out.
AUDIT_ENTRY: Fields[AuditEntry] = {
    "shop_id": TEXT,
    "at": INSTANT,
    "actor": TEXT,
    "code": TEXT,
    "message": TEXT,
    "order_id": nullable(INTEGER),
    "document_id": nullable(INTEGER),
}


def stored_vat_check(stored: StoredVatCheck) -> Json:
    """The same with VIES's answer as it came, and its hash."""
    return {**tell(VAT_CHECK, stored.check), "answer": stored.answer, "answer_sha256": stored.answer_sha256}


STORED_VAT_CHECK = JsonType(object_of({**VAT_CHECK, "answer": TEXT, "answer_sha256": SHA256}).schema, stored_vat_check)
HISTORY: Fields[OrderHistory] = {
    "order": nullable(named("WholeOrder", object_of(WHOLE_ORDER))),
    "treatment": nullable(object_of({"name": TEXT, "reason": TEXT, "by": TEXT, "at": INSTANT})),
    "deliveries": array_of(object_of(DELIVERY)),
    "documents": array_of(object_of({**DOCUMENT, "steps": STEPS_DONE})),
    "drafts": array_of(named("Draft", object_of(DRAFT))),
    "events": array_of(object_of(AUDIT_ENTRY)).read(lambda found: found.audit_entries),
    "vat_checks": array_of(STORED_VAT_CHECK),
}


def order_history(found: OrderHistory, *, link_of: Callable[[DocumentDetails], str | None]) -> Json:
    """An order's whole story: what came in, what was decided and why, what was made of it and what became of that."""
    told = tell(HISTORY, found)
    links = [link_of(item) for item in found.documents]
    return {**told, "documents": [{**one, "link": link} for one, link in zip(told["documents"], links, strict=True)]}


# Who is to pay, and how he is reminded

REMINDER_KIND = one_of(ReminderKind)
SENT: Fields[StoredReminder] = {
    "kind": REMINDER_KIND,
    "on": DAY.read(lambda one: one.sent_on),
    "open": AMOUNT,
    "costs": AMOUNT.read(lambda one: one.costs.costs),
    "interest": AMOUNT.read(lambda one: one.costs.interest),
}
REMINDERS: Fields[Outlook] = {
    "document_id": INTEGER.read(lambda outlook: outlook.document.document_id),
    "kind": one_of((Kind.INVOICE, *ASKING))
    .means("A confirmation or payment request: of an order that waits for a transfer and has no invoice yet.")
    .read(lambda outlook: outlook.document.draft.kind),
    "number": TEXT.read(lambda outlook: outlook.document.number),
    "order_id": INTEGER.read(lambda outlook: outlook.document.draft.order_id),
    "order_number": TEXT.read(lambda outlook: outlook.document.draft.order_number),
    "buyer": TEXT.read(lambda outlook: outlook.document.draft.buyer.company or outlook.document.draft.buyer.name),
    "due_on": nullable(DAY).read(
        lambda outlook: outlook.document.draft.payment and outlook.document.draft.payment.due_on
    ),
    "currency": TEXT.read(lambda outlook: outlook.document.draft.currency),
    "open": AMOUNT,
    "next": nullable(object_of({"kind": REMINDER_KIND, "on": DAY})).read(
        lambda outlook: None if outlook.is_stopped else outlook.next
    ),
    "held_back": nullable(TEXT)
    .means("Why none leaves now.")
    .read(lambda outlook: outlook.obstacle and outlook.obstacle.message),
    "stopped": BOOLEAN.means("A person said that nobody is reminded of it any more.").read(
        lambda outlook: outlook.is_stopped
    ),
    "last_day": nullable(DAY).means("The last to pay an order that is then cancelled by itself."),
    "sent": array_of(object_of(SENT)).read(lambda outlook: outlook.sent.values()),
}


# A shop: what needs a person, and how it goes

REASON: Fields[NeedGroup] = {
    "reason": one_of(one.name for one in REASONS).read(lambda group: group.reason.name),
    "harm": HARM.read(lambda group: group.reason.harm.name.lower()),
    "count": INTEGER,
    "since": INSTANT,
    "message": TEXT.read(lambda group: group.reason.sentence),
}
# By reason, the worst first.
NEEDS: Fields[Needs] = {
    "count": INTEGER.read(lambda found: found.total),
    "kept_drafts": INTEGER.means("Drafts that the shop's own rule keeps; not in `count`.").read(
        lambda found: found.kept
    ),
    "reasons": array_of(object_of(REASON)).read(lambda found: found.groups),
}
ROAD: Fields[RoadHealth] = {
    "road": one_of(HealthRoad),
    "state": one_of(RoadState),
    "since": nullable(INSTANT),
    "message": TEXT,
}
RESTED_ROAD: Fields[FailingRoad] = {
    "road": one_of(RoadKind).read(lambda failing: failing.road.kind),
    "since": INSTANT.read(lambda failing: failing.failing_since),
    "failures": INTEGER,
    "next_try_at": nullable(INSTANT).read(lambda failing: failing.rested_until),
    "message": TEXT,
}
SHOP: Fields[Shop] = {
    "shop": TEXT.read(lambda shop: shop.shop_id),
    "name": TEXT,
    "url": TEXT,
    "test": BOOLEAN,
    "suspended": BOOLEAN,
    "language": TEXT,
    "zone": TEXT,
}


# What was asked for, and what failed

TASK = object_of(
    {
        "task_id": INTEGER,
        "what": TEXT,
        "state": one_of(("waiting", "running", "done", "failed")),
        "of": INTEGER,
        "done": INTEGER.means("How many were tried."),
        "changed": INTEGER.means("Of how many it was done."),
        "code": TEXT.means("Why the whole was not done; empty where it was, or is still to be."),
        "message": TEXT,
        "items": array_of(
            object_of(
                {
                    "id": INTEGER,
                    "outcome": one_of(("waiting", "done", "refused", "unknown")),
                    "code": TEXT.means("Why it was refused."),
                    "message": TEXT,
                }
            )
        ),
        "has_file": BOOLEAN,
    }
)


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


FAILED_JOB: Fields[Job] = {
    "job_id": INTEGER,
    "work": TEXT.means("`process_order`, `settle_order`, or the name of a document's step.").read(lambda job: job.name),
    "order_id": nullable(INTEGER),
    "document_id": nullable(INTEGER),
    "number": TEXT,  # of the document that it is about
    "since": INSTANT,
    "attempts": INTEGER,
    "code": TEXT,
    "message": TEXT,
}


# Who else is told

EVENT = one_of(WebhookEventKind)
CHANNEL: Fields[Channel] = {
    "channel_id": INTEGER,
    "kind": one_of(ChannelKind),
    "host": TEXT.means("Of its address, which is told to nobody again."),  # who knows the whole may write there
    "for": nullable(TEXT).means("Whose it is; null: the shop's own.").read(lambda one: one.email or None),
    "from": HARM.read(lambda one: one.threshold.name.lower()),
    "owed": INTEGER.means("How many things are not told there yet.").read(lambda one: len(one.owed)),
    "failures": INTEGER,
    "failing_since": nullable(INSTANT),
    "message": TEXT,
    "told_at": nullable(INSTANT),
}
WEBHOOK_ENDPOINT: Fields[WebhookEndpoint] = {
    "endpoint_id": INTEGER,
    "shop": TEXT.read(lambda endpoint: endpoint.shop_id),
    "url": TEXT,
    "events": array_of(EVENT),
    "active": BOOLEAN.read(lambda endpoint: endpoint.stopped_at is None),
    "created_at": INSTANT,
    "created_by": TEXT,
    "stopped_at": nullable(INSTANT),
    "stop_message": TEXT,
}
WEBHOOK_EVENT: Fields[WebhookEvent] = {
    "id": INTEGER.read(lambda event: event.event_id),
    "event": EVENT.read(lambda event: event.kind),
    "document_id": INTEGER,
    "state": STATE,
    "attempts": INTEGER,
    "created_at": INSTANT,
    "next_at": nullable(INSTANT).read(lambda event: event.next_at if event.state == "waiting" else None),
    "message": TEXT,
    "done_at": nullable(INSTANT),
}
