"""The shapes of answers, as JSON Schema for the OpenAPI file. Tests hold every answer against them."""

from collections.abc import Mapping, Sequence

from bridge.api.fields import Json
from worker.domain.access_point import RESPONSES
from worker.domain.attention import Harm
from worker.domain.attention_reasons import REASONS
from worker.domain.channel import ChannelKind
from worker.domain.document import ASKING, Category, Kind
from worker.domain.health import HealthRoad, RoadState
from worker.domain.payment import PaymentSource
from worker.domain.payment_method import Means
from worker.domain.reminder import ReminderKind
from worker.domain.step import STEPS
from worker.domain.webhook import WebhookEventKind
from worker.store.api_tokens import Scope
from worker.store.roads import RoadKind

TEXT: Json = {"type": "string"}
BOOLEAN: Json = {"type": "boolean"}
INTEGER: Json = {"type": "integer"}
AMOUNT: Json = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
NUMBER: Json = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
DAY: Json = {"type": "string", "format": "date"}
INSTANT: Json = {"type": "string", "format": "date-time"}
SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
KIND: Json = {"type": "string", "enum": list(map(str, Kind))}
CATEGORY: Json = {"type": "string", "enum": list(map(str, Category))}
EVENT: Json = {"type": "string", "enum": list(map(str, WebhookEventKind))}
STATE: Json = {"type": "string", "enum": ["waiting", "running", "done", "failed", "skipped"]}


def nullable(schema: Json) -> Json:
    """It, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def array_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def schema_ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(fields: Mapping[str, Json], *, optional: Sequence[str] = ()) -> Json:
    """An object with exactly these fields, all of them there but the *optional* ones."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def page_of(name: str, schema: Json, **more: Json) -> Json:
    return object_of({name: array_of(schema), "next": nullable({**TEXT, "format": "uri"}), **more})


