# ruff: noqa: SLF001 - the parts of a finished table have no public names
"""The table of lines, with a row for each line where its mould has one for each kind of row.

Private names used: `Table._cellvalues`, `_cellStyles`, `_bkgrndcmds`, `_linecmds`, `_spanCmds`, `_colWidths`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from xhtml2pdf.xhtml2pdf_reportlab import PmlTable

from worker.rendering.way import Unusual

Command = tuple[Any, ...]
_KEPT = ("totalWidth", "marginLeft", "marginRight", "shrinkToFit", "spaceBefore", "spaceAfter", "keepWithNext")


class LinesTable:
    """How to make the table of lines from *table*, which holds its head and one row for each of *kinds*. Raises `Unusual`."""

    def __init__(self, table: Any, kinds: int) -> None:
        self.table = table
        self.head = table.repeatRows if isinstance(table.repeatRows, int) else -1
        if self.head < 0 or table._spanCmds or len(table._cellvalues) != self.head + kinds:
            raise Unusual("spans, or rows that are not of this page")
        if table.minHeight is not None or any(height is not None for height in table._argH):
            raise Unusual("rows of a given height")
        self.examples = table._cellvalues[self.head :]
        self.styles = table._cellStyles[self.head :]
        self.of_head, self.of_kinds = _commands(table, self.head, kinds)

    def filled(self, head: list[Any], rows: list[Any], kinds: Sequence[int], *, exactly: bool) -> Any:
        """The table with this *head* and *rows*, each of which is of the kind with that number.

        *exactly*: with rules and backgrounds in the order in which xhtml2pdf draws them.
        """
        made = PmlTable(
            [*head, *rows],
            colWidths=list(self.table._colWidths),
            style=[*self.of_head, *self._commands_of(kinds, exactly=exactly)],
            repeatRows=self.head,
            splitByRow=1,
            hAlign=self.table.hAlign,
            vAlign="TOP",
            normalizedData=1,
            cellStyles=[*self.table._cellStyles[: self.head], *(self.styles[kind] for kind in kinds)],
        )
        for name in _KEPT:
            setattr(made, name, getattr(self.table, name))
        return made

    def _commands_of(self, kinds: Sequence[int], *, exactly: bool) -> Iterator[Command]:
        """Rules and backgrounds of the rows: said once for all where all kinds have the same."""
        first, *others = self.of_kinds
        if not exactly and all(other == first for other in others):
            yield from _over(first, self.head, self.head + len(kinds) - 1)
        else:
            for row, kind in enumerate(kinds, self.head):
                yield from _over(self.of_kinds[kind], row, row)


def _over(commands: list[Command], first: int, last: int) -> Iterator[Command]:
    for name, column, to_column, *rest in commands:
        yield name, (column, first), (to_column, last), *rest


def _commands(table: Any, head: int, kinds: int) -> tuple[list[Command], list[list[Command]]]:
    """Rules and backgrounds of the head, as they are, and of the row of each kind, without the row."""
    of_head: list[Command] = []
    of_kinds: list[list[Command]] = [[] for _ in range(kinds)]
    for name, (column, row), (to_column, to_row), *rest in (*table._bkgrndcmds, *table._linecmds):
        if (row >= 0 and to_row < head) or row == to_row == -1:  # -1 is the last row, however many there are
            of_head.append((name, (column, row), (to_column, to_row), *rest))
        elif row == to_row and head <= row < head + kinds:
            of_kinds[row - head].append((name, column, to_column, *rest))
        else:
            raise Unusual("a rule or background over several rows")
    return of_head, of_kinds
