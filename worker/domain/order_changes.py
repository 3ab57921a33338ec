"""What an order says otherwise than the invoice that was made of it."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter

from worker.domain.document import Document, Draft, Kind, Problem, Purpose, SendMode
from worker.domain.draft import draft_document
from worker.domain.order import Order
from worker.domain.party import Address
from worker.domain.place_of_supply import Supply, vat_country
from worker.domain.shop import Shop
from worker.message import Message, Money, Percent

CHANGED = "changed_after_invoice"
TOTAL = Message("total {before} → {after}")
# Of an invoice, all that is compared; nearly always it is the same.
SAID = attrgetter("currency", "total", "vat_lines", "lines", "buyer", "ship_to", "purchase_order")


def asks_another_total(flag: Problem) -> bool:
    """Whether *flag* says that an order costs something else than its invoice asks."""
    said = flag.message.values.get("differences", ()) if flag.code == CHANGED else ()
    return any(one.key == TOTAL.key for one in said)  # type: ignore[union-attr]  # messages


def changes_after_invoice(invoice: Document, order: Order, shop: Shop) -> tuple[Problem, ...]:
    """What the order says otherwise than its invoice. Settings changed since do not count: only what comes from the shop."""
    now = draft_document(
        order, shop, today=invoice.issued_on, purpose=Purpose(Kind.INVOICE, invoice.draft.cause, SendMode.SEND)
    )
    if SAID(invoice.draft) == SAID(now):
        return ()
    differences = [
        compared for compared in _compared(invoice.draft, now) if compared.values["before"] != compared.values["after"]
    ]
    differences += _different_address(invoice.draft.buyer.address, now.buyer.address)
    differences += _different_delivery(invoice.draft, now)
    differences += _different_lines(invoice.draft, now)
    if not differences:
        return ()
    message = Message(
        "Order {number} changed after {invoice}: {differences}. The invoice stays as it was issued; if the order is right now, press “Credit and issue again”.",
        number=order.number,
        invoice=invoice.number,
        differences=tuple(differences),
    )
    return (Problem(CHANGED, message),)


def _compared(before: Draft, after: Draft) -> Sequence[Message]:
    """What both say, each with its value *before* and *after*."""
    rates = sorted({row.rate for row in (*before.vat_lines, *after.vat_lines)})
    was, is_now = before.buyer, after.buyer
    return (
        Message(
            "total {before} → {after}",
            before=Money(before.total, before.currency),
            after=Money(after.total, after.currency),
        ),
        *(
            Message(
                "charged at {rate} {before} → {after}",
                rate=Percent(rate),
                before=Money(_charged(before, rate), before.currency),
                after=Money(_charged(after, rate), after.currency),
            )
            for rate in rates
        ),
        Message("name {before} → {after}", before=_or_empty(was.name), after=_or_empty(is_now.name)),
        Message("company {before} → {after}", before=_or_empty(was.company), after=_or_empty(is_now.company)),
        Message(
            "VAT number {before} → {after}",
            before=_or_empty(was.vat_number_given),
            after=_or_empty(is_now.vat_number_given),
        ),
        Message(
            "purchase order number {before} → {after}",
            before=_or_empty(before.purchase_order),
            after=_or_empty(after.purchase_order),
        ),
        Message(
            "Peppol address {before} → {after}",
            before=_or_empty(was.peppol_address),
            after=_or_empty(is_now.peppol_address),
        ),
    )


def _different_address(before: Address, after: Address) -> list[Message]:
    """Compared as a whole: what moves from one field to another, or changes its letter case, is no other address."""
    was, is_now = _in_one_line(before), _in_one_line(after)
    if _words(was) == _words(is_now):
        return []
    return [Message("address {before} → {after}", before=_or_empty(was), after=_or_empty(is_now))]


def _different_delivery(before: Draft, after: Draft) -> list[Message]:
    """Where the goods go, once that is another country of VAT: within one a parcel may be sent elsewhere, and the invoice stays right."""
    was, is_now = (draft.ship_to or draft.buyer.address for draft in (before, after))
    is_told = (was, is_now) == (before.buyer.address, after.buyer.address)
    if is_told or vat_country(was, Supply.GOODS) == vat_country(is_now, Supply.GOODS):
        return []
    return [
        Message(
            "delivery address {before} → {after}",
            before=_or_empty(_in_one_line(was)),
            after=_or_empty(_in_one_line(is_now)),
        )
    ]


def _in_one_line(address: Address) -> str:
    town = f"{address.postcode} {address.city}".strip()
    return ", ".join(part for part in (address.street, address.street_2, town, address.state, address.country) if part)


def _words(text: str) -> list[str]:
    return text.casefold().replace(",", " ").split()


def _or_empty(text: str) -> str | Message:
    return text or Message("empty")


def _charged(draft: Draft, rate: Decimal) -> Decimal:
    return sum((row.charged for row in draft.vat_lines if row.rate == rate), Decimal("0.00"))


def _different_lines(before: Draft, after: Draft) -> list[Message]:
    """Lines that went, came or changed, told by their name, quantity and net."""
    was, is_now = (
        Counter((line.quantity, line.description, Money(line.net, draft.currency)) for line in draft.lines)
        for draft in (before, after)
    )
    return [
        *(
            Message("without {quantity} × “{description}” {amount}", quantity=quantity, description=name, amount=net)
            for quantity, name, net in (was - is_now).elements()
        ),
        *(
            Message("with {quantity} × “{description}” {amount}", quantity=quantity, description=name, amount=net)
            for quantity, name, net in (is_now - was).elements()
        ),
    ]
