"""One JSON object of the shop, read field by field: what is missing or odd is `Rejected` by field and order."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeGuard

from worker.domain.money import CURRENCIES, exponent_of
from worker.errors import Rejected
from worker.message import Message, quoted
from worker.woocommerce.shop_text import clean, plain

BIGGEST_ID = 2**63 - 1
BIGGEST_EXPONENT = 15  # an amount of 10^15 and more is no amount of a shop
SMALLEST_EXPONENT = -20
_AMOUNT = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)?", re.ASCII)


class Node:
    """One JSON object with the way that leads to it: every refusal can say which field of which order it was."""

    def __init__(self, values: dict[str, object], *, where: str, label: Message, remedy: Message | None = None) -> None:
        self.values = values
        self.where = where
        self.label = label
        self.remedy = remedy or REMEDY

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
                "“{field}” is {found}, not {wanted}", field=path, found=describe_value(self.values[name]), wanted=wanted
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
                found=describe_value(element),
                wanted=Message("an object"),
            )
            raise Rejected(
                "{label}: {found}. {remedy}", label=self.label, found=found, remedy=self.remedy, code="bad_field"
            )
        return Node(element, where=where, label=self.label, remedy=self.remedy)

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


REMEDY = Message(
    "Correct the order in WooCommerce and save it again; if the field looks right there, a plugin changes what the "
    "shop sends."
)


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
    if amount.adjusted() >= BIGGEST_EXPONENT or exponent_of(amount) < SMALLEST_EXPONENT:
        return None
    return amount or amount.copy_abs()  # PHP writes -0.00; a document does not


def is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= BIGGEST_ID


def describe_value(value: object) -> str | Message:
    """A wrong value for a message: short, and personal data only where it is in a field that is not for it."""
    match value:
        case None:
            return Message("empty")
        case str():
            return quoted((clean(value)[:40],)) if value else Message("empty")
        case bool():
            return str(value).lower()
        case int() if abs(value) > BIGGEST_ID:
            return Message("a number out of bounds")
        case list():
            return Message("a list")
        case dict():
            return Message("an object")
    return quoted((str(value)[:40],))
