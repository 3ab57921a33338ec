"""Everything in one file, and back: the database, the archive of PDF files and, on request, the secret key."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import URL, func, inspect, select
from sqlalchemy.engine import make_url

from worker.domain.shop import RestoredBackup
from worker.errors import NumberingPaused, Rejected
from worker.invoicing.issue import numbering_paused_message
from worker.message import Message
from worker.services import Services, utc_now
from worker.settings import Settings
from worker.store import alerts, audit_trail, shops, steps
from worker.store.audit_trail import AuditEntry
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.database.tables import documents, files
from worker.store.files import temporary
from worker.store.files.archive import open_archive

MANIFEST, SQLITE, POSTGRESQL, ARCHIVE, KEY = (
    "manifest.json",
    "facturelay.db",
    "facturelay.dump",
    "archive",
    "secret-key",
)
UNFINISHED = ".new-"
MOST_MANIFEST_BYTES = 10_000


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself, as its first file. *database* is sqlite or postgresql; *documents* are there at least."""

    created_at: str
    version: str
    database: str
    documents: int
    files: int
    holds_key: bool


def back_up(services: Services, target: Path, *, with_key: bool) -> Manifest:
    """Write the backup, whole or not at all. Everything may run meanwhile. Raises Rejected."""
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder_of(target)) as name:
        folder = Path(name)
        least = count_documents(services)
        dump = dump_database(services, folder)
        # After the database: a row never names a file that is not there yet.
        # An archive elsewhere stays there; whoever runs it backs it up.
        stored = [] if services.settings.archive_url else archived_files(services.settings.archive)
        manifest = Manifest(
            created_at=services.now().isoformat(timespec="seconds"),
            version=version("facturelay"),
            database="sqlite" if dump.name == SQLITE else "postgresql",
            documents=least,
            files=len(stored),
            holds_key=with_key,
        )
        whole = folder / "whole"
        with open_private(whole) as output, tarfile.open(fileobj=output, mode="w:gz") as tar:
            add_text(tar, MANIFEST, json.dumps(asdict(manifest), indent=2))
            tar.add(dump, arcname=dump.name)
            for path in stored:
                tar.add(path, arcname=f"{ARCHIVE}/{path.relative_to(services.settings.archive)}")
            if with_key:
                add_text(tar, KEY, ",".join(services.settings.secret_keys))
            tar.close()
            output.flush()
            os.fsync(output.fileno())
        whole.replace(target)
    return manifest


def folder_of(target: Path) -> Path:
    folder = target.absolute().parent
    if not folder.is_dir():
        raise Rejected("There is no folder {folder}.", folder=folder, code="backup_folder")
    return folder


def open_private(path: Path) -> BinaryIO:
    """A new file for nobody else on this machine: it holds customers' names, and perhaps the key."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def archived_files(folder: Path) -> list[Path]:
    kept = (path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != temporary.FOLDER)
    return sorted(path for path in kept if path.is_file() and not path.name.startswith(UNFINISHED))


def count_documents(services: Services) -> int:
    with services.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(documents)).scalar_one())


def add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    content = text.encode()
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


def dump_database(services: Services, folder: Path) -> Path:
    """A consistent copy of the database, in a file."""
    url = services.store.url
    if services.store.is_sqlite:
        target = folder / SQLITE
        with closing(sqlite3.connect(str(url.database))) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        return target
    target = folder / POSTGRESQL
    run_postgresql(["pg_dump", "--format=custom", "--no-owner", "--file", str(target)], url)
    return target


def run_postgresql(command: list[str], url: URL) -> None:
    """Run one of PostgreSQL's tools. The password goes by the environment: a command line can be read by others."""
    if shutil.which(command[0]) is None:
        raise Rejected(
            "{program} is not on this machine; install PostgreSQL's client, of the server's version or later.",
            program=command[0],
            code="backup_tool_missing",
        )
    host = url.host or str(url.query.get("host", ""))
    wanted = {
        "PGHOST": host, "PGPORT": str(url.port or ""), "PGUSER": url.username, "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }  # fmt: skip
    environment = {**os.environ, **{name: value for name, value in wanted.items() if value}}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Rejected(
            "{program} failed: {reason}",
            program=command[0],
            reason=done.stderr.strip()[-500:],
            code="backup_failed",
        )


# And back


def restore(source: Path, settings: Settings, *, moved: bool = False) -> Manifest:
    """Put a backup into an empty data folder and an empty database, verify every stored file, and pause numbering.

    *moved*: everything was stopped before the backup, so nothing was issued since and numbering continues.
    """
    with opened(source) as tar:
        manifest = read_manifest(tar, source)
        check_target_is_empty(settings, manifest)
        settings.data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data) as name:
            folder = Path(name)
            unpack(tar, folder, manifest)
            put_database(folder, settings, manifest)
            if (folder / ARCHIVE).is_dir():
                (folder / ARCHIVE).replace(settings.archive)
            if manifest.holds_key:
                put_key(folder / KEY, settings)
    upgrade(settings.database_url)
    check_files(settings, manifest)
    if not moved:
        pause_numbering(settings, manifest)
    return manifest


