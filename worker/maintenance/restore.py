"""Put a backup back into an empty installation."""

import gzip
import io
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import func, inspect, select
from sqlalchemy.engine import make_url

from worker.domain.shop import RestoredBackup
from worker.errors import NumberingPaused, Rejected
from worker.invoicing.current_shop import numbering_paused_message
from worker.maintenance import backup
from worker.maintenance.backup import ARCHIVE, KEY, POSTGRESQL, SQLITE, Manifest, open_private, run_postgresql
from worker.message import Message
from worker.services import utc_now
from worker.settings import Settings
from worker.store import alerts, audit_trail, shops, steps, transmissions
from worker.store.audit_trail import AuditEntry
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.database.tables import documents, files
from worker.store.files import private
from worker.store.files.archive import is_plain, open_archive

# Of what is read at once. A header of a file may say that it is gigabytes long, and would be read into memory whole.
MOST_BYTES_AT_ONCE = 1_000_000


def restore(source: Path, settings: Settings, *, moved: bool = False) -> Manifest:
    """Put a backup into an empty data folder and an empty database, verify every stored file, and pause numbering.

    *moved*: everything was stopped before the backup, so nothing was issued since and numbering continues.
    """
    with opened(source) as tar:
        manifest = read_manifest(tar, source)
        check_target_is_empty(settings, manifest)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.refuse_other_owner(settings.data)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data) as name:
            folder = Path(name)
            unpack(tar, folder, manifest)
            put_database(folder, settings, manifest)
            if (folder / ARCHIVE).is_dir():
                (folder / ARCHIVE).replace(settings.archive)
            if manifest.holds_key:
                put_key(folder / KEY, settings)
    upgrade(settings.database_url)
    # Before the files are looked at: whoever starts it although a file is missing must not give numbers again.
    if not moved:
        pause_numbering(settings, manifest)
    check_files(settings, manifest)
    return manifest


class InPieces(io.RawIOBase):
    """The unpacked bytes of a backup, never many at once, and each once: it may come through a pipe, as into a container.

    tarfile goes back by a block at most, which is kept: to go back in what is packed is to begin anew.
    """

    def __init__(self, content: gzip.GzipFile) -> None:
        self.content = content
        self.at = 0
        self.kept = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_BYTES_AT_ONCE:
            raise tarfile.ReadError("a header in it is too long")
        again = self.kept[len(self.kept) - (self.content.tell() - self.at) :][:size]
        new = self.content.read(size - len(again))
        self.at += len(again) + len(new)
        self.kept = (self.kept + new)[-tarfile.BLOCKSIZE :]
        return again + new

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < self.content.tell() - len(self.kept):
            raise tarfile.ReadError("a header in it cannot be read")
        self.at = min(offset, self.content.tell())
        while self.at < offset and self.read(min(offset - self.at, MOST_BYTES_AT_ONCE)):
            pass
        return self.at

    def tell(self) -> int:
        return self.at


@contextmanager
def opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with gzip.open(source) as content, tarfile.open(fileobj=InPieces(content), mode="r:") as tar:
            yield tar
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise Rejected(
            "{source} is not a whole backup: {error}", source=source, error=error, code="backup_unreadable"
        ) from error


def read_manifest(tar: tarfile.TarFile, source: Path) -> Manifest:
    try:
        return backup.read_manifest(tar)
    except (ValueError, TypeError, RecursionError) as error:
        raise Rejected("{source} is not a backup of Facturelay.", source=source, code="backup_unreadable") from error


def unpack(tar: tarfile.TarFile, folder: Path, manifest: Manifest) -> None:
    """Copy what a backup may hold, byte by byte, into *folder*; anything else in it is refused.

    Not `extractall`: Python before 3.11.4 (Debian 12 has 3.11.2) has no filters for it, so a link in a backup would lead
    its bytes anywhere (CVE-2007-4559), and the filters of later ones were got round (CVE-2025-4517).
    """
    expected = {SQLITE if manifest.database == "sqlite" else POSTGRESQL, *([KEY] if manifest.holds_key else [])}
    # The manifest, which was read before, comes first again.
    for entry in islice(tar, 1, None):
        is_known = entry.name in expected or is_archived(entry.name)
        source = tar.extractfile(entry) if is_known and is_ordinary(entry) else None
        if source is None:
            raise Rejected(
                "The backup holds “{name}”, which no backup does.", name=entry.name, code="backup_unreadable"
            )
        if entry.size > shutil.disk_usage(folder).free:
            raise Rejected(
                "There is no room for “{name}” (bytes: {size}).",
                name=entry.name,
                size=entry.size,
                code="restore_no_room",
            )
        target = folder / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_private(target) as output:
            shutil.copyfileobj(source, output)
    check_end(tar)


