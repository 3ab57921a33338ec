"""Whatever file a bank gives: what kind it is, and its lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from worker.domain.bank_line import BankLine
from worker.errors import Rejected
from worker.payments.bank_files import camt, coda, csv_file, mt940

MOST_BYTES = 10_000_000
MOST_LINES = 20_000


@dataclass(frozen=True)
class Kind:
    """One kind of file: its name for people, how it is known, and how it is read."""

    name: str
    fits: Callable[[bytes], bool]
    read: Callable[[bytes], Iterator[BankLine]]


KINDS = (
    Kind("CODA", coda.is_coda, coda.read),
    Kind("CAMT.053", camt.is_camt, camt.read),
    Kind("MT940", mt940.is_mt940, mt940.read),
    Kind("CSV", csv_file.is_csv, csv_file.read),
)


def read_file(content: bytes) -> tuple[str, tuple[BankLine, ...]]:
    """The kind of a bank file and all its lines, of whichever account. Raises Rejected with what is wrong and what to do."""
    if len(content) > MOST_BYTES:
        raise Rejected(
            "This file is larger than {most} MB. Download a shorter period from your bank.",
            most=MOST_BYTES // 1_000_000,
            code="bank_file_too_large",
        )
    kind = next((kind for kind in KINDS if kind.fits(content)), None)
    if kind is None:
        raise Rejected(
            "This is no bank file that is known here. Download the statement as CODA, CAMT.053 or MT940, or as the CSV of KBC, "
            "BNP Paribas Fortis, ING or Belfius.",
            code="bank_file_unknown",
        )
    return kind.name, tuple(bounded(kind.read(content)))


def bounded(lines: Iterator[BankLine]) -> Iterator[BankLine]:
    for number, line in enumerate(lines):
        if number >= MOST_LINES:
            raise Rejected(
                "This file has more than {most} lines. Download a shorter period from your bank.",
                most=MOST_LINES,
                code="bank_file_too_large",
            )
        yield line
