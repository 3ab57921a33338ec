"""Who is reminded next of which open invoice or unpaid order, and why not now: the same for the page, the list and the job that mails it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from worker.domain.document import ASKING, Document, Kind
from worker.domain.late_costs import LateInvoice, is_business
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.order_flags import TAKEN_BACK
from worker.domain.payment import Balance
from worker.domain.payment_method import Means
from worker.domain.reminder import GIVEN_UP_AFTER, NextReminder, OpenClaim, Reminded, ReminderKind, next_reminder
from worker.domain.reported_money import is_reported
from worker.domain.shop import Shop
from worker.domain.unpaid_order import last_day_from
from worker.message import Message
from worker.store import (
    bank_files,
    bank_statements,
    document_balances,
    payment_attempts,
    payment_rows,
    reminders,
    steps,
)
from worker.store.bank_lines import LineState, StoredLine
from worker.store.database.pagination import Page, PageRequest, RowOrder, read_page
from worker.store.database.tables import documents, orders, unpaid
from worker.store.documents import as_document
from worker.store.orders import flags_in
from worker.store.queries import document_money
from worker.store.queries.open_invoices import DUE_ON
from worker.store.queries.unpaid_orders import (
    WaitingLines,
    is_for_person,
    lines_naming,
    may_be_paid,
    waiting_lines,
    waiting_lines_among,
)
from worker.store.reminders import StoredReminder
from worker.store.steps import Step


@dataclass(frozen=True)
class Obstacle:
    """Why nobody is reminded now. One that *passes* ends by itself, with the next bank file or when a person says what came in."""

    message: Message
    passes: bool = False


@dataclass(frozen=True)
class BankFacts:
    """What the bank of a shop says: the *lines* that wait for a person, and that nobody is reminded for want of its files (*hold*)."""

    hold: Obstacle | None
    lines: WaitingLines


@dataclass(frozen=True)
class Outlook:
    """What waits for its money, what comes *next* of it (None: nothing by itself), what stands in the way, and what was tried before.

    *document*: an open invoice, or that by which the buyer of an order without one is to pay; *last_day*: the last on which he can,
    before the order is cancelled by itself.
    """

    document: Document
    open: Decimal
    next: NextReminder | None
    obstacle: Obstacle | None
    is_stopped: bool = False
    last_day: date | None = None
    steps: Mapping[ReminderKind, Step] = field(default_factory=dict)
    written: Mapping[ReminderKind, StoredReminder] = field(default_factory=dict)

    @property
    def sent(self) -> dict[ReminderKind, StoredReminder]:
        """Those that left, in their order."""
        done = [kind for kind in ReminderKind if kind in self.steps and self.steps[kind].state == "done"]
        return {kind: self.written[kind] for kind in done if kind in self.written}

    @property
    def at_work(self) -> Step | None:
        """One that waits to leave, or could not."""
        return next((step for step in self.steps.values() if step.state in ("waiting", "running", "failed")), None)

    @property
    def is_order(self) -> bool:
        return self.document.draft.kind in ASKING

    @property
    def late(self) -> LateInvoice:
        formal = self.sent.get(ReminderKind.FORMAL)
        return LateInvoice(self.document.draft, self.open, formal.announced if formal else None)

    def claim(self, *, without: ReminderKind | None = None) -> OpenClaim | None:
        """As the rules see it, as if the reminder *without* had not been tried; None where nobody is asked to pay by a day."""
        payment = self.document.draft.payment
        if payment is None or payment.means is not Means.TRANSFER or payment.due_on is None:
            return None
        sent = self.sent
        tried = {kind: sent[kind].sent_on if kind in sent else None for kind in self.steps if kind is not without}
        return OpenClaim(
            due_on=payment.due_on,
            issued_on=self.document.issued_on,
            is_business=is_business(self.document.draft),
            tried=tried,
            is_order=self.is_order,
            cancelled_after=self.last_day,
        )


def of_documents(
    connection: Connection, shop: Shop, document_ids: Sequence[int], *, now: datetime, bank: BankFacts | None = None
) -> dict[int, Outlook]:
    """By id, for invoices of one shop, and documents by which the buyers of its orders are to pay.

    *bank*: what its bank says, where that was read already.
    """
    rows = connection.execute(
        select(documents, orders.c.status.label("order_status"), orders.c.flags, unpaid.c.kind.label("waits"))
        .outerjoin(
            orders,
            (orders.c.shop_id == documents.c.shop_id)
            & (orders.c.order_id == documents.c.order_id)
            & (orders.c.order_key == documents.c.order_key),
        )
        .outerjoin(unpaid, unpaid.c.document_id == documents.c.document_id)
        .where(documents.c.shop_id == shop.shop_id, documents.c.document_id.in_(document_ids))
    ).all()
    balances = document_balances.of_documents(connection, document_ids)
    all_steps = steps.of_documents(connection, document_ids)
    written = reminders.of_documents(connection, document_ids)
    stopped = reminders.stopped(connection, document_ids)
    bank = bank or bank_facts(connection, shop, now=now)
    today = shop.day_of(now)
    found = {}
    for row in rows:
        document, one = as_document(row), row.document_id
        left = open_of(connection, document, balances[one])
        outlook = Outlook(
            document=document,
            open=left,
            next=None,
            obstacle=None,
            is_stopped=one in stopped,
            last_day=last_day_of(connection, document, shop),
            steps={kind: step for kind in ReminderKind if (step := all_steps.get(one, {}).get(kind))},
            written=written.get(one, {}),
        )
        status = shop.orders.meaning_of(row.order_status or "")
        obstacle = obstacle_of(outlook, shop) or over_in_shop(connection, document, status)
        if outlook.is_order and row.waits is None:
            obstacle = obstacle or Obstacle(
                Message("Its order no longer waits for its money, or a newer document asks for it.")
            )
        obstacle = obstacle or under_way(connection, one) or put_back(connection, document.order, row.flags or "[]")
        obstacle = obstacle or bank.hold or waits_for_person(connection, document, left, bank.lines)
        found[one] = with_next(outlook, shop, obstacle, today)
    return found


def last_day_of(connection: Connection, document: Document, shop: Shop) -> date | None:
    """Of an order of which nothing says that it may be paid, as its document tells; whether it then is cancelled is asked of the shop."""
    draft = document.draft
    if draft.kind not in ASKING or draft.ordered_on < shop.day_of(shop.orders.since):
        return None
    last = last_day_from(draft.ordered_on, draft, shop)
    return None if last is None or may_be_paid(connection, document.order) else last


def open_of(connection: Connection, document: Document, balance: Balance) -> Decimal:
    """Of an order without an invoice as its link says: payments are of invoices, or of the order alone."""
    if document.draft.kind not in ASKING:
        return balance.open
    (money,) = document_money.of_documents(connection, [document])
    return ZERO if money.is_other else money.open


def page(
    connection: Connection, shop: Shop, page_request: PageRequest, *, now: datetime, bank: BankFacts | None = None
) -> Page[Outlook]:
    """What a shop waits for, what is due first on top."""
    order = RowOrder((DUE_ON, documents.c.document_id), rising=True)
    found = read_page(
        connection, waiting(shop, documents.c.document_id, DUE_ON.label("due_on"), now=now), order, page_request
    )
    ids = [row.document_id for row in found.rows]
    outlooks = of_documents(connection, shop, ids, now=now, bank=bank)
    return found.of([outlooks[one] for one in ids])


def awaited_orders(connection: Connection, shop: Shop, *, now: datetime) -> int:
    """How many of those that `page` lists are orders without an invoice."""
    mine = waiting(shop, func.count(), now=now).where(
        unpaid.c.kind.in_(ASKING)
    )  # not “no invoice”: so the index serves
    return connection.scalar(mine) or 0


def open_of_shop(
    connection: Connection, shop: Shop, *, now: datetime, after: int = 0, limit: int = 100
) -> tuple[Outlook, ...]:
    """What a shop waits for by the document's id, up to *limit* of those *after* one."""
    mine = waiting(shop, documents.c.document_id, now=now).where(unpaid.c.document_id > after)
    ids = list(connection.execute(mine.order_by(unpaid.c.document_id).limit(limit)).scalars())
    found = of_documents(connection, shop, ids, now=now)
    return tuple(found[one] for one in ids)


