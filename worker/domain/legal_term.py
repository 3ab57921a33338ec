"""By when an invoice must be issued: VAT falls due when goods are delivered or money comes in, and the invoice follows soon after."""

from datetime import date, timedelta

from worker.domain.document import Document, Kind, Problem
from worker.domain.order import Order
from worker.domain.shop import Shop
from worker.message import Message

# The day of the month after that of the tax point, by the seller's country: art. 4 §1 of Royal Decree no. 1 (BE), art. 34g
# Wet OB 1968 (NL). Sellers elsewhere have terms that this does not know, and are told nothing.
LAST_DAY = {"BE": 15, "NL": 15}


def last_day(taxable_on: date, seller_country: str) -> date | None:
    """The last day on which the invoice of what fell due on *taxable_on* may be issued; None where we know no term."""
    day = LAST_DAY.get(seller_country)
    return next_month(taxable_on).replace(day=day) if day else None


def next_month(day: date) -> date:
    """The first day of the month after that of *day*."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def late_invoice(order: Order, invoice: Document, shop: Shop) -> tuple[Problem, ...]:
    """That *invoice* was issued after its term, and in which month its VAT belongs."""
    at = order.taxable_at
    if at is None or invoice.draft.kind is not Kind.INVOICE:
        return ()
    taxable_on = shop.day_of(at)
    last = last_day(taxable_on, shop.seller.address.country)
    if last is None or invoice.issued_on <= last:
        return ()
    message = Message(
        "{invoice} was issued on {issued_on}, after the last day the law gives for it ({last_day}): order {number} was paid "
        "or delivered on {taxable_on}. Its VAT belongs to the period of that day; tell your accountant.",
        invoice=invoice.number,
        issued_on=invoice.issued_on,
        last_day=last,
        number=order.number,
        taxable_on=taxable_on,
    )
    return (Problem("invoice_late", message),)
