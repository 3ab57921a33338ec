"""Mails that a shop's people have sent by the operator's server to an address of their choice: counted, and one at a time."""

import math
from datetime import UTC

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.settings import Settings
from worker.store import account_mails, senders
from worker.store.account_mails import MailKind


def plan(
    connection: Connection, settings: Settings, shop: Shop, mail: tuple[MailKind, str], *, by: Actor, **argument: str
) -> None:
    """Have a *mail*, its kind and address, leave; a second one only once the first left. Raises Rejected beyond the shop's day."""
    kind, email = mail
    if account_mails.is_waiting(connection, kind, email, shop_id=shop.shop_id):
        return
    if senders.count_mail(connection, shop.shop_id, day=by.now.astimezone(UTC).date()) > (
        settings.mails_per_day or math.inf
    ):
        raise Rejected(
            "{name} has sent as many mails as it may on one day by this installation's mail server ({most}). Try again tomorrow.",
            name=shop.name,
            most=settings.mails_per_day,
            code="mail_limit",
        )
    account_mails.plan(
        connection, kind, email, language=shop.language, now=by.now, shop_id=shop.shop_id, by=by.name, **argument
    )
