"""How long each list of the dashboard takes, in a large database and in a small one, and whether it grows with the size.

    .venv/bin/python benchmarks/pages.py [--documents 1000000] [--shops 200] [--sqlite] [--explain documents]

Makes that many shops with as many documents, with orders, steps, payments, deliveries and words in proportion and
ten thousand failed jobs; and one shop with 1,000 documents and as many failed jobs. Prints the median of each
list in both, and the ratio. PostgreSQL is one of its own, set up as it comes. Targets: under 100 ms, ratio under 1.5.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from worker.store.users import NewUser

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask.testing import FlaskClient
from sqlalchemy import Connection, Table, event, insert, text
from sqlalchemy.schema import CreateIndex, DropIndex

from benchmarks.numbers_per_second import postgres
from bridge import create_app
from tests.support.factories import a_shop
from tests.support.issued import ENCRYPTION, plain_draft
from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.settings import Settings
from worker.store import hourly_stats, order_search, sessions, shops, users  # fmt: skip
from worker.store.database import json_codec  # fmt: skip
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.database.pagination import PageRequest, encode_cursor
from worker.store.database.tables import metadata
from worker.store.jobs import JobKind
from worker.store.queries import (  # fmt: skip
    activity,
    attention,
    document_lists,
    jobs,
    order_lists,
    register_check,
    sales_journal,
    today,
)
from worker.store.queries.document_lists import DocumentFilter
from worker.store.queries.jobs import DeliveryFilter, JobFilter
from worker.store.queries.order_lists import OrderFilter
from worker.store.register import GENESIS
from worker.store.shops import Secrets

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
FAILED_JOBS = 10_000
TIMES = 9
AT_ONCE = 20_000
TARGET_MS, TARGET_RATIO = 100, 1.5
FIRST = ("Jan", "An", "Bo", "Els", "Tom", "Eva", "Luc", "Mia", "Ward", "Lies", "Noor", "Zoë", "Piet", "Hélène", "Jef")
LAST = ("Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens", "Wouters", "De Smet")

# Making the shops


COPIES = 20
SHOP = "000-00"


@dataclass(frozen=True)
class Size:
    """So many documents in so many shops: some are made, and many shops are copies of those."""

    documents: int
    shops: int

    @property
    def copies(self) -> int:
        return COPIES if self.shops % COPIES == 0 else 1

    @property
    def made(self) -> int:
        """Orders that are made, with two documents each."""
        return self.documents // 2 // self.copies


Rows = dict[str, list[dict[str, object]]]


def fill(store: Store, size: Size) -> None:
    """The past of a year, made at once: indexes come afterwards."""
    upgrade(str(store.url.render_as_string(hide_password=False)))
    with store.write() as connection:
        every = [
            add_shop(connection, base, copy) for base in range(size.shops // size.copies) for copy in range(size.copies)
        ]
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    with store.write() as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
    made = Maker(size, every[:: size.copies])
    for start in range(0, size.made, AT_ONCE):
        rows = made.rows_of(range(start, min(start + AT_ONCE, size.made)))
        with store.write() as connection:
            for name, some in rows.items():
                put(connection, metadata.tables[name], some)
    for copy in range(1, size.copies):
        with store.write() as connection:
            trust(connection)
            for name in TABLES:
                connection.execute(text(copied(metadata.tables[name], copy, size.copies)))
    with store.write() as connection:
        failed = list(failed_deliveries(size, every))
        put(connection, metadata.tables["jobs"], [job for job, _ in failed])
        put(connection, metadata.tables["deliveries"], [came_in for _, came_in in failed])
        put(connection, metadata.tables["hourly_stats"], list(past_hours(every)))
        for index in indexes:
            connection.execute(CreateIndex(index))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if store.is_sqlite else "VACUUM ANALYZE"))


TABLES = (
    "orders",
    "order_search",
    "documents",
    "register",
    "unpaid",
    "payments",
    "jobs",
    "deliveries",
    "audit_trail",
    "drafts",
)


def copied(table: Table, copy: int, copies: int) -> str:
    """The statement that gives the shops `…-00` a twin each, with documents between those of the others."""
    numbered = ("document_id", "corrects", "position", "job_id", "delivery_id")
    counted = {column.name for column in table.primary_key} & {"entry_id", "draft_id", "payment_id"}
    columns = [column.name for column in table.columns if column.name not in counted]
    values = [
        f"{name} + {copy}"
        if name in numbered
        else f"substr(shop_id, 1, 4) || '{copy:02}'"
        if name == "shop_id"
        else name
        for name in columns
    ]
    which = "shop_id LIKE '%-00'" if "shop_id" in columns else f"document_id % {copies} = 0"
    wanted = ", ".join(f'"{name}"' for name in columns)
    given = ", ".join(f'"{value}"' if value in columns else value for value in values)
    return f"INSERT INTO {table.name} ({wanted}) SELECT {given} FROM {table.name} WHERE {which}"  # noqa: S608  # our own names


def add_shop(connection: Connection, base: int, copy: int) -> str:
    shop = a_shop(shop_id=f"{base:03}-{copy:02}", name=f"Shop {base}-{copy}")
    return shops.add(connection, ENCRYPTION, shop, Secrets(("5f" * 25,)), now=NOW - YEAR).shop_id


def put(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
        return
    trust(connection)
    columns = list(rows[0])
    binds = [table.c[name].type.bind_processor(connection.dialect) or (lambda value: value) for name in columns]
    raw = connection.connection.cursor()
    with raw.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([bind(row[name]) for bind, name in zip(binds, columns, strict=True)])


def trust(connection: Connection) -> None:
    """Do not ask of each row whether the row that it names is there."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL session_replication_role = replica"))


