"""Another user of the machine reads nothing of ours, and a backup of an enemy's making writes nothing but what a backup is."""

import gzip
import io
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.system import System
from worker.demo.orders import an_order
from worker.errors import Rejected
from worker.maintenance import backup, restore
from worker.processes import broker
from worker.processes.supervisor import prepare
from worker.settings import Settings
from worker.store.database.engine import Store
from worker.store.files import private
from worker.store.files.archive import Archive, RemoteArchive

OUTSIDE = ("/etc/passwd", "../outside", "a/../../outside", "a//b", "a/./b", "..", ".", "", "a\\..\\b", "a\0b")


@pytest.fixture
def wide_umask() -> Iterator[None]:
    """As almost every shell has it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def wide(folder: Path) -> list[str]:
    """What others may read, write or enter, in *folder* and below."""
    paths = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in paths if path.lstat().st_mode & 0o077 and not path.is_symlink()]


def run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """One of our commands, started by a shell that lets everybody read."""
    command = [sys.executable, "-m", "worker.cli", *arguments, "--data", str(data)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FACTURELAY_", "REDIS"))}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, umask=0)


def test_whatever_the_shell_says_what_a_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("migrate", data=data)
    run("shop", "add", "--name", "Shop", "--url", "https://1.1.1.1", data=data)
    run("backup", str(tmp_path / "b.tar.gz"), "--with-key", data=data)
    run("restore", str(tmp_path / "b.tar.gz"), data=tmp_path / "again")

    assert wide(data) == []
    assert wide(tmp_path / "again") == []
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600


def test_a_running_installation_lets_nobody_else_read_its_files_and_sockets(wide_umask: None, tmp_path: Path) -> None:
    configuration = Path(broker.command(tmp_path)[-1])
    assert "unixsocketperm 600" in configuration.read_text().splitlines()
    assert wide(tmp_path) == []
    environment = {"PYTHONPATH": ".", "PATH": os.environ["PATH"], "SERVER_SOFTWARE": "x"}
    told = subprocess.run(
        [sys.executable, "-c", "import os; from bridge import gunicorn_conf as g; g.on_starting(None); print(oct(os.umask(0)), oct(g.umask))"],
        env=environment, capture_output=True, text=True, check=True, umask=0,
    )  # fmt: skip

    assert told.stdout.split() == ["0o77", "0o77"]


def test_a_folder_that_others_could_read_is_narrowed_and_said(
    wide_umask: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    settings = Settings(data, "http://localhost", f"sqlite:///{data}/facturelay.db", "unix:///no", ("k" * 32,))
    for name in (
        "archive/shop/2026/1.pdf",
        "valkey/appendonlydir/x.aof",
        "facturelay.db",
        "facturelay.db-wal",
        "secret-key",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("x")
    (data / "not-ours.sh").write_text("x")
    (data / "not-ours.sh").chmod(0o755)
    (tmp_path / "elsewhere").write_text("x")
    (data / "archive" / "link").symlink_to(tmp_path / "elsewhere")
    prepare(settings)

    assert wide(data) == ["not-ours.sh"]
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o644
    assert "Others on this machine could read" in caplog.text
    # Afterwards nothing is said, and what grew wide again by hand is seen where it matters most.
    caplog.clear()
    prepare(settings)
    assert caplog.text == ""
    (data / "facturelay.db").chmod(0o644)
    prepare(settings)
    assert wide(data) == ["not-ours.sh"]


def test_root_writes_nothing_into_the_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, 54321, -1)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    settings = Settings(data, "http://localhost", f"sqlite:///{data}/facturelay.db", "unix:///no", ())
    with pytest.raises(Rejected, match="could not read what root writes there"):
        prepare(settings)
    assert list(data.iterdir()) == []


def test_a_folder_that_is_everybodys_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    settings = Settings(tmp_path, "http://localhost", f"sqlite:///{tmp_path}/facturelay.db", "unix:///no", ("k" * 32,))

    private.narrow(settings)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_name_leads_out_of_the_archive(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    for archive in (Archive(tmp_path / "archive"), RemoteArchive(f"file://{tmp_path}/archive")):
        for use in (
            lambda archive=archive: archive.get(path, sha256=""),
            lambda archive=archive: archive.put(path, b"x"),
            lambda archive=archive: archive.put_file(path, io.BytesIO(b"x")),
            lambda archive=archive: list(archive.chunks(path)),
            lambda archive=archive: archive.names(path),
            lambda archive=archive: archive.delete_folder(path),
        ):
            with pytest.raises(Rejected, match="leads out of the archive"):
                use()
    assert (tmp_path / "outside").read_bytes() == b"secret"


def bad_backup(good: Path, target: Path, *members: tuple[tarfile.TarInfo, bytes], raw: bytes = b"") -> Path:
    """*good* with more in it: members, or the bytes of a header as they are."""
    with tarfile.open(good) as source:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as copy:
            for member in source:
                copy.addfile(member, source.extractfile(member))
            for member, content in members:
                copy.addfile(member, io.BytesIO(content))
            end = copy.offset
    target.write_bytes(gzip.compress(buffer.getvalue()[:end] + raw + b"\0" * 1024))
    return target


def named(name: str, size: int = 0, **more: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size = size
    for field, value in more.items():
        setattr(made, field, value)
    return made


def header(name: str, *, kind: bytes = b"0", size: bytes) -> bytes:
    """A header as tarfile would never write it: *size* is the twelve bytes of its size."""
    made = bytearray(named(name, type=kind).tobuf(tarfile.GNU_FORMAT))
    made[124:136], made[148:156] = size, b" " * 8
    made[148:156] = f"{sum(made):06o}\0 ".encode()
    return bytes(made)


NEGATIVE = b"\xff" + b"\xff" * 9 + b"\xfe\x00"
HUGE = b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7
A_GIGABYTE = b"10000000000\0"
LIES = {
    "negative": header("archive/a", size=NEGATIVE),
    "longer than the backup": header("archive/a", size=b"00000100000\0"),
    "larger than any disk": header("archive/a", size=HUGE),
    "with holes": header("archive/a", kind=tarfile.GNUTYPE_SPARSE, size=b"00000000000\0"),
    "a gigabyte of headers": header("pax", kind=tarfile.XHDTYPE, size=A_GIGABYTE),
    "a gigabyte of name": header("name", kind=tarfile.GNUTYPE_LONGNAME, size=A_GIGABYTE),
    "negative headers": header("pax", kind=tarfile.XHDTYPE, size=NEGATIVE),
    "no header": b"x" * tarfile.BLOCKSIZE,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_size_that_lies_is_refused_before_it_costs_memory_or_time(
    system: System, elsewhere: Settings, tmp_path: Path, lie: str
) -> None:
    backup.back_up(system.services, tmp_path / "b.tar.gz", with_key=False)
    bad = bad_backup(tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz", raw=LIES[lie])

    with pytest.raises(Rejected):
        restore.restore(bad, elsewhere)
    assert [path for path in elsewhere.data.rglob("*") if path.is_file()] == []


def test_headers_that_rename_a_file_are_looked_at_as_they_end_up(
    system: System, elsewhere: Settings, tmp_path: Path
) -> None:
    backup.back_up(system.services, tmp_path / "b.tar.gz", with_key=False)
    for name in ("../outside", "/outside", "archive/../../outside", "facturelay.db-wal"):
        renamed = (named("archive/a", 1, pax_headers={"path": name}), b"x")
        with pytest.raises(Rejected):
            restore.restore(bad_backup(tmp_path / "b.tar.gz", tmp_path / "bad.tar.gz", renamed), elsewhere)
    assert not list(tmp_path.rglob("outside"))


def test_a_database_that_names_files_outside_is_found_and_no_number_is_given_meanwhile(
    system: System, elsewhere: Settings, tmp_path: Path
) -> None:
    system.arrives(an_order(id=1))
    with system.services.store.write() as connection:
        # As an enemy would, who need not mind our triggers.
        if system.services.store.is_sqlite:
            for (trigger,) in list(connection.execute(text("select name from sqlite_master where type = 'trigger'"))):
                connection.execute(text(f"drop trigger {trigger}"))
        else:
            connection.execute(text("alter table files disable trigger user"))
        connection.execute(text("update files set path = '/etc/passwd'"))
    backup.back_up(system.services, tmp_path / "b.tar.gz", with_key=False)

    with pytest.raises(Rejected, match="leads out of the archive"):
        restore.restore(tmp_path / "b.tar.gz", elsewhere)
    store = Store(elsewhere.database_url)
    with store.read() as connection:
        settings = connection.execute(text("select settings from shops")).scalar_one()
    store.close()
    assert "restored" in str(settings)
