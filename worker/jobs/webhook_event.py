"""The job that sends the events of outgoing webhooks."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from worker.errors import FacturelayError, Unavailable
from worker.jobs.job_type import JobType, lease_time, run
from worker.message import Message
from worker.notifications import webhooks
from worker.notifications.receiver import NoAnswer
from worker.services import Services
from worker.store import jobs as job_store
from worker.store import webhooks as webhook_store
from worker.store.webhooks import LeasedWebhookEvent

# A row of calls, each as slow as it may be, ends before its job is ended (queue.JOB_TIMEOUT_S).
MOST_EVENTS_PER_JOB = 8
# Workers that were away for a day are nobody's failure: a receiver is tried so often before it is given up.
LEAST_ATTEMPTS = 10


class SendEvent(JobType[LeasedWebhookEvent, None]):
    def do(self, services: Services, leased: LeasedWebhookEvent) -> None:
        webhooks.send_event(services, leased)

    def close(self, services: Services, leased: LeasedWebhookEvent, result: None) -> None:
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, now=services.now())

    def fail(self, services: Services, leased: LeasedWebhookEvent, error: FacturelayError) -> None:
        webhooks.give_up(services, leased, error.message)

    def is_given_up(self, leased: LeasedWebhookEvent, error: Unavailable, age: timedelta) -> bool:
        return super().is_given_up(leased, error, age) and leased.attempts >= LEAST_ATTEMPTS

    def give_up_message(self, error: Unavailable) -> Message:
        return Message("{message} It was tried for a day.", message=error.message)

    def retry_later(
        self, connection: Connection, leased: LeasedWebhookEvent, error: Unavailable, next_at: datetime
    ) -> None:
        super().retry_later(connection, leased, error, next_at)
        if isinstance(error, NoAnswer):
            webhook_store.postpone(connection, leased.event.endpoint_id, until=next_at)


def send_waiting_events(services: Services, event_id: int) -> bool:
    """Send one webhook event, and while it goes well those of the same endpoint that wait behind it. False when none could be begun."""
    upcoming = event_id
    for number in range(MOST_EVENTS_PER_JOB):
        leased, sent = send_event(services, upcoming)
        if leased is None or not sent:
            return number > 0 or leased is not None
        with services.store.read() as connection:
            following = webhook_store.next_event_of(connection, leased.endpoint.endpoint_id, now=services.now())
        if following is None:
            break
        upcoming = following
    return True


def send_event(services: Services, event_id: int) -> tuple[LeasedWebhookEvent | None, bool]:
    """Send one event and write its outcome on the row. What was begun, and whether it was sent."""
    with services.store.write() as connection:
        leased = webhook_store.take(
            connection, services.encryption, event_id, now=services.now(), lease_for=lease_time(services)
        )
    return leased, run(services, SendEvent(), leased)
