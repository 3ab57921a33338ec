"""Refunds as WooCommerce states them, and what each of them is per rate: counted here from the tills' figures, not by the product."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import strategies as st

from tests.support.factories import a_refund, an_order, rate_id_of
from tests.support.woocommerce_totals import rounded
from worker.domain.money import to_cent, total_of
from worker.domain.order import LineKind, LineTax, Order, OrderLine, Refund

CENT = Decimal("0.01")
PerRate = dict[Decimal, tuple[Decimal, Decimal]]  # base and VAT of each rate in percent


@dataclass(frozen=True)
class Item:
    """One line at the till: what of it, in cents, is sold at which rate. A fee below nothing is a discount."""

    cents: tuple[tuple[str, int], ...]
    quantity: int = 1
    kind: LineKind = LineKind.PRODUCT

    def line(self, line_id: int) -> OrderLine:
        nets = {rate: Decimal(cents) / 100 for rate, cents in self.cents}
        taxes = tuple(LineTax(rate_id_of(rate), to_cent(net * Decimal(rate) / 100)) for rate, net in nets.items())
        net = total_of(nets.values())
        return OrderLine(line_id, self.kind, f"Post {line_id}", Decimal(self.quantity), net, net, taxes)

    def share(self, pieces: int, quantity: int) -> "Item":
        """*pieces* of *quantity* parts of it, whole cents at each rate: staff fill in both net and tax."""
        return replace(
            self, cents=tuple((rate, cents * pieces // quantity) for rate, cents in self.cents), quantity=pieces
        )


def order_of(items: Sequence[Item]) -> Order:
    """A paid order: of a consumer, or with an odd number of lines of a business, whose VAT is exactly base times rate."""
    company = "Voorbeeld BV" if len(items) % 2 else ""
    return an_order(*(item.line(line_id) for line_id, item in enumerate(items, 1)), paid=True, company=company)


def refund_of(items: dict[int, Item], refund_id: int, *, vat_only: bool = False, no_tax: bool = False) -> Refund:
    """The refund of *items* by the line that each takes back; *no_tax*: by REST without rate ids, its VAT in the amount."""
    lines = [item.line(line_id) for line_id, item in items.items()]
    amount = total_of(line.tax + (Decimal(0) if vat_only else line.total) for line in lines)
    if vat_only:
        lines = [replace(line, total=Decimal("0.00"), subtotal=Decimal("0.00"), quantity=Decimal(0)) for line in lines]
    if no_tax:
        lines = [replace(line, taxes=()) for line in lines]
    return a_refund(str(rounded(amount, 2)), *lines, refund_id=refund_id)


def stated(items: dict[int, Item], *, vat_only: bool = False) -> PerRate:
    """What a refund of *items* says per rate."""
    sums: PerRate = {}
    for item in items.values():
        for rate, cents in item.cents:
            net = Decimal(cents) / 100
            tax = (net * Decimal(rate) / 100 + Decimal("1e-9")).quantize(CENT)
            base, vat = sums.get(Decimal(rate), (Decimal(0), Decimal(0)))
            sums[Decimal(rate)] = (base + (Decimal(0) if vat_only else net), vat + tax)
    return {rate: part for rate, part in sums.items() if any(part)}


def _spread(cents: int, goods: Sequence[Item]) -> tuple[tuple[str, int], ...]:
    """*cents* over the rates of *goods* by their nets, as WooCommerce does with a fee below nothing."""
    worth: dict[str, int] = {}
    for rate, net in (pair for item in goods for pair in item.cents):
        worth[rate] = worth.get(rate, 0) + net
    rates = sorted(worth, key=Decimal, reverse=True)
    parts = [(rate, cents * worth[rate] // (sum(worth.values()) or 1)) for rate in rates]
    return (*parts[:-1], (rates[-1], cents - sum(part for _, part in parts[:-1])))


_RATES = ("21", "12", "6")
plain_items = st.builds(
    lambda rate, cents, quantity: Item(((rate, cents * quantity),), quantity),
    st.sampled_from((*_RATES, "0")),
    st.integers(100, 20_000),
    st.integers(1, 4),
)
mixed_items = st.builds(
    lambda high, low: Item((("21", high), ("6", low))), st.integers(300, 9_000), st.integers(300, 9_000)
)


@st.composite
def tills(draw: st.DrawFn, *, with_discount: bool) -> tuple[Item, ...]:
    """The items of an order: goods, baskets of two rates, shipping split over the rates, and perhaps a discount of a tenth."""
    goods = draw(st.lists(st.one_of(plain_items, plain_items, mixed_items), min_size=1, max_size=5))
    taxed = [item for item in goods if all(rate != "0" for rate, _ in item.cents)]
    items = list(goods)
    ships: bool = draw(st.booleans())
    if taxed and ships:
        items.append(Item(_spread(draw(st.integers(300, 2_000)), taxed), kind=LineKind.SHIPPING))
    if taxed and with_discount:
        worth = sum(cents for item in taxed for _, cents in item.cents)
        items.append(Item(_spread(-worth // 10, taxed), kind=LineKind.FEE))
    return tuple(items)
