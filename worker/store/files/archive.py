"""The archive: the bytes of documents, written once, safely there before a row names them. A folder, or any fsspec address."""

import hashlib
import io
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from worker.errors import FileAltered, Rejected, Unavailable
from worker.queue.job_progress import last_progress
from worker.settings import Settings

log = logging.getLogger(__name__)

CHUNK_BYTES = 1_048_576
# What a file is called until it is written whole.
UNFINISHED = ".new-"


def open_archive(settings: Settings) -> "Archive":
    """The operator's archive: FACTURELAY_ARCHIVE_URL, else a folder in the data folder."""
    return RemoteArchive(settings.archive_url) if settings.archive_url else Archive(settings.archive)


class Archive:
    """Files below *folder*. A path is relative, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, path: str) -> Path:
        """Where *path* is on this machine. Raises Rejected where it leads out of the folder."""
        return self.folder / inside(path)

    def put(self, path: str, content: bytes) -> str:
        """Write *content* whole or not at all and return its SHA-256. Raises Unavailable when the disk refuses."""
        return self.put_file(path, io.BytesIO(content))

    def put_file(self, path: str, source: IO[bytes]) -> str:
        """As `put`, of an open file that need not fit in memory."""
        target = self.place(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.seek(0)
            write_durably(target, source)
        except OSError as error:
            raise Unavailable(
                "The archive cannot be written ({reason}); make room or check its rights.",
                reason=error.strerror,
                code="archive_full",
            ) from error
        return hash_of(source)

    def chunks(self, path: str) -> Iterator[bytes]:
        """The stored bytes in pieces, for what need not fit in memory; unlike `get` it proves nothing. Raises as `get`."""
        try:
            with self.place(path).open("rb") as content:
                yield from iter(lambda: content.read(CHUNK_BYTES), b"")
        except OSError as error:
            raise missing(path) from error

    def names(self, folder: str) -> tuple[str, ...]:
        """The paths in *folder*; empty where there is none."""
        there = self.place(folder)
        return tuple(sorted(path.name for path in there.iterdir())) if there.is_dir() else ()

    def delete_folder(self, folder: str) -> None:
        """Delete *folder* with all that is in it. Only for what was never to stay: see `temporary`."""
        shutil.rmtree(self.place(folder), ignore_errors=True)

    def delete_unfinished(self, *, before: datetime) -> int:
        """Delete what whoever was killed while he wrote it has left behind before then: no row names it. Returns how many. One that the
        system refuses to remove is told in the log, and holds up no other."""
        deleted = 0
        for folder, _, names in os.walk(self.folder):
            for path in (Path(folder, name) for name in names if name.startswith(UNFINISHED)):
                try:
                    if path.lstat().st_mtime < before.timestamp():
                        path.unlink()
                        deleted += 1
                except FileNotFoundError:
                    pass  # it was written whole meanwhile
                except OSError as error:
                    log.warning("%s was never written whole, and cannot be removed: %s", path, error.strerror)
        return deleted

    def get(self, path: str, *, sha256: str) -> bytes:
        """Read the stored bytes. Raises Rejected when they are gone or are no longer those that were stored."""
        try:
            content = self.place(path).read_bytes()
        except OSError as error:
            raise missing(path) from error
        return unaltered(path, content, sha256=sha256)


class RemoteArchive(Archive):
    """Files below an fsspec address such as `s3://bucket/folder`; its driver and keys are the operator's to install and set."""

    def __init__(self, url: str) -> None:
        # Imported here: most installations have their files in a folder.
        import fsspec

        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise Rejected(
                "FACTURELAY_ARCHIVE_URL cannot be opened ({error}); install the driver that fsspec needs for it.",
                error=error,
                code="archive_url_wrong",
            ) from error

    def address(self, path: str) -> str:
        return f"{self._root}/{inside(path)}"

    def put(self, path: str, content: bytes) -> str:
        target = self.address(path)
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(target, content)
            stored = self._files.cat_file(target)
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not take the file", error) from error
        if stored != content:
            raise Unavailable(
                "The archive gave back something else than it was given; it is tried again.", code="archive_away"
            )
        return hashlib.sha256(content).hexdigest()

    def put_file(self, path: str, source: IO[bytes]) -> str:
        target = self.address(path)
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            source.seek(0)
            with self._files.open(target, "wb") as there:
                for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
                    there.write(chunk)
                    last_progress.note()  # gigabytes on a slow line
            stored = self._files.size(target)
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not take the file", error) from error
        if stored != source.tell():
            raise Unavailable("The archive took only a part of the file; it is tried again.", code="archive_away")
        return hash_of(source)

    def chunks(self, path: str) -> Iterator[bytes]:
        address = self.address(path)
        try:
            with self._files.open(address, "rb") as content:
                yield from iter(lambda: content.read(CHUNK_BYTES), b"")
        except FileNotFoundError as error:
            raise missing(path) from error
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not answer", error) from error

    def names(self, folder: str) -> tuple[str, ...]:
        address = self.address(folder)
        try:
            self._files.invalidate_cache()
            found = self._files.ls(address, detail=False)
        except FileNotFoundError:
            return ()
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not answer", error) from error
        return tuple(sorted(str(name).rstrip("/").rpartition("/")[2] for name in found))

    def delete_folder(self, folder: str) -> None:
        address = self.address(folder)
        try:
            self._files.rm(address, recursive=True)
        except FileNotFoundError:
            return
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not answer", error) from error

    def delete_unfinished(self, *, before: datetime) -> int:
        """None: what was not written whole is not there."""
        return 0

    def get(self, path: str, *, sha256: str) -> bytes:
        address = self.address(path)
        try:
            content: bytes = self._files.cat_file(address)
        except FileNotFoundError as error:
            raise missing(path) from error
        except Exception as error:  # each driver has errors of its own
            raise unavailable("does not answer", error) from error
        return unaltered(path, content, sha256=sha256)


def inside(path: str) -> str:
    """*path* itself. A row names it, and a row may come from a backup of somebody else's making. Raises Rejected."""
    if is_plain(path):
        return path
    raise Rejected("The stored name “{path}” leads out of the archive.", path=path, code="file_outside")


def is_plain(path: str) -> bool:
    """Whether *path* is made of plain names alone: nothing in it leads out of the folder that it is below."""
    return all(part.strip(".") and not set(part) & set("\\\0") for part in path.split("/"))


def unavailable(what: str, error: Exception) -> Unavailable:
    return Unavailable(
        "The archive {what} ({name}); it is tried again.", what=what, name=type(error).__name__, code="archive_away"
    )


def hash_of(source: IO[bytes]) -> str:
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # any file that reads into a buffer


def missing(path: str) -> Rejected:
    return Rejected("The stored file {path} cannot be read; restore it from a backup.", path=path, code="file_missing")


def unaltered(path: str, content: bytes, *, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FileAltered("The stored file {path} was changed; restore it from a backup.", path=path)
    return content


def write_durably(target: Path, content: IO[bytes]) -> None:
    new = target.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    with open(new, "xb", opener=partial(os.open, mode=0o600)) as file:
        try:
            shutil.copyfileobj(content, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
            new.replace(target)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
