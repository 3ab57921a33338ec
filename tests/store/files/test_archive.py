"""The archive: what was stored comes back as it was, or not at all; in a folder and at an fsspec address alike."""

import io
import os
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest

from worker.errors import Rejected, Unavailable
from worker.queue.job_progress import last_progress
from worker.settings import Settings
from worker.store.files import temporary
from worker.store.files.archive import Archive, RemoteArchive, open_archive
from worker.store.files.temporary import TemporaryFile

PDF = b"%PDF-1.4 \x00\xff"


@pytest.fixture(params=["folder", "address"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    return (
        Archive(tmp_path / "archive") if request.param == "folder" else RemoteArchive(f"file://{tmp_path / 'archive'}")
    )


def test_what_was_stored_comes_back(archive: Archive) -> None:
    sha256 = archive.put("shop/2026/1.pdf", PDF)
    assert archive.get("shop/2026/1.pdf", sha256=sha256) == PDF


def test_what_was_changed_is_refused(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.put("shop/2026/1.pdf", PDF)
    (tmp_path / "archive/shop/2026/1.pdf").write_bytes(PDF + b" ")
    with pytest.raises(Rejected, match="was changed") as refused:
        archive.get("shop/2026/1.pdf", sha256=sha256)
    assert refused.value.code == "file_altered"


def test_what_is_gone_is_named(archive: Archive) -> None:
    with pytest.raises(Rejected, match=r"shop/2026/1\.pdf cannot be read") as refused:
        archive.get("shop/2026/1.pdf", sha256="0" * 64)
    assert refused.value.code == "file_missing"


def test_a_place_that_cannot_be_written_is_tried_again_later(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file where the folder should be")
    with pytest.raises(Unavailable):
        archive.put("shop/2026/1.pdf", PDF)


def test_a_file_comes_back_in_pieces(archive: Archive) -> None:
    source = io.BytesIO(PDF * 200_000)
    sha256 = archive.put_file("shop/large.zip", source)
    assert (
        b"".join(archive.chunks("shop/large.zip")) == source.getvalue() == archive.get("shop/large.zip", sha256=sha256)
    )
    with pytest.raises(Rejected, match="cannot be read"):
        list(archive.chunks("shop/none.zip"))


def test_a_long_upload_is_progress_of_its_task(tmp_path: Path) -> None:
    last_progress.at = -inf
    RemoteArchive(f"file://{tmp_path}").put_file("shop/large.zip", io.BytesIO(PDF))
    assert last_progress.seconds_ago < inf


def test_uploads_vanish_when_their_hour_is_over_and_nothing_else_does(archive: Archive) -> None:
    now = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
    kept = archive.put("shop/2026/1.pdf", PDF)
    early = temporary.put(archive, "shop", "../../etc/Foto.PNG", PDF, until=now + timedelta(minutes=5))
    late = temporary.put(archive, "shop", "boeken.zip", PDF, until=now + temporary.DOWNLOAD_LIFETIME)
    assert (early.path.startswith("temporary/2026-11-23T10/shop/"), early.path.endswith(".png")) == (True, True)
    assert temporary.delete_expired(archive, now=now + timedelta(minutes=30)) == 0
    assert temporary.get(archive, TemporaryFile.from_json(early.as_json, shop_id="shop")) == PDF
    assert temporary.delete_expired(archive, now=now + timedelta(hours=2)) == 1
    assert temporary.delete_expired(archive, now=now + timedelta(hours=2)) == 0
    with pytest.raises(Rejected, match="no longer there"):
        temporary.get(archive, early)
    assert (temporary.get(archive, late), archive.get("shop/2026/1.pdf", sha256=kept)) == (PDF, PDF)


def test_what_a_killed_writer_left_goes_a_day_later_and_what_is_written_or_stored_stays(
    archive: Archive, tmp_path: Path
) -> None:
    kept = archive.put("shop/2026/1.pdf", PDF)
    folder = tmp_path / "archive/shop/2026"
    for name in ("1.pdf", ".new-old", ".new-young", "2.pdf"):
        (folder / name).write_bytes(PDF)
    for name in ("1.pdf", ".new-old", "2.pdf"):
        os.utime(folder / name, (0, 0))
    is_folder = not isinstance(archive, RemoteArchive)
    assert archive.delete_unfinished(before=datetime(2026, 1, 1, tzinfo=UTC)) == is_folder
    names = {"1.pdf", "2.pdf", ".new-young"} | (set() if is_folder else {".new-old"})
    assert set(archive.names("shop/2026")) == names
    assert archive.get("shop/2026/1.pdf", sha256=kept) == PDF


def test_one_that_the_system_refuses_to_remove_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (".new-a", ".new-b", ".new-c"):
        (tmp_path / name).write_bytes(PDF)
        os.utime(tmp_path / name, (0, 0))
    remove, refused = Path.unlink, list[str]()

    def refuse_first(path: Path, **given: bool) -> None:
        if not refused:
            refused.append(path.name)
            raise PermissionError(13, "Permission denied")
        remove(path, **given)

    monkeypatch.setattr(Path, "unlink", refuse_first)
    assert Archive(tmp_path).delete_unfinished(before=datetime(2026, 1, 1, tzinfo=UTC)) == 2
    assert [path.name for path in tmp_path.iterdir()] == refused
    assert f"{refused[0]} was never written whole, and cannot be removed: Permission denied" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "shop/2026/1.pdf",
        "temporary/2026-11-23T10/other/" + "0" * 32,
        "temporary/2026-11-23T10/shop/../other/" + "0" * 32,
        "/etc/passwd",
        "",
    ],
)
def test_a_path_that_is_not_an_upload_of_the_shop_is_refused(path: str) -> None:
    value = {"path": path, "sha256": "0" * 64, "size": 1, "name": "x", "expires_at": ""}
    with pytest.raises(Rejected, match="no longer there"):
        TemporaryFile.from_json(value, shop_id="shop")


def test_an_address_without_a_driver_is_refused_with_a_message() -> None:
    with pytest.raises(Rejected, match="FACTURELAY_ARCHIVE_URL cannot be opened"):
        RemoteArchive("nosuch://bucket/folder")


@pytest.mark.parametrize(
    ("more", "kind"), [({}, Archive), ({"FACTURELAY_ARCHIVE_URL": "memory://accounting/"}, RemoteArchive)]
)
def test_the_operator_chooses(more: dict[str, str], kind: type[Archive], tmp_path: Path) -> None:
    settings = Settings.from_environment({"FACTURELAY_DATA": str(tmp_path), **more})
    found: Any = open_archive(settings)
    assert type(found) is kind
    assert found.get("a/b", sha256=found.put("a/b", PDF)) == PDF
