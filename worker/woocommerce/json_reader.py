"""JSON as PHP writes it, read strictly: nothing is guessed; what is missing or odd is `Rejected` by field and order."""

import html
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeGuard

from worker.domain.money import CURRENCIES
from worker.errors import Rejected
from worker.message import Message

LONGEST_NAME = 2000
BIGGEST_ID = 2**63 - 1
BIGGEST_EXPONENT = 15  # an amount of 10^15 and more is no amount of a shop
SMALLEST_EXPONENT = -20
_AMOUNT = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)?", re.ASCII)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# Only what HTML knows: "Kabel <3 m>" and "Adapter <USB-C>" are names, not markup. Of these, some break a line and so a word.
_BREAK = re.compile(
    r"</?(?:br|center|div|h[1-6]|hr|li|ol|p|pre|table|tbody|td|th|tr|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|bdi|code|del|em|font|i|img|ins|kbd|label|mark|q|s|script|small|span|strike|strong|style|sub|sup"
    r"|svg|tt|u|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# Neither a database nor an XML file may hold these, and a checkout form lets them in.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


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


class Node:
    """One JSON object with the way that leads to it: every refusal can say which field of which order it was."""

    def __init__(self, values: dict[str, object], *, where: str, label: Message, remedy: Message | None = None) -> None:
        self.values = values
        self.where = where
        self.label = label
        self.remedy = remedy or _REMEDY

    def text(self, name: str, *, needed: bool = False) -> str:
        """A string without what no document may hold; null and absent are empty. Numbers are taken as written."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= BIGGEST_ID:
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, Message("a text"))
        if needed and not value:
            raise self.wrong(name, Message("a text"))
        return clean(value or "")

    def plain(self, name: str) -> str:
        return plain(self.text(name))

    def scalar(self, name: str) -> str:
        """Meta values may be anything; what is not a string or a number is none of our business."""
        return scalar_of(self.values.get(name))

    def amount(self, name: str) -> Decimal:
        amount = self.amount_or_none(name)
        if amount is None:
            raise self.wrong(name, Message("an amount"))
        return amount

    def amount_or_none(self, name: str) -> Decimal | None:
        """None when absent, null or "": WooCommerce's way to say that there is none."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        amount = amount_of(value)
        if amount is None:
            raise self.wrong(name, Message("an amount"))
        return amount

    def whole(self, name: str) -> int:
        value = self.values.get(name)
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if number == 0 and type(number) is int:
            return 0
        if not is_id(number):
            raise self.wrong(name, Message("a whole number"))
        return number

    def rate_id(self, name: str) -> int | str:
        """The id of a tax rate: a number, or a text where a tax service keeps the rates (“US-CA-TAX-1”)."""
        value = self.values.get(name)
        return clean(value) if isinstance(value, str) and value and not _DIGITS.fullmatch(value) else self.whole(name)

    def id(self, name: str) -> int:
        value = self.whole(name)
        if value == 0:
            raise self.wrong(name, Message("an id"))
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, Message("true or false"))
        return value

    def currency(self, name: str) -> str:
        value = self.text(name)
        if value not in CURRENCIES:
            raise self.wrong(name, Message("a currency that is paid with and has three decimals at most, like EUR"))
        return value

    def instant(self, name: str) -> datetime:
        instant = self.instant_or_none(name)
        if instant is None:
            raise self.wrong(name, Message("a moment"))
        return instant

    def instant_or_none(self, name: str) -> datetime | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise self.wrong(name, Message("a moment like 2026-11-22T10:39:04"))
        try:
            return datetime.fromisoformat(value[:19]).replace(tzinfo=UTC)
        except ValueError as error:
            raise self.wrong(name, Message("a moment like 2026-11-22T10:39:04")) from error

    def node(self, name: str) -> "Node":
        value = self.values.get(name)
        if value == []:  # PHP's empty array does not know that it is an object
            value = {}
        if not isinstance(value, dict):
            raise self.wrong(name, Message("an object"))
        return Node(value, where=self._path(name), label=self.label, remedy=self.remedy)

    def nodes(self, name: str, *, needed: bool = False) -> tuple["Node", ...]:
        value = self.values.get(name)
        if value is None and not needed:
            return ()
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            # A plugin that removes one element of a PHP array makes json_encode write {"0": …, "2": …}.
            value = list(value.values())
        if not isinstance(value, list):
            raise self.wrong(name, Message("a list"))
        return tuple(self._element(name, index, element) for index, element in enumerate(value))

    def wrong(self, name: str, wanted: Message) -> Rejected:
        path = self._path(name)
        if name not in self.values:
            found = Message("“{field}” is missing", field=path)
        else:
            found = Message(
                "“{field}” is {found}, not {wanted}",
                field=path,
                found=_describe_value(self.values[name]),
                wanted=wanted,
            )
        return Rejected(
            "{label}: {found}. {remedy}", label=self.label, found=found, remedy=self.remedy, code="bad_field"
        )

    def _element(self, name: str, index: int, element: object) -> "Node":
        where = f"{self._path(name)}[{index}]"
        if not isinstance(element, dict):
            found = Message(
                "“{field}” is {found}, not {wanted}",
                field=where,
                found=_describe_value(element),
                wanted=Message("an object"),
            )
            raise Rejected(
                "{label}: {found}. {remedy}",
                label=self.label,
                found=found,
                remedy=self.remedy,
                code="bad_field",
            )
        return Node(element, where=where, label=self.label, remedy=self.remedy)

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


