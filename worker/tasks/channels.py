"""The task that tries a notification channel."""

from collections.abc import Mapping
from typing import Any

from worker.errors import Rejected, Unavailable
from worker.notifications import channels as notifications
from worker.services import Services
from worker.store import channels
from worker.store.tasks import Task


def try_channel(services: Services, task: Task) -> Mapping[str, Any]:
    """Send a test notification.

    Argument: `{"channel_id"}`. Answer: `{"host"}`; refused with what the other side said, which is not tried again by itself.
    """
    with services.store.read() as connection:
        channel = channels.get(connection, services.encryption, task.shop_id, int(task.argument["channel_id"]))
    try:
        notifications.try_out(services, services.connected(task.shop_id).shop, channel)
    except Unavailable as error:
        raise Rejected("{host}: {reason}", host=channel.host, reason=error.message, code=error.code) from error
    return {"host": channel.host}
