"""E-invoices on their way by Peppol. Each change is a commit before, or right after, the call that it is about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, insert, select, update

from worker.domain.access_point import Sent, State
from worker.domain.step import TRANSMIT
from worker.message import Message
from worker.store import jobs as job_store
from worker.store.database.made_once import among, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import jobs, transmissions
from worker.store.jobs import IS_PENDING, JobEnd
from worker.store.steps import IS_STEP

OPEN, UNKNOWN = "open", "unknown"
# So long what was delivered may still be rejected (Message Level Status, Peppol 2026).
FOLLOWED = timedelta(days=3)
FIRST_LOOK = timedelta(minutes=1)
# Made once: a statement costs more to build than to run.
OF_DOCUMENTS = made_once(select(transmissions).where(among(transmissions.c.document_id, "document_ids")))


@dataclass(frozen=True)
class Transmission:
    """One e-invoice on its way. *state*: open (not taken yet), unknown (a person must look), or a `State`.

    *prepared* is what the access point gave before anything was sent; from *tried_at* on it may have left; *reference* is
    its id there once it was taken. *responses*: of the buyer, as codes of UNCL 4343. *told_at*: when a mail told the buyer that it
    went by Peppol.
    """

    document_id: int
    shop_id: str
    provider: str
    recipient: str
    state: str
    prepared: str = ""
    tried_at: datetime | None = None
    reference: str = ""
    reason: str = ""
    evidence: str = ""
    responses: str = ""
    sent_at: datetime | None = None
    follow_until: datetime | None = None
    next_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def is_lost_to_buyer(self) -> bool:
        """Whether a mail told the buyer that it went by Peppol, and it is not there."""
        return self.told_at is not None and not self.is_sent and self.state != UNKNOWN

    @property
    def is_sent(self) -> bool:
        """Whether the access point has it, and it is not known to have failed."""
        return self.state in (State.ACCEPTED, State.DELIVERED)


def find(connection: Connection, document_id: int) -> Transmission | None:
    return of_documents(connection, [document_id]).get(document_id)


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, Transmission]:
    found = connection.execute(OF_DOCUMENTS, {"document_ids": document_ids})
    return {row.document_id: read_row(Transmission, row) for row in found}


def begin(connection: Connection, document_id: int, shop_id: str, *, provider: str, recipient: str) -> Transmission:
    """Note whom it goes to and by whom: for the first time, or anew while nothing of it can have left."""
    known = find(connection, document_id)
    if known is None:
        new = Transmission(document_id, shop_id, provider, recipient, OPEN)
        connection.execute(insert(transmissions).values(**vars(new)))
        return new
    if known.tried_at or known.reference or (known.provider, known.recipient) == (provider, recipient):
        return known
    return change(connection, document_id, provider=provider, recipient=recipient, prepared="", state=OPEN, reason="")


def change(connection: Connection, document_id: int, **values: Any) -> Transmission:
    connection.execute(update(transmissions).where(transmissions.c.document_id == document_id).values(**values))
    return of_documents(connection, [document_id])[document_id]


def begin_again(connection: Connection, document_id: int) -> None:
    """Forget what was tried: a person has looked, and wants it sent once more."""
    nothing = {"prepared": "", "tried_at": None, "reference": "", "reason": "", "evidence": "", "responses": ""}
    change(connection, document_id, **nothing, state=OPEN, sent_at=None, follow_until=None, next_at=None)


def mark_told(connection: Connection, document_ids: Collection[int], *, now: datetime) -> None:
    """A mail that says that these went by Peppol is about to leave."""
    row = transmissions.c
    mine = (row.document_id.in_(document_ids), row.told_at.is_(None), row.state.in_((State.ACCEPTED, State.DELIVERED)))
    connection.execute(update(transmissions).where(*mine).values(told_at=now))


def ask_about_all(connection: Connection, *, now: datetime) -> None:
    """After a restored backup nobody knows what left since: each that was on its way stops, and a person looks."""
    on_its_way = (IS_STEP, IS_PENDING, jobs.c.name == TRANSMIT, jobs.c.state.in_(("waiting", "running")))
    asked = JobEnd(
        "failed",
        "peppol_unknown",
        Message(
            "Facturelay was restored from a backup, and nobody knows whether this left by Peppol since. Look at your access point, then press "
            "“Send it again” on the document's page if it is not there."
        ),
    )
    connection.execute(update(transmissions).where(transmissions.c.state == OPEN).values(state=UNKNOWN))
    job_store.close(connection, *on_its_way, end=asked, now=now)


def mark_tried(connection: Connection, known: Transmission, *, now: datetime) -> bool:
    """From now on it may have left. False where another worker said so meanwhile, or a person changed something."""
    row = transmissions.c
    before = row.tried_at.is_(None) if known.tried_at is None else row.tried_at == known.tried_at
    mine = (row.document_id == known.document_id, row.reference == "", row.prepared == known.prepared, before)
    return bool(connection.execute(update(transmissions).where(*mine).values(tried_at=now)).rowcount)


def taken(connection: Connection, document_id: int, sent: Sent, *, now: datetime) -> Transmission:
    """The access point has it: what it said, and when it is asked what became of it."""
    over = sent.state is State.FAILED
    return change(
        connection,
        document_id,
        **said(sent),
        reference=sent.reference,
        sent_at=now,
        follow_until=now + FOLLOWED,
        next_at=None if over else now + FIRST_LOOK,
    )


def ask_soon(connection: Connection, shop_id: str, references: Collection[str], *, now: datetime) -> None:
    """The access point told of these: it is asked at once what became of them, also when that was no longer asked."""
    row = transmissions.c
    mine = (row.shop_id == shop_id, row.reference.in_(references), row.state.in_((State.ACCEPTED, State.DELIVERED)))
    until = now + FIRST_LOOK
    values = {"next_at": now, "follow_until": case((row.follow_until > until, row.follow_until), else_=until)}
    connection.execute(update(transmissions).where(*mine).values(**values))


def said(sent: Sent) -> dict[str, str]:
    return {
        "state": str(sent.state),
        "reason": sent.reason,
        "evidence": sent.evidence,
        "responses": " ".join(sent.responses),
    }


def due(connection: Connection, shop_id: str, *, now: datetime, limit: int) -> tuple[Transmission, ...]:
    """Those of which the access point is asked now what became of them."""
    row = transmissions.c
    waiting = (row.next_at.is_not(None), row.next_at <= now, row.shop_id == shop_id)
    found = connection.execute(select(transmissions).where(*waiting).order_by(row.next_at).limit(limit))
    return tuple(read_row(Transmission, one) for one in found)
