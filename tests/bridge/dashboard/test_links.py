"""A walk over the pages as a person clicks: no link and no form leads to an address that is not there."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from tests.bridge.test_page_picture import a_pdf
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_credit_note_for, a_draft
from tests.support.personas import SITE, Visitor, signed_in
from worker.demo.orders import an_order
from worker.domain.actor import Actor
from worker.domain.decision import Decision
from worker.domain.document import Kind, Problem
from worker.domain.step import RENDER
from worker.domain.webhook import WebhookEventKind
from worker.message import Message
from worker.store import alerts, api_tokens, audit_trail, deliveries, drafts, jobs, orders, steps, tasks, webhooks
from worker.store.api_tokens import Scope
from worker.store.audit_trail import AuditEntry
from worker.store.database.encryption import Encryption
from worker.store.jobs import JobEnd
from worker.store.orders import OrderState
from worker.store.tasks import TaskRequest
from worker.store.users import Role
from worker.store.webhooks import NewEndpoint
from worker.woocommerce.payload import parse_order

TAG = re.compile(r"<[a-z][^>]*>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
# Where a browser goes by each: `data-wait` is asked by our script while a task is at work.
ADDRESSES = ("href", "action", "formaction", "src", "data-wait")


def addresses_on(page: TestResponse, path: str) -> Iterator[tuple[str, str]]:
    """Method and address of everything on a page that leads to our own site."""
    # Not every link leads to a page: one is to the plugin's zip.
    for found in TAG.finditer(page.text if page.mimetype == "text/html" else ""):
        attributes = {name: unescape(value) for name, value in ATTRIBUTE.findall(found[0])}
        for name in ADDRESSES:
            written = attributes.get(name, "#")
            address = urlsplit(urljoin(f"{SITE}{path}", written))
            if written.startswith("#") or f"{address.scheme}://{address.netloc}" != SITE:
                continue
            posts = name == "formaction" or (name == "action" and attributes.get("method") == "post")
            yield "POST" if posts else "GET", address.path + (f"?{address.query}" if address.query else "")


def leads_somewhere(routes: MapAdapter, method: str, address: str) -> bool:
    try:
        routes.match(address.partition("?")[0], method=method)
    except HTTPException:
        return False
    return True


def fill(app: BridgeApp) -> list[int]:
    """One of each thing that has pages or presses of its own. Returns the ids of the tasks."""
    invoice = app.issue(stored=a_pdf())  # it is drawn, so it must be one
    app.issue(number="C2026-00001", sequence=1, stored=a_pdf(), **a_credit_note_for(invoice, "5.00"))
    order = an_order(id=238, paid=True)
    app.deliver(json.dumps(order).encode())
    draft = a_draft(kind=Kind.INVOICE, cause="order:238:invoice:2", problems=(Problem("no_rate", Message("No rate.")),))
    with app.store.write() as connection:
        drafts.save_draft(connection, SHOP, draft, now=NOW)
        flags = (Problem("changed_after_invoice", Message("It changed.")),)
        orders.save(
            connection,
            SHOP,
            parse_order(json.dumps(order).encode()),
            OrderState(paid_at=None, decision=Decision(rule_results=(), flags=flags)),
            as_of=NOW,
        )
        task_ids = [
            tasks.request(connection, TaskRequest(shop_id=SHOP, kind=kind, argument={}, requested_by="An"), now=NOW)
            for kind in ("preview_document", "make_document", "export_documents")
        ]
        api_tokens.create(connection, shop_id=SHOP, name="books", scopes=tuple(Scope), by=Actor("An", NOW))
        webhooks.add(connection, Encryption(app.settings.secret_keys), NewEndpoint(shop_id=SHOP, url="https://books.example/hook", events=(WebhookEventKind.ISSUED,)), by=Actor("An", NOW))  # fmt: skip
        alerts.raise_alert(connection, SHOP, code="shop_refuses", message=Message("The shop refuses."), now=NOW)
        minute = timedelta(minutes=1)
        (delivery,) = deliveries.of_order(connection, SHOP, 238)
        leased_delivery = deliveries.take(connection, delivery.delivery_id, now=NOW, lease_for=minute)
        printed = steps.take(connection, RENDER, document_id=1, now=NOW, lease_for=minute)
        assert leased_delivery is not None
        assert printed is not None
        jobs.finish(
            connection,
            leased_delivery.lease,
            JobEnd(code="shop_slow", message=Message("No answer."), state="failed"),
            now=NOW,
        )
        jobs.finish(
            connection,
            printed.lease,
            JobEnd(state="failed", code="too_long", message=Message("It is too long.")),
            now=NOW,
        )
        audit_trail.add(
            connection, AuditEntry(SHOP, NOW, "An", "signed_in", Message("An signed in."), address="192.0.2.1")
        )
    return task_ids


def walk(visitor: Visitor, *start: str) -> tuple[set[str], dict[str, str]]:
    """Follow every link; the pages that were seen, and the addresses that lead nowhere with the page that names them."""
    routes = visitor.app.client.application.url_map.bind("documents.example", url_scheme="https")
    waiting, seen, broken = list(start), set(start), {}
    while waiting:
        path = waiting.pop()
        page = visitor.get(path)
        for method, address in addresses_on(page, path):
            if not leads_somewhere(routes, method, address):
                broken[f"{method} {address}"] = path
            # A list has as many addresses as it has filters and pages; one of each is enough.
            key = re.sub(r"=[^&]*", "", address)
            if method == "GET" and key not in seen and not address.startswith("/static/"):
                seen.add(key)
                waiting.append(address)
        if page.status_code >= 400:
            broken[f"{page.status_code} {path}"] = path
    return seen, broken


@pytest.mark.parametrize("who", ["viewer", "admin", "operator"])
def test_every_link_and_every_form_leads_to_an_address_that_exists(app: BridgeApp, who: str) -> None:
    task_ids = fill(app)
    role = {"viewer": Role.VIEWER, "admin": Role.ADMIN}.get(who)
    visitor = signed_in(app, f"{who}@shop.example", operator=role is None, roles={SHOP: role} if role else {})

    # No page leads to a task: one is brought to it by what one asked for.
    seen, broken = walk(visitor, "/shops", *(f"/s/{SHOP}/tasks/{task_id}" for task_id in task_ids))

    assert broken == {}
    assert {f"/s/{SHOP}/documents/1", f"/s/{SHOP}/drafts/1", f"/s/{SHOP}/orders/238"} <= seen


def test_the_pages_of_strangers_lead_somewhere_too(app: BridgeApp) -> None:
    assert walk(Visitor(app), "/sign-in")[1] == {}
