"""The shapes of answers, as JSON Schema for the OpenAPI file. Tests hold every answer against them."""

from collections.abc import Mapping, Sequence

from bridge.api.fields import Json
from worker.domain.document import Category, Kind
from worker.domain.webhook import HookEvent
from worker.store.api_tokens import Scope

TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
WHOLE: Json = {"type": "integer"}
AMOUNT: Json = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
NUMBER: Json = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
DAY: Json = {"type": "string", "format": "date"}
INSTANT: Json = {"type": "string", "format": "date-time"}
SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
KIND: Json = {"type": "string", "enum": list(map(str, Kind))}
CATEGORY: Json = {"type": "string", "enum": list(map(str, Category))}
EVENT: Json = {"type": "string", "enum": list(map(str, HookEvent))}
STATE: Json = {"type": "string", "enum": ["waiting", "running", "done", "failed", "skipped"]}


def maybe(schema: Json) -> Json:
    """It, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def some(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def a(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def thing(fields: Mapping[str, Json], *, optional: Sequence[str] = ()) -> Json:
    """An object with exactly these fields, all of them there but the *optional* ones."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def listed(name: str, schema: Json, **more: Json) -> Json:
    return thing({name: some(schema), "next": maybe({**TEXT, "format": "uri"}), **more})


ADDRESS = thing(dict.fromkeys(("street", "street_2", "postcode", "city", "state", "country"), TEXT))
VAT_LINE = thing({"rate": AMOUNT, "category": CATEGORY, "base": AMOUNT, "vat": AMOUNT})
PROBLEM = thing({"code": TEXT, "sentence": TEXT})
FINDING = thing({"rule": TEXT, "fired": FLAG, "code": TEXT, "sentence": TEXT})
STEP = thing(
    {
        "step": {"type": "string", "enum": ["render", "mail", "write_back"]},
        "state": STATE,
        "attempts": WHOLE,
        "reason_code": TEXT,
        "reason": TEXT,
        "detail": TEXT,
        "done_at": maybe(INSTANT),
    }
)
SUMMARY: dict[str, Json] = {
    "shop": TEXT,
    "document_id": WHOLE,
    "order_id": WHOLE,
    "order_number": TEXT,
    "kind": KIND,
    "number": TEXT,
    "status": {"type": "string", "enum": ["issued"]},
    "cause": TEXT,
    "issued_on": DAY,
    "issued_at": INSTANT,
    "buyer": TEXT,
    "currency": TEXT,
    "net": AMOUNT,
    "vat": AMOUNT,
    "rounding": AMOUNT,
    "total": AMOUNT,
    "language": TEXT,
    "corrects": maybe(TEXT),
    "test": FLAG,
    "paid": FLAG,
    "paid_on": maybe(DAY),
    "mailed_at": maybe(INSTANT),
    "noted_at": maybe(INSTANT),
    "pdf_sha256": maybe(SHA256),
}
LINKED: dict[str, Json] = {**SUMMARY, "link": maybe({**TEXT, "format": "uri"})}
SELLER = thing(
    {
        "address": ADDRESS,
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
BUYER = thing(
    {
        "address": ADDRESS,
        **dict.fromkeys(("name", "company", "email", "phone", "vat_number", "vat_number_given"), TEXT),
    }
)
LINE = thing(
    {
        "description": TEXT,
        "sku": TEXT,
        "details": some(TEXT),
        "quantity": NUMBER,
        "unit_price": NUMBER,
        "net": AMOUNT,
        "rate": AMOUNT,
        "category": CATEGORY,
    }
)
PAYMENT = thing(
    {
        "due_on": maybe(DAY),
        **dict.fromkeys(("reference", "iban", "bic", "beneficiary", "pay_url"), TEXT),
    }
)
ORDER: dict[str, Json] = {
    "shop": TEXT,
    "order_id": WHOLE,
    "order_number": TEXT,
    "status": TEXT,
    "currency": TEXT,
    "total": NUMBER,
    "buyer": TEXT,
    "ordered_at": INSTANT,
    "paid_at": maybe(INSTANT),
    "looked_at": INSTANT,
    "flags": some(a("Problem")),
}
HOOK: dict[str, Json] = {
    "hook_id": WHOLE,
    "shop": TEXT,
    "url": TEXT,
    "events": some(EVENT),
    "active": FLAG,
    "made_at": INSTANT,
    "made_by": TEXT,
    "stopped_at": maybe(INSTANT),
    "stopped_because": TEXT,
}

SCHEMAS: dict[str, Json] = {
    "Refusal": thing({"error": TEXT, "message": TEXT, "field": TEXT}, optional=("field",)),
    "Problem": PROBLEM,
    "Document": thing(LINKED),
    "DocumentPage": listed("documents", a("Document")),
    "WholeDocument": thing(
        {
            **LINKED,
            "vat_lines": some(VAT_LINE),
            "lines": some(LINE),
            "seller": SELLER,
            "buyer_details": BUYER,
            "payment": {"anyOf": [PAYMENT, {"type": "null"}]},
            "payment_method": TEXT,
            "supplied_on": maybe(DAY),
            "mentions": some(TEXT),
            "reason": TEXT,
            "vat_eur": maybe(AMOUNT),
            "problems": some(a("Problem")),
            "corrected_by": some(TEXT),
            "steps": some(STEP),
        }
    ),
    "Draft": thing(
        {
            "shop": TEXT,
            "draft_id": WHOLE,
            "order_id": WHOLE,
            "order_number": TEXT,
            "kind": KIND,
            "status": {"type": "string", "enum": ["draft"]},
            "cause": TEXT,
            "kept_at": INSTANT,
            "buyer": TEXT,
            "currency": TEXT,
            "net": AMOUNT,
            "vat": AMOUNT,
            "rounding": AMOUNT,
            "total": AMOUNT,
            "vat_lines": some(VAT_LINE),
            "language": TEXT,
            "corrects": maybe(TEXT),
            "test": FLAG,
            "problems": some(a("Problem")),
        }
    ),
    "DraftPage": listed("drafts", a("Draft")),
    "Order": thing(ORDER),
    "OrderPage": listed("orders", a("Order")),
    "WholeOrder": thing({**ORDER, "findings": some(FINDING)}),
    "Trail": thing(
        {
            "order": maybe(a("WholeOrder")),
            "deliveries": some(
                thing(
                    {
                        "id": WHOLE,
                        "source": TEXT,
                        "topic": TEXT,
                        "received_at": INSTANT,
                        "sha256": SHA256,
                        "state": STATE,
                        "attempts": WHOLE,
                        "outcome_code": TEXT,
                        "outcome": TEXT,
                    }
                )
            ),
            "documents": some(thing({**LINKED, "steps": some(STEP)})),
            "drafts": some(a("Draft")),
            "events": some(
                thing(
                    {
                        "shop_id": TEXT,
                        "at": INSTANT,
                        "actor": TEXT,
                        "code": TEXT,
                        "sentence": TEXT,
                        "order_id": maybe(WHOLE),
                        "document_id": maybe(WHOLE),
                    }
                )
            ),
        }
    ),
    "RegisterPage": listed(
        "register",
        thing(
            {
                "shop": TEXT,
                "position": WHOLE,
                "number": TEXT,
                "kind": KIND,
                "series": TEXT,
                "sequence": WHOLE,
                "issued_on": DAY,
                "order_number": TEXT,
                "buyer": TEXT,
                "currency": TEXT,
                "net": AMOUNT,
                "vat": AMOUNT,
                "total": AMOUNT,
                "corrects": TEXT,
                "fate": {"type": "string", "enum": ["issued", "paid", "credited", "partly credited"]},
                "snapshot_sha256": SHA256,
                "previous_hash": SHA256,
                "hash": SHA256,
            }
        ),
        head=maybe(TEXT),
    ),
    "Shop": thing(
        {
            "shop": TEXT,
            "name": TEXT,
            "url": TEXT,
            "test": FLAG,
            "suspended": FLAG,
            "language": TEXT,
            "zone": TEXT,
            "next_numbers": thing({str(kind): TEXT for kind in Kind}),
            "token": thing({"name": TEXT, "scopes": some({"type": "string", "enum": list(map(str, Scope))})}),
        }
    ),
    "Hook": thing(HOOK),
    "NewHook": thing({**HOOK, "secret": TEXT}),
    "HookList": thing({"hooks": some(a("Hook"))}),
    "CallList": thing(
        {
            "calls": some(
                thing(
                    {
                        "id": WHOLE,
                        "event": EVENT,
                        "document_id": WHOLE,
                        "state": STATE,
                        "attempts": WHOLE,
                        "made_at": INSTANT,
                        "next_at": maybe(INSTANT),
                        "reason": TEXT,
                        "done_at": maybe(INSTANT),
                    }
                )
            )
        }
    ),
    "Told": thing(
        {
            "id": WHOLE,
            "event": EVENT,
            "occurred_at": INSTANT,
            "shop": TEXT,
            "document": a("ToldDocument"),
            "credit_note": maybe(a("ToldDocument")),
        }
    ),
    "ToldDocument": thing(SUMMARY),
}
