"""Whoever owns the disk can change anything; `verify` finds each change and names it."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.alive import most_alive
from tests.support.factories import TODAY, a_shop, issued
from tests.support.issued import ENCRYPTION, NOW, a_draft, issue, opened
from worker.accounting.document_check import wrong_totals
from worker.accounting.inspection import Damage
from worker.accounting.verify import Proof, as_json, verify
from worker.actions.shop_settings import NumberingChanges, with_numbering
from worker.cli.common import to_json
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.document import Document, Kind, Purpose, SendMode
from worker.domain.draft import draft_document
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message
from worker.services import Services
from worker.settings import Settings
from worker.store import audit_trail, document_files, documents, register, shops
from worker.store.audit_trail import AuditEntry
from worker.store.database import json_codec
from worker.store.database.engine import Store
from worker.store.document_files import StoredFile
from worker.store.queries import integrity
from worker.store.register import RegisterHead
from worker.store.shops import Secrets
from worker.woocommerce.payload import parse_order
from worker.woocommerce.refund_payload import parse_refunds

RECORDINGS = [
    path
    for path in sorted((Path(__file__).parent.parent / "recordings").glob("s*/rest-order-*[0-9].json"))
    if path.read_bytes().startswith(b'{"id"')  # not the answer that the order is gone
]
WRITTEN_ONCE = ("documents", "register", "files", "audit_trail")


@dataclass
class Records:
    """The documents and the register of one shop, and what may be done to them."""

    services: Services
    store: Store
    shop: Shop
    head: RegisterHead

    def change(self, *statements: str, **values: str) -> None:
        """Do what somebody with the database in his hands can do: switch off what refuses, then change what he likes."""
        if self.store.is_sqlite:
            with closing(sqlite3.connect(str(self.store.url.database))) as connection, connection:
                for table in WRITTEN_ONCE:
                    connection.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
                    connection.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
                for statement in statements:
                    connection.execute(statement, values)
            return
        with self.store.write() as postgres:
            # Switches off our triggers and the foreign keys.
            postgres.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                postgres.execute(text(statement), values)

    def remove(self, document_id: int, *tables: str) -> None:
        """Delete a document with its files, and its rows in *tables*."""
        everywhere = ("files", *tables, "documents")
        self.change(*(f"DELETE FROM {table} WHERE document_id = {document_id}" for table in everywhere))

    def proof(self, *, anchor: RegisterHead | None = None) -> Proof:
        (found,) = verify(self.services, anchor=anchor)
        return found

    def damages(self, *, anchor: RegisterHead | None = None) -> list[tuple[str, str]]:
        return sorted((damage.number, damage.code) for damage in self.proof(anchor=anchor).damages)


@pytest.fixture
def records(database_url: str, tmp_path: Path) -> Iterator[Records]:
    """Four invoices and an order confirmation, each with its PDF and its event."""
    store, shop = opened(database_url)
    services = Services(
        Settings(tmp_path, "https://documents.test", database_url, "unix:///nobody", ("k" * 32,)), now=lambda: NOW
    )
    drafts = [*(a_draft(order_id) for order_id in (1, 2, 3, 4)), a_draft(1, kind=Kind.ORDER_CONFIRMATION)]
    for draft in drafts:
        keep(services, issue(store, shop, draft))
    with store.read() as connection:
        head = register.head(connection, shop.shop_id)
    yield Records(services, store, shop, head)
    services.store.close()
    store.close()


def keep(services: Services, document: Document) -> None:
    content, path = f"%PDF of {document.number}".encode(), f"{document.document_id}.pdf"
    sha256 = services.archive.put(path, content)
    message = Message("{number} was issued.", number=document.number)
    with services.store.write() as connection:
        document_files.add_file(connection, StoredFile(document.document_id, "pdf", sha256, len(content), path, NOW))
        event = AuditEntry(document.shop_id, NOW, "worker", "issued", message, document_id=document.document_id)
        audit_trail.add(connection, event)


def test_who_waits_is_told_how_many_documents_and_files_were_looked_at(records: Records) -> None:
    told: list[tuple[int, int]] = []
    verify(records.services, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(done, 10) for done in range(1, 11)]


def test_an_untouched_register_is_intact(records: Records) -> None:
    expected = Proof(
        records.shop.shop_id, records.shop.name, documents=5, tests=0, files=5, head=records.head, damages=()
    )
    assert records.proof(anchor=records.head) == expected


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE daily_totals SET total = total + 1",
        "UPDATE daily_sales SET vat_country = 'NL'",
        "UPDATE daily_sales SET documents = documents + 1",
        "DELETE FROM daily_totals",
        "INSERT INTO daily_totals SELECT shop_id, '2026-10-05', kind, currency, 1, net, vat, rounding, total FROM daily_totals",
    ],
)
def test_a_sum_of_the_journal_that_its_documents_do_not_say_is_named(records: Records, change: str) -> None:
    records.change(change)
    assert records.damages() == [("", "journal_differs")]


def test_a_changed_byte_in_a_document_is_named(records: Records) -> None:
    records.change("UPDATE documents SET snapshot = replace(snapshot, 'Koffiemok', 'Koffiemoc') WHERE document_id = 2")
    (changed, sealed) = records.proof().damages
    message = Message("What {number} says was changed after it was issued.", number="F2026-00002")
    assert changed == Damage(records.shop.shop_id, "F2026-00002", "document_changed", message)
    assert sealed.code == "hash_mismatch"


def test_scripts_are_told_in_english(records: Records) -> None:
    records.remove(5, "register")
    told = json.loads(to_json(as_json(records.proof())))
    assert (told["intact"], told["damages"][0]["message"]) == (
        False,
        "The series “order_confirmation” gave number 1, but there is no such document any more.",
    )


def test_a_change_that_also_mends_the_hash_beside_it_is_named(records: Records) -> None:
    with records.store.read() as connection:
        snapshot = json_codec.dump(documents.get(connection, 2).draft).replace("Koffiemok", "Koffiemoc")
    records.change(
        "UPDATE documents SET snapshot = :snapshot, snapshot_sha256 = :hash WHERE document_id = 2",
        snapshot=snapshot,
        hash=json_codec.sha256(snapshot),
    )
    assert records.damages() == [("F2026-00002", "document_changed"), ("F2026-00002", "hash_mismatch")]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("total = total + 1000, buyer = 'Somebody else'", {"column_changed"}),
        ("number = 'F2026-00009'", {"number_changed", "hash_mismatch"}),
        ("issued_on = '2026-11-25'", {"hash_mismatch", "dates_fall"}),
        ("issued_at = '2026-11-22 09:00:00.000000'", {"hash_mismatch"}),
        ("sequence = 9", {"hash_mismatch", "number_missing", "number_out_of_order"}),
    ],
)
def test_a_changed_column_is_named(records: Records, change: str, codes: set[str]) -> None:
    records.change(f"UPDATE documents SET {change} WHERE document_id = 2")
    assert {code for _, code in records.damages()} == codes


def test_a_document_that_does_not_add_up_is_named(records: Records) -> None:
    with records.store.read() as connection:
        draft = documents.get(connection, 3).draft
    line = replace(draft.lines[0], net=draft.lines[0].net + 1)
    snapshot = json_codec.dump(replace(draft, lines=(line, *draft.lines[1:])))
    records.change("UPDATE documents SET snapshot = :snapshot WHERE document_id = 3", snapshot=snapshot)
    assert "F2026-00003 does not add up: its lines come to 13.40 EUR, its net amount is 12.40 EUR." in [
        str(damage.message) for damage in records.proof().damages
    ]


@pytest.mark.parametrize("damage", ["x", '{"cause":1}', "null"])
def test_a_document_that_cannot_be_read_does_not_hide_the_others(records: Records, damage: str) -> None:
    records.change("UPDATE documents SET snapshot = :damage WHERE document_id = 2", damage=damage)
    (records.services.archive.folder / "4.pdf").write_bytes(b"%PDF, another")
    assert {("F2026-00002", "document_unreadable"), ("F2026-00004", "file_altered")} <= set(records.damages())


def test_a_column_that_holds_nonsense_does_not_hide_the_others(records: Records) -> None:
    if records.store.is_sqlite:  # PostgreSQL keeps no nonsense
        records.change("UPDATE documents SET issued_on = 'tomorrow' WHERE document_id = 2")
        assert ("F2026-00002", "document_unreadable") in records.damages()


def test_a_removed_document_is_named(records: Records) -> None:
    records.remove(2)
    assert records.damages() == [("F2026-00002", "document_missing"), ("F2026-00003", "number_missing")]


def test_a_document_removed_with_its_row_in_the_register_is_missed(records: Records) -> None:
    records.remove(2, "register")
    assert records.damages() == [
        ("", "document_missing"),
        ("", "row_missing"),
        ("F2026-00003", "chain_broken"),
        ("F2026-00003", "number_missing"),
    ]


def test_the_last_document_removed_without_a_trace_in_the_register_is_missed_by_counter_and_trail(
    records: Records,
) -> None:
    records.remove(5, "register")
    assert [str(damage.message) for damage in records.proof().damages] == [
        "The series “order_confirmation” gave number 1, but there is no such document any more.",
        "The activity says “B2026-00001 was issued.”, but that document is gone.",
    ]


def test_even_a_register_that_was_rewritten_whole_differs_from_an_earlier_head(records: Records) -> None:
    records.remove(5, "register", "audit_trail")
    records.change("DELETE FROM number_series WHERE series = 'order_confirmation'")
    assert records.damages() == []
    assert records.damages(anchor=records.head) == [("", "anchor_missing")]
    assert records.damages(anchor=RegisterHead(4, records.head.hash)) == [("F2026-00004", "anchor_differs")]


def test_a_row_taken_out_of_the_register_is_named(records: Records) -> None:
    records.change("DELETE FROM register WHERE position = 2")
    assert records.damages() == [
        ("", "row_missing"),
        ("F2026-00002", "not_in_register"),
        ("F2026-00003", "chain_broken"),
    ]


def test_a_broken_link_of_the_chain_is_named(records: Records) -> None:
    records.change("UPDATE register SET hash = :hash WHERE position = 2", hash="0" * 63 + "1")
    assert records.damages() == [("F2026-00002", "hash_mismatch"), ("F2026-00003", "chain_broken")]


def test_a_number_that_stands_twice_is_named(records: Records) -> None:
    records.change("UPDATE register SET number = 'F2026-00003' WHERE position = 2")
    assert ("F2026-00003", "number_doubled") in records.damages()


def test_a_counter_that_was_set_back_is_named(records: Records) -> None:
    records.change("UPDATE number_series SET last_number = 2 WHERE series = 'invoice'")
    assert records.damages() == [("F2026-00004", "counter_back")]


def test_a_counter_that_was_removed_is_named(records: Records) -> None:
    records.change("DELETE FROM number_series WHERE series = 'invoice'")
    assert records.damages() == [("", "counter_missing")]


def test_a_changed_and_a_lost_file_are_named(records: Records) -> None:
    archive = records.services.archive.folder
    content = bytearray((archive / "1.pdf").read_bytes())
    content[3] ^= 1
    (archive / "1.pdf").write_bytes(content)
    (archive / "2.pdf").unlink()
    assert records.damages() == [("F2026-00001", "file_altered"), ("F2026-00002", "file_missing")]


def test_a_file_row_cannot_point_out_of_the_archive(records: Records) -> None:
    records.change("UPDATE files SET path = '../../etc/passwd' WHERE document_id = 1")
    assert records.damages() == [("F2026-00001", "file_missing")]


def test_tests_are_outside_the_register_and_prove_intact(records: Records) -> None:
    number = issue(records.store, records.shop, a_draft(9, test=True)).number
    proof = records.proof(anchor=records.head)
    assert (number, proof.tests, proof.head, proof.damages) == ("TEST-00001", 1, records.head, ())


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_no_recorded_order_is_taken_for_damage(path: Path) -> None:
    order, shop = parse_order(path.read_bytes()), a_shop()
    made = [
        draft_document(order, shop, today=TODAY, purpose=Purpose(kind, str(kind), SendMode.SEND))
        for kind in Kind
        if kind is not Kind.CREDIT_NOTE
    ]
    refunds = path.with_name(f"{path.stem}-refunds.json")
    for refund in parse_refunds(refunds.read_bytes())[0] if refunds.exists() else ():
        made.append(
            draft_credit_note(
                refund, CreditedInvoice(issued(made[-1]), ()), order, shop, purpose=Purpose(Kind.CREDIT_NOTE, "refund")
            )
        )
    assert [list(wrong_totals(issued(draft))) for draft in made] == [[] for _ in made]


def test_a_new_year_is_no_damage(records: Records) -> None:
    issue(records.store, records.shop, a_draft(11), now=datetime(2027, 1, 2, 9, tzinfo=UTC))
    assert records.damages() == []


ACTS = ("year", "switch", "continue")


def test_whatever_an_owner_sets_of_his_numbers_leaves_no_gap_and_is_no_damage(records: Records) -> None:
    """A year turns, numbers end to start again each year, another start is asked for: two of these or all, in any order."""
    store, made = records.store, dict[str, list[Document]]()
    for acts in (*permutations(ACTS, 2), *permutations(ACTS)):
        shop_id, year = "-".join(acts), 2026
        with store.write() as connection:
            shop = shops.add(connection, ENCRYPTION, a_shop(shop_id=shop_id), Secrets(("5f" * 25,)), now=NOW)
        made[shop_id] = []
        for number, act in enumerate(("", *acts, "")):
            year += act == "year"
            now = NOW.replace(year=year)
            with suppress(Rejected), store.write() as connection:
                shop = with_numbering(connection, shop, asked(shop, act), now=now)
                shops.change(connection, shop)
            if not act:
                made[shop_id].append(issue(store, shop, a_draft(number), now=now))
    wrong = {damage.code for proof in verify(records.services) for damage in proof.damages}
    assert wrong <= {"file_missing"}  # nothing was printed
    for shop_id, numbered in made.items():
        for one, two in pairwise(numbered):
            if one.issued_on.year == two.issued_on.year:
                assert two.sequence == one.sequence + 1, shop_id


def asked(shop: Shop, act: str) -> NumberingChanges:
    if act == "switch":
        return NumberingChanges(yearly={Kind.INVOICE: not shop.numbering.series[Kind.INVOICE].yearly})
    return NumberingChanges(continue_after={Kind.INVOICE: 50} if act == "continue" else {})


@pytest.mark.each_database
def test_issuing_meanwhile_is_not_taken_for_damage(records: Records) -> None:
    def issue_many() -> None:
        for order_id in range(100, 140):
            issue(records.store, records.shop, a_draft(order_id))

    busy = threading.Thread(target=issue_many)
    busy.start()
    looks = [records.damages()]
    while busy.is_alive():
        looks.append(records.damages())
    busy.join()
    assert looks == [[] for _ in looks]


@pytest.mark.each_database
def test_of_all_documents_no_more_are_held_than_are_read_at_once(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    for order_id in range(100, 112):
        issue(records.store, records.shop, a_draft(order_id))
    monkeypatch.setattr(integrity, "AT_ONCE", 2)
    held = most_alive(monkeypatch, integrity, "as_stored_document")
    assert records.damages() == []
    # The one that is looked at, the one before it, and the newest of the other series.
    assert (len(held), max(held)) == (17, 3)
