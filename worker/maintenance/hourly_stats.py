"""Use case: write down what happened in each hour, for the plots of the dashboard. Done for all shops at once."""

import uuid
from datetime import timedelta

from worker.services import Services
from worker.store import hourly_stats, leases

LEASE = "hourly_stats"
EVERY = timedelta(minutes=5)
# Orders that arrive late (from a shop that was away), and mails that left late, still get into their hour.
RECOUNT_FOR = timedelta(hours=6)
# As far back as the longest plot.
AT_FIRST = timedelta(days=31)
# Hours written in one transaction: each waits for the disk.
AT_ONCE = 24


def update_hourly_stats(services: Services) -> int:
    """Count the hours since the last time, the present one included. Returns how many; 0 where it was done just now.

    May be called by several schedulers: the lease lets one of them do it, once in five minutes.
    """
    now = services.now()
    with services.store.write() as connection:
        if not leases.acquire(connection, LEASE, str(uuid.uuid4()), now=now, lease_for=EVERY - timedelta(seconds=10)):
            return 0
        last = hourly_stats.last_hour(connection)
    first = hourly_stats.whole_hour(max(last - RECOUNT_FOR, now - AT_FIRST) if last else now - AT_FIRST)
    every = [first + hourly_stats.HOUR * count for count in range(int((now - first) / hourly_stats.HOUR) + 1)]
    for start in range(0, len(every), AT_ONCE):
        with services.store.read() as connection:
            counted = hourly_stats.count(connection, every[start : start + AT_ONCE])
        with services.store.write() as connection:
            for of_hour in counted:
                hourly_stats.write(connection, of_hour)
    return len(every)
