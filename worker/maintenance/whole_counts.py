"""Use case: count all documents, work and numbers once a day, so that whoever asks counts no more than what came since."""

import uuid
from datetime import timedelta

from worker.services import Services
from worker.store import leases, shops, whole_counts
from worker.store.whole_counts import Counted

LEASE = "whole_counts"
EVERY = timedelta(hours=24)


def count_whole(services: Services) -> bool:
    """Whether it was counted; False where that was done within a day. May be called by several schedulers."""
    now = services.now()
    with services.store.write() as connection:
        if not leases.acquire(connection, LEASE, str(uuid.uuid4()), now=now, lease_for=EVERY - timedelta(minutes=10)):
            return False
    with services.store.read() as connection:
        documents = whole_counts.count_documents(connection, now=now)
        jobs = whole_counts.count_ended_jobs(connection, now=now)
        shop_ids = tuple(one.shop_id for one in shops.every(connection))
    with services.store.write() as connection:
        whole_counts.write(connection, Counted.DOCUMENTS, documents, now=now)
        whole_counts.write(connection, Counted.JOBS, jobs, now=now)
    for shop_id in shop_ids:
        count_shop(services, shop_id)
    return True


def count_shop(services: Services, shop_id: str) -> None:
    now = services.now()
    with services.store.read() as connection:
        series = whole_counts.count_series(connection, shop_id)
        register = whole_counts.count_register(connection, shop_id)
    with services.store.write() as connection:
        whole_counts.write(connection, Counted.SERIES, series, shop_id=shop_id, now=now)
        whole_counts.write(connection, Counted.REGISTER, register, shop_id=shop_id, now=now)