ADDRESS = object_of(dict.fromkeys(("street", "street_2", "postcode", "city", "state", "country"), TEXT))
VAT_COUNTRY: Json = {**TEXT, "description": "Whose VAT it is: the seller's country, or under OSS the buyer's."}
VAT_LINE = object_of({"rate": AMOUNT, "category": CATEGORY, "base": AMOUNT, "vat": AMOUNT, "vat_country": VAT_COUNTRY})
PROBLEM = object_of({"code": TEXT, "message": TEXT, "asks": BOOLEAN})
RULE_RESULT = object_of({"rule": TEXT, "fired": BOOLEAN, "code": TEXT, "message": TEXT})
STEP = object_of(
    {
        "step": {"type": "string", "enum": list(STEPS)},
        "state": STATE,
        "attempts": INTEGER,
        "code": TEXT,
        "message": TEXT,
        "detail": TEXT,
        "done_at": nullable(INSTANT),
    }
)
VAT_CHECK: dict[str, Json] = {
    "number": TEXT,
    "valid": nullable(BOOLEAN),
    "code": TEXT,
    "asked_at": nullable(INSTANT),
    "requester": TEXT,
    "request_identifier": TEXT,
    "name": TEXT,
    "address": TEXT,
}
NOTHING: Json = {"type": "null"}
PEPPOL = object_of(
    {
        "state": {"type": "string", "enum": ["open", "unknown", "accepted", "delivered", "failed"]},
        "recipient": {**TEXT, "description": "The buyer's Peppol address, like 0208:0403170701."},
        "provider": TEXT,
        "reference": {**TEXT, "description": "The document's id with the access point."},
        "sent_at": nullable(INSTANT),
        "evidence": {**TEXT, "description": "Ids of the message on the network."},
        "responses": {
            **array_of({"type": "string", "enum": list(RESPONSES)}),
            "description": "What the buyer answered (Invoice Response, UNCL 4343), oldest first.",
        },
        "reason": {**TEXT, "description": "Why it failed, in the access point's words."},
    }
)
# What documents and drafts share; what only one of them has is null on the other.
PAID = object_of(
    {
        "amount": AMOUNT,
        "paid_on": DAY,
        "source": {"type": "string", "enum": list(map(str, PaymentSource))},
        "method": TEXT,
        "reference": TEXT,
        "transaction": nullable(TEXT),
    }
)
DOCUMENT: dict[str, Json] = {
    "shop": TEXT,
    "document_id": NOTHING,
    "draft_id": NOTHING,
    "order_id": INTEGER,
    "order_number": TEXT,
    "kind": KIND,
    "number": NOTHING,
    "status": TEXT,
    "cause": TEXT,
    "created_at": NOTHING,
    "issued_on": NOTHING,
    "issued_at": NOTHING,
    "buyer": TEXT,
    "currency": TEXT,
    "net": AMOUNT,
    "vat": AMOUNT,
    "rounding": AMOUNT,
    "total": AMOUNT,
    "vat_lines": array_of(VAT_LINE),
    "language": TEXT,
    "second_language": {
        **nullable(TEXT),
        "description": "In which titles and legal sentences stand a second time.",
    },
    "corrects": nullable(TEXT),
    "deposit_invoices": {
        **array_of(TEXT),
        "description": "On the invoice of a balance: the numbers of the invoices of its deposit.",
    },
    "test": BOOLEAN,
    "paid": BOOLEAN,
    "paid_on": nullable(DAY),
    "open": {
        **nullable(AMOUNT),
        "description": "Of an invoice: what is still to be paid; below zero, what is to be given back.",
    },
    "payments": array_of(PAID),
    "mailed_at": nullable(INSTANT),
    "noted_at": nullable(INSTANT),
    "pdf_sha256": nullable(SHA256),
    "xml_sha256": nullable(SHA256),
    "peppol": nullable(PEPPOL),
    "problems": array_of(schema_ref("Problem")),
    "link": nullable({**TEXT, "format": "uri"}),
}
ISSUED: dict[str, Json] = {
    **DOCUMENT,
    "document_id": INTEGER,
    "number": TEXT,
    "status": {"type": "string", "enum": ["issued"]},
    "issued_on": DAY,
    "issued_at": INSTANT,
}
DRAFT: dict[str, Json] = {
    **DOCUMENT,
    "draft_id": INTEGER,
    "status": {"type": "string", "enum": ["draft"]},
    "created_at": INSTANT,
}
SELLER = object_of(
    {
        "address": ADDRESS,
        "sole_trader": BOOLEAN,
        **dict.fromkeys(
            (
                "name",
                "legal_form",
                "vat_number",
                "enterprise_number",
                "register",
                "email",
                "phone",
                "website",
                "iban",
                "bic",
            ),
            TEXT,
        ),
    }
)
BUYER = object_of(
    {
        "address": ADDRESS,
        **dict.fromkeys(
            ("name", "company", "email", "phone", "vat_number", "vat_number_given", "peppol_address"), TEXT
        ),
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
        "gross": nullable(
            {**AMOUNT, "description": "With VAT, where the paper shows prices so; those of all lines are the total."}
        ),
        "rate": AMOUNT,
        "category": CATEGORY,
        "vat_country": VAT_COUNTRY,
        "mention": {**TEXT, "description": "The reason for no VAT, or oss; empty for the seller's own VAT."},
    }
)
PAYMENT = object_of(
    {
        "due_on": nullable(DAY),
        "means": {"type": "string", "enum": list(map(str, Means))},
        **dict.fromkeys(("reference", "iban", "bic", "beneficiary", "pay_url", "provider"), TEXT),
    }
)
PREPAYMENT = object_of({"amount": NUMBER, "name": TEXT, "code": TEXT, "deposit": BOOLEAN})
ORDER: dict[str, Json] = {
    "shop": TEXT,
    "order_id": INTEGER,
    "order_number": TEXT,
    "status": TEXT,
    "currency": TEXT,
    "total": NUMBER,
    "buyer": TEXT,
    "ordered_at": INSTANT,
    "paid_at": nullable(INSTANT),
    "fetched_at": INSTANT,
    "flags": array_of(schema_ref("Problem")),
}
WEBHOOK_ENDPOINT: dict[str, Json] = {
    "endpoint_id": INTEGER,
    "shop": TEXT,
    "url": TEXT,
    "events": array_of(EVENT),
    "active": BOOLEAN,
    "created_at": INSTANT,
    "created_by": TEXT,
    "stopped_at": nullable(INSTANT),
    "stop_message": TEXT,
}

REMINDER_KIND: Json = {"type": "string", "enum": list(map(str, ReminderKind))}
TO_PAY = object_of(
    {
        "document_id": INTEGER,
        "kind": {
            "type": "string",
            "enum": [str(kind) for kind in (Kind.INVOICE, *ASKING)],
            "description": "A confirmation or payment request: of an order that waits for a transfer and has no invoice yet.",
        },
        "number": TEXT,
        "order_id": INTEGER,
        "order_number": TEXT,
        "buyer": TEXT,
        "due_on": nullable(DAY),
        "currency": TEXT,
        "open": AMOUNT,
        "next": nullable(object_of({"kind": REMINDER_KIND, "on": DAY})),
        "held_back": {**nullable(TEXT), "description": "Why none leaves now."},
        "stopped": {**BOOLEAN, "description": "A person said that nobody is reminded of it any more."},
        "last_day": {**nullable(DAY), "description": "The last to pay an order that is then cancelled by itself."},
        "sent": array_of(
            object_of({"kind": REMINDER_KIND, "on": DAY, "open": AMOUNT, "costs": AMOUNT, "interest": AMOUNT})
        ),
    }
)

