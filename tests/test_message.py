"""Messages: what is stored is a key with values; English is made of them once, and JSON gives back what it was given."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from worker.domain.document import of_document
from worker.errors import InvalidValue, Rejected
from worker.message import (
    NO_MESSAGE,
    Given,
    Message,
    Money,
    Percent,
    Value,
    dump_message,
    load_message,
    plain_message,
    read_message,
)


def test_placeholders_are_filled_once() -> None:
    message = Message("{buyer} wrote “{text}” to {shop}.", buyer="{shop}", text="{0} {text} {{}}", shop="Gist")
    assert str(message) == "{shop} wrote “{0} {text} {{}}” to Gist."


def test_a_placeholder_without_a_value_stays() -> None:
    assert str(Message("Use {year} and {number:05d}, like {example}.", example="F{year}")) == (
        "Use {year} and {number:05d}, like F{year}."
    )


@pytest.mark.parametrize(
    ("value", "english"),
    [
        ("Zoë", "Zoë"),
        (3, "3"),
        (Decimal("2.50"), "2.50"),
        (Money(Decimal("12.40"), "EUR"), "12.40 EUR"),
        (Percent(Decimal(21)), "21 %"),
        (date(2026, 11, 22), "22-11-2026"),
        (datetime(2026, 11, 22, 10, 39, 4, tzinfo=UTC), "22-11-2026 10:39"),
        (Message("invoice"), "invoice"),
        (Message("The {kind} is due.", kind=Message("credit note")), "The credit note is due."),
        ((Message("The PDF failed."), Message("The mail waits.")), "The PDF failed. The mail waits."),
        ((Message("21 % of 10.00 EUR"), Message("6 % of 2.00 EUR")), "21 % of 10.00 EUR; 6 % of 2.00 EUR"),
        ((Message("The mail waits."),), "The mail waits."),
        ((), ""),
    ],
)
def test_every_value_is_said_in_english_and_comes_back_from_json(value: Value, english: str) -> None:
    message = Message("{value}", value=value)
    assert str(message) == english
    assert read_message(json.loads(json.dumps(plain_message(message)))) == message
    assert load_message(dump_message(message)) == message


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, ""),
        (Path("/srv/data"), "/srv/data"),
        (ValueError("it is cut"), "it is cut"),
        (InvalidValue("“{text}” is not a day", text="x"), Message("“{text}” is not a day", text="x")),
        (Rejected("Order {number} is gone.", number=7, code="gone"), Message("Order {number} is gone.", number=7)),
    ],
)
def test_what_is_given_becomes_a_value(given: Given, value: Value) -> None:
    assert Message("{given}", given=given).values == {"given": value}


def test_an_error_among_the_values_is_stored_as_its_message() -> None:
    stored = dump_message(Message("It failed: {reason}", reason=Rejected("The key {key_id} is wrong.", key_id=3)))
    assert json.loads(stored) == {
        "key": "It failed: {reason}",
        "values": {"reason": {"key": "The key {key_id} is wrong.", "values": {"key_id": 3}}},
    }


def test_an_error_says_its_message() -> None:
    error = Rejected("Order {number} is gone.", number=7, code="order_gone")
    assert (str(error), error.code) == ("Order 7 is gone.", "order_gone")
    assert Rejected(error.message, code="other").message == error.message


def test_nothing_to_say_is_false_and_stored_as_nothing() -> None:
    assert not NO_MESSAGE
    assert Message("Paid.")
    assert (dump_message(NO_MESSAGE), load_message(""), str(NO_MESSAGE)) == ("", NO_MESSAGE, "")


def test_messages_are_equal_by_key_and_values() -> None:
    one = Message("{count} days of {month}", count=3, month="11")
    same = Message("{count} days of {month}", month="11", count=3)
    assert (one, hash(one)) == (same, hash(same))
    assert (
        len({one, same, Message("{count} days of {month}", count=4, month="11"), Message("{count} days", count=3)}) == 3
    )
    assert one != "3 days"


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(ValueError, match="is no value of a message"):
        read_message({"key": "{when}", "values": {"when": {"moment": "2026"}}})


def test_a_document_is_named_before_a_sentence_that_does_not_name_it() -> None:
    named, unnamed = Message("{number} did not arrive.", number="F1"), Message("The server is full.")
    assert [str(of_document("F1", one)) for one in (named, unnamed)] == [
        "F1 did not arrive.",
        "F1: The server is full.",
    ]
