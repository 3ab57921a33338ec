"""From which addresses a shop may write by the operator's mail server, and how much it wrote today."""

from datetime import date, datetime

from sqlalchemy import Connection, delete, select, update

from worker.store.database.rows import insert_into
from worker.store.database.tables import mail_counts, proved_senders


def prove(connection: Connection, shop_id: str, address: str, *, by: str, now: datetime) -> None:
    """Somebody who reads the mailbox, or the operator, says that *address* is the shop's. Safe to call again."""
    if not address:
        return
    new = insert_into(connection, proved_senders).values(
        shop_id=shop_id, address=address.lower(), proved_by=by, proved_at=now
    )
    connection.execute(new.on_conflict_do_nothing())


def is_proved(connection: Connection, shop_id: str, address: str) -> bool:
    query = select(proved_senders.c.address).where(
        proved_senders.c.shop_id == shop_id, proved_senders.c.address == address.lower()
    )
    return connection.execute(query).first() is not None


def count_mail(connection: Connection, shop_id: str, *, day: date) -> int:
    """Count one more mail of the day (UTC), and return how many there were; days before are forgotten."""
    connection.execute(delete(mail_counts).where(mail_counts.c.shop_id == shop_id, mail_counts.c.day < day))
    new = insert_into(connection, mail_counts).values(shop_id=shop_id, day=day, mails=1)
    counted = new.on_conflict_do_update(index_elements=["shop_id", "day"], set_={"mails": mail_counts.c.mails + 1})
    return int(connection.execute(counted.returning(mail_counts.c.mails)).scalar_one())


def take_back(connection: Connection, shop_id: str, *, day: date) -> None:
    """The mail that was counted last did not leave."""
    same = update(mail_counts).where(mail_counts.c.shop_id == shop_id, mail_counts.c.day == day)
    connection.execute(same.values(mails=mail_counts.c.mails - 1))
