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
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import URL, func, select

from worker.errors import Rejected
from worker.services import Services
from worker.store.database.tables import documents, files
from worker.store.files import temporary
from worker.store.files.archive import UNFINISHED

MANIFEST, SQLITE, POSTGRESQL, ARCHIVE, KEY = (
    "manifest.json",
    "facturelay.db",
    "facturelay.dump",
    "archive",
    "secret-key",
)
MOST_MANIFEST_BYTES = 10_000
# The folder beside the backup in which it is made, by a name that nobody gives to his own, and what is in it.
MADE_IN, WHOLE = ".facturelay-backup-", "whole"
MAKING = {SQLITE, f"{SQLITE}-journal", POSTGRESQL, WHOLE}
# No backup takes so long.
MADE_WITHIN = timedelta(days=1)


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
    remove_broken_off(folder_of(target), before=services.now() - MADE_WITHIN)
    with tempfile.TemporaryDirectory(prefix=MADE_IN, dir=folder_of(target)) as name:
        folder = Path(name)
        least = count_documents(services)
        refuse_fewer(target, least)
        dump = dump_database(services, folder)
        # After the database: a row never names a file that is not there yet.
        # An archive elsewhere stays there; whoever runs it backs it up.
        stored = [] if services.settings.archive_url else archived_files(services)
        manifest = Manifest(
            created_at=services.now().isoformat(timespec="seconds"),
            version=version("facturelay"),
            database="sqlite" if dump.name == SQLITE else "postgresql",
            documents=least,
            files=len(stored),
            holds_key=with_key,
        )
        whole = folder / WHOLE
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


def remove_broken_off(folder: Path, *, before: datetime) -> None:
    """Remove what a backup into *folder* that was killed before then has left there: it holds customers' names, and perhaps the key.

    What has anything else in it is not ours.
    """
    for old in folder.glob(f"{MADE_IN}*"):
        with suppress(OSError):  # somebody else's, which we may not look into
            is_old = not old.is_symlink() and old.stat().st_mtime < before.timestamp()
            if is_old and {path.name for path in old.iterdir()} <= MAKING:
                shutil.rmtree(old)


def open_private(path: Path) -> BinaryIO:
    """A new file for nobody else on this machine: it holds customers' names, and perhaps the key."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def refuse_fewer(target: Path, documents: int) -> None:
    """Documents are never deleted: a backup with more of them is of another installation, and most likely the only one."""
    try:
        with tarfile.open(target) as tar:
            kept = read_manifest(tar).documents
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, TypeError, RecursionError):
        return
    if kept > documents:
        raise Rejected(
            "{target} holds more documents ({kept}) than are here ({documents}). It is not written over: see FACTURELAY_DATA and "
            "DATABASE_URL, or give the backup another name.",
            target=target,
            kept=kept,
            documents=documents,
            code="backup_of_more",
        )


def read_manifest(tar: tarfile.TarFile) -> Manifest:
    """What the first file of a backup says. Raises ValueError or TypeError where it is none."""
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == MANIFEST and first.isreg() else None
    return Manifest(**json.loads(content.read(MOST_MANIFEST_BYTES) if content else b""))


def archived_files(services: Services) -> list[Path]:
    """All of the archive's folder. Raises Rejected where it holds nothing of what documents name: it is not theirs."""
    folder = services.settings.archive
    kept = (path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != temporary.FOLDER)
    stored = sorted(path for path in kept if path.is_file() and not path.name.startswith(UNFINISHED))
    with services.store.read() as connection:
        named = connection.execute(select(func.count()).select_from(files)).scalar_one()
    if named and not stored:
        raise Rejected(
            "{folder} holds none of the files of the documents (there are {named}). Say with --data, or FACTURELAY_DATA, where they are.",
            folder=folder,
            named=named,
            code="backup_without_files",
        )
    return stored


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
            try:
                source.backup(copy)
            except sqlite3.OperationalError as error:  # no room, most likely
                raise Rejected(
                    "{program} failed: {reason}", program="SQLite", reason=str(error), code="backup_failed"
                ) from error
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
            "{program} failed: {reason}", program=command[0], reason=done.stderr.strip()[-500:], code="backup_failed"
        )


# And back
