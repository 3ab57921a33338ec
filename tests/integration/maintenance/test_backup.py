"""A backup is worth what its restore gives back: compared row by row and byte by byte."""

import io
import json
import os
import resource
import subprocess
import tarfile
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from tests.support.system import System
from worker.demo.orders import an_order
from worker.errors import Rejected
from worker.maintenance import backup
from worker.maintenance import restore as restore_files
from worker.maintenance.backup import Manifest
from worker.settings import Settings
from worker.store.database.engine import Store
from worker.store.database.tables import metadata
from worker.store.files import temporary

pytestmark = pytest.mark.each_database


def rows(database_url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    store = Store(database_url)
    try:
        with store.read() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for table in metadata.sorted_tables
            }
    finally:
        store.close()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def backed_up(system: System, target: Path, *, with_key: bool = False) -> Manifest:
    return backup.back_up(system.services, target, with_key=with_key)


def test_what_is_restored_is_what_was_backed_up(system: System, elsewhere: Settings, tmp_path: Path) -> None:
    for order_id in (1, 2, 3):
        system.arrives(an_order(id=order_id))
    made = backed_up(system, tmp_path / "b.tar.gz")
    assert (made.documents, made.files, made.holds_key) == (3, 3, False)
    assert restore_files.restore(tmp_path / "b.tar.gz", elsewhere) == made
    before, after = rows(system.services.settings.database_url), rows(elsewhere.database_url)
    # Numbering is paused, and alert and audit trail say so.
    changed = {"alerts", "audit_trail", "shops"}
    assert {name: after[name] for name in after.keys() - changed} == {
        name: before[name] for name in before.keys() - changed
    }
    assert after["audit_trail"][:-1] == before["audit_trail"]
    assert content(elsewhere.archive) == content(system.services.settings.archive)


def test_a_backup_may_come_through_a_pipe_whatever_its_length(tmp_path: Path) -> None:
    """As into a container. tarfile goes back a block where it ends, which is behind what gzip holds if it ends where its buffer does."""
    manifest = Manifest("2026-11-30T21:00:00+00:00", "0.1.0", "sqlite", documents=1, files=1, holds_key=False)
    for blocks in range(0, 300, 2):
        folder = tmp_path / str(blocks)
        folder.mkdir()
        stored = {
            backup.MANIFEST: json.dumps(asdict(manifest)).encode(),
            "archive/a": bytes(blocks * tarfile.BLOCKSIZE),
        }
        with tarfile.open(tmp_path / "b.tar.gz", "w:gz", compresslevel=1) as made:
            for name, content in stored.items():
                file = entry(name)
                file.size = len(content)
                made.addfile(file, io.BytesIO(content))
        with subprocess.Popen(["cat", tmp_path / "b.tar.gz"], stdout=subprocess.PIPE) as cat:
            assert cat.stdout is not None
            with restore_files.opened(Path(f"/dev/fd/{cat.stdout.fileno()}")) as tar:
                assert restore_files.read_manifest(tar, tmp_path) == manifest
                restore_files.unpack(tar, folder, manifest)
        assert (folder / "archive/a").stat().st_size == blocks * tarfile.BLOCKSIZE


def test_a_backup_while_work_goes_on_names_no_file_that_it_lacks(
    system: System, elsewhere: Settings, tmp_path: Path
) -> None:
    system.arrives(an_order(id=1))
    (system.services.settings.archive / ".new-half").write_bytes(b"half a file")
    # A preview may vanish while it is being read, and nobody will miss it.
    temporary.put(
        system.services.archive,
        system.shop_id,
        "preview.pdf",
        b"%PDF",
        until=system.clock.now + temporary.PREVIEW_LIFETIME,
    )
    backed_up(system, tmp_path / "b.tar.gz")
    system.arrives(an_order(id=2))
    assert restore_files.restore(tmp_path / "b.tar.gz", elsewhere).files == 1


