"""E-invoices for tests: a Belgian sale between two businesses, its credit note, and every recorded order as one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from lxml import etree

from tests.support.factories import PLACED_AT, TODAY, a_line, a_shop, an_order, issued, shipping
from worker.demo.recordings import load
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation, CreditSource
from worker.domain.document import Document, Draft, Kind, Purpose, SendMode
from worker.domain.draft import draft_document
from worker.domain.order import Order, Refund
from worker.domain.shop import Shop
from worker.einvoice import rules
from worker.einvoice.xml import NAMES, Node
from worker.errors import FacturelayError
from worker.woocommerce.payload import parse_order
from worker.woocommerce.refund_payload import parse_refunds

RECORDINGS = Path(__file__).parent.parent / "recordings"
BUYER_NUMBER = "BE0403170701"
BUYER_NUMBERS = {"NL": "NL004495445B01", "FR": "FR40303265045", "DE": "DE136695976", "LU": "LU15027442"}
EXCHANGE_RATES = {"USD": Decimal("1.0831"), "GBP": Decimal("0.84"), "JPY": Decimal("163.2"), "KWD": Decimal("0.333")}
SHOP = a_shop(exchange_rates=EXCHANGE_RATES)


def a_business_order(*lines: object, **more: object) -> Order:
    """Two rates and shipping, bought by a Belgian business."""
    bought = lines or (a_line("100.00", quantity="2"), a_line("10.00", "6", line_id=2, name="Boek"), shipping())
    fields = {"company": "Klant NV", "vat_number_given": BUYER_NUMBER, **more}
    return an_order(*bought, **fields)  # type: ignore[arg-type]  # the fields of an order, by name


def invoice_of(order: Order, shop: Shop = SHOP) -> Document:
    cause, mode = "order:238:invoice:1", SendMode.SEND
    return issued(draft_document(order, shop, today=TODAY, purpose=Purpose(Kind.INVOICE, cause, mode)))


def credit_note_of(
    order: Order,
    invoice: Document,
    what: CreditSource | None = None,
    *,
    shop: Shop = SHOP,
    already: tuple[Draft, ...] = (),
) -> Document:
    draft = draft_credit_note(
        what or Cancellation("Terug"),
        CreditedInvoice(invoice, already),
        order,
        shop,
        purpose=Purpose(Kind.CREDIT_NOTE, "credit:1"),
    )
    return issued(draft, document_id=2, number="C2026-00001")


def documents_of(order: Order, shop: Shop = SHOP) -> tuple[Document, Document]:
    """The invoice of *order*, and the credit note that takes all of it back."""
    invoice = invoice_of(order, shop)
    return invoice, credit_note_of(order, invoice, shop=shop)


def problems(document: Document) -> list[str]:
    """What is wrong with the e-invoice of *document*, by rule."""
    return [problem.code for problem in rules.written(document).problems]


def read(xml: bytes) -> Node:
    return etree.fromstring(xml)


def texts(root: Node, path: str) -> list[str]:
    return [found.text or "" for found in root.iterfind(path, NAMES)]


def amounts(root: Node, path: str) -> list[Decimal]:
    return [Decimal(found) for found in texts(root, path)]


def recorded_documents() -> Iterator[tuple[str, Document]]:
    """Every state of every recorded order as a business bought it, paid and not, with the credit notes of its refunds and the rest."""
    for scenario in load(RECORDINGS):
        seen = set()
        for state in (state for step in range(len(scenario.steps)) for state in scenario.after(step)):
            if state.order is None or (body := json.dumps([state.order, state.refunds])) in seen:
                continue
            seen.add(body)
            order = parse_order(json.dumps(state.order).encode())
            refunds, _ = parse_refunds(json.dumps(state.refunds).encode())
            yield from documents_of_recording(f"{scenario.name}-{len(seen)}", order, refunds)


def documents_of_recording(name: str, order: Order, refunds: tuple[Refund, ...]) -> Iterator[tuple[str, Document]]:
    number = BUYER_NUMBERS.get(order.billing.address.country, BUYER_NUMBER)
    for paid in (False, True):
        status = "processing" if paid else "on-hold"
        paid_at = PLACED_AT if paid else None
        bought = replace(order, vat_number_given=number, paid_at=paid_at, status=status, completed_at=None)
        invoice, already = invoice_of(bought), list[Draft]()
        yield f"{name}-{status}", invoice
        sources: tuple[CreditSource, ...] = (*sorted(refunds, key=lambda refund: refund.refund_id), Cancellation())
        for what in sources:
            try:
                note = credit_note_of(bought, invoice, what, already=tuple(already))
            except FacturelayError:  # nothing is left
                continue
            already.append(note.draft)
            yield f"{name}-{status}-credited-{len(already)}", note
