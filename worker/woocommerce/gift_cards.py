"""The gift cards and store credit that an order says it was paid with, wherever their plugins write them."""

from collections.abc import Iterator
from decimal import Decimal

from worker.domain.money import to_minor_unit
from worker.domain.payment import Prepayment
from worker.woocommerce.node import Node

# Fields that plugins add to an order: WooCommerce Gift Cards and PW Gift Cards, with where each card's code is.
CARD_FIELDS = {"gift_cards": "code", "pw_gift_cards_redeemed": "number"}
# Metas that hold {code: amount}: YITH Gift Cards and Smart Coupons; and one that holds an amount alone: TeraWallet.
CODE_METAS = ("_ywgc_applied_gift_cards", "smart_coupons_contribution")
AMOUNT_METAS = ("_via_wallet_payment",)
# Coupons that are money: the type that Smart Coupons gives to store credit, where it wrote no meta (orders made by REST).
CREDIT_COUPONS = ("smart_coupon",)


def gift_cards_of(order: Node, meta: tuple[Node, ...]) -> tuple[Prepayment, ...]:
    """Each card with its amount; of its code only the end, since who has the whole code can spend what is left on it.

    What is written oddly is left out: a plugin's note never stops an order.
    """
    currency = order.currency("currency")
    found = (*_in_fields(order), *_in_metas(meta)) or tuple(_in_coupons(order))
    return tuple(
        Prepayment(amount, code=f"…{code[-4:]}" if code else "")
        for code, exact in found
        if (amount := to_minor_unit(exact, currency)) > 0
    )


def _in_fields(order: Node) -> Iterator[tuple[str, Decimal]]:
    for field, code in CARD_FIELDS.items():
        value = order.values.get(field)
        for card in value if isinstance(value, list) else ():
            if isinstance(card, dict):
                node = Node(card, where=field, label=order.label)
                yield node.scalar(code), _amount(node, "amount")


def _in_metas(meta: tuple[Node, ...]) -> Iterator[tuple[str, Decimal]]:
    for node in meta:
        key, value = node.text("key"), node.values.get("value")
        if key in CODE_METAS and isinstance(value, dict):
            cards = Node(value, where=key, label=node.label)
            yield from ((code, _amount(cards, code)) for code in value)
        elif key in AMOUNT_METAS:
            yield "", _amount(node, "value")


def _in_coupons(order: Node) -> Iterator[tuple[str, Decimal]]:
    for coupon in order.nodes("coupon_lines"):
        if coupon.scalar("discount_type") in CREDIT_COUPONS:
            yield coupon.scalar("code"), _amount(coupon, "discount") + _amount(coupon, "discount_tax")


def _amount(node: Node, name: str) -> Decimal:
    try:
        amount = Decimal(node.scalar(name) or 0)
    except ArithmeticError:
        return Decimal(0)
    return amount if amount.is_finite() and abs(amount) < 10**9 else Decimal(0)
