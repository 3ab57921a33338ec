"""Whatever file a bank gives: what kind it is, and its lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from worker.domain.bank_line import BankLine
from worker.domain.bank_statement import BankStatement
from worker.errors import Rejected
from worker.message import Message
from worker.payments.bank_files import camt, coda, csv_file, mt940
from worker.payments.bank_files.broken import too_long

MOST_BYTES = 10_000_000
MOST_LINES = 20_000
# A line of a statement has some rows in each kind; the readers take a file whole, before the first line comes out.
MOST_ROWS = 500_000
OTHER_LETTERS = (b"\xff\xfe", b"\xfe\xff")
OTHERS = (
    (b"%PDF", Message("a PDF: it is made to be read by people")),
    (b"PK\x03\x04", Message("a file of Excel or a zip")),
    (b"\xd0\xcf\x11\xe0", Message("a file of Excel")),
    (b"xsd:camt.052.", Message("a CAMT.052: it tells of a day that is not over yet")),
    (b"xsd:camt.054.", Message("a CAMT.054: it tells of some payments and is no statement")),
    (b"xsd:pain.", Message("an order to the bank, and no statement")),
    (b"OFXHEADER", Message("an OFX file")),
    (b"<OFX>", Message("an OFX file")),
)


@dataclass(frozen=True)
class Kind:
    """One kind of file: its name for people, how it is known, and how it is read."""

    name: str
    fits: Callable[[bytes], bool]
    read: Callable[[bytes], Iterator[BankLine | BankStatement]]


class ReadFile(NamedTuple):
    """*statements*: of those kinds that say with how much each begins and ends."""

    kind: str
    lines: tuple[BankLine, ...]
    statements: tuple[BankStatement, ...]


KINDS = (
    Kind("CODA", coda.is_coda, coda.read),
    Kind("CAMT.053", camt.is_camt, camt.read),
    Kind("MT940", mt940.is_mt940, mt940.read),
    Kind("CSV", csv_file.is_csv, csv_file.read),
)


def read_file(content: bytes) -> ReadFile:
    """The kind of a bank file and all that is in it, of whichever account. Raises Rejected with what is wrong and what to do."""
    if len(content) > MOST_BYTES:
        raise Rejected(
            "This file is larger than {most} MB. Download a shorter period from your bank.",
            most=MOST_BYTES // 1_000_000,
            code="bank_file_too_large",
        )
    if content.count(b"\n") + content.count(b"\r") > 2 * MOST_ROWS or content.count(mt940.LINE) > MOST_LINES:
        raise too_long(MOST_LINES)
    kind = next((kind for kind in KINDS if kind.fits(content)), None)
    if content.startswith(OTHER_LETTERS) or (kind and b"\0" in content):
        raise Rejected(
            "This file is written in letters that no bank uses (UTF-16). Download it from your bank once more, and do not open and "
            "save it with another program in between.",
            code="bank_file_letters",
        )
    if kind is None:
        raise Rejected(
            "This is {what}. Download the statement as CODA, CAMT.053 or MT940 (nearly every bank has one of them, abroad too), or as the CSV "
            "of KBC, CBC, BNP Paribas Fortis, ING or Belfius.",
            what=what_it_is(content),
            code="bank_file_unknown",
        )
    found = tuple(bounded(kind.read(content)))
    return ReadFile(
        kind.name,
        tuple(one for one in found if isinstance(one, BankLine)),
        tuple(one for one in found if isinstance(one, BankStatement)),
    )


def what_it_is(content: bytes) -> Message:
    """What people hand over in the place of a statement, so that they know which file to look for."""
    found = next((what for mark, what in OTHERS if mark in content[:2_000]), None)
    names = csv_file.names_of(content) if found is None else ()
    if names:
        return Message("the CSV of a bank whose columns are not known here ({names})", names=", ".join(names)[:200])
    return found or Message("no bank file that is known here")


def bounded(found: Iterator[BankLine | BankStatement]) -> Iterator[BankLine | BankStatement]:
    lines = 0
    for one in found:
        lines += isinstance(one, BankLine)
        if lines > MOST_LINES:
            raise too_long(MOST_LINES)
        yield one
