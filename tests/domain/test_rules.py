"""Rules as a person writes them."""

from decimal import Decimal

import pytest

from worker.domain.document import Kind, SendMode
from worker.domain.rules import BuyerFilter, Rule, Trigger

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
        ("delivery_note:processing:send:country=BE", Rule(Kind.DELIVERY_NOTE, Trigger.PROCESSING, countries=("BE",))),
        ("invoice:paid:draft:buyer=business,country=BE|NL,method=bacs|cod,minimum=50.00", WHOLE),
    ],
)
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
        ("invoice:paid:send:country=BE:more", "is not a rule"),
        ("receipt:paid:send", "'receipt' is not a valid Kind"),
        ("invoice:sometime:send", "'sometime' is not a valid Trigger"),
        ("invoice:paid:later", "'later' is not a valid SendMode"),
        ("credit_note:paid:send", "Credit notes follow refunds"),
        ("invoice:paid:send:country=Belgium", "“country=Belgium” is not a condition"),
        ("invoice:paid:send:buyer=me", "“buyer=me” is not a condition"),
        ("invoice:paid:send:minimum=-5", "“minimum=-5” is not a condition"),
        ("invoice:paid:send:weight=5", "“weight=5” is not a condition"),
        ("invoice:paid:send:method=", "“method=” is not a condition"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Rule.parse(text)
