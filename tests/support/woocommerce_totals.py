"""Orders as WooCommerce adds them up, for tests by property: with or without tax in the prices, each way of rounding."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import settings
from hypothesis import strategies as st

from tests.support.factories import an_order, rate_id_of
from worker.domain.order import LineKind, LineTax, Order, OrderLine, TaxRate

many = settings(max_examples=100, deadline=None)  # two hundred milliseconds are no promise on a busy machine

RATES = ("21", "12", "6", "5.5", "0", None)


@dataclass(frozen=True)
class Sold:
    """One line at the till: *cents* apiece, with or without tax as the shop's prices are; *off* percent by a coupon."""

    cents: int
    quantity: int
    rate: str | None
    off: int = 0


@dataclass(frozen=True)
class Settings:
    prices_include_tax: bool = False
    round_at_subtotal: bool = False
    decimals: int = 2


def ring_up(sold: list[Sold], settings: Settings) -> Order:
    """The order that a shop with *settings* makes of *sold*: it shows rounded figures and adds up unrounded ones."""
    lines, exact_net = [], Decimal(0)
    exact_tax: dict[str, Decimal] = {}
    for line_id, item in enumerate(sold, 1):
        rate = Decimal(item.rate or 0)
        price = Decimal(item.cents * item.quantity) / 100 * (100 - item.off) / 100
        tax = price * rate / (100 + rate) if settings.prices_include_tax else price * rate / 100
        if not settings.round_at_subtotal:
            tax = rounded(tax, settings.decimals)
        net = price - tax if settings.prices_include_tax else price
        exact_net += net
        if item.rate is not None:
            exact_tax[item.rate] = exact_tax.get(item.rate, Decimal(0)) + tax
        lines.append(shown(line_id, item, net, tax, settings.decimals))
    charged = {rate: rounded(tax, settings.decimals) for rate, tax in exact_tax.items()}
    return an_order(
        *lines,
        paid=True,
        total=str(rounded(exact_net + sum(charged.values(), Decimal(0)), settings.decimals)),
        prices_include_tax=settings.prices_include_tax,
        tax_rates=tuple(
            TaxRate(rate_id_of(rate), "BTW", Decimal(rate), compound=False, charged=tax)
            for rate, tax in charged.items()
        ),
    )


def shown(line_id: int, item: Sold, net: Decimal, tax: Decimal, decimals: int) -> OrderLine:
    net, quantity = rounded(net, decimals), Decimal(item.quantity)
    taxes = () if item.rate is None else (LineTax(rate_id_of(item.rate), rounded(tax, decimals)),)
    return OrderLine(line_id, LineKind.PRODUCT, f"Product {line_id}", quantity, net, net, taxes)


def rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def items_of(*rates: str | None) -> st.SearchStrategy[Sold]:
    return st.builds(
        Sold,
        cents=st.integers(0, 30_000),
        quantity=st.integers(1, 12),
        rate=st.sampled_from(rates),
        off=st.sampled_from((0, 0, 0, 10, 33)),
    )


settings_of_shops = st.builds(
    Settings,
    prices_include_tax=st.booleans(),
    round_at_subtotal=st.booleans(),
    decimals=st.sampled_from((2, 2, 2, 3, 0)),
)
items = items_of(*RATES)
orders = st.builds(ring_up, st.lists(items, min_size=1, max_size=12), settings_of_shops)
orders_at_home = st.builds(ring_up, st.lists(items_of("21", "12", "6"), min_size=2, max_size=6), settings_of_shops)
