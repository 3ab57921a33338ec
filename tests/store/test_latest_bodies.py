"""What a shop delivered last is read for a preview, and no more of what it ever delivered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from tests.support.issued import NOW, opened
from worker.store import deliveries
from worker.store.database.engine import Store
from worker.store.database.tables import deliveries as rows
from worker.store.database.tables import jobs


def delivered(store: Store, shop_id: str, first: int, told: Sequence[tuple[int, str, bytes | None]]) -> None:
    """*told*: order, source and body of each, oldest first."""
    work, made = list[dict[str, Any]](), list[dict[str, Any]]()
    for number, (order_id, source, body) in enumerate(told, first):
        at = NOW + timedelta(seconds=number)
        work.append({"job_id": number, "kind": "process_order", "name": "process_order", "shop_id": shop_id, "queue": "orders",
                     "state": "done", "created_at": at, "next_at": at, "order_id": order_id})  # fmt: skip
        made.append({"delivery_id": number, "shop_id": shop_id, "source": source, "topic": "order.updated", "order_id": order_id,
                     "received_at": at, "body": body, "body_sha256": "0" * 64})  # fmt: skip
    with store.write() as connection:
        connection.execute(insert(jobs), work)
        connection.execute(insert(rows), made)


def test_the_newest_body_of_each_order_that_was_delivered_last(database_url: str) -> None:
    store, shop = opened(database_url)
    told = [(1, "webhook", b"1"), (2, "webhook", b"2"), (3, "webhook", None), (1, "webhook", b"1 again")]
    delivered(store, shop.shop_id, 1, [*told, (4, "other_site", b"4"), *[(5, "poll", b"")] * 50])
    with store.read() as connection:
        found = [deliveries.latest_bodies(connection, shop.shop_id, limit=limit) for limit in (9, 1)]
    store.close()
    assert found == [(b"1 again", b"2"), (b"1 again",)]


def test_they_cost_no_more_in_a_shop_that_delivered_for_years(sqlite_url: str) -> None:
    store, shop = opened(sqlite_url)

    def steps() -> int:
        seen: list[int] = []
        with store.read() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: seen.append(1), 50)
            deliveries.latest_bodies(connection, shop.shop_id, limit=5)
            driver.set_progress_handler(None, 0)
        return len(seen)

    told = [(order_id, "webhook", b"{}") for order_id in range(200)]
    delivered(store, shop.shop_id, 1, told)
    young = steps()
    delivered(store, shop.shop_id, 201, told * 20)
    old = steps()
    store.close()
    assert old < young * 1.5, (young, old)
