"""A PDF of the owner's that goes along with each mail: what keeps it from being read, or has mail filters throw the mail away."""

import io
from collections.abc import Iterator

import pikepdf
from pikepdf import Dictionary, Name, Pdf, Stream

from worker.errors import Rejected
from worker.message import Message
from worker.rendering.print_process import BROKEN_PDF, WRONG_PDF

PROTECTED = Message(
    "This PDF is protected, by a password or against changes, and many mail filters let no such file through. Save it without "
    "protection, and choose it again."
)
RUNS = Message(
    "This PDF has a program in it (JavaScript, or one that it starts), and many mail filters let no such file through. Print it to "
    "a PDF, which leaves the program out, and choose that."
)


def refuse(content: bytes) -> None:
    """Raises Rejected for a PDF that nobody can read, or that is held back as dangerous."""
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if document.is_encrypted:
                raise Rejected(PROTECTED, code=WRONG_PDF)
            if not len(document.pages):
                raise Rejected(BROKEN_PDF, code=WRONG_PDF)
            if any(map(runs, dictionaries_of(document))):
                raise Rejected(RUNS, code=WRONG_PDF)
    except pikepdf.PasswordError as error:
        raise Rejected(PROTECTED, code=WRONG_PDF) from error
    except pikepdf.PdfError as error:
        raise Rejected(BROKEN_PDF, code=WRONG_PDF) from error


def dictionaries_of(document: Pdf) -> Iterator[pikepdf.Object]:
    """Each of the file, also those within others."""
    waiting: list[pikepdf.Object] = list(document.objects)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Dictionary | Stream):
            yield one
            waiting += [value for _, value in one.items() if is_inside(value)]
        elif isinstance(one, pikepdf.Array):
            waiting += [value for value in one if is_inside(value)]


def is_inside(value: object) -> bool:
    """Whether it stands in what names it: what has a number of its own is among the file's objects."""
    return isinstance(value, Dictionary | pikepdf.Array) and not value.is_indirect


def runs(one: pikepdf.Object) -> bool:
    return "/JS" in one or one.get("/S") in (Name.JavaScript, Name.Launch)
