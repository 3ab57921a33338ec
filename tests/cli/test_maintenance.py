"""`facturelay reconcile | backfill | backup | restore | move-database` as a script uses them."""

import csv
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Facturelay
from tests.services.postgres import Postgres
from tests.support import due
from worker.demo.orders import an_order
from worker.demo.pretend_shop import PretendShop
from worker.jobs.order import process_delivery
from worker.services import Services
from worker.settings import Settings
from worker.store.database.tables import metadata

NOVEMBER = datetime(2025, 11, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop() -> Iterator[PretendShop]:
    """A shop that has been selling for longer than we know it: 1 and 2 are paid, 3 is not."""
    with PretendShop() as shop:
        for number, paid in ((1, True), (2, True), (3, False)):
            status = "processing" if paid else "on-hold"
            made = NOVEMBER + timedelta(hours=number)
            shop.place(
                an_order(id=number, created=made, paid=paid, status=status, number="=1+1" if number == 3 else None)
            )
        yield shop


@pytest.fixture
def shop_id(facturelay: Facturelay, shop: PretendShop) -> str:
    keys = ("--rest-key", shop.consumer_key, "--rest-secret", shop.consumer_secret)
    seller = ("seller.name=Winkel", "seller.address.street=Koestraat 41", "seller.address.postcode=9000")
    rest = (
        "seller.address.city=Gent",
        "seller.address.country=BE",
        "seller.vat_number=BE0445566134",
        "seller.email=w@w.test",
        "seller.sole_trader=yes",
        "seller.iban=BE71096123456769",
    )
    added = facturelay("shop", "add", "--name", "Winkel", "--url", shop.url, *keys, *seller, *rest, "--json")
    assert added.code == 0, added.err
    return str(added.json["id"])


def test_an_old_month_lacks_nothing_because_nothing_was_due_before_the_shop_was_connected(
    facturelay: Facturelay, shop_id: str
) -> None:
    answer = facturelay("reconcile", shop_id, "--month", "2025-11", "--json")
    assert (answer.code, answer.json["ok"], answer.json["counts"]["nothing_due"]) == (0, True, 3)
    assert "when this shop began" in answer.json["orders"][0]["message"]


def test_what_is_missing_is_named_and_ends_with_1(facturelay: Facturelay, shop_id: str) -> None:
    facturelay("shop", "set", shop_id, "orders.since=2025-01-01")
    answer = facturelay("reconcile", shop_id, "--month", "2025-11")
    assert answer.code == 1
    assert "3 orders of 2025-11: 1 nothing due, 2 missing." in answer.out
    assert "order:2:invoice:1" in answer.out


def test_a_spreadsheet_gets_one_row_an_order_and_no_formula(facturelay: Facturelay, shop_id: str) -> None:
    answer = facturelay("reconcile", shop_id, "--month", "2025-11", "--csv")
    head, *rows = csv.reader(io.StringIO(answer.out))
    assert [(row[head.index("order")], row[head.index("state")]) for row in rows] == [
        ("1", "nothing_due"),
        ("2", "nothing_due"),
        ("'=1+1", "nothing_due"),
    ]


def test_a_backfill_shows_first_and_makes_nothing_without_a_yes(facturelay: Facturelay, shop_id: str) -> None:
    dry = facturelay("backfill", shop_id, "--since", "2025-11-01", "--dry-run", "--json")
    assert (dry.code, dry.json["to_make"]) == (0, 2)
    refused = facturelay("backfill", shop_id, "--since", "2025-11-01", "--until", "2025-11-30")
    assert refused.code == 130
    assert "3 orders, 2 of them lack something: 2 documents" in refused.out
    assert facturelay("documents", "list", "--json").json == []


@pytest.mark.parametrize("which", [("--since", "2025-11-01"), ("--orders", "1,2,3")])
def test_a_backfill_makes_the_documents(
    facturelay: Facturelay, shop_id: str, tmp_path: Path, which: tuple[str, str]
) -> None:
    with a_worker(tmp_path):
        made = facturelay("backfill", shop_id, *which, "--yes", "--json")
    assert (made.code, made.json["finished"]) == (0, True)
    numbers = [document["number"] for document in facturelay("documents", "list", "--json").json]
    assert [number.partition("-")[2] for number in numbers] == ["00001", "00002"]


@pytest.mark.parametrize(
    "wrong", [(), ("--orders", "1,x"), ("--orders", "1", "--since", "2025-11-01")], ids=["nothing", "no ids", "both"]
)
def test_a_backfill_of_what_is_not_clear_is_a_wrong_call(
    facturelay: Facturelay, shop_id: str, wrong: tuple[str, ...]
) -> None:
    assert facturelay("backfill", shop_id, *wrong).code == 2


def test_backup_and_restore_go_round(facturelay: Facturelay, shop_id: str, tmp_path: Path) -> None:
    file, back = tmp_path / "backup.tar.gz", tmp_path / "back"
    made = facturelay("backup", str(file))
    assert (made.code, "does NOT hold the secret key" in made.out) == (0, True)
    assert facturelay("restore", str(file), "--data", str(back)).code == 0
    assert facturelay("shop", "list", "--data", str(back), "--json").json[0]["id"] == shop_id
    again = facturelay("restore", str(file), "--data", str(back))
    assert (again.code, "restore_not_empty" in again.err) == (1, True)


class a_worker:  # noqa: N801  # reads as what it is: with a_worker(…)
    """Looks at what is due, for as long as the block lasts."""

    def __init__(self, data: Path) -> None:
        self.services = Services(
            Settings.from_environment(
                {"FACTURELAY_DATA": str(data), "FACTURELAY_SECRET_KEY": "k" * 32, "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1"}
            )
        )
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        while not self.ended.wait(0.05):
            with self.services.store.read() as connection:
                waiting = due.orders(connection, now=self.services.now())
            for delivery_id in waiting:
                process_delivery(self.services, delivery_id)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self.services.store.close()


@pytest.fixture
def empty_postgresql(postgres: Postgres) -> Iterator[str]:
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


def test_what_was_moved_is_told_and_everything_that_starts_refuses_the_old_database(
    facturelay: Facturelay, sqlite_url: str, empty_postgresql: str
) -> None:
    moved = facturelay("move-database", "--to", empty_postgresql, "--json")
    assert (moved.code, moved.err, set(moved.json["rows"])) == (0, "", set(metadata.tables))
    for words in (
        "up",
        "bridge",
        "worker --burst",
        "scheduler --once",
        "migrate",
        "status",
        "shop list",
        "backup b.tar.gz",
    ):
        answer = facturelay(*words.split())
        assert (words, answer.code, answer.out) == (words, 1, "")
        assert answer.err.startswith(f"This database was moved to {moved.json['address']} on ")
        assert "[database_moved]" in answer.err


def test_a_move_tells_which_setting_to_change(facturelay: Facturelay, sqlite_url: str, empty_postgresql: str) -> None:
    moved = facturelay("move-database", "--to", empty_postgresql)
    assert moved.code == 0
    assert f"rows in {len(metadata.tables)} tables, 0 documents among them" in moved.out
    assert "Set DATABASE_URL to that address now" in moved.out


def test_a_move_to_no_address_is_a_wrong_call_and_one_from_nowhere_is_refused(
    facturelay: Facturelay, tmp_path: Path
) -> None:
    nowhere = facturelay("move-database", "--to", "postgresql://127.0.0.1:1/x")
    assert (nowhere.code, "[no_installation]" in nowhere.err, list(tmp_path.iterdir())) == (1, True, [])
    (tmp_path / "facturelay.db").touch()
    assert facturelay("move-database", "--to", "mysql://127.0.0.1/x").code == 2
    assert facturelay("move-database").code == 2


def test_a_key_is_not_forgotten_without_a_yes(
    facturelay: Facturelay, shop_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor because another was typed wrongly."""
    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "another" * 5)
    asked = facturelay("rotate-key", "--forget")
    assert (asked.code, "No key reads shops.secrets: 1. Forgotten, it cannot be brought back" in asked.err) == (
        130,
        True,
    )
    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "k" * 32)
    assert facturelay("rotate-key", "--json").json == {"encrypted": 1, "forgotten": {}}

    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "another" * 5)
    done = facturelay("rotate-key", "--forget", "--yes", "--json")
    assert (done.code, done.json["forgotten"]) == (0, {"shops.secrets": 1})
