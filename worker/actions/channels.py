"""What a person decides about being notified elsewhere than by mail. The trail names the server, never the whole address: who knows it may write there."""

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.message import Message
from worker.net.site_address import host_of
from worker.store import alerts, audit_trail, channels, counters
from worker.store.channels import Channel, NewChannel
from worker.store.database.encryption import Encryption


def add_channel(connection: Connection, encryption: Encryption, new: NewChannel, *, by: Actor) -> tuple[int, str]:
    """A new channel's id, and the secret of a webhook: shown once. Raises Rejected where there are too many."""
    counters.lock(connection, new.shop_id)  # so that two at once do not both find room for the last one
    channel_id, secret = channels.add(connection, encryption, new, by=by)
    message = Message("{host} is notified too.", host=host_of(new.url))
    audit_trail.note(connection, new.shop_id, "channel_added", message, by=by)
    return channel_id, secret


def remove_channel(connection: Connection, channel: Channel, *, by: Actor) -> None:
    channels.remove(connection, channel.channel_id)
    message = Message("{host} is no longer notified.", host=channel.host)
    audit_trail.note(connection, channel.shop_id, "channel_removed", message, by=by)
    if not channels.any_fails(connection, channel.shop_id):
        alerts.close(connection, channel.shop_id, code=channels.ALERT, now=by.now)