@dataclass(frozen=True)
class Template:
    """A document of one kind, of which only the numbers are written anew."""

    kind: Kind
    series: str
    prefix: str

    @cached_property
    def said(self) -> str:
        return json_codec.dump(plain_draft(Kind.INVOICE if self.kind is Kind.CREDIT_NOTE else self.kind))


CONFIRMATION = Template(Kind.ORDER_CONFIRMATION, "order_confirmation", "OC")
INVOICE = Template(Kind.INVOICE, "invoice", "F")
CREDIT_NOTE = Template(Kind.CREDIT_NOTE, "credit_note", "CN")


class Maker:
    """Makes rows of each table, order by order. *ids* are the shops that take turns."""

    def __init__(self, size: Size, ids: list[str]) -> None:
        self.size, self.ids = size, ids
        self.given: Counter[tuple[str, str]] = Counter()
        self.job_ids = itertools.count(size.copies, size.copies)
        failed = min(FAILED_JOBS // 2, size.documents // 2) // size.copies
        self.one_fails_of = max(1, 2 * size.made // failed)

    def rows_of(self, orders: Iterable[int]) -> Rows:
        """Two documents for each order; every tenth has a credit note in place of its confirmation."""
        rows: Rows = {name: [] for name in TABLES}
        for n in orders:
            self.add_order(rows, n)
        return rows

    def add_order(self, rows: Rows, n: int) -> None:
        shop_id, order_id = self.ids[n % len(self.ids)], n // len(self.ids) + 1
        at = NOW - YEAR + YEAR * n / self.size.made
        first, last = FIRST[n % len(FIRST)], LAST[n // 7 % len(LAST)]
        # One order in a thousand has a name of its own: what people search for.
        name = f"{first} {last}" if n % 1000 else f"{first} Zeldzaam{n}"
        words = set(order_search.words_of(f"{order_id}", name, f"{first.lower()}.{n}@mail{n % 50}.example"))
        head = {"shop_id": shop_id, "order_id": order_id, "order_key": f"wc_order_{n}", "order_number": f"{order_id}"}
        status = ("completed", "processing", "on-hold", "cancelled")[order_id % 4]
        seen = {"status": status, "currency": "EUR", "total": "15.00", "buyer": name, "ordered_at": at, "paid_at": at}
        found = {"fetched_at": at, "rule_results": FINDINGS, "flags": "[]" if order_id % 100 else FLAGS}
        rows["orders"].append(head | seen | found)
        for place, template in enumerate((INVOICE, CREDIT_NOTE) if order_id % 10 == 5 else (CONFIRMATION, INVOICE)):
            self.given[shop_id, template.series] += 1
            sequence = self.given[shop_id, template.series]
            number, document_id = f"{template.prefix}2026-{sequence:05}", (2 * n + place + 1) * self.size.copies
            words |= order_search.words_of_number(number)
            corrects = document_id - self.size.copies if template is CREDIT_NOTE else None
            add_document(
                rows,
                head,
                template,
                {
                    "document_id": document_id,
                    "sequence": sequence,
                    "number": number,
                    "buyer": name,
                    "corrects": corrects,
                },
                at=at,
            )
            self.add_steps(rows, shop_id, document_id, at=at, failed=(2 * n + place) % self.one_fails_of == 0)
            told = {"at": at, "actor": "worker", "code": "issued", "message": f"{number} was issued."}
            rows["audit_trail"].append({"shop_id": shop_id, "order_id": order_id, "document_id": document_id} | told)
            if template is INVOICE:
                add_payment(rows, shop_id, document_id, at=at, paid=order_id % 10 > 0)
        if order_id % 50 == 1:
            told = {"at": at, "actor": "An", "code": "signed_in", "message": "An signed in."}
            rows["audit_trail"].append({"shop_id": shop_id, "order_id": None, "document_id": None} | told)
        words.add(order_search.word_of_amount(Decimal("15.00")))
        rows["order_search"] += [{"shop_id": shop_id, "word": word, "order_id": order_id} for word in sorted(words)]
        for _ in range(2):
            job, came_in = delivery(next(self.job_ids), shop_id, order_id, at=at)
            rows["jobs"].append(job)
            rows["deliveries"].append(came_in)
        if order_id % 100 == 1:
            draft = {"cause": f"order:{order_id}:invoice:2", "state": "open", "created_at": at, "changed_at": at}
            mine = {name: head[name] for name in ("shop_id", "order_id", "order_key")}
            rows["drafts"].append(mine | draft | {"snapshot": INVOICE.said})

    def add_steps(self, rows: Rows, shop_id: str, document_id: int, *, at: datetime, failed: bool) -> None:
        for name in ("render", "mail", "write_back"):
            fails = failed and name == "mail"
            code = ("mail_refused", "mail_server_unreachable")[document_id % 3 % 2] if fails else ""
            what = {"kind": "step", "name": name, "document_id": document_id, "order_id": None}
            rows["jobs"].append(
                job_of(next(self.job_ids), shop_id, at=at, failed=fails, code=code)
                | what
                | {
                    "group_id": f"{document_id}" if name == "mail" else None,
                    "message": "The mail server refused the address." if fails else "",
                }
            )


def add_payment(rows: Rows, shop_id: str, document_id: int, *, at: datetime, paid: bool) -> None:
    if paid:
        money = {"amount": Decimal("15.00"), "currency": "EUR", "paid_on": at.date()}
        said = {"source": "order", "created_at": at, "created_by": "order"}
        rows["payments"].append({"shop_id": shop_id, "document_id": document_id} | money | said)
    else:
        rows["unpaid"].append(
            {"document_id": document_id, "shop_id": shop_id, "kind": "invoice", "issued_on": at.date()}
        )


FINDINGS = '[{"code":"fired","fired":true,"rule":"invoice:paid:send","message":"The order is paid."}]'
FLAGS = '[{"code":"order_changed","message":"The order was changed after its invoice."}]'


def add_document(
    rows: Rows,
    head: dict[str, object],
    template: Template,
    given: dict[str, object],
    *,
    at: datetime,
) -> None:
    document_id, number = given["document_id"], given["number"]
    said = template.said.replace("238", f"{head['order_number']}")
    place = given | {"kind": template.kind, "series": template.series}
    dates = {"period": 2026, "issued_on": at.date(), "issued_at": at}
    amounts = {"currency": "EUR", "net": Decimal("12.40"), "vat": Decimal("2.60"), "total": Decimal("15.00")}
    rest = {"cause": f"{template.kind}:{document_id}", "language": "nl"}
    sealed = {"test": False, "snapshot": said, "snapshot_sha256": GENESIS}
    rows["documents"].append(head | place | dates | amounts | rest | sealed)
    entry = {"shop_id": head["shop_id"], "position": document_id, "document_id": document_id, "number": number}
    rows["register"].append(entry | {"snapshot_sha256": GENESIS, "previous_hash": GENESIS, "hash": GENESIS})


def job_of(job_id: int, shop_id: str, *, at: datetime, failed: bool, code: str) -> dict[str, object]:
    return {
        "job_id": job_id, "shop_id": shop_id, "state": "failed" if failed else "done", "attempts": 1, "created_at": at,
        "next_at": at, "code": code, "done_at": at + timedelta(seconds=3),
    }  # fmt: skip


def delivery(
    job_id: int, shop_id: str, order_id: int, *, at: datetime, failed: bool = False
) -> tuple[dict[str, object], dict[str, object]]:
    """A delivery's job, and what came in."""
    code = ("order_unreadable", "rest_refused")[order_id % 2] if failed else "looked"
    what = {
        "kind": "process_order",
        "name": "process_order",
        "document_id": None,
        "order_id": order_id,
        "group_id": None,
    }
    job = job_of(job_id, shop_id, at=at, failed=failed, code=code) | what
    return job | {"message": "The field “total” is not a number." if failed else ""}, {
        "delivery_id": job_id, "shop_id": shop_id, "source": "webhook", "topic": "order.updated", "order_id": order_id,
        "received_at": at, "body": b'{"id": 1}', "body_sha256": GENESIS,
    }  # fmt: skip


def failed_deliveries(size: Size, ids: list[str]) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """As many as make up ten thousand failed jobs together with the steps that failed."""
    wanted = FAILED_JOBS - min(FAILED_JOBS // 2, size.documents // 2)
    for n in range(wanted):
        order_id = n * size.documents // 2 // wanted // len(ids) + 1
        at = NOW - timedelta(days=2) + timedelta(seconds=n)
        yield delivery(10**9 + n, ids[n % len(ids)], order_id, at=at, failed=True)


def past_hours(ids: list[str]) -> Iterator[dict[str, object]]:
    last = hourly_stats.whole_hour(NOW)
    for shop_id in (hourly_stats.ALL_SHOPS, *ids):
        for n in range(24 * 31):
            hour = last - n * hourly_stats.HOUR
            counts = {"orders": 5, "documents": 10, "mails": 10, "failures": 1, "latency_ms": 2900 + n}
            yield {"shop_id": shop_id, "hour": hour, **counts}


# What is measured


@dataclass(frozen=True)
class FilledDatabase:
    """A filled database, and whom the measured pages are about. What a page through HTTP needs goes here too."""

    store: Store
    size: Size

    @cached_property
    def shop(self) -> Shop:
        with self.store.read() as connection:
            return shops.get(connection, ENCRYPTION, SHOP).shop

    @property
    def one(self) -> tuple[str, ...]:
        return (SHOP,)

    @property
    def midway(self) -> PageRequest:
        """The page of documents in the middle of the list."""
        return PageRequest(after=encode_cursor([(NOW - YEAR / 2).date(), self.size.documents // 2]))

    @cached_property
    def visitor(self) -> FlaskClient:
        """An operator's browser, signed in."""
        settings = Settings(
            data=Path(tempfile.mkdtemp(prefix="facturelay-pages-")),
            public_url="http://documents.example",
            database_url=self.store.url.render_as_string(hide_password=False),
            redis_url="unix:///nobody/listens.sock",
            secret_keys=("k" * 32,),  # those of tests.support.issued
        )
        with self.store.write() as connection:
            user_id = users.add(
                connection,
                NewUser("els@host.example", "Els", "-", language="nl", operator=True),
                now=NOW,
            )
            token = sessions.begin(connection, user_id, agent="", now=NOW)
        client = create_app(settings, now=lambda: NOW).test_client()
        client.set_cookie("facturelay", token, domain="documents.example")
        return client


def page(path: str) -> Callable[[FilledDatabase], object]:
    """A whole page: who is asking, the queries, the template."""

    def run(filled: FilledDatabase) -> object:
        answer = filled.visitor.get(path, base_url="http://documents.example")
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        return answer

    return run


def reads(function: Callable[[Connection, FilledDatabase], object]) -> Callable[[FilledDatabase], object]:
    def run(filled: FilledDatabase) -> object:
        with filled.store.read() as connection:
            return function(connection, filled)

    return run


def documents_of(wanted: DocumentFilter | None = None, *, every: bool = False) -> Callable[[FilledDatabase], object]:
    return reads(
        lambda connection, filled: document_lists.documents_page(connection, None if every else filled.one, wanted)
    )


def orders_of(wanted: OrderFilter | None = None, *, every: bool = False) -> Callable[[FilledDatabase], object]:
    return reads(lambda connection, filled: order_lists.orders_page(connection, None if every else filled.one, wanted))


LAST_MONTH = DocumentFilter(since=date(2026, 10, 1), until=date(2026, 10, 31))
SUMMER = DocumentFilter(since=date(2026, 6, 1), until=date(2026, 6, 30))
DAY = NOW.replace(hour=0)

MEASURED: dict[str, Callable[[FilledDatabase], object]] = {
    "documents": documents_of(),
    "documents, all shops": documents_of(every=True),
    "documents, midway": reads(lambda c, filled: document_lists.documents_page(c, filled.one, None, filled.midway)),
    "documents, midway, all shops": reads(
        lambda c, filled: document_lists.documents_page(c, None, None, filled.midway)
    ),
    "documents, a page back, all shops": reads(
        lambda c, filled: document_lists.documents_page(c, None, None, PageRequest(before=filled.midway.after))
    ),
    "documents, credit notes": documents_of(DocumentFilter(kind=Kind.CREDIT_NOTE)),
    "documents, credit notes, all shops": documents_of(DocumentFilter(kind=Kind.CREDIT_NOTE), every=True),
    "documents, a kind without any, all shops": documents_of(DocumentFilter(kind=Kind.DELIVERY_NOTE), every=True),
    "documents, a month": documents_of(LAST_MONTH),
    "documents, a month long ago, all shops": documents_of(SUMMER, every=True),
    "documents, unpaid": documents_of(DocumentFilter(unpaid=True)),
    "documents, unpaid, all shops": documents_of(DocumentFilter(unpaid=True), every=True),
    "documents, mail failed": documents_of(DocumentFilter(mail_failed=True)),
    "documents, mail failed, all shops": documents_of(DocumentFilter(mail_failed=True), every=True),
    "documents, found by number": documents_of(DocumentFilter(text="F2026-00042")),
    "documents, found by number, all shops": documents_of(DocumentFilter(text="F2026-00042"), every=True),
    "documents, found by a rare name, all shops": documents_of(DocumentFilter(text="zeldzaam0"), every=True),
    "documents, found by a common name": documents_of(DocumentFilter(text="jan peeters")),
    "documents, found by a common name, all shops": documents_of(DocumentFilter(text="jan peeters"), every=True),
    "documents, found by nothing, all shops": documents_of(DocumentFilter(text="jan nobody"), every=True),
    "drafts": reads(lambda c, filled: document_lists.drafts_page(c, filled.one)),
    "drafts, all shops": reads(lambda c, _filled: document_lists.drafts_page(c, None)),
    "orders": orders_of(),
    "orders, all shops": orders_of(every=True),
    "orders, on hold": orders_of(OrderFilter(status="on-hold")),
    "orders, on hold, all shops": orders_of(OrderFilter(status="on-hold"), every=True),
    "orders, need attention": orders_of(OrderFilter(needs_attention=True)),
    "orders, need attention, all shops": orders_of(OrderFilter(needs_attention=True), every=True),
    "orders, found by a common name, all shops": orders_of(OrderFilter(text="an maes"), every=True),
    "orders, found by a rare name, all shops": orders_of(OrderFilter(text="zeldzaam0"), every=True),
    "deliveries": reads(lambda c, filled: jobs.deliveries_page(c, filled.one)),
    "deliveries, all shops": reads(lambda c, _filled: jobs.deliveries_page(c, None)),
    "deliveries, failed, all shops": reads(lambda c, _filled: jobs.deliveries_page(c, None, DeliveryFilter("failed"))),
    "jobs, failed": reads(lambda c, filled: jobs.jobs_page(c, filled.one)),
    "jobs, failed, all shops": reads(lambda c, _filled: jobs.jobs_page(c, None)),
    "jobs, one group, all shops": reads(
        lambda c, _filled: jobs.jobs_page(c, None, JobFilter("failed", JobKind.STEP, "mail", "mail_refused"))
    ),
    "job groups, all shops": reads(lambda c, _filled: jobs.job_groups(c, None)),
    "job counts, all shops": reads(lambda c, _filled: jobs.job_counts(c, None)),
    "events": reads(lambda c, filled: activity.audit_trail_page(c, filled.one)),
    "events, all shops": reads(lambda c, _filled: activity.audit_trail_page(c, None)),
    "sign-ins": reads(lambda c, filled: activity.audit_trail_page(c, filled.one, access=True)),
    "sign-ins, all shops": reads(lambda c, _filled: activity.audit_trail_page(c, None, access=True)),
    "needs you": reads(lambda c, filled: attention.needs(c, filled.one, now=NOW)),
    "needs you, all shops": reads(lambda c, _filled: attention.needs(c, None, now=NOW)),
    "today": reads(lambda c, filled: today.today(c, filled.one, since=DAY)),
    "today, all shops": reads(lambda c, _filled: today.today(c, None, since=DAY)),
    "next numbers": reads(lambda c, filled: today.next_numbers(c, filled.shop, day=NOW.date())),
    "plot of 24 h": reads(
        lambda c, filled: hourly_stats.by_hour(c, filled.one, since=NOW - timedelta(days=1), until=NOW)
    ),
    "plot of 30 days, all shops": reads(
        lambda c, filled: hourly_stats.by_day(c, None, (NOW - timedelta(days=30), NOW), zone=filled.shop.zoneinfo)
    ),
    "hour counted by the sweep": reads(
        lambda c, _filled: hourly_stats.count(c, hourly_stats.whole_hour(NOW - timedelta(hours=3)))
    ),
    "numbers of a series": reads(
        lambda c, _filled: register_check.numbers_page(c, SHOP, series="invoice", period=2026)
    ),
    "register checked": reads(lambda c, filled: register_check.check(c, filled.shop)),
    "journal of a month": reads(
        lambda c, _filled: sales_journal.journal(c, SHOP, since=date(2026, 10, 1), until=date(2026, 10, 31))
    ),
} | {
    f"page {path}": page(path)
    for path in (
        "/shops",
        "/jobs",
        f"/s/{SHOP}",
        f"/s/{SHOP}/orders",
        f"/s/{SHOP}/orders?attention=1",
        f"/s/{SHOP}/orders?q=jan+peeters",
        f"/s/{SHOP}/orders?since=2026-06-01&until=2026-06-30",
        f"/s/{SHOP}/activity?since=2026-06-01&until=2026-06-30",
        f"/s/{SHOP}/activity/deliveries?since=2026-06-01&until=2026-06-30",
        "/search?q=zeldzaam1000",
        "/search?q=jan",
        f"/s/{SHOP}/documents",
        f"/s/{SHOP}/documents?unpaid=1",
        f"/s/{SHOP}/documents?list=drafts",
        f"/s/{SHOP}/payments/reminders",
        f"/s/{SHOP}/payments/reminders/sent",
        f"/s/{SHOP}/accounting",
        f"/s/{SHOP}/accounting/numbers/invoice/2026",
        f"/s/{SHOP}/jobs",
        f"/s/{SHOP}/activity",
        f"/s/{SHOP}/activity/deliveries",
    )
}


def medians_ms(run: Callable[[FilledDatabase], object], *houses: FilledDatabase) -> list[float]:
    """The median in each database, taken in turns: what else the machine does weighs on all alike."""
    took: list[list[float]] = [[] for _ in houses]
    for _ in range(TIMES + 1):
        for filled, times in zip(houses, took, strict=True):
            started = time.perf_counter()
            run(filled)
            times.append(time.perf_counter() - started)
    return [statistics.median(times[1:]) * 1000 for times in took]


# Running it


@contextmanager
def house_of(server_url: Callable[[], str], size: Size) -> Iterator[FilledDatabase]:
    store = Store(server_url())
    started = time.perf_counter()
    fill(store, size)
    print(
        f"{size.documents:,} documents in {size.shops} shops, made in {time.perf_counter() - started:.0f} s", flush=True
    )
    yield FilledDatabase(store, size)
    store.close()


def explain(run: Callable[[FilledDatabase], object], filled: FilledDatabase) -> None:
    """Print how PostgreSQL goes about each statement of *run*."""
    statements: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, _context: object, _many: object) -> None:
        statements.append((statement, parameters))

    event.listen(filled.store.engine, "before_cursor_execute", note)
    run(filled)
    event.remove(filled.store.engine, "before_cursor_execute", note)
    with filled.store.read() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)  # type: ignore[arg-type]  # as they came
            print(statement, *(f"    {line}" for line in plan.scalars()), "", sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--only", default="", help="measure only what begins so")
    parser.add_argument("--explain", default="", help="also print the plans of what begins so")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.sqlite:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            urls = iter([f"sqlite:///{folder}/large.db", f"sqlite:///{folder}/small.db"])
        else:
            server = stack.enter_context(postgres())
            urls = iter([server.url(server.create_database()) for _ in range(2)])
        large = stack.enter_context(house_of(lambda: next(urls), Size(options.documents, options.shops)))
        small = stack.enter_context(house_of(lambda: next(urls), Size(1000, 1)))
        slow = [
            name
            for name, run in MEASURED.items()
            if name.startswith(options.only) and not shown(name, run, large, small)
        ]
        for name, run in MEASURED.items():
            if options.explain and name.startswith(options.explain):
                print(f"== {name}")
                explain(run, large)
    print(f"{len(slow)} miss the target: {'; '.join(slow)}" if slow else "all within the targets")


def shown(name: str, run: Callable[[FilledDatabase], object], large: FilledDatabase, small: FilledDatabase) -> bool:
    """Measure and print one line; whether it is within the targets."""
    took, before = medians_ms(run, large, small)
    fine = took < TARGET_MS and took / before < TARGET_RATIO
    print(f"{name:<46} {took:>8.1f} ms {before:>8.1f} ms {took / before:>6.2f} {'' if fine else '<'}", flush=True)
    return fine


if __name__ == "__main__":
    main()