_REMEDY = Message(
    "Correct the order in WooCommerce and save it again; if the field looks right there, a plugin changes what the shop "
    "sends"
)


def plain(text: str) -> str:
    """A name as a person reads it: no markup, entities read once, one space between words.

    Product names are the shop's own HTML: the shop page shows “Bold & x” for “<b>Bold</b> &amp; x”, and so must the
    document. Tags go before entities, so that a name about HTML (“&lt;b&gt;”) keeps its text.
    """
    without_tags = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", text[:LONGEST_NAME])))
    return " ".join(clean(unescape(without_tags)).split())


def unescape(text: str) -> str:
    """Read entities once, and only complete ones: “R&D” and “&copy” without its semicolon are what somebody typed."""
    return clean(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text))


def clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def scalar_of(value: object) -> str:
    """A string or a number as text; empty for everything else."""
    if isinstance(value, str):
        return clean(value)
    number = amount_of(value)
    return "" if number is None else str(number)


def amount_of(value: object) -> Decimal | None:
    """A number within what a shop can mean; None for everything else."""
    match value:
        case bool():
            return None
        case str() if _AMOUNT.fullmatch(value):
            amount = Decimal(value)
        case int() if abs(value) <= BIGGEST_ID:
            amount = Decimal(value)
        case Decimal() if value.is_finite():
            amount = value
        case _:
            return None
    if amount.adjusted() >= BIGGEST_EXPONENT or _exponent(amount) < SMALLEST_EXPONENT:
        return None
    return amount or amount.copy_abs()  # PHP writes -0.00; a document does not


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= BIGGEST_ID


def _describe_value(value: object) -> str | Message:
    """A wrong value for a message: short, and personal data only where it is in a field that is not for it."""
    match value:
        case None:
            return Message("empty")
        case str():
            return f"“{clean(value)[:40]}”" if value else Message("empty")
        case bool():
            return str(value).lower()
        case int() if abs(value) > BIGGEST_ID:
            return Message("a number out of bounds")
        case list():
            return Message("a list")
        case dict():
            return Message("an object")
    return f"“{str(value)[:40]}”"


def read_object(body: bytes) -> dict[str, object]:
    """The JSON object in *body*; an error that the shop sent in its place is Rejected under its own code."""
    root = read_any_object(body)
    code = root.get("code")
    if isinstance(code, str) and code and "status" not in root:
        message = shop_error_message(body)
        raise Rejected(
            "The shop sent an error instead of an order: {reason}",
            reason=message or code,
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
            "The shop sent {found} where an order was expected",
            found=_describe_value(parsed),
            code="not_an_order",
        )
    return parsed


def read_json(body: bytes) -> object:
    """Parse JSON as PHP writes it. Numbers stay exact; NaN comes through, to be refused where it stands."""
    try:
        parsed: object = json.loads(body, parse_float=_exact, parse_constant=Decimal, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        too_deep = isinstance(error, RecursionError)
        reason = Message("it is nested too deeply") if too_deep else Message("it is cut or not JSON")
        raise Rejected(
            "The shop's {count} bytes cannot be read as an order: {reason}",
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
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Rejected(
            "What the shop sent says “{field}” twice. {remedy}",
            field=clean(twice)[:40],
            remedy=_REMEDY,
            code="bad_field",
        )
    return values
