"""A zip of a whole shop is what Python's own zip would be, and holds none of its files in memory."""

import gc
import io
import os
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

import pytest

from worker.store.files.large_zip import LargeZip


def put_some(archive: zipfile.ZipFile, beside: Path) -> None:
    """A file by its path, one in parts, and two by their content, one with a name that is no ASCII."""
    (beside / "vat.csv").write_text("number,vat\n")
    os.utime(beside / "vat.csv", (1_800_000_000, 1_800_000_000))  # a zip keeps it
    archive.write(beside / "vat.csv", "vat.csv")
    with archive.open(ZipInfo("documents/F-1.json", (2026, 11, 30, 12, 0, 1)), "w", force_zip64=True) as file:
        file.write(b"{}")
    for name, how in (("files/F-1.pdf", ZIP_STORED), ("files/Žofka.xml", ZIP_DEFLATED)):
        info = ZipInfo(name, (2026, 11, 30, 12, 0, 2))
        archive.writestr(info, b"<a></a>" * 50, compress_type=how)


def put_many(archive: zipfile.ZipFile) -> None:
    for number in range(10_000):
        archive.writestr(f"{number:0100}", b"")


def infos() -> int:
    return sum(isinstance(one, ZipInfo) for one in gc.get_objects())


def test_it_is_to_the_byte_what_python_writes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "own.zip", "w", ZIP_DEFLATED) as own:
        put_some(own, tmp_path)
    before = infos()
    with (tmp_path / "large.zip").open("wb") as file, LargeZip(file) as large:
        put_some(large, tmp_path)
        assert ("vat.csv" in large, "other.csv" in large, len(large.filelist)) == (True, False, 4)
        assert infos() == before
    assert (tmp_path / "large.zip").read_bytes() == (tmp_path / "own.zip").read_bytes()


def test_it_may_be_forgotten_by_any_thread() -> None:
    """A zip closes once more when it is forgotten, wherever Python looks for what is."""
    large = LargeZip(io.BytesIO())
    put_many(large)
    large.close()
    with ThreadPoolExecutor() as pool:
        pool.submit(large.close).result()


def test_a_name_does_not_come_twice() -> None:
    with LargeZip(io.BytesIO()) as archive:
        archive.writestr("a", b"1")
        with pytest.raises(sqlite3.IntegrityError), pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"2")


def test_a_list_for_which_the_disk_has_no_room_is_no_database_that_is_away() -> None:
    """`store.snapshot` would take SQLite's own error for that."""
    with LargeZip(io.BytesIO()) as large:
        large.listed.database.execute("PRAGMA max_page_count = 3")
        with pytest.raises(OSError, match="No space left"):
            put_many(large)
