"""Files that are made for a page and expire: uploads, previews, zips. They are in the archive, apart from stored documents.

The hour at which a file expires is the name of its folder, so that all of that hour is deleted at once, also what no row
names any more. The bridge puts uploads here and serves what a task's answer names.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from os import SEEK_END
from pathlib import Path
from typing import IO, Any

from worker.errors import Rejected
from worker.store.files.archive import Archive

FOLDER = "temporary"
# A preview holds a customer's name; a zip is fetched by a person who may be on the way home.
PREVIEW_LIFETIME, DOWNLOAD_LIFETIME = timedelta(hours=1), timedelta(days=3)
_HOUR = "%Y-%m-%dT%H"
_PATH = re.compile(rf"{FOLDER}/\d{{4}}-\d\d-\d\dT\d\d/[\w-]+/[0-9a-f]{{32}}(\.[a-z0-9]{{1,5}})?")


@dataclass(frozen=True)
class TemporaryFile:
    """*path* is of the archive, *name* what a person saves it as, *expires_at* when it may be deleted (ISO 8601, UTC)."""

    path: str
    sha256: str
    size: int
    name: str
    expires_at: str

    @property
    def as_json(self) -> dict[str, Any]:
        """For the argument or the answer of a task; `from_json` reads it."""
        return asdict(self)

    def is_kept(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.expires_at) >= now

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, shop_id: str) -> "TemporaryFile":
        """Read what `as_json` wrote, of this shop. Raises Rejected for a path that is none of ours, or another shop's."""
        path = str(value.get("path", ""))
        if not _PATH.fullmatch(path) or path.split("/")[2] != shop_id:
            raise expired()
        return cls(path, str(value["sha256"]), int(value["size"]), str(value["name"]), str(value["expires_at"]))


def put(archive: Archive, shop_id: str, name: str, content: bytes, *, until: datetime) -> TemporaryFile:
    """Store *content* until then at least. *name* may come from anybody: it is no part of the path."""
    path, expires_at = _new_path(shop_id, name, until)
    return TemporaryFile(path, archive.put(path, content), len(content), shown_name(name), expires_at)


def shown_name(name: str) -> str:
    """*name* as pages and rows can hold it: what nobody can type is left out, and no name is a page long."""
    return "".join(letter for letter in name if letter.isprintable())[:120] or "file"


def put_file(archive: Archive, shop_id: str, name: str, source: IO[bytes], *, until: datetime) -> TemporaryFile:
    """As `put`, of an open file that need not fit in memory."""
    path, expires_at = _new_path(shop_id, name, until)
    return TemporaryFile(path, archive.put_file(path, source), source.seek(0, SEEK_END), name, expires_at)


def get(archive: Archive, file: TemporaryFile) -> bytes:
    """The bytes, checked by hash. Raises Rejected when they have expired. What may be large is read by `archive.chunks(file.path)`."""
    try:
        return archive.get(file.path, sha256=file.sha256)
    except Rejected as error:
        raise expired() from error


def expired() -> Rejected:
    return Rejected("This file is no longer there; upload it again, or ask for it again.", code="file_missing")


def delete_expired(archive: Archive, *, now: datetime) -> int:
    """Delete every hour that is over. Returns how many hours went."""
    over = [name for name in archive.names(FOLDER) if name < f"{now.astimezone(UTC):{_HOUR}}"]
    for name in over:
        archive.delete_folder(f"{FOLDER}/{name}")
    return len(over)


def _new_path(shop_id: str, name: str, expires_at: datetime) -> tuple[str, str]:
    ending = Path(name).suffix.lower()
    ending = ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ""
    hour = expires_at.astimezone(UTC)
    return f"{FOLDER}/{hour:{_HOUR}}/{shop_id}/{secrets.token_hex(16)}{ending}", hour.isoformat(timespec="seconds")
