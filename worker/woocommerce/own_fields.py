"""The fields that a shop's owner named: what an order holds in them, and which fields its orders have to choose from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from worker.domain.delivery import DeliveryWish
from worker.domain.order import Contact, UnreadNumber
from worker.domain.own_field import Holds
from worker.errors import Rejected
from worker.message import Message
from worker.woocommerce.buyer_fields import (
    Field,
    fields_of,
    peppol_address_of,
    purchase_order_of,
    vat_number_in,
    vat_number_of,
)
from worker.woocommerce.delivery_meta import DAY_KEYS, HOURS_KEYS, POINT_KEYS, read_day
from worker.woocommerce.json_reader import read_list

_DAY_FIRST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](20\d\d)\b.*", re.DOTALL)
_LONGEST = 200
_BUSINESS = Contact(company="-")
# What browsers and programs write beside an order: no customer typed it.
_NOT_TYPED = (
    "_wc_order_attribution_",
    "_edit_",
    "_wp_",
    "_stripe_",
    "_paypal_",
    "_mollie_",
    "_transaction_",
    "_date_",
    "_cart_",
)


@dataclass(frozen=True)
class SeenField:
    """A field of the shop's orders: an *example* of what stands in it, in how many *orders*, and what it is taken for by itself."""

    field: str
    example: str
    orders: int
    usual: Holds | None


def own_values(fields: tuple[Field, ...], own_fields: Mapping[str, Holds]) -> dict[Holds, str]:
    """What *fields* hold of what the owner named, each on one line; the first that is not empty."""
    found: dict[Holds, str] = {}
    for key, holds in own_fields.items():
        text = next((" ".join(one.text.split()) for one in fields if one.key.casefold() == key.casefold()), "")
        is_told = (
            any(sign.isdigit() for sign in text) if holds is Holds.VAT_NUMBER else bool(text)
        )  # “nvt” is no number
        if is_told and holds not in found:
            found[holds] = text[:_LONGEST]
    return found


def holds_nothing(key: str, own_fields: Mapping[str, Holds]) -> bool:
    """Whether the owner said of the field *key* that it holds none of what is looked for."""
    return any(holds is Holds.NOTHING and named.casefold() == key.casefold() for named, holds in own_fields.items())


def unread_numbers_of(
    fields: tuple[Field, ...], buyer: Contact, own_fields: Mapping[str, Holds]
) -> tuple[UnreadNumber, ...]:
    """The VAT numbers in *fields* that nobody named, and that are taken for nothing by themselves."""
    named = {key.casefold() for key in own_fields}
    found = ((field, vat_number_in(field, buyer)) for field in fields if field.key.casefold() not in named)
    return tuple(
        UnreadNumber(field.key, number)
        for field, number in found
        if number and is_typed(field) and not usual_meaning(field)
    )


def with_own_values(wish: DeliveryWish, own: Mapping[Holds, str]) -> DeliveryWish:
    """*wish* with what stands in the shop's own fields."""
    return replace(
        wish,
        day=read_own_day(own.get(Holds.DELIVERY_DAY, "")) or wish.day,
        hours=own.get(Holds.DELIVERY_HOURS) or wish.hours,
        pick_up_point=own.get(Holds.PICK_UP_POINT) or wish.pick_up_point,
    )


def read_own_day(text: str) -> date | None:
    """A day as plugins write it, or with the day first, as people here do: “3/12/2026”."""
    found = _DAY_FIRST.fullmatch(text)
    if not found:
        return read_day(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None


def parse_seen_fields(bodies: Iterator[bytes]) -> tuple[SeenField, ...]:
    """The fields of orders, from lists of them, the likeliest first."""
    seen: dict[str, SeenField] = {}
    for body in bodies:
        for fields in _fields_of_orders(body):
            for field in {one.key: one for one in reversed(fields) if is_typed(one)}.values():
                before = seen.get(field.key)
                usual = usual_meaning(field)
                seen[field.key] = SeenField(
                    field.key,
                    before.example if before else " ".join(field.text.split()),
                    (before.orders if before else 0) + 1,
                    (before.usual if before else None) or usual,
                )
    return tuple(sorted(seen.values(), key=lambda one: (one.usual is None, -one.orders, one.field)))


def is_typed(field: Field) -> bool:
    """Whether a customer may have typed it: program's notes, yes and no, and long texts are left out."""
    is_short = 1 < len(field.text) <= _LONGEST and field.text.lower() not in ("yes", "no", "true", "false")
    return is_short and not field.key.startswith(_NOT_TYPED) and len(field.key) <= _LONGEST


def usual_meaning(field: Field) -> Holds | None:
    """What *field* is taken for where the owner says nothing."""
    if purchase_order_of((field,)):
        return Holds.PURCHASE_ORDER
    if peppol_address_of((field,)):
        return Holds.PEPPOL_ADDRESS
    if vat_number_of((field,), _BUSINESS):
        return Holds.VAT_NUMBER
    key = field.key.partition(".")[0]
    if key in POINT_KEYS and key not in DAY_KEYS:
        return Holds.PICK_UP_POINT
    if key in DAY_KEYS:
        return Holds.DELIVERY_DAY if read_day(field.text) else None
    return Holds.DELIVERY_HOURS if key in HOURS_KEYS else None


def _fields_of_orders(body: bytes) -> Iterator[tuple[Field, ...]]:
    for node in read_list(body, Message("The shop's list of orders")):
        try:
            yield fields_of(node.nodes("meta_data"))
        except Rejected:
            continue