CHANNEL: dict[str, Json] = {
    "channel_id": INTEGER,
    "kind": {"type": "string", "enum": list(map(str, ChannelKind))},
    "host": {**TEXT, "description": "Of its address, which is told to nobody again."},
    "for": nullable({**TEXT, "description": "Whose it is; null: the shop's own."}),
    "from": {"type": "string", "enum": [harm.name.lower() for harm in Harm]},
    "owed": {**INTEGER, "description": "How many things are not told there yet."},
    "failures": INTEGER,
    "failing_since": nullable(INSTANT),
    "message": TEXT,
    "told_at": nullable(INSTANT),
}
SCHEMAS: dict[str, Json] = {
    "Refusal": object_of({"error": TEXT, "message": TEXT, "field": TEXT}, optional=("field",)),
    "Problem": PROBLEM,
    "Document": object_of(ISSUED),
    "DocumentPage": page_of("documents", schema_ref("Document")),
    "WholeDocument": object_of(
        {
            **ISSUED,
            "ordered_on": DAY,
            "lines": array_of(LINE),
            "roundings": array_of(object_of({"rate": AMOUNT, "category": CATEGORY, "amount": AMOUNT})),
            "seller": SELLER,
            "buyer_details": BUYER,
            "customer_language": {**TEXT, "description": "In which the customer is written to."},
            "ship_to": {"anyOf": [ADDRESS, {"type": "null"}]},
            "ship_to_name": TEXT,
            "payment": {"anyOf": [PAYMENT, {"type": "null"}]},
            "prepaid": array_of(PREPAYMENT),
            "to_pay": AMOUNT,
            "payment_method": TEXT,
            "payment_title": {**TEXT, "description": "The payment method as the customer saw it."},
            "purchase_order": {
                **TEXT,
                "description": "The buyer's own number or reference for the order; empty without one.",
            },
            "customer_note": TEXT,
            "supplied_on": nullable(DAY),
            "delivery": {
                **object_of({"day": nullable(DAY), "hours": TEXT, "pick_up_point": TEXT}),
                "description": "The day and hours that were chosen, and the point where the parcel waits, as the order says.",
            },
            "mentions": array_of(TEXT),
            "mention_details": {
                **array_of(object_of({"key": TEXT, "text": TEXT, "second": TEXT})),
                "description": "The same, with their keys and what stands in the second language.",
            },
            "reason": TEXT,
            "exchange_rate": {**nullable(NUMBER), "description": "Units of the currency for 1 EUR."},
            "vat_eur": nullable(AMOUNT),
            "vat_check": {"anyOf": [object_of(VAT_CHECK), {"type": "null"}]},
            "einvoice_obstacle": {**nullable(TEXT), "description": "Why it can be a PDF only."},
            "is_copy": {**BOOLEAN, "description": "Another system sends the e-invoice; the PDF is a copy of it."},
            "corrected_by": array_of(TEXT),
            "steps": array_of(STEP),
        }
    ),
    "Reminders": TO_PAY,
    "ReminderPage": page_of("reminders", schema_ref("Reminders")),
    "Draft": object_of(DRAFT),
    "DraftPage": page_of("drafts", schema_ref("Draft")),
    "Order": object_of(ORDER),
    "OrderPage": page_of("orders", schema_ref("Order")),
    "WholeOrder": object_of({**ORDER, "rule_results": array_of(RULE_RESULT)}),
    "Trail": object_of(
        {
            "order": nullable(schema_ref("WholeOrder")),
            "treatment": nullable(object_of({"name": TEXT, "reason": TEXT, "by": TEXT, "at": INSTANT})),
            "deliveries": array_of(
                object_of(
                    {
                        "id": INTEGER,
                        "source": TEXT,
                        "topic": TEXT,
                        "received_at": INSTANT,
                        "sha256": SHA256,
                        "state": STATE,
                        "attempts": INTEGER,
                        "code": TEXT,
                        "message": TEXT,
                    }
                )
            ),
            "documents": array_of(object_of({**ISSUED, "steps": array_of(STEP)})),
            "drafts": array_of(schema_ref("Draft")),
            "events": array_of(
                object_of(
                    {
                        "shop_id": TEXT,
                        "at": INSTANT,
                        "actor": TEXT,
                        "code": TEXT,
                        "message": TEXT,
                        "order_id": nullable(INTEGER),
                        "document_id": nullable(INTEGER),
                    }
                )
            ),
            "vat_checks": array_of(object_of({**VAT_CHECK, "answer": TEXT, "answer_sha256": SHA256})),
        }
    ),
    "RegisterPage": page_of(
        "register",
        object_of(
            {
                "shop": TEXT,
                "position": INTEGER,
                "number": TEXT,
                "kind": KIND,
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
                "status": {"type": "string", "enum": ["issued", "paid", "credited", "partly credited"]},
                "snapshot_sha256": SHA256,
                "previous_hash": SHA256,
                "hash": SHA256,
            }
        ),
        head=nullable(TEXT),
    ),
    "Shop": object_of(
        {
            "shop": TEXT,
            "name": TEXT,
            "url": TEXT,
            "test": BOOLEAN,
            "suspended": BOOLEAN,
            "language": TEXT,
            "zone": TEXT,
            "next_numbers": object_of({str(kind): TEXT for kind in Kind}),
            "rested": array_of(
                object_of(
                    {
                        "road": {"type": "string", "enum": list(map(str, RoadKind))},
                        "since": INSTANT,
                        "failures": INTEGER,
                        "next_try_at": nullable(INSTANT),
                        "message": TEXT,
                    }
                )
            ),
            "needs": object_of(
                {
                    "count": INTEGER,
                    "kept_drafts": {**INTEGER, "description": "Drafts that the shop's own rule keeps; not in `count`."},
                    "reasons": array_of(
                        object_of(
                            {
                                "reason": {"type": "string", "enum": [one.name for one in REASONS]},
                                "harm": {"type": "string", "enum": [one.name.lower() for one in Harm]},
                                "count": INTEGER,
                                "since": INSTANT,
                                "message": TEXT,
                            }
                        )
                    ),
                }
            ),
            "roads": array_of(
                object_of(
                    {
                        "road": {"type": "string", "enum": list(map(str, HealthRoad))},
                        "state": {"type": "string", "enum": list(map(str, RoadState))},
                        "since": nullable(INSTANT),
                        "message": TEXT,
                    }
                )
            ),
            "token": object_of({"name": TEXT, "scopes": array_of({"type": "string", "enum": list(map(str, Scope))})}),
        }
    ),
    "WebhookEndpoint": object_of(WEBHOOK_ENDPOINT),
    "MarkedPaid": object_of(
        {
            "documents": array_of(
                object_of(
                    {
                        "document_id": INTEGER,
                        "marked": BOOLEAN,
                        "code": {**TEXT, "description": "Why it was not marked; empty where it was."},
                        "message": TEXT,
                    }
                )
            )
        }
    ),
    "Task": object_of(
        {
            "task_id": INTEGER,
            "what": TEXT,
            "state": {"type": "string", "enum": ["waiting", "running", "done", "failed"]},
            "of": INTEGER,
            "done": {**INTEGER, "description": "How many were tried."},
            "changed": {**INTEGER, "description": "Of how many it was done."},
            "code": {**TEXT, "description": "Why the whole was not done; empty where it was, or is still to be."},
            "message": TEXT,
            "items": array_of(
                object_of(
                    {
                        "id": INTEGER,
                        "outcome": {"type": "string", "enum": ["waiting", "done", "refused", "unknown"]},
                        "code": {**TEXT, "description": "Why it was refused."},
                        "message": TEXT,
                    }
                )
            ),
            "has_file": BOOLEAN,
        }
    ),
    "FailedJobPage": page_of(
        "jobs",
        object_of(
            {
                "job_id": INTEGER,
                "work": {**TEXT, "description": "`process_order`, `settle_order`, or the name of a document's step."},
                "order_id": nullable(INTEGER),
                "document_id": nullable(INTEGER),
                "number": TEXT,
                "since": INSTANT,
                "attempts": INTEGER,
                "code": TEXT,
                "message": TEXT,
            }
        ),
    ),
    "Channel": object_of(CHANNEL),
    "NewChannel": object_of({**CHANNEL, "secret": nullable(TEXT)}),
    "ChannelList": object_of({"channels": array_of(schema_ref("Channel"))}),
    "NewWebhookEndpoint": object_of({**WEBHOOK_ENDPOINT, "secret": TEXT}),
    "WebhookEndpointList": object_of({"webhook_endpoints": array_of(schema_ref("WebhookEndpoint"))}),
    "WebhookEventList": object_of(
        {
            "events": array_of(
                object_of(
                    {
                        "id": INTEGER,
                        "event": EVENT,
                        "document_id": INTEGER,
                        "state": STATE,
                        "attempts": INTEGER,
                        "created_at": INSTANT,
                        "next_at": nullable(INSTANT),
                        "message": TEXT,
                        "done_at": nullable(INSTANT),
                    }
                )
            )
        }
    ),
    "WebhookPayload": object_of(
        {
            "id": INTEGER,
            "event": EVENT,
            "occurred_at": INSTANT,
            "shop": TEXT,
            "document": schema_ref("Document"),
            "credit_note": nullable(schema_ref("Document")),
        }
    ),
}
