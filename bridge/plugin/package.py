"""The plugin as WordPress installs it: one zip, byte for byte the same from the same files, wherever it is made.

No time, owner, right or order of a folder comes into it. It is stored, not pressed: what presses differs from machine to machine.
Needs nothing but Python, so that `make plugin` works on an empty machine.
"""

import hashlib
import io
import re
import sys
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# A link to wp-plugin/facturelay, by which the folder comes into the wheel and the image.
FOLDER = Path(__file__).parent / "wordpress"
NAME = "facturelay"
NEEDS = ("Requires at least", "Requires PHP")
# What zip begins with; the files' own times say when they were checked out.
DATE = (1980, 1, 1, 0, 0, 0)
ORDINARY_FILE = 0o100644 << 16
UPDATE_URI = re.compile(rb"^ \* Update URI: [^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """The zip, the version that is in it, and by `NEEDS` what it needs."""

    version: str
    content: bytes
    needs: dict[str, str]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{NAME}-{self.version}.zip"

    @property
    def directory_file_name(self) -> str:
        return f"{NAME}-{self.version}-wordpress-org.zip"


@cache
def own_package() -> Package:
    """The plugin that belongs to this Facturelay; its files do not change while it runs."""
    return pack(FOLDER)


def pack(folder: Path, *, for_directory: bool = False) -> Package:
    """The plugin in *folder*. Links and hidden files do not belong to a plugin, and stop it with a ValueError.

    *for_directory*: without its Update URI, which WordPress.org takes in no plugin of its directory: it updates those itself.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            name = f"{NAME}/{path.relative_to(folder).as_posix()}"
            if path.is_symlink() or path.name.startswith("."):
                raise ValueError(f"{name} does not belong into the plugin.")
            if path.is_file():
                entry = zipfile.ZipInfo(name, DATE)
                entry.create_system, entry.external_attr = 3, ORDINARY_FILE
                written = path.read_bytes()
                archive.writestr(entry, UPDATE_URI.sub(b"", written) if for_directory else written)
    return Package(header(folder, "Version"), content.getvalue(), {name: header(folder, name) for name in NEEDS})


def header(folder: Path, name: str) -> str:
    """A line of the plugin's header, which WordPress reads too."""
    found = re.search(rf"^ \* {name}: +(\S+)$", (folder / f"{NAME}.php").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{NAME}.php names no {name}.")
    return found[1]


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every file in *folder*, as sha256sum --check reads it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("SHA256SUMS"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main(out: Path, folder: Path = FOLDER) -> None:
    try:
        package, for_directory = pack(folder), pack(folder, for_directory=True)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    target = out / package.file_name
    target.write_bytes(package.content)
    (out / package.directory_file_name).write_bytes(for_directory.content)
    write_checksums(out)
    print(f"{target}\n{(out / 'SHA256SUMS').read_text(encoding='utf-8')}", end="")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:] or ["dist"]))
