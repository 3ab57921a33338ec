"""Which orders a rule is for: the first of its conditions that an order does not meet, and why."""

import re
from collections.abc import Iterable

from worker.domain.decision import Reason
from worker.domain.dossier import Dossier
from worker.domain.order import LineKind, Order, SalePart
from worker.domain.rules import STANDARD_CLASS, BuyerFilter, OrderKind, Rule
from worker.domain.sale_part import part_of
from worker.message import Message, Money

BUYER_TERMS = {
    BuyerFilter.EVERYONE: Message("everyone"),
    BuyerFilter.BUSINESS: Message("business"),
    BuyerFilter.CONSUMER: Message("consumer"),
}
ORDER_KIND_TERMS = {
    OrderKind.ONLINE: Message("placed online"),
    OrderKind.STAFF: Message("made by staff"),
    OrderKind.POS: Message("sold at a till"),
    OrderKind.PROGRAM: Message("made by a program"),
    OrderKind.RENEWAL: Message("renewal of a subscription"),
    OrderKind.MAIN: Message("main order of a marketplace"),
    OrderKind.SUBORDER: Message("a vendor's suborder"),
    OrderKind.BALANCE: Message("rest of a deposit"),
}
CATEGORY_UNKNOWN = "category_unknown"
# What WooCommerce and its plugins write as the maker of an order (`created_via`).
_MAKERS = {
    "checkout": OrderKind.ONLINE,
    "store-api": OrderKind.ONLINE,
    "admin": OrderKind.STAFF,
    "subscription": OrderKind.RENEWAL,
}
_PARTS = {SalePart.MAIN: OrderKind.MAIN, SalePart.SUBORDER: OrderKind.SUBORDER, SalePart.BALANCE: OrderKind.BALANCE}


def unmet_condition(rule: Rule, dossier: Dossier) -> Reason | None:
    """The first of the rule's conditions that the order does not meet."""
    order = dossier.order
    return (
        _unmet_buyer(rule, order)
        or _unmet_method(rule, order)
        or _unmet_country(rule, order)
        or _unmet_minimum(rule, order)
        or _unmet_kind(rule, dossier)
        or _unmet_category(rule, order)
        or _unmet_tax_class(rule, order)
        or _unmet_shipping(rule, order)
        or _unmet_coupon(rule, order)
    )


def kinds_of(order: Order, *, parent_is_split: bool) -> tuple[OrderKind, ...]:
    """How *order* came about, and what it is of its sale where it is not the whole."""
    part = _PARTS.get(part_of(order, parent_is_split=parent_is_split))
    if "pos" in re.split(r"[^a-z]+", order.created_via.lower()):  # “pos”, “woocommerce-pos”
        maker = OrderKind.POS
    else:
        maker = _MAKERS.get(order.created_via, OrderKind.PROGRAM)
    return (maker, part) if part else (maker,)


def fits(wanted: Iterable[str], found: Iterable[str]) -> bool:
    """Whether one of *found* is *wanted*. Capitals make no difference, and a * stands for any text."""
    patterns = [re.compile(re.escape(one).replace(r"\*", ".*"), re.IGNORECASE | re.DOTALL) for one in wanted]
    return any(pattern.fullmatch(text.strip()) for text in found for pattern in patterns)


def _unmet_buyer(rule: Rule, order: Order) -> Reason | None:
    if rule.buyer is BuyerFilter.EVERYONE or order.is_business == (rule.buyer is BuyerFilter.BUSINESS):
        return None
    buyer = BUYER_TERMS[BuyerFilter.BUSINESS if order.is_business else BuyerFilter.CONSUMER]
    return "condition_buyer", Message(
        "The rule is for a {wanted}; the buyer is a {buyer}.", wanted=BUYER_TERMS[rule.buyer], buyer=buyer
    )


def _unmet_method(rule: Rule, order: Order) -> Reason | None:
    if not rule.payment_methods or order.payment_method in rule.payment_methods:
        return None
    return "condition_payment_method", Message(
        "The rule is not for the payment method “{method}”.", method=order.payment_method or Message("none")
    )


def _unmet_country(rule: Rule, order: Order) -> Reason | None:
    country = order.billing.address.country
    if not rule.countries or country in rule.countries:
        return None
    return "condition_country", Message(
        "The rule is not for customers in {country}.", country=country or Message("no country")
    )


def _unmet_minimum(rule: Rule, order: Order) -> Reason | None:
    if rule.minimum_total is None or order.total >= rule.minimum_total:
        return None
    return "condition_minimum_total", Message(
        "The order's {total} is less than the rule's {minimum_total}.",
        total=Money(order.total, order.currency),
        minimum_total=Money(rule.minimum_total, order.currency),
    )


def _unmet_kind(rule: Rule, dossier: Dossier) -> Reason | None:
    kinds = kinds_of(dossier.order, parent_is_split=dossier.history.parent_is_split)
    if not rule.order_kinds or not set(kinds).isdisjoint(rule.order_kinds):
        return None
    return "condition_order_kind", Message(
        "The rule is for other kinds of order ({wanted}); this one is: {kinds}.",
        wanted=tuple(ORDER_KIND_TERMS[kind] for kind in rule.order_kinds),
        kinds=tuple(ORDER_KIND_TERMS[kind] for kind in kinds),
    )


def _unmet_category(rule: Rule, order: Order) -> Reason | None:
    if not rule.categories:
        return None
    products = [line for line in order.lines if line.kind is LineKind.PRODUCT]
    found = tuple(dict.fromkeys(name for line in products for name in line.categories or ()))
    if fits(rule.categories, found):
        return None
    if any(line.product_id and line.categories is None for line in products):
        return CATEGORY_UNKNOWN, Message(
            "The shop has not said yet in which categories the products of this order are, and the rule asks for that."
        )
    return _unmet("condition_category", Message("category"), rule.categories, found)


def _unmet_tax_class(rule: Rule, order: Order) -> Reason | None:
    if not rule.tax_classes:
        return None
    lines = [line for line in order.lines if line.kind is LineKind.PRODUCT]
    found = tuple(dict.fromkeys(line.tax_class or STANDARD_CLASS for line in lines))
    wanted = [re.sub(r"\s+", "-", one) for one in rule.tax_classes]  # “Reduced rate” is reduced-rate on an order
    return None if fits(wanted, found) else _unmet("condition_tax_class", Message("tax class"), rule.tax_classes, found)


def _unmet_shipping(rule: Rule, order: Order) -> Reason | None:
    """By the method's id (“flat_rate”), that with its number (“flat_rate:3”), or the name that customers read."""
    if not rule.shipping_methods:
        return None
    lines = [line for line in order.lines if line.kind is LineKind.SHIPPING]
    names = [name for line in lines for name in (line.method, line.method.partition(":")[0], line.name) if name]
    if fits(rule.shipping_methods, names):
        return None
    shown = tuple(f"{line.name} ({line.method})" if line.method else line.name for line in lines)
    return _unmet("condition_shipping", Message("shipping method"), rule.shipping_methods, shown)


def _unmet_coupon(rule: Rule, order: Order) -> Reason | None:
    if not rule.coupons or fits(rule.coupons, order.coupons):
        return None
    return _unmet("condition_coupon", Message("coupon"), rule.coupons, order.coupons)


def _unmet(code: str, what: Message, wanted: tuple[str, ...], found: tuple[str, ...]) -> Reason:
    message = Message(
        "The rule is for the {what} {wanted}; the order has {found}.",
        what=what,
        wanted="“" + "”, “".join(wanted) + "”",
        found="“" + "”, “".join(found) + "”" if found else Message("none"),
    )
    return code, message
