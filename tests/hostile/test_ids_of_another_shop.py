"""Whoever may do all in one shop names what is another's: its ids at every address, in every task. He learns nothing, and changes nothing."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Table, insert, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from bridge import create_app
from bridge.context import EXTENSION_NAME
from bridge.dashboard.many import WORDS
from tests.support.every_table import AWKWARD, row
from tests.support.plugin_requests import PLUGIN_SECRET
from tests.support.system import System
from tests.support.task_requests import another_shop, done, paid
from worker.domain.actor import Actor
from worker.domain.setting_readers import read_rules
from worker.net.request_signature import sign_request
from worker.store import api_tokens, plugins, sessions, tasks, users
from worker.store.api_tokens import Scope
from worker.store.database.tables import metadata
from worker.store.plugins import NewPlugin
from worker.store.tasks import Task, TaskRequest
from worker.store.users import NewUser, Role
from worker.tasks import TASKS
from worker.tasks.many import WAYS

NOBODYS = 987_654_321
SITE = "https://documents.test"
# Whose ids each name in an address is.
TABLE_OF = {"delivery_id": "deliveries", "document_id": "documents", "draft_id": "drafts", "job_id": "jobs", "order_id": "orders",
            "task_id": "tasks", "token_id": "api_tokens", "endpoint_id": "webhook_endpoints", "channel_id": "channels",
            "line_id": "bank_lines", "statement_id": "bank_statements", "user_id": "memberships"}  # fmt: skip
KEEP = read_rules("invoice:paid:draft")
MARK = "Zonnebloemenweelde"
# What a program says there, beside the id in the address.
BODIES: dict[str, Any] = {
    "/api/v1/reminders/<id:document_id>/skip": {"kind": "reminder_friendly"},
    "/api/v1/webhook-endpoints/<id:endpoint_id>": {"active": False},
}
# What somebody types there, of which each page takes its own.
FIELDS = {
    "on": "2026-11-23",
    "role": "viewer",
    "why": "x",
    "reason": "x",
    "to": "x@elders.test",
    "again": "1",
    "numbers": "238",
}
# What each task wants beside the ids, and how those are called.
ARGUMENT: dict[str, Any] = {"kind": "invoice", "to": "x@elders.test", "why": "x", "code": "mail_refused", "what": "mail", "payment": "tr_1",
                            "since": "2026-01-01", "until": "2026-12-31", "rules": "invoice:paid:send", "shop": {}, "logo": None,
                            "month": "2026-11", "on": "2026-11-23", "send": True, "email": "koper@klant.test"}  # fmt: skip
NAMES = ("document_id", "draft_id", "order_id", "channel_id")


class Thief:
    """The admin of a shop of his own: a browser, and a token that may do all there."""

    def __init__(self, system: System, shop_id: str) -> None:
        self.shop_id, now = shop_id, system.clock.now
        with system.services.store.write() as connection:
            user_id = users.add(
                connection, NewUser("dief@elders.test", "Dief", "-", language="en", operator=False), now=now
            )
            users.give_role(connection, user_id, shop_id, Role.ADMIN)
            session = sessions.begin(connection, user_id, agent="", now=now)
            by = Actor("Dief", now)
            self.token = api_tokens.create(connection, shop_id=shop_id, name="x", scopes=tuple(Scope), by=by)[1]
            new = NewPlugin(shop_id, PLUGIN_SECRET, "http://shop.elders.test", "0.1.0")
            plugins.connect(connection, system.services.encryption, new, now=now)

        def later() -> datetime:  # the rates of pages and programs are not what is tried here
            system.clock.move(seconds=2)
            return system.clock.now

        app = create_app(system.services.settings, now=later)
        self.rules = [rule for rule in app.url_map.iter_rules() if rule.arguments & TABLE_OF.keys()]
        self.client: FlaskClient = app.test_client()
        self.client.set_cookie("__Host-facturelay", session, domain="documents.test", secure=True)
        self.form_token = re.findall(
            r'name="form_token" value="(\w+)"', self.client.get("/account", base_url=SITE).text
        )[0]

    def learns(self, rule: Rule, method: str, item_id: int) -> tuple[int, str]:
        """What he is answered, and what the next page says of it."""
        path = addressed(rule, self.shop_id, item_id)
        if path.startswith("/api/"):
            answer = self.tells(path, BODIES.get(rule.rule), method=method)
        else:
            answer = self.sends(path, method=method, **FIELDS)
        said = self.sends("/account", method="GET").text if answer.status_code == HTTPStatus.SEE_OTHER else ""
        return answer.status_code, re.sub(r"\d+", "1", answer.headers.get("Location", "") + answer.text + said)

    def sends(self, path: str, *, method: str = "POST", **fields: Any) -> TestResponse:
        data = {"form_token": self.form_token, "confirmed": "1", **fields} if method != "GET" else None
        return self.client.open(path, method=method, data=data, base_url=SITE)

    def tells(self, path: str, body: Any, *, method: str = "POST") -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.open(path, method=method, json=body, headers=headers, base_url=SITE)

    def calls(self, route: str, content: Mapping[str, Any], *, now: datetime) -> TestResponse:
        """As his shop's plugin."""
        body, time = json.dumps(content).encode(), int(now.timestamp())
        seal = sign_request(PLUGIN_SECRET, time=time, nonce=secrets.token_hex(16), route=route, body=body)
        signed = {"Time": seal.time, "Nonce": seal.nonce, "Signature": seal.signature, "Shop": self.shop_id}
        headers = {f"X-Facturelay-{name}": value for name, value in signed.items()}
        return self.client.post(route, data=body, headers=headers, base_url=SITE)


