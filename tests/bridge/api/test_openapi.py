"""The OpenAPI file and the API are one: each route is in it, each answer is as it says, whatever a program sends."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bridge.api.examples import EXAMPLES, WEBHOOK_PAYLOAD
from bridge.api.routes import ROUTES
from bridge.api.schemas import SCHEMAS
from tests.support.api_client import ApiClient, a_token, saw
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_credit_note_for, a_draft
from tests.support.issued import pay
from worker.jobs.task import do_task
from worker.message import Message
from worker.services import Services
from worker.store import audit_trail, drafts, register
from worker.store.api_tokens import Scope
from worker.store.audit_trail import AuditEntry
from worker.store.database import json_codec

# A schema cannot say which addresses may be called, and the eleventh webhook is refused whatever it says; nor which days are to come,
# nor that who dismisses says why, nor which documents there are.
JUDGED_BEYOND_THE_SCHEMA = (
    "add_channel", "add_webhook_endpoint", "change_webhook_endpoint", "do_many", "mark_documents_paid", "mark_documents_not_paid",
    "zip_documents",
)  # fmt: skip
EXAMPLES_EACH = 8
# What makes the ids that later ones ask for.
FIRST = (
    "add_webhook_endpoint", "add_channel", "do_many", "zip_documents", "get_task", "get_task_file", "try_channel", "get_channel_test",
)  # fmt: skip


@pytest.fixture
def full(app: BridgeApp) -> BridgeApp:
    """A shop with one of everything."""
    invoice = app.issue()
    credit_note = app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(invoice, "5.00"))
    saw(app, 238)
    app.deliver()
    with app.store.write() as connection:
        for document in (invoice, credit_note):
            register.append(connection, document, json_codec.dump(document.draft))
        pay(connection, 1)
        drafts.save_draft(connection, SHOP, a_draft(cause="order:239:invoice:1"), now=NOW)
        audit_trail.add(
            connection,
            AuditEntry(SHOP, NOW, "worker", "issued", Message("{number} was issued.", number="F2026-00017"), 238, 1),
        )
    return app


def the_file(app: BridgeApp) -> dict[str, Any]:
    answer = app.client.get("/api/v1/openapi.json")
    assert answer.status_code == HTTPStatus.OK
    return dict(answer.json or {})


def test_every_route_is_in_the_file_and_nothing_else_is(app: BridgeApp) -> None:
    reached = {
        (method.lower(), re.sub(r"<(?:id:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD"}
    }
    described = {(method, path) for path, methods in the_file(app)["paths"].items() for method in methods}
    assert described == reached - {("get", "/openapi.json")}
    assert len(described) == len(ROUTES)


def test_the_file_is_for_everybody_and_names_our_own_address(app: BridgeApp) -> None:
    file = the_file(app)
    assert file["openapi"] == "3.1.0"
    assert file["servers"] == [{"url": "https://documents.example/api/v1"}]
    assert set(file["webhooks"]) == {"document.issued", "document.paid", "document.credited"}


def test_every_scope_is_asked_for_by_some_route_and_only_the_shop_is_open_to_all() -> None:
    assert {route.scope for route in ROUTES} == {*Scope, None}
    assert [route.name for route in ROUTES if route.scope is None] == ["get_shop"]


def test_every_example_fits_its_schema(app: BridgeApp) -> None:
    file = the_file(app)
    shown = [("WebhookPayload", WEBHOOK_PAYLOAD)]
    for methods in file["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                if "example" in content:
                    shown.append((content["schema"]["$ref"].rpartition("/")[2], content["example"]))
    assert len(shown) == 1 + len([name for name in EXAMPLES if ":" not in name])
    for name, example in shown:
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
        jsonschema_rs.validate(schema, example, validate_formats=True)


def cases(strategy: SearchStrategy[Case[Any]]) -> list[Case[Any]]:
    """The same cases each time."""
    found: list[Case[Any]] = []

    @given(case=strategy)
    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keep(case: Case[Any]) -> None:
        found.append(case)

    keep()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_the_file_says_whatever_is_asked(full: BridgeApp, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {a_token(full)}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", full.client.application)
    met: set[tuple[str, int]] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        excluded: list[CheckFunction] = [positive_data_acceptance] if name in JUDGED_BEYOND_THE_SCHEMA else []

        for case in cases(operation.as_strategy(generation_mode=mode)):
            full.now += timedelta(seconds=5)  # a token may ask only so often
            answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
            met.add((name, answer.status_code))
    assert {name for name, _ in met} == {route.name for route in ROUTES}
    assert {status for _, status in met} & {429, 500, 503} == set()
    if mode is GenerationMode.NEGATIVE:
        assert {status for _, status in met} >= {404, 422}


def test_every_route_answers_with_what_there_is(full: BridgeApp) -> None:
    """What a generator seldom hits: the ids that exist. Each answer is held against the schema of its route."""
    api = ApiClient(full, a_token(full))
    hook = {"url": "https://books.example.com/hook", "events": ["document.issued"]}
    bodies = {"add_webhook_endpoint": hook, "change_webhook_endpoint": {"events": ["document.paid"]}}
    bodies["mark_documents_paid"] = {"documents": [1]}
    bodies["mark_documents_not_paid"] = {"documents": [1]}
    bodies["skip_reminder"] = {"kind": "reminder_friendly"}
    bodies["do_many"] = {"what": "mail", "ids": [1]}
    bodies["zip_documents"] = {"documents": [1]}
    bodies["add_channel"] = {"kind": "ntfy", "url": "https://ntfy.example/winkel"}
    order = sorted(
        ROUTES,
        key=lambda route: (route.method == "DELETE", FIRST.index(route.name) if route.name in FIRST else len(FIRST)),
    )
    known = {"order_id": 238}
    for route in order:
        path = re.sub(r"\{(\w+)\}", lambda found: str(known.get(found[1], 1)), route.path)
        more = {"json": bodies[route.name]} if route.body else {}
        answer = api.ask(route.method, path, **more)
        assert answer.status_code in route.answers, route.name
        if answer.status_code == HTTPStatus.ACCEPTED:
            known["task_id"] = (answer.json or {})["task_id"]
            do_task(Services(full.settings, now=lambda: full.now), known["task_id"])
        content = route.answers[answer.status_code]
        assert route.name == "get_xml" or answer.status_code < HTTPStatus.BAD_REQUEST, route.name
        if content and "/" not in content:
            schema = {"$ref": f"#/components/schemas/{content}", "components": {"schemas": SCHEMAS}}
            jsonschema_rs.validate(schema, answer.json, validate_formats=True)