def check_end(tar: tarfile.TarFile) -> None:
    """tarfile takes a header that it cannot read for the end, and a size below zero too since CVE-2025-8194: the rest would be missing."""
    if tar.fileobj is not None:
        tar.fileobj.seek(tar.offset)
        if tar.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("a header in it cannot be read")


def is_ordinary(entry: tarfile.TarInfo) -> bool:
    """Whether it is a file whose bytes are all in the backup: no link, no device, and none with holes, which can say any length."""
    return entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and entry.sparse is None and entry.size >= 0


def is_archived(name: str) -> bool:
    """Whether a name is archive/<plain parts>."""
    return name.startswith(f"{ARCHIVE}/") and is_plain(name)


def check_target_is_empty(settings: Settings, manifest: Manifest) -> None:
    url = make_url(settings.database_url)
    kind = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    if kind != manifest.database:
        raise Rejected(
            "The backup is of a {database} database and DATABASE_URL names a {kind} one; restore it to the same kind.",
            database=manifest.database,
            kind=kind,
            code="backup_other_database",
        )
    # A log that an earlier database left would be played into the restored one.
    ours = (settings.archive, settings.data / KEY, settings.data / SQLITE, *private.sqlite_files(settings.database_url))
    taken = [path for path in ours if path.exists()]
    if taken or (kind == "postgresql" and has_tables(settings.database_url)):
        what = taken[0] if taken else Message("The database")
        raise Rejected(
            "{what} is there already; restore to an empty place, so that nothing is written over.",
            what=what,
            code="restore_not_empty",
        )


def has_tables(database_url: str) -> bool:
    store = Store(database_url)
    try:
        with store.read() as connection:
            return bool(inspect(connection).get_table_names())
    finally:
        store.close()


def put_database(folder: Path, settings: Settings, manifest: Manifest) -> None:
    url = make_url(settings.database_url)
    if manifest.database == "sqlite":
        (folder / SQLITE).replace(Path(str(url.database)))
    else:
        command = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"]
        run_postgresql([*command, "--dbname", str(url.database), str(folder / POSTGRESQL)], url)


def put_key(source: Path, settings: Settings) -> None:
    """Store the key under the name where the next start reads it."""
    with open_private(settings.data / KEY) as output:
        output.write(source.read_bytes())


def pause_numbering(settings: Settings, manifest: Manifest) -> None:
    """Pause numbering of each shop until a person says from which number to continue: those given after the backup must not be given again."""
    store, now = Store(settings.database_url), utc_now()
    try:
        with store.write() as connection:
            for shop in shops.every(connection):
                restored = RestoredBackup(datetime.fromisoformat(manifest.created_at), now)
                paused = replace(shop, numbering=replace(shop.numbering, restored=restored))
                message = numbering_paused_message(paused)
                shops.change(connection, paused)
                alerts.raise_alert(connection, shop.shop_id, code=NumberingPaused.code, message=message, now=now)
                audit_trail.add(connection, AuditEntry(shop.shop_id, now, "restore", NumberingPaused.code, message))
            steps.mark_as_tried(connection)
            transmissions.ask_about_all(connection, now=now)
    finally:
        store.close()


def check_files(settings: Settings, manifest: Manifest) -> None:
    """Read every stored file and compare it with its row."""
    store, archive = Store(settings.database_url), open_archive(settings)
    try:
        with store.read() as connection:
            if (
                store.is_sqlite
                and (damage := connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()) != "ok"
            ):
                raise Rejected("The database in it is damaged ({damage}).", damage=damage, code="backup_unreadable")
            found = connection.execute(select(func.count()).select_from(documents)).scalar_one()
            for row in connection.execute(select(files.c.path, files.c.sha256)):
                archive.get(row.path, sha256=row.sha256)
    finally:
        store.close()
    if found < manifest.documents:
        raise Rejected(
            "Not every document is there: backed up {documents}, found {found}.",
            documents=manifest.documents,
            found=found,
            code="restore_incomplete",
        )
