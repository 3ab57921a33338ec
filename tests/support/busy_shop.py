"""A shop on a bad day: refused mails, drafts that wait, invoices that nobody paid, with the long words of German buyers."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from tests.support.factories import an_order
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Verdict
from worker.domain.decision import Decision
from worker.domain.document import Document, Kind, Problem
from worker.domain.order import Contact
from worker.domain.party import Address, Buyer
from worker.domain.step import MAIL, RENDER, TRANSMIT
from worker.message import Message
from worker.store import audit_trail, bank_files, bank_lines, deliveries, documents, drafts, orders, steps
from worker.store import jobs as job_store
from worker.store.audit_trail import AuditEntry
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.counters import TakenNumber
from worker.store.database.tables import jobs
from worker.store.deliveries import NewDelivery
from worker.store.documents import NewDocument
from worker.store.jobs import JobEnd
from worker.store.orders import OrderState
from worker.store.steps import StepPlan

COMPANY = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
REFUSED = Message(
    "The mail server refused {address}: {answer}",
    address="rechnungsberichtigungen@donaudampfschifffahrtsgesellschaft.example",
    answer="550 5.1.1 mailbox unavailable.",
)
LONG_SENTENCE = Message("Die Rechnungsberichtigungsverordnung lässt das nicht zu und darum wartet es nun. " * 3)
FIRST = 1001


def fill(
    app: BridgeApp, *, orders_: int = 30, failed: int = 12, drafts_: int = 20, orders_of_drafts: bool = False
) -> tuple[Document, ...]:
    """Put so many orders with an invoice each into the shop: of the first *failed* the mail failed; and drafts of others, which are there
    only with *orders_of_drafts*.
    """
    with app.store.write() as connection:
        made = tuple(add_order(connection, FIRST + place, place, failed=place < failed) for place in range(orders_))
        for place in range(drafts_):
            order_id = FIRST + orders_ + place
            if orders_of_drafts:
                order = an_order(
                    order_id=order_id, order_key=f"wc_order_{order_id}", number=str(order_id), created_at=NOW
                )
                orders.save(connection, SHOP, order, OrderState(Decision(), None), as_of=NOW)
            add_draft(connection, order_id, is_kept=place % 2 == 0)
        for place in range(3):
            add_failed_look(connection, FIRST + place)
    return made


def make_worse(app: BridgeApp, made: tuple[Document, ...]) -> None:
    """Where the longest rows of lists come from: an order of ten documents, the first with three failures; lines of the bank to look at."""
    with app.store.write() as connection:
        first, failed = made[0], JobEnd("failed", "mail_refused", REFUSED)
        more = StepPlan((RENDER, TRANSMIT))
        steps.plan(connection, more, shop_id=SHOP, document_id=first.document_id, now=NOW)
        for step in more.names:
            steps.end_otherwise(connection, first.document_id, step, failed, now=NOW)
        for place in range(9):
            add_delivery_note(connection, FIRST, place)
        add_bank_lines(connection)


def add_order(connection: Connection, order_id: int, place: int, *, failed: bool) -> Document:
    company = COMPANY if place % 3 == 0 else ""
    billing = Contact("Jan", f"Peeters{place}", company, Address("", "", "", "", "", "BE"), f"jan{place}@klant.example")
    placed_at = NOW - timedelta(hours=place)
    order = an_order(
        order_id=order_id, order_key=f"wc_order_{order_id}", number=str(order_id), billing=billing, created_at=placed_at
    )
    flags = (Problem("order_changed", LONG_SENTENCE),) if place % 5 == 1 else ()
    orders.save(connection, SHOP, order, OrderState(Decision(flags=flags), None), as_of=NOW)
    number, issued_on = f"F2026-{place + 1:05}", date(2026, 11, 22)
    draft = a_draft(**whose(order_id, company=company, name=f"Jan Peeters{place}"))
    taken = TakenNumber("invoice", 2026, place + 1, number, issued_on)
    document = documents.add(connection, NewDocument(shop_id=SHOP, issued_at=NOW, draft=draft, taken=taken))
    # Of the first one the PDF is still to come.
    plan = StepPlan((RENDER, MAIL) if place else (MAIL,), str(order_id))
    steps.plan(connection, plan, shop_id=SHOP, document_id=document.document_id, now=placed_at)
    if place:
        steps.end_otherwise(connection, document.document_id, RENDER, JobEnd("done"), now=NOW)
    end = JobEnd("failed", "mail_refused", REFUSED) if failed else JobEnd("done")
    steps.end_otherwise(connection, document.document_id, MAIL, end, now=NOW)
    message = Message("{number} was issued.", number=number)
    audit_trail.add(connection, AuditEntry(SHOP, NOW, "An", "issued", message, order_id, document.document_id))
    return document


def add_delivery_note(connection: Connection, order_id: int, place: int) -> None:
    """One more document of an order that has many."""
    given = whose(order_id, company=COMPANY, name="Jan Peeters") | {"cause": f"order:{order_id}:delivery_note:{place}"}
    taken = TakenNumber("delivery_note", 2026, place + 1, f"LB2026-{place + 1:05}", date(2026, 11, 21))
    documents.add(
        connection,
        NewDocument(shop_id=SHOP, issued_at=NOW, draft=a_draft(kind=Kind.DELIVERY_NOTE, **given), taken=taken),
    )


def add_bank_lines(connection: Connection) -> None:
    """A line of each verdict, which all wait for a person."""
    new = NewFile(SHOP, "0" * 64, "konto.xml", "camt.053", date(2026, 11, 21))
    file_id = bank_files.add_file(connection, new, by="An", now=NOW)
    lines = [
        Match(
            BankLine(
                "BE68539007547034",
                date(2026, 11, 21),
                Decimal("1234.56"),
                "EUR",
                f"key{place}",
                COMPANY,
                text=str(LONG_SENTENCE),
            ),
            verdict,
        )
        for place, verdict in enumerate(Verdict)
    ]
    bank_lines.add_lines(connection, SHOP, file_id, [(line, LineState.WAITING) for line in lines])


def add_failed_look(connection: Connection, order_id: int) -> None:
    """A look at an order that failed; it was not looked at since."""
    new = NewDelivery(SHOP, "webhook", "order.updated", order_id)
    mine = jobs.c.job_id == deliveries.add(connection, new, now=NOW)
    job_store.close(
        connection, mine, end=JobEnd("failed", "order_unreadable", LONG_SENTENCE), now=NOW + timedelta(hours=1)
    )


def add_draft(connection: Connection, order_id: int, *, is_kept: bool) -> int:
    problems = () if is_kept else (Problem("no_exchange_rate", LONG_SENTENCE),)
    kind = Kind.DELIVERY_NOTE if is_kept else Kind.INVOICE
    draft = a_draft(kind=kind, problems=problems, **whose(order_id, company=COMPANY, name="Jan Peeters"))
    return drafts.save_draft(connection, SHOP, draft, now=NOW)


def whose(order_id: int, *, company: str, name: str) -> dict[str, Any]:
    return {
        "cause": f"order:{order_id}:invoice:1",
        "order_id": order_id,
        "order_key": f"wc_order_{order_id}",
        "order_number": str(order_id),
        "buyer": Buyer(name, company=company, email="jan@klant.example"),
    }
