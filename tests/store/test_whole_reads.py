"""Of every statement that is asked in a test it is seen whether it would read a whole table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.whole_reads import Watch, whole_reads
from worker.store import transmissions
from worker.store.database.engine import Store


@pytest.fixture
def no_whole_read() -> None:
    """That of the conftest would find what is asked here in order to be found."""


def test_a_statement_that_reads_a_growing_table_to_its_end_is_found(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.read() as connection:
        driver: Any = connection.connection.driver_connection
        found = {
            statement: list(whole_reads(driver, statement))
            for statement in (
                "SELECT * FROM documents WHERE vat = 1",
                "SELECT 1 FROM shops JOIN documents AS made ON made.vat = shops.seed",
                "SELECT number FROM documents WHERE shop_id = 'a' ORDER BY total",
                "SELECT 1 FROM shops WHERE url IN (SELECT buyer FROM documents) ORDER BY shop_id LIMIT 9",
                "SELECT * FROM documents WHERE document_id = 1",
                "SELECT document_id FROM documents WHERE shop_id = 'a' ORDER BY total LIMIT 9",
                "SELECT * FROM shops",
            )
        }
    store.close()
    assert [bool(lines) for lines in found.values()] == [True, True, True, True, False, False, False], found


def test_what_is_asked_before_and_after_a_test_of_the_store_is_not_its_own(sqlite_url: str) -> None:
    watch, store = Watch(), Store(sqlite_url)

    def ask() -> None:
        watch.seen.clear()
        with store.write() as connection:
            transmissions.ask_about_all(connection, now=datetime(2026, 5, 1, tzinfo=UTC))

    ask()
    with watch.during() as found:
        ask()
    ask()
    with watch.during() as nothing:
        pass
    store.close()
    assert ([one.caller for one in found], nothing) == (["worker.store.transmissions.ask_about_all"], [])
