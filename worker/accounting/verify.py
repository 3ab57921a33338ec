"""Prove that nothing was lost or altered since it was issued, and name what was. Reads only; repairs nothing."""

from dataclasses import dataclass
from typing import Any, cast

from worker.accounting.document_check import check_document
from worker.accounting.file_check import check_file
from worker.accounting.inspection import Damage, Inspection
from worker.accounting.journal_check import check_journal
from worker.accounting.number_check import check_numbers
from worker.accounting.register_check import check_anchor, check_audit_trail, check_register
from worker.domain.shop import Shop
from worker.message import Message
from worker.services import Services
from worker.store import shops
from worker.store.database import json_codec
from worker.store.queries import integrity
from worker.store.register import EMPTY_HEAD, RegisterHead


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
            inspect(Inspection(shop, services.archive), integrity.read_shop(connection, shop.shop_id), anchor)
            for shop in wanted
        )


def as_json(proof: Proof) -> dict[str, Any]:
    """For scripts; messages stay messages until somebody reads them."""
    return {
        **cast("dict[str, Any]", json_codec.plain(proof, lambda message: message)),
        "intact": not proof.damages,
        "head": str(proof.head) if proof.head.position else None,
    }


def inspect(inspection: Inspection, found: integrity.ShopRecords, anchor: RegisterHead | None) -> Proof:
    for unreadable in found.unreadable:
        message = Message(
            "{number} cannot be read any more: {reason}.", number=unreadable.number, reason=unreadable.message
        )
        inspection.add_damage(unreadable.number, "document_unreadable", message)
    rows = {row.document.document_id: row for row in found.rows}
    for row in rows.values():
        check_document(inspection, row)
    check_register(inspection, found, rows)
    check_anchor(inspection, found.entries, anchor)
    check_numbers(inspection, found)
    check_audit_trail(inspection, found)
    for stored in found.files:
        of = rows.get(stored.document_id)
        check_file(inspection, of.document.number if of else f"document {stored.document_id}", stored)
    if not inspection.damages:
        check_journal(inspection, found)
    live = [row for row in found.rows if not row.test]
    last = found.entries[-1] if found.entries else None
    head = RegisterHead(last.position, last.hash) if last else EMPTY_HEAD
    return Proof(
        shop_id=inspection.shop.shop_id,
        name=inspection.shop.name,
        documents=len(live),
        tests=len(found.rows) - len(live),
        files=len(found.files),
        head=head,
        damages=tuple(inspection.damages),
    )
