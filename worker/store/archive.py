"""The archive: a folder with the bytes of documents, written once, flushed to disk before a row names them."""

import hashlib
import os
import tempfile
from pathlib import Path

from worker.errors import Rejected, Unavailable


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
            raise Rejected(
                f"The stored file {path} cannot be read; restore it from a backup.", code="file_missing"
            ) from error
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
