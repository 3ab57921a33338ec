"""Whether the register is whole: each row follows the one before it, and is that of its document."""

from collections import Counter
from collections.abc import Mapping

from worker.accounting.inspection import Inspection, span
from worker.message import Message
from worker.store.database import json_codec
from worker.store.queries import integrity
from worker.store.queries.integrity import StoredDocument
from worker.store.register import EMPTY_HEAD, RegisterEntry, RegisterHead, entry_hash


def check_register(inspection: Inspection, found: integrity.ShopRecords, rows: Mapping[int, StoredDocument]) -> None:
    before, entries = EMPTY_HEAD, found.entries
    unreadable = {row.document_id for row in found.unreadable}
    for entry in entries:
        check_position(inspection, entry, before)
        if entry.document_id not in unreadable:
            check_hash(inspection, entry, rows.get(entry.document_id))
        before = RegisterHead(entry.position, entry.hash)
    for number, times in Counter(entry.number for entry in entries).items():
        if times > 1:
            inspection.add_damage(
                number,
                "number_doubled",
                Message("{number} stands in the register {times} times.", number=number, times=times),
            )
    entered = {entry.document_id for entry in entries}
    for row in rows.values():
        number = row.document.number
        if not row.test and row.document.document_id not in entered:
            inspection.add_damage(
                number, "not_in_register", Message("{number} was issued but is not in the register.", number=number)
            )
        if row.test and row.document.document_id in entered:
            inspection.add_damage(
                number,
                "test_in_register",
                Message("{number} is a test, but stands in the register.", number=number),
            )


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


def check_hash(inspection: Inspection, entry: RegisterEntry, row: StoredDocument | None) -> None:
    number = entry.number
    if row is None:
        inspection.add_damage(
            number,
            "document_missing",
            Message("{number} stands in the register, but its document is gone.", number=number),
        )
        return
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
                "The hash of {number} does not fit: its number, series, dates or text are not those that were issued.",
                number=number,
            ),
        )


def check_anchor(inspection: Inspection, entries: tuple[RegisterEntry, ...], anchor: RegisterHead | None) -> None:
    if anchor is None or anchor == EMPTY_HEAD:
        return
    there = next((entry for entry in entries if entry.position == anchor.position), None)
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


def check_audit_trail(inspection: Inspection, found: integrity.ShopRecords) -> None:
    """The audit trail says of each document that it was issued, and is written once too."""
    known = {row.document.document_id for row in found.rows} | {row.document_id for row in found.unreadable}
    registered = {entry.document_id for entry in found.entries}
    for document_id, message in found.issued_entries:
        if document_id not in known | registered:
            inspection.add_damage(
                "",
                "document_missing",
                Message("The audit trail says “{message}”, but that document is gone.", message=message),
            )
