"""Tables for a spreadsheet. A cell is text: what a customer typed may not become a formula on the bookkeeper's computer."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO

# A spreadsheet takes what begins with one of these for a formula (OWASP, “CSV injection”).
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where the same begins behind what a spreadsheet of another country, or one that asks, separates cells by. What reckons nothing there is
# none: "5,-" is a price, and "Straat 5, -2de" an address. A comma before a figure ends no cell where people write 12,40.
FORMULA_WITHIN = re.compile(
    r"""([,;|\t\r\n]["' ]*)(?=[=@＝＠]|[+\-＋－](?!(?:[\w .)%€]|,(?=\d))*(?:,(?!\d)|[;\t\r\n]|$)))"""
)


def escape_cell(value: object) -> str:
    """*value* as text that no spreadsheet runs. A number of ours stays one, also below zero: a bookkeeper adds them up."""
    if isinstance(value, (int, Decimal)):
        return str(value)
    text = FORMULA_WITHIN.sub(r"\1'", "" if value is None else str(value))
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_PREFIXES) else text


class Sheet:
    """Rows written into *text*, with the names of the columns on top: as programs read them (RFC 4180), or with *decimal_comma* as a
    spreadsheet opens them by a double click where people write 12,40. There a comma separates nothing, and 6.10 would be a day in October.
    """

    def __init__(self, text: IO[str], columns: Sequence[str], *, decimal_comma: bool = False) -> None:
        self._comma = decimal_comma
        if decimal_comma:
            text.write("\ufeff")  # Excel takes a file without it for one of Windows' own letters
        self._writer = csv.writer(text, delimiter=";" if decimal_comma else ",")
        self._writer.writerow(columns)

    def add(self, *rows: Iterable[object]) -> None:
        self._writer.writerows(map(self._cell, row) for row in rows)

    def _cell(self, value: object) -> str:
        cell = escape_cell(value)
        return cell.replace(".", ",") if self._comma and isinstance(value, Decimal) else cell


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, decimal_comma: bool = False) -> str:
    """Comma-separated values, with the names of the columns on top."""
    return "".join(csv_lines(columns, rows, decimal_comma=decimal_comma))


def csv_lines(
    columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, decimal_comma: bool = False
) -> Iterator[str]:
    """The same, line by line."""
    text = io.StringIO()
    sheet = Sheet(text, columns, decimal_comma=decimal_comma)
    for row in rows:
        yield taken(text)
        sheet.add([row[column] for column in columns])
    yield taken(text)


def taken(text: io.StringIO) -> str:
    """What was written, which is then forgotten."""
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written
