"""Tables for a spreadsheet. A cell is text: what a customer typed may not become a formula on the bookkeeper's computer."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

# A spreadsheet takes what begins with one of these for a formula (OWASP, “CSV injection”).
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def escape_cell(value: object) -> str:
    """*value* as text that no spreadsheet runs. A number of ours stays one, also below zero: a bookkeeper adds them up."""
    if isinstance(value, (int, Decimal)):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_PREFIXES) else text


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Comma-separated values (RFC 4180), with the names of the columns on top."""
    return "".join(csv_lines(columns, rows))


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The same, line by line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        yield taken(text)
        writer.writerow([escape_cell(row[column]) for column in columns])
    yield taken(text)


def taken(text: io.StringIO) -> str:
    """What was written, which is then forgotten."""
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written
