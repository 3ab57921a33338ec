"""What tests of the store may ask for."""

from collections.abc import Iterator

import pytest

from tests.support.history import History
from tests.support.whole_reads import no_whole_read
from worker.store.database.engine import Store

__all__ = ["no_whole_read"]  # a fixture of every test here


@pytest.fixture
def history(database_url: str) -> Iterator[History]:
    """Two shops, `a` and `b`, to which nothing happened yet."""
    made = History(Store(database_url), {})
    made.shop("a")
    made.shop("b")
    yield made
    made.store.close()
