"""Whether the register is whole: each row follows the one before it, and is that of its document."""

from collections.abc import Iterable, Sequence

from worker.accounting.inspection import Inspection, span
from worker.message import Message
from worker.store.database import json_codec
from worker.store.queries.integrity import EntryOfRegister, StoredDocument
from worker.store.register import EMPTY_HEAD, RegisterEntry, RegisterHead, entry_hash


def check_entries(inspection: Inspection, row: StoredDocument, entries: Sequence[RegisterEntry]) -> None:
    """Whether a document stands in the register (a test does not) as it is."""
    number = row.document.number
    for entry in entries:
        check_hash(inspection, entry, row)
    if not row.test and not entries:
        message = Message("{number} was issued but is not in the register.", number=number)
        inspection.add_damage(number, "not_in_register", message)
    if row.test and entries:
        message = Message("{number} is a test, but stands in the register.", number=number)
        inspection.add_damage(number, "test_in_register", message)


def check_register(
    inspection: Inspection, entries: Iterable[EntryOfRegister], anchor: RegisterHead | None
) -> RegisterHead:
    """Whether each row follows the one before it and names a document that is there. Returns the end of the chain."""
    before, anchored = EMPTY_HEAD, None
    for one in entries:
        entry = one.entry
        check_position(inspection, entry, before)
        if not one.document_there:
            message = Message("{number} stands in the register, but its document is gone.", number=entry.number)
            inspection.add_damage(entry.number, "document_missing", message)
        if anchor is not None and entry.position == anchor.position:
            anchored = entry
        before = RegisterHead(entry.position, entry.hash)
    check_anchor(inspection, anchored, anchor)
    return before


def check_doubled(inspection: Inspection, numbers: Iterable[tuple[str, int]]) -> None:
    for number, times in numbers:
        message = Message("{number} stands in the register more than once ({times}).", number=number, times=times)
        inspection.add_damage(number, "number_doubled", message)


def check_position(inspection: Inspection, entry: RegisterEntry, before: RegisterHead) -> None:
    if entry.position == before.position:
        inspection.add_damage(
            entry.number,
            "row_doubled",
            Message("Row {position} of the register is there more than once.", position=entry.position),
        )
    elif entry.position != before.position + 1:
        missing = span(before.position + 1, entry.position - 1)
        inspection.add_damage(
            "",
            "row_missing",
            Message("The register lacks row {missing}: what stood there was removed.", missing=missing),
        )
    if entry.previous_hash != before.hash:
        inspection.add_damage(
            entry.number,
            "chain_broken",
            Message(
                "Row {position} of the register ({number}) does not follow the row before it: one of the two was "
                "changed, removed or put in later.",
                position=entry.position,
                number=entry.number,
            ),
        )


def check_hash(inspection: Inspection, entry: RegisterEntry, row: StoredDocument) -> None:
    number = entry.number
    document = row.document
    if document.number != number:
        inspection.add_damage(
            number,
            "number_changed",
            Message("The register says {number}, the document says {stated}.", number=number, stated=document.number),
        )
    snapshot_sha256 = json_codec.sha256(row.snapshot)
    if entry.snapshot_sha256 != snapshot_sha256 and snapshot_sha256 == row.snapshot_sha256:
        inspection.add_damage(
            number,
            "document_changed",
            Message("What {number} says is not what was entered in the register.", number=number),
        )
    again = entry_hash(entry.previous_hash, position=entry.position, document=document, snapshot_sha256=snapshot_sha256)
    if again != entry.hash:
        inspection.add_damage(
            number,
            "hash_mismatch",
            Message(
                "The fingerprint of {number} does not fit: its number, series, dates or text are not those that "
                "were issued.",
                number=number,
            ),
        )


def check_anchor(inspection: Inspection, there: RegisterEntry | None, anchor: RegisterHead | None) -> None:
    """*there*: the row where the anchor is."""
    if anchor is None or anchor == EMPTY_HEAD:
        return
    if there is None:
        inspection.add_damage(
            "",
            "anchor_missing",
            Message("The register ends before row {position}, which it had reached.", position=anchor.position),
        )
    elif there.hash != anchor.hash:
        inspection.add_damage(
            there.number,
            "anchor_differs",
            Message(
                "Row {position} of the register is not the one that was known: the rows up to it were rewritten.",
                position=anchor.position,
            ),
        )


def check_audit_trail(inspection: Inspection, gone: Iterable[Message]) -> None:
    """The audit trail says of each document that it was issued, and is written once too. *gone*: what it says of those that are gone."""
    for message in gone:
        inspection.add_damage(
            "",
            "document_missing",
            Message("The activity says “{message}”, but that document is gone.", message=message),
        )
