"""The plugin's zip is the same bytes for everybody who packs the same files, and holds the plugin and nothing else."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def packed(repository: Path, out: Path, *, umask: int = 0o022) -> Path:
    command = [sys.executable, str(repository / "wp-plugin" / "pack.py"), str(out)]
    subprocess.run(command, check=True, capture_output=True, umask=umask)
    (found,) = out.glob("*.zip")
    return found


def test_the_same_files_make_the_same_zip_wherever_and_whenever(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(REPOSITORY / "wp-plugin", elsewhere / "wp-plugin")
    for number, path in enumerate(elsewhere.rglob("*")):
        os.utime(path, (number * 1000, number * 1000))
        if path.is_file():
            path.chmod(0o755 if number % 2 else 0o600)
    here, there = packed(REPOSITORY, tmp_path / "a"), packed(elsewhere, tmp_path / "b", umask=0o077)

    assert here.read_bytes() == there.read_bytes()
    assert (
        tmp_path / "a" / "SHA256SUMS"
    ).read_text() == f"{hashlib.sha256(here.read_bytes()).hexdigest()}  {here.name}\n"


def test_the_zip_is_the_folder(tmp_path: Path) -> None:
    folder = REPOSITORY / "wp-plugin"
    with zipfile.ZipFile(packed(REPOSITORY, tmp_path)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        for name in names:
            assert archive.read(name) == (folder / name).read_bytes()

    assert names == sorted(names)
    assert set(names) == {
        path.relative_to(folder).as_posix() for path in (folder / "facturelay").rglob("*") if path.is_file()
    }


def test_what_does_not_belong_into_a_plugin_stops_it(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "wp-plugin", tmp_path / "wp-plugin")
    (tmp_path / "wp-plugin" / "facturelay" / ".env").write_text("SECRET=1")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "wp-plugin" / "pack.py"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, ".env" in done.stderr) == (1, True)
