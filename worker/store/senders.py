"""From which addresses a shop may write by the operator's mail server, and how much it wrote today."""

from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.database.made_once import given, made_once
from worker.store.database.rows import insert_into
from worker.store.database.tables import mail_counts, proved_senders

# Made once: a statement costs more to build than to run.
PROVED = made_once(select(proved_senders.c.address).where(*given(proved_senders.c.shop_id, proved_senders.c.address)))
MAILS = made_once(select(mail_counts.c.mails).where(*given(mail_counts.c.shop_id, mail_counts.c.day)))
FORGET = made_once(delete(mail_counts).where(*given(mail_counts.c.shop_id), mail_counts.c.day < bindparam("today")))
COUNT = {
    dialect.dialect.name: made_once(
        dialect.insert(mail_counts)
        .on_conflict_do_update(index_elements=["shop_id", "day"], set_={"mails": mail_counts.c.mails + 1})
        .returning(mail_counts.c.mails)
    )
    for dialect in (sqlite, postgresql)
}


def prove(connection: Connection, shop_id: str, address: str, *, by: str, now: datetime) -> None:
    """Somebody who reads the mailbox, or the operator, says that *address* is the shop's. Safe to call again."""
    if not address:
        return
    new = insert_into(connection, proved_senders).values(
        shop_id=shop_id, address=address.lower(), proved_by=by, proved_at=now
    )
    connection.execute(new.on_conflict_do_nothing())


def is_proved(connection: Connection, shop_id: str, address: str) -> bool:
    return connection.execute(PROVED, {"shop_id": shop_id, "address": address.lower()}).first() is not None


def count_mail(connection: Connection, shop_id: str, *, day: date) -> int:
    """Count one more mail of the day (UTC), and return how many there were; days before are forgotten."""
    counted = connection.execute(COUNT[connection.dialect.name], {"shop_id": shop_id, "day": day, "mails": 1})
    count = int(counted.scalar_one())
    if count == 1:
        connection.execute(FORGET, {"shop_id": shop_id, "today": day})
    return count


def mails_of(connection: Connection, shop_id: str, *, day: date) -> int:
    """How many mails of the day (UTC) were counted."""
    return connection.execute(MAILS, {"shop_id": shop_id, "day": day}).scalar() or 0


def take_back(connection: Connection, shop_id: str, *, day: date) -> None:
    """The mail that was counted last did not leave."""
    same = update(mail_counts).where(mail_counts.c.shop_id == shop_id, mail_counts.c.day == day)
    connection.execute(same.values(mails=mail_counts.c.mails - 1))
