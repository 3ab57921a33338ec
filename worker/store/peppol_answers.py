"""What access points answered about buyers and documents: rows are only ever added. The proof of how a document went."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection, insert, select

from worker.store.database.json_codec import sha256
from worker.store.database.pagination import streamed
from worker.store.database.rows import read_row
from worker.store.database.tables import peppol_answers

LOOKUP, SENT, STATUS = "lookup", "sent", "status"
YES, NO, UNCLEAR = "yes", "no", "unclear"


@dataclass(frozen=True)
class PeppolAnswer:
    """One answer as it came. *about*: lookup (can this address receive a document of this kind?), sent, status."""

    shop_id: str
    document_id: int | None
    provider: str
    about: str
    address: str
    kind: str
    verdict: str
    asked_at: datetime
    answer: str

    @property
    def answer_sha256(self) -> str:
        return sha256(self.answer)


def add(connection: Connection, answer: PeppolAnswer) -> None:
    connection.execute(insert(peppol_answers).values(**vars(answer), answer_sha256=answer.answer_sha256))


def can_receive(connection: Connection, shop_id: str, *, address: str, kind: str, since: datetime) -> bool:
    """Whether the last answer since then says so. A no is never trusted: it is asked anew for the next document."""
    row = peppol_answers.c
    mine = (
        row.shop_id == shop_id,
        row.address == address,
        row.kind == kind,
        row.about == LOOKUP,
        row.asked_at >= since,
    )
    last = select(row.verdict).where(*mine).order_by(row.asked_at.desc(), row.answer_id.desc()).limit(1)
    return connection.execute(last).scalar() == YES


def no_since(connection: Connection, shop_id: str, *, address: str, kind: str, since: datetime) -> datetime | None:
    """When the first no was said after the last other answer since then; None where the last one was no no."""
    row = peppol_answers.c
    mine = (row.shop_id == shop_id, row.address == address, row.kind == kind, row.about == LOOKUP)
    query = select(row.verdict, row.asked_at).where(*mine, row.asked_at >= since)
    answers = connection.execute(query.order_by(row.asked_at.desc(), row.answer_id.desc())).all()
    return min((at for _, at in takewhile(lambda one: one.verdict == NO, answers)), default=None)


def of_documents(connection: Connection, document_ids: list[int]) -> tuple[PeppolAnswer, ...]:
    row = peppol_answers.c
    found = connection.execute(select(peppol_answers).where(row.document_id.in_(document_ids)).order_by(row.answer_id))
    return tuple(read_row(PeppolAnswer, one) for one in found)


def every(connection: Connection, shop_id: str) -> Iterator[PeppolAnswer]:
    row = peppol_answers.c
    query = select(peppol_answers).where(row.shop_id == shop_id).order_by(row.answer_id)
    return (read_row(PeppolAnswer, one) for one in streamed(connection, query))
