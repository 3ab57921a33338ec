"""Whether the sums of which the journal is made are those of the documents."""

from collections.abc import Iterable

from worker.accounting.inspection import Inspection
from worker.domain.sold import SoldDocument
from worker.message import Message
from worker.store import daily_sales
from worker.store.queries import sales_journal
from worker.store.queries.integrity import StoredDocument
from worker.store.queries.sales_journal import Journal


def check_journal(inspection: Inspection, journal: Journal, counted: Journal) -> None:
    """Call where the documents themselves are intact: what is wrong with one of them is wrong with the sums too."""
    rows = {*journal.rows} ^ {*counted.rows}
    totals = {*journal.totals} ^ {*counted.totals}
    for month in sorted({row.month for row in rows} | {total.month for total in totals}):
        message = Message(
            "The journal of the month that begins on {day} does not say what the documents of that month say.",
            day=month,
        )
        inspection.add_damage("", "journal_differs", message)


def counted_anew(rows: Iterable[StoredDocument]) -> Journal:
    """The journal of all invoices and credit notes, from what each says."""
    sold = (row for row in rows if row.document.draft.kind in daily_sales.OF_JOURNAL and not row.test)
    return sales_journal.of_documents((SoldDocument.of(row.document), row.snapshot) for row in sold)
