"""Statements that read a table to its end, or all that a shop has in it: as SQLite plans them, for whatever any test makes the program ask.

SQLite keeps no statistics, so it plans for an empty database as for a full one; and what has an index there has it on PostgreSQL too.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from tests.support.asked_statements import calling
from worker.store.database.tables import metadata

# They have as many rows as there are people, shops and what somebody set up, or soon lose what they have. All others grow with what is sold.
SMALL = frozenset(
    (
        "account_mails", "api_tokens", "channels", "invites", "leases", "mail_counts", "memberships", "number_series", "one_time_links",
        "order_statuses", "own_mails", "paused_queues", "payment_methods", "plugin_nonces", "plugins", "proved_senders", "rate_limits",
        "roads", "roads_heard", "sessions", "set_aside", "shops", "signature_failures", "slow_work", "unpaid", "users", "webhook_endpoints",
        "whole_counts",
    )
)  # fmt: skip
GROWING = frozenset(metadata.tables) - SMALL
# Of rows that are as few as what a person must see to.
PARTIAL = frozenset(
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)
# These read more by right. With each, why.
ALLOWED = {
    "hourly_stats.rows_of: WHERE 1 = 0": "of no shop: SQLite reads nothing",
    "integrity.register_entries": "`verify` goes through all",
    "integrity.doubled_numbers": "the same",
    "integrity.issued_and_gone": "the same",
    "integrity.files_numbered": "the same",
    "integrity.count_documents_and_files": "the same, and says of how many",
    "jobs.end_jobs: WHERE jobs.name = ?": "tests end all of a name",
    "jobs.end_jobs: WHERE jobs.queue = ?": "the same of a queue",
    "order_lists.orders_page: order_search": "a word that many orders have: tried on so many rows and no more",
    "personal_data.count_orders": "a shop is closed",
    "bank_statements.missing": "one for each day of an account",
    "counters.used_numbers": "a person brings in or compares the numbers of years",
    "documents.listing": "the program names an order; tests list all that there is",
    "deliveries.take_in": "a person has changed the shop's address",
    "products.categories": "as many as a shop has products",
    "shops.<genexpr>": "a shop is made, or a person chooses its digits",
    "whole_counts.by_label": "once a day",
    "whole_counts.count_register": "once a day",
    "whole_counts.count_series": "once a day",
}
ASKED = ("SELECT", "UPDATE", "DELETE", "WITH")
# Counted so far and no further; nothing at all, for who may see no shop; the end of an index, which the plan does not say.
BOUNDED = re.compile(r" AS some\b| AS sortable\b|0 = 1|^SELECT (max|min)\([^,]*\) AS \w+ \s*FROM \w+ ")
ALIAS = re.compile(r"(\w+) AS (\w+)")
STEP = re.compile(
    r"(?P<verb>SCAN|SEARCH) (?P<table>\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?(?:.*\((?P<by>.*)\))?"
)


@dataclass(frozen=True)
class WholeRead:
    """*plan* is SQLite's line about the table."""

    caller: str
    plan: str
    statement: str


@dataclass
class Watch:
    """Looks at every statement once, when it is asked first while somebody watches."""

    seen: set[str] = field(default_factory=set)
    found: list[WholeRead] = field(default_factory=list)

    @contextmanager
    def during(self) -> Iterator[list[WholeRead]]:
        """What is found meanwhile: other suites of the same process ask for more by right."""
        self.found = []
        event.listen(Engine, "before_cursor_execute", self.look)
        try:
            yield self.found
        finally:
            event.remove(Engine, "before_cursor_execute", self.look)

    def look(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if statement in self.seen or connection.dialect.name != "sqlite" or not statement.startswith(ASKED):
            return
        caller = calling()
        if not caller:
            return
        self.seen.add(statement)
        if is_allowed(caller, statement) or BOUNDED.search(statement):
            return
        given = parameters[0] if many else parameters
        self.found += [WholeRead(caller, plan, statement) for plan in whole_reads(cursor.connection, statement, given)]


def is_allowed(caller: str, statement: str) -> bool:
    whole = ".".join(caller.split(".")[-2:])
    return any(whole == name and word in statement for name, _, word in (one.partition(": ") for one in ALLOWED))


def whole_reads(connection: sqlite3.Connection, statement: str, parameters: Any = ()) -> Iterator[str]:
    """The lines of SQLite's plan that read all of a growing table, or all of one shop's."""
    table_of = {alias: table for table, alias in ALIAS.findall(statement)}
    try:
        lines = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    except sqlite3.Error:
        return  # whoever asks it is told so
    in_order = not any("TEMP B-TREE FOR ORDER BY" in line for *_, line in lines)
    is_page = " LIMIT " in statement and " ORDER BY " in statement and in_order  # it ends where the page is full
    # What a page's rows are looked up in is made whole before it.
    has_whole_lists = statement.rfind(" LIMIT ") > statement.rfind(")")
    of_list: set[int] = set()
    for number, parent, _, line in lines:
        if parent in of_list or (has_whole_lists and line.startswith("LIST SUBQUERY")):
            of_list.add(number)
        if is_page and number not in of_list:
            continue
        step = STEP.match(line)
        if step and reads_all(step, table_of.get(str(step["table"]), str(step["table"]))):
            yield line


def reads_all(step: re.Match[str], table: str) -> bool:
    return table in GROWING and step["index"] not in PARTIAL and (step["verb"] == "SCAN" or step["by"] == "shop_id=?")


WATCH = Watch()


@pytest.fixture(autouse=True)
def no_whole_read() -> Iterator[None]:
    """For a conftest: the first test that makes the program read more, the more a shop has sold, fails."""
    with WATCH.during() as found:
        yield
    assert not found, "\n".join(f"{one.caller}: {one.plan}: {' '.join(one.statement.split())}" for one in found)
