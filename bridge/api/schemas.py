"""The schemas of the OpenAPI file by their names, from the tables that answers are made of. Tests hold every answer against them."""

from worker import serializers
from worker.domain.document import Kind
from worker.json_type import Json, JsonType, array_of, named, nullable, object_of, one_of
from worker.serializers import BOOLEAN, EVENT, INSTANT, INTEGER, TEXT, URI
from worker.store.api_tokens import Scope

DOCUMENT = object_of(serializers.DOCUMENT)
REMINDERS = object_of(serializers.REMINDERS)
DRAFT = object_of(serializers.DRAFT)
ORDER = object_of(serializers.ORDER)
CHANNEL = object_of(serializers.CHANNEL)
WEBHOOK_ENDPOINT = object_of(serializers.WEBHOOK_ENDPOINT)
SHOP = object_of(
    {
        **serializers.SHOP,
        "next_numbers": object_of({str(kind): TEXT for kind in Kind}),
        "rested": array_of(object_of(serializers.RESTED_ROAD)),
        "needs": object_of(serializers.NEEDS),
        "roads": array_of(object_of(serializers.ROAD)),
        "token": object_of({"name": TEXT, "scopes": array_of(one_of(Scope))}),
    }
)
MARKED_PAID = object_of(
    {
        "document_id": INTEGER,
        "marked": BOOLEAN,
        "code": TEXT.means("Why it was not marked; empty where it was."),
        "message": TEXT,
    }
)
WEBHOOK_PAYLOAD = object_of(
    {
        "id": INTEGER,
        "event": EVENT,
        "occurred_at": INSTANT,
        "shop": TEXT,
        "document": named("Document", DOCUMENT),
        "credit_note": nullable(named("Document", DOCUMENT)),
    }
)


def page_of(name: str, kind: JsonType, **more: JsonType) -> JsonType:
    return object_of({name: array_of(kind), "next": nullable(URI), **more})


TYPES = {
    "Refusal": object_of({"error": TEXT, "message": TEXT, "field": TEXT}, optional=("field",)),
    "Problem": serializers.PROBLEM,
    "Document": DOCUMENT,
    "DocumentPage": page_of("documents", named("Document", DOCUMENT)),
    "WholeDocument": serializers.WHOLE_DOCUMENT,
    "Reminders": REMINDERS,
    "ReminderPage": page_of("reminders", named("Reminders", REMINDERS)),
    "Draft": DRAFT,
    "DraftPage": page_of("drafts", named("Draft", DRAFT)),
    "Order": ORDER,
    "OrderPage": page_of("orders", named("Order", ORDER)),
    "WholeOrder": object_of(serializers.WHOLE_ORDER),
    "Trail": object_of(serializers.HISTORY),
    "RegisterPage": page_of("register", object_of(serializers.REGISTER_ENTRY), head=nullable(TEXT)),
    "Shop": SHOP,
    "WebhookEndpoint": WEBHOOK_ENDPOINT,
    "MarkedPaid": object_of({"documents": array_of(MARKED_PAID)}),
    "Task": serializers.TASK,
    "FailedJobPage": page_of("jobs", object_of(serializers.FAILED_JOB)),
    "Channel": CHANNEL,
    "NewChannel": object_of({**serializers.CHANNEL, "secret": nullable(TEXT)}),
    "ChannelList": object_of({"channels": array_of(named("Channel", CHANNEL))}),
    "NewWebhookEndpoint": object_of({**serializers.WEBHOOK_ENDPOINT, "secret": TEXT}),
    "WebhookEndpointList": object_of({"webhook_endpoints": array_of(named("WebhookEndpoint", WEBHOOK_ENDPOINT))}),
    "WebhookEventList": object_of({"events": array_of(object_of(serializers.WEBHOOK_EVENT))}),
    "WebhookPayload": WEBHOOK_PAYLOAD,
}
SCHEMAS: dict[str, Json] = {name: kind.schema for name, kind in TYPES.items()}


def schema_ref(name: str) -> Json:
    return named(name, TYPES[name]).schema
