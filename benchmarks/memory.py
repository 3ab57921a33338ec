"""How much memory it takes to prove, export and compare all documents of a shop: few of them, and many.

    python benchmarks/memory.py [--documents 1000 100000] [--only verify journal] [--json]

Fills a shop on SQLite with so many intact invoices, each with its order, its row in the register and its PDF (one file that all
share), and does each thing in a process of its own. Prints the megabytes that the process held at most. Goal: as much for many as for few.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Connection, Integer, Table, insert, literal, update

from tests.support.factories import a_shop
from tests.support.issued import a_draft
from worker.accounting import reconcile, verify
from worker.accounting.document_check import as_columns
from worker.cli import commands
from worker.domain.document import Document
from worker.maintenance import retention
from worker.message import Message
from worker.services import Services
from worker.settings import Settings
from worker.store import daily_sales, register, shops
from worker.store.counters import Counter, write
from worker.store.database import json_codec
from worker.store.database.migrate import upgrade
from worker.store.database.tables import audit_trail, daily_totals, documents, files, jobs, order_search, orders
from worker.store.database.tables import daily_sales as sales_of_days
from worker.store.database.tables import register as register_table
from worker.store.queries import sales_journal
from worker.store.shops import Secrets
from worker.store.tasks import Task
from worker.tasks import exports
from worker.woocommerce.list_payload import ListedOrder

FIRST_DAY, NOW = date(2026, 1, 1), datetime(2026, 12, 31, 12, tzinfo=UTC)
KEY = "k" * 32
DAYS, AT_ONCE, SHOP, SERIES = 300, 2000, "shop", "invoice"
# When all orders were placed: one month is compared.
PLACED = datetime(2026, 11, 15, 9, tzinfo=UTC)
ISSUED = Message("The document was issued.")


def services_in(folder: Path) -> Services:
    return Services(
        Settings(folder, "https://documents.test", f"sqlite:///{folder / 'facturelay.db'}", "unix:///nobody", (KEY,)),
        now=lambda: NOW,
    )


# A shop with so many invoices, as they would be if they had been issued one by one


def fill(folder: Path, count: int) -> None:
    services = services_in(folder)
    upgrade(services.settings.database_url)
    pdf = b"%PDF" + os.urandom(30_000)
    stored = {"format": "pdf", "sha256": services.archive.put("a.pdf", pdf), "size": len(pdf), "path": "a.pdf"}
    with services.store.write() as connection:
        shops.add(connection, services.encryption, a_shop(shop_id=SHOP), Secrets(("5f" * 25,), "ck", "cs"), now=NOW)
        filling = Filling(connection, count, stored)
        for first in range(1, count + 1, AT_ONCE):
            filling.add(range(first, min(first + AT_ONCE, count + 1)))
        multiply_sums(connection, count)
        write(connection, SHOP, Counter(SERIES, 2026, count, day_of(count, count)))
    services.store.close()


def day_of(number: int, count: int) -> date:
    return FIRST_DAY + timedelta(days=(number - 1) * min(DAYS, count) // count)


@dataclass
class Filling:
    """Adds documents, of *count* in all; *head*: the hash of the last row of the register so far."""

    connection: Connection
    count: int
    pdf_file: dict[str, Any]
    head: str = register.GENESIS

    def add(self, numbers: range) -> None:
        rows: dict[Table, list[dict[str, Any]]] = {}
        for number in numbers:
            for table, row in self.rows_of(number).items():
                rows.setdefault(table, []).append(row)
        for table, some in rows.items():
            self.connection.execute(insert(table), some)

    def rows_of(self, number: int) -> dict[Table, dict[str, Any]]:
        draft, issued_on = a_draft(number), day_of(number, self.count)
        at = datetime(issued_on.year, issued_on.month, issued_on.day, 9, tzinfo=UTC)
        document = Document(number, SHOP, SERIES, f"F2026-{number:06}", number, issued_on, at, draft)
        snapshot = json_codec.dump(draft)
        if number == 1 or day_of(number - 1, self.count) != issued_on:
            daily_sales.add(self.connection, document, snapshot)
        sha256, before = json_codec.sha256(snapshot), self.head
        self.head = register.entry_hash(before, position=number, document=document, snapshot_sha256=sha256)
        about = {"shop_id": SHOP, "document_id": number}
        return {
            documents: as_columns(draft) | about | {
                "series": SERIES, "sequence": number, "period": 2026, "number": document.number, "issued_on": issued_on,
                "issued_at": at, "snapshot": snapshot, "snapshot_sha256": sha256,
            },
            register_table: about | {
                "position": number, "number": document.number, "snapshot_sha256": sha256, "previous_hash": before,
                "hash": self.head,
            },
            files: {"document_id": number, "stored_at": at, **self.pdf_file},
            audit_trail: about | {"order_id": number, "at": at, "actor": "worker", "code": "issued", "message": ISSUED},
            orders: {
                "shop_id": SHOP, "order_id": number, "order_key": draft.order_key, "order_number": draft.order_number,
                "status": "completed", "currency": "EUR", "total": "15.00", "buyer": draft.buyer.name, "ordered_at": PLACED,
                "paid_at": PLACED, "taxable_at": PLACED, "fetched_at": PLACED + timedelta(days=1), "rule_results": "[]",
                "flags": "[]", "flag_code": "",
            },
            order_search: {"shop_id": SHOP, "word": draft.order_number, "order_id": number},
            jobs: about | {
                "kind": "step", "name": "mail", "queue": "mail", "state": "done", "created_at": at, "next_at": at, "done_at": at,
            },
        }  # fmt: skip


def multiply_sums(connection: Connection, count: int) -> None:
    """Each day was summed for its first document; all of them are alike."""
    of_day: dict[date, int] = {}
    for number in range(1, count + 1):
        of_day[day_of(number, count)] = of_day.get(day_of(number, count), 0) + 1
    for table in (sales_of_days, daily_totals):
        for day, times in of_day.items():
            sums = {column.name: column * literal(times, Integer) for column in table.columns if not column.primary_key}
            connection.execute(update(table).where(table.c.issued_on == day).values(sums))


# What is measured


def verified(services: Services, _folder: Path) -> None:
    (proof,) = verify.verify(services)
    if proof.damages:
        raise RuntimeError(f"{len(proof.damages)} damages: {proof.damages[0]}")


def zipped(services: Services, _folder: Path) -> None:
    exports.zip_period(services, task({"since": "2026-01-01", "until": "2026-12-31"}))


def exported(services: Services, folder: Path) -> None:
    retention.export(services, SHOP, folder / "books.zip")
    (folder / "books.zip").unlink()


def listed(_services: Services, folder: Path) -> None:
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        commands(["register", "export", "--shop", SHOP, "--data", str(folder)], standalone_mode=False)


def journal(services: Services, _folder: Path) -> None:
    with services.store.read() as connection:
        found = sales_journal.journal(connection, SHOP, since=FIRST_DAY, until=NOW.date())
        sales_journal.as_table(found)


def reconciled(services: Services, _folder: Path) -> None:
    connected = services.connected(SHOP)
    shop = SimpleNamespace(orders_placed=pages_of(services))
    object.__setattr__(services, "client_of", lambda _connected: shop)  # a shop that has just these orders
    reconcile.save_result(services, connected, reconcile.reconcile(services, connected, "2026-11"))


def erased(services: Services, _folder: Path) -> None:
    retention.erase_customer(services, SHOP, "nobody@else.example", by="An")


def closed(services: Services, _folder: Path) -> None:
    retention.close_shop(services, SHOP, by="An")


def pages_of(services: Services) -> Callable[..., Any]:
    with services.store.read() as connection:
        count = register.head(connection, SHOP).position

    def orders_placed(*, page: int, **_where: object) -> Any:
        numbers = range(100 * page - 99, min(100 * page, count) + 1)
        return SimpleNamespace(
            orders=tuple(ListedOrder(n, f"wc_order_{n}", str(n), "completed", PLACED, PLACED) for n in numbers),
            pages=-(-count // 100),
            total=count,
        )

    return orders_placed


def task(argument: dict[str, Any]) -> Task:
    return Task(1, SHOP, "zip_period", argument, "An", NOW, "running", {})


DONE: dict[str, Callable[[Services, Path], None]] = {
    "verify": verified,
    "a period as a zip": zipped,
    "a shop as a zip": exported,
    "register export": listed,
    "journal": journal,
    "reconcile": reconciled,
    "erase a customer": erased,
    "close a shop": closed,
}


def most_held() -> float:
    """Megabytes that this process held at most. `getrusage` would tell at least those of the one that began it, which filled the shop."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1000