def waiting(shop: Shop, *columns: ColumnElement[Any], now: datetime) -> Select[Any]:
    """What waits for its money; of orders without an invoice, those that are not given up."""
    given_up = shop.day_of(now) - GIVEN_UP_AFTER
    return (
        select(*columns)
        .select_from(unpaid)
        .join(documents, documents.c.document_id == unpaid.c.document_id)
        .where(unpaid.c.shop_id == shop.shop_id)
        .where(or_(unpaid.c.kind == Kind.INVOICE, documents.c.due_on >= given_up))
    )


def with_next(outlook: Outlook, shop: Shop, obstacle: Obstacle | None, today: date) -> Outlook:
    claim = outlook.claim()
    coming = next_reminder(shop.reminders, claim, today=today) if claim is not None else None
    return Outlook(**{**vars(outlook), "next": coming, "obstacle": obstacle})


def obstacle_of(outlook: Outlook, shop: Shop) -> Obstacle | None:
    """What only a person can change, or nobody."""
    draft = outlook.document.draft
    reasons = (
        (outlook.open <= 0, Message("Nothing of it is open.")),
        (draft.test or shop.test, Message("It is a test, or the shop is in test.")),
        (outlook.is_stopped, Message("You stopped its reminders.")),
        (outlook.claim() is None, Message("Its buyer is not asked for a transfer by a day.")),
        (not draft.buyer.email, Message("The customer left no mail address.")),
    )
    return next((Obstacle(message) for applies, message in reasons if applies), None)


