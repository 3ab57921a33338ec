"""While the bank's files of a shop are old or one is missing, its owner is told; the file ends it by itself."""

from datetime import date

from worker.message import Message
from worker.services import Services
from worker.store import alerts, bank_files, bank_statements
from worker.store.shops import ConnectedShop

CODE = "bank_files_old"
MISSING = "bank_statement_missing"


def alert_old_files(services: Services, connected: ConnectedShop) -> None:
    """Open an alert when the newest day in the bank's files is more than five days ago; close it when it no longer is."""
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        day = bank_files.old_since(connection, shop.shop_id, today=shop.day_of(now))
        if day is None:
            alerts.close(connection, shop.shop_id, code=CODE, now=now)
        elif alerts.find(connection, shop.shop_id, CODE) is None:
            alerts.raise_alert(connection, shop.shop_id, code=CODE, message=message_of(shop.name, day), now=now)


def alert_missing_statement(services: Services, connected: ConnectedShop) -> None:
    """Open an alert while a statement between two is missing, and close it when it is read or a person says that none is."""
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        found = bank_statements.missing(connection, shop)
        if found is None:
            alerts.close(connection, shop.shop_id, code=MISSING, now=now)
            return
        message = Message("{shop}: {what} You do both under Payments, Bank.", shop=shop.name, what=found.message)
        open_one = alerts.find(connection, shop.shop_id, MISSING)
        if open_one is None or open_one.message != message:
            alerts.raise_and_notify_again(connection, shop.shop_id, code=MISSING, message=message, now=now)


def message_of(shop_name: str, day: date) -> Message:
    return Message(
        "{shop}: the files of your bank tell of nothing after {day}. Who paid since is not known here, and nobody is reminded until "
        "you read in a newer one, under Payments, Bank. If you no longer use files of your bank, say so in the settings, under Payment.",
        shop=shop_name,
        day=day,
    )