def megabytes(name: str, folder: Path) -> float:
    answer = subprocess.run(
        [sys.executable, __file__, "--do", name, "--in", str(folder)],
        env=os.environ | {"FACTURELAY_SECRET_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return float(answer.stdout.splitlines()[-1])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--documents", type=int, nargs="+", default=[1000, 100_000])
    asked.add_argument("--only", nargs="+", default=[""])
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--do", help=argparse.SUPPRESS)
    asked.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.do:
        DONE[given.do](services_in(given.folder), given.folder)
        print(most_held())
        return
    found = {f"{count} documents": figures for count, figures in zip(given.documents, measured(given), strict=True)}
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'MB':<22}" + "".join(f"{head:>20}" for head in found))
    for name in next(iter(found.values())):
        print(f"{name:<22}" + "".join(f"{figures[name]:>20.0f}" for figures in found.values()))


def measured(given: argparse.Namespace) -> Iterator[dict[str, float]]:
    for count in given.documents:
        with tempfile.TemporaryDirectory(prefix="facturelay-memory-") as name:
            began = time.monotonic()
            fill(Path(name), count)
            print(f"{count:,} documents made in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            yield {what: megabytes(what, Path(name)) for what in DONE if what.startswith(tuple(given.only))}


if __name__ == "__main__":
    main()
