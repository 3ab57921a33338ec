"""Whether a stored file is the one that was made."""

from pathlib import PurePosixPath

from worker.accounting.inspection import Inspection
from worker.errors import FileAltered, Rejected
from worker.message import Message
from worker.store.document_files import StoredFile


def check_file(inspection: Inspection, number: str, stored: StoredFile) -> None:
    what = Message("The {format} of {number}", format=stored.format.upper(), number=number)
    if PurePosixPath(stored.path).is_absolute() or ".." in PurePosixPath(stored.path).parts:
        inspection.add_damage(
            number,
            "file_missing",
            Message("{what} is said to lie outside the archive, at {path}.", what=what, path=stored.path),
        )
        return
    try:
        content = inspection.archive.get(stored.path, sha256=stored.sha256)
    except Rejected as error:
        key = (
            Message("{what} was changed: {path} in the archive; restore it from a backup.", what=what, path=stored.path)
            if isinstance(error, FileAltered)
            else Message(
                "{what} is gone or cannot be read: {path} in the archive; restore it from a backup.",
                what=what,
                path=stored.path,
            )
        )
        inspection.add_damage(number, error.code, key)
        return
    if len(content) != stored.size:
        inspection.add_damage(
            number,
            FileAltered.code,
            Message(
                "{what} is not as large as what was stored (bytes: {length}, stored: {size}).",
                what=what,
                length=len(content),
                size=stored.size,
            ),
        )
