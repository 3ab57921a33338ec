"""A zip of as many files as a shop has: what it lists of them at its end is on the disk until then."""

import errno
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from typing import IO
from zipfile import ZipInfo

# What the list at the end of a zip tells of a file beside its name.
TOLD = (
    "date_time", "compress_type", "create_version", "extract_version", "external_attr", "CRC", "compress_size", "file_size",
    "header_offset",
)  # fmt: skip


class LargeZip(zipfile.ZipFile):
    """A new zip, in which no name comes twice; Python's own holds half a kilobyte for each of its files."""

    def __init__(self, file: IO[bytes]) -> None:
        self.listed = ListedFiles()
        super().__init__(file, "w", zipfile.ZIP_DEFLATED)
        # It is asked for no more than these have.
        self.filelist = self.listed  # type: ignore[assignment]
        self.NameToInfo = self.listed  # type: ignore[assignment]

    def __contains__(self, name: object) -> bool:
        return name in self.listed

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.listed.close()


class ListedFiles:
    """The files that a zip has so far, in their order, and by their names."""

    def __init__(self) -> None:
        # One without a name is SQLite's own file, which is gone when it is closed. That any thread may do: a zip closes once more when it is forgotten.
        self.database = sqlite3.connect("", check_same_thread=False)
        self.database.execute(
            "CREATE TABLE files (place INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, told TEXT NOT NULL)"
        )

    def append(self, file: ZipInfo) -> None:
        told = json.dumps([getattr(file, name) for name in TOLD])
        try:
            self.database.execute("INSERT INTO files (name, told) VALUES (?, ?)", (file.filename, told))
        except sqlite3.OperationalError as error:
            # Else it would seem to be the shop's database that does not answer.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error

    def __setitem__(self, name: str, file: ZipInfo) -> None:
        """It was appended under its name."""

    def __contains__(self, name: object) -> bool:
        return self.database.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone() is not None

    def __len__(self) -> int:
        (count,) = self.database.execute("SELECT count(*) FROM files").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[ZipInfo]:
        for name, told in self.database.execute("SELECT name, told FROM files ORDER BY place"):
            file = ZipInfo(name)
            for attribute, value in zip(TOLD, json.loads(told), strict=True):
                setattr(file, attribute, value)
            yield file

    def close(self) -> None:
        self.database.close()