def addressed(rule: Rule, shop_id: str, item_id: int) -> str:
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule.replace("<shop_id>", shop_id))
    if "delivery_id" in rule.arguments:
        path = path.replace("<int:order_id>", "238")
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(item_id) if found[1] in TABLE_OF else "mail", path)


@pytest.fixture
def theirs(system: System) -> dict[str, list[int]]:
    """Somebody's shop with one at least of each thing that has an id: those ids, by table."""
    system.arrives(paid(238, number=f"{MARK}238"))
    system.change_shop(rules=KEEP)
    system.arrives(paid(239, number=f"{MARK}239"))
    store, tables = system.services.store, metadata.tables
    with store.write() as connection:
        jobs = tables["jobs"]
        connection.execute(
            jobs.update()
            .where(jobs.c.kind == "step", jobs.c.name == "mail")
            .values(state="failed", code="mail_refused")
        )
        users.give_role(connection, users.add(connection, NewUser("an@hier.test", MARK, "-", language="en", operator=False), now=system.clock.now), system.shop_id, Role.VIEWER)  # fmt: skip
        tasks.request(connection, TaskRequest(system.shop_id, "verify", {}, MARK), now=system.clock.now)
        for table in metadata.sorted_tables:
            if not connection.execute(select(table)).first() and "shop_id" in table.c:
                connection.execute(insert(table).values(marked(table, row(connection, table, 1))))
    with store.read() as connection:
        found = {
            name: list(connection.execute(select(tables[name].c[key])).scalars()) for key, name in TABLE_OF.items()
        }
    assert [name for name, ids in found.items() if not ids] == []
    return found


