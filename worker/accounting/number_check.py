"""Whether the numbers of each series follow each other, and its counter them."""

from collections.abc import Mapping, Sequence

from worker.accounting.inspection import Inspection, span
from worker.message import Message
from worker.store.counters import Counter
from worker.store.queries.integrity import StoredDocument


def check_doubled(inspection: Inspection, numbers: list[tuple[str, int]]) -> None:
    for number, count in numbers:
        inspection.add_damage(
            number,
            "number_doubled",
            Message("{number} stands on more than one document ({count}).", number=number, count=count),
        )


def check_sequence(inspection: Inspection, row: StoredDocument, before: StoredDocument | None) -> None:
    """A number follows the one *before* it in its series, begins a year, or begins where the owner said; and dates never fall."""
    document = row.document
    expected = next_number(inspection, row, before)
    if document.sequence < expected:
        inspection.add_damage(
            document.number,
            "number_out_of_order",
            Message(
                "{number} is number {sequence} of its series, but number {expected} was next.",
                number=document.number,
                sequence=document.sequence,
                expected=expected,
            ),
        )
    elif document.sequence > expected:
        inspection.add_damage(
            document.number,
            "number_missing",
            Message(
                "The series “{series}” lacks number {missing} before {number}.",
                series=document.series,
                missing=span(expected, document.sequence - 1),
                number=document.number,
            ),
        )
    if before is not None and document.issued_on < before.document.issued_on:
        inspection.add_damage(
            document.number,
            "dates_fall",
            Message(
                "{number} is dated {issued_on}, before {earlier_number} ({earlier_date}).",
                number=document.number,
                issued_on=document.issued_on,
                earlier_number=before.document.number,
                earlier_date=before.document.issued_on,
            ),
        )


def next_number(inspection: Inspection, row: StoredDocument, before: StoredDocument | None) -> int:
    series, period = row.document.series, row.period
    if before is None or begins_anew(row, before):
        began = inspection.shop.numbering.continued_after.get(f"{series}:{period}")
        if began is not None and row.document.sequence == began + 1:
            return began + 1
    if before is None or (period and begins_anew(row, before)):
        return 1 + lost_numbers_after(inspection, series, period, after=0)
    last = before.document.sequence
    return last + 1 + lost_numbers_after(inspection, series, period, after=last)


def begins_anew(row: StoredDocument, before: StoredDocument) -> bool:
    """Not so within a year: where a series began or ended to start again each year meanwhile, its count went on."""
    return row.period != before.period and row.document.issued_on.year > before.document.issued_on.year


def lost_numbers_after(inspection: Inspection, series: str, period: int, *, after: int) -> int:
    """How many numbers were given after *after* and are known not to be in the register since a backup was restored."""
    here = (one for one in inspection.shop.numbering.lost_numbers if (one.series, one.period) == (series, period))
    found = next((one for one in here if one.first == after + 1), None)
    return found.last - after + lost_numbers_after(inspection, series, period, after=found.last) if found else 0


def check_counters(inspection: Inspection, newest: Mapping[str, StoredDocument], counters: Sequence[Counter]) -> None:
    """The counter shows documents that were removed at the end, together with their rows in the register. *newest*: of each series."""
    for series in newest.keys() - {counter.series for counter in counters}:
        inspection.add_damage(
            "",
            "counter_missing",
            Message("The counter of the series “{series}” is gone; it would begin again.", series=series),
        )
    for counter in counters:
        row = newest.get(counter.series)
        goes_on = row is not None and counter.period in (0, row.document.issued_on.year)
        last = row.document.sequence if row and goes_on else 0
        last += lost_numbers_after(inspection, counter.series, counter.period, after=last)
        began = inspection.shop.numbering.continued_after.get(f"{counter.series}:{counter.period}", 0)
        if counter.last_number > max(last, began):
            missing = span(max(last, began) + 1, counter.last_number)
            inspection.add_damage(
                "",
                "document_missing",
                Message(
                    "The series “{series}” gave number {missing}, but there is no such document any more.",
                    series=counter.series,
                    missing=missing,
                ),
            )
        elif counter.last_number < last and row is not None:
            inspection.add_damage(
                row.document.number,
                "counter_back",
                Message(
                    "The counter of the series “{series}” was set back to {last_number}, behind {number}.",
                    series=counter.series,
                    last_number=counter.last_number,
                    number=row.document.number,
                ),
            )
