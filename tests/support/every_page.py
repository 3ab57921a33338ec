"""Each page that an operator can open, each list of the API, and what lists are asked for: for tests and benchmarks that walk them."""

import re
from collections.abc import Iterator

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from bridge import create_app
from tests.support.system import System
from worker.store import api_tokens, sessions, users
from worker.store.api_tokens import Scope
from worker.store.users import NewUser

# What lists are asked for, beside what each page shows by itself.
FILTERS = (
    "documents?kind=credit_note", "documents?since=2026-02-01&until=2026-02-10", "documents?unpaid=1", "documents?mail_failed=1",
    "documents?q=jan+peeters", "documents?q=zeldzaam2000x", "documents?list=drafts", "orders?status=on-hold", "orders?attention=1",
    "orders?q=jan+peeters", "orders?q=zeldzaam2000x", "orders?q=o2026-12", "jobs?state=waiting", "documents?by=buyer", "documents?by=amount", "documents?by=amount&sort=newest", "documents?by=number", "orders?by=number", "documents?unpaid=1&by=amount", "documents?list=drafts&by=amount", "orders?by=status", "activity?q=ORDER", "activity?q=peeters", "activity/deliveries?q=ORDER", "activity/deliveries?q=peeters", "jobs?q=peeters", "orders?status=on-hold&by=amount", "jobs?by=why", "jobs?kind=step&name=mail&code=mail_refused",
    "activity/deliveries?state=failed", "documents?list=drafts&since=2026-02-01", "payments?by=open", "payments?by=buyer&sort=newest", "payments?since=2026-02-01&until=2026-02-10",
    "payments/bank?state=counted", "payments/bank?state=done", "accounting/journal?since=2026-03-01&until=2026-03-31", "accounting/vat-return?period=2026-Q1",
)  # fmt: skip
API = (
    "documents?issued_from=2026-03-01",
    "documents?updated_since=2026-11-22T00:00:00Z",
    "documents?order_id=238",
    "orders?status=on-hold",
)


def every_page(app: Flask, shop_id: str, *, order_id: int, document_id: int) -> Iterator[str]:
    """The addresses, of one shop and of what is there. Not all of them answer with a page: some are of things that are not there."""
    there = {
        "shop_id": shop_id,
        "order_id": str(order_id),
        "document_id": str(document_id),
        "name": "mail_refused",
        "series": "invoice",
        "period": "2026",
    }
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            yield from (filled(rule, there, choice=choice) for choice in choices(rule))
    yield from (f"/s/{shop_id}/{path.replace('ORDER', str(order_id))}" for path in FILTERS)
    yield from (f"/api/v1/{path}" for path in API)


def choices(rule: Rule) -> list[str]:
    """What `<any(…)>` in its address may be; one of nothing where there is none."""
    found = re.search(r"<any\(([^)]*)\)", rule.rule)
    return found[1].split(", ") if found else [""]


def filled(rule: Rule, there: dict[str, str], *, choice: str = "") -> str:
    """An address of *rule*: of the shop and of what is *there*; of several, the one of *choice* or the first."""
    path = re.sub(r"<any\([^>]*>", choice or choices(rule)[0], rule.rule)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: there.get(found[1], "1"), path)


def operator(system: System) -> tuple[FlaskClient, str]:
    """An operator's browser, and a token of the shop."""
    now = system.clock.now
    with system.services.store.write() as connection:
        new = NewUser("els@host.example", "Els", "-", language="nl", operator=True)
        there = users.by_email(connection, new.email)
        user_id = there.user_id if there else users.add(connection, new, now=now)
        session = sessions.begin(connection, user_id, agent="", now=now)
        shop_id = system.shop_id
        token = api_tokens.create(connection, shop_id=shop_id, name="x", scopes=tuple(Scope), by=system.person)[1]
    client = create_app(system.services.settings, now=lambda: now).test_client()
    client.set_cookie("__Host-facturelay", session, domain="documents.test", secure=True)
    return client, token
