"""A shop with a long past, made at once by the database itself: for plans of queries, and for benchmarks.

Every second order is of the shop that is asked about, the others of its neighbours; or each shop has as many; or all are its own. Each order has two
documents (a confirmation and an invoice; every tenth invoice stands in place of a confirmation with its credit note), with
steps, payments, deliveries and words in proportion. What a person must see to is not in proportion: it stays as few as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateIndex, DropIndex

from tests.support.factories import a_shop
from tests.support.issued import ENCRYPTION, plain_draft
from worker.domain.bank_line import BankLine
from worker.domain.decision import RuleResult
from worker.domain.document import Kind, Problem
from worker.message import Message, dump_message
from worker.store import shops
from worker.store.database import json_codec
from worker.store.database.engine import Store
from worker.store.database.tables import metadata
from worker.store.shops import Secrets

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
FIRST = ("Jan", "An", "Bo", "Els", "Tom", "Eva", "Luc", "Mia", "Ward", "Lies", "Noor", "Zoe", "Piet", "Helene", "Jef")
LAST = ("Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens", "Wouters", "Desmet")
HASH = "0" * 64
# So many orders have what a person must see to: a flag, a draft, failed work, money that did not come.
FEW = 60
CATEGORIES = 40
# More orders than a page tries of any list.
LAST_ORDERS = 3_200
FILLING_KB = 2_000_000


@dataclass(frozen=True)
class Past:
    """So many *orders*, with two documents each, in *shops* shops; *shop_id* has half of them, or all where it is alone; or, when
    *evenly*, as many as each other shop. *told*: the shops tell of their orders; else they ceased to after a few, and the rest was found by asking.
    *ends_as*: a longer past, as which this one ends: its last orders came as close upon one another and have the same names, of those before
    them each is of a Jan or a Peeters, so that very many are here too; and it has as many products."""

    orders: int
    shops: int = 1
    shop_id: str = "large"
    now: datetime = NOW
    evenly: bool = False
    told: bool = True
    ends_as: "Past | None" = None

    @property
    def shop_ids(self) -> tuple[str, ...]:
        return (self.shop_id, *(f"neighbour-{n}" for n in range(1, self.shops)))


def fill(store: Store, past: Past) -> None:
    """Fill a migrated database, and let it count what it holds."""
    with store.write() as connection:
        there = {shop.shop_id for shop in shops.every(connection)}
        for shop_id in past.shop_ids:
            if shop_id not in there:
                add_shop(connection, shop_id)
    # As the migration makes them: of two indexes that seem as good, SQLite takes the one that was made later.
    indexes = [
        index for table in metadata.sorted_tables for index in sorted(table.indexes, key=lambda one: str(one.name))
    ]
    with trusting(store) as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
        for statement in statements(connection, past):
            connection.exec_driver_sql(statement if store.is_sqlite else statement.replace("%", "%%"))
        for index in indexes:
            connection.execute(CreateIndex(index))
        connection.exec_driver_sql(COUNTERS)
        for statement in daily(is_sqlite=store.is_sqlite):
            connection.exec_driver_sql(statement)
        if not store.is_sqlite:
            for table, column in GIVEN_IDS:
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table}"
                )  # our own names
    # SQLite goes without statistics, as it does in a shop's installation.
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def add_shop(connection: Connection, shop_id: str) -> None:
    made = a_shop(shop_id=shop_id, name=f"Shop {shop_id}")
    shops.add(connection, ENCRYPTION, made, Secrets(("5f" * 25,)), now=NOW - YEAR)


@contextmanager
def trusting(store: Store) -> Iterator[Connection]:
    """A transaction that does not ask of each row whether the row that it names is there."""
    store.close()
    with store.engine.connect() as connection:
        if store.is_sqlite:
            # Outside any transaction, or they do nothing. All of it would be written twice else, first into a log; and what is
            # unique by shop goes into places all over its index, which the two megabytes that are kept by default do not hold.
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=OFF", f"cache_size=-{FILLING_KB}"):
                connection.connection.cursor().execute(f"PRAGMA {pragma}")
        with connection.begin():
            if not store.is_sqlite:
                # And one that sorts in memory, for its numbers and its indexes.
                for setting in (
                    "session_replication_role = replica",
                    "work_mem = '256MB'",
                    "maintenance_work_mem = '1GB'",
                ):
                    connection.execute(text(f"SET LOCAL {setting}"))
            yield connection
        if store.is_sqlite:
            for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "cache_size=-2000"):
                connection.connection.cursor().execute(f"PRAGMA {pragma}")


COUNTERS = (
    "INSERT INTO number_series (shop_id, series, period, last_number, last_date) "
    "SELECT shop_id, series, period, max(sequence), max(issued_on) FROM documents GROUP BY shop_id, series, period"
)


def daily(*, is_sqlite: bool) -> Iterator[str]:
    """What each day sold, as it is added up where a document is stored."""
    month = "date(issued_on, 'start of month')" if is_sqlite else "date_trunc('month', issued_on)::date"
    sign, of = (
        "CASE kind WHEN 'credit_note' THEN -1 ELSE 1 END",
        "FROM documents WHERE kind IN ('invoice', 'credit_note')",
    )
    sums = {name: f"sum({sign} * {name})" for name in ("net", "vat", "total")}
    yield (
        "INSERT INTO daily_sales (shop_id, issued_on, tax_month, kind, currency, country, vat_country, category, rate, reason, "
        f"documents, base, vat, base_eur, vat_eur) SELECT shop_id, issued_on, {month}, kind, currency, 'BE', 'BE', 'S', '21', '', "
        f"count(*), {sums['net']}, {sums['vat']}, {sums['net']}, {sums['vat']} {of} GROUP BY shop_id, issued_on, kind, currency"
    )
    yield (
        "INSERT INTO daily_totals (shop_id, issued_on, kind, currency, documents, net, vat, rounding, total) "
        f"SELECT shop_id, issued_on, kind, currency, count(*), {sums['net']}, {sums['vat']}, 0, {sums['total']} {of} "
        "GROUP BY shop_id, issued_on, kind, currency"
    )


GIVEN_IDS = (
    ("documents", "document_id"),
    ("jobs", "job_id"),
    ("payments", "payment_id"),
    ("bank_files", "file_id"),
    ("audit_trail", "entry_id"),
)
Cells = dict[str, str]


def statements(connection: Connection, past: Past) -> Iterator[str]:
    """What fills each table: its columns, each as the database works it out from the number of the order."""
    sql = Words(past, is_sqlite=connection.dialect.name == "sqlite")
    for table, rows, cells, where in (
        *of_orders(sql),
        *of_documents(sql),
        *of_work(sql),
        *of_money(sql),
        *of_house(sql),
    ):
        columns = ", ".join(f'"{name}"' for name in cells)
        numbers = f"WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
        yield f"INSERT INTO {table} ({columns}) {numbers} SELECT {', '.join(cells.values())} FROM n WHERE {where}"  # our own names


@dataclass(frozen=True)
class Words:
    """Expressions of *i*, the number of an order, in the words of each database."""

    past: Past
    is_sqlite: bool

    @property
    def few(self) -> str:
        return self.few_of("i")

    def few_of(self, order: str) -> str:
        """That an order is one of the few; so is the next one, of a neighbour."""
        turns = self.past.shops if self.past.evenly else 2
        return f"{order} % {max(4, 2 * turns, self.past.orders // FEW // turns * turns)} < 2"

    def shop(self, i: str = "i") -> str:
        mine, others = f"'{self.past.shop_id}'", self.past.shops - 1
        if self.past.evenly:
            return f"CASE WHEN {i} % {self.past.shops} = 0 THEN {mine} ELSE 'neighbour-' || {i} % {self.past.shops} END"
        return (
            f"CASE WHEN {i} % 2 = 0 THEN {mine} ELSE 'neighbour-' || (1 + {i} / 2 % {others}) END" if others else mine
        )

    @property
    def before(self) -> int:
        """How many orders came before those as which a longer past ends."""
        return self.past.orders - LAST_ORDERS if self.past.ends_as else 0

    def seconds(self, i: str, later: int = 0) -> str:
        year, end, i = int(YEAR.total_seconds()), int(self.past.now.timestamp()) + later, f"CAST({i} AS BIGINT)"
        longer = self.past.ends_as
        if longer is None:
            return f"({end - year} + {i} * {year} / {self.past.orders})"
        last = year * LAST_ORDERS // longer.orders
        return (
            f"CASE WHEN {i} > {self.before} THEN {end} - ({self.past.orders} - {i}) * {year} / {longer.orders} "
            f"ELSE {end - year} + {i} * {year - last} / {self.before} END"
        )

    def at(self, i: str = "i", *, later: int = 0) -> str:
        return self.moment(self.seconds(i, later))

    def moment(self, epoch: str) -> str:
        return (
            f"strftime('%Y-%m-%d %H:%M:%S.000000', {epoch}, 'unixepoch')"
            if self.is_sqlite
            else f"to_timestamp({epoch})"
        )

    def on(self, i: str = "i") -> str:
        epoch = self.seconds(i)
        return f"date({epoch}, 'unixepoch')" if self.is_sqlite else f"(to_timestamp({epoch}) AT TIME ZONE 'UTC')::date"

    def one_of(self, names: tuple[str, ...], i: str) -> str:
        return (
            f"CASE {i} % {len(names)} " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(names)) + " END"
        )

    @property
    def no(self) -> str:
        return "0" if self.is_sqlite else "false"

    @property
    def yes(self) -> str:
        return "1" if self.is_sqlite else "true"

    def first(self, i: str = "i") -> str:
        """Each shop has all names, whether or not its orders are far apart."""
        name = self.one_of(FIRST, f"({i} / {self.past.shops})" if self.past.evenly else i)
        return f"CASE WHEN {i} % 2 = 0 AND {i} <= {self.before} THEN 'Jan' ELSE {name} END" if self.before else name

    def last(self, i: str = "i") -> str:
        name = self.one_of(LAST, f"({i} / {7 * self.past.shops})" if self.past.evenly else f"({i} / 7)")
        return f"CASE WHEN {i} % 2 = 1 AND {i} <= {self.before} THEN 'Peeters' ELSE {name} END" if self.before else name

    def name(self, i: str = "i") -> str:
        return f"({self.first(i)} || ' ' || {self.last(i)})"

    def blob(self, value: str) -> str:
        return f"CAST('{value}' AS BLOB)" if self.is_sqlite else f"'{value}'::bytea"


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


BANK_LINE = json_codec.dump(
    BankLine("BE68539007547034", NOW.date(), Decimal("15.00"), "EUR", "line:1", name="Jan Peeters", text="238")
)
Fill = tuple[str, int, Cells, str]
RESULTS = json_codec.dump(
    (RuleResult("invoice:paid:send", fired=True, code="fired", message=Message("The order is paid.")),)
)
FLAGS = json_codec.dump((Problem("order_changed", Message("The order was changed after its invoice.")),))
ISSUED = quoted(dump_message(Message("The document was issued.")))


def of_orders(sql: Words) -> Iterator[Fill]:
    count = sql.past.orders
    head = {"shop_id": sql.shop(), "order_id": "i", "order_key": "'wc_order_' || i"}
    yield "orders", count, head | {
        "order_number": "CAST(i AS TEXT)", "status": sql.one_of(("completed", "processing", "on-hold", "cancelled"), "(i / 2)"),
        "currency": "'EUR'", "total": "'15.00'", "buyer": sql.name(), "ordered_at": sql.at(), "paid_at": sql.at(),
        "taxable_at": sql.at(), "fetched_at": sql.at(later=5), "rule_results": quoted(RESULTS),
        "flags": f"CASE WHEN {sql.few} THEN {quoted(FLAGS)} ELSE '[]' END",
        "flag_code": f"CASE WHEN {sql.few} THEN 'order_changed' ELSE '' END",
    }, "1 = 1"  # fmt: skip
    words = {
        "number": "CAST(i AS TEXT)", "first": f"lower({sql.first()})", "last": f"lower({sql.last()})",
        "mail": f"lower({sql.first()}) || '.' || i || '@mail' || i % 50 || '.example'",
        "rare": "'zeldzaam' || i || 'x'",  # the beginning of no other
    }  # fmt: skip
    for kind, word in words.items():
        found = {"shop_id": sql.shop(), "word": word, "order_id": "i"}
        yield "order_search", count, found, "i % 1000 < 2" if kind == "rare" else "1 = 1"
    draft = {
        "cause": "'order:' || i || ':invoice:2'",
        "state": "'open'",
        "created_at": sql.at(),
        "changed_at": sql.at(),
    }
    yield "drafts", count, head | draft | {"snapshot": quoted(said(Kind.INVOICE))}, sql.few
    yield (
        "drafts",
        count,
        head | draft | {"state": "'issued'", "snapshot": quoted(said(Kind.INVOICE))},
        f"i % 20 < 2 AND NOT {sql.few}",
    )
    yield "payment_references", count, head | {"reference": "CAST(100000000000 + i AS TEXT)"}, "1 = 1"
    yield "order_treatments", count, {
        "shop_id": sql.shop(), "order_id": "i", "name": "NULL", "reason": "'As he said.'", "by": "'An'", "at": sql.at(),
    }, "i % 100 < 2"  # fmt: skip
    yield "vat_checks", count, head | {
        "number": "'BE0' || (400000000 + i / 4)", "requester": "'BE0477472701'", "asked_at": sql.at(),
        "valid": sql.yes, "code": "''", "request_identifier": "'WAPI' || i", "answer": "'{}'", "answer_sha256": f"'{HASH}'",
    }, "i % 10 < 2"  # fmt: skip
    yield "products", (sql.past.ends_as or sql.past).orders, {
        "shop_id": sql.shop(), "product_id": "i", "virtual": sql.no, "downloadable": sql.no, "seen_at": sql.at("1"),
        "categories": f"'[\"Category ' || (i / 50 % {CATEGORIES}) || '\"]'",
        "ask_again_at": sql.at("1", later=86400),
    }, "i % 50 < 2"  # fmt: skip


def said(kind: Kind) -> str:
    return json_codec.dump(plain_draft(Kind.INVOICE if kind is Kind.CREDIT_NOTE else kind))


def said_of(order: str) -> str:
    """What an invoice of the order says, as the database puts it together."""
    before, after = said(Kind.INVOICE).split('"order_id":238,"order_key":"wc_order_abc","order_number":"238"')
    mine = f"""'"order_id":' || {order} || ',"order_key":"wc_order_' || {order} || '","order_number":"' || {order} || '"'"""
    return f"{quoted(before)} || {mine} || {quoted(after)}"


# The number of an order, from that of a document; and which of the two it is.
ORDER = "((i + 1) / 2)"
CREDITED = f"({ORDER} / 2) % 10 = 5"
KIND = (
    f"CASE WHEN {CREDITED} THEN CASE i % 2 WHEN 1 THEN 'invoice' ELSE 'credit_note' END "
    "ELSE CASE i % 2 WHEN 1 THEN 'order_confirmation' ELSE 'invoice' END END"
)
IS_INVOICE = f"(({CREDITED} AND i % 2 = 1) OR (NOT ({CREDITED}) AND i % 2 = 0))"


def of_documents(sql: Words) -> Iterator[Fill]:
    count, shop, at = 2 * sql.past.orders, sql.shop(ORDER), sql.at(ORDER)
    sequence = f"row_number() OVER (PARTITION BY {shop}, {KIND} ORDER BY i)"
    number = f"substr({KIND}, 1, 1) || '2026-' || {sequence}"
    yield "documents", count, {
        "document_id": "i", "shop_id": shop, "cause": f"{KIND} || ':' || i", "kind": KIND, "series": KIND, "sequence": sequence,
        "period": "2026", "number": number, "issued_on": sql.on(ORDER), "issued_at": at, "order_id": ORDER,
        "order_key": f"'wc_order_' || {ORDER}", "order_number": f"CAST({ORDER} AS TEXT)", "currency": "'EUR'", "net": "12400",
        "vat": "2600", "total": "15000", "language": "'nl'", "buyer": sql.name(ORDER),
        "corrects": f"CASE WHEN {CREDITED} AND i % 2 = 0 THEN i - 1 END", "due_on": sql.on(ORDER), "test": sql.no,
        "snapshot": said_of(ORDER), "snapshot_sha256": f"'{HASH}'",
    }, "1 = 1"  # fmt: skip
    yield "register", count, {
        "shop_id": shop, "position": f"row_number() OVER (PARTITION BY {shop} ORDER BY i)", "document_id": "i", "number": number,
        "snapshot_sha256": f"'{HASH}'", "previous_hash": f"'{HASH}'", "hash": f"'{HASH}'",
    }, "1 = 1"  # fmt: skip
    few = sql.few_of(ORDER)
    unpaid = {
        "document_id": "i",
        "shop_id": shop,
        "kind": "'invoice'",
        "issued_on": sql.on(ORDER),
        "remind_at": sql.at(str(sql.past.orders), later=86400),
    }
    yield "unpaid", count, unpaid, f"{few} AND {IS_INVOICE} AND NOT ({CREDITED})"
    file = {
        "document_id": "i",
        "format": "'pdf'",
        "sha256": f"'{HASH}'",
        "size": "36000",
        "path": "'a/' || i || '.pdf'",
    }
    yield "files", count, file | {"stored_at": at}, "1 = 1"
    yield "document_links", count, {"document_id": "i", "revoked_at": at}, "i % 1000 < 2"
    yield "reminders", count, {
        "document_id": "i", "kind": "'reminder_friendly'", "shop_id": shop, "sent_on": sql.on(ORDER), "currency": "'EUR'",
        "open": "15000", "costs": "0", "interest": "0", "announced_costs": "0", "announced_percent": "0",
    }, "i % 20 < 4"  # fmt: skip
    yield "transmissions", count, {
        "document_id": "i", "shop_id": shop, "provider": "'recommand'", "recipient": "'0208:0403170701'", "state": "'delivered'",
        "sent_at": at,
    }, "i % 10 < 4"  # fmt: skip
    yield "peppol_answers", count, {
        "shop_id": shop, "document_id": "i", "provider": "'recommand'", "about": "'sent'", "address": "'0208:0403170701'",
        "kind": "'invoice'", "verdict": "'delivered'", "asked_at": at, "answer": "'{}'", "answer_sha256": f"'{HASH}'",
    }, "i % 10 < 4"  # fmt: skip


def of_work(sql: Words) -> Iterator[Fill]:
    count, done = 2 * sql.past.orders, {"attempts": "1", "state": "'done'"}
    when = {"created_at": sql.at(ORDER), "next_at": sql.at(ORDER), "done_at": sql.at(ORDER, later=3)}
    few = sql.few_of(ORDER)
    for place, (name, queue) in enumerate((("render", "pdf"), ("mail", "mail"), ("write_back", "calls")), start=1):
        step = {
            "job_id": f"i * 10 + {place}",
            "kind": "'step'",
            "name": f"'{name}'",
            "shop_id": sql.shop(ORDER),
            "queue": f"'{queue}'",
        }
        failed = {
            "state": f"CASE WHEN {few} AND i % 2 = 0 THEN 'failed' ELSE 'done' END",
            "code": f"CASE WHEN {few} AND i % 2 = 0 THEN 'mail_refused' ELSE '' END",
        }
        group = {"document_id": "i", "group_id": "'group-' || i" if name == "mail" else "NULL"}
        yield "jobs", count, done | step | when | group | (failed if name == "mail" else {}), "1 = 1"
    reminder = {
        "job_id": "i * 10 + 8",
        "kind": "'step'",
        "name": "'reminder_friendly'",
        "shop_id": sql.shop(ORDER),
        "queue": "'mail'",
    }
    yield "jobs", count, done | reminder | when | {"document_id": "i"}, "i % 20 < 4"
    count, when = sql.past.orders, {"created_at": sql.at(), "next_at": sql.at(), "done_at": sql.at(later=3)}
    source = "'webhook'" if sql.past.told else "CASE WHEN i < 100 THEN 'plugin' ELSE 'poll' END"
    for place in (4, 5):
        look = {
            "job_id": f"i * 20 + {place}",
            "kind": "'process_order'",
            "name": "'process_order'",
            "shop_id": sql.shop(),
            "queue": "'orders'",
        }
        yield "jobs", count, done | look | when | {"order_id": "i", "code": "'looked'"}, "1 = 1"
        yield "deliveries", count, {
            "delivery_id": f"i * 20 + {place}", "shop_id": sql.shop(), "source": source, "topic": "'order.updated'",
            "order_id": "i", "received_at": sql.at(), "body": sql.blob('{"id": 1}'), "body_sha256": f"'{HASH}'",
        }, "1 = 1"  # fmt: skip
    task = {"job_id": "i * 20 + 6", "kind": "'task'", "name": "'preview'", "shop_id": sql.shop(), "queue": "'tasks'"}
    yield "jobs", count, done | task | when, "i % 20 < 2"
    yield "tasks", count, {
        "task_id": "i * 20 + 6", "shop_id": sql.shop(), "kind": "'preview'", "argument": "'{}'", "requested_by": "'An'",
        "requested_at": sql.at(), "answer": "'{}'",
    }, "i % 20 < 2"  # fmt: skip
    # In turns, as it happens: the newest are of all kinds.
    for place in range(2):
        told = {"at": sql.at(later=place), "actor": "'worker'", "code": "'issued'", "message": ISSUED}
        about = {"entry_id": f"i * 3 + {place}", "order_id": "i", "document_id": f"2 * i - {place}"}
        yield "audit_trail", count, {"shop_id": sql.shop()} | about | told, "1 = 1"
    told = {"at": sql.at(), "actor": "'An'", "code": "'signed_in'", "message": ISSUED}
    yield "audit_trail", count, {"shop_id": sql.shop(), "entry_id": "i * 3 + 2"} | told, "i % 50 < 2"


def of_money(sql: Words) -> Iterator[Fill]:
    count, head = sql.past.orders, {"shop_id": sql.shop(), "order_id": "i", "order_key": "'wc_order_' || i"}
    amount = {"amount": "15000", "currency": "'EUR'"}
    invoice = "CASE WHEN (i / 2) % 10 = 5 THEN 2 * i - 1 ELSE 2 * i END"
    yield "payments", count, head | amount | {
        "payment_id": "i", "paid_on": sql.on(), "source": "'order'", "outside_ref": "'order:' || i", "created_at": sql.at(),
        "created_by": "'order'",
    }, f"NOT ({sql.few})"  # fmt: skip
    yield "payment_shares", count, {
        "payment_id": "i", "document_id": invoice, "amount": "15000", "created_at": sql.at(),
    }, f"NOT ({sql.few})"  # fmt: skip
    yield "payment_attempts", count, head | amount | {
        "document_id": invoice, "payment_ref": "'tr_' || i", "status": "'paid'", "created_at": sql.at(), "asked_at": sql.at(),
    }, "i % 10 < 2"  # fmt: skip
    yield "bank_files", count, {
        "file_id": "i", "shop_id": sql.shop(), "sha256": "CAST(i AS TEXT)", "name": "'bank.cod'", "kind": "'CODA'", "last_day": sql.on(),
        "read_at": sql.at(), "read_by": "'An'",
    }, "i % 100 < 2"  # fmt: skip
    yield "bank_lines", count, amount | {
        "shop_id": sql.shop(), "key": "'line:' || i", "file_id": "i / 100 * 100 + i % 2", "booked_on": sql.on(),
        "line": quoted(BANK_LINE), "verdict": f"CASE WHEN {sql.few} THEN 'unknown' ELSE 'paid' END",
        "state": f"CASE WHEN {sql.few} THEN 'waiting' ELSE 'counted' END",
    }, "i % 4 < 2 AND i >= 100"  # fmt: skip


def of_house(sql: Words) -> Iterator[Fill]:
    count = sql.past.orders
    yield "alerts", count, {
        "shop_id": sql.shop(), "code": "'shop_silent'", "message": ISSUED, "first_at": sql.at(), "last_at": sql.at(),
        "times": "1", "closed_at": sql.at(later=60), "notified_at": sql.at(),
    }, "i % 50 < 2"  # fmt: skip
    report = {"shop_id": sql.shop(), "name": "'digest'", "created_at": sql.at(), "content": "'{}'"}
    yield "reports", count, report, "i % 100 < 2"
    counts = {"documents": "10", "mails": "10", "failures": "1", "latency_ms": "2900"}
    hour = sql.moment(f"({int(sql.past.now.timestamp())} - i * 3600)")
    for shop_id in ("", *sql.past.shop_ids[:50]):
        yield "hourly_stats", 24 * 31, {"shop_id": f"'{shop_id}'", "hour": hour} | counts, "1 = 1"