def test_what_a_killed_backup_left_beside_it_is_removed_a_day_later_and_nothing_of_others(
    system: System, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    for name, file, hours in (
        (".facturelay-backup-old", "whole", 25),
        (".facturelay-backup-new", "whole", 23),
        (".facturelay-backup-theirs", "photo", 25),
        (".backup-20261101", "facturelay.db", 25),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / file).write_bytes(b"customers")
        made = (system.clock.now - timedelta(hours=hours)).timestamp()
        os.utime(folder / name, (made, made))

    backed_up(system, folder / "b.tar.gz")

    kept = [".backup-20261101", ".facturelay-backup-new", ".facturelay-backup-theirs", "b.tar.gz"]
    assert sorted(path.name for path in folder.iterdir()) == kept


def test_the_key_is_in_it_only_on_request(system: System, elsewhere: Settings, tmp_path: Path) -> None:
    backed_up(system, tmp_path / "without.tar.gz")
    backed_up(system, tmp_path / "with.tar.gz", with_key=True)
    assert "secret-key" not in names(tmp_path / "without.tar.gz")
    assert "secret-key" in names(tmp_path / "with.tar.gz")
    restore_files.restore(tmp_path / "with.tar.gz", elsewhere)
    assert (elsewhere.data / "secret-key").read_text() == ",".join(system.services.settings.secret_keys)
    assert (elsewhere.data / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_for_its_owner_alone(system: System, tmp_path: Path) -> None:
    backed_up(system, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(system: System, elsewhere: Settings, tmp_path: Path) -> None:
    backed_up(system, tmp_path / "b.tar.gz")
    restore_files.restore(tmp_path / "b.tar.gz", elsewhere)
    before = rows(elsewhere.database_url)
    with pytest.raises(Rejected, match="is there already"):
        restore_files.restore(tmp_path / "b.tar.gz", elsewhere)
    assert rows(elsewhere.database_url) == before


@pytest.mark.parametrize("left", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_put_beside_what_another_database_left(
    system: System, elsewhere: Settings, tmp_path: Path, left: str
) -> None:
    backed_up(system, tmp_path / "b.tar.gz")
    there = tmp_path / f"living.db{left}"
    there.write_bytes(b"of another house")
    named = replace(elsewhere, database_url=f"sqlite:///{tmp_path}/living.db")
    with pytest.raises(Rejected, match=r"is there already|names a sqlite one"):
        restore_files.restore(tmp_path / "b.tar.gz", named)
    assert there.read_bytes() == b"of another house"


def test_a_backup_of_a_folder_without_the_files_is_refused(system: System, tmp_path: Path) -> None:
    system.arrives(an_order(id=1))
    system.services.settings.archive.rename(tmp_path / "elsewhere")
    with pytest.raises(Rejected, match="holds none of the files"):
        backed_up(system, tmp_path / "b.tar.gz")


@pytest.mark.parametrize("cut", [0, 100, -200])
def test_a_damaged_backup_is_refused(system: System, elsewhere: Settings, tmp_path: Path, cut: int) -> None:
    system.arrives(an_order(id=1))
    path = tmp_path / "b.tar.gz"
    backed_up(system, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Rejected):
        restore_files.restore(path, elsewhere)


def test_a_file_that_is_not_the_stored_one_is_found(system: System, elsewhere: Settings, tmp_path: Path) -> None:
    system.arrives(an_order(id=1))
    (stored,) = system.services.settings.archive.rglob("*.pdf")
    stored.write_bytes(b"another invoice")
    backed_up(system, tmp_path / "b.tar.gz")
    with pytest.raises(Rejected, match="was changed"):
        restore_files.restore(tmp_path / "b.tar.gz", elsewhere)


def entry(name: str, *, kind: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, linkname
    return made


@pytest.mark.parametrize(
    "bad",
    [
        [entry("../outside")],
        [entry("archive/../../outside")],
        [entry("/tmp/outside")],
        [entry("archive/..\\outside")],
        [entry("archive//outside")],
        [entry("archive")],
        [entry("anything")],
        [entry("secret-key")],  # the manifest says that there is none
        [entry("facturelay.dump")],  # nor is it PostgreSQL's
        [entry("archive/a", kind=tarfile.SYMTYPE, linkname="../.."), entry("archive/a/outside")],
        [entry("archive/a", kind=tarfile.LNKTYPE, linkname="/etc/passwd")],
        [entry("archive/a", kind=tarfile.FIFOTYPE)],
        [entry("archive/a", kind=tarfile.CHRTYPE)],
        [entry("archive/a", kind=tarfile.DIRTYPE)],
        [entry("archive/a"), entry("archive/a")],
        [entry("archive/a"), entry("archive/a/b")],
        [entry("manifest.json")],
    ],
    ids=lambda entries: " ".join(f"{made.type.decode()}:{made.name}" for made in entries),
)
def test_a_backup_with_anything_but_its_own_files_is_refused(
    system: System, elsewhere: Settings, tmp_path: Path, bad: list[tarfile.TarInfo]
) -> None:
    backed_up(system, tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as good, tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as copy:
        for member in good:
            copy.addfile(member, good.extractfile(member))
        for member in bad:
            copy.addfile(member)
    with pytest.raises(Rejected):
        restore_files.restore(tmp_path / "bad.tar.gz", elsewhere)
    assert content(elsewhere.data) == {}
    assert not (elsewhere.data.parent / "outside").exists()


def test_a_backup_for_which_the_disk_has_no_room_is_refused_and_leaves_nothing(system: System, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        with pytest.raises(Rejected, match=r"^(SQLite|pg_dump) failed: "):
            backed_up(system, folder / "b.tar.gz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []


def test_a_backup_larger_than_the_disk_is_refused_before_it_fills_it(
    system: System, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(system, tmp_path / "b.tar.gz")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(Rejected, match="no room"):
        restore_files.restore(tmp_path / "b.tar.gz", elsewhere)
    assert content(elsewhere.data) == {}


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"made_at": 1}', "[" * 9000, "no"])
def test_a_manifest_that_is_none_is_refused(system: System, elsewhere: Settings, tmp_path: Path, manifest: str) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as bad:
        backup.add_text(bad, "manifest.json", manifest)
    with pytest.raises(Rejected, match="not a backup of Facturelay"):
        restore_files.restore(tmp_path / "bad.tar.gz", elsewhere)


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()
