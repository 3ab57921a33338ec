"""Prove that nothing was lost or altered since it was issued, and name what was. Reads only; repairs nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, cast

from worker.domain.document import Document, Draft
from worker.domain.money import total_of
from worker.domain.shop import Shop
from worker.errors import FileAltered, Rejected
from worker.message import Message, Money
from worker.services import Services
from worker.store import shops
from worker.store.database import json_codec
from worker.store.document_files import StoredFile
from worker.store.files.archive import Archive
from worker.store.queries import integrity
from worker.store.queries.integrity import StoredDocument
from worker.store.register import EMPTY_HEAD, RegisterEntry, RegisterHead, entry_hash


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was stored. *number* is empty where it is about the register itself."""

    shop_id: str
    number: str
    code: str
    message: Message


@dataclass(frozen=True)
class Proof:
    """What was checked in one shop, and what is wrong with it. *head* is the end of its register's chain."""

    shop_id: str
    name: str
    documents: int
    tests: int
    files: int
    head: RegisterHead
    damages: tuple[Damage, ...]


def verify(services: Services, *, shop_id: str | None = None, anchor: RegisterHead | None = None) -> tuple[Proof, ...]:
    """Check every document, number and file of one shop, or of all. *anchor* is an earlier head, stored outside the database."""
    with services.store.read() as connection:
        integrity.repeatable_read(connection)
        if shop_id is not None:
            wanted: tuple[Shop, ...] = (shops.get(connection, services.encryption, shop_id).shop,)
        else:
            wanted = shops.every(connection)
        return tuple(
            Inspection(shop, services.archive).run(integrity.read_shop(connection, shop.shop_id), anchor)
            for shop in wanted
        )


def as_json(proof: Proof) -> dict[str, Any]:
    """For scripts; messages stay messages until somebody reads them."""
    return {
        **cast("dict[str, Any]", json_codec.plain(proof, lambda message: message)),
        "intact": not proof.damages,
        "head": str(proof.head) if proof.head.position else None,
    }


