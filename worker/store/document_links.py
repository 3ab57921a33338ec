"""Which links to a document still open it: a person may revoke those given so far, and give a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from worker.store.database.made_once import among, made_once
from worker.store.database.rows import insert_into
from worker.store.database.tables import document_links


@dataclass(frozen=True)
class LinkRevocation:
    """When the links to a document were last revoked, and when a new one was made last (None: never)."""

    revoked_at: datetime
    renewed_at: datetime | None = None


# Made once: a statement costs more to build than to run.
OF_DOCUMENTS = made_once(select(document_links).where(among(document_links.c.document_id, "document_ids")))


def revoke(connection: Connection, document_id: int, *, now: datetime) -> None:
    """End every link to a document that was given so far."""
    connection.execute(
        insert_into(connection, document_links)
        .values(document_id=document_id, revoked_at=now)
        .on_conflict_do_update(index_elements=["document_id"], set_={"revoked_at": now})
    )


def renew(connection: Connection, document_id: int, *, now: datetime) -> None:
    """Let links that are made from now on open the document. Where none was revoked, all do anyway."""
    mine = document_links.c.document_id == document_id
    connection.execute(update(document_links).where(mine).values(renewed_at=now))


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, LinkRevocation]:
    """Of those documents whose links were ever revoked."""
    rows = connection.execute(OF_DOCUMENTS, {"document_ids": document_ids})
    return {row.document_id: LinkRevocation(row.revoked_at, row.renewed_at) for row in rows}


def is_valid(revocation: LinkRevocation | None, *, signed_at: datetime) -> bool:
    """Whether a link signed at that moment opens its document: after a revocation only a renewed one does."""
    if revocation is None:
        return True
    renewed_at = revocation.renewed_at
    return renewed_at is not None and renewed_at >= revocation.revoked_at and signed_at >= renewed_at
