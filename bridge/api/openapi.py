"""The OpenAPI file, made from the same table as the routes, so that the two cannot part."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version

from bridge.api.examples import EXAMPLES, WEBHOOK_PAYLOAD
from bridge.api.fields import ID, RequestField
from bridge.api.route import Route
from bridge.api.schemas import SCHEMAS, schema_ref
from worker.domain.webhook import WebhookEventKind
from worker.json_type import Json

INTRODUCTION = """Documents, orders and webhooks of one shop, for programs.

Send a token of the shop as `Authorization: Bearer fr_…` (`facturelay token add SHOP --name …`). Amounts are strings, instants
are ISO 8601 in UTC, ids are whole numbers. Lists come in pages by key: follow `next`, which `Link: rel="next"` repeats.
What is refused is answered with `error` (stable), `message` (a sentence) and, where one field is wrong, `field`.
Every `message` is a text for people: in English, or in Dutch, French or German where `Accept-Language` asks for it. Go by the codes.
About 300 requests a minute are taken from each token; above that comes 429 with `Retry-After`.

**Webhooks.** A call is a POST with a JSON body and the header `X-Facturelay-Signature: t=…,v1=…`: `v1` is the hexadecimal
HMAC-SHA256, under the endpoint's secret, of `t`, a dot and the raw body. Compute it over the bytes as they came, compare in constant time, refuse
a `t` that is more than five minutes old, and remember each `id`: after a crash the same call can come twice, and calls can overtake each other.
Answer with any 2xx within 8 seconds; redirects are not followed. Anything else is tried again, ever more slowly, for a day; then the
endpoint is stopped and the owner is notified. What waited goes out when it goes on; of what was issued while it stood still, ask `/documents`.
"""
REFUSALS = {
    401: "No token, or not a valid one",
    403: "The token lacks the scope",
    422: "A field is wrong",
    429: "Too fast",
}
BODY_REFUSALS = {400: "Not a JSON object", 413: "Too long", 415: "Not application/json"}
STATUS_DESCRIPTIONS = {
    200: "Found",
    201: "Made",
    202: "Taken on: the worker does it, `Location` says what became of it",
    204: "Removed",
    304: "Not changed",
    404: "Not there, or not this shop's",
}


def build_document(routes: Sequence[Route], *, server: str) -> Json:
    """The whole file for the API at *server*."""
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Facturelay", "version": version("facturelay"), "description": INTRODUCTION},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "webhooks": {str(event): webhook(event) for event in WebhookEventKind},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": SCHEMAS},
    }


def operation(route: Route) -> Json:
    scope = f"Scope: `{route.scope}`." if route.scope else "Any token."
    described: Json = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": " ".join(filter(None, (route.description, scope))),
        "parameters": [*path_parameters(route), *query_parameters(route.query)],
        "responses": responses(route),
    }
    if route.body:
        schema = body_schema(route.body)
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": EXAMPLES[f"{route.name}:body"]}},
        }
    return described


def path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": ID} for name in re.findall(r"\{(\w+)\}", route.path)
    ]


def query_parameters(fields: Iterable[RequestField]) -> list[Json]:
    return [
        {"name": field.name, "in": "query", "description": field.description, "schema": field.schema}
        for field in fields
    ]


def body_schema(fields: Sequence[RequestField]) -> Json:
    return {
        "type": "object",
        "properties": {field.name: {**field.schema, "description": field.description} for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def responses(route: Route) -> Json:
    described = {str(status): response(route, status, content) for status, content in route.answers.items()}
    refused = REFUSALS | (BODY_REFUSALS if route.body else {})
    for status, description in refused.items():
        if status != HTTPStatus.FORBIDDEN or route.scope:
            described[str(status)] = {"description": description, "content": in_json("Refusal")}
    return dict(sorted(described.items()))


def response(route: Route, status: int, content: str) -> Json:
    described: Json = {"description": STATUS_DESCRIPTIONS[status]}
    if "/" in content:
        described["content"] = {content: {"schema": {"type": "string", "format": "binary"}}}
        described["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The SHA-256 of the bytes."}}
    elif content:
        described["content"] = in_json(content)
        if status < HTTPStatus.BAD_REQUEST and route.name in EXAMPLES:
            described["content"]["application/json"]["example"] = EXAMPLES[route.name]
    return described


def in_json(name: str) -> Json:
    return {"application/json": {"schema": schema_ref(name)}}


def webhook(event: WebhookEventKind) -> Json:
    return {
        "post": {
            "summary": f"Sent to an endpoint on {event}",
            "security": [],
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                for name in ("X-Facturelay-Event", "X-Facturelay-Signature")
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": schema_ref("WebhookPayload"),
                        "example": {**WEBHOOK_PAYLOAD, "event": event},
                    }
                },
            },
            "responses": {"2XX": {"description": "Taken"}},
        }
    }
