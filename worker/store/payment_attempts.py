"""What buyers were sent to Mollie for, and what Mollie last said of it. Money is counted in `payments`, never here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, insert, literal_column, select, update

from worker.domain.document import Document
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.net.mollie_answer import MolliePayment, Status
from worker.store.database.any_of import any_of
from worker.store.database.rows import read_row
from worker.store.database.tables import ATTEMPT_OPEN, payment_attempts

NEW = "new"
# Mollie keeps what it answered under a key for an hour; asked again within it, it is the same payment.
SAME_ANSWER = timedelta(minutes=50)


@dataclass(frozen=True)
class PaymentAttempt:
    """One try to pay *amount* of a document. *payment_ref* is Mollie's id (None: its answer never came).

    *status*: NEW, or one of `Status` as Mollie said it at *asked_at*. *gone_back*: what was refunded or charged back of it.
    """

    attempt_id: int
    order: OrderKey
    document_id: int
    amount: Decimal
    currency: str
    payment_ref: str | None
    status: str
    created_at: datetime
    asked_at: datetime
    gone_back: Decimal = ZERO

    @property
    def idempotency_key(self) -> str:
        """The shop's id is drawn at random, so no other installation with the same account has this one."""
        return f"{self.order.shop_id}-{self.document_id}-{self.amount}-{self.attempt_id}"

    @property
    def may_change(self) -> bool:
        return self.status in (Status.OPEN, Status.PENDING, Status.AUTHORIZED)

    @property
    def is_under_way(self) -> bool:
        """The buyer has paid as far as he can, and the money is not sure yet."""
        return self.status in (Status.PENDING, Status.AUTHORIZED)


def begin(connection: Connection, document: Document, amount: Decimal, *, now: datetime) -> PaymentAttempt:
    """Note that *amount* of *document* is about to be asked for: the last attempt where Mollie's answer to it got lost, else a new one."""
    last = latest(connection, document.document_id)
    if last and last.payment_ref is None and last.amount == amount and now - last.created_at < SAME_ANSWER:
        return last
    row = {
        **vars(document.order),
        "document_id": document.document_id,
        "amount": amount,
        "currency": document.draft.currency,
        "status": NEW,
        "created_at": now,
        "asked_at": now,
    }
    made = connection.execute(insert(payment_attempts).values(row).returning(payment_attempts))
    return as_attempt(made.one())


def save(connection: Connection, attempt_id: int, said: MolliePayment, *, now: datetime) -> None:
    """Keep what Mollie said of an attempt."""
    values = {"payment_ref": said.payment_id, "status": said.status, "gone_back": said.gone_back, "asked_at": now}
    connection.execute(update(payment_attempts).where(payment_attempts.c.attempt_id == attempt_id).values(values))


def was_asked(connection: Connection, attempt_id: int, *, now: datetime) -> None:
    """Mollie was asked, and said nothing new."""
    connection.execute(update(payment_attempts).where(payment_attempts.c.attempt_id == attempt_id).values(asked_at=now))


def latest(connection: Connection, document_id: int) -> PaymentAttempt | None:
    newest = payment_attempts.c.attempt_id.desc()
    mine = select(payment_attempts).where(payment_attempts.c.document_id == document_id).order_by(newest).limit(1)
    row = connection.execute(mine).one_or_none()
    return as_attempt(row) if row else None


def paid_of(connection: Connection, document_ids: Sequence[int]) -> dict[int, tuple[Decimal, date]]:
    """What stands of all by which each document was paid, of whatever mode, and the day on which the last was asked about."""
    column, amount = payment_attempts.c, payment_attempts.c.amount.type
    sums = func.sum(column.amount, type_=amount), func.sum(column.gone_back, type_=amount), func.max(column.asked_at)
    mine = (any_of(column.document_id, document_ids), column.status == Status.PAID)
    rows = connection.execute(select(column.document_id, *sums).where(*mine).group_by(column.document_id))
    return {document_id: (paid - gone_back, asked_at.date()) for document_id, paid, gone_back, asked_at in rows}


def find(connection: Connection, shop_id: str, payment_ref: str) -> PaymentAttempt | None:
    """The attempt that Mollie knows as *payment_ref*."""
    mine = (payment_attempts.c.shop_id == shop_id, payment_attempts.c.payment_ref == payment_ref)
    row = connection.execute(select(payment_attempts).where(*mine)).one_or_none()
    return as_attempt(row) if row else None


def find_unanswered(connection: Connection, shop_id: str, attempt_id: int) -> PaymentAttempt | None:
    """An attempt of which Mollie's answer got lost."""
    mine = (
        payment_attempts.c.shop_id == shop_id,
        payment_attempts.c.attempt_id == attempt_id,
        payment_attempts.c.payment_ref.is_(None),
    )
    row = connection.execute(select(payment_attempts).where(*mine)).one_or_none()
    return as_attempt(row) if row else None


def open_attempts(
    connection: Connection, shop_id: str, *, since: datetime, asked_before: datetime, limit: int
) -> Sequence[PaymentAttempt]:
    """Those that may still become paid, made after *since* and not asked about since *asked_before*; the longest not asked first."""
    column = payment_attempts.c
    due = select(payment_attempts).where(column.shop_id == shop_id, literal_column(ATTEMPT_OPEN))
    due = due.where(column.created_at > since, column.asked_at < asked_before)
    rows = connection.execute(due.order_by(column.asked_at).limit(limit))
    return tuple(map(as_attempt, rows))


def as_attempt(row: Row[Any]) -> PaymentAttempt:
    return read_row(PaymentAttempt, row, order=OrderKey(row.shop_id, row.order_id, row.order_key))
