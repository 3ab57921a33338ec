"""Ten shops, one backfilling, one whose server hangs, one whose answers never end: what the other seven notice. Nothing is pretended
but the shops: processes, broker and mail server are real. Counted, not timed; benchmarks/neighbours.py measures."""

import pytest

from tests.support.neighbours import BACKFILLING, ENDLESS, GOOD, HANGING, neighbours
from worker.store.database.tables import jobs
from worker.store.queries import order_history

pytestmark = pytest.mark.slow

BACKFILL, CALLS, EACH = 300, 8, 2


def test_the_orders_of_seven_shops_are_mailed_long_before_their_neighbours_are_done() -> None:
    with neighbours(workers=2, shop_timeout_s=6) as street:
        street.be_hostile(backfill=BACKFILL, calls=CALLS)
        street.seconds_to_mail(GOOD, EACH, patience_s=50)
        with street.system.services.store.read() as connection:
            shops_of_documents = [item.shop_id for item in order_history.listing(connection)]
            waiting = [row.shop_id for row in connection.execute(jobs.select().where(jobs.c.state != "done"))]
    assert [shops_of_documents.count(shop_id) for shop_id in GOOD] == [EACH] * len(GOOD)
    # First come, first served, all of these would have been done before: 300 orders, and eight time-outs of two shops.
    assert shops_of_documents.count(BACKFILLING) < BACKFILL / 2
    assert set(waiting) >= {HANGING, ENDLESS, BACKFILLING}
    assert min(waiting.count(HANGING), waiting.count(ENDLESS)) > CALLS / 2
