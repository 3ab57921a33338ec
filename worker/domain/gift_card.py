"""Gift cards, store credit and wallets that an order was paid with: they are money, and no reduction of the price.

A voucher for several purposes is taxed when it is spent, on the full value of the goods; it only pays for them (art. 30a and 73a
of the VAT directive; art. 1 §15 and 22ter of the Belgian VAT code, circular 2020/C/121; read 2026-11-28).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain.document import Problem
from worker.domain.money import to_minor_unit, total_of
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.payment import Prepayment
from worker.domain.zero_reason import Untaxed, ZeroReason, reason_of
from worker.message import Message, Money

# What the plugins that take a card off as a fee call that fee, in the languages of the shops we serve.
CARD_WORDS = (
    "gift card", "giftcard", "gift-card", "gift certificate", "voucher", "store credit", "wallet",
    "cadeaubon", "cadeaukaart", "kadobon", "kadokaart", "geschenkbon", "geschenkkaart", "geschenkcheque", "waardebon", "tegoed",
    "carte cadeau", "carte-cadeau", "chèque cadeau", "chèque-cadeau", "bon cadeau", "bon-cadeau", "bon d’achat", "bon d'achat",
    "porte-monnaie", "portefeuille", "gutschein", "geschenkkarte", "guthaben",
)  # fmt: skip

# What shops call the cards that they sell. Not the words for a wallet or a credit: those are goods too, or are not sold.
SOLD_WORDS = (
    "gift card", "giftcard", "gift-card", "gift certificate", "gift voucher", "cadeaubon", "cadeaukaart", "kadobon", "kadokaart",
    "geschenkbon", "geschenkkaart", "geschenkcheque", "waardebon", "carte cadeau", "carte-cadeau", "chèque cadeau", "chèque-cadeau",
    "bon cadeau", "bon-cadeau", "geschenkgutschein", "wertgutschein", "geschenkkarte",
)  # fmt: skip


@dataclass(frozen=True)
class Settlement:
    """An order without the cards that paid for it: its total is what was sold. *questions* are what a person must answer."""

    order: Order
    prepaid: tuple[Prepayment, ...] = ()
    questions: tuple[Problem, ...] = ()


def settle(order: Order, *, tolerance: Decimal, reasons: Iterable[ZeroReason] = ()) -> Settlement:
    """Take the cards that *order* was paid with out of its figures. *tolerance*: what rounding explains of its total.

    *reasons* are what the shop says of its things without VAT: a voucher that is taken off is one that was spent.

    A plugin takes a card off as an untaxed negative fee, or lowers the total below the lines; what it wrote on the order says
    by which card. Where nothing says it, a person is asked whether the difference was paid.
    """
    if order.total < 0:
        return Settlement(order)
    fees = tuple(line for line in order.lines if is_card(line) or _is_spent_voucher(line, reasons))
    by_fee = tuple(Prepayment(to_minor_unit(-fee.total, order.currency), name=fee.name) for fee in fees)
    goods = replace(order, lines=tuple(line for line in order.lines if line not in fees))
    worth = total_of(line.total for line in goods.lines) + total_of(rate.charged for rate in order.tax_rates)
    missing = worth - order.total - total_of(fee.amount for fee in by_fee)
    if missing <= tolerance:
        told = order.gift_cards if not by_fee and missing >= -tolerance else ()
        return _settled(goods, by_fee, _discounted(order, _taxed_cards(order) or told))
    named = total_of(card.amount for card in order.gift_cards)
    if abs(missing - named) <= tolerance:
        return _settled(goods, (*by_fee, *order.gift_cards))
    rest = Prepayment(to_minor_unit(missing, order.currency))
    return _settled(goods, (*by_fee, rest), _unexplained(order, worth=worth, missing=rest.amount))


def _settled(goods: Order, prepaid: tuple[Prepayment, ...], questions: tuple[Problem, ...] = ()) -> Settlement:
    paid = total_of(one.amount for one in prepaid)
    return Settlement(replace(goods, total=goods.total + paid) if prepaid else goods, prepaid, questions)


def is_card(line: OrderLine) -> bool:
    """A negative fee without tax whose name says so. With tax, WooCommerce has treated it as a reduction of the price."""
    return _is_named_card(line) and not line.tax


def _is_spent_voucher(line: OrderLine, reasons: Iterable[ZeroReason]) -> bool:
    return line.total < 0 and not line.tax and reason_of(line, reasons) is Untaxed.VOUCHER


def _is_named_card(line: OrderLine) -> bool:
    name = line.name.casefold()
    return line.kind is LineKind.FEE and line.total < 0 and any(word in name for word in CARD_WORDS)


def _taxed_cards(order: Order) -> tuple[Prepayment, ...]:
    """WooCommerce takes VAT off with every negative fee, one that is “not taxable” too (`WC_Order_Item_Fee::calculate_taxes`)."""
    taxed = (line for line in order.lines if _is_named_card(line) and line.tax)
    return tuple(Prepayment(to_minor_unit(-line.total - line.tax, order.currency), name=line.name) for line in taxed)


def taxed_card_flag(order: Order) -> tuple[Problem, ...]:
    """A card that was sold with VAT is one for a single purpose, or should have been without: who spends it pays VAT a second time, and no
    plugin says at which of the two it was due (art. 30b of the VAT directive)."""
    sold = (line for line in order.lines if line.kind is LineKind.PRODUCT and line.total > 0 and line.tax > 0)
    card = next((line for line in sold if any(word in line.name.casefold() for word in SOLD_WORDS)), None)
    if card is None:
        return ()
    message = Message(
        "Order {number} sold “{line}” with VAT. If such a card may be spent on several things, sell it without VAT, which is due when it "
        "is spent. If VAT was due at once, since it buys one kind of thing in one country, let its plugin take it off before VAT when "
        "it is spent: what a card pays after VAT is taxed once more.",
        number=order.number,
        line=card.name,
    )
    return (Problem("gift_card_taxed", message),)


def _discounted(order: Order, cards: tuple[Prepayment, ...]) -> tuple[Problem, ...]:
    """The plugin took these cards off before tax, so that VAT was charged on less than the goods are worth."""
    if not cards:
        return ()
    message = Message(
        "Order {number} was paid with {amount} of a gift card or store credit, but the shop took it off as a discount before VAT. "
        "A gift card is a payment: let its plugin apply it after tax. Issue this one only if it was a discount.",
        number=order.number,
        amount=Money(total_of(card.amount for card in cards), order.currency),
    )
    return (Problem("gift_card_as_discount", message, asks=True),)


def _unexplained(order: Order, *, worth: Decimal, missing: Decimal) -> tuple[Problem, ...]:
    message = Message(
        "Order {number} does not add up: the lines with tax are {summed}, the order's total is {total}. If {missing} was paid with "
        "a gift card or store credit, issue it: the invoice is of {summed}, of which {missing} is paid. If not, correct the order.",
        number=order.number,
        summed=Money(to_minor_unit(worth, order.currency), order.currency),
        total=Money(order.total, order.currency),
        missing=Money(missing, order.currency),
    )
    return (Problem("does_not_add_up", message, asks=True),)
