"""Of every statement that is asked in a test it is seen whether it would read a whole table."""

from typing import Any

from tests.support.whole_reads import whole_reads
from worker.store.database.engine import Store


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
                "SELECT * FROM documents WHERE document_id = 1",
                "SELECT document_id FROM documents WHERE shop_id = 'a' ORDER BY total LIMIT 9",
                "SELECT * FROM shops",
            )
        }
    store.close()
    assert [bool(lines) for lines in found.values()] == [True, True, True, False, False, False], found