def marked(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """As *values*, with the mark where any text would do."""
    longest = {name: getattr(table.c[name].type, "length", None) for name in values}
    return {
        name: MARK[: longest[name]] if isinstance(value, str) and AWKWARD[:3] in value else value
        for name, value in values.items()
        if table.c[name] is not table.autoincrement_column
    }


def rows_but_of(system: System, thief: Thief) -> set[str]:
    """All that is stored, but what is the thief's."""
    with system.services.store.read() as connection:
        every = {
            f"{table.name}: {tuple(one)}"
            for table in metadata.sorted_tables
            for one in connection.execute(select(table))
        }
    return {one for one in every if thief.shop_id not in one and not one.startswith("sessions:")}


@pytest.fixture
def thief(system: System, theirs: dict[str, list[int]]) -> Iterator[Thief]:
    made = Thief(system, another_shop(system))
    yield made
    made.client.application.extensions[EXTENSION_NAME].store.close()


def walked(thief: Thief, theirs: dict[str, list[int]]) -> Iterator[tuple[Rule, str, int]]:
    for rule in thief.rules:
        (name,) = rule.arguments & TABLE_OF.keys() - ({"order_id"} if "delivery_id" in rule.arguments else set())
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for item_id in theirs[TABLE_OF[name]]:
                yield rule, method, item_id


def test_at_every_address_what_is_anothers_is_answered_as_what_is_not_there(
    system: System, theirs: dict[str, list[int]], thief: Thief
) -> None:
    before, told = rows_but_of(system, thief), []
    for rule, method, item_id in walked(thief, theirs):
        learnt = thief.learns(rule, method, item_id)
        assert learnt[0] < 500, (method, rule.rule)
        assert MARK not in learnt[1]
        told += [(method, rule.rule)] if learnt != thief.learns(rule, method, NOBODYS) else []

    assert told == []
    assert before - rows_but_of(system, thief) == set()


def test_the_plugin_of_a_shop_is_told_of_another_shops_ids_what_it_is_told_of_nothing(
    system: System, theirs: dict[str, list[int]], thief: Thief
) -> None:
    """What it asks to be done is a task."""
    keys = [item.draft.order_key for item in system.documents()]
    ids = [NOBODYS, *(item_id for some in theirs.values() for item_id in some)]
    told = set()
    for route in ("order", "orders", "files", "task/answer"):
        for item_id, key in product(ids, keys):
            named = {"order": item_id, "key": key}
            content = {**named, "orders": [named], "documents": [item_id], "task": item_id}
            answer = thief.calls(f"/plugin/{route}", content, now=system.clock.now)
            told.add((route, answer.status_code, len(re.sub(rb"\d+", b"1", answer.data))))

    assert {(route, status) for route, status, _ in told} == {
        *(("order", 200), ("orders", 200), ("files", 200), ("task/answer", 404))
    }
    assert len(told) == 4


def test_a_task_of_many_names_nothing_and_does_nothing_of_another_shop(
    system: System, theirs: dict[str, list[int]], thief: Thief
) -> None:
    """As a program asks for it, and as the page of what became of it shows it."""
    ids = sorted({NOBODYS, *(one for some in theirs.values() for one in some)})
    before = rows_but_of(system, thief)
    for what in WAYS:
        task = asked_by(system, thief, "do_many", {"what": what, "ids": ids})
        page = thief.sends(f"/s/{thief.shop_id}/many?task={task.task_id}", method="GET") if what in WORDS else None
        assert (task.state, page.status_code if page else 200) == ("done", 200)
        assert [one for one in task.answer["named"] if one["number"] not in ("", str(one["id"]))] == [], what
        assert page is None or MARK not in page.text

    assert before - rows_but_of(system, thief) == set()


def test_no_task_names_or_does_anything_of_another_shop(
    system: System, theirs: dict[str, list[int]], thief: Thief
) -> None:
    """Whatever page forgets to ask whose it is."""
    every = sorted({one for some in theirs.values() for one in some})
    before, kinds = rows_but_of(system, thief), sorted(TASKS.keys() - {"do_many", "close_shop"})
    for kind in kinds:
        for item_id in every if any(name in (TASKS[kind].__doc__ or "") for name in NAMES) else every[:1]:
            task = asked_by(system, thief, kind, {"ids": every, "document_ids": every, **dict.fromkeys(NAMES, item_id)})
            assert MARK not in str(task.answer), kind

    assert before - rows_but_of(system, thief) == set()


def asked_by(system: System, thief: Thief, kind: str, said: Mapping[str, Any]) -> Task:
    with system.services.store.write() as connection:
        asked = TaskRequest(thief.shop_id, kind, {**ARGUMENT, **said}, "Dief")
        task_id = tasks.request(connection, asked, now=system.clock.now)
    return done(system, task_id)
