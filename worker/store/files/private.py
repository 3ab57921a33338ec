"""What we keep is for its owner alone: folders 0700, files and sockets 0600, whatever the shell's umask was."""

import logging
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from worker.errors import Rejected
from worker.settings import Settings

log = logging.getLogger(__name__)

UMASK = 0o077
# What may lie in a data folder of ours. Somebody may have named a folder that holds other things too: those are not ours to change.
OUR_FOLDERS = ("archive", "valkey")
OUR_FILES = ("secret-key", "public-url", "up.lock", "migration.lock", "facturelay.db")
SQLITE_SIDES = ("", "-wal", "-shm", "-journal")


def narrow(settings: Settings) -> None:
    """Take the rights of others from what is there already, and log how many were wider. Touches nothing that is not ours.

    The data folder is narrowed last: while it is wide, everything below is looked at anew, and after that nobody else comes in.
    """
    folder_is_wide = is_wide(settings.data)
    paths = everything(settings) if folder_is_wide else top_files(settings)
    changed = sum(narrow_one(path) for path in (*paths, settings.data))
    if changed:
        log.warning(
            "Others on this machine could read %d files or folders in %s; now they cannot. Look at who could read them.",
            changed,
            settings.data,
        )


def everything(settings: Settings) -> Iterator[Path]:
    yield from top_files(settings)
    # A link is somebody's own arrangement, and is not followed.
    for name in (name for name in OUR_FOLDERS if not (settings.data / name).is_symlink()):
        for folder, _folders, files in os.walk(settings.data / name):
            yield Path(folder)
            yield from (Path(folder) / file for file in files)


def top_files(settings: Settings) -> Iterator[Path]:
    yield from (settings.data / name for name in (*OUR_FOLDERS, *OUR_FILES))
    yield from sqlite_files(settings.database_url)


def sqlite_files(database_url: str) -> tuple[Path, ...]:
    """The file of a SQLite database, and what SQLite keeps beside it; none of another database."""
    # Not asked of SQLAlchemy, which takes longer to load than all else that a start looks at.
    driver, _, address = database_url.partition("://")
    file = address.partition("/")[2].partition("?")[0]
    is_file = driver.partition("+")[0] == "sqlite" and file
    return tuple(Path(f"{file}{side}") for side in SQLITE_SIDES) if is_file else ()


def refuse_other_owner(folder: Path) -> None:
    """What root writes into another user's folder, that user can neither read nor go on with. Raises Rejected."""
    owner = folder.stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise Rejected(
            "{folder} belongs to the user {user}, who could not read what root writes there. Call it as that user, for example with "
            "sudo --user={user}.",
            folder=folder,
            user=name_of(owner),
            code="folder_of_another",
        )


def name_of(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"#{user_id}"


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whatever the umask is."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_or_write(path: Path, new: str) -> str:
    """What stands at *path*; *new* where nothing does yet. Of several at once, all get the same."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        write(draft, new)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def is_wide(path: Path) -> bool:
    """Whether anybody but the owner may do anything with what is at *path* itself. /tmp and its like are nobody's to narrow."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    narrowable = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISSOCK(mode)
    return narrowable and not mode & stat.S_ISVTX and bool(mode & UMASK)


def narrow_one(path: Path) -> bool:
    if not is_wide(path):
        return False
    try:
        path.chmod(path.lstat().st_mode & 0o700)
    except OSError as error:
        log.warning("Others on this machine may read %s, and that cannot be changed (%s).", path, error.strerror)
        return False
    return True