@dataclass
class Inspection:
    """One verification of one shop. Damages add up as the checks go through what was found."""

    shop: Shop
    archive: Archive
    damages: list[Damage] = field(default_factory=list)

    def run(self, found: integrity.ShopRecords, anchor: RegisterHead | None) -> Proof:
        for unreadable in found.unreadable:
            message = Message(
                "{number} cannot be read any more: {reason}.", number=unreadable.number, reason=unreadable.message
            )
            self.add_damage(unreadable.number, "document_unreadable", message)
        rows = {row.document.document_id: row for row in found.rows}
        for row in rows.values():
            self.check_document(row)
        self.check_register(found, rows)
        self.check_anchor(found.entries, anchor)
        self.check_numbers(found)
        self.check_audit_trail(found)
        for stored in found.files:
            of = rows.get(stored.document_id)
            self.check_file(of.document.number if of else f"document {stored.document_id}", stored)
        live = [row for row in found.rows if not row.test]
        last = found.entries[-1] if found.entries else None
        head = RegisterHead(last.position, last.hash) if last else EMPTY_HEAD
        return Proof(
            shop_id=self.shop.shop_id,
            name=self.shop.name,
            documents=len(live),
            tests=len(found.rows) - len(live),
            files=len(found.files),
            head=head,
            damages=tuple(self.damages),
        )

    def add_damage(self, number: str, code: str, message: Message) -> None:
        self.damages.append(Damage(self.shop.shop_id, number, code, message))

    # One document

    def check_document(self, row: StoredDocument) -> None:
        number = row.document.number
        if json_codec.sha256(row.snapshot) != row.snapshot_sha256:
            self.add_damage(
                number,
                "document_changed",
                Message("What {number} says was changed after it was issued.", number=number),
            )
        try:
            found = [*differences(row), *(("total_wrong", sums) for sums in wrong_totals(row.document))]
        except (AttributeError, TypeError, ArithmeticError) as error:
            # Valid JSON of the wrong shape: a buyer that is null, an amount that is a list.
            found = [
                (
                    "document_unreadable",
                    Message(
                        "{number} cannot be read any more: its text is damaged ({error}).", number=number, error=error
                    ),
                )
            ]
        for code, message in found:
            self.add_damage(number, code, message)

    # The register

    def check_register(self, found: integrity.ShopRecords, rows: Mapping[int, StoredDocument]) -> None:
        before, entries = EMPTY_HEAD, found.entries
        unreadable = {row.document_id for row in found.unreadable}
        for entry in entries:
            self.check_position(entry, before)
            if entry.document_id not in unreadable:
                self.check_hash(entry, rows.get(entry.document_id))
            before = RegisterHead(entry.position, entry.hash)
        for number, times in Counter(entry.number for entry in entries).items():
            if times > 1:
                self.add_damage(
                    number,
                    "number_doubled",
                    Message("{number} stands in the register {times} times.", number=number, times=times),
                )
        entered = {entry.document_id for entry in entries}
        for row in rows.values():
            number = row.document.number
            if not row.test and row.document.document_id not in entered:
                self.add_damage(
                    number, "not_in_register", Message("{number} was issued but is not in the register.", number=number)
                )
            if row.test and row.document.document_id in entered:
                self.add_damage(
                    number,
                    "test_in_register",
                    Message("{number} is a test, but stands in the register.", number=number),
                )

    def check_position(self, entry: RegisterEntry, before: RegisterHead) -> None:
        if entry.position == before.position:
            self.add_damage(
                entry.number,
                "row_doubled",
                Message("Row {position} of the register is there more than once.", position=entry.position),
            )
        elif entry.position != before.position + 1:
            missing = span(before.position + 1, entry.position - 1)
            self.add_damage(
                "",
                "row_missing",
                Message("The register lacks row {missing}: what stood there was removed.", missing=missing),
            )
        if entry.previous_hash != before.hash:
            self.add_damage(
                entry.number,
                "chain_broken",
                Message(
                    "Row {position} of the register ({number}) does not follow the row before it: one of the two was "
                    "changed, removed or put in later.",
                    position=entry.position,
                    number=entry.number,
                ),
            )

    def check_hash(self, entry: RegisterEntry, row: StoredDocument | None) -> None:
        number = entry.number
        if row is None:
            self.add_damage(
                number,
                "document_missing",
                Message("{number} stands in the register, but its document is gone.", number=number),
            )
            return
        document = row.document
        if document.number != number:
            self.add_damage(
                number,
                "number_changed",
                Message(
                    "The register says {number}, the document says {stated}.", number=number, stated=document.number
                ),
            )
        snapshot_sha256 = json_codec.sha256(row.snapshot)
        if entry.snapshot_sha256 != snapshot_sha256 and snapshot_sha256 == row.snapshot_sha256:
            self.add_damage(
                number,
                "document_changed",
                Message("What {number} says is not what was entered in the register.", number=number),
            )
        again = entry_hash(
            entry.previous_hash, position=entry.position, document=document, snapshot_sha256=snapshot_sha256
        )
        if again != entry.hash:
            self.add_damage(
                number,
                "hash_mismatch",
                Message(
                    "The hash of {number} does not fit: its number, series, dates or text are not those that were "
                    "issued.",
                    number=number,
                ),
            )

    def check_anchor(self, entries: tuple[RegisterEntry, ...], anchor: RegisterHead | None) -> None:
        if anchor is None or anchor == EMPTY_HEAD:
            return
        there = next((entry for entry in entries if entry.position == anchor.position), None)
        if there is None:
            self.add_damage(
                "",
                "anchor_missing",
                Message("The register ends before row {position}, which it had reached.", position=anchor.position),
            )
        elif there.hash != anchor.hash:
            self.add_damage(
                there.number,
                "anchor_differs",
                Message(
                    "Row {position} of the register is not the one that was known: the rows up to it were rewritten.",
                    position=anchor.position,
                ),
            )

    # The numbers

    def check_numbers(self, found: integrity.ShopRecords) -> None:
        for number, count in Counter(row.document.number for row in found.rows).items():
            if count > 1:
                self.add_damage(
                    number,
                    "number_doubled",
                    Message("{number} stands on {count} documents.", number=number, count=count),
                )
        for series in dict.fromkeys(row.document.series for row in found.rows):
            self.check_series([row for row in found.rows if row.document.series == series])
        self.check_counters(found)

    def check_series(self, rows: list[StoredDocument]) -> None:
        """Each number follows the one before it, begins a year, or begins where the owner said; and dates never fall."""
        before: StoredDocument | None = None
        for row in rows:
            document = row.document
            expected = self.expected(row, before)
            if document.sequence < expected:
                self.add_damage(
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
                self.add_damage(
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
                self.add_damage(
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
            before = row

    def expected(self, row: StoredDocument, before: StoredDocument | None) -> int:
        began = self.shop.numbering.continued_after.get(f"{row.document.series}:{row.period}")
        first_of_period = before is None or row.period != before.period
        if first_of_period and began is not None and row.document.sequence == began + 1:
            return began + 1
        if before is None or (first_of_period and row.period > before.period > 0):
            return 1 + self.lost_numbers_after(row.document.series, row.period, after=0)
        last = before.document.sequence
        return last + 1 + self.lost_numbers_after(row.document.series, row.period, after=last)

    def lost_numbers_after(self, series: str, period: int, *, after: int) -> int:
        """How many numbers were given after *after* and are known not to be in the register since a backup was restored."""
        here = (one for one in self.shop.numbering.lost_numbers if (one.series, one.period) == (series, period))
        found = next((one for one in here if one.first == after + 1), None)
        return found.last - after + self.lost_numbers_after(series, period, after=found.last) if found else 0

    def check_counters(self, found: integrity.ShopRecords) -> None:
        """The counter shows documents that were removed at the end, together with their rows in the register."""
        newest = {row.document.series: row for row in found.rows}
        for series in newest.keys() - {counter.series for counter in found.counters}:
            self.add_damage(
                "",
                "counter_missing",
                Message("The counter of the series “{series}” is gone; it would begin again.", series=series),
            )
        for counter in found.counters:
            row = newest.get(counter.series)
            last = row.document.sequence if row and row.period == counter.period else 0
            last += self.lost_numbers_after(counter.series, counter.period, after=last)
            began = self.shop.numbering.continued_after.get(f"{counter.series}:{counter.period}", 0)
            if counter.last_number > max(last, began):
                missing = span(max(last, began) + 1, counter.last_number)
                self.add_damage(
                    "",
                    "document_missing",
                    Message(
                        "The series “{series}” gave number {missing}, but there is no such document any more.",
                        series=counter.series,
                        missing=missing,
                    ),
                )
            elif counter.last_number < last and row is not None:
                self.add_damage(
                    row.document.number,
                    "counter_back",
                    Message(
                        "The counter of the series “{series}” was set back to {last_number}, behind {number}.",
                        series=counter.series,
                        last_number=counter.last_number,
                        number=row.document.number,
                    ),
                )

    def check_audit_trail(self, found: integrity.ShopRecords) -> None:
        """The audit trail says of each document that it was issued, and is written once too."""
        known = {row.document.document_id for row in found.rows} | {row.document_id for row in found.unreadable}
        registered = {entry.document_id for entry in found.entries}
        for document_id, message in found.issued_entries:
            if document_id not in known | registered:
                self.add_damage(
                    "",
                    "document_missing",
                    Message("The audit trail says “{message}”, but that document is gone.", message=message),
                )

    # The files

    def check_file(self, number: str, stored: StoredFile) -> None:
        what = Message("The {format} of {number}", format=stored.format.upper(), number=number)
        if PurePosixPath(stored.path).is_absolute() or ".." in PurePosixPath(stored.path).parts:
            self.add_damage(
                number,
                "file_missing",
                Message("{what} is said to lie outside the archive, at {path}.", what=what, path=stored.path),
            )
            return
        try:
            content = self.archive.get(stored.path, sha256=stored.sha256)
        except Rejected as error:
            key = (
                Message(
                    "{what} was changed: {path} in the archive; restore it from a backup.", what=what, path=stored.path
                )
                if isinstance(error, FileAltered)
                else Message(
                    "{what} is gone or cannot be read: {path} in the archive; restore it from a backup.",
                    what=what,
                    path=stored.path,
                )
            )
            self.add_damage(number, error.code, key)
            return
        if len(content) != stored.size:
            self.add_damage(
                number,
                FileAltered.code,
                Message(
                    "{what} has {length} bytes; {size} were stored.",
                    what=what,
                    length=len(content),
                    size=stored.size,
                ),
            )


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
                    listed=str(stated),
                    column=name,
                    number=document.number,
                    stated=str(expected[name]),
                ),
            )


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


def span(first: int, last: int) -> int | Message:
    return first if first == last else Message("{first} to {last}", first=first, last=last)
