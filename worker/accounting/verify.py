"""Prove that nothing was lost or altered since it was issued, and name what was. Reads only; repairs nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any, cast

from sqlalchemy import Connection

from worker.accounting import journal_check, number_check, register_check
from worker.accounting.document_check import check_document
from worker.accounting.file_check import check_file
from worker.accounting.inspection import Damage, Inspection
from worker.domain.shop import Shop
from worker.message import Message
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store import counters, shops
from worker.store.database import json_codec
from worker.store.database.tables import documents, register
from worker.store.queries import integrity, sales_journal
from worker.store.queries.integrity import StoredDocument, UnreadableDocument
from worker.store.register import RegisterEntry, RegisterHead


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


def verify(
    services: Services,
    *,
    shop_id: str | None = None,
    anchor: RegisterHead | None = None,
    on_progress: OnProgress = tell_nobody,
) -> tuple[Proof, ...]:
    """Check every document, number and file of one shop, or of all. *anchor* is an earlier head, stored outside the database.
    *on_progress* gets how many documents and files were looked at, of how many.
    """
    with services.store.snapshot() as connection:
        if shop_id is not None:
            wanted: tuple[Shop, ...] = (shops.get(connection, services.encryption, shop_id).shop,)
        else:
            wanted = shops.every(connection)
        of, looks = integrity.count_documents_and_files(connection, shop_id), count(1)

        def on_look() -> None:
            done = next(looks)
            on_progress(done, max(done, of))

        return tuple(inspect(Inspection(shop, services.archive, on_look), connection, anchor) for shop in wanted)


def as_json(proof: Proof) -> dict[str, Any]:
    """For scripts; messages stay messages until somebody reads them."""
    return {
        **cast("dict[str, Any]", json_codec.plain(proof, lambda message: message)),
        "intact": not proof.damages,
        "head": str(proof.head) if proof.head.position else None,
    }


def inspect(inspection: Inspection, connection: Connection, anchor: RegisterHead | None) -> Proof:
    shop = inspection.shop
    walk = DocumentWalk(inspection, connection)
    counted = journal_check.counted_anew(walk.intact())
    head = register_check.check_register(inspection, integrity.register_entries(connection, shop.shop_id), anchor)
    register_check.check_doubled(inspection, integrity.doubled_numbers(connection, register, shop.shop_id))
    number_check.check_doubled(inspection, integrity.doubled_numbers(connection, documents, shop.shop_id))
    number_check.check_counters(inspection, walk.newest, counters.counters(connection, shop.shop_id))
    register_check.check_audit_trail(inspection, integrity.issued_and_gone(connection, shop.shop_id))
    files = 0
    for stored, number in integrity.files_numbered(connection, shop.shop_id):
        check_file(inspection, number, stored)
        inspection.on_look()
        files += 1
    if not inspection.damages:
        journal = sales_journal.journal(connection, shop.shop_id, since=date.min, until=date.max)
        journal_check.check_journal(inspection, journal, counted)
    return Proof(
        shop_id=shop.shop_id,
        name=shop.name,
        documents=walk.documents,
        tests=walk.tests,
        files=files,
        head=head,
        damages=tuple(inspection.damages),
    )


@dataclass
class DocumentWalk:
    """All documents of a shop, checked as they pass. Of those that passed, the newest of each series is remembered."""

    inspection: Inspection
    connection: Connection
    documents: int = 0
    tests: int = 0
    newest: dict[str, StoredDocument] = field(default_factory=dict)

    def intact(self) -> Iterator[StoredDocument]:
        """Go through them; what is not damaged is handed on, until the first damage."""
        for row, entries in integrity.documents_entered(self.connection, self.inspection.shop.shop_id):
            self.inspection.on_look()
            if isinstance(row, UnreadableDocument):
                self.add_unreadable(row)
                continue
            self.check(row, entries)
            if not self.inspection.damages:
                yield row

    def add_unreadable(self, row: UnreadableDocument) -> None:
        message = Message("{number} cannot be read any more: {reason}.", number=row.number, reason=row.message)
        self.inspection.add_damage(row.number, "document_unreadable", message)

    def check(self, row: StoredDocument, entries: Sequence[RegisterEntry]) -> None:
        self.documents += not row.test
        self.tests += row.test
        check_document(self.inspection, row)
        register_check.check_entries(self.inspection, row, entries)
        number_check.check_sequence(self.inspection, row, self.newest.get(row.document.series))
        self.newest[row.document.series] = row
