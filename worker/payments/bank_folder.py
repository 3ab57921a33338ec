"""The folder of a shop's bank files: whatever is put into it is read, and then moved to `read` or `refused` inside it."""

import time
from collections.abc import Iterator
from pathlib import Path

from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.message import Message
from worker.payments.bank_file import BankFile, take_file
from worker.payments.bank_files.read import MOST_BYTES
from worker.services import Services
from worker.store import alerts
from worker.store.files.temporary import shown_name
from worker.store.shops import ConnectedShop

# A file that changed just now may still be being written.
SETTLED_AFTER_S = 10
MOST_AT_ONCE = 20
REFUSED = "bank_file_refused"


def folder_of(services: Services, shop_id: str) -> Path:
    return services.settings.data / "bank" / shop_id


def read_folder(services: Services, connected: ConnectedShop) -> None:
    """Read the files that wait in the shop's folder, if it has one. Those that were read before change nothing."""
    folder = folder_of(services, connected.shop.shop_id)
    if not connected.shop.test:
        for file in list(waiting_files(folder))[:MOST_AT_ONCE]:
            read_one(services, connected, file)


def waiting_files(folder: Path) -> Iterator[Path]:
    """Whole files only, by their names: no link leads out of the folder."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        is_own = file.is_file() and not file.is_symlink() and not file.name.startswith(".")
        if is_own and file.stat().st_mtime < time.time() - SETTLED_AFTER_S:
            yield file


def read_one(services: Services, connected: ConnectedShop, file: Path) -> None:
    shop, now, name = connected.shop, services.now(), shown_name(file.name)
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    try:
        taken = BankFile(name, content)
        take_file(services.store, shop, taken, by=Actor("bank folder", now), told=lambda _done, _of: None)
    except Rejected as error:
        message = Message(
            "{shop}: the bank file {name} was not read. {reason}", shop=shop.name, name=name, reason=error.message
        )
        with services.store.write() as connection:
            alerts.raise_alert(connection, shop.shop_id, code=REFUSED, message=message, now=now)
        move(file, "refused")
        return
    with services.store.write() as connection:
        alerts.close(connection, shop.shop_id, code=REFUSED, now=now)
    move(file, "read")


def move(file: Path, into: str) -> None:
    """One of the same name that is there already is replaced: its lines are stored."""
    target = file.parent / into
    target.mkdir(mode=0o700, exist_ok=True)
    file.replace(target / file.name)
