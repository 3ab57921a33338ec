"""Use case: write down what happened in each hour, for the plots of the dashboard. Done for all shops at once."""

from datetime import timedelta

from worker.services import Services
from worker.store import hours, leases

DUTY = "tally"
EVERY = timedelta(minutes=5)
# Orders of which we hear late (a shop that was away), and mails that left late, still get into their hour.
AGAIN = timedelta(hours=6)
# As far back as the longest plot.
AT_FIRST = timedelta(days=31)


def tally(services: Services) -> int:
    """Count the hours since the last time, the present one included. Returns how many; 0 where it was done just now.

    May be called for each shop and by several sweeps: the lease lets one of them do it, once in five minutes.
    """
    now = services.now()
    with services.store.write() as connection:
        if not leases.hold(connection, DUTY, f"{now.timestamp()}", now=now, lease_for=EVERY - timedelta(seconds=10)):
            return 0
        last = hours.written_up_to(connection)
    hour = hours.whole_hour(max(last - AGAIN, now - AT_FIRST) if last else now - AT_FIRST)
    done = 0
    while hour <= now:
        with services.store.read() as connection:
            counted = hours.count(connection, hour)
        with services.store.write() as connection:
            hours.write(connection, counted)
        hour, done = hour + hours.HOUR, done + 1
    return done