@contextmanager
def opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as tar:
            yield tar
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise Rejected(
            "{source} is not a whole backup: {error}", source=source, error=error, code="backup_unreadable"
        ) from error


def read_manifest(tar: tarfile.TarFile, source: Path) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == MANIFEST and first.isreg() else None
    try:
        return Manifest(**json.loads(content.read(MOST_MANIFEST_BYTES) if content else b""))
    except (ValueError, TypeError, RecursionError) as error:
        raise Rejected("{source} is not a backup of Facturelay.", source=source, code="backup_unreadable") from error


def unpack(tar: tarfile.TarFile, folder: Path, manifest: Manifest) -> None:
    """Copy what a backup may hold, byte by byte, into *folder*; anything else in it is refused.

    Not `extractall`: Python 3.11.2 (Debian 12) has no filters for it, and later ones were got round (CVE-2025-4517).
    """
    expected = {SQLITE if manifest.database == "sqlite" else POSTGRESQL, *([KEY] if manifest.holds_key else [])}
    # The manifest, which was read before, comes first again.
    for entry in islice(tar, 1, None):
        is_known = entry.name in expected or is_archived(entry.name)
        source = tar.extractfile(entry) if is_known and entry.isreg() else None
        if source is None:
            raise Rejected(
                "The backup holds “{name}”, which no backup does.", name=entry.name, code="backup_unreadable"
            )
        if entry.size > shutil.disk_usage(folder).free:
            raise Rejected(
                "There is no room for “{name}” ({size} bytes).",
                name=entry.name,
                size=entry.size,
                code="restore_no_room",
            )
        target = folder / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_private(target) as output:
            shutil.copyfileobj(source, output)


def is_archived(name: str) -> bool:
    """Whether a name is archive/<plain parts>: nothing in it leads out of the folder."""
    first, *parts = name.split("/")
    return first == ARCHIVE and bool(parts) and all(part.strip(".") and not set(part) & set("\\\0") for part in parts)


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
    taken = [path for path in (settings.archive, settings.data / KEY, settings.data / SQLITE) if path.exists()]
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
    finally:
        store.close()


def check_files(settings: Settings, manifest: Manifest) -> None:
    """Read every stored file and compare it with its row."""
    store, archive = Store(settings.database_url), open_archive(settings)
    try:
        with store.read() as connection:
            found = connection.execute(select(func.count()).select_from(documents)).scalar_one()
            for row in connection.execute(select(files.c.path, files.c.sha256)):
                archive.get(row.path, sha256=row.sha256)
    finally:
        store.close()
    if found < manifest.documents:
        raise Rejected(
            "{documents} documents were backed up, {found} are there.",
            documents=manifest.documents,
            found=found,
            code="restore_incomplete",
        )
