"""What is issued stays as it is: the database itself refuses, whoever asks and with whatever tool."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support.issued import NOW, a_draft, issue, opened, pay
from worker.domain.order import OrderKey
from worker.message import Message
from worker.net.vies_answer import ViesAnswer
from worker.store import audit_trail, document_files, documents, peppol_answers, vat_checks
from worker.store.audit_trail import AuditEntry
from worker.store.database.engine import Store
from worker.store.document_files import StoredFile
from worker.store.peppol_answers import LOOKUP, YES, PeppolAnswer
from worker.store.vat_checks import VatQuestion

TABLES = ("documents", "register", "files", "payments", "payment_shares", "audit_trail", "vat_checks", "peppol_answers")
CHANGES = {
    "documents": ("total = 1", "snapshot = '{}'", "number = 'F1'", "test = NOT test", "issued_on = '2020-01-01'"),
    "register": ("hash = 'x'", "position = 7"),
    "files": ("sha256 = 'x'", "path = 'elsewhere.pdf'"),
    "payments": ("amount = 1", "paid_on = '2020-01-01'", "order_id = order_id + 1"),
    "payment_shares": ("amount = 1", "document_id = document_id + 1"),
    "audit_trail": ("message = 'Nothing happened.'", "actor = 'nobody'"),
    "vat_checks": ("valid = NOT valid", "answer = '{}'", "asked_at = '2020-01-01'"),
    "peppol_answers": ("verdict = 'no'", "answer = '{}'"),
}


@pytest.fixture
def records(database_url: str) -> Iterator[Store]:
    """One issued document with a file and an event."""
    store, shop = opened(database_url)
    document = issue(store, shop, a_draft(238))
    with store.write() as connection:
        path = "shop/2026/1.pdf"
        document_files.add_file(connection, StoredFile(document.document_id, "pdf", "0" * 64, 3, path, NOW))
        audit_trail.add(
            connection, AuditEntry(shop.shop_id, NOW, "worker", "issued", Message("F2026-00001 was issued."), 238)
        )
        pay(connection, document.document_id)
        answer = ViesAnswer(True, "{}", request_identifier="WAPIAAAA")
        order = OrderKey(shop.shop_id, 238, document.draft.order_key)
        vat_checks.add(
            connection, order, VatQuestion(number="NL123456782B90", requester="BE0445566134"), answer, now=NOW
        )
        reach = PeppolAnswer(
            shop.shop_id, document.document_id, "peppyrus", LOOKUP, "0208:0403170701", "invoice", YES, NOW, "{}"
        )
        peppol_answers.add(connection, reach)
    yield store
    store.close()


def everything(store: Store) -> list[list[tuple[object, ...]]]:
    with store.read() as connection:
        return [[tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))] for table in TABLES]


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_changed_or_removed(records: Store, table: str) -> None:
    before = everything(records)
    # SQLite has no TRUNCATE: there a DELETE of everything is the same.
    emptied = [f"DELETE FROM {table}"] if records.is_sqlite else [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]
    for statement in [*(f"UPDATE {table} SET {change}" for change in CHANGES[table]), *emptied]:
        with pytest.raises(DBAPIError, match="written once"), records.engine.begin() as connection:
            connection.execute(text(statement))
    assert everything(records) == before


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_put_in_the_place_of_another(records: Store, table: str) -> None:
    # REPLACE removes a row without asking SQLite's triggers on DELETE; PostgreSQL's way is an upsert.
    key = {
        "audit_trail": "entry_id",
        "payments": "payment_id",
        "payment_shares": "share_id",
        "vat_checks": "check_id",
        "peppol_answers": "answer_id",
    }.get(table, "document_id")
    upsert = f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ON CONSTRAINT pk_{table} DO UPDATE SET {key} = EXCLUDED.{key}"
    statement = f"REPLACE INTO {table} SELECT * FROM {table}" if records.is_sqlite else upsert
    before = everything(records)
    with pytest.raises(DBAPIError, match="written once"), records.engine.begin() as connection:
        connection.execute(text(statement))
    assert everything(records) == before


def test_what_changes_nothing_is_refused_all_the_same(records: Store) -> None:
    with pytest.raises(DBAPIError, match="written once"), records.engine.begin() as connection:
        connection.execute(text("UPDATE documents SET total = total"))


def test_a_second_document_of_the_same_cause_is_the_first(records: Store) -> None:
    with records.read() as connection:
        shop_id, first = connection.execute(text("SELECT shop_id, number FROM documents")).one()
        again = documents.by_cause(connection, shop_id, a_draft(238).cause, a_draft(238).order_key)
    assert again is not None
    assert again.number == first


def test_the_first_stored_file_counts(records: Store) -> None:
    with records.write() as connection:
        later = StoredFile(1, "pdf", "1" * 64, 9, "shop/2026/other.pdf", NOW + timedelta(days=1))
        assert document_files.add_file(connection, later).sha256 == "0" * 64
