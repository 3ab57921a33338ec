"""What the plugin tells of WooCommerce's own mails when it goes: none of ours follows those, and none of those follows ours."""

from typing import Any

from sqlalchemy import Connection

from bridge.context import context
from bridge.plugin.signed_request import PluginRequest, unreadable
from worker.store import own_mails, plugins
from worker.store.own_mails import OwnMail


def take_in(connection: Connection, plugin_request: PluginRequest) -> tuple[str, ...]:
    """Store which of the shop's own mails left; return the mail groups of those in whose place ours leaves."""
    told = plugin_request.content.get("own_mails", [])
    if not isinstance(told, list) or not all(is_own_mail(mail) for mail in told):
        raise unreadable()
    shop_id = plugin_request.plugin.shop_id
    mailing = plugins.groups_being_mailed(connection, shop_id, [mail["mail_group"] for mail in told])
    left = [mail for mail in told if mail["mail_group"] not in mailing]
    mails = [OwnMail(mail["order"], mail["refund"], kind) for mail in left for kind in mail["kinds"]]
    own_mails.record(connection, shop_id, mails, now=context().now())
    return mailing


def is_own_mail(told: Any) -> bool:
    """Whether the plugin told of a mail as HeldMails::own_mails() does."""
    if not isinstance(told, dict) or not isinstance(told.get("mail_group"), str):
        return False
    ids, kinds = (told.get("order"), told.get("refund")), told.get("kinds")
    return (
        all(type(number) is int and 0 <= number < 2**63 for number in ids)
        and isinstance(kinds, list)
        and all(isinstance(kind, str) and len(kind) <= 24 for kind in kinds)
    )
