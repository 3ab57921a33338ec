"""What the customers of a shop still owe, order by order, under the references that its documents ask them to use."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.bank_match import Claim
from worker.domain.document import Document, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.payment_reference import digits_of
from worker.store import document_balances, documents
from worker.store.documents import DocumentPeriod

# Somebody who pays a year late is not known by his reference any more, and a person looks at it.
LONGEST = timedelta(days=400)
_ASKING = (Kind.ORDER_CONFIRMATION, Kind.INVOICE)
_AT_ONCE = 500


@dataclass
class OrderDocuments:
    """The documents of one order that ask for money, or asked."""

    reference: str = ""
    numbers: list[str] = field(default_factory=list)
    invoices: list[Document] = field(default_factory=list)
    confirmation: Document | None = None

    def add(self, document: Document) -> None:
        asked = document.draft.payment
        self.reference = (digits_of(asked.reference) if asked else "") or self.reference
        self.numbers += [document.number, document.draft.order_number]
        if document.draft.kind is Kind.INVOICE:
            self.invoices.append(document)
        else:
            self.confirmation = document


def claims_of(connection: Connection, shop_id: str, *, today: date) -> tuple[Claim, ...]:
    """Every order of the last months whose documents name a reference, also where nothing is open any more.

    Until there is an invoice, what its newest confirmation asks is open.
    """
    found: dict[tuple[int, str], OrderDocuments] = {}
    for document in asking_documents(connection, shop_id, since=today - LONGEST, until=today):
        found.setdefault((document.draft.order_id, document.draft.order_key), OrderDocuments()).add(document)
    named = {order: asked for order, asked in found.items() if asked.reference}
    open_of = {
        document_id: balance.open
        for document_id, balance in document_balances.of_documents(
            connection, [invoice.document_id for asked in named.values() for invoice in asked.invoices]
        ).items()
    }
    return tuple(
        Claim(
            order_id, tuple(dict.fromkeys(asked.numbers)), asked.reference, open_amount(asked, open_of), currency(asked)
        )
        for (order_id, _), asked in named.items()
    )


def asking_documents(connection: Connection, shop_id: str, *, since: date, until: date) -> Iterator[Document]:
    after: tuple[date, int] | None = None
    while True:
        period = DocumentPeriod(since, until, _ASKING)
        page = documents.issued_between(connection, shop_id, period, after=after, limit=_AT_ONCE)
        yield from (document for document in page if not document.draft.test)
        if len(page) < _AT_ONCE:
            return
        after = (page[-1].issued_on, page[-1].document_id)


def open_amount(asked: OrderDocuments, open_of: dict[int, Decimal]) -> Decimal:
    if asked.invoices:
        return total_of(open_of[invoice.document_id] for invoice in asked.invoices)
    draft = asked.confirmation.draft if asked.confirmation else None
    return ZERO if draft is None or draft.is_paid else draft.to_pay


def currency(asked: OrderDocuments) -> str:
    newest = asked.invoices[-1] if asked.invoices else asked.confirmation
    return newest.draft.currency if newest else "EUR"
