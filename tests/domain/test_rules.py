"""Rules as a person writes them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.document import Kind, SendMode
from worker.domain.rules import BuyerFilter, OrderKind, Rule, Trigger

WHOLE = Rule(
    Kind.INVOICE,
    Trigger.PAID,
    SendMode.DRAFT,
    buyer=BuyerFilter.BUSINESS,
    payment_methods=("bacs", "cod"),
    countries=("BE", "NL"),
    minimum_total=Decimal("50.00"),
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("invoice:paid:send", Rule(Kind.INVOICE, Trigger.PAID)),
        ("order_confirmation:created:draft", Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED, SendMode.DRAFT)),
        ("invoice:status=await-ship:send", Rule(Kind.INVOICE, Trigger.STATUS, status="await-ship")),
        ("delivery_note:processing:send:country=BE", Rule(Kind.DELIVERY_NOTE, Trigger.PROCESSING, countries=("BE",))),
        ("invoice:paid:draft:buyer=business,country=BE|NL,method=bacs|cod,minimum=50.00", WHOLE),
        ("invoice:paid:send:order=suborder|balance",
            Rule(Kind.INVOICE, Trigger.PAID, order_kinds=(OrderKind.SUBORDER, OrderKind.BALANCE))),
        ('invoice:paid:send:category=Wijn|"Brood, taart",shipping=flat_rate:3|Bpost thuis',
            Rule(Kind.INVOICE, Trigger.PAID, categories=("Wijn", "Brood, taart"),
                shipping_methods=("flat_rate:3", "Bpost thuis"))),
        ('invoice:paid:send:category="3"" buizen",tax_class=standard|reduced-rate,coupon=ZOMER*|"a|b"',
            Rule(Kind.INVOICE, Trigger.PAID, categories=('3" buizen',), tax_classes=("standard", "reduced-rate"),
                coupons=("ZOMER*", "a|b"))),
    ],
)  # fmt: skip
def test_a_rule_is_read_and_written_the_same(text: str, rule: Rule) -> None:
    assert Rule.parse(text) == rule
    assert str(rule) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a rule"),
        ("invoice", "is not a rule"),
        ("invoice:paid", "is not a rule"),
        ("invoice:paid:", "is not a rule"),
        ("invoice:paid:send:country=BE:more", "“country=BE:more” is not a condition"),
        ("invoice:paid:send:order=big", "“order=big” is not a condition"),
        ("invoice:paid:send:category=", "“category=” is not a condition"),
        ('invoice:paid:send:category="open', "is not a condition"),
        ('invoice:paid:send:category=a"b', "is not a condition"),
        ('invoice:paid:send:category=""', "is not a condition"),
        ("receipt:paid:send", "is not a rule. Use .order_confirmation"),
        ("invoice:sometime:send", "is not a rule. Use"),
        ("invoice:paid=await-ship:send", "is not a rule. Use"),
        ("invoice:status:send", "“status” names no order status"),
        ("invoice:status=:send", "names no order status"),
        ("invoice:status=Await ship:send", "names no order status"),
        ("payment_request:status=await-ship:send", "A payment request asks for the money of an order that was placed"),
        ("invoice:paid:later", "is not a rule. Use"),
        ("credit_note:paid:send", "Credit notes follow refunds"),
        ("invoice:paid:send:country=Belgium", "“country=Belgium” is not a condition"),
        ("invoice:paid:send:buyer=me", "“buyer=me” is not a condition"),
        ("invoice:paid:send:minimum=-5", "“minimum=-5” is not a condition"),
        ("invoice:paid:send:weight=5", "“weight=5” is not a condition"),
        ("invoice:paid:send:method=", "“method=” is not a condition"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        Rule.parse(text)
    assert "a valid" not in str(refused.value)  # as Python says of its own names


names = (
    st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
lists = st.lists(names, max_size=3).map(tuple)


@given(categories=lists, tax_classes=lists, shipping_methods=lists, coupons=lists)
def test_whatever_a_shop_calls_its_things_a_rule_keeps_their_names(**named: tuple[str, ...]) -> None:
    rule = Rule(Kind.INVOICE, Trigger.PAID, order_kinds=(OrderKind.POS,), **named)  # type: ignore[arg-type]  # fields by name
    assert Rule.parse(str(rule)) == rule
