"""What the plugin notes at an order when it goes and nobody here answers: which of the shop's own mails left in our mails' place."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from worker.message import Message
from worker.woocommerce.json_reader import read_any_object
from worker.woocommerce.node import Node

# Written by OwnMailNote.php.
META_KEY = "_facturelay_own_mails"


def kinds_mailed(order: bytes, refunds: Collection[int], *, since: datetime) -> frozenset[str]:
    """The kinds of documents that mails of the shop's own led to since then, about the sale or about one of *refunds*.

    Empty where the order, as the shop states it, says nothing of it that can be read.
    """
    label = Message("Order {order_id}", order_id="?")
    metas = Node(read_any_object(order), where="", label=label).nodes("meta_data")
    said = next((node.scalar("value") for node in metas if node.text("key") == META_KEY), "")
    return frozenset(
        str(kind)
        for mail in _mails(said)
        if mail.get("refund") in (0, *refunds) and _left_at(mail) >= since
        for kind in mail.get("kinds") or ()
    )


def _mails(said: str) -> list[dict[str, Any]]:
    try:
        mails = json.loads(said)
    except ValueError:
        return []
    return [mail for mail in mails if isinstance(mail, dict)] if isinstance(mails, list) else []


def _left_at(mail: dict[str, Any]) -> datetime:
    at = mail.get("at")
    try:
        return datetime.fromtimestamp(at if isinstance(at, int) else 0, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
