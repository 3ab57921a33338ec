"""An order that nobody placed, for previews of a shop that has none yet."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from worker.domain.money import to_cent, total_of
from worker.domain.order import Contact, LineKind, LineTax, Order, OrderLine, TaxRate
from worker.domain.party import Address

_RATE = Decimal(21)


def example_order(*, now: datetime, paid: bool, country: str = "BE") -> Order:
    """An order of two things, placed a day before *now*."""
    lines = (
        replace(_line(1, LineKind.PRODUCT, "Koffiemok, blauw", "2", "24.00"), sku="MUG-1"),
        replace(_line(2, LineKind.PRODUCT, "Koffiebonen 1 kg", "1", "18.00"), sku="BEAN-1"),
        _line(3, LineKind.SHIPPING, "bpost", "1", "5.00"),
    )
    tax = total_of(line.tax for line in lines)
    total = total_of(line.total for line in lines) + tax
    placed_at = now - timedelta(days=1)
    buyer = Contact(
        first_name="Jan",
        last_name="Peeters",
        address=Address(street="Voorbeeldstraat 1", postcode="9000", city="Gent", country=country or "BE"),
        email="jan@klant.example",
    )
    return Order(
        order_id=1001,
        order_key="example",
        number="1001",
        status="processing" if paid else "on-hold",
        currency="EUR",
        total=total,
        prices_include_tax=False,
        created_at=placed_at,
        modified_at=placed_at,
        paid_at=placed_at if paid else None,
        completed_at=None,
        created_via="checkout",
        payment_method="bacs",
        payment_title="Overschrijving",
        transaction_id="",
        billing=buyer,
        shipping=buyer,
        customer_note="",
        lines=lines,
        tax_rates=(TaxRate(1, "BTW", _RATE, compound=False, charged=tax),),
    )


def _line(line_id: int, kind: LineKind, name: str, quantity: str, net: str) -> OrderLine:
    amount = Decimal(net)
    taxes = (LineTax(1, to_cent(amount * _RATE / 100)),)
    return OrderLine(line_id, kind, name, Decimal(quantity), amount, amount, taxes)