def over_in_shop(connection: Connection, document: Document, status: str) -> Obstacle | None:
    """That its order is over in the shop, so that nothing is asked; or left it, and a person is to say whether there was a sale."""
    if document_money.is_called_off(connection, document, status=status):
        return Obstacle(Message("Its order is cancelled or refunded in the shop."))
    if document_money.is_asked_about(connection, document, status=status):
        message = Message(
            "Its order is no longer in the shop, or in its bin. If there was no sale, credit the invoice; if there was, say of the order that "
            "nothing is to be done."
        )
        return Obstacle(message, passes=True)
    return None


def under_way(connection: Connection, document_id: int) -> Obstacle | None:
    attempt = payment_attempts.latest(connection, document_id)
    if attempt is None or not attempt.is_under_way:
        return None
    return Obstacle(Message("Its buyer is paying it online at this moment."), passes=True)


def put_back(connection: Connection, order: OrderKey, flags: str) -> Obstacle | None:
    """That the shop put the order back after it had reported its money, and a person is to say whether that is there."""
    if all(flag.code != TAKEN_BACK for flag in flags_in(flags)):
        return None
    # What went by another word than the shop's is gone: of that nothing is asked.
    if all(one.amount > 0 for one in payment_rows.of_order(connection, order) if is_reported(one)):
        return None
    message = Message(
        "The shop put its order back after it was paid. If you have the money, say of the order that nothing is to be done; if not, "
        "ask the customer to pay it once more."
    )
    return Obstacle(message, passes=True)


def waits_for_person(connection: Connection, document: Document, left: Decimal, lines: WaitingLines) -> Obstacle | None:
    """That a line of the bank may be its money, and a person is to say so."""
    if not is_for_person(connection, document, left, lines):
        return None
    message = Message("A payment that names it waits for you, under Payments, Bank. Say first what it pays.")
    return Obstacle(message, passes=True)


def holding(connection: Connection, shop: Shop, lines: Sequence[StoredLine]) -> set[int]:
    """The ids of those of *lines* that hold the reminders of what they name, until a person says what they pay."""
    waits = [one for one in lines if one.state is LineState.WAITING and one.line.amount > 0]
    if not waits or shop.reminders.who is Reminded.NOBODY:
        return set()
    named = waiting_lines_among(connection, shop.shop_id, [one.line for one in waits])
    rows = connection.execute(
        select(documents)
        .join(unpaid, unpaid.c.document_id == documents.c.document_id)
        .where(unpaid.c.shop_id == shop.shop_id, documents.c.order_id.in_([order.order_id for order in named.orders]))
    )
    found = [as_document(row) for row in rows]
    balances = document_balances.of_documents(connection, [one.document_id for one in found])
    held = {
        line
        for one in found
        for line in lines_naming(connection, one, open_of(connection, one, balances[one.document_id]), named)
    }
    return {one.line_id for one in waits if one.line in held}


def bank_facts(connection: Connection, shop: Shop, *, now: datetime) -> BankFacts:
    return BankFacts(hold_of(connection, shop, now=now), waiting_lines(connection, shop.shop_id))


def hold_of(connection: Connection, shop: Shop, *, now: datetime) -> Obstacle | None:
    """That the shop learns of payments by bank files and has not read one lately, or one is missing."""
    missing = bank_statements.missing(connection, shop)
    if missing is not None:
        return Obstacle(missing.message, passes=True)
    day = bank_files.old_since(connection, shop.shop_id, today=shop.day_of(now))
    if day is None:
        return None
    message = Message(
        "The files of your bank tell of payments until {day}. Read a newer one, so that nobody is reminded of what is paid.",
        day=day,
    )
    return Obstacle(message, passes=True)
