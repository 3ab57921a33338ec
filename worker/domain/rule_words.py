"""A rule in words, for pages and the activity: when it makes what, and for which orders."""

from worker.domain.document import KIND_TERMS, SendMode
from worker.domain.order_status import status_term
from worker.domain.rule_conditions import ORDER_KIND_TERMS
from worker.domain.rules import BuyerFilter, Rule, Trigger
from worker.message import NO_MESSAGE, Message

TRIGGER_TERMS = {
    Trigger.CREATED: Message("placed"),
    Trigger.PAID: Message("paid"),
    Trigger.PROCESSING: Message("in processing"),
    Trigger.COMPLETED: Message("completed"),
}
MODE_TERMS = {SendMode.SEND: Message("sent"), SendMode.DRAFT: Message("saved as a draft")}
_BUYERS = {
    BuyerFilter.EVERYONE: NO_MESSAGE,
    BuyerFilter.BUSINESS: Message("for businesses"),
    BuyerFilter.CONSUMER: Message("for consumers"),
}


def rule_in_words(rule: Rule) -> Message:
    """As *invoice when paid, sent*, with its conditions behind it in parentheses."""
    whole = Message(
        "{kind} when {moment}, {mode}",
        kind=KIND_TERMS[rule.kind],
        moment=moment_in_words(rule),
        mode=MODE_TERMS[rule.send_mode],
    )
    conditions = conditions_in_words(rule)
    return Message("{rule} ({conditions})", rule=whole, conditions=conditions) if conditions else whole


def moment_in_words(rule: Rule) -> Message:
    if rule.trigger is Trigger.STATUS:
        return Message("in the status “{status}”", status=status_term(rule.status))
    return TRIGGER_TERMS[rule.trigger]


def conditions_in_words(rule: Rule) -> tuple[Message, ...]:
    """Which orders *rule* is for, as far as it says."""
    kinds = tuple(ORDER_KIND_TERMS[kind] for kind in rule.order_kinds)
    found = (
        _BUYERS[rule.buyer],
        _named(Message("country {names}", names=_either(rule.countries)), rule.countries),
        _named(Message("payment method {names}", names=_either(rule.payment_methods)), rule.payment_methods),
        NO_MESSAGE if rule.minimum_total is None else Message("from {amount}", amount=rule.minimum_total),
        _named(Message("order: {kinds}", kinds=kinds), kinds),
        _named(Message("category {names}", names=_either(rule.categories)), rule.categories),
        _named(Message("tax class {names}", names=_either(rule.tax_classes)), rule.tax_classes),
        _named(Message("shipping {names}", names=_either(rule.shipping_methods)), rule.shipping_methods),
        _named(Message("coupon {names}", names=_either(rule.coupons)), rule.coupons),
    )
    return tuple(filter(None, found))


def _either(names: tuple[str, ...]) -> str:
    return " / ".join(names)


def _named(condition: Message, names: tuple[object, ...]) -> Message:
    return condition if names else NO_MESSAGE
