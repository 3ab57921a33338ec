"""JSON as PHP writes it, read strictly: nothing is guessed; what is missing or odd is `Rejected` by field and order."""

import json
from collections import Counter
from decimal import Decimal

from worker.errors import Rejected
from worker.message import Message
from worker.woocommerce.node import REMEDY, Node, describe_value
from worker.woocommerce.shop_text import clean, plain


def shop_error_message(body: bytes) -> str:
    """What WooCommerce says of the error, in the shop's language, shortened; empty when it says nothing."""
    try:
        message = read_any_object(body).get("message")
    except Rejected:
        return ""
    return plain(message)[:200] if isinstance(message, str) else ""


def is_json(body: bytes) -> bool:
    try:
        read_json(body)
    except Rejected:
        return False
    return True


def read_object(body: bytes) -> dict[str, object]:
    """The JSON object in *body*; an error that the shop sent in its place is Rejected under its own code."""
    root = read_any_object(body)
    code = root.get("code")
    if isinstance(code, str) and code and "status" not in root:
        message = shop_error_message(body)
        raise Rejected(
            "The shop sent an error instead of an order: {reason}.",
            reason=(message or code).rstrip("."),
            code=f"shop_error:{code}",
        )
    return root


def read_list(body: bytes, label: Message) -> tuple[Node, ...]:
    parsed = read_json(body)
    if isinstance(parsed, dict) and isinstance(parsed.get("code"), str):
        read_object(body)
    return Node({"answer": parsed}, where="", label=label).nodes("answer", needed=True)


def read_any_object(body: bytes) -> dict[str, object]:
    parsed = read_json(body)
    if not isinstance(parsed, dict):
        raise Rejected(
            "The shop sent {found} where an order was expected.", found=describe_value(parsed), code="not_an_order"
        )
    return parsed


def read_json(body: bytes) -> object:
    """Parse JSON as PHP writes it. Numbers stay exact; NaN comes through, to be refused where it stands."""
    try:
        parsed: object = json.loads(body, parse_float=_exact, parse_constant=Decimal, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        too_deep = isinstance(error, RecursionError)
        reason = (
            Message("it is nested too deeply") if too_deep else Message("it is cut off, or no answer of WooCommerce")
        )
        raise Rejected(
            "What the shop sent (bytes: {count}) cannot be read as an order: {reason}.",
            count=len(body),
            reason=reason,
            code="not_an_order",
        ) from error
    return parsed


def _exact(digits: str) -> Decimal:
    """Decimal gives up on exponents beyond its own with an ArithmeticError; such a number is merely out of bounds."""
    try:
        return Decimal(digits)
    except ArithmeticError:
        return Decimal("Infinity")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """WooCommerce never writes a field twice, and two readers that pick different ones would see different orders."""
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Rejected(
            "What the shop sent says “{field}” twice. {remedy}",
            field=clean(twice)[:40],
            remedy=REMEDY,
            code="bad_field",
        )
    return values
