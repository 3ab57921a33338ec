"""The plugin's zip is the same bytes for everybody who packs the same files, and holds the plugin and nothing else."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

from bridge.plugin.package import FOLDER, own_package

REPOSITORY = Path(__file__).parents[1]
PLUGIN = REPOSITORY / "wp-plugin" / "facturelay"
PACK = REPOSITORY / "bridge" / "plugin" / "package.py"


def packed(plugin: Path, out: Path, *, umask: int = 0o022) -> Path:
    command = [sys.executable, str(PACK), str(out), str(plugin)]
    subprocess.run(command, check=True, capture_output=True, umask=umask)
    (found,) = (path for path in out.glob("*.zip") if "wordpress-org" not in path.name)
    return found


def test_the_same_files_make_the_same_zip_wherever_and_whenever(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(PLUGIN, elsewhere)
    for number, path in enumerate(elsewhere.rglob("*")):
        os.utime(path, (number * 1000, number * 1000))
        if path.is_file():
            path.chmod(0o755 if number % 2 else 0o600)
    here, there = packed(PLUGIN, tmp_path / "a"), packed(elsewhere, tmp_path / "b", umask=0o077)

    assert here.read_bytes() == there.read_bytes()
    both = sorted((tmp_path / "a").glob("*.zip"))
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in both)
    assert (len(both), (tmp_path / "a" / "SHA256SUMS").read_text()) == (2, sums)


def test_wordpress_orgs_zip_lacks_the_line_that_the_directory_takes_from_no_plugin(tmp_path: Path) -> None:
    """Its plugin check calls it `plugin_updater_detected`. Without the line WordPress never asks the class that offers updates."""
    ours = packed(PLUGIN, tmp_path)
    with zipfile.ZipFile(ours) as own, zipfile.ZipFile(ours.with_name(f"{ours.stem}-wordpress-org.zip")) as directory:
        assert own.namelist() == directory.namelist()
        changed = [name for name in own.namelist() if own.read(name) != directory.read(name)]
        line = b" * Update URI: https://facturelay.invalid/\n"
        assert changed == ["facturelay/facturelay.php"]
        assert own.read(changed[0]).replace(line, b"") == directory.read(changed[0])


def test_the_zip_is_the_folder(tmp_path: Path) -> None:
    folder = PLUGIN.parent
    with zipfile.ZipFile(packed(PLUGIN, tmp_path / "out")) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        for name in names:
            assert archive.read(name) == (folder / name).read_bytes()

    assert names == sorted(names)
    assert set(names) == {path.relative_to(folder).as_posix() for path in PLUGIN.rglob("*") if path.is_file()}


def test_what_does_not_belong_into_a_plugin_stops_it(tmp_path: Path) -> None:
    shutil.copytree(PLUGIN, tmp_path / "plugin")
    (tmp_path / "plugin" / ".env").write_text("SECRET=1")
    done = subprocess.run(
        [sys.executable, str(PACK), str(tmp_path / "out"), str(tmp_path / "plugin")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, ".env" in done.stderr) == (1, True)


def test_what_a_running_facturelay_hands_out_is_the_released_zip(tmp_path: Path) -> None:
    package = own_package()

    assert package.content == packed(PLUGIN, tmp_path / "out").read_bytes()
    assert package.file_name == f"facturelay-{package.version}.zip"


def test_every_file_of_the_plugin_comes_into_the_wheel_and_the_image() -> None:
    """They are data of the packages that the link `bridge/plugin/wordpress` makes of its folders."""
    patterns = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    names = [path.name for path in PLUGIN.rglob("*") if path.is_file()]

    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert FOLDER.resolve() == PLUGIN
    assert "wp-plugin" not in (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "COPY wp-plugin wp-plugin" in (REPOSITORY / "Dockerfile").read_text()
