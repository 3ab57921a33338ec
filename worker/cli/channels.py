"""`facturelay channel …`: who is notified elsewhere than by mail, and from which harm on."""

import click

from worker import serializers
from worker.actions import channels as actions
from worker.cli.common import ACTOR, of_shop, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.attention import Harm
from worker.domain.channel import THRESHOLDS, ChannelKind
from worker.domain.webhook import check_webhook_url
from worker.errors import InvalidValue, Rejected
from worker.json_type import tell
from worker.notifications import channels as notifications
from worker.services import Services
from worker.store import channels, users
from worker.store.channels import Channel, NewChannel
from worker.terminal import at_utc

FROM = {harm.name.lower().replace("_", "-"): harm for harm in Harm}


@click.group(cls=Group)
def channel() -> None:
    """Notify people by webhook, ntfy or Slack, besides by mail."""


@channel.command("add")
@of_shop
@click.argument("kind", type=click.Choice([kind.value for kind in ChannelKind]))
@click.argument("url")
@click.option("--for", "email", metavar="EMAIL", help="Whose it is, and in whose language (default: the shop's own).")
@click.option("--from", "harm", type=click.Choice(list(FROM)), default="decision", help="From which harm on.")
@with_services
@with_json
def add(services: Services, shop_id: str, kind: str, url: str, email: str | None, harm: str, *, as_json: bool) -> None:
    """Add a channel. The secret that signs a webhook's calls is shown this once."""
    try:
        check_webhook_url(url, allow_private=services.settings.allow_private_shops)
    except InvalidValue as error:
        raise Rejected(error.message, code="channel_address") from error
    with services.store.write() as connection:
        user = users.by_email(connection, email) if email else None
        if email and user is None:
            raise Rejected("Nobody signs in as {email}.", email=email, code="user_unknown")
        new = NewChannel(shop_id, ChannelKind(kind), url, FROM[harm], user.user_id if user else None)
        channel_id, secret = actions.add_channel(connection, services.encryption, new, by=services.actor(ACTOR))
    text = f"Channel {channel_id} is added; try it with `facturelay channel try`."
    show(
        {"channel_id": channel_id, "secret": secret},
        as_json=as_json,
        text=lambda: f"{text}\nIts calls are signed with {secret}; it is not shown again." if secret else text,
    )


@channel.command("list")
@of_shop
@with_services
@with_json
def list_channels(services: Services, shop_id: str, *, as_json: bool) -> None:
    """List a shop's channels, with when each was last told and what is wrong with it."""
    with services.store.read() as connection:
        found = channels.of_shop(connection, services.encryption, shop_id)
    show([tell(serializers.CHANNEL, one) for one in found], as_json=as_json, text=lambda: as_table(found))


@channel.command("try")
@of_shop
@click.argument("channel_id", type=int)
@with_services
@with_json
def try_channel(services: Services, shop_id: str, channel_id: int, *, as_json: bool) -> None:
    """Send a test notification and say whether it was taken."""
    one = channel_of(services, shop_id, channel_id)
    notifications.try_out(services, services.connected(shop_id).shop, one)
    show({"channel_id": channel_id, "taken": True}, as_json=as_json, text=lambda: f"{one.host} took it.")


@channel.command("remove")
@of_shop
@click.argument("channel_id", type=int)
@with_services
@with_json
def remove(services: Services, shop_id: str, channel_id: int, *, as_json: bool) -> None:
    """Notify an address no longer."""
    one = channel_of(services, shop_id, channel_id)
    with services.store.write() as connection:
        actions.remove_channel(connection, one, by=services.actor(ACTOR))
    text = f"{one.host} is no longer notified."
    show({"channel_id": channel_id, "removed": True}, as_json=as_json, text=lambda: text)


def channel_of(services: Services, shop_id: str, channel_id: int) -> Channel:
    with services.store.read() as connection:
        return channels.get(connection, services.encryption, shop_id, channel_id)


def as_table(found: tuple[Channel, ...]) -> str:
    if not found:
        return "Nobody is notified but by mail; `facturelay channel add` adds a channel."
    rows = [
        (
            str(one.channel_id),
            one.kind,
            one.host,
            one.email or "the shop",
            str(THRESHOLDS[one.threshold]),
            at_utc(one.told_at) if one.told_at else "never",
            str(one.message),
        )
        for one in found
    ]
    return table([("id", "kind", "where", "who", "what", "last told", ""), *rows], right=(0,))
