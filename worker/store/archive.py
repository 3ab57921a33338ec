"""The archive: the bytes of documents, written once, safely there before a row names them. A folder, or any fsspec address."""

import hashlib
import os
import tempfile
from pathlib import Path

from worker.errors import Rejected, Unavailable
from worker.settings import Settings


def open_archive(settings: Settings) -> "Archive":
    """The operator's archive: FACTURELAY_ARCHIVE_URL, else a folder in the data folder."""
    return RemoteArchive(settings.archive_url) if settings.archive_url else Archive(settings.archive)


class Archive:
    """Files below *folder*. A path is relative, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: str, content: bytes) -> str:
        """Write *content* whole or not at all and return its SHA-256. Raises Unavailable when the disk refuses."""
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_durably(target, content)
        except OSError as error:
            raise Unavailable(
                f"The archive cannot be written ({error.strerror}); make room or check its rights.", code="archive_full"
            ) from error
        return hashlib.sha256(content).hexdigest()

    def get(self, path: str, *, sha256: str) -> bytes:
        """Read the stored bytes. Raises Rejected when they are gone or are no longer those that were stored."""
        try:
            content = (self.folder / path).read_bytes()
        except OSError as error:
            raise missing(path) from error
        return unaltered(path, content, sha256=sha256)


class RemoteArchive(Archive):
    """Files below an fsspec address such as `s3://bucket/folder`; its driver and keys are the operator's to install and set."""

    def __init__(self, url: str) -> None:
        # Imported here: most houses keep their files in a folder.
        import fsspec

        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise Rejected(
                f"FACTURELAY_ARCHIVE_URL cannot be opened ({error}); install the driver that fsspec needs for it.",
                code="archive_url_wrong",
            ) from error

    def put(self, path: str, content: bytes) -> str:
        target = f"{self._root}/{path}"
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(target, content)
            stored = self._files.cat_file(target)
        except Exception as error:  # each driver has errors of its own
            raise Unavailable(
                f"The archive does not take the file ({type(error).__name__}); it is tried again.", code="archive_away"
            ) from error
        if stored != content:
            raise Unavailable(
                "The archive gave back something else than it was given; it is tried again.", code="archive_away"
            )
        return hashlib.sha256(content).hexdigest()

    def get(self, path: str, *, sha256: str) -> bytes:
        try:
            content: bytes = self._files.cat_file(f"{self._root}/{path}")
        except FileNotFoundError as error:
            raise missing(path) from error
        except Exception as error:  # each driver has errors of its own
            raise Unavailable(
                f"The archive does not answer ({type(error).__name__}); it is tried again.", code="archive_away"
            ) from error
        return unaltered(path, content, sha256=sha256)


def missing(path: str) -> Rejected:
    return Rejected(f"The stored file {path} cannot be read; restore it from a backup.", code="file_missing")


def unaltered(path: str, content: bytes, *, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Rejected(f"The stored file {path} was changed; restore it from a backup.", code="file_altered")
    return content


def write_durably(target: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as new:
        try:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(target)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
