"""What tests of the store may ask for."""

from collections.abc import Iterator

import pytest

from tests.support.history import History
from worker.store.database.engine import Store


@pytest.fixture
def history(database_url: str) -> Iterator[History]:
    """Two shops, `a` and `b`, to which nothing happened yet."""
    made = History(Store(database_url), {})
    made.shop("a")
    made.shop("b")
    yield made
    made.store.close()
