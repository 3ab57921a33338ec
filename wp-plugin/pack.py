"""Pack the plugin: dist/facturelay-VERSION.zip, byte for byte the same from the same files, and SHA256SUMS of all in dist.

No time, owner, right or order of a folder comes into it. It is stored, not pressed: what presses differs from machine to machine.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

PLUGIN = Path(__file__).parent / "facturelay"
# What zip begins with; the files' own times say when they were checked out.
DATE = (1980, 1, 1, 0, 0, 0)
ORDINARY_FILE = 0o100644 << 16


def pack(folder: Path, target: Path) -> None:
    """Write *target*, a zip with *folder* in it. Links and hidden files do not belong to a plugin, and stop it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            name = path.relative_to(folder.parent).as_posix()
            if path.is_symlink() or path.name.startswith("."):
                raise SystemExit(f"{name} does not belong into the plugin.")
            if path.is_file():
                entry = zipfile.ZipInfo(name, DATE)
                entry.create_system, entry.external_attr = 3, ORDINARY_FILE
                archive.writestr(entry, path.read_bytes())


def version(folder: Path) -> str:
    found = re.search(r"^ \* Version: +(\S+)$", (folder / "facturelay.php").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit("facturelay.php names no version.")
    return found[1]


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every file in *folder*, as sha256sum --check reads it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("SHA256SUMS"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"facturelay-{version(PLUGIN)}.zip"
    pack(PLUGIN, target)
    write_checksums(out)
    print(f"{target}\n{(out / 'SHA256SUMS').read_text(encoding='utf-8')}", end="")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist"))
