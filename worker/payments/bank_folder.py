"""The folder of a shop's bank files: whatever is put into it is read, and then moved to `read` or `refused` inside it."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.message import Message
from worker.payments.bank_file import BankFile, take_file
from worker.payments.bank_files.read import MOST_BYTES
from worker.queue.job_progress import tell_nobody
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
    if not connected.shop.test and folder.is_dir():
        for file in list(waiting_files(folder))[:MOST_AT_ONCE]:
            read_one(services, connected, file)
        forget_gone(services, connected.shop.shop_id, folder)


def waiting_files(folder: Path) -> Iterator[Path]:
    """Whole files only, by their names: no link leads out of the folder."""
    for file in sorted(folder.iterdir()):
        is_own = file.is_file() and not file.is_symlink() and not file.name.startswith(".")
        if is_own and file.stat().st_mtime < time.time() - SETTLED_AFTER_S:
            yield file


def read_one(services: Services, connected: ConnectedShop, file: Path) -> None:
    shop, now, name = connected.shop, services.now(), shown_name(file.name)
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    try:
        taken = BankFile(name, content)
        take_file(services.store, shop, taken, by=Actor("bank folder", now), told=tell_nobody)
    except Rejected as error:
        message = Message(
            "{shop}: the bank file {name} was not read. {reason}", shop=shop.name, name=name, reason=error.message
        )
        with services.store.write() as connection:
            alerts.raise_alert(connection, shop.shop_id, code=alert_code(name), message=message, now=now)
        move(file, "refused")
        return
    with services.store.write() as connection:
        alerts.close(connection, shop.shop_id, code=alert_code(name), now=now)
    move(file, "read")


def alert_code(name: str) -> str:
    """One for each file: what the next one tells is not what was in this."""
    return f"{REFUSED}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def forget_gone(services: Services, shop_id: str, folder: Path) -> None:
    """Tell no longer of refused files that somebody took away."""
    refused = folder / "refused"
    there = {shown_name(file.name) for file in refused.iterdir()} if refused.is_dir() else set()
    with services.store.read() as connection:
        told = [alert for alert in alerts.open_alerts(connection, shop_id) if alert.code.startswith(f"{REFUSED}:")]
    for alert in told:
        if alert.message.values["name"] not in there:
            with services.store.write() as connection:
                alerts.close(connection, shop_id, code=alert.code, now=services.now())


def move(file: Path, into: str) -> None:
    """One of the same name that is there already is replaced: its lines are stored."""
    target = file.parent / into
    target.mkdir(mode=0o700, exist_ok=True)
    file.replace(target / file.name)
