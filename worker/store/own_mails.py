"""WooCommerce's own mails that left a shop in the place of documents of ours: its plugin told of them when it went."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from worker.store.database.made_once import among, given, made_once
from worker.store.database.rows import insert_into
from worker.store.database.tables import own_mails

# A mail that left longer ago does not count as the mail of today's document (RECENT_S of the plugin's HeldMails.php).
COUNTS_FOR = timedelta(days=1)


# Made once: a statement costs more to build than to run.
KINDS = made_once(
    select(own_mails.c.kind).where(
        *given(own_mails.c.shop_id, own_mails.c.order_id),
        among(own_mails.c.refund_id, "refund_ids"),
        own_mails.c.left_at >= bindparam("since"),
    )
)


@dataclass(frozen=True)
class OwnMail:
    """A mail about an order, or about one of its refunds (*refund_id*, else 0), with a link to a document of *kind*."""

    order_id: int
    refund_id: int
    kind: str


def record(connection: Connection, shop_id: str, mails: Collection[OwnMail], *, now: datetime) -> None:
    """Store that *mails* left. May be called again. Those that no longer count are forgotten."""
    connection.execute(delete(own_mails).where(own_mails.c.left_at < now - COUNTS_FOR))
    if not mails:
        return
    rows = [
        {"shop_id": shop_id, "order_id": mail.order_id, "refund_id": mail.refund_id, "kind": mail.kind, "left_at": now}
        for mail in sorted(set(mails), key=lambda mail: (mail.order_id, mail.refund_id, mail.kind))
    ]
    connection.execute(insert_into(connection, own_mails).on_conflict_do_nothing(), rows)


def kinds_mailed(
    connection: Connection, shop_id: str, order_id: int, refunds: Collection[int], *, now: datetime
) -> frozenset[str]:
    """The kinds of documents of an order that its own mails led to, those about the sale or about one of *refunds*."""
    about = {"shop_id": shop_id, "order_id": order_id, "refund_ids": [0, *refunds]}
    return frozenset(connection.execute(KINDS, {**about, "since": now - COUNTS_FOR}).scalars())
