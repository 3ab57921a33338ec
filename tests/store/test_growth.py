"""No query reads more, the longer a shop's past is: each one that the program asks is watched at work, on both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import pytest

from bridge import create_app
from bridge.context import EXTENSION_NAME
from tests.integration.conftest import system
from tests.support import whole_reads
from tests.support.asked_statements import Asked, Recorder, recorded
from tests.support.every_page import every_page, operator
from tests.support.large_shop import LAST_ORDERS, Past, Words, fill
from tests.support.system import System
from tests.support.whole_reads import ASKED, BOUNDED, GROWING
from worker import scheduler
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind
from worker.domain.rules import Rule, Trigger
from worker.errors import Rejected, Unavailable
from worker.maintenance.whole_counts import count_whole
from worker.net import document_link
from worker.store import documents
from worker.store.database.engine import Store
from worker.store.order_search import MAX_CANDIDATES

__all__ = ["system"]  # the fixture

SITE = "https://documents.test"
ORDERS = 6000
PAID, WAITING = 9_000_001, 9_000_002  # orders that come in afterwards
# A list of fifty rows is some thousand steps of SQLite's machine; to read through the shop's documents alone, 20,000.
MOST_STEPS = 10_000
# The shop has 3,000 orders, 6,000 documents and 24,000 jobs.
MOST_ROWS = 1_500
READS = ("SELECT", "WITH")
# How many rows a list has is counted so far and no further: `pagination.MOST_COUNTED`.
COUNTED = (" AS some", ' AS "some"')
# A thousand rows at most, sorted by what no index holds.
SORTED = " AS sortable"
# These read more by right. With each, why.
ALLOWED = {
    "distance_sales.count_on": "goes on where it stopped the day before; this is its first day",
    "hourly_stats.sums_of": "the hours of a month",
    "uninvoiced.uninvoiced": "the orders of some months, each of which must have its invoice",
    "personal_data.forget_bodies": "so many at a time, which it changes",
    "tasks.delete_finished": "so many at a time, which it deletes",
    "order_lists.orders_page: order_search": "a word that many orders have: tried on so many rows and no more",
    "document_lists.documents_page: order_search": "the same",
    "activity.audit_trail_page: order_search": "the same",
    "jobs.jobs_page: order_search": "the same",
    "jobs.deliveries_page: order_search": "the same",
    "jobs.deliveries_page: OFFSET": "how far it was tried",
}


@dataclass(frozen=True)
class Walk:
    """What the program asked while it did all that it does, and what a page asked more than once, by its address."""

    asked: list[Asked]
    twice: dict[str, list[str]]


@pytest.fixture
def walk(system: System) -> Walk:
    """Of a shop with a long past that told of its first orders alone: whoever looks for what it told last has all the others before it."""
    past = Past(ORDERS, shops=20, shop_id=system.shop_id, now=system.clock.now, told=False)
    fill(system.services.store, past)
    # As the scheduler does once a day: this alone counts all there is.
    count_whole(system.services)
    system.services.store.close()
    with recorded() as recorder:
        twice = walk_pages(system, recorder)
        walk_worker(system)
        twice |= walk_links(system, recorder)
    return Walk([one for one in recorder.found.values() if one.caller], twice)


def is_allowed(one: Asked) -> bool:
    if one.statement.endswith(COUNTED) or SORTED in one.statement:
        return True
    whole = ".".join(one.caller.split(".")[-2:])
    return any(
        whole == caller and word in one.statement for caller, _, word in (name.partition(": ") for name in ALLOWED)
    )


def walk_pages(system: System, recorder: Recorder) -> dict[str, list[str]]:
    visitor, token = operator(system)
    statuses, twice = {}, {}
    for path in every_page(visitor.application, system.shop_id, order_id=238, document_id=476):
        headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {}
        recorder.same.clear()
        statuses[path] = visitor.get(path, base_url=SITE, headers=headers).status_code
        if again := recorder.asked_again():
            twice[path] = again
    visitor.application.extensions[EXTENSION_NAME].store.close()
    assert {path: status for path, status in statuses.items() if status == 500} == {}
    assert sum(1 for status in statuses.values() if status == 200) > 60
    return twice


def walk_links(system: System, recorder: Recorder) -> dict[str, list[str]]:
    """What customers see of documents: of an order that is paid, and of one that waits for its money."""
    keys, now, twice, seen = system.services.settings.secret_keys, system.clock.now, {}, set()
    customer = create_app(system.services.settings, now=lambda: now).test_client()
    with system.services.store.read() as connection:
        made = [documents.listing(connection, shop_id=system.shop_id, order_id=one)[0] for one in (PAID, WAITING)]
    for document in chain.from_iterable(made):
        kind, order_id = document.draft.kind, document.draft.order_id
        seen.add((kind, order_id))
        recorder.same.clear()
        answer = customer.get(f"/d/{document_link.sign(keys, document.document_id, now=now)}", base_url=SITE)
        assert answer.status_code == 200
        if again := recorder.asked_again():
            twice[f"/d/ of the {kind} of {order_id}"] = again
    customer.application.extensions[EXTENSION_NAME].store.close()
    assert {(Kind.INVOICE, PAID), (Kind.ORDER_CONFIRMATION, WAITING)} <= seen
    return twice


def walk_worker(system: System) -> None:
    """An order that is paid, one that is not, money given back, and all that is done again and again."""
    system.change_shop(rules=(Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED), Rule(Kind.INVOICE, Trigger.PAID)))
    orders = (an_order(id=PAID, paid=True), an_order(id=WAITING, paid=False, status="on-hold"))
    for order in orders:
        system.shop.place(order)
        system.receive(order)
        system.work()
    system.shop.place(orders[0], (a_refund(orders[0], id=9_000_003, amount="2.00"),))
    system.receive(orders[0])
    system.work()
    scheduler.enqueue_waiting(system.services)
    for job in scheduler.SHOP_JOBS:
        # What a busy machine answers too late is asked again some other time: here the queries count.
        with suppress(Rejected, Unavailable):
            job.do(system.services, system.connected)
    for all_shops in scheduler.GLOBAL_JOBS:
        with suppress(Rejected, Unavailable):
            all_shops.do(system.services)


@pytest.mark.slow
def test_no_query_reads_more_the_longer_the_past_is_and_no_page_asks_one_twice(walk: Walk, system: System) -> None:
    store, asked = system.services.store, walk.asked
    work = {one: steps_of(store, one) if store.is_sqlite else rows_read(store, one) for one in asked}
    most = MOST_STEPS if store.is_sqlite else MOST_ROWS
    assert len(asked) > 250
    too_much = [one for one in work if work[one] > most and not is_allowed(one)]
    assert [f"{work[one]}: {one.caller}: {one.statement}" for one in too_much] == []
    assert walk.twice == {}
    if not store.is_sqlite:
        assert [told for one in asked if not is_whole(one) for told in scans(store, one)] == []


def test_a_new_house_ends_as_the_old_one_does_and_has_names_of_very_many() -> None:
    """Or `benchmarks/growth.py` compares how full a page is."""
    old = Past(500_000)
    new = replace(old, orders=11_100, ends_as=old)
    ages = {past: [int(old.now.timestamp()) - at for at in instants(past)] for past in (new, old)}
    assert max(abs(mine - theirs) for mine, theirs in zip(ages[new], ages[old], strict=True)) <= 1
    whole = Words(new, is_sqlite=True)
    assert [count(new, f"{whole.name()} LIKE '{like}'") > MAX_CANDIDATES for like in ("Jan %", "% Peeters")] == [
        True
    ] * 2


def instants(past: Past) -> list[int]:
    """When the last orders came, the last one first."""
    numbers = range(past.orders, past.orders - LAST_ORDERS, -1)
    at = Words(past, is_sqlite=True).seconds("i")
    with closing(sqlite3.connect(":memory:")) as connection:
        return [
            connection.execute(f"SELECT {at} FROM (SELECT {i} AS i)").fetchone()[0] for i in numbers
        ]  # our own names


def count(past: Past, condition: str) -> int:
    n = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {past.orders})"
    with closing(sqlite3.connect(":memory:")) as connection:
        found: int = connection.execute(f"{n} SELECT count(*) FROM n WHERE {condition}").fetchone()[0]  # our own names
    return found


def is_whole(one: Asked) -> bool:
    """What reads all by right, as SQLite is asked of each statement of these tests (`whole_reads`)."""
    return is_allowed(one) or whole_reads.is_allowed(one.caller, one.statement) or bool(BOUNDED.search(one.statement))


def scans(store: Store, one: Asked) -> Iterator[str]:
    """The growing tables that no index of PostgreSQL leads into, however few rows they have here."""
    if not one.statement.startswith(ASKED):
        return
    with store.write() as connection:  # of which alone SET LOCAL is true
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {one.statement}", one.parameters).scalar_one()
    for node in nodes(plan["Plan"]):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING:
            yield f"{node['Relation Name']}: {one.caller}: {one.statement}"


def steps_of(store: Store, one: Asked) -> int:
    """How much work a statement is for SQLite; one that seems to be much is asked once more, with nobody else at work."""
    if one.steps <= MOST_STEPS or not one.statement.startswith(READS):
        return one.steps
    with recorded() as recorder:
        alone = Store(store.url.render_as_string(hide_password=False))
        with alone.read() as connection:
            connection.exec_driver_sql(one.statement, one.parameters).all()
        alone.close()
    return max(found.steps for found in recorder.found.values())


def rows_read(store: Store, one: Asked) -> float:
    """How many rows PostgreSQL takes into its hands for a statement; for one that writes, how many it expects to."""
    verb = one.statement.split(maxsplit=1)[0]
    if verb not in (*READS, "UPDATE", "DELETE"):
        return 0
    asked = "EXPLAIN (ANALYZE, FORMAT JSON)" if verb in READS else "EXPLAIN (FORMAT JSON)"
    with store.write() as connection:
        # As if there were ten times as many rows: of a small table it is right to read all.
        connection.exec_driver_sql("SET LOCAL cpu_tuple_cost = 0.1")
        connection.exec_driver_sql("SET LOCAL random_page_cost = 1")
        (plan,) = connection.exec_driver_sql(f"{asked} {one.statement}", one.parameters).scalar_one()
    return sum(rows_of(node) for node in nodes(plan["Plan"]) if "Relation Name" in node)


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


def rows_of(node: dict[str, Any]) -> float:
    here = node.get("Actual Rows", node["Plan Rows"]) + node.get("Rows Removed by Filter", 0)
    return float(here * node.get("Actual Loops", 1))
