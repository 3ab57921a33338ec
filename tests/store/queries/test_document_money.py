"""What is asked of many documents is read in as many statements as of one."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from tests.support.issued import NOW, a_draft, issue, opened
from worker.domain.document import Document, Kind
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.shop import Shop
from worker.store import payments
from worker.store.database.engine import Store
from worker.store.queries import document_money
from worker.store.queries.order_history import details


@pytest.fixture
def house(database_url: str) -> Iterator[tuple[Store, Shop]]:
    store, shop = opened(database_url)
    yield store, shop
    store.close()


def test_what_many_documents_ask_is_read_at_once_and_alike(house: tuple[Store, Shop]) -> None:
    store, shop = house
    kinds = (Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST, Kind.INVOICE)
    made = [
        issue(store, shop, a_draft(order_id, kind=kind))
        for order_id in range(1, 6)
        for kind in kinds[: order_id % 3 + 1]
    ]
    with store.write() as connection:
        for one in made[:3]:
            receipt = Receipt(NOW.date(), PaymentSource.PERSON, "An", currency="EUR")
            payments.count(connection, one.order, one.draft.total, receipt, now=NOW)
    with store.read() as connection:
        assert document_money.of_documents(connection, made) == tuple(
            money for one in made for money in document_money.of_documents(connection, [one])
        )
    assert statements_for(store, made) == statements_for(store, made[:3])


def statements_for(store: Store, made: list[Document]) -> list[str]:
    asked: list[str] = []

    def note(*about: object) -> None:
        asked.append(str(about[2]))

    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        details(connection, made)
        event.remove(connection, "before_cursor_execute", note)
    return asked
