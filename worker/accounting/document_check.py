"""Whether a document says what was issued, and adds up."""

from collections.abc import Iterator
from decimal import Decimal

from worker.accounting.inspection import Inspection
from worker.domain.document import Document, Draft
from worker.domain.money import total_of
from worker.message import Message, Money, Value
from worker.store.database import json_codec
from worker.store.queries.integrity import StoredDocument


def check_document(inspection: Inspection, row: StoredDocument) -> None:
    number = row.document.number
    if json_codec.sha256(row.snapshot) != row.snapshot_sha256:
        inspection.add_damage(
            number, "document_changed", Message("What {number} says was changed after it was issued.", number=number)
        )
    try:
        found = [*differences(row), *(("total_wrong", sums) for sums in wrong_totals(row.document))]
    except (AttributeError, TypeError, ArithmeticError) as error:
        # Valid JSON of the wrong shape: a buyer that is null, an amount that is a list.
        found = [
            (
                "document_unreadable",
                Message("{number} cannot be read any more: its text is damaged ({error}).", number=number, error=error),
            )
        ]
    for code, message in found:
        inspection.add_damage(number, code, message)


def differences(row: StoredDocument) -> Iterator[tuple[str, Message]]:
    """The columns that lists and searches use, where they say something else than the document."""
    document = row.document
    expected = {**as_columns(document.draft), "period": row.period if row.period == 0 else document.issued_on.year}
    for name, stated in {**row.columns, "period": row.period}.items():
        if stated != expected[name]:
            yield (
                "column_changed",
                Message(
                    "The list says “{listed}” as {column} of {number}, the document itself says “{stated}”.",
                    listed=as_told(stated),
                    column=name,
                    number=document.number,
                    stated=as_told(expected[name]),
                ),
            )


def as_told(column: object) -> Value:
    return column if isinstance(column, int | Decimal) else str(column)


def as_columns(draft: Draft) -> dict[str, object]:
    return {
        "cause": draft.cause,
        "kind": str(draft.kind),
        "order_id": draft.order_id,
        "order_key": draft.order_key,
        "order_number": draft.order_number,
        "currency": draft.currency,
        "net": draft.net,
        "vat": draft.vat,
        "total": draft.total,
        "language": draft.language,
        "buyer": draft.buyer.company or draft.buyer.name,
        "corrects": draft.corrects.document_id if draft.corrects else None,
        "test": draft.test,
    }


def wrong_totals(document: Document) -> Iterator[Message]:
    """Where a document's own figures do not add up. That net, VAT and rounding make the total is checked when it is read."""
    draft = document.draft
    lines = total_of(line.net for line in draft.lines) + total_of(rounding.amount for rounding in draft.roundings)
    if lines != draft.net:
        yield Message(
            "{number} does not add up: its lines come to {lines}, its net amount is {net}.",
            number=document.number,
            lines=Money(lines, draft.currency),
            net=Money(draft.net, draft.currency),
        )
    vat = total_of(line.vat for line in draft.vat_lines)
    if vat != draft.vat:
        yield Message(
            "{number} does not add up: its VAT lines come to {vat}, its VAT is {stated}.",
            number=document.number,
            vat=Money(vat, draft.currency),
            stated=Money(draft.vat, draft.currency),
        )
