"""Use case: who wants to hear of it elsewhere than by mail hears it there: by webhook, ntfy or Slack, tried again until it was taken."""

from sqlalchemy import Connection

from worker.domain.attention import Harm
from worker.domain.channel import Notice, NoticeText, written
from worker.domain.shop import Shop
from worker.errors import FacturelayError, Unavailable
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.mail.notice_mail import NoticeLine
from worker.message import Message
from worker.notifications import alerts as alert_mails
from worker.notifications import receiver
from worker.services import Services
from worker.store import alerts, channels
from worker.store.channels import Channel
from worker.store.shops import ConnectedShop

# Told by mail and on the page: the channel itself may be the one that hears nothing.
NOT_BY_CHANNEL = (channels.ALERT,)


def tell_channels(services: Services, connected: ConnectedShop) -> None:
    """Note what each channel of a shop is owed, and send what is due. One that fails holds up no other."""
    shop = connected.shop
    plan(services, shop)
    with services.store.read() as connection:
        owing = channels.of_shop(connection, services.encryption, shop.shop_id)
    for channel in owing:
        if channel.owed and channel.next_at <= services.now():
            tell(services, shop, channel)


def plan(services: Services, shop: Shop) -> None:
    """Owe the alerts that are new to every channel. Without a channel they stay new: whoever adds one hears what is open."""
    with services.store.read() as connection:
        if not untold(connection, services, shop) or not channels.of_shop(
            connection, services.encryption, shop.shop_id
        ):
            return
    with services.store.write() as connection:
        new, every = untold(connection, services, shop), channels.of_shop(connection, services.encryption, shop.shop_id)
        if not every or not new:
            return
        for channel in every:
            channels.owe(connection, channel, new)
        alerts.mark_told(connection, new, now=services.now())


def untold(connection: Connection, services: Services, shop: Shop) -> list[int]:
    new = alert_mails.to_tell(connection, services, alerts.untold(connection, shop.shop_id))
    return [alert_id for alert_id, alert in new.items() if alert.code not in NOT_BY_CHANNEL]


def tell(services: Services, shop: Shop, channel: Channel) -> None:
    notice = notice_of(services, shop, channel)
    if not notice.lines:
        with services.store.write() as connection:
            channels.nothing_owed(connection, channel)
        return
    try:
        send(services, channel, notice)
    except FacturelayError as error:
        note_failure(services, shop, channel, error.message)
        return
    note_success(services, channel)


def note_success(services: Services, channel: Channel) -> None:
    with services.store.write() as connection:
        channels.told(connection, channel, now=services.now())
        if not channels.any_fails(connection, channel.shop_id):
            alerts.close(connection, channel.shop_id, code=channels.ALERT, now=services.now())


def note_failure(services: Services, shop: Shop, channel: Channel, why: Message) -> None:
    now = services.now()
    with services.store.write() as connection:
        failures = channels.failed(connection, channel, why, now=now)
        if failures == channels.ALERT_AFTER:
            message = Message(
                "{shop}: {host} takes no notifications, tried so far: {count}. {reason} It is tried again by itself.",
                shop=shop.name,
                host=channel.host,
                count=failures,
                reason=why,
            )
            alerts.raise_alert(connection, channel.shop_id, code=channels.ALERT, message=message, now=now)


def notice_of(services: Services, shop: Shop, channel: Channel) -> Notice:
    """What *channel* is owed and is still so, in its reader's language."""
    with services.store.read() as connection:
        owed = alerts.still_open(connection, shop.shop_id, channel.owed)
    told = [(harm, line) for harm, line in alert_mails.rated_lines(services, shop, owed) if harm <= channel.threshold]
    translator = Translator(channel.language or shop.language)
    title = Message("{shop}: something needs you", shop=shop.name)
    return compose(services, channel, (title, shop), told, translator)


def compose(
    services: Services,
    channel: Channel,
    about: tuple[Message, Shop],
    told: list[tuple[Harm, NoticeLine]],
    translator: Translator,
) -> Notice:
    title, shop = about
    lines = tuple(NoticeText(as_line(line, shop, translator), line.url, harm) for harm, line in told)
    first = "-".join(map(str, channel.owed)) or "try"
    return Notice(
        notice_id=f"{channel.channel_id}-{first}",
        at=int(services.now().timestamp()),
        shop_id=shop.shop_id,
        shop_name=shop.name,
        title=translate(title, translator, zone=shop.zoneinfo),
        url=alert_mails.home_of(services, shop),
        lines=lines,
    )


def as_line(line: NoticeLine, shop: Shop, translator: Translator) -> str:
    text = translate(line.message, translator, zone=shop.zoneinfo)
    return f"{text} ({line.count})" if line.count else text


def try_out(services: Services, shop: Shop, channel: Channel) -> None:
    """Send something that only shows that it arrives. Raises Rejected or Unavailable where it is not taken."""
    translator = Translator(channel.language or shop.language)
    line = NoticeLine(Message("This is a test: notifications of {shop} arrive here.", shop=shop.name))
    about = (Message("Test of {shop}", shop=shop.name), shop)
    send(services, channel, compose(services, channel, about, [(Harm.DECISION, line)], translator))
    note_success(services, channel)


def send(services: Services, channel: Channel, notice: Notice) -> None:
    """Raises Unavailable where it is not taken."""
    call = written(channel.kind, notice, secret=channel.secret)
    status = receiver.post(services, channel.url, call.body, call.headers)
    if not 200 <= status < 300:
        raise Unavailable("The receiver answered {status}.", status=status, code="receiver_refuses")
